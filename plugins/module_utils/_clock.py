# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The clock that everything that waits gets as a parameter, so that tests do not have to sleep."""

from __future__ import annotations

import queue
import time
from email.utils import mktime_tz, parsedate_tz
from typing import Optional, Tuple, TypeVar

T = TypeVar("T")


class Clock:
    """The clock of the machine. Times are seconds as floats."""

    def now(self) -> float:
        """Monotonic seconds; only differences within one process are meaningful."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def since_boot(self) -> Optional[Tuple[str, float]]:
        """An ID of the machine's boot, and the seconds since then with suspended time; None where the system has none.

        Two processes on one machine can compare these times, even if the wall clock is changed in between.
        """
        try:
            with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:
                boot = stream.read().strip()
            return boot, time.clock_gettime(time.CLOCK_BOOTTIME)
        except (OSError, ValueError, AttributeError):
            return None

    def sleep(self, seconds: float) -> None:
        """Sleep; returns at once for zero and negative durations."""
        if seconds > 0:
            time.sleep(seconds)

    def wait(self, results: "queue.SimpleQueue[T]", seconds: Optional[float], busy: bool) -> Optional[T]:
        """Wait up to *seconds* (None: without limit) for an item of the queue; returns None when none came.

        :param busy: whether there is work in progress that can put an item into the queue. A simulated clock must not advance while
            real work is being done.
        """
        try:
            if seconds is not None and seconds <= 0:
                return results.get_nowait()
            return results.get(timeout=seconds)
        except queue.Empty:
            return None


MAX_SLEEP = 7 * 86400.0  # seconds; the monotonic clock of a machine does not count the time for which it sleeps


class SteadyWall:
    """The wall clock without its steps back, and with a limit for its steps ahead.

    :param clock: the clock of the process; it is read immediately.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began, self._wall = clock.now(), clock.wall()

    def milliseconds(self) -> int:
        """Milliseconds since the epoch: what has passed since the beginning, and up to MAX_SLEEP more if the wall clock says so."""
        steady = self._wall + self._clock.now() - self._began
        return int(max(steady, min(self._clock.wall(), steady + MAX_SLEEP)) * 1000)

    def not_before(self, milliseconds: float) -> None:
        """Move the clock ahead to this time, if it is behind."""
        self._wall = max(self._wall, milliseconds / 1000 - (self._clock.now() - self._began))


def http_date(value: Optional[str]) -> Optional[float]:
    """Seconds since the epoch from a date of an HTTP header; None if it is not a date."""
    try:
        parsed = parsedate_tz(value or "")
        return float(mktime_tz(parsed)) if parsed else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
