# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a list of jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.datagate.huaweicloud.plugins.filter.gate_report import gate_report
from ansible_collections.datagate.huaweicloud.plugins.filter.job_report import job_report
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.jobs.formats import FORMS
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.jobs.terminal import WIDTH, columns

MOMENT = 1682519407000


def listed(name: str, status: str | None, kind: str = "REAL_TIME", **more: Any) -> dict[str, Any]:
    return {"name": name, "status": status, "job_type": kind, **more}


def listing(*jobs: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    by_status: dict[str, int] = {}
    for job in jobs:
        by_status[job["status"] or "UNKNOWN"] = by_status.get(job["status"] or "UNKNOWN", 0) + 1
    return {"jobs": list(jobs), "total": len(jobs) if total is None else total, "by_status": by_status}


SAMPLE = listing(
    listed("job_sms", "NORMAL", last_update_user="ops", last_update_time=MOMENT),
    listed("\N{CJK UNIFIED IDEOGRAPH-8BA2}\N{CJK UNIFIED IDEOGRAPH-5355}_job", "STARTING", owner="li.wei"),
    listed("job_payments", "EXCEPTION"),
    listed("job_invoice", "SCHEDULING", "BATCH", last_instance_status="fail", last_instance_end_time=MOMENT),
    listed("job_daily", "SCHEDULING", "BATCH", last_instance_status="success"),
    listed("job_new", None),
    total=9,
)


def test_text_form_is_a_table() -> None:
    assert job_report(SAMPLE, "text") == [
        "EXCEPTION    1",
        "UNKNOWN      1",
        "STARTING     1",
        "SCHEDULING   2",
        "NORMAL       1",
        "shown        6 of 9",
        "EXCEPTION    REAL_TIME  job_payments",
        "UNKNOWN      REAL_TIME  job_new",
        "STARTING     REAL_TIME  \N{CJK UNIFIED IDEOGRAPH-8BA2}\N{CJK UNIFIED IDEOGRAPH-5355}_job",
        "NORMAL       REAL_TIME  job_sms",
        "SCHEDULING   BATCH      job_daily",
        "SCHEDULING   BATCH      job_invoice   last run: fail",
    ]


def test_wide_characters_are_aligned() -> None:
    wide = "\N{CJK UNIFIED IDEOGRAPH-8BA2}" * 5
    lines = job_report(
        listing(
            listed(wide, "NORMAL", "BATCH", last_instance_status="fail"),
            listed("narrow", "NORMAL", "BATCH", last_instance_status="fail"),
        ),
        "text",
    )
    assert {columns(line[: line.index("last run")]) for line in lines if "last run" in line} == {
        columns("NORMAL       BATCH  ") + 10 + 2
    }
    assert columns("e\N{COMBINING ACUTE ACCENT}") == 1


def test_lines_fit_into_the_width() -> None:
    lines = job_report(listing(*(listed(f"job_{number:040d}", "NORMAL") for number in range(9))), "text")
    assert max(map(len, lines)) <= WIDTH


def test_markdown_json_and_html_forms() -> None:
    about = {"title": "Jobs before", "finished_at": "2026-11-23T03:12:45Z", "facts": {"Region": "cn-north-4", "x": ""}}
    shown = job_report(SAMPLE, "md", about).splitlines()
    assert shown[0] == "## Jobs before: 6 of 9 jobs, 1 failing"
    assert "| `SCHEDULING` | `BATCH` | `job_invoice` | \N{EN DASH} | \N{EN DASH} | **`fail`** |" in shown
    assert "| `NORMAL` | `REAL_TIME` | `job_sms` | `ops` | `2023-04-26 14:30` | \N{EN DASH} |" in shown
    data = json.loads(job_report(SAMPLE, "json", about))
    assert data["about"] == {
        "title": "Jobs before",
        "finished_at": "2026-11-23T03:12:45Z",
        "facts": {"Region": "cn-north-4"},
    }
    assert data["jobs"] == SAMPLE["jobs"]
    page = job_report(SAMPLE, "html", about)
    assert "<title>Jobs before: 6 of 9 jobs, 1 failing</title>" in page
    assert page.index("job_payments") < page.index("job_sms")


@pytest.mark.parametrize("form", FORMS)
def test_malformed_jobs_are_accepted(form: str) -> None:
    odd: tuple[list[Any], ...] = (
        [],
        [{}],
        [None, 3],
        [{"name": 1, "status": [], "last_update_time": "x", "last_instance_end_time": 1e300}],
    )
    for jobs in odd:
        assert job_report({"jobs": jobs}, form)


@pytest.mark.parametrize(
    ("result", "form", "about", "words"),
    [
        ("x", "json", None, "a mapping, not text"),
        (None, "html", None, "a mapping, not nothing"),
        ([], "md", None, "a mapping, not a list"),
        ({"jobs": {}}, "md", None, "no list of jobs"),
        ({"msg": "DLF.6888: no"}, "text", None, "no key jobs: DLF.6888: no"),
        ({"jobs": []}, "pdf", None, "there is no form pdf; there are text, json, md, html"),
        ({"jobs": []}, None, None, "there is no form None"),
        ({"jobs": []}, "md", "x", "about must be a mapping with any of title, finished_at, facts, not text"),
        ({"jobs": []}, "md", {"titel": "x"}, "about has no key titel"),
        ({"jobs": []}, "md", {"facts": ["x"]}, "the facts in about must be a mapping of label to text, not a list"),
        ({"jobs": []}, "md", {"finished_at": "today"}, "finished_at in about must be a time in UTC"),
        ({"jobs": []}, "md", {"finished_at": "2026-13-40T00:00:00Z"}, "finished_at in about must be a time in UTC"),
    ],
)
def test_invalid_input_is_rejected(result: Any, form: Any, about: Any, words: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        job_report(result, form, about)
    assert words in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_gate_report_rejects_another_result() -> None:
    for form in ("json", "xml", "md", "html"):
        with pytest.raises(AnsibleFilterError, match="no gate's result"):
            gate_report({"changed": False, "skipped": True}, form)


def test_json_keeps_the_result() -> None:
    result = {
        "verdict": "FAIL",
        "zebra": {"b": 1, "a": None},
        "jobs": [],
        "invocation": {},
        "changed": False,
        "msg": "x",
    }
    text = gate_report(result, "json")
    assert list(json.loads(text)) == ["verdict", "msg", "zebra", "jobs", "about"]
    assert json.loads(text)["zebra"] == {"a": None, "b": 1}
    assert (
        gate_report({**result, "msg": "\N{CJK UNIFIED IDEOGRAPH-8BA2}\ud800"}, "json").count(
            "\N{CJK UNIFIED IDEOGRAPH-8BA2}"
        )
        == 1
    )
