# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A waiting gate shows its progress, and its task otherwise behaves like that of any module."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator import DOMAIN_NAME, USER_NAME, USER_PASSWORD, Emulator, running

from .playbook import Run, connection, gate, play, run, task

STARTS = {"timeline": [{"at": 0, "status": "STARTING"}, {"after": "jobs", "at": 3, "status": "NORMAL"}]}
SCENARIO: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {"name": "job_slow", **STARTS, "nodes": [{"name": "n", "type": "DLI SQL"}]},
        {"name": "job_good", "status": "NORMAL"},
        {"name": "job_stuck", "status": "STARTING"},
    ],
    "dli_jobs": [
        {
            "job_id": "d1",
            "timeline": [
                {
                    "at": 0,
                    "status": "RUNNING",
                    "progress": 0.4,
                    "sub_job_id": 0,
                    "sub_jobs": [{"id": 0, "num_tasks": 20, "num_completed_tasks": 8}],
                },
                {"after": "dli", "at": 3, "status": "FINISHED", "progress": 1},
            ],
        }
    ],
}
WAIT = {"wait": True, "wait_interval": 0.5, "wait_timeout": 60}
SHORT = {"job_names": ["job_stuck"], "wait": True, "wait_interval": 0.5, "wait_timeout": 2}


def go(name: str, event: str) -> dict[str, Any]:
    return task(name, "ansible.builtin.uri", {"url": f"{{{{ emulator }}}}/_emulator/events/{event}", "method": "POST"})


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as server:
        yield server


@pytest.fixture(scope="module")
def ran(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One play with everything, so that Ansible starts only once."""
    # Ansible looks up the home of the user for the results of async tasks, and the tests' HOME is another.
    environment = {**connection(emulator), "ANSIBLE_ASYNC_DIR": str(tmp_path_factory.mktemp("async"))}
    stuck = {**SHORT, "wait_timeout": 1.5}
    tasks = [
        go("Go", "jobs"),
        task("Jobs", "dataarts_job_status", {"job_names": ["job_slow", "job_good"], **WAIT}),
        go("Go on", "dli"),
        task("Dli", "dli_job_progress", {"job_ids": "d1", **WAIT}),
        task("Hidden", "dataarts_job_status", stuck, no_log=True),
        task("Silent", "dataarts_job_status", {**stuck, "progress": False}),
        task("Check mode", "dataarts_job_status", SHORT, check_mode=True),
        task("One reading", "dataarts_job_status", {"job_names": ["job_stuck"]}),
        task("Async", "dataarts_job_status", stuck, **{"async": 60, "poll": 1}),
        task(
            "Environment",
            "dataarts_job_status",
            {"job_names": ["job_good"], **WAIT},
            environment={"HW_MAX_RETRIES": "x"},
        ),
        task("Until", "dataarts_job_status", stuck, until="u is success", retries=2, delay=0, register="u"),
        task("Template", "dataarts_job_status", {"job_names": "{{ ['job_good'] }}", "wait": "{{ 'yes' }}"}),
        task("First slice", "dataarts_job_status", {**SHORT, "wait_timeout": 600, "slice_timeout": 0.7}, register="s"),
        task(
            "Second slice",
            "dataarts_job_status",
            {**SHORT, "wait_timeout": 600, "slice_timeout": 0.7, "resume": "{{ s.resume }}"},
        ),
        task("Other options", "dataarts_job_status", {**SHORT, "wait_timeout": 500, "resume": "{{ s.resume }}"}),
        task("Bad option", "dataarts_job_status", {**WAIT, "job_names": "a/b"}),
    ]
    return run([play(tasks)], environment, variables={"emulator": emulator.url})


def lines(ran: Run, name: str) -> list[str]:
    """The lines between a task's heading and its result."""
    shown = ran.output.partition(f"TASK [{name}]")[2]
    return [line for line in re.split(r"\n(?=TASK|PLAY)", shown)[0].splitlines() if re.match(r"\d+:\d\d ", line)]


def test_changes_are_shown_immediately(ran: Run) -> None:
    assert ran["Jobs"]["verdict"] == "PASS"
    shown = lines(ran, "Jobs")
    assert shown[0].endswith("1 NORMAL, 1 STARTING; waiting for job_slow")
    assert [line for line in shown if line.endswith("job_slow: STARTING -> NORMAL")] == shown[1:2]
    assert len(shown) == len(set(shown))
    assert all(re.match(r"\d+:\d\d of 1:00: ", line) for line in shown)


def test_dli_job_shows_a_bar(ran: Run) -> None:
    assert ran["Dli"]["verdict"] == "PASS"
    assert ran["Dli"]["job"]["tasks"]["completed"] == 8, "the last seen once the job has ended"
    assert any("[########............]  40 % 8 of 20 tasks, sub-job 0" in line for line in lines(ran, "Dli"))


def test_result_of_a_live_gate_equals_one_run(ran: Run) -> None:
    result = ran["Jobs"].result
    assert result["resume"] is None
    assert [item["status"] for item in result["history"] if item["job"] == "job_slow" and item["node"] is None] == [
        "STARTING",
        "NORMAL",
    ]
    assert result["polls"] > 2


@pytest.mark.parametrize(
    "name", ["Hidden", "Silent", "Check mode", "One reading", "Async", "First slice", "Second slice"]
)
def test_no_lines_are_shown_if_disabled(ran: Run, name: str) -> None:
    assert lines(ran, name) == []


def test_failing_wait_shows_lines(ran: Run) -> None:
    assert ran.all("Until")[-1].failed
    assert ran.all("Until")[-1]["verdict"] == "TIMEOUT"
    assert lines(ran, "Until")


def test_check_mode_observes_once(ran: Run) -> None:
    assert not ran["Check mode"].failed
    assert (ran["Check mode"]["verdict"], ran["Check mode"]["polls"]) == ("PENDING", 1)


def test_async_runs_the_gate(ran: Run) -> None:
    assert ran.all("Async")[-1].failed
    assert ran.all("Async")[-1].result.get("verdict") == "TIMEOUT", ran.all("Async")[-1].result


def test_environment_reaches_the_module(ran: Run) -> None:
    assert ran["Environment"].failed
    assert "retries (HW_MAX_RETRIES)" in ran["Environment"].msg


def test_templates_are_resolved(ran: Run) -> None:
    assert ran["Template"]["verdict"] == "PASS"


def test_resume_continues_a_slice(ran: Run) -> None:
    first, second = ran["First slice"], ran["Second slice"]
    assert (first["verdict"], first.failed) == ("PENDING", False)
    assert first["resume"]
    assert second["elapsed"] > first["elapsed"]
    assert second["polls"] >= first["polls"]
    assert second["requests"] > first["requests"] or second["polls"] == first["polls"]
    assert "emulatorSecretKey" not in ran.text
    refused = ran["Other options"]
    assert refused.failed
    assert "resume: belongs to a gate with other options" in refused.msg


def test_rejected_option_is_reported_once(ran: Run) -> None:
    assert ran["Bad option"].failed
    assert ran["Bad option"].msg.startswith("job_names: ")


def test_gate_on_the_controller_uses_one_session() -> None:
    """One token and one connection, however many observations there are."""
    user = {"HW_USER_NAME": USER_NAME, "HW_USER_PASSWORD": USER_PASSWORD, "HW_DOMAIN_NAME": DOMAIN_NAME}
    with running(SCENARIO) as server:
        environment = {**connection(server), "HW_ACCESS_KEY": "", "HW_SECRET_KEY": "", **user}
        done = run([play([task("Wait", "dataarts_job_status", {**SHORT, "wait_timeout": 6})])], environment)
        assert done["Wait"]["verdict"] == "TIMEOUT"
        assert done["Wait"]["polls"] > 5
        assert server.stats["connections"] == 1
        assert len([record for record in server.journal if record.path.endswith("/auth/tokens")]) == 1


@pytest.mark.parametrize("of_the_role", [False, True])
def test_lines_do_not_disturb_a_json_callback(emulator: Emulator, of_the_role: bool) -> None:
    wait = task("Wait", "dataarts_job_status", SHORT)
    if of_the_role:
        wait = gate("wait_until_normal", "Gate", {f"job_gate_{name}": value for name, value in SHORT.items()})
    ran = run([play([wait])], {**connection(emulator), "ANSIBLE_STDOUT_CALLBACK": "whole_json"})
    by_task = json.loads(ran.output)
    if of_the_role:
        (result,) = by_task["datagate.huaweicloud.job_gate : Fail the play"]
    else:
        (result,) = by_task["Wait"]
        assert result["verdict"] == "TIMEOUT"
    assert result["msg"].startswith("TIMEOUT after ")
    assert re.search(r"^\d+:\d\d of 0:02: 1 STARTING; waiting for job_stuck$", ran.errors, re.MULTILINE)


def test_lines_name_the_host_if_there_are_several(emulator: Emulator) -> None:
    inventory = "web1 ansible_connection=local\nweb2 ansible_connection=local\n[all:vars]\n"
    inventory += 'ansible_python_interpreter="{{ ansible_playbook_python }}"\n'
    tasks = [task("Wait", "dataarts_job_status", SHORT)]
    ran = run([play(tasks, "all")], connection(emulator), inventory=inventory)
    assert re.search(r"^web1: \d+:\d\d of 0:02: 1 STARTING; waiting for job_stuck$", ran.output, re.MULTILINE)
    assert re.search(r"^web2: \d+:\d\d ", ran.output, re.MULTILINE)
    assert all(record.failed for record in ran.all("Wait"))
