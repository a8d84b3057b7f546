# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observing until there is a verdict: when to read, what, and when to stop. Knows no HTTP and no Ansible.

The loop begins whatever may be read now, waits for the next answer or the next due time, and judges. A request that hangs
therefore holds up neither the other jobs nor the verdict.
"""

from __future__ import annotations

import random
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from ..cloud.clock import Clock
from ..cloud.errors import TRANSIENT, UNREACHED, DatagateError, RequestError
from ..services.readings import Listing, Reading
from . import messages, plain_data, resume
from .gate_state import Gate
from .job_state import JobState
from .kinds import ABSENCE, READ_ERROR
from .plan import LIST, ROTATION, STATUS, Plan, Reads
from .policy import MIN_INTERVAL, NEVER, Policy, Selection
from .readiness import MAX_SPREAD, are_together
from .source import Listed, Source
from .summary import summarize, tally
from .verdicts import ERROR, FAIL, PASS, PENDING, Reason, Verdict

# Once a gate has failed, what is left of its observation is still read where that takes no longer than this, because the
# other failing jobs are worth knowing.
SECONDS_AFTER_FAILURE = 1.8
# What the service says of the reasons, and similar names of missing jobs, are read until then.
SECONDS_AFTER_FAILURE_IN_ALL = 1.9
STUCK_AFTER_FAILURE = 1.0  # a request that has been under way for longer is not waited for then
MAX_FAILURES_EXPLAINED = 10
MAX_READS_AFTER_FAILURE = 40
# A request that is under way for longer does not keep the next observation from beginning.
STUCK_AFTER = 5.0
STUCK_LATENCIES = 3
MIN_LEAD = 0.05  # seconds before the deadline at which the last observation begins at the latest
# Seconds between two looks at thousands of jobs for readings that are too old.
AGE_CHECK_INTERVAL = 0.5
LOOK_INTERVAL = 1.0  # seconds from one call of on_look to the next, unless an observation or the gate ends
MAX_MISSING_EXPLAINED = 3
SECONDS_TO_EXPLAIN = 10.0
# How many slices may end early because something has changed: one for so many seconds of the gate, and these besides.
SECONDS_PER_EARLY_SLICE = 30.0
EARLY_SLICES = 4
# The least severe reasons that the message names; jobs on their way are no part of why a gate failed.
_NAMED_SEVERITY = {FAIL: ABSENCE, ERROR: READ_ERROR}


# Of what one slice hands to the next.
_SHAPE: Dict[str, Any] = {
    "gate": Dict[str, Any],
    "source": Dict[str, Any],
    "wall": float,
    "boot": Optional[Tuple[str, float]],
    "elapsed": float,
    "count": int,
    "requests": int,
    "due": float,
    "final": bool,
    "mode": str,
    "list_tried": float,
    "list_owed": bool,
    "durations": List[float],
    "pages": Optional[int],
}


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
OnLook = Callable[[Outcome], None]


class Loop:
    """Runs one gate, or a slice of one.

    :param clock: gives the time and waits.
    :param uniform: random number between two bounds, for the jitter.
    :param on_look: is called after each observation, at changes, and before the end.
    """

    def __init__(
        self,
        policy: Policy,
        selection: Selection,
        source: Source,
        clock: Clock,
        uniform: Callable[[float, float], float] = random.uniform,
        slices: Slices = WHOLE,
        on_look: Optional[OnLook] = None,
    ) -> None:
        self.policy = policy
        self.source = source
        self.clock = clock
        self.plan = Plan(policy, source.rate, source.workers, source.lists)
        self.gate = Gate(policy, selection)
        self.gate.workspace = source.workspace
        self.reads = Reads(self.plan, self.gate.jobs)
        self._uniform = uniform
        self._slices = slices
        self._on_look = on_look
        self._slice_start = self._start = clock.now()
        self._start_wall = clock.wall()
        self._requests = 0  # of earlier slices
        self._count = 1  # slices, this one included
        self._single = not policy.wait or policy.once or policy.timeout <= 0
        self._due = 0.0 if self._single else policy.initial_delay
        self._final = False  # no further observation follows the next one, or the one under way
        self._durations: List[float] = []  # seconds of the last two observations; a single long one says little
        self._mode = STATUS
        self._observing = False
        self._closing: Optional[float] = None  # when the closing look began
        self._list_began: Optional[float] = None  # of the list under way
        self._list_again = True  # whether that list may raise doubts again
        self._list_tried = NEVER
        self._list_owed = False  # the observation cannot end without a list
        self._ends_early = False  # the slice ends because of a change
        self._ended_one = False  # an observation has ended in this slice
        self._asked: Dict[str, JobState] = {}
        self._failed_at: Optional[float] = None
        self._ages_checked = NEVER
        self._looked_at = NEVER
        self._explained: Set[Optional[str]] = set()
        self._list_ended = NEVER
        self._exhausted = False  # no status call is left to begin before something is read
        if slices.state is not None:
            self._load(slices.state)
        self._changes = self._changes_looked_at = self.gate.history.changes
        self._deadline: Optional[float] = None
        if not self._single:
            self._deadline = self._start + policy.timeout

    # -- the whole --------------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Observe until there is a verdict, or until the slice ends."""
        while True:
            try:
                outcome = self._turn()
            except RequestError as error:
                # It concerns every reading, and the source has dropped all that was under way.
                self._drop()
                self.gate.fault(error)
                outcome = self._end_observation()
            if outcome is not None:
                return outcome

    def _turn(self) -> Optional[Outcome]:
        """Begin what may be read now, take one answer, and see whether that is a verdict."""
        at = self._at()
        if not self._observing:
            if self._is_past(self._due) and not self._is_slice_over() and self._failed_at is None:
                self._begin_observation(at)
            elif self._is_slice_over() and not self._awaits_answers():
                return self._pause()
        self._begin_reads()
        if self._observing and not self._is_held_up() and not self.reads.left:
            return self._judge()  # there is nothing to wait for
        event = self.source.next(self._wake(), self._has_more())
        self._exhausted = self._exhausted and event is None
        if isinstance(event, Reading):
            self._take(event)
        elif event is not None:
            self._take_list(event)
        return self._judge()

    def _wake(self) -> Optional[float]:
        """When there is something to do, on the source's clock, even if no answer comes."""
        times = [self._due if not self._observing and self._failed_at is None else float("inf")]
        if not self._single:
            times.append(self.policy.timeout)
        if self._failed_at is not None:
            times.append(self._failed_at + SECONDS_AFTER_FAILURE)
        if self._observing:
            times.append(self._list_due())
            stuck_at = max(self._due_after(self.gate.began), self._stuck_at())
            if self._is_held_up() and not self._single and not self._is_past(stuck_at):
                times.append(stuck_at)
        elif self._is_slice_over():
            times = [self._stuck_at(), *times[1:]]
        else:
            times.append(self._slice_ends_at())
        if self._has_more():
            times.append(self.source.free_at() - self._start)
        return self._start + min(times) if min(times) < float("inf") else None

    def _has_more(self) -> bool:
        """Whether a status call could be begun, if there were room for it."""
        if self._exhausted or (not self._observing and self._is_slice_over()):
            return False
        if self._mode == ROTATION and self.gate.settled and self._failed_at is None:
            return True
        return (self._observing or self._failed_at is not None) and self.reads.left > 0

    def _judge(self) -> Optional[Outcome]:
        """What follows from all that is known now: the end of the gate, of the slice, or of the observation; or nothing."""
        at = self._at()
        self._look(at)
        if self._has_failed(at):
            return self._finish(self.gate.conclude(at, None, False))
        if self._is_late():
            self._take_the_rest()
            return self._finish(self.gate.conclude(at, self._close(at) or self._close_at_last(at), True))
        if not self._observing:
            if self._could_close(at):
                self._due = at
            return None
        since = self._close(at)
        if since is not None:
            verdict = self.gate.conclude(at, since, False)
            if verdict.verdict == PASS and self._explain_left_out(verdict):
                # That took time, in which much may have changed.
                self._begin_closing(self._at())
                return None
            if verdict.verdict != PENDING:
                return self._finish(verdict)
        if self._is_over(at, since is not None):
            return self._end_observation(since)
        return None

    # -- observations -----------------------------------------------------------------------------------------------

    def _begin_observation(self, at: float) -> None:
        gate = self.gate
        gate.begin(at, self._list_owed)
        self._observing, self._closing, self._exhausted = True, None, False
        self._mode = self.plan.mode(len(gate.jobs), self._single)
        self._list_owed = not gate.settled or self._mode != STATUS
        if not gate.settled and gate.selection.by_name:
            self._list_owed = False
        elif self._list_owed:
            self._ask_list(self.plan.max_pages(len(gate.jobs)) if gate.settled else 0, False)
        self.reads.begin(self._mode, at)

    def _end_observation(self, since: Optional[float] = None) -> Optional[Outcome]:
        """The observation is over: judge it, then plan the next one or end."""
        at = self._at()
        self._durations = [*self._durations[-1:], max(0.0, at - self.gate.began)]
        last = self._single or self._is_late() or (self._final and not self._has_time(at))
        if last and since is None:
            since = self._close_at_last(at)
        verdict = self.gate.conclude(at, since, self._is_one_gate() if self._single else last)
        self._observing, self._ended_one = False, True
        if verdict.verdict != PENDING or last:
            return self._finish(verdict)
        self._due = self._next_due()
        self._look(at, force=True)
        self._ends_early = self._ends_early or (self._is_sliced() and self._has_news(at))
        return None

    def _is_one_gate(self) -> bool:
        """A gate of one observation, which has to end with a verdict of its own."""
        return self._single and self.policy.wait and not self.policy.once

    def _is_over(self, at: float, is_closed: bool) -> bool:
        """Whether the observation has read all that it owes, or waits for nothing but requests that hang."""
        if is_closed:
            return True
        if self.reads.left or (self._closing is not None and self._list_began is not None):
            return self._is_stuck()
        if self._list_owed or self._pending_asked():
            return self._is_stuck()
        # With all jobs ready but readings too old, what is read again keeps the observation open.
        return not self._awaits_ages()

    def _pending_asked(self) -> bool:
        """Whether status calls are under way that the observation waits for; those of the rotation are not."""
        if self._mode != ROTATION or (self._closing is not None and self._closes_by_status()):
            return bool(self._asked)
        return any(job.claims.is_open or job.is_failing for job in self._asked.values())

    def _is_held_up(self) -> bool:
        return bool(self._asked) or self._list_began is not None

    def _is_stuck(self) -> bool:
        """Whether the next observation is due and this one waits for nothing but requests that hang."""
        if self._single or self.reads.left:
            return False
        return self._is_past(max(self._due_after(self.gate.began), self._stuck_at()))

    def _stuck_at(self) -> float:
        """When all that is under way hangs. A list of many pages does not, as long as its pages are answered."""
        begun = [job.asked_at for job in self._asked.values() if job.asked_at is not None]
        if self._list_began is not None:
            answered_at = self.source.list_answered_at
            begun.append(self._list_began if answered_at is None else answered_at - self._start)
        return max(begun, default=NEVER) + max(STUCK_AFTER, STUCK_LATENCIES * self.source.latency)

    def _due_after(self, began: float) -> float:
        interval = self.plan.rotation_interval if self._mode == ROTATION else self.policy.interval
        return began + max(MIN_INTERVAL, interval)

    def _next_due(self) -> float:
        """When the next observation begins: after an interval, but so that the last one ends at the deadline."""
        began, at = self.gate.began, self._at()
        interval = self.plan.rotation_interval if self._mode == ROTATION else self.policy.interval
        after = began + max(MIN_INTERVAL, interval * self._uniform(0.9, 1.0))
        stable_at = self._stable_at()
        if stable_at is not None and at < stable_at:
            # Nothing but time is missing.
            after = min(after, max(began + MIN_INTERVAL, stable_at))
        if self._deadline is None:
            return after
        latest = self.policy.timeout - self._lead()
        if latest < at:
            # Answers take less time than they used to.
            latest = self.policy.timeout - self._shortest_lead()
        if stable_at is not None and latest < stable_at <= self.policy.timeout - self.source.latency:
            latest = stable_at
        self._final = after >= latest
        return max(latest, at, began + MIN_INTERVAL) if self._final else after

    def _stable_at(self) -> Optional[float]:
        """When all jobs will have been ready for stable_for."""
        return self.gate.readiness.stable_at(self.policy)

    def _has_time(self, at: float) -> bool:
        """Whether another observation fits in before the deadline."""
        stable_at = self._stable_at()
        if stable_at is not None and at < stable_at <= self.policy.timeout - self.source.latency:
            return True
        return max(at, self.gate.began + MIN_INTERVAL) + self._shortest_lead() < self.policy.timeout

    def _shortest_lead(self) -> float:
        """How long another observation takes at least, by the quicker of the last two; more than the spare time of a planned one."""
        return max(2.2 * self.source.latency, 1.05 * max(MIN_LEAD, min(self._durations, default=0.0)))

    def _lead(self) -> float:
        """How long before the deadline the last observation has to begin in order to be read to its end, closing look included."""
        latency = self.source.latency
        jobs = len(self.gate.jobs)
        paced = self.plan.sweep(jobs, latency) if self._mode == STATUS else 0.0
        closing = 0.0
        if self.plan.lists and (paced > MAX_SPREAD or self._mode != STATUS):
            closing = self.plan.list_seconds(latency)
        return max(MIN_LEAD, 1.2 * min(self._durations, default=0.0), paced + closing) + 2 * latency

    # -- reading ----------------------------------------------------------------------------------------------------

    def _begin_reads(self) -> None:
        """Begin the list where it is due, and as many status calls as may be sent now."""
        if self._observing and self._is_past(self._list_due()):
            self._look_again()
        while self._has_more() and self.source.free_at() <= self.clock.now():
            if self._failed_at is not None and self._is_not_worth_reading():
                self.reads.stop()
                return
            job = self.reads.next()
            if job is None:
                self._exhausted = True
                return
            self._ask(job)

    def _look_again(self) -> None:
        """In a long observation, see whether a job that was read early has fallen: by the list, or by status calls where these
        are fewer."""
        at = self._at()
        if self._looks_by_list():
            self._ask_list(max(1, self.plan.max_pages(len(self.gate.jobs))), False)
        else:
            self._list_tried, recently = at, self._look_interval() / 2
            self._urge(job for job in self.gate.jobs.values() if at - job.status_at >= recently)

    def _urge(self, jobs: Iterable[JobState]) -> None:
        """Read these before all others."""
        self.reads.urge(jobs)
        self._exhausted = False

    def _is_list_short(self) -> bool:
        """Whether the list takes fewer requests than the status calls, as far as that is known."""
        return (self.plan.pages or 0) <= max(1, self.plan.max_pages(len(self.gate.jobs)))

    def _is_not_worth_reading(self) -> bool:
        """Whether the gate has failed and much is left to read."""
        left = self.reads.left
        return self.plan.seconds(left) > SECONDS_AFTER_FAILURE or left > MAX_READS_AFTER_FAILURE

    def _ask(self, job: JobState) -> None:
        job.asked_at = self._at()
        self._asked[job.name] = job
        self.source.ask(job.name, self._deadline)

    def _ask_list(self, max_pages: int, again: bool) -> None:
        if self._list_began is not None:
            return
        self._list_began = self._list_tried = self.gate.list_asked_at = self._at()
        self._list_again = again
        self.source.ask_list(self._deadline, max_pages, not self.gate.settled)

    def _list_due(self) -> float:
        """When the list is read again although the observation is not over; infinite where it is not."""
        if not self.gate.settled or self._list_began is not None or self._failed_at is not None:
            return float("inf")
        return max(self._list_tried, self.gate.began) + self._look_interval()

    def _look_interval(self) -> float:
        """Seconds from one look at all jobs to the next in a long observation."""
        return self.plan.look_interval(self.plan.pages or 0 if self._looks_by_list() else len(self.gate.jobs))

    def _looks_by_list(self) -> bool:
        """Whether the list is the way to look at all jobs in a long observation."""
        return self.plan.lists and (self._mode != STATUS or self._is_list_short())

    def _take(self, reading: Reading) -> None:
        job = self._asked.pop(reading.name, None)
        if job is None:
            return
        job.is_unanswered = False
        self.gate.take(reading, max(0.0, reading.at - self._start), self._at())
        self.reads.reconsider(job, self._at())

    def _take_the_rest(self) -> None:
        """At the deadline, take all that has ended: the errors among it say what the gate was waiting for."""
        event = self.source.next(self.clock.now())
        while event is not None:
            if isinstance(event, Reading):
                self._take(event)
            else:
                self._take_list(event)
            event = self.source.next(self.clock.now())
        self.gate.cut_off()

    def _take_list(self, event: Listed) -> None:
        """The list has been read, or could not be."""
        self._list_began = None
        gate, owed = self.gate, self._list_owed
        if event.error is None or event.error.kind != UNREACHED:
            gate.list_asked_at = None
        self._list_ended, self._ages_checked = self._at(), NEVER
        listing, error = event.listing, event.error
        if listing is not None:
            self.plan.pages = listing.pages
            if self._is_list_old(listing):
                self._list_ended = NEVER  # all jobs are read once more before a PASS
            if listing.problem is not None:
                error = RequestError(TRANSIENT, f"the job list contradicts itself: {listing.problem}", status=200)
            if gate.settled and not (listing.complete and error is None):
                # It proves nothing, but a failure that it shows is confirmed all the same.
                gate.take_partial_list(event.readings, listing.at - self._start)
                self._urge(job for job in gate.jobs.values() if job.claims.is_open)
        if listing is None or error is not None or not listing.complete:
            self._without_list(error, owed)
            return
        self._list_owed = False
        was_settled = gate.settled
        gate.take_list(listing, event.readings, listing.at - self._start, self._at(), self._list_again)
        if gate.settled and not was_settled:
            self._mode = self.plan.mode(len(gate.jobs), self._single)
            self.reads.begin(self._mode, gate.began)
        else:
            self._urge(job for job in gate.jobs.values() if job.claims.is_open)
            if self._mode == ROTATION:
                self.reads.reorder()

    def _is_list_old(self, listing: Listing) -> bool:
        """Whether a list took so long, because of a slow answer or a process that was stopped, that it may not be true any more."""
        return self._at() - (listing.at - self._start) > self.policy.interval + 2 * self.plan.seconds(listing.pages)

    def _without_list(self, error: Optional[RequestError], owed: bool) -> None:
        """The list could not be read, or is too long to be worth it."""
        gate = self.gate
        if error is not None and error.refused:
            raise error
        if gate.settled and error is None and owed:
            # Too long a list: each job is read by its own call instead.
            self._mode, self._list_owed = STATUS, False
            self.reads.begin(STATUS, gate.began)
        elif owed and error is not None:
            self._list_owed = False
            gate.fault(error)
        elif self._closing is not None:
            closing = self._closing
            self._urge(job for job in gate.jobs.values() if job.read_at < closing)

    def _drop(self) -> None:
        """Drop all that is under way."""
        self.source.drop()
        at = self._at()
        for job in self._asked.values():
            job.is_unanswered = job.asked_at is not None and at - job.asked_at > MAX_SPREAD
            job.asked_at = None
        self._asked.clear()
        self._list_began = self.gate.list_asked_at = None

    # -- closing ----------------------------------------------------------------------------------------------------

    def _close(self, at: float) -> Optional[float]:
        """When the closing observation began, where every job has been read in it and looks ready; else None.

        Readings that are spread over more than a second are no proof that the jobs are ready together, so all are read once more,
        quickly: by the list, or by status calls where these are fewer.
        """
        gate = self.gate
        if not gate.looks_ready or self._list_owed or gate.fault_error is not None:
            return None
        if self.reads.left and at - self._ages_checked < AGE_CHECK_INTERVAL:
            return None
        if self.reads.left and self._mode != ROTATION and self._closing is None:
            return None
        self._ages_checked = at
        gate.max_age = self.plan.max_age(len(gate.jobs), self.source.latency)
        since = gate.began if self._closing is None else self._closing
        stale = [job for job in gate.jobs.values() if gate.is_stale(job, at, since)]
        if any(job.error is not None for job in stale):
            return None  # what cannot be read is tried again by the next observation
        if stale:
            if self._closing is None and self._mode == ROTATION and self._closes_by_status():
                self._begin_closing(at)
            elif self._closing is None or self._list_began is None:
                self._renew(stale, at, since)
            return None
        if (
            are_together(gate.jobs.values(), at, max(since, self._list_ended))
            or self._closing is not None
            or all(job.is_final for job in gate.jobs.values())
        ):
            return since
        self._begin_closing(at)
        return None

    def _close_at_last(self, at: float) -> Optional[float]:
        """The same at the end of the time, when a grace ends as well: jobs that still fail are no longer waited for."""
        gate = self.gate
        waits = any(not job.is_failing for job in gate.pending_jobs())
        if not gate.settled or waits or gate.fault_error is not None or self._list_owed or self._single:
            return None
        gate.max_age = self.plan.max_age(len(gate.jobs), self.source.latency)
        stale = any(gate.is_stale(job, at, gate.began) for job in gate.jobs.values())
        return None if stale or not are_together(gate.jobs.values(), at, gate.began) else gate.began

    def _renew(self, stale: List[JobState], at: float, since: float) -> None:
        """Read again what is too old for a PASS, and what would be by the time that this is done."""
        spare = self.plan.sweep(len(stale), self.source.latency) + self.source.latency
        then = at + spare
        jobs = self.gate.jobs.values() if self._mode == STATUS else stale
        self._urge(job for job in jobs if job.asked_at is None and self.gate.is_stale(job, then, since))

    def _could_close(self, at: float) -> bool:
        """Whether, between two observations of a rotation, the last node has been read that a PASS was waiting for."""
        if self._mode != ROTATION or not self.gate.looks_ready or at - self._ages_checked < AGE_CHECK_INTERVAL:
            return False
        self._ages_checked = at
        self.gate.max_age = self.plan.max_age(len(self.gate.jobs), self.source.latency)
        stable_at = self._stable_at()
        if self.gate.readiness.awaits_records or (stable_at is not None and at < stable_at):
            return False
        then = at + self.plan.list_seconds(self.source.latency)  # the closing look begins with the list
        return not any(self.gate.is_stale(job, then, NEVER) for job in self.gate.jobs.values())

    def _begin_closing(self, at: float) -> None:
        self._closing = at
        jobs = self.gate.jobs
        if self.plan.lists and not self._closes_by_status():
            if self._list_began is None:
                self._ask_list(0 if self._mode != STATUS else max(1, self.plan.max_pages(len(jobs))), True)
        else:
            self._urge(job for job in jobs.values() if at - job.status_at > MAX_SPREAD)

    def _closes_by_status(self) -> bool:
        """Whether the closing look is made by status calls: where these are fewer requests, or the readings of nodes would be too
        old by the time that the list is there."""
        jobs = len(self.gate.jobs)
        return (self._mode == STATUS and not self._is_list_short()) or self.plan.is_list_too_slow(
            jobs, self.source.latency
        )

    def _awaits_ages(self) -> bool:
        """Whether all jobs look ready and the observation only waits for readings that are young enough."""
        return self._mode != ROTATION and self.gate.looks_ready and self._is_held_up()

    def _has_failed(self, at: float) -> bool:
        """Whether the gate has failed and what is worth reading besides has been read."""
        if not self.gate.has_failed or not self.policy.wait:
            return False
        if self._failed_at is None:
            self._failed_at = at
            if self._mode == ROTATION:
                self._urge(job for job in self.gate.jobs.values() if job.is_unread)
            if self._is_not_worth_reading():
                self.reads.stop()
        # What has been under way for so long already is not waited for.
        hangs_since = at - max(STUCK_AFTER_FAILURE, STUCK_LATENCIES * self.source.latency)
        awaited = any(job.asked_at is not None and job.asked_at > hangs_since for job in self._asked.values())
        nothing_left = not self.reads.left and not awaited
        return nothing_left or self._is_past(self._failed_at + SECONDS_AFTER_FAILURE)

    # -- the end ----------------------------------------------------------------------------------------------------

    def _finish(self, verdict: Verdict) -> Outcome:
        self.source.drop()
        if verdict.verdict != PASS:
            verdict = self._with_causes(verdict)
            self._explain(verdict.reasons)
        outcome = self._outcome(verdict, None)
        if self._on_look is not None:
            self._on_look(outcome)
        return outcome

    def _with_causes(self, verdict: Verdict) -> Verdict:
        """The verdict with what the service says of why jobs have failed, where a failure came without it."""
        kind, jobs = self.policy.kind, self.gate.jobs
        silent = [
            job
            for job in (jobs[item["job"]] for item in verdict.reasons if item["code"] in kind.explained_codes)
            if job.status is not None and not job.status.get("message")
        ][:MAX_FAILURES_EXPLAINED]
        if not silent:
            return verdict
        try:
            explained = self.source.explain_failures([job.status or {} for job in silent], self._explain_until())
        except DatagateError:
            return verdict
        for job, fields in zip(silent, explained):
            job.status = fields
        return self.gate.conclude(self._at(), None, not self._single and self._is_late())

    def _explain_left_out(self, verdict: Verdict) -> bool:
        """Before a PASS that leaves out missing jobs: look for similar names, once. True where that has been done now.

        A job that the list shows by then is asked for.
        """
        names = {item["job"] for item in verdict.reasons if item["code"] == "job_missing"}
        if names <= self._explained or not self.source.lists:
            return False
        self._explained |= names
        self._drop()
        for job in self._explain(verdict.reasons):
            job.listed_at = self._at()
            job.claims.claim_existence(self._at())
            self.gate.note(job, self._at())
            self._urge([job])
        return True

    def _look(self, at: float, force: bool = False) -> None:
        """Show how far the gate is, where something has changed."""
        if self._on_look is None:
            return
        changed = self.gate.history.changes != self._changes_looked_at and at - self._looked_at >= LOOK_INTERVAL
        if changed or force:
            self._looked_at, self._changes_looked_at = at, self.gate.history.changes
            self._on_look(self._outcome(self._so_far(at), None))

    def _so_far(self, at: float) -> Verdict:
        return Verdict(PENDING, self.gate.verdict(at, None, False).reasons)

    def _outcome(self, verdict: Verdict, state: Optional[Dict[str, Any]]) -> Outcome:
        at = self._at()
        severity = _NAMED_SEVERITY.get(verdict.verdict, 9)
        named = [item for item in verdict.reasons if self.policy.kind.severity(item["code"]) <= severity]
        noun, counts = self.policy.kind.noun, tally(self.gate, at)
        msg = summarize(verdict.verdict, named or verdict.reasons, counts, at, noun)
        return Outcome(verdict, self.gate, round(at, 3), self._requests + self.source.requests, msg, state)

    def _explain_until(self) -> float:
        """The deadline, on the clock, of what is read for the message alone."""
        deadline = self.clock.now() + SECONDS_TO_EXPLAIN
        if self._deadline is not None:
            deadline = min(deadline, self._deadline)
        if self._failed_at is not None:
            deadline = min(deadline, self._start + self._failed_at + SECONDS_AFTER_FAILURE_IN_ALL)
        return deadline

    def _explain(self, reasons: List[Reason]) -> List[JobState]:
        """Say of missing jobs what they may have been meant to be. Only a help: whatever goes wrong is passed over.

        :returns: those that the job list shows by now.
        """
        names = [item["job"] for item in reasons if item["code"] == "job_missing"]
        if not names or not self.source.lists:
            return []
        deadline = self._explain_until()
        try:
            found = self.source.explain_missing(names[:MAX_MISSING_EXPLAINED], deadline)
        except DatagateError:
            return []
        similar = {name: ([item for item in near if item != name], batch) for name, (near, batch) in found.items()}
        self.gate.hints = {name: messages.similar_names(*what) for name, what in similar.items()}
        for item in reasons:
            if item["code"] == "job_missing":
                item["message"] += self.gate.hints.get(item["job"], "")
        return [
            self.gate.jobs[name] for name, (near, dummy) in found.items() if name in near and name in self.gate.jobs
        ]

    # -- time -------------------------------------------------------------------------------------------------------

    def _at(self) -> float:
        return self.clock.now() - self._start

    def _is_past(self, at: float) -> bool:
        """Whether a time of the gate has come. Compared on the clock itself, where a sum that was waited for is reached exactly."""
        return self.clock.now() >= self._start + at

    def _is_late(self) -> bool:
        return self._deadline is not None and self.clock.now() >= self._deadline

    # -- slices -----------------------------------------------------------------------------------------------------

    def _is_sliced(self) -> bool:
        return bool(self._slices.seconds) and not self._single

    def _slice_ends_at(self) -> float:
        """When the slice may end: never before it has got one observation further."""
        if not self._is_sliced() or not self._ended_one:
            return float("inf")
        return self._slice_start - self._start + self._slices.seconds

    def _is_slice_over(self) -> bool:
        return self._ends_early or self._is_past(self._slice_ends_at())

    def _awaits_answers(self) -> bool:
        """Whether requests are under way that do not hang: a slice ends between readings."""
        return self._is_held_up() and not self._is_past(self._stuck_at())

    def _has_news(self, at: float) -> bool:
        """Whether the slice ends early because something has changed.

        Starting a slice costs a second or two, so a job that flaps must not end every slice: over the whole gate there is one
        slice for each half minute, and a few more.
        """
        if self.gate.history.changes == self._changes:
            return False
        return self._count <= EARLY_SLICES + at / SECONDS_PER_EARLY_SLICE

    def _pause(self) -> Outcome:
        """End the slice. The verdict is PENDING, with what it would be held up by now."""
        self._drop()
        return self._outcome(self._so_far(self._at()), self._dump())

    def _dump(self) -> Dict[str, Any]:
        return {
            "gate": self.gate.dump(self._slices.most_whole),
            "source": self.source.remember(),
            "wall": self._start_wall,
            "boot": self.clock.since_boot(),
            "elapsed": self._at(),
            "count": self._count,
            "requests": self._requests + self.source.requests,
            "due": self._due,
            "final": self._final,
            "mode": self._mode,
            "list_tried": self._list_tried,
            "list_owed": self._list_owed,
            "durations": self._durations,
            "pages": self.plan.pages,
        }

    def _load(self, state: Dict[str, Any]) -> None:
        """Take over what the slice before left behind.

        :raises OptionError: it is not that.
        """
        try:
            plain_data.check(state, plain_data.tests(_SHAPE))
            self._unpack(state)
        except (KeyError, TypeError, ValueError):
            raise resume.damaged() from None

    def _unpack(self, state: Dict[str, Any]) -> None:
        if state["mode"] not in (STATUS, LIST, ROTATION) or state["elapsed"] < 0 or state["count"] < 1:
            raise ValueError
        before, now = state["boot"], self.clock.since_boot()
        same_boot = False
        if before is not None and now is not None and before[0] == now[0] and now[1] >= before[1]:
            same_boot = True
            elapsed = state["elapsed"] + now[1] - before[1]
        else:
            # The time between the slices counts; a wall clock that was set back does not make it negative.
            elapsed = max(state["elapsed"], self.clock.wall() - state["wall"])
        self._start = self._slice_start - elapsed
        self._start_wall = state["wall"]
        self.gate.load(state["gate"], state["elapsed"], same_boot)
        self.reads = Reads(self.plan, self.gate.jobs)
        self.source.recall(state["source"], max(0.0, elapsed - state["elapsed"]))
        self._count = state["count"] + 1
        self._requests = state["requests"]
        self._due, self._final, self._mode = state["due"], state["final"], state["mode"]
        if self._mode == ROTATION:
            self.reads.begin(ROTATION, self.gate.began)
        self._list_tried, self._list_owed = state["list_tried"], state["list_owed"]
        self._durations = state["durations"]
        self.plan.pages = state["pages"]
