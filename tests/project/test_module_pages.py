# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of the modules agree with the code: the summary of options, the examples, and the versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import CONNECTION

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "datagate.huaweicloud."
INTERNAL = "role_job_gate"
NAMES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != INTERNAL)
NEXT = "2.0.0"  # the version in which everything appears that is not released yet
MAX_IN_SUMMARY = 10


def module(name: str) -> Any:
    return import_module(f"ansible_collections.datagate.huaweicloud.plugins.modules.{name}")


def summary(name: str) -> tuple[list[str], list[str]]:
    """The entries about the most important options, and those about the other ones."""
    entries: list[str] = yaml.safe_load(module(name).DOCUMENTATION)["description"]
    first, second = entries.index("B(The most important options)"), entries.index("B(Other options)")
    return entries[first + 1 : second], entries[second + 1 :]


# -- the summary of options -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_summary_names_every_option_of_the_module(name: str) -> None:
    important, others = summary(name)
    assert 3 <= len(important) <= MAX_IN_SUMMARY
    firsts = [re.match(r"O\((\w+)\) - ", entry) for entry in important]
    named = [found[1] for found in firsts if found] + re.findall(r"O\((\w+)\)", " ".join(others))
    arguments = module(name).ARGUMENTS
    assert len(named) == len(set(named))
    assert set(arguments) <= set(named) <= set(arguments) | set(CONNECTION)


@pytest.mark.parametrize("name", NAMES)
def test_the_summary_names_the_defaults(name: str) -> None:
    for entry in summary(name)[0]:
        option = module(name).ARGUMENTS[re.match(r"O\((\w+)\)", entry)[1]]  # type: ignore[index]
        default_text = re.search(r" Default V\((.*)\)\.$", entry)
        default = option.get("default")
        assert (yaml.safe_load(default_text[1]) if default_text else None) == (None if default == [] else default), (
            entry
        )


# -- examples ---------------------------------------------------------------------------------------------------------


def tasks(items: Any) -> Iterator[dict[str, Any]]:
    """All tasks, also those in blocks."""
    for item in items:
        yield item
        for section in ("block", "rescue", "always"):
            yield from tasks(item.get(section, []))


def examples(name: str) -> list[dict[str, Any]]:
    return list(tasks(yaml.safe_load(module(name).EXAMPLES)))


@pytest.mark.parametrize("name", NAMES)
def test_options_in_examples_exist(name: str) -> None:
    for task in examples(name):
        for key, options in task.items():
            if not key.startswith(PREFIX):
                continue
            arguments = {**CONNECTION, **module(key.removeprefix(PREFIX)).ARGUMENTS}
            known = {*arguments, *(alias for what in arguments.values() for alias in what.get("aliases", ()))}
            assert set(options or {}) <= known, task["name"]


@pytest.mark.parametrize("name", NAMES)
def test_the_first_example_is_the_shortest_use(name: str) -> None:
    first = examples(name)[0]
    assert f"{PREFIX}{name}" in first
    assert len(first[f"{PREFIX}{name}"] or {}) <= 3


@pytest.mark.parametrize("name", [name for name in NAMES if "wait" in module(name).ARGUMENTS])
def test_the_examples_of_a_gate_show_the_frequent_uses(name: str) -> None:
    found = examples(name)
    assert any(task.get("check_mode") for task in found)
    defaults = [task["module_defaults"] for task in found if "module_defaults" in task]
    assert [item["group/datagate.huaweicloud.huaweicloud"]["secret_key"] for item in defaults] == [
        "{{ vault_secret_key }}"
    ]
    assert name == "dataarts_job" or any("rescue" in task for task in found)


def test_variables_in_the_examples_of_the_role_exist() -> None:
    text = (ROOT / "roles" / "job_gate" / "README.md").read_text("utf-8")
    specs = yaml.safe_load((ROOT / "roles" / "job_gate" / "meta" / "argument_specs.yml").read_text("utf-8"))
    blocks = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]
    found = [task for block in blocks for item in block for task in tasks(item.get("tasks", [item]))]
    gates = [task for task in found if "ansible.builtin.include_role" in task]
    assert len(gates) >= 10
    for task in gates:
        entry = task["ansible.builtin.include_role"].get("tasks_from", "main")
        assert set(task["vars"]) <= set(specs["argument_specs"][entry]["options"]), task["name"]


@pytest.mark.parametrize("entry", ["main", "runs_succeeded", "dli_finished", "dli_flink_running", "dli_spark_finished"])
def test_defaults_in_the_readme_of_the_role_are_those_of_the_options(entry: str) -> None:
    entries = import_module("ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.entries").ENTRIES
    arguments = module(entries[entry].module).ARGUMENTS
    text = (ROOT / "roles" / "job_gate" / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `job_gate_(\w+)`(?:, `\w+`)* \| (?:`([^`]*)`)? ?\|", text, re.MULTILINE)
    assert len(rows) >= 12
    for option, default in rows:
        if option in arguments:
            assert (yaml.safe_load(default) if default else None) == arguments[option].get("default"), option


# -- attributes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_attributes_match_the_module(name: str) -> None:
    documentation = yaml.safe_load(module(name).DOCUMENTATION)
    own, fragments = documentation.get("attributes", {}), documentation["extends_documentation_fragment"]
    has_action = (ROOT / "plugins" / "action" / f"{name}.py").exists()
    assert f"{PREFIX}attributes" in fragments
    assert has_action == (f"{PREFIX}attributes.gates" in fragments or "action" in own)
    # The fragment is about modules that change nothing.
    changes = name == "dataarts_job" or "cancel_on" in module(name).ARGUMENTS
    assert changes == ({"check_mode", "diff_mode", "idempotent"} <= own.keys())


# -- versions ---------------------------------------------------------------------------------------------------------


def released() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text("utf-8"))[
        "releases"
    ]
    return found


def appeared() -> dict[tuple[str, str], str]:
    """The version of each module and plugin in the changelog, by its kind and name."""
    found = {}
    for version, release in released().items():
        kinds = {"modules": release.get("modules", []), **release.get("plugins", {})}
        kinds.update(release.get("objects", {}))
        for kind, items in kinds.items():
            found.update({(kind, item["name"]): version for item in items})
    return found


def versions() -> Iterator[tuple[str, str]]:
    """Every place that says a version, and the version."""
    for folder in ("plugins", "roles", "extensions", "docs", "playbooks"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".yml") and path.is_file():
                for version in re.findall(r"version_added: *['\"]?([\w.]+)", path.read_text("utf-8")):
                    yield str(path.relative_to(ROOT)), version


def test_a_version_is_a_release_or_the_next_one() -> None:
    known = {*released(), NEXT}
    assert [item for item in versions() if item[1] not in known] == []


@pytest.mark.parametrize("kind", ["modules", "filter", "inventory"])
def test_version_added_is_the_release_of_the_plugin(kind: str) -> None:
    versions = appeared()
    for path in sorted((ROOT / "plugins" / kind).glob("*.py")):
        version = re.search(r"^ *version_added: (.+)$", path.read_text("utf-8"), re.MULTILINE)
        assert version is not None
        assert version[1] == versions.get((kind, path.stem), NEXT), path.name
