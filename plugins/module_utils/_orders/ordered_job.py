# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""One job that is ordered: which order is next, and what a reading means after an order. Pure: the times come from the caller.

Right after an order the service may still show the old state, so that an old STOPPED or EXCEPTION is no verdict. A reading counts once
there is evidence that it is later than the order: the state has changed since, or ``start_time`` has grown. An old failing state counts
in any case OLD_STATE_SECONDS after the order was answered. Until then the job is pending, so that it can neither pass nor fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from .._errors import DENIED, MISSING, PERMANENT, RequestError
from .._services.factory.job_actions import ALREADY, NOT_TAKEN, TAKEN, UNKNOWN, OrderAnswer
from .._services.readings import REAL_TIME, STATUS, Reading
from .._states import FAILING_STATES, RESTING_STATES, RUNNING_STATES
from .goals import RESTARTED, START, STOP, STOPPING, is_reached

OLD_STATE_SECONDS = 30.0
_NEVER = float("-inf")

Fields = Dict[str, Any]


@dataclass(eq=False)
class Ordered:
    """What all kinds of ordered jobs have.

    :ivar steps: the orders that are left, the next one first.
    :ivar order: the last order that was sent, None before the first.
    :ivar is_open: whether its answer is awaited.
    :ivar answer: its answer, at *answered_at* on the session's clock.
    :ivar acted: the orders that may have had an effect.
    """

    name: str
    steps: List[str]
    order: Optional[str] = None
    is_open: bool = False
    answer: Optional[OrderAnswer] = None
    answered_at: float = _NEVER
    acted: List[str] = field(default_factory=list)

    @property
    def is_due(self) -> bool:
        """Whether the next order may be sent now."""
        return bool(self.steps) and not self.is_open

    def sent(self) -> str:
        """The next order is sent now. Returns it."""
        self.order = self.steps.pop(0)
        self.is_open, self.answer = True, None
        return self.order

    def answered(self, answer: OrderAnswer, at: float) -> None:
        """The answer to the last order is there. After one that shows that nothing was ordered, no further order is sent."""
        self.is_open, self.answer, self.answered_at = False, answer, at
        if answer.may_have_acted and self.order is not None:
            self.acted.append(self.order)
        if answer.meaning == NOT_TAKEN:
            self.steps.clear()

    def see(self, reading: Reading) -> Reading:
        """A reading as the gate is to take it."""
        raise NotImplementedError

    def is_recent(self, at: float) -> bool:
        """Whether a reading of that time may be older than the last order."""
        return at < self.answered_at + OLD_STATE_SECONDS


@dataclass(eq=False)
class OrderedJob(Ordered):
    """A job that is started, stopped or restarted.

    :ivar job_type: REAL_TIME or BATCH.
    :ivar before: the job before the first order.
    :ivar state: its state, and *start* its ``start_time``, when it was read last before the last order.
    :ivar old_nodes: nodes that were failing then, with their states.
    :ivar has_moved: whether a reading has shown since the last order that it is later.
    :ivar has_effect: whether a reading has shown since then what the order leads to, or a failure on the way.
    """

    goal: str = ""
    job_type: str = REAL_TIME
    before: Fields = field(default_factory=dict)
    state: Optional[str] = None
    start: Optional[int] = None
    old_nodes: Dict[str, str] = field(default_factory=dict)
    has_moved: bool = False
    has_effect: bool = False

    @property
    def is_due(self) -> bool:
        if not super().is_due:
            return False
        if self.steps[0] == START and self.order == STOP:
            return self.state in RESTING_STATES
        return self.steps[0] != START or self.state != STOPPING

    def sent(self) -> str:
        self.has_moved = self.has_effect = False
        return super().sent()

    def see(self, reading: Reading) -> Reading:
        if reading.job is None:
            return reading
        if self.is_open or reading.at < self.answered_at:
            return reading._replace(is_old=True)
        if self.order is None:
            return self._see_waiting(reading)
        self._note(reading.job)
        error = self._error(reading)
        if error is not None:
            is_missing = error.kind == MISSING
            return Reading(reading.name, reading.at, STATUS, missing=is_missing, error=None if is_missing else error)
        if self.order == STOP and self.steps:
            return self._see_stopping(reading)
        return reading._replace(is_old=self._is_old(reading))

    def _see_waiting(self, reading: Reading) -> Reading:
        """A reading of a job to which nothing was ordered: one that is right already, or that has to stop first."""
        self._remember(reading.job or {})
        return reading._replace(is_old=bool(self.steps))

    def _see_stopping(self, reading: Reading) -> Reading:
        """A reading of a job that will be started once it has stopped."""
        state = (reading.job or {}).get("status")
        if state in RESTING_STATES:
            self._remember(reading.job or {})
        is_failing = state in FAILING_STATES and (self.has_moved or not self.is_recent(reading.at))
        return reading._replace(is_old=not is_failing)

    def _remember(self, job: Fields) -> None:
        self.state, self.start = job.get("status"), _start_of(job)
        self.old_nodes.update(failing_nodes(job))

    def _note(self, job: Fields) -> None:
        """Look for evidence that the reading is later than the order."""
        start = _start_of(job)
        has_started = start is not None and self.start is not None and start > self.start
        state = job.get("status")
        self.has_moved = self.has_moved or has_started or state != self.state
        has_failed = self.has_moved and state in FAILING_STATES
        self.has_effect = self.has_effect or has_failed or is_reached(str(self.order), state)
        if self.has_moved:
            now = failing_nodes(job)
            self.old_nodes = {name: state for name, state in self.old_nodes.items() if now.get(name) == state}

    def _error(self, reading: Reading) -> Optional[RequestError]:
        """The error that the order has come to; None while the state may still show success."""
        answer, state = self.answer, (reading.job or {}).get("status")
        if answer is None or answer.error is None or answer.meaning == TAKEN:
            return None
        if answer.meaning == NOT_TAKEN:
            return final(answer.error)
        if self.has_effect:
            return None
        may_show_later = answer.meaning == UNKNOWN or (answer.meaning == ALREADY and self.order == START)
        if not may_show_later:
            return final(answer.error)
        return None if self.is_recent(reading.at) else unclear(str(self.order), answer, state)

    def _is_old(self, reading: Reading) -> bool:
        job = reading.job or {}
        state, is_recent = job.get("status"), self.is_recent(reading.at)
        if self.answer is not None and self.answer.meaning != TAKEN and not self.has_effect:
            return True
        if not self.has_moved:
            return state in FAILING_STATES and is_recent
        if self.order == START and state in RUNNING_STATES and not self._is_newer(job):
            return True
        now = failing_nodes(job)
        is_old_node = bool(now) and all(self.old_nodes.get(name) == node for name, node in now.items())
        return is_old_node and is_recent and state not in FAILING_STATES

    def _is_newer(self, job: Fields) -> bool:
        """Whether a restarted job shows a later start, if it has start times."""
        first, start = _start_of(self.before), _start_of(job)
        if self.goal != RESTARTED or self.job_type != REAL_TIME or first is None:
            return True
        return start is not None and start > first


def failing_nodes(job: Fields) -> Dict[str, str]:
    """The nodes of a job that are failing, with their states."""
    nodes = job.get("nodes") or []
    return {str(node.get("name")): node["status"] for node in nodes if node.get("status") in FAILING_STATES}


def final(error: RequestError, summary: Optional[str] = None, hint: Optional[str] = None) -> RequestError:
    """The error of an order as one that another reading cannot overcome."""
    kind = error.kind if error.kind in (DENIED, MISSING) else PERMANENT
    return RequestError(
        kind,
        summary or error.summary,
        service=error.service,
        method=error.method,
        path=error.path,
        host=error.host,
        status=error.status,
        error_code=error.error_code,
        request_id=error.request_id,
        hint=hint or error.hint,
        refused=error.refused,
    )


def unclear(order: str, answer: OrderAnswer, state: Optional[str]) -> RequestError:
    """The error of an order that had no clear answer and no visible effect."""
    error = answer.error or RequestError(PERMANENT, "no answer", method="POST")
    if answer.meaning == ALREADY:
        return final(error)
    known = f"{OLD_STATE_SECONDS:g} s later the job is still {state or 'without a state'}"
    summary = f"the answer to {order} was not clear ({error.summary.rstrip('. ')}), and {known}"
    return final(error, summary, "look at the job, and run the task again")


def _start_of(job: Fields) -> Optional[int]:
    start = job.get("start_time")
    return start if isinstance(start, int) and not isinstance(start, bool) else None


def as_before(job: Fields) -> Fields:
    """A job as the result returns it under ``before``."""
    return {
        "name": job.get("name"),
        "job_type": job.get("job_type"),
        "status": job.get("status"),
        "start_time": _start_of(job),
    }
