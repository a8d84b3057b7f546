# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DataArts Factory V1: the job list and the status of a real-time job."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from ..cloud.errors import MISSING
from ..cloud.exchange import Answer
from ..cloud.session import Call, Session, malformed
from . import normalize
from .readings import BATCH, BATCH_ONLY, LIST, REAL_TIME, STATUS, Listing, Reading

LARGEST_PAGE = 100  # the page says 1000, and some regions refuse more than 100
MOST_COMPARED = 2000  # names that a missing one is compared with


class DataArts:
    """Reads jobs of one workspace.

    :param workspace: its ID, or None for the default one.
    :ivar offset_means: what the list's offset counts, once an answer has shown it.
    """

    def __init__(self, session: Session, workspace: Optional[str] = None) -> None:
        self.session = session
        self.workspace = workspace
        self.offset_means: Optional[str] = None

    # -- status -----------------------------------------------------------------------------------------------------

    def statuses(self, names: Iterable[str], deadline: Optional[float] = None) -> Iterator[Reading]:
        """Read real-time jobs with their nodes, several at once, each as its answer comes.

        A name is taken from *names* only when its request can be sent, so a generator may end early.

        :raises RequestError, CredentialsError: what concerns all of them.
        """
        calls = (self._call(("jobs", name, "status"), key=name) for name in names)
        for call, outcome in self.session.run(calls, deadline):
            if isinstance(outcome, Answer):
                yield self._reading(call, outcome)
            elif outcome.kind == MISSING:
                yield Reading(call.key, self.session.clock.now(), STATUS, missing=True)
            else:
                yield Reading(call.key, self.session.clock.now(), STATUS, error=outcome)

    def _reading(self, call: Call, answer: Answer) -> Reading:
        job = normalize.job(answer.data, call.key)
        if job is None or (job["status"] is None and "nodes" not in job and answer.data.get("name") is None):
            return Reading(call.key, answer.sent_at, STATUS, error=malformed(call, "the answer describes no job"))
        if not normalize.nodes_readable(answer.data):
            problem = "the answer's nodes cannot be understood"
            return Reading(call.key, answer.sent_at, STATUS, error=malformed(call, problem))
        if job.get("job_type") == BATCH or job["status"] in BATCH_ONLY:
            # Nobody says what the call answers for a batch job. It is no real-time job in any case.
            return Reading(call.key, answer.sent_at, STATUS, missing=True)
        job.setdefault("nodes", [])
        job["name"] = call.key
        return Reading(call.key, answer.sent_at, STATUS, job=job)

    # -- list -------------------------------------------------------------------------------------------------------

    def list(
        self,
        job_type: str = REAL_TIME,
        name: Optional[str] = None,
        tags: Sequence[str] = (),
        page_size: int = LARGEST_PAGE,
        enough: int = 0,
        most_pages: int = 0,
        deadline: Optional[float] = None,
        sure: bool = False,
    ) -> Listing:
        """The jobs of one type.

        :param name: a part of the name, as the service understands it; it does not find exact names only.
        :param tags: tags, as the service understands them.
        :param enough: end once that many are there; 0 for all.
        :param most_pages: give up (``complete`` is false) where more pages than this would be needed; 0 for no bound.
        :param sure: whether a job that is missed matters, because nobody knows its name.
        :raises RequestError, CredentialsError: a page cannot be read.
        """
        from .pager import Pager

        filters = [("jobType", job_type)]
        filters += [("jobName", name)] if name else []
        filters += [("tags", ",".join(tags))] if tags else []
        size = min(page_size, LARGEST_PAGE)
        pager = Pager(self.session, lambda query: self._call(("jobs",), [*filters, *query]), size, deadline)
        pager.offset_means = self.offset_means
        listing = pager.read(enough, most_pages, sure)
        self.offset_means = pager.offset_means
        for job in listing.jobs:
            job.setdefault("job_type", job_type)
        return listing

    def readings(self, listing: Listing) -> List[Reading]:
        """The jobs of a listing as readings.

        :raises RequestError: an entry is no job or has no name, so that nobody can say whether it is among those that are meant.
        """
        if listing.strange or not all(job["name"] for job in listing.jobs):
            raise malformed(self._call(("jobs",)), "the job list holds an entry that is no job with a name")
        return [Reading(job["name"], listing.at, LIST, job=job) for job in listing.jobs]

    def resembling(self, names: Sequence[str], deadline: Optional[float] = None) -> Dict[str, Tuple[List[str], bool]]:
        """For names of real-time jobs that do not exist: up to three similar names, and whether a batch job is called so.

        :raises RequestError, CredentialsError: a list cannot be read.
        """
        from difflib import get_close_matches

        known = [str(job["name"]) for job in self.list(enough=MOST_COMPARED, deadline=deadline).jobs if job["name"]]
        result = {}
        for name in names:
            batch = any(job["name"] == name for job in self.list(BATCH, name=name, deadline=deadline).jobs)
            result[name] = (get_close_matches(name, known, 3, 0.6), batch)
        return result

    # -- parts ------------------------------------------------------------------------------------------------------

    def _call(self, segments: Tuple[str, ...], query: Iterable[Tuple[str, str]] = (), key: Any = None) -> Call:
        headers = {"workspace": self.workspace} if self.workspace else {}
        return Call("dataarts", ("v1", "{project_id}", *segments), query, headers, key)
