# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flink jobs, Spark batches and the rows of SQL jobs: from states and options to the verdict."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.tests.unit.gate_world import World, codes, gate

# A job with a constant state: state, wait_for (None: the default), verdict, reason code.
FLINK = [
    ("job_running", None, "PASS", None),
    ("job_finish", None, "PASS", None),
    ("job_running", "job_running", "PASS", None),
    ("job_finish", "job_running", "FAIL", "job_failed"),
    ("job_finish", "JOB_FINISH", "PASS", None),
    ("job_running", "job_finish", "TIMEOUT", "still_pending"),
    ("job_submit_fail", None, "FAIL", "job_failed"),
    ("job_running_exception", None, "FAIL", "job_failed"),
    ("job_arrearage_stopped", None, "FAIL", "job_failed"),
    ("job_init", None, "TIMEOUT", "still_pending"),
    ("job_cancel_success", None, "TIMEOUT", "still_pending"),
    ("job_cancel_success", "job_cancel_success", "PASS", None),
    ("job_running_exception", "job_cancel_success", "FAIL", "job_failed"),
    ("job_submitting", None, "TIMEOUT", "still_pending"),
    ("job_downloading", None, "TIMEOUT", "still_pending"),
    ("job_savepointing", None, "TIMEOUT", "still_pending"),
    ("job_canceling", None, "TIMEOUT", "still_pending"),
    ("job_cancel_fail", None, "TIMEOUT", "still_pending"),
    ("job_arrearage_recovering", None, "TIMEOUT", "still_pending"),
    ("job_idle", None, "TIMEOUT", "unknown_state"),
    ("job_melting", None, "TIMEOUT", "unknown_state"),
    ("job_melting", "job_melting", "PASS", None),
]
SPARK = [
    ("success", None, "PASS", None),
    ("success", "success", "PASS", None),
    ("dead", None, "FAIL", "job_failed"),
    ("dead", "running", "FAIL", "job_failed"),
    ("running", None, "TIMEOUT", "still_pending"),
    ("running", "running", "PASS", None),
    ("success", "running", "FAIL", "job_failed"),
    ("success", ["Running", "Success"], "PASS", None),
    ("starting", None, "TIMEOUT", "still_pending"),
    ("recovering", "running", "TIMEOUT", "still_pending"),
    ("melting", None, "TIMEOUT", "unknown_state"),
]
# A finished SQL job: result_count, bad_row_count, min_result_rows, max_bad_rows, verdict, reason code.
ROWS = [
    (10, 0, None, None, "PASS", None),
    (10, 0, 10, 0, "PASS", None),
    (9, 0, 10, 0, "FAIL", "too_few_rows"),
    (10, 1, 10, 0, "FAIL", "bad_rows"),
    (0, 12, 1, 0, "FAIL", "too_few_rows"),
    (None, 0, 1, 0, "TIMEOUT", "still_pending"),
    (None, 0, 0, 0, "TIMEOUT", "still_pending"),
    (10, None, 10, 0, "TIMEOUT", "still_pending"),
    (9, None, 10, 0, "FAIL", "too_few_rows"),
    (10, -1, 10, 0, "TIMEOUT", "still_pending"),
    (-1, 0, 10, 0, "TIMEOUT", "still_pending"),
    (10, None, 10, None, "PASS", None),
    (True, 0, 1, None, "TIMEOUT", "still_pending"),
]
WAIT: dict[str, Any] = {"wait": True, "wait_timeout": 30}


def expected(code: str | None) -> list[Any]:
    return [] if code is None else [(code, "7", None)]


@pytest.mark.parametrize(("state", "wait_for", "verdict", "code"), FLINK)
def test_verdict_of_a_flink_job_in_one_state(state: str, wait_for: Any, verdict: str, code: str | None) -> None:
    result = gate(World({"7": [(0, state)]}, lists=False), kind="dli_flink", job_ids="7", wait_for=wait_for, **WAIT)
    assert (result["verdict"], codes(result)) == (verdict, expected(code))


@pytest.mark.parametrize(("state", "wait_for", "verdict", "code"), SPARK)
def test_verdict_of_a_spark_batch_in_one_state(state: str, wait_for: Any, verdict: str, code: str | None) -> None:
    result = gate(World({"7": [(0, state)]}, lists=False), kind="dli_spark", batch_ids="7", wait_for=wait_for, **WAIT)
    assert (result["verdict"], codes(result)) == (verdict, expected(code))


@pytest.mark.parametrize(("rows", "bad", "least", "most", "verdict", "code"), ROWS)
def test_verdict_by_rows_of_a_finished_job(
    rows: Any, bad: Any, least: Any, most: Any, verdict: str, code: str | None
) -> None:
    world = World({"7": [(0, "FINISHED", {"_result_count": rows, "_bad_row_count": bad})]}, lists=False)
    result = gate(world, dli=True, job_ids="7", min_result_rows=least, max_bad_rows=most, **WAIT)
    assert (result["verdict"], codes(result)[:1]) == (verdict, expected(code))
    # A job without its row count is read again, because the service may return it later.
    assert (result["polls"] > 1) == (verdict == "TIMEOUT")


def test_row_count_that_appears_later_is_used() -> None:
    steps = [(0, "FINISHED"), (15, "FINISHED", {"_result_count": 5})]
    result = gate(World({"7": steps}, lists=False), dli=True, job_ids="7", min_result_rows=5, **WAIT)
    assert (result["verdict"], result["elapsed"]) == ("PASS", 20)


def test_failed_job_fails_without_a_row_count() -> None:
    world = World({"7": [(0, "FAILED")]}, lists=False)
    assert codes(gate(world, dli=True, job_ids="7", min_result_rows=1, **WAIT)) == [("dli_failed", "7", None)]


# Readings every 10 s, ready from the start, stable_for 25: the numbers that restart_times and start_time have by time.
RESTARTS = [
    ("never", [(0, 3, 5)], "PASS", 25, 0),
    ("not compared with 0", [(0, 9, 5)], "PASS", 25, 0),
    ("an automatic restart", [(0, 3, 5), (5, 4, 5)], "PASS", 35, 1),
    ("two at once", [(0, 3, 5), (5, 5, 5)], "PASS", 35, 2),
    ("a new start that begins to count again", [(0, 3, 5), (5, 0, 6)], "PASS", 35, 1),
    ("a new start without a time", [(0, 3, None), (5, 0, None)], "PASS", 35, 1),
    ("a count that is missing for a while", [(0, 3, 5), (5, None, 5), (15, 3, 5)], "PASS", 25, 0),
    ("again and again", [(at, at, 5) for at in range(0, 60, 5)], "TIMEOUT", 59.95, 55),
]


@pytest.mark.parametrize(
    ("case", "steps", "verdict", "elapsed", "restarts"), RESTARTS, ids=[row[0] for row in RESTARTS]
)
def test_restart_starts_stable_for_again(case: str, steps: Any, verdict: str, elapsed: float, restarts: int) -> None:
    script = [(at, "job_running", {"_restart_times": count, "_start_time": start}) for at, count, start in steps]
    given: dict[str, Any] = {
        "job_ids": "7",
        "wait_for": "job_running",
        "stable_for": 25,
        "wait": True,
        "wait_timeout": 60,
    }
    result = gate(World({"7": script}, lists=False), kind="dli_flink", **given)
    assert (result["verdict"], result["elapsed"]) == (verdict, elapsed)
    assert result["job"]["restarts"] == restarts


def test_successful_batch_stays_ready() -> None:
    given: dict[str, Any] = {"batch_ids": "7", "stable_for": 12, "wait": True, "wait_timeout": 30}
    result = gate(World({"7": [(0, "success")]}, lists=False), kind="dli_spark", **given)
    assert (result["verdict"], result["elapsed"]) == ("PASS", 12)


def test_exception_grace_covers_an_automatic_restart() -> None:
    steps = [(0, "job_running_exception"), (15, "job_submitting"), (25, "job_running")]
    given: dict[str, Any] = {"job_ids": "7", "wait_for": "job_running", "wait": True, "wait_timeout": 60}
    assert gate(World({"7": steps}, lists=False), kind="dli_flink", exception_grace=30, **given)["verdict"] == "PASS"
    assert gate(World({"7": steps}, lists=False), kind="dli_flink", exception_grace=5, **given)["verdict"] == "FAIL"


def test_messages_name_the_reason_or_the_unexpected_end() -> None:
    steps = [(0, "job_submit_fail", {"_message": "no resources"})]
    assert gate(World({"7": steps}, lists=False), kind="dli_flink", job_ids="7", **WAIT)["msg"] == (
        "FAIL after 0.0 s: 7 is job_submit_fail: no resources."
    )
    world = World({"7": [(0, "success")]}, lists=False)
    assert gate(world, kind="dli_spark", batch_ids="7", wait_for="running", **WAIT)["msg"] == (
        "FAIL after 0.0 s: 7 is success and has ended, and wait_for names running."
    )


REFUSED = [
    (options.flink_selection, {}, "job_ids: no job is selected"),
    (options.flink_selection, {"job_ids": "1", "names": "a"}, "job_ids: job_ids and names are given"),
    (options.flink_selection, {"job_ids": "orders"}, "job_ids: 'orders' is no ID of a Flink job"),
    (options.spark_selection, {"batch_ids": " , "}, "batch_ids: no batch is given"),
    (options.flink_policy, {"wait_for": "job_submit_fail"}, "wait_for: job_submit_fail is a failing state"),
    (options.spark_policy, {"wait_for": "Dead"}, "wait_for: dead is a failing state"),
    (options.flink_policy, {"wait": True, "wait_timeout": 5, "stable_for": 9}, "stable_for: 9 s do not fit"),
    (options.dli_selection, {}, "job_ids: no job is selected"),
    (options.dli_selection, {"job_ids": "a", "queue": "q"}, "job_ids: job_ids and queue are given"),
    (options.dli_selection, {"job_ids": "a", "newest": True}, "newest: chooses among jobs"),
    (options.dli_selection, {"newest": True}, "job_ids: no job is selected"),
    (options.dli_selection, {"job_tags": {"release": 1.10}}, "job_tags: the value of 'release' must be text"),
    (options.dli_selection, {"job_tags": {"release": True}}, "job_tags: the value of 'release' must be text"),
    (options.dli_selection, {"job_tags": {"": "x"}}, "job_tags: keys have 1 to 128"),
    (options.dli_selection, {"since": "yesterday"}, "since: must be epoch milliseconds"),
    (options.dli_selection, {"queue": "q", "min_jobs": 0}, "min_jobs: must be a whole number"),
    (options.dli_policy, {"min_result_rows": -1}, "min_result_rows: must be a whole number"),
    (options.cancel_on, {"cancel_on": ["timeout", "fail"]}, "cancel_on: 'fail' is not one of timeout, stalled, abort"),
]


@pytest.mark.parametrize(("check", "given", "message"), REFUSED, ids=[row[2] for row in REFUSED])
def test_invalid_options_are_rejected(check: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        check(given)
    assert str(caught.value).startswith(message)


def test_unknown_state_in_wait_for_gives_a_warning() -> None:
    warnings: list[str] = []
    options.flink_policy({"wait_for": ["job_runing"]}, warn=warnings.append)
    assert len(warnings) == 1
    assert "job_runing is not a state of a Flink job" in warnings[0]
