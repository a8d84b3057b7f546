# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gets the collection awx.awx, whose modules the playbook awx_setup uses, into .venv/cache/awx for the tests.

ansible-galaxy would fetch it from Galaxy, which not every machine can reach. The package index has it as well, in the package
`ansible` (55 MB, of which 0.6 MB are kept); 14.0 does not have it any more.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tree import ROOT

CACHE = ROOT / ".venv" / "cache" / "awx"
COLLECTION = "ansible_collections/awx/awx/"
KEPT = ("plugins/", "meta/", "MANIFEST.json", "COPYING")
VERSION = "24.6.1"
PACKAGE = "ansible==13.8.0 --hash=sha256:daf9c9a2850bbc6c098ba3368aeba99d4ae37c90bca47f974dc19342c0571361"


def unpack(wheel: Path) -> None:
    """Take the collection out of the package, its manifest last."""
    with zipfile.ZipFile(wheel) as archive:
        names = [
            name
            for name in archive.namelist()
            if name.startswith(COLLECTION) and name.removeprefix(COLLECTION).startswith(KEPT)
        ]
        for name in sorted(names, key=lambda name: name.endswith("MANIFEST.json")):
            archive.extract(name, CACHE)


def main() -> int:
    """Get it, if need be."""
    if (CACHE / COLLECTION / "MANIFEST.json").is_file():
        return 0
    with tempfile.TemporaryDirectory(prefix="datagate-awx-") as name:
        place = Path(name)
        (place / "package.txt").write_text(f"{PACKAGE}\n", "utf-8")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
        download = ["download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--dest", str(place)]
        done = subprocess.run(
            [*pip, *download, "--require-hashes", "-r", str(place / "package.txt")],
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            return done.returncode
        (wheel,) = place.glob("*.whl")
        unpack(wheel)
    print(f"awx.awx {VERSION} is in {CACHE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
