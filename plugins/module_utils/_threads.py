# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Starts threads: daemons that leave all signals to the main thread."""

from __future__ import annotations

import signal
import threading
from typing import Callable

# Signals about a fault of the thread itself.
_FAULTS = ("SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV")
_BLOCKED = [number for number in signal.Signals if number.name not in _FAULTS]


def leave_signals() -> None:
    """Block signals in the current thread; for threads that another library starts."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)


def start(work: Callable[[], None], name: str) -> threading.Thread:
    """Run *work* in a daemon thread called *name*.

    The system delivers a signal to any thread that does not block it, and Python handles it only in the main thread. A waiting
    main thread is woken only by a signal that is delivered to it. An interrupt, or the alarm of a task's time limit, that went
    to another thread would be handled only after the wait.
    """
    thread = threading.Thread(target=work, name=name, daemon=True)
    # A new thread inherits the signal mask of the thread that starts it, so it never receives a signal.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return thread
