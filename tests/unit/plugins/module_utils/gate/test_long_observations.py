# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drawn clouds whose jobs take longer to read than an interval: what a gate guarantees there, in any order of reads.

It ends: soon after all jobs are ready it passes, and soon after a job has failed permanently it fails. It passes only if all jobs were
good when last looked at, all at about the same time, and no node reading is older than it may be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import TRANSIENT, RequestError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.judging.readiness import MAX_SPREAD
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.observing.plan import MAX_LIST_INTERVAL
from ansible_collections.datagate.huaweicloud.tests.unit.gate_world import World, in_slices

BUSY = RequestError(TRANSIENT, "busy", status=503)
GOOD, BAD_NODE = {"n": "NORMAL"}, {"n": "EXCEPTION"}
LONG = 5_000.0
UNSETTLED = 120.0  # seconds after which nothing changes


@dataclass
class Cloud:
    """A drawn cloud and its timing.

    :ivar slices: seconds of each slice; 0 for the remaining time.
    :ivar whole: up to so many jobs are handed on with all that was read of them.
    :ivar breaks: the job that fails permanently, when, and whether one of its nodes does.
    """

    jobs: dict[str, list[Any]]
    rate: float
    latency: float
    interval: float
    stable_for: float
    list_errors: list[tuple[float, float, RequestError]]
    list_hangs: float
    slices: list[float]
    whole: int
    breaks: tuple[str, float, bool] | None = None

    @property
    def request(self) -> float:
        """Seconds that a request takes from the next one."""
        return max(1.0 / self.rate, self.latency)

    @property
    def sweep(self) -> float:
        """Seconds for all nodes, with a list that takes a third of them."""
        return 1.5 * (len(self.jobs) + 3) * self.request

    @property
    def settled(self) -> float:
        """When the last change, or the last error, is over."""
        moments = [step[0] for steps in self.jobs.values() for step in steps]
        return max(moments + [end + self.list_hangs for dummy, end, dummy2 in self.list_errors])

    def at(self, name: str, moment: float) -> Any:
        """The state and nodes of the job at a time."""
        return [step for step in self.jobs[name] if step[0] <= moment][-1][1:]


@st.composite
def clouds(draw: st.DrawFn, breaking: bool = False) -> Cloud:
    """A cloud in which all jobs are finally ready, except one that may fail."""
    rate = draw(st.sampled_from([0.5, 1.0, 2.0, 5.0, 20.0]))
    latency = draw(st.sampled_from([0.0, 0.05, 0.5, 3.0]))
    moments = st.floats(0.0, UNSETTLED).map(lambda moment: round(moment, 2))
    jobs: dict[str, list[Any]] = {}
    for dummy in range(draw(st.integers(1, 4))):
        steps: list[Any] = [(0.0, draw(st.sampled_from(["NORMAL", "STARTING", "STOPPED"])), GOOD)]
        for at in sorted(draw(st.lists(moments, max_size=2))):
            steps.append((at, draw(st.sampled_from(["NORMAL", "STARTING", BUSY])), GOOD))
        if steps[-1][1] != "NORMAL":
            steps.append((max(steps[-1][0], draw(moments)), "NORMAL", GOOD))
        for dummy2 in range(draw(st.integers(1, 20))):
            jobs[f"job{len(jobs):02}"] = list(steps)
    breaks = None
    if breaking:
        name, at, node = draw(st.sampled_from(sorted(jobs))), draw(moments), draw(st.booleans())
        jobs[name] = [step for step in jobs[name] if step[0] < at and step[1] != BUSY] or [(0.0, "NORMAL", GOOD)]
        jobs[name].append((max(at, jobs[name][-1][0]), "NORMAL" if node else "EXCEPTION", BAD_NODE))
        breaks = (name, jobs[name][-1][0], node)
        # Prevents the gate from passing on earlier readings.
        later = UNSETTLED + 100.0 + 3 * (len(jobs) + 10) * max(1.0 / rate, latency)
        jobs["keeper"] = [(0.0, "STARTING", GOOD), (later, "NORMAL", GOOD)]
    start = draw(moments)
    errors = [(start, start + draw(st.floats(0.0, 60.0)), BUSY)] if draw(st.integers(0, 3)) == 0 else []
    return Cloud(
        jobs,
        rate,
        latency,
        draw(st.sampled_from([1.0, 5.0, 10.0])),
        draw(st.sampled_from([0.0, 0.0, 20.0])),
        errors,
        draw(st.sampled_from([0.0, 30.0])),
        draw(st.sampled_from([[0.0], [1.0, 2.0, 4.0, 8.0, 16.0, 30.0], [7.0]])),
        draw(st.sampled_from([0, 100])),
        breaks,
    )


def run(cloud: Cloud) -> tuple[dict[str, Any], list[tuple[float, str]]]:
    """The gate's result, over names and with enough time, and its requests with their times."""
    world = World(cloud.jobs, cloud.rate, cloud.latency, list_errors=cloud.list_errors, list_hangs=cloud.list_hangs)
    result, dummy = in_slices(
        world,
        cloud.slices,
        whole=cloud.whole,
        job_names=sorted(cloud.jobs),
        wait=True,
        wait_timeout=LONG,
        wait_interval=cloud.interval,
        stable_for=cloud.stable_for,
        max_consecutive_errors=10_000,
    )
    return result, world.calls


@given(clouds())
def test_gate_passes_soon_after_all_jobs_are_ready_and_not_before(cloud: Cloud) -> None:
    # Where each answer takes longer than an interval, no reading of a node may be young enough by the time that all are there:
    # such a gate ends at its deadline, because it may not pass on them.
    assume(cloud.latency <= cloud.interval)
    # A slice sends nothing while it waits for its last answers. Short slices with slow answers read too few nodes for that reason.
    assume(not cloud.slices[-1] or cloud.slices[-1] >= 10 * cloud.latency)
    result, calls = run(cloud)
    assert result["verdict"] == "PASS"
    end = result["elapsed"]
    # The observation under way when the last change comes, an interval, and one that reads everything; once more for stable_for.
    looks = 2 if cloud.stable_for else 1
    wait = cloud.interval + cloud.stable_for + cloud.list_hangs
    assert end <= cloud.settled + (1 + 2 * looks) * cloud.sweep + looks * wait + 3 * MAX_LIST_INTERVAL

    broken = [(start, until) for start, until, dummy in cloud.list_errors]
    lists = [at for at, what in calls if what == "list" and not any(start <= at < until for start, until in broken)]
    listed = max(lists, default=-LONG)
    # If the list cannot be read, the last observation uses status calls.
    look = MAX_SPREAD + 3 * cloud.request + cloud.latency + (cloud.sweep if broken else 0.0)
    # Nodes that are too old in a closing look are read again in it; the list is, too, when that takes long.
    look = max(look, MAX_LIST_INTERVAL + cloud.request)
    # No older than promised, and than the lists meanwhile take; where answers are slow, or the list breaks, than an observation.
    allowed = (cloud.interval + 1.5 * len(cloud.jobs) / cloud.rate) * 4 / 3
    if cloud.request * cloud.rate > 1 or broken:
        allowed = max(allowed, 2 * cloud.sweep + cloud.list_hangs)
    for name in cloud.jobs:
        read = max(at for at, what in calls if what == name)
        last = max(read, listed)
        assert cloud.at(name, last)[0] == "NORMAL", "what was seen last was ready"
        assert end - last <= look + 0.01, "all were looked at at about the same time"
        assert cloud.at(name, read) == ("NORMAL", GOOD), "and so were its nodes"
        assert end - read <= allowed


@given(clouds(breaking=True))
def test_gate_fails_soon_after_a_permanent_failure(cloud: Cloud) -> None:
    assert cloud.breaks is not None
    name, at, node = cloud.breaks
    result, dummy = run(cloud)
    assert (result["verdict"], {item["job"] for item in result["reasons"] if "exception" in item["code"]}) == (
        "FAIL",
        {name},
    )
    assert result["elapsed"] >= at
    # A failing node is found only when it is read, possibly after all other jobs are ready.
    known = cloud.settled if node else max([at, *(end for dummy, end, dummy2 in cloud.list_errors)])
    wait = cloud.interval + cloud.list_hangs + cloud.stable_for
    assert result["elapsed"] <= known + 3 * cloud.sweep + 2 * wait + 3 * MAX_LIST_INTERVAL
