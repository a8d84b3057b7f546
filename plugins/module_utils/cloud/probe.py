# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests may be under way before the credentials have proved good.

More than five failed signatures in a row lock an access key, so the first request goes alone. A request that hangs must not
hold up all others either: after some seconds without an answer the next one is sent, up to a number that cannot lock a key.
"""

from __future__ import annotations

from typing import Set

MAX_UNPROVEN = 4  # requests before any answer
NEXT_AFTER = 5.0  # seconds without an answer after which the next request is sent
NEXT_AFTER_PROOF = 1.0  # the same for credentials that have been good before
IDLE_AFTER = 0.5  # seconds without an answer after which the credentials have to prove good anew: keys end in pauses


class Probe:
    """Counts requests by number. Times are seconds on the session's clock."""

    def __init__(self) -> None:
        self._proven = False
        self._flying: Set[int] = set()  # unproven requests under way
        self._count = 0  # unproven requests sent that have not been answered
        self._last_sent = float("-inf")
        self._last_answer = float("-inf")
        self._next_after = NEXT_AFTER

    @property
    def proven(self) -> bool:
        """Whether the credentials have proved good since the last pause."""
        return self._proven

    @property
    def waits(self) -> bool:
        """Whether a request is under way that has to prove the credentials good."""
        return not self._proven and bool(self._flying)

    def may_send(self, now: float) -> bool:
        """Whether another request may be sent at *now*."""
        if self._proven or not self._flying:
            return True
        return self._count < MAX_UNPROVEN and now >= self._last_sent + self._next_after

    def next_at(self, now: float) -> float:
        """When another request may be sent, if nothing is answered before; infinite where only an answer can help."""
        if self.may_send(now):
            return now
        return self._last_sent + self._next_after if self._count < MAX_UNPROVEN else float("inf")

    def sent(self, number: int, now: float) -> None:
        """Request *number* was sent."""
        if self._proven and now - max(self._last_answer, self._last_sent) > IDLE_AFTER:
            self._proven, self._count = False, 0
            self._flying.clear()
        self._last_sent = now
        if not self._proven:
            self._flying.add(number)
            self._count += 1

    def ended(self, number: int, now: float, answered: bool, proof: bool) -> None:
        """Request *number* is over.

        :param answered: there was an answer.
        :param proof: the answer shows that the credentials are good.
        """
        if number in self._flying:
            self._flying.discard(number)
            if answered:
                self._count -= 1
        if answered:
            self._last_answer = now
        if proof:
            self._proven, self._count, self._next_after = True, 0, NEXT_AFTER_PROOF
            self._flying.clear()

    def renew(self) -> None:
        """Other credentials are used from now on."""
        self._next_after = NEXT_AFTER
        self._proven, self._count = False, 0
        self._flying.clear()
