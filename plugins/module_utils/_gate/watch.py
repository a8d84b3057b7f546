# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Events: the differences between two observations of the same jobs. Without HTTP, Ansible and ansible-rulebook.

``observing/observer.py`` makes the observations, and ``state/observed_jobs.py`` adds the readings to the states of the jobs.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._clock import Clock
from .._errors import CredentialsError, RequestError
from .._services.readings import Reading
from . import messages
from .kinds import REAL_TIME_KIND
from .observing.observer import Observer
from .policy import MISSING_WAIT, Policy, Selection
from .source import Source
from .state.job_state import JobState
from .state.observed_jobs import ObservedJobs
from .verdicts import code_of

MAX_NAMED = 10  # jobs that an event about an error names

Event = Dict[str, Any]


class _Error(NamedTuple):
    reason: str
    text: str
    jobs: List[str]


class Watch:
    """Observes jobs, and returns an event for each change.

    :param stopping: is called before each request; true ends early.
    :param policy: for other jobs than real-time jobs.
    :ivar refused: the HTTP 401 after which no request may be sent with the same credentials.
    """

    def __init__(
        self,
        selection: Selection,
        source: Source,
        clock: Clock,
        interval: float = 30.0,
        check_nodes: bool = True,
        initial: bool = False,
        stopping: Callable[[], bool] = lambda: False,
        policy: Optional[Policy] = None,
    ) -> None:
        self.selection = selection
        self.refused: Optional[RequestError] = None
        self._policy = policy or Policy(
            kind=REAL_TIME_KIND,
            ready=REAL_TIME_KIND.ready,
            failing=REAL_TIME_KIND.failing,
            wait=True,
            check_nodes=check_nodes,
            missing=MISSING_WAIT,
            interval=interval,
        )
        self._clock = clock
        self._initial = initial
        self._stopping = stopping
        self._observed = ObservedJobs(self._policy, {}, self._compare)
        self.use(source)
        self._is_selected = False  # whether the selection was looked up before
        self._announced: Set[str] = set()  # jobs whose first state is an event
        # Jobs that could not be read at first. Their first state is an event if it is a failing one.
        self._unread: Set[str] = set()
        self._with_nodes: Set[str] = set()  # jobs whose nodes were read before
        # Also of jobs that have left the selection: one that comes back in the same state has not changed.
        # With the state, the number of the run that is in it.
        self._states: Dict[Tuple[str, Optional[str]], Tuple[Optional[str], Any]] = {}
        self._errors: Dict[Hashable, _Error] = {}
        self._events: List[Event] = []
        self._found: Dict[Hashable, _Error] = {}
        self._began = 0.0

    def use(self, source: Source) -> None:
        """Read from *source* from now on. What is known about the jobs is kept."""
        self._source = source
        self._observer = Observer(
            self._policy,
            self.selection,
            source,
            self._clock,
            self._observed,
            self._select,
            self._take,
            self._stopping,
        )
        self.refused = None

    def poll(self) -> List[Event]:
        """Make one observation: an event for each change, and one for each error that the last observation did not have.

        Errors of the cloud and of the network are not raised.
        """
        self._events, self._found = [], {}
        self._began = self._clock.now()
        try:
            for job in self._observer.observe(self._began):
                self._forget(job)
        except RequestError as error:
            # The jobs that could not be read before were not tried again.
            self._found.update((key, found) for key, found in self._errors.items() if found.jobs)
            if not self._stopping():
                self._note_request_error(error, None)
        except CredentialsError as error:
            self._note_error("credentials", "denied", str(error), None)
        for key, found in self._found.items():
            if key not in self._errors:
                self._events.append(self._error_event(found))
        self._errors = self._found
        return self._events

    def _forget(self, job: JobState) -> None:
        """Forget a job that has left the selection in a final state: there may be more of them every day."""
        if job.is_final:
            self._states.pop((job.name, None), None)
            self._announced.discard(job.name)

    # -- taking in --------------------------------------------------------------------------------------------------

    def _select(self, names: Sequence[str]) -> None:
        new = self._observed.select(names)
        if self._is_selected or self._initial:
            self._announced.update(job.name for job in new)
        self._is_selected = True
        if len(names) < self.selection.least:
            text = messages.too_few(self.selection, len(names), self._source.workspace, self._policy.kind.listed_as)
            self._note_error("too_few_jobs", "too_few_jobs", text, None)

    def _take(self, reading: Reading) -> None:
        job = self._observed.job_of(reading)
        if job is None:
            return
        self._observed.take(job, reading, reading.at, self._began)
        if reading.error is not None:
            if (job.name, None) not in self._states:
                self._unread.add(job.name)
            # Refused credentials concern all jobs.
            self._note_request_error(reading.error, None if reading.error.refused else job)

    # -- comparing --------------------------------------------------------------------------------------------------

    def _compare(self, job: JobState, at: float) -> None:
        """Compare a job with the observation before, once a reading has been added to it."""
        is_unread = job.error is not None and job.error_at >= job.read_at
        if is_unread or job.claims.is_open:  # a status call has to confirm a claim
            return
        name = job.name
        has_failed = name in self._unread and job.state in self._policy.failing
        self._compare_state(job, None, job.state, name in self._announced or job.is_missing or has_failed)
        if job.status_at == at and self._policy.check_nodes and not job.is_missing:
            is_announced = name in self._announced or name in self._with_nodes
            bad = self._policy.kind.node_failing if name in self._unread else ()
            for node, fields in job.nodes.items():
                state = fields.get("status")
                self._compare_state(job, node, state, is_announced or state in bad)
            self._with_nodes.add(name)
            self._unread.discard(name)

    def _compare_state(self, job: JobState, node: Optional[str], status: Optional[str], is_announced: bool) -> None:
        """Compare one state.

        :param is_announced: whether the first state is an event.
        """
        key = (job.name, node)
        now = (status, _occasion(job))
        known, before = key in self._states, self._states.get(key, (None, None))
        if known and before == now:
            return
        is_restart = known and before[0] == status and self._policy.kind.counts_restarts
        self._states[key] = now
        if not known and not is_announced:
            return
        previous = before[0]
        event: Event = {"job": job.name}
        event.update(_about_run(job))
        if node is not None:
            event["node"] = node
        event.update(previous=previous, status=status, workspace=self._source.workspace or "")
        event.update(_why(job, node, status, self._source.workspace))
        if is_restart and "reason" not in event:
            event.update(reason="restarted", message=messages.has_restarted(job))
        path = job.log_path(node)
        if path:
            event["log_path"] = path
        self._events.append(event)

    # -- errors -----------------------------------------------------------------------------------------------------

    def _note_request_error(self, error: RequestError, job: Optional[JobState]) -> None:
        if error.refused:
            self.refused = error
        reason = code_of(error)
        text = messages.general(error, 1) if job is None else messages.unreadable(job.name, error, 1, job.state)
        # Without what identifies a single request, so that the same error makes one event.
        key = (job is None, error.kind, error.status, error.error_code)
        self._note_error(key, reason, text, job)

    def _note_error(self, key: Hashable, reason: str, text: str, job: Optional[JobState]) -> None:
        found = self._found.setdefault(key, _Error(reason, text, []))
        if job is not None:
            found.jobs.append(job.name)

    def _error_event(self, found: _Error) -> Event:
        event: Event = {"error": found.text, "reason": found.reason, "workspace": self._source.workspace or ""}
        if found.jobs:
            event["jobs"] = found.jobs[:MAX_NAMED]
            if len(found.jobs) > 1:
                event["error"] += f"; {len(found.jobs)} jobs in all"
        return event


def _about_run(job: JobState) -> Event:
    """The fields that only events about runs have."""
    if job.policy.runs is None:
        return _about_dli_job(job)
    fields = job.fields
    return {
        "kind": "instance",
        "instance_id": fields.get("instance_id"),
        "plan_time": fields.get("plan_time"),
        "run": job.run,
    }


def _about_dli_job(job: JobState) -> Event:
    """The fields that only events about jobs of DLI have."""
    kind, fields = job.policy.kind, job.fields
    if kind.event_kind is None:
        return {}
    known = {
        "kind": kind.event_kind,
        "job_id": fields.get("job_id"),
        "batch_id": fields.get("batch_id"),
        "name": fields.get("name"),
        "queue_name": fields.get("queue_name"),
        "queue": fields.get("queue"),
        "restart_times": fields.get("restart_times"),
        "log": fields.get("log") if job.failures() else None,
    }
    return {name: value for name, value in known.items() if value not in (None, "", [])}


def _occasion(job: JobState) -> Any:
    """What makes the same state a change: another run, or a restart."""
    if job.policy.runs is not None:
        return job.fields.get("instance_id")
    return job.restarts if job.policy.kind.counts_restarts else None


def _why(job: JobState, node: Optional[str], status: Optional[str], workspace: Optional[str]) -> Event:
    """``reason`` and ``message`` of a missing, failing or unknown state, as a gate has them."""
    if job.is_missing:
        return {
            "reason": "job_missing",
            "message": job.policy.kind.missing_message(job.name, workspace),
        }
    for name, state in job.failures():
        if name == node:
            code = job.policy.kind.code_of(state) if node is None else "node_exception"
            return {"reason": code, "message": messages.failing(job, node, state)}
    if node is None and status not in job.policy.kind.known:
        return {"reason": "unknown_state", "message": messages.unknown_state(job)}
    return {}
