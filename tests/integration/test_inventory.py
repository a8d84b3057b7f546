# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin, as ansible-inventory and ansible-playbook use it, against an emulator."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.emulator import ACCESS_KEY, PROJECT_ID, SECRET_KEY, Emulator, running

from . import preloaded
from .playbook import connection, settings

BIN = Path(sys.executable).parent
TEMPLATE = "{{ lookup('ansible.builtin.pipe', 'touch pwned') }}"
HOSTILE = f"{TEMPLATE}\r\n\x1b[31m [a:b] all"

SCENARIO: dict[str, Any] = {
    "quota": 0,
    "workspaces": ["ws-1", "ws-2", "ws-hostile"],
    "denied_workspaces": ["ws-denied"],
    "jobs": [
        {"name": "job_sms", "tags": ["sms"]},
        {"name": "job_sms", "workspace": "ws-1", "owner": "ops"},
        {"name": "job_broken", "workspace": "ws-1", "owner": "ops", "status": "EXCEPTION"},
        {"name": "job_nightly", "workspace": "ws-1", "type": "BATCH"},
        {"name": "job_mute", "workspace": "ws-2", "status": None},
        {"name": "job_sms", "workspace": "ws-2"},
        {"name": "数据同步", "workspace": "ws-2"},
        {
            "name": HOSTILE,
            "workspace": "ws-hostile",
            "owner": TEMPLATE,
            "extra": {"{{ 6 * 7 }}": ["{{ 6 * 7 }}", {"a": "{{ 6 * 7 }}"}]},
        },
    ],
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


class Place:
    """A folder with an inventory file, and the commands that use it."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder = folder
        self.file = folder / "prod.dataarts_jobs.yml"
        self.environment = {
            **os.environ,
            **settings(),
            **connection(emulator),
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        }
        self.file_text("")

    def file_text(self, text: str, **options: Any) -> None:
        given = {"plugin": "datagate.huaweicloud.dataarts_jobs", **options}
        self.file.write_text(text or json.dumps(given), "utf-8")

    def run(self, command: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return preloaded.run(
            [str(BIN / command), *arguments], cwd=self.folder, env={**self.environment, **environment}, timeout=100
        )

    def inventory(self, **environment: str) -> dict[str, Any]:
        done = self.run("ansible-inventory", "-i", str(self.file), "--list", **environment)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def hosts(self, **options: Any) -> dict[str, dict[str, Any]]:
        self.file_text("", **options)
        found: dict[str, dict[str, Any]] = _returned(self.inventory()["_meta"]["hostvars"])
        return found

    def refusal(self, **environment: str) -> str:
        done = self.run("ansible-inventory", "-i", str(self.file), "--list", **environment)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert SECRET_KEY not in done.stderr + done.stdout
        return " ".join(done.stderr.split())


def _returned(value: Any) -> Any:
    """What ansible-inventory printed, without its marks for unsafe text."""
    if isinstance(value, dict):
        if set(value) == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {name: _returned(item) for name, item in value.items()}
    return [_returned(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def place(tmp_path: Path, emulator: Emulator) -> Place:
    emulator.clear()
    return Place(tmp_path, emulator)


def test_graph_of_two_workspaces(place: Place) -> None:
    place.file_text("", workspaces=["ws-1", " ws-2 ", ""])
    done = place.run("ansible-inventory", "-i", str(place.file), "--graph")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "@all:",
        "  |--@ungrouped:",
        "  |--@status_normal:",
        "  |  |--job_sms@ws-1",
        "  |  |--job_sms@ws-2",
        "  |  |--数据同步",
        "  |--@type_real_time:",
        "  |  |--job_sms@ws-1",
        "  |  |--job_broken",
        "  |  |--job_mute",
        "  |  |--job_sms@ws-2",
        "  |  |--数据同步",
        "  |--@workspace_ws_1:",
        "  |  |--job_sms@ws-1",
        "  |  |--job_broken",
        "  |  |--job_nightly",
        "  |--@status_exception:",
        "  |  |--job_broken",
        "  |--@status_scheduling:",
        "  |  |--job_nightly",
        "  |--@type_batch:",
        "  |  |--job_nightly",
        "  |--@status_unknown:",
        "  |  |--job_mute",
        "  |--@workspace_ws_2:",
        "  |  |--job_mute",
        "  |  |--job_sms@ws-2",
        "  |  |--数据同步",
    ]


def test_fields_of_a_job_are_variables(place: Place) -> None:
    (variables,) = place.hosts().values()
    assert variables["dataarts_name"] == "job_sms"
    assert variables["dataarts_status"] == "NORMAL"
    assert variables["dataarts_job_type"] == "REAL_TIME"
    assert variables["dataarts_workspace"] == ""
    assert isinstance(variables["dataarts_start_time"], int)
    assert variables["ansible_connection"] == "local"
    assert variables["ansible_python_interpreter"] == "{{ ansible_playbook_python }}"


def test_workspace_of_the_environment_is_used(place: Place) -> None:
    place.environment["HW_DATAARTS_WORKSPACE_ID"] = "ws-1"
    assert set(place.hosts()) == {"job_sms", "job_broken", "job_nightly"}
    assert set(place.hosts(workspaces=["ws-2"])) == {"job_mute", "job_sms", "数据同步"}


def test_one_session_reads_all_workspaces(place: Place, emulator: Emulator) -> None:
    place.hosts(workspaces=["ws-1", "ws-2", "ws-hostile"])
    assert emulator.stats["by_call"] == {"job_list": 6}
    assert emulator.stats["connections"] == 1


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"job_type": "BATCH"}, {"job_nightly"}),
        ({"statuses": "EXCEPTION,SCHEDULING"}, {"job_broken", "job_nightly"}),
        ({"name_contains": "broken"}, {"job_broken"}),
        ({"tags": ["sms"], "workspaces": []}, {"job_sms"}),
        ({"statuses": ["UNKNOWN"], "workspaces": ["ws-2"]}, {"job_mute"}),
    ],
)
def test_filters_select_jobs(place: Place, options: dict[str, Any], names: set[str]) -> None:
    assert set(place.hosts(**{"workspaces": ["ws-1"], **options})) == names


@pytest.mark.parametrize(
    ("hostnames", "names"),
    [
        (["owner"], {"ops@ws-1-", "emulator_user"}),
        (["nothing", "name"], {"job_sms", "job_broken", "job_nightly"}),
        (
            ["dataarts_nothing", "dataarts_workspace ~ ':' ~ dataarts_name"],
            {"ws-1_job_sms", "ws-1_job_broken", "ws-1_job_nightly"},
        ),
    ],
)
def test_hostnames_choose_host_names(place: Place, hostnames: list[str], names: set[str]) -> None:
    found = place.hosts(workspaces=["ws-1"], hostnames=hostnames)
    assert len(found) == 3
    assert {name[:9] if name.startswith("ops@") else name for name in found} == names


def test_composed_variables_and_groups(place: Place) -> None:
    place.file_text(
        "",
        workspaces=["ws-1"],
        compose={"label": "dataarts_owner ~ '/' ~ dataarts_name", "nothing": "no_such_variable"},
        groups={"sms": "'sms' in dataarts_name"},
        keyed_groups=[{"key": "dataarts_owner", "prefix": "owner"}],
    )
    found = place.inventory()
    variables = _returned(found["_meta"]["hostvars"])
    assert variables["job_broken"]["label"] == "ops/job_broken"
    assert "nothing" not in variables["job_broken"]
    assert found["sms"]["hosts"] == ["job_sms"]
    assert set(found["owner_ops"]["hosts"]) == {"job_sms", "job_broken"}


def test_strict_reports_failed_expressions(place: Place) -> None:
    place.file_text("", strict=True, compose={"label": "no_such_variable"})
    assert "label" in place.refusal()
    place.file_text("", strict=True, hostnames=["no_such_variable | upper"])
    assert "hostnames: 'no_such_variable | upper' cannot be evaluated" in place.refusal()


SHOW = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"ansible.builtin.ping": {}},
            {
                "ansible.builtin.copy": {
                    "content": "{{ [inventory_hostname, dataarts_name, dataarts_owner, dataarts_6___7, label, group_names, groups] }}",
                    "dest": "{{ playbook_dir }}/shown",
                }
            },
        ],
    }
]


def test_hostile_names_are_never_evaluated(place: Place) -> None:
    place.file_text(
        "",
        workspaces=["ws-hostile"],
        compose={"label": "dataarts_owner", "dataarts_6___7": "vars | default({}) | string | length"},
        keyed_groups=[{"key": "dataarts_owner", "prefix": "owner"}, {"key": "dataarts_name"}],
    )
    listed = place.run("ansible-inventory", "-i", str(place.file), "--list", "--export")
    assert listed.returncode == 0, listed.stderr
    (host,) = json.loads(listed.stdout)["_meta"]["hostvars"]
    assert all(char.isalnum() or char in "_-.@" for char in host)
    # Once from the plugin, once from what was exported, which is what AWX runs jobs with.
    script = place.folder / "exported"
    script.write_text(f"#!{sys.executable}\nprint({listed.stdout!r})\n", "utf-8")
    script.chmod(0o755)
    (place.folder / "show.yml").write_text(yaml.safe_dump(SHOW), "utf-8")
    for source in (place.file, script):
        done = place.run("ansible-playbook", "-i", str(source), "show.yml")
        assert done.returncode == 0, done.stdout + done.stderr
        shown = (place.folder / "shown").read_text("utf-8")
        assert "touch pwned" in shown
        (place.folder / "shown").unlink()
        assert not (place.folder / "pwned").exists()


# Names that Ansible itself uses, those of groups that every inventory of jobs has or that keyed_groups and groups make, and
# names that Ansible reads as patterns, ranges, options and files.
NAMES = [
    "first",
    "all",
    "ungrouped",
    "localhost",
    "127.0.0.1",
    "_meta",
    "status_normal",
    "status_exception",
    "type_real_time",
    "workspace_default",
    "workspace_ws_a",
    "owner_ops",
    "fine",
    "ops",
    "top",
    "a:b",
    "a,b",
    "job[1:3]",
    "~job.*",
    "!first",
    "&first",
    "*",
    "@first",
    "-first",
    "..",
    "last",
    "{{ 6 * 7 }}",
    "bell\x07\x9b31m",
    "left\u202eright",
]
STATES = {"last": "EXCEPTION", "status_normal": "EXCEPTION"}
GROUPS: dict[str, Any] = {
    "keyed_groups": [
        {"key": "dataarts_owner", "prefix": "owner", "parent_group": "top"},
        {"key": "dataarts_owner", "separator": ""},
    ],
    "groups": {"fine": "dataarts_status == 'NORMAL'"},
}


@pytest.fixture(scope="module")
def odd_emulator() -> Iterator[Emulator]:
    jobs = [
        {"name": name, "workspace": workspace, "owner": "ops", "status": STATES.get(name, "NORMAL")}
        for workspace in (None, "ws-a", "ws-b")
        for name in NAMES
    ]
    with running({"quota": 0, "workspaces": ["ws-a", "ws-b"], "jobs": jobs}) as found:
        yield found


def names_in(found: Mapping[str, Any], group: str) -> list[str]:
    """The sorted names of the jobs in a group."""
    variables = found["_meta"]["hostvars"]
    return sorted(_returned(variables[host]["dataarts_name"]) for host in found.get(group, {}).get("hosts", []))


def shown(name: str) -> str:
    """A job's name, as its host shows it."""
    return re.sub("[\x07\x9b\u202e]", "\ufffd", name)


@pytest.mark.parametrize("workspaces", [[], ["ws-a"], ["ws-a", "ws-b"]])
@pytest.mark.parametrize("more", [{}, GROUPS])
def test_jobs_with_unusual_names_are_in_their_groups(
    tmp_path: Path, odd_emulator: Emulator, workspaces: list[str], more: dict[str, Any]
) -> None:
    place = Place(tmp_path, odd_emulator)
    place.file_text("", workspaces=workspaces, strict=True, **more)
    done = place.run("ansible-inventory", "-i", str(place.file), "--list")
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    found = json.loads(done.stdout)
    hosts = found["_meta"]["hostvars"]
    every = sorted(map(shown, NAMES * max(1, len(workspaces))))
    assert sorted(_returned(variables["dataarts_name"]) for variables in hosts.values()) == every
    assert not set(hosts) & (set(found) | {"all", "ungrouped", "localhost", "127.0.0.1", "_meta"})
    assert all(char.isalnum() or char in "_-.@" for host in hosts for char in host)
    assert not [char for char in done.stdout if char != "\n" and not char.isprintable()]
    failing = sorted([*STATES] * max(1, len(workspaces)))
    fine = sorted(set(map(shown, NAMES)) - set(failing))
    assert names_in(found, "status_exception") == failing
    assert sorted(set(names_in(found, "status_normal"))) == fine
    for workspace in workspaces or ["default"]:
        assert names_in(found, f"workspace_{workspace.replace('-', '_')}") == sorted(map(shown, NAMES))
    if more:
        assert names_in(found, "owner_ops") == names_in(found, "ops") == every
        assert sorted(set(names_in(found, "fine"))) == fine


def test_group_with_the_name_of_a_host_is_renamed(tmp_path: Path, odd_emulator: Emulator) -> None:
    place = Place(tmp_path, odd_emulator)
    place.file_text("", keyed_groups=[{"key": "inventory_hostname", "separator": ""}], strict=True)
    found = place.inventory()
    assert len(found["_meta"]["hostvars"]) == len(NAMES)
    assert not set(found) & set(found["_meta"]["hostvars"])


def test_job_with_the_name_of_an_earlier_group_is_renamed(place: Place) -> None:
    (place.folder / "a.ini").write_text("web1\n[job_sms]\nweb1\n[critical]\njob_broken\n", "utf-8")
    place.file_text("", workspaces=["ws-1"])
    done = place.run("ansible-inventory", "-i", "a.ini", "-i", str(place.file), "--list")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["job_sms"]["hosts"] == ["web1"]
    assert "dataarts_name" not in found["_meta"]["hostvars"]["web1"]
    assert set(found["workspace_ws_1"]["hosts"]) == {"job_sms@ws-1", "job_broken", "job_nightly"}
    # A host of another inventory with the name of a job is the host of the job.
    assert found["critical"]["hosts"] == ["job_broken"]
    assert found["status_exception"]["hosts"] == ["job_broken"]


def test_files_for_different_workspaces_do_not_share_hosts(place: Place) -> None:
    files = []
    for number, workspace in enumerate(("ws-1", "ws-2", "ws-1")):
        file = place.folder / f"{number}.dataarts_jobs.yml"
        options = {"plugin": "datagate.huaweicloud.dataarts_jobs", "workspaces": [workspace]}
        file.write_text(json.dumps(options), "utf-8")
        files += ["-i", str(file)]
    done = place.run("ansible-inventory", *files, "--list")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["workspace_ws_1"]["hosts"]) == {"job_sms", "job_broken", "job_nightly"}
    assert set(found["workspace_ws_2"]["hosts"]) == {"job_sms@ws-2", "job_mute", "数据同步"}
    assert found["all"]["children"]
    assert {variables["dataarts_project_id"] for variables in found["_meta"]["hostvars"].values()} == {PROJECT_ID}


BROKEN: list[dict[str, Any]] = [
    {"workspaces": ["ws-1", "ws-none"]},
    {"strict": True, "compose": {"label": "dataarts_no_such"}},
    {"strict": True, "groups": {"x": "dataarts_name == 'job_sms' or no_such"}},
    # Only the second job makes these fail.
    {
        "keyed_groups": [
            {"key": "'a' if dataarts_status == 'NORMAL' else 'web'", "separator": "", "parent_group": "web"}
        ]
    },
    {"keyed_groups": [{"key": "'top'", "separator": "", "parent_group": "web"}]},
    {"keyed_groups": [{"key": "dataarts_start_time"}]},
]


@pytest.mark.parametrize("options", BROKEN)
def test_failed_file_adds_nothing_to_the_inventory(place: Place, options: dict[str, Any]) -> None:
    (place.folder / "a.ini").write_text("[web]\nweb1\n[top]\n[top:children]\nweb\n", "utf-8")
    only = place.run("ansible-inventory", "-i", "a.ini", "--list")
    place.file_text("", **{"workspaces": ["ws-1"], **options})
    sources = ("-i", "a.ini", "-i", str(place.file))
    done = place.run("ansible-inventory", *sources, "--list", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="false")
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads(only.stdout)
    assert "Unable to parse" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_job_without_a_name_is_an_error(tmp_path: Path) -> None:
    with running({"quota": 0, "jobs": [{"name": "a"}, {"name": "b", "extra": {"name": None}}]}) as emulator:
        assert "a job without a name" in Place(tmp_path, emulator).refusal()


CACHE = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cache", "cache_timeout": 600}


def test_cache_saves_requests_and_contains_no_secret(place: Place, emulator: Emulator) -> None:
    first = place.hosts(workspaces=["ws-1", "ws-hostile"], **CACHE)
    requests_sent = emulator.stats["requests"]
    assert place.hosts(workspaces=["ws-1", "ws-hostile"], **CACHE) == first
    assert emulator.stats["requests"] == requests_sent
    kept = "".join(file.read_text("utf-8") for file in (place.folder / "cache").iterdir())
    assert "job_broken" in kept
    assert SECRET_KEY not in kept
    assert ACCESS_KEY not in kept
    # Other options have another cache entry.
    assert set(place.hosts(workspaces=["ws-1"], statuses=["EXCEPTION"], **CACHE)) == {"job_broken"}
    place.environment["HW_PROJECT_ID"] = "another"
    assert "APIGW.0302" in place.refusal()


@pytest.mark.parametrize(
    "environment",
    [
        {"HW_ACCESS_KEY": "ANOTHERKEY", "HW_SECRET_KEY": "anotherSecret"},
        {"HW_SECRET_KEY": "anotherSecret"},
        {"HW_SECURITY_TOKEN": "token"},
        {"HW_ACCESS_KEY": "", "HW_SECRET_KEY": "", "HW_AUTH_TOKEN": "token"},
        {"HW_DATAARTS_ENDPOINT": "https://127.0.0.1:9", "HW_MAX_RETRIES": "0"},
        {"HW_REGION_NAME": "cn-south-1"},
        {"HW_PROJECT_ID": "another"},
    ],
)
def test_cache_is_separate_for_each_account(place: Place, emulator: Emulator, environment: dict[str, str]) -> None:
    place.hosts(**CACHE)
    requests_sent = emulator.stats["requests"]
    done = place.run("ansible-inventory", "-i", str(place.file), "--list", **environment)
    if "HW_REGION_NAME" in environment:
        assert emulator.stats["requests"] == 2 * requests_sent
    else:
        assert done.returncode != 0
        assert "job_sms" not in done.stdout + done.stderr
    assert sorted(place.hosts(**CACHE)) == ["job_sms"]


def test_flush_cache_reads_the_jobs_again(place: Place, emulator: Emulator) -> None:
    place.hosts(**CACHE)
    requests_sent = emulator.stats["requests"]
    (place.folder / "nothing.yml").write_text('[{"hosts": "all", "gather_facts": false}]', "utf-8")
    done = place.run("ansible-playbook", "-i", str(place.file), "--flush-cache", "nothing.yml")
    assert done.returncode == 0, done.stderr
    assert emulator.stats["requests"] == 2 * requests_sent


def test_options_may_be_templates(place: Place) -> None:
    place.environment["TEAM_KEY"] = place.environment.pop("HW_ACCESS_KEY")
    place.environment["TEAM_SECRET"] = place.environment.pop("HW_SECRET_KEY")
    options = {
        "access_key": "{{ lookup('ansible.builtin.env', 'TEAM_KEY') }}",
        "secret_key": "{{ lookup('ansible.builtin.env', 'TEAM_SECRET') }}",
        "workspaces": ["{{ 'ws-' ~ 1 }}"],
    }
    assert set(place.hosts(**options)) == {"job_sms", "job_broken", "job_nightly"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"statsus": ["EXCEPTION"]},
            "statsus: is not an option of datagate.huaweicloud.dataarts_jobs; did you mean `statuses`?",
        ),
        ({"access_key": "ak"}, "access_key but not secret_key"),
        ({"secret_key": SECRET_KEY + "{{"}, "secret_key: the template in it cannot be evaluated"),
        ({"region": "a b"}, "region: must be a region's name"),
        ({"endpoints": {"dataarts": "http://example.com"}}, "endpoints.dataarts: http:// would send credentials"),
        ({"endpoints": {"darts": "https://example.com"}}, "endpoints: has no key 'darts'"),
        ({"workspaces": ["a\nb"]}, "workspaces: must be one line"),
        ({"job_type": "STREAM"}, "STREAM"),
        ({"requests_per_second": "many"}, "requests_per_second"),
        ({"workspaces": ["ws-1", "ws-none"]}, "workspace ws-none: DLF.20819"),
        ({"workspaces": ["ws-denied"]}, "workspace ws-denied: DLF.6888"),
    ],
)
def test_invalid_options_are_explained_in_one_sentence(place: Place, options: Mapping[str, Any], words: str) -> None:
    place.file_text("", **options)
    assert words in place.refusal()


def test_a_refused_key_is_sent_once(place: Place, emulator: Emulator) -> None:
    place.file_text("", workspaces=["ws-1", "ws-2"])
    assert "authentication failed" in place.refusal(HW_SECRET_KEY="wrong")
    assert emulator.stats["requests"] == 1


def test_other_file_names_are_ignored(place: Place) -> None:
    other = place.folder / "prod.jobs.yml"
    other.write_text("plugin: datagate.huaweicloud.dataarts_jobs\n", "utf-8")
    done = place.run("ansible-inventory", "-i", str(other), "--list")
    assert done.returncode != 0
