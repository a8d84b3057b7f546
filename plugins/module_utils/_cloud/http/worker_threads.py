# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Threads that run exchanges. They are daemons, so the process does not wait for one that is stuck."""

from __future__ import annotations

import queue
import threading
from typing import Optional, Tuple

from ... import _threads
from .exchange import Exchange

_Job = Optional[Tuple[Exchange, "queue.SimpleQueue[Exchange]"]]


class WorkerThreads:
    """Starts a thread only when none is idle, so there are never more threads than open exchanges."""

    NAME = "datagate-exchange"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle = 0
        self._closed = False
        self._jobs: "queue.SimpleQueue[_Job]" = queue.SimpleQueue()

    def start(self, exchange: Exchange, finished: "queue.SimpleQueue[Exchange]") -> None:
        """Run *exchange* and put it into *finished*."""
        with self._lock:
            is_needed = self._idle == 0
            if not is_needed:
                self._idle -= 1
        if is_needed:
            _threads.start(self._work, self.NAME)
        self._jobs.put((exchange, finished))

    def close(self) -> None:
        """End the threads: the idle ones now, the others when their exchange is over."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, 0
        for dummy in range(idle):
            self._jobs.put(None)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            exchange, finished = job
            exchange.run()
            with self._lock:
                closed = self._closed
                if not closed:
                    self._idle += 1
            finished.put(exchange)
            if closed:
                return
