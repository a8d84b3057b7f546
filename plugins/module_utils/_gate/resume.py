# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The value of the option ``resume``: the state of a gate as one line of text, for its next slice.

The text holds a version and a digest of the gate's options, so that a gate with other options cannot continue from it. It holds no
secret: only what was read of the jobs.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from typing import Any, Collection, Dict, List

from .._errors import OptionError
from .kinds import Kind

# The version of the state. Each change of the kept fields of a dataclass, or of the data of the loop and the source, needs another.
VERSION = "6"
MAX_TRIES = 20  # to find a text that avoids the secrets
MAX_STATE = 64 * 1024 * 1024  # bytes of a state, unpacked

State = Dict[str, Any]


def digest(*parts: Any) -> str:
    """A short digest of options. Sets count as sorted lists, and a kind of job by its key."""
    text = json.dumps(parts, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, Kind):
        return value.key
    listed: List[Any] = sorted(value)
    return listed


def pack(state: State, options: str, avoid: Collection[str] = ()) -> str:
    """The text of the option ``resume``.

    :param options: the digest of the gate's options.
    :param avoid: secrets that the text must not contain by chance, because Ansible would mask them and so damage the text.
    """
    plain = json.dumps(state, separators=(",", ":")).encode("utf-8")
    text = ""
    for blanks in range(MAX_TRIES):
        # JSON may begin with blanks, and each number of them gives another text.
        data = zlib.compress(b" " * blanks + plain, 6)
        text = base64.urlsafe_b64encode(data).decode("ascii")
        if not any(part in text for part in avoid):
            break
    return f"{VERSION}.{options}.{text}"


def unpack(text: str, options: str) -> State:
    """The state from such a text.

    :raises OptionError: it is damaged, of another version, or of a gate with other options.
    """
    parts = text.split(".")
    if len(parts) != 3:
        raise OptionError("resume", "is not what an earlier slice returned as resume")
    if parts[0] != VERSION:
        raise OptionError("resume", "comes from another version of this collection; start the gate again")
    if parts[1] != options:
        raise OptionError(
            "resume", "belongs to a gate with other options; give it the same ones, or start the gate again"
        )
    try:
        unpacker = zlib.decompressobj()
        packed = base64.b64decode(parts[2].encode("ascii"), altchars=b"-_", validate=True)
        data = unpacker.decompress(packed, MAX_STATE)
        if unpacker.unconsumed_tail or unpacker.unused_data or not unpacker.eof:
            raise ValueError
        state = json.loads(data.decode("utf-8"), parse_constant=_constant)
        if not isinstance(state, dict):
            raise ValueError
    except (ValueError, zlib.error, RecursionError):
        raise damaged() from None
    return state


def _constant(word: str) -> float:
    """Infinity is a valid time in a state. NaN is not, because every comparison with it is false."""
    if word == "NaN":
        raise ValueError
    return float(word)


def damaged() -> OptionError:
    """The error for a text that is not what a slice has returned."""
    return OptionError("resume", "is damaged; start the gate again")
