# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, as classes with fields. The sentence that a user reads is made here, once, from the fields.

The codes and what they mean are those of the DataArts Factory, DLI and API Gateway pages of the vendor.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Dict, List, Optional, Tuple

# What an error means for whoever asked.
DENIED = "denied"  # not with these credentials, this permission
MISSING = "missing"  # the thing asked for does not exist
PERMANENT = "permanent"  # asking again cannot help: wrong host, unknown workspace, bad parameter
TRANSIENT = "transient"  # asking again may help
UNREACHED = "unreached"  # the deadline came first: says nothing about the thing asked for

NO_PERMISSION = "DLF.6888"
_DATAARTS_CODES = {
    "DLF.0100": MISSING,
    "DLF.30100": MISSING,
    "1001": MISSING,
    "DLF.0819": PERMANENT,
    "DLF.20819": PERMANENT,
    "DLF.3051": PERMANENT,
    NO_PERMISSION: DENIED,
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
_GATEWAY = re.compile(r"(?:APIGW|APIG|APIC)\.([0-9]{4})")
# The signature or token is wrong; the date of the signature is. They count whatever status they come with.
REFUSED = ("0301", "0307")
CLOCK = "0303"
GATEWAY_CODES = {
    "0101": PERMANENT,
    "0106": PERMANENT,
    "0201": TRANSIENT,
    "0301": DENIED,
    "0302": DENIED,
    "0303": DENIED,
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
    NO_PERMISSION: "the user lacks the permission for DataArts Factory in this workspace",
    "DLI.0999": "the queue is busy or its back end too old",
    "0101": "wrong host or path; check region, cloud and endpoints",
    "0106": "a header is missing; check what a proxy in between removes",
    "0302": "the user or its address is not allowed to call this API, or project_id is another account's",
    "0303": "this host's clock differs by more than 15 minutes from the server's; set it right",
    "0307": "the token is outdated; get a new one",
    "0310": "the user or its address is not allowed to call this API",
}


# What str.isprintable lets through although nothing of it is seen: fillers, blanks and variation selectors, which make two
# names look alike.
_UNSEEN = frozenset(
    chr(code)
    for first, last in (
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x2065, 0x2065),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0x1D173, 0x1D17A),
        (0xE0000, 0xE0FFF),
    )
    for code in range(first, last + 1)
)
# Categories of what a terminal may act on or does not show: controls (C0, C1, DEL), formats (direction marks, zero-width
# joiners, byte order marks), lone surrogates, and the separators of lines and paragraphs.
_CONTROL = ("Cc", "Cf", "Cs", "Zl", "Zp")


def is_shown(char: str) -> bool:
    """Whether a character can be put on a terminal: it is seen there, and does nothing else."""
    return char.isprintable() and char not in _UNSEEN


def printable(text: Any, limit: int = 200) -> str:
    """*text* on one line of at most *limit* characters, without control characters, direction marks or lone surrogates."""
    try:
        raw = str(text)
    except ValueError:  # a whole number of more digits than Python writes
        raw = "a very long number"
    clean = "".join(char if is_shown(char) else "\N{REPLACEMENT CHARACTER}" for char in raw[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 1] + "\N{HORIZONTAL ELLIPSIS}"


def has_control(text: str) -> bool:
    """Whether there is a line break, another control character, a direction mark, an invisible one or a lone surrogate."""
    if text.isascii():
        return not text.isprintable()
    return any(char in _UNSEEN or unicodedata.category(char) in _CONTROL for char in text)


def normalize_code(code: Optional[str]) -> str:
    """A code as the tables here have it; services differ in case and blanks."""
    return (code or "").strip().upper()


def gateway_number(code: Optional[str]) -> Optional[str]:
    """The four digits of a gateway's code, or None where the code is no gateway's."""
    match = _GATEWAY.fullmatch(normalize_code(code))
    return match.group(1) if match else None


def refuses_key(status: Optional[int], code: Optional[str]) -> bool:
    """Whether an answer refuses the key or token itself, so that nothing more may be sent with it.

    A missing permission does not, and neither does a wrong clock.
    """
    number = gateway_number(code)
    return number in REFUSED or (status == 401 and number != CLOCK)


def proves_key(status: int, code: Optional[str]) -> bool:
    """Whether an answer shows that the credentials are good: it comes from the service, behind the gateway that checks them."""
    return status < 300 or (status in (400, 404) and bool(code) and gateway_number(code) is None)


def classify(service: str, status: Optional[int], code: Optional[str]) -> str:
    """The meaning of an error answer. The HTTP status says which codes are believed.

    A refusal is one whatever it comes with. Otherwise a server in trouble (429, 5xx) says nothing of a job, and only HTTP 400
    and 404 can say that it is missing. An unknown business code under HTTP 400 is TRANSIENT: it may mend itself, and the gate
    bounds how often it is asked again.
    """
    number, name = gateway_number(code), normalize_code(code)
    if status in (401, 403) or number in (*REFUSED, CLOCK) or name == NO_PERMISSION:
        return DENIED
    if status is None or status == 429 or status >= 500 or status < 300:
        return TRANSIENT
    if status < 400:
        return PERMANENT
    known = SERVICE_CODES.get(service, {}).get(name) or GATEWAY_CODES.get(number or "")
    if known and (known != MISSING or status in (400, 404)):
        return known
    return PERMANENT if status in (404, 405, 406, 410, 414, 415, 431) else TRANSIENT


# What of a request that failed goes from one slice of a gate to the next, besides its kind and summary.
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

# The types of those that are no text.
_DUMPED_TYPES: Dict[str, Tuple[type, ...]] = {"status": (int,), "retry_after": (int, float), "refused": (bool,)}


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
    :param refused: whether the credentials are refused, so that no other request can succeed with them either. A wrong clock
        does that, too.
    :param locked: whether the service says that the access key is locked.
    :param sent_at: when the request was sent, seconds on the session's clock; None where nothing was sent.
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

    def dump(self) -> List[Any]:
        """The error as plain data; without its time, which means nothing in another process."""
        return [self.kind, self.summary, {name: getattr(self, name) for name in _DUMPED}]

    @classmethod
    def load(cls, data: Optional[List[Any]]) -> Optional["RequestError"]:
        """The error from plain data, None from None.

        :raises TypeError, ValueError: it is not what :meth:`dump` returns.
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
