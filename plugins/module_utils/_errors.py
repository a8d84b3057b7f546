# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The errors that this collection raises, as classes with fields. The sentence that a user reads is made here from the fields."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from ._error_codes import CLOCK, DENIED, MISSING, PERMANENT, REFUSED, TRANSIENT, UNREACHED, gateway_number

__all__ = [
    "DENIED",
    "MISSING",
    "PERMANENT",
    "TRANSIENT",
    "UNREACHED",
    "CredentialsError",
    "DatagateError",
    "OptionError",
    "RequestError",
]

# The fields that are passed from one slice of a gate to the next, besides kind and summary.
_DUMPED = (
    "service",
    "method",
    "path",
    "host",
    "status",
    "error_code",
    "request_id",
    "retry_after",
    "hint",
    "refused",
)

# The types of those that are not text.
_DUMPED_TYPES: Dict[str, Tuple[type, ...]] = {"status": (int,), "retry_after": (int, float), "refused": (bool,)}


class DatagateError(Exception):
    """Base of the errors that this collection raises; ``str()`` is a sentence for the user."""

    def extras(self) -> Dict[str, Any]:
        """Keys that a failed module returns beside the message."""
        return {}


class OptionError(DatagateError):
    """An option's value is unusable. Raised before any request is sent.

    :param option: the option's name as users write it.
    :param problem: what is wrong and what to do, without any secret.
    """

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(option, problem)
        self.option = option
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.option}: {self.problem}"

    def extras(self) -> Dict[str, Any]:
        return {"option": self.option}


class CredentialsError(DatagateError):
    """No usable credentials, or an incomplete set. The sentence names places and options, never values."""


class RequestError(DatagateError):
    """A request without a usable answer.

    :param kind: DENIED, MISSING, PERMANENT, TRANSIENT or UNREACHED.
    :param summary: what happened, in a few words.
    :param status: HTTP status, or None when no answer came.
    :param error_code: the service's or the gateway's code.
    :param path: path of the request without its query.
    :param hint: what to check.
    :param refused: whether the credentials are refused, so that no other request can succeed either. This includes a wrong
        clock.
    :param locked: whether the service says that the access key is locked.
    :param sent_at: when the request was sent, in seconds on the session's clock; None if nothing was sent.
    :param was_sent: False if it is certain that the service did not get the request.
    """

    def __init__(
        self,
        kind: str,
        summary: str,
        *,
        service: str = "",
        method: str = "GET",
        path: str = "",
        host: str = "",
        status: Optional[int] = None,
        error_code: Optional[str] = None,
        request_id: Optional[str] = None,
        retry_after: Optional[float] = None,
        hint: Optional[str] = None,
        refused: bool = False,
        locked: bool = False,
        sent_at: Optional[float] = None,
        was_sent: bool = True,
    ) -> None:
        super().__init__(summary)
        self.kind = kind
        self.summary = summary
        self.service = service
        self.method = method
        self.path = path
        self.host = host
        self.status = status
        self.error_code = error_code
        self.request_id = request_id
        self.retry_after = retry_after
        self.hint = hint
        self.refused = refused or status == 401 or gateway_number(error_code) in (*REFUSED, CLOCK)
        self.locked = locked
        self.sent_at = sent_at
        self.was_sent = was_sent

    def dump(self) -> List[Any]:
        """The error as plain data, without its time, which has no meaning in another process."""
        return [self.kind, self.summary, {name: getattr(self, name) for name in _DUMPED}]

    @classmethod
    def load(cls, data: Optional[List[Any]]) -> Optional["RequestError"]:
        """The error from plain data, None from None.

        :raises TypeError, ValueError: *data* has another form.
        """
        if data is None:
            return None
        kind, summary, given = data
        for name, value in {**given, "kind": kind, "summary": summary}.items():
            is_optional = name in ("status", "error_code", "request_id", "retry_after", "hint")
            if type(value) not in _DUMPED_TYPES.get(name, (str,)) and not (is_optional and value is None):
                raise ValueError(f"{name} is of another type")
        return cls(kind, summary, **given)

    def __str__(self) -> str:
        head = self.error_code or (f"HTTP {self.status}" if self.status else "")
        if self.error_code and self.status:
            head += f" (HTTP {self.status})"
        summary = self.summary.rstrip(". ")
        text = f"{head}: {summary}" if head else summary
        if self.hint:
            text += f"; {self.hint}"
        where = f"{self.method} {self.host}{self.path}" if self.path else ""
        if self.request_id:
            where += f", request {self.request_id}" if where else f"request {self.request_id}"
        return f"{text} [{where}]" if where else text

    def extras(self) -> Dict[str, Any]:
        return {
            "error_code": self.error_code,
            "http_status": self.status,
            "request_id": self.request_id,
            "method": self.method,
            "path": self.path,
        }
