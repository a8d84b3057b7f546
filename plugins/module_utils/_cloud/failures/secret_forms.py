# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The forms in which a service or a proxy may repeat a secret: raw, or encoded once or twice for JSON, a URL, HTML or base64.

Ansible masks fixed texts only, so it gets these forms. In the text of a service, secret_masking.py also decodes what it finds,
so that it does not matter which characters an encoder leaves unchanged.
"""

from __future__ import annotations

import base64
import html
import json
import re
from typing import Callable, List, Set, Tuple
from urllib.parse import quote, quote_plus

# Shorter secrets are not masked: that would turn half of the output into stars and damage text that is not secret.
MIN_SECRET = 4
MASK = "***"

Encoder = Callable[[str], str]


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _json_unicode(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _json_slash(text: str) -> str:
    return _json(text).replace("/", "\\/")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _url(text: str) -> str:
    return quote(_utf8(text), safe="")


def _url_path(text: str) -> str:
    return quote(_utf8(text))


def _form(text: str) -> str:
    return quote_plus(_utf8(text))


def _lower(encoder: Encoder) -> Encoder:
    return lambda text: re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), encoder(text))


def _html(text: str) -> str:
    return html.escape(text)


def _html_apostrophe(text: str) -> str:
    return html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")


def _base64(text: str) -> str:
    return base64.b64encode(_utf8(text)).decode("ascii")


def _base64_url(text: str) -> str:
    return base64.urlsafe_b64encode(_utf8(text)).decode("ascii")


ENCODERS: Tuple[Encoder, ...] = (
    _json, _json_unicode, _json_slash, _url, _url_path, _form, _lower(_url), _lower(_url_path), _lower(_form), _html,
    _html_apostrophe, _base64, _base64_url,
)  # fmt: skip


def forms(secret: str, times: int = 2) -> List[str]:
    """A secret and its encodings, once and twice, the longest first; empty for a secret that is too short to be masked.

    :param times: how often a form may be encoded.
    """
    if len(secret) < MIN_SECRET:
        return []
    found: Set[str] = {secret}
    for dummy in range(times):
        made = {encoder(text) for text in found for encoder in ENCODERS}
        # Base64 is often written without padding.
        found |= made | {text.rstrip("=") for text in made}
    return sorted((text for text in found if len(text) >= MIN_SECRET), key=len, reverse=True)
