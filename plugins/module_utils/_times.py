# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Reads points in time from options: epoch milliseconds, ISO 8601 with a zone, or a time back such as ``12h``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Match, Optional

from ._errors import OptionError
from ._text import printable

# 2001 to 5138 in seconds; in milliseconds no later than March 1973.
EPOCH_SECONDS = range(10**9, 10**11)
_EARLIEST = 10**12  # milliseconds: 2001, before there was a cloud
_COMPACT_DATE = re.compile(
    "(?:199[0-9]|20[0-9]{2})(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9])?)?"
)
MAX_AHEAD = 300.0  # seconds by which clocks may differ; a time further ahead is a mistake
_FORMS = "epoch milliseconds, ISO 8601 with a time zone (2026-03-01T02:00:00Z), or a time back (12h; s, m, h, d, w)"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_BACK = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*([smhdw])", re.IGNORECASE)
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?)?\s*"
    r"(?:(Z)|([+-])([0-9]{2}):?([0-9]{2})?)?",
    re.IGNORECASE,
)


def epoch_milliseconds(option: str, value: Any, now: float) -> int:
    """A point in time in epoch milliseconds.

    :param value: one of the three forms.
    :param now: seconds since 1970, from which a time back is counted.
    :raises OptionError: it has another form, or lies in the future.
    """
    text = str(value).strip()
    back = _BACK.fullmatch(text)
    if back:
        found: Optional[int] = int((now - float(back[1]) * _UNITS[back[2].lower()]) * 1000)
    elif re.fullmatch(r"[0-9]{1,16}", text):
        found = int(text)
        if found in EPOCH_SECONDS:
            raise OptionError(option, f"{text} looks like seconds; give milliseconds ({text}000)")
        refuse_date(option, found, _FORMS)
        if 0 < found < _EARLIEST:
            raise OptionError(option, f"{text} is a time before 2001, in milliseconds; give {_FORMS}")
    else:
        found = _iso(option, text)
    if found is None or found < 0:
        raise OptionError(option, f"must be {_FORMS}, not {printable(text, 40)!r}")
    if found > (now + MAX_AHEAD) * 1000:
        raise OptionError(option, f"{printable(text, 40)} lies in the future")
    return found


def refuse_date(option: str, number: int, forms: str) -> None:
    """Refuse a date that is written as a number: as epoch milliseconds it would be a time long ago or far ahead.

    :param forms: what to give instead.
    :raises OptionError: it is one, such as 20260301 or 202603010200.
    """
    if _COMPACT_DATE.fullmatch(str(number)):
        raise OptionError(option, f"{number} looks like a date, and as a number it means milliseconds; give {forms}")


def _iso(option: str, text: str) -> Optional[int]:
    """A date and time with a zone in epoch milliseconds; None for any other text.

    :raises OptionError: the zone is missing.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    if not match[8] and not match[9]:
        raise OptionError(option, f"{printable(text, 40)!r} has no time zone; add Z or an offset such as +08:00")
    try:
        moment = datetime(*(int(part or 0) for part in match.groups()[:6]), tzinfo=_zone(match))  # type: ignore[arg-type, misc]
    except ValueError:
        return None
    fraction = int((match[7] or "0")[:3].ljust(3, "0"))
    return int(moment.timestamp()) * 1000 + fraction


def _zone(match: Match[str]) -> timezone:
    if match[8]:
        return timezone.utc
    offset = timedelta(hours=int(match[10]), minutes=int(match[11] or 0))
    return timezone(-offset if match[9] == "-" else offset)
