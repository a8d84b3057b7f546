# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Request quotas: how many requests a user, or an API, may have in any one second."""

from __future__ import annotations

from collections import deque

WINDOW = 1.0
"""Length of the sliding window in seconds."""


class SlidingWindow:
    """Counts the accepted requests of the last second, by key."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def full(self, key: str, limit: int, now: float) -> bool:
        """Whether `limit` requests (0: no limit) of this key were let through in the second before `now`."""
        if limit <= 0:
            return False
        times = self._times.get(key)
        if times is None:
            return False
        while times and times[0] <= now - WINDOW:
            times.popleft()
        return len(times) >= limit

    def count(self, key: str, now: float) -> None:
        """Record an accepted request."""
        self._times.setdefault(key, deque()).append(now)

    def reset(self) -> None:
        """Forget everything."""
        self._times.clear()
