# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DLI jobs: the progress call under both of its paths, and the status call where that one does not tell enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud.errors import (
    DENIED,
    MISSING,
    PERMANENT,
    TRANSIENT,
    RequestError,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils.services.dli import Dli, refusal
from ansible_collections.datagate.huaweicloud.plugins.module_utils.services.readings import STATUS, Reading
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.fake_session import FakeSession

NO_API = RequestError(PERMANENT, "no such API", status=404, error_code="APIGW.0101")
BUSY = RequestError(TRANSIENT, "busy", status=400, error_code="DLI.0999")
GONE = RequestError(MISSING, "no job", status=400, error_code="DLI.0002")
FORBIDDEN = RequestError(DENIED, "no", status=403, error_code="APIGW.0302")
RUNNING = {"is_success": True, "message": "", "status": "RUNNING", "progress": 0.5, "sub_job_id": 0, "sub_jobs": [{}]}

Respond = Callable[[str, str, str], Any]


def service_of(respond: Respond, reverse: bool = False) -> tuple[Dli, FakeSession]:
    """A service whose calls are answered by ``respond(version, job_id, what)``."""

    def answer(call: Any) -> Any:
        version, project, jobs, job_id, what = call.segments
        assert (call.service, project, jobs, call.query, call.headers) == ("dli", "{project_id}", "jobs", [], {})
        return respond(version, job_id, what)

    session = FakeSession(answer, reverse)
    return Dli(session), session  # type: ignore[arg-type]


def one(respond: Respond) -> tuple[Reading, list[str]]:
    """The reading of one job, and the calls that it took."""
    service, session = service_of(respond)
    (reading,) = service.statuses(["j1"])
    assert reading.name == "j1"
    assert reading.source == STATUS
    assert [reading.job is not None, reading.missing, reading.error is not None].count(True) == 1
    return reading, calls(session)


def calls(session: FakeSession) -> list[str]:
    return [f"{version} {what}" for version, dummy, jobs, job_id, what in session.asked()]


def test_progress() -> None:
    reading, asked = one(lambda *dummy: dict(RUNNING))
    assert asked == ["v1 progress"]
    assert reading.at == 1000.0
    assert reading.job is not None
    assert (reading.job["job_id"], reading.job["status"], reading.job["progress"]) == ("j1", "RUNNING", 0.5)
    assert reading.job["sub_job_id"] == 0


def test_the_id_asked_for_is_the_jobs_id() -> None:
    reading, dummy = one(lambda *dummy: {**RUNNING, "job_id": "another"})
    assert reading.job is not None
    assert reading.job["job_id"] == "j1"


@pytest.mark.parametrize("reverse", [False, True])
def test_several_jobs(reverse: bool) -> None:
    answers = {"a": RUNNING, "b": GONE, "c": BUSY, "d": FORBIDDEN, "e": {"status": "FINISHED", "message": ""}}

    def respond(version: str, job_id: str, what: str) -> Any:
        return {"status": "RUNNING"} if what == "status" else answers[job_id]

    service, session = service_of(respond, reverse)
    readings = {reading.name: reading for reading in service.statuses(answers)}
    assert set(readings) == set(answers)
    assert session.sent == 6
    assert readings["b"].missing
    assert readings["d"].error is FORBIDDEN
    assert readings["c"].job is not None
    assert readings["c"].job["status"] == "RUNNING"


# -- the path of the progress call ------------------------------------------------------------------------------------


def test_the_other_path_is_tried_once_and_remembered() -> None:
    service, session = service_of(lambda version, job_id, what: RUNNING if version == "v1.0" else NO_API)
    assert all(reading.job for reading in service.statuses(["a"]))
    assert calls(session) == ["v1 progress", "v1.0 progress"]
    assert all(reading.job for reading in service.statuses(["a", "b"]))
    assert calls(session)[2:] == ["v1.0 progress", "v1.0 progress"]


def test_the_other_path_for_many_jobs_at_once() -> None:
    service, session = service_of(lambda version, job_id, what: RUNNING if version == "v1.0" else NO_API, reverse=True)
    ids = [f"j{number}" for number in range(20)]
    readings = list(service.statuses(ids))
    assert sorted(reading.name for reading in readings) == sorted(ids)
    assert all(reading.job for reading in readings)
    assert session.sent <= 40


@pytest.mark.parametrize("prefix", ["APIGW", "APIG", "APIC"])
def test_neither_path_exists(prefix: str) -> None:
    error = RequestError(PERMANENT, "no such API", status=404, error_code=f"{prefix}.0101")
    service, session = service_of(lambda *dummy: error)
    (reading,) = service.statuses(["a"])
    assert reading.error is error
    assert calls(session) == ["v1 progress", "v1.0 progress"]
    (reading,) = service.statuses(["a"])
    assert reading.error is error
    assert session.sent <= 4


def test_a_404_of_the_job_itself_is_no_wrong_path() -> None:
    reading, asked = one(lambda *dummy: RequestError(MISSING, "no job", status=404, error_code="DLI.0023"))
    assert reading.missing
    assert asked == ["v1 progress"]


# -- the status call --------------------------------------------------------------------------------------------------


def test_a_busy_queue_asks_for_the_status() -> None:
    told = {"is_success": "true", "status": "RUNNING", "queue_name": "q", "start_time": 1, "duration": "2000"}
    reading, asked = one(lambda version, job_id, what: told if what == "status" else BUSY)
    assert asked == ["v1 progress", "v1.0 status"]
    assert reading.at == 1001.0
    assert reading.job is not None
    assert (reading.job["status"], reading.job["queue_name"], reading.job["duration"]) == ("RUNNING", "q", 2000)
    assert (reading.job["progress"], reading.job["sub_jobs"], reading.job["tasks"]) == (None, [], None)


@pytest.mark.parametrize("error", [BUSY, FORBIDDEN, RequestError(TRANSIENT, "broke")])
def test_a_busy_queue_and_no_status(error: RequestError) -> None:
    reading, dummy = one(lambda version, job_id, what: error if what == "status" else BUSY)
    assert reading.error is error


def test_a_busy_queue_and_the_job_is_gone() -> None:
    reading, dummy = one(lambda version, job_id, what: GONE if what == "status" else BUSY)
    assert reading.missing


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "failed"])
def test_a_failure_without_a_message_asks_for_it(state: str) -> None:
    progress = {"status": state, "progress": 0.4, "sub_job_id": 3, "sub_jobs": [{"num_tasks": 4}], "extra": 1}
    told = {"status": state, "message": "out of memory", "queue_name": "q", "sub_jobs": []}
    reading, asked = one(lambda version, job_id, what: told if what == "status" else progress)
    assert asked == ["v1 progress", "v1.0 status"]
    job = reading.job
    assert job is not None
    assert (job["status"], job["message"], job["queue_name"]) == (state.upper(), "out of memory", "q")
    assert (job["progress"], job["sub_job_id"], job["extra"], job["tasks"]["total"]) == (0.4, 3, 1, 4)


@pytest.mark.parametrize("told", [BUSY, GONE, FORBIDDEN, {}, None, "x", {"is_success": False, "message": "no"}])
def test_a_failure_stays_a_failure_when_nobody_tells_why(told: Any) -> None:
    reading, dummy = one(lambda version, job_id, what: told if what == "status" else {"status": "FAILED"})
    assert reading.job is not None
    assert (reading.job["status"], reading.job["message"], reading.job["job_id"]) == ("FAILED", "", "j1")


@pytest.mark.parametrize("state", ["FINISHED", "LAUNCHING", "SCALING", "RUNNING", "NEW"])
def test_other_states_need_no_message(state: str) -> None:
    dummy, asked = one(lambda *dummy: {"status": state})
    assert asked == ["v1 progress"]


def test_a_failure_with_a_message_needs_no_other_call() -> None:
    reading, asked = one(lambda *dummy: {"status": "FAILED", "message": "why"})
    assert asked == ["v1 progress"]
    assert reading.job is not None
    assert reading.job["message"] == "why"


# -- answers that are none --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("success", [True, "true", "True", " TRUE "])
def test_success_comes_as_text_as_well(success: Any) -> None:
    assert refusal({"is_success": success, "status": "RUNNING"}) is None
    assert refusal({"status": "RUNNING"}) is None


@pytest.mark.parametrize("success", [False, "false", "False", None, 0, "", "no"])
def test_no_success(success: Any) -> None:
    reading, asked = one(lambda *dummy: {"is_success": success, "status": "FINISHED", "message": "queue\nstopped"})
    assert asked == ["v1 progress"]
    assert reading.error is not None
    assert (reading.error.kind, reading.error.status) == (TRANSIENT, 200)
    assert "did not succeed: queue\ufffdstopped" in str(reading.error)


@pytest.mark.parametrize("data", [None, [], "x", 5, {}, {"status": None}, {"status": " "}, {"status": 5}])
def test_answers_without_a_state(data: Any) -> None:
    reading, dummy = one(lambda *dummy: data)
    assert reading.error is not None
    assert reading.error.kind == TRANSIENT


def test_ids_are_taken_one_by_one() -> None:
    taken: list[str] = []

    def ids() -> Any:
        for number in range(100):
            taken.append(str(number))
            yield str(number)

    service, dummy = service_of(lambda *dummy: RUNNING)
    assert len(list(service.statuses(ids(), deadline=1003.0))) == 3
    assert len(taken) == 3


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
def test_one_reading_for_each_job_whatever_is_answered(answers: dict[tuple[str, bool], Any], count: int) -> None:
    service, session = service_of(lambda version, job_id, what: answers.get((version, what == "status"), RUNNING))
    ids = [f"j{number}" for number in range(count)]
    for dummy in range(2):
        readings = list(service.statuses(ids))
        assert sorted(reading.name for reading in readings) == ids
        for reading in readings:
            assert [reading.job is not None, reading.missing, reading.error is not None].count(True) == 1
    assert session.sent <= 2 * 3 * count
