# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Markdown files as a code host renders them: no markup of other formats, no empty section, no dead link."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from tree import tree_files  # noqa: E402

FILES = [name for name in tree_files() if name.endswith(".md")]
GUIDES = [name for name in FILES if name.startswith("docs/guides/")]
MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})
# Comments hold the licence; <details> is the only element that the files use.
ALLOWED_HTML = re.compile(r"(<!--.*?-->|</?details>|<summary>[^<]*</summary>|\s)*", re.DOTALL)
ROLE = re.compile(r":[a-z]+(:[a-z]+)?:$|\{[a-z:-]+\}$")  # right before a piece of code
DIRECTIVE = re.compile(r"^\.\. [\w-]+::|^:::|\|[\w-]+\|_", re.MULTILINE)


def flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from flat(token.children or [])


def raw_markup(text: str) -> list[str]:
    """Roles, directives and HTML that a code host does not render."""
    found = []
    tokens = MARKDOWN.parse(text)
    for token in flat(tokens):
        if token.type in ("html_block", "html_inline") and not ALLOWED_HTML.fullmatch(token.content):
            found.append(token.content)
        if token.type == "text":
            found += DIRECTIVE.findall(token.content)
        if token.type == "fence" and token.info.startswith("{"):
            found.append(token.info)
        children = token.children or []
        for before, code in pairwise(children):
            if code.type == "code_inline" and before.type == "text" and ROLE.search(before.content):
                found.append(f"{before.content}`{code.content}`")
    return found


def headings(tokens: list[Token]) -> Iterator[tuple[int, int, str]]:
    """Position, level and text of each heading."""
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            text = "".join(child.content for child in tokens[index + 1].children or [])
            yield index, int(token.tag[1]), text


def empty_sections(text: str) -> list[str]:
    """Headings with nothing below them."""
    tokens = [token for token in MARKDOWN.parse(text) if token.type != "html_block"]
    found = list(headings(tokens))
    ends = [*found, (len(tokens), 0, "")][1:]
    return [
        title
        for (position, level, title), (after, following, dummy) in zip(found, ends, strict=True)
        if after == position + 3 and following <= level
    ]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings."""
    found: set[str] = set()
    for dummy, dummy, title in headings(MARKDOWN.parse(text)):
        slug = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
        names = [slug, *(f"{slug}-{number}" for number in range(1, 100))]
        found.add(next(name for name in names if name not in found))
    return found


@cache
def anchors_of(name: str) -> set[str]:
    return anchors((ROOT / name).read_text("utf-8"))


def dead_links(name: str, text: str) -> list[str]:
    """Dead relative links and pictures of a file."""
    found = []
    for token in flat(MARKDOWN.parse(text)):
        target = str(token.attrs.get("href") or token.attrs.get("src") or "")
        parts = urlsplit(target)
        if not target or parts.scheme:
            continue
        path = os.path.normpath(Path(name).parent / unquote(parts.path)) if parts.path else name
        if not (ROOT / path).exists() or (
            parts.fragment and path.endswith(".md") and parts.fragment not in anchors_of(path)
        ):
            found.append(target)
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_code_host_renders_the_file(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert raw_markup(text) == []
    assert empty_sections(text) == []
    assert dead_links(name, text) == []


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_has_one_title_and_code_with_a_language(name: str) -> None:
    tokens = MARKDOWN.parse((ROOT / name).read_text("utf-8"))
    assert sum(level == 1 for dummy, level, dummy_text in headings(tokens)) == 1
    assert [token.content for token in tokens if token.type == "code_block"] == []
    assert {token.info for token in flat(tokens) if token.type == "fence"} <= {
        "hcl",
        "ini",
        "json",
        "python",
        "shell",
        "text",
        "yaml",
    }


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("The option :ansopt:`x` is set.", 1),
        ("See :std:ref:`x`.", 1),
        ("See {ref}`x`.", 1),
        (".. note::\n\n    Text", 1),
        ("```{note}\nText\n```", 1),
        ("<span>text</span>", 2),
        ("A ratio 1:2: `x`, a set {a} of `b`, and\n`:ref:` in code.", 0),
        ("<!-- comment -->\n\n<details>\n<summary>More</summary>\n\nText\n\n</details>", 0),
    ],
)
def test_markup_of_other_formats_is_found(text: str, problems: int) -> None:
    assert len(raw_markup(text)) == problems


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("# A\n\n## B\n\nText\n\n## C", ["C"]),
        ("# A\n\nText\n\n## B\n\n## C\n\nText", ["B"]),
        ("# A\n\n## B\n\n- item", []),
        ("# A\n\n### B\n\n<!-- nothing is shown -->\n\n## C\n\nText", ["B"]),
    ],
)
def test_an_empty_section_is_found(text: str, titles: list[str]) -> None:
    assert empty_sections(text) == titles


def test_anchors_are_those_of_github() -> None:
    text = "# A title: with `code_x`, commas & more\n\n## Same\n\n## Same\n\n## Next *steps*"
    assert anchors(text) == {"a-title-with-code_x-commas--more", "same", "same-1", "next-steps"}


@pytest.mark.parametrize(
    ("target", "is_dead"),
    [
        ("docs/guides/awx.md", False),
        ("docs/guides/none.md", True),
        ("docs/guides/verdicts.md#node_exception", False),
        ("docs/guides/verdicts.md#none", True),
        ("#none", True),
        ("https://example.com/", False),
    ],
)
def test_a_dead_link_is_found(target: str, is_dead: bool) -> None:
    assert dead_links("README.md", f"[text]({target})") == ([target] if is_dead else [])
