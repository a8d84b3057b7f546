# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes .venv, or leaves it alone when it is up to date.

.venv belongs to one place, one interpreter and one content of the requirement files: their digest is kept in it, and
any other digest means a new environment. Besides the packages it holds

    .venv/collections/ansible_collections/datagate/huaweicloud -> the tree

which a .pth file puts on sys.path, so that the environment's python, pytest, ansible-playbook, ansible-doc and
ansible-lint all find the collection in the tree itself, without settings.

Run by the interpreter that the environment is to be made with; `tools/find_python.sh` names it.
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
LAYOUT = 1  # one more whenever build() lays out the environment otherwise
LOG = ROOT / ".venv.log"
REQUIREMENTS = ROOT / "tests" / "requirements"
COLLECTION = Path("ansible_collections", "datagate", "huaweicloud")


def wanted() -> str:
    """Digest of all that the environment depends on."""
    digest = hashlib.sha256(f"{LAYOUT}\n{ROOT}\n{os.path.realpath(sys.executable)}\n{sys.version}\n".encode())
    digest.update((REQUIREMENTS / "locked.txt").read_bytes())
    return digest.hexdigest() + "\n"


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


def build() -> None:
    """Make the environment anew; the digest is written last, so a broken one is never taken for a good one."""
    started = time.monotonic()
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Making .venv with {sys.executable} ({version}); this takes about a minute.", flush=True)
    if VENV.exists():
        shutil.rmtree(VENV)
    LOG.unlink(missing_ok=True)
    run(sys.executable, "-m", "venv", VENV)
    python = VENV / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    run(*pip, "--require-hashes", "-r", REQUIREMENTS / "locked.txt")

    link = VENV / "collections" / COLLECTION
    link.parent.mkdir(parents=True)
    link.symlink_to(os.path.relpath(ROOT, link.parent), target_is_directory=True)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV), "platbase": str(VENV)}))
    (site / "datagate_collections.pth").write_text(f"{VENV / 'collections'}\n", "utf-8")
    LOG.unlink(missing_ok=True)
    STAMP.write_text(wanted(), "utf-8")
    print(f"Made .venv in {time.monotonic() - started:.0f} s.", flush=True)


def main() -> None:
    """Look, and build if need be; one at a time."""
    try:
        import fcntl
    except ImportError:  # not a POSIX system
        sys.exit("Ansible does not run on this system; use Linux, macOS or WSL.")
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not STAMP.is_file() or STAMP.read_text("utf-8") != wanted():
            build()


if __name__ == "__main__":
    main()
