# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recording, request log and replay with real processes: as used for a bug report."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._entry_points.event_source import Watcher
from ansible_collections.datagate.huaweicloud.plugins.modules import dataarts_job_status
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process
from tests.emulator import ACCESS_KEY, AUTH_TOKEN, PROJECT_ID, REGION, SECRET_KEY, Recording, read_recording, running
from tests.emulator.__main__ import parse_arguments

from .playbook import OWN_PROCESS, Run, connection, gate, play, run, task

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("customer_orders", "customer_clicks", "load_customers", "ada_customer", "customer-logs")
SCENARIO: dict[str, Any] = {
    "jobs": [
        {
            "name": "customer_orders",
            "owner": "ada_customer",
            "nodes": [{"name": "load_customers", "log_path": "obs://customer-logs/customer_orders/load_customers.job"}],
        },
        {"name": "customer_clicks"},
    ],
    "faults": [{"match": {"call": "job_status", "nth": 2}, "status": 503, "headers": {"Retry-After": 0}}],
}
READ = {"job_names": ["customer_orders", "customer_clicks"]}


@dataclass
class Report:
    """A run of a playbook, and the files that it wrote."""

    run: Run
    recording: Path
    requests: list[dict[str, Any]]


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("report")
    recording, log = folder / "recording.jsonl", folder / "requests.jsonl"
    (folder / "x.dataarts_jobs.yml").write_text("plugin: datagate.huaweicloud.dataarts_jobs\n", "utf-8")
    tasks = [
        task("Gate", "dataarts_job_status", READ),
        task("List", "dataarts_job_info", {"job_type": "REAL_TIME"}),
        task("Sliced", "dataarts_job_status", {**READ, "wait": True, "wait_timeout": 30}, **OWN_PROCESS),
        gate("main", "Role", {"job_gate_job_names": "customer_orders"}),
        task("Silent", "dataarts_job_status", READ, no_log=True),
    ]
    with running(SCENARIO, quota=0) as emulator:
        files = {"HW_RECORD": str(recording), "HW_REQUEST_LOG": str(log), "XDG_CACHE_HOME": str(folder)}
        environment = {
            **connection(emulator),
            **files,
            "ANSIBLE_INVENTORY_ENABLED": "datagate.huaweicloud.dataarts_jobs",
        }
        done = run([play(tasks)], environment, "-vvv", "-i", str(folder / "x.dataarts_jobs.yml"))
        assert log.exists(), done.text
        requests = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        assert len(requests) == len(emulator.requests())
    return Report(done, recording, requests)


def test_each_request_is_a_line(reported: Report) -> None:
    assert reported.run.code == 0, reported.run.text
    printed = [line for line in reported.run.output.splitlines() if "GET 127.0.0.1" in line and "ms, request " in line]
    shown = [
        request["request_id"] for request in reported.requests if any(request["request_id"] in line for line in printed)
    ]
    listed = reported.run["List"]["request_log"]
    assert [line.partition(": ")[2][:8] for line in listed] == ["HTTP 200"]
    # The task with no_log prints none of its two requests, the list returns its line, and the inventory is read first.
    assert len(shown) == len(reported.requests) - 2
    assert "?jobType=REAL_TIME&offset=0&limit=100: HTTP 200" in printed[0]
    assert sum(": HTTP 503, " in line for line in printed) >= 1
    assert "request_log" not in reported.run["Sliced"].result


def test_log_contains_no_secret(reported: Report) -> None:
    text = json.dumps(reported.requests)
    assert SECRET_KEY not in text
    assert ACCESS_KEY not in text
    assert {request["status"] for request in reported.requests} == {200, 503}


def test_processes_write_one_recording_with_the_same_names(reported: Report) -> None:
    text = reported.recording.read_text("utf-8")
    assert [name for name in (*NAMES, PROJECT_ID, ACCESS_KEY, SECRET_KEY, REGION) if name in text] == []
    assert reported.recording.stat().st_mode & 0o777 == 0o600
    recording = read_recording(reported.recording)
    assert len(recording.exchanges) == len(reported.requests)
    assert len({exchange.run for exchange in recording.exchanges}) >= 5
    whole = [
        item.options["job_names"]
        for item in recording.gates
        if item.options.get("min_jobs") and not item.options["wait"]
    ]
    assert whole[0] == whole[-1]
    assert set(recording.names) == set(whole[0])


def test_emulator_replays_the_recording(reported: Report) -> None:
    command = [sys.executable, "-m", "tests.emulator", "--replay", str(reported.recording)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        received: list[str] = []
        while not received or "ready at" not in received[-1]:
            received.append(process.stdout.readline().rstrip("\n"))
            assert received[-1], received
        try:
            check_replay(received, read_recording(reported.recording))
        finally:
            process.terminate()


def check_replay(received: list[str], recording: Recording) -> None:
    """Request a recorded path, and another one."""
    assert received[:2] == ["Ask with", f"  project_id: {recording.project_id}"]
    url = received[-1].rpartition(" ")[2]
    code = dataarts_job_status

    def ask(*names: str) -> dict[str, Any]:
        options = {
            "endpoints": dict.fromkeys(("dataarts", "dli", "iam"), url),
            "region": "nowhere-1",
            "username": "anyone",
            "password": "anything",
            "domain_name": "anywhere",
            "job_names": list(names),
        }
        return in_process.run(options, code.ARGUMENTS, code.SERVICE, code.BODY, False, "dataarts_job_status")

    result = ask(*recording.gates[0].options["job_names"])
    assert result["verdict"] == recording.gates[0].record["verdict"] == "PASS", result["msg"]
    result = ask("customer_orders")
    assert result["verdict"] == "ERROR"
    assert "REPLAY.0404" in result["msg"]


def test_emulator_needs_a_scenario_or_a_recording(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--replay", "x.jsonl", "x.yml"]):
        with pytest.raises(SystemExit) as ended:
            parse_arguments(arguments)
        assert ended.value.code == 2
        assert "give a scenario or --replay FILE" in capsys.readouterr().err


def test_event_source_logs_and_records(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recording = tmp_path / "recording.jsonl"
    with running(SCENARIO, quota=0) as emulator:
        args = {
            "endpoints": dict.fromkeys(("dataarts", "iam"), emulator.url),
            "auth_token": AUTH_TOKEN,
            "project_id": PROJECT_ID,
            "job_names": ["customer_orders"],
        }
        lines: list[str] = []
        watcher = Watcher(args, {"HW_RECORD": str(recording)}, on_request=lines.append, warn=logging.warning)
        watcher.poll()
        watcher.close()
        assert len(lines) == len(emulator.requests())
    assert "/jobs/customer_orders/status: HTTP 200" in lines[-1]
    assert len(read_recording(recording).exchanges) == len(lines)
    assert not caplog.records
