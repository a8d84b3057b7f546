# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The attempts that wait to be sent, and whose turn it is."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from contextlib import contextmanager
from typing import Deque, Iterable, Iterator, List, Optional, Tuple

from ..authentication.credential_trial import MAX_TRIAL_REQUESTS
from .attempt import Attempt
from .unanswered_calls import UnansweredCalls

NEVER = float("inf")
AT_ONCE = float("-inf")


class AttemptQueue:
    """New attempts in their order, and retries by their time.

    :param unanswered: the calls that ended without an answer.
    :ivar exclusive: the one attempt that is sent while credentials are obtained; None at any other time.
    """

    def __init__(self, unanswered: UnansweredCalls) -> None:
        self.exclusive: Optional[Attempt] = None
        self._unanswered = unanswered
        self._new: Deque[Attempt] = deque()
        self._retries: List[Tuple[float, int, Attempt]] = []  # a heap: not before, order, attempt
        self._order = itertools.count(1)

    def __bool__(self) -> bool:
        return bool(self._new or self._retries)

    @property
    def has_new(self) -> bool:
        """Whether an attempt waits for its first request."""
        return bool(self._new)

    def add(self, attempts: Iterable[Attempt], is_urgent: bool = False) -> None:
        """Add new attempts: urgent ones before all others, the rest after them."""
        if is_urgent:
            self._new.extendleft(attempts)
        else:
            self._new.extend(attempts)

    def put_back(self, attempt: Attempt) -> None:
        """Make a new attempt the first one again."""
        self._new.appendleft(attempt)

    def retry(self, attempt: Attempt, at: float) -> None:
        """Send an attempt again, not before *at*."""
        heapq.heappush(self._retries, (at, next(self._order), attempt))

    def clear(self) -> None:
        """Drop everything."""
        self._new.clear()
        self._retries.clear()
        self.exclusive = None

    @contextmanager
    def only(self, attempt: Attempt) -> Iterator[None]:
        """Send only *attempt* within the block."""
        before, self.exclusive = self.exclusive, attempt
        try:
            yield
        finally:
            self.exclusive = before
            self._retries = [item for item in self._retries if item[2] is not attempt]
            heapq.heapify(self._retries)

    def deadlines(self) -> List[float]:
        """The deadlines of all that wait."""
        waiting = itertools.chain((attempt for dummy, dummy2, attempt in self._retries), self._new)
        return [attempt.deadline for attempt in waiting if attempt.deadline is not None]

    def overdue(self, now: float) -> List[Attempt]:
        """The attempts whose deadline has passed; retries come first."""
        waiting = itertools.chain((attempt for dummy, dummy2, attempt in self._retries), self._new)
        return [attempt for attempt in waiting if attempt.is_overdue(now)]

    def remove(self, attempts: Iterable[Attempt]) -> None:
        """Remove attempts that no longer wait."""
        gone = set(map(id, attempts))
        if gone:
            self._retries = [item for item in self._retries if id(item[2]) not in gone]
            heapq.heapify(self._retries)
            self._new = deque(attempt for attempt in self._new if id(attempt) not in gone)

    def next_at(self) -> float:
        """When an attempt is due, apart from any limit on requests; NEVER where none waits."""
        if self.exclusive is not None:
            return self._exclusive_at(self.exclusive)
        if self._new and not self._is_cut_off():
            return AT_ONCE
        return self._retries[0][0] if self._retries else NEVER

    def take(self, now: float, is_trial_over: bool) -> Optional[Attempt]:
        """Remove the attempt whose turn it is; None where none is due. A retry comes before a new attempt.

        :param is_trial_over: the credentials have been accepted.
        """
        if self.exclusive is not None:
            return self._take_exclusive(self.exclusive, now)
        if self._retries and self._retries[0][0] <= now:
            last = self._retries[0][2].error
            had_no_answer = last is not None and last.status is None
            # Until the credentials have been accepted, an unanswered request waits behind the first requests of other calls:
            # one of those may be answered.
            if not (had_no_answer and self._new and not is_trial_over) or self._is_cut_off():
                return heapq.heappop(self._retries)[2]
        return self._new.popleft() if self._new else None

    def _exclusive_at(self, attempt: Attempt) -> float:
        times = [at for at, dummy, waiting in self._retries if waiting is attempt]
        if times:
            return times[0]
        return NEVER if attempt.tries else AT_ONCE

    def _take_exclusive(self, attempt: Attempt, now: float) -> Optional[Attempt]:
        retry = next((item for item in self._retries if item[2] is attempt), None)
        if retry is None:
            return None if attempt.tries else attempt
        if retry[0] > now:
            return None
        self._retries.remove(retry)
        heapq.heapify(self._retries)
        return attempt

    def _is_cut_off(self) -> bool:
        """Whether enough connections broke before any answer to send only retries and no further call.

        Calls that hang do not count, because another call may still be answered.
        """
        if self._unanswered.service_has_answered or not self._retries:
            return False
        broken = sum(not attempt.is_hanging for dummy, dummy2, attempt in self._retries)
        return len(self._unanswered) + broken >= MAX_TRIAL_REQUESTS
