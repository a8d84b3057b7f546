# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prepares a release: the version in all files, the changelog, and in dist/ the tarball and the documentation.

python tools/release.py 1.2.3 [--published]    prepares it; with --published, the pages say that it is on Ansible Galaxy
python tools/release.py 1.2.3 --tag            tags the commit with the annotated tag v1.2.3

The fragments in changelogs/fragments determine the smallest version, as docs/guides/versions.md describes. A version that is in the
changelog already is built again, and no file of the tree changes. Nothing is committed or pushed.

antsibull-changelog does not check whether the version fits the changes. The releaser of antsibull-nox needs Zuul and pushes to GitHub.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from semantic_version import Version

import tree
from tree import ROOT

FRAGMENTS = Path("changelogs", "fragments")
CHANGELOG = Path("changelogs", "changelog.yaml")

# File -> the text around the version in it.
PLACES = {
    "galaxy.yml": r"^(version: )\S+()$",
    "plugins/module_utils/_version.py": r'^(VERSION = ")[^"]+(")$',
}
# Files that may name the tarball with its version.
TARBALL = r"(datagate-huaweicloud-)\d+\.\d+\.\d+(\.tar\.gz)"
WITH_TARBALL = ("README*.md", "docs/**/*.md", "docs/site/*.cfg", "examples/**/*", "execution-environment/*.yml")

# The part of a page that depends on whether the collection is on Ansible Galaxy.
GALAXY_PART = re.compile(r"(<!-- galaxy -->\n).*?(\n<!-- /galaxy -->)", re.DOTALL)
NOT_PUBLISHED = (
    "It is not on Ansible Galaxy yet. Once it is, the name `datagate.huaweicloud` replaces the path of the tarball."
)
PUBLISHED = "It is also on Ansible Galaxy: the name `datagate.huaweicloud` can replace the path of the tarball."
NOT_PUBLISHED_ZH = "本集合尚未发布到 Ansible Galaxy。发布后，可以用名称 `datagate.huaweicloud` 代替安装包的路径。"
PUBLISHED_ZH = "本集合也已发布到 Ansible Galaxy：可以用名称 `datagate.huaweicloud` 代替安装包的路径。"
# Pages in English, and pages in Chinese. tools/translations.py compares these with their sources.
ENGLISH = ("README.md", "docs/guides/*.md")
TRANSLATED = ("README.zh-CN.md", "docs/guides/zh_CN/*.md")

# The part of the version that has to grow -> sections of fragments.
MAJOR, MINOR, PATCH = "major", "minor", "patch"
SECTIONS = {
    MAJOR: ("breaking_changes", "removed_features"),
    MINOR: ("major_changes", "minor_changes", "deprecated_features"),
    PATCH: ("security_fixes", "bugfixes", "known_issues", "release_summary", "trivial"),
}
STEPS = {section: step for step, sections in SECTIONS.items() for section in sections}


class ReleaseError(Exception):
    """The release cannot be made; the message says what to do."""


def parsed(text: str) -> Version:
    """A version of three numbers.

    :raises ReleaseError: it is something else.
    """
    if not re.fullmatch(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}", text):
        raise ReleaseError(f"VERSION: {text!r} is not of the form 1.2.3")
    return Version(text)


def smallest(last: Version, sections: Iterable[str]) -> Version:
    """The smallest version that may follow *last* with such changes. Before 1.0.0 a breaking change is a minor step."""
    steps = {STEPS[name] for name in sections}
    if MAJOR in steps and last.major:
        return last.next_major()
    return last.next_minor() if steps & {MAJOR, MINOR} else last.next_patch()


def fragments(root: Path) -> dict[str, Any]:
    """Name of a fragment -> its sections."""
    found = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in sorted((root / FRAGMENTS).glob("*.y*ml"))}
    for name, content in found.items():
        if not content or not STEPS.keys() >= content.keys():
            raise ReleaseError(f"{FRAGMENTS / name} is empty or has unknown sections; see `antsibull-changelog lint`")
    return found


def released(root: Path) -> list[Version]:
    """The versions in the changelog, the newest last."""
    return sorted(Version(name) for name in yaml.safe_load((root / CHANGELOG).read_text("utf-8"))["releases"])


def due(root: Path, version: Version) -> bool:
    """Whether the changelog still has to be written for *version*.

    :raises ReleaseError: the version is too small for the changes, leaves a gap, or is taken.
    """
    waiting, before = fragments(root), released(root)
    last = before[-1]
    if version in before:
        if waiting:
            late = f"{', '.join(waiting)} in {FRAGMENTS}"
            raise ReleaseError(f"VERSION: {version} is in the changelog already, and {late} would come after it")
        if version != last:
            raise ReleaseError(f"VERSION: {version} is an old release; check out its tag v{version} to build it")
        return False
    if not waiting:
        raise ReleaseError(f"there is nothing to release: {FRAGMENTS} has no fragments")
    sections = {section for content in waiting.values() for section in content}
    if "release_summary" not in sections:
        raise ReleaseError(f"there is no release_summary yet: write {FRAGMENTS / f'{version}.yml'} with one")
    least = smallest(last, sections)
    allowed = [step for step in (last.next_patch(), last.next_minor(), last.next_major()) if step >= least]
    if version not in allowed:
        others = " or ".join(map(str, allowed))
        raise ReleaseError(f"VERSION: {version} may not follow {last} with these changes, but {others} may")
    return True


def places(root: Path) -> dict[Path, str]:
    """The files that contain the version -> the text around it."""
    found = {root / name: pattern for name, pattern in PLACES.items()}
    paths = sorted({path for pattern in WITH_TARBALL for path in root.glob(pattern) if path.is_file()})
    texts = [path for path in paths if path.suffix in (".md", ".yml", ".yaml", ".cfg", "")]
    return found | {path: TARBALL for path in texts if re.search(TARBALL, path.read_text("utf-8"))}


def write_version(root: Path, version: Version) -> None:
    """Write the version into all files that contain it.

    :raises ReleaseError: a file does not contain it where expected; nothing is written then.
    """
    texts = {}
    for path, pattern in places(root).items():
        text, count = re.subn(pattern, rf"\g<1>{version}\g<2>", path.read_text("utf-8"), flags=re.MULTILINE)
        if not count:
            raise ReleaseError(f"{path.relative_to(root)} does not contain the version as expected")
        texts[path] = text
    for path, text in texts.items():
        path.write_text(text, "utf-8")


def write_published(root: Path) -> None:
    """Let the pages say that the collection is on Ansible Galaxy."""
    for patterns, sentence in ((ENGLISH, PUBLISHED), (TRANSLATED, PUBLISHED_ZH)):
        for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
            path.write_text(GALAXY_PART.sub(rf"\g<1>{sentence}\g<2>", path.read_text("utf-8")), "utf-8")


def run(*command: str | Path, folder: Path = ROOT) -> str:
    """The output of a program.

    :raises ReleaseError: it failed.
    """
    done = tree.run(*command, folder=folder)
    if done.returncode:
        raise ReleaseError(f"{Path(command[0]).name} {command[1]} failed:\n{done.stdout.strip()}")
    return done.stdout.strip()


def git(root: Path, *arguments: str) -> str:
    """The output of a git command."""
    return run("git", *arguments, folder=root)


def tag(root: Path, version: Version) -> None:
    """Tag the commit.

    :raises ReleaseError: the version is not prepared, or not committed, or has a tag.
    """
    if released(root)[-1] != version or fragments(root):
        raise ReleaseError(f"{version} is not prepared: run `make release VERSION={version}` first")
    if yaml.safe_load((root / "galaxy.yml").read_text("utf-8"))["version"] != str(version):
        raise ReleaseError(f"galaxy.yml does not have the version {version}")
    if git(root, "status", "--porcelain"):
        raise ReleaseError("the work tree has changes: commit them before the tag")
    if git(root, "tag", "--list", f"v{version}"):
        raise ReleaseError(f"the tag v{version} exists")
    git(root, "tag", "--annotate", f"v{version}", "--message", f"datagate.huaweicloud {version}")


def prepare(version: Version, published: bool) -> None:
    """Write version and changelog unless that is done, and build tarball and documentation."""
    new = due(ROOT, version)
    if new:
        write_version(ROOT, version)
        run("antsibull-changelog", "release", "--version", str(version))
    if published:
        write_published(ROOT)
    for tool in ("build.py", "docs.py"):
        print(run(sys.executable, ROOT / "tools" / tool), flush=True)
    print(f"release: {version} is in dist/, its documentation in dist/docs/.")
    if new:
        print(f"Review CHANGELOG.rst, commit, and wait for the CI. Then: make release VERSION={version} TAG=1")


def main(arguments: list[str]) -> int:
    """Prepare or tag a release; returns the exit code."""
    parser = argparse.ArgumentParser(prog="release", usage="make release VERSION=1.2.3 [PUBLISHED=1 | TAG=1]")
    parser.add_argument("version")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--published", action="store_true")
    action.add_argument("--tag", action="store_true")
    given = parser.parse_args(arguments)
    try:
        version = parsed(given.version)
        if given.tag:
            tag(ROOT, version)
            print(f"release: the tag is v{version}. To publish it: git push origin v{version}")
        else:
            prepare(version, given.published)
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
