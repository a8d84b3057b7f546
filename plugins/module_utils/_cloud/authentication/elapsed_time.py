# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Times that another process on the same machine can compare with its own."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, Mapping, Optional

_BOOT_ID = "/proc/sys/kernel/random/boot_id"


class ElapsedTime:
    """Points in time as plain data, and how long ago they were.

    The time since the boot of the machine counts, because a change of the wall clock does not affect it. After another boot
    the wall clock counts.

    :param wall: gives seconds since the epoch.
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._boot: Optional[str] = None

    def now(self) -> Dict[str, Any]:
        """The present, as plain data."""
        return {"boot": self.boot(), "up": self.up(), "wall": self._wall()}

    def age(self, then: Mapping[str, Any]) -> Optional[float]:
        """Seconds since *then*; None if it is in the future or not a point in time."""
        same = then.get("boot") is not None and then.get("boot") == self.boot()
        name, now = ("up", self.up()) if same else ("wall", self._wall())
        value = then.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 <= now - value < float("inf"):
            return None
        return now - value

    def up(self) -> float:
        """Seconds since the boot of the machine, with suspended time where the system counts it."""
        clock = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if clock is None else time.clock_gettime(clock)

    def boot(self) -> Optional[str]:
        """An ID of the boot of the machine; None where the system has none."""
        if self._boot is None:
            try:
                with open(_BOOT_ID, encoding="ascii") as stream:
                    self._boot = stream.read(64).strip()
            except (OSError, ValueError):
                self._boot = ""
        return self._boot or None
