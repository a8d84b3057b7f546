# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's playbooks, as ansible-playbook and as AWX (ansible-runner) run them, and the demonstration."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ansible_runner
import pytest
import yaml

from tests.emulator import SECRET_KEY, Emulator, running

from .playbook import connection, run, settings

ROOT = Path(__file__).resolve().parent.parent.parent
GATE = "datagate.huaweicloud.gate"
REPORT = "datagate.huaweicloud.job_report"
DEPLOY = "datagate.huaweicloud.deploy_with_gates"

SCENARIO: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {"name": "job_good"},
        {"name": "job_trap", "nodes": [{"name": "BROKEN", "status": "EXCEPTION", "log_path": "obs://logs/BROKEN.job"}]},
        {
            "name": "job_stream",
            "start_time": "now-3600",
            "timeline": [
                {"after": "deploy", "at": 0, "status": "STOPPED"},
                {"after": "deploy", "at": 0.5, "status": "STARTING", "start_time": "now"},
                {"after": "deploy", "at": 1, "status": "NORMAL"},
            ],
        },
        {"name": "job_nightly", "type": "BATCH"},
    ],
    "dli_jobs": [{"job_id": "dli-good"}],
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


class Job:
    """A job as AWX runs it: variables from a survey, credentials as environment variables, events instead of output."""

    def __init__(self, folder: Path, emulator: Emulator, survey: Mapping[str, str]) -> None:
        done = ansible_runner.run(
            private_data_dir=str(folder),
            playbook=GATE,
            envvars={**settings(), **connection(emulator), "PATH": os.environ["PATH"]},
            extravars=dict(survey),
            quiet=True,
        )
        self.code, self.status = done.rc, done.status
        self.events = list(done.events)
        self.text = "\n".join(event["stdout"] for event in self.events)

    def results(self, task: str) -> list[dict[str, Any]]:
        """What a task of the role returned."""
        return [
            event["event_data"]["res"]
            for event in self.events
            if event["event"] in ("runner_on_ok", "runner_on_failed") and event["event_data"]["task"] == task
        ]


SURVEY = {"job_gate_wait_interval": "0.3", "job_gate_wait_timeout": "20", "job_gate_tags": "", "job_gate_workspace": ""}


def test_a_gate_passes_in_awx(tmp_path: Path, emulator: Emulator) -> None:
    job = Job(tmp_path, emulator, {**SURVEY, "job_gate_entry": "", "job_gate_job_names": "job_good\njob_stream\n"})
    assert (job.code, job.status) == (0, "successful"), job.text
    (said,) = job.results("Say what the gate found")
    assert said["msg"].startswith("PASS")
    assert "2 of 2 jobs ready" in said["msg"]
    assert SECRET_KEY not in str(job.events)


def test_a_gate_fails_in_awx(tmp_path: Path, emulator: Emulator) -> None:
    survey = {**SURVEY, "job_gate_entry": "fail_on_exception", "job_gate_job_names": "job_good, job_trap"}
    job = Job(tmp_path, emulator, survey)
    assert (job.code, job.status) == (2, "failed")
    (stopped,) = job.results("Stop at the gate")
    assert stopped["msg"].startswith("FAIL")
    assert "job_trap: node BROKEN is EXCEPTION (log obs://logs/BROKEN.job)" in stopped["msg"]
    failures = [event for event in job.events if event["event"] == "runner_on_failed"]
    assert len(failures) == 1
    assert SECRET_KEY not in str(job.events)


def test_a_gate_takes_dli_jobs(emulator: Emulator) -> None:
    variables = {"job_gate_entry": "dli_finished", "job_gate_job_ids": "dli-good"}
    done = run(GATE, connection(emulator), variables=variables)
    assert done.code == 0, done.text
    assert done["Keep the gate's result"]["ansible_facts"]["job_gate_result"]["verdict"] == "PASS"


def test_an_unknown_entry_point_is_refused(emulator: Emulator) -> None:
    emulator.clear()
    done = run(
        GATE, connection(emulator), variables={"job_gate_entry": "wait_for_rain", "job_gate_job_names": "job_good"}
    )
    assert done.code == 2
    message = done["Refuse an unknown entry point"].msg
    assert "job_gate_entry: wait_for_rain" in message
    assert "wait_until_normal" in message
    assert emulator.journal == []


def test_the_report_shows_every_job_by_state(emulator: Emulator) -> None:
    done = run(REPORT, connection(emulator), variables={"job_report_tags": "", "job_report_workspace": ""})
    assert done.code == 0, done.text
    lines = done["Show the jobs by state"]["msg"]
    assert [line.split() for line in lines] == [
        ["NORMAL", "3"],
        ["SCHEDULING", "1"],
        ["shown", "4", "of", "4"],
        ["NORMAL", "REAL_TIME", "job_good"],
        ["NORMAL", "REAL_TIME", "job_stream"],
        ["NORMAL", "REAL_TIME", "job_trap"],
        ["SCHEDULING", "BATCH", "job_nightly"],
    ]


def deployment(folder: Path, emulator: Emulator) -> str:
    """A file of tasks that restart job_stream."""
    file = folder / "deploy.yml"
    uri = {"url": f"{emulator.url}/_emulator/events/deploy", "method": "POST"}
    file.write_text(yaml.safe_dump([{"name": "Restart job_stream", "ansible.builtin.uri": uri}]), "utf-8")
    return str(file)


PACE = {"job_gate_wait_interval": 0.3, "deploy_stable_for": 0.5, "deploy_clock_tolerance": 0}


def test_a_deployment_passes_both_gates(tmp_path: Path, emulator: Emulator) -> None:
    variables = {**PACE, "job_gate_job_names": "job_stream", "deploy_task_file": deployment(tmp_path, emulator)}
    done = run(DEPLOY, connection(emulator), variables={**variables, "deploy_timeout": 20})
    assert done.code == 0, done.text
    assert done["Restart job_stream"].status == "ok"
    before, after = (record["ansible_facts"]["job_gate_result"] for record in done.all("Keep the gate's result"))
    assert (before["verdict"], after["verdict"]) == ("PASS", "PASS")
    assert after["elapsed"] >= 0.5
    assert not done.all("Roll back")


def test_a_deployment_without_a_restart_is_rolled_back_and_fails(emulator: Emulator) -> None:
    variables = {**PACE, "job_gate_job_names": "job_good", "deploy_timeout": 1}
    done = run(DEPLOY, connection(emulator), variables=variables)
    assert done.code == 2
    assert done["Roll back"].status == "ok"
    message = done["Fail all the same"].msg
    assert "rolled back: TIMEOUT" in message
    assert "job_good was started" in message


def test_a_job_that_fails_already_stops_the_deployment(emulator: Emulator) -> None:
    done = run(DEPLOY, connection(emulator), variables={**PACE, "job_gate_job_names": "job_new,job_trap"})
    assert done.code == 2
    assert not done.all("Deploy")
    assert not done.all("Roll back")
    assert "node BROKEN is EXCEPTION" in done["Stop at the gate"].msg


# The exit code is 0 only when every verdict was the expected one; the demonstration itself looks at them.
@pytest.mark.timeout(120)
def test_the_demonstration() -> None:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        cwd=ROOT,
        env={
            **os.environ,
            "HW_AUTH_TOKEN": "of another cloud",
            "https_proxy": "http://127.0.0.1:9",
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - started < 60
    assert "node DLI_SMS_GES is EXCEPTION" in done.stdout
    assert SECRET_KEY not in done.stdout + done.stderr
    address = re.search(r"http://127\.0\.0\.1:(\d+)", done.stdout)
    assert address
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", int(address.group(1)))) != 0, "the emulator is still there"
