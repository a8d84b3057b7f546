# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each example, run by the command of its README, against its own scenario of the emulator.

Additional variables set the address of the emulator, and shorter times.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from junitparser import JUnitXml

from tests.emulator import SECRET_KEY, Emulator, running

from .playbook import Run, connection, run, settings

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples"
FOLDERS = sorted(folder.name for folder in EXAMPLES.iterdir() if folder.is_dir() and folder.name[0] != ".")
TESTED_ELSEWHERE = {
    "monitoring": "test_job_watch.py",
    "azure_devops": "test_ci_examples.py",
    "codearts": "test_ci_examples.py",
    "github_actions": "test_ci_examples.py",
    "gitlab_ci": "test_ci_examples.py",
    "jenkins": "test_ci_examples.py",
    "chat_card": "test_chat_card.py",
}
HERE = sorted(set(FOLDERS) - set(TESTED_ELSEWHERE))
WITH_A_SCENARIO = sorted(set(FOLDERS) - {"monitoring"})
MAX_README_LINES = 60
"""Lines that fit on a screen."""


def commands(example: str, program: str) -> list[str]:
    """The commands in the README of an example that start a program, in order."""
    lines = (EXAMPLES / example / "README.md").read_text("utf-8").replace("\\\n", "").splitlines()
    return [line.strip() for line in lines if line.startswith(f"    {program} ")]


def cloud(example: str, **overrides: Any) -> Any:
    """The emulator with the scenario of an example."""
    return running(EXAMPLES / example / "scenario.yml", **overrides)


def attempt(example: str, emulator: Emulator, number: int = 0, **variables: Any) -> Run:
    """Run a command of the README, by default the first one, with the address of the emulator."""
    program, playbook, *arguments = shlex.split(commands(example, "ansible-playbook")[number])
    assert program == "ansible-playbook"
    here = [argument.replace("examples/", f"{EXAMPLES}/") for argument in arguments]
    last = {"emulator_url": emulator.url, "job_gate_wait_interval": 0.2, **variables}
    return run(str(ROOT / playbook), connection(emulator), *here, "-e", json.dumps(last))


def verdicts(done: Run) -> list[str]:
    """The verdicts of the gates, in order."""
    return [gate["verdict"] for gate in done.gates]


def happened(emulator: Emulator) -> list[str]:
    """The events that the stand-ins sent to the emulator, in order."""
    with urllib.request.urlopen(f"{emulator.url}/_emulator/", timeout=60) as answer:
        fired: dict[str, float] = json.load(answer)["fired"]
    return sorted(fired, key=lambda event: fired[event])


# All examples


def test_each_example_is_tested() -> None:
    tests = [name for name in globals() if name.startswith("test_")]
    assert [example for example in HERE if not any(name.startswith(f"test_{example}_") for name in tests)] == []
    for example, file in TESTED_ELSEWHERE.items():
        assert example in FOLDERS
        assert f'"{example}"' in Path(__file__).with_name(file).read_text("utf-8")


@pytest.mark.parametrize("example", WITH_A_SCENARIO)
def test_each_readme_fits_on_a_screen(example: str) -> None:
    text = (EXAMPLES / example / "README.md").read_text("utf-8")
    body = text.partition("-->\n")[2].strip().splitlines()
    assert len(body) <= MAX_README_LINES
    (start,) = commands(example, "python")
    assert start == f"python -m tests.emulator examples/{example}/scenario.yml --port 8765"
    assert "## On the real cloud" in body


def test_index_links_to_each_example() -> None:
    links = re.findall(r"\]\((\w+)/\)", (EXAMPLES / "README.md").read_text("utf-8"))
    assert sorted(links) == FOLDERS


def test_sourced_connection_is_that_of_the_emulator() -> None:
    done = subprocess.run(
        ["sh", "-euc", '. "$1" && env -0', "sh", str(EXAMPLES / "emulator.sh")],
        env={"PATH": os.environ["PATH"], "HW_DATAARTS_WORKSPACE_ID": "another"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = dict(line.split("=", 1) for line in done.stdout.split("\0") if line.startswith("HW_"))
    with running({}) as emulator:
        wanted = connection(emulator)
        assert found == {name: value.replace(emulator.url, "http://127.0.0.1:8765") for name, value in wanted.items()}


# Blue/green


def test_blue_green_switches_the_traffic_if_the_new_colour_is_ready() -> None:
    with cloud("blue_green") as emulator:
        done = attempt("blue_green", emulator, orders_stable_for=1)
        assert done.code == 0, done.text
        assert verdicts(done) == ["PASS", "PASS"]
        assert happened(emulator) == [
            "deploy_job_orders_stream_green_2.0.0",
            "start_job_orders_stream_green",
            "stop_job_orders_stream_blue",
        ]
    order = [record.task.rpartition(" : ")[2] for record in done.records]
    assert done["Simulate the switch"].result["msg"] == "Traffic goes to job_orders_stream_green now."
    gates = [index for index, task in enumerate(order) if task == "Set the result facts"]
    assert done.gates[0]["elapsed"] >= 1
    assert gates[0] < order.index("Simulate the switch") < order.index("Stop the old colour") < gates[1]


def test_blue_green_keeps_the_traffic_if_a_node_of_the_new_colour_fails() -> None:
    with cloud("blue_green") as emulator:
        done = attempt("blue_green", emulator, 1)
        assert happened(emulator) == [
            "deploy_job_orders_stream_green_2.0.1",
            "start_job_orders_stream_green",
            "stop_job_orders_stream_green",
        ]
    assert done.code == 2
    assert verdicts(done) == ["FAIL"]
    assert not done.all("Simulate the switch")
    message = done["Fail and keep the live colour"].msg
    assert message.startswith(
        "job_orders_stream_blue stays live, and job_orders_stream_green is being stopped. FAIL after"
    )
    assert (
        "job_orders_stream_green: node WRITE_ORDERS is EXCEPTION (log obs://dlf-log/orders/WRITE_ORDERS.job)" in message
    )


def test_blue_green_fails_if_both_colours_run() -> None:
    with cloud("blue_green") as emulator:
        emulator.set_job("job_orders_stream_green", status="NORMAL")
        done = attempt("blue_green", emulator)
        assert happened(emulator) == []
    assert done.code == 2
    assert (
        "Not stopped now: job_orders_stream_blue, job_orders_stream_green"
        in done["Check that exactly one colour is running"].msg
    )


# Nightly batch jobs


def test_nightly_chain_publishes_after_the_runs_have_succeeded() -> None:
    with cloud("nightly_chain") as emulator:
        done = attempt("nightly_chain", emulator, chain_interval=0.2)
        assert (done.code, verdicts(done), happened(emulator)) == (0, ["PASS"], ["publish"]), done.text
        waited = done["Wait for this run"]
        assert (waited["verdict"], len(emulator.requests("job_run"))) == ("PASS", 1)
        assert waited["job"]["instance"]["instance_id"] == done["Run the report job"]["instances"][0]["instance_id"]


def test_nightly_chain_publishes_nothing_after_a_failed_run() -> None:
    with cloud("nightly_chain") as emulator:
        done = attempt("nightly_chain", emulator, 1)
        assert (done.code, verdicts(done), happened(emulator)) == (2, ["FAIL"], [])
        assert "is fail at node load after 2 retries: Table stock_raw has no partition" in done.text
        assert emulator.requests("job_run") == []


# The nightly job


def test_nightly_dli_shows_a_bar_and_continues_after_the_job() -> None:
    # Time moves with the readings, independent of the machine's speed.
    moves = [{"match": {"call": "dli_progress"}, "advance": 0.5}]
    with cloud("nightly_dli", clock="manual", quota=0, faults=moves) as emulator:
        done = attempt("nightly_dli", emulator, nightly_report_dir="", nightly_stall_timeout=30)
    assert done.code == 0, done.text
    assert verdicts(done) == ["PASS"]
    assert re.search(r"1 RUNNING \[#*\.*\] +\d+ % \d+ of 40 tasks, sub-job 0", done.output)
    assert "Its results are ready" in done["Use the results"].msg


def test_nightly_dli_reports_the_reason_of_a_failed_job(tmp_path: Path) -> None:
    with cloud("nightly_dli") as emulator:
        done = attempt("nightly_dli", emulator, 1, nightly_report_dir=str(tmp_path))
    assert done.code == 2
    assert verdicts(done) == ["FAIL"]
    assert "is FAILED: Table orders_raw has no partition 2026-02-30" in done["Fail the play"].msg
    assert not done.all("Use the results")
    report = JUnitXml.fromfile(str(tmp_path / "job_gate_nightly.xml"))
    assert (report.tests, report.failures, report.errors) == (1, 1, 0)
    assert "no partition 2026-02-30" in (tmp_path / "job_gate_nightly.html").read_text("utf-8")


def test_nightly_dli_fails_on_a_stalled_job() -> None:
    with cloud("nightly_dli") as emulator:
        done = attempt("nightly_dli", emulator, 2, nightly_report_dir="", nightly_stall_timeout=1)
    assert done.code == 2
    assert verdicts(done) == ["FAIL"]
    assert "is RUNNING without any progress for" in done["Fail the play"].msg


# The Flink job


def test_flink_upgrade_continues_if_the_job_runs_without_a_restart() -> None:
    with cloud("flink_upgrade") as emulator:
        done = attempt("flink_upgrade", emulator, upgrade_stable_for=1, upgrade_wait_interval=0.2)
        assert done.code == 0, done.text
        assert verdicts(done) == ["PASS", "PASS"]
        assert happened(emulator) == ["stop", "start"]
    assert "-> job_cancel_success" in done.output
    assert done.gates[1]["elapsed"] >= 1


def test_flink_upgrade_fails_if_the_new_program_fails() -> None:
    with cloud("flink_upgrade") as emulator:
        done = attempt("flink_upgrade", emulator, 1, upgrade_exception_grace=0.5, upgrade_wait_interval=0.2)
    assert done.code == 2
    assert verdicts(done) == ["PASS", "FAIL"]
    assert "is job_running_exception: The state in the savepoint has another schema" in done["Fail the play"].msg


# The Spark batch


def test_nightly_spark_continues_after_a_successful_batch(tmp_path: Path) -> None:
    with cloud("nightly_spark") as emulator:
        done = attempt("nightly_spark", emulator, nightly_report_dir=str(tmp_path))
    assert done.code == 0, done.text
    assert verdicts(done) == ["PASS"]
    assert "The next step uses its results" in done["Simulate the next step"].msg
    report = JUnitXml.fromfile(str(tmp_path / "job_gate_nightly.xml"))
    assert (report.tests, report.failures, report.errors) == (1, 0, 0)


def test_nightly_spark_shows_the_end_of_the_log() -> None:
    with cloud("nightly_spark") as emulator:
        done = attempt("nightly_spark", emulator, 1, nightly_report_dir="")
    assert done.code == 2
    assert "is dead: stderr: java.lang.OutOfMemoryError / YARN Diagnostics" in done["Fail the play"].msg
    assert not done.all("Simulate the next step")


# The rolling update


def updated(done: Run) -> set[str]:
    """The hosts that were updated."""
    return {record.host for record in done.all("Simulate the update")}


def test_rolling_update_updates_all_batches() -> None:
    with cloud("rolling_update") as emulator:
        done = attempt("rolling_update", emulator)
        orders = [(record.call, record.job) for record in emulator.journal if record.method == "POST" and record.job]
    assert done.code == 0, done.text
    assert verdicts(done) == ["PASS"] * 4
    # Once for each batch.
    assert orders == [("job_stop", "job_orders_stream"), ("job_start", "job_orders_stream")] * 2
    assert updated(done) == {"collector1", "collector2", "collector3", "collector4"}
    before, after, before_next, after_next = done.gates
    assert [before["polls"], before_next["polls"]] == [1, 1]
    # The jobs had to be ready for a second, so more than one reading was needed.
    assert min(after["elapsed"], after_next["elapsed"]) >= 1
    assert min(after["polls"], after_next["polls"]) >= 2


def test_rolling_update_stops_if_the_first_batch_breaks_a_job() -> None:
    with cloud("rolling_update") as emulator:
        done = attempt("rolling_update", emulator, 1)
    assert done.code == 2
    assert verdicts(done) == ["PASS", "FAIL"]
    assert updated(done) == {"collector1", "collector2"}
    assert {record.host for record in done.records} == {"collector1", "collector2"}
    # Which host ends its task first is not deterministic.
    (received, *others) = sorted(
        done.all("Fail the play"), key=lambda record: record.msg.startswith("Stopped at the gate")
    )
    assert "job_sms: node DLI_SMS_GES is EXCEPTION (log obs://dlf-log/job_sms/DLI_SMS_GES.job)" in received.msg
    assert [other.msg for other in others] == [f"Stopped at the gate, see {received.host}"]


def test_rolling_update_does_not_start_with_a_failing_job() -> None:
    with cloud("rolling_update") as emulator:
        emulator.event("break")
        done = attempt("rolling_update", emulator)
    assert done.code == 2
    assert verdicts(done) == ["FAIL"]
    assert updated(done) == set()


# The rolling restart


def test_rolling_restart_stops_at_the_failing_batch() -> None:
    with cloud("rolling_restart") as emulator:
        done = attempt("rolling_restart", emulator, restart_stable_for=0, restart_interval=0.2)
        orders = [(record.call, record.job) for record in emulator.journal if record.method == "POST"]
    assert done.code == 2
    (first, second) = done.all("Restart the jobs of this batch and wait until they run")
    assert (first["verdict"], second["verdict"]) == ("PASS", "FAIL")
    assert len(first["jobs"]) == len(second["jobs"]) == 10
    assert "stream_13: node WRITE is EXCEPTION" in second.msg
    # Each job of the two batches was stopped and started once, also where another one fails.
    restarted = {job["name"] for job in [*first["jobs"], *second["jobs"]]}
    assert sorted(orders) == sorted((call, name) for call in ("job_start", "job_stop") for name in restarted)


# Events


@contextmanager
def rulebook(folder: Path, emulator: Emulator) -> Iterator[Callable[[Callable[[str], bool], str], str]]:
    """ansible-rulebook, started as the README says, in a copy of the example with the address of the emulator.

    Returns a function that waits until the output fulfils a condition and returns it. At the end no process is left.
    """
    shutil.copytree(EXAMPLES / "event_driven", folder, dirs_exist_ok=True)
    inventory = folder / "inventory.yml"
    before = inventory.read_text("utf-8")
    inventory.write_text(before.replace("http://127.0.0.1:8765", emulator.url), "utf-8")
    assert inventory.read_text("utf-8") != before
    (command,) = commands("event_driven", "ansible-rulebook")
    output = folder / "output"
    with output.open("w") as out:
        process = subprocess.Popen(
            shlex.split(command),
            cwd=folder,
            env={**os.environ, **settings(), **connection(emulator), "ANSIBLE_FORCE_COLOR": "0"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def until(done: Callable[[str], bool], what: str) -> str:
        deadline = time.monotonic() + 180
        while not done(text := output.read_text("utf-8", "replace")):
            assert time.monotonic() < deadline, f"{what}: not within 180 s\n{text}"
            assert process.poll() is None, f"{what}: it has ended\n{text}"
            time.sleep(0.1)
        return text

    try:
        yield until
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            gone = _group_ends(process.pid)
    assert gone, "a process is left"


def _group_ends(group: int) -> bool:
    """Whether the processes of a group end by themselves within a minute; they are ended then in any case."""
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.1)
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.skipif(shutil.which("ansible-rulebook") is None, reason="ansible-rulebook is not installed")
@pytest.mark.skipif(shutil.which("java") is None, reason="ansible-rulebook needs Java, and there is none")
@pytest.mark.timeout(400)
def test_event_driven_restarts_a_failing_job_once(tmp_path: Path) -> None:
    with cloud("event_driven") as emulator, rulebook(tmp_path, emulator) as until:
        until(lambda _text: len(emulator.requests("job_status")) >= 4, "the watch")
        emulator.event("break")
        text = until(lambda text: "PLAY RECAP" in text, "the playbook")
        assert happened(emulator) == ["break", "start_job_sms"]
        polls = len(emulator.requests("job_status"))
        text = until(lambda _text: len(emulator.requests("job_status")) >= polls + 4, "the watch goes on")
    assert "FAIL after 0" in text
    assert "job_sms: node DLI_SMS_GES is EXCEPTION (log obs://dlf-log/job_sms/DLI_SMS_GES.job)" in text
    assert "PASS after" in text
    assert text.count("PLAY RECAP") == 1
    assert "failed=0" in text
    assert SECRET_KEY not in text


def remediate(emulator: Emulator, **variables: Any) -> Run:
    """The playbook of the rulebook, with what it gets from the rulebook and from its inventory."""
    given = {"failing_job": "job_sms", "failing_workspace": "", "emulator_url": emulator.url, **variables}
    return run(
        str(EXAMPLES / "event_driven" / "remediate.yml"),
        connection(emulator),
        variables={"job_gate_wait_interval": 0.2, "remediation_stable_for": 1, **given},
    )


def test_event_driven_does_not_restart_a_recovered_job() -> None:
    with cloud("event_driven") as emulator:
        done = remediate(emulator)
        assert happened(emulator) == []
    assert done.code == 0, done.text
    assert verdicts(done) == ["PASS"]


def test_event_driven_fails_if_the_restart_does_not_help() -> None:
    scenario = yaml.safe_load((EXAMPLES / "event_driven" / "scenario.yml").read_text("utf-8"))
    timeline = scenario["jobs"][1]["nodes"][1]["timeline"]
    timeline[:] = [entry for entry in timeline if entry["after"] == "break"]
    with running(scenario) as emulator:
        emulator.event("break")
        done = remediate(emulator, remediation_grace=1)
        assert happened(emulator) == ["break", "start_job_sms"]
    assert done.code == 2
    assert verdicts(done) == ["FAIL", "FAIL"]
    assert "job_sms: node DLI_SMS_GES is EXCEPTION" in done["Fail the play"].msg
