# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Reads small text files with credentials."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from typing import Tuple

from .._errors import CredentialsError

MAX_SIZE = 1024 * 1024  # bytes; a file with credentials has a few hundred, or some thousands with a token
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: str, place: str, what: str) -> Tuple[str, int]:
    """The text of a regular file, with line feeds only, and the file's mode. Never blocks, as reading from a FIFO would.

    :param place: the file in messages.
    :param what: what the file should be, such as ``a credentials file``.
    :raises CredentialsError: it cannot be read.
    """
    data, mode = _contents(path, place, what)
    if data.startswith(_UTF_16) or b"\0" in data:
        raise CredentialsError(
            f"{place} is not UTF-8 text but perhaps UTF-16, as some editors write it; save it as UTF-8"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CredentialsError(f"{place} is not UTF-8 text; save it as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n"), mode


def _contents(path: str, place: str, what: str) -> Tuple[bytes, int]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            mode = os.fstat(handle).st_mode
            if stat.S_ISDIR(mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not stat.S_ISREG(mode):
                raise CredentialsError(f"{place} cannot be read: it is not a regular file")
            with os.fdopen(handle, "rb", closefd=False) as stream:
                data = stream.read(MAX_SIZE + 1)
        finally:
            os.close(handle)
    except OSError as error:
        raise CredentialsError(f"{place} cannot be read: {error.strerror or 'error'}") from None
    except ValueError:  # an impossible path
        raise CredentialsError(f"{place} cannot be read: its path is not valid") from None
    if len(data) > MAX_SIZE:
        raise CredentialsError(f"{place} is larger than {MAX_SIZE // 1024} KiB, so it is not {what}")
    return data, mode
