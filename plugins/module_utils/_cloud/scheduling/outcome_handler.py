# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Decides what follows from the end of a request: the call is over, is sent again, or concerns the whole session."""

from __future__ import annotations

import random
from collections import deque
from statistics import median_low
from typing import Deque, List, Optional

from ..._clock import Clock
from ..._errors import TRANSIENT, RequestError
from ..authentication.authenticator import Authenticator
from ..calls import Call, Outcome
from ..failures.error_factory import ErrorFactory
from ..http.exchange import Answer, Exchange
from .answers import error_without_answer, is_success, read_answer
from .attempt import Attempt
from .attempt_queue import AttemptQueue
from .open_requests import HANGING_AFTER
from .request_limits import RequestLimits
from .retry import THROTTLED, wait_before_retry
from .tasks import RunningTask, TaskRunner
from .unanswered_calls import UnansweredCalls

MAX_PAUSE_FOR_OTHERS = 1.0  # seconds for which no call is sent after a 429
LATENCY_SAMPLES = 63


class OutcomeHandler:
    """Handles finished exchanges.

    :param retries: how often a call may be sent again.
    :param queue: receives retries, and the calls that tasks make next.
    """

    def __init__(
        self,
        retries: int,
        clock: Clock,
        errors: ErrorFactory,
        authenticator: Authenticator,
        limits: RequestLimits,
        queue: AttemptQueue,
        unanswered: UnansweredCalls,
        tasks: TaskRunner,
    ) -> None:
        self._retries = retries
        self._clock = clock
        self._errors = errors
        self._authenticator = authenticator
        self._limits = limits
        self._queue = queue
        self._unanswered = unanswered
        self._tasks = tasks
        self._latencies: Deque[float] = deque(maxlen=LATENCY_SAMPLES)

    @property
    def latency(self) -> float:
        """The median time of recent answers in seconds, 0 before the first."""
        return median_low(self._latencies) if self._latencies else 0.0

    def begin(self, task: RunningTask) -> None:
        """Start a task and queue its first calls."""
        self._enqueue(task, self._tasks.begin(task))

    def handle(self, exchange: Exchange, attempt: Attempt) -> None:
        """Accept the result of an exchange that ended or timed out.

        :raises RequestError, CredentialsError: it concerns every call.
        """
        outcome = exchange.settle()
        if isinstance(outcome, Answer):
            self._handle_answer(outcome, exchange, attempt)
        else:
            self._handle_no_answer(outcome, exchange, attempt)

    def finish(self, attempt: Attempt, outcome: Optional[Outcome] = None) -> None:
        """End an attempt. Without an outcome it ends with its last error, or as UNREACHED where it has none."""
        if outcome is None:
            outcome = attempt.error or self._errors.unreached(attempt.call, was_sent=attempt.tries > 0)
        attempt.outcome = outcome
        if attempt.task is not None:
            self._enqueue(attempt.task, self._tasks.add_outcome(attempt.task, attempt.place, outcome))

    def finish_unanswered(self) -> None:
        """End the unanswered calls as failures of single jobs: another call was answered, or there is no other call."""
        for attempt in self._unanswered.take_all():
            self.finish(attempt)

    def _enqueue(self, task: RunningTask, batch: List[Call]) -> None:
        attempts = [Attempt(call, task, place, task.deadline) for place, call in enumerate(batch)]
        self._queue.add(attempts, task.is_urgent)

    def _handle_answer(self, answer: Answer, exchange: Exchange, attempt: Attempt) -> None:
        now = self._clock.now()
        if is_success(answer.status):
            self._limits.pacer.answered(now)
        result = read_answer(answer, attempt.call, self._errors)
        is_refusal = isinstance(result, RequestError) and result.refused
        is_server_fault = answer.status == THROTTLED or answer.status >= 500
        self._limits.trial.ended(attempt.number, now, True, not is_refusal and not is_server_fault)
        self._unanswered.service_has_answered = True
        self.finish_unanswered()
        if attempt.call.signed and not is_refusal:
            self._authenticator.accepted(attempt.auth)
        if isinstance(result, Answer):
            self._latencies.append(now - exchange.sent_at)
            if attempt.task is not None:
                attempt.task.answered_at = now
            self.finish(attempt, result)
        elif is_refusal:
            self._handle_refusal(result, attempt)
        else:
            self._handle_error(result, exchange, attempt, now)

    def _handle_no_answer(self, failure: Optional[BaseException], exchange: Exchange, attempt: Attempt) -> None:
        now = self._clock.now()
        self._limits.trial.ended(attempt.number, now, False, False)
        if attempt.is_overdue(now):
            self.finish(attempt)
            return
        self._handle_error(error_without_answer(failure, attempt.call, self._errors), exchange, attempt, now)

    def _handle_refusal(self, error: RequestError, attempt: Attempt) -> None:
        """The credentials were refused: the call is sent again only with other ones."""
        again = self._authenticator.refused(
            error, attempt.auth, attempt.call.signed, attempt.deadline, attempt.is_refused
        )
        attempt.is_refused = True
        if isinstance(again, float):
            self._limits.trial.renew()
            self._queue.retry(attempt, again)
            return
        if attempt.task is not None and self._authenticator.denied is not None:
            raise again  # it concerns every task
        attempt.error = again
        self.finish(attempt, again)

    def _handle_error(self, error: RequestError, exchange: Exchange, attempt: Attempt, now: float) -> None:
        """Send a call again, or end it with its error."""
        attempt.is_hanging = now - exchange.sent_at >= HANGING_AFTER
        error.sent_at = exchange.sent_at
        attempt.error = error
        left = None if attempt.deadline is None else attempt.deadline - now
        retries = 0 if attempt.call.has_alternative and error.status is None else self._retries
        wait = wait_before_retry(error, attempt.tries, retries, left, random.uniform, attempt.call.is_order)
        if error.status == THROTTLED:
            # The call itself waits for its Retry-After. The others continue, more slowly, after a short pause, because a
            # gate must not stop reading for as long as a single call is throttled.
            self._limits.pacer.throttled(now, 0.0 if wait is None else min(wait, MAX_PAUSE_FOR_OTHERS))
        if wait is not None:
            self._queue.retry(attempt, now + wait)
        elif self._says_nothing_about_its_job(error, attempt):
            if self._unanswered.add(attempt):
                raise error
        else:
            self.finish(attempt, error)

    def _says_nothing_about_its_job(self, error: RequestError, attempt: Attempt) -> bool:
        """Whether the service has not answered at all, so that the fault may not be the job's."""
        had_no_answer = error.status is None and error.kind == TRANSIENT
        return had_no_answer and not self._unanswered.service_has_answered and attempt.task is not None
