# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Chinese pages have the code, links, codes and messages of the English ones, and are as new as they are."""

from __future__ import annotations

import ast
import datetime
import inspect
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._doctor import connection_checks, service_checks
from ansible_collections.datagate.huaweicloud.plugins.module_utils._doctor.checks import CHECKS
from ansible_collections.datagate.huaweicloud.plugins.module_utils._doctor.findings import FINDINGS
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.kinds import COMMON_SEVERITIES, KINDS

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import release  # noqa: E402
import translations  # noqa: E402

PAGES = translations.translations(ROOT)
GUIDES = "docs/guides/zh_CN"


def test_the_pages_have_the_code_links_and_tables_of_their_sources() -> None:
    assert {page.name for page in PAGES} >= {"README.zh-CN.md", f"{GUIDES}/first_gate.md", f"{GUIDES}/verdicts.md"}
    assert list(translations.problems(ROOT)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_as_new_as_its_source(page: translations.Page) -> None:
    source = page.source[0]
    assert page.source[1] == translations.digest(translations.read(ROOT, source).text), (
        f"{source} has changed: update {page.name}, then run `python tools/translations.py --write`"
    )


def test_the_readmes_link_to_each_other() -> None:
    assert "\n[中文](README.zh-CN.md)\n" in (ROOT / "README.md").read_text("utf-8")
    assert "\n[English](README.md) |" in (ROOT / "README.zh-CN.md").read_text("utf-8")


# -- codes, checks and advice -----------------------------------------------------------------------------------------


def first_cells(name: str, title: str) -> list[str]:
    """The first column of the table that has this title there."""
    (table,) = [
        table for table in translations.read(ROOT, f"{GUIDES}/{name}.md").tables if table[0][0].content == title
    ]
    return [row[0].content.strip("`") for row in table[1:]]


def test_each_reason_code_has_a_row() -> None:
    known = set(COMMON_SEVERITIES).union(*(kind.severities for kind in KINDS))
    assert sorted(first_cells("verdicts", "原因码")) == sorted(known)


def codes_by_section(page: translations.Page) -> dict[str, set[str]]:
    """Title of a section -> the pieces of code in its text and tables."""
    found: dict[str, set[str]] = {}
    title = ""
    for before, token in pairwise(page.tokens):
        if before.type == "heading_open":
            title = token.content
        if token.type == "code_inline":
            found.setdefault(title, set()).add(token.content)
    return found


def test_the_row_of_a_reason_code_names_the_options_of_its_section() -> None:
    page = translations.read(ROOT, f"{GUIDES}/verdicts.md")
    (table,) = [table for table in page.tables if table[0][0].content == "原因码"]
    english = codes_by_section(translations.read(ROOT, page.source[0]))
    chinese = codes_by_section(page)
    lacking = {}
    for first, *others in table[1:]:
        code = first.content.strip("`")
        named = {child.content for cell in others for child in cell.children or [] if child.type == "code_inline"}
        lacking[code] = english.get(code, set()) - named - chinese.get(code, set())
    assert {code: names for code, names in lacking.items() if names} == {}
    assert sum(len(english.get(code, ())) for code in lacking) > 40


def test_each_finding_has_a_row() -> None:
    assert first_cells("connection", "发现项") == [name for name, dummy in FINDINGS]


def text_of(node: ast.expr, function: ast.FunctionDef, module: ModuleType) -> str:
    """A text in the code, with `...` for what is known only when it runs."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.BinOp):
        return text_of(node.left, function, module) + text_of(node.right, function, module)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(value, function, module) for value in node.values)
    if isinstance(node, ast.FormattedValue):
        return text_of(node.value, function, module) if isinstance(node.value, ast.Name) else "..."
    if isinstance(node, ast.Name):
        for other in ast.walk(function):
            if isinstance(other, ast.Assign) and ast.unparse(other.targets[0]) == node.id:
                found = other.value
                return text_of(found, function, module) if isinstance(found, (ast.Constant, ast.JoinedStr)) else "..."
        return str(getattr(module, node.id, "..."))
    return "..."


def advice(function: Any) -> Iterator[str]:
    """The advice that a check can give, that of the functions that it calls included."""
    module = sys.modules[function.__module__]
    (tree,) = ast.parse(inspect.getsource(function)).body
    assert isinstance(tree, ast.FunctionDef)
    others = {row.judge.__name__ for row in CHECKS}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if re.search(r"\b(fail|warn|bad)\b", called) and len(node.args) == 2:
            yield text_of(node.args[1], tree, module)
        elif called.startswith("_") and inspect.isfunction(getattr(module, called, None)) and called not in others:
            yield from advice(getattr(module, called))


def test_each_advice_of_the_doctor_has_a_row() -> None:
    (table,) = [
        table for table in translations.read(ROOT, f"{GUIDES}/connection.md").tables if table[0][0].content == "检查项"
    ]
    shown = [(row[0].content.strip("`"), row[2].content.strip("`")) for row in table[1:]]
    given = {(row.name, text) for row in CHECKS for text in advice(row.judge)}
    assert len(given) > 35
    assert {name for name, dummy in given} == {row.name for row in CHECKS}
    assert sorted(shown) == sorted(given)
    assert list(dict.fromkeys(name for name, dummy in shown)) == [row.name for row in CHECKS]


def test_each_advice_in_the_code_belongs_to_a_check() -> None:
    functions = [
        function
        for module in (connection_checks, service_checks)
        for dummy, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
    ]
    everything = {text for function in functions for text in advice(function)}
    assert everything == {text for row in CHECKS for text in advice(row.judge)}


# -- typography -------------------------------------------------------------------------------------------------------

CHINESE = r"[\u4e00-\u9fff]"
WIDE = r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"


def faults(page: translations.Page) -> Iterator[str]:
    """Typographic errors in Chinese text: a space that a line break makes, none beside Latin text, narrow punctuation."""
    for token in page.tokens:
        if token.type != "inline":
            continue
        text = "".join("x" if child.type == "code_inline" else child.content for child in token.children or [])
        yield from re.findall(rf"{CHINESE}[A-Za-z0-9]|[A-Za-z0-9]{CHINESE}|{CHINESE} ?[,:;?!()]|{WIDE} {WIDE}", text)
        if any(child.type == "softbreak" for child in token.children or []):
            yield f"line break in {text}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_chinese_text_follows_typography_rules(page: translations.Page) -> None:
    assert list(faults(page)) == []


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("执行 `make demo`，然后查看 DLI 作业。", True),
        ("执行`make demo`", False),
        ("查看DLI", False),
        ("作业, 节点", False),
        ("作业（job）。", True),
        ("第一行\n第二行", False),
    ],
)
def test_typography_errors_are_found(text: str, is_good: bool) -> None:
    assert (list(faults(translations.Page("page.md", text))) == []) == is_good


# -- comparison -------------------------------------------------------------------------------------------------------

ENGLISH = """\
# Title

[中文](zh/a.md)

Set `x`, see [b](b.md#part).

```shell
make
```

| code | meaning |
| --- | --- |
| `fail` | see [below](#below) |
"""
CHINESE_PAGE = """\
<!-- source: a.md sha256:0 -->

# 标题

[English](../a.md) | 英文版日期：2026-01-02

设置 `x`，参见 [b](../b.md#part)。

```shell
make
```

| 码 | 含义 |
| --- | --- |
| `fail` | 参见[下文](../a.md#below) |
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("", "", ""),
        ("make", "make all", "blocks of code"),
        ("`x`", "x", "`x` is missing"),
        ("../b.md#part", "../b.md", "the links"),
        ("`fail`", "`pass`", "`fail` is missing"),
        ("`fail` |", "fail |", "the cell"),
        ("| 参见[下文](../a.md#below) |", "| 参见下文 |", "the cell"),
        ("| `fail` |", "| `x` | |\n| `fail` |", "numbers of rows"),
        ("| 码 |", "| 原因码 |", "numbers of rows"),
    ],
)
def test_differences_are_found(old: str, new: str, problem: str) -> None:
    page = translations.Page("zh/a.md", CHINESE_PAGE.replace(old, new))
    found = list(translations.compared(page, translations.Page("a.md", ENGLISH), {"zh/a.md": "a.md"}))
    assert bool(found) == bool(problem)
    assert problem in "\n".join(found)


def test_a_link_to_a_translation_is_one_to_its_source() -> None:
    page = translations.Page("zh/a.md", "[b](b.md#part) [a](../a.md) [x](https://example.com)")
    sources = {"zh/a.md": "a.md", "zh/b.md": "b.md"}
    assert page.links(page.tokens, sources) == ["b.md#part", "https://example.com"]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "zh").mkdir()
    (tmp_path / "a.md").write_text(ENGLISH, "utf-8")
    (tmp_path / "zh" / "a.md").write_text(CHINESE_PAGE, "utf-8")
    monkeypatch.setattr(translations, "TRANSLATED", ("zh/*.md",))
    return tmp_path


def test_a_change_of_the_source_makes_the_translation_outdated(tree: Path) -> None:
    page = tree / "zh" / "a.md"
    assert [found.name for found in translations.outdated(tree)] == ["zh/a.md"]
    translations.write(tree, datetime.date(2026, 3, 4))
    assert translations.outdated(tree) == []
    assert "英文版日期：2026-03-04" in page.read_text("utf-8")
    translations.write(tree, datetime.date(2026, 5, 6))
    assert "英文版日期：2026-03-04" in page.read_text("utf-8"), "nothing has changed"
    (tree / "a.md").write_text(ENGLISH.replace("Set", "You may set"), "utf-8")
    assert [found.name for found in translations.outdated(tree)] == ["zh/a.md"]


@pytest.mark.parametrize(
    ("old", "problem"), [("source: a.md", "no comment"), ("a.md sha256", "no comment"), ("英文版日期", "no line")]
)
def test_a_translation_names_its_source_and_the_date(tree: Path, old: str, problem: str) -> None:
    (tree / "zh" / "a.md").write_text(CHINESE_PAGE.replace(old, "x"), "utf-8")
    assert [text for text in translations.problems(tree) if problem in text]


def test_a_release_does_not_make_translations_outdated() -> None:
    text = "install ./datagate-huaweicloud-2.0.0.tar.gz\n<!-- galaxy -->\n{}\n<!-- /galaxy -->\n"
    before = translations.digest(text.format(release.NOT_PUBLISHED))
    assert before == translations.digest(text.format(release.PUBLISHED).replace("2.0.0", "2.1.0"))
    assert before != translations.digest(text.replace("install", "remove"))
