# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The job list of an observation: when it is read, and what follows from it."""

from __future__ import annotations

from typing import Optional

from ..._errors import TRANSIENT, UNREACHED, RequestError
from ..._services.readings import Listing
from ..policy import NEVER
from ..source import Listed
from ..state.gate_state import Gate
from ..state.gate_time import GateTime
from ..state.observation import ROTATION, STATUS, Observation
from .open_requests import OpenRequests
from .plan import Plan
from .reads import Reads


class JobList:
    """Reads the list where an observation needs it, and the jobs about which it raises claims."""

    def __init__(
        self,
        gate: Gate,
        plan: Plan,
        time: GateTime,
        observation: Observation,
        reads: Reads,
        requests: OpenRequests,
        is_single: bool,
    ) -> None:
        self._gate, self._plan, self._time = gate, plan, time
        self._observation = observation
        self._reads, self._requests = reads, requests
        self._is_single = is_single
        self._repeats_claims = True  # whether the list under way may repeat claims that a status call has refuted

    @property
    def is_short(self) -> bool:
        """Whether the list takes fewer requests than the status calls, as far as that is known."""
        return (self._plan.pages or 0) <= self._max_pages()

    def _max_pages(self) -> int:
        return self._plan.max_pages(len(self._gate.jobs))

    def begin_observation(self) -> None:
        """Read the list, if the new observation needs one."""
        gate, observation = self._gate, self._observation
        observation.list_owed = not gate.settled or observation.mode != STATUS
        if not gate.settled and gate.selection.by_name:
            observation.list_owed = False
        elif observation.list_owed:
            self.begin(self._max_pages() if gate.settled else 0, False)

    def begin(self, max_pages: int, repeats_claims: bool) -> None:
        """Read the list, unless it is being read.

        :param repeats_claims: whether it may repeat claims that a status call of the same observation has refuted.
        """
        if self._requests.list_began is not None:
            return
        self._observation.list_tried_at = self._time.at()
        self._repeats_claims = repeats_claims
        self._requests.begin_list(max_pages)

    def due_at(self) -> float:
        """When all jobs are read again in a long observation; infinite if they are not."""
        if not self._gate.settled or self._requests.list_began is not None:
            return float("inf")
        return max(self._observation.list_tried_at, self._gate.began) + self._look_interval()

    def _look_interval(self) -> float:
        """Seconds from one reading of all jobs to the next in a long observation."""
        return self._plan.look_interval(self._plan.pages or 0 if self._is_used_to_look() else len(self._gate.jobs))

    def _is_used_to_look(self) -> bool:
        """Whether the list is used to read all jobs in a long observation."""
        return self._plan.lists and (self._observation.mode != STATUS or self.is_short)

    def look_again(self) -> None:
        """In a long observation, see whether a job that was read early has fallen: by the list, or by status calls where these
        are fewer."""
        at = self._time.at()
        if self._is_used_to_look():
            self.begin(self._max_pages(), False)
        else:
            self._observation.list_tried_at, recently = at, self._look_interval() / 2
            self._reads.urge(job for job in self._gate.jobs.values() if at - job.status_at >= recently)

    def take(self, event: Listed) -> None:
        """The list has been read, or could not be.

        :raises RequestError: the credentials were refused.
        """
        gate, observation = self._gate, self._observation
        self._requests.end_list(event.error is None or event.error.kind != UNREACHED)
        observation.list_ended_at, observation.ages_checked_at = self._time.at(), NEVER
        listing, error = event.listing, event.error
        if listing is not None:
            self._plan.pages = listing.pages
            if self._is_old(listing):
                observation.list_ended_at = NEVER  # all jobs are read once more before a PASS
            if listing.problem is not None:
                error = RequestError(TRANSIENT, f"the job list cannot be used: {listing.problem}", status=200)
            if gate.settled and not (listing.complete and error is None):
                # It proves nothing, but a failure that it shows is still confirmed.
                gate.take_partial_list(event.readings, self._time.of_clock(listing.at))
                self._reads.urge(job for job in gate.jobs.values() if job.claims.is_open)
        if listing is None or error is not None or not listing.complete:
            self._do_without(error)
            return
        observation.list_owed = False
        self._take_whole(listing, event)

    def _take_whole(self, listing: Listing, event: Listed) -> None:
        gate, observation = self._gate, self._observation
        was_settled = gate.settled
        gate.take_list(listing, event.readings, self._time.of_clock(listing.at), self._time.at(), self._repeats_claims)
        if gate.settled and not was_settled:
            observation.mode = self._plan.mode(len(gate.jobs), self._is_single)
            self._reads.begin(observation.mode, gate.began)
            return
        self._reads.urge(job for job in gate.jobs.values() if job.claims.is_open)
        if observation.mode == ROTATION:
            self._reads.reorder()

    def _is_old(self, listing: Listing) -> bool:
        """Whether a list took so long, because of a slow answer or a process that was stopped, that it may be outdated."""
        took = self._time.at() - self._time.of_clock(listing.at)
        return took > self._gate.policy.interval + 2 * self._plan.seconds(listing.pages)

    def _do_without(self, error: Optional[RequestError]) -> None:
        """The list could not be read, or is too long to be worth it."""
        gate, observation = self._gate, self._observation
        if error is not None and error.refused:
            raise error
        if observation.list_owed and (error is not None or gate.settled):
            observation.list_owed = False
            if error is not None:
                gate.fault(error)
            else:
                # Too long a list: each job is read by its own call instead.
                observation.mode = STATUS
                self._reads.begin(STATUS, gate.began)
        elif observation.closing_at is not None:
            closing_at = observation.closing_at
            self._reads.urge(job for job in gate.jobs.values() if job.read_at < closing_at)
