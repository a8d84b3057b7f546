# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the job list page by page. Nobody can say what its offset counts, so the answers are asked."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple

from ..cloud.exchange import Answer
from ..cloud.session import Call, Session, malformed
from . import normalize
from .readings import Listing

MOST_PAGES = 20_000  # a list that is longer than this never ends
MOST_READS = 5  # of a list that shows other jobs each time

# What offset counts. The documents say pages, another client of the vendor's counts records.
PAGES = "pages"
RECORDS = "records"


class Pager:
    """One reading of the list. It is right under both meanings of ``offset``, and over a list that changes meanwhile.

    :param call: makes the call for a page from ``offset`` and ``limit``.
    :param page_size: jobs to ask for at a time.
    :ivar offset_means: PAGES or RECORDS; set it where it is known, read it when it was found out.
    """

    def __init__(
        self,
        session: Session,
        call: Callable[[List[Tuple[str, str]]], Call],
        page_size: int,
        deadline: Optional[float] = None,
    ) -> None:
        self.offset_means: Optional[str] = None
        self._session = session
        self._call = call
        self._limit = page_size
        self._deadline = deadline
        self._at: Optional[float] = None
        self._total: Optional[int] = None
        self._requests = 0
        self._strange = 0
        self._jobs: Dict[str, Dict[str, Any]] = {}

    def read(self, enough: int = 0, most_pages: int = 0, sure: bool = False) -> Listing:
        """Read the list.

        :param enough: end once that many jobs are there; 0 for all.
        :param most_pages: give up where more pages than this would be needed; 0 for no bound.
        :param sure: read a list anew that ends before its total. A job that moves to a page that was read already, as it does
            when it is restarted and the list is sorted by that, would be in none.
        :raises RequestError, CredentialsError: a page cannot be read, or no two readings show the same jobs.
        """
        listing = self._read(enough, most_pages)
        known = self._jobs
        reads = 1
        while sure and listing.complete and len(self._jobs) < (min(enough, listing.total) if enough else listing.total):
            if reads == MOST_READS:
                raise malformed(self._page(0), "the job list shows other jobs each time, and never as many as it says")
            self._jobs, self._requests, self._strange = {}, 0, 0
            listing = self._read(enough, most_pages)
            reads += 1
            if len(self._jobs) >= listing.total:
                break
            if not set(self._jobs) - set(known):
                # It says so each time: the total is what is wrong.
                self._jobs = {**known, **self._jobs}
                return self._listing(listing.complete)
            known = {**known, **self._jobs}
        return listing

    def _read(self, enough: int, most_pages: int) -> Listing:
        most_pages = most_pages or MOST_PAGES
        first = self._take(self._get(0))
        step = len(first)  # the service may hold fewer on a page than asked for
        if self._done(enough, first):
            return self._listing(True)
        expected = -(-(self._total or 0) // step)
        if expected > MOST_PAGES:
            raise malformed(self._page(0), "the job list claims more jobs than can be read")
        if expected > most_pages:
            return self._listing(False, expected)
        new = self._second(first)
        page = 2
        if new and self._total and not enough:
            # The rest is known by number, so it is read side by side.
            calls = [self._page(self._offset(number, step)) for number in range(2, expected)]
            for outcome in self._get_all(calls):
                self._take(outcome)
            page = max(page, expected)
        while new and not self._done(enough, first) and page < most_pages:
            before = len(self._jobs)
            taken = self._take(self._get(self._offset(page, step)))
            new = bool(taken) and len(self._jobs) > before
            page += 1
        return self._listing(not new or self._done(enough, first))

    def _second(self, first: List[str]) -> bool:
        """Read what comes after the first page, and learn from it what offset means. True while there may be more."""
        means = self.offset_means
        step = len(first)
        if means is None and step > 1:
            # Offset 1 is the second page, or the first page less its first record.
            before = len(self._jobs)
            names = self._take(self._get(1))
            again = sum(1 for name in names if name in first)
            records = bool(names) and 2 * again >= len(names)
            self.offset_means = RECORDS if records else PAGES
            if not records:
                return len(self._jobs) > before
        before = len(self._jobs)
        names = self._take(self._get(self._offset(1, step)))
        return bool(names) and len(self._jobs) > before

    def _offset(self, page: int, step: int) -> int:
        # With one record on a page both meanings are the same number.
        return page * step if self.offset_means == RECORDS else page

    def _done(self, enough: int, last: List[str]) -> bool:
        have = len(self._jobs)
        return not last or (bool(enough) and have >= enough) or (self._total is not None and have >= self._total)

    def _page(self, offset: int) -> Call:
        return self._call([("offset", str(offset)), ("limit", str(self._limit))])

    def _get(self, offset: int) -> Answer:
        self._requests += 1
        return self._session.get(self._page(offset), self._deadline)

    def _get_all(self, calls: List[Call]) -> List[Answer]:
        answers: Dict[int, Answer] = {}
        places = {id(call): number for number, call in enumerate(calls)}
        for call, outcome in self._session.run(calls, self._deadline):
            self._requests += 1
            if not isinstance(outcome, Answer):
                raise outcome
            answers[places[id(call)]] = outcome
        if len(answers) < len(calls):
            raise self._session.unreached(calls[-1])
        return [answers[number] for number in sorted(answers)]

    def _take(self, answer: Answer) -> List[str]:
        """Add a page; returns the keys of its jobs."""
        data = answer.data
        raw = data.get("jobs") if isinstance(data, dict) else None
        if not isinstance(data, dict) or (
            not isinstance(raw, list) and (raw is not None or normalize.whole(data.get("total")) != 0)
        ):
            raise malformed(self._page(0), "the answer is no job list")
        if self._at is None:
            self._at = answer.sent_at
        total = normalize.whole(data.get("total"))
        if total is not None and total >= 0:
            self._total = total
        keys = []
        for item in raw or []:
            job = normalize.job(item)
            if job is None:
                self._strange += 1
                continue
            key = job["name"] or f"\0{sorted(map(str, job.items()))}"
            keys.append(key)
            self._jobs.setdefault(key, job)
        return keys

    def _listing(self, complete: bool, pages: int = 0) -> Listing:
        total = len(self._jobs) if self._total is None else self._total
        at = self._session.clock.now() if self._at is None else self._at
        return Listing(list(self._jobs.values()), total, at, max(self._requests, pages), complete, self._strange)
