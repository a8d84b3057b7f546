# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The state of one job in a gate: the sum of all readings so far, and the queries for a verdict.

Nothing here changes a state; ``update_job.py`` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Optional, Tuple

from ..._errors import DENIED, PERMANENT, RequestError
from .. import plain_data
from ..plain_data import NOT_KEPT
from ..policy import MISSING_OK, NEVER, Policy, matches
from .activity import JobProgress, RecordCounters
from .list_claims import ListClaims

# What is kept of a job and of a node where there are so many jobs that keeping all would make the state too large.
_KEPT_OF_JOB = (
    "status",
    "start_time",
    "plan_time",
    "message",
    "progress",
    "sub_job_id",
    "result_count",
    "bad_row_count",
    "instance_id",
    "run",
)
_KEPT_OF_NODE = ("name", "status", "log_path", "runs", "failed_run", "unknown_run")
_TEXT_FIELDS = ("name", "status", "message", "log_path", "unknown_run")  # of a job or node
_TEXT_TYPES = (str, type(None))

Fields = Dict[str, Any]
Failure = Tuple[Optional[str], str]  # node (None for the job itself) and state


@dataclass(eq=False, repr=False)
class JobState:
    """One job. Times are seconds on the gate's clock; the time of a reading is when its request was sent.

    :ivar state: the state that counts now, known since *state_at*; None where none was reported or the job does not exist.
    :ivar is_known: whether any answer was about the job.
    :ivar is_missing: whether the last status call said that the job does not exist.
    :ivar has_existed: whether the job was seen to exist in this gate.
    :ivar is_batch: whether the last status call answered with a batch job.
    :ivar is_old: whether the last status call may show the job as it was before an order: neither ready nor a failure.
    :ivar claims: what the job list claims and a status call has not confirmed.
    :ivar read_at: the last reading that counts, from the list or a status call.
    :ivar status_at: the last status call, which reads the nodes as well.
    :ivar listed_at: the last list that was read.
    :ivar asked_at: when the status call under way was begun, None where there is none.
    :ivar is_slow: whether the last answer, unlike the one before, took longer than wait_interval, so that the job is read once more.
    :ivar was_slow: whether the last answer took longer than wait_interval.
    :ivar is_unanswered: whether the last request was still without an answer when it was dropped.
    :ivar listed: the data of the job from the list.
    :ivar status: the data of the job from the status call.
    :ivar nodes: its nodes by name.
    :ivar errors: unreadable observations in a row; the last one with *error*, at *error_at*.
    :ivar was_tried_again: whether an observation that could not read the job has tried it twice.
    :ivar is_failing: whether the job or a node that counts was in a failing state when it was read last.
    :ivar failing_for: seconds in a failing state (``exception_grace``), added up until the job has been ready for ``stable_for``;
        counted up to *counted_at*.
    :ivar ready_at: since when the job has been ready, None while it is not.
    :ivar lasting_failures: the failures with which the job has failed permanently; empty before.
    :ivar latest_plan: the planned time of the run that *latest_start* is about; None for kinds of jobs that are not runs.
    :ivar latest_start: the greatest ``start_time``.
    :ivar restart_times: the last ``restart_times`` that the service has reported; None where it reports none.
    :ivar restarts: how many restarts these two have shown, the last one at *restarted_at*.
    """

    name: str = field(metadata=NOT_KEPT)
    policy: Policy = field(metadata=NOT_KEPT)
    state: Optional[str] = None
    state_at: float = NEVER
    is_known: bool = False
    is_missing: bool = False
    has_existed: bool = False
    is_batch: bool = False
    is_old: bool = field(default=False, metadata=NOT_KEPT)
    claims: ListClaims = field(default_factory=ListClaims)
    read_at: float = NEVER
    status_at: float = NEVER
    listed_at: float = NEVER
    asked_at: Optional[float] = field(default=None, metadata=NOT_KEPT)
    is_slow: bool = False
    was_slow: bool = False
    is_unanswered: bool = False
    listed: Optional[Fields] = None
    status: Optional[Fields] = None
    nodes: Dict[str, Fields] = field(default_factory=dict, metadata=NOT_KEPT)
    errors: int = 0
    error: Optional[RequestError] = None
    error_at: float = NEVER
    was_tried_again: bool = False
    is_failing: bool = False
    failing_for: float = 0.0
    counted_at: float = NEVER
    ready_at: Optional[float] = None
    lasting_failures: List[Failure] = field(default_factory=list)
    latest_start: Optional[int] = None
    restart_times: Optional[int] = None
    latest_plan: Optional[int] = None
    restarts: int = 0
    restarted_at: float = NEVER
    records: RecordCounters = field(default_factory=RecordCounters)
    progress: JobProgress = field(default_factory=JobProgress)

    # -- whether and how the job is read ----------------------------------------------------------------------------

    @property
    def is_final(self) -> bool:
        """Whether the job need not be read again: nothing changes that the verdict needs.

        With stable_for it is still read, because time without readings does not count.
        """
        is_over = self.state in self.policy.kind.final and not self.is_missing
        return is_over and not self.policy.stable_for and not self.unnamed_rows()

    @property
    def has_unread_nodes(self) -> bool:
        """Whether the nodes have to be read and were not since the job got into its state."""
        return self.policy.needs_nodes and self.status_at < self.state_at

    @property
    def is_unread(self) -> bool:
        """Whether the job, or its nodes since it got into its state, have not been read yet."""
        return not self.is_missing and (not self.is_known or self.has_unread_nodes)

    @property
    def has_permanent_error(self) -> bool:
        """Whether the last error cannot be overcome by trying again."""
        return self.error is not None and self.error.kind in (DENIED, PERMANENT)

    def is_to_be_tried_again(self, began: float) -> bool:
        """Whether the observation that began then reads an unreadable job once more.

        Only after an answer that was not about the request: the session has tried again after all other errors. Among thousands
        of answers there may be a bad one in each observation, and the gate would never pass if each of them kept it from passing. The
        list may have cleared the error in the meantime, but it does not read the nodes.
        """
        garbled = self.error is None or 200 <= (self.error.status or 0) < 300
        unread = self.status_at < self.error_at
        return self.error_at >= began and unread and not self.was_tried_again and garbled

    # -- queries for the verdict ------------------------------------------------------------------------------------

    @property
    def is_left_out(self) -> bool:
        """Whether the job is left out because it does not exist, need not, and has never existed in this gate."""
        is_optional = self.policy.missing == MISSING_OK and not self.is_batch
        return self.is_missing and not self.has_existed and is_optional

    def failures(self) -> List[Failure]:
        """What is failing now: the job itself, nodes that count."""
        if self.is_missing or self.is_old or (self.state is None and not self.nodes):
            return []
        found: List[Failure] = []
        if self.state in self.policy.failing:
            found.append((None, str(self.state)))
        bad = self.policy.kind.node_failing
        if any(node.get("status") in bad for node in self.nodes.values()):
            found += [(name, node["status"]) for name, node in self.counting_nodes() if node.get("status") in bad]
        if self.policy.node_runs is not None:
            found += [
                (name, node["failed_run"]["status"]) for name, node in self.triggered_nodes() if node["failed_run"]
            ]
        return found

    def counting_nodes(self) -> List[Tuple[str, Fields]]:
        """The nodes whose states count."""
        return self._watched_nodes() if self.policy.check_nodes else []

    def triggered_nodes(self) -> List[Tuple[str, Fields]]:
        """The nodes with a trigger, whose runs count."""
        return [(name, node) for name, node in self._watched_nodes() if "runs" in node]

    def _watched_nodes(self) -> List[Tuple[str, Fields]]:
        """The nodes without those left out. Those of a stopped job do not count, because they keep old states."""
        if self.state in self.policy.kind.quiet:
            return []
        return [(name, node) for name, node in self.nodes.items() if not matches(name, self.policy.ignore_nodes)]

    def awaited_runs(self) -> Optional[List[str]]:
        """The nodes with a trigger that have had fewer successful runs than ``min_runs``; None without min_runs."""
        rule = self.policy.node_runs
        if rule is None or not rule.least or self.state in self.policy.kind.quiet:
            return None
        return [name for name, node in self.triggered_nodes() if node["runs"]["succeeded"] < rule.least]

    def unknown_runs(self) -> List[Tuple[str, str]]:
        """Nodes with a trigger that have had a run in a state that this version does not know, and that state."""
        if self.policy.node_runs is None:
            return []
        return [(name, node["unknown_run"]) for name, node in self.triggered_nodes() if node["unknown_run"]]

    def failed_run(self, node: Optional[str], state: str) -> Optional[Fields]:
        """The run of a node that is in this failing state; None where the node itself is."""
        run = self.nodes.get(node or "", {}).get("failed_run")
        return run if run and run["status"] == state else None

    def unknown_nodes(self) -> List[Tuple[str, str]]:
        """Counting nodes, and their states, that this version does not know: neither ready nor failing."""
        known, ready = self.policy.kind.known, self.policy.ready
        strange = {
            name: node["status"]
            for name, node in self.nodes.items()
            if node.get("status") is not None and node["status"] not in known and node["status"] not in ready
        }
        return [(name, strange[name]) for name, dummy in self.counting_nodes() if name in strange] if strange else []

    @property
    def start_time(self) -> Optional[int]:
        """When the job was started, in epoch milliseconds; None if no answer contains it."""
        start = self.fields.get("start_time")
        return start if isinstance(start, int) else None

    @property
    def is_started_late_enough(self) -> bool:
        """Whether the job was started after ``started_after``, if that is given."""
        after = self.policy.started_after
        return after is None or (self.start_time is not None and self.start_time >= after)

    def has_moved_records(self, since: float) -> bool:
        """Whether records have moved since then: of any running node, or of each node that require_records names."""
        if not self.policy.record_nodes:
            return bool(self.records.moved_nodes(since))
        return bool(self.record_nodes()) and not self.idle_nodes(since)

    def record_nodes(self) -> List[str]:
        """The nodes that require_records names."""
        return [name for name in self.nodes if matches(name, self.policy.record_nodes)]

    def idle_nodes(self, since: float) -> List[str]:
        """The nodes that require_records names and whose records have not moved since then."""
        moved = self.records.moved_nodes(since)
        return [name for name in self.record_nodes() if name not in moved]

    def rows(self, figure: str) -> Optional[int]:
        """A number of rows that the service has named, None where it has not: that is not 0, and neither is -1."""
        number = (self.status or {}).get(figure)
        return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else None

    def unnamed_rows(self) -> List[str]:
        """The numbers of rows that a limit is for and that the service has not named. A failed job needs none."""
        if self.state not in self.policy.ready:
            return []
        return [figure for figure in self.policy.limited_rows if self.rows(figure) is None]

    def is_grace_over(self, now: float) -> bool:
        """Whether a failure counts now if the job is failing still, so that a long observation reads it again before its end."""
        grace, elapsed = self.policy.exception_grace, now - self.counted_at
        return self.is_failing and not self.lasting_failures and self.failing_for < grace <= self.failing_for + elapsed

    # -- the result -------------------------------------------------------------------------------------------------

    def culprit(self) -> Optional[str]:
        """The node that explains the failure of its job; None for kinds of jobs whose nodes fail by themselves."""
        states = self.policy.kind.culprits
        return next((name for name, node in self.nodes.items() if node.get("status") in states), None)

    def log_path(self, node: Optional[str] = None) -> Optional[str]:
        """Where a node logs. Without a name: where the failing node logs, or else the first node that says so."""
        if node is not None:
            return self.nodes.get(node, {}).get("log_path")
        for name in (*(name for name, dummy in self.failures()), self.culprit()):
            if name is not None and self.nodes.get(name, {}).get("log_path"):
                return str(self.nodes[name]["log_path"])
        return next((str(item["log_path"]) for item in self.nodes.values() if item.get("log_path")), None)

    @property
    def has_unshown_nodes(self) -> bool:
        """Whether the job is shown by a run whose nodes were not read."""
        number = self.fields.get("instance_id")
        return self.policy.runs is not None and number is not None and self.fields.get("nodes_of") != number

    @property
    def run(self) -> Optional[str]:
        """Which run the state is that of, in words; None for kinds of jobs that are not runs."""
        return self.fields.get("run")

    def describe(self) -> Fields:
        """The job as a module returns it."""
        nodes = (self.status or {}).get("nodes")
        described = self.policy.kind.describe(self.name, self.fields, nodes, self.progress.tasks)
        return {**described, "status": self.state, "restarts": self.restarts}

    @property
    def fields(self) -> Fields:
        """The data of the list and of the status call; the later values win."""
        listed, status = self.listed or {}, self.status or {}
        return {**status, **listed} if self.listed_at > self.status_at else {**listed, **status}


def nodes_by_name(nodes: List[Fields], failing: Any) -> Dict[str, Fields]:
    """Nodes by name. Of several nodes with one name a failing one is kept, so that no failure is hidden.

    :param failing: the failing states.
    """
    result: Dict[str, Fields] = {}
    for node in nodes:
        name = str(node.get("name") or "")
        if name in result and result[name].get("status") in failing:
            continue
        result[name] = node
    return result


# -- for the next slice -----------------------------------------------------------------------------------------------


def dump(job: JobState, is_whole: bool) -> Fields:
    """A job as plain data.

    :param is_whole: with all that the services said of it. Without, with what a verdict can need: a list of a kilobyte for each job
        would make a ``resume`` of megabytes.
    """
    if not is_whole:
        status = _cut(job.status, _KEPT_OF_JOB)
        if status is not None and job.status and job.status.get("nodes"):
            status["nodes"] = [_cut(node, _KEPT_OF_NODE) for node in job.status["nodes"]]
        job = replace(job, listed=_cut(job.listed, _KEPT_OF_JOB), status=status)
    return plain_data.dump(job)


def load(name: str, policy: Policy, data: Any, latest: float) -> JobState:
    """A job from such data.

    :param latest: when it was dumped, which no time in it may exceed.
    :raises KeyError, TypeError, ValueError: the data is damaged.
    """
    job = JobState(name, policy, **plain_data.load(JobState, data))
    for part in (job.listed, job.status):
        _check_fields(part)
    if plain_data.latest_time(job) > latest:
        raise ValueError("read later than it was dumped")
    job.nodes = nodes_by_name((job.status or {}).get("nodes") or [], policy.kind.node_failing)
    return job


def _check_fields(job: Optional[Fields]) -> None:
    """Check that what a service said of a job has the types that readings have.

    :raises TypeError, ValueError: it has not.
    """
    for item in [] if job is None else [job, *(job.get("nodes") or [])]:
        if not isinstance(item, dict):
            raise ValueError("not a job or node")
        for name in _TEXT_FIELDS:
            if type(item.get(name)) not in _TEXT_TYPES:
                raise ValueError(f"{name} is not text")
        if "runs" in item:
            plain_data.check(item["runs"], _RUNS)
            _check_failed_run(item.get("failed_run"))


_RUNS = plain_data.tests({"since": int, "total": int, "succeeded": int, "failed": int})


def _check_failed_run(run: Any) -> None:
    if run is not None and not (isinstance(run, dict) and isinstance(run.get("status"), str)):
        raise ValueError("failed_run is not a run")


def _cut(data: Optional[Fields], names: Tuple[str, ...]) -> Optional[Fields]:
    return None if data is None else {name: data[name] for name in names if name in data}
