# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The blocks of code in a Markdown page, and the comparison of a shown output with a printed one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt


@dataclass
class Block:
    """A block of code, and the text right before it."""

    language: str
    code: str
    before: str


def blocks(text: str) -> Iterator[Block]:
    before = ""
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        if token.type == "inline":
            before = token.content
        elif token.type == "fence":
            yield Block(token.info, token.content, before)
            before = ""


def file_name(block: Block) -> str:
    """The file that a block shows, or None."""
    found = re.search(r"`([\w.-]+\.ya?ml)`[^`]*:$", block.before)
    return found[1] if found else ""


def pattern(shown: str) -> re.Pattern[str]:
    """What a printed text has to contain, with single spaces, so that it agrees with the shown one."""
    text = re.escape(" ".join(shown.split()))
    text = re.sub(r"\d+(\\\.\d+)?(?=(\\ |-)?(s|min|h)\b)|\d+(:\d\d)+", r"[\\d.:]+", text)
    text = re.sub(r"(\\\*){4,}", r"\\*+", text)
    return re.compile(re.sub(r"(\\ )?\\\.\\\.\\\.(\\ )?", ".*?", text), re.DOTALL)
