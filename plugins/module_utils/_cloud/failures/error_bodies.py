# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Code and message from the body of an error answer, in any of the forms that the services use."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional, Tuple

from ..._error_codes import CLOCK, REFUSED, gateway_number, normalize_code

_CODES = ("error_code", "errorCode", "code")
_MESSAGES = ("error_msg", "errorMsg", "message", "error_message", "errorMessage", "msg", "title")
MAX_DEPTH = 4
MAX_OBJECTS = 10  # of a list


def read_error(data: Any) -> Tuple[Optional[str], str]:
    """Code and message from an error body in any of the known forms.

    If a body names several codes, none of them counts, except one that refuses the credentials.
    """
    levels = list(_levels(data, MAX_DEPTH))
    message = next((text for level in levels for text in _texts(level, _MESSAGES)), "")
    every = [code for level in levels for code in _texts(level, _CODES)]
    refusing = next((code for code in every if gateway_number(code) in (*REFUSED, CLOCK)), None)
    if refusing is not None:
        return refusing, message
    # The innermost level with a code counts. The same keys may also hold HTTP statuses.
    codes = next((found for level in levels if (found := _texts(level, _CODES))), [])
    own = [code for code in codes if not (len(code) == 3 and code.isdigit())] or codes
    return (own[0] if len({normalize_code(code) for code in own}) == 1 else None), message


def _levels(data: Any, depth: int) -> Iterator[List[Any]]:
    """The objects that may contain code and message, the innermost first; the objects of one list form one level."""
    if isinstance(data, dict):
        for name in ("error", "errors"):
            if isinstance(data.get(name), (dict, list)) and depth:
                yield from _levels(data[name], depth - 1)
        yield [data]
    elif isinstance(data, list):
        objects = [item for item in data if isinstance(item, dict)]
        for item in objects[:MAX_OBJECTS] if depth else []:
            yield from list(_levels(item, depth - 1))[:-1]
        yield objects


def _texts(level: List[Any], names: Tuple[str, ...]) -> List[str]:
    values = (item.get(name) for item in level for name in names)
    texts = (str(value).strip() for value in values if isinstance(value, (str, int)) and not isinstance(value, bool))
    return [text for text in texts if text]
