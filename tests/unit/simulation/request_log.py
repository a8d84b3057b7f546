# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests to a simulated cloud and its answers. The checks use this log and no code of the collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

STATUS = "status"
LISTING = "list"
DLI_PROGRESS = "progress"
DLI_STATUS = "dli_status"
FLINK_DETAIL = "flink_detail"
SPARK_BATCH = "spark_batch"
SPARK_LOG = "spark_log"
OTHER = "other"
ABOUT_ONE_JOB = (STATUS, DLI_PROGRESS, DLI_STATUS, FLINK_DETAIL, SPARK_BATCH)


@dataclass(frozen=True)
class JobContent:
    """The content of an answer about a job.

    :ivar state: the job's state; None for a job that is missing.
    :ivar nodes: state by node; None where the answer does not say, as in the list.
    :ivar started: start time in epoch milliseconds.
    :ivar tasks: of a SQL job of DLI: None, or tasks done and tasks in all.
    :ivar restarts: ``restart_times`` of a Flink job.
    """

    state: str | None
    nodes: Mapping[str, str] | None = None
    started: int | None = None
    tasks: tuple[int, int] | None = None
    restarts: int | None = None


@dataclass(eq=False)
class Request:
    """One request. Times are seconds since the start of the gate.

    :ivar job: the job that it is about; None for the list.
    :ivar completed_at: when the process received its answer; None for a request without an answer.
    :ivar bound: when the process gives it up.
    :ivar given_up: whether the process had given it up when the answer came.
    :ivar late: whether the answer came after *bound*, as it does when the process was stopped; it may or may not be used.
    :ivar status: HTTP status of the answer; None for none.
    :ivar content: the jobs in a complete answer; None for an answer without jobs.
    :ivar total: the total on a page of the list.
    """

    number: int
    sent_at: float
    method: str
    path: str
    query: Mapping[str, str]
    kind: str
    job: str | None
    bound: float
    completed_at: float | None = None
    status: int | None = None
    content: Mapping[str, JobContent] | None = None
    given_up: bool = False
    late: bool = False
    total: int | None = None

    @property
    def good(self) -> bool:
        """Whether its answer arrived in time and contains jobs."""
        return self.usable and not self.late

    @property
    def usable(self) -> bool:
        """Whether its answer arrived and contains jobs; a late one may be used or not."""
        return self.content is not None and self.completed_at is not None and not self.given_up

    def __str__(self) -> str:
        end = "-" if self.completed_at is None else f"{self.completed_at:.3f}"
        words = "" if self.content is None else ", ".join(map(_brief, list(self.content.items())[:6]))
        late = " (given up)" if self.given_up else " (late)" if self.late else ""
        place = self.job if self.job is not None else f"{self.path}?{dict(self.query)}"
        return f"{self.number:4} {self.sent_at:8.3f} {end:>8} {self.kind} {place} {self.status}{late} {words}"


def _brief(item: tuple[str, JobContent]) -> str:
    name, content = item
    nodes = "" if content.nodes is None else " " + " ".join(f"{node}={state}" for node, state in content.nodes.items())
    return f"{name}: {content.state}{nodes}"


@dataclass
class Log:
    """All requests of a gate, in the order of sending.

    :ivar stops: (from, to) during which the process was stopped.
    """

    requests: list[Request] = field(default_factory=list)
    stops: list[tuple[float, float]] = field(default_factory=list)

    def about(self, name: str) -> Iterator[Request]:
        """The requests about one job alone."""
        return (request for request in self.requests if request.job == name and request.kind in ABOUT_ONE_JOB)

    def stopped(self, start: float, end: float) -> float:
        """For how many seconds the process was stopped between two times."""
        return sum(max(0.0, min(end, until) - max(start, since)) for since, until in self.stops)

    def later(self, start: float, seconds: float) -> float:
        """The time at which the process has run for *seconds* since *start*."""
        end = start + seconds
        for since, until in self.stops:
            if since < end and until > start:
                end += until - max(since, start)
        return end

    def text(self, most: int = 400) -> str:
        """The requests, one a line; the middle is left out of a long log."""
        lines = [str(request) for request in self.requests]
        if len(lines) > most:
            lines = [*lines[: most // 2], f"... {len(lines) - most} more ...", *lines[-(most // 2) :]]
        return "\n".join(lines)
