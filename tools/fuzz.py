# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets atheris look for answers of the cloud that break something, for some minutes.

python tools/fuzz.py [SECONDS]

atheris has packages for few Pythons, so it lives in an environment of its own, .venv/fuzz, made with a Python 3.11 that has to
be on PATH. What it finds is written to tests/output/fuzz/ and makes it end with an error; its inputs are kept there, too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tree import ROOT

ATHERIS = "atheris==3.0.0"
PYTHON = "python3.11"
ENVIRONMENT = ROOT / ".venv" / "fuzz"
OUTPUT = ROOT / "tests" / "output" / "fuzz"


def environment() -> Path | None:
    """The Python that has atheris; None where it cannot be had."""
    python = ENVIRONMENT / "bin" / "python"
    if (ENVIRONMENT / "made").exists():
        return python
    found = shutil.which(PYTHON)
    if found is None:
        return None
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    subprocess.run([found, "-m", "venv", str(ENVIRONMENT)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, ATHERIS, "-r", str(ROOT / "tests" / "requirements" / "run.txt")], check=True)
    (ENVIRONMENT / "made").touch()
    return python


def main() -> int:
    """Fuzz; returns the exit code."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 180
    python = environment()
    if python is None:
        print(
            f"fuzz: not done, there is no {PYTHON} on PATH, and atheris has no package for the others", file=sys.stderr
        )
        return 1
    inputs = OUTPUT / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "tests" / "data").glob("*.json"):
        for gate in b"\x00\x01\x02":
            (inputs / f"{path.stem}-{gate}").write_bytes(bytes([gate, 0]) + path.read_bytes()[:4000])
    options = [
        f"-max_total_time={seconds}",
        "-max_len=4096",
        "-timeout=30",
        "-rss_limit_mb=2048",
        f"-artifact_prefix={OUTPUT}/",
    ]
    paths = os.pathsep.join([str(ROOT), str(ROOT / ".venv" / "collections")])
    command = [str(python), "-m", "tests.fuzz.answers", *options, str(inputs)]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
