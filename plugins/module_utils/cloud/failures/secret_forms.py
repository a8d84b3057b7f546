# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms in which a service or a proxy may repeat a secret: raw, or encoded once or twice for JSON, a URL, HTML or base64.

Two uses, two ways. In the text of a service every encoding is undone before it is compared, so it does not matter which
characters an encoder leaves alone. Ansible masks fixed texts only, so it is given the common ones.
"""

from __future__ import annotations

import base64
import html
import json
import re
from typing import Callable, Iterator, List, Set, Tuple
from urllib.parse import quote, quote_plus

# A secret of fewer characters is none: masking it would turn half of the output into stars and damage what is not secret.
MIN_SECRET = 4
# So many characters of a secret's beginning are masked even where the rest does not follow: a service may cut what it repeats.
MIN_PART = 12
MASK = "***"
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_STANDARD = str.maketrans("-_", "+/")

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
    """A secret and its encodings, once and twice, the longest first; nothing for one that is too short to be masked.

    :param times: encodings within each other.
    """
    if len(secret) < MIN_SECRET:
        return []
    found: Set[str] = {secret}
    for dummy in range(times):
        made = {encoder(text) for text in found for encoder in ENCODERS}
        # Base64 is often written without the signs that fill it up.
        found |= made | {text.rstrip("=") for text in made}
    return sorted((text for text in found if len(text) >= MIN_SECRET), key=len, reverse=True)


# -- searching --------------------------------------------------------------------------------------------------------

_ROUNDS = 6  # encodings within each other that are undone
_ESCAPES = re.compile(
    r"(?P<json>(?:\\u[0-9a-fA-F]{4})+)|(?P<sign>\\[\"'\\/bfnrt])|(?P<url>(?:%[0-9a-fA-F]{2})+)"
    r"|(?P<html>&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
)
_SIGNS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _undo(found: "re.Match[str]") -> str:
    text = found.group()
    if found["json"]:
        units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in text.split("\\u")[1:])
        return units.decode("utf-16-be", "replace")
    if found["sign"]:
        return _SIGNS.get(text[1], text[1])
    if found["url"]:
        return bytes.fromhex(text.replace("%", "")).decode("utf-8", "replace")
    return html.unescape(text)


class _Plain:
    """A text with every encoding undone, and where each of its characters comes from.

    Undoing one encoding after the other until none is left gives the same for a secret and for any encoding of it, mixed ones
    and those that leave some characters alone included.

    :ivar stages: the text after each step, with the starts and ends of its characters: a secret that looks like an encoding
        itself is only there on the way.
    """

    def __init__(self, text: str) -> None:
        self.starts: List[int] = list(range(len(text)))
        self.ends: List[int] = list(range(1, len(text) + 1))
        self.stages: List[Tuple[str, List[int], List[int]]] = []
        for dummy in range(_ROUNDS):
            self.stages.append((text, self.starts, self.ends))
            undone = self._round(text)
            if undone == text:
                break
            text = undone
        # A backslash that is left escapes nothing that is known, and a plus is a space in forms.
        kept = [at for at, char in enumerate(text) if char != "\\"]
        self.signs = "".join(text[at] for at in kept)
        self.text = self.signs.replace("+", " ")
        self.starts = [self.starts[at] for at in kept]
        self.ends = [self.ends[at] for at in kept]

    def _round(self, text: str) -> str:
        parts: List[str] = []
        starts: List[int] = []
        ends: List[int] = []
        last = 0
        for found in _ESCAPES.finditer(text):
            undone = _undo(found)
            parts += [text[last : found.start()], undone]
            starts += self.starts[last : found.start()] + [self.starts[found.start()]] * len(undone)
            ends += self.ends[last : found.start()] + [self.ends[found.end() - 1]] * len(undone)
            last = found.end()
        if not parts:
            return text
        self.starts, self.ends = starts + self.starts[last:], ends + self.ends[last:]
        return "".join([*parts, text[last:]])


def _plain(text: str) -> str:
    return _Plain(text).text


def _decoded(run: str, depth: int = 2) -> Iterator[str]:
    """What a run of base64 may stand for: it can begin at any of four characters, and hold base64 again."""
    standard = run.translate(_STANDARD)
    for first in range(4):
        part = standard[first:]
        part = part[: len(part) // 4 * 4 + (len(part) % 4 if len(part) % 4 > 1 else 0)]
        text = base64.b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "replace")
        plain = _Plain(text)
        yield plain.text
        yield from (stage[0] for stage in plain.stages)
        for inner in _BASE64.findall(text) if depth else []:
            yield from _decoded(inner, depth - 1)


class _Secret:
    """What is searched for on account of one secret."""

    def __init__(self, secret: str) -> None:
        self.literal = forms(secret)
        self.secret = secret
        self.plain = _plain(secret)
        # Too little is left of a secret that is hardly more than escapes; its literal forms are searched for all the same.
        self.beginning = self.plain[:MIN_PART] if len(self.plain) >= MIN_SECRET - 1 else ""
        self.parts = [part for part in (secret[:MIN_PART], self.beginning) if part]
        self.longest = max(len(form) for form in self.literal) * 2

    def spans(self, text: str, plain: _Plain) -> Iterator[Tuple[int, int]]:
        """From where to where some form of the secret stands in *text*."""
        for form in self.literal:
            for start in _find(text, form):
                yield start, start + len(form)
        for stage, starts, ends in plain.stages:
            for start in _find(stage, self.secret):
                yield starts[start], ends[start + len(self.secret) - 1]
        at = plain.text.find(self.beginning) if self.beginning else -1
        while at >= 0:
            # Where a service has cut a secret, its beginning is masked as far as it goes.
            end = at + _common(self.plain, plain.text[at : at + len(self.plain)])
            yield plain.starts[at], plain.ends[end - 1]
            at = plain.text.find(self.beginning, end if end - at == len(self.plain) else at + 1)


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    if other == one:
        return len(one)
    return next((at for at, pair in enumerate(zip(one, other)) if pair[0] != pair[1]), min(len(one), len(other)))


def _find(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


class Scrubber:
    """Takes secrets out of text. Those of fewer than MIN_SECRET characters stay: see there."""

    def __init__(self) -> None:
        self._known: Set[str] = set()
        self._secrets: List[_Secret] = []
        self._new: List[str] = []  # learnt since the last text

    def learn(self, secret: str) -> bool:
        """Take note of a secret; False where it was known."""
        if not secret or secret in self._known:
            return False
        self._known.add(secret)
        self._new.append(secret)
        return True

    def __call__(self, text: str, limit: int) -> str:
        """The beginning of *text* without secrets, at least *limit* characters where there are so many.

        Text is masked first and cut afterwards: the other way round leaves the beginning of a secret at the cut.
        """
        self._secrets += [_Secret(secret) for secret in self._new if len(secret) >= MIN_SECRET]
        self._new.clear()
        margin = max((secret.longest for secret in self._secrets), default=0)
        size = limit + margin
        while True:
            # What stands in the last part of the piece may be the beginning of a secret that goes on behind it.
            whole = size >= len(text)
            shown = self._mask(text[:size], len(text) if whole else size - margin)
            if whole or len(shown) >= limit:
                return shown
            size *= 4

    def _packed(self, plain: _Plain) -> Iterator[Tuple[int, int]]:
        """The runs of base64 that hold a secret."""
        for found in _BASE64.finditer(plain.signs):
            texts = list(_decoded(found.group()))
            if any(part in text for secret in self._secrets for part in secret.parts for text in texts):
                yield plain.starts[found.start()], plain.ends[found.end() - 1]

    def _mask(self, text: str, end: int) -> str:
        plain = _Plain(text)
        shown: List[str] = []
        last = 0
        spans = {span for secret in self._secrets for span in secret.spans(text, plain)}
        for start, stop in sorted(spans.union(self._packed(plain))):
            if start >= end:
                break
            if start >= last:
                shown += [text[last:start], MASK]
            last = max(last, stop)
        return "".join([*shown, text[last : max(last, end)]])
