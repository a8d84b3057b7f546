# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The time of a gate: seconds since its first slice began."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from ..._clock import Clock
from .. import plain_data

# Seconds of the gate that have passed, and two other clocks at that moment.
_TESTS = plain_data.tests({"elapsed": float, "wall": float, "boot": Optional[Tuple[str, float]]})


class GateTime:
    """Converts between the clock and the gate's time.

    :param timeout: seconds after which the gate ends; None without a limit.
    :ivar slice_began: when this slice began, in seconds of the gate.
    """

    def __init__(self, clock: Clock, timeout: Optional[float]) -> None:
        self._clock = clock
        self._timeout = timeout
        self._start = clock.now()
        self._start_wall = clock.wall()
        self.slice_began = 0.0

    def at(self) -> float:
        """The current time."""
        return self._clock.now() - self._start

    def now(self) -> float:
        """The current time of the clock."""
        return self._clock.now()

    def on_clock(self, at: float) -> float:
        """A time of the gate as a time of the clock."""
        return self._start + at

    def of_clock(self, moment: float) -> float:
        """A time of the clock as a time of the gate."""
        return moment - self._start

    def is_past(self, at: float) -> bool:
        """Whether a time of the gate has come. Compared on the clock itself, where a sum that was waited for is reached exactly."""
        return self._clock.now() >= self._start + at

    @property
    def deadline(self) -> Optional[float]:
        """The end of the gate, as a time of the clock."""
        return None if self._timeout is None else self._start + self._timeout

    @property
    def ends_at(self) -> float:
        """The end of the gate, infinite without a limit."""
        return float("inf") if self._timeout is None else self._timeout

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return self.is_past(self.ends_at)

    def dump(self) -> Dict[str, Any]:
        """The time as plain data for the next slice."""
        return {"elapsed": self.at(), "wall": self._start_wall, "boot": self._clock.since_boot()}

    def load(self, data: Any) -> Tuple[float, bool]:
        """Continue from such data.

        :returns: when it was dumped, and whether the time since then is known for certain.
        :raises ValueError: the data is damaged.
        """
        plain_data.check(data, _TESTS)
        before, now, dumped_at = data["boot"], self._clock.since_boot(), float(data["elapsed"])
        if dumped_at < 0:
            raise ValueError("a time before the start")
        same_boot = before is not None and now is not None and before[0] == now[0] and now[1] >= before[1]
        if before is not None and now is not None and same_boot:
            self.slice_began = dumped_at + now[1] - before[1]
        else:
            # The time between the slices counts; a wall clock that was set back does not make it negative.
            self.slice_began = max(dumped_at, self._clock.wall() - data["wall"])
        self._start -= self.slice_began
        self._start_wall = data["wall"]
        return dumped_at, same_boot
