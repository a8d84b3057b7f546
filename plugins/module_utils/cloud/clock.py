# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time as a parameter: everything that waits gets a clock, so that tests need not sleep."""

from __future__ import annotations

import queue
import time
from typing import Optional, Tuple, TypeVar

T = TypeVar("T")


class Clock:
    """The machine's own clock. Times are seconds as floats."""

    def now(self) -> float:
        """Monotonic seconds; only differences mean something, and only within one process."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def since_boot(self) -> Optional[Tuple[str, float]]:
        """Which boot of which machine this is, and the seconds since then, suspended time included; None where there is no telling.

        Two processes on one machine can tell by it how much time lies between them, whatever is done to the wall clock.
        """
        try:
            with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:
                boot = stream.read().strip()
            return boot, time.clock_gettime(time.CLOCK_BOOTTIME)
        except (OSError, ValueError, AttributeError):
            return None

    def sleep(self, seconds: float) -> None:
        """Wait; zero and negative durations return at once."""
        if seconds > 0:
            time.sleep(seconds)

    def wait(self, results: "queue.SimpleQueue[T]", seconds: Optional[float], busy: bool) -> Optional[T]:
        """Wait up to *seconds* (None: without end) for an item of the queue; None when none came.

        *busy* says whether anything is under way that can put an item there: a clock that is not the machine's must not
        move time on while real work is being done.
        """
        try:
            if seconds is not None and seconds <= 0:
                return results.get_nowait()
            return results.get(timeout=seconds)
        except queue.Empty:
            return None
