# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Sends the calls of all tasks and waits for their answers, one step at a time and in the caller's thread.

All decisions are made in this thread. Other threads only run single exchanges and may be abandoned, which bounds name
resolution, handshakes and answers that come a byte a second. With one place for decisions, "nothing more is sent after a
refusal" is a plain condition instead of a race.
"""

from __future__ import annotations

import queue
from typing import Optional, Sequence, Tuple

from ..._clock import Clock
from ..authentication.authenticator import Authenticator
from ..calls import Call
from ..failures.error_factory import ErrorFactory
from ..http.exchange import Answer, Exchange
from ..observers.ended_request import Observer, report
from ..options import Connection
from .attempt import Attempt
from .attempt_queue import NEVER, AttemptQueue
from .outcome_handler import OutcomeHandler
from .request_limits import RequestLimits
from .request_sender import Executor, RequestSender
from .tasks import Key, Result, RunningTask, TaskRunner
from .unanswered_calls import UnansweredCalls

_RENEWAL = object()  # key of the task that renews the session's key


class Scheduler:
    """The loop of a session.

    :param connection: checked options.
    :param clock: gives the time and waits.
    :param errors: makes errors, and keeps secrets out of them.
    :param workers: the largest number of requests that are open at once.
    :param executor: runs the exchanges.
    :param observers: learn of each request that is over.
    """

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        errors: ErrorFactory,
        workers: int,
        executor: Executor,
        observers: Sequence[Observer] = (),
    ) -> None:
        self._clock = clock
        self._observers = observers
        self._finished: "queue.SimpleQueue[Exchange]" = queue.SimpleQueue()
        self._tasks = TaskRunner()
        self._unanswered = UnansweredCalls()
        self._queue = AttemptQueue(self._unanswered)
        self.limits = RequestLimits(connection.requests_per_second, workers)
        self.authenticator = Authenticator(connection, clock, errors, self._exchange_one)
        self.sender = RequestSender(connection, errors, self.authenticator, executor, self._finished, workers)
        self.outcomes = OutcomeHandler(
            connection.retries,
            clock,
            errors,
            self.authenticator,
            self.limits,
            self._queue,
            self._unanswered,
            self._tasks,
        )

    @property
    def is_busy(self) -> bool:
        """Whether any call is not over, or a result has not been returned yet."""
        return bool(self.limits.open or self._queue or self._tasks.results or self._unanswered)

    def begin(self, task: RunningTask) -> None:
        """Start a task."""
        self.outcomes.begin(task)

    def free_at(self) -> float:
        """When a call of a task that begins now would be sent; infinite while others wait or all workers are busy."""
        return NEVER if self._queue.has_new else self.limits.next_at(self._clock.now())

    def abandon(self) -> None:
        """Drop all tasks; their answers are not read."""
        for exchange, attempt in self.limits.open.give_up_all():
            report(self._observers, attempt.call, exchange, self._clock.now(), given_up=True)
        self._queue.clear()
        self._tasks.results.clear()
        self._unanswered.take_all()

    def close(self) -> None:
        """Close the connections, and release the credentials for other processes."""
        self.authenticator.close()
        self.sender.close()

    def next_result(self, until: Optional[float], until_free: bool) -> Optional[Tuple[Key, Result]]:
        """The key and the result of the next task that ends; see :meth:`~.session.Session.next`."""
        while True:
            if self._tasks.results:
                result = self._tasks.results.popleft()
                if result[0] is not _RENEWAL:
                    return result
                if result[1] is True:
                    self.limits.trial.renew()
                continue
            now = self._clock.now()
            if until is not None and now >= until and self._finished.empty():
                if self._end_late(now):
                    continue  # a call that is late ends at the same time, with its reason
                return None
            if until_free and not self._queue.has_new and self.limits.next_at(now) <= now:
                return None
            if not self.is_busy and not until_free:
                if until is not None:
                    self._clock.sleep(until - now)
                return None
            self._step(until, until_free)

    def _step(self, until: Optional[float], until_free: bool = False) -> None:
        """Do one thing: end what is late, send one request, or wait for an answer."""
        if self.authenticator.denied:
            raise self.authenticator.denied
        now = self._clock.now()
        if self._end_late(now) or self._send_next(now):
            return
        if self._unanswered and not (until_free or self.limits.open or self._queue or self._queue.exclusive):
            self.outcomes.finish_unanswered()
            return
        wake_at = self._wake_at(now, until, until_free)
        if wake_at is None:
            return
        exchange = self._clock.wait(self._finished, max(0.0, wake_at - now), bool(self.limits.open))
        if exchange is not None:
            self._handle(exchange)

    def _wake_at(self, now: float, until: Optional[float], until_free: bool) -> Optional[float]:
        """When something can be done even if no answer comes; None if there is nothing to wait for."""
        times = self.limits.open.bounds() + self._queue.deadlines()
        may_send_at = self.limits.next_at(now)
        if may_send_at < NEVER:
            if until_free and not self._queue.has_new:
                times.append(may_send_at)
            due_at = self._queue.next_at()
            if due_at < NEVER:
                times.append(max(due_at, may_send_at))
        if until is not None:
            times.append(until)
        return min(times) if times else None

    def _end_late(self, now: float) -> bool:
        """End requests whose time is up and calls whose deadline has passed. True when there were any."""
        expired = self.limits.open.expired(now)
        if expired and not self._finished.empty():
            # An answer that arrived in time is accepted first, however late this process handles it.
            self._handle(self._finished.get())
            return True
        for exchange in expired:
            self._give_up(exchange)
        overdue = self._queue.overdue(now)
        if self._unanswered.any_overdue(now):
            self.outcomes.finish_unanswered()
            return True
        self._queue.remove(overdue)
        for attempt in overdue:
            self.outcomes.finish(attempt)
        return bool(expired or overdue)

    def _give_up(self, exchange: Exchange) -> None:
        attempt = self.limits.open.remove(exchange)
        # Handling another exchange may have renewed the credentials, and abandoned this one.
        if attempt is not None:
            exchange.given_up.set()
            exchange.outcome = None
            self._end(exchange, attempt)

    def _handle(self, exchange: Exchange) -> None:
        """Accept a finished exchange; one that timed out before is ignored."""
        attempt = self.limits.open.remove(exchange)
        if attempt is not None:
            self._end(exchange, attempt)

    def _end(self, exchange: Exchange, attempt: Attempt) -> None:
        """A request is over. Observers see its answer before it is decoded."""
        report(self._observers, attempt.call, exchange, self._clock.now())
        self.outcomes.handle(exchange, attempt)

    def _send_next(self, now: float) -> bool:
        """Send the next request if its time has come. True when anything was done."""
        if self.limits.next_at(now) > now or self._queue.next_at() > now:
            return False
        if self.limits.trial.is_waiting and not self.authenticator.may_send_another():
            self.limits.wait_for_other_processes(now)
            return False
        attempt = self._queue.take(now, self.limits.trial.is_over)
        if attempt is None:
            return False
        if attempt.call.signed and not self.authenticator.is_prepared and attempt is not self._queue.exclusive:
            self._queue.put_back(attempt)
            self.authenticator.prepare(attempt.deadline)
            return True
        if attempt.call.signed and self._queue.exclusive is None:
            renewal = self.authenticator.begin_renewal()
            if renewal is not None:
                # It is sent first, so that the key is renewed even if nothing else is sent for long. No call waits for it.
                self._queue.put_back(attempt)
                self.outcomes.begin(RunningTask(renewal[0], _RENEWAL, renewal[1], is_urgent=True))
                return True
        exchange = self.sender.build(attempt, self._clock.now())
        self.limits.add(exchange, attempt)
        self.sender.start(exchange)
        return True

    def _exchange_one(self, call: Call, deadline: Optional[float]) -> Answer:
        """The answer to one call while all others wait: for tokens, temporary keys and the project.

        :raises RequestError: there is none.
        """
        attempt = Attempt(call, None, 0, deadline)
        with self._queue.only(attempt):
            while attempt.outcome is None:
                if attempt.is_overdue(self._clock.now()) and not self.limits.open.belongs_to(attempt):
                    self.outcomes.finish(attempt)
                    break
                self._step(deadline)
        outcome = attempt.outcome
        if isinstance(outcome, Answer):
            return outcome
        raise outcome or AssertionError("an attempt ends with an outcome")
