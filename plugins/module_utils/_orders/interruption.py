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


@contextmanager
def interruptible() -> Iterator[None]:
    """While the block runs, the first SIGTERM or SIGINT raises Terminated in it, and later ones do nothing.

    So the block can end its work. After it, the signal goes to the handler that was there before: that of a worker of Ansible ends
    the worker. Without such a handler, the exception goes on. A signal that is ignored stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: List[int] = []

    def interrupt(number: int, frame: Any) -> None:
        received.append(number)
        if len(received) == 1:
            raise Terminated

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    replaced = {number: handler for number, handler in handlers.items() if handler not in (signal.SIG_IGN, None)}
    for number in replaced:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)
        before = replaced.get(signal.Signals(received[0])) if received else None
        if callable(before) and before is not signal.default_int_handler:
            before(received[0], None)
