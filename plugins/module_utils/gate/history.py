# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""State changes in the order in which they were seen, at most so many of them."""

from __future__ import annotations

from collections import deque
from typing import Any, Deque, Dict, List, Optional, Tuple

from . import memory

MOST = 1000
_ENTRY: Dict[str, Any] = {
    "at": float,
    "job": str,
    "node": Optional[str],
    "previous": Optional[str],
    "status": Optional[str],
}
_SHAPE: Dict[str, Any] = {
    "number": int,
    "first": List[Tuple[int, Dict[str, Any]]],
    "later": List[Tuple[int, Dict[str, Any]]],
    "states": List[Tuple[str, Optional[str], Optional[str]]],
    "dropped": int,
    "changes": int,
}


class History:
    """Keeps changes; when there are too many, first observations go first, because they say least.

    :ivar dropped: how many were not kept.
    :ivar changes: how many changes were seen, first observations left out.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._number = 0
        self._first: Deque[Tuple[int, Dict[str, Any]]] = deque()
        self._later: Deque[Tuple[int, Dict[str, Any]]] = deque()
        self._states: Dict[Tuple[str, Optional[str]], Optional[str]] = {}
        self.dropped = 0
        self.changes = 0

    def see(self, at: float, job: str, node: Optional[str], status: Optional[str]) -> None:
        """Note the state of a job (*node* None) or node; nothing happens when it is the one before."""
        key = (job, node)
        previous = self._states.get(key)
        known = key in self._states
        if known and previous == status:
            return
        if not known and status is None:
            return
        self._states[key] = status
        self._number += 1
        entry = {"at": round(max(0.0, at), 3), "job": job, "node": node, "previous": previous, "status": status}
        if known:
            self.changes += 1
            self._later.append((self._number, entry))
        else:
            self._first.append((self._number, entry))
        if len(self._first) + len(self._later) > self._most:
            (self._first or self._later).popleft()
            self.dropped += 1

    def dump(self) -> Dict[str, Any]:
        """Its state as plain data."""
        return {
            "number": self._number,
            "first": list(self._first),
            "later": list(self._later),
            "states": [[job, node, status] for (job, node), status in self._states.items()],
            "dropped": self.dropped,
            "changes": self.changes,
        }

    def load(self, data: Dict[str, Any]) -> None:
        """Take over such a state.

        :raises ValueError: it is not one.
        """
        memory.check(data, memory.tests(_SHAPE))
        entry_tests = memory.tests(_ENTRY)
        for dummy, entry in [*data["first"], *data["later"]]:
            memory.check(entry, entry_tests)
        self._number = int(data["number"])
        self._first.extend((number, entry) for number, entry in data["first"])
        self._later.extend((number, entry) for number, entry in data["later"])
        self._states.update({(job, node): status for job, node, status in data["states"]})
        self.dropped, self.changes = int(data["dropped"]), int(data["changes"])

    def entries(self) -> List[Dict[str, Any]]:
        """The changes, oldest first."""
        merged = sorted([*self._first, *self._later], key=lambda item: (item[1]["at"], item[0]))
        return [dict(entry) for dummy, entry in merged]
