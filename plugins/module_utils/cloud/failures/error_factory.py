# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what an exchange ended with to an error for the user. All text of a service that is shown goes through here."""

from __future__ import annotations

from email.utils import mktime_tz, parsedate_tz
from typing import Any, Callable, Iterator, List, Optional, Tuple

from ..calls import Call
from ..clock import Clock
from ..errors import (
    CLOCK,
    HINTS,
    REFUSED,
    UNREACHED,
    RequestError,
    classify,
    gateway_number,
    normalize_code,
    printable,
    refuses_key,
)
from ..http.exchange import Answer, NotJson, parse
from ..options import Connection
from .secret_forms import Scrubber

CLOCK_SKEW = 300.0  # seconds from which on a wrong clock is worth a word; the service allows 15 minutes
LOCKED = "accessfailedtoreachthelimit"  # of a locked key's text, in lower case and without blanks
LOCK_MINUTES = 5
MAX_SUMMARY = 200


class ErrorFactory:
    """Makes errors, and keeps secrets out of them.

    :param connection: checked options.
    :param clock: for the difference to the server's clock.
    :param on_secret: called with every secret when it is first learnt.
    :ivar project_id: the project's ID, as far as it is known; it is part of the paths that errors name.
    """

    def __init__(self, connection: Connection, clock: Clock, on_secret: Optional[Callable[[str], None]] = None) -> None:
        self.project_id = connection.project_id
        self._connection = connection
        self._clock = clock
        self._on_secret = on_secret or (lambda dummy_secret: None)
        self._scrubber = Scrubber()
        for secret in connection.credentials.secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Take note of a secret before anything is sent with it."""
        if self._scrubber.learn(secret):
            self._on_secret(secret)

    def scrub(self, text: str, limit: int = MAX_SUMMARY) -> str:
        """*text* on one line of at most *limit* characters, with no form of any secret in it."""
        return printable(self._scrubber(text.strip(), limit + 1), limit)

    def make(self, kind: str, summary: str, call: Call, answer: Optional[Answer] = None, **fields: Any) -> RequestError:
        """An error about a call.

        :param answer: the answer that it is about, if there was one.
        :param fields: more arguments of RequestError.
        """
        address = call.address(self._connection, self.project_id).partition("://")[2]
        host, slash, path = address.partition("/")
        request_id = answer.headers.get("X-Request-Id") if answer else None
        if answer:
            fields.setdefault("sent_at", answer.sent_at)
        return RequestError(
            kind,
            summary,
            service=call.service,
            method=call.method,
            host=printable(host, 253),
            path=printable((slash + path).partition("?")[0], 400),
            status=answer.status if answer else None,
            request_id=self.scrub(request_id, 80) if request_id else None,
            **fields,
        )

    def unreached(self, call: Call, sent_at: Optional[float] = None) -> RequestError:
        """The error of a call that the deadline cut off, or kept from being sent."""
        return self.make(UNREACHED, "the deadline came before the answer", call, sent_at=sent_at)

    def from_answer(self, answer: Answer, call: Call) -> RequestError:
        """The error that an answer with a status of 300 or more stands for."""
        code, message = None, ""
        if answer.data is not None:
            try:
                code, message = read_error(parse(answer.data))
            except NotJson as error:
                message = str(error)
        number = gateway_number(code)
        locked = number in REFUSED and is_locked(message)
        hint = HINTS.get(normalize_code(code)) or HINTS.get(number or "")
        if 300 <= answer.status < 400:
            summary, hint = "redirects are not followed", "check region, cloud and endpoints"
        elif (refuses_key(answer.status, code) or number == CLOCK) and call.service != "metadata":
            summary, hint = self._refusal(answer, number, locked)
        else:
            summary = self.scrub(message) or "the service gives no reason"
        return self.make(
            classify(call.service, answer.status, code),
            summary,
            call,
            answer,
            error_code=self.scrub(code, 40) if code else None,
            hint=hint,
            retry_after=self._retry_after(answer),
            locked=locked,
        )

    def _refusal(self, answer: Answer, number: Optional[str], locked: bool) -> Tuple[str, str]:
        """What to say of refused credentials. Nothing of the text is shown: it can repeat the request that was signed."""
        credentials = self._connection.credentials
        if locked:
            return (
                f"the access key is locked after too many failed signatures ({credentials.source})",
                f"find what keeps signing wrongly with it and stop it, then wait {LOCK_MINUTES} minutes",
            )
        skew = self._skew(answer)
        if skew is not None:
            by = f"{abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'}"
            return "authentication failed", f"this host's clock is {by} the server's; set it right"
        known = HINTS.get(number or "")
        return f"authentication failed ({credentials.source})", known or f"check {credentials.what}"

    def _skew(self, answer: Answer) -> Optional[float]:
        """Seconds by which the server's clock is ahead of ours, where that is enough to break a signature."""
        then = _http_date(answer.headers.get("Date"))
        skew = None if then is None else then - self._clock.wall()
        return skew if skew is not None and abs(skew) > CLOCK_SKEW else None

    def _retry_after(self, answer: Answer) -> Optional[float]:
        """Seconds that a Retry-After header asks for, as a number or a date; None where there is none that makes sense."""
        value = (answer.headers.get("Retry-After") or "").strip()
        if value.isascii() and value.isdigit():
            return float(value[:12])
        then = _http_date(value)
        return None if then is None else max(0.0, then - self._clock.wall())


def is_locked(message: str) -> bool:
    """Whether the text of a refusal says that the access key is locked."""
    return LOCKED in "".join(message.lower().split())


def _http_date(value: Optional[str]) -> Optional[float]:
    try:
        parsed = parsedate_tz(value or "")
        return float(mktime_tz(parsed)) if parsed else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


# -- bodies of errors -------------------------------------------------------------------------------------------------

_CODES = ("error_code", "errorCode", "code")
_MESSAGES = ("error_msg", "errorMsg", "message", "error_message", "errorMessage", "msg", "title")
_MAX_DEPTH = 4


def read_error(data: Any) -> Tuple[Optional[str], str]:
    """Code and message from an error body in any of the shapes that are known.

    A body that names several codes says nothing for sure, so none of them counts, except one that refuses the credentials.
    """
    levels = list(_levels(data, _MAX_DEPTH))
    message = next((text for level in levels for text in _texts(level, _MESSAGES)), "")
    every = [code for level in levels for code in _texts(level, _CODES)]
    refusing = next((code for code in every if gateway_number(code) in (*REFUSED, CLOCK)), None)
    if refusing is not None:
        return refusing, message
    # The innermost level with a code counts. HTTP statuses stand beside codes of a service under the same names.
    codes = next((found for level in levels if (found := _texts(level, _CODES))), [])
    own = [code for code in codes if not (len(code) == 3 and code.isdigit())] or codes
    return (own[0] if len({normalize_code(code) for code in own}) == 1 else None), message


def _levels(data: Any, depth: int) -> Iterator[List[Any]]:
    """The objects in which code and message may stand, the innermost first; those of one list together."""
    if isinstance(data, dict):
        for name in ("error", "errors"):
            if isinstance(data.get(name), (dict, list)) and depth:
                yield from _levels(data[name], depth - 1)
        yield [data]
    elif isinstance(data, list):
        objects = [item for item in data if isinstance(item, dict)]
        for item in objects[:10] if depth else []:
            yield from list(_levels(item, depth - 1))[:-1]
        yield objects


def _texts(level: List[Any], names: Tuple[str, ...]) -> List[str]:
    values = (item.get(name) for item in level for name in names)
    texts = (str(value).strip() for value in values if isinstance(value, (str, int)) and not isinstance(value, bool))
    return [text for text in texts if text]
