# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data of a report from a gate's result, also with missing keys."""

from __future__ import annotations

from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report import report_facts, states
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.gate.data import LEFT_OUT, Gate, read
from ansible_collections.datagate.huaweicloud.tests.unit.plugin_utils.test_report_samples import (
    REFUSED,
    change,
    dli,
    failed,
    job,
    passed,
    reason,
    result,
)

ABOUT = report_facts.read(None, "Gate")


def gate(data: dict[str, Any]) -> Gate:
    return read(data, ABOUT)


def test_jobs_are_sorted_by_severity() -> None:
    found = gate(failed())
    assert [(item.name, item.verdict) for item in found.jobs] == [
        ("job_sms", "FAIL"),
        ("job_payments", "PENDING"),
        ("job_orders_stream", "PASS"),
    ]
    assert [(item.name, item.kind) for item in found.states] == [("STARTING", "way"), ("NORMAL", "ready")]
    assert found.jobs[0].nodes[0].name == "DLI_SMS_GES"
    assert (found.bad, found.further, found.noun, found.end) == (True, 0, "job", 71.0)


def test_settled_at_is_the_last_relevant_change() -> None:
    found = {item.name: item.settled_at for item in gate(failed()).jobs}
    # A node fails job_sms, so the node's change counts.
    assert found == {"job_sms": 70.4, "job_payments": 20.3, "job_orders_stream": 30.1}


def test_ready_job_that_was_not_read_again_is_pending() -> None:
    late = reason("still_pending", "a", "a was NORMAL 20 s before the end and was not reached again", status="NORMAL")
    found = gate(result("TIMEOUT", [job("a", "NORMAL", "PASS")], reasons=[late]))
    assert [(item.verdict, len(item.reasons)) for item in found.jobs] == [("PENDING", 1)]


def test_jobs_that_are_not_returned_are_named() -> None:
    sample = failed()
    sample.update(
        jobs=[item for item in sample["jobs"] if item["verdict"] != "PASS"], by_status={"NORMAL": 7, "STARTING": 1}
    )
    found = gate(sample)
    assert [(item.name, item.verdict, item.returned) for item in found.jobs] == [
        ("job_sms", "FAIL", True),
        ("job_payments", "PENDING", True),
        ("job_orders_stream", "PASS", False),
    ]
    assert found.jobs[2].status == "NORMAL"
    assert found.further == 5
    sample.update(jobs=[], history=[])
    found = gate(sample)
    assert [(item.name, item.verdict, item.status) for item in found.jobs] == [
        ("job_sms", "FAIL", ""),
        ("job_payments", "PENDING", "STARTING"),
    ]
    assert found.further == 6


def test_job_is_named_as_it_was_selected() -> None:
    failing = reason("job_failed", "50321", "50321 is job_submit_fail", status="job_submit_fail")
    by_id = {"job_id": "50321", "name": "orders", "status": "job_submit_fail", "verdict": "FAIL", "reasons": [failing]}
    batch = {"batch_id": "b-1", "name": "nightly", "status": "success", "verdict": "PASS", "reasons": []}
    sample = result("FAIL", [by_id, batch], reasons=[failing])
    sample["history"] = [{"at": 0.0, "job": "b-1", "node": None, "previous": None, "status": "success"}]
    sample["gate"] = {"kind": "Flink job"}
    found = gate(sample)
    assert [(item.name, item.verdict, item.kind) for item in found.jobs] == [
        ("50321", "FAIL", "failing"),
        ("b-1", "PASS", "ready"),
    ]
    assert found.noun == "Flink job"


def test_single_job_is_reported_with_each_value_of_return_jobs() -> None:
    sample = result("PASS", [job("a", "NORMAL", "PASS")])
    sample["jobs"] = []
    assert [item.name for item in gate(sample).jobs] == ["a"]


def test_missing_job_of_a_passed_gate_is_left_out() -> None:
    missing = reason("job_missing", "new", "new does not exist")
    found = gate(result("PASS", [job("a", "NORMAL", "PASS")], reasons=[missing]))
    assert [(item.name, item.verdict) for item in found.jobs] == [("new", LEFT_OUT), ("a", "PASS")]
    assert (found.bad, found.further) == (False, 0)


def test_missing_job_of_a_failed_gate_fails() -> None:
    missing = reason("job_missing", "new", "new does not exist")
    found = gate(result("FAIL", [job("new", None, "FAIL", [missing])]))
    assert [(item.verdict, item.status, item.kind) for item in found.jobs] == [("FAIL", "missing", "failing")]
    found = gate(result("FAIL", [], reasons=[missing], by_status={"missing": 1}))
    assert [item.verdict for item in found.jobs] == ["FAIL"]


def test_tolerated_failures_do_not_fail_the_gate() -> None:
    broken = job("a", "EXCEPTION", "FAIL", [reason("job_exception", "a", "a is EXCEPTION", status="EXCEPTION")])
    found = gate(result("PASS", [job("b", "NORMAL", "PASS"), broken]))
    assert [(item.name, item.tolerated) for item in found.jobs] == [("a", True), ("b", False)]
    assert not found.bad


def test_reasons_without_a_job_belong_to_the_gate() -> None:
    found = gate(result("ERROR", [], reasons=[reason("denied", None, "the jobs could not be read")]))
    assert [item.code for item in found.reasons] == ["denied"]
    assert found.jobs == []


def test_rejected_option_is_an_error() -> None:
    for sample in (REFUSED, {"failed": True, "msg": "workspace: no"}):
        found = gate(sample)
        assert (found.verdict, found.bad, found.jobs, found.elapsed) == ("ERROR", True, [], None)


def test_ready_states_are_those_of_wait_for() -> None:
    draining = result(
        "PENDING",
        [
            job("a", "STOPPED", "PASS"),
            job("b", "NORMAL", "PENDING", [reason("still_pending", "b", "b is NORMAL", status="NORMAL")]),
        ],
    )
    found = gate(draining).classes
    assert (found.of("STOPPED"), found.of("NORMAL")) == (states.READY, states.ON_ITS_WAY)
    drained = result("PASS", [], by_status={"STOPPED": 300})
    found = gate(drained).classes
    assert (found.of("STOPPED"), found.of("NORMAL")) == (states.READY, states.ON_ITS_WAY)
    running = gate(passed()).classes
    assert (running.of("STOPPED"), running.of("NORMAL")) == (states.STOPPED, states.READY)
    strict = result("FAIL", [job("a", "PAUSE", "FAIL", [reason("job_exception", "a", "a is PAUSE", status="PAUSE")])])
    assert gate(strict).classes.of("PAUSE") == states.FAILING
    assert running.of("BRAND_NEW") == running.of(None) == states.UNKNOWN


def test_dli_jobs_show_progress_and_tasks() -> None:
    found = gate(dli())
    assert found.noun == "DLI job"
    assert [item.work.words for item in found.jobs if item.work] == [
        "45 %, 90 of 200 tasks completed, 12 active, 3 failed, sub-job 1",
        "100 %",
    ]


def test_control_characters_are_replaced() -> None:
    name = "\x1b[31m\u202ejob\ud800"
    found = gate(
        result("FAIL", [job(name, name, "FAIL", [])], history=[change(1, name, name, None, name)], msg="a\nb\x00")
    )
    assert found.message == "a b\N{REPLACEMENT CHARACTER}"
    assert found.jobs[0].name.isprintable()
    assert found.jobs[0].status.isprintable()
    assert found.changes[0].job.isprintable()


def test_flink_jobs_are_identified_by_the_selected_id_or_name() -> None:
    jobs = [
        {"job_id": "131", "name": "132", "status": "job_running", "verdict": "PASS", "reasons": []},
        {"job_id": "132", "name": "orders", "status": "job_running_exception", "verdict": "FAIL", "reasons": []},
        {"job_id": "133", "name": "orders", "status": "job_finish", "verdict": "FAIL", "reasons": []},
    ]
    reasons = [
        reason("job_failed", "132", "132 is job_running_exception: no topic", status="job_running_exception"),
        reason("job_failed", "133", "133 is job_finish and has ended", status="job_finish"),
    ]
    sample = result("FAIL", jobs, reasons=reasons)
    sample["gate"] = {"kind": "Flink job", "selection": {"job_ids": ["131", "132", "133"]}}
    found = gate(sample)
    assert [(item.name, item.verdict, item.kind) for item in found.jobs] == [
        ("132", "FAIL", states.FAILING),
        ("133", "FAIL", states.FAILING),
        ("131", "PASS", states.READY),
    ]
    assert found.noun == "Flink job"
    by_name = {**sample, "gate": {"kind": "Flink job", "selection": {"names": ["132", "orders"]}}, "reasons": []}
    by_name["jobs"] = jobs[:2]
    assert {item.name for item in gate(by_name).jobs} == {"orders", "132"}


def test_failed_spark_batch_shows_its_log() -> None:
    batch = {"batch_id": "b-1", "name": "nightly", "status": "dead", "verdict": "FAIL", "log": ["OutOfMemoryError"]}
    found = reason("job_failed", "b-1", "b-1 is dead: OutOfMemoryError", status="dead")
    sample = {**result("FAIL", [{**batch, "reasons": [found]}], reasons=[found]), "gate": {"kind": "Spark job"}}
    (shown,) = gate(sample).jobs
    assert (shown.name, shown.verdict, shown.kind) == ("b-1", "FAIL", states.FAILING)
    assert shown.reasons[0].message == "b-1 is dead: OutOfMemoryError"
