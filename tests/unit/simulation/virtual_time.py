# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A clock and the transport of a session in one: requests are answered at their time on a virtual clock, without threads."""

from __future__ import annotations

import heapq
import queue
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from requests.structures import CaseInsensitiveDict

from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.exchange import Answer

T = TypeVar("T")

START = 1000.0
"""What the monotonic clock shows at the start of a gate."""
EPOCH = 1_750_000_000.0
"""What a right wall clock shows at the start of a gate."""
OVERSLEPT = 1e-6
"""A wait ends a little after its time, as it does on every machine."""
MAX_CALLS = 20_000
"""Maximum readings of the clock without a wait."""


class Reply(NamedTuple):
    """The outcome of a request: an answer, or an exception as the transport raises it."""

    status: int
    headers: dict[str, str]
    body: bytes
    error: BaseException | None = None


class Planned(NamedTuple):
    """A reply and when it arrives.

    :ivar at: seconds since the start of the gate; None for never.
    :ivar make: called at that time; returns the reply.
    :ivar seen: called when the process has it, with the time and whether the request was given up before.
    """

    at: float | None
    make: Callable[[], Reply]
    seen: Callable[[float, bool], None]


Receive = Callable[[Any, float, float], Planned]
"""Accepts a prepared request, when it was sent and when it times out; both in seconds since the start of the gate."""


class VirtualTime(Clock):
    """Time moves only when the process waits.

    :param receive: takes the requests.
    :param steps: (seconds, change) of the wall clock.
    :param stops: (seconds, length) for which the process is stopped, once it waits for or past that time.
    :param begin: seconds since the start of the gate at which this process begins.
    :param base: what its monotonic clock shows at the start of the gate; another process may have another one.
    :ivar stopped: (from, to) of the stops that took place.
    """

    def __init__(
        self,
        receive: Receive,
        steps: Sequence[tuple[float, float]] = (),
        stops: Sequence[tuple[float, float]] = (),
        begin: float = 0.0,
        base: float = START,
    ) -> None:
        self.stopped: list[tuple[float, float]] = []
        self._receive = receive
        self._steps = tuple(steps)
        self._stops = sorted(stop for stop in stops if stop[0] >= begin)
        self._seconds = begin
        self._base = base
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0
        self._calls = 0

    # -- the clock --------------------------------------------------------------------------------------------------

    @property
    def seconds(self) -> float:
        """Seconds since the start of the gate."""
        return self._seconds

    def now(self) -> float:
        self._count()
        return self._base + self._seconds

    def since_boot(self) -> tuple[str, float]:
        """The machine runs on between two slices, and no step of the wall clock changes that."""
        return "simulation", self._seconds

    def wall(self) -> float:
        self._count()
        return EPOCH + self._seconds + sum(change for since, change in self._steps if since <= self._seconds)

    def sleep(self, seconds: float) -> None:
        assert seconds < 1e6, "a sleep without end"
        if seconds > 0:
            self._move(self._seconds + seconds, None)

    def wait(self, results: queue.SimpleQueue[T], seconds: float | None, busy: bool) -> T | None:
        self._count()
        if not results.empty():
            return results.get_nowait()
        if seconds is not None and seconds <= 0:
            return None
        assert seconds is not None or self._events, "a wait without end for an answer that never comes"
        self._move(float("inf") if seconds is None else self._seconds + seconds + OVERSLEPT, results)
        return None if results.empty() else results.get_nowait()

    def _count(self) -> None:
        self._calls += 1
        assert self._calls < MAX_CALLS, "the gate goes on without the time moving"

    def _move(self, target: float, results: queue.SimpleQueue[Any] | None) -> None:
        """Let the time pass up to *target*, or to the first item in *results*."""
        while results is None or results.empty():
            due = self._events[0][0] if self._events else float("inf")
            until = min(due, target)
            assert until < float("inf"), "a wait without end for an answer that never comes"
            if self._stops and self._stops[0][0] <= until:
                self._stop()
                target = max(target, self._seconds)
                continue
            self._set(max(self._seconds, until))
            if due > target:
                return
            heapq.heappop(self._events)[2]()

    def _stop(self) -> None:
        """Wait; answers that arrive meanwhile are available afterwards."""
        since, length = self._stops.pop(0)
        since = max(since, self._seconds)
        self.stopped.append((since, since + length))
        self._set(since + length)
        while self._events and self._events[0][0] <= self._seconds:
            heapq.heappop(self._events)[2]()

    def _set(self, seconds: float) -> None:
        if seconds > self._seconds:
            self._seconds = seconds
            self._calls = 0

    # -- the transport ----------------------------------------------------------------------------------------------

    def start(self, flight: Any, done: queue.SimpleQueue[Any]) -> None:
        """Send a request; it is put into *done* when its answer arrives."""
        planned = self._receive(flight.prepared, self._seconds, flight.bound - self._base)
        if planned.at is None:
            return

        def arrive() -> None:
            reply = planned.make()
            planned.seen(self._seconds, flight.given_up.is_set())
            if reply.error is not None:
                flight.outcome = reply.error
            else:
                headers: CaseInsensitiveDict[str] = CaseInsensitiveDict(reply.headers)
                flight.head = (reply.status, headers)
                flight.outcome = Answer(reply.status, headers, reply.body, flight.sent_at)
            done.put(flight)

        self._order += 1
        heapq.heappush(self._events, (max(planned.at, self._seconds), self._order, arrive))

    def close(self) -> None:
        """Nothing to end."""
