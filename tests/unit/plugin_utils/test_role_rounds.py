# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One gate for all hosts of a play: which host runs it, which hosts use the result, and what happens if its task is stopped."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role import asking, rounds

PASSED = {"result": {"verdict": "PASS"}, "stops": False}


class Alarm(BaseException):
    """The exception that ends a task at its time limit."""


def come(folder: Path, host: str) -> str | None:
    """A host reaches the gate. Returns the host that ran the gate, or None if this host runs it."""
    meeting = rounds.Round(str(folder), "gate", host)
    with meeting.turn() as taken:
        if taken is None:
            meeting.keep(PASSED)
            return None
        return str(rounds.read(taken)["gate_host"])


def be_stopped(folder: Path, host: str) -> None:
    """A host runs the gate, and its task is stopped."""
    with suppress(Alarm), rounds.Round(str(folder), "gate", host).turn() as taken:
        assert taken is None
        raise Alarm


def report_failure(folder: Path, host: str) -> None:
    """The step after a failure: the host's result is kept, and later hosts do not use it."""
    rounds.close(rounds.Round(str(folder), "gate", host).keep_own({"stops": True}))


def test_first_host_runs_the_gate_and_the_others_use_its_result(tmp_path: Path) -> None:
    assert [come(tmp_path, host) for host in ("web1", "web2", "web3")] == [None, "web1", "web1"]


def test_host_that_runs_the_task_again_runs_the_gate_again(tmp_path: Path) -> None:
    assert [come(tmp_path, host) for host in ("web1", "web2", "web2", "web1")] == [None, "web1", None, "web2"]


def test_stopped_gate_task_fails_the_other_hosts(tmp_path: Path) -> None:
    be_stopped(tmp_path, "web1")
    for host in ("web2", "web3"):
        with pytest.raises(rounds.Unanswered, match="web1"):
            come(tmp_path, host)


def test_host_after_a_reported_failure_runs_the_gate_again(tmp_path: Path) -> None:
    be_stopped(tmp_path, "web1")
    report_failure(tmp_path, "web1")
    assert come(tmp_path, "web2") is None
    assert come(tmp_path, "web3") == "web2"


@pytest.mark.parametrize(("again", "expected"), [(False, None), (True, "web3")])
def test_waiting_host_fails_with_a_stopped_gate_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool, expected: str | None
) -> None:
    """Also if the failure was reported before the host gets the lock; a result of another host is used."""
    locked: Callable[[Path], Any] = rounds._locked

    @contextmanager
    def after_the_failure(folder: Path) -> Iterator[None]:
        monkeypatch.setattr(rounds, "_locked", locked)
        report_failure(tmp_path, "web1")
        if again:
            come(tmp_path, "web3")
        with locked(folder):
            yield

    be_stopped(tmp_path, "web1")
    monkeypatch.setattr(rounds, "_locked", after_the_failure)
    if expected is None:
        with pytest.raises(rounds.Unanswered, match="web1"):
            come(tmp_path, "web2")
    else:
        assert come(tmp_path, "web2") == expected


class Late(asking.Asking):
    """Runs the gate in a task whose time limit may have passed."""

    def __init__(self, timeout: int, left: list[float]) -> None:
        # Ansible's own constructor needs a complete play.
        self._task: Any = SimpleNamespace(timeout=timeout)
        self.left = left
        self.runs = 0

    def _check(self, *dummy: Any) -> None:
        pass

    def _arguments(self, *dummy: Any) -> dict[str, Any]:
        return {}

    def _gate(self, *dummy: Any) -> dict[str, Any]:
        self.runs += 1
        return {"verdict": "PASS", "msg": "PASS after 1 s."}

    def _answer(self, given: Any, setting: Any, result: Any, refused: bool = False) -> dict[str, Any]:
        return {**result, "refused": refused}


@pytest.mark.parametrize(
    ("timeout", "left", "verdict", "runs"),
    [
        (0, [], "PASS", 1),  # without a limit, no timer runs
        (4, [3.0, 1.0], "PASS", 1),
        (4, [3.0, 0.0], "ERROR", 1),
        (4, [0.0, 0.0], "ERROR", 0),
    ],
)
def test_lost_timeout_exception_does_not_let_the_gate_pass(
    monkeypatch: pytest.MonkeyPatch, timeout: int, left: list[float], verdict: str, runs: int
) -> None:
    action = Late(timeout, left)
    monkeypatch.setattr(signal, "getitimer", lambda which: (left.pop(0), 0.0))
    setting: Any = SimpleNamespace(within="", is_on=True, entry_name="main", entry=SimpleNamespace(full_name="gate"))
    answer = action._judged(SimpleNamespace(own={}, options={}), setting, {})  # type: ignore[arg-type]
    assert (answer["verdict"], action.runs) == (verdict, runs)
    if verdict == "ERROR":
        assert answer["refused"]
        assert answer["msg"] == "ERROR: the gate gave no verdict: the task's timeout of 4 s has passed."
