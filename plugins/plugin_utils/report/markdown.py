# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Pieces of Markdown that show foreign text as text, on GitHub, on GitLab and wherever else CommonMark is read.

Names and messages go into code spans: nothing in one is markup, a link, a mention, a reference or an emoji, and nothing
has to be taken out of them. Escaping by backslash would not do: the sites look for mentions after the escapes are gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

NOTHING = "\N{EN DASH}"
_TICKS = re.compile("`+")
_BEFORE_PIPE = re.compile(r"(\\*)\|")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*|\d{1,6}")
_HEX = re.compile(r"[0-9a-fA-F]{7,}")


def code(text: str) -> str:
    """*text*, which is one line, as a code span; a dash where it is empty."""
    if not text:
        return NOTHING
    longest = max(map(len, _TICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    # One space on each side is taken off again when it is rendered.
    pad = " " if longest or text[0] == " " or text[-1] == " " else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text.strip() else f"{fence}{text}{fence}"


def prose(text: str) -> str:
    """Text of the author: unchanged if it consists of plain words, else as a code span."""
    words = text.split(" ")
    plain = bool(words[0]) and words[0][0].isalpha()
    return text if plain and all(map(_harmless, words)) else code(text)


def _harmless(word: str) -> bool:
    word = word[:-1] if word[-1:] in (",", ";") else word
    return bool(_WORD.fullmatch(word)) and not _HEX.fullmatch(word)


def cell(piece: str) -> str:
    """A piece of Markdown within a table: a pipe would end the cell even in a code span."""
    return _BEFORE_PIPE.sub(lambda found: f"{found[1] * 2}\\|", piece)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table of pieces of Markdown."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines.extend(f"| {' | '.join(map(cell, row))} |" for row in rows)
    return lines


def document(blocks: Iterable[Sequence[str]]) -> str:
    """Blocks of lines with an empty line between them; empty blocks are left out."""
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
