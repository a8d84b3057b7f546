# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The list of DLI's SQL jobs, read to its end and filtered here. Source: the vendor's page dli_02_0025.

The service compares tags by parts of their text in some regions, and ignores a filter whose name it does not know. So what it
returns is compared again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple

from ..._cloud.calls import Call, Task, malformed
from ..._errors import RequestError
from ..._text import has_control, printable
from .. import answers, normalize
from ..normalize import Unreadable
from ..readings import Listing
from .sql_jobs import FAILED, FINISHED

PAGE_SIZE = 100
MAX_PAGES = 100  # the service has no page 101
# The first page and an empty one. If there are more without a total, a job that moved from one to another is not noticed.
MAX_UNCOUNTED_PAGES = 2
MAX_TRIES = 3  # of reading the list, where it contradicts itself because jobs are submitted meanwhile
_NOT_FINISHED = frozenset(("LAUNCHING", "RUNNING", "SCALING", *FAILED))
_AMBIGUOUS = frozenset(",=")  # characters that separate tags in the query


class Wanted(NamedTuple):
    """The filter of the jobs.

    :ivar tags: keys and values that a job must have.
    :ivar since: the earliest start in epoch milliseconds.
    :ivar newest: of jobs with the same tags, only the one that was started last.
    """

    tags: Mapping[str, str]
    queue: Optional[str] = None
    since: Optional[int] = None
    newest: bool = False

    def query(self) -> List[Tuple[str, str]]:
        """The service's filters. They narrow the list, and are not relied on."""
        filters = [("job-type", "ALL"), ("order", "start_time_asc")]  # a new job comes last, so that no page shifts
        if self.since is not None:
            filters.append(("start", str(self.since - 1)))  # exclusive
        if self.queue is not None:
            filters.append(("queue_name", self.queue))
        if self.tags and not _AMBIGUOUS & set("".join((*self.tags, *self.tags.values()))):
            filters.append(("tags", ",".join(f"{key}={value}" for key, value in self.tags.items())))
        return filters

    def choose(self, jobs: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
        """The matching jobs, in the service's order."""
        found = [job for job in jobs if self._fits(job)]
        if not self.newest:
            return found
        latest: Dict[Any, int] = {}
        for job in found:
            if job["start_time"] is not None:
                latest[_alike(job)] = max(latest.get(_alike(job), 0), job["start_time"])
        # A job without a start time may be the newest one.
        return [job for job in found if job["start_time"] in (None, latest.get(_alike(job)))]

    def doubt(self, jobs: List[Dict[str, Any]]) -> Optional[str]:
        """The problem with one of the chosen jobs that may not be wanted.

        One that has finished without a start time may be older than ``since``, and one without a queue may be in another one.
        """
        for job in jobs:
            if self.since is not None and job["start_time"] is None and job["status"] not in _NOT_FINISHED:
                label, state = printable(job["job_id"], 60), job["status"]
                shown = "has finished" if state == FINISHED else "may have finished"
                return f"{label} {shown} and has no start time to compare with since"
            if self.queue is not None and job["queue_name"] is None:
                return f"{printable(job['job_id'], 60)} has no queue to compare with queue"
        return None

    def _fits(self, job: Mapping[str, Any]) -> bool:
        if not job["tags"].issuperset(self.tags.items()):
            return False
        is_old = self.since is not None and job["start_time"] is not None and job["start_time"] < self.since
        return not is_old and (self.queue is None or job["queue_name"] in (None, self.queue))


def _alike(job: Mapping[str, Any]) -> Any:
    return job["tags"]


@dataclass
class _Pages:
    """The content of the pages of one reading of the list."""

    jobs: Dict[str, Dict[str, Any]] = field(default_factory=dict)
    entries: int = 0
    pages: int = 0
    total: Optional[int] = None
    problem: Optional[str] = None

    def take(self, total: Optional[int], jobs: List[Dict[str, Any]]) -> None:
        """Add a page."""
        self.pages += 1
        if self.total is not None and total is not None and total < self.total:
            self.problem = f"its total falls from {self.total} to {total}"
        self.total = self.total if total is None else total  # it grows when jobs are submitted: they come last
        self.entries += len(jobs)
        self.jobs.update((job["job_id"], job) for job in jobs)
        if len(self.jobs) != self.entries:
            self.problem = "a job is on two of its pages"

    def end(self) -> None:
        """The list has ended."""
        if self.total is None and self.pages > MAX_UNCOUNTED_PAGES:
            self.problem = self.problem or "it does not say how many jobs there are"
        if self.total is not None and self.total != len(self.jobs):
            self.problem = self.problem or f"it holds {len(self.jobs)} of {self.total} jobs"


def list_jobs(wanted: Wanted) -> Task[Listing]:
    """All matching SQL jobs, each with its ID, tags, queue and start. A task: a session runs it.

    :raises RequestError: a page cannot be read, or the list is longer than the service can show.
    """
    for dummy in range(MAX_TRIES):
        pages, at = yield from _read(wanted)
        if pages.problem is None:
            break
    chosen = wanted.choose(list(pages.jobs.values()))
    problem = wanted.doubt(chosen) if pages.problem is None else f"it contradicts itself: {pages.problem}"
    return Listing(chosen, len(chosen), at, pages.pages, problem is None, problem=problem)


def _read(wanted: Wanted) -> Task[Tuple[_Pages, float]]:
    """Read the list once: its pages, and when the first one was requested."""
    pages, sent_at = _Pages(), 0.0
    for number in range(1, MAX_PAGES + 2):
        query = [("page-size", str(PAGE_SIZE)), ("current-page", str(number)), *wanted.query()]
        call = Call("dli", ("v1.0", "{project_id}", "jobs"), query, key="jobs")
        call.digest = _digester(call)
        if number > MAX_PAGES:
            raise malformed(call, f"there are more than {MAX_PAGES * PAGE_SIZE} jobs; narrow the selection by since")
        (outcome,) = yield [call]
        if isinstance(outcome, RequestError):
            raise outcome
        if number == 1:
            sent_at = outcome.sent_at
        total, jobs = outcome.data
        pages.take(total, jobs)
        # The service may return smaller pages than requested.
        has_all = pages.total is not None and pages.entries >= pages.total
        if not jobs or (len(jobs) < PAGE_SIZE and has_all):
            break
    pages.end()
    return pages, sent_at


def _digester(call: Call) -> Callable[[Any], Tuple[Optional[int], List[Dict[str, Any]]]]:
    """What keeps of a page only what is needed: statements can be long, and there may be 10,000 jobs."""

    def digest(data: Any) -> Tuple[Optional[int], List[Dict[str, Any]]]:
        try:
            told = normalize.renamed(answers.check(data))
            jobs, total = told.get("jobs"), normalize.whole(told.get("job_count"))
            if not isinstance(jobs, list) and (jobs is not None or total != 0):
                raise Unreadable("the answer is no list of DLI jobs")
            return total, [_entry(item) for item in jobs or []]
        except Unreadable as problem:
            raise malformed(call, str(problem)) from None

    return digest


def _entry(item: Any) -> Dict[str, Any]:
    """A job of the list.

    :raises Unreadable: it has no ID, or its tags cannot be understood.
    """
    fields = normalize.renamed(item) if isinstance(item, dict) else {}
    job_id = fields.get("job_id")
    if not isinstance(job_id, str) or not job_id:
        raise Unreadable("an entry of the list of DLI jobs has no ID")
    if job_id in (".", "..") or "/" in job_id or has_control(job_id):
        raise Unreadable(
            f"an entry of the list of DLI jobs has an ID that no request can name, {printable(job_id, 60)!r}"
        )
    return {
        "job_id": job_id,
        "queue_name": normalize.text(fields.get("queue_name")),
        "start_time": _start_time(fields.get("start_time")),
        "tags": _tags(fields.get("tags")),
        "status": normalize.state(fields.get("status")),
    }


def _start_time(received: Any) -> Optional[int]:
    """Epoch milliseconds, None without them. 0 means that the job was not started yet.

    :raises Unreadable: there is something else than a number.
    """
    time = normalize.whole(received)
    if time is None and received is not None and normalize.text(received) != "":
        raise Unreadable("the start time of a DLI job is no number")
    return time or None


def _tags(data: Any) -> FrozenSet[Tuple[str, str]]:
    """Keys and values. A key with two values is kept twice, so that the job has both tags."""
    found: List[Tuple[str, str]] = []
    if data and not isinstance(data, list):
        raise Unreadable("the tags of a DLI job cannot be understood")
    for item in data or []:
        if not isinstance(item, dict) or not isinstance(item.get("key"), str):
            raise Unreadable("the tags of a DLI job cannot be understood")
        found.append((item["key"], normalize.text(item.get("value")) or ""))
    return frozenset(found)
