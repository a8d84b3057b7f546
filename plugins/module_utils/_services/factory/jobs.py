# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""DataArts Factory V1: the job list and the status of a real-time job."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Iterable, List, Optional, Sequence, Tuple

from ..._cloud.calls import Call, Task, malformed
from ..._error_codes import BAD_PARAMETER, normalize_code
from ..._errors import RequestError
from .. import answers
from ..normalize import Unreadable
from ..readings import BATCH, LIST, REAL_TIME, STATUS, Listing, Reading
from ..status_call import read_status
from .calls import factory_call
from .pager import Pager

MAX_PAGE_SIZE = 100  # the page says 1000, and some regions refuse more than 100
MAX_COMPARED = 2000  # names that a missing one is compared with


# What the status call may answer for a batch job, besides that it does not exist.
_REFUSES_BATCH = ("DLF.0136", BAD_PARAMETER)


class DataArts:
    """Reads jobs of one workspace. Its methods that read are tasks: a session runs them.

    :param workspace: its ID, or None for the default one.
    :ivar offset_means: what the list's offset counts, once answers have shown it.
    """

    def __init__(self, workspace: Optional[str] = None) -> None:
        self.workspace = workspace
        self.offset_means: Optional[str] = None

    # -- status -----------------------------------------------------------------------------------------------------

    def status(self, name: str) -> Task[Reading]:
        """Read a real-time job with its nodes."""
        reading = yield from read_status(self.status_call(name), name, lambda data: answers.real_time_job(data, name))
        if reading.job is not None and answers.is_batch(reading.job):
            return reading._replace(job=None, missing=True, batch=True)
        return reading

    def batch_status(self, name: str) -> Task[Reading]:
        """Read a batch job. The status call is documented for real-time jobs only, so the list is its source."""
        try:
            listing = yield from self.list(BATCH, name=name, sure=True)
        except RequestError as error:
            return Reading(name, 0.0 if error.sent_at is None else error.sent_at, STATUS, error=error)
        for job in listing.jobs:
            if job["name"] == name and job["job_type"] == BATCH:
                return Reading(name, listing.at, STATUS, job={**job, "nodes": []})
        if listing.strange or not listing.complete:
            problem = malformed(self._call(("jobs",)), "the list of batch jobs was not read to its end")
            return Reading(name, listing.at, STATUS, error=problem)
        return Reading(name, listing.at, STATUS, missing=True)

    def identify(self, name: str) -> Task[Reading]:
        """Read a job whose type is not known. The job has ``job_type``.

        The status call of a batch job may answer or refuse, so the list of batch jobs is read unless the answer can only be that of a
        real-time job.
        """
        reading = yield from self.status(name)
        if reading.job is not None and answers.is_surely_real_time(reading.job):
            return reading._replace(job={**reading.job, "job_type": REAL_TIME})
        if reading.error is not None and not _may_be_batch(reading.error):
            return reading
        batch = yield from self.batch_status(name)
        if batch.job is not None or batch.error is not None:
            return batch
        if reading.job is not None:
            return reading._replace(job={**reading.job, "job_type": REAL_TIME})
        return reading

    def triggered_nodes(self, name: str) -> Task[FrozenSet[str]]:
        """The nodes of a real-time job that a cron or event trigger starts, from the job's definition.

        :raises RequestError: it cannot be read.
        """
        call = self._call(("jobs", name), key=name)
        (outcome,) = yield [call]
        if isinstance(outcome, RequestError):
            raise outcome
        try:
            return answers.triggered_nodes(outcome.data, name)
        except Unreadable as problem:
            raise malformed(call, str(problem)) from None

    # -- list -------------------------------------------------------------------------------------------------------

    def list(
        self,
        job_type: str = REAL_TIME,
        name: Optional[str] = None,
        tags: Sequence[str] = (),
        page_size: int = MAX_PAGE_SIZE,
        enough: int = 0,
        most_pages: int = 0,
        sure: bool = False,
    ) -> Task[Listing]:
        """The jobs of one type.

        :param name: a part of the name, as the service understands it; it does not find exact names only.
        :param tags: tags, as the service understands them.
        :param enough: end once that many are there; 0 for all.
        :param most_pages: stop (``complete`` is false) if more pages would be needed; 0 for no limit.
        :param sure: read until it is certain that no job is missed that exists all the time. Needed where the names are not known.
        :raises RequestError: a page cannot be read, the list is too large, or *sure* and the list contradicts itself.
        """
        filters = [("jobType", job_type)]
        filters += [("jobName", name)] if name else []
        filters += [("tags", ",".join(tags))] if tags else []
        pager = Pager(lambda query: self._call(("jobs",), [*filters, *query]), min(page_size, MAX_PAGE_SIZE))
        pager.offset_means = self.offset_means
        try:
            listing = yield from pager.read(enough, most_pages, sure)
        finally:
            self.offset_means = pager.offset_means
        for job in listing.jobs:
            job.setdefault("job_type", job_type)
        return listing

    def readings(self, listing: Listing, other: str = BATCH) -> List[Reading]:
        """The jobs of a listing as readings. The service's filter is not trusted: jobs of the *other* type are left out.

        :raises RequestError: an entry is no job with a usable name, so it is unknown whether it is selected.
        """
        if listing.strange or not all(job["name"] for job in listing.jobs):
            raise malformed(self._call(("jobs",)), "the job list holds an entry that is no job with a name")
        return [Reading(job["name"], listing.at, LIST, job=job) for job in listing.jobs if job.get("job_type") != other]

    def resembling(self, names: Sequence[str], job_type: str = REAL_TIME) -> Task[Dict[str, Tuple[List[str], bool]]]:
        """For names of jobs of a type that do not exist: up to three similar names, and whether a job of the other type is called so.

        :raises RequestError: a list cannot be read.
        """
        from difflib import get_close_matches

        other = BATCH if job_type == REAL_TIME else REAL_TIME
        listing = yield from self.list(job_type, enough=MAX_COMPARED)
        known = [str(job["name"]) for job in listing.jobs if job["name"] and job["job_type"] != other]
        result = {}
        for name in names:
            others = yield from self.list(other, name=name)
            is_other = any(job["name"] == name and job["job_type"] == other for job in others.jobs)
            result[name] = (get_close_matches(name, known, 3, 0.6), is_other)
        return result

    # -- single calls -----------------------------------------------------------------------------------------------

    def status_call(self, name: str) -> Call:
        """The call for the status of a job. Its answer is the body as the service sent it."""
        return self._call(("jobs", name, "status"), key=name)

    def page_call(self, job_type: str, offset: int, limit: int) -> Call:
        """The call for one page of the list. Its answer is the body as the service sent it."""
        return self._call(("jobs",), [("jobType", job_type), ("offset", str(offset)), ("limit", str(limit))])

    # -- parts ------------------------------------------------------------------------------------------------------

    def _call(self, segments: Tuple[str, ...], query: Iterable[Tuple[str, str]] = (), key: Any = None) -> Call:
        return factory_call(self.workspace, segments, query, key)


def _may_be_batch(error: RequestError) -> bool:
    """Whether the status call may have refused because the job is a batch job."""
    return error.status == 400 and normalize_code(error.error_code) in _REFUSES_BATCH
