# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DLI jobs as the gate's loop sees them."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, Optional

from ..cloud.session import Session
from ..gate.loop import Source
from ..services.dli import Dli
from ..services.readings import Reading


class DliJobs(Source):
    """DLI jobs; there is no list of them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._service = Dli(session)
        self.rate = session.rate

    def statuses(self, names: Iterable[str], deadline: Optional[float]) -> Iterator[Reading]:
        return self._service.statuses(names, deadline)

    def remember(self) -> Dict[str, Any]:
        return {"refused": self._service.refused}

    def recall(self, learned: Dict[str, Any]) -> None:
        self._service.refused = learned["refused"]

    @property
    def requests(self) -> int:
        return self._session.sent

    @property
    def latency(self) -> float:
        return self._session.latency
