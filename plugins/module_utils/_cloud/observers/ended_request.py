# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""What a session reports of each request that it has sent: how it ended. Observers get it, for the request log and for recordings.

Every attempt is reported, also one that is repeated later, that the credentials needed, or whose answer is no longer awaited.
"""

from __future__ import annotations

from typing import NamedTuple, Optional, Protocol, Sequence

from ..calls import Call
from ..http.exchange import Answer, Exchange
from ..http.transport_errors import explain

NO_ANSWER = "no answer in time"
GIVEN_UP = "given up"


class EndedRequest(NamedTuple):
    """A request that is over. Exactly one of *answer* and *problem* is set.

    :ivar url: as it was sent.
    :ivar sent_at: seconds on the session's clock.
    :ivar seconds: from sending it to its end.
    :ivar answer: its data is the body as bytes, or None where the body was not read.
    :ivar problem: in a few words, why there was no answer.
    """

    call: Call
    url: str
    sent_at: float
    seconds: float
    answer: Optional[Answer]
    problem: Optional[str]


class Observer(Protocol):
    """Learns of each request that is over. It never raises an error, because it must not change the result of a gate."""

    def ended(self, request: EndedRequest) -> None:
        """A request is over."""


def report(observers: Sequence[Observer], call: Call, exchange: Exchange, now: float, given_up: bool = False) -> None:
    """Tell all observers that an exchange is over.

    :param given_up: its answer is no longer awaited, because all tasks were dropped.
    """
    if not observers:
        return
    outcome = exchange.settle()
    answer = outcome if isinstance(outcome, Answer) else None
    problem = None
    if isinstance(outcome, BaseException):
        problem = explain(outcome)[1]
    elif outcome is None:
        problem = GIVEN_UP if given_up else NO_ANSWER
    ended = EndedRequest(call, exchange.prepared.url, exchange.sent_at, now - exchange.sent_at, answer, problem)
    for observer in observers:
        observer.ended(ended)
