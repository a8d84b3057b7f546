# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Keeps the exchanges of a session: the session turns them into answers and errors, which lack headers and causes."""

from __future__ import annotations

import queue
from typing import List

from .._cloud.http.exchange import Exchange
from .._cloud.http.worker_threads import WorkerThreads


class Exchanges:
    """An executor for a session that keeps each exchange.

    :ivar sent: the exchanges, in the order in which they were sent.
    """

    def __init__(self) -> None:
        self.sent: List[Exchange] = []
        self._threads = WorkerThreads()

    def start(self, exchange: Exchange, finished: "queue.SimpleQueue[Exchange]") -> None:
        """Begin an exchange; it is put into *finished* once it is over."""
        self.sent.append(exchange)
        self._threads.start(exchange, finished)

    def close(self) -> None:
        """End the threads."""
        self._threads.close()
