# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Cancels the SQL jobs of DLI that have not ended when their gate ends (``cancel_on``)."""

from __future__ import annotations

from typing import Any, Callable, Collection, Dict, List, NamedTuple, Tuple

from .._cloud.session import Session
from .._errors import DatagateError
from .._gate.messages import names
from .._gate.observing.loop import Loop
from .._gate.observing.outcome import Outcome
from .._gate.state.gate_state import Gate
from .._gate.verdicts import FAIL, TIMEOUT
from .._services.dli.sql_jobs import Cancellation, Dli
from .interruption import interruptible

ON_TIMEOUT, ON_STALLED, ON_ABORT = "timeout", "stalled", "abort"
SECONDS_AFTER_VERDICT = 30.0
# An interrupted task gets no more time: it may be killed after that.
SECONDS_AFTER_ABORT = 4.5


class Cancelled(NamedTuple):
    """What cancelling has come to.

    :ivar taken: the jobs that the service cancels.
    :ivar ended: the jobs that had ended before, with their states.
    :ivar left: the jobs that may still run, and why.
    :ivar may_have_changed: whether any order may have had an effect.
    """

    taken: Tuple[str, ...] = ()
    ended: Tuple[str, ...] = ()
    left: Tuple[str, ...] = ()
    problem: str = ""
    may_have_changed: bool = False

    def __str__(self) -> str:
        parts = [("cancelled", self.taken), ("ended before that", self.ended), ("may still run", self.left)]
        text = "; ".join(f"{label}: {names(jobs)}" for label, jobs in parts if jobs)
        return f"{text} ({self.problem})" if self.problem else text


class Cancelling:
    """Runs a gate, and cancels its jobs according to ``cancel_on``.

    :param when: any of ON_TIMEOUT, ON_STALLED and ON_ABORT.
    :param note: is called with a line when the task is interrupted.
    """

    def __init__(self, when: Collection[str], service: Dli, session: Session, note: Callable[[str], None]) -> None:
        self._when = when
        self._service, self._session, self._note = service, session, note

    def run(self, loop: Loop) -> Outcome:
        """Run the gate. If it is interrupted, cancel the jobs and report the remaining ones."""
        if ON_ABORT not in self._when:
            return loop.run()
        with interruptible() as interruption:
            try:
                return loop.run()
            except Exception:
                raise
            except BaseException:
                interruption.is_taken = True
                self._abort(loop.gate)
                raise

    def complete(self, outcome: Outcome) -> Dict[str, Any]:
        """Cancel the jobs if the verdict requires it. Returns the keys for the result."""
        if not self._is_asked_for(outcome):
            return {"cancelled": []}
        found = self._cancel(outcome.gate, SECONDS_AFTER_VERDICT, True)
        received = str(found)
        msg = f"{outcome.msg} {received[:1].upper()}{received[1:]}." if received else outcome.msg
        return {"cancelled": list(found.taken), "changed": found.may_have_changed, "msg": msg}

    def _is_asked_for(self, outcome: Outcome) -> bool:
        verdict, policy = outcome.verdict, outcome.gate.policy
        if not policy.wait or policy.once:
            return False
        if verdict.verdict == TIMEOUT:
            return ON_TIMEOUT in self._when
        has_stalled = any(item["code"] == ON_STALLED for item in verdict.reasons)
        return verdict.verdict == FAIL and has_stalled and ON_STALLED in self._when

    def _abort(self, gate: Gate) -> None:
        self._session.abandon()
        received = str(self._cancel(gate, SECONDS_AFTER_ABORT, False))
        self._note(f"interrupted; {received or 'no job was left to cancel'}")

    def _cancel(self, gate: Gate, seconds: float, reads_first: bool) -> Cancelled:
        """Cancel the jobs that have not ended, each once.

        :param reads_first: whether the state of each job is read before. Without, its last reading counts.
        """
        ids = [job.name for job in gate.jobs.values() if not job.is_missing and job.state not in gate.policy.kind.final]
        deadline = self._session.clock.now() + seconds
        tasks = [self._service.cancel(job_id, reads_first) for job_id in ids]
        try:
            return _summary(dict(zip(ids, self._session.complete_all(tasks, deadline))))
        except DatagateError as error:
            return Cancelled(left=tuple(ids), problem=str(error), may_have_changed=True)


def _summary(results: Dict[str, Cancellation]) -> Cancelled:
    taken: List[str] = []
    ended: List[str] = []
    left: List[str] = []
    for job_id, result in results.items():
        if result.is_taken or (result.may_be_taken and result.is_cancelled):
            taken.append(job_id)
        elif result.has_ended:
            ended.append(f"{job_id} {result.state or 'gone'}")
        else:
            left.append(job_id)
    problem = next((results[job_id].problem for job_id in left), "")
    is_unclear = any(result.may_be_taken for result in results.values())
    return Cancelled(tuple(taken), tuple(ended), tuple(left), problem, bool(taken) or is_unclear)
