# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of the tree, with or without git, the Pythons of this machine, and running a program.

antsibull-fileutils copies a tree as well, but with .venv if there is no git. Only the standard library is used, because
ansible_test.py runs in the environments of all ansible-cores.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = Path("ansible_collections", "datagate", "huaweicloud")
BIN = Path(sys.executable).parent

# For a tree without git: the generated files that .gitignore excludes.
GENERATED_FOLDERS = {"__pycache__", "dist", "node_modules", "output", "venv"}
KEPT_DOT_NAMES = {*(".ansible-lint", ".ci", ".gitattributes", ".github"), *(".gitignore", ".keep", ".yamllint")}
GENERATED_ENDINGS = (".pyc", ".tar.gz", ".swp")


def _from_git() -> list[str] | None:
    """Tracked files and new ones that are not ignored; None where git or its folder is missing."""
    if not (ROOT / ".git").exists():
        return None
    try:
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return [name for name in listing.split("\0") if name]


def _from_walk() -> list[str]:
    names = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in GENERATED_FOLDERS and (not name.startswith(".") or name in KEPT_DOT_NAMES)
        ]
        for name in files:
            if (name.startswith(".") and name not in KEPT_DOT_NAMES) or name.endswith(GENERATED_ENDINGS):
                continue
            names.append(os.path.relpath(os.path.join(folder, name), ROOT))
    return names


def tree_files() -> list[str]:
    """Paths of the tree's files, relative to the root, sorted; nothing generated."""
    names = _from_git()
    if names is None:
        names = _from_walk()
    # git also lists files that are deleted, but not yet in a commit.
    return sorted({name for name in names if (ROOT / name).is_file()})


def run(
    *command: str | Path, folder: Path = ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program, if possible from the environment of this Python, and return its output and errors in `stdout`."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "PATH": path, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def interpreters() -> dict[str, str]:
    """Version -> path of the Pythons that this machine has and that run, oldest first."""
    command = ["sh", str(ROOT / "tools" / "find_python.sh"), "--all"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(line.split(" ", 1) for line in listing.splitlines())


def export(target: Path) -> None:
    """Copy the tree's files below `target`."""
    for name in tree_files():
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy, follow_symlinks=False)
