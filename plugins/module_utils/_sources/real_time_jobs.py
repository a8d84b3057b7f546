# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Real-time jobs as a source of readings for the gate."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from .._cloud.calls import Task
from .._cloud.session import Session
from .._errors import RequestError
from .._gate.policy import Selection
from .._gate.runs.rule import NodeRunRule
from .._gate.source import Listed
from .._services.factory.jobs import DataArts
from .._services.factory.pager import PAGES, RECORDS
from .._services.readings import Reading
from .node_runs import NodeRuns
from .session_source import SessionSource


class RealTimeJobs(SessionSource):
    """Real-time jobs of one workspace, with their list."""

    lists = True

    def __init__(
        self,
        session: Session,
        workspace: Optional[str],
        selection: Selection,
        node_runs: Optional[NodeRunRule] = None,
    ) -> None:
        super().__init__(session)
        self._service = DataArts(workspace)
        self._selection = selection
        self._node_runs = None if node_runs is None else NodeRuns(self._service, node_runs, session.clock)
        self.cost = 1 if node_runs is None else 2

    @property
    def workspace(self) -> Optional[str]:  # type: ignore[override]
        return self._service.workspace or self.session.connection.workspace

    def read(self, name: str) -> "Task[Reading]":
        if self._node_runs is None:
            return self._service.status(name)
        return self._read_with_runs(name, self._node_runs)

    def _read_with_runs(self, name: str, runs: NodeRuns) -> "Task[Reading]":
        reading = yield from self._service.status(name)
        reading = yield from runs.add(reading)
        return reading

    def ask_list(self, deadline: Optional[float], max_pages: int, sure: bool) -> None:
        chosen = self._selection
        task = self._service.list(name=chosen.name_contains, tags=chosen.tags, most_pages=max_pages, sure=sure)
        self.begin_list(task, deadline)

    def listed(self, listing: Any) -> Listed:
        try:
            return Listed(listing, self._service.readings(listing))
        except RequestError as error:
            return Listed(error=error)

    def explain_missing(self, names: Sequence[str], deadline: float) -> Dict[str, Tuple[List[str], bool]]:
        return self.session.complete(self._service.resembling(names), deadline)

    def remember(self) -> Dict[str, Any]:
        learned = {**super().remember(), "offset_means": self._service.offset_means}
        if self._node_runs is not None:
            learned["runs_since"], learned["now"] = self._node_runs.since, self._node_runs.wall.milliseconds()
        return learned

    def recall(self, learned: Dict[str, Any], seconds: float) -> None:
        super().recall(learned, seconds)
        if learned["offset_means"] not in (None, PAGES, RECORDS):
            raise ValueError("another meaning of offset")
        self._service.offset_means = learned["offset_means"]
        if self._node_runs is not None:
            if not (isinstance(learned["runs_since"], int) and isinstance(learned["now"], int)):
                raise ValueError("another time")
            self._node_runs.since = learned["runs_since"]
            self._node_runs.wall.not_before(learned["now"] + seconds * 1000)
