# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""DLI's Spark batches as a source of readings for the gate."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

from .._cloud.calls import Task
from .._cloud.session import Session
from .._services.dli.spark_batches import DliSpark
from .._services.readings import Reading
from .session_source import SessionSource


class SparkBatches(SessionSource):
    """Spark batches, which are read one by one."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._service = DliSpark()

    def read(self, name: str) -> "Task[Reading]":
        return self._service.status(name)

    def explain_failures(self, jobs: Sequence[Dict[str, Any]], deadline: float) -> List[Dict[str, Any]]:
        return list(self.session.complete_all([self._service.explain(job) for job in jobs], deadline))
