# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The closing observation: before a gate passes, all jobs are ready together, in readings that are recent enough."""

from __future__ import annotations

from typing import List, Optional

from ..judging.readiness import MAX_SPREAD, are_together
from ..policy import NEVER
from ..source import Source
from ..state.gate_state import Gate
from ..state.job_state import JobState
from ..state.observation import ROTATION, STATUS, Observation
from .job_list import JobList
from .open_requests import OpenRequests
from .plan import Plan
from .reads import Reads
from .schedule import Schedule

# Seconds between two searches of thousands of jobs for readings that are too old.
AGE_CHECK_INTERVAL = 0.5


class Closing:
    """Decides whether the observation under way proves that all jobs are ready, and reads again what is missing for that."""

    def __init__(
        self,
        gate: Gate,
        plan: Plan,
        source: Source,
        observation: Observation,
        reads: Reads,
        requests: OpenRequests,
        job_list: JobList,
        schedule: Schedule,
    ) -> None:
        self._gate, self._plan, self._source = gate, plan, source
        self._observation = observation
        self._reads, self._requests, self._list = reads, requests, job_list
        self._schedule = schedule

    def close(self, at: float) -> Optional[float]:
        """When the closing observation began, where every job has been read in it and looks ready; else None.

        Readings that are spread over more than a second are no proof that the jobs are ready together, so all are read once more,
        quickly: by the list, or by status calls where these are fewer.
        """
        gate, observation = self._gate, self._observation
        if not gate.looks_ready or observation.list_owed or gate.fault_error is not None:
            return None
        if self._reads.left and at - observation.ages_checked_at < AGE_CHECK_INTERVAL:
            return None
        closing_at = observation.closing_at
        if self._reads.left and observation.mode != ROTATION and closing_at is None:
            return None
        observation.ages_checked_at = at
        gate.max_age = self._max_age()
        since = gate.began if closing_at is None else closing_at
        stale = [job for job in gate.jobs.values() if gate.is_stale(job, at, since)]
        if any(job.error is not None for job in stale):
            return None  # what cannot be read is tried again by the next observation
        if stale:
            if closing_at is None and observation.mode == ROTATION and self.is_by_status:
                self.begin(at)
            elif closing_at is None or self._requests.list_began is None:
                self._renew(stale, at, since)
            return None
        if (
            are_together(gate.jobs.values(), at, max(since, observation.list_ended_at))
            or closing_at is not None
            or all(job.is_final for job in gate.jobs.values())
        ):
            return since
        self.begin(at)
        return None

    def close_at_last(self, at: float) -> Optional[float]:
        """The same at the deadline, when exception_grace ends as well: failing jobs are no longer waited for."""
        gate = self._gate
        waits = any(not job.is_failing for job in gate.pending_jobs())
        if not gate.settled or waits or gate.fault_error is not None or self._observation.list_owed:
            return None
        gate.max_age = self._max_age()
        stale = any(gate.is_stale(job, at, gate.began) for job in gate.jobs.values())
        return None if stale or not are_together(gate.jobs.values(), at, gate.began) else gate.began

    def could_close(self, at: float) -> bool:
        """Whether, between two observations of a rotation, the last node has been read that a PASS was waiting for."""
        gate, observation = self._gate, self._observation
        if (
            observation.mode != ROTATION
            or not gate.looks_ready
            or at - observation.ages_checked_at < AGE_CHECK_INTERVAL
        ):
            return False
        observation.ages_checked_at = at
        gate.max_age = self._max_age()
        stable_at = self._schedule.stable_at
        if gate.readiness.awaits_records or (stable_at is not None and at < stable_at):
            return False
        then = at + self._plan.list_seconds(self._source.latency)  # the closing look begins with the list
        return not any(gate.is_stale(job, then, NEVER) for job in gate.jobs.values())

    def begin(self, at: float) -> None:
        """Begin the closing look: read all jobs once more, by the list or by status calls."""
        observation, jobs = self._observation, self._gate.jobs
        observation.closing_at = at
        if self._plan.lists and not self.is_by_status:
            self._list.begin(0 if observation.mode != STATUS else self._plan.max_pages(len(jobs)), True)
        else:
            self._reads.urge(job for job in jobs.values() if at - job.status_at > MAX_SPREAD)

    @property
    def is_by_status(self) -> bool:
        """Whether the closing look is made by status calls: where these are fewer requests, or the readings of nodes would be too
        old by the time that the list is there."""
        is_list_long = self._observation.mode == STATUS and not self._list.is_short
        return is_list_long or self._plan.is_list_too_slow(len(self._gate.jobs), self._source.latency)

    @property
    def awaits_ages(self) -> bool:
        """Whether all jobs look ready and the observation only waits for readings that are young enough."""
        return self._observation.mode != ROTATION and self._gate.looks_ready and self._requests.are_any

    def _max_age(self) -> float:
        return self._plan.max_age(len(self._gate.jobs), self._source.latency)

    def _renew(self, stale: List[JobState], at: float, since: float) -> None:
        """Read again what is too old for a PASS, and what would be by the time that this is done."""
        spare = self._plan.sweep(len(stale), self._source.latency) + self._source.latency
        jobs = self._gate.jobs.values() if self._observation.mode == STATUS else stale
        self._reads.urge(job for job in jobs if job.asked_at is None and self._gate.is_stale(job, at + spare, since))
