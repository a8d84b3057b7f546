# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creates .venv unless it is up to date. The interpreter that runs this file becomes that of .venv; see find_python.sh.

    python -I tools/make_venv.py all     all packages: tests/requirements/locked.txt
    python -I tools/make_venv.py demo    what the demonstration and the emulator need, a part of these: demo-locked.txt

The digest of location, interpreter and both files is kept in .venv, and another digest means a new environment. A .pth file in it puts
.venv/collections on sys.path, where ansible_collections/datagate/huaweicloud is a link to the tree.

uv and nox are installed in .venv, so they cannot create it. A new machine has venv and pip, with the settings for its package index.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "made-for"
LAYOUT = 2  # increase it if build() changes the content of the environment
LOG = ROOT / ".venv.log"
REQUIREMENTS = ROOT / "tests" / "requirements"
COLLECTION = Path("ansible_collections", "datagate", "huaweicloud")

DEMO, ALL, GROWING = "demo", "all", "growing"
LISTS = {DEMO: "demo-locked.txt", ALL: "locked.txt"}
TIMES = {DEMO: "half a minute", ALL: "two minutes"}


def wanted() -> str:
    """Digest of all that the environment depends on."""
    digest = hashlib.sha256(f"{LAYOUT}\n{ROOT}\n{os.path.realpath(sys.executable)}\n{sys.version}\n".encode())
    for name in LISTS.values():
        digest.update((REQUIREMENTS / name).read_bytes())
    return digest.hexdigest()


def held() -> str:
    """What the environment contains: DEMO, ALL, or GROWING if the rest of ALL was not installed completely; "" if it is unusable."""
    try:
        digest, held_set = STAMP.read_text("utf-8").split()
    except (OSError, ValueError):
        return ""
    return held_set if digest == wanted() else ""


def mark(state: str) -> None:
    """Record what the environment contains."""
    STAMP.write_text(f"{wanted()} {state}\n", "utf-8")


def run(*command: str | Path) -> None:
    """Run a command with its output in the log; if it fails, show the end of the log and exit."""
    with LOG.open("ab") as log:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
    if done.returncode:
        lines = LOG.read_text("utf-8", "replace").splitlines()
        print(*[line for line in lines if "is ignored: it is neither" not in line][-25:], sep="\n", file=sys.stderr)
        sys.exit(f"\nThe environment could not be created (the whole output: {LOG}).")


def install(packages: str) -> None:
    """Install a set of packages into the environment."""
    options = ("--disable-pip-version-check", "--no-input", "--require-hashes")
    run(VENV / "bin" / "python", "-m", "pip", "install", *options, "-r", REQUIREMENTS / LISTS[packages])


def build(packages: str) -> None:
    """Create the environment. Its state is recorded afterwards, so an incomplete environment is never used."""
    if VENV.exists():
        shutil.rmtree(VENV)
    run(sys.executable, "-m", "venv", VENV)
    install(packages)
    link = VENV / "collections" / COLLECTION
    link.parent.mkdir(parents=True)
    link.symlink_to(os.path.relpath(ROOT, link.parent), target_is_directory=True)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV), "platbase": str(VENV)}))
    (site / "datagate_collections.pth").write_text(f"{VENV / 'collections'}\n", "utf-8")


def bring(packages: str) -> None:
    """Create or extend the environment unless it contains *packages*."""
    there = held()
    if there in (ALL, packages) or (there == GROWING and packages == DEMO):
        return
    started = time.monotonic()
    LOG.unlink(missing_ok=True)
    action = "Extending .venv" if there == DEMO else f"Creating .venv with {sys.executable} ({sys.version.split()[0]})"
    print(f"{action}; this takes about {TIMES[packages]}.", flush=True)
    if there == DEMO:
        mark(GROWING)
        install(packages)
    else:
        build(packages)
    mark(packages)
    LOG.unlink(missing_ok=True)
    print(f".venv is ready, after {time.monotonic() - started:.0f} s.", flush=True)


def main(arguments: list[str]) -> None:
    """Create the environment if necessary, one process at a time."""
    try:
        import fcntl
    except ImportError:  # not a POSIX system
        sys.exit("Ansible does not run on this system; use Linux, macOS or WSL.")
    if len(arguments) != 1 or arguments[0] not in LISTS:
        sys.exit(f"usage: make_venv.py {'|'.join(LISTS)}")
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        bring(arguments[0])


if __name__ == "__main__":
    main(sys.argv[1:])
