# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The HTTP client: runs tasks, which are generators of calls, several at once, with one rate limit and one set of credentials.

A task that waits (for an answer, a retry or a Retry-After) holds up no other task: :meth:`Session.next` returns whichever ends
first, and returns at the time that the caller names.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, TypeVar

from .._clock import Clock
from .._errors import RequestError
from .calls import Task
from .failures.error_factory import ErrorFactory
from .http.worker_threads import WorkerThreads
from .options import Connection
from .scheduling.request_sender import Executor
from .scheduling.scheduler import Scheduler
from .scheduling.tasks import Key, Result, RunningTask
from .session_observers import SessionObservers, Tell

MAX_WORKERS = 16

T = TypeVar("T")


class Session:
    """Runs tasks.

    :param connection: checked options.
    :param clock: gives the time and waits.
    :param on_secret: is called with every secret as soon as it is known, so that it can be kept out of all output.
    :param workers: the largest number of requests that are open at once; the rate limit usually needs far fewer.
    :param executor: runs the exchanges; threads by default.
    :param on_request: is called with a line about each request that is over.
    :param warn: is called with a sentence if the request log or the recording cannot be continued.
    :raises OptionError: the file for the request log or the recording cannot be written.
    """

    def __init__(
        self,
        connection: Connection,
        clock: Optional[Clock] = None,
        on_secret: Optional[Callable[[str], None]] = None,
        workers: int = MAX_WORKERS,
        executor: Optional[Executor] = None,
        on_request: Optional[Tell] = None,
        warn: Optional[Tell] = None,
    ) -> None:
        self.clock = clock or Clock()
        self.connection = connection
        self.workers = workers
        errors = ErrorFactory(connection, self.clock, on_secret)
        self._observers = SessionObservers(connection, self.clock, errors.scrub, on_request, warn)
        self._scheduler = Scheduler(
            connection, self.clock, errors, workers, executor or WorkerThreads(), self._observers.all
        )

    # -- what callers plan with -------------------------------------------------------------------------------------

    @property
    def sent(self) -> int:
        """HTTP requests sent so far, with retries and those for tokens and the project."""
        return self._scheduler.sender.sent

    @property
    def rate(self) -> float:
        """The rate limit in requests per second, 0 for none."""
        return self._scheduler.limits.pacer.rate

    @property
    def project_id(self) -> Optional[str]:
        """The project's ID; None where it has to be looked up and no request has been made yet."""
        return self._scheduler.authenticator.project_id

    @property
    def latency(self) -> float:
        """The usual time of an answer: the median of recent ones in seconds, 0 before the first."""
        return self._scheduler.outcomes.latency

    @property
    def recorder(self) -> Any:
        """The :class:`~.recording.recorder.Recorder` of the session; None where nothing is recorded."""
        return self._observers.recorder

    @property
    def busy(self) -> bool:
        """Whether any call is not over."""
        return self._scheduler.is_busy

    def free_at(self) -> float:
        """When a call of a task that begins now would be sent; infinite while others wait for their turn or all workers are busy."""
        return self._scheduler.free_at()

    def remember(self) -> Optional[List[float]]:
        """What another session with the same credentials must know of the requests that are open here."""
        return self._scheduler.limits.trial.remember(self.clock.now())

    def recall(self, learned: Any, seconds: float) -> None:
        """Restore the data that :meth:`remember` returned in another session *seconds* ago.

        :raises ValueError: *learned* has another form.
        """
        self._scheduler.limits.trial.recall(learned, self.clock.now() - seconds)

    # -- tasks ------------------------------------------------------------------------------------------------------

    def begin(self, task: "Task[Any]", key: Key, deadline: Optional[float] = None) -> RunningTask:
        """Start a task. :meth:`next` returns its result beside *key*.

        :param deadline: on the session's clock; its calls end then as UNREACHED.
        :returns: the task, whose ``answered_at`` shows its progress.
        """
        running = RunningTask(task, key, deadline)
        self._scheduler.begin(running)
        return running

    def next(self, until: Optional[float] = None, until_free: bool = False) -> Optional[Tuple[Key, Result]]:
        """The key and the result of the next task that ends: what it returns, or the RequestError that it ends with.

        :param until: return None at that time; without it, None is returned only when no task is running.
        :param until_free: return None, too, as soon as a call of another task could be sent.
        :raises RequestError, CredentialsError: what concerns every call: refused credentials, no token, no project, a service
            that does not answer at all. All tasks are dropped then; nothing is sent after a refusal.
        """
        try:
            return self._scheduler.next_result(until, until_free)
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
        """Run tasks at the same time; yields their results in their order, once all have ended.

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

    def abandon(self) -> None:
        """Drop all tasks; their answers are not read."""
        self._scheduler.abandon()

    def close(self) -> None:
        """Abandon all tasks, close the connections and let idle threads end."""
        self.abandon()
        self._scheduler.close()
        self._observers.close()
