# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one way to start a thread: it leaves signals to the main thread, and nobody has to wait for it."""

from __future__ import annotations

import signal
import threading
from typing import Callable

# Those tell of a fault in the thread itself.
_FAULTS = ("SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV")
_LEFT = [number for number in signal.Signals if number.name not in _FAULTS]


def leave_signals() -> None:
    """From here on, let this thread take no signal; for threads that something else starts."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _LEFT)


def start(work: Callable[[], None], name: str) -> threading.Thread:
    """Do *work* in a daemon thread called *name*.

    The system hands a signal to any one thread of a process that does not block it, and Python acts on it only once the main
    thread runs again. A main thread that waits is woken by its own signals alone: one that went elsewhere, an interrupt or
    the alarm of a task's time limit, would be acted on only when the wait is over.
    """
    thread = threading.Thread(target=work, name=name, daemon=True)
    # A new thread has the mask of the one that starts it, so there is no moment at which it could take a signal.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _LEFT)
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return thread
