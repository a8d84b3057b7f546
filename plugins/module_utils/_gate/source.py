# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""What a gate reads from. The services are bound to it by the modules; tests give their own."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from .._errors import UNREACHED, RequestError
from .._services.readings import Listing, Reading


class Listed(NamedTuple):
    """How a reading of the job list ended.

    :ivar listing: the list; incomplete if it has more pages than allowed. None with an error.
    :ivar readings: its jobs.
    """

    listing: Optional[Listing] = None
    readings: Sequence[Reading] = ()
    error: Optional[RequestError] = None


Event = Union[Reading, Listed]


class Source:
    """Reads jobs, several at once. A hanging request delays only its own reading.

    Times are seconds on the gate's clock.
    """

    #: whether there is a list of jobs
    lists = False
    #: ceiling in requests per second, 0 for none
    rate = 0.0
    #: the largest number of requests under way at once
    workers = 16
    #: how many requests it takes to read one job
    cost = 1
    #: the workspace of the requests, for messages
    workspace: Optional[str] = None

    def ask(self, name: str, deadline: Optional[float]) -> None:
        """Begin to read one job; :meth:`next` returns its Reading."""
        raise NotImplementedError

    def ask_list(self, deadline: Optional[float], max_pages: int, sure: bool) -> None:
        """Begin to read the job list of the selection; :meth:`next` returns it as Listed.

        :param max_pages: stop if the list has more pages; 0 for no limit.
        :param sure: whether a job that moves while the list is read must not be missed.
        """
        raise NotImplementedError

    @property
    def list_answered_at(self) -> Optional[float]:
        """When a page of the list that was begun last was answered last; None before the first answer."""
        return None

    def free_at(self) -> float:
        """When a request that is begun now would be sent; infinite while no further request may be open."""
        raise NotImplementedError

    def next(self, until: Optional[float], until_free: bool = False) -> Optional[Event]:
        """The next reading that ends; None at the time *until*, or without it once nothing is under way.

        :param until_free: return None, too, as soon as another request could be sent.

        :raises RequestError, CredentialsError: what concerns every reading. All that is under way is dropped then.
        """
        raise NotImplementedError

    def drop(self) -> None:
        """Drop all that is under way; its answers are not read."""

    def explain_missing(self, names: Sequence[str], deadline: float) -> Dict[str, Tuple[List[str], bool]]:
        """For names of jobs that do not exist: similar names, and whether a batch job has that name."""
        return {}

    def explain_failures(self, jobs: Sequence[Dict[str, Any]], deadline: float) -> List[Dict[str, Any]]:
        """Failed jobs, in the same order, with the service's reasons that were read by the deadline."""
        return list(jobs)

    def add_nodes(self, jobs: Sequence[Tuple[str, Dict[str, Any]]], deadline: float) -> List[Dict[str, Any]]:
        """Jobs, by their names, in the same order, with their nodes as far as they are known by the deadline."""
        return [job for dummy, job in jobs]

    def remember(self) -> Dict[str, Any]:
        """What it has learned of the service, as plain data for the next slice."""
        return {}

    def recall(self, learned: Dict[str, Any], seconds: float) -> None:
        """Restore what an earlier slice learned *seconds* ago.

        :raises KeyError, TypeError, ValueError: it is not what :meth:`remember` returns.
        """

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return 0

    @property
    def latency(self) -> float:
        """The usual time of an answer in seconds, 0 before the first."""
        return 0.0


def read_jobs(source: Source, names: Iterable[str], deadline: float) -> Iterator[Reading]:
    """Read jobs one after the other, several at once, each as its answer comes.

    A name is taken from *names* only when its request can be sent, so a generator may end early. At the deadline those under way
    come back as UNREACHED.

    :raises RequestError, CredentialsError: what concerns every reading.
    """
    feed = iter(names)
    under_way = 0
    ended = False
    while True:
        # Begin what can be begun now, then wait for an answer or for the time of the next request.
        free_at = float("inf") if ended else source.free_at()
        event = source.next(None if ended else min(free_at, deadline), not ended) if under_way or not ended else None
        if isinstance(event, Reading):
            under_way -= 1
            yield event
        elif ended:
            return
        else:
            # The time may have become known meanwhile: it is not, as long as another request waits to be sent.
            name = next(feed, None) if source.free_at() < deadline else None
            ended = name is None
            if name is not None:
                source.ask(name, deadline)
                under_way += 1


def read_list(source: Source, deadline: float, max_pages: int = 0, sure: bool = False) -> Listed:
    """Read the job list.

    :raises RequestError, CredentialsError: it cannot be read.
    """
    source.ask_list(deadline, max_pages, sure)
    event = source.next(None)
    if not isinstance(event, Listed):
        raise RequestError(UNREACHED, "the deadline came before the answer")
    if event.error is not None:
        raise event.error
    return event
