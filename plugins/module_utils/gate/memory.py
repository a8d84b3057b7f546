# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gate takes along from one slice to the next: its state as one line of text, with a version and a digest.

The digest is that of the gate's options, so that nobody goes on with a gate that asks for something else. There is no secret
in it: only what was read of the jobs.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from typing import Any, Collection, Dict

from ..cloud.errors import OptionError

# Of the state: another one for each change of what the gate, the loop or a track dumps.
VERSION = "2"
MAX_TRIES = 20
LARGEST = 64 * 1024 * 1024  # bytes of a state, unpacked

State = Dict[str, Any]


def digest(*parts: Any) -> str:
    """A short digest of options; sets count as sorted lists."""
    text = json.dumps(parts, sort_keys=True, default=sorted)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def pack(state: State, options: str, avoid: Collection[str] = ()) -> str:
    """The text of the option ``resume``.

    :param options: the digest of the gate's options.
    :param avoid: texts that must not be in it: Ansible masks secrets wherever they stand, and a short one stands in any long
        text sooner or later.
    """
    plain = json.dumps(state, separators=(",", ":")).encode("utf-8")
    text = ""
    for blanks in range(MAX_TRIES):
        # JSON may begin with blanks, and any number of them makes another text.
        data = zlib.compress(b" " * blanks + plain, 6)
        text = base64.urlsafe_b64encode(data).decode("ascii")
        if not any(part in text for part in avoid):
            break
    return f"{VERSION}.{options}.{text}"


def unpack(text: str, options: str) -> State:
    """The state from such a text.

    :raises OptionError: it is none, is of another version, or belongs to a gate with other options.
    """
    parts = text.split(".")
    if len(parts) != 3:
        raise OptionError("resume", "is not what an earlier slice returned as resume")
    if parts[0] != VERSION:
        raise OptionError("resume", "comes from another version of this collection; start the gate anew")
    if parts[1] != options:
        raise OptionError(
            "resume", "belongs to a gate with other options; give it the same ones, or start the gate anew"
        )
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.urlsafe_b64decode(parts[2].encode("ascii")), LARGEST)
        if unpacker.unconsumed_tail or not unpacker.eof:
            raise ValueError
        state = json.loads(data.decode("utf-8"))
        if not isinstance(state, dict):
            raise ValueError
    except (ValueError, zlib.error, RecursionError):
        raise OptionError("resume", "is damaged; start the gate anew") from None
    return state
