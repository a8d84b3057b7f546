# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A file to which several processes append lines at the same time: the request log, and a recording."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import Iterator, Optional

from ..._errors import OptionError
from ..._text import printable

try:
    import fcntl
except ImportError:  # pragma: no cover - an unsupported system; lines of several processes may be mixed there
    fcntl = None  # type: ignore[assignment]


class LineFile:
    """Appends lines. Only this user can read a file that is created here.

    A line is written under a lock and at once, so lines of different processes do not mix. A process that is killed leaves at most
    the beginning of one line; the next line begins on its own nevertheless.

    :param option: the option or variable that names the file, for messages.
    :param path: the file; it is created if it does not exist. Its directory must exist.
    :raises OptionError: the file cannot be written.
    """

    def __init__(self, option: str, path: str) -> None:
        self.option = option
        self.path = os.path.abspath(path)
        self._shown = printable(path)
        # Without O_NONBLOCK, opening a named pipe would wait for its reader.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            self._handle: Optional[int] = os.open(self.path, flags, 0o600)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "this is not a path"
            raise self.problem(f"{self._shown} cannot be written ({reason})") from None
        found = os.fstat(self._handle)
        if not stat.S_ISREG(found.st_mode):
            self.close()
            raise self.problem(f"{self._shown} is not a file")
        try:
            if not found.st_size:
                # It may have been created for everyone. A file with content may be named by mistake, and is left as it is.
                os.fchmod(self._handle, 0o600)
        except OSError:
            self.close()
            raise self.problem(f"{self._shown} belongs to another user") from None

    def problem(self, what: str) -> OptionError:
        """The error about this file."""
        return OptionError(self.option, f"{what}; name a new file in an existing directory")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let no other process write while the block runs."""
        if self._handle is None or fcntl is None:
            yield
            return
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if self._handle is not None:
                fcntl.flock(self._handle, fcntl.LOCK_UN)

    def first_line(self, limit: int) -> Optional[bytes]:
        """The first line without its end, or its first *limit* bytes; None for an empty file."""
        if self._handle is None:
            return None
        return os.pread(self._handle, limit, 0).partition(b"\n")[0] if os.fstat(self._handle).st_size else None

    def append(self, line: str) -> None:
        """Append a line.

        :raises OSError: writing the file failed.
        """
        with self.locked():
            self.write(line)

    def write(self, line: str) -> None:
        """Append a line within :meth:`locked`.

        :raises OSError: writing the file failed.
        """
        if self._handle is None:
            return
        data = line.encode("utf-8", "replace") + b"\n"
        size = os.fstat(self._handle).st_size
        if size and os.pread(self._handle, 1, size - 1) != b"\n":
            data = b"\n" + data
        while data:
            data = data[os.write(self._handle, data) :]

    def close(self) -> None:
        """Close the file."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self.close()
