# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gate asks for: the options as checked values, and the states of each kind of job as data."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Dict, FrozenSet, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..services.readings import DLI_STATES, FAILING_STATES, REAL_TIME_STATES

PASS = "PASS"
FAIL = "FAIL"
PENDING = "PENDING"
TIMEOUT = "TIMEOUT"
ERROR = "ERROR"

SHORTEST_INTERVAL = 0.1  # seconds between the starts of two observations, whatever else is true

# What to do about a job that does not exist.
MISSING_FAIL = "fail"
MISSING_WAIT = "wait"
MISSING_OK = "ok"


class Kind(NamedTuple):
    """What is known of a kind of job.

    :ivar noun: what a message calls one.
    :ivar known: its states; any other is named and neither ready nor failing.
    :ivar final: states that never change again, so that nobody needs to look a second time.
    :ivar quiet: states that silence the nodes' old states.
    :ivar codes: reason code of a failing state, ``job_exception`` for those not named.
    :ivar node_failing: node states that count like the job's own failure.
    """

    noun: str
    known: FrozenSet[str]
    final: FrozenSet[str]
    quiet: FrozenSet[str]
    codes: Mapping[str, str]
    node_failing: FrozenSet[str]


REAL_TIME_KIND = Kind(
    noun="job",
    known=frozenset(REAL_TIME_STATES),
    final=frozenset(),
    quiet=frozenset(("STOPPED",)),
    codes={},
    node_failing=frozenset(FAILING_STATES),
)
DLI_KIND = Kind(
    noun="DLI job",
    known=frozenset(DLI_STATES),
    final=frozenset(("FINISHED", "FAILED", "CANCELLED")),
    quiet=frozenset(),
    codes={"FAILED": "dli_failed", "CANCELLED": "dli_cancelled"},
    node_failing=frozenset(),
)


class Policy(NamedTuple):
    """The gate's options. Durations are seconds.

    :ivar wait: observe until there is a verdict; without it, one reading.
    :ivar ready: states in which a job is ready.
    :ivar failing: states in which a job fails.
    :ivar fatal: whether a failing state fails a waiting gate; without it, it is waited out.
    :ivar check_nodes: whether nodes count, but for those whose names match ``ignore_nodes`` (shell patterns).
    :ivar missing: MISSING_FAIL, MISSING_WAIT or MISSING_OK.
    :ivar max_errors: unreadable observations of a job in a row that make an ERROR.
    :ivar interval: seconds from one observation's start to the next one's.
    :ivar timeout: seconds for everything; 0 is one observation.
    :ivar once: end after one observation without waiting (check mode).
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
    exception_grace: float = 0.0
    stable_for: float = 0.0
    started_after: Optional[int] = None
    require_records: bool = False
    missing: str = MISSING_FAIL
    max_errors: int = 5
    stall_timeout: float = 0.0
    initial_delay: float = 0.0
    interval: float = 10.0
    timeout: float = 600.0

    @property
    def counts_failing(self) -> bool:
        """Whether a failing state makes a job FAIL; a single reading always says what it sees."""
        return self.fatal or not self.wait

    @property
    def needs_nodes(self) -> bool:
        """Whether the job list alone can never be enough."""
        return self.check_nodes or self.require_records


class Selection(NamedTuple):
    """Which jobs a gate is about.

    :ivar names: their names, or empty where tags or a part of the name say which.
    :ivar exclude: shell patterns of names that are left out.
    :ivar least: how many there must be.
    """

    names: Tuple[str, ...] = ()
    tags: Tuple[str, ...] = ()
    name_contains: Optional[str] = None
    exclude: Tuple[str, ...] = ()
    least: int = 1

    @property
    def by_name(self) -> bool:
        """Whether the names are given, so that nobody has to be asked for them."""
        return not self.tags and self.name_contains is None

    def as_dict(self, kind: Kind) -> Dict[str, Any]:
        """What was asked for, by the options' names; only what was given."""
        if kind.final:
            return {"job_ids": list(self.names)}
        found: Dict[str, Any] = {
            "job_names": list(self.names),
            "tags": list(self.tags),
            "name_contains": self.name_contains,
            "exclude_names": list(self.exclude),
        }
        return {option: value for option, value in found.items() if value}

    def choose(self, names: Sequence[str]) -> Tuple[str, ...]:
        """Those of *names* that are meant, each once, in their order."""
        return tuple(name for name in dict.fromkeys(names) if self._meant(name))

    def _meant(self, name: str) -> bool:
        if self.name_contains is not None and self.name_contains not in name:
            return False
        return not matches(name, self.exclude)


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether any of the shell patterns fits the whole name; upper and lower case differ."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
