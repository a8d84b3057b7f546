# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Decides whether a session may send with its credentials, from what other processes have recorded about them."""

from __future__ import annotations

from typing import List, Optional, Sequence

from ..._clock import Clock
from ..._error_codes import refuses_key
from ..._errors import DENIED, TRANSIENT, UNREACHED, RequestError
from ..endpoints import cloud_of
from ..options import Connection
from .credential_records import MAX_TRIAL_TURNS, NEXT_TURN_AFTER, CredentialRecords, Refusal, Turn
from .elapsed_time import ElapsedTime

_POLL = 0.05  # seconds between two readings of the records of other processes


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


class CredentialAdmission:
    """Admits requests with the credentials of one session.

    :param connection: checked options.
    :param records: of all processes; by default those of this user on this machine.
    """

    def __init__(self, connection: Connection, clock: Clock, records: Optional[CredentialRecords] = None) -> None:
        self._connection = connection
        self._clock = clock
        self._records = records or CredentialRecords(times=ElapsedTime(clock.wall))
        self._clouds = list(
            dict.fromkeys(cloud_of(_host(url), connection.region) for url in connection.endpoints.values())
        )
        self._parts: Optional[List[str]] = None
        self._digests: List[str] = []
        self._turns: List[Turn] = []
        self._is_accepted = False  # in this session

    def admit(self, parts: Sequence[str], deadline: Optional[float]) -> None:
        """Return as soon as a request may be sent with these credentials.

        At first a single process tries credentials that have not been accepted yet. If it gets no answer for NEXT_TURN_AFTER
        seconds, other processes send as well, up to MAX_TRIAL_TURNS in total.

        :param parts: all parts of the credentials; empty while they are unknown.
        :raises RequestError: they were refused a short while ago, or there is no turn before the deadline.
        """
        if not parts:
            return
        if self._parts != list(parts):
            self.close()
            self._parts, self._is_accepted = list(parts), False
            self._digests = self._records.digests(parts, self._clouds)
        self._raise_refusal()
        if self._is_accepted or self._turns:
            return
        began = self._clock.now()
        longest = began + NEXT_TURN_AFTER + self._connection.request_timeout
        while not self._may_begin(self._clock.now() - began):
            now = self._clock.now()
            if now >= (longest if deadline is None else deadline):
                raise RequestError(
                    TRANSIENT if deadline is None else UNREACHED,
                    f"{MAX_TRIAL_TURNS} other requests with these credentials wait for their first answer",
                )
            self._clock.sleep(_POLL if deadline is None else min(_POLL, deadline - now))
            self._raise_refusal()
        try:
            # The process that had this turn before may have been refused since the last look.
            self._raise_refusal()
        except RequestError:
            self.close()
            raise

    def _may_begin(self, waited: float) -> bool:
        if self._records.is_accepted(self._digests[0]):
            return True
        turns = 1 if waited < NEXT_TURN_AFTER else MAX_TRIAL_TURNS
        return any(self._take(number) for number in range(turns))

    def _take(self, number: int) -> bool:
        turn = self._records.take_turn(self._digests[0], number)
        if turn is not None:
            self._turns.append(turn)
        return turn is not None

    def may_send_another(self) -> bool:
        """Whether one more request may be sent although none has been answered yet.

        With credentials on trial, at most MAX_TRIAL_TURNS requests of all processes may be open.
        """
        if self._is_accepted or (self._digests and self._records.is_accepted(self._digests[0])):
            return True
        if not self._digests:  # credentials that have to be requested first, such as a token
            self._turns.append(Turn(None))
            return len(self._turns) < MAX_TRIAL_TURNS
        return len(self._turns) < MAX_TRIAL_TURNS and any(self._take(number) for number in range(MAX_TRIAL_TURNS))

    def accept(self) -> None:
        """A service has accepted the credentials."""
        if self._digests and not self._is_accepted:
            self._is_accepted = True
            self._records.accept(self._digests[0])
        self.close()

    def refuse(self, error: RequestError) -> None:
        """A service has refused the credentials. A refusal because of a wrong clock is not recorded."""
        if self._digests and refuses_key(error.status, error.error_code):
            refused_by = cloud_of(error.host, self._connection.region)
            for cloud, digest in zip(self._clouds, self._digests):
                if cloud == refused_by or refused_by not in self._clouds:
                    self._records.refuse(digest, error.status, error.error_code, error.locked)
        self._is_accepted = False
        self.close()

    def close(self) -> None:
        """End the turns of this session, so that other processes can have them."""
        for turn in self._turns:
            turn.end()
        self._turns.clear()

    def _raise_refusal(self) -> None:
        for digest in self._digests:
            found = self._records.refusal(digest)
            if found is not None:
                raise self._error(found)

    def _error(self, found: Refusal) -> RequestError:
        credentials = self._connection.credentials
        summary = f"these credentials were refused {_seconds(found.ago)} ago ({credentials.source})"
        if found.locked:
            summary = f"the access key is locked after too many failed signatures ({credentials.source})"
            hint = f"find what keeps signing wrongly with it and stop it, then wait {_seconds(found.left)}"
        else:
            hint = (
                f"nothing is sent with them for {_seconds(found.left)}, because more failures lock the key; "
                f"check {credentials.what}"
            )
        return RequestError(
            DENIED, summary, status=found.status, error_code=found.code, hint=hint, refused=True, locked=found.locked
        )


def _seconds(value: float) -> str:
    whole = int(value + 0.5)
    minutes, seconds = divmod(whole, 60)
    return f"{minutes} min {seconds} s" if minutes and seconds else f"{minutes} min" if minutes else f"{seconds} s"
