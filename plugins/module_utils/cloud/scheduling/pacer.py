# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rate limit: evenly spaced requests without bursts, and fewer of them after a throttled answer."""

from __future__ import annotations

# The gap between requests grows to four times its size at most: if a service throttles at random, independent of the rate, a
# gate must still read all its jobs within an interval.
MAX_FACTOR = 4.0
# The rate changes in small steps and recovers slowly. With a quick recovery the service throttles again every other second, and
# with the waits in between the rate is little more than half of what the service allows.
STEP = 1.25
HALVED_AFTER = 50.0  # seconds of good answers after which the factor has halved
ONE_OVERLOAD = 1.0  # seconds in which throttled answers to requests that were open together count as one


class Pacer:
    """Determines when the next request may be sent.

    A burst of requests at the beginning of a second exceeds a quota per second, so requests are spaced evenly.

    :param rate: requests per second; 0 means no limit.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._gap = 1.0 / rate if rate > 0 else 0.0
        self._factor = 1.0
        self._slowed_at = self._changed_at = float("-inf")
        self._next = float("-inf")

    def at(self) -> float:
        """The time of the next free slot on the clock that :meth:`take` is given."""
        return self._next

    def take(self, now: float) -> None:
        """Use the slot at *now*; the next one is a gap later."""
        self._next = max(now, self._next) + self._gap * self._factor

    def throttled(self, now: float, wait: float) -> None:
        """The service asked to slow down: no request is sent for *wait* seconds, and fewer are sent after that."""
        if now >= self._slowed_at + ONE_OVERLOAD:
            self._factor = min(self._factor * STEP, MAX_FACTOR)
            self._slowed_at = now
        self._changed_at = now
        self._next = max(self._next, now + wait)

    def answered(self, now: float) -> None:
        """A request was successful: return towards the full rate."""
        self._factor = max(1.0, self._factor * 0.5 ** (max(0.0, now - self._changed_at) / HALVED_AFTER))
        self._changed_at = now
