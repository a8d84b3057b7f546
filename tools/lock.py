# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes tests/requirements/locked.txt: every package that the environment is made of, with the digests of its files.

python tools/lock.py              after a change in the other files of that folder
python tools/lock.py --upgrade    with the newest versions of what they do not pin
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tree import ROOT

REQUIREMENTS = ROOT / "tests" / "requirements"
HEAD = """\
# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Made by `make lock` out of dev.txt.
"""


def main() -> int:
    """Write it; returns the exit code."""
    target = REQUIREMENTS / "locked.txt"
    before = target.read_text("utf-8") if target.exists() else ""
    command = [
        str(Path(sys.executable).with_name("uv")),
        *("pip", "compile", "dev.txt", "--output-file", target.name),
        *("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--quiet"),
        *sys.argv[1:],
    ]
    status = subprocess.run(command, cwd=REQUIREMENTS, stdout=subprocess.DEVNULL, check=False).returncode
    if status:
        target.write_text(before, "utf-8")
        return status
    target.write_text(HEAD + target.read_text("utf-8").removeprefix(HEAD), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
