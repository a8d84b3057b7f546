# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment: what ansible-builder reads from the collection, and builds from the definition. No image is built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.awx.rules import ROOT

BUILDER = shutil.which("ansible-builder")
DEFINITION = Path("execution-environment", "execution-environment.yml")
VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"]
TARBALL = f"datagate-huaweicloud-{VERSION}.tar.gz"

needs_builder = pytest.mark.skipif(BUILDER is None, reason="ansible-builder is not there")


def command(*arguments: str, folder: Path) -> str:
    """What a command printed."""
    done = subprocess.run(
        arguments, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def test_definition_uses_the_tarball_of_this_version() -> None:
    definition = load(ROOT / DEFINITION)
    (file,) = definition["additional_build_files"]
    assert file["src"] == f"../dist/{TARBALL}"
    assert definition["dependencies"]["galaxy"]["collections"] == [
        {"name": f"{file['dest']}/{TARBALL}", "type": "file"}
    ]


def test_definition_contains_a_supported_ansible_core() -> None:
    package = load(ROOT / DEFINITION)["dependencies"]["ansible_core"]["package_pip"]
    required = load(ROOT / "meta" / "runtime.yml")["requires_ansible"]
    assert tuple(map(int, package.partition("~=")[2].split("."))) >= tuple(map(int, required.strip(">=").split(".")))


@needs_builder
def test_requirements_are_found_by_ansible_builder(tmp_path: Path) -> None:
    place = tmp_path / "ansible_collections" / "datagate"
    place.mkdir(parents=True)
    (place / "huaweicloud").symlink_to(ROOT, target_is_directory=True)
    found = yaml.safe_load(command(str(BUILDER), "introspect", "--sanitize", str(tmp_path), folder=tmp_path))
    (python,) = found["python"]
    assert python.startswith("requests>=")
    assert python.endswith("# from collection datagate.huaweicloud")
    assert found["system"] == []


@needs_builder
def test_definition_builds_an_image_with_the_collection(tmp_path: Path) -> None:
    definition = tmp_path / DEFINITION
    definition.parent.mkdir()
    shutil.copy(ROOT / DEFINITION, definition)
    command(sys.executable, str(ROOT / "tools" / "build.py"), str(tmp_path / "dist"), folder=tmp_path)
    context = tmp_path / "context"
    command(
        str(BUILDER),
        "create",
        "-f",
        str(definition),
        "-c",
        str(context),
        "--output-filename",
        "Containerfile",
        folder=tmp_path,
    )
    steps = (context / "Containerfile").read_text("utf-8")
    (install,) = [line for line in steps.splitlines() if "ansible-galaxy collection install" in line]

    # The steps of the image's build, done here.
    words = install.partition("ansible-galaxy ")[2].replace('"', "").split()
    assert words[2] == "$ANSIBLE_GALAXY_CLI_COLLECTION_OPTS"
    assert 'ARG ANSIBLE_GALAXY_CLI_COLLECTION_OPTS="--offline"' in steps
    words[2:3] = ["--offline", "--force"]  # not the one of these tests
    words[-1] = str(tmp_path / "collections")
    galaxy = str(Path(sys.executable).with_name("ansible-galaxy"))
    assert "COPY _build /build\nWORKDIR /build\n" in steps
    command(galaxy, *words, folder=context / "_build")
    installed = tmp_path / "collections" / "ansible_collections" / "datagate" / "huaweicloud"
    assert (installed / "playbooks" / "gate.yml").is_file()
    found = yaml.safe_load(command(str(BUILDER), "introspect", "--sanitize", words[-1], folder=tmp_path))
    assert found["python"][0].startswith("requests>=")

    # It is complete: one of its playbooks runs without the tree.
    played = subprocess.run(
        [galaxy.replace("ansible-galaxy", "ansible-playbook"), "datagate.huaweicloud.gate_verdict"],
        cwd=tmp_path,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": words[-1], "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "There is no artifact job_gate" in played.stdout + played.stderr
