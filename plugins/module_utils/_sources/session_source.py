# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Base class of the gate's sources: a session that runs the tasks of the services."""

from __future__ import annotations

from typing import Any, Dict, Optional

from .._cloud.calls import Task
from .._cloud.scheduling.tasks import RunningTask
from .._cloud.session import Session
from .._errors import RequestError
from .._gate.source import Event, Listed, Source
from .._services.readings import STATUS, Reading

JOB_LIST = object()  # key of the task that reads the list; the keys of jobs are their names


class SessionSource(Source):
    """Readings from a session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.rate = session.rate
        self.workers = session.workers
        self._list: Optional[RunningTask] = None  # the list that was begun last

    def read(self, name: str) -> "Task[Reading]":
        """The task that reads one job."""
        raise NotImplementedError

    def begin_list(self, task: "Task[Any]", deadline: Optional[float]) -> None:
        """Begin to read the job list."""
        self._list = self.session.begin(task, JOB_LIST, deadline)

    @property
    def list_answered_at(self) -> Optional[float]:
        return None if self._list is None else self._list.answered_at

    def ask(self, name: str, deadline: Optional[float]) -> None:
        self.session.begin(self.read(name), name, deadline)

    def free_at(self) -> float:
        return self.session.free_at()

    def next(self, until: Optional[float], until_free: bool = False) -> Optional[Event]:
        ended = self.session.next(until, until_free)
        return None if ended is None else self.event(*ended)

    def event(self, key: Any, result: Any) -> Event:
        """The reading that a task has come to."""
        if key is JOB_LIST:
            return Listed(error=result) if isinstance(result, RequestError) else self.listed(result)
        if isinstance(result, RequestError):
            at = self.session.clock.now() if result.sent_at is None else result.sent_at
            return Reading(key, at, STATUS, error=result)
        reading: Reading = result
        return reading

    def drop(self) -> None:
        self.session.abandon()

    def listed(self, listing: object) -> Listed:
        """The list that the task has returned, as readings."""
        raise NotImplementedError

    def remember(self) -> Dict[str, Any]:
        return {"under_way": self.session.remember()}

    def recall(self, learned: Dict[str, Any], seconds: float) -> None:
        self.session.recall(learned["under_way"], seconds)

    @property
    def requests(self) -> int:
        return self.session.sent

    @property
    def latency(self) -> float:
        return self.session.latency
