# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs tasks without a session: a function answers the calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call, Outcome, Task
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.exchange import Answer
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import RequestError

T = TypeVar("T")


class Driver:
    """Answers every call of a task.

    :param respond: from a call to decoded JSON, or to the RequestError that it ends with.
    :param reverse: the calls of one batch are answered last one first.
    :param size: from decoded JSON to the size of its body in bytes.
    :ivar calls: every call, in the order in which they were sent.
    :ivar batches: how many calls each batch had.
    :ivar time: seconds on a clock that moves by one with each call.
    """

    def __init__(
        self, respond: Callable[[Call], Any], reverse: bool = False, size: Callable[[Any], int] = lambda data: 0
    ) -> None:
        self.respond = respond
        self.reverse = reverse
        self.size = size
        self.calls: list[Call] = []
        self.batches: list[int] = []
        self.time = 1000.0

    def run(self, task: Task[T]) -> T:
        """The result of a task."""
        try:
            batch = next(task)
            while True:
                batch = task.send(self._answer(batch))
        except StopIteration as end:
            result: T = end.value
            return result

    @property
    def sent(self) -> int:
        """How many calls there were."""
        return len(self.calls)

    def paths(self) -> list[tuple[str, ...]]:
        """The paths of all calls so far."""
        return [call.segments for call in self.calls]

    def queries(self) -> list[dict[str, str]]:
        """The queries of all calls so far."""
        return [dict(call.query) for call in self.calls]

    def _answer(self, batch: Sequence[Call]) -> list[Outcome]:
        assert batch, "an empty batch"
        self.batches.append(len(batch))
        found = {}
        for call in reversed(batch) if self.reverse else batch:
            found[id(call)] = self._outcome(call)
        return [found[id(call)] for call in batch]

    def _outcome(self, call: Call) -> Outcome:
        sent_at = self.time
        self.time += 1.0
        self.calls.append(call)
        data = self.respond(call)
        if isinstance(data, RequestError):
            data.sent_at = sent_at
            return data
        size = self.size(data)
        try:
            return Answer(200, {}, call.digest(data) if call.digest else data, sent_at, size)
        except RequestError as error:
            error.sent_at = sent_at
            return error
