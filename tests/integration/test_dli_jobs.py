# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DLI's jobs against the emulator: selection, rows, cancelling at every end of a gate, Flink jobs and Spark batches."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ansible_runner
import pytest

from tests.emulator import Emulator, running

from .playbook import COMMAND, OWN_PROCESS, connection, run, settings

ROOT = Path(__file__).resolve().parents[2]
FAST = {"wait": True, "wait_interval": 0.2}


def sql_job(number: int, *timeline: dict[str, Any], release: str = "42", **fields: Any) -> dict[str, Any]:
    tags = [{"key": "release", "value": release}, {"key": "step", "value": str(number)}]
    return {"job_id": f"job-{number}", "timeline": list(timeline), "status_fields": {"tags": tags, **fields}}


RUNNING = {"status": "RUNNING", "progress": 0.5}
SCENARIO: dict[str, Any] = {
    "quota": 0,
    "dli": {"tags_match": "substring", "cancel_of_ended": "DLI.0001", "status_spelling": "old"},
    "dli_jobs": [
        sql_job(1, {"status": "FINISHED"}, result_count=5),
        sql_job(2, RUNNING, {"after": "go", "status": "FINISHED"}, result_count=0),
        sql_job(3, {"status": "FAILED", "message": "no table"}, release="421"),
        sql_job(4, RUNNING, release="43"),
        sql_job(5, {"status": "FINISHED"}, release="43"),
        sql_job(6, RUNNING, release="44"),
    ],
    "flink_jobs": [
        {"job_id": 7, "name": "orders", "status": "job_cancel_success"},
        {"job_id": 8, "name": "orders_2", "status": "job_running_exception", "message": "no topic"},
    ],
    "spark_batches": [
        {"batch_id": "b-1", "timeline": [{"status": "starting"}, {"after": "go", "status": "success"}]},
        {"batch_id": "b-2", "status": "dead", "fields": {"log": ["one", "stderr: OutOfMemoryError"]}},
    ],
}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as cloud:
        yield cloud


def task(name: str, module: str, options: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {
        "name": name,
        f"datagate.huaweicloud.{module}": options,
        "register": "gate",
        "ignore_errors": True,
        **keywords,
    }


def play(tasks: list[dict[str, Any]], **keywords: Any) -> dict[str, Any]:
    return {"hosts": "localhost", "gather_facts": False, "tasks": tasks, **keywords}


def cancelled(emulator: Emulator) -> list[str]:
    return [str(record.path).rpartition("/")[2] for record in emulator.requests("dli_cancel")]


def test_selections_rows_and_cancelling(emulator: Emulator) -> None:
    sql = "dli_job_progress"
    tags = {"job_tags": {"release": "42"}, "since": "1h"}
    end = {"job_tags": {"release": "43"}, **FAST}
    tasks = [
        task("selected", sql, tags),
        task("too few", sql, {**tags, "min_jobs": 3}),
        task("rows", sql, {"job_ids": "job-1", "min_result_rows": 6, "max_bad_rows": 0, **FAST}),
        task("both", sql, {**tags, "job_ids": "job-1"}),
        task("check", sql, {**end, "wait_timeout": 0.5, "cancel_on": "timeout"}, check_mode=True),
        task("default", sql, {**end, "wait_timeout": 0.5}),
        task("other end", sql, {**end, "wait_timeout": 0.5, "cancel_on": ["stalled", "abort"]}),
        task("timeout", sql, {**end, "wait_timeout": 0.5, "cancel_on": ["timeout"]}),
        task("stalled", sql, {"job_ids": ["job-6", "job-1"], "stall_timeout": 0.3, "cancel_on": "stalled", **FAST}),
        task("late", sql, {"job_ids": "job-2", "cancel_on": "abort", **FAST}, timeout=2),
    ]
    done = run([play(tasks)], connection(emulator))
    assert [job["job_id"] for job in done["selected"]["jobs"]] == ["job-1", "job-2"]
    assert done["selected"]["gate"]["selection"] == {**tags, "job_tags": {"release": "42"}}
    assert done["too few"].msg.startswith("FAIL after")
    assert "since=1h, tag release=42 select 2 DLI jobs, and at least 3 must be there" in done["too few"].msg
    assert [item["code"] for item in done["rows"]["reasons"]] == ["too_few_rows"]
    assert done["both"].msg.startswith("job_ids: job_ids and job_tags and since are given")
    for name in ("check", "default", "other end"):
        assert (done[name]["changed"], done[name]["cancelled"]) == (False, []), name
    assert (done["timeout"]["verdict"], done["timeout"]["changed"]) == ("TIMEOUT", True)
    assert done["timeout"]["cancelled"] == ["job-4"]
    assert done["timeout"].msg.endswith("Cancelled: job-4.")
    assert (done["stalled"]["verdict"], done["stalled"]["cancelled"]) == ("FAIL", ["job-6"])
    assert done["late"].failed
    assert "interrupted; cancelled: job-2" in done.output
    assert cancelled(emulator) == ["job-4", "job-6", "job-2"]


def until(condition: Callable[[], Any]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def begin(command: list[str], emulator: Emulator, folder: Path, given: str = "") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **settings(), **connection(emulator), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(given)
    process.stdin.close()
    return process


ENDS = [
    (signal.SIGTERM, "module"),
    (signal.SIGINT, "module"),
    (signal.SIGTERM, "playbook"),
    (signal.SIGINT, "playbook"),
]


@pytest.mark.parametrize(("number", "what"), ENDS, ids=[f"{number.name}-{what}" for number, what in ENDS])
def test_interrupted_gate_cancels_its_jobs(
    emulator: Emulator, tmp_path: Path, number: signal.Signals, what: str
) -> None:
    options = {"job_ids": ["job-2", "job-1", "job-4"], "cancel_on": ["abort"], **FAST}
    if what == "module":
        code = "from ansible_collections.datagate.huaweicloud.plugins.modules import dli_job_progress as m; m.main()"
        given = json.dumps({"ANSIBLE_MODULE_ARGS": options})
        command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT / '.venv/collections')!r}); {code}"]
    else:
        given = ""
        (tmp_path / "playbook.yml").write_text(json.dumps([play([task("gate", "dli_job_progress", options)])]), "utf-8")
        command = [COMMAND, str(tmp_path / "playbook.yml")]
    with begin(command, emulator, tmp_path, given) as process:
        try:
            until(lambda: len(emulator.requests("dli_progress")) > 3)
            os.killpg(process.pid, number)
            until(lambda: len(cancelled(emulator)) == 2)
            assert process.stdout is not None
            output = process.stdout.read()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert sorted(cancelled(emulator)) == ["job-2", "job-4"]
    assert "Traceback" not in output
    if what == "module":
        result = json.loads(output)
        assert (result["failed"], result["changed"]) == (True, True)
        assert result["msg"] == "interrupted; cancelled: job-2, job-4"


def test_flink_jobs_and_spark_batches(emulator: Emulator) -> None:
    role = {"name": "datagate.huaweicloud.job_gate"}
    flink, spark = "dli_flink_job_status", "dli_spark_job_status"
    tasks = [
        task("by name", flink, {"names": ["orders", "orders_2"]}),
        task("by ID in slices", flink, {"job_ids": [8], **FAST}, **OWN_PROCESS),
        task("unknown", flink, {"names": "ordres"}),
        task("gone", flink, {"job_ids": 9}),
        task("dead", spark, {"batch_id": "b-2", **FAST}),
        task("no batch", spark, {"batch_id": "b-3"}),
        {
            "name": "Fire the event",
            "ansible.builtin.uri": {"url": f"{emulator.url}/_emulator/events/go", "method": "POST"},
        },
        {
            "name": "Start",
            "ansible.builtin.uri": {
                "url": f"{emulator.url}/_emulator/flink_jobs/7",
                "method": "POST",
                "body_format": "json",
                "body": {"status": "job_running"},
            },
        },
        {
            "name": "Flink role",
            "ansible.builtin.include_role": {**role, "tasks_from": "dli_flink_running"},
            "vars": {"job_gate_names": "orders", "job_gate_wait_interval": 0.2, "job_gate_stable_for": 0.3},
        },
        {
            "name": "Spark role",
            "ansible.builtin.include_role": {**role, "tasks_from": "dli_spark_finished"},
            "vars": {"job_gate_batch_ids": "b-1", "job_gate_wait_interval": 0.2},
        },
    ]
    done = run([play(tasks)], connection(emulator))
    assert done.code == 0, done.text
    by_name = done["by name"]
    assert [(job["name"], job["job_id"], job["verdict"]) for job in by_name["jobs"]] == [
        ("orders", "7", "PENDING"),
        ("orders_2", "8", "FAIL"),
    ]
    assert "emulator-flink-secret" not in done.output
    assert "emulator-spark-secret" not in done.output
    assert done["by ID in slices"].msg.endswith("8 is job_running_exception: no topic.")
    assert "ordres does not exist as the name of a Flink job" in done["unknown"].msg
    assert done["gone"]["reasons"][0]["code"] == "job_missing"
    assert done["dead"].msg.endswith("b-2 is dead: one / stderr: OutOfMemoryError.")
    assert len(emulator.requests("spark_log")) == 1
    assert done["no batch"]["reasons"][0]["code"] == "job_missing"
    assert [gate["verdict"] for gate in done.gates] == ["PASS", "PASS"]
    assert done.gates[0]["elapsed"] >= 0.3


def test_gate_ends_when_its_play_is_killed(emulator: Emulator, tmp_path: Path) -> None:
    """AWX and ansible-runner end a cancelled job with SIGKILL. Workers have their own session, so they are not killed."""
    options = {"job_ids": "job-4", "cancel_on": ["abort", "timeout"], **FAST}
    (tmp_path / "project").mkdir()
    playbook = json.dumps([play([task("gate", "dli_job_progress", options)])])
    (tmp_path / "project" / "playbook.yml").write_text(playbook, "utf-8")
    done = ansible_runner.run(
        private_data_dir=str(tmp_path),
        playbook="playbook.yml",
        envvars={**settings(), **connection(emulator), "PATH": os.environ["PATH"]},
        cancel_callback=lambda: len(emulator.requests("dli_progress")) > 3,
        quiet=True,
    )
    assert done.status == "canceled"
    until(lambda: cancelled(emulator))
    # A remaining process would send a request after 0.2 s.
    until(lambda: not asks(emulator))
    assert cancelled(emulator) == ["job-4"]


def asks(emulator: Emulator) -> bool:
    """Whether a request arrives within three intervals."""
    before = len(emulator.journal)
    time.sleep(0.7)
    return len(emulator.journal) > before
