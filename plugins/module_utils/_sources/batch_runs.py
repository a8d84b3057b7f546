# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Batch jobs as a source of readings for the gate: each in the state of its run that counts."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from .._clock import SteadyWall
from .._cloud.calls import Task
from .._cloud.session import Session
from .._errors import RequestError
from .._gate.kinds import INSTANCE_KIND
from .._gate.observing.plan import FEW
from .._gate.policy import Policy, Selection
from .._gate.runs.choice import choose, counting
from .._gate.runs.rule import RunRule, RunWindow, window_of
from .._gate.source import Listed
from .._services.factory.instances import SHAPES, Instances, Query
from .._services.factory.jobs import DataArts
from .._services.factory.pager import PAGES, RECORDS
from .._services.readings import BATCH, LIST, REAL_TIME, STATUS, Listing, Reading, unread
from .._states import FAILED_RUN_STATES, FORCED_STATES, NO_RUN, SUCCESS
from .session_source import SessionSource

# Times of the list call are kept, so that two calls that round differently do not look like a restart.
_TIMES = ("plan_time", "submit_time", "start_time")


class _Details(NamedTuple):
    """The answer of the call for one run.

    :ivar version: the run and its state, as both calls showed them.
    """

    version: Tuple[Any, ...]
    fields: Dict[str, Any]


class BatchRuns(SessionSource):
    """The runs of batch jobs of one workspace, with the list of runs.

    :param slides: whether the times and the selection count from each reading, and not from the first one.
    """

    def __init__(
        self,
        session: Session,
        workspace: Optional[str],
        selection: Selection,
        policy: Policy,
        slides: bool = False,
    ) -> None:
        super().__init__(session)
        self._slides = slides
        self.workspace = workspace
        self._selection, self._policy = selection, policy
        self._rule = rule = policy.runs or RunRule("24h")
        self._jobs, self._instances = DataArts(workspace), Instances(workspace)
        self.lists = not rule.ids
        self._ids = {job: frozenset(ids) for job, ids in rule.ids}
        self._wall = SteadyWall(session.clock)
        self._window: RunWindow = window_of(rule, session.clock.wall())
        # The jobs of the selection, None before they are known.
        self._names: Optional[Tuple[str, ...]] = selection.choose(selection.names) if selection.by_name else None
        self._existing: Set[str] = set()  # jobs without a run that are known to exist
        self._details: Dict[str, _Details] = {}

    # -- one job ----------------------------------------------------------------------------------------------------

    def read(self, name: str) -> "Task[Reading]":
        if name in self._ids:
            reading = yield from self._by_id(name)
            return reading
        self._slide()
        query = Query(self._window.begin, self._latest(), name, is_exact=True)
        try:
            listing = yield from self._instances.list(query, lambda item: item["job_name"] == name)
        except RequestError as error:
            return unread(name, STATUS, error)
        if listing.problem is not None:
            return Reading(name, listing.at, STATUS, error=self._instances.contradiction(listing.problem))
        found = self._chosen(listing.jobs)
        if found["status"] == NO_RUN and not found["instances"] and name not in self._existing:
            job = yield from self._jobs.batch_status(name)
            if job.job is None:
                return job
            self._existing.add(name)
        found = yield from self._with_nodes(name, found)
        return Reading(name, listing.at, STATUS, job=found)

    def _by_id(self, name: str) -> "Task[Reading]":
        """The runs of a job that are given by their IDs."""
        runs: List[Dict[str, Any]] = []
        at: Optional[float] = None
        for number in sorted(self._ids[name], reverse=True):
            reading = yield from self._instances.one(name, number, name)
            if reading.job is None:
                return reading
            runs.append(reading.job)
            at = reading.at if at is None else min(at, reading.at)
        found = choose(runs, self._rule, self._policy, self._window)
        return Reading(name, at or 0.0, STATUS, job={**found, "nodes_of": found.get("instance_id")})

    def _with_nodes(self, name: str, found: Dict[str, Any]) -> "Task[Dict[str, Any]]":
        """A run with its nodes. They explain its state, so a run whose nodes cannot be read still counts.

        The state that was read later counts.

        :raises RequestError: the credentials were refused.
        """
        number = found.get("instance_id")
        if number is None:
            return found
        version = (number, found["status"], found.get("submit_time"), found.get("start_time"))
        details = self._details.get(name)
        if details is None or details.version != version:
            reading = yield from self._instances.one(name, number, name)
            if reading.error is not None and reading.error.refused:
                raise reading.error
            if reading.job is None:
                return found
            details = _Details(version, reading.job)
            if reading.job["status"] == found["status"] and found["status"] in INSTANCE_KIND.final:
                self._details[name] = details
        return merged(found, details.fields)

    # -- the list ---------------------------------------------------------------------------------------------------

    def ask_list(self, deadline: Optional[float], max_pages: int, sure: bool) -> None:
        self.begin_list(self._read_list(max_pages, sure), deadline)

    def listed(self, listing: Any) -> Listed:
        found: Listed = listing
        return found

    def _read_list(self, max_pages: int, sure: bool) -> "Task[Listed]":
        self._slide()
        is_looked_up = not self._selection.by_name and (sure or self._slides or self._names is None)
        if is_looked_up:
            jobs = yield from self._list_jobs(self._selection.name_contains, self._selection.tags)
            self._names = self._selection.choose(jobs)
            max_pages = max(1, len(self._names) - 1)
            if len(self._names) <= FEW:
                # Each is read by its own call.
                return self._unread(self.session.clock.now(), 1)
        chosen_names = self._names or ()
        names = frozenset(chosen_names)
        query = Query(self._window.begin, self._latest(), self._selection.name_contains)
        listing = yield from self._instances.list(query, lambda item: item["job_name"] in names, max_pages)
        if not listing.complete:
            return self._unread(listing.at, listing.pages) if is_looked_up else Listed(listing._replace(jobs=[]))
        runs: Dict[str, List[Dict[str, Any]]] = {name: [] for name in chosen_names}
        for item in listing.jobs:
            runs[item["job_name"]].append(item)
        chosen = {name: self._chosen(items) for name, items in runs.items()}
        if listing.problem is None:
            yield from self._find_existing([name for name, found in chosen.items() if not found["instances"]])
        readings = [
            Reading(name, listing.at, LIST, job={**found, "name": name})
            for name, found in chosen.items()
            if found["instances"] or name in self._existing
        ]
        return Listed(listing._replace(jobs=[]), readings)

    def _unread(self, at: float, pages: int) -> Listed:
        """The jobs of the selection, of whose runs nothing is known yet."""
        names = self._names or ()
        readings = [Reading(name, at, LIST, job={"name": name, "status": None}) for name in names]
        return Listed(Listing([], len(names), at, pages, complete=True), readings)

    def _find_existing(self, names: Sequence[str]) -> "Task[None]":
        """Determine which jobs without a run exist: for a few, by their own calls."""
        if len([name for name in names if name not in self._existing]) > FEW:
            jobs = yield from self._list_jobs(self._selection.name_contains, self._selection.tags)
            self._existing.update(jobs)

    def _list_jobs(self, part: Optional[str], tags: Sequence[str]) -> "Task[List[str]]":
        """The names of the batch jobs.

        :raises RequestError: the list cannot be read, or holds an entry that is not a job with a name.
        """
        listing = yield from self._jobs.list(BATCH, name=part, tags=tags, sure=True)
        readings = self._jobs.readings(listing, other=REAL_TIME)
        self._existing.update(item.name for item in readings)
        return [item.name for item in readings]

    def _chosen(self, instances: Sequence[Dict[str, Any]]) -> Dict[str, Any]:
        runs = counting(instances, self._rule, self._window, self._policy.ready)
        return choose(runs, self._rule, self._policy, self._window)

    def _slide(self) -> None:
        if self._slides:
            self._window = window_of(self._rule, self.session.clock.wall())

    def _latest(self) -> int:
        return max(self._window.end, self._wall.milliseconds())

    # -- for messages and results -----------------------------------------------------------------------------------

    def explain_missing(self, names: Sequence[str], deadline: float) -> Dict[str, Tuple[List[str], bool]]:
        return self.session.complete(self._jobs.resembling(names, BATCH), deadline)

    def explain_failures(self, jobs: Sequence[Dict[str, Any]], deadline: float) -> List[Dict[str, Any]]:
        if not self._ids:
            return list(jobs)  # the list has given the texts
        return list(self.session.complete_all([self._instances.explain(job) for job in jobs], deadline))

    def add_nodes(self, jobs: Sequence[Tuple[str, Dict[str, Any]]], deadline: float) -> List[Dict[str, Any]]:
        return list(self.session.complete_all([self._with_nodes(*job) for job in jobs], deadline))

    # -- for the next slice -----------------------------------------------------------------------------------------

    def remember(self) -> Dict[str, Any]:
        return {
            **super().remember(),
            "offset_means": [self._jobs.offset_means, self._instances.offset_means],
            "shape": self._instances.shape,
            "window": [self._window.begin, self._window.end],
            "now": self._wall.milliseconds(),
        }

    def recall(self, learned: Dict[str, Any], seconds: float) -> None:
        super().recall(learned, seconds)
        meanings, shape, (begin, end) = learned["offset_means"], learned["shape"], learned["window"]
        if not isinstance(learned["now"], int):
            raise ValueError("another time")
        if any(means not in (None, PAGES, RECORDS) for means in meanings) or len(meanings) != 2:
            raise ValueError("another meaning of offset")
        if shape not in range(len(SHAPES)) or not (isinstance(begin, int) and isinstance(end, int) and begin <= end):
            raise ValueError("another window")
        self._jobs.offset_means, self._instances.offset_means = meanings
        self._instances.shape = shape
        self._window = self._window._replace(begin=begin, end=end)
        self._wall.not_before(learned["now"] + seconds * 1000)


def merged(listed: Dict[str, Any], fields: Dict[str, Any]) -> Dict[str, Any]:
    """A run from the list, updated by its own call.

    A declared success is kept: either call may lack the flags. So is a failure: no run succeeds that soon after it.
    """
    kept = {key for key in _TIMES if listed.get(key)}
    if listed["status"] in (*FORCED_STATES, *FAILED_RUN_STATES) and fields["status"] == SUCCESS:
        kept.add("status")
    received = {key: value for key, value in fields.items() if value is not None and key not in kept}
    message = received.get("message") or listed["message"]
    return {**listed, **received, "message": message, "nodes_of": listed["instance_id"]}
