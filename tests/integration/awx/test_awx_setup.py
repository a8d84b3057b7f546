# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awx_setup with the real modules of awx.awx against a stand-in for AWX's API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.playbook import Run, run

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
    reason="awx.awx is not there; tools/awx_collection.py gets it",
)


def setup(awx: Awx, variables: dict[str, Any], *arguments: str, **environment: str) -> Run:
    """Run the playbook as somebody with an account would."""
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


def test_awx_setup_makes_everything_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
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
            assert awx.surveys[item["url"]] == data(template["survey"])
            assert item["survey_enabled"] is True
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
            assert item.get("extra_data") == node.get("variables")
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
def test_awx_setup_without_secrets_leaves_credential_and_workflow_out() -> None:
    with running() as awx:
        first = setup(awx, {}, "--check", HW_REGION_NAME="cn-north-4")
        assert first.code == 0, first.text
        assert awx.changes == []
        done = setup(awx, {}, HW_REGION_NAME="cn-north-4")
        assert done.code == 0, done.text
        assert awx.items["credentials"] == {}
        assert awx.items["workflow_job_templates"] == {}
        assert len(awx.items["job_templates"]) == 4
        said = done["Say what to do next"].msg
        assert "no credential" in said
        assert "no workflow" in said
