# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clocks for tests that talk to real servers without waiting."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, TypeVar

from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock

if TYPE_CHECKING:
    from tests.emulator import Emulator

T = TypeVar("T")
LONG = 30.0  # far more than anything here takes, far less than what would be waited for wrongly


class JumpClock(Clock):
    """Time does not pass while a request is under way, and jumps over every other wait."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)

    def wait(self, results: queue.SimpleQueue[T], seconds: float | None, busy: bool) -> T | None:
        if busy and (seconds is None or seconds > 0):
            return results.get(timeout=LONG)
        assert seconds is not None, "a wait without end"
        self.sleep(seconds)
        try:
            return results.get_nowait()
        except queue.Empty:
            return None


class CloudClock(Clock):
    """Moves the emulator's time with its own. An answer takes a moment, or the last one would come after the deadline."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def since_boot(self) -> tuple[str, float]:
        """All gates on one emulator are on one machine."""
        return "emulator", self.emulator.time

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.time += seconds
            self.emulator.advance(seconds)

    def wait(self, results: queue.SimpleQueue[T], seconds: float | None, busy: bool) -> T | None:
        if busy and (seconds is None or seconds > 0):
            result = results.get(timeout=30)
            self.sleep(0.001)
            return result
        assert seconds is not None, "a wait without end"
        self.sleep(seconds)
        try:
            return results.get_nowait()
        except queue.Empty:
            return None
