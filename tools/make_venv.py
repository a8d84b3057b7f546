# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes .venv unless it is up to date.

    python -I tools/make_venv.py all     with everything: tests/requirements/locked.txt
    python -I tools/make_venv.py demo    with what the demonstration and the emulator need: demo-locked.txt

The small set is a part of the whole one. An environment with the small one grows when everything is asked for, and one
with everything will do for the demonstration.

.venv belongs to one place, one interpreter and one content of the two files: their digest is kept in it, and any other
digest means a new environment. Besides the packages it holds

    .venv/collections/ansible_collections/datagate/huaweicloud -> the tree

which a .pth file puts on sys.path, so that the environment's python, pytest, ansible-playbook, ansible-doc and
ansible-lint all find the collection in the tree itself, without settings.

Run by the interpreter that the environment is to be made with; `tools/find_python.sh` names it. nox and uv are in the
environment and so cannot make it: a fresh machine has a Python with venv and pip, and pip finds a company's package index in
the settings that are there already.
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
LAYOUT = 2  # one more whenever build() lays out the environment otherwise
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
    """What a good environment holds: DEMO, ALL, or GROWING if it did not come to an end with that; "" if there is none.

    One that grows has the small set in any case: pip leaves alone what is there in the right version.
    """
    try:
        digest, held_set = STAMP.read_text("utf-8").split()
    except (OSError, ValueError):
        return ""
    return held_set if digest == wanted() else ""


def mark(state: str) -> None:
    """Note what the environment holds."""
    STAMP.write_text(f"{wanted()} {state}\n", "utf-8")


def run(*command: str | Path) -> None:
    """Run a command with its output in the log; on failure show the log's end and leave."""
    with LOG.open("ab") as log:
        status = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        ).returncode
    if status:
        lines = [
            line for line in LOG.read_text("utf-8", "replace").splitlines() if "is ignored: it is neither" not in line
        ]
        print("\n".join(lines[-25:]), file=sys.stderr)
        print(f"\nThe environment could not be made (the whole output: {LOG}).", file=sys.stderr)
        sys.exit(1)


def install(packages: str) -> None:
    """Put a set of packages into the environment."""
    pip: list[str | Path] = [
        VENV / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
    ]
    run(*pip, "--require-hashes", "-r", REQUIREMENTS / LISTS[packages])


def build(packages: str) -> None:
    """Make the environment again; what it holds is noted last, so a broken one is never taken for a good one."""
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
    """Make or enlarge the environment unless it holds *packages*."""
    there = held()
    if there in (ALL, packages) or (there == GROWING and packages == DEMO):
        return
    started = time.monotonic()
    LOG.unlink(missing_ok=True)
    if there == DEMO:
        print(f"Adding what else the tests and tools need to .venv; this takes about {TIMES[packages]}.", flush=True)
        mark(GROWING)
        install(packages)
    else:
        version = ".".join(map(str, sys.version_info[:3]))
        print(f"Making .venv with {sys.executable} ({version}); this takes about {TIMES[packages]}.", flush=True)
        build(packages)
    mark(packages)
    LOG.unlink(missing_ok=True)
    print(f"Made .venv in {time.monotonic() - started:.0f} s.", flush=True)


def main(arguments: list[str]) -> None:
    """Check, and build if necessary; one process at a time."""
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
