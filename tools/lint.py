# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs all static checks; exits with 1 if one of them finds anything.

python tools/lint.py              all of them
python tools/lint.py mypy ruff    only these

antsibull-nox has sessions for most of these. They make an environment for each tool, with the versions of the day, and run one
after another. Here they run two at a time, with the versions of locked.txt, and on a tree without git as well. What no other
tool checks is taken from there: the session extra-checks.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tree import COLLECTION, ROOT, export, tree_files

BIN = Path(sys.executable).parent
LINK = Path(".venv", "collections") / COLLECTION


# antsibull-docs puts the name of a random temporary directory into reStructuredText. If the name ends in an underscore, which
# happens once in 37 times, docutils takes it for a reference.
RANDOM_ERROR = re.compile(r'Unknown target name: "antsibull-docs-\w+"')
# These print something even if they find nothing.
TALKERS = {"ruff", "layout"}


def checks(copy: Path) -> dict[str, list[list[str]]]:
    """Name of a check -> its commands, the longest first. *copy* has only the tree's own files."""
    files = tree_files()
    shell = [name for name in files if name.endswith(".sh") or name.startswith(".ci/")]
    # The collection's code is checked under its real name, everything else under the root.
    python = {name.partition("/")[0] for name in files if name.endswith(".py")}
    typed = [str(LINK / name) for name in ("plugins", "extensions") if name in python]
    typed += [name for name in ("tests", "tools", "noxfile.py") if name in python]
    return {
        "ansible-lint": [["ansible-lint", "--strict", "--offline", "--nocolor", "-q"]],
        "mypy": [["mypy", "--no-error-summary", *typed]],
        "docs": [
            [
                "antsibull-docs",
                "lint-collection-docs",
                "--plugin-docs",
                "--check-extra-docs-refs",
                "--disallow-unknown-collection-refs",
                ".",
            ]
        ],
        # Without git it would look at .venv as well, hence the copy.
        "licences": [["reuse", "--root", str(copy), "lint", "--lines"]],
        "layout": [["nox", "--non-interactive", "--session", "extra-checks"]],
        "yamllint": [["yamllint", "--strict", "."]],
        "options": [[sys.executable, "tools/options.py"]],
        "changelog": [["antsibull-changelog", "lint"]],
        "shellcheck": [["shellcheck", *shell]],
        "ruff": [["ruff", "check", "--quiet", "--output-format", "concise", "."], ["ruff", "format", "--check", "."]],
    }


def call(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run one command from .venv."""
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def run(name: str, commands: list[list[str]]) -> tuple[str, bool, float, str]:
    """Run one check: its name, whether it passed, seconds, its output."""
    started = time.monotonic()
    good, outputs = True, []
    for command in commands:
        done = call(command)
        while RANDOM_ERROR.search(done.stdout):
            done = call(command)
        good = good and done.returncode == 0
        if done.returncode or name not in TALKERS:
            outputs.append(done.stdout)
    return name, good, time.monotonic() - started, "".join(outputs).strip()


def main(arguments: list[str]) -> int:
    """Run the named checks, or all, two at a time, and print their output."""
    with tempfile.TemporaryDirectory(prefix="datagate-lint-") as folder:
        copy = Path(folder, "tree")
        export(copy)
        return check(arguments, checks(copy))


def check(arguments: list[str], wanted: dict[str, list[list[str]]]) -> int:
    """Run the named checks of *wanted*; returns the exit code."""
    unknown = [name for name in arguments if name not in wanted]
    if unknown:
        print(f"no such check: {', '.join(unknown)}; there are {', '.join(wanted)}", file=sys.stderr)
        return 2
    bad = []
    with ThreadPoolExecutor(2) as pool:
        chosen = [name for name in wanted if not arguments or name in arguments]
        for name, good, seconds, outputs in pool.map(lambda name: run(name, wanted[name]), chosen):
            print(
                f"{name:<13} {'ok' if good and not outputs else 'OUTPUT:' if good else 'FAILED'}  {seconds:.1f} s",
                flush=True,
            )
            if outputs:
                print(outputs + "\n", flush=True)
            if not good:
                bad.append(name)
    if bad:
        print(f"lint: failed: {', '.join(bad)}")
        return 1
    print("lint: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
