# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gate knows of one job: the readings so far, folded into the few facts that a verdict needs."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from ..cloud.errors import DENIED, PERMANENT, RequestError
from ..services.readings import LIST, Reading
from .policy import Policy, matches

NEVER = float("-inf")
_COUNTERS = ("total_put_records", "total_get_records")
# What of a track is plain data as it is.
_PLAIN = (
    "state",
    "state_at",
    "seen",
    "missing",
    "doubt",
    "read_at",
    "status_at",
    "call",
    "listed_at",
    "errors",
    "error_at",
    "tried_again",
    "failing",
    "failing_for",
    "ready_at",
    "_last_at",
    "counters_seen",
    "moved",
    "tasks",
    "mark",
    "mark_at",
    "marked_at",
    "claim",
    "denied",
    "denied_at",
)
_JOB_FIELDS = ("status", "start_time", "message", "progress", "sub_job_id")
_NODE_FIELDS = ("name", "status", "log_path")
ABSENT = "absent"  # what the list says of a job that it lacks; states are in capitals


class Track:
    """One job under observation. Times are seconds on the gate's clock.

    :ivar state: the state that counts now; None where none was told or the job is missing.
    :ivar state_at: since when that state is known without a break.
    :ivar read_at: the last reading of any source that counts.
    :ivar status_at: the last status call, and with it of the nodes.
    :ivar call: its number among all status calls.
    :ivar doubt: the list says something (a failure, an absence, another state than a status call of the same observation) that a
        status call must confirm first.
    :ivar claim: what the list said when it raised the doubt: a state, or ABSENT.
    :ivar denied: the claim that a status call has contradicted last, at *denied_at*.
    :ivar missing: the status call said that the job does not exist.
    :ivar errors: unreadable observations in a row; *error* is the last one.
    :ivar tried_again: whether an observation that could not read the job has tried it twice.
    """

    __slots__ = (
        "_bases",
        "_last_at",
        "call",
        "claim",
        "counters_seen",
        "denied",
        "denied_at",
        "doubt",
        "error",
        "error_at",
        "errors",
        "failing",
        "failing_for",
        "listed",
        "listed_at",
        "mark",
        "mark_at",
        "marked_at",
        "missing",
        "moved",
        "name",
        "nodes",
        "policy",
        "read_at",
        "ready_at",
        "seen",
        "state",
        "state_at",
        "status",
        "status_at",
        "tasks",
        "tried_again",
    )

    def __init__(self, name: str, policy: Policy) -> None:
        self.name = name
        self.policy = policy
        self.state: Optional[str] = None
        self.state_at = NEVER
        self.seen = False
        self.missing = False
        self.doubt = False
        self.claim: Optional[str] = None
        self.denied: Optional[str] = None
        self.denied_at = NEVER
        self.read_at = NEVER
        self.status_at = NEVER
        self.call = 0
        self.listed_at = NEVER
        self.listed: Optional[Dict[str, Any]] = None
        self.status: Optional[Dict[str, Any]] = None
        self.nodes: Dict[str, Dict[str, Any]] = {}
        self.errors = 0
        self.error: Optional[RequestError] = None
        self.error_at = NEVER
        self.tried_again = False
        # exception_grace: seconds in a failing state, added up until the job has been ready for stable_for.
        self.failing = False
        self.failing_for = 0.0
        self.ready_at: Optional[float] = None
        self._last_at = NEVER
        # require_records
        self._bases: Dict[Tuple[str, str], int] = {}
        self.counters_seen = False
        self.moved = False
        # DLI: the last tasks seen; since when nothing has moved in RUNNING, and when that was seen last.
        self.tasks: Optional[Dict[str, int]] = None
        self.mark: List[Any] = [None, None, None]
        self.mark_at: Optional[float] = None
        self.marked_at = NEVER

    # -- taking in --------------------------------------------------------------------------------------------------

    def take(self, reading: Reading, at: float, began: float, again: bool = True) -> None:
        """Fold a reading in.

        :param at: its time.
        :param began: when the observation that it belongs to began: within one, the status call outweighs the list.
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
            self._mend()
            self._age(at)
            self._answer(at)
            self.seen, self.missing = True, True
            self._enter(None, at)
            self.nodes = {}
            self.status = self.listed = self.mark_at = None
            self.status_at = self.read_at = at
            self._settle(at)
        else:
            self._take_status(reading.job or {}, at)

    def absent(self, at: float, began: float, again: bool = True) -> None:
        """A complete list did not hold the job."""
        self.listed_at = at
        if self.missing:
            self._mend()
            self.read_at = max(self.read_at, at)
        else:
            self._raise_doubt(ABSENT, began, again)

    def _take_listed(self, job: Dict[str, Any], at: float, began: float, again: bool) -> None:
        self.listed, self.listed_at = job, at
        state = job.get("status")
        if state is None:
            # That says only that the job exists.
            if self.missing or self.status_at < began:
                self._raise_doubt(None, began, again)
            return
        if state in self.policy.failing and state != self.state:
            self._raise_doubt(state, began, again)
            return
        if (state != self.state or self.missing) and self.status_at >= began:
            self._raise_doubt(state, began, again)
            return
        if not self.failing or self.state in self.policy.failing:
            # A node's failure is seen by status calls alone, so its time is counted from one to the next.
            self._age(at)
        # A doubt from an earlier page of a list that was moving is gone with this.
        self.seen, self.missing, self.doubt = True, False, False
        self._enter(state, at)
        if not self.policy.needs_nodes:
            # Where the nodes count, the list is only half of what is to be read.
            self._mend()
        self.read_at = max(self.read_at, at)
        self._settle(at)

    def _raise_doubt(self, claim: Optional[str], began: float, again: bool) -> None:
        if again or self.denied_at < began or claim != self.denied:
            self.doubt, self.claim = True, claim

    def _answer(self, at: float) -> None:
        """A status call has told what is so, whatever the list said."""
        if self.doubt:
            self.denied, self.denied_at = self.claim, at
        self.doubt = False

    def _take_status(self, job: Dict[str, Any], at: float) -> None:
        self._mend()
        self._age(at)
        self._answer(at)
        self.seen, self.missing = True, False
        self.status = job
        self._enter(job.get("status"), at)
        self.status_at = self.read_at = at
        self.nodes = _by_name(job.get("nodes") or [])
        self._count(at)
        if job.get("tasks") is not None:
            self.tasks = job["tasks"]
        self._mark([job.get("progress"), job.get("tasks"), job.get("sub_job_id")], at)
        self._settle(at)

    def _mark(self, parts: List[Any], at: float) -> None:
        """See whether a running DLI job has moved. What cannot be had for now is no sign of either."""
        if self.state != "RUNNING":
            self.mark, self.mark_at = [None, None, None], None
        elif any(part is not None for part in parts):
            pairs = list(zip(self.mark, parts))
            if self.mark_at is None or any(None not in (old, new) and old != new for old, new in pairs):
                self.mark_at = at
            self.mark = [old if new is None else new for old, new in pairs]
            self.marked_at = at

    def _mend(self) -> None:
        self.errors, self.error = 0, None

    def _enter(self, state: Optional[str], at: float) -> None:
        if state != self.state or self.state_at == NEVER:
            self.state, self.state_at = state, at

    def _age(self, at: float) -> None:
        """Count the time since the reading before as failing where that one showed a failure."""
        if self.failing and self._last_at != NEVER:
            self.failing_for += max(0.0, at - self._last_at)
        self._last_at = max(self._last_at, at)

    def _settle(self, at: float) -> None:
        self.failing = bool(self.failures())
        if self.failing or self.missing or self.state not in self.policy.ready or not self.restarted:
            self.ready_at = None
        elif self.ready_at is None:
            self.ready_at = at
        if self.ready_at is not None and at - self.ready_at >= self.policy.stable_for:
            self.failing_for = 0.0

    def _count(self, at: float) -> None:
        """Compare the record counters of running nodes with what they were when first seen; one that fell starts anew."""
        for name, node in self.nodes.items():
            for counter in _COUNTERS:
                number = node.get(counter)
                if not isinstance(number, (int, float)) or isinstance(number, bool):
                    continue
                self.counters_seen = True
                base = self._bases.get((name, counter))
                if base is None or number < base:
                    self._bases[name, counter] = int(number)
                elif number > base and node.get("status") in (None, "NORMAL"):
                    self.moved = True

    # -- over to the next slice -------------------------------------------------------------------------------------

    def dump(self, whole: bool) -> Dict[str, Any]:
        """Its state as plain data.

        :param whole: with all that the services said of the job; without it, with what a verdict can need.
        """
        data = {name: getattr(self, name) for name in _PLAIN}
        data["error"] = self.error.dump() if self.error else None
        data["bases"] = [[node, counter, number] for (node, counter), number in self._bases.items()]
        data["listed"] = self.listed if whole else _cut(self.listed, _JOB_FIELDS)
        data["status"] = self.status if whole else _cut(self.status, _JOB_FIELDS)
        if not whole and self.status and self.status.get("nodes"):
            data["status"]["nodes"] = [_cut(node, _NODE_FIELDS) for node in self.status["nodes"]]
        return data

    def load(self, data: Dict[str, Any]) -> None:
        """Take over such a state."""
        for name in _PLAIN:
            setattr(self, name, data[name])
        self.error = RequestError.load(data["error"])
        self._bases = {(node, counter): number for node, counter, number in data["bases"]}
        self.listed, self.status = data["listed"], data["status"]
        self.nodes = _by_name((self.status or {}).get("nodes") or [])

    # -- asking -----------------------------------------------------------------------------------------------------

    def failures(self) -> List[Tuple[Optional[str], str]]:
        """What is failing: node name (None for the job itself) and state."""
        if self.missing or (self.state is None and not self.nodes):
            return []
        found: List[Tuple[Optional[str], str]] = []
        if self.state in self.policy.failing:
            found.append((None, str(self.state)))
        if self.policy.check_nodes and self.state not in self.policy.kind.quiet:
            found.extend(
                (name, node["status"])
                for name, node in self.nodes.items()
                if node.get("status") in self.policy.kind.node_failing and not matches(name, self.policy.ignore_nodes)
            )
        return found

    @property
    def start_time(self) -> Optional[int]:
        """When the job was started, in epoch milliseconds, as far as it says so."""
        start = self.describe().get("start_time")
        return start if isinstance(start, int) else None

    @property
    def restarted(self) -> bool:
        """Whether the job was started late enough to be ready."""
        after = self.policy.started_after
        return after is None or (self.start_time is not None and self.start_time >= after)

    @property
    def final(self) -> bool:
        """Whether nothing can change any more."""
        return self.state in self.policy.kind.final and not self.missing

    def to_be_tried_again(self, began: float) -> bool:
        """Whether the observation that began then asks once more for a job, after an answer that was not what was asked for.

        Other errors were tried again by the session. Among thousands of answers there may be a bad one in every observation:
        if each kept the gate from passing, it would never pass. The list may have mended the error meanwhile, though not
        read the nodes.
        """
        garbled = self.error is None or 200 <= (self.error.status or 0) < 300
        return self.error_at >= began and not self.tried_again and garbled

    def grace_over(self, now: float) -> bool:
        """Whether the job has failed for too long, if it fails still. In a long observation that is asked before its end."""
        grace = self.policy.exception_grace
        return self.failing and self.failing_for < grace <= self.failing_for + now - self._last_at

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
        return merged


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
