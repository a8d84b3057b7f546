# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Data Lake Insight: the progress of a SQL job, and its status where the progress cannot be had."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Union

from ..cloud.errors import MISSING, RequestError, gateway_number, printable
from ..cloud.session import Call, Outcome, Session, malformed
from . import normalize
from .readings import STATUS, Reading

# The progress call stands under /v1 in the documents, while every other call of its kind is under /v1.0.
PROGRESS_VERSIONS = ("v1", "v1.0")
STATUS_VERSION = "v1.0"
BUSY = "DLI.0999"  # passing or permanent, nobody can tell; the status call is not subject to it
WRONG_PATH = "0101"
FAILED = ("FAILED", "CANCELLED")


class _Step:
    """What a call is for: which job, which version of the progress call (None: the status call), what is known already."""

    def __init__(self, job_id: str, version: Optional[str], job: Optional[Dict[str, Any]] = None) -> None:
        self.job_id = job_id
        self.version = version
        self.job = job


class Dli:
    """Reads SQL jobs. Remembers under which version the progress call is published."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._refused: Set[str] = set()

    def statuses(self, job_ids: Iterable[str], deadline: Optional[float] = None) -> Iterator[Reading]:
        """Read jobs, several at once, each as its answer comes.

        A job ID is taken from *job_ids* only when its request can be sent, so a generator may end early.

        :raises RequestError, CredentialsError: what concerns all of them.
        """
        calls: Iterable[Call] = (self._progress_call(job_id) for job_id in job_ids)
        while True:
            further: List[Call] = []
            for call, outcome in self.session.run(calls, deadline):
                result = self._progress(call, outcome) if call.key.version else self._status(call, outcome)
                if isinstance(result, Call):
                    further.append(result)
                else:
                    yield result
            if not further:
                return
            calls = further

    @property
    def refused(self) -> List[str]:
        """The versions under which the progress call was not found."""
        return sorted(self._refused)

    @refused.setter
    def refused(self, versions: Iterable[str]) -> None:
        self._refused = set(versions)

    # -- steps ------------------------------------------------------------------------------------------------------

    def _progress(self, call: Call, outcome: Outcome) -> Union[Reading, Call]:
        """What the progress call came to: a reading, or the call that tells more."""
        step: _Step = call.key
        if isinstance(outcome, RequestError):
            if gateway_number(outcome.error_code) == WRONG_PATH:
                self._refused.add(step.version or "")
                if any(version not in self._refused for version in PROGRESS_VERSIONS):
                    return self._progress_call(step.job_id)
            if outcome.error_code == BUSY:
                return self._status_call(step.job_id)
            return self._failed(step, outcome)
        problem = refusal(outcome.data)
        if problem is not None:
            return Reading(step.job_id, outcome.sent_at, STATUS, error=malformed(call, problem))
        job = normalize.progress(outcome.data, step.job_id)
        job["job_id"] = step.job_id
        if job["status"] in FAILED and not job["message"]:
            return self._status_call(step.job_id, job)
        return Reading(step.job_id, outcome.sent_at, STATUS, job=job)

    def _status(self, call: Call, outcome: Outcome) -> Reading:
        """What the status call came to; what the progress call said before is kept where this one fails."""
        step: _Step = call.key
        if isinstance(outcome, RequestError):
            if step.job is not None:
                return Reading(step.job_id, self.session.clock.now(), STATUS, job=step.job)
            return self._failed(step, outcome)
        problem = refusal(outcome.data)
        if problem is not None:
            if step.job is not None:
                return Reading(step.job_id, outcome.sent_at, STATUS, job=step.job)
            return Reading(step.job_id, outcome.sent_at, STATUS, error=malformed(call, problem))
        told = normalize.progress(outcome.data, step.job_id)
        told["job_id"] = step.job_id
        if step.job is not None:
            # The progress call was read first; the later answer decides, and its fields come beside the earlier ones.
            told = {**step.job, **{name: item for name, item in told.items() if item not in (None, "", [])}}
        return Reading(step.job_id, outcome.sent_at, STATUS, job=told)

    def _failed(self, step: _Step, error: RequestError) -> Reading:
        if error.kind == MISSING:
            return Reading(step.job_id, self.session.clock.now(), STATUS, missing=True)
        return Reading(step.job_id, self.session.clock.now(), STATUS, error=error)

    # -- calls ------------------------------------------------------------------------------------------------------

    def _progress_call(self, job_id: str) -> Call:
        version = next((name for name in PROGRESS_VERSIONS if name not in self._refused), PROGRESS_VERSIONS[0])
        return Call("dli", (version, "{project_id}", "jobs", job_id, "progress"), key=_Step(job_id, version))

    @staticmethod
    def _status_call(job_id: str, job: Optional[Dict[str, Any]] = None) -> Call:
        return Call("dli", (STATUS_VERSION, "{project_id}", "jobs", job_id, "status"), key=_Step(job_id, None, job))


def refusal(data: Any) -> Optional[str]:
    """Why an answer with HTTP 200 is none: ``is_success`` is false (a text at times), or there is no state in it."""
    if not isinstance(data, dict):
        return "the answer describes no job"
    if "is_success" in data and str(data["is_success"]).strip().lower() != "true":
        reason = normalize.text(data.get("message"))
        return f"the request did not succeed: {printable(reason)}" if reason else "the request did not succeed"
    if normalize.state(data.get("status")) is None:
        return "the answer names no state"
    return None
