# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Data Lake Insight: SQL jobs. Their progress, their status if the progress call is not sufficient, and cancelling them."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Set, Tuple, Union

from ..._cloud.calls import Call, Task, malformed
from ..._cloud.http.exchange import Answer
from ..._error_codes import gateway_number
from ..._errors import MISSING, PERMANENT, RequestError
from ..._text import printable
from .. import answers
from ..normalize import Unreadable
from ..readings import STATUS, Reading, unread

# The progress call is under /v1 in the documents, while every other call of its kind is under /v1.0.
PROGRESS_VERSIONS = ("v1", "v1.0")
STATUS_VERSION = "v1.0"
BUSY = "DLI.0999"  # may be passing or permanent; the status call is not subject to it
WRONG_PATH = "0101"
CANCELLED = "CANCELLED"
FAILED = ("FAILED", CANCELLED)  # final, even if another call differs
FINISHED = "FINISHED"
_REFUSALS = (400, 401, 403, 404, 405, 429)  # statuses with which the service does not take an order
# Numbers of rows, which only the status call names.
FIGURES = ("input_row_count", "bad_row_count", "result_count")


class Cancellation(NamedTuple):
    """The result of cancelling a job.

    :ivar is_taken: whether the service has taken the order.
    :ivar may_be_taken: whether it may have taken the order: there was no clear answer.
    :ivar state: the state that was read after an order that was not taken; None where it was not read, or the job does not exist.
    :ivar is_missing: whether the job does not exist.
    :ivar problem: why the order was not taken.
    """

    is_taken: bool = False
    may_be_taken: bool = False
    state: Optional[str] = None
    is_missing: bool = False
    problem: str = ""

    @property
    def is_cancelled(self) -> bool:
        """Whether the job is cancelled now."""
        return self.state == CANCELLED

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing left to cancel."""
        return self.is_missing or self.state in (FINISHED, *FAILED)


class Dli:
    """Reads SQL jobs. Remembers under which version the progress call is published."""

    def __init__(self) -> None:
        self._refused: Set[str] = set()

    def status(self, job_id: str, figures: bool = False) -> Task[Reading]:
        """Read one job. A task: a session runs it.

        The queue answers the progress call, and the service the status call. So a job counts as finished only if both say so.

        :param figures: whether the numbers of rows of a finished job are needed as well.
        """
        reading, was_progress = yield from self._progress(job_id)
        if was_progress and reading.job is not None and reading.job["status"] == FINISHED:
            reading = yield from self._confirmed(reading, figures)
        return reading

    def _progress(self, job_id: str) -> Task[Tuple[Reading, bool]]:
        """Read one job by the progress call, or by the status call where the queue is busy, and whether it was the former."""
        version = self._version()
        call = self.progress_call(job_id, version)
        (outcome,) = yield [call]
        if isinstance(outcome, RequestError) and self._wrong_path(version, outcome):
            call = self.progress_call(job_id, self._version())
            version = self._version()
            (outcome,) = yield [call]
            if isinstance(outcome, RequestError):
                self._wrong_path(version, outcome)
        if isinstance(outcome, RequestError):
            if outcome.error_code != BUSY:
                return unread(job_id, STATUS, outcome), True
            call = self.status_call(job_id)
            (outcome,) = yield [call]
            if isinstance(outcome, RequestError):
                return unread(job_id, STATUS, outcome), False
        return self._reading(call, outcome, job_id), call.segments[-1] == "progress"

    def _confirmed(self, reading: Reading, figures: bool) -> Task[Reading]:
        """A finished job by the status call, which has its numbers of rows. A cloud without that call cannot contradict.

        :param figures: whether the numbers of rows are needed.
        """
        call = self.status_call(reading.name)
        (outcome,) = yield [call]
        if isinstance(outcome, RequestError):
            is_unknown_path = outcome.status == 404 and outcome.kind == PERMANENT
            return reading if is_unknown_path and not figures else unread(reading.name, STATUS, outcome)
        received = self._reading(call, outcome, reading.name)
        if received.job is None or reading.job is None or received.job["status"] in FAILED:
            return received._replace(at=reading.at)
        state = received.job["status"]
        if not figures:
            return reading._replace(job={**reading.job, "status": state})
        numbers = {name: received.job.get(name) if state == FINISHED else None for name in FIGURES}
        return reading._replace(job={**received.job, **reading.job, **numbers, "status": state})

    def explain(self, job: Dict[str, Any]) -> Task[Dict[str, Any]]:
        """A failed job with the reason that the status call gives: the progress call often gives none.

        Where it cannot be read, the job as it was. The failure stays, even if that call shows another state.
        """
        call = self.status_call(job["job_id"])
        (outcome,) = yield [call]
        if isinstance(outcome, RequestError):
            return job
        return _explained(job, self._reading(call, outcome, job["job_id"]).job or {})

    def cancel(self, job_id: str, reads_first: bool) -> Task[Cancellation]:
        """Cancel a job. After an order that was not taken, its state is read: a job that has ended needs no order.

        Cancelling twice does no harm, so the session may send the request again.

        :param reads_first: whether to read the state before, too, and leave a job alone that has ended.
        """
        if reads_first:
            reading, dummy = yield from self._progress(job_id)
            before = Cancellation(state=(reading.job or {}).get("status"), is_missing=reading.missing)
            if before.has_ended:
                return before
        call = Call("dli", (STATUS_VERSION, "{project_id}", "jobs", job_id), key=job_id, method="DELETE")
        (outcome,) = yield [call]
        problem: Union[RequestError, Unreadable, None] = None
        if isinstance(outcome, RequestError):
            if outcome.kind == MISSING:
                return Cancellation(is_missing=True)
            problem = outcome
        else:
            try:
                answers.check(outcome.data)
                return Cancellation(is_taken=True)
            except Unreadable as refusal:
                problem = refusal
        is_unclear = isinstance(problem, RequestError) and problem.status not in _REFUSALS and problem.was_sent
        reading, dummy = yield from self._progress(job_id)
        state = (reading.job or {}).get("status")
        return Cancellation(False, is_unclear, state, reading.missing, str(problem))

    @property
    def refused(self) -> List[str]:
        """The versions under which the progress call was not found."""
        return sorted(self._refused)

    @refused.setter
    def refused(self, versions: Iterable[str]) -> None:
        self._refused = set(versions)

    # -- single calls -----------------------------------------------------------------------------------------------

    def progress_call(self, job_id: str, version: str) -> Call:
        """The progress call under one of PROGRESS_VERSIONS. Its answer is the body as the service sent it."""
        return self._call(version, job_id, "progress")

    def status_call(self, job_id: str) -> Call:
        """The call for the status of a job. Its answer is the body as the service sent it."""
        return self._call(STATUS_VERSION, job_id, "status")

    # -- parts ------------------------------------------------------------------------------------------------------

    def _wrong_path(self, version: str, error: RequestError) -> bool:
        """Record a version without a progress call. True if the other version can be tried."""
        if gateway_number(error.error_code) != WRONG_PATH or error.status not in (400, 404):
            return False
        self._refused.add(version)
        return not self._refused.issuperset(PROGRESS_VERSIONS)

    def _version(self) -> str:
        return next((name for name in PROGRESS_VERSIONS if name not in self._refused), PROGRESS_VERSIONS[0])

    @staticmethod
    def _call(version: str, job_id: str, what: str) -> Call:
        return Call("dli", (version, "{project_id}", "jobs", job_id, what), key=job_id)

    @staticmethod
    def _reading(call: Call, answer: Answer, job_id: str) -> Reading:
        try:
            return Reading(job_id, answer.sent_at, STATUS, job=answers.dli_job(answer.data, job_id))
        except Unreadable as problem:
            return Reading(job_id, answer.sent_at, STATUS, error=malformed(call, str(problem)))


def _explained(failed: Dict[str, Any], received: Dict[str, Any]) -> Dict[str, Any]:
    """A failed job with what the status call adds to it. The failure stays, even if that call shows another state."""
    added = {name: item for name, item in received.items() if item not in (None, "", [])}
    job = {**failed, **added, "status": failed["status"], "progress": failed["progress"]}
    state = received.get("status")
    if state not in (None, failed["status"]):
        note = f"the status call says {printable(state)}"
        job["message"] = f"{job['message']} ({note})" if job["message"] else note
    return job
