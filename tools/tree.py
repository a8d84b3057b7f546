# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of the tree, with or without git, and the Pythons of this machine.

Only the standard library is used: ansible_test.py is run by the Python of each ansible-core, whose environment does not have
antsibull-fileutils. Where there is no git, that takes .venv for a part of the tree, besides.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLLECTION = Path("ansible_collections", "datagate", "huaweicloud")

# For a tree without git: the generated files that .gitignore excludes.
GENERATED_FOLDERS = {"__pycache__", "dist", "node_modules", "output", "venv"}
KEPT_DOT_NAMES = {
    ".ansible-lint",
    ".ci",
    ".gitattributes",
    ".github",
    ".gitignore",
    ".keep",
    ".yamllint",
}
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
    # git also names what was deleted but not yet committed as such.
    return sorted({name for name in names if (ROOT / name).is_file()})


def interpreters() -> dict[str, str]:
    """Version -> path of the Pythons that this machine has and that run, oldest first."""
    listing = subprocess.run(
        ["sh", str(ROOT / "tools" / "find_python.sh"), "--all"], check=True, capture_output=True, text=True
    ).stdout
    return dict(line.split(" ", 1) for line in listing.splitlines())


def export(target: Path) -> None:
    """Copy the tree's files below `target`."""
    for name in tree_files():
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy, follow_symlinks=False)
