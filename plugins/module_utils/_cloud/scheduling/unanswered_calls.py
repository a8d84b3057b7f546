# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Calls that ended without any answer while the service has not answered anything.

A single call without an answer may be the fault of its job. When the service answers another call, these calls end as failures
of single jobs. When several end this way in a row, the service as a whole is taken to be out of reach.
"""

from __future__ import annotations

from typing import List

from .attempt import Attempt

MAX_UNANSWERED_CALLS = 2  # consecutive ones; waiting for a hundred calls in turn would take hours


class UnansweredCalls:
    """Keeps these calls until their meaning is known.

    :ivar service_has_answered: any request of this session has been answered.
    """

    def __init__(self) -> None:
        self.service_has_answered = False
        self._attempts: List[Attempt] = []

    def __len__(self) -> int:
        return len(self._attempts)

    def add(self, attempt: Attempt) -> bool:
        """Keep a call. Returns whether there are enough to treat the service as unreachable."""
        self._attempts.append(attempt)
        return len(self._attempts) >= MAX_UNANSWERED_CALLS

    def any_overdue(self, now: float) -> bool:
        """Whether the deadline of one of them has passed."""
        return any(attempt.is_overdue(now) for attempt in self._attempts)

    def take_all(self) -> List[Attempt]:
        """Remove and return all."""
        attempts, self._attempts = self._attempts, []
        return attempts
