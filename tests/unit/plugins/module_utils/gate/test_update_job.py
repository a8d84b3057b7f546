# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How readings change the state of a job."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import TRANSIENT, RequestError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.job_state import JobState
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.update_job import (
    take_absence,
    take_reading,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import LIST, STATUS, Reading


def new(**params: Any) -> JobState:
    return JobState("a", options.policy({"job_names": ["a"], "wait": True, **params}))


def status(job: JobState, at: float, state: str | None, **fields: Any) -> None:
    take_reading(job, Reading("a", at, STATUS, job={"name": "a", "status": state, **fields}), at, at)


def listed(job: JobState, at: float, state: str | None, began: float | None = None, **fields: Any) -> None:
    item = Reading("a", at, LIST, job={"name": "a", "status": state, **fields})
    take_reading(job, item, at, at if began is None else began)


def missing(job: JobState, at: float) -> None:
    take_reading(job, Reading("a", at, STATUS, missing=True), at, at)


class TestAMissingJob:
    def test_job_that_never_existed_is_left_out(self) -> None:
        job = new(missing="ok")
        missing(job, 1.0)
        assert (job.is_left_out, job.has_existed) == (True, False)

    def test_missing_job_in_the_list_opens_a_claim(self) -> None:
        job = new(missing="ok")
        missing(job, 1.0)
        listed(job, 2.0, "NORMAL", 1.0)
        assert (job.claims.is_open, job.claims.shows_missing_job, job.is_missing) == (True, True, True)

    def test_job_that_vanished_after_the_list_showed_it_has_existed(self) -> None:
        job = new(missing="ok")
        missing(job, 1.0)
        listed(job, 20.0, "NORMAL")
        missing(job, 21.0)
        assert (job.has_existed, job.is_left_out) == (True, False)

    def test_absence_in_the_list_confirms_a_missing_job(self) -> None:
        job = new()
        missing(job, 1.0)
        take_absence(job, 2.0, 2.0)
        assert (job.read_at, job.claims.is_open) == (2.0, False)


class TestFailingTime:
    def test_failing_time_adds_up_until_the_job_is_ready(self) -> None:
        job = new(exception_grace=30)
        for at, state in ((0.0, "EXCEPTION"), (10.0, "EXCEPTION"), (20.0, "STARTING"), (30.0, "EXCEPTION")):
            status(job, at, state)
        assert (job.failing_for, job.lasting_failures) == (20.0, [])
        status(job, 45.0, "EXCEPTION")
        assert job.lasting_failures == [(None, "EXCEPTION")]
        status(job, 50.0, "NORMAL")
        assert job.lasting_failures, "no later reading takes it back"

    def test_ready_job_resets_the_failing_time(self) -> None:
        job = new(exception_grace=30)
        for at, state in ((0.0, "EXCEPTION"), (20.0, "NORMAL"), (30.0, "EXCEPTION"), (55.0, "EXCEPTION")):
            status(job, at, state)
        assert (job.failing_for, job.lasting_failures) == (25.0, [])

    def test_list_reading_does_not_extend_the_failing_time_of_a_node(self) -> None:
        job = new(exception_grace=30)
        status(job, 0.0, "NORMAL", nodes=[{"name": "n", "status": "EXCEPTION"}])
        listed(job, 20.0, "NORMAL")
        assert job.failing_for == 0.0
        status(job, 25.0, "NORMAL", nodes=[{"name": "n", "status": "EXCEPTION"}])
        assert job.failing_for == 25.0


def test_later_start_time_is_a_restart() -> None:
    job = new()
    for at, start in ((0.0, 5), (1.0, 7), (2.0, 6), (3.0, 7), (4.0, True), (5.0, "9")):
        status(job, at, "NORMAL", start_time=start)
    assert (job.restarts, job.restarted_at, job.latest_start) == (1, 1.0, 7)


def test_later_request_wins_over_a_later_answer() -> None:
    job = new()
    listed(job, 5.0, "STARTING")
    status(job, 4.0, "NORMAL")
    assert (job.state, job.status_at, job.read_at) == ("STARTING", 4.0, 5.0)
    status(job, 4.5, "EXCEPTION")
    assert job.state == "EXCEPTION", "a failure counts all the same"


@pytest.mark.parametrize("check_nodes", [True, False])
def test_error_ends_with_a_list_reading_if_nodes_do_not_count(check_nodes: bool) -> None:
    job = new(check_nodes=check_nodes)
    error = RequestError(TRANSIENT, "busy", status=503)
    for at in (0.0, 1.0):
        take_reading(job, Reading("a", at, STATUS, error=error), at, 0.0)
    assert (job.errors, job.was_tried_again, job.ready_at) == (1, True, None)
    listed(job, 2.0, "NORMAL")
    assert (job.error is None) is not check_nodes
