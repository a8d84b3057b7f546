# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The ceiling of requests per second: even spacing, no bursts, slower for everyone after a throttled answer."""

from __future__ import annotations

# No slower than a quarter of the ceiling: a service that refuses at random, at any rate, must not keep a gate from reading
# all its jobs within an interval.
_SLOWEST = 4.0
# Slow down a little and recover slowly: a client that soon returns to the refused rate is refused again every other
# second, waits each time, and gets little more than half of what the service would let through. But where one answer in a hundred
# is a refusal, at any rate, the pace must stay near the ceiling.
_SLOWER = 1.07
_HALVED_AFTER = 50.0  # seconds of good answers after which the gap has halved again
_OVERLOAD = 1.0  # seconds in which the refusals of requests that were under way together count as one


class Pacer:
    """Says when the next request may be sent.

    A bucket that lets a second's worth through at once runs into a quota counted per second, so requests are spaced evenly.

    :param rate: requests per second; 0 means no ceiling.
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
        """The service throttled a request: none is sent for *wait* seconds, and later ones at a lower rate."""
        if now >= self._slowed_at + _OVERLOAD:
            self._factor = min(self._factor * _SLOWER, _SLOWEST)
            self._slowed_at = now
        self._changed_at = now
        self._next = max(self._next, now + wait)

    def answered(self, now: float) -> None:
        """A request succeeded: return towards the full rate."""
        self._factor = max(1.0, self._factor * 0.5 ** (max(0.0, now - self._changed_at) / _HALVED_AFTER))
        self._changed_at = now
