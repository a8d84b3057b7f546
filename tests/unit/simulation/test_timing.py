# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gates with a known end: verdict, the job it names and the second by which it is there.

Each row runs unchanged and in variants that must not change its end: the jobs named in another order, another jitter, a wall
clock that is set, answers made at another moment, a selection by name_contains or tags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.tests.unit.simulation.checks import broken_promises
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.evidence import READY, Run
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.job_scripts import (
    BROKEN,
    FOREIGN,
    GARBAGE,
    HANG,
    INTERIM,
    LIST,
    SLOW,
    THROTTLED,
    UNAVAILABLE,
    UNSUCCESSFUL,
    Job,
    Trouble,
    dli_job,
    flink_job,
    job,
    spark_batch,
)
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.runner import run_gate
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.simulated_cloud import (
    BY_UPDATE,
    RECORDS,
    Habits,
    SimulatedCloud,
)


@dataclass(frozen=True)
class Row:
    """A gate and how it ends.

    :ivar options: without a selection, all jobs are named.
    :ivar verdict: the only right one.
    :ivar blamed: the job that the reasons name.
    :ivar within: seconds since the start by which the verdict is there.
    :ivar fixed: whether a selection by name_contains would change the requests.
    """

    id: str
    jobs: Sequence[Job]
    verdict: str
    within: float
    blamed: str | None = None
    code: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    troubles: Sequence[Trouble] = ()
    habits: Habits = field(default_factory=Habits)
    steps: Sequence[tuple[float, float]] = ()
    stops: Sequence[tuple[float, float]] = ()
    fixed: bool = False

    def run(self, uniform: Callable[[float, float], float] = lambda low, high: high) -> Run:
        """Run it; without a selection all its jobs are named."""
        cloud = SimulatedCloud(self.jobs, self.troubles, self.habits)
        options = dict(self.options)
        if not options.keys() & {"job_names", "job_ids", "batch_ids", "name_contains", "tags"}:
            options["job_names"] = [job.name for job in self.jobs]
        return run_gate(cloud, steps=self.steps, stops=self.stops, uniform=uniform, **options)


def normal(names: str) -> list[Job]:
    """Jobs that are always NORMAL."""
    return [job(name, "NORMAL") for name in names.split()]


def numbered(count: int) -> list[Job]:
    """The given number of jobs that are always NORMAL."""
    return [job(f"j{number:03}", "NORMAL") for number in range(count)]


FALLS = job("a", "0 NORMAL, 1 EXCEPTION")
NODE_FALLS = job("a", "NORMAL", {"n": "0 NORMAL, 1 EXCEPTION"})
NODE_FALLS_LATE = job("a", "NORMAL", {"n": "0 NORMAL, 30 EXCEPTION"})
RECOVERS = job("a", "0 EXCEPTION, 5 NORMAL")
LATE = job("z", "0 STARTING, 300 NORMAL")
B = job("b", "NORMAL")
HUNG = Trouble("b", HANG)
WAITS = Trouble("b", THROTTLED, 0, 5, 30)

ROWS = [
    Row("1 one hangs and the other falls", [FALLS, B], "FAIL", 12, "a", troubles=[HUNG]),
    Row(
        "2 one of ten hangs and another falls",
        [FALLS, B, *(job(f"j{number}", "NORMAL") for number in range(8))],
        "FAIL",
        12,
        "a",
        options={"wait_timeout": 120},
        troubles=[HUNG],
    ),
    Row(
        "3 one of a selection hangs and the other falls",
        [FALLS, job("ba", "NORMAL")],
        "FAIL",
        12,
        "a",
        options={"name_contains": "a"},
        troubles=[Trouble("ba", HANG)],
    ),
    Row(
        "4 one hangs and the other has failed",
        [job("a", "EXCEPTION"), B],
        "FAIL",
        13,
        "a",
        options={"wait_timeout": 120},
        troubles=[HUNG],
    ),
    Row(
        "5 one hangs and the other is missing",
        [B],
        "FAIL",
        13,
        "a",
        "job_missing",
        options={"job_names": ["a", "b"]},
        troubles=[HUNG],
        fixed=True,
    ),
    Row("6 a failure recovers while another job waits", [RECOVERS, B], "FAIL", 13, "a", troubles=[WAITS]),
    Row(
        "7 a failure recovers while another job is tried again",
        [RECOVERS, B],
        "FAIL",
        13,
        "a",
        troubles=[Trouble("b", UNAVAILABLE, 0, 9)],
    ),
    Row("8 a node fails while another job waits", [NODE_FALLS, B], "FAIL", 13, "a", troubles=[WAITS]),
    Row(
        "9 a node fails while another job hangs",
        [NODE_FALLS, B],
        "FAIL",
        17,
        "a",
        options={"wait_interval": 5, "wait_timeout": 200, "request_timeout": 10},
        troubles=[Trouble("b", HANG, 0, 30)],
    ),
    Row(
        "10 a node of a ready job fails while one of 250 is pending",
        [NODE_FALLS_LATE, LATE, *numbered(248)],
        "FAIL",
        68,
        "a",
    ),
    Row(
        "11 a node of a ready job fails while one of 100 is pending",
        [NODE_FALLS_LATE, LATE, *numbered(98)],
        "FAIL",
        42,
        "a",
    ),
    Row(
        "12 a job that was seen vanishes and comes back failed",
        [job("s", "0 STARTING, 20 NORMAL"), job("v", "0 NORMAL, 9 gone, 10.5 EXCEPTION")],
        "FAIL",
        23,
        "v",
        options={"missing": "ok"},
        fixed=True,
    ),
    Row(
        "13 a job that was missing appears and has failed",
        [job("s", "0 STARTING, 20 NORMAL"), job("c", "0 gone, 5 EXCEPTION")],
        "FAIL",
        12,
        "c",
        options={"missing": "ok", "wait_interval": 0.5, "requests_per_second": 2},
        fixed=True,
    ),
    Row(
        "14 the first tasks of a DLI job are a change",
        [dli_job("x", "0 RUNNING, 45 FINISHED", [(25, (60, 100))])],
        "PASS",
        57,
        options={"job_ids": ["x"], "stall_timeout": 25},
        fixed=True,
    ),
    Row(
        "15 the first tasks of a DLI job are a change, even with none done",
        [dli_job("x", "0 RUNNING, 42 FINISHED", [(20, (0, 100))])],
        "PASS",
        54,
        options={"job_ids": ["x"], "stall_timeout": 25},
        fixed=True,
    ),
]

NEIGHBOURS = [
    Row(
        "three hang and another falls",
        [FALLS, *normal("b c d")],
        "FAIL",
        12,
        "a",
        troubles=[HUNG, Trouble("c", HANG), Trouble("d", HANG)],
    ),
    Row(
        "three that are read first hang and another fails",
        [*normal("b c d"), FALLS],
        "FAIL",
        18,  # the fourth request is sent 15 s after the first
        "a",
        troubles=[HUNG, Trouble("c", HANG), Trouble("d", HANG)],
    ),
    Row("one is slow and the other falls", [FALLS, B], "FAIL", 13, "a", troubles=[Trouble("b", SLOW, seconds=25)]),
    Row("one waits for ever and the other falls", [FALLS, B], "FAIL", 13, "a", troubles=[replace(WAITS, end=900)]),
    Row(
        "one waits until a date and the other falls",
        [FALLS, B],
        "FAIL",
        13,
        "a",
        troubles=[replace(WAITS, end=900, as_date=True)],
    ),
    Row("one connection breaks and the other falls", [FALLS, B], "FAIL", 13, "a", troubles=[Trouble("b", BROKEN)]),
    Row("one answer is garbage and the other falls", [FALLS, B], "FAIL", 13, "a", troubles=[Trouble("b", GARBAGE)]),
    Row("one answer is interim and the other falls", [FALLS, B], "FAIL", 13, "a", troubles=[Trouble("b", INTERIM)]),
    Row(
        "one answer is about another job and the other falls",
        [FALLS, B],
        "FAIL",
        13,
        "a",
        troubles=[Trouble("b", FOREIGN)],
    ),
    Row(
        "the list hangs and one falls",
        [job("a", "0 NORMAL, 12 EXCEPTION"), job("s", "STARTING"), *normal("b c")],
        "FAIL",
        26,
        "a",
        troubles=[Trouble(LIST, HANG)],
        fixed=True,
    ),
    Row(
        "the list hangs, one of 250 is pending and the node of another falls",
        [NODE_FALLS_LATE, LATE, *numbered(248)],
        "FAIL",
        70,
        "a",
        troubles=[Trouble(LIST, HANG, 5)],
        fixed=True,
    ),
    Row(
        "one of 250 hangs and the node of another falls",
        [NODE_FALLS_LATE, *numbered(248), job("z", "NORMAL")],
        "FAIL",
        70,
        "a",
        options={"wait_timeout": 900},
        troubles=[Trouble("z", HANG)],
    ),
    Row(
        "one of 300 is pending and another falls",
        [job("a", "0 NORMAL, 31 EXCEPTION"), LATE, *numbered(298)],
        "FAIL",
        48,  # the list is read every ten seconds
        "a",
    ),
    Row(
        "a job whose name is at the end of a page falls",
        [*numbered(199), job("j199", "0 NORMAL, 31 EXCEPTION"), LATE, *normal("zz")],
        "FAIL",
        48,
        "j199",
        habits=Habits(offset=RECORDS),
    ),
    Row(
        "a failure recovers within a second",
        [job("a", "0 EXCEPTION, 0.5 NORMAL"), B],
        "FAIL",
        3,
        "a",
        troubles=[Trouble("b", SLOW, seconds=5)],
    ),
    Row(
        "a node recovers while another job waits",
        [job("a", "NORMAL", {"n": "0 ABNORMAL, 5 NORMAL"}), B],
        "FAIL",
        3,
        "a",
        "node_exception",
        troubles=[WAITS],
    ),
    Row(
        "a node fails while the process is stopped",
        [NODE_FALLS, B],
        "FAIL",
        75,
        "a",
        troubles=[Trouble("b", UNAVAILABLE, 0, 3)],
        stops=[(0.3, 60)],
    ),
    Row(
        "a node fails while the last answer is under way and the process is stopped",
        [NODE_FALLS, B],
        "FAIL",
        75,
        "a",
        stops=[(0.12, 60)],
        habits=Habits(made_at_sending=True),
    ),
    Row(
        "a node fails while another answer is slow",
        [job("a", "NORMAL", {"n": "0 NORMAL, 1 EXCEPTION"}), B],
        "FAIL",
        27,
        "a",
        options={"wait_interval": 2},
        troubles=[Trouble("b", SLOW, 0, 1, 20)],
    ),
    Row(
        "a job that was seen vanishes",
        [job("s", "0 STARTING, 60 NORMAL"), job("v", "0 NORMAL, 9 gone")],
        "FAIL",
        24,
        "v",
        options={"missing": "ok"},
        fixed=True,
    ),
    Row(
        "a job that was seen vanishes, and one was never there",
        [job("s", "0 STARTING, 60 NORMAL"), job("v", "0 STARTING, 9 gone")],
        "FAIL",
        24,
        "v",
        options={"missing": "ok", "job_names": ["never", "v", "s"]},
        fixed=True,
    ),
    Row(
        "a job that was missing appears and gets ready",
        [job("s", "0 STARTING, 20 NORMAL"), job("c", "0 gone, 5 STARTING, 50 NORMAL")],
        "PASS",
        64,
        options={"missing": "ok"},
        fixed=True,
    ),
    Row(
        "a job appears in time",
        [job("s", "NORMAL"), job("c", "0 gone, 25 NORMAL")],
        "PASS",
        39,
        options={"missing": "wait"},
        fixed=True,
    ),
    Row(
        "a restart ends the time of being ready",
        [job("a", "NORMAL", starts=[(0, 1_700_000_000_000), (25, 1_750_000_025_000)]), B],
        "PASS",
        95,
        options={"stable_for": 40},
    ),
    Row(
        "a short fall ends the time of being ready",
        [job("a", "0 NORMAL, 18 STARTING, 24 NORMAL"), B],
        "PASS",
        95,
        options={"stable_for": 40},
    ),
    Row(
        "an unknown state of a node is not ready",
        [job("a", "NORMAL", {"n": "0 WARPING, 30 NORMAL"}), B],
        "PASS",
        44,
    ),
    Row(
        "an unknown state of a node is not ready at the deadline",
        [job("a", "NORMAL", {"n": "WARPING"}), B],
        "TIMEOUT",
        61,
        "a",
        "unknown_state",
        options={"wait_timeout": 60},
    ),
    Row(
        "all are ready just before the deadline",
        [job("a", "0 STARTING, 40 NORMAL"), B],
        "PASS",
        60,
        options={"wait_timeout": 60},
    ),
    Row(
        "one is ready long before the deadline, which is no multiple of the interval",
        [job("a", "0 STARTING, 47 NORMAL")],
        "PASS",
        64,
        options={"wait_timeout": 63},
    ),
    Row(
        "all of many are ready long before the deadline",
        [job("a", "0 STARTING, 30 NORMAL"), *numbered(299)],
        "PASS",
        84,
        options={"wait_timeout": 90},
    ),
    Row(
        "a DLI job fails while another one hangs",
        [dli_job("x", "0 RUNNING, 1 FAILED"), dli_job("y", "RUNNING")],
        "FAIL",
        14,
        "x",
        "dli_failed",
        options={"job_ids": ["x", "y"]},
        troubles=[Trouble("y", HANG)],
        fixed=True,
    ),
    Row(
        "a DLI job has failed while another one waits",
        [dli_job("x", "FAILED"), dli_job("y", "FINISHED")],
        "FAIL",
        5,
        "x",
        "dli_failed",
        options={"job_ids": ["x", "y"]},
        troubles=[Trouble("y", THROTTLED, 0, 25, 40)],
        fixed=True,
    ),
    Row(
        "a DLI job without success in its answer has not finished",
        [dli_job("x", "0 RUNNING, 90 FINISHED")],
        "PASS",
        103,
        options={"job_ids": ["x"]},
        troubles=[Trouble("x", UNSUCCESSFUL, 0, 25)],
        fixed=True,
    ),
    Row(
        "a DLI job stalls after its first tasks",
        [dli_job("x", "RUNNING", [(20, (1, 100))])],
        "FAIL",
        62,
        "x",
        "stalled",
        options={"job_ids": ["x"], "stall_timeout": 25},
        fixed=True,
    ),
    Row(
        "a Flink job that restarts again and again is not stable",
        [flink_job("1", "job_running", [(10 * number, number) for number in range(1, 13)])],
        "TIMEOUT",
        90,
        "1",
        "restarted",
        options={"job_ids": ["1"], "stable_for": 20, "wait_timeout": 90},
        fixed=True,
    ),
    Row(
        "a Flink job that has restarted before and runs on is stable",
        [flink_job("1", "0 job_submitting, 9 job_running", [(12, 7)])],
        "PASS",
        61,
        options={"job_ids": ["1"], "stable_for": 20, "wait_interval": 5},
        fixed=True,
    ),
    Row(
        "a stream that ends while another one hangs",
        [flink_job("1", "0 job_running, 5 job_finish"), flink_job("2", "job_running")],
        "FAIL",
        14,
        "1",
        "job_failed",
        options={"job_ids": ["1", "2"], "wait_for": ["job_running"]},
        troubles=[Trouble("2", HANG)],
        fixed=True,
    ),
    Row(
        "a Spark batch dies while another one hangs",
        [spark_batch("a", "0 running, 5 dead"), spark_batch("b", "running")],
        "FAIL",
        14,
        "a",
        "job_failed",
        options={"batch_ids": ["a", "b"]},
        troubles=[Trouble("b", HANG)],
        fixed=True,
    ),
    Row(
        "restarts move jobs to the front of the list while it is read",
        [
            *numbered(30),
            job(
                "j025",
                "0 NORMAL, 0.12 STARTING, 0.3 NORMAL",
                {"n": "0 NORMAL, 30 EXCEPTION"},
            ),
            job("z", "0 STARTING, 300 NORMAL"),
        ],
        "FAIL",
        45,
        "j025",
        options={"tags": ["t"]},
        habits=Habits(order=BY_UPDATE, largest_page=10),
    ),
    Row(
        "a job before it is deleted while the list is read",
        [
            job("j000", "0 NORMAL, 0.15 gone"),
            *numbered(30)[1:],
            job("jz", "0 STARTING, 300 NORMAL"),
            job("j010", "NORMAL", {"n": "0 NORMAL, 30 EXCEPTION"}),
        ],
        "FAIL",
        45,
        "j010",
        options={"name_contains": "j", "exclude_names": ["j000"]},
        habits=Habits(largest_page=10),
    ),
]


def unique(jobs: Sequence[Job]) -> list[Job]:
    """Of jobs of one name, the last."""
    return list({item.name: item for item in jobs}.values())


def variants(row: Row) -> Iterator[Row]:
    """The row in forms that end alike."""
    jobs = unique(row.jobs)
    row = replace(row, jobs=jobs)
    if row.options.get("tags"):
        row = replace(row, jobs=[replace(item, tags=tuple(row.options["tags"])) for item in jobs])
    yield row
    yield replace(
        row,
        id=f"{row.id}, wall clock set",
        steps=[(0.03, 3600), (0.5, -90_000), (7, 400), (19.3, -20), (31, 86_400 * 400)],
    )
    yield replace(row, id=f"{row.id}, answers made at sending", habits=replace(row.habits, made_at_sending=True))
    if len(jobs) > 200:
        return
    yield replace(row, id=f"{row.id}, without a ceiling", options={**row.options, "requests_per_second": 0})
    if "name_contains" not in row.options and not row.fixed:
        tagged = [replace(item, tags=("t",)) for item in jobs]
        by_tags = {**row.options, "tags": ["t"]}
        yield replace(row, id=f"{row.id}, by tags", jobs=tagged, options=by_tags, within=row.within + 1)


CASES = [case for row in [*ROWS, *NEIGHBOURS] for case in variants(row)]
assert len({case.id for case in CASES}) == len(CASES)


def check(row: Row, run: Run) -> None:
    """Compare the end of a gate with the expected one, and check each promise."""
    broken = broken_promises(run)
    if run.verdict != row.verdict:
        broken.append(f"{run.verdict} instead of {row.verdict}")
    if run.ended_at > row.within:
        broken.append(f"ended at {run.ended_at:.2f} s, {row.within} s are allowed")
    if row.blamed and not any(
        reason["job"] == row.blamed and row.code in (None, reason["code"]) for reason in run.result["reasons"]
    ):
        broken.append(f"the reasons do not name {row.blamed} ({row.code}): {run.result['reasons'][:3]}")
    assert not broken, "\n".join([*broken, run.describe()])


@pytest.mark.parametrize("row", [pytest.param(case, id=case.id) for case in CASES])
def test_gate_ends_as_expected(row: Row) -> None:
    check(row, row.run())


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS if len(row.jobs) < 20])
def test_jitter_and_job_order_do_not_change_the_end(row: Row) -> None:
    check(row, row.run(lambda low, high: low))
    check(row, row.run(lambda low, high: (low + high) / 2))
    check(row, replace(row, jobs=list(reversed(row.jobs))).run())


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_retry_after_beyond_the_deadline_is_not_awaited(as_date: bool) -> None:
    row = Row(
        "16",
        normal("s"),
        "",
        60,
        options={"wait_timeout": 60},
        troubles=[Trouble("s", THROTTLED, 0, 25, 1000, as_date)],
    )
    run = row.run()
    assert run.ended_at <= 60.5, run.describe()
    if run.verdict == "PASS":
        assert any(run.judge(reading.content) == READY for reading in run.calls("s")), run.describe()
    assert not broken_promises(run), run.describe()


LONG_LIST = [job(f"j{number:03}", "NORMAL") for number in range(150)]
SMALL_PAGES = Habits(latency=0.4, offset=RECORDS, largest_page=10)


@pytest.mark.parametrize("check_nodes", [False, True], ids=["list", "nodes"])
@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_a_list_that_takes_longer_than_a_slice_is_read_to_its_end(seconds: float, check_nodes: bool) -> None:
    cloud = SimulatedCloud(LONG_LIST, habits=SMALL_PAGES)
    run = run_gate(
        cloud,
        pause=1.0,
        name_contains="j",
        check_nodes=check_nodes,
        requests_per_second=2,
        wait_interval=5,
        wait_timeout=900,
        slice_timeout=seconds,
    )
    assert run.verdict == "PASS", run.describe()
    assert not broken_promises(run), run.describe()


def test_rotation_beside_a_long_list_reaches_its_closing_observation() -> None:
    cloud = SimulatedCloud(LONG_LIST, habits=SMALL_PAGES)
    run = run_gate(cloud, name_contains="j", requests_per_second=2, wait_interval=1, wait_timeout=900, stable_for=20)
    assert run.verdict == "PASS", run.describe()
    assert not broken_promises(run), run.describe()


def test_a_list_whose_answer_was_late_is_read_again() -> None:
    cloud = SimulatedCloud([job(name, "NORMAL") for name in "abc"])
    run = run_gate(
        cloud,
        stops=[(0.03, 6.0)],
        job_names=["a", "b", "c"],
        check_nodes=False,
        wait_interval=1,
        wait_timeout=30,
        request_timeout=4,
    )
    assert run.verdict == "PASS", run.describe()
    assert len(run.log.requests) > 1, run.describe()
    assert run.log.requests[-1].sent_at > 6, run.describe()
