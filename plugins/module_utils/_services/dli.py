# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Data Lake Insight: the progress of a SQL job, and its status where the progress call does not tell enough."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Set

from .._cloud.calls import Call, Task, malformed
from .._cloud.http.exchange import Answer
from .._error_codes import gateway_number
from .._errors import RequestError
from .._text import printable
from . import answers
from .normalize import Unreadable
from .readings import STATUS, Reading, unread

# The progress call stands under /v1 in the documents, while every other call of its kind is under /v1.0.
PROGRESS_VERSIONS = ("v1", "v1.0")
STATUS_VERSION = "v1.0"
BUSY = "DLI.0999"  # may be passing or permanent; the status call is not subject to it
WRONG_PATH = "0101"
FAILED = ("FAILED", "CANCELLED")  # final, whatever another call says


class Dli:
    """Reads SQL jobs. Remembers under which version the progress call is published."""

    def __init__(self) -> None:
        self._refused: Set[str] = set()

    def status(self, job_id: str) -> Task[Reading]:
        """Read one job. A task: a session runs it."""
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
                return unread(job_id, STATUS, outcome)
            call = self.status_call(job_id)
            (outcome,) = yield [call]
            if isinstance(outcome, RequestError):
                return unread(job_id, STATUS, outcome)
        return self._reading(call, outcome, job_id)

    def explain(self, job: Dict[str, Any]) -> Task[Dict[str, Any]]:
        """A failed job with the reason that the status call gives: the progress call often gives none.

        Where it cannot be read, the job as it was. The failure stays, whatever that call says of the state.
        """
        call = self.status_call(job["job_id"])
        (outcome,) = yield [call]
        if isinstance(outcome, RequestError):
            return job
        return _explained(job, self._reading(call, outcome, job["job_id"]).job or {})

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
        """Note a version under which there is no progress call. True where the other version is worth a try."""
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


def _explained(failed: Dict[str, Any], told: Dict[str, Any]) -> Dict[str, Any]:
    """A failed job with what the status call adds to it. The failure stays, whatever that call says of the state."""
    added = {name: item for name, item in told.items() if item not in (None, "", [])}
    job = {**failed, **added, "status": failed["status"], "progress": failed["progress"]}
    state = told.get("status")
    if state not in (None, failed["status"]):
        note = f"the status call says {printable(state)}"
        job["message"] = f"{job['message']} ({note})" if job["message"] else note
    return job
