# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The options of a gate and its selection of jobs, as checked values."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Dict, FrozenSet, NamedTuple, Optional, Sequence, Tuple

from .kinds import Kind
from .runs.rule import NodeRunRule, RunRule

NEVER = float("-inf")  # the time of an event that has not happened
MIN_INTERVAL = 0.1  # seconds from the start of one observation to the start of the next

# What to do about a job that does not exist.
MISSING_FAIL = "fail"
MISSING_WAIT = "wait"
MISSING_OK = "ok"


class Policy(NamedTuple):
    """The options of a gate. Durations are in seconds.

    :ivar ready: states in which a job is ready.
    :ivar failing: states in which a job fails.
    :ivar wait: observe until there is a verdict. Without it, the jobs are read once.
    :ivar once: end after one observation, without waiting (check mode).
    :ivar fatal: whether a failing state fails a gate that waits. Without it, the gate waits for the state to change.
    :ivar check_nodes: whether the states of nodes count, except for nodes that match ``ignore_nodes`` (shell patterns).
    :ivar max_failing: how many jobs may fail before the gate fails.
    :ivar fails_last: whether a failure or an error of a job ends the gate only once no other job is pending.
    :ivar started_after: epoch milliseconds.
    :ivar require_records: whether some running node of each job must have moved records. With ``record_nodes`` (shell patterns),
        each node that they match must have.
    :ivar min_result_rows: a job with fewer rows in its result fails; None for no limit.
    :ivar max_bad_rows: a job with more bad rows fails; None for no limit.
    :ivar runs: which runs of batch jobs count, in a gate for runs.
    :ivar node_runs: which runs of nodes with a trigger count; None where they do not.
    :ivar missing: MISSING_FAIL, MISSING_WAIT or MISSING_OK.
    :ivar max_errors: how many unreadable observations of a job in a row make an ERROR.
    :ivar interval: from the start of one observation to the start of the next.
    :ivar timeout: for the whole gate; 0 is one observation.
    """

    kind: Kind
    ready: FrozenSet[str]
    failing: FrozenSet[str]
    wait: bool = False
    once: bool = False
    fatal: bool = True
    check_nodes: bool = True
    ignore_nodes: Tuple[str, ...] = ()
    max_failing: int = 0
    fails_last: bool = False
    exception_grace: float = 0.0
    stable_for: float = 0.0
    started_after: Optional[int] = None
    require_records: bool = False
    record_nodes: Tuple[str, ...] = ()
    min_result_rows: Optional[int] = None
    max_bad_rows: Optional[int] = None
    runs: Optional[RunRule] = None
    node_runs: Optional[NodeRunRule] = None
    missing: str = MISSING_FAIL
    max_errors: int = 5
    stall_timeout: float = 0.0
    initial_delay: float = 0.0
    interval: float = 10.0
    timeout: float = 600.0

    @property
    def counts_failing(self) -> bool:
        """Whether a failing state makes a job FAIL. In a single reading it always does."""
        return self.fatal or not self.wait

    @property
    def needs_nodes(self) -> bool:
        """Whether the nodes have to be read. The job list does not show them."""
        return self.check_nodes or self.require_records or self.node_runs is not None

    @property
    def needs_status_calls(self) -> bool:
        """Whether only the call for one job shows what a PASS rests on: nodes, or the state of a job without a list."""
        return self.needs_nodes or not self.kind.has_list

    @property
    def limited_rows(self) -> Tuple[str, ...]:
        """The numbers of rows for which there are limits, by their names in the service's answers."""
        limits = (("result_count", self.min_result_rows), ("bad_row_count", self.max_bad_rows))
        return tuple(figure for figure, limit in limits if limit is not None)


class DliQuery(NamedTuple):
    """The SQL jobs of DLI that are selected by what they have in common.

    :ivar tags: keys and values that a job has, sorted by key.
    :ivar queue: the queue that it runs in; None for any.
    :ivar since: the earliest start, as the user wrote it; None for any time.
    :ivar newest: of jobs with the same tags, only the one that was started last.
    """

    tags: Tuple[Tuple[str, str], ...] = ()
    queue: Optional[str] = None
    since: Optional[str] = None
    newest: bool = False

    def as_dict(self) -> Dict[str, Any]:
        """The options, by name."""
        return {"job_tags": dict(self.tags), "queue": self.queue, "since": self.since, "newest": self.newest}


class Selection(NamedTuple):
    """The jobs that a gate is about.

    :ivar names: names or IDs; empty where tags or a part of the name select.
    :ivar exclude: shell patterns of names that are left out.
    :ivar least: how many jobs the selection must hold.
    :ivar query: selects SQL jobs of DLI instead of all the above.
    :ivar option: the option that lists the names, where it is not that of the kind of job.
    """

    names: Tuple[str, ...] = ()
    tags: Tuple[str, ...] = ()
    name_contains: Optional[str] = None
    exclude: Tuple[str, ...] = ()
    least: int = 1
    query: Optional[DliQuery] = None
    option: Optional[str] = None

    @property
    def by_name(self) -> bool:
        """Whether the names are given, so that they need not be looked up."""
        return not self.tags and self.name_contains is None and self.query is None

    def as_dict(self, kind: Kind) -> Dict[str, Any]:
        """The options that were given, by name."""
        found: Dict[str, Any] = {
            self.option or kind.selected_by: list(self.names),
            "tags": list(self.tags),
            "name_contains": self.name_contains,
            "exclude_names": list(self.exclude),
            **(self.query.as_dict() if self.query else {}),
        }
        return {option: value for option, value in found.items() if value}

    def choose(self, names: Sequence[str]) -> Tuple[str, ...]:
        """The names that are selected, each once, in the order given."""
        return tuple(name for name in dict.fromkeys(names) if self._includes(name))

    def _includes(self, name: str) -> bool:
        if self.name_contains is not None and self.name_contains not in name:
            return False
        return not matches(name, self.exclude)


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a shell pattern matches the whole name. Upper and lower case differ."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
