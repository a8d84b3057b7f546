# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports the tarball of this tree as Galaxy does: with galaxy-importer.

galaxy-importer succeeds in spite of warnings, and so does the session that antsibull-nox has for it. Here a warning is a
failure, and the tarball is the one that is published (build.py). It needs an environment of its own, because of the old
packages that it wants: `make importer`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from build import build

END = "Importer processing completed successfully"
# How its lines begin, or a word of a tool that it runs within a line. Names of files are in lower case.
TROUBLE = re.compile(r"\b(WARNING|ERROR|CRITICAL|FATAL|Traceback)\b")


def problems(output: str) -> list[str]:
    """The lines that report anything but success; the last one if the end is missing."""
    lines = output.splitlines()
    found = [line for line in lines if TROUBLE.search(line)]
    if END not in output:
        found.append(f"It did not come to its end, but to: {lines[-1] if lines else 'nothing'}")
    return found


def main() -> int:
    """Build, import and print the result; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="datagate-importer-") as folder:
        tarball = build(Path(folder))
        done = subprocess.run(
            [sys.executable, "-m", "galaxy_importer.main", tarball.name],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    print(done.stdout, end="")
    found = problems(done.stdout)
    for line in found:
        print(f"importer: {line}")
    print(f"importer: {'failed' if found or done.returncode else 'passed'}")
    return int(bool(found or done.returncode))


if __name__ == "__main__":
    sys.exit(main())
