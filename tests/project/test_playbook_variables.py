# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each variable of a playbook is documented, in its head comment or with a comment where it gets its default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PLAYBOOKS = sorted((Path(__file__).resolve().parents[2] / "playbooks").glob("*.yml"))
# The variables of a playbook begin with its name, except for these.
PREFIXES = {"deploy_with_gates": "deploy", "gate": "job_gate"}
OUTCOME = "deploy_outcome"  # an artifact, which the user does not set


def prefix(path: Path) -> str:
    return f"{PREFIXES.get(path.stem, path.stem)}_"


def used(path: Path) -> set[str]:
    """The variables of a playbook to which it applies a filter or a test."""
    text = path.read_text("utf-8").partition("\n---\n")[2]
    return set(re.findall(rf"(?<![\w.'])({prefix(path)}[a-z_]+)(?= *(?:\||==| in | or ))", text)) - {OUTCOME}


def documented(path: Path) -> dict[str, str]:
    """The variables in the table of the head comment with their meaning, and those that get a default in the play."""
    head, dummy, body = path.read_text("utf-8").partition("\n---\n")
    table = re.findall(r"^# (\w+) {2,}(.+(?:\n# {4,}.+)*)", head, re.MULTILINE)
    defaults = re.findall(r"^    ([a-z]\w+): (.*)$", body.partition("\n  tasks:\n")[0], re.MULTILINE)
    found = {**dict(table), **{name: f"default {value}" for name, value in defaults}}
    return {name: text for name, text in found.items() if name.startswith(prefix(path))}


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_each_variable_is_documented_with_its_default(path: Path) -> None:
    found = documented(path)
    assert used(path)
    assert used(path) - set(found) == set()
    for name, text in found.items():
        assert re.search(r"\bdefault\b|\brequired\b|^or ", text), name


def checked(tasks: list[dict[str, Any]]) -> set[str]:
    """The names that a playbook accepts for its variables."""
    for task in tasks:
        if task.get("ansible.builtin.import_tasks") == "tasks/check_variable_names.yml":
            return set(task["vars"]["__variables"])
        if found := checked(task.get("block", [])):
            return found
    return set()


# awx_setup has a check of its own, and the role checks the variables of gate.
@pytest.mark.parametrize(
    "path", [path for path in PLAYBOOKS if path.stem not in ("awx_setup", "gate")], ids=lambda path: path.stem
)
def test_misspelt_variables_are_refused(path: Path) -> None:
    names = checked([task for play in yaml.safe_load(path.read_text("utf-8")) for task in play["tasks"]])
    assert names - {OUTCOME} == set(documented(path))
