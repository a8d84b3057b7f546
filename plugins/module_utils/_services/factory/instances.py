# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""DataArts Factory V1: instances, which are runs of batch jobs and of nodes with a trigger."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, Union

from ..._cloud.calls import Call, Task, malformed
from ..._error_codes import BAD_PARAMETER, normalize_code
from ..._errors import RequestError
from ..normalize import Unreadable
from ..readings import Listing, Reading
from ..status_call import read_status
from .calls import factory_call
from .instance_answers import InstancePage, instance_entries, instance_page, one_instance
from .pager import Pager

MAX_LIMIT = 1000  # the largest page of the list, so that one request usually is enough
# Types of instances that an order to run a job at once may make; the documents do not agree.
IMMEDIATE_TYPES = (2, 7)
# Milliseconds around a planned time. The documents do not say which time the list compares, and clocks differ.
WINDOW = 3_600_000
_DAY = 86_400_000
# Days of a window and instances of a page, the widest first. Clouds refuse windows above 7 or 3 days, and perhaps large pages.
SHAPES = ((7, MAX_LIMIT), (3, MAX_LIMIT), (3, 100))
MAX_READINGS = 3  # of a list that contradicts itself


class Query(NamedTuple):
    """The runs that are looked for.

    :ivar begin: the earliest planned time, in epoch milliseconds.
    :ivar end: the latest one, or the present time where that is later: clouds that compare the start find late starts, too.
    :ivar name: a name, or a part of one; None for all jobs.
    :ivar is_exact: whether *name* is a whole name.
    :ivar kind: the number of a type of instances; None for all types.
    """

    begin: int
    end: int
    name: Optional[str] = None
    is_exact: bool = False
    kind: Optional[int] = None


def windows(begin: int, end: int, days: int) -> List[Tuple[int, int]]:
    """Windows of at most the given days from *begin* to *end*, the earliest first. Neighbours share their bound."""
    most = days * _DAY
    found = [(begin, min(begin + most, end))]
    while found[-1][1] < end:
        found.append((found[-1][1], min(found[-1][1] + most, end)))
    return found


class Instances:
    """Reads instances of one workspace. Its methods are tasks: a session runs them.

    :param workspace: its ID, or None for the default one.
    :ivar offset_means: what the list's offset counts, once answers have shown it.
    :ivar shape: the place in SHAPES of the window and page that the service accepts, as far as answers have shown it.
    """

    def __init__(self, workspace: Optional[str] = None) -> None:
        self.workspace = workspace
        self.offset_means: Optional[str] = None
        self.shape = 0

    def list(self, query: Query, is_wanted: Callable[[Dict[str, Any]], bool], most_pages: int = 0) -> Task[Listing]:
        """The matching instances. The service's filters are not trusted: the answer may contain more than requested.

        :param is_wanted: whether an instance is kept.
        :param most_pages: stop (``complete`` is false) if more pages would be needed; 0 for no limit.
        :raises RequestError: a page cannot be read, or an entry may be any run.
        """
        for left in range(MAX_READINGS - 1, -1, -1):
            listing = yield from self._shaped(query, is_wanted, most_pages)
            if listing.problem is None or not left:
                break
        if listing.strange:
            raise malformed(self._list_call([]), "the list of runs holds an entry without a job or an ID")
        return listing

    def contradiction(self, problem: str) -> RequestError:
        """The error for a list that contradicts itself."""
        return malformed(self._list_call([]), f"the list of runs cannot be used: {problem}")

    def _shaped(self, query: Query, is_wanted: Callable[[Dict[str, Any]], bool], most_pages: int) -> Task[Listing]:
        """One reading. Where the service refuses a wide window or a large page, smaller ones are tried."""
        while True:
            try:
                listing = yield from self._windows(query, is_wanted, most_pages)
                return listing
            except RequestError as error:
                is_refused = error.status == 400 and normalize_code(error.error_code) == BAD_PARAMETER
                if not is_refused or self.shape == len(SHAPES) - 1:
                    raise
                self.shape += 1

    def _windows(self, query: Query, is_wanted: Callable[[Dict[str, Any]], bool], most_pages: int) -> Task[Listing]:
        """All windows, the earliest first: a run that is restarted meanwhile only moves into a later one."""
        days, limit = SHAPES[self.shape]
        found: Dict[Any, Dict[str, Any]] = {}
        parts: List[Listing] = []
        for begin, end in windows(query.begin - WINDOW, query.end + WINDOW, days):
            pages_left = most_pages - sum(part.pages for part in parts) if most_pages else 0
            if most_pages and pages_left <= 0:
                parts[-1] = parts[-1]._replace(pages=parts[-1].pages + 1, complete=False)
                break
            part = yield from self._window(query, begin, end, limit, is_wanted, pages_left)
            parts.append(part)
            found.update((item["instance_id"], item) for item in part.jobs)
            if not part.complete:
                break
        return Listing(
            jobs=[*found.values()],
            total=len(found),
            at=min(part.at for part in parts),
            pages=sum(part.pages for part in parts),
            complete=all(part.complete for part in parts),
            strange=sum(part.strange for part in parts),
            problem=next((part.problem for part in parts if part.problem), None),
        )

    def _window(
        self,
        query: Query,
        begin: int,
        end: int,
        limit: int,
        is_wanted: Callable[[Dict[str, Any]], bool],
        most_pages: int,
    ) -> Task[Listing]:
        filters = [("minPlanTime", str(begin)), ("maxPlanTime", str(end))]
        if query.name is not None:
            filters += [("jobName", query.name)] + ([("preciseQuery", "true")] if query.is_exact else [])
        if query.kind is not None:
            filters.append(("instanceType", str(query.kind)))
        pager = Pager(
            lambda page: self._list_call([*filters, *page]), limit, lambda data: instance_entries(data, is_wanted)
        )
        pager.offset_means = self.offset_means
        try:
            listing = yield from pager.read(0, most_pages)
        finally:
            self.offset_means = pager.offset_means
        return listing

    def _list_call(self, query: List[Tuple[str, str]], key: Any = None) -> Call:
        return factory_call(self.workspace, ("jobs", "instances", "detail"), query, key=key)

    def one(self, job: str, instance_id: int, key: str) -> Task[Reading]:
        """Read one instance with its nodes.

        :param key: the name of the reading.
        """
        call = factory_call(self.workspace, ("jobs", job, "instances", str(instance_id)), key=key)
        return (yield from read_status(call, key, lambda data: one_instance(data, job, instance_id)))

    def around(self, job: str, time: int) -> Task[Union[InstancePage, RequestError]]:
        """The instances of a job that are planned at about a time.

        :param time: in epoch milliseconds. Two hours around it stay below the shortest window that a cloud allows.
        """
        query = [
            ("jobName", job),
            ("preciseQuery", "true"),
            ("minPlanTime", str(time - WINDOW)),
            ("maxPlanTime", str(time + WINDOW)),
            ("limit", str(MAX_LIMIT)),
            ("offset", "0"),
        ]
        call = self._list_call(query, job)
        (outcome,) = yield [call]
        if isinstance(outcome, RequestError):
            return outcome
        try:
            return instance_page(outcome.data, job)
        except Unreadable as problem:
            return malformed(call, str(problem))

    def explain(self, found: Dict[str, Any]) -> Task[Dict[str, Any]]:
        """A failed instance with the error text of the list call, where the call for one instance gives none.

        Where it cannot be read, the instance as it was.
        """
        time = found.get("plan_time")
        if not isinstance(time, int):
            return found
        page = yield from self.around(found["job_name"], time)
        if isinstance(page, RequestError):
            return found
        texts = [item["message"] for item in page.instances if item.get("instance_id") == found["instance_id"]]
        return {**found, "message": next((text for text in texts if text), found["message"])}
