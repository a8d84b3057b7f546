# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate on a virtual clock: its verdicts, their times, and the requests sent."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import (
    DENIED,
    PERMANENT,
    TRANSIENT,
    RequestError,
)
from ansible_collections.datagate.huaweicloud.tests.unit.gate_world import GONE, World, codes, gate

BUSY = RequestError(TRANSIENT, "busy", status=503)
FORBIDDEN = RequestError(DENIED, "no permission", status=400, error_code="DLF.6888")
UNAUTHORIZED = RequestError(DENIED, "authentication failed", status=401, error_code="APIGW.0301")
NO_WORKSPACE = RequestError(PERMANENT, "Workspace does not exists", status=400, error_code="DLF.0819")


def test_passes_when_the_last_job_is_ready() -> None:
    world = World({"a": [(0, "NORMAL")], "b": [(0, "STARTING"), (25, "NORMAL")]})
    result = gate(world, job_names=["a", "b"], wait=True)
    assert (result["verdict"], result["failed"], result["polls"]) == ("PASS", False, 4)
    assert 30 <= result["elapsed"] < 31
    assert result["history"] == [
        {"at": 0.0, "job": "a", "node": None, "previous": None, "status": "NORMAL"},
        {"at": 0.05, "job": "b", "node": None, "previous": None, "status": "STARTING"},
        {"at": 30.05, "job": "b", "node": None, "previous": "STARTING", "status": "NORMAL"},
    ]


def test_first_observation_is_immediate_or_after_wait_initial_delay() -> None:
    world = World({"a": [(0, "STARTING"), (3, "NORMAL")]})
    assert gate(world, job_names=["a"], wait=True, wait_initial_delay=4)["polls"] == 1
    assert world.calls[0][0] == 4


def test_a_failing_job_fails_at_once_in_any_state_of_the_others() -> None:
    world = World({"a": [(0, "STARTING")], "b": [(0, "STARTING"), (12, "EXCEPTION")]})
    result = gate(world, job_names=["a", "b"], wait=True)
    assert (result["verdict"], result["failed"]) == ("FAIL", True)
    assert codes(result) == [("job_exception", "b", None), ("still_pending", "a", None)]
    assert result["elapsed"] < 21
    assert result["msg"].startswith("FAIL after 20 s: b is EXCEPTION.")


def test_failing_node_of_a_normal_job_fails_the_gate() -> None:
    nodes = {"n1": "NORMAL", "n2": {"status": "EXCEPTION", "log_path": "obs://logs/n2"}}
    result = gate(World({"a": [(0, "NORMAL", nodes)]}), job_names=["a"], wait=True)
    assert result["verdict"] == "FAIL"
    assert codes(result) == [("node_exception", "a", "n2")]
    assert result["reasons"][0]["log_path"] == "obs://logs/n2"
    assert "node n2 is EXCEPTION (log obs://logs/n2)" in result["msg"]
    assert result["job"]["verdict"] == "FAIL"


@pytest.mark.parametrize("extra", [{"check_nodes": False}, {"ignore_nodes": ["n*"]}])
def test_ignored_nodes_do_not_fail_the_gate(extra: dict) -> None:
    world = World({"a": [(0, "NORMAL", {"n2": "EXCEPTION"})]})
    assert gate(world, job_names=["a"], wait=True, **extra)["verdict"] == "PASS"


def test_stopped_run_once_node_is_not_a_failure() -> None:
    world = World({"a": [(0, "NORMAL", {"once": "STOPPED", "n": "NORMAL", "none": {}})]})
    assert gate(world, job_names=["a"], wait=True)["verdict"] == "PASS"


def test_nodes_of_a_stopped_job_are_ignored() -> None:
    world = World({"a": [(0, "STOPPING", {"n": "NORMAL"}), (8, "STOPPED", {"n": "EXCEPTION"})]})
    result = gate(world, job_names=["a"], wait=True, wait_for=["STOPPED"])
    assert result["verdict"] == "PASS"


def test_job_that_leaves_normal_is_not_ready() -> None:
    world = World(
        {"a": [(0, "NORMAL"), (5, "STARTING"), (45, "NORMAL")], "b": [(0, "STARTING"), (15, "NORMAL")]},
    )
    result = gate(world, job_names=["a", "b"], wait=True)
    assert result["verdict"] == "PASS"
    assert result["elapsed"] >= 50


def test_timeout_names_what_was_not_ready() -> None:
    world = World({"a": [(0, "NORMAL")], "b": [(0, "STARTING", {"n": {"status": "STARTING", "log_path": "obs://b"}})]})
    result = gate(world, job_names=["a", "b"], wait=True, wait_timeout=35)
    assert (result["verdict"], result["failed"]) == ("TIMEOUT", True)
    assert codes(result) == [("still_pending", "b", None)]
    assert result["msg"] == ("TIMEOUT after 35 s: b is STARTING (log obs://b). 1 of 2 jobs ready (1 STARTING).")


def test_the_last_observation_ends_at_the_deadline() -> None:
    world = World({"a": [(0, "STARTING"), (34.5, "NORMAL")]}, latency=0.1)
    result = gate(world, job_names=["a"], wait=True, wait_timeout=35)
    assert result["verdict"] == "PASS"
    assert 34.5 <= result["elapsed"] <= 35


def test_nothing_runs_past_the_deadline() -> None:
    names = [f"job{number}" for number in range(100)]
    world = World({name: [(0, "NORMAL")] for name in names}, rate=20)
    result = gate(world, job_names=names, wait=True, wait_timeout=3)
    assert result["verdict"] == "TIMEOUT"
    assert result["elapsed"] <= 3
    assert len(result["reasons"]) == 39
    assert result["reasons"][0]["message"] == "job61 was not read"
    assert "and 29 more" in result["msg"]


def test_timeout_reports_the_time_without_an_answer() -> None:
    result = gate(World({"a": [(0, "NORMAL")]}, latency=100), job_names=["a"], wait=True, wait_timeout=30)
    assert (result["verdict"], codes(result)) == ("TIMEOUT", [("still_pending", "a", None)])
    assert result["reasons"][0]["message"] == "a was not read (no usable answer for 30 s)"
    assert result["job"]["reasons"] == result["reasons"]
    world = World({"a": [(0, "NORMAL")]}, list_errors=[(0, 100, BUSY)], list_hangs=60)
    result = gate(world, tags=["t"], wait=True, wait_timeout=30)
    assert (result["verdict"], codes(result)) == ("TIMEOUT", [("still_pending", None, None)])
    assert result["reasons"][0]["message"] == "the job list was not read to its end (no usable answer for 30 s)"


def test_errors_at_the_deadline_are_reported() -> None:
    """All errors are reported, not only the first one."""
    world = World({"a": [(0, BUSY)], "b": [(0, BUSY)]}, latency=30, rate=float("inf"))
    result = gate(world, job_names=["a", "b"], wait=True, wait_timeout=30)
    assert (result["verdict"], codes(result)) == (
        "TIMEOUT",
        [("unreadable", "a", None), ("unreadable", "b", None)],
    )


def test_the_message_names_the_first_ten_by_severity_and_counts_the_rest() -> None:
    states = {f"job{number:04d}": "STARTING" for number in range(1000)}
    states.update(job0997="EXCEPTION", job0998="STARTTING OR SO", job0999="NORMAL")
    world = World({name: [(0, state)] for name, state in states.items()}, latency=0.001)
    options: dict[str, Any] = {"wait": True, "wait_timeout": 3, "requests_per_second": 0}
    result = gate(world, job_names=list(states), fail_on_exception=False, **options)
    assert result["verdict"] == "TIMEOUT"
    received = result["msg"].partition(": ")[2].partition(". ")[0].split("; ")
    assert received[:3] == [
        "job0997 is EXCEPTION",
        "job0998 is in the unknown state STARTTING OR SO",
        "job0000 is STARTING",
    ]
    assert (len(received), received[-1]) == (11, "and 989 more")
    assert "1 of 1000 jobs ready" in result["msg"]
    result = gate(world, job_names=list(states), **options)
    assert result["verdict"] == "FAIL"
    assert result["msg"].partition(": ")[2].startswith("job0997 is EXCEPTION. ")


def test_unreadable_answer_is_requested_again_within_the_observation() -> None:
    garbled = RequestError(TRANSIENT, "the answer describes no job", status=200)
    names = [f"job{number:04d}" for number in range(500)]
    jobs: dict[str, Any] = {name: [(0, "NORMAL")] for name in names}
    # Whenever it is read in the middle of a sweep, which takes 25 seconds.
    jobs["job0100"] = [(0, garbled), (20, "NORMAL")]
    world = World(jobs, rate=20)
    result = gate(world, job_names=names, wait=True, wait_timeout=120)
    assert result["verdict"] == "PASS"
    assert result["elapsed"] < 60
    # A permanently unreadable job is read twice in an observation, and counts once.
    world = World({**jobs, "job0100": [(0, garbled)]}, rate=20)
    result = gate(world, job_names=names, wait=True, wait_timeout=600, max_consecutive_errors=3)
    assert result["verdict"] == "ERROR"
    assert "could not be read 3 times in a row" in result["msg"]
    assert sum(name == "job0100" for dummy, name in world.calls) == 6


def test_wait_timeout_zero_is_one_observation() -> None:
    world = World({"a": [(0, "STARTING")]}, latency=0.2)
    result = gate(world, job_names=["a"], wait=True, wait_timeout=0)
    assert (result["verdict"], result["polls"]) == ("TIMEOUT", 1)
    assert (
        gate(World({"a": [(0, "NORMAL")]}, latency=0.2), job_names=["a"], wait=True, wait_timeout=0)["failed"] is False
    )


@pytest.mark.parametrize(
    ("state", "verdict", "failed"),
    [
        ("NORMAL", "PASS", False),
        ("STARTING", "PENDING", False),
        ("EXCEPTION", "FAIL", False),
        ("ODD", "PENDING", False),
    ],
)
def test_reading_without_wait_returns_the_verdict_of_a_gate(state: str, verdict: str, failed: bool) -> None:
    result = gate(World({"a": [(0, state)]}), job_names=["a"])
    assert (result["verdict"], result["failed"], result["polls"], result["elapsed"]) == (verdict, failed, 1, 0.0)


def test_fail_on_exception_without_wait_fails_the_task() -> None:
    result = gate(World({"a": [(0, "EXCEPTION")]}), job_names=["a"], fail_on_exception=True)
    assert (result["verdict"], result["failed"]) == ("FAIL", True)


def test_fail_on_exception_false_waits_for_recovery() -> None:
    world = World({"a": [(0, "EXCEPTION", {"n": "EXCEPTION"}), (15, "NORMAL", {"n": "NORMAL"})]})
    result = gate(world, job_names=["a"], wait=True, fail_on_exception=False)
    assert result["verdict"] == "PASS"
    world = World({"a": [(0, "EXCEPTION")]})
    result = gate(world, job_names=["a"], wait=True, fail_on_exception=False, wait_timeout=20)
    assert result["verdict"] == "TIMEOUT"
    assert codes(result) == [("still_pending", "a", None)]


@pytest.mark.parametrize(("state", "verdict"), [("NORMAL", "PASS"), ("STARTING", "PENDING"), ("EXCEPTION", "FAIL")])
def test_check_mode_observes_once(state: str, verdict: str) -> None:
    result = gate(World({"a": [(0, state)]}), check_mode=True, job_names=["a"], wait=True, wait_initial_delay=60)
    assert (result["verdict"], result["polls"], result["elapsed"]) == (verdict, 1, 0.0)
    assert result["failed"] is (verdict == "FAIL")


class TestMissing:
    def test_missing_job_fails_at_once_and_similar_names_are_suggested(self) -> None:
        world = World({"job_a": [(0, "NORMAL")]})
        result = gate(world, job_names=["job_b", "job_a"], wait=True)
        assert (result["verdict"], result["failed"]) == ("FAIL", True)
        assert codes(result) == [("job_missing", "job_b", None)]
        assert result["msg"].startswith(
            "FAIL after 0.0 s: job_b does not exist as a real-time job in workspace ws1 (similar names: job_a)."
        )

    def test_missing_job_fails_a_reading_without_wait(self) -> None:
        assert gate(World({}), job_names=["a"])["failed"] is True

    def test_missing_wait_waits_for_the_job(self) -> None:
        world = World({"a": [(0, GONE), (25, "STARTING"), (35, "NORMAL")]})
        result = gate(world, job_names=["a"], wait=True, missing="wait")
        assert result["verdict"] == "PASS"
        assert result["history"][0]["at"] == 30
        result = gate(World({}), job_names=["a"], missing="wait")
        assert (result["verdict"], result["failed"]) == ("PENDING", False)

    def test_missing_ok_leaves_the_job_out_and_names_it(self) -> None:
        result = gate(World({"a": [(0, "NORMAL")]}), job_names=["a", "new"], wait=True, missing="ok")
        assert result["verdict"] == "PASS"
        assert codes(result) == [("job_missing", "new", None)]
        assert [job["name"] for job in result["jobs"]] == ["a"]
        assert gate(World({}), job_names=["new"], missing="ok")["verdict"] == "PASS"

    def test_missing_ok_does_not_make_a_reading_fail_on_another_job(self) -> None:
        result = gate(World({"a": [(0, "EXCEPTION")]}), job_names=["a", "new"], missing="ok")
        assert (result["verdict"], result["failed"]) == ("FAIL", False)


class TestUnreadable:
    def test_errors_in_a_row_make_an_error(self) -> None:
        world = World({"a": [(0, BUSY)]})
        result = gate(world, job_names=["a"], wait=True, max_consecutive_errors=3)
        assert (result["verdict"], result["polls"]) == ("ERROR", 3)
        assert codes(result) == [("unreadable", "a", None)]
        assert "could not be read 3 times in a row" in result["msg"]

    def test_good_reading_resets_the_error_count(self) -> None:
        script = [(0, BUSY), (15, "STARTING"), (25, BUSY), (45, "NORMAL")]
        assert gate(World({"a": script}), job_names=["a"], wait=True, max_consecutive_errors=3)["verdict"] == "PASS"

    def test_a_permanent_error_ends_the_gate_at_once(self) -> None:
        result = gate(World({"a": [(0, FORBIDDEN)]}), job_names=["a"], wait=True)
        assert (result["verdict"], result["polls"]) == ("ERROR", 1)
        assert codes(result) == [("denied", "a", None)]

    @pytest.mark.parametrize("order", [["a", "b"], ["b", "a"]])
    @pytest.mark.parametrize("error", [FORBIDDEN, BUSY, NO_WORKSPACE])
    def test_unreadable_job_does_not_hide_the_failure_of_another(self, order: list, error: RequestError) -> None:
        world = World({"a": [(0, error)], "b": [(0, "EXCEPTION")]})
        result = gate(world, job_names=order, wait=True)
        assert result["verdict"] == "FAIL"
        assert codes(result)[0] == ("job_exception", "b", None)

    def test_nothing_is_sent_after_http_401(self) -> None:
        world = World({"a": [(0, UNAUTHORIZED)], "b": [(0, "NORMAL")]})
        result = gate(world, job_names=["a", "b"], wait=True)
        assert (result["verdict"], result["failed"], world.sent) == ("ERROR", True, 1)
        assert codes(result)[0] == ("denied", None, None)

    def test_unreadable_job_is_not_ready(self) -> None:
        world = World({"a": [(0, "NORMAL"), (5, BUSY)], "b": [(0, "STARTING"), (15, "NORMAL")]})
        result = gate(world, job_names=["a", "b"], wait=True, wait_timeout=30, max_consecutive_errors=99)
        assert result["verdict"] == "TIMEOUT"
        assert codes(result) == [("unreadable", "a", None)]

    @pytest.mark.parametrize("check_mode", [False, True])
    def test_a_single_reading_that_fails_is_an_error(self, check_mode: bool) -> None:
        result = gate(World({"a": [(0, BUSY)]}), check_mode=check_mode, job_names=["a"], wait=check_mode)
        assert (result["verdict"], result["failed"]) == ("ERROR", True)


class TestSelection:
    def test_selection_is_settled_at_the_first_observation(self) -> None:
        world = World({"x_a": [(0, "STARTING"), (15, "NORMAL")], "x_b": [(5, "STARTING")], "other": [(0, "EXCEPTION")]})
        result = gate(world, name_contains="x_", wait=True)
        assert result["verdict"] == "PASS"
        assert [job["name"] for job in result["jobs"]] == ["x_a"]

    def test_too_few_jobs_never_pass(self) -> None:
        result = gate(World({"x_a": [(0, "NORMAL")]}), name_contains="x_", wait=True, min_jobs=2, missing="ok")
        assert (result["verdict"], codes(result)) == ("FAIL", [("too_few_jobs", None, None)])
        result = gate(World({}), tags=["t"])
        assert (result["verdict"], result["failed"]) == ("FAIL", True)
        assert "tags t select no real-time job in workspace ws1, and at least 1 must be there" in result["msg"]

    def test_missing_wait_waits_for_min_jobs(self) -> None:
        world = World({"x_a": [(0, "NORMAL")], "x_b": [(12, "NORMAL")]})
        result = gate(world, name_contains="x_", wait=True, min_jobs=2, missing="wait")
        assert (result["verdict"], result["polls"]) == ("PASS", 3)

    def test_exclude_names_and_min_jobs_apply_to_job_names(self) -> None:
        world = World({"a": [(0, "NORMAL")], "b": [(0, "EXCEPTION")]})
        assert gate(world, job_names=["a", "b"], exclude_names=["B", "b*"], wait=True)["verdict"] == "PASS"
        result = gate(world, job_names=["a", "b"], exclude_names=["b"], min_jobs=2, wait=True, missing="wait")
        assert (result["verdict"], codes(result)) == ("FAIL", [("too_few_jobs", None, None)])

    def test_a_list_that_cannot_be_read_is_tried_again(self) -> None:
        world = World({"a": [(0, "NORMAL")]}, list_errors=[(0, 15, BUSY)])
        assert gate(world, name_contains="a", wait=True)["verdict"] == "PASS"
        world = World({"a": [(0, "NORMAL")]}, list_errors=[(0, 999, BUSY)])
        result = gate(world, name_contains="a", wait=True, max_consecutive_errors=3)
        assert (result["verdict"], result["polls"], codes(result)) == ("ERROR", 3, [("unreadable", None, None)])
        world = World({"a": [(0, "NORMAL")]}, list_errors=[(0, 999, NO_WORKSPACE)])
        result = gate(world, name_contains="a", wait=True)
        assert (result["verdict"], result["polls"]) == ("ERROR", 1)

    def test_selected_job_that_leaves_the_list_is_read_by_a_status_call(self) -> None:
        world = World({"a": [(0, "STARTING"), (15, GONE)]})
        result = gate(world, tags=["t"], wait=True)
        assert (result["verdict"], codes(result)) == ("FAIL", [("job_missing", "a", None)])


class TestConditions:
    def test_stable_for_restarts_when_a_job_leaves_normal(self) -> None:
        world = World({"a": [(0, "NORMAL"), (15, "STARTING"), (25, "NORMAL")]})
        result = gate(world, job_names=["a"], wait=True, stable_for=30)
        assert result["verdict"] == "PASS"
        assert 60 <= result["elapsed"] < 61

    def test_deadline_within_stable_for_reports_not_stable(self) -> None:
        world = World({"a": [(0, "STARTING"), (25, "NORMAL")]})
        result = gate(world, job_names=["a"], wait=True, stable_for=30, wait_timeout=50)
        assert (result["verdict"], codes(result)) == ("TIMEOUT", [("not_stable", None, None)])

    def test_exception_grace_adds_up(self) -> None:
        flapping = [(0, "EXCEPTION"), (15, "STARTING"), (25, "EXCEPTION"), (45, "NORMAL")]
        assert gate(World({"a": flapping}), job_names=["a"], wait=True, exception_grace=60)["verdict"] == "PASS"
        result = gate(World({"a": flapping}), job_names=["a"], wait=True, exception_grace=30)
        assert (result["verdict"], result["elapsed"]) == ("FAIL", 40.0)

    def test_exception_grace_restarts_after_stable_for(self) -> None:
        script = [(0, "EXCEPTION"), (15, "NORMAL"), (25, "EXCEPTION"), (35, "NORMAL")]
        options: dict[str, Any] = {"job_names": ["a"], "wait": True, "exception_grace": 20}
        assert gate(World({"a": script}), **options)["verdict"] == "PASS"
        # Without stable_for the gate passes at the first NORMAL, so a second job keeps it open.
        jobs = {"a": script, "b": [(0, "STARTING"), (55, "NORMAL")]}
        assert gate(World(jobs), **{**options, "job_names": ["a", "b"]})["verdict"] == "PASS"
        result = gate(World(jobs), **{**options, "job_names": ["a", "b"], "stable_for": 20})
        assert result["verdict"] == "FAIL"

    def test_failing_job_at_the_deadline_is_fail(self) -> None:
        world = World({"a": [(0, "STARTING"), (25, "EXCEPTION")]})
        result = gate(world, job_names=["a"], wait=True, exception_grace=40, wait_timeout=50)
        assert result["verdict"] == "FAIL"
        assert 49.9 <= result["elapsed"] <= 50.0

    def test_max_failing_jobs_stay_in_the_reasons(self) -> None:
        jobs = {"a": [(0, "EXCEPTION")], "b": [(0, "NORMAL")], "c": [(0, "NORMAL"), (5, "EXCEPTION")]}
        result = gate(World(jobs), job_names=["a", "b"], wait=True, max_failing=1)
        assert (result["verdict"], codes(result)) == ("PASS", [("job_exception", "a", None)])
        jobs["b"] = [(0, "STARTING")]
        assert gate(World(jobs), job_names=["a", "b", "c"], wait=True, max_failing=1)["verdict"] == "FAIL"

    def test_fail_states(self) -> None:
        world = World({"a": [(0, "PAUSE")]})
        assert gate(world, job_names=["a"], wait=True, fail_states=["PAUSE"])["verdict"] == "FAIL"
        world = World({"a": [(0, "NORMAL", {"once": "STOPPED"})]})
        assert gate(world, job_names=["a"], wait=True, fail_states=["EXCEPTION", "STOPPED"])["verdict"] == "PASS"

    def test_started_after(self) -> None:
        script = [(0, "NORMAL", {"_start_time": 5}), (15, "STARTING"), (25, "NORMAL", {"_start_time": 10})]
        result = gate(World({"a": script}), job_names=["a"], wait=True, started_after=10)
        assert (result["verdict"], result["elapsed"]) == ("PASS", 30.0)
        for fields in ({"_start_time": 9}, {}):
            result = gate(
                World({"a": [(0, "NORMAL", fields)]}), job_names=["a"], wait=True, started_after=10, wait_timeout=20
            )
            assert (result["verdict"], codes(result)) == ("TIMEOUT", [("not_restarted", "a", None)])

    def test_require_records(self) -> None:
        def node(count: object, status: str = "NORMAL") -> dict:
            return {"n": {"status": status, "total_put_records": count, "total_get_records": 0}}

        grows = [(0, "NORMAL", node(100)), (15, "NORMAL", node(3)), (25, "NORMAL", node(4))]
        result = gate(World({"a": grows}), job_names=["a"], wait=True, require_records=True)
        assert (result["verdict"], result["elapsed"]) == ("PASS", 30.0)
        idle = [(0, "NORMAL", node(100)), (15, "NORMAL", node(3)), (25, "NORMAL", node(9, "STOPPED"))]
        result = gate(World({"a": idle}), job_names=["a"], wait=True, require_records=True, wait_timeout=50)
        assert (result["verdict"], codes(result)) == ("TIMEOUT", [("no_records", "a", None)])
        silent = World({"a": [(0, "NORMAL", {"n": "NORMAL"})]})
        result = gate(silent, job_names=["a"], wait=True, require_records=True, wait_timeout=20)
        assert result["reasons"][0]["message"] == "a has no running node that reports records"

    def test_an_unknown_state_is_pending_and_named(self) -> None:
        result = gate(World({"a": [(0, "MELTING")]}), job_names=["a"], wait=True, wait_timeout=20)
        assert (result["verdict"], codes(result)) == ("TIMEOUT", [("unknown_state", "a", None)])
        assert "unknown state MELTING" in result["msg"]


class TestManyJobs:
    """If the nodes cannot be read within an interval, the list is read first."""

    names = tuple(f"job{number:04d}" for number in range(1000))

    def world(self, **changes: list) -> World:
        jobs: dict = {name: [(0, "NORMAL", {"n": "NORMAL"})] for name in self.names}
        jobs.update(changes)
        return World(jobs, rate=28, latency=0.0)

    def test_gate_sends_about_one_request_per_job(self) -> None:
        world = self.world()
        result = gate(world, job_names=self.names, wait=True, wait_timeout=300)
        assert result["verdict"] == "PASS"
        assert world.sent <= 1.15 * (1000 + 10)
        assert result["elapsed"] <= 1.3 * (1010 / 28)

    def test_check_nodes_false_reads_only_the_list(self) -> None:
        world = self.world()
        result = gate(world, job_names=self.names, wait=True, check_nodes=False)
        assert (result["verdict"], world.sent) == ("PASS", 10)

    @pytest.mark.parametrize("fell_at", [1, 5, 14, 22, 30, 35])
    def test_job_that_fails_during_the_sweep_fails_the_gate(self, fell_at: float) -> None:
        world = self.world(job0000=[(0, "NORMAL"), (fell_at, "EXCEPTION")])
        result = gate(world, job_names=self.names, wait=True, wait_timeout=300)
        assert (result["verdict"], codes(result)[0]) == ("FAIL", ("job_exception", "job0000", None))
        assert result["elapsed"] - fell_at <= 15

    def test_the_nodes_of_ready_jobs_are_read_in_rotation_while_one_is_pending(self) -> None:
        world = self.world(job0007=[(0, "STARTING"), (400, "NORMAL")])
        result = gate(world, job_names=self.names, wait=True, wait_timeout=1000)
        assert result["verdict"] == "PASS"
        read = [at for at, what in world.calls if what == "job0500"]
        longest = max(later - earlier for earlier, later in zip(read, read[1:]))
        assert longest <= 1000 / 28 / 0.75 + 10, "one sweep, a quarter of the ceiling being left to the lists"
        first_ready = max(at for at, what in world.calls if what == "job0500")
        assert result["elapsed"] - first_ready <= 10 + 1.5 * 1000 / 28, "no node reading is older than that"

    def test_a_tolerated_failure_does_not_keep_old_readings_from_being_renewed(self) -> None:
        world = self.world(job0007=[(0, "EXCEPTION")], job0008=[(0, "STARTING"), (400, "NORMAL")])
        result = gate(world, job_names=self.names, wait=True, wait_timeout=1000, max_failing=1)
        assert result["verdict"] == "PASS"

    @pytest.mark.parametrize("count", range(6, 11))
    def test_nodes_read_after_the_closing_list_need_another_list(self, count: int) -> None:
        jobs: dict = {name: [(0, "STARTING"), (105, "NORMAL")] for name in self.names[:count]}
        jobs.update({f"late{number}": [(0, "STARTING"), (118, "NORMAL")] for number in range(2)})
        world = World(jobs, rate=1)
        result = gate(world, job_names=list(jobs), wait=True, wait_interval=1, wait_timeout=300)
        assert result["verdict"] == "PASS"
        assert result["elapsed"] - max(at for at, what in world.calls if what == "list") <= 3

    def test_failed_closing_list_leads_to_status_calls_for_all_jobs(self) -> None:
        jobs: dict = {name: [(0, "NORMAL")] for name in self.names[:4]}
        world = World(jobs, rate=2, list_errors=[(0, 5, BUSY)], list_hangs=30)
        result = gate(world, job_names=list(jobs), wait=True, wait_interval=5, wait_timeout=300)
        assert result["verdict"] == "PASS"
        assert {what for at, what in world.calls if at > 30} == set(jobs)

    def test_only_old_readings_are_renewed(self) -> None:
        late = {name: [(0, "STARTING"), (12, "NORMAL", {"n": "NORMAL"})] for name in self.names[250:]}
        world = self.world(**late)
        result = gate(world, job_names=self.names, wait=True, wait_timeout=300)
        assert result["verdict"] == "PASS"
        statuses = [what for dummy, what in world.calls if what != "list"]
        assert len(statuses) <= 1400, (
            "the quarter that was ready first was read 45 seconds before the end: young enough"
        )

    @pytest.mark.parametrize("latency", [0.1, 0.25, 1.0])
    def test_slow_answers_only_delay_the_pass(self, latency: float) -> None:
        jobs: dict = {name: [(0, "NORMAL", {"n": "NORMAL"})] for name in self.names[:300]}
        world = World(jobs, rate=28, latency=latency)
        result = gate(world, job_names=list(jobs), wait=True, wait_timeout=3000)
        assert result["verdict"] == "PASS"
        assert result["elapsed"] <= 2 * 300 * latency

    def test_job_that_fails_during_slow_answers_fails_the_gate(self) -> None:
        jobs: dict = {name: [(0, "NORMAL")] for name in self.names[:300]}
        jobs["job0000"] = [(0, "NORMAL"), (5, "EXCEPTION")]
        result = gate(World(jobs, rate=28, latency=1.0), job_names=list(jobs), wait=True, wait_timeout=3000)
        assert (result["verdict"], codes(result)[0]) == ("FAIL", ("job_exception", "job0000", None))
        assert result["elapsed"] - 5 <= 15

    def test_hanging_list_leaves_time_for_node_readings(self) -> None:
        world = self.world(job0500=[(0, "NORMAL", {"n": "NORMAL"}), (1, "NORMAL", {"n": "EXCEPTION"})])
        world.list_errors, world.list_hangs = [(5, 1e9, BUSY)], 60.0
        result = gate(world, job_names=self.names, wait=True, wait_timeout=600)
        assert (result["verdict"], codes(result)[0]) == ("FAIL", ("node_exception", "job0500", "n"))

    def test_failing_node_among_many_jobs_fails_the_gate(self) -> None:
        world = self.world(job0999=[(0, "NORMAL", {"n": "EXCEPTION"})])
        result = gate(world, job_names=self.names, wait=True, wait_timeout=300)
        assert (result["verdict"], codes(result)[0]) == ("FAIL", ("node_exception", "job0999", "n"))

    def test_failure_in_the_list_is_confirmed_by_a_status_call(self) -> None:
        jobs: dict = {name: [(0, "NORMAL")] for name in self.names}
        world = World(jobs, rate=28, lists_say={"job0003": [(0, "EXCEPTION")], "job0004": [(0, GONE)]})
        result = gate(world, job_names=self.names, wait=True, wait_timeout=300)
        assert result["verdict"] == "PASS"
        assert [what for dummy, what in world.calls if what != "list"][:2] == ["job0003", "job0004"]

    def test_failure_in_the_list_fails_at_once(self) -> None:
        world = self.world(job0999=[(0, "EXCEPTION")])
        result = gate(world, job_names=self.names, wait=True, wait_timeout=300)
        assert result["verdict"] == "FAIL"
        assert result["elapsed"] < 1

    def test_jobs_that_fit_into_the_interval_are_confirmed_by_the_list(self) -> None:
        names = self.names[:150]
        jobs: dict = {name: [(0, "NORMAL")] for name in names}
        jobs["job0000"] = [(0, "NORMAL"), (3, "STARTING"), (20, "NORMAL")]
        world = World(jobs, rate=20)
        result = gate(world, job_names=names, wait=True, wait_timeout=300)
        assert result["verdict"] == "PASS"
        assert result["elapsed"] >= 20

    @pytest.mark.parametrize("says", ["STARTING", "STOPPED", "EXCEPTION", None, GONE])
    @pytest.mark.parametrize(("count", "latency"), [(22, 0.0), (100, 0.0), (60, 0.6), (3, 0.6)])
    def test_wrong_states_in_the_list_only_delay_the_pass(self, count: int, latency: float, says: str | None) -> None:
        jobs: dict = {name: [(0, "NORMAL", {"n": "NORMAL"})] for name in self.names[:count]}
        world = World(jobs, rate=20, latency=latency, lists_say={name: [(0, says)] for name in jobs})
        result = gate(world, job_names=list(jobs), wait=True, wait_timeout=600)
        assert result["verdict"] == "PASS"
        # Each job once, once more for the look at the end, and the lists in between.
        assert world.sent <= 4 * count
        assert result["elapsed"] <= 4 * count * max(1 / 20, latency)

    @pytest.mark.parametrize("says", ["EXCEPTION", None, GONE])
    def test_wrong_states_of_some_jobs_only_delay_the_pass(self, says: str | None) -> None:
        world = self.world()
        world.lists_say = {name: [(0.0, says, {})] for name in self.names[:400]}
        result = gate(world, job_names=self.names, wait=True, wait_timeout=600)
        assert result["verdict"] == "PASS"
        # A failure that the list keeps showing is confirmed repeatedly, at growing intervals.
        assert world.sent <= (4000 if says == "EXCEPTION" else 2500)

    def test_lagging_list_only_delays_the_pass(self) -> None:
        world = self.world()
        world.lists_say = {name: [(0.0, "STARTING", {}), (60.0, "NORMAL", {})] for name in self.names}
        result = gate(world, job_names=self.names, wait=True, wait_timeout=600)
        assert (result["verdict"], result["elapsed"] < 120) == ("PASS", True)

    def test_missing_states_in_the_list_are_read_by_status_calls(self) -> None:
        world = self.world(job0999=[(0, "STARTING"), (20, "NORMAL")])
        world.lists_say = {name: [(0.0, None, {})] for name in self.names}
        result = gate(world, job_names=self.names, wait=True, wait_timeout=600, check_nodes=False)
        assert result["verdict"] == "PASS"
        assert result["by_status"] == {"NORMAL": 1000}

    @pytest.mark.parametrize("timeout", [26, 31, 33, 50])
    def test_last_observation_cut_by_the_deadline_does_not_count(self, timeout: float) -> None:
        jobs: dict = {name: [(0, "NORMAL", {"n": "NORMAL"})] for name in self.names[:100]}
        # It has been read when it falls, and where the list cannot be read that is not seen before all are read again.
        jobs["job0050"] = [(0, "NORMAL", {"n": "NORMAL"}), (17, "EXCEPTION")]
        world = World(jobs, rate=4, latency=0.3, list_errors=[(0, 1e9, BUSY)])
        result = gate(world, job_names=list(jobs), wait=True, wait_interval=30, wait_timeout=timeout)
        if timeout == 50:
            assert result["verdict"] == "FAIL"
            return
        assert result["verdict"] == "TIMEOUT"
        assert codes(result) == [("still_pending", None, None)]
        assert "the observation of all jobs together was not finished" in result["msg"]

    @pytest.mark.parametrize(("until", "verdict"), [(5, "PASS"), (28, "PASS"), (200, "FAIL")])
    def test_exception_grace_of_a_node_ends_with_its_reading(self, until: float, verdict: str) -> None:
        """The list is read meanwhile, and contains no nodes."""
        world = self.world(job0000=[(0, "NORMAL", {"n": "EXCEPTION"}), (until, "NORMAL", {"n": "NORMAL"})])
        result = gate(world, job_names=self.names, wait=True, wait_timeout=600, exception_grace=30)
        assert result["verdict"] == verdict
        if verdict == "FAIL":
            assert 30 <= result["elapsed"] <= 32, "not only in the next observation"

    def test_repeated_list_errors_end_as_error(self) -> None:
        world = self.world()
        world.list_errors = [(0, 1e9, BUSY)]
        result = gate(world, job_names=self.names, wait=True, wait_timeout=300, max_consecutive_errors=3)
        assert (result["verdict"], codes(result)[0]) == ("ERROR", ("unreadable", None, None))


class TestDli:
    def test_finished_job_passes_and_is_not_read_again(self) -> None:
        world = World({"a": [(0, "FINISHED")], "b": [(0, "RUNNING"), (15, "FINISHED")]}, lists=False)
        result = gate(world, dli=True, job_ids=["a", "b"], wait=True)
        assert result["verdict"] == "PASS"
        assert [what for dummy, what in world.calls] == ["a", "b", "b", "b"]

    @pytest.mark.parametrize(("state", "code"), [("FAILED", "dli_failed"), ("CANCELLED", "dli_cancelled")])
    def test_final_states_fail_at_once(self, state: str, code: str) -> None:
        jobs = {"a": [(0, "RUNNING"), (15, state, {"_message": "out of memory"})]}
        result = gate(World(jobs, lists=False), dli=True, job_ids=["a"], wait=True)
        assert (result["verdict"], codes(result)) == ("FAIL", [(code, "a", None)])
        assert result["msg"] == f"FAIL after 20 s: a is {state}: out of memory."

    def test_stall_timeout_fails_an_unchanged_job(self) -> None:
        def at(progress: float) -> dict:
            return {"_progress": progress}

        jobs = {"a": [(0, "LAUNCHING"), (35, "RUNNING", at(0.1)), (65, "RUNNING", at(0.2))]}
        world = World(jobs, lists=False)
        result = gate(world, dli=True, job_ids=["a"], wait=True, stall_timeout=50)
        assert (result["verdict"], codes(result)) == ("FAIL", [("stalled", "a", None)])
        assert result["elapsed"] == 120

    def test_missing_progress_is_not_a_stall(self) -> None:
        """The progress call fails, and the status call that replaces it returns no progress."""
        jobs = {"a": [(0, "RUNNING", {"_progress": None}), (300, "FINISHED")]}
        result = gate(World(jobs, lists=False), dli=True, job_ids=["a"], wait=True, stall_timeout=50)
        assert result["verdict"] == "PASS"

    @pytest.mark.parametrize("moves", [True, False])
    def test_stall_is_detected_despite_missing_readings(self, moves: bool) -> None:
        known: list[Any] = [
            (
                at,
                "RUNNING",
                {"_progress": 0.1 + (at / 1000 if moves else 0), "_tasks": {"completed": 3} if at else None},
            )
            for at in range(0, 400, 40)
        ]
        gaps: list[Any] = [(at + 20, "RUNNING", {"_progress": None, "_tasks": None}) for at in range(0, 400, 40)]
        jobs = {"a": [*sorted(known + gaps), (400, "FINISHED")]}
        result = gate(World(jobs, lists=False), dli=True, job_ids=["a"], wait=True, stall_timeout=70)
        assert result["verdict"] == ("PASS" if moves else "FAIL")
        if not moves:
            assert codes(result) == [("stalled", "a", None)]
            # The tasks that come at 40 seconds are a change.
            assert 110 <= result["elapsed"] <= 130

    def test_tasks_are_kept_after_the_job_finished(self) -> None:
        tasks = {"total": 9, "completed": 3}
        jobs = {"a": [(0, "RUNNING", {"_tasks": tasks}), (15, "FINISHED", {"_tasks": None})]}
        result = gate(World(jobs, lists=False), dli=True, job_ids=["a"], wait=True)
        assert result["job"]["tasks"] == tasks
