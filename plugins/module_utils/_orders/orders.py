# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Sends orders, several at once within the rate limit, and keeps their answers."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._cloud.calls import Task
from .._cloud.session import Session
from .._errors import TRANSIENT, RequestError
from .._services.factory.job_actions import NOT_TAKEN, UNKNOWN, JobActions, OrderAnswer
from .goals import START, STOP, describe
from .ordered_job import Ordered

Note = Callable[[str], None]


class Order(NamedTuple):
    """An order under way; the key of its task."""

    name: str
    order: str


class Orders:
    """The orders of one task.

    :param jobs: the ordered jobs.
    :param params: the parameters of the job for start and run-immediate.
    :param note: is called with a line about orders before they are sent.
    :param deadline: on the session's clock.
    """

    def __init__(
        self,
        session: Session,
        actions: JobActions,
        jobs: Sequence[Ordered],
        params: Mapping[str, str],
        use_execution_user: Optional[bool],
        note: Note,
        deadline: float,
    ) -> None:
        self.jobs: Dict[str, Ordered] = {job.name: job for job in jobs}
        self._session, self._actions = session, actions
        self._params, self._use_execution_user = params, use_execution_user
        self._note, self._deadline = note, deadline

    def send_due(self) -> None:
        """Send every order whose time has come."""
        due = [job for job in self.jobs.values() if job.is_due]
        if due:
            self._note(f"ordering: {describe([(job.steps[0], job.name) for job in due])}")
        for job in due:
            order = job.sent()
            self._session.begin(self._task(job.name, order), Order(job.name, order), self._deadline)

    def take(self, order: Order, result: Any) -> None:
        """An order has ended."""
        answer = OrderAnswer(UNKNOWN, result) if isinstance(result, RequestError) else result
        self.jobs[order.name].answered(answer, self._session.clock.now())

    def finish(self) -> None:
        """Wait for the answers to all orders that are under way.

        :raises RequestError, CredentialsError: the session ends.
        """
        try:
            while self.are_open:
                ended = self._session.next()
                if ended is None:
                    break
                self.take(*ended)
        except BaseException as error:
            self.abandon(error)
            raise

    def abandon(self, error: Optional[BaseException] = None) -> None:
        """The session has dropped the orders under way: the service may have taken them.

        :param error: the reason, if there is one. If it is the refusal of the only order under way, that was not taken.
        """
        left = [job for job in self.jobs.values() if job.is_open]
        dropped = RequestError(TRANSIENT, "the answer was not awaited", service="dataarts", method="POST")
        answer = OrderAnswer(UNKNOWN, dropped)
        if len(left) == 1 and isinstance(error, RequestError) and error.refused and error.method == "POST":
            answer = OrderAnswer(NOT_TAKEN, error)
        for job in left:
            job.answered(answer, self._session.clock.now())

    @property
    def are_open(self) -> bool:
        """Whether the answer to any order is awaited."""
        return any(job.is_open for job in self.jobs.values())

    @property
    def are_settled(self) -> bool:
        """Whether all orders have been sent and have a clear answer."""
        return not any(
            job.is_open or job.steps or (job.answer is not None and job.answer.error is not None)
            for job in self.jobs.values()
        )

    @property
    def has_later_steps(self) -> bool:
        """Whether a job is to be started later: once it has stopped."""
        return any(len(job.steps) > 1 or (job.steps and not job.is_due) for job in self.jobs.values())

    def not_sent(self) -> List[Tuple[str, str]]:
        """The starts that were not sent to jobs that were stopped for them, each with the name of its job."""
        return [(job.steps[0], job.name) for job in self.jobs.values() if job.steps and job.acted]

    def acted(self) -> List[Tuple[str, str]]:
        """The orders that may have had an effect, each with the name of its job. An order under way may have one."""
        found = [(order, job.name) for job in self.jobs.values() for order in job.acted]
        return found + [(str(job.order), job.name) for job in self.jobs.values() if job.is_open]

    def _task(self, name: str, order: str) -> "Task[OrderAnswer]":
        if order == START:
            return self._actions.start(name, self._params)
        if order == STOP:
            return self._actions.stop(name)
        return self._actions.run_immediate(name, self._params, self._use_execution_user)
