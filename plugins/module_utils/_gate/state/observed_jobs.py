# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The jobs as the readings so far show them. The gate and the event source add their readings here.

So the list and the status call are weighed against each other in one place, and an absence or a failure that only the list shows
is a claim for both.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterable, List, Optional, Sequence

from ..._errors import UNREACHED
from ..._services.readings import Listing, Reading
from ..policy import Policy
from .job_state import JobState
from .update_job import take_absence, take_reading


class ObservedJobs:
    """The selected jobs, by name. The order of the readings of different jobs makes no difference.

    :param jobs: the jobs that are known already; it is changed in place.
    :param on_reading: is called with each job about which something was read, and the time of that reading.
    """

    def __init__(
        self, policy: Policy, jobs: Dict[str, JobState], on_reading: Callable[[JobState, float], None]
    ) -> None:
        self._policy = policy
        self.jobs = jobs
        self._on_reading = on_reading

    def select(self, names: Iterable[str]) -> List[JobState]:
        """Add these jobs to the selection. Returns those that are new."""
        new = [JobState(name, self._policy) for name in dict.fromkeys(names) if name not in self.jobs]
        self.jobs.update((job.name, job) for job in new)
        return new

    def job_of(self, reading: Reading) -> Optional[JobState]:
        """The job that a reading says something about. None for other jobs, and where only the deadline came first."""
        if reading.error is not None and reading.error.kind == UNREACHED:
            return None
        return self.jobs.get(reading.name)

    def take(self, job: JobState, reading: Reading, at: float, began: float, again: bool = True) -> None:
        """Add the reading of one job. The parameters are those of :func:`take_reading`."""
        take_reading(job, reading, at, began, again)
        self._on_reading(job, at)

    def take_list(
        self, listing: Listing, readings: Sequence[Reading], at: float, began: float, again: bool = True
    ) -> List[JobState]:
        """Add a job list. Returns the jobs that it lacks; if it is complete, it claims that they do not exist.

        :param readings: its jobs.
        """
        shown = set()
        for item in readings:
            job = self.jobs.get(item.name)
            if job is not None:
                shown.add(item.name)
                self.take(job, item, at, began, again)
        absent = [job for name, job in self.jobs.items() if name not in shown] if listing.complete else []
        for job in absent:
            take_absence(job, at, began, again)
            self._on_reading(job, at)
        return absent

    def take_partial_list(self, readings: Sequence[Reading], at: float, began: float) -> None:
        """Add a part of the job list, or one that contradicts itself: only the failures that it shows count, as claims."""
        for item in readings:
            job = self.jobs.get(item.name)
            state = (item.job or {}).get("status")
            if job is not None and state in self._policy.failing and state != job.state:
                self.take(job, item, at, began)
