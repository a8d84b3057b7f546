# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A folder that only this user can read, and the files in it."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from typing import Mapping, Optional

_NAME = "datagate-huaweicloud"
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
MAX_SIZE = 4096  # bytes that are read of a file


def private_folder(environ: Mapping[str, str]) -> Optional[str]:
    """A folder that belongs to this user and that no other user can read; None if there is none."""
    home = environ.get("HOME") or ""
    cache = environ.get("XDG_CACHE_HOME") or (os.path.join(home, ".cache") if home else "")
    found = [os.path.join(cache, _NAME)] if os.path.isabs(cache) else []
    for path in [*found, os.path.join(tempfile.gettempdir(), f"{_NAME}-{_user()}")]:
        try:
            if not os.path.isdir(os.path.dirname(path)):
                os.mkdir(os.path.dirname(path), 0o700)
            if not os.path.lexists(path):
                with suppress(FileExistsError):  # another process created it first
                    os.mkdir(path, 0o700)
            found_at = os.lstat(path)
            if not stat.S_ISDIR(found_at.st_mode) or found_at.st_uid != _user():
                continue
            if stat.S_IMODE(found_at.st_mode) != 0o700:
                os.chmod(path, 0o700)
            if os.access(path, os.W_OK | os.X_OK):
                return path
        except (OSError, ValueError):
            continue
    return None


def _user() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else -1


def read_file(path: str) -> Optional[bytes]:
    """The first 4 KiB of a file that belongs to this user; None if it cannot be read."""
    try:
        handle = os.open(path, os.O_RDONLY | NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != _user():
            return None
        return os.read(handle, MAX_SIZE)
    except OSError:
        return None
    finally:
        os.close(handle)
