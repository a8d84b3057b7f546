# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Lets a task that is interrupted end its work."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import Any, Iterator, List


class Terminated(KeyboardInterrupt):
    """The process received SIGTERM or SIGINT."""


class Interruption:
    """Whether the block of :func:`interruptible` is to be ended.

    :ivar is_taken: whether the block has received the exception, and ends its work.
    """

    def __init__(self) -> None:
        self.is_taken = False
        self.signals: List[int] = []

    def receive(self, number: int, frame: Any) -> None:
        """Handle a signal. The exception is raised again at each signal until it is taken, since a destructor may have lost it."""
        self.signals.append(number)
        if not self.is_taken:
            raise Terminated


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """While the block runs, SIGTERM and SIGINT raise Terminated in it, until it acknowledges the signal.

    So the block can end its work. After it, the signal goes to the handler that was there before: that of a worker of Ansible ends
    the worker. Without such a handler, the exception propagates. A signal that is ignored stays ignored.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    replaced = {number: handler for number, handler in handlers.items() if handler not in (signal.SIG_IGN, None)}
    for number in replaced:
        signal.signal(number, interruption.receive)
    try:
        yield interruption
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)
        received = interruption.signals
        before = replaced.get(signal.Signals(received[0])) if received else None
        if callable(before) and before is not signal.default_int_handler:
            before(received[0], None)
