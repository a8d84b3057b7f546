# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""What has to move in a running job: the record counters of a real-time job's nodes, and the progress of a DLI job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Set, Tuple

from ..policy import NEVER

_COUNTERS = ("total_put_records", "total_get_records")


@dataclass(eq=False, repr=False)
class RecordCounters:
    """The record counters of a job's nodes (``require_records``).

    :ivar counts: the last value of each counter, by node and counter.
    :ivar moved_at: when a counter of a running node was last seen growing, by node.
    :ivar are_reported: whether any node has reported a counter.
    """

    counts: Dict[Tuple[str, str], int] = field(default_factory=dict)
    moved_at: Dict[str, float] = field(default_factory=dict)
    are_reported: bool = False

    def update(self, nodes: Mapping[str, Dict[str, Any]], at: float, running: FrozenSet[str]) -> None:
        """Compare the counters with their last values. A counter that fell starts again.

        :param running: states of a node in which its records count.
        """
        for name, node in nodes.items():
            status = node.get("status")
            for counter in _COUNTERS:
                number = node.get(counter)
                if not isinstance(number, (int, float)) or isinstance(number, bool):
                    continue
                self.are_reported = True
                last = self.counts.get((name, counter))
                if last is not None and number > last and (status is None or status in running):
                    self.moved_at[name] = at
                self.counts[name, counter] = int(number)

    def moved_nodes(self, since: float) -> Set[str]:
        """The nodes that have moved records since then."""
        return {name for name, at in self.moved_at.items() if at > since}


@dataclass(eq=False, repr=False)
class JobProgress:
    """The progress of a DLI job (``stall_timeout``).

    :ivar tasks: the last counts of its tasks.
    :ivar last: the last progress, tasks and sub-job that were reported.
    :ivar changed_at: when they were last seen to change while the job was running, None while it is not.
    :ivar reported_at: when any of them was reported last.
    """

    tasks: Optional[Dict[str, int]] = None
    last: List[Any] = field(default_factory=lambda: [None, None, None])
    changed_at: Optional[float] = None
    reported_at: float = NEVER

    def update(self, job: Mapping[str, Any], at: float, is_progressing: bool) -> None:
        """Accept the answer of a status call. The first progress or tasks seen are a change; a missing value is not."""
        if job.get("tasks") is not None:
            self.tasks = job["tasks"]
        if not is_progressing:
            self.last, self.changed_at = [None, None, None], None
            return
        reported = [job.get("progress"), job.get("tasks"), job.get("sub_job_id")]
        if any(new is not None and new != old for old, new in zip(self.last, reported)):
            self.changed_at = at
        self.last = [old if new is None else new for old, new in zip(self.last, reported)]
        if any(part is not None for part in reported):
            self.reported_at = at

    def stop(self) -> None:
        """The job does not exist."""
        self.changed_at = None

    @property
    def stalled_for(self) -> float:
        """Seconds without a change, as far as answers have shown it."""
        return 0.0 if self.changed_at is None else self.reported_at - self.changed_at
