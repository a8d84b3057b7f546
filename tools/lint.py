# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs all static checks, or those that are named; exits with 1 if one of them fails: python tools/lint.py [CHECK ...]

antsibull-nox has sessions for most of these, but they need git, run one after another, and install the newest version of each tool.
Here they run two at a time, with the versions of locked.txt. The check "layout" is a session of antsibull-nox.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tree

LINK = Path(".venv", "collections") / tree.COLLECTION
# antsibull-docs puts the name of a random temporary directory into reStructuredText. If the name ends in an underscore, which
# happens once in 37 times, docutils takes it for a reference.
RANDOM_ERROR = re.compile(r'Unknown target name: "antsibull-docs-\w+"')
# Checks that print something even if they find nothing.
TALKATIVE = {"ruff", "layout"}
DOCS_OPTIONS = ("--check-extra-docs-refs", "--disallow-unknown-collection-refs")

Command = list[str]


def checks(copy: Path) -> dict[str, list[Command]]:
    """Name of a check -> its commands, the longest first. *copy* has only the tree's own files."""
    files = tree.tree_files()
    shell = [name for name in files if name.endswith(".sh") or name.startswith(".ci/")]
    # The collection's code is checked under its real name, everything else under the root.
    python = {name.partition("/")[0] for name in files if name.endswith(".py")}
    typed = [str(LINK / name) for name in ("plugins", "extensions") if name in python]
    typed += [name for name in ("tests", "tools", "noxfile.py") if name in python]
    return {
        "ansible-lint": [["ansible-lint", "--strict", "--offline", "--nocolor", "-q"]],
        "mypy": [["mypy", "--no-error-summary", *typed]],
        "docs": [["antsibull-docs", "lint-collection-docs", "--plugin-docs", *DOCS_OPTIONS, "."]],
        # Without git, reuse would check .venv as well, hence the copy.
        "licences": [["reuse", "--root", str(copy), "lint", "--lines"]],
        "layout": [["nox", "--non-interactive", "--session", "extra-checks"]],
        "yamllint": [["yamllint", "--strict", "."]],
        "options": [[sys.executable, "tools/options"]],
        "changelog": [["antsibull-changelog", "lint"]],
        "shellcheck": [["shellcheck", *shell]],
        "ruff": [["ruff", "check", "--quiet", "--output-format", "concise", "."], ["ruff", "format", "--check", "."]],
    }


def run(name: str, commands: list[Command]) -> tuple[bool, float, str]:
    """Run one check: whether it passed, seconds, its output."""
    started = time.monotonic()
    is_good, printed = True, ""
    for command in commands:
        done = tree.run(*command)
        while RANDOM_ERROR.search(done.stdout):
            done = tree.run(*command)
        is_good = is_good and done.returncode == 0
        if done.returncode or name not in TALKATIVE:
            printed += done.stdout
    return is_good, time.monotonic() - started, printed.strip()


def check(wanted: Mapping[str, list[Command]]) -> int:
    """Run checks, two at a time, and print their output; returns the exit code."""
    failed = []
    with ThreadPoolExecutor(2) as pool:
        for name, (is_good, seconds, printed) in zip(wanted, pool.map(run, wanted, wanted.values()), strict=True):
            state = "FAILED" if not is_good else "OUTPUT:" if printed else "ok"
            print(f"{name:<13} {state}  {seconds:.1f} s", flush=True)
            if printed:
                print(printed + "\n", flush=True)
            if not is_good:
                failed.append(name)
    print(f"lint: failed: {', '.join(failed)}" if failed else "lint: passed")
    return int(bool(failed))


def main(names: list[str]) -> int:
    """Run the named checks, or all; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="datagate-lint-") as folder:
        copy = Path(folder, "tree")
        tree.export(copy)
        known = checks(copy)
        unknown = [name for name in names if name not in known]
        if unknown:
            print(f"no such check: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
            return 2
        return check({name: known[name] for name in known if not names or name in names})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
