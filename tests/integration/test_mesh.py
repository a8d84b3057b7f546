# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two machines of AWX's mesh: `ansible-runner worker` receives a job through a pipe, and sends its events back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ansible_runner
import pytest

from tests.emulator import SECRET_KEY, Emulator, running

from .playbook import connection, settings

RUNNER = str(Path(sys.executable).with_name("ansible-runner"))
GATE = "datagate.huaweicloud.gate"
JOBS, SLICES, CEILING = 2000, 2, 28.0
LATE = [f"late_{number}" for number in range(SLICES)]
# Each slice is identified by its own key; both keys belong to one user, who has the quota.
KEYS = [
    {"access_key": f"KEY{number}", "secret_key": f"{SECRET_KEY}{number}", "user": "gates"} for number in range(SLICES)
]
SCENARIO: dict[str, Any] = {
    "quota": {"per_user": 30},
    "access_keys": KEYS,
    "jobs": [
        {"name": "job_{i:05d}", "count": JOBS - SLICES},
        *({"name": name, "status": "STARTING", "timeline": [{"after": "go", "status": "NORMAL"}]} for name in LATE),
    ],
}


def piece(folder: Path, environment: dict[str, str], jobs: list[str]) -> tuple[Any, list[dict[str, Any]]]:
    """Run a gate for some jobs on another machine, like the mesh; returns the job and its events."""
    here, there, back = folder / "here", folder / "there", folder / "back"
    (here / "env").mkdir(parents=True)
    (here / "project").mkdir()
    (here / "env" / "envvars").write_text(json.dumps(environment), "utf-8")
    variables = {
        "job_gate_job_names": jobs,
        "job_gate_check_nodes": False,
        "job_gate_requests_per_second": CEILING / SLICES,
        "job_gate_wait_interval": 1,
        "job_gate_wait_timeout": 60,
    }
    (here / "env" / "extravars").write_text(json.dumps(variables), "utf-8")
    there.mkdir()
    back.mkdir()
    # The worker has Ansible, the collection and nothing of the environment here.
    bare = {"PATH": os.environ["PATH"], "HOME": str(there), "LC_ALL": "C.UTF-8"}
    transmit = subprocess.Popen(
        [RUNNER, "transmit", str(here), "-p", GATE], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    worker = subprocess.Popen(
        [RUNNER, "worker", "--private-data-dir", str(there)],
        stdin=transmit.stdout,
        stdout=subprocess.PIPE,
        env=bare,
        cwd=there,
    )
    with transmit, worker:
        assert transmit.stdout
        transmit.stdout.close()  # the worker has it now
        assert worker.stdout
        events: list[dict[str, Any]] = []
        done = ansible_runner.interface.run(
            streamer="process",
            _input=worker.stdout,
            private_data_dir=str(back),
            event_handler=events.append,
            quiet=True,
        )
    assert transmit.returncode == 0
    return done, events


def begun(emulator: Emulator) -> bool:
    """Whether each slice has read the complete list three times, and started again."""
    seen = Counter(record.access_key for record in emulator.requests("job_list"))
    return len(seen) == SLICES and min(seen.values()) > 3 * JOBS / 100


@pytest.mark.timeout(300)
def test_two_machines_share_the_quota(tmp_path: Path) -> None:
    with running(SCENARIO) as emulator:
        names = [f"job_{number:05d}" for number in range(JOBS - SLICES)] + LATE

        def job(number: int) -> tuple[Any, list[dict[str, Any]]]:
            key = {"HW_ACCESS_KEY": KEYS[number]["access_key"], "HW_SECRET_KEY": KEYS[number]["secret_key"]}
            environment = {**settings(), **connection(emulator, **key)}
            return piece(tmp_path / str(number), environment, names[number::SLICES])

        with ThreadPoolExecutor(SLICES) as pool:
            jobs = [pool.submit(job, number) for number in range(SLICES)]
            # None can pass before, so they run at the same time.
            while not begun(emulator) and not any(each.done() for each in jobs):
                time.sleep(0.1)
            emulator.event("go")
        for each in jobs:
            runner, events = each.result()
            assert runner.status == "successful", [event["stdout"] for event in events]
            (ended,) = [event for event in events if event["event"] == "playbook_on_stats"]
            artifact = ended["event_data"]["artifact_data"]["job_gate"]
            assert artifact["verdict"] == "PASS"
            assert artifact["by_status"] == {"NORMAL": JOBS // SLICES}
            # The lines of the waiting gate are events.
            assert [event for event in events if event["event"] == "verbose" and LATE[0][:-1] in event["stdout"]]
            assert SECRET_KEY not in str(events)

        stats = emulator.stats
        assert stats["by_status"] == {"200": stats["requests"]}
        assert stats["by_call"].keys() == {"job_list"}
        (busiest,) = stats["busiest_second"].values()
        assert busiest <= 30
        # A slice has half, and would have more if it did not know of the other.
        for key in KEYS:
            times = sorted(record.at for record in emulator.journal if record.access_key == key["access_key"])
            most = max(sum(1 for other in times if 0 <= other - at < 1) for at in times)
            assert most <= CEILING / SLICES + 1
