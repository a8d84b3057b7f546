# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DataArts Factory V1: the job list and the status of a real-time job."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from ..cloud.errors import MISSING, TRANSIENT, RequestError
from ..cloud.exchange import Answer
from ..cloud.session import Call, Session
from . import normalize
from .readings import BATCH, LIST, REAL_TIME, STATUS, Listing, Reading

LARGEST_PAGE = 100  # the page says 1000, and some regions refuse more than 100
MOST_PAGES = 2000
MOST_COMPARED = 2000  # names that a missing one is compared with

# What offset counts. The documents say pages, another client of the vendor's counts records.
PAGES = "pages"
RECORDS = "records"


class DataArts:
    """Reads jobs of one workspace.

    :param workspace: its ID, or None for the default one.
    :ivar offset_means: PAGES or RECORDS once an answer has shown it, None before.
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
            return Reading(call.key, answer.sent_at, STATUS, error=self._malformed(call, "the answer describes no job"))
        if job.get("job_type") == BATCH:
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
    ) -> Listing:
        """The jobs of one type.

        :param name: a part of the name, as the service understands it; it does not find exact names only.
        :param tags: tags, as the service understands them.
        :param enough: end once that many are there; 0 for all.
        :param most_pages: give up (``complete`` is false) where more pages than this would be needed; 0 for no bound.
        :raises RequestError, CredentialsError: a page cannot be read.
        """
        pager = _Pager(self, job_type, name, tags, page_size, deadline)
        return pager.read(enough, most_pages or MOST_PAGES)

    def readings(self, listing: Listing) -> List[Reading]:
        """The jobs of a listing as readings; those without a name cannot be told apart and are left out."""
        return [Reading(job["name"], listing.at, LIST, job=job) for job in listing.jobs if job["name"]]

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

    @staticmethod
    def _malformed(call: Call, what: str) -> RequestError:
        return RequestError(TRANSIENT, what, service="dataarts", path="/" + "/".join(call.segments), status=200)


class _Pager:
    """One reading of the list. It is right under both meanings of ``offset``, and over a list that changes meanwhile."""

    def __init__(
        self,
        service: DataArts,
        job_type: str,
        name: Optional[str],
        tags: Sequence[str],
        page_size: int,
        deadline: Optional[float],
    ) -> None:
        self.service = service
        self.filters = [("jobType", job_type)]
        if name:
            self.filters.append(("jobName", name))
        if tags:
            self.filters.append(("tags", ",".join(tags)))
        self.job_type = job_type
        self.limit = min(page_size, LARGEST_PAGE)
        self.deadline = deadline
        self.at: Optional[float] = None
        self.total: Optional[int] = None
        self.requests = 0
        self.jobs: Dict[str, Dict[str, Any]] = {}

    def read(self, enough: int, most_pages: int) -> Listing:
        first = self._take(self._get(0))
        step = len(first)  # the service may hold fewer on a page than asked for
        if self._done(enough, first):
            return self._listing(True)
        expected = -(-(self.total or 0) // step)
        if expected > most_pages:
            return self._listing(False, expected)
        new = self._second(first)
        page = 2
        if new and self.total and not enough:
            # The rest is known by number, so it is read side by side.
            calls = [self._page(self._offset(number, step)) for number in range(2, expected)]
            for outcome in self._get_all(calls):
                self._take(outcome)
            page = max(page, expected)
        while new and not self._done(enough, first) and page <= most_pages:
            before = len(self.jobs)
            taken = self._take(self._get(self._offset(page, step)))
            new = bool(taken) and len(self.jobs) > before
            page += 1
        return self._listing(True)

    def _second(self, first: List[str]) -> bool:
        """Read what comes after the first page, and learn from it what offset means. True while there may be more."""
        means = self.service.offset_means
        step = len(first)
        if means is None and step > 1:
            # Offset 1 is the second page, or the first page less its first record.
            before = len(self.jobs)
            names = self._take(self._get(1))
            again = sum(1 for name in names if name in first)
            records = bool(names) and 2 * again >= len(names)
            self.service.offset_means = RECORDS if records else PAGES
            if not records:
                return len(self.jobs) > before
        before = len(self.jobs)
        names = self._take(self._get(self._offset(1, step)))
        return bool(names) and len(self.jobs) > before

    def _offset(self, page: int, step: int) -> int:
        # With one record on a page both meanings are the same number.
        return page * step if self.service.offset_means == RECORDS else page

    def _done(self, enough: int, last: List[str]) -> bool:
        have = len(self.jobs)
        return not last or (bool(enough) and have >= enough) or (self.total is not None and have >= self.total)

    def _page(self, offset: int) -> Call:
        return self.service._call(("jobs",), [*self.filters, ("offset", str(offset)), ("limit", str(self.limit))])

    def _get(self, offset: int) -> Answer:
        self.requests += 1
        return self.service.session.get(self._page(offset), self.deadline)

    def _get_all(self, calls: List[Call]) -> List[Answer]:
        answers: Dict[int, Answer] = {}
        places = {id(call): number for number, call in enumerate(calls)}
        for call, outcome in self.service.session.run(calls, self.deadline):
            self.requests += 1
            if not isinstance(outcome, Answer):
                raise outcome
            answers[places[id(call)]] = outcome
        if len(answers) < len(calls):
            raise self.service.session.unreached(calls[-1])
        return [answers[number] for number in sorted(answers)]

    def _take(self, answer: Answer) -> List[str]:
        """Add a page; returns the keys of its jobs."""
        data = answer.data
        raw = data.get("jobs") if isinstance(data, dict) else None
        if not isinstance(data, dict) or (
            not isinstance(raw, list) and (raw is not None or normalize.whole(data.get("total")) != 0)
        ):
            raise self.service._malformed(self._page(0), "the answer is no job list")
        if self.at is None:
            self.at = answer.sent_at
        total = normalize.whole(data.get("total"))
        if total is not None and total >= 0:
            self.total = total
        keys = []
        for item in raw or []:
            job = normalize.job(item)
            if job is None:
                continue
            job.setdefault("job_type", self.job_type)
            key = job["name"] or f"\0{sorted(map(str, job.items()))}"
            keys.append(key)
            self.jobs.setdefault(key, job)
        return keys

    def _listing(self, complete: bool, pages: int = 0) -> Listing:
        total = len(self.jobs) if self.total is None else self.total
        at = self.service.session.clock.now() if self.at is None else self.at
        return Listing(list(self.jobs.values()), total, at, max(self.requests, pages), complete)
