# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When all jobs count as ready: together, for as long as stable_for says, with records that move."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.judging.readiness import (
    MAX_SPREAD,
    Readiness,
    are_together,
    continue_ready,
    is_stale,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.job_state import JobState
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.update_job import take_reading
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import STATUS, Reading


def policy(**params: Any) -> Any:
    return options.policy({"job_names": ["a"], "wait": True, **params})


def job(name: str, at: float, records: int = 0, **params: Any) -> JobState:
    found = JobState(name, policy(**params))
    for time, count in ((at - 1.0, 0), (at, records)):
        node = {"name": "n", "status": "NORMAL", "total_put_records": count}
        fields = {"name": name, "status": "NORMAL", "nodes": [node]}
        take_reading(found, Reading(name, time, STATUS, job=fields), time, time)
    return found


def test_stable_time_starts_when_all_jobs_are_ready() -> None:
    found = policy(stable_for=20)
    readiness, reason = continue_ready(found, [job("a", 5.0)], Readiness(), 5.0)
    assert (readiness.since, reason and reason["code"], readiness.stable_at(found)) == (5.0, "not_stable", 25.0)
    assert continue_ready(found, [job("a", 24.9)], readiness, 24.9)[1] is not None
    assert continue_ready(found, [job("a", 25.0)], readiness, 25.0) == (readiness, None)
    assert readiness.lost().since is None
    assert readiness.postponed(30.0).stable_at(found) == 55.0


def test_records_must_move_within_stable_for() -> None:
    params = {"stable_for": 20, "require_records": True}
    readiness, reason = continue_ready(policy(**params), [job("a", 5.0, 7, **params)], Readiness(0.0), 30.0)
    assert (reason and reason["code"], readiness.awaits_records) == ("no_records", True)
    assert readiness.stable_at(policy(**params)) is None, "time alone changes nothing"
    readiness, reason = continue_ready(policy(**params), [job("a", 29.0, 7, **params)], readiness, 30.0)
    assert (reason, readiness.awaits_records) == (None, False)


@pytest.mark.parametrize(
    ("at", "since", "max_age", "stale"),
    [(11.0, 9.0, 10.0, False), (11.0, 10.5, 10.0, True), (20.0, 9.0, 10.0, False), (20.1, 9.0, 10.0, True)],
)
def test_reading_age_is_limited(at: float, since: float, max_age: float, stale: bool) -> None:
    assert is_stale(job("a", 10.0), at, since, max_age) is stale


# kind, state -> whether a reading of 10 s ago that belongs to the closing observation is too old where 5 s are allowed.
OLD_READINGS = [
    (options.flink_policy, {}, "job_running", True),
    (options.spark_policy, {"wait_for": "running"}, "running", True),
    (options.spark_policy, {}, "success", False),
    (options.dli_policy, {}, "FINISHED", False),
    (options.policy, {"check_nodes": False}, "NORMAL", False),
]


@pytest.mark.parametrize(("make", "params", "state", "stale"), OLD_READINGS)
def test_status_call_reading_age_is_limited(make: Any, params: dict[str, Any], state: str, stale: bool) -> None:
    found = JobState("1", make({"wait": True, **params}))
    take_reading(found, Reading("1", 10.0, STATUS, job={"status": state}), 10.0, 9.0)
    assert is_stale(found, 20.0, 9.0, 5.0) is stale


def test_readings_within_a_second_are_together() -> None:
    jobs = [job("a", 10.0), job("b", 10.0 + MAX_SPREAD)]
    assert are_together(jobs, 10.0 + MAX_SPREAD, 0.0)
    assert not are_together(jobs, 10.1 + MAX_SPREAD, 0.0)
    assert are_together(jobs, 10.1 + MAX_SPREAD, 10.1)


class TestAfterAReading:
    """All jobs have been ready since second 5, and another reading arrives."""

    READY = Readiness(5.0)

    def test_ready_job_keeps_the_stable_time(self) -> None:
        assert self.READY.after_reading(job("a", 2.0), "PASS") is self.READY

    def test_pending_job_resets_the_stable_time(self) -> None:
        assert self.READY.after_reading(job("a", 2.0), "PENDING").since is None

    def test_list_claim_keeps_the_stable_time(self) -> None:
        doubted = job("a", 2.0)
        doubted.claims.make("STOPPED", 7.0, 6.0, True, False)
        assert self.READY.after_reading(doubted, "PENDING") is self.READY

    def test_job_that_appears_later_resets_the_stable_time(self) -> None:
        """It was left out, because it did not exist, and has to be ready together with the others."""
        assert self.READY.after_reading(job("a", 8.0), "PASS").since is None

    def test_restart_resets_the_stable_time(self) -> None:
        restarted = job("a", 2.0)
        restarted.restarted_at = 6.0
        assert self.READY.after_reading(restarted, "PASS").since is None
