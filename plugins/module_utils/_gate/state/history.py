# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The state changes of jobs and nodes in the order in which they were seen, up to a maximum number."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Tuple

from ..plain_data import NOT_KEPT

MAX_CHANGES = 1000


class Change(NamedTuple):
    """One state change.

    :ivar number: its place in the order in which changes were seen.
    :ivar at: seconds since the start of the gate.
    :ivar node: None for the job itself.
    """

    number: int
    at: float
    job: str
    node: Optional[str]
    previous: Optional[str]
    status: Optional[str]


@dataclass(eq=False, repr=False)
class History:
    """Keeps changes. When there are too many, first observations are dropped first, because they are the least informative.

    :ivar most: how many changes are kept.
    :ivar number: how many changes were seen, first observations included.
    :ivar first: the first observations that are kept.
    :ivar later: the other changes that are kept.
    :ivar states: the last state of each job (node None) and node.
    :ivar dropped: how many changes were not kept.
    :ivar changes: how many changes were seen, first observations excluded.
    """

    most: int = field(default=MAX_CHANGES, metadata=NOT_KEPT)
    number: int = 0
    first: Deque[Change] = field(default_factory=deque)
    later: Deque[Change] = field(default_factory=deque)
    states: Dict[Tuple[str, Optional[str]], Optional[str]] = field(default_factory=dict)
    dropped: int = 0
    changes: int = 0

    def see(self, at: float, job: str, node: Optional[str], status: Optional[str]) -> None:
        """Note the state of a job (*node* None) or node. Nothing happens when it has not changed."""
        key = (job, node)
        previous = self.states.get(key)
        known = key in self.states
        if known and previous == status:
            return
        if not known and status is None:
            return
        self.states[key] = status
        self.number += 1
        change = Change(self.number, round(max(0.0, at), 3), job, node, previous, status)
        if known:
            self.changes += 1
            self.later.append(change)
        else:
            self.first.append(change)
        if len(self.first) + len(self.later) > self.most:
            (self.first or self.later).popleft()
            self.dropped += 1

    def entries(self) -> List[Dict[str, Any]]:
        """The changes as the result shows them, oldest first."""
        found = []
        for change in sorted([*self.first, *self.later], key=lambda item: (item.at, item.number)):
            entry = change._asdict()
            del entry["number"]
            found.append(entry)
        return found
