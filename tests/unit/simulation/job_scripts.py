# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to the jobs of a simulated cloud, as data: values that change at given seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

GONE = "gone"
"""The state of a job that does not exist."""
LIST = "list"
"""The target of a fault of the job list."""
EVERYTHING = "everything"
"""The target of a fault of all requests."""

HANG = "hang"  # no answer at all
SLOW = "slow"  # the answer takes ``seconds`` longer
THROTTLED = "throttled"  # HTTP 429 with Retry-After ``seconds``
UNAVAILABLE = "unavailable"  # HTTP 503
BROKEN = "broken"  # the connection breaks after ``seconds``
GARBAGE = "garbage"  # HTTP 200 with a body that is not the answer
INTERIM = "interim"  # HTTP 103 in place of an answer
FOREIGN = "foreign"  # HTTP 200 with the answer about another job
UNSUCCESSFUL = "unsuccessful"  # HTTP 200 with an error code beside the fields
UNAUTHORIZED = "unauthorized"  # HTTP 401
TROUBLES = (HANG, SLOW, THROTTLED, UNAVAILABLE, BROKEN, GARBAGE, INTERIM, FOREIGN, UNSUCCESSFUL)

REAL_TIME = "real_time"
DLI_SQL = "dli"
FLINK = "dli_flink"
SPARK = "dli_spark"

Change = tuple[float, Any]


@dataclass(frozen=True)
class Timeline:
    """A value over time.

    :ivar changes: (seconds since the start of the gate, value) in the order of time; the first value also holds before.
    """

    changes: tuple[Change, ...]

    def at(self, seconds: float) -> Any:
        """The value at a time."""
        value = self.changes[0][1]
        for since, item in self.changes:
            if since > seconds:
                break
            value = item
        return value

    def last_change(self, seconds: float) -> float:
        """When the value of that time began; 0 for the first value."""
        return max((since for since, dummy in self.changes[1:] if since <= seconds), default=0.0)


def timeline(text: str) -> Timeline:
    """A timeline of states from text such as ``0 NORMAL, 1 EXCEPTION``, or ``NORMAL`` for one that never changes."""
    changes = []
    for part in text.split(","):
        words = part.split(None, 1)
        changes.append((float(words[0]), words[1].strip()) if len(words) > 1 else (0.0, words[0]))
    return Timeline(tuple(changes))


def constant(value: Any) -> Timeline:
    """A value that never changes."""
    return Timeline(((0.0, value),))


@dataclass(frozen=True)
class Job:
    """A real-time job or a job of DLI.

    :ivar name: its name, or the ID of a job of DLI.
    :ivar states: the job's state, or GONE.
    :ivar nodes: the state of each node by name.
    :ivar starts: ``startTime`` in epoch milliseconds.
    :ivar tasks: of a SQL job of DLI: None, or tasks done and tasks in all.
    :ivar restarts: ``restart_times`` of a Flink job; None where the service does not name it.
    :ivar kind: REAL_TIME, DLI_SQL, FLINK or SPARK.
    """

    name: str
    states: Timeline
    nodes: Mapping[str, Timeline]
    starts: Timeline = field(default_factory=lambda: constant(1_700_000_000_000))
    tags: tuple[str, ...] = ()
    tasks: Timeline = field(default_factory=lambda: constant(None))
    restarts: Timeline = field(default_factory=lambda: constant(None))
    kind: str = REAL_TIME

    def exists(self, seconds: float) -> bool:
        """Whether there is such a job at a time."""
        return bool(self.states.at(seconds) != GONE)

    def last_update(self, seconds: float) -> float:
        """When the job or one of its nodes last changed."""
        lines = (self.states, self.starts, *self.nodes.values())
        return max(line.last_change(seconds) for line in lines)

    def changes(self) -> list[float]:
        """All times at which something about the job changes."""
        lines = (self.states, self.starts, self.tasks, self.restarts, *self.nodes.values())
        return sorted({since for line in lines for since, dummy in line.changes[1:]})


def job(
    name: str,
    states: str,
    nodes: Mapping[str, str] | None = None,
    starts: Sequence[Change] | None = None,
    tags: Sequence[str] = (),
) -> Job:
    """A real-time job. Without *nodes* it has one, ``n``, whose state is that of the job."""
    line = timeline(states)
    parts = {"n": line} if nodes is None else {node: timeline(text) for node, text in nodes.items()}
    started = Timeline(tuple(starts)) if starts else constant(1_700_000_000_000)
    return Job(name, line, parts, started, tuple(tags))


def dli_job(job_id: str, states: str, tasks: Sequence[Change] = ()) -> Job:
    """A SQL job of DLI; *tasks* are (seconds, (done, in all)), with none before the first."""
    return Job(job_id, timeline(states), {}, tasks=Timeline(((0.0, None), *tasks)), kind=DLI_SQL)


def flink_job(job_id: str, states: str, restarts: Sequence[Change] = ()) -> Job:
    """A Flink job; *restarts* are (seconds, ``restart_times``), 0 before the first."""
    return Job(job_id, timeline(states), {}, restarts=Timeline(((0.0, 0), *restarts)), kind=FLINK)


def spark_batch(batch_id: str, states: str) -> Job:
    """A Spark batch."""
    return Job(batch_id, timeline(states), {}, kind=SPARK)


@dataclass(frozen=True)
class Trouble:
    """A fault of the requests that are sent from *start* to *end*.

    :ivar target: the name of the job whose calls it concerns, LIST or EVERYTHING.
    :ivar seconds: of SLOW, THROTTLED and BROKEN, as described there.
    :ivar as_date: whether the Retry-After header is a date.
    """

    target: str
    kind: str
    start: float = 0.0
    end: float = float("inf")
    seconds: float = 0.0
    as_date: bool = False

    def concerns(self, target: str, sent_at: float) -> bool:
        """Whether it affects a request about *target* that is sent at this time."""
        return self.target in (target, EVERYTHING) and self.start <= sent_at < self.end
