# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-playbook like a user, against an emulator, and returns the result of each task."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.emulator import ACCESS_KEY, REGION, SECRET_KEY, Emulator

from . import preloaded

CALLBACKS = Path(__file__).resolve().parent / "callbacks"
COMMAND = str(Path(sys.executable).with_name("ansible-playbook"))
OWN_PROCESS: dict[str, Any] = {
    "vars": {"ansible_python_interpreter": f"{Path(sys.executable).parent}/./{Path(sys.executable).name}"}
}
"""Keywords of a task or play whose modules run in processes of their own: Ansible does not see that it is the same Python."""
TIMEOUT = 400.0
"""Maximum seconds of a playbook."""
MAX_SLACK = 15.0
"""Additional seconds on a busy machine."""

Task = dict[str, Any]


@dataclass
class Record:
    """What one task did on one host. `status` is ok, failed, skipped or unreachable."""

    task: str
    host: str
    status: str
    ignored: bool
    result: dict[str, Any]

    @property
    def failed(self) -> bool:
        """Whether the task failed, whether or not that was ignored."""
        return self.status == "failed"

    @property
    def msg(self) -> str:
        """Its message."""
        return str(self.result.get("msg", ""))

    def __getitem__(self, key: str) -> Any:
        return self.result[key]


@dataclass
class Run:
    """A playbook that has ended."""

    code: int
    output: str
    errors: str
    records: list[Record] = field(default_factory=list)

    def all(self, task: str) -> list[Record]:
        """All records of the tasks of that name, in the play itself or in a role."""
        return [record for record in self.records if task in (record.task, record.task.rpartition(" : ")[2])]

    def __getitem__(self, task: str) -> Record:
        """The only record of the task of that name."""
        found = self.all(task)
        assert len(found) == 1, f"{len(found)} records of {task!r} among {[record.task for record in self.records]}"
        return found[0]

    @property
    def gates(self) -> list[dict[str, Any]]:
        """The artifacts of the role's gates, in turn: one for each gate, for any number of hosts."""
        left = [record.result.get("ansible_stats", {}).get("data", {}) for record in self.records]
        return [data for item in left for name, data in item.items() if name.startswith("job_gate")]

    @property
    def text(self) -> str:
        """The printed output."""
        return self.output + self.errors


def connection(emulator: Emulator, **more: str) -> dict[str, str]:
    """The environment that leads to the emulator, as an AWX credential sets it."""
    return {
        "HW_ACCESS_KEY": ACCESS_KEY,
        "HW_SECRET_KEY": SECRET_KEY,
        "HW_REGION_NAME": REGION,
        "HW_PROJECT_ID": emulator.project_id,
        "HW_DATAARTS_ENDPOINT": emulator.url,
        "HW_DLI_ENDPOINT": emulator.url,
        "HW_IAM_ENDPOINT": emulator.url,
        **more,
    }


def settings() -> dict[str, str]:
    """Ansible's settings: those of a new user, without colours."""
    return {
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "COLUMNS": "200",
        "LC_ALL": "C.UTF-8",
    }


def task(name: str, module: str, options: Mapping[str, Any] | None = None, **keywords: Any) -> Task:
    """A task whose failure does not end the play; a module without a dot is the collection's."""
    full = module if "." in module else f"datagate.huaweicloud.{module}"
    return {"name": name, full: dict(options or {}), "ignore_errors": True, **keywords}


def play(tasks: Sequence[Task], hosts: str = "localhost", **keywords: Any) -> dict[str, Any]:
    """A play that gathers no facts."""
    return {"name": f"Play on {hosts}", "hosts": hosts, "gather_facts": False, **keywords, "tasks": list(tasks)}


def gate(entry: str, name: str, variables: Mapping[str, Any], rescue: Sequence[Task] = (), **keywords: Any) -> Task:
    """A block that includes the role; a failure is rescued when there are tasks for that."""
    include: Task = {
        "name": name,
        "ansible.builtin.include_role": {"name": "datagate.huaweicloud.job_gate", "tasks_from": entry},
        "vars": dict(variables),
        **keywords,
    }
    return {"name": f"Block of {name}", "block": [include], "rescue": list(rescue)} if rescue else include


def run(
    playbook: str | Sequence[Mapping[str, Any]],
    environment: Mapping[str, str],
    *arguments: str,
    variables: Mapping[str, Any] | None = None,
    inventory: str | None = None,
) -> Run:
    """Run a playbook, given by name or as plays. `inventory` is the text of an inventory file."""
    with tempfile.TemporaryDirectory(prefix="datagate-playbook-") as name:
        folder = Path(name)
        record = folder / "record.jsonl"
        command = [COMMAND]
        if isinstance(playbook, str):
            command.append(playbook)
        else:
            # JSON is YAML, and never folds a line or guesses a type.
            (folder / "playbook.yml").write_text(json.dumps([dict(item) for item in playbook], indent=1), "utf-8")
            command.append(str(folder / "playbook.yml"))
        if inventory is not None:
            (folder / "hosts.yml").write_text(inventory, "utf-8")
            command += ["-i", str(folder / "hosts.yml")]
        if variables:
            command += ["-e", json.dumps(variables)]
        done = preloaded.run(
            [*command, *arguments],
            cwd=folder,
            env={
                **os.environ,
                **settings(),
                "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
                "ANSIBLE_CALLBACKS_ENABLED": "recorder",
                "DATAGATE_RECORD": str(record),
                **environment,
            },
            timeout=TIMEOUT,
        )
        lines = record.read_text("utf-8").splitlines() if record.exists() else []
    return Run(done.returncode, done.stdout, done.stderr, [Record(**json.loads(line)) for line in lines])


def hosts(*names: str, **variables: Any) -> str:
    """An inventory of unreachable hosts; what runs on them runs on the controller."""
    return yaml.safe_dump({"all": {"hosts": {name: {} for name in names}, "vars": variables}})
