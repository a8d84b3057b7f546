# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook gate_sliced: one gate for all hosts of a slice, and concurrent slices that share the quota."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ansible_runner
import pytest

from tests.emulator import Emulator, running

from .playbook import connection, hosts, run, settings

PLAYBOOK = "datagate.huaweicloud.gate_sliced"
INVENTORY = str(Path(sys.executable).with_name("ansible-inventory"))
GATE = "Wait until the jobs run"
SCENARIO: dict[str, Any] = {
    "quota": {"per_user": 30},
    "workspaces": ["ws-1", "ws-2", "ws-bad"],
    "jobs": [
        {"name": "a_{i:02d}", "count": 6, "workspace": "ws-1"},
        {"name": "nightly", "type": "BATCH", "workspace": "ws-1"},
        {"name": "b_{i:02d}", "count": 3, "workspace": "ws-2"},
        {
            "name": "broken",
            "workspace": "ws-bad",
            "nodes": [{"name": "N", "status": "EXCEPTION", "log_path": "obs://logs/N.job"}],
        },
    ],
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


def source(folder: Path, *workspaces: str) -> str:
    """An inventory file."""
    file = folder / "prod.dataarts_jobs.yml"
    file.write_text(
        json.dumps({"plugin": "datagate.huaweicloud.dataarts_jobs", "workspaces": list(workspaces)}), "utf-8"
    )
    return str(file)


def test_jobs_of_a_workspace_pass_one_gate(tmp_path: Path, emulator: Emulator) -> None:
    emulator.clear()
    done = run(PLAYBOOK, connection(emulator), "-i", source(tmp_path, "ws-1"))
    assert done.code == 0, done.text
    assert "PASS" in done[GATE].msg
    assert "6 of 6 jobs ready" in done[GATE].msg
    assert len([record for record in done.all(GATE) if record.status == "ok"]) == 1
    assert {record.job for record in emulator.requests("job_status")} == {f"a_{number:02d}" for number in range(6)}


def test_each_workspace_has_its_own_gate(tmp_path: Path, emulator: Emulator) -> None:
    done = run(PLAYBOOK, connection(emulator), "-i", source(tmp_path, "ws-1", "ws-2"))
    assert done.code == 0, done.text
    assert [gate["msg"].split(": ")[1] for gate in done.gates] == [
        "6 of 6 jobs ready. Selected",
        "3 of 3 jobs ready. Selected",
    ]
    facts = [record["ansible_facts"] for record in done.all("Set the result facts")]
    assert "job_gate_workspace_ws_1" in facts[0]
    assert "job_gate_workspace_ws_2" in facts[1]


def test_job_gate_hosts_selects_hosts(tmp_path: Path, emulator: Emulator) -> None:
    variables = {"job_gate_hosts": "workspace_ws_2:!b_00"}
    done = run(PLAYBOOK, connection(emulator), "-i", source(tmp_path, "ws-1", "ws-2"), variables=variables)
    assert done.code == 0, done.text
    assert "2 of 2 jobs ready" in done[GATE].msg
    limited = run(PLAYBOOK, connection(emulator), "-i", source(tmp_path, "ws-1"), "--limit", "a_01,a_02")
    assert "2 of 2 jobs ready" in limited[GATE].msg


def test_a_failing_node_fails_the_slice(tmp_path: Path, emulator: Emulator) -> None:
    done = run(
        PLAYBOOK,
        connection(emulator),
        "-i",
        source(tmp_path, "ws-1", "ws-bad"),
        variables={"job_gate_entry": "fail_on_exception"},
    )
    assert done.code == 2
    assert "broken: node N is EXCEPTION (log obs://logs/N.job)" in done.text


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"job_gate_entry": "dli_finished"}, "job_gate_entry: dli_finished is not one of main, wait_until_normal"),
        ({"gate_sliced_slices": "many"}, "gate_sliced_slices: must be a whole number"),
        ({"gate_sliced_slices": 0}, "gate_sliced_slices: must be a whole number"),
        ({"gate_sliced_requests_per_second": "fast"}, "gate_sliced_requests_per_second: must be a number"),
        ({"gate_sliced_slices": 2, "job_gate_requests_per_second": 20}, "set gate_sliced_requests_per_second"),
        ({"job_gate_hosts": "type_batch"}, "none of the 1 hosts is a real-time job"),
        ({"job_gate_hosts": "nobody"}, "the inventory has no host that matches nobody"),
    ],
)
def test_invalid_variables_are_rejected(
    tmp_path: Path, emulator: Emulator, variables: Mapping[str, Any], words: str
) -> None:
    done = run(PLAYBOOK, connection(emulator), "-i", source(tmp_path, "ws-1"), variables=variables)
    assert done.code == 2
    assert words in " ".join(done.text.split())
    assert not done.all(GATE)


def test_missing_inventory_fails(emulator: Emulator) -> None:
    done = run(PLAYBOOK, connection(emulator))
    assert done.code == 2
    assert "check that the inventory was read" in " ".join(done.text.split())


@pytest.mark.parametrize(("in_folder", "arguments"), [(False, ()), (True, ("--limit", "a_01,a_02"))])
def test_incomplete_inventory_is_rejected(
    tmp_path: Path, emulator: Emulator, in_folder: bool, arguments: tuple[str, ...]
) -> None:
    file = source(tmp_path, "ws-1")
    other = tmp_path / "other.dataarts_jobs.yml"
    other.write_text('{"plugin": "datagate.huaweicloud.dataarts_jobs", "workspaces": ["ws-none"]}', "utf-8")
    sources = ["-i", str(tmp_path)] if in_folder else ["-i", file, "-i", str(other)]
    environment = {**connection(emulator), "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "false"}
    done = run(PLAYBOOK, environment, *sources, *arguments)
    assert done.code == 2
    assert f"the inventory lacks the jobs of {other}, which could not be read" in " ".join(done.text.split())
    assert not done.all(GATE)
    other.write_text('{"plugin": "datagate.huaweicloud.dataarts_jobs", "workspaces": ["ws-2"]}', "utf-8")
    assert run(PLAYBOOK, environment, *sources, *arguments).code == 0


def test_jobs_are_read_in_their_own_project(tmp_path: Path, emulator: Emulator) -> None:
    inventory = hosts(
        emulator.project_id,
        "another",
        dataarts_name="a_00",
        dataarts_job_type="REAL_TIME",
        dataarts_workspace="ws-1",
        dataarts_project_id="{{ inventory_hostname }}",
        ansible_connection="local",
    )
    done = run(PLAYBOOK, connection(emulator), inventory=inventory)
    assert done.code == 2
    assert "PASS" in done.all(GATE)[0].msg
    assert "APIGW.0302" in done.text


def test_requests_per_second_of_the_inventory_is_used(emulator: Emulator) -> None:
    inventory = hosts(
        "a_00",
        "a_01",
        dataarts_name="{{ inventory_hostname }}",
        dataarts_job_type="REAL_TIME",
        dataarts_workspace="ws-1",
        ansible_connection="local",
        job_gate_requests_per_second=12,
    )
    variables = {"gate_sliced_slices": 4}
    done = run(PLAYBOOK, connection(emulator), variables=variables, inventory=inventory)
    assert done.code == 0, done.text
    (found,) = done["Find the real-time jobs of this slice"]["results"]
    assert float(found["ansible_facts"]["__gate_sliced_rate"]) == 3
    assert done.gates[0]["msg"].endswith("Selected: a_00, a_01.")


JOBS = 120
SLICES = 3


def sliced(listed: dict[str, Any], number: int) -> dict[str, Any]:
    """One slice of an inventory as AWX makes it: of the hosts in the order of their names, every so many-th one."""
    variables = listed["_meta"]["hostvars"]
    chosen = sorted(variables)[number::SLICES]
    result: dict[str, Any] = {"_meta": {"hostvars": {name: variables[name] for name in chosen}}}
    for group, fields in listed.items():
        if group != "_meta":
            kept = {"hosts": [name for name in fields["hosts"] if name in chosen]} if "hosts" in fields else {}
            result[group] = {**fields, **kept}
    return result


@pytest.mark.timeout(400)
def test_concurrent_slices_share_the_quota(tmp_path: Path) -> None:
    # The nodes of all jobs are read repeatedly until the last job runs: without sharing, at three times the limit.
    scenario = {
        "quota": {"per_user": 30},
        "jobs": [
            {"name": "job_{i:03d}", "count": JOBS - 1, "nodes": [{"name": "N"}]},
            {"name": "last", "status": "STARTING", "timeline": [{"after": "go", "status": "NORMAL"}]},
        ],
        "faults": [{"match": {"call": "job_status", "job": "last", "nth": 2}, "fire": "go"}],
    }
    with running(scenario) as emulator:
        environment = {**settings(), **connection(emulator), "PATH": os.environ["PATH"]}
        file = source(tmp_path)
        listed = json.loads(
            subprocess.run(
                [INVENTORY, "-i", file, "--list", "--export"],
                env={**os.environ, **environment},
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            ).stdout
        )
        emulator.clear()

        def job(number: int) -> Any:
            folder = tmp_path / f"slice{number}"
            (folder / "inventory").mkdir(parents=True)
            script = folder / "inventory" / "hosts"
            text = json.dumps(sliced(listed, number))
            script.write_text(f"#!{sys.executable}\nprint({text!r})\n", "utf-8")
            script.chmod(0o755)
            return ansible_runner.run(
                private_data_dir=str(folder),
                playbook=PLAYBOOK,
                envvars=environment,
                extravars={"gate_sliced_slices": str(SLICES), "gate_sliced_requests_per_second": "24"},
                quiet=True,
            )

        with ThreadPoolExecutor(SLICES) as pool:
            done = list(pool.map(job, range(SLICES)))
        for runner in done:
            assert runner.rc == 0, runner.stdout.read()
        verdict_messages = [
            event["event_data"]["res"]["msg"]
            for runner in done
            for event in runner.events
            if event["event"] == "runner_on_ok" and event["event_data"]["task"] == GATE
        ]
        assert [text.split(": ")[1] for text in verdict_messages] == [
            f"{JOBS // SLICES} of {JOBS // SLICES} jobs ready. Selected"
        ] * SLICES
        stats = emulator.stats
        assert stats["by_status"] == {"200": stats["requests"]}
        assert {record.job for record in emulator.requests("job_status")} >= {f"job_{n:03d}" for n in range(JOBS - 1)}
        # Each slice starts one module with a few connections.
        assert stats["connections"] <= SLICES * 16
        assert max(stats["busiest_second"].values()) <= 30
