# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""SQL jobs of DLI as a source of readings for the gate."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from .._cloud.calls import Task
from .._cloud.session import Session
from .._gate.policy import DliQuery
from .._gate.source import Listed
from .._services.dli.sql_job_list import Wanted, list_jobs
from .._services.dli.sql_jobs import FAILED, PROGRESS_VERSIONS, Dli
from .._services.readings import LIST, Reading
from .._times import epoch_milliseconds
from .session_source import SessionSource


class DliJobs(SessionSource):
    """SQL jobs, which are read one by one. Their list only selects jobs: it is not read again once they are known.

    :param query: selects the jobs, None where their IDs are given.
    :param needs_rows: whether the numbers of rows of finished jobs are needed.
    :param slides: whether a time back counts from each reading of the list, and not from the first one.
    """

    def __init__(
        self, session: Session, query: Optional[DliQuery] = None, needs_rows: bool = False, slides: bool = False
    ) -> None:
        super().__init__(session)
        self.service = Dli()
        self._query = query or DliQuery()
        self._needs_rows = needs_rows
        self._slides = slides
        # The jobs that the list shows as failed, with their states. These are final whatever another call says.
        self._failed: Dict[str, str] = {}
        # A time back counts from the start of the gate, also in its later slices.
        self._since = self._earliest()

    def _earliest(self) -> Optional[int]:
        since = self._query.since
        return None if since is None else epoch_milliseconds("since", since, self.session.clock.wall())

    def read(self, name: str) -> "Task[Reading]":
        reading = yield from self.service.status(name, self._needs_rows)
        if reading.job is not None and name in self._failed and reading.job["status"] not in FAILED:
            reading = reading._replace(job={**reading.job, "status": self._failed[name]})
        return reading

    def ask_list(self, deadline: Optional[float], max_pages: int, sure: bool) -> None:
        query = self._query
        if self._slides:
            self._since = self._earliest()
        self.begin_list(list_jobs(Wanted(dict(query.tags), query.queue, self._since, query.newest)), deadline)

    def listed(self, listing: Any) -> Listed:
        """The list with a reading for each job, which contains its existence, and of its state only a failure, which is final."""
        if self._slides:
            self._failed.clear()  # there may be more of them every day
        self._failed.update((job["job_id"], job["status"]) for job in listing.jobs if job["status"] in FAILED)
        readings = [
            Reading(job["job_id"], listing.at, LIST, job={"job_id": job["job_id"], "status": None})
            for job in listing.jobs
        ]
        return Listed(listing, readings)

    def explain_failures(self, jobs: Sequence[Dict[str, Any]], deadline: float) -> List[Dict[str, Any]]:
        return list(self.session.complete_all([self.service.explain(job) for job in jobs], deadline))

    def remember(self) -> Dict[str, Any]:
        return {**super().remember(), "refused": self.service.refused, "since": self._since, "failed": self._failed}

    def recall(self, learned: Dict[str, Any], seconds: float) -> None:
        super().recall(learned, seconds)
        if any(version not in PROGRESS_VERSIONS for version in learned["refused"]):
            raise ValueError("another version of the progress call")
        if not isinstance(learned["since"], (int, type(None))):
            raise ValueError("another form of since")
        failed = dict(learned["failed"])
        if not all(isinstance(name, str) and state in FAILED for name, state in failed.items()):
            raise ValueError("another state")
        self.service.refused = learned["refused"]
        self._since, self._failed = learned["since"], failed
