# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the tarball for Galaxy with ansible-galaxy: python tools/build.py [FOLDER]

ansible-galaxy writes the time and the builder's name into the archive, and leaves links to files that are not in it. This file removes
the former, so that a tag always gives the same checksum, and completes the latter. antsibull-nox does neither, and needs git.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import sys
import tarfile
import tempfile
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from release import PUBLISHED
from tree import ROOT, export, run

EPOCH = 315532800
"""1980, the time of every file in the archive unless SOURCE_DATE_EPOCH says otherwise."""
README = "README.md"
LINK = re.compile(r"(!?)(\[[^\]]*\])\(([^)\s]+)\)")


def complete_links(source: Path) -> None:
    """Make links to files that are not in the tarball lead to the tag of the release in the repository.

    Galaxy shows the README without the other files, so once the collection is published there, all links of the README change.
    """
    galaxy = yaml.safe_load((source / "galaxy.yml").read_text("utf-8"))
    is_published = PUBLISHED in (source / README).read_text("utf-8")

    def left_out(path: Path) -> bool:
        parts = (path, *list(path.parents)[:-1])
        return any(fnmatch(str(part), pattern) for part in parts for pattern in galaxy["build_ignore"])

    def complete(page: Path, found: re.Match[str]) -> str:
        picture, text, target = found.groups()
        parts = urlsplit(target)
        path = Path(os.path.normpath(page.parent / parts.path))
        there = not parts.scheme and parts.path and (source / path).exists()
        if not there or not ((is_published and str(page) == README) or left_out(path)):
            return found[0]
        kind = "raw" if picture else "tree" if (source / path).is_dir() else "blob"
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        return f"{picture}{text}({galaxy['repository']}/{kind}/v{galaxy['version']}/{path}{fragment})"

    for file in sorted(source.rglob("*.md")):
        page = file.relative_to(source)
        file.write_text(LINK.sub(partial(complete, page), file.read_text("utf-8")), "utf-8")


def normalised(archive: bytes, when: int) -> bytes:
    """The same archive with sorted members, without their times and owners."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as source,
        gzip.GzipFile(filename="", fileobj=out, mode="wb", mtime=when) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as target,
    ):
        # Galaxy reads the manifest first, as ansible-galaxy writes it.
        front = {"MANIFEST.json": 0, "FILES.json": 1}
        for member in sorted(source.getmembers(), key=lambda member: (front.get(member.name, 2), member.name)):
            member.mtime, member.uid, member.gid, member.uname, member.gname = when, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            target.addfile(member, source.extractfile(member) if member.isfile() else None)
    return out.getvalue()


def build(folder: Path) -> Path:
    """Build the collection; returns the tarball's path in *folder*."""
    with tempfile.TemporaryDirectory(prefix="datagate-build-") as name:
        source, output = Path(name, "source"), Path(name, "output")
        export(source)
        complete_links(source)
        done = run("ansible-galaxy", "collection", "build", "--output-path", output, folder=source)
        if done.returncode:
            raise SystemExit(f"ansible-galaxy could not build the collection:\n{done.stdout}")
        (built,) = output.glob("*.tar.gz")
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / built.name
        target.write_bytes(normalised(built.read_bytes(), int(os.environ.get("SOURCE_DATE_EPOCH", EPOCH))))
    return target


def main() -> int:
    """Build this tree; returns the exit code."""
    target = build(ROOT / (sys.argv[1] if len(sys.argv) > 1 else "dist"))
    print(target.relative_to(ROOT) if target.is_relative_to(ROOT) else target)
    print(f"sha256 {hashlib.sha256(target.read_bytes()).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
