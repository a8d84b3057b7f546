# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples on the pages of the modules and in the README of the role, run in check mode against the emulator."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.emulator import ACCESS_KEY, SECRET_KEY, running

from .playbook import Run, connection, play, run

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "plugins" / "modules"
NAMES = sorted(path.stem for path in MODULES.glob("*.py"))
WORKSPACE = "0f6a1c3e5b7d9f2468ace013579bdf24"
SQL_JOB, BATCH = "85798b38-ae44-48eb-bb90-7cf0dcdafe7b", "2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112"
NODES = [{"name": "READ_ORDERS"}, {"name": "WRITE_ORDERS"}]
RUNS = [{"plan": "now-3600"}]
WELL: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {"name": "job_orders_stream", "tags": ["orders"], "nodes": NODES},
        {"name": "job_orders_stream", "workspace": WORKSPACE, "nodes": NODES},
        {"name": "job_sms", "nodes": [{"name": "SEND"}]},
        {"name": "job_orders_{i}", "count": 40, "tags": ["orders"]},
        {"name": "job_nightly", "type": "BATCH"},
        {"name": "orders_daily", "type": "BATCH", "runs": RUNS},
        {"name": "stock_daily", "type": "BATCH", "runs": RUNS},
        {"name": "nightly_{i}", "type": "BATCH", "count": 12, "tags": ["nightly"], "runs": RUNS},
    ],
    "dli_jobs": [
        {"job_id": SQL_JOB, "status_fields": {"result_count": 4, "bad_row_count": 0}},
        {"job_id": "2f6a11c0-5d5e-4b0e-9a56-3c1f0e7d8a90"},
    ],
    "flink_jobs": [
        {"job_id": 50321, "name": "orders_flink"},
        {"job_id": 50322, "name": "orders_backfill", "status": "job_finish"},
        {"job_id": 50323, "name": "clicks_flink"},
    ],
    "spark_batches": [
        {"batch_id": BATCH, "status": "success"},
        {"batch_id": "6b1f8a3c-bbbb-4ccc-8ddd-1e1f20212223", "status": "success"},
        {"batch_id": "9c8d7e6f-cccc-4ddd-8eee-2f3031323334"},
    ],
}
FAILING: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {
            "name": "job_sms",
            "nodes": [{"name": "SEND", "status": "EXCEPTION", "log_path": "obs://dlf-log/job_sms/SEND.job"}],
        },
        {
            "name": "orders_daily",
            "type": "BATCH",
            "nodes": [{"name": "load", "log_path": "obs://dlf-log/orders_daily/load.job"}],
            "runs": [{"plan": "now-3600", "status": "fail", "error": "Table orders_raw not found"}],
        },
    ],
    "dli_jobs": [{"job_id": SQL_JOB, "status": "FAILED", "message": "Table orders_raw not found"}],
    "flink_jobs": [
        {
            "job_id": 50321,
            "name": "orders_flink",
            "status": "job_running_exception",
            "message": "source topic is missing",
        }
    ],
    "spark_batches": [
        {"batch_id": BATCH, "status": "dead", "fields": {"log": ["stderr: Exception in thread main"]}},
    ],
}
# What differs from run to run in a message: the duration, and the planned time of a run.
CHANGING = re.compile(r"(?<=after )\d+(?:\.\d+)? s|\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? [+-]\d\d:\d\d")


def examples(name: str) -> str:
    """The text of the examples of a module."""
    return (MODULES / f"{name}.py").read_text("utf-8").partition('EXAMPLES = r"""')[2].partition('"""')[0]


def rescued(name: str) -> list[dict[str, Any]]:
    """The examples of a module that handle a failure."""
    return [task for task in yaml.safe_load(examples(name)) if "rescue" in task]


GATES = [name for name in NAMES if rescued(name)]


def blocks() -> list[str]:
    """The texts of the examples in the README of the role."""
    text = (ROOT / "roles" / "job_gate" / "README.md").read_text("utf-8")
    return re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def of_the_role() -> Iterator[dict[str, Any]]:
    """A play for each example in the README of the role."""
    for block in blocks():
        found = yaml.safe_load(block)
        yield from found if "hosts" in found[0] else [play(found)]


def run_all(folder: Path, plays: list[dict[str, Any]], scenario: Mapping[str, Any]) -> Run:
    """Run plays in check mode. Files that they name are in a folder beside the playbook."""
    (folder / "rollback.yml").write_text("---\n- name: Roll back\n  ansible.builtin.debug:\n", "utf-8")
    (folder / "playbook.yml").write_text(json.dumps(plays), "utf-8")
    keys = {"vault_access_key": ACCESS_KEY, "vault_secret_key": SECRET_KEY}
    with running(scenario) as emulator:
        return run(str(folder / "playbook.yml"), connection(emulator), "--check", variables=keys)


def failure(name: str) -> dict[str, Any]:
    """The example of a failure, followed by a task that shows the message of the gate. The next play runs in any case."""
    shown = {"name": name, "ansible.builtin.debug": {"var": "gate.msg"}}
    return {"block": [{"block": rescued(name), "always": [shown]}], "rescue": [{"ansible.builtin.meta": "noop"}]}


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_all(tmp_path_factory.mktemp("failures"), [play([failure(name)]) for name in GATES], FAILING)


@pytest.mark.parametrize("name", GATES)
def test_failure_has_the_documented_message(failures: Run, name: str) -> None:
    (comment,) = re.findall(r"^# (FAIL after .*(?:\n# .*)*)", examples(name), re.MULTILINE)
    message = failures[name].result["gate.msg"]
    assert CHANGING.sub("", message) == CHANGING.sub("", comment.replace("\n# ", " ")), failures.text


# The gates that must pass, which proves that the scenario matches the examples.
PASSING = {
    "dataarts_instance_status": "Wait for the runs of all jobs with a tag, at least 12",
    "dataarts_job_status": "Wait for all jobs with a tag, at least 40",
    "dli_flink_job_status": "Wait until a bounded job has finished",
    "dli_job_progress": "Require rows in the result, allow no bad rows, and cancel the job at the time limit and at an interruption",
    "dli_spark_job_status": "Wait up to two hours for two batches",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, "the role"])
def test_each_example_works(tmp_path: Path, name: str) -> None:
    plays = list(of_the_role()) if name == "the role" else [play(yaml.safe_load(examples(name)))]
    done = run_all(tmp_path, plays, WELL)
    assert done.code == 0, done.text
    assert [record.task for record in done.records if record.failed] == []
    assert "WARNING" not in done.text
    if name in PASSING:
        assert done[PASSING[name]]["verdict"] == "PASS"


def as_play(number: int, text: str) -> str:
    """The text of an example as the text of a play."""
    tasks = text.removeprefix("\n").removeprefix("---\n").strip("\n")
    if "  hosts: " in tasks:
        return f"{tasks}\n"
    head = f"- name: Example {number}\n  hosts: localhost\n  gather_facts: false\n  tasks:\n"
    return f"{head}{textwrap.indent(tasks, '    ')}\n"


@pytest.mark.slow
def test_the_examples_pass_ansible_lint(tmp_path: Path) -> None:
    texts = [*(examples(name) for name in NAMES), *blocks()]
    playbook = tmp_path / "playbooks" / "examples.yml"
    playbook.parent.mkdir()
    playbook.write_text("---\n" + "\n".join(as_play(number, text) for number, text in enumerate(texts)), "utf-8")
    command = [
        str(Path(sys.executable).with_name("ansible-lint")),
        "-c",
        str(ROOT / ".ansible-lint"),
        "--nocolor",
        "-q",
    ]
    done = subprocess.run(
        [*command, str(playbook)],
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
