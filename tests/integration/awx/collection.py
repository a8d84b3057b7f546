# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m tests.integration.awx.collection`: extract the collection awx.awx into .venv/cache/awx, for the tests of awx_setup.

ansible-galaxy needs Galaxy, which not every machine can reach. The package `ansible` of the package index (55 MB) contains the
collection up to 13.8; 0.6 MB are kept.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from .rules import ROOT

CACHE = ROOT / ".venv" / "cache" / "awx"
COLLECTION = "ansible_collections/awx/awx/"
KEPT = ("plugins/", "meta/", "MANIFEST.json", "COPYING")
VERSION = "24.6.1"
PACKAGE = "ansible==13.8.0 --hash=sha256:daf9c9a2850bbc6c098ba3368aeba99d4ae37c90bca47f974dc19342c0571361"


def unpack(wheel: Path) -> None:
    """Extract the collection from the package, its manifest last."""
    kept = tuple(COLLECTION + name for name in KEPT)
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith(kept)]
        for name in sorted(names, key=lambda name: name.endswith("MANIFEST.json")):
            archive.extract(name, CACHE)


def main() -> int:
    """Get it unless it is there; returns the exit code."""
    if (CACHE / COLLECTION / "MANIFEST.json").is_file():
        return 0
    with tempfile.TemporaryDirectory(prefix="datagate-awx-") as name:
        place = Path(name)
        (place / "package.txt").write_text(f"{PACKAGE}\n", "utf-8")
        options = ["--disable-pip-version-check", "--no-input", "--quiet", "--no-deps", "--only-binary", ":all:"]
        options += ["--no-cache-dir", "--dest", str(place), "--require-hashes", "-r", str(place / "package.txt")]
        command = [sys.executable, "-m", "pip", "download", *options]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            return done.returncode
        (wheel,) = place.glob("*.whl")
        unpack(wheel)
    print(f"awx.awx {VERSION} is in {CACHE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
