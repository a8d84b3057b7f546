# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which version may be released, and that it is written wherever it stands."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import release  # noqa: E402


def tree(folder: Path, versions: list[str], **fragments: dict[str, Any]) -> Path:
    """A tree with releases and with fragments that wait for the next one."""
    (folder / release.FRAGMENTS).mkdir(parents=True)
    (folder / release.CHANGELOG).write_text(
        yaml.safe_dump({"releases": {version: {} for version in versions}}), "utf-8"
    )
    for name, content in fragments.items():
        (folder / release.FRAGMENTS / f"{name}.yml").write_text(yaml.safe_dump(content), "utf-8")
    return folder


SUMMARY = {"release_summary": "What it is."}
FIX = {"bugfixes": ["module - mended."]}
FEATURE = {"minor_changes": ["module - more."]}
BREAK = {"breaking_changes": ["module - otherwise."]}


@pytest.mark.parametrize(
    ("last", "changes", "good", "bad"),
    [
        ("0.2.0", FIX, ["0.2.1", "0.3.0", "1.0.0"], ["0.2.2", "0.4.0", "1.0.1", "2.0.0", "0.1.9"]),
        ("0.2.0", BREAK, ["0.3.0", "1.0.0"], ["0.2.1"]),
        ("1.9.3", FIX, ["1.9.4", "1.10.0", "2.0.0"], ["1.9.5", "1.10.1", "1.9.10"]),
        ("1.9.3", FEATURE, ["1.10.0", "2.0.0"], ["1.9.4"]),
        ("1.9.3", {**FIX, **BREAK}, ["2.0.0"], ["1.9.4", "1.10.0", "2.1.0"]),
    ],
)
def test_the_changes_say_how_large_the_step_must_be(
    tmp_path: Path, last: str, changes: dict[str, Any], good: list[str], bad: list[str]
) -> None:
    # The newest release is not the last one in the alphabet.
    root = tree(tmp_path, ["0.1.0", "0.0.9", last], summary=SUMMARY, change=changes)
    for text in good:
        assert release.due(root, release.parsed(text)) is True
    for text in bad:
        with pytest.raises(release.ReleaseError, match=f"{text} may not follow {last}") as caught:
            release.due(root, release.parsed(text))
        assert all(step in str(caught.value) for step in good)


def test_a_version_that_is_there_is_built_again(tmp_path: Path) -> None:
    root = tree(tmp_path, ["1.0.0", "0.9.0"])
    assert release.due(root, release.parsed("1.0.0")) is False
    with pytest.raises(release.ReleaseError, match="old release"):
        release.due(root, release.parsed("0.9.0"))
    with pytest.raises(release.ReleaseError, match="nothing to release"):
        release.due(root, release.parsed("1.0.1"))


def test_nothing_is_added_to_a_version_that_is_there(tmp_path: Path) -> None:
    root = tree(tmp_path, ["1.0.0"], late=FIX)
    with pytest.raises(release.ReleaseError, match=r"1\.0\.0 is in the changelog already, and late\.yml"):
        release.due(root, release.parsed("1.0.0"))


def test_a_release_needs_its_summary(tmp_path: Path) -> None:
    root = tree(tmp_path, ["1.0.0"], fix=FIX)
    with pytest.raises(release.ReleaseError, match="release_summary"):
        release.due(root, release.parsed("1.0.1"))


def test_a_fragment_with_an_unknown_section_is_refused(tmp_path: Path) -> None:
    root = tree(tmp_path, ["1.0.0"], summary=SUMMARY, odd={"bug_fixes": ["misspelt"]})
    with pytest.raises(release.ReleaseError, match=r"odd\.yml"):
        release.due(root, release.parsed("1.0.1"))


@pytest.mark.parametrize("text", ["", "1", "1.0", "v1.0.0", "1.0.0-rc.1", "1.0.0+1", "01.0.0", "x"])
def test_a_version_has_three_numbers(text: str) -> None:
    with pytest.raises(release.ReleaseError, match="not of the form"):
        release.parsed(text)


def copied(folder: Path) -> Path:
    """The files that hold the version."""
    for name in release.PLACES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_the_version_is_written_wherever_it_stands(tmp_path: Path) -> None:
    root = copied(tmp_path)
    release.write_version(root, release.parsed("12.34.56"))
    before = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"]
    for name in release.PLACES:
        assert (root / name).read_text("utf-8") == (ROOT / name).read_text("utf-8").replace(before, "12.34.56")
    release.write_version(root, release.parsed(before))
    for name in release.PLACES:
        assert (root / name).read_text("utf-8") == (ROOT / name).read_text("utf-8")


def test_nothing_is_written_where_a_place_has_changed(tmp_path: Path) -> None:
    root = copied(tmp_path)
    (root / "execution-environment/execution-environment.yml").write_text("---\n", "utf-8")
    with pytest.raises(release.ReleaseError, match="2 times, not 0"):
        release.write_version(root, release.parsed("12.34.56"))
    assert "12.34.56" not in (root / "galaxy.yml").read_text("utf-8")


def test_the_sections_are_those_of_the_changelog() -> None:
    config = yaml.safe_load((ROOT / "changelogs" / "config.yaml").read_text("utf-8"))
    known = {name for name, dummy in config["sections"]} | {
        config["prelude_section_name"],
        config["trivial_section_name"],
    }
    assert set(release.STEPS) == known


def test_every_place_holds_the_version_of_the_collection() -> None:
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"]
    assert release.released(ROOT)[-1] == release.parsed(version)
    for name in release.PLACES:
        assert version in (ROOT / name).read_text("utf-8")
