# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests may be under way before the credentials have proved good.

More than five failed signatures in a row lock an access key, so the first request goes alone. A request that hangs must not
hold up all others either: after some seconds without an answer the next one is sent, up to a number that cannot lock a key.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

MAX_UNPROVEN = 4  # requests before any answer
NEXT_AFTER = 5.0  # seconds without an answer after which the next request is sent
NEXT_AFTER_PROOF = 1.0  # the same for credentials that have been good before
MAX_UNDER_WAY = 86400.0  # seconds; what another process says of its requests is not believed beyond that
IDLE_AFTER = 0.5  # seconds without an answer after which the credentials have to prove good anew: keys end in pauses


class CredentialTrial:
    """Counts requests by number. Times are seconds on the session's clock."""

    def __init__(self) -> None:
        self._proven = False
        self._flying: Dict[
            int, float
        ] = {}  # unproven requests under way, those that nobody waits for any more included: when each ends
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
        for number in [number for number, bound in self._flying.items() if bound <= now]:
            del self._flying[number]
        if self._proven or not self._flying:
            return True
        return now >= self._next_at()

    def next_at(self, now: float) -> float:
        """When another request may be sent, if nothing is answered before; where only the end of a request can help, when the last one ends."""
        if self.may_send(now):
            return now
        return self._next_at()

    def _next_at(self) -> float:
        """When the next one may be sent while unproven ones are under way."""
        if self._count < MAX_UNPROVEN or self._next_after < NEXT_AFTER:
            # Where they were good before, a few jobs whose requests hang or break must not hide all others.
            return self._last_sent + self._next_after
        return max(self._flying.values())

    def sent(self, number: int, now: float, bound: float) -> None:
        """Request *number* was sent; it ends at *bound* at the latest."""
        if self._proven and now - max(self._last_answer, self._last_sent) > IDLE_AFTER:
            self._proven, self._count = False, 0
            self._flying.clear()
        self._last_sent = now
        if not self._proven:
            self._flying[number] = bound
            self._count += 1

    def ended(self, number: int, now: float, answered: bool, proof: bool) -> None:
        """Request *number* is over.

        :param answered: there was an answer.
        :param proof: the answer shows that the credentials are good.
        """
        if self._flying.pop(number, None) is not None and answered:
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

    def remember(self, now: float) -> Optional[List[float]]:
        """For another process that goes on with the same credentials.

        :returns: how long ago the last request was sent, and for how long each unproven one may still be under way; None where
            there is none.
        """
        left = [bound - now for bound in self._flying.values() if bound > now]
        return [now - self._last_sent, *left] if left else None

    def recall(self, learned: Any, then: float) -> None:
        """Take over what :meth:`remember` returned elsewhere at the time *then* of this clock.

        :raises ValueError: it is not that.
        """
        if learned is None:
            return
        if not isinstance(learned, list) or len(learned) < 2 or any(type(item) not in (int, float) for item in learned):
            raise ValueError("not the requests under way")
        ago, left = learned[0], learned[1 : MAX_UNPROVEN + 1]
        if ago < 0 or not all(0 < seconds < MAX_UNDER_WAY for seconds in left):
            raise ValueError("not their times")
        self._last_sent = then - ago
        self._flying = {-number: then + seconds for number, seconds in enumerate(left, 1)}
        self._count = len(left)
