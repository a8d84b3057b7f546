# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Threads that carry exchanges. One that is stuck is simply not waited for: all are daemons."""

from __future__ import annotations

import queue
import threading
from typing import Optional, Tuple

from .. import threads
from .exchange import Exchange

_Task = Optional[Tuple[Exchange, "queue.SimpleQueue[Exchange]"]]


class WorkerThreads:
    """Starts a thread only when none is idle, so there are never more than exchanges under way at once."""

    NAME = "datagate-exchange"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle = 0
        self._closed = False
        self._tasks: "queue.SimpleQueue[_Task]" = queue.SimpleQueue()

    def start(self, flight: Exchange, done: "queue.SimpleQueue[Exchange]") -> None:
        """Carry out *flight* and put it into *done*."""
        with self._lock:
            wanted = self._idle == 0
            if not wanted:
                self._idle -= 1
        if wanted:
            threads.start(self._work, self.NAME)
        self._tasks.put((flight, done))

    def close(self) -> None:
        """Let the threads end: the idle ones now, the others when their exchange is over."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, 0
        for dummy in range(idle):
            self._tasks.put(None)

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            if task is None:
                return
            flight, done = task
            flight.run()
            with self._lock:
                closed = self._closed
                if not closed:
                    self._idle += 1
            done.put(flight)
            if closed:
                return
