# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Checks single values, as they come from YAML, INI files and environment variables."""

from __future__ import annotations

import math
import re
from typing import Any, Optional

from ._errors import OptionError
from ._text import printable

QUOTES = "\"'"
MAX_SECONDS = 31 * 86400.0  # no wait of a deployment is longer, and clocks cannot represent every number

_HEADER = r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?"
_UUID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_TRUE = ("1", "true", "yes", "on", "y", "t")
_FALSE = ("0", "false", "no", "off", "n", "f", "")


def text(value: Any) -> Optional[str]:
    """A trimmed string, or None where it is empty: surveys and unset variables send empty strings."""
    if value is None:
        return None
    trimmed = str(value).strip()
    return trimmed or None


def unquoted(value: Any) -> Optional[str]:
    """Text without surrounding blanks and without a pair of quotes around it; None where nothing is left.

    Environment files for containers keep the quotes that a shell would remove, and users quote values in INI files.
    """
    result = "" if value is None else str(value).strip()
    while len(result) > 1 and result[0] in QUOTES and result[0] == result[-1]:
        result = result[1:-1].strip()
    return result or None


def is_half_quoted(value: str) -> bool:
    """Whether there is a quotation mark at only one end of a value."""
    return len(value) > 1 and (value[0] in QUOTES) != (value[-1] in QUOTES)


def boolean(option: str, value: Any) -> bool:
    """True or False from the value of a YAML key or an environment variable.

    :raises OptionError: the value is neither.
    """
    word = _word(value)
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise OptionError(option, "must be true or false")


def is_truth(value: Any) -> bool:
    """Whether a value is a boolean in one of the spellings that Ansible accepts; empty text is not."""
    return bool(_word(value)) and _word(value) in (*_TRUE, *_FALSE)


def _word(value: Any) -> str:
    """The spelling of a value that may be a boolean. Ansible accepts the numbers 1 and 0, also as 1.0 and 0.0."""
    if isinstance(value, float) and value in (0.0, 1.0):
        value = int(value)
    return str(value).strip().lower()


def number(option: str, value: Any, least: float = 0.0, above: bool = False, most: float = MAX_SECONDS) -> float:
    """A number from *least* (with *above*: greater than it) to *most*.

    :raises OptionError: the value is not such a number.
    """
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    except (TypeError, ValueError):
        raise OptionError(option, f"must be a number, not {printable(value, 40)!r}") from None
    if not math.isfinite(result) or result < least or (above and result <= least):
        raise OptionError(option, f"must be a number {'above' if above else 'not below'} {least:g}")
    if result > most:
        raise OptionError(option, f"must be a number of at most {most:,.0f}")
    return result


def whole(option: str, value: Any, least: int = 0, most: Optional[int] = None) -> int:
    """An integer from *least* to *most*.

    :raises OptionError: the value is not such an integer.
    """
    bounds = f"from {least} to {most}" if most is not None else f"not below {least}"
    try:
        result = int(str(value).strip())
    except ValueError:
        raise OptionError(option, f"must be a whole number {bounds}, not {printable(value, 40)!r}") from None
    if result < least or (most is not None and result > most):
        raise OptionError(option, f"must be a whole number {bounds}, not {result}")
    return result


def header(option: str, value: Optional[str]) -> Optional[str]:
    """A value for an HTTP header: printable ASCII on one line.

    :raises OptionError: the value is not that. The message does not contain the value, which may be secret.
    """
    if value is not None and not re.fullmatch(_HEADER, value):
        raise OptionError(option, "must be one line of printable ASCII characters")
    return value


def without_dashes(value: Optional[str]) -> Optional[str]:
    """An ID without the dashes of the form in which UUIDs are written; consoles show some IDs with them. Other text is unchanged."""
    if value is not None and re.fullmatch(_UUID, value):
        return value.replace("-", "")
    return value
