# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Reads the job list page by page, and checks that it is complete.

There are three problems. The documentation contradicts itself on what ``offset`` counts, so it is detected from the responses. Jobs are
created, deleted and moved while pages are read, so a job may be on none of the pages that were read. And the service may return
impossible data, such as a total that its pages contradict. So each reading of the list is checked for contradictions.

Two readings prove completeness. Let both be free of contradictions and contain the same jobs, as many as the total. A job in both
readings existed in between, so all of them existed when the first page of the second reading was read; their number was the total, so
there was no other job.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, FrozenSet, List, Optional, Sequence, Tuple

from ..._cloud.calls import Call, Task, malformed
from ..._errors import RequestError
from .. import answers
from ..normalize import Unreadable
from ..readings import Listing

MAX_READINGS = 5  # of a list that contradicts itself, or shows other jobs each time
# Bounds of one reading: a list beyond them is an error. 10,000 jobs are 100 pages of 50 KB.
MAX_PAGES = 20_000
MAX_JOBS = 50_000
MAX_BYTES = 24 * 1024 * 1024  # of the answers
MAX_WEIGHT = 96 * 1024 * 1024  # bytes of memory for what is kept of them: small values take more than they look
MAX_CALLS = 16  # that are under way at once

# What offset counts: pages in the documents, records in another client of the vendor.
PAGES = "pages"
RECORDS = "records"


class Pager:
    """Reads the list, as often as needed.

    :param call: makes the call for a page from ``offset`` and ``limit``.
    :param page_size: jobs per request.
    :param digest: makes a page of an answer.
    :ivar offset_means: PAGES or RECORDS; set it if it is known, read it after a list was read.
    """

    def __init__(
        self,
        call: Callable[[List[Tuple[str, str]]], Call],
        page_size: int,
        digest: Callable[[Any], answers.Page] = answers.job_page,
    ) -> None:
        self.offset_means: Optional[str] = None
        self._digest = digest
        self._call = call
        self._limit = page_size

    def read(self, enough: int = 0, most_pages: int = 0, sure: bool = False) -> Task[Listing]:
        """Read the list.

        :param enough: end once that many jobs are there; 0 for all.
        :param most_pages: stop if more pages would be needed; 0 for no limit.
        :param sure: read until it is certain that no job is missed that exists all the time; otherwise the list is read once, and
            ``problem`` says what contradicts.
        :raises RequestError: a page cannot be read, the list is beyond the bounds, or *sure* and the readings come to no end.
        """
        known: Optional[FrozenSet[str]] = None
        for left in range(MAX_READINGS - 1, -1, -1):
            reading = _Reading(self._page, self._limit, self._digest, self.offset_means, sure)
            yield from reading.read(enough, most_pages)
            # A meaning of offset that led to a contradiction is determined again: jobs that moved may have taught the wrong one.
            self.offset_means = None if reading.problem else reading.means
            if reading.gave_up or reading.has(enough):
                break
            if not sure and not (reading.unclear and left):
                break
            if not reading.problem:
                shown = frozenset(reading.jobs)
                if reading.atomic or shown == known:
                    break
                known = shown
            if not left:
                raise self._no_end(reading.problem)
        return reading.listing(reading.has(enough))

    def _no_end(self, problem: Optional[str]) -> RequestError:
        problem = problem or "it shows other jobs each time"
        return malformed(
            self._call([]), f"the job list cannot be read as a whole, tried {MAX_READINGS} times: {problem}"
        )

    def _page(self, offset: int) -> Call:
        return self._call([("offset", str(offset)), ("limit", str(self._limit))])


class _Reading:
    """One reading of the list.

    :ivar jobs: by a unique key, in the service's order; of two entries of one job the later one.
    :ivar problem: the first contradiction that was seen, None so far.
    :ivar unclear: whether the problem is that two pages do not show what offset means.
    :ivar gave_up: whether more pages than allowed would be needed.
    :ivar atomic: whether one answer held the whole list, as its total says, so that nothing can have moved meanwhile.
    """

    def __init__(
        self,
        page: Callable[[int], Call],
        limit: int,
        digest: Callable[[Any], answers.Page],
        means: Optional[str],
        strict: bool,
    ) -> None:
        self.jobs: Dict[str, Dict[str, Any]] = {}
        self.problem: Optional[str] = None
        self.unclear = False
        self.gave_up = False
        self.atomic = False
        self.means = means
        self._page = page
        self._limit = limit
        self._digest = digest
        self._strict = strict  # a contradiction ends the reading; otherwise the other pages are still used
        self._page_of: Dict[str, int] = {}
        self._at = 0.0
        self._requests = 0
        self._expected = 0  # requests that the whole list would take
        self._entries = 0
        self._total: Optional[int] = None
        self._strange = 0
        self._bytes = 0
        self._weight = 0
        self._ended = False  # a page after the first one was empty
        self._at_end = False  # nothing is left to be read

    def has(self, enough: int) -> bool:
        """Whether *enough* jobs (0: no such number) are there."""
        return bool(enough) and len(self.jobs) >= enough

    def listing(self, enough_read: bool) -> Listing:
        """The reading as a listing."""
        total = len(self.jobs) if self._total is None else max(0, self._total)
        complete = enough_read or (self._at_end and not self.gave_up)
        pages = max(self._requests, self._expected)
        return Listing(
            list(self.jobs.values()),
            total,
            self._at,
            pages,
            complete,
            self._strange,
            None if enough_read else self.problem,
        )

    def read(self, enough: int, most_pages: int) -> Task[None]:
        """Read until the end, until *enough* jobs are there, or until it is clear that the list contradicts itself."""
        (first,) = yield from self._get([0], [0])
        step = len(first)  # the service may return fewer on a page than requested
        total = self._total
        if total is not None and (total < step or (total > 0 and not step)):
            self._note(f"its total is {total}, and its first page holds {step}")
        self._at_end = self.atomic = not step and not self.problem
        if self.problem or not step or self.has(enough):
            return
        if total is not None:
            self._plan(total, step, most_pages)
            self.atomic = total == step
            # A page is full if it has the requested number; services with smaller pages use round numbers.
            is_full = step == self._limit or (self._strict and step % 10 == 0)
            if self.gave_up or (self.atomic and not is_full):
                self._at_end = self.atomic
                return
        number = yield from self._second(first)
        if total is None:
            yield from self._until_empty(number, step, enough, most_pages)
        else:
            yield from self._planned(number, step, enough)
        too_few = self._total is not None and self._total < self._entries
        self._at_end = (self._ended or total is not None) and not (self._hopeless() or too_few)
        if self._total not in (None, self._entries) and not self.gave_up and not self.has(enough):
            self._note(f"its total is {self._total}, and its pages hold {self._entries}")

    def _plan(self, total: int, step: int, most_pages: int) -> None:
        """How many pages the list has; whether that is too many."""
        # Where the last page is full, one more has to be empty.
        self._expected = total // step + 1
        if most_pages and self._expected > most_pages:
            self.gave_up = True
        elif total > MAX_JOBS or self._expected > MAX_PAGES:
            raise malformed(self._page(0), f"the job list claims {total} jobs, more than can be read ({MAX_JOBS})")

    # -- pages ------------------------------------------------------------------------------------------------------

    def _second(self, first: List[str]) -> Task[int]:
        """Determine what offset means. Returns the number of the next page.

        Offset 1 is the second page, or the first page less its first record. Where there is no total to check against, that is looked
        at each time.
        """
        step = len(first)
        if step == 1 or (self.means is not None and self._total is not None):
            return 1  # with one record on a page both meanings are the same number
        (names,) = yield from self._get([1], [None])
        if 4 * len(set(names) & set(first)) <= step:
            self.means = (
                PAGES  # a few jobs may have moved on to the next page, which is a contradiction, but a clear one
            )
            self._count(names, 1)
            return 2
        if names[: step - 1] != first[1:]:
            self.unclear = True
            self._note("its first two pages overlap in part")
            return 1
        self.means = RECORDS
        if self._total == step and len(names) < step:
            return 2  # nothing comes after the first page
        (names_after,) = yield from self._get([step], [1])
        if names_after[:1] != names[step - 1 : step]:
            self.unclear = True
            self._note("its first pages do not fit together")
        return 2

    def _planned(self, number: int, step: int, enough: int) -> Task[None]:
        """Read the pages that the total promises, several at once."""
        while number < self._expected and not (self._ended or self._hopeless() or self.has(enough)):
            last = self._expected
            if enough:
                last = min(last, max(number + 1, -(-enough // step)))
            numbers = range(number, min(last, number + self._pages_left()))
            yield from self._get([self._offset(page, step) for page in numbers], numbers)
            number = numbers[-1] + 1

    def _until_empty(self, number: int, step: int, enough: int, most_pages: int) -> Task[None]:
        """Read page after page until one is empty, because there is no total."""
        while not self._ended and not self.problem and not self.has(enough):
            if most_pages and number >= most_pages:
                self.gave_up = True
                return
            if number >= MAX_PAGES:
                raise malformed(self._page(0), "the job list does not end")
            was_full = self._entries >= number * step
            yield from self._get([self._offset(number, step)], [number])
            number += 1
            if not was_full and not self._ended:
                self._note("a page that is not full is followed by another one")

    def _hopeless(self) -> bool:
        return self.unclear or (self._strict and self.problem is not None)

    def _offset(self, number: int, step: int) -> int:
        return number * step if self.means == RECORDS else number

    def _pages_left(self) -> int:
        """How many pages may be under way at once, so that the list does not take more memory than it may."""
        average = max(1, self._bytes // max(1, self._requests))
        return max(1, min(MAX_CALLS, (MAX_BYTES - self._bytes) // average))

    def _get(self, offsets: Sequence[int], numbers: Sequence[Optional[int]]) -> Task[List[List[str]]]:
        """Read pages; returns the keys of each one's jobs.

        :param numbers: the number of each page, None where it does not count as one.
        """
        calls = [self._page(offset) for offset in offsets]
        for call in calls:
            call.digest = self._digester(call)
        outcomes = yield calls
        found = []
        for outcome, number in zip(outcomes, numbers):
            if isinstance(outcome, RequestError):
                raise outcome
            if not self._requests:
                self._at = outcome.sent_at
            self._requests += 1
            self._bytes += outcome.size
            found.append(self._take(outcome.data, number))
        if self._bytes > MAX_BYTES:
            raise malformed(calls[0], f"the job list is larger than {MAX_BYTES // (1024 * 1024)} MiB")
        if len(self.jobs) > MAX_JOBS:
            raise malformed(calls[0], f"the job list does not end: it holds more than {MAX_JOBS} jobs")
        return found

    def _digester(self, call: Call) -> Callable[[Any], answers.Page]:
        """What makes a page of an answer as soon as it is there, so that not even one batch of pages exceeds the bounds."""

        def digest(data: Any) -> answers.Page:
            try:
                page = self._digest(data)
            except Unreadable as problem:
                raise malformed(call, str(problem)) from None
            self._weight += page.weight
            if self._weight > MAX_WEIGHT:
                raise malformed(call, f"the job list takes more than {MAX_WEIGHT // (1024 * 1024)} MiB of memory")
            return page

        return digest

    def _take(self, page: answers.Page, number: Optional[int]) -> List[str]:
        """Add a page's jobs."""
        self._strange += page.strange
        names = []
        for key, job in page.jobs:
            names.append(key)
            if job is not None:
                self.jobs[key] = job
        self._check_total(page, number)
        if len(names) > self._limit:
            self._note(f"a page holds {len(names)}, more than the {self._limit} asked for")
        if number is not None:
            self._count(names, number)
        return names

    def _check_total(self, page: answers.Page, number: Optional[int]) -> None:
        if page.total is None or (not page.jobs and number != 0 and page.total == 0):
            return  # some services count nothing where a page holds nothing
        if page.total < 0:
            self._note(f"its total is {page.total}")
        elif self._total is not None and page.total != self._total:
            self._note(f"its total changes from {self._total} to {page.total}")
        else:
            self._total = page.total

    def _count(self, names: List[str], number: int) -> None:
        """Count a page's entries. A job that was on a page before has moved, and another one may have taken its place unseen."""
        self._entries += len(names)
        self._ended = self._ended or (number > 0 and not names)
        for name in names:
            if self._page_of.setdefault(name, number) != number:
                self._note("a job is on two of its pages")

    def _note(self, problem: str) -> None:
        self.problem = self.problem or f"it contradicts itself: {problem}"
