# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Makes the errors that users see, from answers and failures. All text of a service that is shown passes through here."""

from __future__ import annotations

from typing import Any, Callable, Optional, Tuple

from ..._clock import Clock, http_date
from ..._error_codes import CLOCK, HINTS, REFUSED, classify, gateway_number, normalize_code, refuses_key
from ..._errors import UNREACHED, RequestError
from ..._text import printable
from ..calls import Call
from ..http.body import NotJson, parse
from ..http.exchange import Answer
from ..options import Connection
from .error_bodies import read_error
from .secret_masking import SecretMasker

MIN_CLOCK_SKEW = 300.0  # seconds from which a wrong clock is mentioned; the service allows 15 minutes
LOCKED = "accessfailedtoreachthelimit"  # part of the message for a locked key, in lower case and without blanks
LOCK_MINUTES = 5
MAX_SUMMARY = 200


class ErrorFactory:
    """Makes errors, and keeps secrets out of them.

    :param connection: checked options.
    :param clock: for the difference to the server's clock.
    :param on_secret: is called with every secret as soon as it is known.
    :ivar project_id: the project's ID, as far as it is known; it is part of the paths in errors.
    """

    def __init__(self, connection: Connection, clock: Clock, on_secret: Optional[Callable[[str], None]] = None) -> None:
        self.project_id = connection.project_id
        self._connection = connection
        self._clock = clock
        self._on_secret = on_secret or (lambda dummy_secret: None)
        self._mask = SecretMasker()
        for secret in connection.credentials.secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Learn a secret before anything is sent with it."""
        if self._mask.learn(secret):
            self._on_secret(secret)

    def scrub(self, text: str, limit: int = MAX_SUMMARY) -> str:
        """*text* on one line of at most *limit* characters, with no form of any secret in it."""
        return printable(self._mask(text.strip(), limit + 1), limit)

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

    def unreached(self, call: Call, sent_at: Optional[float] = None, was_sent: bool = True) -> RequestError:
        """The error of a call that was not over, or not sent, at the deadline."""
        return self.make(UNREACHED, "the deadline came before the answer", call, sent_at=sent_at, was_sent=was_sent)

    def from_answer(self, answer: Answer, call: Call) -> RequestError:
        """The error for an answer with an error status."""
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
        """Summary and hint for refused credentials. The message of the answer is not shown: it can repeat the signed request."""
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
        """Seconds by which the server's clock is ahead of ours; None if that is too little to matter."""
        then = http_date(answer.headers.get("Date"))
        skew = None if then is None else then - self._clock.wall()
        return skew if skew is not None and abs(skew) > MIN_CLOCK_SKEW else None

    def _retry_after(self, answer: Answer) -> Optional[float]:
        """The seconds of a Retry-After header, a number or a date; None without a valid one."""
        value = (answer.headers.get("Retry-After") or "").strip()
        if value.isascii() and value.isdigit():
            return float(value[:12])
        then = http_date(value)
        if then is None:
            return None
        # A date is one of the server's clock, and this host's may be wrong.
        now = http_date(answer.headers.get("Date"))
        return max(0.0, then - (self._clock.wall() if now is None else now))


def is_locked(message: str) -> bool:
    """Whether the message of a refusal says that the access key is locked."""
    return LOCKED in "".join(message.lower().split())
