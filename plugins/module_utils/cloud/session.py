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
import queue
import random
import sys
from email.utils import mktime_tz, parsedate_tz
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Set, Tuple, Union

from ..version import VERSION
from .clock import Clock
from .credentials.base import Auth
from .crew import Crew
from .errors import (
    HINTS,
    PERMANENT,
    TRANSIENT,
    UNREACHED,
    CredentialsError,
    RequestError,
    classify,
    gateway_number,
    printable,
)
from .exchange import Answer, Flight, NotJson, explain, parse
from .options import Connection
from .pacer import Pacer
from .requests_import import HTTPAdapter, requests
from .signature import build_path, build_query

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
CLOCK_SKEW = 300.0  # seconds from which on a wrong clock is worth a word; the service allows 15 minutes

Outcome = Union[Answer, RequestError]


class Call:
    """A request to make.

    :param service: dataarts, dli or iam.
    :param segments: path below the endpoint, decoded; ``{project_id}`` stands for the project's ID.
    :param query: name and value pairs, decoded.
    :param headers: headers besides those that every call has.
    :param key: anything; helps the caller to tell calls apart.
    """

    __slots__ = ("body", "headers", "key", "method", "query", "segments", "service", "signed", "url")

    def __init__(
        self,
        service: str,
        segments: Tuple[str, ...],
        query: Iterable[Tuple[str, str]] = (),
        headers: Optional[Mapping[str, str]] = None,
        key: Any = None,
    ) -> None:
        self.service = service
        self.segments = segments
        self.query = list(query)
        self.headers = dict(headers or {})
        self.key = key
        self.method = "GET"
        self.body: Any = None
        self.signed = True
        self.url: Optional[str] = None


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
        self._auth: Optional[Auth] = None
        self._auth_worked = False
        self._project_id = connection.project_id
        self._denied: Optional[RequestError] = None
        self._last_answer: Optional[float] = None
        self._alone = True  # the next request goes by itself
        self._crew = Crew()
        self._on_secret = on_secret or (lambda secret: None)
        self._secrets: Set[str] = set()
        for secret in connection.credentials.secrets:
            self._learn(secret)
        self._http = requests.Session()
        if connection.verify is False:
            # The door warns once; urllib3 would for each request.
            requests.packages.urllib3.disable_warnings()  # type: ignore[attr-defined]
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=workers, max_retries=0))
        self._agent = f"datagate.huaweicloud/{VERSION} requests/{requests.__version__} python/{sys.version_info[0]}.{sys.version_info[1]}"

    @property
    def rate(self) -> float:
        """The ceiling in requests per second, 0 for none."""
        return self._pacer.rate

    @property
    def project_id(self) -> Optional[str]:
        """The project's ID, None until it was looked up."""
        return self._project_id

    def close(self) -> None:
        """Close connections and let the idle threads end."""
        self._crew.close()
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
        if self._denied:
            raise self._denied
        now = self.clock.now()
        if self._last_answer is None or now - self._last_answer > ALONE_AFTER:
            self._alone = True
        if self._auth is None or self._project_id is None:
            self._authenticate(deadline)
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
                if late or self._denied:
                    fed = True
                    left = [attempt for _time, _order, attempt in sorted(later, key=lambda item: item[:2])]
                    left += [line] if line is not None else []
                    later, line = [], None
                    for attempt in left:
                        yield attempt.call, self._denied or attempt.error or self.unreached(attempt.call)
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
            if self._denied:
                raise self._denied
        finally:
            for flight, dummy in flying.values():
                flight.given_up.set()

    # -- one attempt ------------------------------------------------------------------------------------------------

    def _send(self, attempt: _Attempt, deadline: Optional[float], results: "queue.SimpleQueue[Flight]") -> Flight:
        now = self.clock.now()
        call = attempt.call
        url = call.url or self.connection.endpoints[call.service] + self._path(call)
        attempt.auth = self._auth if call.signed else None
        headers = {
            "User-Agent": self._agent,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "X-Language": "en_us",
        }
        if call.signed and self._project_id:
            headers["X-Project-Id"] = self._project_id
        headers.update(call.headers)
        request = requests.Request(call.method, url, headers=headers, json=call.body, auth=attempt.auth)
        try:
            prepared = request.prepare()
        except (ValueError, requests.exceptions.RequestException):  # the text of either can hold what is secret
            summary = "the request cannot be made of these options; check endpoints, workspace and project_name"
            raise self._make(PERMANENT, summary, call) from None
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

    def _path(self, call: Call) -> str:
        segments = [self._project_id or "" if segment == "{project_id}" else segment for segment in call.segments]
        return build_path(segments) + (f"?{build_query(call.query)}" if call.query else "")

    def _proxies(self, call: Call, url: str) -> Dict[str, str]:
        if call.service == "metadata":
            return {}
        if self.connection.proxy:
            return {"http": self.connection.proxy, "https": self.connection.proxy}
        return dict(requests.utils.get_environ_proxies(url, no_proxy=None))

    def _judge(self, flight: Flight, attempt: _Attempt, deadline: Optional[float]) -> Union[Outcome, float]:
        """What an attempt came to: an outcome for the caller, or the time at which to try again."""
        now = self.clock.now()
        outcome = flight.outcome
        if not isinstance(outcome, Answer) and flight.head is not None and flight.head[0] == 401:
            # Whatever became of its body: the status alone says that these credentials must not be tried again.
            outcome = Answer(401, flight.head[1], None, flight.sent_at)
        if isinstance(outcome, Answer):
            self._last_answer = now
            self.latency = (
                now - flight.sent_at if not self.latency else 0.8 * self.latency + 0.2 * (now - flight.sent_at)
            )
            if outcome.status != 401:
                self._alone = False
            if outcome.status < 300:
                return self._success(outcome, attempt)
            error = self._error(outcome, attempt.call)
        elif deadline is not None and now >= deadline:
            return attempt.error or self.unreached(attempt.call)
        else:
            kind, summary = (TRANSIENT, "no answer in time") if outcome is None else explain(outcome)
            error = self._make(kind, summary, attempt.call)
        if error.status == 401:
            return self._unauthorized(error, attempt, deadline)
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
        if attempt.call.signed and attempt.auth is self._auth:
            self._auth_worked = True
        if answer.status not in ANSWERED:
            return self._make(TRANSIENT, "the answer is not the whole one that was asked for", attempt.call, answer)
        try:
            answer.data = parse(answer.data) if attempt.call.service != "metadata" else _lenient(answer.data)
        except NotJson as error:
            return self._make(TRANSIENT, str(error), attempt.call, answer)
        return answer

    def _unauthorized(self, error: RequestError, attempt: _Attempt, deadline: Optional[float]) -> Union[Outcome, float]:
        """More than five failed signatures in a row lock an access key: never a second try with the same credentials."""
        if not attempt.call.signed:
            if attempt.call.service == "iam":
                self._denied = error
            return error
        if self._auth is not None and attempt.auth is not self._auth and not self._denied:
            return self.clock.now()  # sent before the credentials were renewed
        if self._auth is None and not self._denied:
            return error
        if self._denied is None and self.connection.credentials.renewable and self._auth_worked:
            before = set(self._auth.secrets) if self._auth else set()
            try:
                renewed = self._obtain(deadline)
            except CredentialsError:
                self._denied = error
                return error
            except RequestError as problem:
                if problem.kind in (TRANSIENT, UNREACHED):
                    # Nobody has refused anything yet: what has ended is not used again, and the next call asks anew.
                    self._auth, self._auth_worked = None, False
                    return problem
                self._denied = error
                return error
            if set(renewed.secrets) != before:
                self._auth, self._auth_worked, self._alone = renewed, False, True
                return self.clock.now()
        self._denied = self._denied or error
        return error

    # -- credentials and project ------------------------------------------------------------------------------------

    def _authenticate(self, deadline: Optional[float]) -> None:
        credentials = self.connection.credentials
        if self._auth is None:
            known = self._project_id
            credentials.scope = {"id": known} if known else {"name": self.connection.project_name or ""}
            self._auth = self._obtain(deadline)
        if self._project_id is None:
            self._project_id = credentials.project_id
        if self._project_id is None:
            self._project_id = self._look_up_project(deadline)

    def _obtain(self, deadline: Optional[float]) -> Auth:
        def fetch(
            service: str, method: str, target: str, headers: Mapping[str, str], body: Any
        ) -> Tuple[Mapping[str, str], Any]:
            call = Call(service, (), headers=headers)
            call.method, call.body, call.signed = method, body, False
            call.url = target if service == "metadata" else self.connection.endpoints[service] + target
            answer = self._alone_call(call, deadline)
            return answer.headers, answer.data

        auth = self.connection.credentials.obtain(fetch, self.clock.wall)
        for secret in auth.secrets:
            self._learn(secret)
        return auth

    def _alone_call(self, call: Call, deadline: Optional[float]) -> Answer:
        for dummy, outcome in self._schedule([call], deadline):
            if isinstance(outcome, RequestError):
                raise outcome
            return outcome
        raise self.unreached(call)

    def _look_up_project(self, deadline: Optional[float]) -> str:
        name = self.connection.project_name or ""
        call = Call("iam", ("v3", "projects"), [("name", name)])
        data = self._alone_call(call, deadline).data
        projects = data.get("projects") if isinstance(data, dict) else None
        found = [
            str(item["id"])
            for item in (projects if isinstance(projects, list) else [])
            if isinstance(item, dict) and item.get("id") and item.get("name", name) == name
        ]
        if len(found) != 1:
            many = "no project" if not found else f"{len(found)} projects"
            raise self._make(PERMANENT, f"{many} named {printable(name, 64)!r}; give project_id (HW_PROJECT_ID)", call)
        return found[0]

    # -- errors -----------------------------------------------------------------------------------------------------

    def _learn(self, secret: str) -> None:
        if secret not in self._secrets:
            self._secrets.add(secret)
            self._on_secret(secret)

    def _make(
        self, kind: str, summary: str, call: Call, answer: Optional[Answer] = None, **fields: Any
    ) -> RequestError:
        _scheme, dummy, rest = (
            call.url or self.connection.endpoints.get(call.service, "") + self._path(call)
        ).partition("://")
        host, slash, path = rest.partition("/")
        return RequestError(
            kind,
            summary,
            service=call.service,
            method=call.method,
            host=printable(host, 253),
            path=printable((slash + path).partition("?")[0], 400),
            status=answer.status if answer else None,
            request_id=printable(answer.headers.get("X-Request-Id"), 80)
            if answer and answer.headers.get("X-Request-Id")
            else None,
            **fields,
        )

    def unreached(self, call: Call) -> RequestError:
        """The error of a call that the deadline cut off, or kept from being sent."""
        return self._make(UNREACHED, "the deadline came before the answer", call)

    def _error(self, answer: Answer, call: Call) -> RequestError:
        """The error that an answer with a status of 300 or more tells of."""
        code, message = None, ""
        if answer.data is not None:
            try:
                code, message = read_error(parse(answer.data))
            except NotJson as error:
                message = str(error)
        kind = classify(call.service, answer.status, code)
        hint = HINTS.get(code or "") or HINTS.get(gateway_number(code) or "")
        summary = self._scrub(message)
        if 300 <= answer.status < 400:
            summary, hint = "redirects are not followed", "check region, cloud and endpoints"
        elif answer.status == 401:
            # The text can echo the canonical request with its header values, so none of it is shown.
            summary = "authentication failed"
            hint = hint or "check the access key, its secret and its security token, or the token"
            skew = self._skew(answer)
            if skew is not None:
                hint = f"this host's clock is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} the server's; set it right"
        elif not summary:
            summary = "the service gives no reason"
        return self._make(
            kind,
            summary,
            call,
            answer,
            error_code=printable(code, 40) if code else None,
            hint=hint,
            retry_after=self._retry_after(answer),
        )

    def _skew(self, answer: Answer) -> Optional[float]:
        """Seconds by which the server's clock is ahead of ours, where that is enough to break a signature."""
        then = _http_date(answer.headers.get("Date"))
        skew = None if then is None else then - self.clock.wall()
        return skew if skew is not None and abs(skew) > CLOCK_SKEW else None

    def _retry_after(self, answer: Answer) -> Optional[float]:
        """Seconds that a Retry-After header asks for, as a number or a date; None where there is none that makes sense."""
        value = (answer.headers.get("Retry-After") or "").strip()
        if value.isascii() and value.isdigit():
            return float(value[:12])
        then = _http_date(value)
        return None if then is None else max(0.0, then - self.clock.wall())

    def _scrub(self, message: str) -> str:
        shown = message
        for secret in sorted(self._secrets, key=len, reverse=True):
            shown = shown.replace(secret, "***")
        return printable(shown.strip())


def _http_date(value: Optional[str]) -> Optional[float]:
    try:
        parsed = parsedate_tz(value or "")
        return float(mktime_tz(parsed)) if parsed else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _lenient(body: bytes) -> Any:
    """The metadata service's answers are JSON or plain text."""
    try:
        return parse(body)
    except NotJson:
        return body.decode("utf-8", "replace")


def read_error(data: Any) -> Tuple[Optional[str], str]:
    """Code and message from an error body in any of the shapes that are known."""
    if not isinstance(data, dict):
        return None, ""
    if isinstance(data.get("error"), dict):
        data = data["error"]
    code = next((data[name] for name in ("error_code", "errorCode", "code") if data.get(name) not in (None, "")), None)
    message = next((data[name] for name in ("error_msg", "errorMsg", "message", "title") if data.get(name)), "")
    return (str(code) if isinstance(code, (str, int)) else None), str(message) if isinstance(
        message, (str, int)
    ) else ""
