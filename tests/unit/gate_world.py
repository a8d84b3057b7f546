# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated cloud for the tests of the gate: jobs follow a script, on a clock that moves only when the gate waits."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import UNREACHED, RequestError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options, resume
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.observing.loop import Loop
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.observing.outcome import Outcome
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.observing.slices import WHOLE, Slices
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.result import as_dict, fails
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.source import Listed, Source
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import (
    LIST,
    STATUS,
    Listing,
    Reading,
)

GONE = "gone"  # the state of a job that does not exist

# (seconds, state, nodes as name -> state or fields); a RequestError instead of the state is raised by the call.
Step = tuple[float, Any, dict[str, Any]]
Script = Sequence[Any]


class VirtualClock(Clock):
    """Time moves only when code sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._looks = 0

    def now(self) -> float:
        # Code that polls a clock that never moves would not end.
        self._looks += 1
        assert self._looks < 3000, "the gate goes on without the time moving"
        return self.time

    def wall(self) -> float:
        return 1_700_000_000.0 + self.time

    def since_boot(self) -> tuple[str, float] | None:
        return ("boot", self.time)

    def sleep(self, seconds: float) -> None:
        assert seconds < 1e6, "a sleep without end"
        if seconds > 0:
            self.time += seconds
            self._looks = 0


class World(Source):
    """Jobs by name, each with its script; ``lists_say`` overrides what the list shows.

    Requests are spaced by *rate* and take *latency* seconds each, one after the other. What is in *list_errors* (from, to, error)
    comes after *list_hangs* seconds.
    """

    def __init__(
        self,
        jobs: Mapping[str, Script],
        rate: float = 20.0,
        latency: float = 0.0,
        lists: bool = True,
        lists_say: Mapping[str, Script] | None = None,
        list_errors: Sequence[tuple[float, float, RequestError]] = (),
        list_hangs: float = 0.0,
    ) -> None:
        self.clock = VirtualClock()
        self.start = self.clock.now()
        self.jobs = {name: _steps(script) for name, script in jobs.items()}
        self.lists_say = {name: _steps(script) for name, script in (lists_say or {}).items()}
        self.list_errors = list_errors
        self.list_hangs = list_hangs
        self.rate = rate
        self.lists = lists
        self.workspace = "ws1"
        self.sent = 0
        self.calls: list[tuple[float, str]] = []
        self.explained: list[str] = []
        self._latency = latency
        self._free = 0.0
        self._events: list[tuple[float, int, Any]] = []
        self._order = itertools.count()

    @property
    def requests(self) -> int:
        return self.sent

    @property
    def latency(self) -> float:
        return self._latency

    def at(self) -> float:
        """Seconds since the start of the world."""
        return self.clock.now() - self.start

    def _send(self, what: str) -> float:
        """Reserve a slot; returns its time."""
        slot = max(self.clock.now(), self._free)
        self._free = slot + 1.0 / self.rate
        self.sent += 1
        self.calls.append((slot - self.start, what))
        return slot

    def _now(self, steps: list[Step], at: float) -> Step:
        current: Step = (0.0, GONE, {})
        for step in steps:
            if step[0] <= at:
                current = step
        return current

    def free_at(self) -> float:
        return self._free

    def drop(self) -> None:
        self._events.clear()

    def _put(self, at: float, deadline: float | None, event: Any, late: Any) -> None:
        """Schedule *event* at that time, or *late* at the deadline."""
        if deadline is not None and at > deadline:
            at, event = deadline, late
        heapq.heappush(self._events, (at, next(self._order), event))

    def next(self, until: float | None, until_free: bool = False) -> Any:
        if self._events and (until is None or self._events[0][0] <= max(until, self.clock.now())):
            at, dummy, event = heapq.heappop(self._events)
            self.clock.sleep(at - self.clock.now())
            if isinstance(event, Reading) and event.error is not None:
                self._refuse(event.error)
            return event
        if until is not None:
            self.clock.sleep(until - self.clock.now())
        return None

    def ask(self, name: str, deadline: float | None) -> None:
        sent = self._send(name)
        late = Reading(name, sent, STATUS, error=RequestError(UNREACHED, "too late"))
        state, nodes = self._now(self.jobs.get(name, []), sent - self.start)[1:]
        if isinstance(state, RequestError):
            reading = Reading(name, sent, STATUS, error=state)
        elif state == GONE:
            reading = Reading(name, sent, STATUS, missing=True)
        else:
            reading = Reading(name, sent, STATUS, job=_job(name, state, nodes, True))
        self._put(sent + self._latency, deadline, reading, late)

    def _refuse(self, error: RequestError) -> None:
        """An error about all jobs is raised, and all running calls are dropped."""
        if error.status == 401:
            self._events.clear()
            raise error

    def ask_list(self, deadline: float | None, max_pages: int, sure: bool) -> None:
        pages = max(1, -(-len(self.jobs) // 100))
        late = Listed(error=RequestError(UNREACHED, "too late"))
        began = sent = max(self.clock.now(), self._free)
        if max_pages and pages > max_pages:
            self._send("list")
            self._put(began + self._latency, deadline, Listed(Listing([], len(self.jobs), began, pages, False)), late)
            return
        found: list[Any] = []
        for page in range(pages):
            sent = self._send("list")
            for start, end, error in self.list_errors:
                if start <= sent - self.start < end:
                    self._put(sent + self._latency + self.list_hangs, deadline, Listed(error=error), late)
                    return
            for name in list(self.jobs)[page * 100 : page * 100 + 100]:
                steps = self.lists_say.get(name) or self.jobs[name]
                state, nodes = self._now(steps, sent - self.start)[1:]
                if state != GONE and not isinstance(state, RequestError):
                    found.append(_job(name, state, nodes, False))
        listing = Listing(found, len(found), began, pages, True)
        readings = [Reading(job["name"], began, LIST, job=job) for job in found]
        self._put(sent + self._latency, deadline, Listed(listing, readings), late)

    def explain_missing(self, names: Sequence[str], deadline: float) -> dict[str, tuple[list[str], bool]]:
        self.explained.extend(names)
        return {name: (sorted(set(self.jobs) - {name})[:1], False) for name in names}


def _steps(script: Script) -> list[Step]:
    return [(step[0], step[1], step[2] if len(step) > 2 else {}) for step in script]


def _job(name: str, state: Any, nodes: dict[str, Any], with_nodes: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {key[1:]: value for key, value in nodes.items() if key.startswith("_")}
    job: dict[str, Any] = {"name": name, "status": state, **fields}
    if with_nodes:
        job["nodes"] = [
            {"name": key, **(value if isinstance(value, dict) else {"status": value})}
            for key, value in nodes.items()
            if not key.startswith("_")
        ]
    return job


def gate(world: World, check_mode: bool = False, dli: bool = False, kind: str = "", **params: Any) -> dict[str, Any]:
    """Run a gate over a world: the module's result with ``failed``.

    :param kind: dli_flink or dli_spark for a gate over these.
    """
    outcome, policy = run(world, check_mode, dli, kind=kind, **params)
    result = as_dict(outcome, params.get("return_jobs", "auto"))
    result["failed"] = fails(policy, outcome)
    return result


def run(
    world: World, check_mode: bool = False, dli: bool = False, slices: Slices = WHOLE, kind: str = "", **params: Any
) -> tuple[Outcome, Any]:
    """The same, as returned by the loop."""
    if kind == "dli_flink":
        policy, selection = options.flink_policy(params, once=check_mode), options.flink_selection(params)
    elif kind == "dli_spark":
        policy, selection = options.spark_policy(params, once=check_mode), options.spark_selection(params)
    elif dli:
        policy, selection = options.dli_policy(params, once=check_mode), options.dli_selection(params)
    else:
        policy, selection = options.policy(params, once=check_mode), options.selection(params)
    loop = Loop(policy, selection, world, world.clock, uniform=lambda low, high: high, slices=slices)
    return loop.run(), policy


def slice_of(world: World, seconds: float, state: Any, dli: bool, params: dict[str, Any], whole: int = 100) -> Outcome:
    """One slice, with its own process and session."""
    world.sent = 0
    return run(world, False, dli, Slices(seconds, state, whole), **params)[0]


def in_slices(
    world: World, seconds: Sequence[float], dli: bool = False, whole: int = 100, **params: Any
) -> tuple[dict[str, Any], int]:
    """The result of the last slice, and how many there were. The state goes through its text each time.

    :param seconds: how long each slice is; the last one counts for all that follow.
    :param whole: up to so many jobs are handed on with all that was read of them.
    """
    state, count = None, 0
    while True:
        outcome = slice_of(world, seconds[min(count, len(seconds) - 1)], state, dli, params, whole)
        count += 1
        assert count < 10_000
        if outcome.state is None:
            return as_dict(outcome, "all"), count
        assert outcome.verdict.verdict == "PENDING"
        state = resume.unpack(resume.pack(outcome.state, "x"), "x")


def codes(result: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """The reasons, each as code, job and node."""
    return [(item["code"], item["job"], item["node"]) for item in result["reasons"]]
