# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The requests that have been sent and not been answered yet, and how many more may be open beside them."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from ..http.exchange import Exchange
from .attempt import Attempt

# A request that has been open for longer does not occupy a worker: many that hang must not hold up the others.
HANGING_AFTER = 5.0  # seconds
MAX_OPEN_REQUESTS = 64  # those that hang included


class OpenRequests:
    """Open exchanges, each with the attempt that it belongs to.

    :param workers: the largest number of open requests, those that hang not counted.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._open: Dict[int, Tuple[Exchange, Attempt]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, exchange: Exchange, attempt: Attempt) -> None:
        """An exchange begins."""
        self._open[id(exchange)] = (exchange, attempt)

    def remove(self, exchange: Exchange) -> Optional[Attempt]:
        """End an exchange; returns its attempt, None if it timed out before."""
        return self._open.pop(id(exchange), (exchange, None))[1]

    def give_up_all(self) -> List[Tuple[Exchange, Attempt]]:
        """Do not read any of the answers. Returns what was open."""
        dropped = list(self._open.values())
        for exchange, dummy in dropped:
            exchange.given_up.set()
        self._open.clear()
        return dropped

    def belongs_to(self, attempt: Attempt) -> bool:
        """Whether a request of this attempt is open."""
        return any(item is attempt for dummy, item in self._open.values())

    def expired(self, now: float) -> List[Exchange]:
        """The exchanges whose time is up."""
        return [exchange for exchange, dummy in self._open.values() if exchange.bound <= now]

    def bounds(self) -> List[float]:
        """When each of them times out at the latest."""
        return [exchange.bound for exchange, dummy in self._open.values()]

    def next_at(self, now: float) -> float:
        """When one more request may be open if none of these ends; infinite if one of them has to end first."""
        if len(self._open) < self._workers:
            return now
        if len(self._open) >= MAX_OPEN_REQUESTS:
            return float("inf")
        recent = sorted(
            exchange.sent_at for exchange, dummy in self._open.values() if now - exchange.sent_at < HANGING_AFTER
        )
        return now if len(recent) < self._workers else recent[len(recent) - self._workers] + HANGING_AFTER
