# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests to the emulator and its answers."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any, Final

HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-type",
        "host",
        "user-agent",
        "workspace",
        "x-auth-token",
        "x-idp-id",
        "x-language",
        "x-project-id",
        "x-sdk-content-sha256",
        "x-sdk-date",
        "x-security-token",
    }
)
"""Request headers that a record keeps, in lower case."""


@dataclass(slots=True)
class Record:
    """One request.

    `at` is real seconds since the start, `time` emulator seconds (the same unless the clock is moved by hand). `status`
    is None until, or unless, an answer was made. `connection` identifies the TCP connection; `in_flight` counts the
    requests being served when this one came, itself included. `body` is that of an order.
    """

    number: int
    at: float
    time: float
    method: str
    path: str
    raw_path: str
    query: dict[str, str]
    service: str | None
    call: str
    job: str | None
    user: str
    access_key: str | None
    headers: dict[str, str]
    connection: str
    in_flight: int
    request_id: str
    body: str = ""
    status: int | None = None
    error_code: str | None = None
    fault: str | None = None
    duration: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The record for JSON."""
        return asdict(self)


class Journal:
    """The latest requests, in the order of their arrival."""

    def __init__(self, size: int) -> None:
        self._records: deque[Record] = deque(maxlen=size)
        self._number = 0

    def next_number(self) -> int:
        """Number of the next request; `clear` does not reset it."""
        self._number += 1
        return self._number

    def add(self, record: Record) -> None:
        """Record a request on arrival."""
        self._records.append(record)

    def records(self) -> list[Record]:
        """All that are kept."""
        return list(self._records)

    def clear(self) -> None:
        """Forget all."""
        self._records.clear()

    def stats(self) -> dict[str, Any]:
        """Counts over what is kept, and the busiest second for each user (sliding, real time)."""
        records = self.records()
        users: dict[str, list[float]] = {}
        for record in records:
            users.setdefault(record.user, []).append(record.at)
        return {
            "requests": len(records),
            "by_status": _counts(str(record.status) for record in records),
            "by_call": _counts(record.call for record in records),
            "by_error_code": _counts(record.error_code for record in records if record.error_code),
            "by_fault": _counts(record.fault for record in records if record.fault),
            "by_user": _counts(record.user for record in records),
            "connections": len({record.connection for record in records}),
            "most_in_flight": max((record.in_flight for record in records), default=0),
            "busiest_second": {user: _busiest(times) for user, times in sorted(users.items())},
        }


def _counts(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _busiest(times: list[float]) -> int:
    """The most times within one second; `times` ascend."""
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most
