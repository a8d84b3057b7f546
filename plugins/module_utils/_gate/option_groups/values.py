# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.


"""Values that several options have: lists, names and states. No request is sent here."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List

from ..._errors import OptionError
from ..._text import has_control, printable

LONGEST_NAME = 128
MAX_STATE = 40  # characters; no state of the service is half as long
Spec = Dict[str, Any]
Warn = Callable[[str], None]


def ignore(warning: str) -> None:
    """Do nothing with a warning."""


def items(value: Any) -> List[str]:
    """A list option's items: trimmed, without empty ones. Surveys send one string with empty parts."""
    if value is None:
        return []
    parts = value if isinstance(value, (list, tuple)) else re.split(r"[,\n]", str(value))
    return [trimmed for trimmed in (str(part).strip() for part in parts if part is not None) if trimmed]


def check_name(option: str, name: str) -> str:
    """A job's name or ID as part of a URL. There is no check against an alphabet: names may be Chinese."""
    if name in (".", ".."):
        raise OptionError(option, f"{name!r} is not a name; it would change the path of the request")
    if "/" in name:
        raise OptionError(option, f"{printable(name, 60)!r} holds a slash; give the name alone, without a folder")
    if has_control(name):
        raise OptionError(option, f"{printable(name, 60)!r} holds a line break or another control character")
    if len(name) > LONGEST_NAME:
        raise OptionError(
            option, f"{printable(name, 60)!r} is {len(name)} characters long; names have {LONGEST_NAME} at most"
        )
    return name


def check_line(option: str, value: str) -> str:
    """Text for a query: on one line."""
    if has_control(value):
        raise OptionError(option, "must not hold line breaks or other control characters")
    return value
