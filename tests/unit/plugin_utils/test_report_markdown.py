# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""gate.md: text from the cloud is shown as text everywhere."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ansible_collections.datagate.huaweicloud.plugins.filter.gate_report import gate_report
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.markdown import code, document, prose, table
from ansible_collections.datagate.huaweicloud.tests.unit.plugin_utils.test_report_samples import (
    ABOUT,
    LOG,
    SKIPPED,
    change,
    failed,
    job,
    many,
    reason,
    result,
)

READER = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])
ONE_LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)
NASTY = st.one_of(ONE_LINE, st.text("`|\\*_[]()<>@#!~&; -+1.ab", max_size=20))
HOSTILE = (
    "<script>alert(1)</script>",
    "[x](http://evil.example)",
    "![x](http://evil.example)",
    "@everyone #123 !5 ~label",
    "a|b",
    "a\\|b",
    "`",
    "``` x",
    "# head",
    "- item",
    "1. item",
    "> quote",
    "a\n\n# head",
    "https://evil.example",
    "ops@example.com",
    "{{ 7*7 }}",
    "*x* _y_ **z**",
    "&lt;b&gt;",
    "  ",
    "deadbeef123",
)
OURS = {"heading", "paragraph", "table", "thead", "tbody", "tr", "th", "td", "bullet_list", "list_item", "strong"}


def tokens(text: str) -> Iterator[Token]:
    for token in READER.parse(text):
        yield token
        yield from token.children or ()


def kinds(text: str) -> set[str]:
    """The kinds of markup, besides text and code spans."""
    found = {re.sub("_(open|close)$", "", token.type) for token in tokens(text)}
    return found - {"inline", "text", "code_inline", "softbreak"}


def spans(text: str) -> list[str]:
    return [token.content for token in tokens(text) if token.type == "code_inline"]


def hostile(text: str) -> dict[str, Any]:
    """A result with *text* in each text field."""
    bad = reason(text, text, text, node=text, status=text, log_path=text)
    history = [change(1, text, None, None, text), change(2, text, text, text, text)]
    jobs = [job(text, text, "FAIL", [bad])]
    return result("FAIL", jobs, history=history, by_status={text: 1}, msg=text, override_reason=text)


@given(NASTY)
def test_code_span_shows_the_exact_text(text: str) -> None:
    (paragraph,) = [token for token in READER.parse(f"x {code(text)}") if token.type == "inline"]
    found = [token.content for token in paragraph.children or [] if token.type == "code_inline"]
    # Text of spaces only is not preserved.
    assert found == ([text] if text else []) or not text.strip()


@given(st.lists(NASTY, min_size=3, max_size=3))
def test_table_cell_shows_the_exact_text(texts: list[str]) -> None:
    found = READER.parse("\n".join(table(["a", "b", "c"], [list(map(code, texts))])))
    cells = [after for before, after in itertools.pairwise(found) if before.type == "td_open"]
    assert len(cells) == 3
    for text, cell in zip(texts, cells, strict=True):
        content = [token.content for token in cell.children or [] if token.type == "code_inline"]
        if "\\|" not in text and text.strip() and text == text.strip():
            assert content == [text]
        assert len(cell.children or []) <= 1


@given(NASTY)
def test_prose_contains_no_markup(text: str) -> None:
    shown = prose(text)
    assert kinds(f"## x {shown}") <= {"heading"}
    assert shown == text or text in shown


def test_plain_words_are_not_escaped() -> None:
    for text in (
        "Gate before",
        "Gate after the deployment",
        "Job of AWX",
        "Prüfung nach dem Deployment",
        "Re-start 12",
    ):
        assert prose(text) == text
    for text in ("@ops", "a_b", "1. Gate", "- x", "#12", "deadbeef", "www.example.com", "GH-12", "", "a  b", "x:y"):
        assert prose(text) != text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_creates_no_markup(text: str) -> None:
    about = {"title": text, "facts": {text: text, "x": text}}
    shown = gate_report(hostile(text), "md", about)
    assert kinds(shown) <= OURS | {"blockquote"}
    flat = " ".join(text.split())
    if flat and "|" not in flat:
        assert flat in spans(shown)
    # Text from the cloud only in code spans: sites create mentions, references and links from other text.
    outside = " ".join(token.content for token in tokens(shown) if token.type == "text")
    for sign in ("@", "#", "<", "[", "://", "evil", "dead"):
        assert sign not in outside


@given(NASTY)
def test_any_text_creates_no_markup(text: str) -> None:
    shown = gate_report(hostile(text), "md", {"title": text, "facts": {text: text}})
    assert kinds(shown) <= OURS | {"blockquote"}


def test_failed_gate_is_reported() -> None:
    shown = gate_report(failed(), "md", ABOUT)
    lines = shown.splitlines()
    assert lines[0] == "## \N{CROSS MARK} FAIL: Gate after the deployment"
    assert lines[2].startswith("`FAIL after 71 s: job_sms: node DLI_SMS_GES is EXCEPTION")
    assert "| Region | `cn-north-4` |" in lines
    assert "Job of AWX" not in shown  # empty
    first = lines.index("| **FAIL** | `NORMAL` | `job_sms` | 70 s |")
    assert lines[first + 1] == "| **PENDING** | `STARTING` | `job_payments` | 20 s |"
    assert f"  - Log: `{LOG}`" in lines
    assert "| 70 s | `job_sms` | `DLI_SMS_GES` | `NORMAL` | `EXCEPTION` |" in lines


def test_long_lists_are_truncated() -> None:
    shown = gate_report(many(300), "md", ABOUT)
    assert len([line for line in shown.splitlines() if line.startswith("| ") and "job_" in line]) == 70
    assert "and 250 more" in shown
    assert "### The last 20 of 287 state changes" in shown
    assert len(shown) < 60_000


def test_override_reason_is_emphasized() -> None:
    assert "> **The gate is switched off:** `CHG-4711`" in gate_report(SKIPPED, "md").splitlines()


def test_empty_blocks_leave_no_gap() -> None:
    assert document([["a"], [], ["b", "c"]]) == "a\n\nb\nc\n"
