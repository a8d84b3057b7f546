# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tools that are compared, and their commands."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.emulator.constants import ACCESS_KEY, AUTH_TOKEN, PROJECT_ID, REGION, SECRET_KEY

from .arithmetic import paced_seconds
from .clouds import ROOT, environment
from .scenarios import INTERVAL, LIST_EVERY, names

PLAYBOOK: Final = str(Path(sys.executable).with_name("ansible-playbook"))
CALLBACKS: Final = Path(__file__).resolve().parent / "callbacks"
DEFAULT_RATE: Final = 20.0
"""The collection's default for requests_per_second."""
FAST_RATE: Final = 28.0
"""A rate limit close below the quota."""
GATE_TIMEOUT: Final = 1800
"""The wait_timeout of a gate."""


@dataclass(frozen=True)
class Contender:
    """One way to wait for jobs.

    :ivar key: its name in the results.
    :ivar label: its name for readers.
    :ivar kind: the kind of its command.
    :ivar nodes: whether it reads the nodes' states. The job's status call shows them to every tool.
    :ivar rate: its limit in requests per second, or None.
    :ivar own_process: whether a module is started, as on a host that is not the controller.
    """

    key: str
    label: str
    kind: str
    nodes: bool = False
    rate: float | None = None
    own_process: bool = False

    @property
    def ours(self) -> bool:
        """Whether it is this collection."""
        return self.kind == "task"


def _task(level: str, rate: float, own_process: bool = False) -> Contender:
    at = f"{rate:g}/s (default)" if rate == DEFAULT_RATE else f"{rate:g}/s"
    what = "with nodes" if level == "nodes" else "by the list"
    place = ", as a module" if own_process else ""
    key = f"{'module ' if own_process else ''}{level}@{rate:g}"
    return Contender(key, f"dataarts_job_status {what}, {at}{place}", "task", level == "nodes", rate, own_process)


JOBS: Final = _task("jobs", DEFAULT_RATE)
JOBS_FAST: Final = _task("jobs", FAST_RATE)
NODES: Final = _task("nodes", DEFAULT_RATE)
NODES_FAST: Final = _task("nodes", FAST_RATE)
MODULE_JOBS: Final = _task("jobs", DEFAULT_RATE, own_process=True)
MODULE_NODES: Final = _task("nodes", DEFAULT_RATE, own_process=True)
URI: Final = Contender("uri", "ansible.builtin.uri, loop with until", "uri")
SDK: Final = Contender("sdk", "vendor's SDK, Python loop", "sdk")
SENSORS: Final = Contender("sensors", "Airflow, one sensor a job", "sensors")
EMPTY: Final = Contender("empty", "a playbook with one debug task", "empty")
FLOOR_JOBS: Final = Contender("floor jobs", "floor, by the list", "floor")
FLOOR_NODES: Final = Contender("floor nodes", "floor, with nodes", "floor", nodes=True)
ALL: Final = (
    JOBS,
    JOBS_FAST,
    NODES,
    NODES_FAST,
    MODULE_JOBS,
    MODULE_NODES,
    URI,
    SDK,
    SENSORS,
    FLOOR_JOBS,
    FLOOR_NODES,
    EMPTY,
)
BY_KEY: Final = {contender.key: contender for contender in ALL}


@dataclass
class Command:
    """The command to start.

    :ivar times: where the playbook's callback, or the program itself, writes its results.
    """

    arguments: list[str]
    environment: dict[str, str]
    times: Path


def command(contender: Contender, url: str, jobs: int, folder: Path, virtual: bool = False) -> Command:
    """The command of a contender for the given number of jobs."""
    times = folder / "times.json"
    account = environment(
        HOME=str(folder),
        HW_PROJECT_ID=PROJECT_ID,
        HW_REGION_NAME=REGION,
        HW_DATAARTS_ENDPOINT=url,
        PYTHONPATH=f"{ROOT}:{ROOT / '.venv' / 'collections'}",
    )
    keys = {"HW_ACCESS_KEY": ACCESS_KEY, "HW_SECRET_KEY": SECRET_KEY}
    token = {"HW_AUTH_TOKEN": AUTH_TOKEN}
    if virtual:
        assert contender.rate is not None
        # Long enough for each gate that ends, and short enough to detect one that does not.
        longest = round(60 + 1.2 * paced_seconds(jobs, contender.rate, LIST_EVERY))
        program = [url, str(jobs), f"{contender.rate:g}", str(longest), str(times)]
        return Command([*_program("virtual_gate"), *program], {**account, **token}, times)
    if contender.kind == "sdk":
        return Command([*_program("sdk_loop"), url, str(jobs), f"{INTERVAL:g}", str(times)], {**account, **keys}, times)
    if contender.kind == "sensors":
        return Command([*_program("sensors"), url, str(jobs), str(times)], {**account, **token}, times)
    plays = folder / "playbook.yml"
    plays.write_text(json.dumps(playbook(contender, url, jobs)), "utf-8")
    settings = {
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "times",
        "DATAGATE_BENCH_TIMES": str(times),
    }
    del account["PYTHONPATH"]
    return Command([PLAYBOOK, str(plays)], {**account, **keys, **settings}, times)


def _program(name: str) -> list[str]:
    return [sys.executable, "-m", f"tests.bench.programs.{name}"]


def playbook(contender: Contender, url: str, jobs: int) -> list[dict[str, Any]]:
    """A play with the contender's one task."""
    task: dict[str, Any]
    if contender.kind == "uri":
        task = {
            **read_with_uri(f"{url}/v1/{PROJECT_ID}/jobs/{{{{ item }}}}/status"),
            "loop": "{{ jobs }}",
            "loop_control": {"label": "{{ item }}"},
            "register": "status",
            "until": "status.json.status | default('') == 'NORMAL'",
            "retries": int(GATE_TIMEOUT / INTERVAL),
            "delay": int(INTERVAL),
        }
    elif contender.kind == "empty":
        task = {"ansible.builtin.debug": {"msg": "nothing"}}
    else:
        options: dict[str, Any] = {"job_names": "{{ jobs }}", "wait": True, "wait_timeout": GATE_TIMEOUT}
        if not contender.nodes:
            options["check_nodes"] = False
        if contender.rate != DEFAULT_RATE:
            options["requests_per_second"] = contender.rate
        task = {"datagate.huaweicloud.dataarts_job_status": options}
        if contender.own_process:
            # Ansible does not recognize the same Python.
            python = Path(sys.executable)
            task["vars"] = {"ansible_python_interpreter": f"{python.parent}/./{python.name}"}
    return [play(task, {"jobs": names(jobs)})]


def play(task: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """A play with one task on this machine."""
    return {"hosts": "localhost", "gather_facts": False, "vars": dict(variables), "tasks": [dict(task)]}


def pass_with_role(url: str) -> dict[str, Any]:
    """A task that includes the role for the same status."""
    options = read_with_module(url)["datagate.huaweicloud.dataarts_job_status"]
    return {
        "ansible.builtin.import_role": {"name": "datagate.huaweicloud.job_gate"},
        "vars": {f"job_gate_{name}": value for name, value in options.items()},
    }


def read_with_uri(url: str) -> dict[str, Any]:
    """A task that reads a status with Ansible's own modules only."""
    headers = {"X-Auth-Token": AUTH_TOKEN, "X-Project-Id": PROJECT_ID, "Content-Type": "application/json"}
    return {"ansible.builtin.uri": {"url": url, "headers": headers, "return_content": True}}


def read_with_module(url: str) -> dict[str, Any]:
    """A task that reads the same status with this collection."""
    return {
        "datagate.huaweicloud.dataarts_job_status": {
            "job_names": names(1),
            "auth_token": AUTH_TOKEN,
            "project_id": PROJECT_ID,
            "endpoints": {"dataarts": url},
        }
    }
