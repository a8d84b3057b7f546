# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Adding a reading to the state of its job."""

from __future__ import annotations

from typing import Any, Dict, Optional

from ..._services.readings import LIST, Reading
from ..policy import NEVER
from .job_state import JobState, nodes_by_name
from .list_claims import ABSENT


def take_reading(job: JobState, reading: Reading, at: float, began: float, again: bool = True) -> None:
    """Add a reading.

    :param at: its time.
    :param began: when the observation that it belongs to began: within one, the status call outranks the list.
    :param again: whether the list may repeat a claim that has been refuted a short time ago.
    """
    if reading.error is not None:
        job.was_tried_again = job.error_at >= began
        if not job.was_tried_again:
            job.errors += 1
        job.error, job.error_at = reading.error, at
        job.ready_at = None  # a job that could not be read does not count as ready
    elif reading.source == LIST:
        _take_listed(job, reading.job or {}, at, began, again)
    elif reading.missing:
        _take_missing(job, reading.batch, at)
    else:
        job.is_old = reading.is_old
        _take_status(job, reading.job or {}, at)


def take_absence(job: JobState, at: float, began: float, again: bool = True) -> None:
    """A complete list did not hold the job. The parameters are those of :func:`take_reading`."""
    job.listed_at = at
    if job.is_missing:
        _clear_error(job)
        job.read_at = max(job.read_at, at)
    else:
        job.claims.make(ABSENT, at, began, again, False)


def forget_ages(job: JobState) -> None:
    """It is not known how old the readings are, so that all have to be made again before the job counts as ready."""
    job.read_at = job.status_at = job.listed_at = NEVER


def _take_missing(job: JobState, is_batch: bool, at: float) -> None:
    _clear_error(job)
    _count_failing_time(job, at)
    job.has_existed = job.has_existed or (job.claims.shows_missing_job and at >= job.listed_at)
    job.claims.settle(ABSENT, at)
    job.is_known, job.is_missing, job.is_batch = True, True, is_batch
    _enter(job, None, at)
    job.nodes = {}
    job.status = job.listed = None
    job.progress.stop()
    job.status_at = job.read_at = at
    _conclude(job, at)


def _take_listed(job: JobState, fields: Dict[str, Any], at: float, began: float, again: bool) -> None:
    job.listed, job.listed_at = fields, at
    # The list is not enough for a missing job: another status call must show whether it was created or deleted since.
    job.has_existed, job.claims.shows_missing_job = job.has_existed or not job.is_missing, job.is_missing
    _note_start(job, fields, at)
    state = fields.get("status")
    if _is_claim(job, state, began):
        job.claims.make(state, at, began, again, state in job.policy.failing)
        return
    if state is None:
        return  # it shows only that the job exists
    if not job.is_failing or job.state in job.policy.failing:
        # Only status calls see the failure of a node, so its time is counted from one status call to the next.
        _count_failing_time(job, at)
    job.claims.withdraw()
    job.is_known, job.is_missing, job.is_batch, job.has_existed = True, False, False, True
    _enter(job, state, at)
    if not job.policy.needs_nodes:
        # Where the nodes count, the list is only half of what has to be read.
        _clear_error(job)
    job.read_at = max(job.read_at, at)
    _conclude(job, at)


def _is_claim(job: JobState, state: Optional[str], began: float) -> bool:
    """Whether a status call must confirm the claim of the list."""
    if state is None:
        return job.is_missing or job.status_at < began
    differs = state != job.state
    if differs and state in job.policy.failing:
        return True
    return (differs or job.is_missing) and job.status_at >= began


def _take_status(job: JobState, fields: Dict[str, Any], at: float) -> None:
    _clear_error(job)
    _count_failing_time(job, at)
    is_overtaken = job.listed_at > at and not job.claims.is_open and not job.is_missing and job.state_at > at
    state = fields.get("status")
    job.claims.settle(state, at)
    job.claims.shows_missing_job = False
    job.is_known, job.is_missing, job.is_batch, job.has_existed = True, False, False, True
    job.status = fields
    _note_start(job, fields, at)
    if not is_overtaken or state in job.policy.failing:
        # Of a list and a status call that were under way together, the one that was sent later counts.
        _enter(job, state, at)
    job.status_at = at
    job.read_at = max(job.read_at, at) if is_overtaken else at
    kind = job.policy.kind
    job.nodes = nodes_by_name(fields.get("nodes") or [], kind.node_failing)
    job.records.update(job.nodes, at, kind.node_running)
    job.progress.update(fields, at, job.state in kind.progressing)
    _conclude(job, at)


def _note_start(job: JobState, fields: Dict[str, Any], at: float) -> None:
    """See whether the job was restarted: its ``start_time`` has grown, or its ``restart_times`` has changed.

    Both are only compared with an earlier reading; the ``start_time`` of a run with one of the same planned time. A ``restart_times``
    that falls has begun again with another start.
    """
    start, count = fields.get("start_time"), fields.get("restart_times")
    restarts = 0
    if isinstance(start, int) and not isinstance(start, bool):
        plan = fields.get("plan_time")
        if plan != job.latest_plan:
            job.latest_plan, job.latest_start = plan if isinstance(plan, int) else None, None
        restarts = int(job.latest_start is not None and start > job.latest_start)
        job.latest_start = max(start, job.latest_start or start)
    if isinstance(count, int) and not isinstance(count, bool):
        if job.restart_times is not None and count != job.restart_times:
            restarts = max(restarts, 1, count - job.restart_times)
        job.restart_times = count
    if restarts:
        job.restarts += restarts
        job.restarted_at = max(job.restarted_at, at)


def _clear_error(job: JobState) -> None:
    job.errors, job.error = 0, None


def _enter(job: JobState, state: Optional[str], at: float) -> None:
    if state != job.state or job.state_at == NEVER:
        job.state, job.state_at = state, at


def _count_failing_time(job: JobState, at: float) -> None:
    """Count the time since the last reading as failing if that reading showed a failure."""
    if job.is_failing and job.counted_at != NEVER:
        job.failing_for += max(0.0, at - job.counted_at)
    job.counted_at = max(job.counted_at, at)


def _conclude(job: JobState, at: float) -> None:
    """Update what follows from a reading: since when the job is ready, and whether it has failed permanently."""
    policy, failures = job.policy, job.failures()
    job.is_failing = bool(failures)
    is_ready = not failures and not job.is_missing and job.state in policy.ready and job.is_started_late_enough
    if not is_ready or job.is_old:
        job.ready_at = None
    elif job.ready_at is None:
        job.ready_at = at
    if job.ready_at is not None and at - job.ready_at >= policy.stable_for:
        job.failing_for = 0.0
    if failures and policy.wait and policy.fatal and job.failing_for >= policy.exception_grace:
        # No later reading of this gate takes back a failure that counts.
        job.lasting_failures = failures
