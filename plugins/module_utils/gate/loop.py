# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observing until there is a verdict: when to look, at what, and when to stop. Knows no HTTP and no Ansible."""

from __future__ import annotations

import random
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..cloud.clock import Clock
from ..cloud.errors import DatagateError, RequestError
from ..services.readings import Listing, Reading
from . import words
from .machine import SEVERITY, Gate, Verdict
from .plan import TOGETHER, Plan
from .policy import ERROR, FAIL, PENDING, SHORTEST_INTERVAL, Policy, Selection
from .track import NEVER

# Once a gate has failed, what is left of its observation is still read where that takes no longer than this, because the
# other culprits are worth knowing.
SECONDS_AFTER_FAILURE = 2.0
READS_AFTER_FAILURE = 40
MISSING_EXPLAINED = 3
# How many slices may end early because something has changed: one for so many seconds of the gate, and these besides.
SECONDS_A_SLICE = 30.0
EARLY_SLICES = 4
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

    def listing(self, deadline: Optional[float], most_pages: int, sure: bool) -> Tuple[Listing, Sequence[Reading]]:
        """Read the job list of the selection; incomplete where that would take more than *most_pages* (0: no bound).

        :param sure: whether a job that moves while the list is read must not be missed.
        """
        raise NotImplementedError

    def explain_missing(self, names: Sequence[str], deadline: float) -> Dict[str, Tuple[List[str], bool]]:
        """For names of jobs that do not exist: similar names, and whether a batch job is called so."""
        return {}

    def remember(self) -> Dict[str, Any]:
        """What it has learned of the service, as plain data for the next slice."""
        return {}

    def recall(self, learned: Dict[str, Any]) -> None:
        """Take over what a slice before has learned."""

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return 0

    @property
    def latency(self) -> float:
        """Seconds that an answer takes of late."""
        return 0.0


class Outcome(NamedTuple):
    """How a gate ended, or how far its slice has come.

    :ivar elapsed: seconds.
    :ivar state: what the next slice goes on from, None where there is none.
    """

    verdict: Verdict
    gate: Gate
    elapsed: float
    requests: int
    msg: str
    state: Optional[Dict[str, Any]]

    @property
    def error(self) -> Optional[RequestError]:
        """The request error behind an ERROR, for its fields."""
        return self.verdict.error


class Slices(NamedTuple):
    """A gate in pieces.

    :ivar seconds: how long this piece may last; 0 for to the end.
    :ivar state: what the piece before left behind, None for the first one.
    :ivar most_whole: up to so many jobs are handed on with all that was read of them.
    """

    seconds: float = 0.0
    state: Optional[Dict[str, Any]] = None
    most_whole: int = 100


WHOLE = Slices()  # not in pieces


class Loop:
    """Runs one gate, or a slice of one.

    :param clock: gives the time and waits.
    :param uniform: random number between two bounds, for the jitter.
    :param on_look: called with how far the gate is, after each observation and before the gate ends.
    """

    def __init__(
        self,
        policy: Policy,
        selection: Selection,
        source: Source,
        clock: Clock,
        uniform: Callable[[float, float], float] = random.uniform,
        slices: Slices = WHOLE,
        on_look: Optional[Callable[["Outcome"], None]] = None,
    ) -> None:
        self.policy = policy
        self.source = source
        self.clock = clock
        self.plan = Plan(policy, source.rate, source.lists)
        self.gate = Gate(policy, selection, policy.interval)
        self.gate.workspace = source.workspace
        self._uniform = uniform
        self._slices = slices
        self._on_look = on_look
        self._slice_start = self._start = clock.now()
        self._start_wall = clock.wall()
        # The last list: when its first request was sent and its last answer came, on the gate's clock.
        self._listed_at = self._listed_until = NEVER
        self._list_tried = NEVER
        self._duration = 0.0
        self._requests = 0  # of earlier slices
        self._count = 1  # slices, this one included
        self._read_some = False
        self._due = policy.initial_delay if policy.wait and not policy.once else 0.0
        self._final = False  # no further observation follows the next one, or the one under way
        # The observation that is under way: whether by status calls alone, and until when its closing look lasted.
        self._open = False
        self._by_status: Optional[bool] = None
        self._closed = NEVER
        self._unseen = 0.0  # of its seconds, those in which nobody looked
        if slices.state is not None:
            self._load(slices.state)
        self._changes = self.gate.history.changes
        self._deadline: Optional[float] = None
        if policy.wait and not policy.once and policy.timeout > 0:
            self._deadline = self._start + policy.timeout

    # -- the whole --------------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Observe until there is a verdict, or until the slice ends."""
        policy = self.policy
        waits = policy.wait and not policy.once
        single = not waits or policy.timeout <= 0
        while True:
            if not self._open:
                if not self._rest(self._due):
                    return self._pause()
                self.gate.begin(self._at())
                self._open, self._by_status, self._closed, self._unseen = True, None, NEVER, 0.0
            began = self.gate.began
            closing = self._observe()
            if closing is None:
                return self._pause()
            at = self._at()
            self._duration = at - began - self._unseen
            # What was to be the last one may have taken less time than those before it.
            last = single or self._late() or (self._final and at + self._lead() >= self.policy.timeout)
            verdict = self.gate.verdict(at, closing, last and waits)
            self._open = False
            if verdict.verdict != PENDING or last:
                return self._look(self._finish(verdict))
            self._due = self._next(began)
            if self._on_look is not None:
                self._look(self._outcome(verdict, None))
            if self._news():
                return self._pause()

    def _rest(self, due: float) -> bool:
        """Wait for the time *due*. False when the slice ends before."""
        until = due
        if self._deadline is not None:
            until = min(until, self.policy.timeout)
        ends = self._slice_start - self._start + self._slices.seconds
        if self._slices.seconds and ends < until:
            self.clock.sleep(ends - self._at())
            return False
        self.clock.sleep(until - self._at())
        return True

    def _slice_over(self) -> bool:
        """Whether the slice has had its time. It reads at least once, so that slices get somewhere, and it ends with a verdict
        where the gate has failed."""
        if not self._slices.seconds or not self._read_some or self.gate.failed:
            return False
        return self.clock.now() - self._slice_start >= self._slices.seconds

    def _news(self) -> bool:
        """Whether the slice ends early because something has changed.

        Starting a slice costs a second or two, so a job that flaps must not end every slice: over the whole gate there is one
        slice for each half minute, and a few more.
        """
        if not self._slices.seconds or self.gate.history.changes == self._changes:
            return False
        return self._count <= EARLY_SLICES + self._at() / SECONDS_A_SLICE

    def _pause(self) -> Outcome:
        """End the slice. The verdict is PENDING, with what it would be held up by now."""
        at = self._at()
        kept = self.gate.ready_since
        reasons = self.gate.verdict(at, False, False).reasons
        self.gate.ready_since = kept
        return self._outcome(Verdict(PENDING, reasons), self._dump())

    def _next(self, began: float) -> float:
        """When the next observation begins: after an interval, but so that the last one ends at the deadline."""
        after = began + self.policy.interval * self._uniform(0.9, 1.0)
        if self.gate.ready_since is not None:
            # Nothing but time is missing.
            after = min(after, max(began + SHORTEST_INTERVAL, self.gate.ready_since + self.policy.stable_for))
        if self._deadline is None:
            return after
        latest = self.policy.timeout - self._lead()
        self._final = after >= latest
        return max(latest, self._at()) if self._final else after

    def _lead(self) -> float:
        """How long before the deadline the last observation has to begin in order to be read to its end."""
        paced = self.plan.seconds(max(0, len(self.gate.tracks) - 1)) if self._by_status else 0.0
        return max(1.2 * self._duration, paced) + 2 * self.source.latency

    def _look(self, outcome: Outcome) -> Outcome:
        if self._on_look is not None:
            self._on_look(outcome)
        return outcome

    def _finish(self, verdict: Verdict) -> Outcome:
        self._explain(verdict)
        return self._outcome(verdict, None)

    def _outcome(self, verdict: Verdict, state: Optional[Dict[str, Any]]) -> Outcome:
        at = self._at()
        told = [item for item in verdict.reasons if SEVERITY[item["code"]] <= _TOLD.get(verdict.verdict, 9)]
        msg = words.summary(verdict.verdict, told or verdict.reasons, self.gate.tally(at), at, self.policy.kind.noun)
        return Outcome(verdict, self.gate, round(at, 3), self._requests + self.source.requests, msg, state)

    def _explain(self, verdict: Verdict) -> None:
        """Say of missing jobs what they may have been meant to be. Only a help: whatever goes wrong is passed over."""
        names = [item["job"] for item in verdict.reasons if item["code"] == "job_missing"]
        if not names or verdict.verdict == PENDING or not self.source.lists:
            return
        deadline = self.clock.now() + SECONDS_TO_EXPLAIN
        if self._deadline is not None:
            deadline = min(deadline, self._deadline)
        try:
            found = self.source.explain_missing(names[:MISSING_EXPLAINED], deadline)
        except DatagateError:
            return
        self.gate.hints = {name: words.resembles(*what) for name, what in found.items()}
        for item in verdict.reasons:
            if item["code"] == "job_missing":
                item["message"] += self.gate.hints.get(item["job"], "")

    # -- one observation --------------------------------------------------------------------------------------------

    def _observe(self) -> Optional[bool]:
        """Read what this observation owes: True when it was read to its end, None when the slice ended meanwhile."""
        gate, plan = self.gate, self.plan
        began = gate.began
        if gate.selection.by_name and not gate.settled:
            return False
        try:
            if not gate.settled:
                self._list()
                if not gate.settled:
                    return False
            if self._by_status is None:
                self._by_status = plan.by_status(len(gate.tracks))
                if not self._by_status and self._listed_at < began:
                    # Where the list may be longer than the jobs are many, its first page says so.
                    self._by_status = not self._list(0 if self.policy.needs_nodes else len(gate.tracks))
                self._list_tried = max(self._list_tried, began)
            return self._sweeps(self._by_status, began)
        except RequestError as error:
            gate.fault(error)
            return False

    def _sweeps(self, by_status: bool, began: float) -> Optional[bool]:
        """Status calls until none is owed, the list read in between and, where it matters, at the end."""
        gate, plan = self.gate, self.plan
        while True:
            gate.freshness = plan.freshness(len(gate.tracks))
            owed = plan.owed(gate, by_status, self._at())
            if owed:
                if self._slice_over():
                    return None
                if not self._read(owed):
                    return False
                if self._late():
                    return not plan.owed(gate, by_status, self._at()) and not self._scattered(began)
                if self._list_due():
                    self._list_again()
            elif not self._scattered(began):
                return True
            elif self._close(by_status):
                # Of old nodes some may have to be read now, and so long a reading asks for another one.
                self._closed = self._at()
            else:
                return False

    def _list_due(self) -> bool:
        return self.plan.lists and self._at() - max(self._listed_at, self._list_tried) >= self.plan.list_every

    def _scattered(self, began: float) -> bool:
        """Whether all jobs look ready, but some were read long before the others."""
        gate, at = self.gate, self._at()
        if not self.plan.lists or at - max(self._listed_until, self._closed, began) <= TOGETHER or gate.failed:
            return False
        return all(gate.judge(track, at)[0] != PENDING for track in gate.tracks.values())

    def _close(self, by_status: bool) -> bool:
        """Look at all jobs once more, quickly: by the list, or by status calls where these are fewer.

        What the list casts doubt on belongs to the look: lists that go on saying what is not so would ask for one after the
        other. False where it came to no end.
        """
        gate = self.gate
        at = self._at()
        listed = False
        try:
            listed = self._list(max(1, len(gate.tracks)) if by_status else 0)
        except RequestError as error:
            if error.status == 401 or not by_status:
                raise
        # What a status call said within the second before it stands, unless the list has cast doubt on it since.
        owed = [
            name
            for name, track in gate.tracks.items()
            if (track.doubt if listed else self._at() - track.status_at > TOGETHER)
            and not track.final
            and not gate.left_out(track)
        ]
        if not self._read(owed, whole=True):
            return False
        return all(max(gate.tracks[name].status_at, gate.tracks[name].error_at) >= at for name in owed)

    def _list(self, most_pages: int = 0, again: bool = True) -> bool:
        """Read the job list. False when it is longer than *most_pages*."""
        self._list_tried = self._at()
        self._read_some = True
        try:
            listing, readings = self.source.listing(self._deadline, most_pages, not self.gate.settled)
        finally:
            self.plan.list_took = self._at() - self._list_tried
        self.plan.pages = listing.pages
        if not listing.complete:
            return False
        self._listed_at, self._listed_until = listing.at - self._start, self._at()
        self.gate.take_list(listing, readings, self._listed_at, again)
        return True

    def _list_again(self) -> None:
        """The list in the midst of a long observation. Where it cannot be read, the observation's end will tell."""
        try:
            # Where the list goes on saying what is not so, the same calls again and again would leave no time for others.
            self._list(max(1, len(self.gate.tracks)), again=False)
        except RequestError as error:
            if error.status == 401:
                raise

    def _read(self, names: Sequence[str], whole: bool = False) -> bool:
        """Status calls for *names*. False when reading on is of no use.

        :param whole: for all of them; otherwise until the list is due, or the slice over.
        """
        left = len(names)
        useful = True

        def feed() -> Iterator[str]:
            nonlocal left, useful
            for name in names:
                useful = not self._stopping(left)
                if not useful or (not whole and (self._list_due() or self._slice_over())):
                    return
                left -= 1
                self._read_some = True
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

    # -- over to the next slice -------------------------------------------------------------------------------------

    def _dump(self) -> Dict[str, Any]:
        return {
            "gate": self.gate.dump(self._slices.most_whole),
            "source": self.source.remember(),
            "wall": self._start_wall,
            "elapsed": self._at(),
            "count": self._count,
            "requests": self._requests + self.source.requests,
            "due": self._due,
            "open": [self._open, self._by_status, self._closed, self._unseen],
            "final": self._final,
            "listed": [self._listed_at, self._listed_until],
            "list_tried": self._list_tried,
            "duration": self._duration,
            "pages": self.plan.pages,
            "list_took": self.plan.list_took,
        }

    def _load(self, state: Dict[str, Any]) -> None:
        self.gate.load(state["gate"])
        self.source.recall(state["source"])
        self._start_wall = state["wall"]
        # The time between the slices counts; a wall clock that was set back does not make it negative.
        elapsed = max(state["elapsed"], self.clock.wall() - self._start_wall)
        self._start = self._slice_start - elapsed
        self._count = state["count"] + 1
        self._requests = state["requests"]
        self._due = state["due"]
        self._open, self._by_status, self._closed, unseen = state["open"]
        self._unseen = unseen + self.gate.resume(elapsed - state["elapsed"], self.plan.rate)
        self._final = state["final"]
        self._listed_at, self._listed_until = state["listed"]
        self._list_tried = state["list_tried"]
        self._duration = state["duration"]
        self.plan.pages, self.plan.list_took = state["pages"], state["list_took"]
