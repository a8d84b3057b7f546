# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Thousands of jobs: the number of requests, and that no change during the readings is missed. Counts and verdicts only.

The clock skips the waiting, so the seconds here are those of the emulator, and no test depends on the machine's speed.
"""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import MAX_WORKERS
from ansible_collections.datagate.huaweicloud.plugins.modules import dataarts_job_status as status
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process
from ansible_collections.datagate.huaweicloud.tests.unit import gate_world
from tests.bench.arithmetic import allowed_delay, count_unread, floor_requests, ready_times
from tests.bench.scenarios import INTERVAL, LAST, LATENCY, QUOTA, SPREAD, event, job_number, names, scenario
from tests.bench.skipping import skipping
from tests.emulator import AUTH_TOKEN, Emulator, running

MANUAL: dict[str, Any] = {"clock": "manual", "latency": 0}
DEFAULT, FAST = 20.0, 28.0
LISTED = {"check_nodes": False}


@pytest.fixture(autouse=True)
def jitter() -> None:
    """The random jitter of the interval is the same in each run."""
    random.seed(1)


def gate(emulator: Emulator, jobs: int, latency: float = LATENCY, **options: Any) -> dict[str, Any]:
    """The result of the task, on a clock that skips the waiting."""
    arguments = {
        "job_names": names(jobs),
        "wait": True,
        "auth_token": AUTH_TOKEN,
        "project_id": emulator.project_id,
        "endpoints": {"dataarts": emulator.url},
        **options,
    }
    with skipping(emulator.advance, latency):
        return in_process.run(arguments, status.ARGUMENTS, status.SERVICE, status.BODY, False, "dataarts_job_status")


def ready(jobs: int, **more: Any) -> dict[str, Any]:
    """A cloud of jobs that are ready from the start."""
    nodes = [{"name": "read", "type": "CS Job"}, {"name": "write", "type": "DLI SQL"}]
    return {"quota": QUOTA, "jobs": [{"name": "job_{i:05d}", "count": jobs, "nodes": nodes, **more}], **MANUAL}


def sent(emulator: Emulator, result: dict[str, Any]) -> int:
    """The number of requests. Asserts that none was throttled, and that the result has the same number."""
    stats = emulator.stats
    assert stats["by_status"] == {"200": stats["requests"]}
    assert stats["requests"] == result["requests"]
    return int(stats["requests"])


@pytest.mark.parametrize(("jobs", "most"), [(1, 1), (99, 1), (100, 2), (1000, 11), (2000, 22), (10000, 104)])
def test_check_nodes_false_sends_one_request_per_hundred_jobs(jobs: int, most: int) -> None:
    """One more if the last page is full: its total may be that of the page, not that of the list."""
    with running(ready(jobs)) as emulator:
        result = gate(emulator, jobs, **LISTED)
        assert result["verdict"] == "PASS"
        assert sent(emulator, result) <= most
        assert result["elapsed"] <= most / DEFAULT + 1.0


@pytest.mark.parametrize(("jobs", "rate"), [(100, DEFAULT), (1000, DEFAULT), (1000, FAST)])
def test_node_readings_send_little_more_than_the_minimum(jobs: int, rate: float) -> None:
    with running(ready(jobs)) as emulator:
        result = gate(emulator, jobs, requests_per_second=rate)
        assert result["verdict"] == "PASS"
        fewest = floor_requests(jobs, True, QUOTA)
        assert sent(emulator, result) <= 1.15 * fewest
        assert result["elapsed"] <= 1.15 * fewest / rate + 1.0


@pytest.mark.parametrize("last", LAST)
@pytest.mark.parametrize(
    ("jobs", "options"),
    [(1, {}), (100, {}), (100, LISTED), (300, {"requests_per_second": FAST}), (2000, LISTED)],
)
def test_verdict_follows_soon_after_the_last_change(jobs: int, options: dict[str, Any], last: float) -> None:
    with running(scenario(jobs, **MANUAL)) as emulator:
        emulator.event(event(last))
        result = gate(emulator, jobs, **options)
        assert result["verdict"] == "PASS"
        sent(emulator, result)
        delay = result["elapsed"] - last
        assert delay >= 0
        calls = [(job_number(record.job or ""), record.time) for record in emulator.requests("job_status")]
        unread = 0 if options == LISTED else count_unread(calls, ready_times(jobs, last, SPREAD), last)
        assert delay <= allowed_delay(INTERVAL, unread, options.get("requests_per_second", DEFAULT))


@pytest.mark.parametrize(("jobs", "latency"), [(60, 6.0), (200, 4.0), pytest.param(1000, 4.0, marks=pytest.mark.slow)])
def test_slow_answers_only_delay_the_verdict(jobs: int, latency: float) -> None:
    with running(ready(jobs)) as emulator:
        result = gate(emulator, jobs, latency=latency, wait_timeout=1800)
        assert result["verdict"] == "PASS"
        sent(emulator, result)
        # As many at once as there are workers; and a third of the time for the list.
        assert result["elapsed"] <= 2.0 * jobs / MAX_WORKERS * latency + 3 * latency


def short(jobs: int, left: int) -> dict[str, Any]:
    """A cloud where others leave only so many requests a second to the gate."""
    return {**ready(jobs), "quota": {"per_user": left, "retry_after": 1}}


@pytest.mark.parametrize(("jobs", "left"), [(300, 12), (300, 15)])
def test_shared_quota_only_delays_the_verdict(jobs: int, left: int) -> None:
    """As long as the nodes can be read before their readings are too old."""
    with running(short(jobs, left)) as emulator:
        result = gate(emulator, jobs, wait_timeout=600)
        assert result["verdict"] == "PASS"
        assert 0 < emulator.stats["by_status"]["429"] <= 0.06 * result["requests"]
        assert result["elapsed"] <= 3 * jobs / left


NEARLY_USED_UP = [(300, 2), *(pytest.param(1000, left, marks=pytest.mark.slow) for left in (4, 10))]


@pytest.mark.parametrize(("jobs", "left"), NEARLY_USED_UP)
def test_exhausted_quota_never_passes_on_old_readings(jobs: int, left: int) -> None:
    with running(short(jobs, left)) as emulator:
        result = gate(emulator, jobs, wait_timeout=600)
        assert result["verdict"] == "TIMEOUT"
        assert {item["code"] for item in result["reasons"]} <= {"still_pending", "unreadable"}
        assert re.search("its nodes were (not|last) read", result["msg"])
        assert emulator.stats["by_status"]["200"] >= left * 600 / 2


@pytest.mark.parametrize(("jobs", "left"), NEARLY_USED_UP)
def test_lower_requests_per_second_passes_with_a_shared_quota(jobs: int, left: int) -> None:
    """The maximum age of a reading depends on requests_per_second."""
    with running(short(jobs, left)) as emulator:
        result = gate(emulator, jobs, wait_timeout=1800, requests_per_second=0.75 * left)
        assert result["verdict"] == "PASS"
        assert result["elapsed"] <= 3 * jobs / left
        sent(emulator, result)


@pytest.mark.parametrize("moment", [1.0, 10.5, 19.0, 28.0])
def test_job_that_fails_during_the_sweep_fails_the_gate(moment: float) -> None:
    jobs = 600  # at the default rate, half a minute of status calls; the first ones are made in the first second
    content = ready(jobs)
    falls = {"name": "job_00000", "timeline": [{"at": moment, "status": "EXCEPTION"}], "nodes": [{"name": "read"}]}
    content["jobs"] = [falls, {**content["jobs"][0], "name": "job_{i:05d}x", "count": jobs - 1}]
    chosen = ["job_00000", *(f"{name}x" for name in names(jobs - 1))]
    with running(content) as emulator:
        result = gate(emulator, jobs, job_names=chosen)
        calls = emulator.requests("job_status", job="job_00000")
        assert calls[0].time < 1.0, "it is read early"
        assert result["verdict"] == "FAIL"
        assert [item["job"] for item in result["reasons"] if item["code"] == "job_exception"] == ["job_00000"]
        assert result["elapsed"] - moment <= 15.0
        sent(emulator, result)


@pytest.mark.parametrize("moment", [1.0, 19.0])
def test_job_that_is_stopped_during_the_sweep_never_passes(moment: float) -> None:
    jobs = 600
    content = ready(jobs)
    falls = {"name": "job_00000", "timeline": [{"at": moment, "status": "STOPPED"}]}
    content["jobs"] = [falls, {**content["jobs"][0], "name": "job_{i:05d}x", "count": jobs - 1}]
    chosen = ["job_00000", *(f"{name}x" for name in names(jobs - 1))]
    with running(content) as emulator:
        result = gate(emulator, jobs, job_names=chosen, wait_timeout=60)
        assert result["verdict"] == "TIMEOUT"
        assert "job_00000 is STOPPED" in result["msg"]


class LongWorld(gate_world.World):
    """A world so large that a gate correctly reads the clock thousands of times before the time moves."""

    def __init__(self, jobs: int, rate: float) -> None:
        super().__init__({name: [(0, "NORMAL", {"read": "NORMAL"})] for name in names(jobs)}, rate=rate)
        self.clock = LongClock()


class LongClock(gate_world.VirtualClock):
    def now(self) -> float:
        return self.time


@pytest.mark.parametrize("jobs", [2000, pytest.param(20000, marks=pytest.mark.slow)])
def test_any_number_of_ready_jobs_passes(jobs: int) -> None:
    world = LongWorld(jobs, DEFAULT)
    # The list and the nodes share the rate limit: twice the time for the nodes is enough, and once more for a last look.
    result = gate_world.gate(world, job_names=list(world.jobs), wait=True, wait_timeout=3 * jobs / DEFAULT)
    assert result["verdict"] == "PASS"
