# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observing until there is a verdict: when to look, at what, and when to stop. Knows no HTTP and no Ansible."""

from __future__ import annotations

import random
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..cloud.clock import Clock
from ..cloud.errors import DatagateError, RequestError
from ..services.readings import Listing, Reading
from . import words
from .machine import SEVERITY, Gate, Verdict
from .plan import LIST_EVERY, TOGETHER, Plan
from .policy import ERROR, FAIL, MISSING_OK, PASS, PENDING, Policy, Selection
from .track import NEVER

# Once a gate has failed, what is left of its observation is still read where that takes no longer than this, because the
# other culprits are worth knowing.
SECONDS_AFTER_FAILURE = 2.0
READS_AFTER_FAILURE = 40
MISSING_EXPLAINED = 3
SECONDS_TO_EXPLAIN = 10.0
# The least severe reasons that the message tells; jobs on their way are no part of why a gate failed.
_TOLD = {FAIL: SEVERITY["job_missing"], ERROR: SEVERITY["unreadable"]}


class Source:
    """Where readings come from. The services are bound to it at the door; tests give their own."""

    #: whether there is a list of jobs
    lists = False
    #: ceiling in requests per second, 0 for none
    rate = 0.0
    #: the workspace that is asked, for messages
    workspace: Optional[str] = None

    def statuses(self, names: Iterable[str], deadline: Optional[float]) -> Iterator[Reading]:
        """Read jobs one by one; names are taken only when their request can be sent. Raises what concerns all of them."""
        raise NotImplementedError

    def listing(self, deadline: Optional[float], most_pages: int) -> Tuple[Listing, Sequence[Reading]]:
        """Read the job list of the selection; incomplete where that would take more than *most_pages* (0: no bound)."""
        raise NotImplementedError

    def explain_missing(self, names: Sequence[str], deadline: float) -> Dict[str, Tuple[List[str], bool]]:
        """For names of jobs that do not exist: similar names, and whether a batch job is called so."""
        return {}

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return 0

    @property
    def latency(self) -> float:
        """Seconds that an answer takes of late."""
        return 0.0


class Outcome(NamedTuple):
    """How a gate ended.

    :ivar elapsed: seconds.
    :ivar error: the request error behind an ERROR, for its fields.
    """

    verdict: Verdict
    gate: Gate
    elapsed: float
    requests: int
    msg: str

    @property
    def error(self) -> Optional[RequestError]:
        """The request error behind an ERROR, for its fields."""
        return self.verdict.error


class Loop:
    """Runs one gate.

    :param clock: gives the time and waits.
    :param uniform: random number between two bounds, for the jitter.
    """

    def __init__(
        self,
        policy: Policy,
        selection: Selection,
        source: Source,
        clock: Clock,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.policy = policy
        self.source = source
        self.clock = clock
        self.plan = Plan(policy, source.rate, source.lists)
        self.gate = Gate(policy, selection, policy.interval)
        self.gate.workspace = source.workspace
        self._uniform = uniform
        self._start = clock.now()
        self._deadline: Optional[float] = None
        if policy.wait and not policy.once and policy.timeout > 0:
            self._deadline = self._start + policy.timeout
        self._listed_at = NEVER  # on the gate's clock
        self._list_tried = NEVER
        self._duration = 0.0

    # -- the whole --------------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Observe until there is a verdict."""
        policy = self.policy
        single = not policy.wait or policy.once or policy.timeout <= 0
        if policy.wait and not policy.once:
            self._sleep_until(self._at() + policy.initial_delay)
        while True:
            began = self._at()
            last = single or (self._left() is not None and began + self._lead() >= policy.timeout)
            closing = self._observe()
            at = self._at()
            late = self._deadline is not None and at >= policy.timeout
            ends = (last or late) and policy.wait and not policy.once
            verdict = self.gate.verdict(at, closing, ends)
            self._duration = at - began
            if verdict.verdict != PENDING or last or late:
                return self._finish(verdict)
            self._sleep_until(self._next(began))

    def _next(self, began: float) -> float:
        """When the next observation begins: after an interval, but so that the last one ends at the deadline."""
        after = began + self.policy.interval * self._uniform(0.9, 1.0)
        if self.gate.ready_since is not None:
            # Nothing but time is missing.
            after = min(after, max(self._at(), self.gate.ready_since + self.policy.stable_for))
        latest = self.policy.timeout - self._lead()
        return min(after, max(latest, self._at())) if self._deadline is not None else after

    def _lead(self) -> float:
        """How long before the deadline the last observation has to begin in order to be read to its end."""
        return 1.2 * self._duration + 2 * self.source.latency

    def _finish(self, verdict: Verdict) -> Outcome:
        self._explain(verdict)
        at = self._at()
        told = [item for item in verdict.reasons if SEVERITY[item["code"]] <= _TOLD.get(verdict.verdict, 9)]
        msg = words.summary(verdict.verdict, told or verdict.reasons, self.gate.tally(at), at, self.policy.kind.noun)
        return Outcome(verdict, self.gate, round(at, 3), self.source.requests, msg)

    def _explain(self, verdict: Verdict) -> None:
        """Say of missing jobs what they may have been meant to be. Only a help: whatever goes wrong is passed over."""
        names = [item["job"] for item in verdict.reasons if item["code"] == "job_missing"]
        if (
            not names
            or verdict.verdict in (PASS, PENDING)
            or self.policy.missing == MISSING_OK
            or not self.source.lists
        ):
            return
        deadline = self.clock.now() + SECONDS_TO_EXPLAIN
        if self._deadline is not None:
            deadline = min(deadline, self._deadline)
        try:
            found = self.source.explain_missing(names[:MISSING_EXPLAINED], deadline)
        except DatagateError:
            return
        for item in verdict.reasons:
            if item["code"] == "job_missing" and item["job"] in found:
                item["message"] += words.resembles(*found[item["job"]])

    # -- one observation --------------------------------------------------------------------------------------------

    def _observe(self) -> bool:
        """Read what this observation owes. True when it was read to its end."""
        gate, plan = self.gate, self.plan
        began = self._at()
        gate.begin(began)
        if gate.selection.by_name and not gate.settled:
            return False
        try:
            if not gate.settled:
                self._list()
                if not gate.settled:
                    return False
            by_status = plan.by_status(len(gate.tracks))
            gate.freshness = plan.freshness(len(gate.tracks))
            if not by_status and self._listed_at < began:
                # Where the list may be longer than the jobs are many, its first page says so.
                by_status = not self._list(0 if self.policy.needs_nodes else len(gate.tracks))
            return self._sweeps(by_status, began)
        except RequestError as error:
            gate.fault(error)
            return False

    def _sweeps(self, by_status: bool, began: float) -> bool:
        """Status calls until none is owed, the list read in between and, where it matters, at the end."""
        gate, plan = self.gate, self.plan
        self._list_tried = began
        closed = False
        while True:
            owed = plan.owed(gate, by_status, self._at())
            if owed:
                if not self._read(owed):
                    return False
                if self._late():
                    return not plan.owed(gate, by_status, self._at())
                if self._list_due():
                    self._list_again()
            elif closed or not self._scattered(began):
                return True
            elif self._close(by_status):
                closed = True
            else:
                return False

    def _list_due(self) -> bool:
        return self.plan.lists and self._at() - max(self._listed_at, self._list_tried) >= LIST_EVERY

    def _scattered(self, began: float) -> bool:
        """Whether all jobs look ready, but some were read long before the others."""
        gate, at = self.gate, self._at()
        if not self.plan.lists or at - max(self._listed_at, began) <= TOGETHER or gate.failed:
            return False
        return all(gate.judge(track, at)[0] != PENDING for track in gate.tracks.values())

    def _close(self, by_status: bool) -> bool:
        """Look at all jobs once more, quickly: by the list, or by status calls where these are fewer."""
        gate, at = self.gate, self._at()
        try:
            if self._list(max(1, len(gate.tracks)) if by_status else 0):
                return True
        except RequestError as error:
            if error.status == 401 or not by_status:
                raise
        names = [name for name, track in gate.tracks.items() if at - track.status_at > TOGETHER and not track.final]
        return self._read([name for name in names if not gate.left_out(gate.tracks[name])])

    def _list(self, most_pages: int = 0) -> bool:
        """Read the job list. False when it is longer than *most_pages*."""
        self._list_tried = self._at()
        listing, readings = self.source.listing(self._deadline, most_pages)
        self.plan.pages = listing.pages
        if not listing.complete:
            return False
        self._listed_at = listing.at - self._start
        self.gate.take_list(listing, readings, self._listed_at)
        return True

    def _list_again(self) -> None:
        """The list in the midst of a long observation. Where it cannot be read, the observation's end will tell."""
        try:
            self._list(max(1, len(self.gate.tracks)))
        except RequestError as error:
            if error.status == 401:
                raise

    def _read(self, names: Sequence[str]) -> bool:
        """Status calls for *names*, until the list is due. False when reading on is of no use."""
        left = len(names)
        useful = True

        def feed() -> Iterator[str]:
            nonlocal left, useful
            for name in names:
                useful = not self._stopping(left)
                if not useful or self._list_due():
                    return
                left -= 1
                yield name

        for reading in self.source.statuses(feed(), self._deadline):
            self.gate.take(reading, max(0.0, reading.at - self._start))
        return useful

    def _stopping(self, left: int) -> bool:
        """Whether the gate has failed and much is left to read."""
        if not self.gate.failed or not self.policy.wait:
            return False
        return self.plan.seconds(left) > SECONDS_AFTER_FAILURE or left > READS_AFTER_FAILURE

    # -- time -------------------------------------------------------------------------------------------------------

    def _at(self) -> float:
        return self.clock.now() - self._start

    def _late(self) -> bool:
        return self._deadline is not None and self.clock.now() >= self._deadline

    def _left(self) -> Optional[float]:
        return None if self._deadline is None else self._deadline - self.clock.now()

    def _sleep_until(self, at: float) -> None:
        left = self._left()
        seconds = at - self._at()
        self.clock.sleep(seconds if left is None else min(seconds, left))
