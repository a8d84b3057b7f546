# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a check of the connection."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.datagate.huaweicloud.plugins.filter.doctor_report import doctor_report
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.doctor.formats import FORMS
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.doctor.terminal import WIDTH

SAMPLE: dict[str, Any] = {
    "result": "fail",
    "msg": "A gate cannot work. list: give the user the right to list jobs.",
    "checks": [
        {"name": "host", "result": "ok", "detail": "dayu-dlf.example.com answers", "advice": ""},
        {
            "name": "clock",
            "result": "warn",
            "detail": "it differs by 412 s from the server's",
            "advice": "synchronize it",
        },
        {
            "name": "list",
            "result": "fail",
            "detail": "denied " * 20,
            "advice": "give the user the right to list jobs " * 3,
        },
        {"name": "status", "result": "skipped", "detail": "list failed", "advice": ""},
    ],
    "findings": [{"name": "offset_means", "value": "pages", "detail": "offset=1&limit=2 begins at the third job"}],
    "requests": 1,
    "changed": False,
}


def test_text_form_is_a_table() -> None:
    lines = doctor_report(SAMPLE, "text")
    assert lines[:4] == [
        "RESULT   CHECK   WHAT WAS FOUND",
        "ok       host    dayu-dlf.example.com answers",
        "warn     clock   it differs by 412 s from the server's",
        "                 -> synchronize it",
    ]
    assert lines[4].startswith("FAIL     list    denied denied")
    assert lines[-4:] == ["skipped  status  list failed", "", "FINDING       VALUE", "offset_means  pages"]
    assert max(map(len, lines)) <= WIDTH


def test_markdown_form_has_facts_and_checks() -> None:
    page = doctor_report(SAMPLE, "md", {"title": "Connection", "facts": {"Region": "cn-north-4", "None": ""}})
    assert page.startswith("## Connection\n")
    assert "| Region | `cn-north-4` |" in page
    assert "| **FAIL** | `list` |" in page
    assert "| ok | `host` | `dayu-dlf.example.com answers` | \N{EN DASH} |" in page
    assert "| `offset_means` | `pages` | `offset=1&limit=2 begins at the third job` |" in page


def test_json_form_holds_the_checks() -> None:
    data = json.loads(doctor_report(SAMPLE, "json"))
    assert data["checks"] == SAMPLE["checks"]
    assert "changed" not in data


def test_text_from_the_cloud_is_escaped() -> None:
    evil = {"name": "list", "result": "fail", "detail": "{{ 1 }} `a` | <b>\x1b[31m\n@x", "advice": "# 1"}
    page = doctor_report({"checks": [evil], "msg": ""}, "md")
    assert "\x1b" not in page
    assert "`` {{ 1 }} `a` \\| <b>" in page
    assert all("\x1b" not in line and "\n" not in line for line in doctor_report({"checks": [evil]}, "text"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("result", [{"checks": []}, {"checks": [None, {}, {"name": 5}], "findings": "x", "msg": None}])
def test_incomplete_results_are_accepted(result: dict[str, Any], form: str) -> None:
    assert doctor_report(result, form)


@pytest.mark.parametrize(
    ("result", "form", "words"),
    [
        (
            {"failed": True, "msg": "region: is needed"},
            "text",
            "no result of connection_info: it has no key checks: region",
        ),
        ({"msg": "x"}, "md", "no key checks"),
        ("text", "text", "must be a result"),
        (SAMPLE, "html", "there is no form html; there are text, json, md"),
    ],
)
def test_invalid_results_are_rejected(result: Any, form: str, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        doctor_report(result, form)
