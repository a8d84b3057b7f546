# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states of a DataArts job and its nodes at any time; computed once per change of plan."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from .jobs_spec import FOLLOW, JOB_FIELDS, JOB_TIMES, NODE_FIELDS, JobSpec, NodeSpec
from .timeline import BEGINNING, Change, Entry, Firing, events_of, resolve

HOUR_MS: Final = 3_600_000
RUNNING: Final = frozenset({"STARTING", "NORMAL"})
AT_REST: Final = frozenset({"STOPPED", "STOPPING"})
EpochMs = Callable[[float], int]
"""From emulator seconds to epoch milliseconds."""


@dataclass(frozen=True, slots=True)
class JobState:
    """A job from `since` seconds on. `fields` are in the API's names, times in epoch milliseconds."""

    since: float
    absent: bool
    status: str | None
    fields: Mapping[str, Any]
    updated: int


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node from `since` seconds on; its record counters grow by `rate` a second from there."""

    since: float
    absent: bool
    status: str | None
    fields: Mapping[str, Any]
    rate: float


class Timed(Protocol):
    """A value that is valid from a time on."""

    @property
    def since(self) -> float:
        """Seconds since the start."""


S = TypeVar("S", bound=Timed)


class Track(Generic[S]):
    """States in the order of their times, to be looked up by time."""

    def __init__(self, states: Sequence[S]) -> None:
        self.states = states
        self._times = [state.since for state in states]

    def at(self, time: float) -> S:
        """The state at `time` seconds; the first one before that."""
        return self.states[max(0, bisect_right(self._times, time) - 1)]


def moment(value: Any, time: float, epoch_ms: EpochMs) -> Any:
    """A time as given in a scenario, in epoch milliseconds: `now`, `now-60` (seconds) are counted from `time`."""
    if isinstance(value, str) and value.startswith("now"):
        return epoch_ms(max(time, 0.0) + float(value[3:] or 0))
    return value


class NodeModel:
    """One node."""

    def __init__(self, spec: NodeSpec) -> None:
        self.spec = spec
        self.causes: list[Firing | Change] = []
        self.events = events_of(spec.timeline)
        self.track: Track[NodeState] | None = None

    def compute(self, job: Track[JobState], shift: float) -> Track[NodeState]:
        """The node's states; without its own status it has that of its job."""
        if self.track is None:
            self.track = Track(self._states(job, shift))
        return self.track

    def _states(self, job: Track[JobState], shift: float) -> list[NodeState]:
        changes = resolve(self.spec.timeline, self.causes, shift)
        times = sorted({BEGINNING, *(state.since for state in job.states), *(change.time for change in changes)})
        values = dict(self.spec.initial)
        states: list[NodeState] = []
        put = get = 0.0
        pending = iter(changes)
        upcoming = next(pending, None)
        for time in times:
            previous = states[-1] if states else None
            if previous is not None and previous.rate:
                grown = previous.rate * (time - max(previous.since, 0.0))
                put, get = put + grown, get + grown
            given: dict[str, Any] = {}
            while upcoming is not None and upcoming.time <= time:
                given.update(upcoming.changes)
                upcoming = next(pending, None)
            values.update(given)
            status = values.get("status", FOLLOW)
            if status == FOLLOW:
                status = job.at(time).status
            if previous is None:
                put, get = float(values.get("total_put_records") or 0), float(values.get("total_get_records") or 0)
            elif previous.status in AT_REST and status in RUNNING:
                put = get = 0.0
            put = float(given.get("total_put_records", put) or 0)
            get = float(given.get("total_get_records", get) or 0)
            rate = float(values.get("records_per_second") or 0) if status == "NORMAL" else 0.0
            fields = self._fields(values, rate)
            fields["totalPutRecords"], fields["totalGetRecords"] = int(put), int(get)
            states.append(NodeState(time, bool(values.get("absent", False)), status, fields, rate))
        return states

    @staticmethod
    def _fields(values: Mapping[str, Any], rate: float) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "type": "DLI SQL",
            "lastInstanceStatus": "waiting",
            "speed": rate,
            "totalPutBytes": 0,
            "totalGetBytes": 0,
            "bufferRecords": 0,
            "jobInstanceId": 0,
        }
        for key, name in NODE_FIELDS.items():
            if key in values:
                value = values[key]
                if key in ("running_data", "extend_counter") and isinstance(value, (Mapping, list)):
                    value = json.dumps(value, ensure_ascii=False)
                fields[name] = value
        fields.update(values.get("extra") or {})
        return fields


class JobModel:
    """One DataArts job: its plan, its events, and the resulting states."""

    def __init__(self, spec: JobSpec, epoch_ms: EpochMs) -> None:
        self.spec = spec
        self.nodes = [NodeModel(node) for node in spec.nodes]
        self.events = events_of(spec.timeline) | events_of(spec.list_timeline)
        self.events |= {event for node in self.nodes for event in node.events}
        self._epoch_ms = epoch_ms
        self._causes: list[Firing | Change] = []
        self._track: Track[JobState] | None = None
        self._list_track: Track[JobState] | None = None

    @property
    def ever_absent(self) -> bool:
        """Whether there is a moment, in the list, at which the job does not exist."""
        return any(state.absent for state in self._listed().states)

    def fire(self, firing: Firing) -> None:
        """Record an event that a part of the job depends on."""
        self._causes.append(firing)
        for node in self.nodes:
            node.causes.append(firing)
        self._forget()

    def change(self, change: Change, nodes: Mapping[str, Mapping[str, Any]]) -> None:
        """Record an external change of the job and of its nodes by name."""
        known = {node.spec.name: node for node in self.nodes}
        for name in nodes:
            if name not in known:
                raise KeyError(f"job {self.spec.name!r} has no node {name!r}")
        if change.changes:
            self._causes.append(change)
        for name, changes in nodes.items():
            known[name].causes.append(Change(change.time, changes))
        self._forget()

    def reset(self) -> None:
        """Undo every event and change."""
        self._causes.clear()
        for node in self.nodes:
            node.causes.clear()
        self._forget()

    def state(self, time: float) -> JobState:
        """The state in the status call at `time` seconds."""
        return self._states().at(time)

    def listed(self, time: float) -> JobState:
        """The state in the list at `time` seconds."""
        return self._listed().at(time)

    def node_states(self, time: float) -> list[tuple[NodeSpec, NodeState]]:
        """The nodes at `time` seconds, in the scenario's order."""
        job = self._states()
        return [(node.spec, node.compute(job, self.spec.shift).at(time)) for node in self.nodes]

    def _forget(self) -> None:
        self._track = self._list_track = None
        for node in self.nodes:
            node.track = None

    def _states(self) -> Track[JobState]:
        if self._track is None:
            self._track = Track(self._compute(self.spec.timeline))
        return self._track

    def _listed(self) -> Track[JobState]:
        if not self.spec.list_timeline:
            return self._states()
        if self._list_track is None:
            self._list_track = Track(self._compute(self.spec.list_timeline))
        return self._list_track

    def _compute(self, timeline: Sequence[Entry]) -> list[JobState]:
        batch = self.spec.type == "BATCH"
        values: dict[str, Any] = {"status": "SCHEDULING" if batch else "NORMAL", "absent": False, **self.spec.initial}
        states: list[JobState] = []
        changes = [Change(BEGINNING, {}), *resolve(timeline, self._causes, self.spec.shift)]
        start = self._epoch_ms(0)
        times: dict[str, int | None] = {"start_time": start - HOUR_MS, "end_time": None, "last_update_time": None}
        index = 0
        while index < len(changes):
            time = changes[index].time
            given: dict[str, Any] = dict(self.spec.initial) if index == 0 else {}
            while index < len(changes) and changes[index].time == time:
                given.update(changes[index].changes)
                index += 1
            values.update(given)
            self._move_times(times, values, states[-1] if states else None, time, start)
            for key in JOB_TIMES:
                if key in given:
                    times[key] = moment(given[key], time, self._epoch_ms)
            absent = bool(values["absent"])
            updated = int(times["last_update_time"] or 0)
            states.append(JobState(time, absent, values["status"], self._fields(values, times), updated))
        return states

    def _move_times(
        self,
        times: dict[str, int | None],
        values: Mapping[str, Any],
        previous: JobState | None,
        time: float,
        start: int,
    ) -> None:
        """Let the job's times follow its state: a start after a stop is a new start, a stop is an end."""
        status = values["status"]
        if previous is None:
            stopped = status == "STOPPED"
            times["start_time"] = start - 2 * HOUR_MS if stopped else start if status == "STARTING" else start - HOUR_MS
            times["end_time"] = start - HOUR_MS if stopped else None
            times["last_update_time"] = start if status == "STARTING" else start - HOUR_MS
            return
        if status == previous.status and bool(values["absent"]) == previous.absent:
            return
        now = self._epoch_ms(time)
        times["last_update_time"] = now
        restarted = (
            previous.absent or previous.status in AT_REST or (previous.status, status) == ("EXCEPTION", "STARTING")
        )
        if status in RUNNING and restarted:
            times["start_time"], times["end_time"] = now, None
        elif status == "STOPPED":
            times["end_time"] = now

    def _fields(self, values: Mapping[str, Any], times: Mapping[str, int | None]) -> dict[str, Any]:
        start = self._epoch_ms(0)
        batch = self.spec.type == "BATCH"
        fields: dict[str, Any] = {
            "owner": "emulator_user",
            "priority": 0,
            "createUser": "emulator_user",
            "createTime": start - 24 * HOUR_MS,
            "lastUpdateUser": "emulator_user",
            "lastModifiyUser": "emulator_user",
            "path": "/",
            "singleNodeJobFlag": False,
        }
        if batch:
            fields.update(lastInstanceStatus="success", lastInstanceEndTime=start - HOUR_MS)
        for key, name in JOB_TIMES.items():
            if times[key] is not None and (not batch or key in values):
                fields[name] = times[key]
        for key, name in JOB_FIELDS.items():
            if key in values:
                fields[name] = values[key]
        fields.update(values.get("extra") or {})
        return fields
