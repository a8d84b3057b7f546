# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Which job is read next."""

from __future__ import annotations

from collections import deque
from typing import Deque, Dict, Iterable, List, Optional

from ..state.job_state import JobState
from ..state.observation import LIST, ROTATION, STATUS
from .plan import Plan


class Reads:
    """The status calls of one observation, in their order: claims of the list, then the due readings, then, in a
    rotation, the jobs that were not read for the longest time.

    :ivar is_exhausted: whether no call was left at the last request for one.
    """

    def __init__(self, plan: Plan, jobs: Dict[str, JobState]) -> None:
        self._plan = plan
        self._jobs = jobs
        self._urgent: Dict[str, JobState] = {}  # in the order in which they were named, each once
        self._due: Deque[JobState] = deque()
        self._round: Deque[JobState] = deque()
        self._mode = STATUS
        self._began = 0.0
        self.is_exhausted = False

    def begin(self, mode: str, began: float) -> None:
        """A new observation: the readings that are due."""
        self._mode, self._began = mode, began
        self.is_exhausted = False
        self._urgent.clear()
        jobs = [job for job in self._jobs.values() if not job.is_final]
        if mode == STATUS:
            due = jobs
        else:
            due = [job for job in jobs if self._is_pressing(job)]
        # Those that could be read come first: the first request may have to prove the credentials, and one that hangs delays.
        due.sort(
            key=lambda job: (
                not job.claims.is_open,
                not job.is_failing,
                job.is_unanswered or job.error is not None,
                job.status_at,
            )
        )
        if mode == ROTATION:
            # Many failing or unreadable jobs must not keep the others from being read.
            due = due[: max(1, int(self._plan.rate * self._plan.rotation_interval / 2))]
        self._due = deque(due)
        self._round = deque(self._by_age()) if mode == ROTATION else deque()

    def urge(self, jobs: Iterable[JobState]) -> None:
        """Read these before all others."""
        self._urgent.update((job.name, job) for job in jobs)
        self.is_exhausted = False

    def reconsider(self, job: JobState, now: float) -> None:
        """After a reading: whether the job has to be read once more in this observation."""
        if job.is_final:
            return
        policy = self._plan.policy
        if job.error_at >= self._began:
            again = job.is_to_be_tried_again(self._began)
        else:
            nodes_missing = (
                policy.needs_nodes
                and self._mode != LIST
                and job.is_known
                and not job.is_missing
                and job.state in policy.ready
                and job.status_at < job.state_at
            )
            again = job.is_slow or job.claims.is_open or nodes_missing or job.is_grace_over(now)
        if again:
            self.urge([job])

    def next(self) -> Optional[JobState]:
        """The next job to read; None where nothing is left to read now."""
        job = self._next()
        self.is_exhausted = job is None
        return job

    def _next(self) -> Optional[JobState]:
        while self._urgent:
            job = self._urgent.pop(next(iter(self._urgent)))
            if job.asked_at is None and not job.is_final:
                return job
        while self._due:
            job = self._due.popleft()
            if job.asked_at is None and self._is_due(job):
                return job
        return self._next_of_round() if self._mode == ROTATION else None

    @property
    def left(self) -> int:
        """The number of calls that are still due in the observation; those of the rotation do not count."""
        return len(self._urgent) + len(self._due)

    def reorder(self) -> None:
        """Sort the rotation again, after a list that has changed states."""
        self._round = deque(self._by_age())

    def stop(self) -> None:
        """No further reading is due."""
        self._urgent.clear()
        self._due.clear()
        self._mode = STATUS

    def _next_of_round(self) -> Optional[JobState]:
        for dummy in range(2):
            while self._round:
                job = self._round.popleft()
                if job.asked_at is None and not job.is_missing and not job.is_final:
                    return job
            self._round = deque(self._by_age())
        return None

    def _by_age(self) -> List[JobState]:
        """The jobs in the order of a rotation: first those whose nodes were not read since the job got ready, then the oldest."""
        ready = self._plan.policy.ready
        return sorted(
            (job for job in self._jobs.values() if job.asked_at is None),
            key=lambda job: (not (job.state in ready and job.status_at < job.state_at), job.status_at),
        )

    def _is_pressing(self, job: JobState) -> bool:
        """Whether a job is read in each observation although most are read by the list."""
        return job.claims.is_open or job.is_failing or job.error is not None

    def _is_due(self, job: JobState) -> bool:
        if job.is_final:
            return False
        if job.error_at >= self._began:
            return job.is_to_be_tried_again(self._began)
        return job.status_at < self._began
