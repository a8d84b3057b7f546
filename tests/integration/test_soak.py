# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many gates on one emulated cloud with random faults: correct verdicts, and no leaks.

The clock is injected, the sockets are real. Every cycle lasts ten minutes of the cloud's time: jobs are restarted, some of
them break or hang, and a gate waits for them meanwhile.
"""

from __future__ import annotations

import gc
import os
import random
import threading
import tracemalloc
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.observing.loop import Loop
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.result import as_dict
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.real_time_jobs import RealTimeJobs
from tests.emulator import ACCESS_KEY, PROJECT_ID, REGION, SECRET_KEY, Emulator, running

from .test_scenarios import CloudClock

CYCLE = 600.0  # seconds
TIMEOUT = 400.0
INTERVAL = 10.0
RATE = 20.0
MISCHIEF: list[dict[str, Any]] = [
    {"match": {"chance": 0.02}, "status": 503},
    {"match": {"chance": 0.01}, "status": 429, "headers": {"Retry-After": "2"}},
    {"match": {"chance": 0.01}, "reset": "before_headers"},
    {"match": {"chance": 0.005}, "reset": "mid_body"},
    {"match": {"chance": 0.005}, "truncate": 20},
    {"match": {"chance": 0.01}, "status": 200, "body": "<html>busy</html>"},
    {"match": {"chance": 0.005, "call": "job_status"}, "json": []},
    {"match": {"chance": 0.01}, "close": True},
]


@dataclass
class Cycle:
    """The changes of the jobs in one cycle, with times from its start."""

    verdict: str
    settled: float
    culprit: str


def world(seed: int, jobs: int, cycles: int) -> tuple[dict[str, Any], list[Cycle]]:
    """A scenario with the given numbers of jobs and cycles, and the expected verdicts of its gates."""
    draw = random.Random(seed)
    names = [f"job_{number:04d}" for number in range(jobs)]
    timelines: dict[str, list[dict[str, Any]]] = {name: [{"at": 0, "status": "NORMAL"}] for name in names}
    broken: dict[str, list[dict[str, Any]]] = {name: [{"at": 0, "status": "follow"}] for name in names}
    plan = []
    for number in range(cycles):
        began = number * CYCLE
        settled = 0.0
        for name in draw.sample(names, max(3, jobs // 10)):
            ready = draw.uniform(20, 150)
            settled = max(settled, ready)
            timelines[name] += [
                {"at": began + 1, "status": "STARTING"},
                {"at": began + ready, "status": "NORMAL"},
            ]
        verdict, culprit = draw.choice(["PASS", "PASS", "FAIL job", "FAIL node", "TIMEOUT"]), draw.choice(names)
        if verdict != "PASS":
            at = began + draw.uniform(2, 15)
            # The nodes of a job that looked good are read again when the other jobs look good, too.
            settled = max(settled, at - began) if verdict == "FAIL node" else at - began
            entries = (broken if verdict == "FAIL node" else timelines)[culprit]
            # The planned states of this job in this cycle are replaced.
            entries[:] = [entry for entry in entries if entry["at"] < began]
            bad, good = {"TIMEOUT": ("STARTING", "NORMAL"), "FAIL node": ("EXCEPTION", "follow")}.get(
                verdict, ("EXCEPTION", "NORMAL")
            )
            entries += [{"at": at, "status": bad}, {"at": began + CYCLE - 30, "status": good}]
        plan.append(Cycle(verdict.split()[0], settled, culprit))
    scenario = {
        "quota": 0,
        "jobs": [
            {
                "name": name,
                "tags": ["soak"],
                "timeline": timelines[name],
                "nodes": [{"name": "reader"}, {"name": "writer", "timeline": broken[name]}],
            }
            for name in names
        ],
        "faults": MISCHIEF,
        "seed": seed,
        "journal_size": 1000,
    }
    return scenario, plan


def gate(emulator: Emulator, clock: CloudClock) -> dict[str, Any]:
    """One gate, with its own session, like each task."""
    given = {
        "endpoints": dict.fromkeys(("dataarts", "dli", "iam"), emulator.url),
        "region": REGION,
        "project_id": PROJECT_ID,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "requests_per_second": RATE,
    }
    params = {
        "tags": ["soak"],
        "min_jobs": 1,
        "wait": True,
        # Past the start of the restarts, so that there is something to wait for.
        "wait_initial_delay": 3,
        "wait_interval": INTERVAL,
        "wait_timeout": TIMEOUT,
    }
    session = Session(resolve(given, {}, "dataarts"), clock)
    try:
        policy, selection = options.policy(params, False), options.selection(params)
        outcome = Loop(policy, selection, RealTimeJobs(session, None, selection), clock, lambda low, high: low).run()
    finally:
        session.close()
    return as_dict(outcome, "failing")


def open_files() -> int:
    """File descriptors of this process, its sockets among them."""
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files in /proc")
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("jobs", "cycles"), [pytest.param(30, 2, id="short"), pytest.param(500, 12, id="two-hours", marks=pytest.mark.slow)]
)
def test_many_gates_give_correct_verdicts_without_leaks(jobs: int, cycles: int) -> None:
    scenario, plan = world(20 + jobs, jobs, cycles)
    grown: list[tuple[int, int, int]] = []
    tracemalloc.start()
    try:
        with running(scenario, clock="manual") as emulator:
            clock = CloudClock(emulator)
            for number, cycle in enumerate(plan):
                emulator.advance(max(0.0, number * CYCLE - emulator.time))
                result = gate(emulator, clock)
                where = f"cycle {number}: {cycle} but {result['msg']}"
                assert result["verdict"] == cycle.verdict, where
                slack = INTERVAL + 3 * jobs / RATE + 30
                if cycle.verdict == "PASS":
                    assert cycle.settled - 1 <= result["elapsed"] <= cycle.settled + slack, where
                elif cycle.verdict == "FAIL":
                    assert result["elapsed"] <= cycle.settled + slack, where
                    assert cycle.culprit in {item["job"] for item in result["reasons"]}, where
                else:
                    assert TIMEOUT - INTERVAL - 1 <= result["elapsed"] <= TIMEOUT + 0.1, where
                    assert {item["job"] for item in result["reasons"]} >= {cycle.culprit}, where
                del result
                gc.collect()
                grown.append((open_files(), threading.active_count(), tracemalloc.get_traced_memory()[0]))
            assert emulator.stats["requests"] > 20 * cycles
    finally:
        tracemalloc.stop()
    first, last = grown[0], grown[-1]
    assert last[0] <= first[0] + 5, grown
    assert last[1] <= first[1] + 2, grown
    assert last[2] <= first[2] + 3_000_000, grown
