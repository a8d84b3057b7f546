# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Prints lines while a task runs: on standard output, or on standard error if standard output is read by a program."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from ansible import constants
from ansible.utils.display import Display

from ansible_collections.datagate.huaweicloud.plugins.module_utils import _threads
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.observing.outcome import Outcome
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.summary import describe_jobs, tally
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.verdicts import PENDING
from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.progress import Progress

MIN_INTERVAL = 0.2  # minimum seconds between two observations that are printed, except the last one
MAX_LINE_LENGTH = 4000


def show(line: str) -> None:
    """Print a line immediately, without control characters."""
    callback = str(getattr(constants, "DEFAULT_STDOUT_CALLBACK", "") or "")
    for_a_program = "json" in callback.rpartition(".")[2]
    Display().display(printable(line, MAX_LINE_LENGTH), stderr=for_a_program)


def request_lines(host: str) -> Callable[[str], None] | None:
    """Prints lines of the request log; None below the verbosity -vvv.

    :param host: the name of the task's host.
    """
    # Imported here, so that only a task that runs a gate loads requests.
    from ansible_collections.datagate.huaweicloud.plugins.module_utils._module import SHOWS_REQUESTS

    display = Display()
    if display.verbosity < SHOWS_REQUESTS:
        return None
    return lambda line: display.vvv(printable(line, MAX_LINE_LENGTH), host=host or None)


class Heartbeat:
    """Prints heartbeat lines, in a thread, while the block runs.

    :param due_in: returns the seconds until the next line is due.
    :param beat: prints the line.
    """

    NAME = "datagate-heartbeat"

    def __init__(self, due_in: Callable[[], float], beat: Callable[[], None]) -> None:
        self._due_in = due_in
        self._beat = beat
        self._over = threading.Event()

    def __enter__(self) -> None:
        self._thread = _threads.start(self._watch, self.NAME)

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._due_in()):
            self._beat()


class Live:
    """The progress lines of one gate.

    :param host: prefix of each line, or empty.
    :param deadline: time limit of the gate in seconds.
    """

    def __init__(self, host: str, deadline: float) -> None:
        self._progress = Progress(host, deadline)
        self._began = time.monotonic()
        self._looked: float | None = None
        self._lock = threading.Lock()

    def heartbeat(self) -> Heartbeat:
        """A context in which a line is printed at least once a minute."""
        return Heartbeat(lambda: self._progress.due_in(self._elapsed()), self._beat)

    def took(self, result: dict[str, Any], next_due: float) -> None:
        """Print the result of a slice."""
        self._show(self._progress.lines(result, next_due))

    def ended(self, result: dict[str, Any]) -> None:
        """Print the state changes that led to the verdict."""
        self._show(self._progress.changes(result))

    def look(self, outcome: Outcome) -> None:
        """Print the progress of a gate in this process."""
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
    """The part of a module's result that progress lines use."""
    gate, elapsed = outcome.gate, outcome.elapsed
    states = tally(gate, elapsed).states
    return {
        "elapsed": elapsed,
        "history": gate.history.entries(),
        "history_dropped": gate.history.dropped,
        "by_status": states,
        "reasons": outcome.verdict.reasons,
        "jobs": describe_jobs(gate, elapsed) if sum(states.values()) == 1 else [],
    }
