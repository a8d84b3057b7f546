# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Converts template values to plain Python data: no lazy containers, no marked text, only values that a file can store."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DatagateError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable

NAME = 200  # characters of a name that are shown; the service ends names at 128
STATE = 60
PATH = 1000
SENTENCE = 4000
MAX_SECONDS = 1e9  # seconds: no gate takes longer, and dates end soon after
_MAX_DEPTH = 30
_MAX_BITS = 1000  # bits of a whole number that is still one


class ReportError(DatagateError):
    """The input is not valid for a report; ``str()`` is a message for the user."""


def plain(data: Any, depth: int = 0) -> Any:
    """A deep copy of *data* out of dict, list, str, int, float, bool and None.

    Ansible's containers may be lazy and its text marked; both look like the builtins and behave otherwise. Lone
    surrogates, which UTF-8 cannot write, become replacement characters; numbers that JSON does not know become None;
    anything else, and what is nested too deeply, becomes text.
    """
    if data is None or isinstance(data, bool):
        return data
    if isinstance(data, str):
        word = str.__str__(data)
        return word if word.isascii() else word.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(data, int):
        return int(data) if data.bit_length() <= _MAX_BITS else printable(data)
    if isinstance(data, float):
        return float(data) if math.isfinite(data) else None
    if depth < _MAX_DEPTH:
        if isinstance(data, Mapping):
            return {str(plain(str(key))): plain(item, depth + 1) for key, item in data.items()}
        if isinstance(data, Iterable) and not isinstance(data, (bytes, bytearray)):
            return [plain(item, depth + 1) for item in data]
    return plain(printable(data, SENTENCE))


def mapping(data: Any) -> dict[str, Any]:
    """*data* if it is a dictionary, else an empty one."""
    return data if isinstance(data, dict) else {}


def mappings(data: Any) -> list[dict[str, Any]]:
    """The dictionaries in *data* if it is a list, else none."""
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def text(data: Any) -> str | None:
    """*data* as text, None where there is none. It is a key, or will be shown by :func:`shown` or :func:`sentence`."""
    if data is None or data == "" or isinstance(data, (dict, list)):
        return None
    return str(data)


def number(data: Any) -> float | None:
    """*data* if it is a number, else None."""
    return float(data) if isinstance(data, (int, float)) and not isinstance(data, bool) else None


def duration(data: Any) -> float | None:
    """*data* if it is a number of seconds that a gate can take, else None."""
    value = number(data)
    return value if value is not None and 0 <= value <= MAX_SECONDS else None


def moment(milliseconds: Any) -> str:
    """Epoch milliseconds as a time in UTC, to the minute; empty for an invalid value."""
    value = number(milliseconds)
    if value is None or value <= 0:
        return ""
    try:
        return datetime.fromtimestamp(value / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, OSError, ValueError):
        return ""


def count(data: Any) -> int:
    """*data* if it is a whole number and not negative, else 0."""
    return data if isinstance(data, int) and not isinstance(data, bool) and data > 0 else 0


def sentence(data: Any) -> str:
    """*data* on one line: line breaks become spaces, other control characters replacement characters."""
    return printable(" ".join(str(data).split()), SENTENCE)


def joined(data: Any) -> str:
    """A value of a fact on one line; the items of a list with commas between them."""
    if isinstance(data, Sequence) and not isinstance(data, str):
        return ", ".join(filter(None, map(joined, data)))
    return "" if data is None or data == {} else sentence(data)


def kind(data: Any) -> str:
    """What something is, for a message."""
    if data is None:
        return "nothing"
    if isinstance(data, str):
        return "text"
    if isinstance(data, (int, float)):
        return "a truth value" if isinstance(data, bool) else "a number"
    return "a mapping" if isinstance(data, Mapping) else "a list" if isinstance(data, Sequence) else "something else"
