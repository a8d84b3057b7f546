# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, as classes with fields. The sentence that a user reads is made here, once, from the fields.

The codes and what they mean are those of the DataArts Factory, DLI and API Gateway pages of the vendor.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional

# What an error means for whoever asked.
DENIED = "denied"  # not with these credentials, this permission
MISSING = "missing"  # the thing asked for does not exist
PERMANENT = "permanent"  # asking again cannot help: wrong host, unknown workspace, bad parameter
TRANSIENT = "transient"  # asking again may help
UNREACHED = "unreached"  # the deadline came first: says nothing about the thing asked for

_DATAARTS_CODES = {
    "DLF.0100": MISSING,
    "DLF.30100": MISSING,
    "1001": MISSING,
    "DLF.0819": PERMANENT,
    "DLF.20819": PERMANENT,
    "DLF.3051": PERMANENT,
    "DLF.6888": DENIED,
}
_DLI_CODES = {
    "DLI.0002": MISSING,
    "DLI.0023": MISSING,
    "DLI.0013": DENIED,
    "DLI.0014": DENIED,
    "DLI.0999": TRANSIENT,
}
SERVICE_CODES = {"dataarts": _DATAARTS_CODES, "dli": _DLI_CODES}

# The gateway's codes come with several prefixes and one meaning.
_GATEWAY = re.compile(r"^(?:APIGW|APIG|APIC)\.(\d{4})$")
GATEWAY_CODES = {
    "0101": PERMANENT,
    "0106": PERMANENT,
    "0201": TRANSIENT,
    "0301": DENIED,
    "0302": DENIED,
    "0307": DENIED,
    "0308": TRANSIENT,
    "0310": DENIED,
    "0613": TRANSIENT,
}

# What to check, by code; a gateway code stands here without its prefix.
HINTS = {
    "DLF.0819": "check workspace (HW_DATAARTS_WORKSPACE_ID) and project_id",
    "DLF.20819": "check workspace (HW_DATAARTS_WORKSPACE_ID) and project_id",
    "DLF.3051": "the service refuses a parameter; check names, tags and page_size",
    "DLF.6888": "the user lacks the permission for DataArts Factory in this workspace",
    "DLI.0999": "the queue is busy or its back end too old",
    "0101": "wrong host or path; check region, cloud and endpoints",
    "0106": "a header is missing; check what a proxy in between removes",
    "0302": "the user or its address is not allowed to call this API, or project_id is another account's",
    "0307": "the token is outdated; get a new one",
    "0310": "the user or its address is not allowed to call this API",
}


def printable(text: Any, limit: int = 200) -> str:
    """*text* on one line of at most *limit* characters, without control characters, direction marks or lone surrogates."""
    try:
        raw = str(text)
    except ValueError:  # a whole number of more digits than Python writes
        raw = "a very long number"
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in raw[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


def has_control(text: str) -> bool:
    """Whether there is a line break, another control character or a lone surrogate in *text*."""
    return any(
        char < " " or "\x7f" <= char <= "\x9f" or char in "\u2028\u2029" or "\ud800" <= char <= "\udfff"
        for char in text
    )


def gateway_number(code: Optional[str]) -> Optional[str]:
    """The four digits of a gateway's code, or None where the code is no gateway's."""
    match = _GATEWAY.match(code or "")
    return match.group(1) if match else None


def classify(service: str, status: Optional[int], code: Optional[str]) -> str:
    """The meaning of an error answer: the code decides, and only without a known code the HTTP status.

    An unknown business code under HTTP 400 is TRANSIENT: nobody can say that it will not mend itself, and the gate
    bounds how often it is asked again.
    """
    if status == 401:
        return DENIED
    known = SERVICE_CODES.get(service, {}).get(code or "") or GATEWAY_CODES.get(gateway_number(code) or "")
    if known:
        return known
    if status == 403:
        return DENIED
    if status is not None and (300 <= status < 400 or status in (404, 405, 406, 410, 414, 415, 431)):
        return PERMANENT
    return TRANSIENT


class DatagateError(Exception):
    """Base of what this collection raises on purpose; ``str()`` is a sentence for the user."""

    def extras(self) -> Dict[str, Any]:
        """Keys that belong beside the message in a module's failure."""
        return {}


class OptionError(DatagateError):
    """An option's value is unusable. Raised before any request is sent.

    :param option: the option's name as users write it.
    :param problem: what is wrong and what to do, without the value of anything secret.
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
    """No usable credentials, or half a set of them. The sentence names places and options, never values."""


class RequestError(DatagateError):
    """A request that brought no usable answer.

    :param kind: DENIED, MISSING, PERMANENT, TRANSIENT or UNREACHED.
    :param summary: what happened, in a few words.
    :param status: HTTP status, or None when no answer came.
    :param error_code: the service's or the gateway's code.
    :param path: path of the request without its query.
    :param hint: what to check.
    :param sent_at: when the request was sent, on the clock of the session that sent it; None where nothing was sent.
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
        sent_at: Optional[float] = None,
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
        self.sent_at = sent_at

    def dump(self) -> List[Any]:
        """The error as plain data, without ``sent_at``, which means nothing in another process."""
        names = ("service", "method", "path", "host", "status", "error_code", "request_id", "retry_after", "hint")
        return [self.kind, self.summary, {name: getattr(self, name) for name in names}]

    @classmethod
    def load(cls, data: Optional[List[Any]]) -> Optional["RequestError"]:
        """The error from plain data, None from None."""
        return None if data is None else cls(data[0], data[1], **data[2])

    def __str__(self) -> str:
        head = self.error_code or (f"HTTP {self.status}" if self.status else "")
        if self.error_code and self.status:
            head += f" (HTTP {self.status})"
        said = self.summary.rstrip(". ")
        text = f"{head}: {said}" if head else said
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
