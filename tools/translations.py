# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares the Chinese pages with the English pages that they translate.

python tools/translations.py            print what differs; exits with 1 if anything does
python tools/translations.py --write    record that the translations were brought up to date today

A translation has the same code, links and tables as its source, and a comment with the digest of its source, so each change of an
English page fails until its translation has been checked. Sphinx and gettext translate a site, but not pages of the repository.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from release import GALAXY_PART, TARBALL, TRANSLATED
from tree import ROOT

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})
SOURCE = re.compile(r"<!-- source: (\S+) sha256:(\w+) -->")
DATE = re.compile(r"(英文版日期：)\d{4}-\d\d-\d\d")
# Page that translates only some tables of its source -> title of their first column, in English and in Chinese.
PARTS = {"docs/guides/zh_CN/verdicts.md": ("the message contains", "消息包含")}
# Title of the first column of tables that only translations have. tests/project/test_translations.py compares them with the code.
OWN_TABLES = ("检查项", "发现项", "原因码")

Table = list[list[Token]]
"""The cells of each row; the first row has the titles."""


class Page:
    """A Markdown file.

    :param name: its path, relative to the root.
    :ivar tokens: all tokens, those of texts included.
    :ivar tables: its tables.
    :ivar blocks: the blocks of code, each with its language.
    :ivar source: the source that is named in the comment of a translation, and its digest; empty without the comment.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        parsed = MARKDOWN.parse(text)
        self.tokens = [token for outer in parsed for token in (outer, *(outer.children or []))]
        self.tables = list(_tables(parsed))
        self.blocks = [f"{token.info}\n{token.content}" for token in self.tokens if token.type == "fence"]
        found = SOURCE.search(text)
        self.source = (found[1], found[2]) if found else ("", "")

    def links(self, tokens: list[Token], sources: dict[str, str]) -> list[str]:
        """The targets of links and pictures, relative to the root; without those between a page and its translation.

        :param sources: translation -> its source. A link to a translation is the same as one to its source.
        """
        found = []
        for token in tokens:
            target = str(token.attrs.get("href") or token.attrs.get("src") or "")
            parts = urlsplit(target)
            if parts.scheme or not target:
                found += [target] if target else []
                continue
            path = os.path.normpath(Path(self.name).parent / parts.path) if parts.path else self.name
            path = sources.get(path, path)
            if parts.fragment or path != sources.get(self.name, self.name):
                found.append(f"{path}#{parts.fragment}".rstrip("#"))
        return sorted(found)


def _tables(tokens: list[Token]) -> Iterator[Table]:
    rows: Table = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(token)
        elif token.type == "table_close":
            yield rows
            rows = []


def _codes(tokens: Iterable[Token]) -> list[str]:
    """The pieces of code in texts."""
    return sorted(token.content for token in tokens if token.type == "code_inline")


def digest(text: str) -> str:
    """The digest of a source, without what `make release` writes."""
    return hashlib.sha256(GALAXY_PART.sub("", re.sub(TARBALL, r"\1\2", text)).encode()).hexdigest()


def read(root: Path, name: str) -> Page:
    """A page of the tree."""
    return Page(name, (root / name).read_text("utf-8"))


def translations(root: Path) -> list[Page]:
    """The translated pages."""
    paths = [path for pattern in TRANSLATED for path in sorted(root.glob(pattern))]
    return [read(root, path.relative_to(root).as_posix()) for path in paths]


def compared(page: Page, source: Page, sources: dict[str, str]) -> Iterator[str]:
    """What differs between a translation and its source, in code, links and tables."""
    part = PARTS.get(page.name)
    if part is None:
        if page.blocks != source.blocks:
            yield "the blocks of code differ"
        for code in sorted({*_codes(source.tokens)} - {*_codes(page.tokens)}):
            yield f"`{code}` is missing"
        if page.links(page.tokens, sources) != source.links(source.tokens, sources):
            yield "the links differ"
    wanted = [table for table in source.tables if part is None or table[0][0].content == part[0]]
    found = [table for table in page.tables if table[0][0].content not in OWN_TABLES]
    if part and {table[0][0].content for table in found} != {part[1]}:
        yield f"it has other tables than {part[1]}"
    if [len(table) for table in found] != [len(table) for table in wanted]:
        yield "the tables have other numbers of rows"
        return
    for table, other in zip(found, wanted, strict=True):
        for row, right in zip(table, other, strict=True):
            for cell, same in zip_longest(row, right, fillvalue=Token("inline", "", 0)):
                mine, theirs = cell.children or [], same.children or []
                if (_codes(mine), page.links(mine, sources)) != (_codes(theirs), source.links(theirs, sources)):
                    yield f"the cell {cell.content!r} has other code or links than {same.content!r}"


def problems(root: Path) -> Iterator[str]:
    """All differences between translations and sources, except for the digests."""
    pages = translations(root)
    sources = {page.name: page.source[0] for page in pages}
    for page in pages:
        name = page.source[0]
        if not (name and (root / name).is_file()):
            yield f"{page.name}: there is no comment <!-- source: FILE sha256:DIGEST --> with an existing file"
            continue
        if not DATE.search(page.text):
            yield f"{page.name}: there is no line with 英文版日期 and the date of the source"
        for problem in compared(page, read(root, name), sources):
            yield f"{page.name}: {problem}"


def outdated(root: Path) -> list[Page]:
    """The translations whose source has changed since they were last compared with it."""
    return [page for page in translations(root) if digest(read(root, page.source[0]).text) != page.source[1]]


def write(root: Path, today: datetime.date) -> None:
    """Write digest and date of the source into the translations whose source has changed."""
    for page in outdated(root):
        name = page.source[0]
        text = SOURCE.sub(f"<!-- source: {name} sha256:{digest(read(root, name).text)} -->", page.text)
        (root / page.name).write_text(DATE.sub(rf"\g<1>{today}", text), "utf-8")


def main() -> int:
    """Entry point."""
    found = list(problems(ROOT))
    if not found and "--write" in sys.argv[1:]:
        write(ROOT, datetime.datetime.now(tz=datetime.UTC).date())
    elif not found:
        advice = "Update the translation, then run `python tools/translations.py --write`"
        found = [f"{page.name}: {page.source[0]} has changed. {advice}" for page in outdated(ROOT)]
    print("".join(f"{line}\n" for line in found), end="")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
