# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""DLI jobs as a source of readings for the gate."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

from .._cloud.calls import Task
from .._cloud.session import Session
from .._services.dli import PROGRESS_VERSIONS, Dli
from .._services.readings import Reading
from .session_source import SessionSource


class DliJobs(SessionSource):
    """DLI jobs, which are read one by one, without a job list."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._service = Dli()

    def read(self, name: str) -> "Task[Reading]":
        return self._service.status(name)

    def explain_failures(self, jobs: Sequence[Dict[str, Any]], deadline: float) -> List[Dict[str, Any]]:
        return list(self.session.complete_all([self._service.explain(job) for job in jobs], deadline))

    def remember(self) -> Dict[str, Any]:
        return {**super().remember(), "refused": self._service.refused}

    def recall(self, learned: Dict[str, Any], seconds: float) -> None:
        super().recall(learned, seconds)
        if any(version not in PROGRESS_VERSIONS for version in learned["refused"]):
            raise ValueError("another version of the progress call")
        self._service.refused = learned["refused"]
