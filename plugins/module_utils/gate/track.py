# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of one job in a gate: the readings so far, folded into the facts that a verdict needs."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Dict, List, Optional, Tuple, get_type_hints

from ..cloud.errors import DENIED, PERMANENT, RequestError
from ..services.readings import LIST, Reading
from . import memory
from .policy import MISSING_OK, Policy, matches

NEVER = float("-inf")
_COUNTERS = ("total_put_records", "total_get_records")
_JOB_FIELDS = ("status", "start_time", "message", "progress", "sub_job_id")
_TEXTS = ("name", "status", "message", "log_path")  # of a job or node
_TEXT_TYPES = (str, type(None))
_NODE_FIELDS = ("name", "status", "log_path")
# A list that goes on making a claim that a status call has contradicted is believed to lag for so many seconds. One that goes on
# showing a failure is believed only for the shorter time at first, which doubles with each contradiction.
LAG = 30.0
LAG_OF_FAILURE = 5.0
MAX_DENIALS = 10
ABSENT = "absent"  # what a list says of a job that it lacks; states are in capitals
# A list of a kilobyte of reasons a job would make a resume of megabytes.
_NOT_DUMPED = ("name", "policy", "error", "bases", "moved_at", "listed", "status", "nodes", "asked_at")


@dataclass(eq=False, repr=False)
class Track:
    """One job under observation. Times are seconds on the gate's clock; a reading's time is when its request was sent.

    :ivar state: the state that counts now; None where none was reported or the job is missing.
    :ivar state_at: since when that state is known without a break.
    :ivar read_at: the last reading of any source that counts.
    :ivar status_at: the last status call, and with it of the nodes.
    :ivar asked_at: when the status call under way was begun, None where there is none.
    :ivar doubt: the list says something (a failure, an absence, another state than a status call of the same observation) that a
        status call must confirm first; raised at *doubt_at*.
    :ivar claim: what the list said when it raised the doubt: a state, or ABSENT.
    :ivar denied: the claim that a status call has contradicted last, at *denied_at*, for the *denials*-th time in a row.
    :ivar missing: the status call said that the job does not exist.
    :ivar existed: the job was seen in this gate, before it was found missing if it was.
    :ivar relisted: the list shows the job although the status call says that it does not exist.
    :ivar batch: the status call answered with a batch job.
    :ivar slow: the last answer, unlike the one before, took longer than wait_interval: it is asked for once more before it counts.
    :ivar was_slow: the last answer took longer than wait_interval.
    :ivar unanswered: the last request was still without an answer when it was dropped.
    :ivar errors: unreadable observations in a row; *error* is the last one.
    :ivar tried_again: whether an observation that could not read the job has tried it twice.
    :ivar failed: the failures with which the job failed for good, as node (None for the job) and state; empty before.
    :ivar restarts: how often ``start_time`` has grown, the last time seen at *restarted_at*.
    """

    name: str
    policy: Policy
    state: Optional[str] = None
    state_at: float = NEVER
    seen: bool = False
    missing: bool = False
    existed: bool = False
    relisted: bool = False
    batch: bool = False
    doubt: bool = False
    doubt_at: float = NEVER
    claim: Optional[str] = None
    denied: Optional[str] = None
    denied_at: float = NEVER
    denials: int = 0
    read_at: float = NEVER
    status_at: float = NEVER
    listed_at: float = NEVER
    asked_at: Optional[float] = None
    slow: bool = False
    was_slow: bool = False
    listed: Optional[Dict[str, Any]] = None
    status: Optional[Dict[str, Any]] = None
    nodes: Dict[str, Dict[str, Any]] = field(default_factory=dict)
    unanswered: bool = False
    errors: int = 0
    error: Optional[RequestError] = None
    error_at: float = NEVER
    tried_again: bool = False
    # exception_grace: seconds in a failing state, added up until the job has been ready for stable_for.
    failing: bool = False
    failing_for: float = 0.0
    ready_at: Optional[float] = None
    last_at: float = NEVER
    failed: List[Tuple[Optional[str], str]] = field(default_factory=list)
    latest_start: Optional[int] = None
    restarts: int = 0
    restarted_at: float = NEVER
    # require_records: the counters when first seen, and when a counter of a running node was last seen growing, by node.
    bases: Dict[Tuple[str, str], int] = field(default_factory=dict)
    moved_at: Dict[str, float] = field(default_factory=dict)
    counters_seen: bool = False
    # DLI: the last tasks seen; since when nothing has moved in RUNNING, and when that was seen last.
    tasks: Optional[Dict[str, int]] = None
    mark: List[Any] = field(default_factory=lambda: [None, None, None])
    mark_at: Optional[float] = None
    marked_at: float = NEVER

    # -- taking in --------------------------------------------------------------------------------------------------

    def take(self, reading: Reading, at: float, began: float, again: bool = True) -> None:
        """Fold a reading in.

        :param at: its time.
        :param began: when the observation that it belongs to began: within one, the status call outranks the list.
        :param again: whether the list raises the same doubt a second time in one observation.
        """
        if reading.error is not None:
            self.tried_again = self.error_at >= began
            if not self.tried_again:
                self.errors += 1
            self.error = reading.error
            self.error_at = at
            self.ready_at = None  # what could not be read does not count as ready
        elif reading.source == LIST:
            self._take_listed(reading.job or {}, at, began, again)
        elif reading.missing:
            self._take_missing(reading.batch, at)
        else:
            self._take_status(reading.job or {}, at)

    def absent(self, at: float, began: float, again: bool = True) -> None:
        """A complete list did not hold the job."""
        self.listed_at = at
        if self.missing:
            self._clear_error()
            self.read_at = max(self.read_at, at)
        else:
            self._raise_doubt(ABSENT, at, began, again)

    def _take_missing(self, batch: bool, at: float) -> None:
        self._clear_error()
        self._age(at)
        self.existed = self.existed or (self.relisted and at >= self.listed_at)
        self._settle_doubt(ABSENT, at)
        self.seen, self.missing, self.batch = True, True, batch
        self._enter(None, at)
        self.nodes = {}
        self.status = self.listed = self.mark_at = None
        self.status_at = self.read_at = at
        self._conclude(at)

    def _take_listed(self, job: Dict[str, Any], at: float, began: float, again: bool) -> None:
        self.listed, self.listed_at = job, at
        # Of a missing job it says too little: only another status call tells whether it was made or has vanished meanwhile.
        self.existed, self.relisted = self.existed or not self.missing, self.missing
        self._note_start(job, at)
        state = job.get("status")
        if state is None:
            # That says only that the job exists.
            if self.missing or self.status_at < began:
                self._raise_doubt(None, at, began, again)
            return
        if state in self.policy.failing and state != self.state:
            self._raise_doubt(state, at, began, again)
            return
        if (state != self.state or self.missing) and self.status_at >= began:
            self._raise_doubt(state, at, began, again)
            return
        if not self.failing or self.state in self.policy.failing:
            # A node's failure is seen by status calls alone, so its time is counted from one to the next.
            self._age(at)
        self.denied, self.denials = None, 0
        # A doubt from an earlier page of a list that was moving is gone with this.
        self.seen, self.missing, self.batch, self.doubt = True, False, False, False
        self.existed, self.relisted = True, False
        self._enter(state, at)
        if not self.policy.needs_nodes:
            # Where the nodes count, the list is only half of what is to be read.
            self._clear_error()
        self.read_at = max(self.read_at, at)
        self._conclude(at)

    def _raise_doubt(self, claim: Optional[str], at: float, began: float, again: bool) -> None:
        if claim in self.policy.failing:
            lags = claim == self.denied and at - self.denied_at < min(LAG, LAG_OF_FAILURE * 2 ** (self.denials - 1))
        else:
            lags = claim == self.denied and (self.denied_at >= began or at - self.denied_at < LAG)
        if again or not lags:
            self.doubt, self.claim, self.doubt_at = True, claim, at

    def _settle_doubt(self, said: Optional[str], at: float) -> None:
        """A status call outranks the list; one that was sent before the list raised its doubt does not settle it.

        :param said: the state that it has found, or ABSENT.
        """
        if self.doubt and at >= self.doubt_at:
            self.doubt = False
            if said != self.claim:
                self.denials = min(self.denials + 1, MAX_DENIALS) if self.claim == self.denied else 1
                self.denied, self.denied_at = self.claim, at

    def _take_status(self, job: Dict[str, Any], at: float) -> None:
        self._clear_error()
        self._age(at)
        overtaken = self.listed_at > at and not self.doubt and not self.missing and self.state_at > at
        state = job.get("status")
        self._settle_doubt(state, at)
        self.seen, self.missing, self.batch, self.existed = True, False, False, True
        self.relisted = False
        self.status = job
        self._note_start(job, at)
        if not overtaken or state in self.policy.failing:
            # Of a list and a status call that were under way together, the one that was sent later counts.
            self._enter(state, at)
        self.status_at = at
        self.read_at = max(self.read_at, at) if overtaken else at
        self.nodes = _by_name(job.get("nodes") or [])
        self._count(at)
        if job.get("tasks") is not None:
            self.tasks = job["tasks"]
        self._mark([job.get("progress"), job.get("tasks"), job.get("sub_job_id")], at)
        self._conclude(at)

    def _note_start(self, job: Dict[str, Any], at: float) -> None:
        """See whether the job was started anew: its ``start_time`` has grown."""
        start = job.get("start_time")
        if not isinstance(start, int) or isinstance(start, bool):
            return
        if self.latest_start is not None and start > self.latest_start:
            self.restarts += 1
            self.restarted_at = max(self.restarted_at, at)
        self.latest_start = max(start, self.latest_start or start)

    def _mark(self, parts: List[Any], at: float) -> None:
        """See whether a running DLI job has moved. The first progress or tasks seen are a change; what is missing is none."""
        if self.state != "RUNNING":
            self.mark, self.mark_at = [None, None, None], None
            return
        if any(new is not None and old != new for old, new in zip(self.mark, parts)):
            self.mark_at = at
        self.mark = [old if new is None else new for old, new in zip(self.mark, parts)]
        if any(part is not None for part in parts):
            self.marked_at = at

    def _clear_error(self) -> None:
        self.errors, self.error = 0, None

    def _enter(self, state: Optional[str], at: float) -> None:
        if state != self.state or self.state_at == NEVER:
            self.state, self.state_at = state, at

    def _age(self, at: float) -> None:
        """Count the time since the reading before as failing where that one showed a failure."""
        if self.failing and self.last_at != NEVER:
            self.failing_for += max(0.0, at - self.last_at)
        self.last_at = max(self.last_at, at)

    def _conclude(self, at: float) -> None:
        """What follows from a reading for the grace, and for a failure that stands."""
        failures = self.failures()
        self.failing = bool(failures)
        if self.failing or self.missing or self.state not in self.policy.ready or not self.restarted:
            self.ready_at = None
        elif self.ready_at is None:
            self.ready_at = at
        if self.ready_at is not None and at - self.ready_at >= self.policy.stable_for:
            self.failing_for = 0.0
        if failures and self.policy.wait and self.policy.fatal and self.failing_for >= self.policy.exception_grace:
            # A failure that was read stays read: no later reading of this gate takes it back.
            self.failed = failures

    def _count(self, at: float) -> None:
        """Compare the record counters of running nodes with the last ones; a counter that fell starts anew."""
        for name, node in self.nodes.items():
            for counter in _COUNTERS:
                number = node.get(counter)
                if not isinstance(number, (int, float)) or isinstance(number, bool):
                    continue
                self.counters_seen = True
                base = self.bases.get((name, counter))
                if base is not None and number > base and node.get("status") in (None, "NORMAL"):
                    self.moved_at[name] = at
                self.bases[name, counter] = int(number)

    # -- over to the next slice -------------------------------------------------------------------------------------

    def dump(self, whole: bool) -> Dict[str, Any]:
        """Its state as plain data.

        :param whole: with all that the services said of the job; without it, with what a verdict can need.
        """
        data = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in _NOT_DUMPED}
        data["error"] = self.error.dump() if self.error else None
        data["bases"] = [[node, counter, number] for (node, counter), number in self.bases.items()]
        data["moved_at"] = list(self.moved_at.items())
        data["listed"] = self.listed if whole else _cut(self.listed, _JOB_FIELDS)
        data["status"] = self.status if whole else _cut(self.status, _JOB_FIELDS)
        if not whole and self.status and self.status.get("nodes"):
            data["status"]["nodes"] = [_cut(node, _NODE_FIELDS) for node in self.status["nodes"]]
        return data

    def load(self, data: Dict[str, Any], latest: float) -> None:
        """Take over such a state.

        :param latest: when it was dumped; nothing was read later than that.
        :raises KeyError, TypeError, ValueError: it is not one.
        """
        shape, plain, times = _dumped()
        memory.check(data, shape)
        for part in (data["listed"], data["status"]):
            _check_job(part)
        if max(data[name] or NEVER for name in times) > latest:
            raise ValueError("read later than it was dumped")
        for name in plain:
            setattr(self, name, data[name])
        self.failed = [(node, state) for node, state in self.failed]
        self.error = RequestError.load(data["error"])
        self.bases = {(node, counter): number for node, counter, number in data["bases"]}
        self.moved_at = {node: float(at) for node, at in data["moved_at"]}
        self.listed, self.status = data["listed"], data["status"]
        self.nodes = _by_name((self.status or {}).get("nodes") or [])

    def forget_age(self) -> None:
        """Nobody can tell how old the readings are: each has to be made again before it counts as ready."""
        self.read_at = self.status_at = self.listed_at = NEVER

    # -- asking -----------------------------------------------------------------------------------------------------

    def failures(self) -> List[Tuple[Optional[str], str]]:
        """What is failing: node name (None for the job itself) and state."""
        if self.missing or (self.state is None and not self.nodes):
            return []
        found: List[Tuple[Optional[str], str]] = []
        if self.state in self.policy.failing:
            found.append((None, str(self.state)))
        bad = self.policy.kind.node_failing
        if any(node.get("status") in bad for node in self.nodes.values()):
            found += [(name, node["status"]) for name, node in self.counting_nodes() if node.get("status") in bad]
        return found

    def counting_nodes(self) -> List[Tuple[str, Dict[str, Any]]]:
        """The nodes whose states count: none of a stopped job, which keep old states."""
        if not self.policy.check_nodes or self.state in self.policy.kind.quiet:
            return []
        return [(name, node) for name, node in self.nodes.items() if not matches(name, self.policy.ignore_nodes)]

    def unknown_nodes(self) -> List[Tuple[str, str]]:
        """Counting nodes in states that this version does not know: neither ready nor failing."""
        known, ready = self.policy.kind.known, self.policy.ready
        strange = {
            name: node["status"]
            for name, node in self.nodes.items()
            if node.get("status") is not None and node["status"] not in known and node["status"] not in ready
        }
        return [(name, strange[name]) for name, dummy in self.counting_nodes() if name in strange] if strange else []

    @property
    def start_time(self) -> Optional[int]:
        """When the job was started, in epoch milliseconds, as far as an answer says so."""
        start = self.describe().get("start_time")
        return start if isinstance(start, int) else None

    @property
    def restarted(self) -> bool:
        """Whether the job was started late enough to be ready."""
        after = self.policy.started_after
        return after is None or (self.start_time is not None and self.start_time >= after)

    def has_moved(self, since: float) -> bool:
        """Whether records have moved since then: of any running node, or of each node that require_records names."""
        if not self.policy.record_nodes:
            return any(at > since for at in self.moved_at.values())
        return bool(self.record_nodes()) and not self.idle_nodes(since)

    def record_nodes(self) -> List[str]:
        """The nodes that require_records names."""
        return [name for name in self.nodes if matches(name, self.policy.record_nodes)]

    def idle_nodes(self, since: float) -> List[str]:
        """Those of them whose records have not moved since then."""
        moved = {name for name, at in self.moved_at.items() if at > since}
        return [name for name in self.record_nodes() if name not in moved]

    @property
    def final(self) -> bool:
        """Whether nothing can change any more."""
        return self.state in self.policy.kind.final and not self.missing

    @property
    def left_out(self) -> bool:
        """Whether the job is left out because it does not exist, need not, and has never existed in this gate."""
        return self.missing and not self.existed and not self.batch and self.policy.missing == MISSING_OK

    def to_be_tried_again(self, began: float) -> bool:
        """Whether the observation that began then asks once more for a job, after an answer that was not what was asked for.

        Other errors were tried again by the session. Among thousands of answers there may be a bad one in every observation:
        if each kept the gate from passing, it would never pass. The list may have cleared the error meanwhile, though not
        read the nodes.
        """
        garbled = self.error is None or 200 <= (self.error.status or 0) < 300
        unread = self.status_at < self.error_at
        return self.error_at >= began and unread and not self.tried_again and garbled

    def grace_over(self, now: float) -> bool:
        """Whether the job has failed for too long, if it fails still. In a long observation that is asked before its end."""
        grace = self.policy.exception_grace
        return self.failing and not self.failed and self.failing_for < grace <= self.failing_for + now - self.last_at

    @property
    def hopeless(self) -> bool:
        """Whether the last error cannot mend itself."""
        return self.error is not None and self.error.kind in (DENIED, PERMANENT)

    def log_path(self, node: Optional[str] = None) -> Optional[str]:
        """Where a node logs; without a name, the failing node's or the first one's that says so."""
        if node is not None:
            return self.nodes.get(node, {}).get("log_path")
        for name, dummy in self.failures():
            if name is not None and self.nodes.get(name, {}).get("log_path"):
                return str(self.nodes[name]["log_path"])
        return next((str(item["log_path"]) for item in self.nodes.values() if item.get("log_path")), None)

    def describe(self) -> Dict[str, Any]:
        """The job as a module returns it: what the list and the status call said, the later over the earlier."""
        listed, status = self.listed or {}, self.status or {}
        merged = {**status, **listed} if self.listed_at > self.status_at else {**listed, **status}
        if self.policy.kind.final:
            merged["job_id"] = self.name
            merged.setdefault("progress", None)
            merged.setdefault("sub_job_id", None)
            merged.setdefault("sub_jobs", [])
            merged.setdefault("message", "")
            merged["tasks"] = self.tasks
        else:
            merged["name"] = self.name
            merged["nodes"] = list(status.get("nodes") or [])
        merged["status"] = self.state
        merged["restarts"] = self.restarts
        return merged


@cache
def _dumped() -> Tuple[Dict[str, memory.Test], List[str], List[str]]:
    """Of a dumped job: whether its fields are of their types, the fields that are kept as they are, and the times among them."""
    hints = {name: hint for name, hint in get_type_hints(Track).items() if name not in _NOT_DUMPED}
    shape = memory.tests(
        {
            **hints,
            "error": Optional[List[Any]],
            "bases": List[Tuple[str, str, int]],
            "moved_at": List[Tuple[str, float]],
            "listed": Optional[Dict[str, Any]],
            "status": Optional[Dict[str, Any]],
        }
    )
    return shape, list(hints), [name for name in hints if name.endswith("_at")]


def _check_job(job: Optional[Dict[str, Any]]) -> None:
    """See that what a service said of a job has the types that readings have.

    :raises TypeError, ValueError: it has not.
    """
    for item in [] if job is None else [job, *(job.get("nodes") or [])]:
        if type(item) is not dict:
            raise ValueError("no job or node")
        for name in _TEXTS:
            if type(item.get(name)) not in _TEXT_TYPES:
                raise ValueError(f"{name} is no text")


def _cut(data: Optional[Dict[str, Any]], names: Tuple[str, ...]) -> Optional[Dict[str, Any]]:
    return None if data is None else {name: data[name] for name in names if name in data}


def _by_name(nodes: List[Dict[str, Any]]) -> Dict[str, Dict[str, Any]]:
    """Nodes by name. Should two share one, the failing one is kept: a failure must not hide behind its namesake."""
    result: Dict[str, Dict[str, Any]] = {}
    for node in nodes:
        name = str(node.get("name") or "")
        if name in result and result[name].get("status") in ("EXCEPTION", "ABNORMAL"):
            continue
        result[name] = node
    return result
