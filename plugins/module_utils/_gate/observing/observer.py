# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Observations one after another, without a verdict, a time limit and a closing look: for the event source.

An observation reads as a gate does: the list where that is cheaper, then status calls for the nodes and for the claims of the list.
Other than in a gate, the jobs of a selection by tags or by a part of the name are looked up each time.
"""

from __future__ import annotations

from typing import Callable, Iterator, List, Sequence

from ..._clock import Clock
from ..._services.readings import Reading
from ..policy import Policy, Selection
from ..source import Source, read_jobs, read_list
from ..state.job_state import JobState
from ..state.observation import STATUS
from ..state.observed_jobs import ObservedJobs
from .plan import Plan

# The share of an interval's requests that is used when not all nodes can be read in one; the rest is for retries.
SHARE = 0.8
# The least seconds for the list, and then for the status calls, retries included. With a service that is so slow, an observation
# takes longer than the interval.
MIN_LIST_SECONDS = 300.0
MIN_STATUS_SECONDS = 60.0


class Observer:
    """Reads the jobs of a selection, and adds the readings to their states.

    :param select: is called with the names that the selection holds now, and adds them to *observed*.
    :param take: is called with the result of each status call, and adds it to *observed*.
    :param stopping: is called before each request; true ends early.
    """

    def __init__(
        self,
        policy: Policy,
        selection: Selection,
        source: Source,
        clock: Clock,
        observed: ObservedJobs,
        select: Callable[[Sequence[str]], None],
        take: Callable[[Reading], None],
        stopping: Callable[[], bool],
    ) -> None:
        self._policy, self._selection = policy, selection
        self._source, self._clock = source, clock
        self._observed = observed
        self._select, self._take, self._stopping = select, take, stopping
        self._plan = Plan(policy, source.rate, source.workers, source.lists, source.cost)

    def observe(self, began: float) -> List[JobState]:
        """Make one observation.

        :param began: the current time.
        :returns: the jobs that have left the selection.
        :raises RequestError, CredentialsError: the jobs could not be read.
        """
        chosen, jobs = self._selection, self._observed.jobs
        interval = self._policy.interval
        if chosen.by_name:
            self._select(chosen.choose(chosen.names))
        unlisted: List[JobState] = []
        if not chosen.by_name or self._plan.mode(len(jobs), False) != STATUS:
            unlisted = self._read_list(began, began + max(interval, MIN_LIST_SECONDS))
        self._read_jobs(self._due(), max(began + interval, self._clock.now() + MIN_STATUS_SECONDS))
        # The status call has shown that they do not exist, or that they are no longer in the selection. Jobs in a final state are not
        # read again.
        gone = [job for job in unlisted if job.status_at >= began or job.is_final]
        for job in gone:
            del jobs[job.name]
        return gone

    def _read_list(self, began: float, deadline: float) -> List[JobState]:
        """Read the job list. Returns the jobs of a selection by tags or by a part of the name that it lacks."""
        listing, readings, dummy_error = read_list(self._source, deadline)
        if listing is None:
            return []
        chosen = self._selection
        self._plan.pages = listing.pages
        if not chosen.by_name:
            self._select(chosen.choose([item.name for item in readings]))
        absent = self._observed.take_list(listing, readings, listing.at, began)
        return [] if chosen.by_name else absent

    def _due(self) -> List[str]:
        """The jobs to read one by one: what is in doubt, and of the others as many as there is time for."""
        # Those first that were not read for the longest time, so that all have their turn with a slow service, too.
        plan, jobs = self._plan, sorted(self._observed.jobs.values(), key=lambda job: job.status_at)
        jobs = [job for job in jobs if not job.is_final]
        is_without_list = self._policy.needs_nodes or self._selection.by_name
        if is_without_list and plan.mode(len(jobs), False) == STATUS:
            return [job.name for job in jobs]
        first = [job for job in jobs if job.claims.is_open or not job.is_known]
        if not self._policy.needs_nodes:
            return [job.name for job in first]
        spare = int(plan.rate * self._policy.interval * SHARE) - (plan.pages or 0) - len(first)
        return [job.name for job in first + self._in_rotation(jobs, spare)]

    def _in_rotation(self, jobs: Sequence[JobState], spare: int) -> List[JobState]:
        """The jobs whose nodes are read next.

        :param spare: how many requests there is time for.
        """
        rest = [
            job
            for job in jobs
            if job.is_known
            and not job.claims.is_open
            and not job.is_missing
            and job.state not in self._policy.kind.quiet
        ]
        urgent = [job for job in rest if job.is_failing or job.status_at < job.state_at]
        # Half of the requests for these, so that the others are read however many jobs fail.
        urgent = urgent[: max(1, spare // 2)]
        names = {job.name for job in urgent}
        others = [job for job in rest if job.name not in names]
        return urgent + others[: max(1, spare - len(urgent))]

    def _read_jobs(self, names: Sequence[str], deadline: float) -> None:
        def feed() -> Iterator[str]:
            for name in names:
                if self._stopping():
                    return
                yield name

        for reading in read_jobs(self._source, feed(), deadline):
            self._take(reading)
