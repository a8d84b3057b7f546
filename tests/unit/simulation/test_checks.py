# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each check has made-up runs that it accepts and made-up runs that it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.tests.unit.simulation import checks
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.evidence import Facts, Run
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.job_scripts import (
    DLI_SQL,
    FLINK,
    HANG,
    LIST,
    REAL_TIME,
    SPARK,
    THROTTLED,
    Job,
    Trouble,
    job,
)
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.request_log import (
    DLI_PROGRESS,
    FLINK_DETAIL,
    LISTING,
    OTHER,
    SPARK_BATCH,
    SPARK_LOG,
    STATUS,
    JobContent,
    Log,
    Request,
)


def status(
    at: float, name: str, state: str | None, node: str | None = None, took: float = 0.1, start: int = 0
) -> Request:
    """A status call; without *node* the job's only node has the state of the job. None is a job that is missing."""
    content = JobContent(state, {"n": node or str(state)} if state else None, start)
    code = 200 if state else 400
    return Request(0, at, "GET", f"/jobs/{name}/status", {}, STATUS, name, at + 30, at + took, code, {name: content})


def tasks(at: float, name: str, state: str, done: tuple[int, int] | None = None) -> Request:
    """A progress call."""
    content = JobContent(state, None, 0, done)
    return Request(0, at, "GET", "/progress", {}, DLI_PROGRESS, name, at + 30, at + 0.1, 200, {name: content})


def flink(at: float, name: str, state: str, restarts: int | None = None) -> Request:
    """The call for a Flink job."""
    content = JobContent(state, None, None, None, restarts)
    return Request(
        0, at, "GET", f"/streaming/jobs/{name}", {}, FLINK_DETAIL, name, at + 30, at + 0.1, 200, {name: content}
    )


def spark(at: float, name: str, state: str) -> Request:
    """The call for a Spark batch."""
    return Request(
        0, at, "GET", f"/batches/{name}", {}, SPARK_BATCH, name, at + 30, at + 0.1, 200, {name: JobContent(state)}
    )


def spark_log(at: float, name: str) -> Request:
    """The call for the log of a Spark batch."""
    return Request(0, at, "GET", f"/batches/{name}/log", {}, SPARK_LOG, name, at + 30, at + 0.1, 200, {})


def page(at: float, states: dict[str, str], total: int | None = None, offset: int = 0, took: float = 0.1) -> Request:
    """A page of the list."""
    query = {"jobType": "REAL_TIME", "offset": str(offset), "limit": "100"}
    content = {name: JobContent(state, None, 0) for name, state in states.items()}
    most = len(states) if total is None else total
    return Request(0, at, "GET", "/jobs", query, LISTING, None, at + 30, at + took, 200, content, total=most)


def silent(at: float, name: str, code: int | None = None, took: float = 0.1) -> Request:
    """A status call without an answer, or with one that says nothing of the job."""
    end = None if code is None else at + took
    return Request(0, at, "GET", f"/jobs/{name}/status", {}, STATUS, name, at + 30, end, code)


def late(request: Request, given_up: bool) -> Request:
    """An answer that came after its time."""
    request.late, request.given_up = True, given_up
    return request


def ended(
    verdict: str,
    at: float,
    requests: Sequence[Request],
    reasons: Sequence[tuple[str, str]] = (),
    jobs: Sequence[Job] = (),
    troubles: Sequence[Trouble] = (),
    stops: Sequence[tuple[float, float]] = (),
    elapsed: float | None = None,
    sent: int | None = None,
    kind: str | None = None,
    **options: Any,
) -> Run:
    """A run; without a selection it is about all jobs that were read."""
    names = list(dict.fromkeys(request.job for request in requests if request.job))
    if not options.keys() & {"job_names", "job_ids", "batch_ids", "name_contains", "tags"}:
        options["job_names"] = names
    for number, request in enumerate(requests, 1):
        request.number = number
    result = {
        "verdict": verdict,
        "elapsed": at if elapsed is None else elapsed,
        "requests": len(requests) if sent is None else sent,
        "reasons": [{"code": code, "job": name} for code, name in reasons],
        "jobs": [{"name": name} for name in names],
    }
    kind = kind or (DLI_SQL if "job_ids" in options else REAL_TIME)
    return Run(options, result, Log(list(requests), list(stops)), at, Facts(tuple(jobs), tuple(troubles)), kind)


A, B = job("a", "NORMAL"), job("b", "NORMAL")
TAGGED, B_TAGGED = job("a", "NORMAL", tags=["t"]), job("b", "NORMAL", tags=["t"])
FALLS = job("a", "0 NORMAL, 5 EXCEPTION")
BOTH = [status(0, "a", "NORMAL"), status(0.1, "b", "NORMAL")]
EVERY_TEN = [status(10.0 * number, "a", "STARTING") for number in range(6)]


def many(count: int, at: float = 0.0) -> list[Request]:
    """Status calls of so many ready jobs at twenty a second."""
    return [status(at + number / 20, f"j{number}", "NORMAL") for number in range(count)]


def stable(*requests: Request) -> Run:
    """A PASS at 20.2 s of a gate for a Flink job with ``stable_for``."""
    return ended("PASS", 20.2, requests, job_ids=["1"], stable_for=20, kind=FLINK)


RUNS = ended("PASS", 0.2, [flink(0, "1", "job_running")], job_ids=["1"], kind=FLINK)
FINISHED = ended("PASS", 0.2, [flink(0, "1", "job_finish")], job_ids=["1"], kind=FLINK)
ENDED_STREAM = ended("PASS", 0.2, [flink(0, "1", "job_finish")], job_ids=["1"], wait_for=["job_running"], kind=FLINK)
STOPPED_STREAM = ended("PASS", 0.2, [flink(0, "1", "job_init")], job_ids=["1"], kind=FLINK)
UNKNOWN = ended("PASS", 0.2, [flink(0, "1", "job_idle")], job_ids=["1"], kind=FLINK)
STREAMS = ended("PASS", 0.2, [spark(0, "b", "running")], batch_ids=["b"], wait_for=["running"], kind=SPARK)
SUCCEEDED = ended("PASS", 0.2, [spark(0, "b", "success")], batch_ids=["b"], kind=SPARK)
DEAD = ended("PASS", 0.2, [spark(0, "b", "dead")], batch_ids=["b"], kind=SPARK)

ACCEPTED = [
    (checks.pass_rests_on_ready_readings, ended("PASS", 0.2, BOTH)),
    (checks.pass_rests_on_ready_readings, ended("PASS", 0.2, [status(0, "a", "STOPPED")], wait_for=["STOPPED"])),
    (
        checks.pass_rests_on_ready_readings,
        ended("PASS", 0.2, [status(0, "a", "STOPPED", "EXCEPTION")], wait_for=["STOPPED"]),
    ),
    (
        checks.pass_rests_on_ready_readings,
        ended("PASS", 0.2, [status(0, "a", "NORMAL", "EXCEPTION")], ignore_nodes=["n*"]),
    ),
    (
        checks.pass_rests_on_ready_readings,
        ended("PASS", 0.4, [status(0, "a", "EXCEPTION"), status(0.2, "b", "NORMAL")], max_failing=1),
    ),
    (
        checks.pass_rests_on_ready_readings,
        ended("PASS", 0.4, [status(0, "a", None), status(0.2, "b", "NORMAL")], missing="ok"),
    ),
    (
        checks.pass_rests_on_ready_readings,
        ended("PASS", 0.4, [page(0, {"a": "NORMAL"})], check_nodes=False, job_names=["a"]),
    ),
    (
        checks.pass_rests_on_ready_readings,
        ended("PASS", 40.0, [late(status(0, "a", "NORMAL", took=40), given_up=False)]),
    ),
    (checks.pass_rests_on_young_readings, ended("PASS", 10.1, [*BOTH, status(9, "b", "NORMAL")])),
    (checks.pass_rests_on_young_readings, ended("PASS", 24.9, many(200))),
    (
        checks.no_later_reading_says_otherwise,
        ended("PASS", 5.2, [status(5, "a", "NORMAL"), page(3, {"a": "STARTING"})]),
    ),
    (
        checks.pass_keeps_stable_for,
        ended("PASS", 20.1, [status(float(at), "a", "NORMAL") for at in (0, 10, 20)], stable_for=20),
    ),
    (
        checks.selection_is_whole,
        ended(
            "PASS",
            4,
            BOTH,
            jobs=[TAGGED, B_TAGGED, job("c", "0 gone, 3 NORMAL", tags=["t"]), job("x", "NORMAL")],
            tags=["t"],
        ),
    ),
    (checks.selection_is_whole, ended("PASS", 0.2, BOTH, jobs=[job("ab", "NORMAL")], name_contains="z", min_jobs=2)),
    (
        checks.failure_that_was_read_counts_at_once,
        ended("FAIL", 2.2, [status(0, "a", "NORMAL", "ABNORMAL"), silent(0.2, "b")], jobs=[A, B]),
    ),
    (
        checks.failure_that_was_read_counts_at_once,
        ended("PASS", 5.2, [status(0, "a", "EXCEPTION"), status(5, "a", "NORMAL")], exception_grace=10),
    ),
    (
        checks.failure_that_was_read_counts_at_once,
        ended("PASS", 5.2, [status(0, "a", None), status(5, "a", "NORMAL")], missing="ok"),
    ),
    (
        checks.failure_that_was_read_counts_at_once,
        ended("PASS", 5.2, [late(status(0, "a", "EXCEPTION"), given_up=True), status(5, "a", "NORMAL")]),
    ),
    (
        checks.failure_that_was_read_counts_at_once,
        ended("FAIL", 62.0, [status(0, "a", "EXCEPTION")], stops=[(0.2, 61.0)]),
    ),
    (
        checks.listed_failure_is_confirmed_at_once,
        ended("PASS", 5, [page(0, {"a": "EXCEPTION"}), status(1, "a", "NORMAL")]),
    ),
    (
        checks.listed_failure_is_confirmed_at_once,  # a page of a list that could not be read whole
        ended("PASS", 5, [page(0, {"a": "EXCEPTION"}, total=3), status(4.9, "a", "NORMAL")]),
    ),
    (checks.failure_is_seen_in_time, ended("FAIL", 16, EVERY_TEN[:2], jobs=[FALLS])),
    (
        checks.failure_is_seen_in_time,  # the check does not apply to an unreadable job
        ended("TIMEOUT", 60, EVERY_TEN, jobs=[FALLS], troubles=[Trouble("a", HANG)]),
    ),
    (
        checks.failure_is_seen_in_time,  # it does not fail for long enough
        ended("TIMEOUT", 60, EVERY_TEN, jobs=[job("a", "0 NORMAL, 5 EXCEPTION, 9 NORMAL")]),
    ),
    (checks.reasons_rest_on_readings, ended("FAIL", 1, [status(0, "a", "EXCEPTION")], [("job_exception", "a")])),
    (checks.reasons_rest_on_readings, ended("ERROR", 1, [silent(0, "a", 403)], [("denied", "a")])),
    (
        checks.stall_is_a_stall,
        ended(
            "FAIL", 30.1, [tasks(0, "x", "RUNNING"), tasks(30, "x", "RUNNING")], [("stalled", "x")], stall_timeout=25
        ),
    ),
    (checks.jobs_are_looked_at_often, ended("TIMEOUT", 60, EVERY_TEN)),
    (
        checks.jobs_are_looked_at_often,
        ended("TIMEOUT", 24, [status(0, "a", "NORMAL"), page(9, {"a": "NORMAL"}), page(18, {"a": "NORMAL"})]),
    ),
    (checks.ends_in_time, ended("TIMEOUT", 60.1, EVERY_TEN, wait_timeout=60)),
    (checks.ends_in_time, ended("TIMEOUT", 50, EVERY_TEN, wait_timeout=60)),
    (checks.ends_in_time, ended("TIMEOUT", 100, EVERY_TEN, wait_timeout=60, stops=[(50, 100)])),
    (checks.elapsed_is_what_passed, ended("PASS", 0.2, BOTH)),
    (checks.passes_in_time, ended("PASS", 25, EVERY_TEN[:3], jobs=[job("a", "0 STARTING, 3 NORMAL")])),
    (checks.passes_in_time, ended("TIMEOUT", 60, EVERY_TEN, jobs=[job("a", "0 STARTING, 40 NORMAL")], wait_timeout=60)),
    (checks.passes_in_time, ended("FAIL", 1, [status(0, "a", "EXCEPTION")], jobs=[job("a", "0 EXCEPTION, 1 NORMAL")])),
    (
        checks.passes_in_time,
        ended(
            "TIMEOUT",
            60,
            [silent(0, "a", 429)],
            jobs=[A],
            troubles=[Trouble("a", THROTTLED, 0, 30, 9)],
            wait_timeout=60,
        ),
    ),
    (checks.requests_are_spaced, ended("PASS", 9, many(100))),
    (checks.requests_are_spaced, ended("PASS", 9, [status(0, "a", "NORMAL")] * 9, requests_per_second=0)),
    (checks.credentials_are_tried_with_care, ended("FAIL", 20, [silent(5.0 * number, "a") for number in range(4)])),
    (checks.credentials_are_tried_with_care, ended("ERROR", 1, [silent(0, "a", 401)])),
    (checks.only_known_requests, ended("PASS", 9, [*BOTH, page(5, {})])),
    *((checks.pass_rests_on_ready_readings, run) for run in (RUNS, FINISHED, STREAMS, SUCCEEDED)),
    (checks.pass_rests_on_young_readings, ended("PASS", 90, [spark(0, "b", "success")], batch_ids=["b"], kind=SPARK)),
    (checks.pass_keeps_stable_for, stable(flink(0, "1", "job_running", 3), flink(20, "1", "job_running", 3))),
    (checks.pass_keeps_stable_for, stable(flink(0, "1", "job_running"), flink(20, "1", "job_running", 3))),
    (
        checks.logs_are_read_of_failed_batches,
        ended("FAIL", 0.3, [spark(0, "b", "dead"), spark_log(0.2, "b")], batch_ids=["b"], kind=SPARK),
    ),
]

REFUSED = [
    (checks.pass_rests_on_ready_readings, ended("PASS", 0.2, [*BOTH, silent(0.3, "c")])),
    (checks.pass_rests_on_ready_readings, ended("PASS", 5, [*BOTH, status(3, "a", "STARTING")])),
    (checks.pass_rests_on_ready_readings, ended("PASS", 5, [*BOTH, status(3, "a", "NORMAL", "EXCEPTION")])),
    (checks.pass_rests_on_ready_readings, ended("PASS", 5, [*BOTH, status(3, "a", "NORMAL", "WARPING")])),
    (checks.pass_rests_on_ready_readings, ended("PASS", 5, [status(0, "a", "WARPING")])),
    (checks.pass_rests_on_ready_readings, ended("PASS", 5, [status(0, "a", "WARPING")], wait_for=["NORMAL"])),
    (
        checks.pass_rests_on_ready_readings,
        ended("PASS", 5, [status(0, "a", "EXCEPTION"), status(0, "b", "EXCEPTION")], max_failing=1),
    ),
    (
        checks.pass_rests_on_ready_readings,  # it was read, so it is not left out
        ended("PASS", 9, [status(0, "a", "NORMAL"), status(5, "a", None)], missing="ok"),
    ),
    (checks.pass_rests_on_ready_readings, ended("PASS", 9, [page(0, {"a": "NORMAL"})], job_names=["a"])),
    (checks.pass_rests_on_ready_readings, ended("PASS", 9, [late(status(0, "a", "NORMAL"), given_up=True)])),
    (checks.pass_rests_on_ready_readings, ended("PASS", 9, [tasks(0, "x", "RUNNING")], job_ids=["x"])),
    *((checks.pass_rests_on_ready_readings, run) for run in (ENDED_STREAM, STOPPED_STREAM, UNKNOWN, DEAD)),
    (
        checks.pass_rests_on_young_readings,
        ended("PASS", 90, [flink(0, "1", "job_running")], job_ids=["1"], kind=FLINK),
    ),
    (
        checks.pass_rests_on_young_readings,
        ended("PASS", 90, [spark(0, "b", "running")], batch_ids=["b"], wait_for=["running"], kind=SPARK),
    ),
    (checks.pass_keeps_stable_for, stable(flink(0, "1", "job_running", 3), flink(10, "1", "job_running", 4))),
    (checks.pass_keeps_stable_for, stable(flink(0, "1", "job_running", 3), flink(10, "1", "job_running", 0))),
    (
        checks.failure_that_was_read_counts_at_once,
        ended("TIMEOUT", 60, [flink(0, "1", "job_submit_fail")], job_ids=["1"], kind=FLINK),
    ),
    (
        checks.failure_that_was_read_counts_at_once,
        ended("TIMEOUT", 60, [spark(0, "b", "success")], batch_ids=["b"], wait_for=["running"], kind=SPARK),
    ),
    (
        checks.logs_are_read_of_failed_batches,
        ended("PASS", 9, [spark(0, "b", "success"), spark_log(1, "b")], batch_ids=["b"], kind=SPARK),
    ),
    (checks.pass_rests_on_ready_readings, ended("PASS", 9, [page(0, {})], name_contains="a")),
    (checks.pass_rests_on_young_readings, ended("PASS", 10.3, [*BOTH, status(9, "b", "NORMAL")])),
    (checks.pass_rests_on_young_readings, ended("PASS", 25.3, many(200))),
    (checks.pass_rests_on_young_readings, ended("PASS", 60, BOTH, stops=[(0.3, 60)])),
    (
        checks.no_later_reading_says_otherwise,
        ended("PASS", 5.2, [status(0, "a", "NORMAL"), page(3, {"a": "STARTING"})]),
    ),
    (
        checks.no_later_reading_says_otherwise,
        ended("PASS", 5.2, [status(0, "a", "NORMAL"), page(0.05, {"a": "EXCEPTION"})]),
    ),
    (
        checks.no_later_reading_says_otherwise,
        ended("PASS", 5.2, [status(0, "a", "NORMAL"), page(3, {"b": "NORMAL"}, 2), page(3.1, {"a": "STOPPED"}, 2, 1)]),
    ),
    (
        checks.pass_keeps_stable_for,
        ended("PASS", 19.0, [status(float(at), "a", "NORMAL") for at in (0, 10, 18)], stable_for=20),
    ),
    (
        checks.pass_keeps_stable_for,
        ended(
            "PASS",
            30.1,
            [
                status(0, "a", "NORMAL"),
                status(15, "a", "STARTING"),
                status(20, "a", "NORMAL"),
                status(30, "a", "NORMAL"),
            ],
            stable_for=20,
        ),
    ),
    (
        checks.pass_keeps_stable_for,  # restarted
        ended(
            "PASS",
            20.1,
            [status(0, "a", "NORMAL", start=5), status(10, "a", "NORMAL", start=9), status(20, "a", "NORMAL", start=9)],
            stable_for=20,
        ),
    ),
    (
        checks.pass_keeps_stable_for,
        ended(
            "PASS",
            40.1,
            [page(at, {"a": "NORMAL" if at != 15 else "STOPPED"}) for at in (0, 15, 30, 40)],
            stable_for=20,
            check_nodes=False,
            job_names=["a"],
        ),
    ),
    (checks.selection_is_whole, ended("PASS", 0.2, BOTH, jobs=[A, B, job("ab", "NORMAL")], name_contains="a")),
    (checks.selection_is_whole, ended("PASS", 0.2, BOTH, jobs=[TAGGED, B], tags=["t"])),
    (checks.selection_is_whole, ended("PASS", 0.2, BOTH, jobs=[A], name_contains="a", min_jobs=3)),
    (
        checks.failure_that_was_read_counts_at_once,
        ended("FAIL", 3, [status(0, "a", "NORMAL", "ABNORMAL"), silent(0.2, "b")]),
    ),
    (
        checks.failure_that_was_read_counts_at_once,
        ended("PASS", 5.2, [status(0, "a", "EXCEPTION"), status(5, "a", "NORMAL")]),
    ),
    (checks.failure_that_was_read_counts_at_once, ended("TIMEOUT", 0.2, [status(0, "a", "EXCEPTION")])),
    (
        checks.failure_that_was_read_counts_at_once,
        ended("PASS", 9, [status(0, "a", "NORMAL"), status(5, "a", None), status(8, "a", "NORMAL")], missing="ok"),
    ),
    (checks.failure_that_was_read_counts_at_once, ended("TIMEOUT", 9, [status(0, "a", None)])),
    (checks.failure_that_was_read_counts_at_once, ended("FAIL", 19, [status(0, "a", None)])),
    (checks.failure_that_was_read_counts_at_once, ended("ERROR", 9, [tasks(0, "x", "CANCELLED")], job_ids=["x"])),
    (
        checks.failure_that_was_read_counts_at_once,
        ended("PASS", 9, [status(0, "a", "EXCEPTION"), status(0.1, "b", "EXCEPTION")], max_failing=1),
    ),
    (
        checks.listed_failure_is_confirmed_at_once,
        ended("PASS", 9, [page(0, {"a": "EXCEPTION"}), status(5, "a", "NORMAL")]),
    ),
    (checks.failure_is_seen_in_time, ended("TIMEOUT", 60, EVERY_TEN, jobs=[FALLS])),
    (checks.failure_is_seen_in_time, ended("FAIL", 30, EVERY_TEN[:3], jobs=[FALLS], troubles=[Trouble("b", HANG)])),
    (
        checks.failure_is_seen_in_time,
        ended("PASS", 60, EVERY_TEN, jobs=[job("a", "NORMAL", {"n": "0 NORMAL, 5 ABNORMAL"})]),
    ),
    (checks.reasons_rest_on_readings, ended("FAIL", 1, [status(0, "a", "NORMAL")], [("job_exception", "a")])),
    (checks.reasons_rest_on_readings, ended("FAIL", 1, [page(0, {"a": "EXCEPTION"})], [("job_exception", "a")])),
    (checks.reasons_rest_on_readings, ended("FAIL", 1, [status(0, "a", "NORMAL")], [("job_missing", "a")])),
    (checks.reasons_rest_on_readings, ended("ERROR", 1, [status(0, "a", "NORMAL")], [("unreadable", "a")])),
    (checks.reasons_rest_on_readings, ended("TIMEOUT", 1, [status(0, "a", "STARTING")])),
    (
        checks.stall_is_a_stall,
        ended(
            "FAIL",
            30.1,
            [tasks(0, "x", "RUNNING"), tasks(20, "x", "RUNNING", (0, 9)), tasks(30, "x", "RUNNING", (0, 9))],
            [("stalled", "x")],
            stall_timeout=25,
        ),
    ),
    (checks.jobs_are_looked_at_often, ended("TIMEOUT", 60, [*EVERY_TEN[:2], *EVERY_TEN[4:]])),
    (checks.jobs_are_looked_at_often, ended("TIMEOUT", 60, [*EVERY_TEN, status(1, "b", "NORMAL")])),
    (checks.jobs_are_looked_at_often, ended("TIMEOUT", 30, [*BOTH, silent(1, "c")], troubles=[Trouble("c", HANG)])),
    (checks.ends_in_time, ended("TIMEOUT", 61, EVERY_TEN, wait_timeout=60)),
    (checks.ends_in_time, ended("TIMEOUT", 20, EVERY_TEN[:2], wait_timeout=60)),
    (checks.elapsed_is_what_passed, ended("PASS", 0.2, BOTH, elapsed=700.0)),
    (checks.elapsed_is_what_passed, ended("PASS", 0.2, BOTH, sent=1)),
    (checks.passes_in_time, ended("PASS", 45, EVERY_TEN[:4], jobs=[job("a", "0 STARTING, 3 NORMAL")])),
    (checks.passes_in_time, ended("TIMEOUT", 60, EVERY_TEN, jobs=[job("a", "0 STARTING, 20 NORMAL")], wait_timeout=60)),
    (checks.passes_in_time, ended("ERROR", 6, [silent(0, "a", 503)], jobs=[A])),
    (
        checks.passes_in_time,
        ended(
            "TIMEOUT", 99, [silent(0, "a", 429)], jobs=[A], troubles=[Trouble("a", THROTTLED, 0, 9, 9)], wait_timeout=99
        ),
    ),
    (checks.requests_are_spaced, ended("PASS", 9, [status(0, "a", "NORMAL"), status(0.04, "b", "NORMAL")])),
    (checks.credentials_are_tried_with_care, ended("FAIL", 30, [silent(5.0 * number, "a") for number in range(5)])),
    (checks.credentials_are_tried_with_care, ended("FAIL", 9, [silent(0, "a"), silent(1, "b")])),
    (checks.credentials_are_tried_with_care, ended("ERROR", 1, [silent(0, "a", 401), silent(0.2, "a")])),
    (
        checks.only_known_requests,
        ended("PASS", 9, [*BOTH, Request(0, 1, "GET", "/somewhere", {}, OTHER, None, 31, 1.1, 404)]),
    ),
    (
        checks.only_known_requests,
        ended("PASS", 9, [*BOTH, Request(0, 1, "POST", "/jobs/a/status", {}, STATUS, "a", 31, 1.1, 200)]),
    ),
]


def cases(table: Sequence[tuple[checks.Check, Run]]) -> list[Any]:
    """The table's rows, named by check and number."""
    return [pytest.param(check, run, id=f"{check.__name__} {number}") for number, (check, run) in enumerate(table)]


@pytest.mark.parametrize(("check", "run"), cases(ACCEPTED))
def test_check_accepts_a_correct_run(check: checks.Check, run: Run) -> None:
    assert list(check(run)) == []


@pytest.mark.parametrize(("check", "run"), cases(REFUSED))
def test_check_rejects_a_broken_run(check: checks.Check, run: Run) -> None:
    assert list(check(run)) != []


def test_each_check_has_an_accepted_and_a_rejected_run() -> None:
    assert {check for check, dummy in ACCEPTED} == set(checks.CHECKS)
    assert {check for check, dummy in REFUSED} == set(checks.CHECKS)


def test_a_broken_promise_is_named() -> None:
    (sentence,) = checks.broken_promises(ended("PASS", 5, [*BOTH, status(3, "a", "STARTING")]))
    assert sentence.startswith("pass_rests_on_ready_readings: PASS although a was ")


@pytest.mark.parametrize(
    ("pages", "complete"),
    [
        ([page(0, {"a": "NORMAL"})], True),
        ([page(0, {"a": "NORMAL"}, 2), page(1, {"b": "NORMAL"}, 2, 1)], True),
        ([page(0, {"a": "NORMAL"}, 2)], False),
        ([page(0, {"a": "NORMAL"}, 2), page(1, {"a": "NORMAL"}, 2, 1)], False),
    ],
)
def test_list_completeness_is_determined(pages: list[Request], complete: bool) -> None:
    run = ended("PASS", 5, [*pages, page(2, {"z": "NORMAL"})], job_names=["a"])
    assert [listing.complete for listing in run.listings] == [complete, True]
    assert bool(run.lists("a")) == complete
    assert LIST not in run.by_list
