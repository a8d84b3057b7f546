# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate whose ansible-playbook is killed leaves no process. A play with a wrong key."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import SECRET_KEY, Emulator, running

from ..playbook import COMMAND, MAX_SLACK, OWN_PROCESS, connection, play, run, settings, task
from .stage import JOB

GATE = {"job_names": JOB, "wait": True, "wait_timeout": 600, "wait_interval": 1}
STARTING = {"quota": 0, "jobs": [{"name": JOB, "status": "STARTING"}]}


MARK = "DATAGATE_TEST_MARK"


def marked(mark: str) -> list[int]:
    """The processes with that mark in their environment: those that a command has started, in any session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if f"{MARK}={mark}\0".encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found


def wait_for(condition: Any, seconds: float = 30.0) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def environment(emulator: Emulator) -> dict[str, str]:
    return {**os.environ, **settings(), **connection(emulator)}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for in /proc")
@pytest.mark.parametrize(
    ("way", "number"),
    [
        ("in-process", signal.SIGTERM),
        ("module", signal.SIGTERM),
        ("hang", signal.SIGINT),
        pytest.param("in-process", signal.SIGINT, marks=pytest.mark.slow),
        pytest.param("module", signal.SIGINT, marks=pytest.mark.slow),
        pytest.param("hang", signal.SIGTERM, marks=pytest.mark.slow),
    ],
)
def test_killed_playbook_leaves_no_process(way: str, number: signal.Signals, tmp_path: Path) -> None:
    keywords: dict[str, Any] = OWN_PROCESS if way == "module" else {}
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(json.dumps([play([task("Wait", "dataarts_job_status", GATE, **keywords)])]), "utf-8")
    faults = [{"hang": True}] if way == "hang" else []
    mark = uuid.uuid4().hex
    with running({**STARTING, "faults": faults}) as emulator:
        command = subprocess.Popen(
            [COMMAND, str(playbook)],
            cwd=tmp_path,
            env={**environment(emulator), MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            assert wait_for(lambda: emulator.journal)
            assert len(marked(mark)) >= 2
            began = time.monotonic()
            if number == signal.SIGINT:
                os.killpg(command.pid, number)  # as from a terminal
            else:
                command.send_signal(number)
            output = command.communicate(timeout=2 * MAX_SLACK)[0]
            assert command.returncode != 0
            assert wait_for(lambda: not marked(mark)), marked(mark)
            assert time.monotonic() - began < MAX_SLACK
            requests_sent = len(emulator.journal)
            time.sleep(1.2)
            assert len(emulator.journal) == requests_sent, "a process still sends requests"
        finally:
            for left in marked(mark):
                os.kill(left, signal.SIGKILL)
            command.communicate()
    assert SECRET_KEY not in output
    assert "Traceback" not in output


@pytest.mark.parametrize("faults", [[], [{"hang": True}]], ids=["waiting", "hang"])
def test_task_timeout_ends_a_gate(faults: list[dict[str, Any]]) -> None:
    with running({**STARTING, "faults": faults}) as emulator:
        began = time.monotonic()
        ran = run([play([task("Wait", "dataarts_job_status", GATE, timeout=3)])], connection(emulator))
        assert emulator.journal
    # A request that hangs would take half a minute.
    assert time.monotonic() - began < 3 + MAX_SLACK
    assert ran["Wait"].failed
    assert "Traceback" not in ran.text


@pytest.mark.parametrize("module", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_wrong_key_stops_the_play_at_the_first_task(module: bool) -> None:
    """Twenty tasks, one request: the lock, which comes after five bad signatures, is never reached."""
    keywords: dict[str, Any] = OWN_PROCESS if module else {}
    tasks = [{**task(f"Gate {number}", "dataarts_job_status", GATE, **keywords)} for number in range(20)]
    for item in tasks:
        del item["ignore_errors"]
    with running(STARTING) as emulator:
        ran = run([play(tasks)], connection(emulator, HW_SECRET_KEY="wrong-secret-key"))
        assert ran.code == 2
        assert [record.status for record in emulator.journal] == [401]
    assert [record.task for record in ran.records] == ["Gate 0"]
    (record,) = ran.records
    assert record["reasons"][0]["code"] == "denied"
    assert "check the access key, its secret and its security token" in record.msg
    assert "wrong-secret-key" not in ran.text
