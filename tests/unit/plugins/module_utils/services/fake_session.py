# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A session that calls a function instead of the cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call, Task
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.exchange import Answer
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import UNREACHED, RequestError


class CountingClock(Clock):
    """Every request takes a second."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


class FakeSession:
    """The part of a session that the services use.

    :param respond: from a call to decoded JSON, or to the RequestError that it ends with.
    :ivar calls: every call, in the order in which they were sent.
    """

    def __init__(self, respond: Callable[[Call], Any]) -> None:
        self.respond = respond
        self.clock = CountingClock()
        self.calls: list[Call] = []
        self.sent = 0
        self.latency = 0.0
        self.rate = 0.0
        self._ended: list[tuple[Any, Any]] = []

    workers = 16
    recorder = None

    def begin(self, task: Task[Any], key: Any, deadline: float | None = None) -> None:
        """Run a task to its end at once; ``next`` returns its result."""
        outcomes: Any = None
        try:
            batch = next(task)
            while True:
                outcomes = [self._answer_before(call, deadline) for call in batch]
                batch = task.send(outcomes)
        except StopIteration as end:
            self._ended.append((key, end.value))
        except RequestError as error:
            self._ended.append((key, error))

    def next(self, until: float | None = None, until_free: bool = False) -> Any:
        """The next task that has ended; without one, the time is *until*."""
        if self._ended:
            return self._ended.pop(0)
        if until is not None:
            self.clock.sleep(until - self.clock.now())
        return None

    def remember(self) -> None:
        """No request is open."""

    def recall(self, learned: Any, seconds: float) -> None:
        assert learned is None

    def free_at(self) -> float:
        return self.clock.now()

    def abandon(self) -> None:
        self._ended.clear()

    def complete(self, task: Task[Any], deadline: float | None = None) -> Any:
        return next(self.complete_all([task], deadline))

    def complete_all(self, tasks: Sequence[Task[Any]], deadline: float | None = None) -> Iterator[Any]:
        for task in tasks:
            self.begin(task, None, deadline)
            result = self._ended.pop()[1]
            if isinstance(result, RequestError):
                raise result
            yield result

    def _answer_before(self, call: Call, deadline: float | None) -> Any:
        if deadline is not None and self.clock.now() >= deadline:
            return RequestError(UNREACHED, "the deadline came before the answer", service=call.service)
        outcome = self._answer(call)
        if isinstance(outcome, Answer) and call.digest is not None:
            try:
                outcome.data = call.digest(outcome.data)
            except RequestError as error:
                return error
        return outcome

    def paths(self) -> list[tuple[str, ...]]:
        """The paths of all calls so far."""
        return [call.segments for call in self.calls]

    def queries(self) -> list[dict[str, str]]:
        """The queries of all calls so far."""
        return [dict(call.query) for call in self.calls]

    def _answer(self, call: Call) -> Any:
        sent_at = self.clock.now()
        self.clock.time += 1.0
        self.calls.append(call)
        self.sent += 1
        data = self.respond(call)
        return data if isinstance(data, RequestError) else Answer(200, {}, data, sent_at)


PAGES = "pages"
RECORDS = "records"


class JobList:
    """The job list call.

    :param names: names in the service's order; of both types.
    :param means: what offset counts.
    :param cap: the most jobs that a page holds, with any limit.
    :param total: ``true``, ``missing``, or another value that is sent in its place.
    :param change: called before each answer with the number of requests so far and the list, which it may change.
    """

    def __init__(
        self,
        names: Sequence[str],
        means: str = PAGES,
        cap: int = 100,
        total: Any = "true",
        change: Callable[[int, list[str]], None] | None = None,
    ) -> None:
        self.names = list(names)
        self.means = means
        self.cap = cap
        self.total = total
        self.change = change
        self.requests = 0

    def __call__(self, call: Call) -> Any:
        assert call.segments == ("v1", "{project_id}", "jobs")
        query = dict(call.query)
        if self.change is not None:
            self.change(self.requests, self.names)
        self.requests += 1
        page_size = int(query["limit"])
        assert 1 <= page_size <= 100
        limit = min(page_size, self.cap)
        part = query.get("jobName", "").lower()
        found = [name for name in self.names if part in name.lower()] if part else self.names
        start = int(query["offset"]) * (limit if self.means == PAGES else 1)
        answer: dict[str, Any] = {
            "total": len(found),
            "jobs": [{"name": name, "status": "NORMAL"} for name in found[start : start + limit]],
        }
        if self.total == "missing":
            del answer["total"]
        elif self.total != "true":
            answer["total"] = self.total
        return answer
