# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agencies, ID tokens and workspaces by name in playbooks, the role, the inventory plugin and the event source."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._entry_points.event_source import Watcher
from tests.emulator import ACCESS_KEY, OTHER_DOMAIN_NAME, PROJECT_ID, SECRET_KEY, Emulator, running

from .playbook import OWN_PROCESS, connection, gate, play, run, settings, task

OTHER_PROJECT = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
WORKSPACE = "b1b2c3d4e5f60718293a4b5c6d7e8f91"
ID_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvOmV4YW1wbGUifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
SCENARIO: dict[str, Any] = {
    "quota": 0,
    "projects": [{"id": PROJECT_ID, "name": "cn-north-4"}, {"id": OTHER_PROJECT, "name": "other"}],
    "agencies": [{"name": "gate", "project_id": OTHER_PROJECT}],
    "identity_providers": [{"id": "ci-provider", "tokens": [ID_TOKEN]}],
    "instances": [{"id": "5" * 32, "name": "etl", "workspaces": [{"id": WORKSPACE, "name": "release"}]}],
    "jobs": [{"name": "job_sms", "workspace": WORKSPACE}, {"name": "job_default"}],
}
AGENCY = {"assume_role_agency": "gate", "assume_role_domain": OTHER_DOMAIN_NAME, "project_id": OTHER_PROJECT}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


def status(name: str, **options: Any) -> dict[str, Any]:
    keywords = options.pop("keywords", {})
    return task(name, "dataarts_job_status", {"job_names": ["job_sms"], **options}, **keywords)


def test_playbook_uses_other_accounts(emulator: Emulator, tmp_path: Path) -> None:
    named = {"workspace_name": "release"}
    group = {"group/datagate.huaweicloud.huaweicloud": {**AGENCY, **named}}
    keywords: dict[str, Any] = {"module_defaults": group}
    oidc = {**named, "auth_type": "oidc", "idp_id": "ci-provider", "id_token": ID_TOKEN}
    refused = {**oidc, "id_token": ID_TOKEN.replace("c2ln", "Zm9v")}
    report = {"job_gate_report_dir": str(tmp_path)}
    found = run(
        [
            play([status("agency"), status("in its own process", wait=True, keywords=OWN_PROCESS)], **keywords),
            play(
                [
                    status("identity provider", **oidc),
                    status("an ID token that is refused", **refused),
                    status("no such workspace", workspace_name="Release", wait=True),
                    status("two workspaces", workspace=WORKSPACE, **named),
                    status("half an agency", assume_role_agency="gate"),
                    gate(
                        "main",
                        "the role",
                        {"job_gate_job_names": "job_sms", "job_gate_workspace_name": "release", **report},
                    ),
                ]
            ),
        ],
        connection(emulator, HW_DATAARTS_WORKSPACE_ID="ignored", HW_STS_ENDPOINT=emulator.url),
        "-vvv",
    )
    for name in ("agency", "in its own process"):
        gate_key = found[name]["gate"]
        assert (found[name]["verdict"], gate_key["workspace"], gate_key["project_id"]) == (
            "PASS",
            WORKSPACE,
            OTHER_PROJECT,
        )
        assert gate_key["credentials"] == {
            "place": f"the environment (HW_ACCESS_KEY), agency gate of {OTHER_DOMAIN_NAME} from the task (assume_role_agency)",
            "key": ACCESS_KEY[:4],
        }
    gate_key = found["identity provider"]["gate"]
    assert gate_key["credentials"] == {"place": "the task (idp_id)", "key": "ci-p"}
    assert found["an ID token that is refused"].failed
    assert "ci-p... from the task (idp_id)" in found["an ID token that is refused"].msg
    unknown = found["no such workspace"]
    assert (unknown["verdict"], unknown["reasons"][0]["code"]) == ("ERROR", "unreadable")
    assert "no workspace is named 'Release'; there are release" in unknown.msg
    assert "workspace is given as well" in found["two workspaces"].msg
    assert "assume_role_domain" in found["half an agency"].msg
    (artifact,) = [data for data in found.gates if data]
    assert artifact["verdict"] == "PASS"
    for part in ID_TOKEN.split(".")[1:]:
        assert part not in found.text
    assert SECRET_KEY not in found.text


def test_inventory_uses_other_accounts(emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "prod.dataarts_jobs.yml"
    options: dict[str, Any] = {"plugin": "datagate.huaweicloud.dataarts_jobs", "workspace_name": "release", **AGENCY}

    def inventory() -> subprocess.CompletedProcess[str]:
        file.write_text(json.dumps(options), "utf-8")
        environment = {**settings(), **connection(emulator), "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
        command = [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(file), "--list"]
        return subprocess.run(
            command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=100
        )

    done = inventory()
    assert done.returncode == 0, done.stderr
    assert f"workspace_{WORKSPACE}" in json.loads(done.stdout)
    options["workspaces"] = [WORKSPACE]
    assert "workspaces is given as well" in " ".join(inventory().stderr.split())


def test_event_source_uses_other_accounts(emulator: Emulator) -> None:
    watcher = Watcher(
        {
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            "region": "cn-north-4",
            "endpoints": dict.fromkeys(("dataarts", "iam"), emulator.url),
            "job_names": "job_sms",
            "workspace_name": "release",
            "initial": True,
            **AGENCY,
        },
        {},
    )
    try:
        (event,) = watcher.poll()
        assert (event["job"], event["status"], event["workspace"]) == ("job_sms", "NORMAL", WORKSPACE)
        watcher.poll()
        assert len(emulator.requests("workspaces")) == 1
    finally:
        watcher.close()
