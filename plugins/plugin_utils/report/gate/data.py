# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Reads a gate's result into the data that all report formats show: the same facts in the same order.

The result may be any part of the result of a module or the role. Only a verdict or a message is required; values of an
unexpected type are ignored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.kinds import DLI_KIND
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.verdicts import (
    ERROR,
    FAIL,
    PASS,
    PENDING,
    TIMEOUT,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable

from .. import states
from ..report_facts import About
from ..states import Classes
from ..template_data import NAME, PATH, STATE, ReportError, count, duration, mapping, mappings, number, sentence, text
from ..timeline import Change
from .run import Run, read_run

SKIPPED = "SKIPPED"
VERDICTS = (PASS, FAIL, TIMEOUT, ERROR, PENDING, SKIPPED)
LEFT_OUT = "LEFT OUT"  # a job that does not exist and need not

_STATE_CODES = frozenset(
    (
        *("job_exception", "node_exception", "dli_failed", "dli_cancelled", "job_failed"),
        *("run_failed", "run_skipped", "run_forced"),
    )
)
FAILING_CODES = _STATE_CODES | {"job_missing", "node_run_failed", "stalled", "too_few_jobs", "too_few_rows", "bad_rows"}
UNREAD_CODES = frozenset(("unreadable", "denied"))
_IDS = frozenset(("job_ids", "batch_ids"))  # options that select jobs by their IDs


class Reason(NamedTuple):
    """A reason, prepared for output; ``node``, ``status`` and ``log_path`` may be empty."""

    code: str
    node: str
    status: str
    message: str
    log_path: str

    @property
    def unread(self) -> bool:
        """Whether something could not be read; the state of the job itself is unknown."""
        return self.code in UNREAD_CODES


class Node(NamedTuple):
    """A node of a real-time job.

    :ivar key: its name as the service writes it, by which the history is searched.
    """

    key: str
    name: str
    type: str
    status: str
    kind: str
    log_path: str
    changes: list[Change]


class Work(NamedTuple):
    """The progress of a DLI job. ``percent`` is 0..100; counts are None where no sub-job was seen."""

    percent: float | None
    total: int | None
    completed: int | None
    active: int | None
    failed: int | None
    sub_job: str

    @property
    def words(self) -> str:
        """``45 %, 90 of 200 tasks completed, 12 active, 3 failed``."""
        parts = [] if self.percent is None else [f"{self.percent:.0f} %"]
        if self.total is not None:
            parts.append(f"{self.completed or 0} of {self.total} tasks completed")
            if self.active:
                parts.append(f"{self.active} active")
            if self.failed:
                parts.append(f"{self.failed} failed")
        if self.sub_job:
            parts.append(f"sub-job {self.sub_job}")
        return ", ".join(parts)


class Job(NamedTuple):
    """A job of the gate.

    :ivar verdict: PASS, FAIL, PENDING or LEFT_OUT.
    :ivar tolerated: it fails, but the gate still passes.
    :ivar status: its last state, empty where none is known.
    :ivar kind: the class of that state.
    :ivar changes: those of the job itself, oldest first.
    :ivar run: of a batch job, the run that was judged.
    :ivar settled_at: seconds until it, or the node that fails it, got into the last state; None if not known.
    :ivar read_at: seconds until it was read last; None if not known.
    :ivar returned: False where only reasons or history name it.
    """

    name: str
    verdict: str
    tolerated: bool
    status: str
    kind: str
    reasons: list[Reason]
    nodes: list[Node]
    changes: list[Change]
    work: Work | None
    run: Run | None
    settled_at: float | None
    read_at: float | None
    returned: bool

    @property
    def unread(self) -> bool:
        """Whether it could not be read, and has no worse reason."""
        return bool(self.reasons) and self.reasons[0].unread


class State(NamedTuple):
    """A state, and how many jobs are in it."""

    name: str
    jobs: int
    kind: str


class Gate(NamedTuple):
    """A gate's result.

    :ivar bad: whether the gate has failed, or would have failed.
    :ivar override_reason: why the gate was disabled, or empty.
    :ivar reasons: reasons that do not concern a single job.
    :ivar notes: notes that do not affect the verdict.
    :ivar jobs: the most severe first.
    :ivar further: number of jobs that the result does not name.
    :ivar changes: all state changes, oldest first, including initial states.
    :ivar dropped: number of state changes that the result has dropped.
    """

    about: About
    verdict: str
    failed: bool
    bad: bool
    message: str
    override_reason: str
    elapsed: float | None
    polls: int | None
    requests: int | None
    states: list[State]
    reasons: list[Reason]
    notes: list[Reason]
    jobs: list[Job]
    further: int
    changes: list[Change]
    dropped: int
    classes: Classes
    noun: str

    @property
    def end(self) -> float:
        """Seconds that a time axis reaches."""
        return max([self.elapsed or 0.0, *(change.at for change in self.changes)])

    @property
    def verdicts(self) -> list[State]:
        """How many jobs are failing, not ready, left out and ready; those that the result does not name had nothing against them."""
        counted = Counter(job.verdict for job in self.jobs)
        counted[PASS] += self.further
        return [
            State(words, counted[verdict], kind)
            for verdict, words, kind in (
                (FAIL, "failing", states.FAILING),
                (PENDING, "not ready", states.ON_ITS_WAY),
                (LEFT_OUT, "left out", states.UNKNOWN),
                (PASS, "ready", states.READY),
            )
            if counted[verdict]
        ]

    @property
    def state_words(self) -> str:
        """``3 NORMAL, 1 STARTING``."""
        return ", ".join(f"{state.jobs} {state.name}" for state in self.states)

    @property
    def headline(self) -> str:
        """``FAIL: Gate before``."""
        return f"{self.verdict}: {self.about.title}"


def read(result: dict[str, Any], about: About) -> Gate:
    """Read a gate's result.

    :param result: plain data.
    :raises ReportError: it is not the result of a gate.
    """
    check(result)
    failed = result.get("failed") is True
    # A module that refused an option has given no verdict.
    verdict = printable(text(result.get("verdict")) or ERROR, STATE)
    reading = _Reading(result, verdict)
    jobs = reading.jobs()
    polls, requests = (number(result.get(key)) for key in ("polls", "requests"))
    return Gate(
        about=about,
        verdict=verdict,
        failed=failed,
        bad=verdict != SKIPPED and (failed or verdict not in (PASS, PENDING)),
        message=sentence(text(result.get("msg")) or ""),
        override_reason=sentence(text(result.get("override_reason")) or ""),
        elapsed=duration(result.get("elapsed")),
        polls=None if polls is None else int(polls),
        requests=None if requests is None else int(requests),
        states=reading.states(),
        reasons=[_reason(item) for item in reading.reasons.get(None, [])],
        notes=[_reason(item) for item in mappings(result.get("notes"))],
        jobs=jobs,
        further=max(0, reading.total - sum(job.verdict != LEFT_OUT for job in jobs)),
        changes=[_shown(change) for change in reading.history],
        dropped=reading.dropped,
        classes=reading.classes,
        noun=reading.noun,
    )


def check(result: dict[str, Any]) -> dict[str, Any]:
    """The result itself, if it is a gate's.

    :raises ReportError: it is not.
    """
    if text(result.get("verdict")) is None and text(result.get("msg")) is None:
        raise ReportError("what is to be reported is no gate's result: it has neither verdict nor msg")
    return result


class _Reading:
    """The parts of a result, brought together job by job."""

    def __init__(self, result: dict[str, Any], verdict: str) -> None:
        self.verdict = verdict
        self.dropped = count(result.get("history_dropped"))
        self.tally = {state: count(item) for state, item in mapping(result.get("by_status")).items()}
        self.total = sum(self.tally.values())
        self.history = _history(mappings(result.get("history")))
        self.changes: dict[tuple[str, str | None], list[Change]] = {}
        self.node_names: dict[str, list[str]] = {}
        for change in self.history:
            if (change.job, change.node) not in self.changes and change.node is not None:
                self.node_names.setdefault(change.job, []).append(change.node)
            self.changes.setdefault((change.job, change.node), []).append(change)
        self.reasons: dict[str | None, list[dict[str, Any]]] = {}
        for item in mappings(result.get("reasons")):
            self.reasons.setdefault(text(item.get("job")), []).append(item)
        self.is_by_id = bool(_IDS & mapping(mapping(result.get("gate")).get("selection")).keys())
        # The one job of a gate is there even where return_jobs leaves it out of the list.
        listed = mappings(result.get("jobs")) or mappings([result.get("job")])
        self.listed: dict[str, dict[str, Any]] = {}
        for item in listed:
            self.listed.setdefault(self._key(item), item)
        kind = text(mapping(result.get("gate")).get("kind"))
        self.noun = printable(kind, NAME) if kind else self._usual_noun()
        self.classes = Classes(self._ready_states(), self._failing_states())

    def _key(self, item: dict[str, Any]) -> str:
        """What the gate calls a job: the name or the ID that has selected it.

        Jobs of DLI with different IDs may have the same name, and a name may look like the ID of another job.
        """
        keys = ("job_id", "batch_id") if self.is_by_id else ("name", "job_id", "batch_id")
        names = [found for key in keys if (found := text(item.get(key)))]
        told = {*self.reasons, *(change.job for change in self.history)}
        return next((name for name in names if name in told), names[0] if names else "")

    def _usual_noun(self) -> str:
        """The noun for jobs if the result has none."""
        listed = self.listed.values()
        is_dli = any("job_id" in item for item in listed) or (
            not listed and bool(self.tally) and set(self.tally) <= DLI_KIND.known | {"missing", "not read"}
        )
        if is_dli:
            return "DLI job"
        return "batch job" if any("instance" in item for item in listed) else "job"

    def states(self) -> list[State]:
        """The counts by state, the worst class first, in it the most frequent."""
        found = [State(printable(name, STATE), many, self.classes.of(name)) for name, many in self.tally.items()]
        return sorted(found, key=lambda item: (states.ORDER[item.kind], -item.jobs, item.name))

    def jobs(self) -> list[Job]:
        """All jobs that the result names, the worst first, those alike in the result's order."""
        named = dict.fromkeys(self.listed)
        named.update(dict.fromkeys(name for name in self.reasons if name is not None))
        named.update(dict.fromkeys(change.job for change in self.history))
        return sorted((self._job(name) for name in named), key=_rank)

    def _job(self, key: str) -> Job:
        data = self.listed.get(key)
        found = self._reasons_of(key, data)
        reasons = [_reason(item) for item in found]
        verdict = self._verdict_of(data, reasons)
        changes = self.changes.get((key, None), [])
        state = text(data.get("status")) if data is not None else changes[-1].status if changes else None
        if state is None:
            state = next((text(item.get("status")) for item in found if not text(item.get("node"))), None)
        kind = self.classes.of(state)
        if state is None and any(item.code == "job_missing" for item in reasons):
            state, kind = "missing", states.FAILING if verdict == FAIL else states.UNKNOWN
        blamed = {text(item.get("node")) for item in found}
        moments = [lane[-1].at for node in (None, *blamed) if (lane := self.changes.get((key, node)))]
        return Job(
            name=printable(key, NAME),
            verdict=verdict,
            tolerated=verdict == FAIL and self.verdict == PASS,
            status=printable(state, STATE) if state is not None else "",
            kind=kind,
            reasons=reasons,
            nodes=self._nodes_of(key, data),
            changes=[_shown(change) for change in changes],
            work=_work(data) if data is not None and "progress" in data else None,
            run=None if data is None else read_run(data),
            settled_at=max(moments) if moments else None,
            read_at=duration(data.get("read_at")) if data is not None else None,
            returned=data is not None,
        )

    def _reasons_of(self, key: str, data: dict[str, Any] | None) -> list[dict[str, Any]]:
        """The gate's reasons for a job and the job's own, each once."""
        found = list(self.reasons.get(key, []))
        own = mappings(data.get("reasons")) if data is not None else []
        return found + [item for item in own if item not in found]

    def _verdict_of(self, data: dict[str, Any] | None, reasons: Sequence[Reason]) -> str:
        codes = {item.code for item in reasons}
        # The option missing applies to all jobs: with ok, missing jobs are not counted.
        if (
            "job_missing" in codes
            and data is None
            and "missing" not in self.tally
            and (self.tally or self.verdict == PASS)
        ):
            return LEFT_OUT
        own = text(data.get("verdict")) if data is not None else None
        if own in (FAIL, PENDING):
            return own
        if not codes:
            return PASS  # every job that is not ready has a reason
        if own is None and codes & FAILING_CODES and self.verdict != PENDING:
            return FAIL
        # A ready job with a reason was not reached again before the time was up.
        return PENDING

    def _nodes_of(self, key: str, data: dict[str, Any] | None) -> list[Node]:
        given: dict[str, dict[str, Any]] = {}
        for item in mappings((data or {}).get("nodes")):
            given.setdefault(text(item.get("name")) or "", item)
        result = []
        for name in dict.fromkeys((*given, *self.node_names.get(key, []))):
            item = given.get(name, {})
            changes = self.changes.get((key, name), [])
            state = text(item.get("status")) if name in given else changes[-1].status
            result.append(
                Node(
                    key=name,
                    name=printable(name, NAME),
                    type=printable(text(item.get("type")) or "", NAME),
                    status=printable(state, STATE) if state is not None else "",
                    kind=self.classes.of(state),
                    log_path=printable(text(item.get("log_path")) or "", PATH),
                    changes=[_shown(change) for change in changes],
                )
            )
        return sorted(result, key=lambda node: node.kind != states.FAILING)

    def _ready_states(self) -> Iterable[str]:
        """The states of wait_for. Results without them show them by the ready jobs."""
        passed = [item for item in self.listed.values() if item.get("verdict") == PASS]
        found = {text(item.get("status")) for item in passed} - {None}
        if not found and self.verdict == PASS and not self.reasons:
            found = set(self.tally)
        if found:
            return {state for state in found if state is not None}
        waited = {
            text(item.get("status"))
            for items in self.reasons.values()
            for item in items
            if item.get("code") == "still_pending" and not item.get("node")
        }
        return states.ALWAYS_READY - waited

    def _failing_states(self) -> Iterable[str]:
        """States that have failed jobs here: fail_states may name more than the usual ones."""
        every = [item for items in self.reasons.values() for item in items]
        found = {text(item.get("status")) for item in every if text(item.get("code")) in _STATE_CODES}
        return {state for state in found if state is not None}


def _rank(job: Job) -> int:
    if job.verdict == FAIL:
        return 1 if job.tolerated else 0
    if job.verdict == PENDING:
        return 2 if job.unread else 3
    return 4 if job.verdict == LEFT_OUT else 5


def _history(entries: Iterable[dict[str, Any]]) -> list[Change]:
    found = []
    for item in entries:
        at, job = duration(item.get("at")), text(item.get("job"))
        if at is None or job is None:
            continue
        found.append(Change(at, job, text(item.get("node")), text(item.get("previous")), text(item.get("status"))))
    return sorted(found, key=lambda change: change.at)


def _shown(change: Change) -> Change:
    """The change with names and states fit to be shown."""
    previous, status = (None if item is None else printable(item, STATE) for item in (change.previous, change.status))
    node = None if change.node is None else printable(change.node, NAME)
    return Change(change.at, printable(change.job, NAME), node, previous, status)


def _reason(item: dict[str, Any]) -> Reason:
    code = printable(text(item.get("code")) or "unknown", STATE)
    return Reason(
        code=code,
        node=printable(text(item.get("node")) or "", NAME),
        status=printable(text(item.get("status")) or "", STATE),
        message=sentence(text(item.get("message")) or code),
        log_path=printable(text(item.get("log_path")) or "", PATH),
    )


def _work(data: dict[str, Any]) -> Work:
    fraction = number(data.get("progress"))
    tasks = data.get("tasks")
    known = isinstance(tasks, dict)
    total, completed, active, failed = (
        count(mapping(tasks).get(key)) if known else None for key in ("total", "completed", "active", "failed")
    )
    percent = None if fraction is None else 100 * min(1.0, max(0.0, fraction))
    return Work(percent, total, completed, active, failed, printable(text(data.get("sub_job_id")) or "", 40))
