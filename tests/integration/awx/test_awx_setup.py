# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awx_setup with the real modules of awx.awx against a stand-in for AWX's API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.playbook import Run, play, run

from . import rules
from .module_options import collections
from .stand_in import TOKEN, Awx, running

SETUP = "datagate.huaweicloud.awx_setup"
DATA = rules.ROOT / "playbooks" / "awx"
SECRET = "SK-that-nobody-must-see"  # not one
CLOUD = {"HW_REGION_NAME": "cn-north-4", "HW_ACCESS_KEY": "AK", "HW_SECRET_KEY": SECRET, "HW_PROJECT_ID": "0a1b"}
TEMPLATES = {"awx_setup_deploy_template": "our deployment", "awx_setup_rollback_template": "our roll-back"}

pytestmark = pytest.mark.skipif(
    not (collections() / "ansible_collections" / "awx" / "awx" / "MANIFEST.json").is_file(),
    reason="awx.awx is missing; `make awx` installs it",
)


def setup(awx: Awx, variables: dict[str, Any], *arguments: str, **environment: str) -> Run:
    """Run the playbook as a user with an account would."""
    return run(
        SETUP,
        {
            "CONTROLLER_HOST": awx.url,
            "CONTROLLER_OAUTH_TOKEN": TOKEN,
            "ANSIBLE_COLLECTIONS_PATH": f"{rules.ROOT / '.venv' / 'collections'}:{collections()}",
            "ANSIBLE_DEPRECATION_WARNINGS": "false",
            **environment,
        },
        *arguments,
        variables=variables,
    )


def data(name: str) -> Any:
    return yaml.safe_load((DATA / name).read_text("utf-8"))


def changed(done: Run) -> list[str]:
    """The tasks that changed something."""
    return [record.task for record in done.records if record.result.get("changed")]


@pytest.mark.timeout(900)
def test_awx_setup_creates_everything_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.write_text("-----BEGIN CERTIFICATE-----\n", "utf-8")
    environment = {**CLOUD, "HW_CACERT": str(authorities)}
    variables = {
        **TEMPLATES,
        "awx_setup_organization": "Data",
        "awx_setup_image": "registry.example.com/datagate:1",
        "awx_setup_project_url": "https://git.example.com/deployments.git",
        "awx_setup_slices": 3,
    }
    with running(*TEMPLATES.values(), organization="Data") as awx:
        done = setup(awx, variables, **environment)
        assert done.code == 0, done.text
        assert SECRET not in done.text

        (kind,) = awx.items["credential_types"].values()
        assert kind["inputs"] == data("credential_type_inputs.yml")
        assert kind["injectors"] == data("credential_type_injectors.yml")
        (credential,) = awx.items["credentials"].values()
        assert credential["inputs"] == {
            "region": "cn-north-4",
            "project_id": "0a1b",
            "access_key": "AK",
            "secret_key": SECRET,
            "ca": "-----BEGIN CERTIFICATE-----\n",
        }
        (environment_item,) = awx.items["execution_environments"].values()
        (project,) = awx.items["projects"].values()
        assert project["scm_url"] == "https://git.example.com/deployments.git"
        inventories = awx.named("inventories")
        (source,) = awx.items["inventory_sources"].values()
        assert source["inventory"] == inventories["datagate jobs"]["id"]
        assert source["source_path"].endswith("dataarts_jobs.yml")
        assert source["credential"] == credential["id"]

        made = awx.named("job_templates")
        for template in data("job_templates.yml")["job_templates"]:
            item = made[f"datagate {template['name']}"]
            assert item["playbook"] == f"datagate.huaweicloud.{template['playbook']}"
            survey = template.get("survey")
            assert awx.surveys.get(item["url"]) == (data(survey) if survey else None)
            assert item["survey_enabled"] is bool(survey)
            assert not item.get("ask_variables_on_launch")
            assert item["execution_environment"] == environment_item["id"]
            assert (
                item["inventory"] == inventories["datagate jobs" if template["sliced"] else "datagate localhost"]["id"]
            )
            assert awx.linked(item, "credentials") == ([credential["id"]] if template["asks_cloud"] else [])
        sliced = made["datagate sliced gate"]
        assert sliced["job_slice_count"] == 3
        assert yaml.safe_load(sliced["extra_vars"]) == {"gate_sliced_slices": 3}

        names = {
            item["id"]: item
            for kind in ("job_templates", "workflow_approval_templates")
            for item in awx.items[kind].values()
        }
        nodes = awx.named("workflow_job_template_nodes")
        by_number = {item["id"]: identifier for identifier, item in nodes.items()}
        workflow = data("workflow.yml")
        own = {"deploy": "our deployment", "rollback": "our roll-back"}
        assert set(nodes) == {node["id"] for node in workflow["nodes"]}
        for node in workflow["nodes"]:
            item = nodes[node["id"]]
            for link in ("success", "failure", "always"):
                assert [by_number[number] for number in awx.linked(item, f"{link}_nodes")] == node.get(link, [])
            assert item["extra_data"] == node.get("variables", {})
            wanted = (
                node["approval"]["name"]
                if "approval" in node
                else own.get(node["template"]) or f"datagate {node['template']}"
            )
            assert names[item["unified_job_template"]]["name"] == wanted

        awx.changes.clear()
        again = setup(awx, variables, **environment)
        assert again.code == 0, again.text
        assert changed(again) == []
        assert awx.changes == []


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_awx_setup_changes_only_its_fields_and_resets_empty_ones() -> None:
    given = {
        **TEMPLATES,
        "awx_setup_image": "registry.example.com/datagate:1",
        "awx_setup_image_credential": "registry",
    }
    with running(*TEMPLATES.values()) as awx:
        own = awx.add("credential_types", name="Own", kind="cloud", inputs={"fields": []}, injectors={})
        for name in ("registry", "git", "vault"):
            awx.add("credentials", name=name, credential_type=own["id"], organization=1)
        vault = awx.named("credentials")["vault"]["id"]
        first = setup(
            awx, {**given, "awx_setup_project_branch": "main", "awx_setup_project_credential": "git"}, **CLOUD
        )
        assert first.code == 0, first.text
        project, environment = awx.named("projects")["datagate"], awx.named("execution_environments")["datagate"]
        assert project["credential"] == awx.named("credentials")["git"]["id"]
        assert environment["credential"] == awx.named("credentials")["registry"]["id"]

        templates = awx.named("job_templates")
        credential = awx.named("credentials")["datagate cloud access"]
        credential["inputs"].update(workspace="by hand", security_token="of a key before")
        templates["datagate sliced gate"]["extra_vars"] = "---\njob_gate_min_jobs: 5\n"
        templates["datagate gate"]["limit"] = "nobody"
        awx.links[f"{templates['datagate gate']['url']}credentials/"].append(vault)
        # The second run, without the first options, and with a token instead of the key.
        token = {"region": "cn-north-4", "auth_token": "TOKEN", "project_id": ""}
        done = setup(
            awx,
            {
                **TEMPLATES,
                "awx_setup_credential_inputs": token,
                "awx_setup_update_secrets": True,
                "awx_setup_slices": 4,
            },
        )
        assert done.code == 0, done.text
        assert credential["inputs"] == {"region": "cn-north-4", "workspace": "by hand", "auth_token": "TOKEN"}
        assert project["scm_branch"] == ""
        assert project["credential"] is None
        assert {template["execution_environment"] for name, template in templates.items() if "datagate" in name} == {
            None
        }
        assert awx.named("inventory_sources")["datagate jobs"]["execution_environment"] is None
        assert json.loads(templates["datagate sliced gate"]["extra_vars"]) == {
            "job_gate_min_jobs": 5,
            "gate_sliced_slices": 4,
        }
        assert templates["datagate gate"]["limit"] == ""
        assert sorted(awx.linked(templates["datagate gate"], "credentials")) == sorted([vault, credential["id"]])


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"awx_setup_deploy_template": "our deployment"}, "the workflow needs both"),
    ({"awx_setup_deploy_tempalte": "x"}, "awx_setup_deploy_tempalte: there is no such option"),
    ({"awx_setup_state": "gone"}, "awx_setup_state: must be present or absent"),
    ({"awx_setup_slices": 0}, "awx_setup_slices: must be a whole number"),
    ({"awx_setup_image_pull": "often"}, "awx_setup_image_pull: must be"),
    ({"awx_setup_prefix": ""}, "awx_setup_prefix: must not be empty"),
    ({"awx_setup_credential_inputs": "x"}, "awx_setup_credential_inputs: must be a dictionary"),
]
REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"awx_setup_deploy_tempalte": "x"}, ["awx_setup_deploy_tempalte: there is no such option"]),
    ({"awx_setup_organization": "Nobody"}, ["awx_setup_organization: AWX has no organization named Nobody"]),
    (
        {
            "awx_setup_deploy_template": 9999,
            "awx_setup_rollback_template": "theirs",
            "awx_setup_project_credential": "git",
            "awx_setup_execution_environment": "ee",
        },
        [
            "awx_setup_deploy_template: AWX has no object named 9999",
            "awx_setup_rollback_template: AWX has no object named theirs",
            "awx_setup_project_credential: AWX has no object named git",
            "awx_setup_execution_environment: AWX has no object named ee",
        ],
    ),
    (
        {"awx_setup_prefix": "theirs", "awx_setup_image": "i"},
        ['AWX already has an execution environment named "theirs" in Second'],
    ),
    (
        {"awx_setup_prefix": "all", "awx_setup_image": "i"},
        ['AWX already has an execution environment named "all" in all organizations'],
    ),
    ({"awx_setup_prefix": "taken"}, ['awx_setup_prefix: Second already has "taken", "taken gate"']),
]


def test_each_invalid_option_has_its_message() -> None:
    """The validation task with only the options: one run for all cases."""
    (playbook,) = yaml.safe_load((DATA.parent / "awx_setup.yml").read_text("utf-8"))
    validate = yaml.safe_load((DATA.parent / "tasks" / "awx_check.yml").read_text("utf-8"))[0]
    cases = [
        {
            "name": f"Case {number}",
            "ansible.builtin.debug": validate["ansible.builtin.fail"],
            "vars": {**validate["vars"], **given},
        }
        for number, (given, dummy) in enumerate(WRONG)
    ]
    options = {name: value for name, value in playbook["vars"].items() if name.startswith("awx_setup_")}
    done = run([play(cases, vars=options)], {})
    assert done.code == 0, done.text
    for number, (dummy, words) in enumerate(WRONG):
        assert words in done[f"Case {number}"].msg


@pytest.mark.timeout(300)
def test_awx_setup_rejects_options_before_any_change() -> None:
    with running(*TEMPLATES.values()) as awx:
        second = awx.add("organizations", name="Second")["id"]
        awx.add("execution_environments", name="theirs", image="i", organization=second)
        awx.add("execution_environments", name="all", image="i")
        for kind, name in (("projects", "taken"), ("job_templates", "taken gate"), ("job_templates", "theirs")):
            awx.add(kind, name=name, organization=second)
        for variables, sentences in REFUSED:
            done = setup(awx, variables, **CLOUD)
            assert done.code == 2
            shown_text = " ".join(done.text.split()).replace('\\"', '"')
            assert [words for words in sentences if words not in shown_text] == []
            assert awx.changes == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_awx_setup_accepts_template_ids_of_other_organizations() -> None:
    with running() as awx:
        second = awx.add("organizations", name="Second")["id"]
        numbers = [awx.add("job_templates", name="same", organization=second)["id"] for dummy in range(2)]
        done = setup(awx, dict(zip(TEMPLATES, numbers, strict=True)), **CLOUD)
        assert done.code == 0, done.text
        nodes = awx.named("workflow_job_template_nodes")
        assert [nodes[name]["unified_job_template"] for name in ("deploy", "rollback")] == numbers


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_project_that_awx_cannot_fetch_fails_each_run() -> None:
    url = "https://git.example.com/none.git"
    with running() as awx:
        awx.unreachable.add(url)
        for dummy in range(2):
            done = setup(awx, {"awx_setup_project_url": url})
            assert done.code == 2
            update = max(awx.items["project_updates"])
            assert f"AWX cannot sync {url}: the project datagate is failed after its update {update}," in done.text
            assert f"{awx.url}/#/jobs/project/{update}/output" in done.text
            assert awx.items["job_templates"] == {}
        # The cause is fixed, and the playbook changes nothing.
        awx.unreachable.clear()
        done = setup(awx, {"awx_setup_project_url": url})
        assert done.code == 0, done.text


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_awx_setup_removes_what_it_created() -> None:
    with running(*TEMPLATES.values()) as awx:
        own = awx.add("execution_environments", name="ours", image="i", organization=1)
        assert setup(awx, {**TEMPLATES, "awx_setup_image": "image"}, **CLOUD).code == 0
        (kind,) = awx.items["credential_types"]
        other = awx.add("credentials", name="of somebody", credential_type=kind, organization=1)
        before = {name: set(items) for name, items in awx.items.items()}
        gone = {"awx_setup_state": "absent", "awx_setup_execution_environment": "ours"}
        check = setup(awx, gone, "--check")
        assert check.code == 0, check.text
        assert {name: set(items) for name, items in awx.items.items()} == before
        done = setup(awx, gone)
        assert done.code == 0, done.text
        assert "is kept, because these credentials use it: of somebody." in done["Show what remains"].msg
        assert list(awx.items["credentials"]) == [other["id"]]
        del awx.items["credentials"][other["id"]]
        assert setup(awx, {"awx_setup_state": "absent"}).code == 0
        awx.changes.clear()
        again = setup(awx, {"awx_setup_state": "absent"})
        assert again.code == 0, again.text
        assert changed(again) == []
        assert awx.changes == []
        left = {name: list(items) for name, items in awx.items.items() if items and name != "project_updates"}
        assert left == {
            "organizations": [1],
            "execution_environments": [own["id"]],
            "job_templates": [item["id"] for item in awx.items["job_templates"].values()],
        }
        assert set(awx.named("job_templates")) == set(TEMPLATES.values())


@pytest.mark.slow
def test_awx_setup_without_secrets_creates_no_credential_and_no_workflow() -> None:
    with running() as awx:
        first = setup(awx, {}, "--check", HW_REGION_NAME="cn-north-4")
        assert first.code == 0, first.text
        assert awx.changes == []
        done = setup(awx, {}, HW_REGION_NAME="cn-north-4")
        assert done.code == 0, done.text
        assert awx.items["credentials"] == {}
        assert awx.items["workflow_job_templates"] == {}
        assert len(awx.items["job_templates"]) == 5
        shown_text = done["Show the next steps"].msg
        assert "no credential" in shown_text
        assert "No workflow was made" in shown_text
