# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules as separate programs: memory under floods, the deadline under hanging name servers, and signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import SECRET_KEY, running

from ..playbook import MAX_SLACK
from .cases import BUSY, DLI_JOB, REAL_TIME, SEVERAL
from .child import PEAK
from .stage import JOB, Result, check, connection

CHILD = Path(__file__).with_name("child.py")
COLLECTIONS = Path(__file__).resolve().parents[3] / ".venv" / "collections"
MAX_MEMORY = 150 * 1024
"""KiB of memory that a module may take for any answer."""
MIB = 1024 * 1024


@contextmanager
def started(module: str, options: Mapping[str, Any], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A running module, in its own process group."""
    child = subprocess.Popen(
        [sys.executable, str(CHILD), module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(COLLECTIONS)},
        start_new_session=True,
    )
    assert child.stdin is not None
    try:
        child.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": dict(options)}))
        child.stdin.close()
        child.stdin = None  # so that communicate() does not close it again
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def module(name: str, options: Mapping[str, Any], *arguments: str) -> tuple[Result, int, float]:
    """The result, the peak memory in KiB, and the seconds."""
    began = time.monotonic()
    with started(name, options, *arguments) as child:
        output, errors = child.communicate(timeout=60)
    assert "Traceback" not in output + errors, errors
    assert SECRET_KEY not in output + errors
    result = json.loads(output)
    assert child.returncode == (1 if result.get("failed") else 0)
    check(result)
    return result, int(errors.rpartition(PEAK)[2]), time.monotonic() - began


# -- memory -----------------------------------------------------------------------------------------------------------

FLOODS: dict[str, dict[str, Any]] = {
    "bomb": {"gzip_bomb": 400 * MIB},
    "flood": {"body_size": 1024 * MIB},
    "error-bomb": {"status": 401, "gzip_bomb": 400 * MIB},
    "redirect-flood": {"status": 302, "body_size": 1024 * MIB, "headers": {"Location": "http://127.0.0.1:1/"}},
    "deep": {"body": '{"a":' * 100_000 + "1" + "}" * 100_000},
    "name": {"json": {"name": JOB, "status": "N" * (3 * MIB), "nodes": [{"name": "x" * MIB}]}},
}
CALLS: dict[str, tuple[str, dict[str, Any], Mapping[str, Any]]] = {
    "job_status": ("dataarts_job_status", {"job_names": JOB}, REAL_TIME)
}
CALLS["job_list"] = ("dataarts_job_status", {"tags": "orders"}, SEVERAL)
CALLS["info"] = ("dataarts_job_info", {}, SEVERAL)
CALLS["dli"] = ("dli_job_progress", {"job_ids": DLI_JOB}, BUSY)
RUNS = [*(("job_status", flood) for flood in FLOODS), ("info", "bomb"), ("dli", "flood")]


@pytest.mark.parametrize(("call", "flood"), RUNS)
def test_large_answers_use_limited_memory(call: str, flood: str) -> None:
    name, options, scenario = CALLS[call]
    with running({"quota": 0, **scenario, "faults": [FLOODS[flood]]}) as emulator:
        result, peak, dummy = module(name, {**connection(emulator), **options, "retries": 1})
    assert peak < MAX_MEMORY, f"{peak // 1024} MiB"
    if flood != "name":
        assert result["failed"]


# Less than 4 MiB, and yet a million values: lists, nodes, jobs, keys.
DENSE = {
    "lists": '"extra": [' + "[]," * 1_300_000 + "[]]",
    "nodes": '"nodes": [' + "{}," * 1_300_000 + "{}]",
    "jobs": '"jobs": [' + "{}," * 1_300_000 + "{}]",
    "keys": ", ".join(f'"{number}": 0' for number in range(300_000)),
}


@pytest.mark.slow
@pytest.mark.parametrize(("call", "dense"), [("job_status", "lists"), ("job_status", "nodes"), ("job_list", "jobs")])
def test_dense_answers_use_limited_memory(call: str, dense: str) -> None:
    name, options, scenario = CALLS[call]
    fault = {"body": f'{{"name": "{JOB}", "status": "NORMAL", "total": 1, {DENSE[dense]}}}'}
    with running({"quota": 0, **scenario, "faults": [fault]}) as emulator:
        options = {**connection(emulator), **options, "return_jobs": "none", "retries": 1}
        dummy, peak, took = module(name, options)
    assert peak < MAX_MEMORY, f"{peak // 1024} MiB"
    assert took < MAX_SLACK


# -- time -------------------------------------------------------------------------------------------------------------


def test_hanging_name_server_ends_at_the_deadline() -> None:
    options = {**connection("http://localhost:1"), "wait": True, "wait_timeout": 2, "request_timeout": 1}
    result, dummy, took = module("dataarts_job_status", {**options, "job_names": JOB}, "hang")
    assert result["verdict"] == "TIMEOUT"
    assert took < 2 + 1 + MAX_SLACK


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("action", [{}, {"hang": True}, {"drip": 1.0}])
def test_signal_ends_a_module_at_once(action: dict[str, Any], number: signal.Signals) -> None:
    scenario = {"quota": 0, "jobs": [{"name": JOB, "status": "STARTING"}], "faults": [action] if action else []}
    with running(scenario) as emulator:
        options = {**connection(emulator), "job_names": JOB, "wait": True, "wait_timeout": 600}
        with started("dataarts_job_status", options) as child:
            until = time.monotonic() + 30
            while not emulator.journal and time.monotonic() < until:
                time.sleep(0.02)
            assert emulator.journal
            began = time.monotonic()
            child.send_signal(number)
            output, errors = child.communicate(timeout=2 * MAX_SLACK)
            assert time.monotonic() - began < MAX_SLACK
        assert child.returncode != 0
        assert SECRET_KEY not in output + errors
        with pytest.raises(ProcessLookupError):
            os.killpg(child.pid, 0)  # no process of its group is left
