# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""When the next request may be sent: all limits in one place."""

from __future__ import annotations

from ..authentication.credential_trial import CredentialTrial
from ..http.exchange import Exchange
from .attempt import Attempt
from .open_requests import OpenRequests
from .pacer import Pacer

POLL_OTHER_PROCESSES = 0.5  # seconds between two checks of other processes with the same credentials


class RequestLimits:
    """The rate limit, the limits while credentials are on trial, and the number of open requests.

    :param requests_per_second: rate limit, 0 for none.
    :param workers: the largest number of open requests.
    """

    def __init__(self, requests_per_second: float, workers: int) -> None:
        self.pacer = Pacer(requests_per_second)
        self.trial = CredentialTrial()
        self.open = OpenRequests(workers)
        self._other_processes_until = float("-inf")

    def next_at(self, now: float) -> float:
        """When the next request may be sent, if no answer comes before; infinite if an answer has to come first."""
        return max(self.pacer.at(), self.trial.next_at(now), self.open.next_at(now), self._other_processes_until)

    def wait_for_other_processes(self, now: float) -> None:
        """Other processes have used up the requests that are allowed for credentials on trial."""
        self._other_processes_until = now + POLL_OTHER_PROCESSES

    def add(self, exchange: Exchange, attempt: Attempt) -> None:
        """A request is sent."""
        self.pacer.take(exchange.sent_at)
        self.trial.sent(attempt.number, exchange.sent_at, exchange.bound)
        self.open.add(exchange, attempt)
