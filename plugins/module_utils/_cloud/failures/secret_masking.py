# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Masks secrets in the text of a service, however they are encoded there."""

from __future__ import annotations

import base64
import html
import re
from typing import Iterator, List, Set, Tuple

from .secret_forms import MASK, MIN_SECRET, forms

# This many characters at the beginning of a secret are masked even if the rest does not follow: a service may truncate it.
MIN_PART = 12
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_STANDARD = str.maketrans("-_", "+/")

MAX_DECODINGS = 6  # how often a text is decoded
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


class _Decoded:
    """A text with all its encodings removed, and the origin of each of its characters.

    Decoding until nothing is left to decode gives the same result for a secret and for any encoding of it, even a mixed one or
    one that leaves some characters unchanged.

    :ivar stages: the text after each step, with the starts and ends of its characters. A secret that looks like an encoded text
        occurs only in one of these.
    """

    def __init__(self, text: str) -> None:
        self.starts: List[int] = list(range(len(text)))
        self.ends: List[int] = list(range(1, len(text) + 1))
        self.stages: List[Tuple[str, List[int], List[int]]] = []
        for dummy in range(MAX_DECODINGS):
            self.stages.append((text, self.starts, self.ends))
            undone = self._round(text)
            if undone == text:
                break
            text = undone
        # A remaining backslash belongs to an unknown escape, and a plus is a space in HTML forms.
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


def _plain_text(text: str) -> str:
    return _Decoded(text).text


def _decoded(run: str, depth: int = 2) -> Iterator[str]:
    """The texts that a run of base64 may contain: it can begin at any of four characters, and contain base64 again."""
    standard = run.translate(_STANDARD)
    for first in range(4):
        part = standard[first:]
        part = part[: len(part) // 4 * 4 + (len(part) % 4 if len(part) % 4 > 1 else 0)]
        text = base64.b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "replace")
        plain = _Decoded(text)
        yield plain.text
        yield from (stage[0] for stage in plain.stages)
        for inner in _BASE64.findall(text) if depth else []:
            yield from _decoded(inner, depth - 1)


class _Secret:
    """A secret in all forms that are searched for."""

    def __init__(self, secret: str) -> None:
        self.literal = forms(secret)
        self.secret = secret
        self.plain = _plain_text(secret)
        # Decoding leaves too little of a secret that consists mostly of escapes; its literal forms are still searched for.
        self.beginning = self.plain[:MIN_PART] if len(self.plain) >= MIN_SECRET - 1 else ""
        self.parts = [part for part in (secret[:MIN_PART], self.beginning) if part]
        self.longest = max(len(form) for form in self.literal) * 2

    def spans(self, text: str, plain: _Decoded) -> Iterator[Tuple[int, int]]:
        """Start and end of each form of the secret in *text*."""
        for form in self.literal:
            for start in _find(text, form):
                yield start, start + len(form)
        for stage, starts, ends in plain.stages:
            for start in _find(stage, self.secret):
                yield starts[start], ends[start + len(self.secret) - 1]
        at = plain.text.find(self.beginning) if self.beginning else -1
        while at >= 0:
            # If a service has truncated a secret, the part that is there is masked.
            end = at + _common(self.plain, plain.text[at : at + len(self.plain)])
            yield plain.starts[at], plain.ends[end - 1]
            at = plain.text.find(self.beginning, end if end - at == len(self.plain) else at + 1)


def _common(one: str, other: str) -> int:
    """The length of the common beginning of two texts."""
    if other == one:
        return len(one)
    return next((at for at, pair in enumerate(zip(one, other)) if pair[0] != pair[1]), min(len(one), len(other)))


def _find(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


class SecretMasker:
    """Masks secrets in text, except those with fewer than MIN_SECRET characters."""

    def __init__(self) -> None:
        self._known: Set[str] = set()
        self._secrets: List[_Secret] = []
        self._new: List[str] = []  # learned since the last text

    def learn(self, secret: str) -> bool:
        """Learn a secret; returns False if it was known."""
        if not secret or secret in self._known:
            return False
        self._known.add(secret)
        self._new.append(secret)
        return True

    def __call__(self, text: str, limit: int) -> str:
        """The beginning of *text* with its secrets masked, at least *limit* characters if there are so many.

        Text is masked before it is cut, because a cut first would leave the beginning of a secret.
        """
        self._secrets += [_Secret(secret) for secret in self._new if len(secret) >= MIN_SECRET]
        self._new.clear()
        margin = max((secret.longest for secret in self._secrets), default=0)
        size = limit + margin
        while True:
            # A secret may begin in the last part of the piece and continue after it.
            whole = size >= len(text)
            shown = self._mask(text[:size], len(text) if whole else size - margin)
            if whole or len(shown) >= limit:
                return shown
            size *= 4

    def _packed(self, plain: _Decoded) -> Iterator[Tuple[int, int]]:
        """The runs of base64 that contain a secret."""
        for found in _BASE64.finditer(plain.signs):
            texts = list(_decoded(found.group()))
            if any(part in text for secret in self._secrets for part in secret.parts for text in texts):
                yield plain.starts[found.start()], plain.ends[found.end() - 1]

    def _mask(self, text: str, end: int) -> str:
        plain = _Decoded(text)
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
