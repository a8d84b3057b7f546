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
from typing import Any, Callable, Collection, Dict, FrozenSet, Mapping, Optional, Union, get_args, get_origin

from ..cloud.errors import OptionError

# Of the state: another one for each change of what the gate, the loop or a track dumps.
VERSION = "3"
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
        packed = base64.b64decode(parts[2].encode("ascii"), altchars=b"-_", validate=True)
        data = unpacker.decompress(packed, LARGEST)
        if unpacker.unconsumed_tail or unpacker.unused_data or not unpacker.eof:
            raise ValueError
        state = json.loads(data.decode("utf-8"), parse_constant=_constant)
        if not isinstance(state, dict):
            raise ValueError
    except (ValueError, zlib.error, RecursionError):
        raise damaged() from None
    return state


def _constant(word: str) -> float:
    """Infinite times are part of a state; what is no number compares with nothing."""
    if word == "NaN":
        raise ValueError
    return float(word)


def damaged() -> OptionError:
    """The error for a text that no slice has returned."""
    return OptionError("resume", "is damaged; start the gate anew")


# -- shapes -----------------------------------------------------------------------------------------------------------


Test = Callable[[Any], bool]


def check(data: Any, shape: Mapping[str, Test]) -> None:
    """See that *data* is a dictionary with these keys and no others.

    :param shape: what :func:`tests` has made.
    :raises ValueError: it is not, or a value is of another type.
    """
    if type(data) is not dict or data.keys() != shape.keys():
        raise ValueError("other keys")
    for key, fits in shape.items():
        if not fits(data[key]):
            raise ValueError(f"{key} is of another type")


def tests(hints: Mapping[str, Any]) -> Dict[str, Test]:
    """For each key, whether JSON data is of its type.

    :param hints: key -> type as in an annotation; a whole number may stand for a float, and a list for a tuple.
    """
    return {key: _test(hint) for key, hint in hints.items()}


def _test(hint: Any) -> Test:
    types = _types(hint)
    if types is not None:
        return lambda value: type(value) in types
    if hint is Any:
        return lambda value: True
    origin, parts = get_origin(hint), [_test(part) for part in get_args(hint)]
    if origin is dict:
        return lambda value: type(value) is dict and all(map(parts[1], value.values()))
    if origin is list:
        return lambda value: type(value) is list and all(map(parts[0], value))
    if origin is tuple:
        return lambda value: (
            type(value) in (list, tuple)
            and len(value) == len(parts)
            and all(fits(item) for fits, item in zip(parts, value))
        )
    return lambda value: any(fits(value) for fits in parts)


def _types(hint: Any) -> Optional[FrozenSet[type]]:
    """The types of a value where that is all there is to see. True is no whole number: its type is another one."""
    if hint is float:
        return frozenset((int, float))
    if hint is Any:
        return None
    if get_origin(hint) is None:
        return frozenset((hint,))
    if get_origin(hint) is not Union:
        return frozenset((dict,)) if hint == Dict[str, Any] else None
    found: FrozenSet[type] = frozenset()
    for part in map(_types, get_args(hint)):
        if part is None:
            return None
        found |= part
    return found
