# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client: one pooled session that knows about credentials, retries, the ceiling and the deadline.

All decisions are taken in the caller's thread; other threads only carry single exchanges and may be given up, which is
what bounds name resolution, handshakes and answers that drip a byte a second. Taking decisions in one place makes
"nothing more is sent after a 401" a plain condition instead of a race.
"""

from __future__ import annotations

import heapq
import os
import queue
import random
import sys
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple, Union

from ..version import VERSION
from .authenticator import Authenticator
from .call import Call
from .clock import Clock
from .credentials.base import Auth
from .crew import Crew
from .errors import PERMANENT, TRANSIENT, RequestError, proves_key
from .exchange import Answer, Flight, NotJson, explain, parse
from .failures import Failures
from .http_adapter import build_adapter
from .options import Connection
from .pacer import Pacer
from .proxies import proxies_for
from .requests_import import requests

__all__ = ["Call", "Session", "malformed"]

RETRIED_STATUS = (429, 502, 503, 504)
# What comes with an answer to what was asked, 201 with a token. Whoever takes part of an answer, or one that is made up by a
# proxy, for the whole lets a gate pass on it.
ANSWERED = (200, 201)
THROTTLED_WAIT = (2.0, 5.0)  # seconds to wait after a 429 that names no time
BACKOFF_FIRST = 0.5  # seconds before the first retry, doubled for each further one
BACKOFF_MOST = 10.0
LONGEST_RETRY_AFTER = 60.0  # what is waited for where no deadline says how long one may wait
MOST_WORKERS = 16
ALONE_AFTER = (
    0.5  # seconds without a request after which the next one goes alone, as the first does: keys end in pauses
)
# So many calls, tried to the end one after the other without any answer, stand for all: a hundred jobs would take hours.
SILENT_CALLS = 2

Outcome = Union[Answer, RequestError]


def malformed(call: Call, what: str) -> RequestError:
    """The error of an answer with HTTP 200 that is not what was asked for."""
    path = "/" + "/".join(call.segments)
    return RequestError(TRANSIENT, what, service=call.service, method=call.method, path=path, status=200)


class _Attempt:
    __slots__ = ("auth", "call", "error", "tries")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.tries = 0
        self.auth: Optional[Auth] = None
        self.error: Optional[RequestError] = None  # what the last try ended with


class Session:
    """Sends calls.

    :param connection: checked options.
    :param on_secret: is told every secret as soon as it is known, so that the door can keep it out of its output.
    :param workers: how many exchanges may be under way at once; the ceiling usually needs far fewer.
    :ivar sent: HTTP requests sent so far, retries and look-ups included.
    :ivar latency: seconds that recent answers took, 0 before the first.
    """

    def __init__(
        self,
        connection: Connection,
        clock: Optional[Clock] = None,
        on_secret: Optional[Callable[[str], None]] = None,
        workers: int = MOST_WORKERS,
    ) -> None:
        self.clock = clock or Clock()
        self.connection = connection
        self.sent = 0
        self.latency = 0.0
        self._workers = workers
        self._pacer = Pacer(connection.requests_per_second)
        self._failures = Failures(connection, self.clock, on_secret)
        self._authenticator = Authenticator(connection, self.clock, self._failures, self._alone_call)
        self._last_answer: Optional[float] = None
        self._alone = True  # the next request goes by itself
        self._crew = Crew()
        self._http = requests.Session()
        if connection.verify is False:
            # The door warns once; urllib3 would for each request.
            requests.packages.urllib3.disable_warnings()  # type: ignore[attr-defined]
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, build_adapter(4, workers))
        self._agent = f"datagate.huaweicloud/{VERSION} requests/{requests.__version__} python/{sys.version_info[0]}.{sys.version_info[1]}"

    @property
    def rate(self) -> float:
        """The ceiling in requests per second, 0 for none."""
        return self._pacer.rate

    def close(self) -> None:
        """Close connections and let the idle threads end."""
        self._crew.close()
        self._authenticator.close()
        self._http.close()

    # -- calls ------------------------------------------------------------------------------------------------------

    def get(self, call: Call, deadline: Optional[float] = None) -> Answer:
        """The answer to one call.

        :param deadline: on the session's clock; nothing goes on past it.
        :raises RequestError, CredentialsError: there is none.
        """
        for dummy, outcome in self.run([call], deadline):
            if isinstance(outcome, RequestError):
                raise outcome
            return outcome
        raise self.unreached(call)

    def run(self, calls: Iterable[Call], deadline: Optional[float] = None) -> Iterator[Tuple[Call, Outcome]]:
        """Make calls, several at once, and give each with its outcome as it comes.

        A call is taken from *calls* only when it can be sent, so a generator may end early. At the deadline no more are taken,
        and those under way come back as UNREACHED.

        :raises RequestError: what concerns every call: no token, no project, a 401, a service that does not answer at all.
            Nothing is sent after a 401.
        """
        if self._authenticator.denied:
            raise self._authenticator.denied
        now = self.clock.now()
        if self._last_answer is None or now - self._last_answer > ALONE_AFTER:
            self._alone = True
        self._authenticator.prepare(deadline)
        yield from self._schedule(calls, deadline)

    def _schedule(self, calls: Iterable[Call], deadline: Optional[float]) -> Iterator[Tuple[Call, Outcome]]:
        results: "queue.SimpleQueue[Flight]" = queue.SimpleQueue()
        feed = iter(calls)
        fed = False  # the feed has ended
        flying: Dict[int, Tuple[Flight, _Attempt]] = {}
        later: List[Tuple[float, int, _Attempt]] = []  # retries: not before, order, attempt
        line: Optional[_Attempt] = None  # the next one of the feed
        order = 0
        # Calls that have ended without any answer before there was one; enough of them are nothing of a single call.
        silent: List[Tuple[Call, Outcome]] = []
        try:
            while True:
                now = self.clock.now()
                late = deadline is not None and now >= deadline
                if late or self._authenticator.denied:
                    fed = True
                    left = [attempt for _time, _order, attempt in sorted(later, key=lambda item: item[:2])]
                    left += [line] if line is not None else []
                    later, line = [], None
                    for attempt in left:
                        yield attempt.call, self._authenticator.denied or attempt.error or self.unreached(attempt.call)
                # Send what may be sent now. The next call is taken before its turn, to know whether there is one.
                room = len(flying) < (1 if self._alone else self._workers)
                # Nor is another one begun before anything has answered, while the first one is still to be tried again.
                if room and line is None and not fed and not (self._alone and later):
                    call = next(feed, None)
                    line, fed = (None, True) if call is None else (_Attempt(call), False)
                if room and now >= self._pacer.at():
                    retry = heapq.heappop(later)[2] if later and later[0][0] <= now else None
                    ready = retry or line
                    if ready is not None:
                        line = line if retry else None
                        flight = self._send(ready, deadline, results)
                        flying[id(flight)] = (flight, ready)
                        continue
                if not flying and not later and line is None and fed:
                    break
                # Wait for an answer, or for the time at which something else can be done.
                times = [flight.bound for flight, dummy in flying.values()]
                if deadline is not None and not late:
                    times.append(deadline)
                if room and line is not None:
                    times.append(self._pacer.at())
                if room and later:
                    times.append(max(later[0][0], self._pacer.at()))
                done = self.clock.wait(results, max(0.0, min(times) - now), bool(flying))
                finished = [flying.pop(id(done), None)] if done is not None else []
                if done is None:
                    now = self.clock.now()
                    for key in [key for key, (flight, dummy) in flying.items() if flight.bound <= now]:
                        flight, attempt = flying.pop(key)
                        flight.given_up.set()
                        flight.outcome = None
                        finished.append((flight, attempt))
                for item in finished:
                    if item is None:
                        continue  # given up earlier
                    flight, attempt = item
                    outcome = self._judge(flight, attempt, deadline)
                    if isinstance(outcome, float):
                        order += 1
                        heapq.heappush(later, (outcome, order, attempt))
                        continue
                    if (
                        self._alone
                        and isinstance(outcome, RequestError)
                        and outcome.status is None
                        and outcome.kind == TRANSIENT
                    ):
                        silent.append((attempt.call, outcome))
                        if len(silent) >= SILENT_CALLS:
                            raise outcome
                        continue
                    yield from silent
                    silent = []
                    yield attempt.call, outcome
            yield from silent
            if self._authenticator.denied:
                raise self._authenticator.denied
        finally:
            for flight, dummy in flying.values():
                flight.given_up.set()

    # -- one attempt ------------------------------------------------------------------------------------------------

    def _send(self, attempt: _Attempt, deadline: Optional[float], results: "queue.SimpleQueue[Flight]") -> Flight:
        now = self.clock.now()
        call = attempt.call
        project_id = self._authenticator.project_id
        url = call.address(self.connection, project_id)
        attempt.auth = self._authenticator.auth if call.signed else None
        headers = {
            "User-Agent": self._agent,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "X-Language": "en_us",
        }
        if call.signed and project_id:
            headers["X-Project-Id"] = project_id
        headers.update(call.headers)
        request = requests.Request(call.method, url, headers=headers, json=call.body, auth=attempt.auth)
        try:
            prepared = request.prepare()
        except (ValueError, requests.exceptions.RequestException):  # the text of either can hold what is secret
            summary = "the request cannot be made of these options; check endpoints, workspace and project_name"
            raise self._failures.make(PERMANENT, summary, call) from None
        bound = now + self.connection.request_timeout
        if deadline is not None:
            bound = min(bound, deadline)
        # A socket's own timeout ends a silent exchange in its thread; the bound is what ends every exchange for the caller.
        seconds = max(0.05, bound - now)
        options = {
            "timeout": (seconds, seconds),
            "verify": self.connection.verify,
            "cert": self.connection.cert,
            "proxies": self._proxies(call, url),
        }
        flight = Flight(prepared, options, self._http.get_adapter(url), bound, now)
        self._pacer.take(now)
        self.sent += 1
        attempt.tries += 1
        self._crew.start(flight, results)
        return flight

    def _proxies(self, call: Call, url: str) -> Dict[str, str]:
        if call.service == "metadata":
            return {}
        return proxies_for(url, self.connection.proxy, os.environ)

    def _judge(self, flight: Flight, attempt: _Attempt, deadline: Optional[float]) -> Union[Outcome, float]:
        """What an attempt came to: an outcome for the caller, or the time at which to try again."""
        now = self.clock.now()
        outcome = flight.settle()
        if isinstance(outcome, Answer):
            self._last_answer = now
            self.latency = (
                now - flight.sent_at if not self.latency else 0.8 * self.latency + 0.2 * (now - flight.sent_at)
            )
            if outcome.status < 300:
                self._alone = False
                return self._success(outcome, attempt)
            error = self._failures.from_answer(outcome, attempt.call)
            self._alone = self._alone and error.refused
        elif deadline is not None and now >= deadline:
            return attempt.error or self.unreached(attempt.call)
        else:
            kind, summary = (TRANSIENT, "no answer in time") if outcome is None else explain(outcome)
            error = self._failures.make(kind, summary, attempt.call, sent_at=flight.sent_at)
        if error.refused:
            before = self._authenticator.auth
            next_step = self._authenticator.refused(error, attempt.auth, attempt.call.signed, deadline)
            self._alone = self._alone or self._authenticator.auth is not before
            return next_step
        if attempt.call.signed and isinstance(outcome, Answer) and proves_key(outcome.status, error.error_code):
            self._authenticator.worked(attempt.auth)
        attempt.error = error
        retried = error.status in RETRIED_STATUS or (error.status is None and error.kind == TRANSIENT)
        if error.status == 429:
            wait = error.retry_after if error.retry_after is not None else random.uniform(*THROTTLED_WAIT)
            if attempt.tries <= self.connection.retries and self._affordable(now, wait, deadline):
                self._pacer.throttled(now, wait)
                return now + wait
            self._pacer.throttled(now, 0.0)
            return error
        if retried and attempt.tries <= self.connection.retries:
            backoff = min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** (attempt.tries - 1)) * random.uniform(0.5, 1.0)
            wait = error.retry_after if error.retry_after is not None else backoff
            if self._affordable(now, wait, deadline):
                return now + wait
        return error

    @staticmethod
    def _affordable(now: float, wait: float, deadline: Optional[float]) -> bool:
        return wait <= LONGEST_RETRY_AFTER if deadline is None else now + wait < deadline

    def _success(self, answer: Answer, attempt: _Attempt) -> Outcome:
        self._pacer.answered()
        if attempt.call.signed:
            self._authenticator.worked(attempt.auth)
        if answer.status not in ANSWERED:
            return self._failures.make(
                TRANSIENT, "the answer is not the whole one that was asked for", attempt.call, answer
            )
        try:
            answer.data = parse(answer.data) if attempt.call.service != "metadata" else _lenient(answer.data)
        except NotJson as error:
            return self._failures.make(TRANSIENT, str(error), attempt.call, answer)
        return answer

    def unreached(self, call: Call) -> RequestError:
        """The error of a call that the deadline cut off, or kept from being sent."""
        return self._failures.unreached(call)

    def _alone_call(self, call: Call, deadline: Optional[float]) -> Answer:
        for dummy, outcome in self._schedule([call], deadline):
            if isinstance(outcome, RequestError):
                raise outcome
            return outcome
        raise self.unreached(call)


def _lenient(body: bytes) -> Any:
    """The metadata service's answers are JSON or plain text."""
    try:
        return parse(body)
    except NotJson:
        return body.decode("utf-8", "replace")
