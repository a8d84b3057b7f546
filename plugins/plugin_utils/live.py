# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Showing lines while a task runs: on standard output, or on standard error where that is for a program."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from ansible import constants
from ansible.utils.display import Display

from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud import threads
from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud.text import printable
from ansible_collections.datagate.huaweicloud.plugins.module_utils.gate.loop import Outcome
from ansible_collections.datagate.huaweicloud.plugins.module_utils.gate.policy import PENDING
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.progress import Progress

MIN_INTERVAL = 0.2  # seconds between two looks that are turned into lines, unless one decides
LONGEST_LINE = 4000


def show(line: str) -> None:
    """Show a line at once. It reaches the terminal without control characters."""
    callback = str(getattr(constants, "DEFAULT_STDOUT_CALLBACK", "") or "")
    for_a_program = "json" in callback.rpartition(".")[2]
    Display().display(printable(line, LONGEST_LINE), stderr=for_a_program)


class Heartbeat:
    """Shows signs of life, in a thread, while the block runs.

    :param due_in: seconds until the next one is due.
    :param beat: shows it.
    """

    NAME = "datagate-heartbeat"

    def __init__(self, due_in: Callable[[], float], beat: Callable[[], None]) -> None:
        self._due_in = due_in
        self._beat = beat
        self._over = threading.Event()

    def __enter__(self) -> None:
        self._thread = threads.start(self._watch, self.NAME)

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._due_in()):
            self._beat()


class Live:
    """The lines of one gate.

    :param host: name to put in front, or empty.
    :param deadline: seconds that the whole gate may take.
    """

    def __init__(self, host: str, deadline: float) -> None:
        self._progress = Progress(host, deadline)
        self._began = time.monotonic()
        self._looked: float | None = None
        self._lock = threading.Lock()

    def heartbeat(self) -> Heartbeat:
        """A context in which there is a line at least once a minute."""
        return Heartbeat(lambda: self._progress.due_in(self._elapsed()), self._beat)

    def took(self, result: dict[str, Any], next_due: float) -> None:
        """Show what a slice has found."""
        self._show(self._progress.lines(result, next_due))

    def ended(self, result: dict[str, Any]) -> None:
        """Show the changes that decided."""
        self._show(self._progress.changes(result))

    def look(self, outcome: Outcome) -> None:
        """Show how far a gate in this process is."""
        now = time.monotonic()
        decided = outcome.verdict.verdict != PENDING
        if not decided and self._looked is not None and now - self._looked < MIN_INTERVAL:
            return
        self._looked = now
        snapshot = as_result(outcome)
        self._show(self._progress.changes(snapshot) if decided else self._progress.lines(snapshot, 0.0))

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _beat(self) -> None:
        self._show([self._progress.silence(self._elapsed())])

    def _show(self, lines: Iterable[str]) -> None:
        with self._lock:
            for line in lines:
                show(line)


def as_result(outcome: Outcome) -> dict[str, Any]:
    """As much of a module's result as lines are made of."""
    gate, elapsed = outcome.gate, outcome.elapsed
    states = gate.tally(elapsed).states
    return {
        "elapsed": elapsed,
        "history": gate.history.entries(),
        "history_dropped": gate.history.dropped,
        "by_status": states,
        "reasons": outcome.verdict.reasons,
        "jobs": gate.jobs(elapsed) if sum(states.values()) == 1 else [],
    }
