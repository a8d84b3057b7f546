# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment contains exactly the packages of locked.txt, by version and digest."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "tests" / "requirements"
VENV = Path(sys.prefix)
# Packages that venv installs.
OWN = {"pip", "setuptools"}


def entries(name: str) -> list[tuple[Requirement, str]]:
    """The requirements of a file, each with the text that belongs to it."""
    text = re.sub(r"^\s*#.*$|\s#\s.*$", "", (REQUIREMENTS / name).read_text("utf-8"), flags=re.MULTILINE)
    found = [item for item in re.split(r"\n(?=[A-Za-z0-9])", text.replace("\\\n", " ")) if item.strip()]
    return [(Requirement(item.partition("--hash")[0].strip()), item) for item in found if item.strip()[0] not in "-"]


LOCKED = entries("locked.txt")
SMALL = entries("demo-locked.txt")


def test_every_locked_package_has_one_version_and_digests() -> None:
    assert len(LOCKED) > 50
    assert len(SMALL) < 40
    for requirement, text in LOCKED + SMALL:
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", text), requirement
        assert requirement.url is None


def test_small_set_is_a_subset() -> None:
    def files(text: str) -> set[str]:
        return set(re.findall(r"sha256:[0-9a-f]{64}", text))

    whole = {(item.name, str(item.specifier)): files(text) for item, text in LOCKED}
    for item, text in SMALL:
        assert whole.get((item.name, str(item.specifier))) == files(text), f"{item}: `make lock` brings both up to date"


def imported(*folders: str) -> Iterator[str]:
    """The top-level packages that the programs of these folders import, wherever in the file."""
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield (node.module or "").partition(".")[0]


def test_the_small_set_has_what_emulator_and_demonstration_import() -> None:
    small = {canonicalize_name(item.name) for item, dummy in SMALL}
    packages = importlib.metadata.packages_distributions()
    foreign = (
        set(imported("tests/emulator", "tests/demo", "plugins"))
        - sys.stdlib_module_names
        - {"tests", "ansible_collections"}
    )
    assert {"aiohttp", "ansible", "huaweicloudsdkcore", "requests", "yaml"} <= foreign
    for name in foreign:
        assert {canonicalize_name(dist) for dist in packages[name]} & small, name


@pytest.mark.parametrize("name", ["run.txt", "demo.txt", "test.txt", "lint.txt", "docs.txt"])
def test_pinned_versions_are_locked(name: str) -> None:
    locked = {(canonicalize_name(item.name), str(item.specifier)) for item, dummy in LOCKED}
    wanted = [item for item, dummy in entries(name)]
    assert wanted
    missing = [str(item) for item in wanted if (canonicalize_name(item.name), str(item.specifier)) not in locked]
    assert not missing, "`make lock` brings locked.txt up to date"


@pytest.mark.skipif(not (VENV / "made-for").exists(), reason="this is not the environment that `make venv` makes")
def test_environment_contains_only_locked_compatible_packages() -> None:
    locked = {
        canonicalize_name(item.name): str(item.specifier).removeprefix("==")
        for item, dummy in LOCKED
        if item.marker is None or item.marker.evaluate()
    }
    installed = {canonicalize_name(dist.name): dist for dist in importlib.metadata.distributions(path=[_site()])}
    versions = {name: dist.version for name, dist in installed.items() if name not in OWN}
    assert versions == {name: version for name, version in locked.items() if name not in OWN}
    for name, dist in installed.items():
        for text in dist.requires or []:
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                there = installed.get(canonicalize_name(need.name))
                assert there is not None, f"{name} needs {need}"
                assert need.specifier.contains(there.version, prereleases=True), f"{name} needs {need}"


def _site() -> str:
    return next(path for path in sys.path if path.startswith(str(VENV)) and path.endswith("site-packages"))
