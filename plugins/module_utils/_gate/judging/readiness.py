# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Whether all jobs are ready together, for as long as ``stable_for`` says, with records that move.

Everything here is a pure function or an immutable value.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Collection, List, Optional, Tuple

from .. import messages
from ..plain_data import NOT_KEPT
from ..policy import NEVER, Policy, matches
from ..state.job_state import JobState
from ..verdicts import PENDING, Reason, make_reason
from .judge_job import reason_of_job

# Readings that are spread over more seconds than this do not show the jobs ready together: all jobs are read once more.
MAX_SPREAD = 1.0


@dataclass(frozen=True)
class Readiness:
    """How long all jobs have been ready together.

    :ivar since: since when, in seconds on the gate's clock; None while they are not.
    :ivar awaits_records: whether they have been for long enough, and only records are missing.
    """

    since: Optional[float] = None
    awaits_records: bool = field(default=False, metadata=NOT_KEPT)

    def lost(self) -> "Readiness":
        """They are not all ready."""
        return self if self.since is None else replace(self, since=None)

    def postponed(self, seconds: float) -> "Readiness":
        """For so long nothing was read, so that the time does not count."""
        return self if self.since is None else replace(self, since=self.since + seconds)

    def after_reading(self, job: JobState, verdict: str) -> "Readiness":
        """A job was read, with this verdict."""
        if self.since is None:
            return self
        has_fallen = verdict == PENDING and not job.claims.is_open
        # A job that was left out, because it did not exist, may have become one that has to be ready with the others.
        has_joined = not job.lasting_failures and job.ready_at is not None and job.ready_at > self.since
        return self.lost() if has_fallen or has_joined or job.restarted_at > self.since else self

    def stable_at(self, policy: Policy) -> Optional[float]:
        """When the jobs will have been ready for stable_for; None where time is not all that is missing."""
        return None if self.since is None or self.awaits_records else self.since + policy.stable_for


def is_stale(job: JobState, at: float, since: float, max_age: float) -> bool:
    """Whether what was read of a job is too old for a PASS at *at*.

    :param since: when the closing observation began: each job must have been read since then.
    :param max_age: seconds that a status call may be old where it is the only one to show what counts.
    """
    if job.is_final:
        return False
    return job.read_at < since or job.is_slow or has_old_status(job, at, max_age)


def has_old_status(job: JobState, at: float, max_age: float) -> bool:
    """Whether the last status call of a job is too old for a PASS, and the list does not show what counts."""
    return job.policy.needs_status_calls and not job.is_missing and job.status_at < at - max_age


def are_together(jobs: Collection[JobState], at: float, since: float) -> bool:
    """Whether all jobs were read shortly before *at*, or since a later time."""
    oldest = min((job.read_at for job in jobs if not job.is_final), default=float("inf"))
    return at - max(since, oldest) <= MAX_SPREAD


def continue_ready(
    policy: Policy, jobs: Collection[JobState], readiness: Readiness, at: float
) -> Tuple[Readiness, Optional[Reason]]:
    """All jobs are ready together at *at*. The readiness after that, and what is still waited for: None before a PASS."""
    if readiness.since is None:
        readiness = replace(readiness, since=at)
    since = at if readiness.since is None else readiness.since
    if policy.wait and at < since + policy.stable_for:
        return readiness, not_stable(policy, jobs, readiness, at)
    idle = _idle(policy, jobs, at) if policy.require_records else None
    return replace(readiness, awaits_records=idle is not None), idle


def not_stable(policy: Policy, jobs: Collection[JobState], readiness: Readiness, at: float) -> Reason:
    """The reason that the jobs have not been ready for stable_for."""
    since = at if readiness.since is None else readiness.since
    restarted = max(jobs, key=lambda job: job.restarted_at, default=None)
    if restarted is not None and restarted.restarted_at > NEVER:
        age = at - restarted.restarted_at
        if age < policy.stable_for:
            message = messages.restarted(restarted.name, age)
            return make_reason("restarted", restarted.name, message, status=restarted.state)
    return make_reason("not_stable", None, messages.not_stable(at - since, policy.stable_for))


def _idle(policy: Policy, jobs: Collection[JobState], at: float) -> Optional[Reason]:
    """The reason that records do not move: names in require_records that match no node, or a job that is idle in stable_for."""
    running = [job for job in jobs if not (job.is_missing or job.is_failing or job.lasting_failures)]
    absent = _unmatched(policy.record_nodes, running)
    if absent and running:
        return make_reason("no_records", None, messages.no_such_nodes(absent))
    since = at - policy.stable_for
    idle = next((job for job in running if policy.stable_for and not job.has_moved_records(since)), None)
    return None if idle is None else reason_of_job(idle, "no_records", messages.no_records(idle, since))


def _unmatched(patterns: Collection[str], jobs: Collection[JobState]) -> List[str]:
    """The patterns that match no node of any job."""
    return [pattern for pattern in patterns if not any(matches(name, (pattern,)) for job in jobs for name in job.nodes)]
