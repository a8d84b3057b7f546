# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of a node with a trigger, from the answers to the verdict on the job."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.judging.judge_job import Context, judge_job
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.runs.rule import NodeRunRule
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.job_state import JobState
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.update_job import take_reading
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.factory.jobs import DataArts
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import STATUS, Reading
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.node_runs import NodeRuns
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.driver import Driver

NOW = 1_795_910_400_000
JOB = {"name": "orders", "status": "NORMAL", "nodes": [{"name": "n", "status": "NORMAL"}]}


class Clock:
    """A clock whose wall time can be set."""

    def __init__(self) -> None:
        self.time, self.step = 1000.0, 0.0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return NOW / 1000 + self.time - 1000.0 + self.step


def judged(runs: list[dict[str, Any]], nodes: Any = None, **params: Any) -> Any:
    """The verdict on a job whose node has a trigger and these runs."""

    def answer(call: Call) -> Any:
        if call.segments[-1] == "detail":
            return {"total": len(runs), "instances": [{"jobName": "orders_n", "instanceId": 1, **run} for run in runs]}
        if "instances" in call.segments:
            return {"jobName": "orders_n", "instanceId": 1, "status": "fail"}
        return {"name": "orders", "nodes": [{"name": "n", "cronTrigger": {"period": 1}}]}

    policy = options.policy({"job_names": ["orders"], "wait": True, "check_runs": True, "runs_since": "1h", **params})
    rule = policy.node_runs
    assert rule is not None
    clock: Any = Clock()
    shown = JOB if nodes is None else {**JOB, "nodes": nodes}
    reading = Driver(answer).run(NodeRuns(DataArts(), rule, clock).add(Reading("orders", 1.0, STATUS, job=shown)))
    job = JobState("orders", policy)
    take_reading(job, reading, 1.0, 1.0)
    found = judge_job(job, 1.0, Context())
    return found.verdict, [(reason["code"], reason["status"]) for reason in found.reasons]


@pytest.mark.parametrize(
    ("runs", "params", "expected"),
    [
        ([{"status": "success", "planTime": NOW}], {"min_runs": 1}, ("PASS", [])),
        ([{"status": "running", "planTime": NOW}], {}, ("PASS", [])),
        ([{"status": "fail", "planTime": NOW}], {}, ("FAIL", [("node_run_failed", "fail")])),
        # Neither ready nor failing, as for jobs and nodes.
        ([{"status": "broken", "planTime": NOW}], {}, ("PENDING", [("unknown_state", "broken")])),
        ([{"planTime": NOW}], {}, ("PENDING", [("unknown_state", "UNKNOWN")])),
        ([{"status": "broken", "planTime": NOW}], {"ignore_nodes": ["n"]}, ("PASS", [])),
        ([{"status": "broken", "planTime": NOW - 7_200_000}], {}, ("PASS", [])),
        # A run without any time may be an old one: it counts where it has failed, and not where it has succeeded.
        ([{"status": "success"}], {"min_runs": 1}, ("PENDING", [("no_run", "NORMAL")])),
        ([{"status": "fail"}], {}, ("FAIL", [("node_run_failed", "fail")])),
        # A time in microseconds, or of another clock.
        ([{"status": "success", "planTime": NOW * 1000}], {"min_runs": 1}, ("PENDING", [("no_run", "NORMAL")])),
        ([{"status": "fail", "planTime": NOW * 1000}], {}, ("FAIL", [("node_run_failed", "fail")])),
    ],
)
def test_runs_of_a_node_decide_the_verdict(runs: list[dict[str, Any]], params: dict[str, Any], expected: Any) -> None:
    assert judged(runs, **params) == expected


@pytest.mark.parametrize("nodes", [[], [{"name": "m", "status": "NORMAL"}]], ids=["no nodes", "another node"])
@pytest.mark.parametrize(
    ("runs", "params", "expected"),
    [
        ([{"status": "fail", "planTime": NOW}], {}, ("FAIL", [("node_run_failed", "fail")])),
        ([{"status": "success", "planTime": NOW}], {"min_runs": 1}, ("PASS", [])),
        ([], {"min_runs": 1}, ("PENDING", [("no_run", "NORMAL")])),
        ([{"status": "fail", "planTime": NOW}], {"ignore_nodes": ["n"]}, ("PASS", [])),
    ],
)
def test_the_runs_of_a_node_count_that_only_the_definition_shows(
    nodes: Any, runs: Any, params: dict[str, Any], expected: Any
) -> None:
    assert judged(runs, nodes, **params) == expected


@pytest.mark.parametrize(("kind", "expected"), [(6, "PASS"), ("6", "PASS"), (None, "PASS"), (0, "PENDING")])
def test_a_batch_job_with_the_name_of_a_sub_job_is_another_job(kind: Any, expected: str) -> None:
    assert judged([{"status": "success", "planTime": NOW, "instanceType": kind}], min_runs=1)[0] == expected


@pytest.mark.parametrize("step", [-40 * 86400.0, -10_800.0, -1.0, 0.0, 60.0, 3650 * 86400.0])
def test_a_wall_clock_that_is_set_does_not_hide_runs(step: float) -> None:
    clock: Any = Clock()
    runs = NodeRuns(DataArts(), NodeRunRule(), clock)
    clock.time, clock.step = clock.time + 600.0, step
    planned = NOW + 300_000

    def answer(call: Call) -> Any:
        query = dict(call.query)
        if call.segments[-1] != "detail":
            return {"name": "orders", "nodes": [{"name": "n", "cronTrigger": {"period": 1}}]}
        is_shown = int(query["minPlanTime"]) <= planned <= int(query["maxPlanTime"])
        run = {"jobName": "orders_n", "instanceId": 1, "status": "success", "planTime": planned}
        return {"total": int(is_shown), "instances": [run] * is_shown}

    driver = Driver(answer)
    reading = driver.run(runs.add(Reading("orders", 1.0, STATUS, job=JOB)))
    assert reading.job is not None
    assert reading.job["nodes"][0]["runs"]["succeeded"] == 1
    assert driver.sent <= 4
