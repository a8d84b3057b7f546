# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Limits the requests of a session until the credentials have been accepted.

More than five failed signatures in a row lock an access key, so the first request is sent alone. But a request that hangs must
not hold up all others: after some seconds without an answer the next one is sent, up to a number that cannot lock a key.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

MAX_TRIAL_REQUESTS = 4  # requests without an answer
NEXT_AFTER = 5.0  # seconds without an answer after which the next request is sent
NEXT_AFTER_PROOF = 1.0  # the same, for credentials that have been accepted before
MAX_OPEN_SECONDS = 86400.0  # a longer time for an open request of another process is invalid
IDLE_AFTER = 0.5  # seconds without an answer after which a new trial begins, because keys expire in pauses


class CredentialTrial:
    """Keeps count of the requests on trial. Times are seconds on the session's clock."""

    def __init__(self) -> None:
        self._is_over = False
        # Open requests on trial, with those that were given up: number -> when it ends at the latest.
        self._open: Dict[int, float] = {}
        self._count = 0  # requests on trial that have not been answered
        self._last_sent = float("-inf")
        self._last_answer = float("-inf")
        self._next_after = NEXT_AFTER

    @property
    def is_over(self) -> bool:
        """Whether the credentials have been accepted since the last pause."""
        return self._is_over

    @property
    def is_waiting(self) -> bool:
        """Whether a request on trial is open."""
        return not self._is_over and bool(self._open)

    def may_send(self, now: float) -> bool:
        """Whether another request may be sent at *now*."""
        for number in [number for number, bound in self._open.items() if bound <= now]:
            del self._open[number]
        if self._is_over or not self._open:
            return True
        return now >= self._next_at()

    def next_at(self, now: float) -> float:
        """When another request may be sent, if no answer comes before. At the limit this is the end of the last open request."""
        if self.may_send(now):
            return now
        return self._next_at()

    def _next_at(self) -> float:
        """When the next request may be sent while some on trial are open."""
        if self._count < MAX_TRIAL_REQUESTS or self._next_after < NEXT_AFTER:
            # With credentials that were accepted before, a few requests that hang or break must not hold up all others.
            return self._last_sent + self._next_after
        return max(self._open.values())

    def sent(self, number: int, now: float, bound: float) -> None:
        """Request *number* was sent; it ends at *bound* at the latest."""
        if self._is_over and now - max(self._last_answer, self._last_sent) > IDLE_AFTER:
            self._is_over, self._count = False, 0
            self._open.clear()
        self._last_sent = now
        if not self._is_over:
            self._open[number] = bound
            self._count += 1

    def ended(self, number: int, now: float, answered: bool, proof: bool) -> None:
        """Request *number* is over.

        :param answered: there was an answer.
        :param proof: the answer shows that the credentials are accepted.
        """
        if self._open.pop(number, None) is not None and answered:
            self._count -= 1
        if answered:
            self._last_answer = now
        if proof:
            self._is_over, self._count, self._next_after = True, 0, NEXT_AFTER_PROOF
            self._open.clear()

    def renew(self) -> None:
        """Other credentials are used from now on."""
        self._next_after = NEXT_AFTER
        self._is_over, self._count = False, 0
        self._open.clear()

    def remember(self, now: float) -> Optional[List[float]]:
        """The open requests on trial, for another process that continues with the same credentials.

        :returns: seconds since the last request, and for each one on trial the seconds until it ends; None if there is none.
        """
        left = [bound - now for bound in self._open.values() if bound > now]
        return [now - self._last_sent, *left] if left else None

    def recall(self, learned: Any, then: float) -> None:
        """Take over what :meth:`remember` returned in another process at the time *then* of this clock.

        :raises ValueError: *learned* has another form.
        """
        if learned is None:
            return
        if not isinstance(learned, list) or len(learned) < 2 or any(type(item) not in (int, float) for item in learned):
            raise ValueError("not the open requests of a session")
        ago, left = learned[0], learned[1 : MAX_TRIAL_REQUESTS + 1]
        if ago < 0 or not all(0 < seconds < MAX_OPEN_SECONDS for seconds in left):
            raise ValueError("not their times")
        self._last_sent = then - ago
        self._open = {-number: then + seconds for number, seconds in enumerate(left, 1)}
        self._count = len(left)
