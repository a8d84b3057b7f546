# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The state of a gate: takes readings and times in, and answers with a verdict. No clock, no HTTP, no Ansible.

The order of the jobs in the readings makes no difference to the verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from ..._errors import DENIED, PERMANENT, UNREACHED, RequestError
from ..._services.readings import Listing, Reading
from .. import plain_data
from ..judging.aggregate import aggregate, fail_the_gate
from ..judging.job_verdicts import JobVerdicts
from ..judging.judge_job import Context
from ..judging.readiness import Readiness, is_stale
from ..plain_data import NOT_KEPT
from ..policy import Policy, Selection
from ..verdicts import Judgement, Verdict
from . import job_state
from .history import History
from .job_state import JobState
from .observed_jobs import ObservedJobs
from .update_job import forget_ages


@dataclass(eq=False, repr=False)
class GateState:
    """The state of a gate. Times are seconds since the start of the gate.

    :ivar began: when the observation under way began.
    :ivar seen_at: when an answer was taken last, plus the time that has been subtracted from the readiness since then.
    :ivar polls: how many observations have begun.
    :ivar settled: whether the selection has been looked up and holds as many jobs as it must.
    :ivar listed: whether the selection has been looked up to its end.
    :ivar found: how many jobs the selection held when it was looked up last.
    :ivar faults: observations in a row that could read no job.
    :ivar fault_error: what kept the observation under way from reading any job.
    :ivar answered: whether the observation under way has read anything.
    :ivar fatal: an error of the whole gate that cannot be overcome by trying again.
    :ivar fault_before: the error of an earlier observation, until anything is read.
    :ivar list_asked_at: when the list under way was begun.
    :ivar max_age: seconds that a status call may be old when the gate passes, where it is needed; the loop sets it.
    :ivar workspace: the workspace of the requests, for messages.
    :ivar hints: what to add to the message about a missing job, by name.
    :ivar jobs: the jobs by name, in the order of the selection.
    """

    policy: Policy = field(metadata=NOT_KEPT)
    selection: Selection = field(metadata=NOT_KEPT)
    began: float = 0.0
    seen_at: float = 0.0
    polls: int = 0
    settled: bool = False
    listed: bool = False
    found: int = 0
    faults: int = 0
    fault_error: Optional[RequestError] = None
    answered: bool = False
    readiness: Readiness = field(default_factory=Readiness)
    history: History = field(default_factory=History)
    fatal: Optional[RequestError] = field(default=None, metadata=NOT_KEPT)
    fault_before: Optional[RequestError] = field(default=None, metadata=NOT_KEPT)
    list_asked_at: Optional[float] = field(default=None, metadata=NOT_KEPT)
    max_age: float = field(default=0.0, metadata=NOT_KEPT)
    workspace: Optional[str] = field(default=None, metadata=NOT_KEPT)
    hints: Dict[str, str] = field(default_factory=dict, metadata=NOT_KEPT)
    jobs: Dict[str, JobState] = field(default_factory=dict, metadata=NOT_KEPT)

    @property
    def general_error(self) -> Optional[RequestError]:
        """An error that is not about a single job."""
        return self.fatal or self.fault_error


class Gate(GateState):
    """Takes readings and judges all jobs together."""

    def __init__(self, policy: Policy, selection: Selection, workspace: Optional[str] = None) -> None:
        super().__init__(policy, selection, listed=selection.by_name, max_age=policy.interval, workspace=workspace)
        self.verdicts = JobVerdicts(policy)
        self._observed = ObservedJobs(policy, self.jobs, self.note)
        if selection.by_name:
            self._settle(selection.choose(selection.names))

    # -- taking in --------------------------------------------------------------------------------------------------

    def begin(self, at: float, list_owed: bool = False) -> None:
        """An observation begins.

        :param list_owed: whether the previous one ended while its list was neither read nor abandoned.
        """
        gap = at - self.seen_at - self.policy.interval
        if self.polls and gap > 0:
            self._skip(gap)
            # So that each second is subtracted once, however many observations stay without an answer.
            self.seen_at += gap
        self.began = at
        self.polls += 1
        if self.fault_error is None and self.answered and not list_owed:
            self.faults = 0
            self.fault_before = None
        # An observation without any answer, because of requests that hang, neither counts as an error nor ends a row of errors.
        self.fault_before, self.fault_error = self.fault_error or self.fault_before, None
        self.answered = False

    def _skip(self, seconds: float) -> None:
        """Nothing was read for so long (a stopped process, a pause between slices): the time does not count as ready."""
        self.readiness = self.readiness.postponed(seconds)
        for job in self.jobs.values():
            if job.ready_at is not None:
                job.ready_at += seconds

    def take(self, reading: Reading, at: float, now: float) -> None:
        """Take the reading of one job.

        :param at: when its request was sent.
        :param now: when its answer was taken.
        """
        self.seen_at = max(self.seen_at, now)
        job = self._observed.job_of(reading)
        if job is None:
            return
        self.answered = True
        job.asked_at = self.fault_before = None
        if reading.error is None:
            took_long = self.policy.wait and now - at > self.policy.interval
            job.is_slow, job.was_slow = took_long and not job.was_slow, took_long
        self._observed.take(job, reading, at, self.began)

    def take_list(
        self, listing: Listing, readings: Sequence[Reading], at: float, now: float, again: bool = True
    ) -> None:
        """Take a job list. It settles a selection by tags or a part of the name. That a complete list lacks a job is a claim.

        :param at: when its first request was sent.
        :param now: when its last answer was taken.
        :param again: whether it may repeat claims that a status call of the same observation has refuted.
        """
        self.fault_error = self.fault_before = None
        self.answered = True
        self.seen_at = max(self.seen_at, now)
        if self.settled or self._settle_by_list(listing, readings):
            self._observed.take_list(listing, readings, at, self.began, again)

    def _settle_by_list(self, listing: Listing, readings: Sequence[Reading]) -> bool:
        """Whether the list settles the selection."""
        self.listed = self.listed or listing.complete
        chosen = self.selection.choose([item.name for item in readings])
        self.found = len(chosen)
        if not listing.complete or self.found < self.selection.least:
            return False
        self._settle(chosen)
        return True

    def take_partial_list(self, readings: Sequence[Reading], at: float) -> None:
        """Take a part of the job list, or one that contradicts itself: only the failures that it shows count, as claims."""
        self._observed.take_partial_list(readings, at, self.began)

    def fault(self, error: RequestError) -> None:
        """What concerns every job could not be read in this observation: credentials, the project, the job list."""
        if error.kind == UNREACHED:
            self.cut_off()
            return
        if error.kind in (DENIED, PERMANENT):
            self.fatal = error
            return
        if self.fault_error is None:
            self.faults += 1
        self.fault_error = error
        self.readiness = self.readiness.lost()

    def cut_off(self) -> None:
        """The deadline ends the observation. If it has read nothing, the error of an earlier one is still what is known."""
        self.fault_error = self.fault_error or self.fault_before

    def _settle(self, names: Iterable[str]) -> None:
        self._observed.select(names)
        self.verdicts.start(self.jobs)
        self.found = len(self.jobs)
        self.settled = self.found >= self.selection.least

    def note(self, job: JobState, at: float) -> None:
        """A job has been read: add to the history, and count its verdict."""
        if job.error is None or job.error_at < job.read_at:
            self.history.see(at, job.name, None, job.state)
            if job.status_at == at:
                for name, node in job.nodes.items():
                    self.history.see(at, job.name, name, node.get("status"))
        verdict = self.verdicts.note(job, at, self._context)
        self.readiness = self.readiness.after_reading(job, verdict)

    def conclude(self, at: float, since: Optional[float], is_last: bool) -> Verdict:
        """The verdict; the state keeps since when all jobs have been ready."""
        verdict, self.readiness = aggregate(self, at, since, is_last)
        return verdict

    # -- asking -----------------------------------------------------------------------------------------------------

    def verdict(self, at: float, since: Optional[float], is_last: bool) -> Verdict:
        """The verdict on all jobs at *at*. Nothing is changed.

        :param since: when the closing observation began, None where it was not read to its end.
        :param is_last: whether no further observation follows.
        """
        return aggregate(self, at, since, is_last)[0]

    def judge(self, job: JobState, at: float) -> Judgement:
        """The verdict on one job. Nothing is changed."""
        return self.verdicts.judge(job, at, self._context)

    @property
    def _context(self) -> Context:
        return Context(self.workspace, self.hints, self.fatal)

    @property
    def has_failed(self) -> bool:
        """Whether the verdict is FAIL and no further reading can change that."""
        if self.policy.fails_last and self.verdicts.pending:
            return False
        return fail_the_gate(self.policy, self.verdicts.failing.values())

    @property
    def looks_ready(self) -> bool:
        """Whether all jobs were ready when they were last read, except for tolerated failures."""
        return self.settled and not self.verdicts.pending and not self.has_failed

    def pending_jobs(self) -> List[JobState]:
        """The jobs that were pending when they were last read."""
        return [self.jobs[name] for name in self.verdicts.pending_names()]

    def is_stale(self, job: JobState, at: float, since: float) -> bool:
        """Whether what was read of a job is too old for a PASS at *at*.

        :param since: when the closing observation began.
        """
        return is_stale(job, at, since, self.max_age)

    # -- for the next slice -----------------------------------------------------------------------------------------

    def dump(self, most_whole: int) -> Dict[str, Any]:
        """The state as plain data.

        :param most_whole: up to this number of jobs are kept with all data of their readings; of more, only those not ready.
        """
        whole = len(self.jobs) <= most_whole
        jobs = [[name, job_state.dump(job, whole or job.ready_at is None)] for name, job in self.jobs.items()]
        return {"state": plain_data.dump(self), "jobs": jobs}

    def load(self, data: Dict[str, Any], latest: float, is_age_known: bool) -> None:
        """Continue from such data.

        :param latest: when it was dumped.
        :param is_age_known: whether the time since then is known. If not, all jobs are read again before they count.
        :raises KeyError, TypeError, ValueError: the data is damaged.
        """
        plain_data.check(data, _SHAPE)
        for name, value in plain_data.load(GateState, data["state"]).items():
            setattr(self, name, value)
        self.jobs.clear()
        self.jobs.update((name, job_state.load(name, self.policy, job, latest)) for name, job in data["jobs"])
        self.verdicts.start(self.jobs)
        for name, job in self.jobs.items():
            self.verdicts.count(name, self.judge(job, job.read_at))
            if not is_age_known:
                forget_ages(job)
        self._check_selection()

    def _check_selection(self) -> None:
        """Check that the jobs are those that the gate is about. A gate over fewer of them could pass.

        :raises ValueError: they are not.
        """
        chosen = self.selection.choose(self.selection.names) if self.selection.by_name else tuple(self.jobs)
        is_settled = bool(self.jobs) and self.found == len(self.jobs) >= self.selection.least
        if tuple(self.jobs) != chosen or self.settled != is_settled:
            raise ValueError("other jobs")


_SHAPE = plain_data.tests({"state": Dict[str, Any], "jobs": List[Tuple[str, Dict[str, Any]]]})
