# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the gate's sources have in common: a session."""

from __future__ import annotations

from ..cloud.session import Session
from ..gate.loop import Source


class SessionSource(Source):
    """Readings that come over a session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.rate = session.rate

    @property
    def requests(self) -> int:
        return self.session.sent

    @property
    def latency(self) -> float:
        return self.session.latency
