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
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import ansible_runner
import pytest
import yaml

from tests.emulator import SECRET_KEY, Emulator, running

from .page import blocks, pattern
from .playbook import Run, connection, run, settings

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
                {"after": "stop", "at": 0.5, "status": "STOPPED"},
                {"after": "deploy", "at": 0, "status": "STOPPED"},
                {"after": "deploy", "at": 0.5, "status": "STARTING", "start_time": "now"},
                {"after": "deploy", "at": 1, "status": "NORMAL"},
            ],
        },
        {
            "name": "job_slow",
            "status": "STOPPED",
            "timeline": [
                {"after": "slow", "at": 1.5, "status": "STARTING"},
                {"after": "slow", "at": 4, "status": "NORMAL"},
            ],
        },
        {"name": "job_nightly", "type": "BATCH"},
    ],
    "dli_jobs": [{"job_id": "dli-good"}],
    "faults": [{"match": {"call": "job_status", "job": "job_slow", "first": 1}, "fire": "slow"}],
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


class Job:
    """A job as AWX runs it: variables from a survey, credentials as environment variables, events instead of output."""

    def __init__(self, folder: Path, emulator: Emulator, survey: Mapping[str, str], playbook: str = GATE) -> None:
        done = ansible_runner.run(
            private_data_dir=str(folder),
            playbook=playbook,
            envvars={**settings(), **connection(emulator), "PATH": os.environ["PATH"]},
            extravars=dict(survey),
            quiet=True,
        )
        self.code, self.status = done.rc, done.status
        self.events = sorted(done.events, key=lambda event: event["counter"])
        self.text = "\n".join(event["stdout"] for event in self.events)

    @property
    def artifacts(self) -> dict[str, Any]:
        """The artifacts that AWX keeps for later jobs of the workflow."""
        (event,) = [event for event in self.events if event["event"] == "playbook_on_stats"]
        return dict(event["event_data"].get("artifact_data", {}))

    def results(self, task: str) -> list[dict[str, Any]]:
        """The results of a task of the role."""
        return [
            event["event_data"]["res"]
            for event in self.events
            if event["event"] in ("runner_on_ok", "runner_on_failed") and event["event_data"]["task"] == task
        ]


SURVEY = {"job_gate_wait_interval": "0.3", "job_gate_wait_timeout": "20", "job_gate_tags": "", "job_gate_workspace": ""}


def test_gate_passes_in_awx(tmp_path: Path, emulator: Emulator) -> None:
    job = Job(tmp_path, emulator, {**SURVEY, "job_gate_entry": "", "job_gate_job_names": "job_good\njob_stream\n"})
    assert (job.code, job.status) == (0, "successful"), job.text
    (gate_result,) = job.results("Run the gate wait_until_normal")
    assert gate_result["msg"].startswith("PASS")
    assert "2 of 2 jobs ready" in gate_result["msg"]
    assert job.artifacts["job_gate"]["verdict"] == "PASS"
    assert SECRET_KEY not in str(job.events)


def test_gate_fails_in_awx(tmp_path: Path, emulator: Emulator) -> None:
    survey = {**SURVEY, "job_gate_entry": "fail_on_exception", "job_gate_job_names": "job_good, job_trap"}
    job = Job(tmp_path, emulator, survey)
    assert (job.code, job.status) == (2, "failed")
    (stopped,) = job.results("Fail the play")
    assert stopped["msg"].startswith("FAIL")
    assert "job_trap: node BROKEN is EXCEPTION (log obs://logs/BROKEN.job)" in stopped["msg"]
    failures = [event for event in job.events if event["event"] == "runner_on_failed"]
    assert [event["event_data"]["res"]["msg"] for event in failures] == ["FAIL", stopped["msg"]]
    assert job.artifacts["job_gate"] == {
        "verdict": "FAIL",
        "failed": True,
        "msg": stopped["msg"],
        "codes": ["node_exception"],
        "named_jobs": ["job_trap"],
        "by_status": {"NORMAL": 2},
        "elapsed": job.artifacts["job_gate"]["elapsed"],
        "polls": 1,
        "requests": 2,
        "override_reason": None,
        "finished_at": job.artifacts["job_gate"]["finished_at"],
        "run": {},
    }
    assert SECRET_KEY not in str(job.events)


def test_live_lines_are_events_in_awx(tmp_path: Path, emulator: Emulator) -> None:
    job = Job(tmp_path, emulator, {**SURVEY, "job_gate_job_names": "job_slow"})
    assert (job.code, job.status) == (0, "successful"), job.text
    # Output outside of callbacks, for example warnings, has no data.
    known = [event for event in job.events if "event_data" in event]
    ask = [event for event in known if event["event_data"].get("task") == "Run the gate wait_until_normal"]
    (began,) = [event for event in ask if event["event"] == "runner_on_start"]
    (ended,) = [event for event in ask if event["event"] == "runner_on_ok"]
    lines = [event for event in job.events if event["event"] == "verbose" and "job_slow" in event["stdout"]][:-1]
    assert len(lines) >= 2
    assert all(began["counter"] < event["counter"] < ended["counter"] for event in lines)
    assert "STOPPED" in lines[0]["stdout"]
    assert "STARTING -> NORMAL" in lines[-1]["stdout"]
    # Printed when it was read, not at the end.
    waited = datetime.fromisoformat(ended["created"]) - datetime.fromisoformat(lines[0]["created"])
    assert waited.total_seconds() >= 1


# Artifacts of earlier deployments and other playbooks: AWX passes them as extra variables.
EARLIER: dict[str, Any] = {
    "deploy_outcome": "deployed",
    "deploy_failure": "of the other deployment",
    "deploy_began": 1,
    "job_gate_after": {"verdict": "PASS", "failed": False, "msg": "PASS of the other deployment"},
    "job_gate_result": {"verdict": "PASS", "failed": False, "msg": "PASS of the other deployment"},
}


def test_artifacts_of_an_earlier_deployment_are_replaced(tmp_path: Path, emulator: Emulator) -> None:
    job = Job(
        tmp_path,
        emulator,
        {
            **SURVEY,
            **EARLIER,
            **no_start(tmp_path),
            "job_gate_job_names": "job_good",
            "deploy_timeout": "1",
            "deploy_stable_for": "0",
        },
        DEPLOY,
    )
    assert (job.code, job.status) == (2, "failed")
    assert job.artifacts["deploy_outcome"] == "failed, not rolled back"
    assert job.artifacts["job_gate_before"]["verdict"] == "PASS"
    assert job.artifacts["job_gate_after"]["verdict"] == "TIMEOUT"
    assert "job_good is STOPPED" in job.artifacts["job_gate_after"]["msg"]
    (failed,) = job.results("Fail the deployment")
    assert failed["msg"].startswith(
        "The deployment failed and was not rolled back (deploy_rollback_file is not set): TIMEOUT"
    )
    assert "of the other deployment" not in str(job.artifacts) + failed["msg"]
    text = " ".join(job.text.split())
    assert "job_gate_result: an extra variable overrides the fact" in text
    assert "job_gate_after and job_gate_result: an extra variable overrides the fact" in text, text


@pytest.mark.parametrize("began", [pytest.param(1795601217743, marks=pytest.mark.slow), "1795601217743\n"])
def test_started_after_of_an_earlier_deployment_is_rejected(tmp_path: Path, emulator: Emulator, began: Any) -> None:
    emulator.clear()
    artifacts = {"deploy_outcome": "deployed", "job_gate_started_after": began}
    survey = {**SURVEY, **artifacts, **nothing(tmp_path), "job_gate_job_names": "job_good"}
    job = Job(tmp_path, emulator, survey, DEPLOY)
    assert (job.code, job.status) == (2, "failed")
    (refused,) = job.results("Reject job_gate_started_after as an extra variable")
    assert refused["msg"].startswith("job_gate_started_after: is set by this playbook")
    assert job.artifacts == {"deploy_outcome": "stopped before the deployment"}
    assert emulator.journal == []


@pytest.mark.parametrize("time", ["", pytest.param("0", marks=pytest.mark.slow), 0])
def test_deployment_without_a_restart_can_disable_started_after(tmp_path: Path, emulator: Emulator, time: Any) -> None:
    variables = {**PACE, "job_gate_job_names": "job_good", "job_gate_started_after": time, "deploy_timeout": 20}
    done = run(DEPLOY, connection(emulator), variables={**variables, **nothing(tmp_path)})
    assert done.code == 0, done.text
    assert outcome(done) == "deployed"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"deploy_task_file": ""}, "deploy_task_file: is required"),
        ({"deploy_task_file": "/nope.yml"}, "deploy_task_file: there is no file /nope.yml"),
        ({"deploy_rollback_file": "nope.yml"}, "deploy_rollback_file: there is no file"),
        ({"deploy_stop_file": "/nope.yml"}, "deploy_stop_file: there is no file /nope.yml"),
        ({"deploy_start_file": "/nope.yml"}, "deploy_start_file: there is no file /nope.yml"),
        ({"deploy_timeout": "ten"}, "deploy_timeout: must be a number of seconds"),
        ({"deploy_timeout": "40"}, "deploy_stable_for: 60 s must not be longer than deploy_timeout (40 s)"),
    ],
)
def test_invalid_variables_stop_before_the_deployment(
    tmp_path: Path, emulator: Emulator, given: dict[str, str], words: str
) -> None:
    emulator.clear()
    done = run(DEPLOY, connection(emulator), variables={"job_gate_job_names": "job_good", **nothing(tmp_path), **given})
    assert done.code == 2
    assert next(record.msg for record in done.records if record.failed).startswith(words)
    assert outcome(done) == "stopped before the deployment"
    assert emulator.journal == []


def test_unrelated_variables_do_not_change_the_entry_point(emulator: Emulator) -> None:
    others = {"entry": "fail_on_exception", "entries": [], "said": ["something else"]}
    variables = {**others, "job_gate_job_names": "job_trap", "job_gate_wait_timeout": 20}
    done = run(GATE, connection(emulator), variables=variables)
    assert done.code == 2
    assert done["Run the gate wait_until_normal"].failed
    assert "node BROKEN is EXCEPTION" in done["Fail the play"].msg


def test_gate_playbook_accepts_dli_jobs(emulator: Emulator) -> None:
    variables = {"job_gate_entry": "dli_finished", "job_gate_job_ids": "dli-good"}
    done = run(GATE, connection(emulator), variables=variables)
    assert done.code == 0, done.text
    assert done["Set the result facts"]["ansible_facts"]["job_gate_result"]["verdict"] == "PASS"


def test_unknown_entry_point_is_rejected(emulator: Emulator) -> None:
    emulator.clear()
    done = run(
        GATE, connection(emulator), variables={"job_gate_entry": "wait_for_rain", "job_gate_job_names": "job_good"}
    )
    assert done.code == 2
    message = done["Fail the play"].msg
    assert message.startswith("job_gate_entry: 'wait_for_rain' is no entry point")
    assert "wait_until_normal" in message
    assert emulator.journal == []


def test_report_shows_each_job_by_state(emulator: Emulator) -> None:
    emulator.reset()
    done = run(
        REPORT,
        connection(emulator),
        variables={"job_report_tags": "", "job_report_workspace": "", "job_report_dir": " "},
    )
    assert done.code == 0, done.text
    assert {record.status for record in done.all("Write the report")} == {"skipped"}
    lines = done["Show the jobs by state"]["msg"]
    assert [line.split() for line in lines] == [
        ["STOPPED", "1"],
        ["NORMAL", "3"],
        ["SCHEDULING", "1"],
        ["shown", "5", "of", "5"],
        ["STOPPED", "REAL_TIME", "job_slow"],
        ["NORMAL", "REAL_TIME", "job_good"],
        ["NORMAL", "REAL_TIME", "job_stream"],
        ["NORMAL", "REAL_TIME", "job_trap"],
        ["SCHEDULING", "BATCH", "job_nightly"],
        [],
        ["Nodes:", "not", "checked", "(set", "job_report_check_nodes=true", "to", "check", "them)"],
    ]


def test_report_checks_nodes_and_runs_if_enabled(tmp_path: Path, emulator: Emulator) -> None:
    variables = {"job_report_check_nodes": "true", "job_report_check_runs": "true", "job_report_dir": str(tmp_path)}
    done = run(REPORT, connection(emulator), variables=variables)
    assert done.code == 0, done.text
    nodes, runs = done["Show the jobs by state"]["msg"][-2:]
    assert "job_trap: node BROKEN is EXCEPTION" in nodes
    assert runs.endswith("job_nightly has no run since 24 h ago.")
    assert "node BROKEN is EXCEPTION" in (tmp_path / "jobs.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("playbook", "variable", "value"),
    [
        (REPORT, "job_report_tags", 1.1),
        (REPORT, "job_report_name_contains", True),
        ("datagate.huaweicloud.gate_verdict", "gate_verdict_id", 1),
        ("datagate.huaweicloud.gate_sliced", "job_gate_hosts", 83),
        ("datagate.huaweicloud.job_watch", "job_watch_job_names", 83),
    ],
)
def test_values_that_ansible_converted_are_rejected(
    emulator: Emulator, playbook: str, variable: str, value: Any
) -> None:
    # AWX's answers on ansible-core 2.19 and newer: 1.10 becomes 1.1, and 0123 becomes 83.
    emulator.clear()
    variables = {variable: value, "job_watch_file": "/tmp/none.prom", "job_gate": {"verdict": "TIMEOUT"}}
    done = run(playbook, connection(emulator), variables=variables)
    assert done.code in (1, 2, 4), done.text
    assert f"{variable}: arrives as " in " ".join(done.text.split())
    assert "double quotes" in " ".join(done.text.split())
    assert emulator.stats["requests"] == 0


def test_double_quotes_around_text_are_removed(emulator: Emulator) -> None:
    done = run(REPORT, connection(emulator), variables={"job_report_tags": '"1.10"'})
    assert done.code == 0, done.text
    sent_tags = [dict(record.query).get("tags") for record in emulator.requests("job_list")]
    assert ["1.10"] in sent_tags or "1.10" in sent_tags


def test_report_ignores_an_earlier_report(emulator: Emulator) -> None:
    earlier = {"job_report": {"jobs": [], "total": 0, "by_status": {}}}
    done = run(REPORT, connection(emulator), variables=earlier)
    assert done.code == 0, done.text
    assert "shown 5 of 5" in [" ".join(line.split()) for line in done["Show the jobs by state"]["msg"]]


def tasks_file(folder: Path, name: str, *tasks: Mapping[str, Any]) -> str:
    """A file of tasks."""
    file = folder / f"{name}.yml"
    file.write_text(yaml.safe_dump([{"name": name, **task} for task in tasks]), "utf-8")
    return str(file)


def nothing(folder: Path) -> dict[str, str]:
    """A deployment that does nothing."""
    return {"deploy_task_file": tasks_file(folder, "nothing", {"ansible.builtin.debug": {"msg": "nothing"}})}


def no_start(folder: Path) -> dict[str, str]:
    """A deployment that does nothing, and starts nothing afterwards."""
    given = nothing(folder)
    return {**given, "deploy_start_file": given["deploy_task_file"]}


def event(emulator: Emulator, name: str) -> dict[str, Any]:
    """A task that makes something happen in the emulator."""
    return {"ansible.builtin.uri": {"url": f"{emulator.url}/_emulator/events/{name}", "method": "POST"}}


PACE = {"job_gate_wait_interval": 0.3, "deploy_stable_for": 0.5, "deploy_clock_tolerance": 0}


def verdicts(done: Run) -> list[str]:
    """The verdicts of the gates of a deployment, in order."""
    return [
        record["ansible_facts"]["job_gate_result"]["verdict"]
        for record in done.all("Set the result facts")
        if record.status == "ok"
    ]


def outcome(done: Run) -> str:
    """The artifact that a deployment sets, successful or not."""
    return str(done["Store the outcome as an artifact"]["ansible_stats"]["data"]["deploy_outcome"])


def test_deployment_passes_its_gates(tmp_path: Path, emulator: Emulator) -> None:
    variables = {
        **PACE,
        "job_gate_job_names": "job_stream,job_new",
        "job_gate_missing": "ok",
        "deploy_stop_file": tasks_file(tmp_path, "stop", event(emulator, "stop")),
        "deploy_task_file": tasks_file(tmp_path, "deploy", event(emulator, "deploy")),
        "deploy_timeout": 20,
    }
    done = run(DEPLOY, connection(emulator), variables=variables)
    assert done.code == 0, done.text
    assert done["stop"].status == done["deploy"].status == "ok"
    assert verdicts(done) == ["PASS", "PASS", "PASS"]
    assert outcome(done) == "deployed"
    assert not done.all("Roll back")


def test_deployment_without_a_restart_is_rolled_back(tmp_path: Path, emulator: Emulator) -> None:
    undo = {"ansible.builtin.debug": {"var": "job_gate_after.verdict"}}
    variables = {
        **PACE,
        "job_gate_job_names": "job_good",
        "deploy_timeout": 3,
        "deploy_rollback_file": tasks_file(tmp_path, "undo", undo),
        **no_start(tmp_path),
    }
    done = run(DEPLOY, connection(emulator), variables=variables)
    assert done.code == 2
    assert verdicts(done) == ["PASS", "PASS", "TIMEOUT"]
    assert done["undo"]["job_gate_after.verdict"] == "TIMEOUT"
    message = done["Fail the deployment"].msg
    assert "was rolled back: TIMEOUT" in message
    assert "job_good is STOPPED" in message
    assert message.endswith("The jobs that ran before run (job_good).")
    assert outcome(done) == "failed, rolled back"


def test_jobs_that_do_not_stop_are_started_again_before_the_deployment(tmp_path: Path, emulator: Emulator) -> None:
    debug = {"ansible.builtin.debug": {"msg": "nothing"}}
    variables = {
        **PACE,
        "job_gate_job_names": "job_good",
        "deploy_drain_timeout": 1,
        "deploy_stop_file": tasks_file(tmp_path, "stop", debug),
        "deploy_task_file": tasks_file(tmp_path, "deploy", debug),
        "deploy_rollback_file": tasks_file(tmp_path, "undo", debug),
    }
    done = run(DEPLOY, connection(emulator), variables=variables)
    assert done.code == 2
    assert verdicts(done) == ["PASS", "TIMEOUT"]
    assert not done.all("deploy")
    assert done["undo"].status == "ok"


def test_deployment_restarts_running_jobs_and_names_the_others(tmp_path: Path) -> None:
    lost = [
        {"match": {"call": "job_stop"}, "times": 1, "status": 503, "acts": True},
        {"match": {"call": "job_start", "job": "job_a"}, "times": 1, "reset": "before_headers", "acts": True},
    ]
    jobs = [{"name": "job_a", "tags": ["x"]}, {"name": "job_b", "tags": ["x"]}]
    others = [{"name": "job_old", "tags": ["x"], "status": "STOPPED"}, {"name": "job_other"}]
    with running({"quota": 0, "jobs": [*jobs, *others]}, faults=lost) as emulator:
        given = {**PACE, **nothing(tmp_path), "job_gate_tags": "x", "deploy_timeout": 30, "deploy_settle": 0.1}
        checked = run(DEPLOY, connection(emulator), "--check", variables=given)
        assert checked.code == 0, checked.text
        assert "would order: stop of job_a, job_b" in checked["Stop the jobs that run"].msg
        assert checked["Show what would be done"].msg.startswith("Would stop job_a, job_b, run ")
        assert checked["Show what would be done"].msg.endswith("and start job_a, job_b")
        assert [record for record in emulator.journal if record.method == "POST"] == []
        done = run(DEPLOY, connection(emulator), variables=given)
        assert done.code == 0, done.text
        # A stopped job is not ready, and does not stop a deployment.
        assert (verdicts(done), outcome(done)) == (["PENDING", "PASS", "PASS"], "deployed")
        orders = [(record.call, record.job) for record in emulator.journal if record.method == "POST"]
        assert sorted(orders) == [
            ("job_start", "job_a"),
            ("job_start", "job_b"),
            ("job_stop", "job_a"),
            ("job_stop", "job_b"),
        ]
    assert done["Name the jobs that are left as they are"].msg.endswith("job_old")


def test_failed_deployment_starts_what_ran_before(tmp_path: Path) -> None:
    broken = {"ansible.builtin.fail": {"msg": "not deployed"}}
    with running({"quota": 0, "jobs": [{"name": "job_a"}, {"name": "job_b", "status": "STOPPED"}]}) as emulator:
        given = {
            **PACE,
            "job_gate_job_names": "job_a,job_b",
            "deploy_task_file": tasks_file(tmp_path, "deploy", broken),
        }
        done = run(DEPLOY, connection(emulator), variables=given)
        orders = [(record.call, record.job) for record in emulator.journal if record.method == "POST"]
    assert done.code == 2
    assert orders == [("job_stop", "job_a"), ("job_start", "job_a")]
    assert done["Fail the deployment"].msg == (
        "The deployment failed and was not rolled back (deploy_rollback_file is not set): not deployed. "
        "The jobs that ran before run (job_a)."
    )


def test_failed_rollback_is_reported(tmp_path: Path, emulator: Emulator) -> None:
    broken = {"ansible.builtin.fail": {"msg": "no way back"}}
    variables = {
        **PACE,
        "job_gate_job_names": "job_good",
        "deploy_task_file": tasks_file(tmp_path, "deploy", {"ansible.builtin.fail": {"msg": "not deployed"}}),
        "deploy_rollback_file": tasks_file(tmp_path, "undo", broken),
    }
    done = run(DEPLOY, connection(emulator), variables=variables)
    assert done.code == 2
    assert done["undo"].msg == "no way back"
    assert not done.all("Start again what ran before")
    assert outcome(done) == "failed, and the rollback failed as well"


def test_failing_job_stops_before_the_deployment(tmp_path: Path, emulator: Emulator) -> None:
    variables = {**PACE, **nothing(tmp_path), "job_gate_job_names": "job_new,job_trap"}
    done = run(DEPLOY, connection(emulator), variables=variables)
    assert done.code == 2
    assert not done.all("Deploy")
    assert not done.all("Roll back")
    assert "node BROKEN is EXCEPTION" in done["Fail the play"].msg
    assert outcome(done) == "stopped before the deployment"


VERDICT = {"verdict": "TIMEOUT", "msg": "TIMEOUT"}
ON_LOCALHOST: dict[str, dict[str, Any]] = {
    "deploy_with_gates": {"job_gate_job_names": "job_good", "deploy_task_file": "/etc/hostname"},
    "doctor": {},
    "gate": {"job_gate_job_names": "job_trap"},
    "gate_sliced": {"job_gate_hosts": "others"},
    "gate_verdict": {"job_gate": VERDICT},
    "job_action": {"job_action_names": "job_good", "job_action_state": "started"},
    "job_report": {},
    "job_watch": {"job_watch_file": "x.prom"},
}
"""Playbooks that run on localhost only, with variables that they need."""


@pytest.mark.parametrize("playbook", ON_LOCALHOST)
def test_playbook_with_a_limit_that_excludes_localhost_fails(emulator: Emulator, playbook: str) -> None:
    inventory = yaml.safe_dump({"web": {"hosts": {"web1": {}}}, "others": {"hosts": {"web2": {}}}})
    name = f"datagate.huaweicloud.{playbook}"
    done = run(name, connection(emulator), "--limit", "web", variables=ON_LOCALHOST[playbook], inventory=inventory)
    assert done.code == 2, done.text


def test_playbook_reports_an_empty_limit_and_skipped_tags() -> None:
    # Where the inventory has no hosts, as that of a job template in AWX, Ansible skips a play without remaining hosts.
    variables, inventory = {"job_gate": VERDICT}, yaml.safe_dump({"all": {}})
    done = run("datagate.huaweicloud.gate_verdict", {}, "--limit", "web", variables=variables, inventory=inventory)
    assert done.code not in (0, 2), done.text
    assert "--limit web: this playbook runs on localhost" in done.text
    done = run("datagate.huaweicloud.gate_verdict", {}, "--skip-tags", "always", variables=variables)
    assert done.code not in (0, 2), done.text
    assert "--skip-tags always: this playbook would do nothing" in done.text


@pytest.mark.parametrize(
    ("playbook", "variable", "meant"),
    [
        ("deploy_with_gates", "deploy_stabel_for", "did you mean `deploy_stable_for`?"),
        ("doctor", "doctor_job", "did you mean `doctor_job_name`?"),
        ("gate_sliced", "gate_sliced_slice", "did you mean `gate_sliced_slices`?"),
        ("gate_verdict", "gate_verdict_want", "did you mean `gate_verdict_wanted`?"),
        ("job_action", "job_action_timeout", "did you mean `job_action_wait_timeout`?"),
        ("job_report", "job_report_status", "did you mean `job_report_statuses`?"),
        ("job_watch", "job_watch_node", "did you mean `job_watch_"),
    ],
)
def test_misspelt_variable_fails_before_any_request(
    emulator: Emulator, playbook: str, variable: str, meant: str
) -> None:
    variables = {**ON_LOCALHOST[playbook], variable: 1}
    emulator.clear()
    done = run(f"datagate.huaweicloud.{playbook}", connection(emulator), variables=variables)
    assert done.code == 2, done.text
    assert done["Check the names of the variables"].msg.startswith(f"{variable}: is not a variable of this playbook; ")
    assert meant in done["Check the names of the variables"].msg
    assert not emulator.journal


def test_each_localhost_playbook_checks_limit_and_tags() -> None:
    """The first play of each begins as that of gate_verdict does."""
    plays = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / "playbooks").glob("*.yml")}
    alike = [name for name, (first, *dummy) in plays.items() if first["hosts"] == plays["gate_verdict"][0]["hosts"]]
    assert sorted(alike) == sorted(ON_LOCALHOST) == sorted({*plays} - {"awx_setup"})
    assert all(item["tags"] == ["always"] for name in alike for item in plays[name])


@pytest.mark.parametrize("limit", [(), ("--limit", "web,localhost"), ("--tags", "x")])
def test_playbook_runs_with_localhost_in_the_limit_and_with_tags(emulator: Emulator, limit: tuple[str, ...]) -> None:
    inventory = yaml.safe_dump({"web": {"hosts": {"web1": {}}}})
    done = run("datagate.huaweicloud.gate_verdict", {}, *limit, variables={"job_gate": VERDICT}, inventory=inventory)
    assert done.code == 0, done.text
    assert done["Show the verdict"].host == "localhost"


@pytest.mark.parametrize(
    ("artifact", "code"),
    [({"workflow": "7"}, 0), ({"workflow": 6}, 2), (None, 2)],
)
def test_verdict_counts_only_in_its_workflow_run(artifact: dict[str, Any] | None, code: int) -> None:
    variables = {"job_gate": {**VERDICT, "run": artifact}, "awx_workflow_job_id": 7}
    done = run("datagate.huaweicloud.gate_verdict", {}, variables=variables)
    assert done.code == code, done.text


# The exit code is 0 only when every verdict was the expected one; the demonstration itself looks at them.
@pytest.mark.timeout(300)
def test_demonstration_succeeds() -> None:
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
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "node DLI_SMS_GES is EXCEPTION" in done.stdout
    assert "ok      authentication  the service accepts the credentials" in done.stdout
    assert SECRET_KEY not in done.stdout + done.stderr
    guide = blocks((ROOT / "docs" / "guides" / "first_gate.md").read_text("utf-8"))
    (shown,) = [block.code for block in guide if block.code.startswith("The gates said:")]
    assert pattern(shown).search(" ".join(done.stdout.split()))
    address = re.search(r"http://127\.0\.0\.1:(\d+)", done.stdout)
    assert address
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", int(address.group(1)))) != 0, "the emulator is still there"
