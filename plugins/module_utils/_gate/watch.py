# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Watching without an end: what has changed since the last look. Knows no HTTP, no Ansible, and no ansible-rulebook.

It reads as a gate does: the list where that is cheaper, the status call for nodes and for whatever the list alone says. But it
gives no verdict, and what a selection by tags or a part of the name holds is looked up at every poll.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._clock import Clock
from .._errors import UNREACHED, CredentialsError, RequestError
from .._services.readings import Reading
from . import messages
from .kinds import REAL_TIME_KIND
from .observing.plan import Plan
from .policy import MISSING_WAIT, Policy, Selection
from .source import Source, read_jobs, read_list
from .state.job_state import JobState
from .state.observation import STATUS
from .state.update_job import take_absence, take_reading
from .verdicts import code_of

# What of an interval's requests is spent where not all nodes can be read in one; the rest is for retries.
SHARE = 0.8
# Seconds that a poll has at least, retries included, for the list and then for the status calls. A service so slow makes polls
# longer than the interval.
LONGEST_LIST = 300.0
SHORTEST_DEADLINE = 60.0
NAMED = 10  # jobs that a trouble names

Event = Dict[str, Any]


class _Trouble(NamedTuple):
    reason: str
    text: str
    jobs: List[str]


class Watch:
    """Polls jobs and says what has changed.

    :param stopping: asked before each request whether to end early.
    :param policy: what is watched instead of real-time jobs.
    :ivar refused: the HTTP 401 after which nothing more must be asked with the same credentials.
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
        self.use(source)
        self._jobs: Dict[str, JobState] = {}
        self._settled = False
        self._loud: Set[str] = set()  # jobs whose first state is news
        self._with_nodes: Set[str] = set()  # jobs whose nodes were read before
        # Kept for jobs that leave the selection, too: one that comes back in the same state is no news.
        # With the state, the number of the run that is in it.
        self._states: Dict[Tuple[str, Optional[str]], Tuple[Optional[str], Any]] = {}
        self._troubles: Dict[Hashable, _Trouble] = {}
        self._began = 0.0
        self._events: List[Event] = []
        self._found: Dict[Hashable, _Trouble] = {}

    def use(self, source: Source) -> None:
        """Read from *source* from now on; what is known of the jobs is kept."""
        self._source = source
        self._plan = Plan(self._policy, source.rate, source.workers, source.lists, source.cost)
        self.refused = None

    def poll(self) -> List[Event]:
        """One look at the jobs: an event for each change, and one for each trouble that was not there before.

        Never raises what the cloud or the network does wrong.
        """
        self._events, self._found = [], {}
        self._began = self._clock.now()
        try:
            self._observe()
        except RequestError as error:
            # The troubles of single jobs were not looked for.
            self._found.update((key, trouble) for key, trouble in self._troubles.items() if trouble.jobs)
            if not self._stopping():
                self._request_trouble(error, None)
        except CredentialsError as error:
            self._note_trouble("credentials", "denied", str(error), None)
        for key, trouble in self._found.items():
            if key not in self._troubles:
                self._events.append(self._told(trouble))
        self._troubles = self._found
        return self._events

    # -- reading ----------------------------------------------------------------------------------------------------

    def _observe(self) -> None:
        chosen, plan = self.selection, self._plan
        interval = self._policy.interval
        if chosen.by_name:
            self._admit(chosen.choose(chosen.names))
        left: List[str] = []
        if not chosen.by_name or plan.mode(len(self._jobs), False) != STATUS:
            left = self._list(self._began + max(interval, LONGEST_LIST))
        self._read(self._owed(), max(self._began + interval, self._clock.now() + SHORTEST_DEADLINE))
        for name in left:
            job = self._jobs[name]
            if job.status_at >= self._began or job.is_final:
                # It is gone, or does not belong to the selection any more.
                del self._jobs[name]
            if job.is_final:
                self._states.pop((name, None), None)  # it never changes again, and there may be more of them every day
                self._loud.discard(name)

    def _admit(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self._jobs:
                self._jobs[name] = JobState(name, self._policy)
                if self._settled or self._initial:
                    self._loud.add(name)
        self._settled = True
        if len(names) < self.selection.least:
            text = messages.too_few(self.selection, len(names), self._source.workspace, self._policy.kind.listed_as)
            self._note_trouble("too_few_jobs", "too_few_jobs", text, None)

    def _list(self, deadline: float) -> List[str]:
        """Read the job list. Returns the jobs of a selection by tags or a part of the name that it lacks."""
        listed = read_list(self._source, deadline)
        listing, readings = listed.listing, listed.readings
        if listing is None:
            return []
        chosen = self.selection
        self._plan.pages = listing.pages
        if not chosen.by_name:
            self._admit(chosen.choose([item.name for item in readings]))
        shown: Set[str] = set()
        for item in readings:
            if item.name in self._jobs and item.name not in shown:
                shown.add(item.name)
                self._take(item)
        absent = [name for name in self._jobs if name not in shown] if listing.complete else []
        for name in absent:
            take_absence(self._jobs[name], listing.at, self._began)
        return [] if chosen.by_name else absent

    def _owed(self) -> List[str]:
        """The jobs to read one by one: what is in doubt, and of the others as many as there is time for."""
        # Those first that were not read for the longest time, so that a slow service, too, tells of all of them in turn.
        plan, jobs = self._plan, sorted(self._jobs.values(), key=lambda job: job.status_at)
        jobs = [job for job in jobs if not job.is_final]
        is_without_list = self._policy.needs_nodes or self.selection.by_name
        if is_without_list and plan.mode(len(jobs), False) == STATUS:
            return [job.name for job in jobs]
        first = [job for job in jobs if job.claims.is_open or not job.is_known]
        if not self._policy.needs_nodes:
            return [job.name for job in first]
        room = int(plan.rate * self._policy.interval * SHARE) - (plan.pages or 0) - len(first)
        rest = [
            job
            for job in jobs
            if job.is_known
            and not job.claims.is_open
            and not job.is_missing
            and job.state not in self._policy.kind.quiet
        ]
        urgent = [job for job in rest if job.is_failing or job.status_at < job.state_at]
        # Half the room for these, so that many failures do not keep the others from being looked at.
        urgent = urgent[: max(1, room // 2)]
        chosen = {job.name for job in urgent}
        others = [job for job in rest if job.name not in chosen]
        return [job.name for job in first + urgent + others[: max(1, room - len(urgent))]]

    def _read(self, names: Sequence[str], deadline: float) -> None:
        def feed() -> Iterator[str]:
            for name in names:
                if self._stopping():
                    return
                yield name

        for reading in read_jobs(self._source, feed(), deadline):
            self._take(reading)

    def _take(self, reading: Reading) -> None:
        job = self._jobs[reading.name]
        error = reading.error
        if error is not None:
            if error.kind != UNREACHED:
                take_reading(job, reading, reading.at, self._began)
                # Refused credentials are nothing of a single job.
                self._request_trouble(error, None if error.refused else job)
            return
        take_reading(job, reading, reading.at, self._began)
        if job.claims.is_open:
            return  # the status call will tell
        name = job.name
        self._see(job, None, job.state, name in self._loud or job.is_missing)
        if job.status_at == reading.at and self._policy.check_nodes and not job.is_missing:
            loud = name in self._loud or name in self._with_nodes
            for node, fields in job.nodes.items():
                self._see(job, node, fields.get("status"), loud)
            self._with_nodes.add(name)

    # -- telling ----------------------------------------------------------------------------------------------------

    def _see(self, job: JobState, node: Optional[str], status: Optional[str], loud: bool) -> None:
        key = (job.name, node)
        now = (status, _occasion(job))
        known, before = key in self._states, self._states.get(key, (None, None))
        if known and before == now:
            return
        is_restart = known and before[0] == status and self._policy.kind.counts_restarts
        self._states[key] = now
        if not known and not loud:
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

    def _request_trouble(self, error: RequestError, job: Optional[JobState]) -> None:
        if error.refused:
            self.refused = error
        reason = code_of(error)
        text = messages.general(error, 1) if job is None else messages.unreadable(job.name, error, 1, job.state)
        # What names the single request is no part of the trouble.
        key = (job is None, error.kind, error.status, error.error_code)
        self._note_trouble(key, reason, text, job)

    def _note_trouble(self, key: Hashable, reason: str, text: str, job: Optional[JobState]) -> None:
        trouble = self._found.setdefault(key, _Trouble(reason, text, []))
        if job is not None:
            trouble.jobs.append(job.name)

    def _told(self, trouble: _Trouble) -> Event:
        event: Event = {"error": trouble.text, "reason": trouble.reason, "workspace": self._source.workspace or ""}
        if trouble.jobs:
            event["jobs"] = trouble.jobs[:NAMED]
            if len(trouble.jobs) > 1:
                event["error"] += f"; {len(trouble.jobs)} jobs in all"
        return event


def _about_run(job: JobState) -> Event:
    """What an event about a run says besides."""
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
    """``reason`` and ``message`` of a state that is not as it should be, in a gate's messages."""
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
