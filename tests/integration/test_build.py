# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tarball for Galaxy: its content, and that the same tree gives the same bytes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from build import complete_links  # noqa: E402
from release import PUBLISHED  # noqa: E402

LISTED = ROOT / "tests" / "data" / "tarball.txt"


def built(folder: Path) -> Path:
    """Build it there."""
    command = [sys.executable, str(ROOT / "tools" / "build.py"), str(folder)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (tarball,) = folder.glob("*.tar.gz")
    assert hashlib.sha256(tarball.read_bytes()).hexdigest() in done.stdout
    return tarball


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tarball; it is built once."""
    return built(tmp_path_factory.mktemp("first"))


def test_tarball_contains_the_listed_files_and_is_reproducible(tmp_path: Path, first: Path) -> None:
    with tarfile.open(first) as archive:
        members = archive.getmembers()
    names = [member.name for member in members if member.isfile()]
    wanted = [line for line in LISTED.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert sorted(names) == sorted(wanted), "tests/data/tarball.txt lists what users get: add or take away on purpose"
    assert not [member.name for member in members if not (member.isfile() or member.isdir())]
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "", "")}
    os.utime(ROOT / "README.md")
    second = built(tmp_path / "second")
    assert second.name == first.name
    assert second.read_bytes() == first.read_bytes()


def test_links_target_the_tarball_or_the_tag(first: Path) -> None:
    with tarfile.open(first) as archive:
        held = {member.name for member in archive.getmembers()}
        pages = {
            name: archive.extractfile(name).read().decode("utf-8")  # type: ignore[union-attr]
            for name in held
            if name.endswith(".md")
        }
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))
    shown = re.escape(galaxy["repository"]) + r"/(blob|tree|raw)/v" + re.escape(galaxy["version"]) + "/([^#]+)"
    completed = set()
    for page, text in pages.items():
        for picture, target in re.findall(r"(!?)\[[^\]]*\]\(([^)\s]+)\)", text):
            if found := re.match(shown, target):
                completed.add((page, found[2]))
                assert (found[1] == "raw") == bool(picture), target
                assert (ROOT / found[2]).is_dir() == (found[1] == "tree"), target
                assert (ROOT / found[2]).exists(), target
            elif "://" not in target and not target.startswith("#"):
                assert os.path.normpath(Path(page).parent / target.partition("#")[0]) in held, f"{page}: {target}"
    assert ("docs/benchmarks.md", "docs/benchmarks/results.json") in completed
    assert {page for page, dummy in completed if page == "README.md"} == set()


def test_links_of_a_published_readme_target_the_tag(tmp_path: Path) -> None:
    shutil.copy(ROOT / "galaxy.yml", tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("[README](../README.md)", "utf-8")
    (tmp_path / "README.md").write_text(f"{PUBLISHED} [page](docs/page.md#part) [site](https://example.com)", "utf-8")
    complete_links(tmp_path)
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))
    tag = f"{galaxy['repository']}/blob/v{galaxy['version']}"
    assert (tmp_path / "README.md").read_text("utf-8") == (
        f"{PUBLISHED} [page]({tag}/docs/page.md#part) [site](https://example.com)"
    )
    assert (tmp_path / "docs" / "page.md").read_text("utf-8") == "[README](../README.md)"
