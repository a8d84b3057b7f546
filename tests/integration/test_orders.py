# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dataarts_job against the emulator: lost answers on real connections, and real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.modules import dataarts_job
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process
from tests.emulator import Emulator, running

from .playbook import COMMAND, OWN_PROCESS, connection, play, run, settings, task

ORDERS = ("job_start", "job_stop", "job_run")
SCENARIO: dict[str, Any] = {
    "quota": 0,
    "orders": {"delay": 0.2, "starting": 0.2, "stopping": 0.2},
    "jobs": [
        {"name": "job_a", "status": "STOPPED", "nodes": [{"name": "READ"}, {"name": "WRITE"}]},
        {"name": "job_b", "nodes": [{"name": "READ"}]},
        {"name": "job_nightly", "type": "BATCH", "status": "STOPPED", "nodes": [{"name": "LOAD"}]},
        {"name": "job_broken", "type": "BATCH", "run_as": "fail", "nodes": [{"name": "READ"}, {"name": "LOAD"}]},
    ],
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


def sent(emulator: Emulator) -> list[tuple[str, str | None]]:
    """The orders that the emulator received."""
    return [(record.call, record.job) for record in emulator.journal if record.call in ORDERS]


def order(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, **options: Any) -> dict[str, Any]:
    """Run the module in this process."""
    for name, value in connection(emulator).items():
        monkeypatch.setenv(name, value)
    given = {"wait_interval": 0.1, "wait_timeout": 20, **options}
    module = dataarts_job
    return in_process.run(given, module.ARGUMENTS, module.SERVICE, module.BODY, False, "dataarts_job")


@pytest.mark.parametrize(
    "fault",
    [
        {"reset": "before_headers", "acts": True},
        {"reset": "after_headers"},
        {"status": 503, "acts": True},
        {"status": 502, "body": "<html>bad gateway</html>", "acts": True},
        {"hang": True, "acts": True},
        {"close": True},
    ],
    ids=["reset", "cut", "503", "502", "hangs", "closes"],
)
def test_lost_answer_does_not_repeat_the_order(monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]) -> None:
    faults = [{"match": {"call": "job_start"}, "times": 1, **fault}]
    with running(SCENARIO, faults=faults) as emulator:
        result = order(emulator, monkeypatch, names="job_a", state="started", request_timeout=1)
        assert (result["verdict"], result["changed"]) == ("PASS", True), result["msg"]
        assert sent(emulator) == [("job_start", "job_a")]


def test_lost_answer_of_a_run_is_found_by_its_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [{"match": {"call": "job_run"}, "times": 1, "status": 504, "acts": True}]
    with running(SCENARIO, faults=faults) as emulator:
        result = order(emulator, monkeypatch, names="job_broken", state="run")
        assert (result["verdict"], result["changed"]) == ("FAIL", True)
        assert [reason["code"] for reason in result["reasons"]] == ["run_failed"]
        assert (result["reasons"][0]["node"], result["reasons"][0]["log_path"]) == (
            "LOAD",
            "obs://dlf-log/job_broken/LOAD.job",
        )
        assert sent(emulator) == [("job_run", "job_broken")]


def test_a_throttled_order_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [{"match": {"call": "job_start"}, "times": 1, "status": 429, "headers": {"Retry-After": 0}}]
    with running(SCENARIO, faults=faults) as emulator:
        result = order(emulator, monkeypatch, names="job_a", state="started")
        assert (result["verdict"], result["changed"]) == ("PASS", True)
        assert sent(emulator) == [("job_start", "job_a")] * 2


@pytest.mark.parametrize("answer", ["missing", "batch", "DLF.0136", "DLF.3051"])
def test_batch_job_is_started_with_each_status_answer(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    with running(SCENARIO, batch_status_answer=answer) as emulator:
        result = order(emulator, monkeypatch, names="job_nightly", state="started")
        assert (result["verdict"], result["before"][0]["job_type"]) == ("PASS", "BATCH"), result["msg"]
        assert result["jobs"][0]["status"] == "SCHEDULING"


@pytest.mark.parametrize("answer", ["DLF.3051", "DLF.30107"])
def test_refusal_because_the_job_runs_is_a_success(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    # The status call still shows the state from before another start.
    stale = {"name": "job_a", "status": "STOPPED", "nodes": [{"name": "READ", "status": "STOPPED"}]}
    faults = [{"match": {"call": "job_status", "first": 1}, "status": 200, "json": stale}]
    scenario = {"jobs": [{"name": "job_a", "nodes": [{"name": "READ"}]}], "faults": faults}
    with running(scenario, orders={"start_of_running": answer}) as emulator:
        result = order(emulator, monkeypatch, names="job_a", state="started")
        assert (result["verdict"], result["changed"]) == ("PASS", False), result["msg"]
        assert sent(emulator) == [("job_start", "job_a")]


def test_job_params_are_sent_with_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(SCENARIO) as emulator:
        params = {"load_date": "2026-03-01", "days": 2, "full": True}
        options = {"names": "job_nightly", "state": "run", "job_params": params, "use_execution_user": True}
        result = order(emulator, monkeypatch, **options)
        assert result["verdict"] == "PASS"
        (record,) = emulator.requests("job_run")
        assert json.loads(record.body) == {
            "jobParams": [
                {"name": "load_date", "value": "2026-03-01"},
                {"name": "days", "value": "2"},
                {"name": "full", "value": "true"},
            ],
            "useExecutionUser": "true",
        }
        order(emulator, monkeypatch, names="job_nightly", state="started")
        assert emulator.requests("job_start")[0].body == ""


# -- playbooks --------------------------------------------------------------------------------------------------------

FAST = {"wait_interval": 0.1, "wait_timeout": 20}


def test_playbook_sends_orders_with_live_lines(emulator: Emulator) -> None:
    emulator.reset()
    tasks = [
        task("check", "dataarts_job", {"names": ["job_a", "job_b"], "state": "stopped"}, check_mode=True, diff=True),
        task("stop", "dataarts_job", {"name": "job_b", "state": "stopped", **FAST}, register="stopped"),
        task("again", "dataarts_job", {"job_names": "job_b", "state": "stopped", **FAST}),
        task("restore", "dataarts_job", {"state": "restored", "before": "{{ stopped.before }}", **FAST}, **OWN_PROCESS),
        task("no state", "dataarts_job", {"names": "job_b"}),
        task("bad", "dataarts_job", {"names": "job_b", "state": "stopped", "job_params": {"a": 1}}),
        task("twice", "dataarts_job", {"names": "job_b", "name": "job_a", "state": "stopped"}),
        task("too long", "dataarts_job", {"names": "job_a", "state": "started", "stable_for": 15, **FAST}, timeout=1),
    ]
    done = run([play(tasks)], connection(emulator))
    assert done["check"]["verdict"] == "PENDING"
    assert (done["check"]["changed"], done["check"]["diff"]["after"]) == (
        True,
        {"job_a": "STOPPED", "job_b": "stop ordered"},
    )
    assert (done["stop"]["verdict"], done["stop"]["changed"]) == ("PASS", True)
    assert (done["again"]["verdict"], done["again"]["changed"]) == ("PASS", False)
    assert (done["restore"]["verdict"], done["restore"]["changed"]) == ("PASS", True), done["restore"].msg
    assert sent(emulator) == [("job_stop", "job_b"), ("job_start", "job_b"), ("job_start", "job_a")]
    assert done["too long"].failed
    assert "interrupted; ordered: start of job_a" in done.output
    assert "ordering: stop of job_b" in done.output
    assert "job_b: STOPPING -> STOPPED" in done.output or "job_b: NORMAL -> STOPPED" in done.output
    assert done["no state"].msg.startswith("state: is needed")
    assert done["bad"].msg == "job_params: has no meaning with state=stopped"
    assert "means the same as" in done["twice"].msg


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted_task_reports_the_sent_orders(tmp_path: Path, number: signal.Signals) -> None:
    with running(SCENARIO, orders={"delay": 60}) as emulator:
        options = {"names": "job_a", "state": "started", "wait_timeout": 60}
        (tmp_path / "playbook.yml").write_text(json.dumps([play([task("start", "dataarts_job", options)])]), "utf-8")
        process = subprocess.Popen(
            [COMMAND, str(tmp_path / "playbook.yml")],
            cwd=tmp_path,
            env={**os.environ, **settings(), **connection(emulator), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            ordered_line = next((line for line in process.stdout if "ordering: start of job_a" in line), None)
            os.killpg(process.pid, number)
            output = ordered_line or ""
            output += process.communicate(timeout=90)[0]
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert "ordering: start of job_a" in output
        assert "Traceback" not in output
