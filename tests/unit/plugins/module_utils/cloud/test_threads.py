# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Threads block signals, because Python handles signals only in the main thread."""

from __future__ import annotations

import queue
import signal
import threading
from typing import NoReturn

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils import _threads
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.worker_threads import WorkerThreads

ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM, signal.SIGUSR1}
FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}


def mask() -> set[int]:
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, []))


def test_thread_blocks_all_but_synchronous_signals() -> None:
    seen: list[set[int]] = []
    thread = _threads.start(lambda: seen.append(mask()), "one")
    thread.join()
    assert thread.daemon
    assert thread.name == "one"
    (blocked,) = seen
    assert blocked >= ENDING
    assert not blocked & FAULTS


def test_starting_thread_keeps_its_signal_mask() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    try:
        had = mask()
        _threads.start(lambda: None, "one").join()
        assert mask() == had
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_signal_mask_is_restored_if_no_thread_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> NoReturn:
        assert mask() >= ENDING
        raise RuntimeError("can't start new thread")

    had = mask()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError, match="can't start"):
        _threads.start(lambda: None, "one")
    assert mask() == had


def test_exchange_threads_block_signals() -> None:
    seen: list[set[int]] = []

    class FakeExchange:
        def run(self) -> None:
            seen.append(mask())

    done: queue.SimpleQueue[FakeExchange] = queue.SimpleQueue()
    executor = WorkerThreads()
    executor.start(FakeExchange(), done)  # type: ignore[arg-type]
    done.get(timeout=30)
    executor.close()
    assert seen[0] >= ENDING
