# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Observing until there is a verdict, without HTTP and Ansible.

The loop begins all reads that are due, waits for the next answer or the next due time, and judges. A request that hangs
therefore holds up neither the other jobs nor the verdict.
"""

from __future__ import annotations

import random
from typing import Callable, Optional

from ..._clock import Clock
from ..._errors import RequestError
from ..policy import Policy, Selection
from ..source import Event, Listed, Source
from ..state.gate_state import Gate
from ..state.gate_time import GateTime
from ..state.observation import ROTATION, Observation
from ..verdicts import PASS, PENDING, Verdict
from .after_failure import AfterFailure
from .closing import Closing
from .explain import Explainer
from .job_list import JobList
from .open_requests import OpenRequests
from .outcome import OnLook, Outcome, Outcomes
from .plan import Plan
from .reads import Reads
from .schedule import Schedule
from .slices import WHOLE, SliceEnd, Slices, SliceState


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
        self._slices = slices
        self._is_single = not policy.wait or policy.once or policy.timeout <= 0
        self.gate = gate = Gate(policy, selection, source.workspace)
        self._time = time = GateTime(clock, None if self._is_single else policy.timeout)
        self._plan = plan = Plan(policy, source.rate, source.workers, source.lists, source.cost)
        self._observation = observation = Observation()
        self._reads = reads = Reads(plan, gate.jobs)
        self._requests = requests = OpenRequests(gate, source, time)
        self._list = JobList(gate, plan, time, observation, reads, requests, self._is_single)
        self._schedule = Schedule(gate, plan, source, time, observation, uniform)
        self._closing = Closing(gate, plan, source, observation, reads, requests, self._list, self._schedule)
        self._explainer = Explainer(gate, source, time)
        self._slice = SliceEnd(0.0 if self._is_single else slices.seconds)
        self._failure = AfterFailure(gate, plan, source, time, observation, reads, requests)
        self._outcomes = Outcomes(gate, source, time, on_look)
        if not self._is_single:
            self._schedule.due = policy.initial_delay
        self._state = SliceState(gate, source, time, plan, self._schedule, observation, self._slice, self._outcomes)
        if slices.state is not None:
            self._state.load(slices.state)
            if observation.mode == ROTATION:
                reads.begin(ROTATION, gate.began)
        self._outcomes.start()
        self._changes = gate.history.changes

    # -- the whole --------------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Observe until there is a verdict, or until the slice ends."""
        while True:
            try:
                outcome = self._turn()
            except RequestError as error:
                # It concerns every reading, and the source has dropped all that was under way.
                self._requests.drop()
                self.gate.fault(error)
                outcome = self._end_observation()
            if outcome is not None:
                return outcome

    def _turn(self) -> Optional[Outcome]:
        """Begin what may be read now, take one answer, and see whether that is a verdict."""
        if not self._observation.is_open:
            if self._time.is_past(self._schedule.due) and not self._is_slice_over and not self._has_failed:
                self._begin_observation()
            elif self._is_slice_over and not self._requests.do_not_all_hang:
                # A slice ends between readings. The verdict is PENDING.
                self._requests.drop()
                return self._outcomes.so_far(self._state.dump(self._slices.most_whole))
        self._begin_reads()
        if self._observation.is_open and not self._requests.are_any and not self._reads.left:
            return self._judge()  # there is nothing to wait for
        event = self.source.next(self._wake(), self._has_more())
        self.gate.workspace = self.source.workspace  # known once it was looked up by its name
        if event is not None:
            self._reads.is_exhausted = False
            self._take(event)
        return self._judge()

    def _wake(self) -> Optional[float]:
        """When there is something to do, on the source's clock, even if no answer comes."""
        times = [self._time.ends_at, self._failure.ends_at]
        if self._observation.is_open:
            if not self._has_failed:
                times.append(self._list.due_at())
            if self._requests.are_any and not self._is_single and not self._time.is_past(self._stuck_at()):
                times.append(self._stuck_at())
        elif self._is_slice_over:
            times.append(self._requests.stuck_at)
        else:
            times.append(self._slice.at(self._time.slice_began))
            if not self._has_failed:
                times.append(self._schedule.due)
        if self._has_more():
            times.append(self._time.of_clock(self.source.free_at()))
        return self._time.on_clock(min(times)) if min(times) < float("inf") else None

    @property
    def _has_failed(self) -> bool:
        return self._failure.failed_at is not None

    def _has_more(self) -> bool:
        """Whether a status call could be begun, if the limits allowed it."""
        is_open = self._observation.is_open
        if self._reads.is_exhausted or (not is_open and self._is_slice_over):
            return False
        if self._observation.mode == ROTATION and self.gate.settled and not self._has_failed:
            return True
        return (is_open or self._has_failed) and self._reads.left > 0

    def _judge(self) -> Optional[Outcome]:
        """What follows from all that is known now: the end of the gate, of the slice, or of the observation; or nothing."""
        at = self._time.at()
        self._outcomes.look(at)
        if self._failure.is_over(at):
            return self._finish(self.gate.conclude(at, None, False))
        if self._time.is_over:
            self._take_the_rest()
            since = self._closing.close(at)
            return self._finish(
                self.gate.conclude(at, self._closing.close_at_last(at) if since is None else since, True)
            )
        if not self._observation.is_open:
            if self._closing.could_close(at):
                self._schedule.due = at
            return None
        since = self._closing.close(at)
        if since is not None:
            verdict = self.gate.conclude(at, since, False)
            if verdict.verdict == PASS and self._explain_left_out(verdict):
                # That took time, in which much may have changed.
                self._closing.begin(self._time.at())
                return None
            if verdict.verdict != PENDING:
                return self._finish(verdict)
        if self._is_over(since is not None):
            return self._end_observation(since)
        return None

    # -- observations -----------------------------------------------------------------------------------------------

    def _begin_observation(self) -> None:
        at, observation = self._time.at(), self._observation
        self.gate.begin(at, observation.list_owed)
        observation.is_open, observation.closing_at = True, None
        observation.mode = self._plan.mode(len(self.gate.jobs), self._is_single)
        self._list.begin_observation()
        self._reads.begin(observation.mode, at)

    def _end_observation(self, since: Optional[float] = None) -> Optional[Outcome]:
        """The observation is over: judge it, then plan the next one or end."""
        at = self._time.at()
        self._schedule.observed(at - self.gate.began)
        is_at_end = self._time.is_over or (self._schedule.is_final and not self._schedule.has_time(at))
        if is_at_end and not self._is_single and since is None:
            since = self._closing.close_at_last(at)
        is_one_gate = self._is_single and self.policy.wait and not self.policy.once
        verdict = self.gate.conclude(at, since, is_one_gate if self._is_single else is_at_end)
        self._observation.is_open = False
        if verdict.verdict != PENDING or self._is_single or is_at_end:
            return self._finish(verdict)
        self._schedule.plan_next()
        self._outcomes.look(at, force=True)
        self._slice.observed(at, self.gate.history.changes != self._changes)
        return None

    def _is_over(self, is_closed: bool) -> bool:
        """Whether the observation has made all readings that are due, or waits only for hanging requests."""
        if is_closed:
            return True
        observation = self._observation
        is_closing_by_list = observation.closing_at is not None and self._requests.list_began is not None
        if self._reads.left or is_closing_by_list or observation.list_owed or self._awaits_status():
            return not (self._is_single or self._reads.left) and self._time.is_past(self._stuck_at())
        # With all jobs ready but readings too old, what is read again keeps the observation open.
        return not self._closing.awaits_ages

    def _awaits_status(self) -> bool:
        """Whether status calls are under way that the observation waits for; those of the rotation are not."""
        jobs = self._requests.jobs.values()
        if self._observation.mode != ROTATION or (
            self._observation.closing_at is not None and self._closing.is_by_status
        ):
            return bool(jobs)
        return any(job.claims.is_open or job.is_failing for job in jobs)

    def _stuck_at(self) -> float:
        """When the next observation may begin although requests are under way."""
        return max(self._schedule.due_after_this, self._requests.stuck_at)

    # -- reading ----------------------------------------------------------------------------------------------------

    def _begin_reads(self) -> None:
        """Begin the list where it is due, and as many status calls as may be sent now."""
        if self._observation.is_open and not self._has_failed and self._time.is_past(self._list.due_at()):
            self._list.look_again()
        while self._has_more() and self.source.free_at() <= self._time.now():
            self._failure.stop_long_reading()
            job = self._reads.next()
            if job is not None:
                self._requests.begin(job)

    def _take(self, event: Event) -> None:
        if isinstance(event, Listed):
            self._list.take(event)
            return
        job = self._requests.end(event.name)
        if job is not None:
            self.gate.take(event, max(0.0, self._time.of_clock(event.at)), self._time.at())
            self._reads.reconsider(job, self._time.at())

    def _take_the_rest(self) -> None:
        """At the deadline, process all ended readings: their errors show what the gate was waiting for."""
        event = self.source.next(self._time.now())
        while event is not None:
            self._take(event)
            event = self.source.next(self._time.now())
        self.gate.cut_off()

    # -- the end ----------------------------------------------------------------------------------------------------

    def _finish(self, verdict: Verdict) -> Outcome:
        self.source.drop()
        if verdict.verdict != PASS:
            if self._explainer.add_causes(verdict, self._failure.failed_at):
                verdict = self.gate.conclude(self._time.at(), None, not self._is_single and self._time.is_over)
            self._explainer.add_similar_names(verdict.reasons, self._failure.failed_at)
        else:
            self._explainer.add_nodes(verdict)
        outcome = self._outcomes.make(verdict)
        self._outcomes.show(outcome)
        return outcome

    def _explain_left_out(self, verdict: Verdict) -> bool:
        """Before a PASS that leaves out missing jobs: look for similar names, once. True where that has been done now.

        A job that the list shows by then is read.
        """
        if not self._explainer.has_unexplained(verdict):
            return False
        self._requests.drop()
        for job in self._explainer.add_similar_names(verdict.reasons, self._failure.failed_at):
            job.listed_at = at = self._time.at()
            job.claims.claim_existence(at)
            self.gate.note(job, at)
            self._reads.urge([job])
        return True

    # -- slices -----------------------------------------------------------------------------------------------------

    @property
    def _is_slice_over(self) -> bool:
        return self._slice.is_early or self._time.is_past(self._slice.at(self._time.slice_began))
