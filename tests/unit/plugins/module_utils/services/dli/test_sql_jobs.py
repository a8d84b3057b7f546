# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DLI jobs: the progress call under both of its paths, and the status call if the progress is not sufficient."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import (
    DENIED,
    MISSING,
    PERMANENT,
    TRANSIENT,
    RequestError,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.dli.sql_jobs import Dli
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import STATUS, Reading
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.driver import Driver

NO_API = RequestError(PERMANENT, "no such API", status=404, error_code="APIGW.0101")
BUSY = RequestError(TRANSIENT, "busy", status=400, error_code="DLI.0999")
GONE = RequestError(MISSING, "no job", status=400, error_code="DLI.0002")
FORBIDDEN = RequestError(DENIED, "no", status=403, error_code="APIGW.0302")
RUNNING = {"is_success": True, "message": "", "status": "RUNNING", "progress": 0.5, "sub_job_id": 0, "sub_jobs": [{}]}

DATA = Path(__file__).resolve().parents[5] / "data"
EXAMPLE = "7c0d6a3e-1111-4222-8333-9a9b9c9d9e9f"  # the job of the examples

Respond = Callable[[str, str, str], Any]


def driver_of(respond: Respond) -> Driver:
    """Calls are answered by ``respond(version, job_id, what)``."""

    def answer(call: Any) -> Any:
        version, project, jobs, job_id, what = call.segments
        assert (call.service, project, jobs, call.query, call.headers) == ("dli", "{project_id}", "jobs", [], {})
        return respond(version, job_id, what)

    return Driver(answer)


def one(respond: Respond) -> tuple[Reading, list[str]]:
    """The reading of one job, and the calls that it took."""
    driver = driver_of(respond)
    reading = driver.run(Dli().status("j1"))
    assert reading.name == "j1"
    assert reading.source == STATUS
    assert [reading.job is not None, reading.missing, reading.error is not None].count(True) == 1
    return reading, calls(driver)


def explained(respond: Callable[[str, str, str], Any]) -> tuple[dict[str, Any], list[str]]:
    """A failed job with the reason from the status call, and the calls."""
    service = Dli()
    driver = Driver(lambda call: respond(call.segments[0], call.segments[3], call.segments[4]))
    reading = driver.run(service.status("j1"))
    assert reading.job is not None
    job = driver.run(service.explain(reading.job))
    return job, [f"{path[0]} {path[-1]}" for path in driver.paths()]


def calls(driver: Driver) -> list[str]:
    return [f"{version} {what}" for version, dummy, jobs, job_id, what in driver.paths()]


def test_progress_answer_is_read() -> None:
    reading, sent = one(lambda *dummy: dict(RUNNING))
    assert sent == ["v1 progress"]
    assert reading.at == 1000.0
    assert reading.job is not None
    assert (reading.job["job_id"], reading.job["status"], reading.job["progress"]) == ("j1", "RUNNING", 0.5)
    assert reading.job["sub_job_id"] == 0


@pytest.mark.parametrize("key", ["job_id", "jobId", "JOB_ID", "job-id"])
@pytest.mark.parametrize("job_id", ["another", "J1", "j1 ", "", "j1\u200b", 1, [], {}, True])
@pytest.mark.parametrize("what", ["progress", "status"])
def test_the_answer_for_another_job_is_rejected(key: str, job_id: Any, what: str) -> None:
    received = {**RUNNING, "status": "FINISHED", key: job_id}
    reading, dummy = one(lambda version, job_id, call: received if call == what else BUSY)
    assert reading.error is not None
    assert reading.error.kind == TRANSIENT
    assert "about another job" in str(reading.error)
    assert (reading.job, reading.missing) == (None, False)


@pytest.mark.parametrize(
    "received", [{}, {"job_id": "j1"}, {"jobId": "j1"}, {"job_id": None}, {"job_id": None, "jobId": "j1"}]
)
def test_answer_without_a_job_id_is_accepted(received: Any) -> None:
    reading, dummy = one(lambda *dummy: {**RUNNING, **received})
    assert reading.job is not None
    assert reading.job["job_id"] == "j1"


# -- the path of the progress call ------------------------------------------------------------------------------------


def test_the_other_path_is_tried_once_and_remembered() -> None:
    driver = driver_of(lambda version, job_id, what: RUNNING if version == "v1.0" else NO_API)
    service = Dli()
    assert driver.run(service.status("a")).job
    assert calls(driver) == ["v1 progress", "v1.0 progress"]
    assert service.refused == ["v1"]
    assert driver.run(service.status("a")).job
    assert driver.run(service.status("b")).job
    assert calls(driver)[2:] == ["v1.0 progress", "v1.0 progress"]
    again = Dli()
    again.refused = service.refused
    assert driver.run(again.status("a")).job
    assert calls(driver)[4:] == ["v1.0 progress"]


def test_other_path_is_found_by_concurrent_jobs() -> None:
    """Jobs are read concurrently: each of them finds that the path is wrong."""
    driver = driver_of(lambda version, job_id, what: RUNNING if version == "v1.0" else NO_API)
    service = Dli()
    tasks = [service.status(f"j{number}") for number in range(20)]
    batches = [next(task) for task in tasks]
    for task, batch in zip(tasks, batches):
        call = task.send(driver._answer(batch))
        with pytest.raises(StopIteration) as caught:
            task.send(driver._answer(call))
        assert caught.value.value.job
    assert driver.sent == 40


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_transient_error_does_not_reject_the_path(status: int) -> None:
    error = RequestError(TRANSIENT, "later", status=status, error_code="APIGW.0101")
    service = Dli()
    reading = driver_of(lambda *dummy: error).run(service.status("a"))
    assert reading.error is error
    assert service.refused == []


@pytest.mark.parametrize("prefix", ["APIGW", "APIG", "APIC"])
def test_missing_paths_are_an_error(prefix: str) -> None:
    error = RequestError(PERMANENT, "no such API", status=404, error_code=f"{prefix}.0101")
    driver, service = driver_of(lambda *dummy: error), Dli()
    assert driver.run(service.status("a")).error is error
    assert calls(driver) == ["v1 progress", "v1.0 progress"]
    assert driver.run(service.status("a")).error is error
    assert driver.sent <= 4


def test_http_404_with_a_job_code_is_a_missing_job() -> None:
    reading, sent = one(lambda *dummy: RequestError(MISSING, "no job", status=404, error_code="DLI.0023"))
    assert reading.missing
    assert sent == ["v1 progress"]


# -- the status call --------------------------------------------------------------------------------------------------


def test_busy_queue_leads_to_the_status_call() -> None:
    received = {"is_success": "true", "status": "RUNNING", "queue_name": "q", "start_time": 1, "duration": "2000"}
    reading, sent = one(lambda version, job_id, what: received if what == "status" else BUSY)
    assert sent == ["v1 progress", "v1.0 status"]
    assert reading.at == 1001.0
    assert reading.job is not None
    assert (reading.job["status"], reading.job["queue_name"], reading.job["duration"]) == ("RUNNING", "q", 2000)
    assert (reading.job["progress"], reading.job["sub_jobs"], reading.job["tasks"]) == (None, [], None)


def example(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text("utf-8"))
    return data


@pytest.mark.parametrize(
    ("name", "state", "rows", "bad_rows", "message"),
    [
        ("dli_sql_status_finished", "FINISHED", 120, 0, ""),
        ("dli_sql_status_finish_spelling", "FINISHED", 120, 0, ""),
        ("dli_sql_status_bad_rows", "FINISHED", 0, 12, ""),
        ("dli_sql_status_failed", "FAILED", None, None, "Table default.staging is missing."),
    ],
)
def test_status_call_answers_are_read(
    name: str, state: str, rows: int | None, bad_rows: int | None, message: str
) -> None:
    """An ended job has its outcome, and no field that the service did not return."""
    received = example(name)
    driver = driver_of(lambda version, job_id, what: received if what == "status" else BUSY)
    job = driver.run(Dli().status(EXAMPLE)).job
    assert job is not None
    assert (job["job_id"], job["status"], job["message"]) == (EXAMPLE, state, message)
    assert (job.get("result_count"), job.get("bad_row_count")) == (rows, bad_rows)
    assert (job["tags"], job["start_time"], job["duration"]) == (
        [{"key": "release", "value": "42"}],
        1772323200000,
        17731,
    )
    assert (job["progress"], job["tasks"]) == (None, None)


@pytest.mark.parametrize(
    ("name", "state", "message"),
    [
        ("dli_sql_status_failed", "FAILED", "Table default.staging is missing."),
        ("dli_sql_status_failed", "CANCELED", "Table default.staging is missing. (the status call says FAILED)"),
        ("dli_sql_status_finish_spelling", "FAILED", "the status call says FINISHED"),
        ("dli_sql_status_bad_rows", "CANCELED", "the status call says FINISHED"),
    ],
)
def test_failure_reason_is_read_from_the_example(name: str, state: str, message: str) -> None:
    service, received = Dli(), example(name)
    driver = driver_of(lambda version, job_id, what: received if what == "status" else {"status": state})
    reading = driver.run(service.status(EXAMPLE))
    assert reading.job is not None
    job = driver.run(service.explain(reading.job))
    assert job["status"] == {"CANCELED": "CANCELLED"}.get(state, state)
    assert job["message"] == message
    assert job["queue_name"] == "etl_queue"


@pytest.mark.parametrize("error", [BUSY, FORBIDDEN, RequestError(TRANSIENT, "broke")])
def test_busy_queue_and_failed_status_call_is_an_error(error: RequestError) -> None:
    busy = RequestError(TRANSIENT, "busy", status=400, error_code="DLI.0999")
    reading, dummy = one(lambda version, job_id, what: error if what == "status" else busy)
    assert reading.error is error
    assert reading.at == 1001.0  # its time is that of the status call


def test_error_before_sending_has_no_time() -> None:
    task = Dli().status("j1")
    next(task)
    with pytest.raises(StopIteration) as caught:
        task.send([RequestError(TRANSIENT, "no token")])
    assert caught.value.value.at == 0.0


def test_busy_queue_and_missing_status_is_a_missing_job() -> None:
    reading, dummy = one(lambda version, job_id, what: GONE if what == "status" else BUSY)
    assert reading.missing


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "failed"])
def test_the_reason_of_a_failure_comes_from_the_status_call(state: str) -> None:
    progress = {"status": state, "progress": 0.4, "sub_job_id": 3, "sub_jobs": [{"num_tasks": 4}], "extra": 1}
    received = {"status": state, "message": "out of memory", "queue_name": "q", "sub_jobs": []}
    job, sent = explained(lambda version, job_id, what: received if what == "status" else progress)
    assert sent == ["v1 progress", "v1.0 status"]
    assert (job["status"], job["message"], job["queue_name"]) == (state.upper(), "out of memory", "q")
    assert (job["progress"], job["sub_job_id"], job["extra"], job["tasks"]["total"]) == (0.4, 3, 1, 4)


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "CANCELED", "failed"])
@pytest.mark.parametrize("received", ["FINISHED", "FINISH", "RUNNING", "NEW", "CANCELLED", "FAILED"])
@pytest.mark.parametrize("message", ["", "why"])
def test_failed_state_is_final(state: str, received: str, message: str) -> None:
    """Another call may return an older state; FAILED and CANCELLED are final."""
    right = {"FAILED": "FAILED", "failed": "FAILED"}.get(state, "CANCELLED")
    answer = {"status": received, "message": message, "progress": 1}
    job, dummy = explained(lambda version, job_id, what: answer if what == "status" else {"status": state})
    assert job["status"] == right
    assert message in job["message"]
    assert ("the status call says" in job["message"]) is (received != right)


@pytest.mark.parametrize("received", [BUSY, GONE, FORBIDDEN, {}, None, "x", {"is_success": False, "message": "no"}])
def test_failure_without_a_reason_is_a_failure(received: Any) -> None:
    job, dummy = explained(lambda version, job_id, what: received if what == "status" else {"status": "FAILED"})
    assert (job["status"], job["message"], job["job_id"]) == ("FAILED", "", "j1")


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "FINISHED", "LAUNCHING", "SCALING", "RUNNING", "NEW"])
def test_reading_sends_no_call_for_the_message(state: str) -> None:
    dummy, sent = one(lambda *dummy: {"status": state})
    assert sent == ["v1 progress", *["v1.0 status"] * (state == "FINISHED")]


def test_failure_with_a_message_sends_no_further_call() -> None:
    reading, sent = one(lambda *dummy: {"status": "FAILED", "message": "why"})
    assert sent == ["v1 progress"]
    assert reading.job is not None
    assert reading.job["message"] == "why"


# -- invalid states and answers------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        ("FINISH", "FINISHED"),
        ("finish", "FINISHED"),
        ("FINISHED", "FINISHED"),
        ("CANCELED", "CANCELLED"),
        ("Cancelled", "CANCELLED"),
        ("ACTIVE", "ACTIVE"),
    ],
)
def test_states_are_normalized(sent: str, state: str) -> None:
    reading, dummy = one(lambda *dummy: {"status": sent, "message": "m"})
    assert reading.job is not None
    assert reading.job["status"] == state


@pytest.mark.parametrize("key", ["is_success", "isSuccess", "IsSuccess", "success", "is-success"])
@pytest.mark.parametrize("success", [True, "true", "True", " TRUE ", 1, "1"])
def test_is_success_may_be_text(key: str, success: Any) -> None:
    reading, dummy = one(lambda *dummy: {key: success, "status": "RUNNING"})
    assert reading.job is not None
    assert "is_success" not in reading.job


@pytest.mark.parametrize("key", ["is_success", "isSuccess", "IsSuccess", "success", "is-success"])
@pytest.mark.parametrize("success", [False, "false", "False", None, 0, "0", "", "no", 2, [], {}])
def test_false_is_success_is_unreadable(key: str, success: Any) -> None:
    reading, sent = one(lambda *dummy: {key: success, "status": "FINISHED", "message": "queue stopped"})
    assert sent == ["v1 progress"]
    assert reading.error is not None
    assert (reading.error.kind, reading.error.status) == (TRANSIENT, 200)
    assert "did not succeed: queue stopped" in str(reading.error)


@pytest.mark.parametrize("data", [None, [], "x", 5, {}, {"status": None}, {"status": " "}, {"status": 5}])
def test_answers_without_a_state_are_unreadable(data: Any) -> None:
    reading, dummy = one(lambda *dummy: data)
    assert reading.error is not None
    assert reading.error.kind == TRANSIENT


ANSWERS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([NO_API, BUSY, GONE, FORBIDDEN, None, [], {}]),
    st.fixed_dictionaries(
        {},
        optional={
            "is_success": st.sampled_from([True, "true", False, "false", None]),
            "status": st.sampled_from(["RUNNING", "FINISHED", "FAILED", "CANCELLED", "", None, 5, "new"]),
            "message": st.sampled_from(["", "why", None, ["x"], 5]),
            "progress": st.sampled_from([0, 1, "0.5", None, "x"]),
            "sub_jobs": st.sampled_from([None, [], [{}], [{"num_tasks": 3}], "x"]),
        },
    ),
)


@given(st.dictionaries(st.tuples(st.sampled_from(["v1", "v1.0"]), st.booleans()), ANSWERS), st.integers(1, 4))
def test_any_answers_give_one_reading_per_job(answers: dict[tuple[str, bool], Any], count: int) -> None:
    driver = driver_of(lambda version, job_id, what: answers.get((version, what == "status"), RUNNING))
    service = Dli()
    for job_id in [f"j{number}" for number in range(count)] * 2:
        reading = driver.run(service.status(job_id))
        assert reading.name == job_id
        assert [reading.job is not None, reading.missing, reading.error is not None].count(True) == 1
    assert driver.sent <= 2 * 4 * count


# -- a finished job ---------------------------------------------------------------------------------------------------


DONE = {"is_success": True, "status": "FINISHED", "progress": 1}


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ({"is_success": True, "status": "FINISHED"}, "FINISHED"),
        ({"is_success": True, "status": "FINISH", "statement": "select 1"}, "FINISHED"),
        ({"is_success": True, "status": "FAILED", "message": "why"}, "FAILED"),
        ({"is_success": True, "status": "CANCELED"}, "CANCELLED"),
        ({"is_success": True, "status": "RUNNING"}, "RUNNING"),
        ({"is_success": True, "status": "SUSPENDED"}, "SUSPENDED"),
        ({"is_success": True, "status": "FINISHED", "job_id": "j2"}, "unreadable"),
        ({"is_success": False, "status": "FINISHED"}, "unreadable"),
        ({}, "unreadable"),
        (BUSY, "unreadable"),
        (FORBIDDEN, "unreadable"),
        (GONE, "missing"),
        # A cloud that does not have the call.
        (RequestError(PERMANENT, "no path", status=404, error_code="APIGW.0101"), "FINISHED"),
        (RequestError(PERMANENT, "no path", status=404), "FINISHED"),
        (RequestError(PERMANENT, "bad", status=400), "unreadable"),
        (RequestError(MISSING, "no job", status=404, error_code="DLI.0023"), "missing"),
    ],
)
def test_a_job_is_finished_only_if_both_calls_say_so(received: Any, expected: str) -> None:
    driver = driver_of(lambda version, job_id, what: DONE if what == "progress" else received)
    reading = driver.run(Dli().status("j1"))
    assert calls(driver) == ["v1 progress", "v1.0 status"]
    found = "missing" if reading.missing else "unreadable" if reading.job is None else reading.job["status"]
    assert found == expected
    assert "statement" not in (reading.job or {})


# -- numbers of rows --------------------------------------------------------------------------------------------------


def figures(status: Any) -> Reading:
    """A finished job with this answer of the status call."""
    driver = driver_of(lambda version, job_id, what: DONE if what == "progress" else status)
    return driver.run(Dli().status("j1", True))


@pytest.mark.parametrize(
    ("status", "state", "rows"),
    [
        ({**DONE, "result_count": 5, "bad_row_count": 0}, "FINISHED", (5, 0)),
        ({**DONE, "status": "FINISH", "result_count": "5"}, "FINISHED", (5, None)),
        (DONE, "FINISHED", (None, None)),
        ({**DONE, "result_count": 5, "bad_row_count": 0.9}, "FINISHED", (5, 0.9)),
        # Not finished by the status call: its numbers are not the last ones.
        ({**DONE, "status": "RUNNING", "result_count": 5}, "RUNNING", (None, None)),
        ({**DONE, "status": "FAILED", "result_count": 5}, "FAILED", (5, None)),
    ],
)
def test_finished_job_has_row_counts(status: Any, state: str, rows: Any) -> None:
    job = figures(status).job
    assert job is not None
    assert job["status"] == state
    assert (job.get("result_count"), job.get("bad_row_count")) == rows


def test_finished_job_without_row_counts_is_unreadable() -> None:
    assert figures(FORBIDDEN).error is FORBIDDEN
    assert figures({"is_success": False}).error is not None


def test_the_status_call_is_made_only_for_a_finished_job() -> None:
    driver = driver_of(lambda version, job_id, what: RUNNING)
    driver.run(Dli().status("j1", True))
    assert calls(driver) == ["v1 progress"]


# -- cancelling -------------------------------------------------------------------------------------------------------

ENDED = RequestError(TRANSIENT, "ended", status=400, error_code="DLI.0001")
BROKEN = RequestError(TRANSIENT, "no answer")


@pytest.mark.parametrize(
    ("answer", "state", "fields", "requests"),
    [
        ({"is_success": True}, "RUNNING", (True, False, False), ["DELETE"]),
        ({"is_success": False, "message": "ended"}, "FINISHED", (False, False, True), ["DELETE", "GET"]),
        (ENDED, "CANCELLED", (False, False, True), ["DELETE", "GET"]),
        (ENDED, "RUNNING", (False, False, False), ["DELETE", "GET"]),
        (GONE, "RUNNING", (False, False, True), ["DELETE"]),
        (BROKEN, "RUNNING", (False, True, False), ["DELETE", "GET"]),
        (BROKEN, "CANCELLED", (False, True, True), ["DELETE", "GET"]),
        (FORBIDDEN, "RUNNING", (False, False, False), ["DELETE", "GET"]),
    ],
)
def test_job_is_cancelled_once(answer: Any, state: str, fields: Any, requests: list[str]) -> None:
    driver = Driver(lambda call: answer if call.method == "DELETE" else {"is_success": True, "status": state})
    result = driver.run(Dli().cancel("j1", False))
    assert (result.is_taken, result.may_be_taken, result.has_ended) == fields
    assert [call.method for call in driver.calls] == requests
    assert driver.calls[0].segments == ("v1.0", "{project_id}", "jobs", "j1")


def test_ended_job_is_not_cancelled() -> None:
    driver = driver_of(lambda version, job_id, what: DONE)
    assert driver.run(Dli().cancel("j1", True)).has_ended
    assert calls(driver) == ["v1 progress"]


@pytest.mark.parametrize(
    ("name", "is_taken", "problem"),
    [
        ("dli_sql_cancel_answer", True, ""),
        ("dli_sql_cancel_refused_unproven", False, "The job has ended."),
    ],
)
def test_cancellation_answers_of_the_examples(name: str, is_taken: bool, problem: str) -> None:
    driver = Driver(lambda call: example(name if call.method == "DELETE" else "dli_progress_running"))
    found = driver.run(Dli().cancel("85798b38-ae44-48eb-bb90-7cf0dcdafe7b", False))
    assert found.is_taken == is_taken
    assert problem in found.problem
