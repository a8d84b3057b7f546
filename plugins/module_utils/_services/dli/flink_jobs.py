# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Data Lake Insight: Flink jobs, by ID and by name. Source: the vendor's pages dli_02_0234 (list) and dli_02_0235 (detail)."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from ..._cloud.calls import Call, Task, malformed
from ..._errors import PERMANENT, RequestError
from ..._text import printable
from .. import answers, normalize
from ..normalize import Unreadable
from ..readings import STATUS, Reading
from ..status_call import read_status

PAGE_SIZE = 100
MAX_PAGES = 100
# Fields that can hold secrets, or are as large as a program. They are not returned.
_PRIVATE = ("sql_body", "entrypoint_args", "execution_graph", "job_config")
_OLD_SPELLINGS = {"job_submiting": "job_submitting"}


class DliFlink:
    """Reads Flink jobs. Its methods are tasks: a session runs them.

    :ivar ids: the IDs of names that were looked up.
    """

    def __init__(self) -> None:
        self.ids: Dict[str, str] = {}

    def status(self, job_id: str) -> Task[Reading]:
        """Read a job by its ID."""
        call = Call("dli", ("v1.0", "{project_id}", "streaming", "jobs", job_id), key=job_id)
        return (yield from read_status(call, job_id, lambda data: _detail(data, job_id)))

    def status_of_name(self, name: str) -> Task[Reading]:
        """Read a job by its name. The ID is looked up once, and again if the job with that ID was deleted.

        :raises RequestError: the list cannot be read, or several jobs have the name.
        """
        if name in self.ids:
            reading = yield from self.status(self.ids[name])
            if not reading.missing and _may_have_name(reading, name):
                return reading._replace(name=name)
            del self.ids[name]
        ids, sent_at = yield from self._ids_of(name)
        if not ids:
            return Reading(name, sent_at, STATUS, missing=True)
        reading = yield from self.status(ids[0])
        if not _may_have_name(reading, name):
            problem = malformed(self._list_call(name, 0), "the list and the job have different names")
            return Reading(name, reading.at, STATUS, error=problem)
        self.ids[name] = ids[0]
        return reading._replace(name=name)

    def _ids_of(self, name: str) -> Task[Tuple[List[str], float]]:
        """The ID of the job with exactly this name, or none, and when the first page was requested.

        The documents do not say whether the service compares whole names, so they are compared here.
        """
        found: Dict[str, Any] = {}
        total, sent_at, call = 0, 0.0, self._list_call(name, 0)
        for page in range(MAX_PAGES):
            call = self._list_call(name, len(found))
            (outcome,) = yield [call]
            if isinstance(outcome, RequestError):
                raise outcome
            sent_at = sent_at if page else outcome.sent_at
            before = len(found)
            try:
                total, jobs = _page(outcome.data)
            except Unreadable as problem:
                raise malformed(call, str(problem)) from None
            found.update(jobs)
            # A total of as many jobs as a full page holds may be that of the page.
            if len(found) == before or (len(found) >= total and len(jobs) < PAGE_SIZE):
                break
        if len(found) != total:
            raise malformed(call, f"the list of Flink jobs contradicts itself: it holds {len(found)} of {total} jobs")
        ids = [job_id for job_id, called in found.items() if answers.identity(called) == name]
        if len(ids) > 1:
            text = f"{len(ids)} Flink jobs have the name {printable(name, 60)!r}; select them by job_ids"
            raise RequestError(PERMANENT, text, service="dli", method=call.method, status=200)
        return ids, sent_at

    @staticmethod
    def _list_call(name: str, offset: int) -> Call:
        query = [("name", name), ("limit", str(PAGE_SIZE)), ("offset", str(offset)), ("order", "asc")]
        return Call("dli", ("v1.0", "{project_id}", "streaming", "jobs"), query, key=name)


def _may_have_name(reading: Reading, name: str) -> bool:
    """Whether a job has a name, or the answer does not say which it has. A job can be renamed."""
    told = (reading.job or {}).get("name")
    return told in (None, "") or answers.identity(told) == normalize.clean(name)


def _detail(data: Any, job_id: str) -> Dict[str, Any]:
    """The job in an answer of the detail call.

    :raises Unreadable: the body is not this job's detail.
    """
    received = normalize.renamed(answers.check(data)).get("job_detail")
    if not isinstance(received, dict):
        raise Unreadable("the answer holds no job")
    job = normalize.fields(received)
    if normalize.text(job.get("job_id")) != job_id:
        raise Unreadable(f"the answer is about another job, {printable(job.get('job_id'))!r}")
    state = job.get("status")
    if not isinstance(state, str) or not state.strip():
        raise Unreadable("the answer names no state")
    for name in _PRIVATE:
        job.pop(name, None)
    state = state.strip().lower()
    start = normalize.whole(job.get("start_time"))
    return {
        **job,
        "job_id": job_id,
        "status": _OLD_SPELLINGS.get(state, state),
        "start_time": start or None,  # 0 means that it was never started
        "message": normalize.text(job.get("status_desc")) or "",
    }


def _page(data: Any) -> Tuple[int, Dict[str, Any]]:
    """A page of the list: how many jobs there are, and the names of the jobs on this page by their IDs.

    :raises Unreadable: the body is not a list of jobs with IDs.
    """
    received = normalize.renamed(answers.check(data)).get("job_list")
    page = normalize.renamed(received) if isinstance(received, dict) else {}
    jobs, total = page.get("jobs"), normalize.whole(page.get("total_count"))
    if total is None or not (isinstance(jobs, list) or (jobs is None and total == 0)):
        raise Unreadable("the answer is no list of Flink jobs")
    found: Dict[str, Any] = {}
    for item in jobs or []:
        fields = normalize.renamed(item) if isinstance(item, dict) else {}
        job_id = normalize.text(fields.get("job_id"))
        if not job_id:
            raise Unreadable("an entry of the list of Flink jobs has no ID")
        if not (job_id.isascii() and job_id.isdigit()):
            raise Unreadable(
                f"an entry of the list of Flink jobs has an ID that is no number, {printable(job_id, 60)!r}"
            )
        called = fields.get("name")
        if answers.identity(found.get(job_id, called)) != answers.identity(called):
            raise Unreadable(f"the list of Flink jobs has two names for the job {job_id}")
        found[job_id] = called
    return total, found
