# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about an ended gate, from its options, its result and the log of its requests."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, NamedTuple

from .job_scripts import DLI_SQL, FLINK, GONE, LIST, REAL_TIME, SPARK, Job, Trouble
from .request_log import ABOUT_ONE_JOB, LISTING, JobContent, Log, Request

# From the description of the gate, not from its code.
DEFAULTS: Mapping[str, Any] = {
    "wait_for": ["NORMAL"],
    "fail_on_exception": True,
    "fail_states": ["EXCEPTION", "ABNORMAL"],
    "check_nodes": True,
    "ignore_nodes": [],
    "max_failing": 0,
    "exception_grace": 0.0,
    "stable_for": 0.0,
    "wait_initial_delay": 0.0,
    "wait_interval": 10.0,
    "wait_timeout": 600.0,
    "missing": "fail",
    "max_consecutive_errors": 5,
    "stall_timeout": 0.0,
    "request_timeout": 30.0,
    "retries": 4,
    "requests_per_second": 20.0,
    "min_jobs": 1,
    "exclude_names": [],
}
STATES = frozenset(
    ("STARTING", "NORMAL", "EXCEPTION", "STOPPING", "STOPPED", "PAUSE", "ABNORMAL", "DISABLE", "OVERLOAD", "INIT")
)
NODE_FAILING = frozenset(("EXCEPTION", "ABNORMAL"))
# Of the jobs of DLI: the states to wait for by default, the failing ones, ends that fail unless they are waited for, and those
# that never change again.
READY_STATES = {DLI_SQL: ("FINISHED",), FLINK: ("job_running", "job_finish"), SPARK: ("success",)}
FAILING_STATES = {
    DLI_SQL: ("FAILED", "CANCELLED"),
    FLINK: ("job_submit_fail", "job_running_exception", "job_arrearage_stopped"),
    SPARK: ("dead",),
}
ENDS = {DLI_SQL: (), FLINK: ("job_finish",), SPARK: ("success",)}
FINAL_STATES = {DLI_SQL: ("FINISHED", "FAILED", "CANCELLED"), FLINK: (), SPARK: ("success", "dead")}
CLOUD_RATE = 30.0
"""Requests per second that the cloud allows a user; the sweep where the task sets no ceiling."""
MAX_WORKERS = 16
"""Maximum concurrent requests."""
MAX_SLOWDOWN = 8.0
"""Factor by which the rate may fall after HTTP 429."""
MAX_JITTER = 1.1

# The options that name the jobs.
SELECTIONS = ("job_names", "job_ids", "batch_ids")

READY = "ready"
FAILING = "failing"
MISSING = "missing"
PENDING = "pending"


class Reading(NamedTuple):
    """The reading of a job by one answer, or by one complete reading of the list.

    :ivar sent_at: when its request was sent; of a list, that of its first page.
    :ivar known_at: when it arrived; of a list, its last page.
    """

    job: str
    sent_at: float
    known_at: float
    content: JobContent
    listed: bool


class Listing(NamedTuple):
    """One reading of the job list.

    :ivar complete: whether all its pages could be read and show as many jobs as they say there are.
    """

    pages: list[Request]
    complete: bool

    @property
    def sent_at(self) -> float:
        """When its first page was requested."""
        return self.pages[0].sent_at

    @property
    def known_at(self) -> float:
        """When its last page arrived."""
        return max(page.completed_at or 0.0 for page in self.pages)


@dataclass(frozen=True)
class Facts:
    """The state of the cloud. Only checks of how soon a gate finds a change use it."""

    jobs: tuple[Job, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    list_lag: float = 0.0


@dataclass
class Run:
    """A gate that has ended.

    :ivar options: as given to the task.
    :ivar result: as the module returns it.
    :ivar ended_at: seconds since its start.
    :ivar kind: the kind of its jobs.
    """

    options: Mapping[str, Any]
    result: Mapping[str, Any]
    log: Log
    ended_at: float
    facts: Facts = field(default_factory=Facts, repr=False)
    kind: str = REAL_TIME

    def option(self, name: str) -> Any:
        """An option's value, or its default."""
        value = self.options.get(name)
        return DEFAULTS[name] if value is None else value

    @property
    def verdict(self) -> str:
        """The verdict."""
        return str(self.result["verdict"])

    @property
    def has_list(self) -> bool:
        """Whether a list shows the states of its jobs. Those of DLI are read one by one."""
        return self.kind == REAL_TIME

    @property
    def named(self) -> list[str]:
        """The jobs that the options name; empty where tags or a part of the name select them."""
        found: list[str] = next((self.options[key] for key in SELECTIONS if self.options.get(key)), [])
        return found

    @cached_property
    def selected(self) -> tuple[str, ...]:
        """The jobs of the gate: those named, else those in the result."""
        if self.named:
            return tuple(dict.fromkeys(name for name in self.named if not self.is_excluded(name)))
        return tuple(job["name"] for job in self.result["jobs"])

    def is_excluded(self, name: str) -> bool:
        """Whether exclude_names leaves a job out."""
        return any(fnmatchcase(name, pattern) for pattern in self.option("exclude_names"))

    def is_meant(self, job: Job) -> bool:
        """Whether a job of the cloud belongs to the selection."""
        if self.is_excluded(job.name):
            return False
        if self.options.get("name_contains"):
            return self.options["name_contains"] in job.name
        if self.options.get("tags"):
            return set(self.options["tags"]) <= set(job.tags)
        return job.name in self.selected

    # -- readings ---------------------------------------------------------------------------------------------------

    @cached_property
    def listings(self) -> list[Listing]:
        """The readings of the list of real-time jobs."""
        groups: list[list[Request]] = []
        for request in self.log.requests:
            if request.kind != LISTING or request.query.get("jobType") != "REAL_TIME":
                continue
            if request.query.get("offset", "0") == "0" or not groups:
                groups.append([])
            groups[-1].append(request)
        return [Listing(pages, _is_complete(pages)) for pages in groups]

    @cached_property
    def by_call(self) -> dict[str, list[Reading]]:
        """The readings by calls about one job, in the order of sending."""
        return self._calls([request for request in self.log.requests if request.good])

    @cached_property
    def late_calls(self) -> dict[str, list[Reading]]:
        """The readings that came so late that they may or may not have been used."""
        return self._calls([request for request in self.log.requests if request.usable and request.late])

    @staticmethod
    def _calls(requests: list[Request]) -> dict[str, list[Reading]]:
        found: dict[str, list[Reading]] = {}
        for request in requests:
            if request.kind in ABOUT_ONE_JOB:
                assert request.content is not None
                assert request.completed_at is not None
                for name, content in request.content.items():
                    reading = Reading(name, request.sent_at, request.completed_at, content, False)
                    found.setdefault(name, []).append(reading)
        return found

    @cached_property
    def by_list(self) -> dict[str, list[Reading]]:
        """The readings by complete lists, in the order of sending. Of two entries of one job the later one counts."""
        found: dict[str, list[Reading]] = {}
        for listing in self.listings:
            if not listing.complete:
                continue
            content = {name: item for page in listing.pages if page.content for name, item in page.content.items()}
            for name, item in content.items():
                reading = Reading(name, listing.sent_at, listing.known_at, item, True)
                found.setdefault(name, []).append(reading)
        return found

    def calls(self, name: str) -> list[Reading]:
        """The readings of a job by calls about it alone."""
        return self.by_call.get(name, [])

    def lists(self, name: str) -> list[Reading]:
        """The readings of a job by complete lists."""
        return self.by_list.get(name, [])

    def was_known(self, reading: Reading) -> bool:
        """Whether the gate had a reading before it ended. A reading at that moment may not have been used."""
        return reading.known_at < self.ended_at - 1e-7

    # -- judging ----------------------------------------------------------------------------------------------------

    def judge(self, content: JobContent) -> str:
        """READY, FAILING, MISSING or PENDING."""
        if content.state is None:
            return MISSING
        if self.kind != REAL_TIME:
            ready = self.options.get("wait_for") or READY_STATES[self.kind]
            if content.state in ready:
                return READY
            return FAILING if content.state in (*FAILING_STATES[self.kind], *ENDS[self.kind]) else PENDING
        if content.state in self.option("fail_states"):
            return FAILING
        nodes = list(self.counting_nodes(content))
        if any(state in NODE_FAILING for state in nodes):
            return FAILING
        known = content.state in STATES and all(state in STATES for state in nodes)
        return READY if known and content.state in self.option("wait_for") else PENDING

    def is_final(self, content: JobContent) -> bool:
        """Whether a job in such a state need not be read again."""
        return self.kind != REAL_TIME and content.state in FINAL_STATES[self.kind] and not self.option("stable_for")

    def counting_nodes(self, content: JobContent) -> Iterator[str]:
        """The states of the nodes that count."""
        if content.nodes is None or not self.option("check_nodes") or content.state == "STOPPED":
            return
        for node, state in content.nodes.items():
            if not any(fnmatchcase(node, pattern) for pattern in self.option("ignore_nodes")):
                yield state

    def truth(self, job: Job, seconds: float) -> str:
        """The judgement of a correct status call."""
        state = job.states.at(seconds)
        nodes = {name: line.at(seconds) for name, line in job.nodes.items()}
        return self.judge(JobContent(None if state == GONE else state, nodes))

    @property
    def fails_at_once(self) -> bool:
        """Whether a failing state fails the gate."""
        return bool(self.option("fail_on_exception")) and not self.option("exception_grace")

    # -- times ------------------------------------------------------------------------------------------------------

    @cached_property
    def usual_latency(self) -> float:
        """Seconds that an answer usually takes, hangs and refusals left out."""
        took = [
            request.completed_at - request.sent_at
            for request in self.log.requests
            if request.good and request.completed_at is not None
        ]
        return max(statistics.median_high(took), statistics.median_high(took[-30:])) if took else 0.0

    @cached_property
    def longest_latency(self) -> float:
        """Seconds that an answer takes at most where nothing goes wrong."""
        return max(
            (
                request.completed_at - request.sent_at
                for request in self.log.requests
                if request.good
                and request.completed_at is not None
                and not self.log.stopped(request.sent_at, request.completed_at)
                and not any(trouble.concerns(target_of(request), request.sent_at) for trouble in self.facts.troubles)
            ),
            default=0.0,
        )

    @cached_property
    def list_takes(self) -> float:
        """Seconds that reading the list takes, page after page and once more, where nothing goes wrong."""
        pages = max((len(listing.pages) for listing in self.listings if listing.complete), default=0)
        rate = self.option("requests_per_second") or CLOUD_RATE
        return float(2 * pages * max(self.longest_latency, 1 / rate))

    def sweep(self) -> float:
        """Seconds that reading all selected jobs takes at the ceiling and at the usual time of an answer."""
        rate = self.option("requests_per_second") or CLOUD_RATE
        count = max(1, len(self.selected))
        return float(max(count / rate, -(-count // MAX_WORKERS) * self.usual_latency))

    def slow_sweep(self) -> float:
        """The same where the cloud limited the rate."""
        throttled = any(request.status == 429 for request in self.log.requests)
        return self.sweep() * (MAX_SLOWDOWN if throttled else 1.0)

    @cached_property
    def first_answer(self) -> float:
        """When the first answer of any kind arrived."""
        return min(
            (request.completed_at for request in self.log.requests if request.completed_at is not None),
            default=self.ended_at,
        )

    def is_troubled(self, *targets: str) -> bool:
        """Whether anything goes wrong with the calls of any of *targets*."""
        return any(trouble.concerns(target, trouble.start) for trouble in self.facts.troubles for target in targets)

    def describe(self) -> str:
        """A description of the run: options, result and requests."""
        result = {key: self.result.get(key) for key in ("verdict", "elapsed", "msg")}
        return f"{dict(self.options)}\n{result} ended at {self.ended_at:.3f}\n{self.log.text()}"


def target_of(request: Request) -> str:
    """The fault targets that match a request."""
    return LIST if request.kind == LISTING else request.job or ""


def _is_complete(pages: list[Request]) -> bool:
    """Whether pages, read one after the other, are a whole list."""
    good: dict[str, Request] = {}
    for page in pages:
        if page.good:
            good[page.query.get("offset", "0")] = page
    if not good or {page.query.get("offset", "0") for page in pages} != set(good):
        return False
    names = {name for page in good.values() if page.content for name in page.content}
    return len(names) >= max(page.total or 0 for page in good.values())
