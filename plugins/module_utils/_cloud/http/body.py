# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The body of an answer: unpacking within bounds, and strict JSON."""

from __future__ import annotations

import json
import math
import zlib
from typing import Any, Dict, List, Optional, Tuple

# A page of 100 jobs has about 50 KiB, so anything larger is not an answer to one of our requests. The limit applies to the bytes
# on the wire and to the unpacked body, so that neither a flood nor a decompression bomb fills the memory.
MAX_BODY = 4 * 1024 * 1024
MAX_DIGITS = 40
# In Python, a decoded body can take hundreds of times its size: this many values take about a hundred megabytes at most.
MAX_VALUES = 100_000


class TooLarge(Exception):
    """The body is larger than MAX_BODY."""


class Truncated(Exception):
    """The body ended before its announced length."""


class NotJson(Exception):
    """The body is not the JSON that was expected; ``str()`` says in what way."""


def unpack(body: bytes, encoding: str) -> bytes:
    """Unpack gzip or deflate, up to MAX_BODY bytes.

    :raises TooLarge, Truncated, NotJson: the result is too large, the body ends early, or it is packed in another way.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in ("gzip", "x-gzip", "deflate"):
        raise NotJson(f"unknown Content-Encoding {name[:20]!r}")
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = decompressor.decompress(body, MAX_BODY + 1)
    except zlib.error:
        raise NotJson("body is not what its Content-Encoding says") from None
    if len(plain) > MAX_BODY:
        raise TooLarge
    if not decompressor.eof:
        raise Truncated
    if decompressor.unused_data:
        raise NotJson("more follows the end of the packed body")
    return plain


def _float(digits: str) -> Optional[float]:
    value = float(digits)
    return value if math.isfinite(value) else None


def _int(digits: str) -> Optional[int]:
    return int(digits) if len(digits) <= MAX_DIGITS else None


def _object(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    """An object from its members. With two different values under one key it is unclear which one is meant."""
    found = dict(pairs)
    if len(found) < len(pairs) and any(found[key] != value for key, value in pairs):
        raise NotJson("body names a key twice, with different values")
    return found


def parse(body: bytes) -> Any:
    """Decode JSON in UTF-8. Numbers that no API sends (NaN, infinite, extremely long) become None.

    :raises NotJson: the body is something else.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise NotJson("body holds more values than any answer does")
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_float=_float,
            parse_int=_int,
            parse_constant=lambda dummy: None,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError:
        raise NotJson("body is not UTF-8") from None
    except ValueError:
        start = body[:64].lstrip().lower()
        raise NotJson(
            "body is HTML, not JSON" if start.startswith((b"<!doctype", b"<html")) else "body is not JSON"
        ) from None
    except RecursionError:
        raise NotJson("body is nested too deeply") from None
