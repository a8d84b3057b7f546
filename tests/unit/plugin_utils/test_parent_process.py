# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task is stopped when its parent process has ended, and only then."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.parent_process import ended_with_parent


def test_end_of_the_parent_process_stops_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = iter([7, 7, 7])
    sent: list[tuple[int, int]] = []
    is_sent = threading.Event()

    def kill(process: int, number: int) -> None:
        sent.append((process, number))
        is_sent.set()

    monkeypatch.setattr(os, "getppid", lambda: next(parents, 1))
    monkeypatch.setattr(os, "kill", kill)
    with ended_with_parent(0.001):
        assert is_sent.wait(30)
    assert sent == [(os.getpid(), signal.SIGTERM)]


def test_running_parent_process_sends_no_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "kill", lambda process, number: pytest.fail("a signal was sent"))
    before = threading.active_count()
    with ended_with_parent(0.001):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
