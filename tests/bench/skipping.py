# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A clock that skips the waiting, for gates that last for hours.

Everything else is the gate's own: session, pacing, HTTP, parsing, judging. Each request is made when it is sent, and its answer counts
as arrived a latency later. The emulator's clock is moved along, so its quota and its jobs keep the same time.
"""

from __future__ import annotations

import heapq
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ansible_collections.datagate.huaweicloud.plugins.module_utils import _module
from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud import session

T = TypeVar("T")
MAX_LAG = 0.25
"""Maximum seconds by which the emulator's clock is behind."""


class SkippingClock(Clock):
    """A clock that moves when code waits.

    :param advance: moves the emulator's clock by so many seconds.
    :param latency: seconds that an answer takes.
    """

    def __init__(self, advance: Callable[[float], Any], latency: float) -> None:
        self._advance = advance
        self._latency = latency
        self._told = 0.0
        self._time = 0.0
        self._wall = time.time()
        self._order = 0
        self._flying: list[tuple[float, int, Any, Any]] = []

    def now(self) -> float:
        return self._time

    def wall(self) -> float:
        return self._wall + self._time

    def sleep(self, seconds: float) -> None:
        self._time += max(0.0, seconds)
        steps = int((self._time - self._told) / MAX_LAG)
        if steps > 0:
            self._advance(steps * MAX_LAG)
            self._told += steps * MAX_LAG

    def arrives(self, results: Any, flight: Any) -> None:
        """Accept an answer; it counts after a latency."""
        self._order += 1
        heapq.heappush(self._flying, (self._time + self._latency, self._order, results, flight))

    def wait(self, results: queue.SimpleQueue[T], seconds: float | None, busy: bool) -> T | None:
        while self._flying and self._flying[0][2] is not results:
            heapq.heappop(self._flying)  # of a run that timed out
        if self._flying and (seconds is None or self._flying[0][0] <= self._time + seconds):
            due, dummy, dummy_results, flight = heapq.heappop(self._flying)
            self.sleep(due - self._time)
            found: T = flight
            return found
        assert seconds is not None, "a wait without end"
        self.sleep(seconds)
        return None


class InlineExecutor:
    """Carries out each exchange at once, in the caller's thread."""

    def __init__(self, clock: SkippingClock) -> None:
        self._clock = clock

    def start(self, flight: Any, done: Any) -> None:
        """Carry out *flight*; the clock says when it is over."""
        flight.run()
        self._clock.arrives(done, flight)

    def close(self) -> None:
        """Nothing to close."""


@contextmanager
def skipping(advance: Callable[[float], Any], latency: float) -> Iterator[SkippingClock]:
    """Every session that is made in the block, and every gate over it, keeps this clock."""
    clock = SkippingClock(advance, latency)
    before = vars(_module)["Clock"], vars(session)["WorkerThreads"]
    vars(_module)["Clock"], vars(session)["WorkerThreads"] = (lambda: clock), (lambda: InlineExecutor(clock))
    try:
        yield clock
    finally:
        vars(_module)["Clock"], vars(session)["WorkerThreads"] = before
