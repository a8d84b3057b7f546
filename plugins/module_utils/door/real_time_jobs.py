# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real-time jobs as the gate's loop sees them."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from ..cloud.session import Session
from ..gate.policy import Selection
from ..services.dataarts import DataArts
from ..services.readings import Listing, Reading
from .session_source import SessionSource


class RealTimeJobs(SessionSource):
    """Real-time jobs of one workspace, with their list."""

    lists = True

    def __init__(self, session: Session, workspace: Optional[str], selection: Selection) -> None:
        super().__init__(session)
        self._service = DataArts(session, workspace)
        self._selection = selection
        self.workspace = workspace

    def statuses(self, names: Iterable[str], deadline: Optional[float]) -> Iterator[Reading]:
        return self._service.statuses(names, deadline)

    def listing(self, deadline: Optional[float], most_pages: int, sure: bool) -> Tuple[Listing, Sequence[Reading]]:
        chosen = self._selection
        listing = self._service.list(
            name=chosen.name_contains, tags=chosen.tags, most_pages=most_pages, deadline=deadline, sure=sure
        )
        return listing, self._service.readings(listing)

    def explain_missing(self, names: Sequence[str], deadline: float) -> Dict[str, Tuple[List[str], bool]]:
        return self._service.resembling(names, deadline)

    def remember(self) -> Dict[str, Any]:
        return {"offset_means": self._service.offset_means}

    def recall(self, learned: Dict[str, Any]) -> None:
        self._service.offset_means = learned["offset_means"]
