# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The requests of a gate that are under way."""

from __future__ import annotations

from typing import Dict, Optional

from ..judging.readiness import MAX_SPREAD
from ..policy import NEVER
from ..source import Source
from ..state.gate_state import Gate
from ..state.gate_time import GateTime
from ..state.job_state import JobState

# A request that is under way for longer hangs.
STUCK_AFTER = 5.0
STUCK_LATENCIES = 3


class OpenRequests:
    """At most one status call for each job, and at most one list.

    :ivar jobs: the jobs with a status call under way, by name.
    :ivar list_began: when the list under way was begun, None without one.
    """

    def __init__(self, gate: Gate, source: Source, time: GateTime) -> None:
        self._gate, self._source, self._time = gate, source, time
        self.jobs: Dict[str, JobState] = {}
        self.list_began: Optional[float] = None

    @property
    def are_any(self) -> bool:
        """Whether any request is under way."""
        return bool(self.jobs) or self.list_began is not None

    @property
    def do_not_all_hang(self) -> bool:
        """Whether an answer can be expected: some request is under way, and not all of them hang."""
        return self.are_any and not self._time.is_past(self.stuck_at)

    def begin(self, job: JobState) -> None:
        """Send the status call of a job."""
        job.asked_at = self._time.at()
        self.jobs[job.name] = job
        self._source.ask(job.name, self._time.deadline)

    def begin_list(self, max_pages: int) -> None:
        """Send the first request of the list.

        :param max_pages: stop if the list has more pages; 0 for no limit.
        """
        self.list_began = self._gate.list_asked_at = self._time.at()
        self._source.ask_list(self._time.deadline, max_pages, not self._gate.settled)

    def end(self, name: str) -> Optional[JobState]:
        """The status call of a job has ended. Returns the job, or None for a call that was dropped."""
        job = self.jobs.pop(name, None)
        if job is not None:
            job.is_unanswered = False
        return job

    def end_list(self, was_answered: bool) -> None:
        """The list has ended.

        :param was_answered: whether by an answer or an error, and not by the deadline.
        """
        self.list_began = None
        if was_answered:
            self._gate.list_asked_at = None

    def drop(self) -> None:
        """Drop all requests; their answers are not read."""
        self._source.drop()
        at = self._time.at()
        for job in self.jobs.values():
            job.is_unanswered = job.asked_at is not None and at - job.asked_at > MAX_SPREAD
            job.asked_at = None
        self.jobs.clear()
        self.list_began = self._gate.list_asked_at = None

    @property
    def stuck_at(self) -> float:
        """When all of them hang. A list of many pages does not, as long as its pages are answered."""
        begun = [job.asked_at for job in self.jobs.values() if job.asked_at is not None]
        if self.list_began is not None:
            answered_at = self._source.list_answered_at
            begun.append(self.list_began if answered_at is None else self._time.of_clock(answered_at))
        return max(begun, default=NEVER) + max(STUCK_AFTER, STUCK_LATENCIES * self._source.latency)

    def any_since(self, at: float) -> bool:
        """Whether the status call of any job was sent after *at*."""
        return any(job.asked_at is not None and job.asked_at > at for job in self.jobs.values())
