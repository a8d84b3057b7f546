# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of gates for runs of batch jobs: a row for each run."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.filter.gate_report import gate_report
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.gate.run import read_run

WORDS = "the run planned for 2026-11-28 02:00 +08:00, the newest since 12 h ago"
INSTANCE = {"plan_time": 1_795_802_400_000, "start_time": 1_795_802_401_000, "end_time": 1_795_802_521_000}
GOOD: dict[str, Any] = {
    "name": "orders_daily",
    "status": "success",
    "verdict": "PASS",
    "run": WORDS,
    "instance": INSTANCE,
    "nodes": [],
}
NONE: dict[str, Any] = {
    "name": "stock_daily",
    "status": "no-run",
    "verdict": "PENDING",
    "run": "no run",
    "instance": None,
    "nodes": [],
}
RESULT: dict[str, Any] = {"verdict": "TIMEOUT", "msg": "TIMEOUT.", "jobs": [GOOD, NONE], "reasons": [], "elapsed": 1.0}


def test_each_run_has_a_row() -> None:
    page = gate_report(RESULT, "md", {"title": "Night"})
    assert "| Planned (UTC) | Began (UTC) | Took |" in page
    assert "2026-11-27 18:00 | 2026-11-27 18:00 | 2 min |" in page
    assert "`stock_daily` | \N{EN DASH} | \N{EN DASH} | \N{EN DASH} | \N{EN DASH} |" in page


@pytest.mark.parametrize("form", ["html", "xml"])
def test_each_form_identifies_the_run(form: str) -> None:
    page = gate_report(RESULT, form, {"title": "Night"})
    assert WORDS in page
    assert "took 2 min" in page


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"status": "NORMAL"}, None),
        ({"instance": None}, None),
        ({"instance": {"plan_time": "x", "start_time": 5}}, ("", "1970-01-01 00:00", "")),
        ({"instance": {"start_time": 9, "end_time": 5}}, ("", "1970-01-01 00:00", "")),
    ],
)
def test_missing_times_of_a_run_are_left_out(data: dict[str, Any], expected: Any) -> None:
    run = read_run(data)
    assert (None if run is None else (run.planned, run.began, run.took)) == expected
