# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client: runs tasks, which are generators of calls, several at once, below one ceiling and with one set of credentials.

All decisions are made in the caller's thread; other threads only carry single exchanges and may be abandoned, which bounds
name resolution, handshakes and answers that drip a byte a second. Decisions in one place make "nothing more is sent after a
refusal" a plain condition instead of a race.

A task that waits (for an answer, a retry or a Retry-After) holds up no other task: :meth:`Session.next` returns whatever ends
first, and returns at the time that the caller names.
"""

from __future__ import annotations

import heapq
import itertools
import os
import queue
import random
import sys
from collections import deque
from statistics import median_low
from typing import Any, Callable, Deque, Dict, Iterator, List, Optional, Protocol, Tuple, TypeVar, Union

from ..version import VERSION
from .authentication.authenticator import Authenticator
from .authentication.credential_trial import MAX_UNPROVEN, CredentialTrial
from .calls import Call, Outcome, Task
from .clock import Clock
from .credentials.base import Auth
from .errors import PERMANENT, TRANSIENT, RequestError
from .failures.error_factory import ErrorFactory
from .http.adapter import build_adapter
from .http.exchange import Answer, Exchange, NotJson, explain, parse
from .http.proxies import proxies_for
from .http.requests_import import requests
from .http.worker_threads import WorkerThreads
from .options import Connection
from .scheduling.pacer import Pacer
from .scheduling.retry import THROTTLED, wait_before_retry

# Statuses with a complete answer to the call, 201 with a token. Anything else in 2xx (206, a proxy's 203) is not trusted.
COMPLETE_STATUS = (200, 201)
MAX_WORKERS = 16
# So many calls that ended one after the other without any answer stand for all: a hundred calls would take hours.
MAX_SILENT_CALLS = 2
# A request that has been under way for longer does not take up a worker: many that hang must not hold up the others.
HANGS_AFTER = 5.0  # seconds
PAUSE_OF_OTHERS = 1.0  # seconds for which nothing is sent after a 429
MAX_FLYING = 64  # exchanges under way at once, those that hang included
LATENCY_SAMPLES = 63
TURN_INTERVAL = 0.5  # seconds between two looks at what other processes do with the same credentials

T = TypeVar("T")
Key = Any
Result = Any


class Executor(Protocol):
    """What carries exchanges; :class:`~.http.worker_threads.WorkerThreads` does it in threads."""

    def start(self, flight: Exchange, done: "queue.SimpleQueue[Exchange]") -> None:
        """Begin an exchange; put it into *done* once it is over."""

    def close(self) -> None:
        """Let idle carriers end."""


class _Running:
    """A task under way: the batch of calls that it waits for, and the outcomes so far."""

    __slots__ = ("deadline", "key", "left", "outcomes", "task")

    def __init__(self, task: "Task[Any]", key: Key, deadline: Optional[float]) -> None:
        self.task = task
        self.key = key
        self.deadline = deadline
        self.outcomes: List[Any] = []
        self.left = 0


class _Attempt:
    """A call on its way to an outcome, through as many requests as that takes."""

    __slots__ = ("auth", "call", "deadline", "error", "hung", "number", "outcome", "owner", "place", "tries")

    def __init__(self, call: Call, owner: Optional[_Running], place: int, deadline: Optional[float]) -> None:
        self.call = call
        self.owner = owner
        self.place = place
        self.deadline = deadline
        self.tries = 0
        self.number = 0
        self.auth: Optional[Auth] = None
        self.error: Optional[RequestError] = None  # what the last request ended with
        self.hung = False  # the last request was under way for long without an answer
        self.outcome: Optional[Outcome] = None


class Session:
    """Runs tasks.

    :param connection: checked options.
    :param clock: gives the time and waits.
    :param on_secret: is called with every secret as soon as it is known, so that it can be kept out of all output.
    :param workers: the largest number of exchanges under way at once; the ceiling usually needs far fewer.
    :param executor: carries the exchanges; threads where it is not given.
    :ivar sent: HTTP requests sent so far, retries and look-ups included.
    """

    def __init__(
        self,
        connection: Connection,
        clock: Optional[Clock] = None,
        on_secret: Optional[Callable[[str], None]] = None,
        workers: int = MAX_WORKERS,
        executor: Optional[Executor] = None,
    ) -> None:
        self.clock = clock or Clock()
        self.connection = connection
        self.sent = 0
        self.workers = workers
        self.failures = ErrorFactory(connection, self.clock, on_secret)
        self._authenticator = Authenticator(connection, self.clock, self.failures, self._exchange_one)
        self._pacer = Pacer(connection.requests_per_second)
        self._probe = CredentialTrial()
        self._executor: Executor = executor or WorkerThreads()
        self._results: "queue.SimpleQueue[Exchange]" = queue.SimpleQueue()
        self._fresh: Deque[_Attempt] = deque()
        self._retries: List[Tuple[float, int, _Attempt]] = []  # a heap: not before, order, attempt
        self._flying: Dict[int, Tuple[Exchange, _Attempt]] = {}
        self._ended: Deque[Tuple[Key, Result]] = deque()
        self._only: Optional[_Attempt] = None  # while credentials are obtained, nothing else is sent
        self._order = itertools.count(1)
        self._turn_at = float("-inf")  # when to look again whether other processes leave room for a request
        self._silent: List[
            _Attempt
        ] = []  # have ended without any answer; whether that is the service's fault is not clear yet
        self._answered_any = False
        self._latencies: Deque[float] = deque(maxlen=LATENCY_SAMPLES)
        self._http = requests.Session()
        if connection.verify is False:
            # The module warns once; urllib3 would for each request.
            requests.packages.urllib3.disable_warnings()  # type: ignore[attr-defined]
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, build_adapter(4, workers))
        self._agent = f"datagate.huaweicloud/{VERSION} requests/{requests.__version__} python/{sys.version_info[0]}.{sys.version_info[1]}"

    # -- what callers plan with -------------------------------------------------------------------------------------

    @property
    def rate(self) -> float:
        """The ceiling in requests per second, 0 for none."""
        return self._pacer.rate

    @property
    def project_id(self) -> Optional[str]:
        """The project's ID; None where it has to be looked up and no request has been made yet."""
        return self._authenticator.project_id

    @property
    def latency(self) -> float:
        """The usual time of an answer: the median of recent ones in seconds, 0 before the first."""
        return median_low(self._latencies) if self._latencies else 0.0

    @property
    def busy(self) -> bool:
        """Whether any call is under way or waits for its turn."""
        return bool(self._flying or self._retries or self._fresh or self._ended or self._silent)

    def free_at(self) -> float:
        """When a call of a task that begins now would be sent; infinite while others wait for their turn or all workers are busy."""
        if self._fresh:
            return float("inf")
        now = self.clock.now()
        return self._slot(now)

    def _slot(self, now: float) -> float:
        """When the next request may be sent, if no answer comes before."""
        return max(self._pacer.at(), self._probe.next_at(now), self._room_at(now), self._turn_at)

    def _room_at(self, now: float) -> float:
        """When there is room for another exchange, if none ends before; infinite where only an end makes room."""
        if len(self._flying) < self.workers:
            return now
        if len(self._flying) >= MAX_FLYING:
            return float("inf")
        young = sorted(flight.sent_at for flight, dummy in self._flying.values() if now - flight.sent_at < HANGS_AFTER)
        return now if len(young) < self.workers else young[len(young) - self.workers] + HANGS_AFTER

    def remember(self) -> Optional[List[float]]:
        """What another session with the same credentials has to know of the requests that are under way here."""
        return self._probe.remember(self.clock.now())

    def recall(self, learned: Any, seconds: float) -> None:
        """Take over what :meth:`remember` returned elsewhere so many *seconds* ago.

        :raises ValueError: it is not that.
        """
        self._probe.recall(learned, self.clock.now() - seconds)

    def close(self) -> None:
        """Abandon what is under way, close connections and let idle threads end."""
        self.abandon()
        self._executor.close()
        self._authenticator.close()
        self._http.close()

    def abandon(self) -> None:
        """Drop every task under way; their answers are not read."""
        for flight, dummy in self._flying.values():
            flight.given_up.set()
        self._flying.clear()
        self._fresh.clear()
        self._retries.clear()
        self._ended.clear()
        self._silent.clear()
        self._only = None

    # -- tasks ------------------------------------------------------------------------------------------------------

    def begin(self, task: "Task[Any]", key: Key, deadline: Optional[float] = None) -> None:
        """Start a task. :meth:`next` returns its result beside *key*.

        :param deadline: on the session's clock; its calls end then as UNREACHED.
        """
        self._advance(_Running(task, key, deadline), None)

    def next(self, until: Optional[float] = None, room: bool = False) -> Optional[Tuple[Key, Result]]:
        """The key and the result of the next task that ends: what it returns, or the RequestError that it ends with.

        :param until: return None at that time; without it, None is returned only when no task is under way.
        :param room: return None, too, as soon as a call of another task could be sent.
        :raises RequestError, CredentialsError: what concerns every call: refused credentials, no token, no project, a service
            that does not answer at all. All tasks are dropped then; nothing is sent after a refusal.
        """
        try:
            while True:
                if self._ended:
                    return self._ended.popleft()
                now = self.clock.now()
                if until is not None and now >= until and self._results.empty():
                    if self._end_late(now):
                        continue  # what is late ends at the same time, and says why
                    return None
                if room and not self._fresh and self._slot(now) <= now:
                    return None
                if not self.busy and not room:
                    if until is not None:
                        self.clock.sleep(until - now)
                    return None
                self._step(until, room)
        except BaseException:
            self.abandon()
            raise

    def complete(self, task: "Task[T]", deadline: Optional[float] = None) -> T:
        """Run one task to its end.

        :raises RequestError, CredentialsError: it ends with that.
        """
        for result in self.complete_all([task], deadline):
            return result
        raise AssertionError("a task always ends")

    def complete_all(self, tasks: List["Task[T]"], deadline: Optional[float] = None) -> Iterator[T]:
        """Run tasks side by side; yields their results in their order, once all have ended.

        :raises RequestError, CredentialsError: one of them ends with that.
        """
        for place, task in enumerate(tasks):
            self.begin(task, place, deadline)
        results: Dict[int, Any] = {}
        while len(results) < len(tasks):
            ended = self.next()
            if ended is None:
                raise AssertionError("a task always ends")
            results[ended[0]] = ended[1]
        for place in range(len(tasks)):
            if isinstance(results[place], RequestError):
                raise results[place]
            yield results[place]

    def _advance(self, running: _Running, outcomes: Optional[List[Outcome]]) -> None:
        """Hand a task the outcomes of its batch; queue its next batch, or keep its result."""
        batch: List[Call] = []
        while not batch:
            try:
                batch = next(running.task) if outcomes is None else running.task.send(outcomes)
            except StopIteration as stop:
                self._ended.append((running.key, stop.value))
                return
            except RequestError as error:
                self._ended.append((running.key, error))
                return
            outcomes = []
        running.left = len(batch)
        running.outcomes = [None] * len(batch)
        self._fresh.extend(_Attempt(call, running, place, running.deadline) for place, call in enumerate(batch))

    # -- the scheduler ----------------------------------------------------------------------------------------------

    def _step(self, until: Optional[float], room: bool = False) -> None:
        """Do one thing: end what is late, send one request, or wait for an answer."""
        if self._authenticator.denied:
            raise self._authenticator.denied
        now = self.clock.now()
        if self._end_late(now) or self._send_one(now):
            return
        if self._silent and not (room or self._flying or self._retries or self._fresh or self._only):
            self._end_silent()
            return
        wake = self._wake(now, until, room)
        if wake is None:
            return
        done = self.clock.wait(self._results, max(0.0, wake - now), bool(self._flying))
        if done is not None:
            self._land(done)

    def _wake(self, now: float, until: Optional[float], room: bool) -> Optional[float]:
        """When something can be done even if no answer comes; None where nothing is under way."""
        times = [flight.bound for flight, dummy in self._flying.values()]
        waiting = [attempt for dummy, dummy2, attempt in self._retries]
        times += [attempt.deadline for attempt in (*waiting, *self._fresh) if attempt.deadline is not None]
        slot = self._slot(now)
        if slot < float("inf"):
            if room and not self._fresh:
                times.append(slot)
            candidate_at = self._candidate_at()
            if candidate_at < float("inf"):
                times.append(max(candidate_at, slot))
        if until is not None:
            times.append(until)
        return min(times) if times else None

    def _end_late(self, now: float) -> bool:
        """End requests that are past their bound and calls that are past their deadline. True when there were any."""
        late = [key for key, (flight, dummy) in self._flying.items() if flight.bound <= now]
        if late and not self._results.empty():
            # An answer that came in time is taken first, however late this process looks at it.
            self._land(self._results.get())
            return True
        for key in late:
            flight, attempt = self._flying.pop(key)
            flight.given_up.set()
            flight.outcome = None
            self._judge(flight, attempt)
        overdue = [attempt for dummy, dummy2, attempt in self._retries if _is_past(attempt, now)]
        overdue += [attempt for attempt in self._fresh if _is_past(attempt, now)] if self._fresh else []
        if any(_is_past(attempt, now) for attempt in self._silent):
            self._end_silent()
            return True
        if overdue:
            gone = set(map(id, overdue))
            self._retries = [item for item in self._retries if id(item[2]) not in gone]
            heapq.heapify(self._retries)
            self._fresh = deque(attempt for attempt in self._fresh if id(attempt) not in gone)
            for attempt in overdue:
                self._finish(attempt, attempt.error or self.failures.unreached(attempt.call))
        return bool(late or overdue)

    def _send_one(self, now: float) -> bool:
        """Send the next request if its time has come."""
        if self._slot(now) > now or self._candidate_at() > now:
            return False
        if self._probe.waits and not self._authenticator.another():
            # Other processes try the same credentials.
            self._turn_at = now + TURN_INTERVAL
            return False
        attempt = self._take(now)
        if attempt is None:
            return False
        unprepared = self._authenticator.auth is None or self._authenticator.project_id is None
        if attempt.call.signed and unprepared and attempt is not self._only:
            self._fresh.appendleft(attempt)
            self._authenticator.prepare(attempt.deadline)
            return True
        self._send(attempt)
        return True

    def _candidate_at(self) -> float:
        """When there is a request to send, the ceiling left out; infinite where none waits."""
        if self._only is not None:
            waiting = [at for at, dummy, attempt in self._retries if attempt is self._only]
            return waiting[0] if waiting else float("inf") if self._only.tries else float("-inf")
        if self._fresh and not self._is_cut_off():
            return float("-inf")
        return self._retries[0][0] if self._retries else float("inf")

    def _is_cut_off(self) -> bool:
        """Whether so many connections broke, and none has ever led to an answer, that no other call is tried meanwhile.

        Calls that hang do not count: another one may be answered all the same.
        """
        if self._answered_any or not self._retries:
            return False
        broken = sum(not attempt.hung for dummy, dummy2, attempt in self._retries)
        return len(self._silent) + broken >= MAX_UNPROVEN

    def _take(self, now: float) -> Optional[_Attempt]:
        """The attempt whose turn it is: a retry before a fresh one."""
        if self._only is not None:
            # Only what obtains the credentials is sent meanwhile.
            retry = next((item for item in self._retries if item[2] is self._only), None)
            if retry is not None:
                if retry[0] > now:
                    return None
                self._retries.remove(retry)
                heapq.heapify(self._retries)
                return self._only
            return self._only if not self._only.tries else None
        if self._retries and self._retries[0][0] <= now:
            last = self._retries[0][2].error
            hung = last is not None and last.status is None
            if not (hung and self._fresh and not self._probe.proven) or self._is_cut_off():
                # While the credentials have to prove good, a request that was not answered waits behind those of other calls.
                return heapq.heappop(self._retries)[2]
        return self._fresh.popleft() if self._fresh else None

    def _exchange_one(self, call: Call, deadline: Optional[float]) -> Answer:
        """The answer to one call, while all others wait: for tokens, temporary keys and the project.

        :raises RequestError: there is none.
        """
        attempt = _Attempt(call, None, 0, deadline)
        before, self._only = self._only, attempt
        try:
            while attempt.outcome is None:
                now = self.clock.now()
                if deadline is not None and now >= deadline and id(attempt) not in self._carried():
                    attempt.outcome = attempt.error or self.failures.unreached(call)
                    break
                self._step(deadline)
        finally:
            self._only = before
            self._retries = [item for item in self._retries if item[2] is not attempt]
            heapq.heapify(self._retries)
        if isinstance(attempt.outcome, RequestError):
            raise attempt.outcome
        return attempt.outcome

    def _carried(self) -> List[int]:
        return [id(attempt) for dummy, attempt in self._flying.values()]

    # -- one request ------------------------------------------------------------------------------------------------

    def _send(self, attempt: _Attempt) -> None:
        now = self.clock.now()
        call = attempt.call
        url = call.address(self.connection, self._authenticator.project_id)
        attempt.auth = self._authenticator.auth if call.signed else None
        headers = {
            "User-Agent": self._agent,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "X-Language": "en_us",
        }
        if call.signed and self._authenticator.project_id:
            headers["X-Project-Id"] = self._authenticator.project_id
        headers.update(call.headers)
        request = requests.Request(call.method, url, headers=headers, json=call.body, auth=attempt.auth)
        try:
            prepared = request.prepare()
        except (ValueError, requests.exceptions.RequestException):  # the text of either can hold what is secret
            summary = "the request cannot be made of these options; check endpoints, workspace and project_name"
            raise self.failures.make(PERMANENT, summary, call) from None
        bound = now + self.connection.request_timeout
        if attempt.deadline is not None:
            bound = min(bound, attempt.deadline)
        # A socket's own timeout ends a silent exchange in its thread; the bound is what ends every exchange for the caller.
        seconds = max(0.05, bound - now)
        options = {
            "timeout": (seconds, seconds),
            "verify": self.connection.verify,
            "cert": self.connection.cert,
            "proxies": self._proxies(call, url),
        }
        flight = Exchange(prepared, options, self._http.get_adapter(url), bound, now)
        self._pacer.take(now)
        self.sent += 1
        attempt.tries += 1
        attempt.number = self.sent
        self._probe.sent(attempt.number, now, bound)
        self._flying[id(flight)] = (flight, attempt)
        self._executor.start(flight, self._results)

    def _proxies(self, call: Call, url: str) -> Dict[str, str]:
        return {} if call.service == "metadata" else proxies_for(url, self.connection.proxy, os.environ)

    def _land(self, flight: Exchange) -> None:
        """Take a finished exchange; one that was abandoned before is passed over."""
        found = self._flying.pop(id(flight), None)
        if found is not None:
            self._judge(*found)

    def _judge(self, flight: Exchange, attempt: _Attempt) -> None:
        """Decide what an exchange came to: an outcome, or another try later."""
        now = self.clock.now()
        outcome = flight.settle()
        error: RequestError
        if isinstance(outcome, Answer):
            result = self._understood(outcome, attempt)
            refusal = isinstance(result, RequestError) and result.refused
            server_fault = outcome.status == THROTTLED or outcome.status >= 500
            self._probe.ended(attempt.number, now, True, not refusal and not server_fault)
            self._answered_any = True
            self._end_silent()
            if attempt.call.signed and not refusal:
                self._authenticator.worked(attempt.auth)
            if isinstance(result, Answer):
                self._latencies.append(now - flight.sent_at)
                self._finish(attempt, result)
                return
            error = result
            if refusal:
                self._refused(error, attempt)
                return
        else:
            self._probe.ended(attempt.number, now, False, False)
            if attempt.deadline is not None and now >= attempt.deadline:
                self._finish(attempt, attempt.error or self.failures.unreached(attempt.call))
                return
            kind, summary = (TRANSIENT, "no answer in time") if outcome is None else explain(outcome)
            error = self.failures.make(kind, summary, attempt.call)
        attempt.hung = now - flight.sent_at >= HANGS_AFTER
        error.sent_at = flight.sent_at
        attempt.error = error
        self._retry_or_finish(attempt, error, now)

    def _retry_or_finish(self, attempt: _Attempt, error: RequestError, now: float) -> None:
        left = None if attempt.deadline is None else attempt.deadline - now
        wait = wait_before_retry(error, attempt.tries, self.connection.retries, left, random.uniform)
        if error.status == THROTTLED:
            # The call itself waits as long as the service asks; the others go on, slower, after a short pause, because a gate
            # must not look away for as long as a single call is throttled.
            pause = 0.0 if wait is None else min(wait, PAUSE_OF_OTHERS)
            self._pacer.throttled(now, pause)
        if wait is not None:
            heapq.heappush(self._retries, (now + wait, next(self._order), attempt))
            return
        if error.status is None and error.kind == TRANSIENT and not self._answered_any and attempt.owner is not None:
            self._silent.append(attempt)
            if len(self._silent) >= MAX_SILENT_CALLS:
                raise error
            return
        self._finish(attempt, error)

    def _end_silent(self) -> None:
        """End the calls without any answer as those of single jobs: another call was answered, or there is no other."""
        silent, self._silent = self._silent, []
        for attempt in silent:
            self._finish(attempt, attempt.error or self.failures.unreached(attempt.call))

    def _understood(self, answer: Answer, attempt: _Attempt) -> Outcome:
        """The answer with its data decoded, or the error that it is."""
        call = attempt.call
        if answer.status >= 300 or answer.status < 200:
            error = self.failures.from_answer(answer, call)
            error.sent_at = answer.sent_at
            return error
        self._pacer.answered(self.clock.now())
        try:
            if answer.status not in COMPLETE_STATUS:
                raise NotJson("the answer is not complete")
            answer.data = parse(answer.data) if call.service != "metadata" else _lenient(answer.data)
            if call.digest is not None:
                answer.data = call.digest(answer.data)
            return answer
        except NotJson as problem:
            error = self.failures.make(TRANSIENT, str(problem), call, answer)
        except RequestError as problem:
            error = problem
        error.sent_at = answer.sent_at
        return error

    def _refused(self, error: RequestError, attempt: _Attempt) -> None:
        """The credentials were refused: another try only with other ones."""
        again = self._authenticator.refused(error, attempt.auth, attempt.call.signed, attempt.deadline)
        if isinstance(again, float):
            self._probe.renew()
            heapq.heappush(self._retries, (again, next(self._order), attempt))
            return
        if attempt.owner is not None and self._authenticator.denied is not None:
            raise again  # it concerns every task
        attempt.error = again
        self._finish(attempt, again)

    def _finish(self, attempt: _Attempt, outcome: Outcome) -> None:
        """A call has its outcome; the last one of a batch moves its task on."""
        attempt.outcome = outcome
        running = attempt.owner
        if running is None:
            return
        running.outcomes[attempt.place] = outcome
        running.left -= 1
        if not running.left:
            self._advance(running, running.outcomes)


def _is_past(attempt: _Attempt, now: float) -> bool:
    return attempt.deadline is not None and now >= attempt.deadline


def _lenient(body: bytes) -> Union[str, Any]:
    """The metadata service's answers are JSON or plain text."""
    try:
        return parse(body)
    except NotJson:
        return body.decode("utf-8", "replace")
