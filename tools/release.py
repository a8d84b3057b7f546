# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prepares a release: the version wherever it stands, the changelog, and in dist/ the tarball and the documentation.

python tools/release.py 1.2.3

The fragments in changelogs/fragments say how large the step must be: docs/guides/versions.md is the policy. Nothing is
committed, tagged or sent. A version that is in the changelog already is built again from what is there, and no file of the tree changes.

antsibull-changelog writes the changelog, but does not see whether the version fits the changes. The releaser of antsibull-nox is
for projects that have Zuul, and pushes to GitHub itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from semantic_version import Version

from tree import ROOT

BIN = Path(sys.executable).parent
FRAGMENTS = Path("changelogs", "fragments")
CHANGELOG = Path("changelogs", "changelog.yaml")

# File -> what stands around a version in it, and how often.
PLACES = {
    "galaxy.yml": (r"^(version: )\S+()$", 1),
    "plugins/module_utils/_version.py": (r'^(VERSION = ")[^"]+(")$', 1),
    "execution-environment/execution-environment.yml": (r"(/datagate-huaweicloud-)\d\S*?(\.tar\.gz)$", 2),
}

# Section of a fragment -> the part of the version that has to grow.
MAJOR, MINOR, PATCH = "major", "minor", "patch"
STEPS = {
    "breaking_changes": MAJOR,
    "removed_features": MAJOR,
    "major_changes": MINOR,
    "minor_changes": MINOR,
    "deprecated_features": MINOR,
    "security_fixes": PATCH,
    "bugfixes": PATCH,
    "known_issues": PATCH,
    "release_summary": PATCH,
    "trivial": PATCH,
}


class ReleaseError(Exception):
    """The release cannot be made; the message says what to do."""


def parsed(text: str) -> Version:
    """A version of three numbers.

    :raises ReleaseError: it is something else.
    """
    try:
        version = Version(text)
    except ValueError:
        version = None
    if version is None or version.prerelease or version.build:
        raise ReleaseError(f"VERSION: {text!r} is not of the form 1.2.3")
    return version


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
        unknown = set(content or {}) - set(STEPS)
        if not content or unknown:
            raise ReleaseError(
                f"{FRAGMENTS / name} is empty, or has unknown sections: `antsibull-changelog lint` says more"
            )
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
            raise ReleaseError(
                f"VERSION: {version} is in the changelog already, and {', '.join(waiting)} in {FRAGMENTS} would come after it"
            )
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
        raise ReleaseError(
            f"VERSION: {version} may not follow {last} with these changes, but {' or '.join(map(str, allowed))} may"
        )
    return True


def write_version(root: Path, version: Version) -> None:
    """Put the version wherever it stands.

    :raises ReleaseError: a place is not as expected; nothing is written then.
    """
    texts = {}
    for name, (pattern, times) in PLACES.items():
        text, count = re.subn(
            pattern,
            rf"\g<1>{version}\g<2>",
            (root / name).read_text("utf-8"),
            flags=re.MULTILINE,
        )
        if count != times:
            raise ReleaseError(f"{name} should hold the version {times} times, not {count} times")
        texts[name] = text
    for name, text in texts.items():
        (root / name).write_text(text, "utf-8")


def run(*command: str | Path) -> None:
    """Run a tool of the environment in the tree.

    :raises ReleaseError: it failed.
    """
    if subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode:
        raise ReleaseError(f"{Path(command[0]).name} failed, see above")


def main(arguments: list[str]) -> int:
    """Prepare it; returns the exit code."""
    if len(arguments) != 1 or not arguments[0]:
        print("usage: make release VERSION=1.2.3", file=sys.stderr)
        return 2
    try:
        version = parsed(arguments[0])
        new = due(ROOT, version)
        if new:
            write_version(ROOT, version)
            run(BIN / "antsibull-changelog", "release", "--version", str(version))
        run(sys.executable, ROOT / "tools" / "build.py")
        run(sys.executable, ROOT / "tools" / "docs.py")
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    print(f"release: {version} is in dist/, its documentation in dist/docs/.")
    if new:
        print(
            f"Now look at CHANGELOG.rst, commit, and let CI run. Then: git tag v{version} && git push origin v{version}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
