# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a session may send with its credentials, given what other processes know about them."""

from __future__ import annotations

import ipaddress
from typing import List, Optional, Sequence

from ..clock import Clock
from ..errors import DENIED, TRANSIENT, UNREACHED, RequestError, refuses_key
from ..options import HOST_PREFIX, Connection
from .credential_records import MAX_UNPROVED, PATIENCE, CredentialRecords, Refusal, Times, Turn

_POLL = 0.05  # seconds between two looks at what another process has found out


def cloud_of(host: str, region: Optional[str]) -> str:
    """What tells one cloud from another: keys are known to all services and regions of a cloud.

    :param host: host of a service, with its port where it has one.
    :returns: the domain of ``service.region.domain``; the whole host where its name has another form.
    """
    name, colon, port = host.lower().rpartition(":") if not host.endswith("]") else (host.lower(), "", "")
    if not colon:
        name, port = host.lower(), ""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        labels = name.split(".")
        if labels[0] in HOST_PREFIX.values() and len(labels) > 2:
            labels = labels[1:]
            if region and labels[0] == region.lower() and len(labels) > 2:
                labels = labels[1:]
        name = ".".join(labels)
    return f"{name}:{port}" if port else name


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


class CredentialAdmission:
    """What is known about the credentials of one session.

    :param connection: checked options.
    :param account: what all processes know; by default that of this user on this machine.
    """

    def __init__(self, connection: Connection, clock: Clock, account: Optional[CredentialRecords] = None) -> None:
        self._connection = connection
        self._clock = clock
        self._account = account or CredentialRecords(times=Times(clock.wall))
        self._clouds = list(
            dict.fromkeys(cloud_of(_host(url), connection.region) for url in connection.endpoints.values())
        )
        self._parts: Optional[List[str]] = None
        self._digests: List[str] = []
        self._turns: List[Turn] = []
        self._is_proved = False  # by this session

    def admit(self, parts: Sequence[str], deadline: Optional[float]) -> None:
        """Return once something may be sent with credentials.

        Those that have not proved good are tried by one process first. Where it gets no answer for PATIENCE seconds, others
        send as well, MAX_UNPROVED in all.

        :param parts: all parts of the credentials; empty where they are not known yet.
        :raises RequestError: they were refused lately, or the turn does not come before the deadline.
        """
        if not parts:
            return
        if self._parts != list(parts):
            self.close()
            self._parts, self._is_proved = list(parts), False
            self._digests = self._account.digests(parts, self._clouds)
        self._raise_refusal()
        if self._is_proved or self._turns:
            return
        began = self._clock.now()
        longest = began + PATIENCE + self._connection.request_timeout
        while not self._may_begin(self._clock.now() - began):
            now = self._clock.now()
            if now >= (longest if deadline is None else deadline):
                raise RequestError(
                    TRANSIENT if deadline is None else UNREACHED,
                    f"{MAX_UNPROVED} other requests with these credentials wait for their first answer",
                )
            self._clock.sleep(_POLL if deadline is None else min(_POLL, deadline - now))
            self._raise_refusal()
        try:
            # Between the last look and this turn, the process that had the turn may have been refused.
            self._raise_refusal()
        except RequestError:
            self.close()
            raise

    def _may_begin(self, waited: float) -> bool:
        if self._account.is_proved(self._digests[0]):
            return True
        turns = 1 if waited < PATIENCE else MAX_UNPROVED
        return any(self._take(number) for number in range(turns))

    def _take(self, number: int) -> bool:
        turn = self._account.take_turn(self._digests[0], number)
        if turn is not None:
            self._turns.append(turn)
        return turn is not None

    def another(self) -> bool:
        """Whether one more request may be sent although none has been answered yet.

        At most MAX_UNPROVED of all processes may be under way with credentials that have not proved good.
        """
        if self._is_proved or (self._digests and self._account.is_proved(self._digests[0])):
            return True
        if not self._digests:  # credentials that have to be requested first
            self._turns.append(Turn(None))
            return len(self._turns) < MAX_UNPROVED
        return len(self._turns) < MAX_UNPROVED and any(self._take(number) for number in range(MAX_UNPROVED))

    def prove(self) -> None:
        """A service has accepted the credentials."""
        if self._digests and not self._is_proved:
            self._is_proved = True
            self._account.prove(self._digests[0])
        self.close()

    def refuse(self, error: RequestError) -> None:
        """A service has refused the credentials. A wrong clock is no fault of theirs, and is not remembered."""
        if self._digests and refuses_key(error.status, error.error_code):
            refused_by = cloud_of(error.host, self._connection.region)
            for cloud, digest in zip(self._clouds, self._digests):
                if cloud == refused_by or refused_by not in self._clouds:
                    self._account.refuse(digest, error.status, error.error_code, error.locked)
        self._is_proved = False
        self.close()

    def close(self) -> None:
        """Give back what other processes may be waiting for."""
        for turn in self._turns:
            turn.end()
        self._turns.clear()

    def _raise_refusal(self) -> None:
        for digest in self._digests:
            found = self._account.refusal(digest)
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
