# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Running tasks: each is a generator that yields batches of calls and returns a result."""

from __future__ import annotations

from collections import deque
from typing import Any, Deque, List, Optional, Tuple

from ..._errors import RequestError
from ..calls import Call, Outcome, Task

Key = Any
Result = Any


class RunningTask:
    """A task, and the batch of calls that it waits for.

    :param key: returned beside the result of the task.
    :param deadline: on the session's clock; its calls end then.
    :param is_urgent: whether its calls are sent before those of other tasks.
    :ivar outcomes: of the batch, in its order; None for a call that is not over.
    :ivar missing: calls of the batch that are not over.
    :ivar answered_at: when one of its calls was answered last, on the session's clock; None before the first answer.
    """

    __slots__ = ("answered_at", "deadline", "generator", "is_urgent", "key", "missing", "outcomes")

    def __init__(self, generator: "Task[Any]", key: Key, deadline: Optional[float], is_urgent: bool = False) -> None:
        self.generator = generator
        self.key = key
        self.deadline = deadline
        self.is_urgent = is_urgent
        self.outcomes: List[Any] = []
        self.missing = 0
        self.answered_at: Optional[float] = None


class TaskRunner:
    """Moves tasks on.

    :ivar results: (key, result) of each task that has ended; the result is a RequestError where the task raised it.
    """

    def __init__(self) -> None:
        self.results: Deque[Tuple[Key, Result]] = deque()

    def begin(self, task: RunningTask) -> List[Call]:
        """Start a task; returns the first batch of calls, empty where the task has ended."""
        return self._advance(task, None)

    def add_outcome(self, task: RunningTask, place: int, outcome: Outcome) -> List[Call]:
        """Store the outcome of a call; returns the next batch once the present one is complete, otherwise nothing."""
        task.outcomes[place] = outcome
        task.missing -= 1
        return [] if task.missing else self._advance(task, task.outcomes)

    def _advance(self, task: RunningTask, outcomes: Optional[List[Outcome]]) -> List[Call]:
        batch: List[Call] = []
        while not batch:
            try:
                batch = next(task.generator) if outcomes is None else task.generator.send(outcomes)
            except StopIteration as stop:
                self.results.append((task.key, stop.value))
                return []
            except RequestError as error:
                self.results.append((task.key, error))
                return []
            outcomes = []
        task.missing = len(batch)
        task.outcomes = [None] * len(batch)
        return batch
