# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""One call on its way to an outcome, through as many requests as that takes."""

from __future__ import annotations

from typing import Optional

from ..._errors import RequestError
from ..calls import Call, Outcome
from ..credentials.base import Auth
from .tasks import RunningTask


class Attempt:
    """A call that has no outcome yet.

    :param task: the task that waits for the outcome; None for a call of the authenticator's own.
    :param place: position of the call in the batch of its task.
    :param deadline: on the session's clock; None for no deadline.
    :ivar tries: requests sent so far.
    :ivar number: number of the last request, counted over the whole session.
    :ivar auth: what the last request was signed with.
    :ivar is_refused: a request was refused, because its key had expired.
    :ivar error: how the last request failed.
    :ivar is_hanging: the last request was open for a long time without an answer.
    :ivar outcome: the answer or error, once the attempt is over.
    """

    __slots__ = (
        "auth",
        "call",
        "deadline",
        "error",
        "is_hanging",
        "is_refused",
        "number",
        "outcome",
        "place",
        "task",
        "tries",
    )

    def __init__(self, call: Call, task: Optional[RunningTask], place: int, deadline: Optional[float]) -> None:
        self.call = call
        self.task = task
        self.place = place
        self.deadline = deadline
        self.tries = 0
        self.number = 0
        self.auth: Optional[Auth] = None
        self.error: Optional[RequestError] = None
        self.is_hanging = False
        self.is_refused = False
        self.outcome: Optional[Outcome] = None

    def is_overdue(self, now: float) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and now >= self.deadline
