# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""DLI's Flink jobs as a source of readings for the gate."""

from __future__ import annotations

from typing import Any, Dict

from .._cloud.calls import Task
from .._cloud.session import Session
from .._gate import plain_data
from .._services.dli.flink_jobs import DliFlink
from .._services.readings import Reading
from .session_source import SessionSource

_TESTS = plain_data.tests({"ids": Dict[str, str]})


class FlinkJobs(SessionSource):
    """Flink jobs, which are read one by one.

    :param by_name: whether they are selected by their names.
    """

    def __init__(self, session: Session, by_name: bool) -> None:
        super().__init__(session)
        self._service = DliFlink()
        self._by_name = by_name

    def read(self, name: str) -> "Task[Reading]":
        return self._service.status_of_name(name) if self._by_name else self._service.status(name)

    def remember(self) -> Dict[str, Any]:
        return {**super().remember(), "ids": self._service.ids}

    def recall(self, learned: Dict[str, Any], seconds: float) -> None:
        super().recall(learned, seconds)
        plain_data.check({"ids": learned["ids"]}, _TESTS)
        self._service.ids = learned["ids"]
