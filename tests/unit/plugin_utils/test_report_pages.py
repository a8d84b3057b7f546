# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""gate.html and jobs.html as markup: their content, and that text from the cloud creates no element."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.filter.gate_report import gate_report
from ansible_collections.datagate.huaweicloud.plugins.filter.job_report import job_report
from ansible_collections.datagate.huaweicloud.tests.unit.plugin_utils.test_report_samples import (
    ABOUT,
    DLI_JOB,
    LOG,
    REFUSED,
    SKIPPED,
    change,
    dli,
    failed,
    job,
    many,
    node,
    passed,
    reason,
    result,
)

HOSTILE = (
    "<script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></svg><b>",
    "&lt;script&gt;",
    "javascript:alert(1)",
    "<!--",
    "]]>",
    "\x00\x1b[31m\u202e",
)


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[str] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.title = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, dummy in attrs)))
        self.values.extend(value or "" for dummy, value in attrs)
        if tag not in ("meta", "use", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, dummy in attrs)))
        self.values.extend(value or "" for dummy, value in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "title" and not self.title:
            self.title = data
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def page(data: dict[str, Any], about: dict[str, Any] | None = None) -> Page:
    found = Page(gate_report(data, "html", about))
    assert found.open == []
    return found


def everywhere(text: str) -> dict[str, Any]:
    """A result with *text* in each text field."""
    bad = reason(text, text, text, node=text, status=text, log_path=text)
    general = reason(text, None, text, log_path=text)
    history = [
        change(1, text, None, None, text),
        change(1, text, text, None, text),
        change(9, text, text, text, text),
        change(9, text, None, text, text),
    ]
    nodes = [node(text, text, text, text), node(text + "2", text, text, text + "2")]
    jobs = [job(text, text, "FAIL", [bad], nodes=nodes, progress=0.5, job_id=text, sub_job_id=text)]
    return result(
        "FAIL", jobs, reasons=[general, bad], history=history, by_status={text: 1}, msg=text, override_reason=text
    )


def about(text: str) -> dict[str, Any]:
    return {"title": text, "finished_at": "2026-11-23T03:12:45Z", "facts": {text: text}}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_creates_no_element(text: str) -> None:
    expected = page(everywhere("x" * len(text)), about("x" * len(text)))
    found = page(everywhere(text), about(text))
    assert found.elements == expected.elements
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    assert any(shown in piece for piece in found.text)


@given(st.text(min_size=1, max_size=30))
def test_any_text_creates_no_element(text: str) -> None:
    found = page(everywhere(text), about(text))
    expected = {tag for tag, dummy in page(everywhere("x")).elements} | {"text"}
    assert {tag for tag, dummy in found.elements} <= expected


@pytest.mark.parametrize("verdict", ["<b>", "FAIL\x00", "' onclick='x"])
def test_unknown_verdict_is_shown_as_an_error(verdict: str) -> None:
    found = page({"verdict": verdict})
    assert found.elements == page({"verdict": "x"}).elements
    assert "banner tone-error" in found.values


def test_page_has_no_external_resource_and_no_script() -> None:
    for data in (failed(), dli(), many(30), SKIPPED):
        text = gate_report(data, "html", ABOUT)
        found = Page(text)
        tags = {tag for tag, dummy in found.elements}
        assert not tags & {"script", "link", "img", "iframe", "object", "form", "a", "foreignobject"}
        names = {name for dummy, attributes in found.elements for name in attributes}
        assert not [name for name in names if name.startswith("on") or name in ("src", "style", "xlink:href")]
        assert "default-src 'none'; style-src 'unsafe-inline'" in found.values
        assert not re.search(r"@import|url\((?!#)", text)
        assert text.startswith('<!DOCTYPE html>\n<html lang="en">')


def test_title_contains_verdict_and_name() -> None:
    assert page(failed(), {"title": "Gate before"}).title == "FAIL: Gate before"
    assert page(REFUSED).title == "ERROR: Gate"


def test_failed_gate_is_reported() -> None:
    found = page(failed(), ABOUT)
    text = "\n".join(piece.strip() for piece in found.text if piece.strip())
    for words in (LOG, "1 job failing", "1 job not ready", "1 job ready", "cn-north-4", "2026-11-23 03:12:45 UTC"):
        assert words in text
    assert "70 s: node DLI_SMS_GES: NORMAL \N{RIGHTWARDS ARROW} EXCEPTION" in text
    assert "Job of AWX" not in text  # empty
    assert text.index("1 job failing") < text.index("1 job not ready") < text.index("1 job ready")
    label = "DLI_SMS_GES: not read yet, or not there, 0 s to 10 s; STARTING, 10 s to 30 s; NORMAL, 30 s to 70 s; EXCEPTION, 70 s to 71 s"
    assert label in found.values


def test_progress_of_dli_jobs_is_drawn() -> None:
    found = page(dli())
    assert "45 %, 90 of 200 tasks completed, 12 active, 3 failed, sub-job 1" in found.text
    assert "45.0%" in found.values
    assert DLI_JOB in found.text


def test_many_ready_jobs_are_collapsed() -> None:
    found = page(many(300))
    assert "Show all 282" in found.text
    assert [tag for tag, dummy in found.elements].count("details") == 1
    assert "details" not in [tag for tag, dummy in page(passed()).elements]


def test_jobs_that_are_not_listed_are_counted() -> None:
    sample = result("PASS", [], by_status={"NORMAL": 12})
    assert "12 further jobs, not listed in the result." in "".join(page(sample).text)


def test_job_list_is_escaped() -> None:
    def listing(text: str) -> dict[str, Any]:
        fields = ("name", "status", "job_type", "owner", "last_update_user", "last_instance_status")
        return {"jobs": [dict.fromkeys(fields, text)], "total": 1, "by_status": {text: 1}}

    for text in HOSTILE:
        found = Page(job_report(listing(text), "html", about(text)))
        assert found.open == []
        assert found.elements == Page(job_report(listing("x"), "html", about("x"))).elements or len(text) > 22
        assert {tag for tag, dummy in found.elements} == {
            tag for tag, dummy in Page(job_report(listing("x"), "html", about("x"))).elements
        }
