# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tarball for Galaxy: what is in it, and that the same tree gives the same bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LISTED = ROOT / "tests" / "data" / "tarball.txt"


def built(folder: Path) -> Path:
    """Build it there."""
    command = [sys.executable, str(ROOT / "tools" / "build.py"), str(folder)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (tarball,) = folder.glob("*.tar.gz")
    assert hashlib.sha256(tarball.read_bytes()).hexdigest() in done.stdout
    return tarball


def test_the_tarball_holds_what_is_listed_and_is_the_same_every_time(tmp_path: Path) -> None:
    first = built(tmp_path / "first")
    with tarfile.open(first) as archive:
        members = archive.getmembers()
    names = [member.name for member in members if member.isfile()]
    wanted = [line for line in LISTED.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert sorted(names) == sorted(wanted), "tests/data/tarball.txt lists what users get: add or take away on purpose"
    assert not [member.name for member in members if not (member.isfile() or member.isdir())]
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "", "")}
    os.utime(ROOT / "README.md")
    second = built(tmp_path / "second")
    assert second.name == first.name
    assert second.read_bytes() == first.read_bytes()
