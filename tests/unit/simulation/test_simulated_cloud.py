# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated cloud and its clock behave as the tests on them assume."""

from __future__ import annotations

import json
import queue
import threading
from typing import Any

import pytest
import requests

from ansible_collections.datagate.huaweicloud.tests.unit.simulation.job_scripts import (
    BROKEN,
    EVERYTHING,
    FOREIGN,
    GARBAGE,
    HANG,
    INTERIM,
    LIST,
    SLOW,
    THROTTLED,
    UNAUTHORIZED,
    UNAVAILABLE,
    UNSUCCESSFUL,
    Trouble,
    dli_job,
    flink_job,
    job,
    spark_batch,
)
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.request_log import LISTING, JobContent
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.runner import run_gate
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.simulated_cloud import (
    BY_UPDATE,
    DATAARTS,
    DLI,
    PROJECT_ID,
    RECORDS,
    Habits,
    SimulatedCloud,
)
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.virtual_time import EPOCH, START, VirtualTime


class MadeUpFlight:
    """The part of a running request that the transport uses."""

    def __init__(self, url: str, sent_at: float, lasts: float = 30.0) -> None:
        self.prepared = requests.Request("GET", url).prepare()
        self.sent_at = sent_at
        self.bound = sent_at + lasts
        self.given_up = threading.Event()
        self.head: Any = None
        self.outcome: Any = None

    @property
    def body(self) -> Any:
        """The decoded body."""
        return json.loads(self.outcome.data)


class Line:
    """A cloud, its clock, and the requests to it."""

    def __init__(self, cloud: SimulatedCloud, **more: Any) -> None:
        self.cloud = cloud
        self.time = VirtualTime(cloud.receive, **more)
        self.done: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def send(self, path: str, host: str = DATAARTS) -> MadeUpFlight:
        """Send a request."""
        flight = MadeUpFlight(host + path.replace("PROJECT", PROJECT_ID), self.time.now())
        self.time.start(flight, self.done)
        return flight

    def get(self, path: str, host: str = DATAARTS) -> MadeUpFlight:
        """Send a request and wait for its answer."""
        flight = self.send(path, host)
        assert self.time.wait(self.done, 60, True) is flight
        return flight

    def names(self, offset: int, limit: int = 100, more: str = "") -> list[str]:
        """The names on a page of the list."""
        path = f"/v1/PROJECT/jobs?jobType=REAL_TIME&offset={offset}&limit={limit}{more}"
        return [item["name"] for item in self.get(path).body["jobs"]]


STATUS_OF_A = "/v1/PROJECT/jobs/a/status"


def test_answers_arrive_at_their_time() -> None:
    cloud = SimulatedCloud([job("a", "NORMAL"), job("b", "NORMAL")], [Trouble("a", SLOW, seconds=5)])
    line = Line(cloud)
    slow, quick = line.send(STATUS_OF_A), line.send("/v1/PROJECT/jobs/b/status")
    assert line.time.wait(line.done, 60, True) is quick
    assert line.time.now() == pytest.approx(START + 0.1)
    assert line.time.wait(line.done, 1, True) is None
    assert line.time.now() == pytest.approx(START + 1.1)
    assert line.time.wait(line.done, None, True) is slow
    assert line.time.now() == pytest.approx(START + 5.1)
    assert [item.completed_at for item in cloud.log.requests] == [pytest.approx(5.1), pytest.approx(0.1)]


def test_sleep_ignores_answers_and_keeps_them() -> None:
    line = Line(SimulatedCloud([job("a", "NORMAL")]))
    flight = line.send(STATUS_OF_A)
    line.time.sleep(3)
    assert line.time.seconds == 3
    assert line.time.wait(line.done, 0, True) is flight


def test_stopped_process_receives_earlier_answers() -> None:
    cloud = SimulatedCloud([job("a", "0 NORMAL, 1 EXCEPTION")])
    line = Line(cloud, stops=[(0.05, 20)])
    flight = line.get(STATUS_OF_A)
    assert line.time.seconds == pytest.approx(20.05)
    assert flight.body["status"] == "NORMAL", "the answer was made before"
    assert cloud.log.requests[0].completed_at == pytest.approx(20.05)
    assert line.time.stopped == [(0.05, pytest.approx(20.05))]


def test_stop_longer_than_the_wait_ends_the_wait() -> None:
    line = Line(SimulatedCloud([]), stops=[(2, 20)])
    assert line.time.wait(line.done, 5, False) is None
    assert line.time.seconds == 22


def test_the_wall_clock_can_be_set() -> None:
    line = Line(SimulatedCloud([]), steps=[(1, -100), (2, 7)])
    assert line.time.wall() == EPOCH
    line.time.sleep(1)
    assert line.time.wall() == EPOCH + 1 - 100
    line.time.sleep(1)
    assert line.time.wall() == EPOCH + 2 - 93


def test_busy_loop_is_detected() -> None:
    line = Line(SimulatedCloud([]))

    def go_on() -> None:
        while True:
            line.time.now()

    with pytest.raises(AssertionError, match="without the time moving"):
        go_on()


def test_endless_wait_is_detected() -> None:
    line = Line(SimulatedCloud([job("a", "NORMAL")], [Trouble("a", HANG)]))
    line.send(STATUS_OF_A)
    with pytest.raises(AssertionError, match="without end"):
        line.time.wait(line.done, None, True)


def test_answer_to_an_abandoned_request_is_marked() -> None:
    cloud = SimulatedCloud([job("a", "NORMAL")], [Trouble("a", SLOW, seconds=40)])
    line = Line(cloud)
    flight = line.send(STATUS_OF_A)
    assert line.time.wait(line.done, 30, True) is None
    flight.given_up.set()
    assert line.time.wait(line.done, 30, True) is flight
    assert (cloud.log.requests[0].given_up, cloud.log.requests[0].good) == (True, False)


@pytest.mark.parametrize(("at_sending", "state"), [(True, "NORMAL"), (False, "EXCEPTION")])
def test_answer_shows_the_state_at_sending_or_arrival(at_sending: bool, state: str) -> None:
    cloud = SimulatedCloud([job("a", "0 NORMAL, 0.05 EXCEPTION")], habits=Habits(made_at_sending=at_sending))
    assert Line(cloud).get(STATUS_OF_A).body["status"] == state
    assert cloud.log.requests[0].content == {"a": JobContent(state, {"n": state}, 1_700_000_000_000)}


def test_missing_jobs_get_http_400() -> None:
    cloud = SimulatedCloud([job("a", "gone")])
    line = Line(cloud)
    assert [line.get(path).outcome.status for path in (STATUS_OF_A, "/v1/PROJECT/jobs/x/status", "/v2/x")] == [
        400,
        400,
        404,
    ]
    assert line.names(0) == []
    assert [item.content for item in cloud.log.requests][:3] == [{"a": JobContent(None)}, {"x": JobContent(None)}, None]


@pytest.mark.parametrize(
    ("kind", "code", "good"),
    [
        (THROTTLED, 429, False),
        (UNAVAILABLE, 503, False),
        (UNAUTHORIZED, 401, False),
        (INTERIM, 103, False),
        (GARBAGE, 200, False),
        (FOREIGN, 200, False),
        (UNSUCCESSFUL, 200, False),
        (SLOW, 200, True),
    ],
)
@pytest.mark.parametrize("target", ["a", EVERYTHING])
def test_faults_change_the_answer(kind: str, code: int, good: bool, target: str) -> None:
    cloud = SimulatedCloud([job("a", "STOPPED")], [Trouble(target, kind, 0, 1, 2)])
    line = Line(cloud)
    flight = line.get(STATUS_OF_A)
    assert (flight.outcome.status, flight.head[0], cloud.log.requests[0].status) == (code, code, code)
    assert cloud.log.requests[0].good is good
    line.time.sleep(1)
    assert line.get(STATUS_OF_A).outcome.status == 200, "it is over"


def test_broken_connection_raises() -> None:
    line = Line(SimulatedCloud([job("a", "NORMAL")], [Trouble("a", BROKEN, seconds=3)]))
    flight = line.get(STATUS_OF_A)
    assert isinstance(flight.outcome, requests.exceptions.ConnectionError)
    assert line.time.seconds == pytest.approx(3)


@pytest.mark.parametrize(("as_date", "value"), [(False, "30"), (True, "Sun, 15 Jun 2025 15:07:10 GMT")])
def test_retry_after_is_seconds_or_a_date(as_date: bool, value: str) -> None:
    line = Line(SimulatedCloud([], [Trouble(LIST, THROTTLED, seconds=30, as_date=as_date)]))
    assert line.get("/v1/PROJECT/jobs?jobType=REAL_TIME").outcome.headers["retry-after"] == value


def test_offset_counts_pages_or_records() -> None:
    jobs = [job(f"j{number}", "NORMAL") for number in range(5)]
    pages = Line(SimulatedCloud(jobs, habits=Habits(largest_page=2)))
    assert [pages.names(offset) for offset in range(4)] == [["j0", "j1"], ["j2", "j3"], ["j4"], []]
    records = Line(SimulatedCloud(jobs, habits=Habits(offset=RECORDS)))
    assert [records.names(offset, 2) for offset in range(5)] == [
        ["j0", "j1"],
        ["j1", "j2"],
        ["j2", "j3"],
        ["j3", "j4"],
        ["j4"],
    ]


def test_list_filters_by_name_tags_and_type() -> None:
    jobs = [job("ab", "NORMAL", tags=["x", "y"]), job("b", "NORMAL", tags=["x"]), job("c", "NORMAL")]
    line = Line(SimulatedCloud(jobs))
    assert line.names(0, more="&jobName=b") == ["ab", "b"]
    assert line.names(0, more="&tags=x%2Cy") == ["ab"]
    assert line.get("/v1/PROJECT/jobs?jobType=BATCH&offset=0").body == {"total": 0, "jobs": []}
    assert [item.kind for item in line.cloud.log.requests] == [LISTING] * 3


def test_list_ordered_by_last_update() -> None:
    jobs = [job("a", "NORMAL"), job("b", "0 NORMAL, 3 STARTING"), job("c", "NORMAL", starts=[(0, 1), (2, 9)])]
    line = Line(SimulatedCloud(jobs, habits=Habits(order=BY_UPDATE)))
    assert line.names(0) == ["a", "b", "c"]
    line.time.sleep(2)
    assert line.names(0) == ["c", "a", "b"]
    line.time.sleep(2)
    assert line.names(0) == ["b", "c", "a"]


def test_lagging_list_shows_old_states() -> None:
    cloud = SimulatedCloud([job("a", "0 NORMAL, 3 EXCEPTION"), job("b", "0 NORMAL, 3 gone")], habits=Habits(list_lag=2))
    line = Line(cloud)
    line.time.sleep(4)
    assert line.names(0) == ["a", "b"]
    assert cloud.log.requests[0].content == {name: JobContent("NORMAL", None, 1_700_000_000_000) for name in "ab"}
    line.time.sleep(1)
    assert line.names(0) == ["a"]


def test_answers_about_dli_jobs() -> None:
    cloud = SimulatedCloud([dli_job("x", "0 LAUNCHING, 1 RUNNING, 9 FINISHED", [(3, (2, 8))])])
    line = Line(cloud)
    progress, status = "/v1/PROJECT/jobs/x/progress", "/v1.0/PROJECT/jobs/x/status"
    assert line.get(progress, DLI).body["status"] == "LAUNCHING"
    line.time.sleep(4)
    body = line.get(progress, DLI).body
    assert (body["status"], body["sub_jobs"][0]["num_completed_tasks"]) == ("RUNNING", 2)
    line.time.sleep(6)
    assert [line.get(path, DLI).body["status"] for path in (progress, status)] == ["FINISHED"] * 2
    assert line.get("/v1/PROJECT/jobs/y/progress", DLI).outcome.status == 400
    assert cloud.log.requests[1].content == {"x": JobContent("RUNNING", None, 1_700_000_000_000, (2, 8))}


def test_answers_about_flink_jobs_and_spark_batches() -> None:
    jobs = [flink_job("7", "0 job_submitting, 1 job_running", [(5, 1)]), spark_batch("b", "0 running, 1 dead")]
    cloud = SimulatedCloud(jobs)
    line = Line(cloud)
    line.time.sleep(6)
    detail = line.get("/v1.0/PROJECT/streaming/jobs/7", DLI).body["job_detail"]
    assert (detail["status"], detail["restart_times"]) == ("job_running", 1)
    assert line.get("/v2.0/PROJECT/batches/b", DLI).body["state"] == "dead"
    assert line.get("/v2.0/PROJECT/batches/b/log", DLI).body["log"] == ["the executor was lost"]
    assert line.get("/v1.0/PROJECT/streaming/jobs/8", DLI).body["error_code"] == "DLI.16001"
    assert cloud.log.requests[2].content == {}


def test_run_is_deterministic() -> None:
    def once() -> list[str]:
        jobs = [job("a", "0 STARTING, 20 NORMAL"), job("b", "NORMAL")]
        cloud = SimulatedCloud(jobs, [Trouble("b", UNAVAILABLE, 0, 4)], Habits(wobble=1))
        return [str(request) for request in run_gate(cloud, job_names=["a", "b"]).log.requests]

    assert once() == once()
