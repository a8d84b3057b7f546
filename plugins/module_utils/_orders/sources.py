# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The sources of the gate that waits for the effect of orders.

They read like other sources, and also send the due orders, process their answers, and determine for each reading whether it can
be older than the order.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from .._clock import SteadyWall
from .._cloud.calls import Task
from .._cloud.session import Session
from .._errors import RequestError
from .._gate.source import Event
from .._services.factory.instances import Instances
from .._services.factory.jobs import DataArts
from .._services.readings import BATCH, STATUS, Reading
from .._sources.session_source import SessionSource
from .ordered_job import OrderedJob
from .ordered_run import OrderedRun
from .orders import Order, Orders


class OrderingSource(SessionSource):
    """A source whose readings may be followed by orders.

    :param orders: the orders of the task.
    """

    def __init__(self, session: Session, workspace: Optional[str], orders: Orders) -> None:
        super().__init__(session)
        self.workspace = workspace
        self._orders = orders
        # Reading a job while the answer to its order is awaited would show nothing.
        self._postponed: Dict[str, Optional[float]] = {}

    @staticmethod
    def of(session: Session, workspace: Optional[str], orders: Orders) -> "OrderingSource":
        """The source for the ordered jobs, which are all of one kind."""
        runs = {name: job for name, job in orders.jobs.items() if isinstance(job, OrderedRun)}
        if runs:
            return OrderedRuns(session, workspace, orders, runs)
        jobs = {name: job for name, job in orders.jobs.items() if isinstance(job, OrderedJob)}
        return OrderedJobs(session, workspace, orders, jobs)

    def ask(self, name: str, deadline: Optional[float]) -> None:
        if self._orders.jobs[name].is_open:
            self._postponed[name] = deadline
        else:
            super().ask(name, deadline)

    def next(self, until: Optional[float], until_free: bool = False) -> Optional[Event]:
        try:
            while True:
                self._orders.send_due()
                ended = self.session.next(until, until_free)
                if ended is None:
                    return None
                key, result = ended
                if not isinstance(key, Order):
                    return self._seen(self.event(key, result))
                self._orders.take(key, result)
                if key.name in self._postponed:
                    super().ask(key.name, self._postponed.pop(key.name))
        except BaseException as error:
            self._forget(error)
            raise

    def drop(self) -> None:
        super().drop()
        self._forget()

    def _forget(self, error: Optional[BaseException] = None) -> None:
        """The session has dropped all that was under way.

        :param error: the reason, if there is one.
        """
        self._postponed.clear()
        self._orders.abandon(error)

    def _seen(self, event: Event) -> Event:
        if not isinstance(event, Reading):
            return event
        return self._orders.jobs[event.name].see(event)


class OrderedJobs(OrderingSource):
    """Jobs that are started, stopped or restarted, each read by its own call."""

    def __init__(
        self, session: Session, workspace: Optional[str], orders: Orders, jobs: Mapping[str, OrderedJob]
    ) -> None:
        super().__init__(session, workspace, orders)
        self._service = DataArts(workspace)
        self._types = {name: job.job_type for name, job in jobs.items()}

    def read(self, name: str) -> "Task[Reading]":
        return self._service.batch_status(name) if self._types[name] == BATCH else self._service.status(name)


class OrderedRuns(OrderingSource):
    """Batch jobs that are run once: each is read by the instance that its order has made."""

    def __init__(
        self, session: Session, workspace: Optional[str], orders: Orders, runs: Mapping[str, OrderedRun]
    ) -> None:
        super().__init__(session, workspace, orders)
        self._service = Instances(workspace)
        self._runs = runs
        # A clock that is set back must not show runs from before the order as new ones.
        self._wall = SteadyWall(session.clock)

    def read(self, name: str) -> "Task[Reading]":
        run = self._runs[name]
        if run.is_sought():
            sent_at = self.session.clock.now()
            page = yield from self._service.around(name, self._wall.milliseconds())
            if isinstance(page, RequestError):
                return Reading(name, sent_at, STATUS, error=page)
            run.look_for(page.instances, page.is_complete, sent_at)
            if run.is_sought():
                return Reading(name, sent_at, STATUS, job={"status": None, "nodes": []}, is_old=True)
        if run.instance_id is None:
            return Reading(name, self.session.clock.now(), STATUS, error=run.error)
        reading = yield from self._service.one(name, run.instance_id, name)
        return reading

    def explain_failures(self, jobs: Sequence[Dict[str, Any]], deadline: float) -> List[Dict[str, Any]]:
        return list(self.session.complete_all([self._service.explain(job) for job in jobs], deadline))
