# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ceiling of requests per second: even spacing, no bursts, slower for everyone after a throttled answer."""

from __future__ import annotations

_SLOWEST = 8.0
_LONGEST_GAP = (
    2.0  # seconds; a low ceiling is not slowed down beyond that, because a gate must go on looking at its jobs
)
_RECOVERY = 0.9


class Pacer:
    """Says when the next request may be sent.

    A bucket that lets a second's worth through at once runs into a quota counted per second, so requests are spaced evenly.

    :param rate: requests per second; 0 means no ceiling.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._gap = 1.0 / rate if rate > 0 else 0.0
        self._factor = 1.0
        self._next = float("-inf")

    def at(self) -> float:
        """The time of the next free slot on the clock that :meth:`take` is given."""
        return self._next

    def take(self, now: float) -> None:
        """Use the slot at *now*; the next one is a gap later."""
        self._next = max(now, self._next) + self._gap * self._factor

    def throttled(self, now: float, wait: float) -> None:
        """The service asked to slow down: nobody sends for *wait* seconds, and after that at a lower rate."""
        longest = max(1.0, _LONGEST_GAP / self._gap) if self._gap else 1.0
        self._factor = min(self._factor * 2, _SLOWEST, longest)
        self._next = max(self._next, now + wait)

    def answered(self) -> None:
        """A request went well: come back towards the full rate."""
        self._factor = max(1.0, self._factor * _RECOVERY)
