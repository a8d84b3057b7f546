# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Text from a service that is safe to print: one line, without control characters and invisible ones."""

from __future__ import annotations

import unicodedata
from typing import Any

# Characters that str.isprintable accepts although they are invisible: fillers, blanks and variation selectors. They make
# different names look alike.
_INVISIBLE = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2065, 0x2065),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0x1D173, 0x1D17A),
        (0xE0000, 0xE0FFF),
    )
    for code in range(first, last + 1)
)
# Unicode categories that a terminal interprets or does not show: control characters (C0, C1, DEL), format characters (direction
# marks, zero-width joiners, byte order marks), lone surrogates, and line and paragraph separators.
_CONTROL = ("Cc", "Cf", "Cs", "Zl", "Zp")


def is_shown(char: str) -> bool:
    """Whether a character is visible on a terminal and has no other effect."""
    return char.isprintable() and char not in _INVISIBLE


def printable(text: Any, limit: int = 200) -> str:
    """*text* on one line of at most *limit* characters, without control characters, direction marks or lone surrogates."""
    try:
        raw = str(text)
    except ValueError:  # an integer with more digits than Python converts to text
        raw = "a very long number"
    clean = "".join(char if is_shown(char) else "\N{REPLACEMENT CHARACTER}" for char in raw[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


def has_control(text: str) -> bool:
    """Whether *text* contains a line break, another control character, a direction mark, an invisible one or a lone surrogate."""
    if text.isascii():
        return not text.isprintable()
    return any(char in _INVISIBLE or unicodedata.category(char) in _CONTROL for char in text)
