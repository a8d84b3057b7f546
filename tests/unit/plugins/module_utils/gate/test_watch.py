# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events of a watch about jobs that change, appear, vanish, or cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._entry_points.watched_jobs import WATCHED
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DENIED, TRANSIENT, RequestError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.watch import Watch
from ansible_collections.datagate.huaweicloud.tests.unit.gate_world import GONE, World

NODE = {"status": "EXCEPTION", "log_path": "obs://logs/N.job"}


class Watched:
    """A watch over a world; each poll is `interval` seconds after the previous one."""

    def __init__(self, world: World, interval: float = 10.0, **params: Any) -> None:
        self.world = world
        self.interval = interval
        extra = {name: params.pop(name) for name in ("check_nodes", "initial") if name in params}
        self.watch = Watch(options.selection(params), world, world.clock, interval, **extra)
        self.next = 0.0

    def look(self) -> list[dict[str, Any]]:
        self.world.clock.sleep(self.next - self.world.at())
        self.next += self.interval
        return self.watch.poll()

    def changes(self) -> list[tuple[str, str | None, str | None, str | None]]:
        return [(event["job"], event.get("node"), event["previous"], event["status"]) for event in self.look()]


def error(status: int, kind: str = TRANSIENT, request_id: str | None = None) -> RequestError:
    return RequestError(kind, "trouble", service="dataarts", status=status, request_id=request_id)


def test_a_change_is_reported_once() -> None:
    watched = Watched(World({"a": [(0, "NORMAL"), (15, "STOPPED")]}), job_names="a")
    assert watched.look() == []
    assert watched.look() == []
    assert watched.look() == [{"job": "a", "previous": "NORMAL", "status": "STOPPED", "workspace": "ws1"}]
    assert watched.look() == []


def test_initial_reports_the_first_states() -> None:
    world = World({"a": [(0, "NORMAL", {"N": NODE})]})
    assert Watched(world, job_names="a").look() == []
    job, node = Watched(world, job_names="a", initial=True).look()
    assert (job["job"], job["previous"], job["status"]) == ("a", None, "NORMAL")
    assert "node" not in job
    assert "reason" not in job
    assert node == {
        "job": "a",
        "node": "N",
        "previous": None,
        "status": "EXCEPTION",
        "workspace": "ws1",
        "reason": "node_exception",
        "message": "a: node N is EXCEPTION",
        "log_path": "obs://logs/N.job",
    }


def test_job_that_fails_at_its_first_reading_is_reported() -> None:
    steps = [(0, error(503)), (15, "EXCEPTION", {"N": NODE}), (35, "NORMAL")]
    watched = Watched(World({"a": steps, "b": [(0, error(503)), (15, "NORMAL")]}), job_names=["a", "b"])
    assert [set(event) >= {"error"} for event in watched.look()] == [True]
    assert watched.changes() == []
    assert watched.changes() == [("a", None, None, "EXCEPTION"), ("a", "N", None, "EXCEPTION")]
    assert watched.changes() == []
    assert watched.changes()[0] == ("a", None, "EXCEPTION", "NORMAL")


def test_failing_job_has_reason_and_log_path() -> None:
    watched = Watched(World({"a": [(0, "NORMAL"), (5, "EXCEPTION", {"N": NODE})]}), job_names="a")
    watched.look()
    job, node = watched.look()
    assert (job["reason"], job["log_path"]) == ("job_exception", "obs://logs/N.job")
    assert (node["node"], node["reason"]) == ("N", "node_exception")


def test_nodes_of_a_stopped_job_are_ignored() -> None:
    steps = [(0, "STOPPED", {"N": "NORMAL"}), (5, "STOPPED", {"N": NODE})]
    watched = Watched(World({"a": steps}), job_names="a")
    watched.look()
    (event,) = watched.look()
    assert event["status"] == "EXCEPTION"
    assert "reason" not in event


def test_check_nodes_false_reads_only_the_list() -> None:
    world = World({f"j{i}": [(0, "NORMAL", {"N": NODE}), (5, "STOPPED")] for i in range(30)})
    watched = Watched(world, job_names=[f"j{i}" for i in range(30)], check_nodes=False, initial=True)
    watched.look()
    assert len(watched.changes()) == 30
    assert [what for dummy, what in world.calls] == ["list", "list"]


def test_a_failure_in_the_list_is_confirmed_before_it_is_reported() -> None:
    names = [f"j{i}" for i in range(30)]
    world = World(
        {name: [(0, "NORMAL")] for name in names},
        lists_say={"j7": [(0, "NORMAL"), (5, "EXCEPTION")], "j9": [(0, "NORMAL"), (5, GONE)]},
    )
    watched = Watched(world, job_names=names, check_nodes=False)
    watched.look()
    assert watched.look() == []
    assert [what for dummy, what in world.calls] == ["list", "list", "j7", "j9"]


def test_missing_job_is_reported_and_when_it_appears_and_vanishes() -> None:
    world = World({"a": [(15, "STARTING"), (25, "NORMAL"), (35, GONE)]})
    watched = Watched(world, job_names="a")
    (event,) = watched.look()
    assert (event["reason"], event["status"], event["previous"]) == ("job_missing", None, None)
    assert "a does not exist as a real-time job in workspace ws1" in event["message"]
    assert watched.changes() == []
    assert watched.changes() == [("a", None, None, "STARTING")]
    assert watched.changes() == [("a", None, "STARTING", "NORMAL")]
    (event,) = watched.look()
    assert (event["reason"], event["previous"]) == ("job_missing", "NORMAL")


def test_a_selection_by_tags_is_looked_up_each_time() -> None:
    world = World({"a": [(0, "NORMAL")], "new": [(5, "STARTING", {"N": NODE})], "gone": [(0, "NORMAL"), (15, GONE)]})
    watched = Watched(world, tags="t")
    assert watched.look() == []
    assert watched.changes() == [("new", None, None, "STARTING"), ("new", "N", None, "EXCEPTION")]
    assert watched.changes() == [("gone", None, "NORMAL", None)]
    assert watched.look() == []


def test_job_without_the_tag_is_not_watched_and_returns_without_an_event() -> None:
    world = World(
        {"a": [(0, "NORMAL")], "b": [(0, "NORMAL")]}, lists_say={"b": [(0, "NORMAL"), (5, GONE), (15, "NORMAL")]}
    )
    watched = Watched(world, tags="t")
    for dummy in range(4):
        assert watched.look() == []


def test_too_few_jobs_are_reported_once() -> None:
    watched = Watched(World({"a": [(0, "NORMAL")]}), tags="t", min_jobs=2)
    (event,) = watched.look()
    assert (event["reason"], event["workspace"]) == ("too_few_jobs", "ws1")
    assert watched.look() == []


@pytest.mark.parametrize("given", [{"min_jobs": 3}, {"exclude_names": "*"}])
def test_too_few_job_names_are_reported(given: dict[str, Any]) -> None:
    watched = Watched(World({"a": [(0, "NORMAL")]}), job_names="a", **given)
    (event,) = watched.look()
    assert event["reason"] == "too_few_jobs"
    assert watched.look() == []


def test_error_is_reported_once_and_again_after_recovery() -> None:
    steps = [(0, error(503, request_id="1")), (5, error(503, request_id="2")), (15, "NORMAL"), (25, error(503))]
    watched = Watched(World({"a": steps, "b": steps}), job_names="a,b")
    (event,) = watched.look()
    assert event["reason"] == "unreadable"
    assert event["jobs"] == ["a", "b"]
    assert event["error"].startswith("a could not be read: HTTP 503: trouble")
    assert event["error"].endswith("; 2 jobs in all")
    assert "job" not in event
    assert watched.look() == []
    assert watched.look() == []
    assert [event["reason"] for event in watched.look()] == ["unreadable"]


def test_different_error_is_reported() -> None:
    steps = [(0, error(503)), (5, error(403, DENIED))]
    watched = Watched(World({"a": steps}), job_names="a")
    assert [event["reason"] for event in watched.look()] == ["unreadable"]
    assert [event["reason"] for event in watched.look()] == ["denied"]
    assert watched.watch.refused is None


def test_unreadable_job_does_not_hide_another() -> None:
    world = World({"a": [(0, "NORMAL"), (5, error(503))], "b": [(0, "NORMAL"), (5, "EXCEPTION")]})
    watched = Watched(world, job_names="a,b")
    watched.look()
    events = watched.look()
    assert {event.get("job") for event in events} == {"b", None}


def test_change_during_an_error_is_reported_afterwards() -> None:
    world = World({"a": [(0, "NORMAL"), (12, "STOPPED")]}, list_errors=[(5, 15, error(502))])
    watched = Watched(world, tags="t")
    watched.look()
    (event,) = watched.look()
    assert event["error"].startswith("the jobs could not be read: HTTP 502")
    assert watched.changes() == [("a", None, "NORMAL", "STOPPED")]


def test_a_refused_access_key_is_reported() -> None:
    watched = Watched(World({"a": [(0, error(401, DENIED))]}), job_names="a")
    (event,) = watched.look()
    assert event["reason"] == "denied"
    assert watched.watch.refused is not None


def test_nodes_that_do_not_fit_into_an_interval_are_read_in_rotation() -> None:
    names = [f"j{i:03}" for i in range(300)]
    jobs: dict[str, Any] = {name: [(0, "NORMAL", {"N": "NORMAL"}), (40, "NORMAL", {"N": NODE})] for name in names}
    jobs["j299"] = [(0, "STOPPED")]
    world = World(jobs, rate=20.0)
    watched = Watched(world, interval=10.0, job_names=names)
    for dummy in range(4):
        assert watched.look() == []
        assert world.at() < watched.next
    seen = set()
    for dummy in range(4):
        seen |= {job for job, node, previous, status in watched.changes() if (node, status) == ("N", "EXCEPTION")}
    assert seen == set(names[:299])
    assert "j299" not in {what for dummy, what in world.calls}


def test_a_slow_service_reports_all_jobs_in_turn() -> None:
    names = [f"j{i:02}" for i in range(60)]
    jobs: dict[str, Any] = {name: [(0, "NORMAL", {"N": "NORMAL"}), (5, "NORMAL", {"N": NODE})] for name in names}
    watched = Watched(World(jobs, rate=20.0, latency=3.0), job_names=names)
    seen: set[str] = set()
    for dummy in range(8):
        seen |= {job for job, node, previous, status in watched.changes() if (node, status) == ("N", "EXCEPTION")}
    assert seen == set(names)


def test_a_list_that_takes_longer_than_a_poll_is_read_to_its_end() -> None:
    jobs: dict[str, Any] = {f"j{i:03}": [(0, "NORMAL")] for i in range(800)}
    jobs["j799"] = [(0, "NORMAL"), (5, "STOPPED")]
    watched = Watched(World(jobs, latency=10.0), tags="t", check_nodes=False)
    assert watched.look() == []
    assert watched.changes() == [("j799", None, "NORMAL", "STOPPED")]


def test_list_without_an_answer_is_reported_once() -> None:
    watched = Watched(World({"a": [(0, "NORMAL")]}, latency=400.0), tags="t")
    (event,) = watched.look()
    assert event["reason"] == "unreadable"
    assert "the jobs could not be read" in event["error"]
    assert watched.look() == []


def test_stop_takes_effect_between_two_requests() -> None:
    world = World({name: [(0, "NORMAL")] for name in "abcdefgh"})
    selection = options.selection({"job_names": list("abcdefgh")})
    watch = Watch(selection, world, world.clock, stopping=lambda: world.sent >= 3)
    watch.poll()
    assert world.sent == 3


def watched_dli(kind: str, script: Any, given: dict[str, Any]) -> Watched:
    """A watch over one job of DLI, named ``1``."""
    watched = Watched(World({"1": script}, lists=False), job_names="1")
    row = WATCHED[kind]
    policy = row.policy_of_watch(given, watched.interval)
    watched.watch = Watch(row.selection(given), watched.world, watched.world.clock, watched.interval, policy=policy)
    return watched


def summaries(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(event["kind"], event["previous"], event["status"], event.get("reason")) for event in events]


def test_a_restart_of_a_flink_job_is_an_event() -> None:
    steps = [
        (0, "job_submitting"),
        (5, "job_running", {"_restart_times": 2}),
        (15, "job_running", {"_restart_times": 3}),
    ]
    steps.append((35, "job_running_exception", {"_restart_times": 3}))
    watched = watched_dli("flink_job", steps, {"job_ids": "1"})
    assert watched.look() == []
    assert summaries(watched.look()) == [("flink_job", "job_submitting", "job_running", None)]
    (event,) = watched.look()
    assert summaries([event]) == [("flink_job", "job_running", "job_running", "restarted")]
    assert (event["restart_times"], event["message"]) == (3, "1 was restarted and is job_running again")
    assert watched.look() == []
    assert summaries(watched.look()) == [("flink_job", "job_running", "job_running_exception", "job_failed")]


def test_a_spark_batch_that_has_ended_is_not_read_again() -> None:
    watched = watched_dli("spark_batch", [(0, "running"), (5, "dead")], {"batch_ids": "1"})
    assert watched.look() == []
    assert summaries(watched.look()) == [("spark_batch", "running", "dead", "job_failed")]
    assert [watched.look(), watched.look()] == [[], []]
    assert len(watched.world.calls) == 2


def test_ended_sql_jobs_are_dropped_when_they_leave_the_list() -> None:
    given = {"job_tags": {"release": "42"}}
    watched = watched_dli("dli_job", [(5, "RUNNING"), (15, "FINISHED")], given)
    watched.world.lists_say = {"1": [(5.0, None, {}), (45.0, GONE, {})]}
    assert [event["reason"] for event in watched.look()] == ["too_few_jobs"]
    assert summaries(watched.look()) == [("dli_job", None, "RUNNING", None)]
    assert summaries(watched.look()) == [("dli_job", "RUNNING", "FINISHED", None)]
    count = len(watched.world.calls)
    assert [watched.look(), watched.look()] == [[], []]
    assert {what for dummy, what in watched.world.calls[count:]} == {"list"}
    assert [event["reason"] for event in watched.look()] == ["too_few_jobs"]
    assert (watched.watch._observed.jobs, watched.watch._states) == ({}, {})
