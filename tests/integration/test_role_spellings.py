# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Either the gate runs or the play stops, for each way to include the role. Each one is run for real."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.emulator import Emulator, running

from .playbook import Run, connection, run

ROLE = "datagate.huaweicloud.job_gate"
BAD = {"job_gate_job_names": ["job_trap"], "job_gate_wait_timeout": 5}
GOOD = {"job_gate_job_names": ["job_good"], "job_gate_wait_timeout": 5}
SCENARIO: dict[str, Any] = {
    "quota": 0,
    "jobs": [{"name": "job_good"}, {"name": "job_also"}, {"name": "job_trap", "status": "EXCEPTION"}],
}
HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
DEPLOY: dict[str, Any] = {"name": "deploy", "ansible.builtin.debug": {"msg": "deployed"}}


class Spelling(NamedTuple):
    """A way to bring the role in.

    :ivar play: what the play has besides its hosts.
    :ivar arguments: of the command line.
    :ivar deployed: the hosts that continue after a failing gate; none, except where Ansible makes it impossible.
    :ivar passes: whether all hosts continue after a passing gate.
    """

    play: Mapping[str, Any]
    arguments: tuple[str, ...] = ()
    deployed: frozenset[str] = frozenset()
    passes: bool = True


def include(**keywords: Any) -> dict[str, Any]:
    return {"name": "gate", "ansible.builtin.include_role": {"name": ROLE}, **keywords}


def imported(**keywords: Any) -> dict[str, Any]:
    return {"name": "gate", "ansible.builtin.import_role": {"name": ROLE}, **keywords}


def tasks(*items: Mapping[str, Any], **keywords: Any) -> dict[str, Any]:
    return {"tasks": [*items, DEPLOY], **keywords}


TAGGED = {**DEPLOY, "tags": ["release"]}
SPELLINGS: dict[str, Spelling] = {
    "roles": Spelling({"roles": [ROLE], "tasks": [DEPLOY]}),
    "roles with a tag": Spelling(
        {"roles": [{"role": ROLE, "tags": ["gate"]}], "tasks": [TAGGED]}, ("--tags", "release")
    ),
    "roles once": Spelling({"roles": [{"role": ROLE, "run_once": True}], "tasks": [DEPLOY]}),
    "twice": Spelling({"roles": [ROLE, ROLE], "tasks": [DEPLOY]}),
    "dependency": Spelling({"roles": ["needs_a_gate"], "tasks": [DEPLOY]}),
    "import": Spelling(tasks(imported())),
    "import once": Spelling(tasks(imported(run_once=True))),
    "import, other tags": Spelling({"tasks": [imported(), TAGGED]}, ("--tags", "release")),
    "import, tags skipped": Spelling({"tasks": [imported(), TAGGED]}, ("--skip-tags", "other")),
    "import with a condition": Spelling(tasks(imported(when="true"))),
    "import that ignores": Spelling(tasks(imported()), ("--skip-tags", "always")),
    "a play with ignore_errors": Spelling(tasks(include(), ignore_errors=True)),
    "include": Spelling(tasks(include())),
    "include with a tag": Spelling({"tasks": [include(tags=["release"]), TAGGED]}, ("--tags", "release")),
    "include, all tags": Spelling({"tasks": [include(tags=["release"]), TAGGED]}, ("--tags", "all")),
    "include, tagged": Spelling({"tasks": [include(tags=["release"]), TAGGED]}, ("--tags", "tagged")),
    "include, always skipped": Spelling(tasks(include()), ("--skip-tags", "always")),
    "include, tagged skipped": Spelling(tasks(include()), ("--skip-tags", "tagged")),
    "include, one of two tags": Spelling(
        {"tasks": [include(tags=["release"]), TAGGED]}, ("--tags", "release,other", "--skip-tags", "other,always")
    ),
    "include in a block with a tag": Spelling(
        {"tasks": [{"block": [include(), DEPLOY], "tags": ["release"]}]}, ("--tags", "release")
    ),
    "include once": Spelling(tasks(include(run_once=True))),
    "include once, as a template": Spelling(tasks(include(run_once="{{ true }}"))),
    "include in a block that runs once": Spelling({"tasks": [{"block": [include()], "run_once": True}, DEPLOY]}),
    "include in a loop": Spelling(tasks(include(loop=[1, 2], loop_control={"loop_var": "number"}))),
    "include with throttle": Spelling(tasks(include(), throttle=1)),
    "serial": Spelling(tasks(include(), serial=2)),
    "free": Spelling(tasks(include(), strategy="free")),
    "free, imported": Spelling(tasks(imported(), strategy="free")),
    "host_pinned": Spelling(tasks(include(), strategy="host_pinned")),
    "any_errors_fatal": Spelling(tasks(include(), any_errors_fatal=True)),
    "few forks": Spelling(tasks(include()), ("--forks", "1")),
    "within another include": Spelling(tasks({"ansible.builtin.include_tasks": "gate_tasks.yml"})),
    "limit": Spelling(tasks(include()), ("--limit", "web2")),
    "false on the first host, imported once": Spelling(
        tasks(imported(run_once=True, when="inventory_hostname != 'web1'")), (), frozenset({"web1"}), False
    ),
    "false on the first host": Spelling(tasks(include(when="inventory_hostname != 'web1'")), (), frozenset({"web1"})),
    "false on the first host, imported": Spelling(
        tasks(imported(when="inventory_hostname != 'web1'")), (), frozenset({"web1"})
    ),
    "false on all": Spelling(tasks(include(when="false")), (), frozenset({"web1", "web2", "web3"})),
    # Ansible does not run the role at all.
    "include without the tag": Spelling(
        {"tasks": [include(), TAGGED]}, ("--tags", "release"), frozenset({"web1", "web2", "web3"})
    ),
    "the gate's own tag skipped": Spelling(
        tasks(include(tags=["gate"])), ("--skip-tags", "gate"), frozenset({"web1", "web2", "web3"})
    ),
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


def go_all(
    folder: Path, emulator: Emulator, spellings: Sequence[Spelling], variables: Mapping[str, Any], *arguments: str
) -> Run:
    """Run plays on three hosts, with files that some spellings need beside them."""
    needs = folder / "roles" / "needs_a_gate" / "meta"
    needs.mkdir(parents=True)
    (needs / "main.yml").write_text(json.dumps({"dependencies": [{"role": ROLE}]}))
    (folder / "gate_tasks.yml").write_text(json.dumps([include()]))
    play = {"hosts": "web1,web2,web3", "gather_facts": False, "vars": dict(variables)}
    (folder / "site.yml").write_text(json.dumps([{**play, **spelling.play} for spelling in spellings]))
    inventory = yaml.safe_dump({"all": {"hosts": {"web1": {}, "web2": {}, "web3": {}}, "vars": HERE}})
    return run(str(folder / "site.yml"), connection(emulator), *arguments, inventory=inventory)


def go(folder: Path, emulator: Emulator, spelling: Spelling, variables: Mapping[str, Any]) -> Run:
    """Run the play of one spelling."""
    return go_all(folder, emulator, [spelling], variables, *spelling.arguments)


def deployed(done: Run, task: str = "deploy") -> set[str]:
    return {record.host for record in done.all(task) if record.status == "ok"}


@pytest.mark.parametrize("name", SPELLINGS)
def test_failing_gate_stops_each_host(tmp_path: Path, emulator: Emulator, name: str) -> None:
    spelling = SPELLINGS[name]
    done = go(tmp_path, emulator, spelling, BAD)
    assert deployed(done) == spelling.deployed, done.text
    if len(spelling.deployed) < 3:
        assert done.code != 0, done.text


PASSING: dict[tuple[str, ...], list[str]] = {}
"""The spellings whose gate may pass, by their arguments: the plays of those with the same ones are run by one command."""
for key, value in SPELLINGS.items():
    if value.passes:
        PASSING.setdefault(value.arguments, []).append(key)


def own_deployment(spelling: Spelling, name: str) -> Spelling:
    """The spelling, followed by a deployment with its name."""
    text = json.dumps(spelling.play)
    assert text.count('"name": "deploy"') == 1
    return spelling._replace(play=json.loads(text.replace('"name": "deploy"', f'"name": "deploy after {name}"')))


@pytest.mark.parametrize("arguments", PASSING, ids=lambda arguments: " ".join(arguments) or "without arguments")
def test_passing_gate_lets_each_host_continue(tmp_path: Path, emulator: Emulator, arguments: tuple[str, ...]) -> None:
    names = PASSING[arguments]
    spellings = [own_deployment(SPELLINGS[name], name) for name in names]
    done = go_all(tmp_path, emulator, spellings, GOOD, *arguments)
    assert done.code == 0, done.text
    hosts = {"web2"} if "--limit" in arguments else {"web1", "web2", "web3"}
    assert {name: deployed(done, f"deploy after {name}") for name in names} == dict.fromkeys(names, hosts), done.text


@pytest.mark.parametrize("item", [include(), imported()])
def test_gate_per_batch_gives_no_warning_about_its_id(tmp_path: Path, emulator: Emulator, item: dict[str, Any]) -> None:
    done = go(tmp_path, emulator, Spelling(tasks(item, serial=1)), GOOD)
    assert done.code == 0, done.text
    assert "WARNING" not in done.text


@pytest.mark.parametrize("once", [True, False])
@pytest.mark.parametrize("static", [True, False])
def test_rescue_around_the_gate_works(tmp_path: Path, emulator: Emulator, once: bool, static: bool) -> None:
    """With run_once Ansible rescues the first host alone; the others stop."""
    item = imported if static else include
    rescue = {"name": "rescued", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}
    shown = {"name": "shown", "ansible.builtin.debug": {"var": "job_gate_result.verdict"}}
    block = {"block": [item(run_once=once), DEPLOY], "rescue": [rescue, shown]}
    done = go(tmp_path, emulator, Spelling({"tasks": [block]}), BAD)
    assert not deployed(done), done.text
    messages_by_host = {record.host: record.msg for record in done.all("rescued")}
    assert sum(text.startswith("FAIL after ") for text in messages_by_host.values()) == 1
    assert {record["job_gate_result.verdict"] for record in done.all("shown")} == {"FAIL"}
    if not once:
        assert done.code == 0, done.text
        assert set(messages_by_host) == {"web1", "web2", "web3"}


def test_each_inclusion_runs_one_gate_for_all_hosts(tmp_path: Path, emulator: Emulator) -> None:
    before = len(emulator.requests("job_status", job="job_also"))
    spelling = Spelling({"roles": [ROLE, ROLE], "tasks": [imported(), include(), DEPLOY]})
    done = go(tmp_path, emulator, spelling, {**GOOD, "job_gate_job_names": "job_also"})
    assert done.code == 0, done.text
    assert len(emulator.requests("job_status", job="job_also")) - before == 4


def test_later_gate_of_the_same_tasks_runs_again(tmp_path: Path, emulator: Emulator) -> None:
    """The result of the first gate is not used for the second, although Ansible treats both as the same tasks."""
    before = len(emulator.requests("job_status", job="job_also"))
    conditional = {"role": ROLE, "when": "go_on | default(inventory_hostname == 'web1')"}
    switch = {"role": "switch"}
    (tmp_path / "roles" / "switch" / "tasks").mkdir(parents=True)
    (tmp_path / "roles" / "switch" / "tasks" / "main.yml").write_text(
        json.dumps([{"name": "switch", "ansible.builtin.set_fact": {"go_on": "{{ inventory_hostname == 'web2' }}"}}])
    )
    spelling = Spelling({"roles": [conditional, switch, conditional], "tasks": [DEPLOY]})
    done = go(tmp_path, emulator, spelling, {**GOOD, "job_gate_job_names": "job_also"})
    assert done.code == 0, done.text
    assert len(emulator.requests("job_status", job="job_also")) - before == 2


@pytest.mark.parametrize("item", [include(), imported(), include(run_once=True)])
@pytest.mark.parametrize("variable", ["job_gate_job_names", "job_gate_stable_for"])
def test_different_values_per_host_are_rejected(
    tmp_path: Path, emulator: Emulator, item: dict[str, Any], variable: str
) -> None:
    before = len(emulator.requests())
    inventory: dict[str, Any] = {"all": {"hosts": {"web1": {variable: "1"}, "web2": {variable: "2"}}, "vars": {**HERE}}}
    play = {"hosts": "all", "gather_facts": False, "tasks": [item, DEPLOY]}
    if variable != "job_gate_job_names":
        inventory["all"]["vars"].update(GOOD)
    (tmp_path / "site.yml").write_text(json.dumps([play]))
    done = run(str(tmp_path / "site.yml"), connection(emulator), inventory=yaml.safe_dump(inventory))
    assert done.code == 2
    assert not deployed(done)
    assert re.search(rf"{variable}: differs between web(1 and web2|2 and web1)", done.text)
    assert len(emulator.requests()) == before


def test_different_template_values_per_host_are_rejected(tmp_path: Path, emulator: Emulator) -> None:
    item = include(vars={"job_gate_job_names": "{{ 'job_good' if inventory_hostname == 'web1' else 'job_trap' }}"})
    done = go(tmp_path, emulator, Spelling(tasks(item)), {})
    assert done.code == 2
    assert not deployed(done)
    assert re.search("job_gate_job_names: differs between web[123] and web[123]", done.text)


@pytest.mark.parametrize("meta", ["clear_host_errors", "end_batch", "end_host", "end_play", "noop"])
def test_meta_task_in_on_failure_does_not_prevent_the_failure(tmp_path: Path, emulator: Emulator, meta: str) -> None:
    (tmp_path / "inner.yml").write_text(json.dumps([{"ansible.builtin.meta": meta}]))
    (tmp_path / "back.yml").write_text(json.dumps([{"ansible.builtin.include_tasks": "inner.yml"}]))
    done = go(tmp_path, emulator, Spelling(tasks(include())), {**BAD, "job_gate_on_failure": "back.yml"})
    assert done.code == 2, done.text
    assert not deployed(done)
    assert (f"holds 'meta: {meta}'" in done.text) is (meta != "noop")


def test_task_timeout_counts_as_a_failed_gate(tmp_path: Path, emulator: Emulator) -> None:
    (tmp_path / "back.yml").write_text(json.dumps([{"name": "roll back", "ansible.builtin.debug": {"msg": "back"}}]))
    variables = {**GOOD, "job_gate_stable_for": 60, "job_gate_wait_timeout": 120, "job_gate_report_dir": str(tmp_path)}
    item = imported(timeout=4, vars={**variables, "job_gate_on_failure": "back.yml"})
    done = go(tmp_path, emulator, Spelling(tasks(item)), {})
    assert done.code == 2
    assert not deployed(done)
    assert {record.host for record in done.all("roll back")} == {"web1", "web2", "web3"}
    report = json.loads((tmp_path / "gate.json").read_text("utf-8"))
    assert report["verdict"] == "ERROR"
    assert report["msg"].startswith("ERROR: the gate gave no verdict: ")
