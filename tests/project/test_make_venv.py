# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How .venv is made: the small set first, all packages on request, and never an incomplete set."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEW = ["venv", "demo-locked.txt"]
"""The commands that make a new environment with the small set."""


@pytest.fixture
def maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/make_venv.py for a tree elsewhere."""
    spec = util.spec_from_file_location("make_venv", ROOT / "tools" / "make_venv.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    requirements = tmp_path / "tests" / "requirements"
    requirements.mkdir(parents=True)
    for name in module.LISTS.values():
        (requirements / name).write_text("requests==2\n", "utf-8")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "made-for")
    monkeypatch.setattr(module, "LOG", tmp_path / ".venv.log")
    monkeypatch.setattr(module, "REQUIREMENTS", requirements)
    return module


@pytest.fixture
def make(maker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Creates the environment; returns the last word of each command. The command *failing* fails."""

    def made(packages: str, failing: str = "") -> list[str]:
        ran: list[str] = []

        def run(*command: str | Path) -> None:
            word = "venv" if "venv" in command else Path(command[-1]).name
            ran.append(word)
            if word == failing:
                raise SystemExit(1)
            if word == "venv":
                (maker.VENV / "lib" / f"python3.{sys.version_info.minor}" / "site-packages").mkdir(parents=True)

        monkeypatch.setattr(maker, "run", run)
        if failing:
            with pytest.raises(SystemExit):
                maker.main([packages])
            assert ran[-1] == failing
        else:
            maker.main([packages])
        return ran

    return made


def test_the_small_set_is_installed_once(make: Callable[..., list[str]], maker: ModuleType) -> None:
    assert make("demo") == NEW
    assert (maker.VENV / "collections" / maker.COLLECTION).resolve() == maker.ROOT
    assert make("demo") == []


def test_the_small_set_grows_and_stays_complete(make: Callable[..., list[str]]) -> None:
    make("demo")
    assert make("all") == ["locked.txt"]
    assert make("all") == make("demo") == []


def test_the_complete_set_serves_the_demonstration(make: Callable[..., list[str]]) -> None:
    assert make("all") == ["venv", "locked.txt"]
    assert make("demo") == []


def test_an_incomplete_set_is_installed_again_on_top_of_the_small_set(make: Callable[..., list[str]]) -> None:
    make("demo")
    assert make("all", failing="locked.txt") == ["locked.txt"]
    assert make("demo") == []
    assert make("all") == ["venv", "locked.txt"]


@pytest.mark.parametrize("failing", NEW)
def test_an_interrupted_installation_is_repeated(make: Callable[..., list[str]], failing: str) -> None:
    make("demo", failing=failing)
    assert make("demo") == NEW


@pytest.mark.parametrize("name", ["demo-locked.txt", "locked.txt"])
@pytest.mark.parametrize("packages", ["demo", "all"])
def test_other_versions_need_another_environment(
    make: Callable[..., list[str]], maker: ModuleType, packages: str, name: str
) -> None:
    make(packages)
    (maker.REQUIREMENTS / name).write_text("requests==3\n", "utf-8")
    assert make("all") == ["venv", "locked.txt"]


def test_a_copy_of_the_tree_elsewhere_gets_its_own(
    make: Callable[..., list[str]], maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("demo")
    monkeypatch.setattr(maker, "ROOT", maker.ROOT / ".." / maker.ROOT.name)
    assert make("demo") == NEW


def test_the_set_is_a_required_argument() -> None:
    command = [sys.executable, "-I", str(ROOT / "tools" / "make_venv.py"), "docs"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == "usage: make_venv.py demo|all\n"
