# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports the tarball of this tree with galaxy-importer, as Galaxy does. `make importer` runs it in an environment of its own.

galaxy-importer and the session of antsibull-nox accept warnings, and the session builds another tarball than build.py.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from build import build
from tree import run

END = "Importer processing completed successfully"
# At the beginning of its lines, or anywhere in lines of the tools that it runs. Names of files are in lower case.
TROUBLE = re.compile(r"\b(WARNING|ERROR|CRITICAL|FATAL|Traceback)\b")


def problems(output: str) -> list[str]:
    """The lines that report anything but success; the last one if the end is missing."""
    lines = output.splitlines()
    found = [line for line in lines if TROUBLE.search(line)]
    if END not in output:
        found.append(f"It did not finish; the last line is: {lines[-1] if lines else 'none'}")
    return found


def main() -> int:
    """Build, import and print the result; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="datagate-importer-") as folder:
        tarball = build(Path(folder))
        done = run(sys.executable, "-m", "galaxy_importer.main", tarball.name, folder=Path(folder))
    found = problems(done.stdout)
    is_bad = bool(found or done.returncode)
    print(done.stdout, *(f"importer: {line}" for line in found), sep="\n")
    print(f"importer: {'failed' if is_bad else 'passed'}")
    return int(is_bad)


if __name__ == "__main__":
    sys.exit(main())
