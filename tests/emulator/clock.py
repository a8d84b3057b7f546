# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator's time: seconds since its start, real or set manually."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Seconds since the start. A manual clock does not move until `advance`."""

    def __init__(self, manual: bool) -> None:
        self.manual = manual
        self._offset = 0.0
        self._start = time.monotonic()
        self.epoch = time.time()
        """Unix time (seconds) of the start."""

    def now(self) -> float:
        """Emulator seconds since the start."""
        return self._offset if self.manual else self._offset + self.real()

    def real(self) -> float:
        """Real seconds since the start, for both kinds of clock."""
        return time.monotonic() - self._start

    def advance(self, seconds: float) -> float:
        """Move the time forward; a real clock jumps as well. Returns the new time."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._offset += seconds
        return self.now()

    def epoch_ms(self, seconds: float) -> int:
        """Epoch milliseconds of a moment in emulator seconds."""
        return int((self.epoch + seconds) * 1000)

    def restart(self) -> None:
        """Reset to zero."""
        self._offset = 0.0
        self._start = time.monotonic()
        self.epoch = time.time()


def iso_date(seconds: float) -> str:
    """ISO date, UTC, of Unix time in seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
