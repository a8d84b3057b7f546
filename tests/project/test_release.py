# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which version may be released, and that all files get it."""

from __future__ import annotations

import re
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
def test_fragments_determine_the_smallest_version(
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


def test_released_version_is_built_again(tmp_path: Path) -> None:
    root = tree(tmp_path, ["1.0.0", "0.9.0"])
    assert release.due(root, release.parsed("1.0.0")) is False
    with pytest.raises(release.ReleaseError, match="old release"):
        release.due(root, release.parsed("0.9.0"))
    with pytest.raises(release.ReleaseError, match="nothing to release"):
        release.due(root, release.parsed("1.0.1"))


def test_released_version_rejects_new_fragments(tmp_path: Path) -> None:
    root = tree(tmp_path, ["1.0.0"], late=FIX)
    with pytest.raises(release.ReleaseError, match=r"1\.0\.0 is in the changelog already, and late\.yml"):
        release.due(root, release.parsed("1.0.0"))


def test_release_needs_a_summary(tmp_path: Path) -> None:
    root = tree(tmp_path, ["1.0.0"], fix=FIX)
    with pytest.raises(release.ReleaseError, match="release_summary"):
        release.due(root, release.parsed("1.0.1"))


def test_unknown_section_in_a_fragment_is_rejected(tmp_path: Path) -> None:
    root = tree(tmp_path, ["1.0.0"], summary=SUMMARY, odd={"bug_fixes": ["misspelt"]})
    with pytest.raises(release.ReleaseError, match=r"odd\.yml"):
        release.due(root, release.parsed("1.0.1"))


@pytest.mark.parametrize("text", ["", "1", "1.0", "v1.0.0", "1.0.0-rc.1", "1.0.0+1", "01.0.0", "x"])
def test_a_version_has_three_numbers(text: str) -> None:
    with pytest.raises(release.ReleaseError, match="not of the form"):
        release.parsed(text)


def copied(folder: Path) -> Path:
    """The files that contain the version."""
    for path in release.places(ROOT):
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return folder


def test_the_version_is_written_into_all_files_that_contain_it(tmp_path: Path) -> None:
    root = copied(tmp_path)
    names = {path.relative_to(ROOT).as_posix() for path in release.places(ROOT)}
    assert {
        "README.md",
        "galaxy.yml",
        "docs/site/antsibull-docs.cfg",
        "execution-environment/execution-environment.yml",
    } <= names
    release.write_version(root, release.parsed("12.34.56"))
    before = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"]
    for name in names:
        assert "12.34.56" in (root / name).read_text("utf-8")
        assert f"-{before}.tar.gz" not in (root / name).read_text("utf-8")
    release.write_version(root, release.parsed(before))
    for name in names:
        assert (root / name).read_text("utf-8") == (ROOT / name).read_text("utf-8")


def test_nothing_is_written_if_a_file_lacks_the_version(tmp_path: Path) -> None:
    root = copied(tmp_path)
    (root / "plugins/module_utils/_version.py").write_text("", "utf-8")
    with pytest.raises(release.ReleaseError, match=r"_version\.py does not contain the version"):
        release.write_version(root, release.parsed("12.34.56"))
    assert "12.34.56" not in (root / "galaxy.yml").read_text("utf-8")


def test_pages_state_whether_the_collection_is_on_galaxy(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    shutil.copytree(ROOT / "docs" / "guides", tmp_path / "docs" / "guides")
    for name in ("README.md", "README.zh-CN.md"):
        shutil.copy(ROOT / name, tmp_path)
    release.write_published(tmp_path)
    english = ("README.md", "docs/guides/first_gate.md", "docs/guides/versions.md")
    chinese = ("README.zh-CN.md", "docs/guides/zh_CN/first_gate.md")
    for names, sentence, other in (
        (english, release.PUBLISHED, release.NOT_PUBLISHED),
        (chinese, release.PUBLISHED_ZH, release.NOT_PUBLISHED_ZH),
    ):
        for name in names:
            text = (tmp_path / name).read_text("utf-8")
            assert f"<!-- galaxy -->\n{sentence}\n<!-- /galaxy -->\n" in text
            assert other not in text
    release.write_published(tmp_path)
    assert (tmp_path / "README.md").read_text("utf-8").count(release.PUBLISHED) == 1


# -- tag --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the version 2.0.0, prepared and committed."""
    root = tree(tmp_path, ["1.0.0", "2.0.0"])
    (root / "galaxy.yml").write_text("version: 2.0.0\n", "utf-8")
    release.git(root, "init", "--quiet")
    release.git(root, "config", "user.name", "maintainer")
    release.git(root, "config", "user.email", "maintainer@example.com")
    release.git(root, "add", "--all")
    release.git(root, "commit", "--quiet", "--message", "Release 2.0.0")
    return root


def test_a_prepared_version_gets_an_annotated_tag_once(repository: Path) -> None:
    release.tag(repository, release.parsed("2.0.0"))
    assert release.git(repository, "cat-file", "-t", "v2.0.0") == "tag"
    assert release.git(repository, "rev-parse", "v2.0.0^{commit}") == release.git(repository, "rev-parse", "HEAD")
    with pytest.raises(release.ReleaseError, match=r"the tag v2\.0\.0 exists"):
        release.tag(repository, release.parsed("2.0.0"))


@pytest.mark.parametrize(
    ("file", "text", "version", "problem"),
    [
        ("new.txt", "", "2.0.0", "the work tree has changes"),
        ("galaxy.yml", "version: 1.0.0\n", "2.0.0", "galaxy.yml does not have the version 2.0.0"),
        ("changelogs/fragments/fix.yml", "bugfixes: [x]\n", "2.0.0", "2.0.0 is not prepared"),
        ("new.txt", "", "2.1.0", "2.1.0 is not prepared"),
    ],
)
def test_unprepared_version_gets_no_tag(repository: Path, file: str, text: str, version: str, problem: str) -> None:
    (repository / file).write_text(text, "utf-8")
    with pytest.raises(release.ReleaseError, match=problem):
        release.tag(repository, release.parsed(version))
    assert release.git(repository, "tag", "--list") == ""


def test_the_sections_are_those_of_the_changelog() -> None:
    config = yaml.safe_load((ROOT / "changelogs" / "config.yaml").read_text("utf-8"))
    known = {name for name, dummy in config["sections"]} | {
        config["prelude_section_name"],
        config["trivial_section_name"],
    }
    assert set(release.STEPS) == known


def test_all_files_contain_the_version_of_the_collection() -> None:
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"]
    for path, pattern in release.places(ROOT).items():
        found = {match[0] for match in re.finditer(pattern, path.read_text("utf-8"), re.MULTILINE)}
        assert all(version in text for text in found), path


def test_the_version_of_the_collection_is_the_last_or_the_next_one() -> None:
    """Between releases, the collection has the version of the next one."""
    version = release.parsed(yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["version"])
    if release.fragments(ROOT):
        assert version > release.released(ROOT)[-1]
    else:
        assert version == release.released(ROOT)[-1]


def test_the_pages_of_a_language_have_the_same_sentence_about_galaxy() -> None:
    published = []
    for patterns, sentences in (
        (release.ENGLISH, (release.NOT_PUBLISHED, release.PUBLISHED)),
        (release.TRANSLATED, (release.NOT_PUBLISHED_ZH, release.PUBLISHED_ZH)),
    ):
        texts = [path.read_text("utf-8") for pattern in patterns for path in ROOT.glob(pattern)]
        (found,) = {match[0] for text in texts for match in release.GALAXY_PART.finditer(text)}
        published.append(sentences.index(found.split("\n")[1]))
    assert published[0] == published[1]
