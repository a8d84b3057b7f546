# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Which runs of batch jobs, and of nodes with a trigger, a gate is about."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, NamedTuple, Optional, Tuple

from ..._times import epoch_milliseconds

MAX_RUN_DAYS = 31  # no gate looks further back
MAX_AHEAD = 31 * 86400.0  # seconds that until may lie in the future
_BACK = re.compile(r"([0-9.]+)\s*([a-z])", re.IGNORECASE)
_ZONE = re.compile(r".*(?:(Z)|([+-])([0-9]{2}):?([0-9]{2})?)", re.IGNORECASE)


class RunRule(NamedTuple):
    """Which runs count. Times are texts, as the options give them, because a time back counts from the start of the gate.

    :ivar since: runs planned before that do not count.
    :ivar until: runs planned after that do not count; None is the start of the gate.
    :ivar types: the numbers of the types that count.
    :ivar ids: the runs of each job by their IDs; with them, neither times nor types count. Empty where the times choose.
    :ivar has_all: whether all runs count, and not only the latest of each job.
    :ivar least: how many runs of each job must be there.
    """

    since: str
    until: Optional[str] = None
    types: Tuple[int, ...] = (0, 7)
    ids: Tuple[Tuple[str, Tuple[int, ...]], ...] = ()
    has_all: bool = False
    least: int = 1

    def as_dict(self) -> Dict[str, Any]:
        """The options that define the rule."""
        if self.ids:
            return {"instance_ids": [number for dummy, numbers in self.ids for number in numbers]}
        return {"since": self.since, "until": self.until, "which": "all" if self.has_all else "latest"}


class NodeRunRule(NamedTuple):
    """Which runs of nodes with a trigger count.

    :ivar since: runs planned before that do not count; None is the start of the gate.
    :ivar least: how many successful runs each node must have had since then.
    """

    since: Optional[str] = None
    least: int = 0


class RunWindow(NamedTuple):
    """The planned times that count, both ends included, in epoch milliseconds.

    :ivar offset: the zone for messages, in minutes east of UTC; None for the zone of this machine.
    :ivar since: the beginning as text.
    """

    begin: int
    end: int
    offset: Optional[int]
    since: str

    def shown(self, ms: int) -> str:
        """A time of the service as text: ``2026-11-28 02:00 +08:00``."""
        return _shown(ms, self.offset)


def window_of(rule: RunRule, now: float) -> RunWindow:
    """The window of a gate that starts *now*.

    :param now: seconds since 1970.
    :raises OptionError: one of the times cannot be understood.
    """
    begin = epoch_milliseconds("since", rule.since, now)
    end = int(now * 1000)
    if rule.until is not None:
        ahead = 0.0 if _is_back(rule.until) else MAX_AHEAD
        end = epoch_milliseconds("until", rule.until, now + ahead)
    offset = _offset(rule.since)
    offset = _offset(rule.until or "") if offset is None else offset
    back = _BACK.fullmatch(rule.since)
    since = f"{back[1]} {back[2].lower()} ago" if back else _shown(begin, offset)
    return RunWindow(begin, end, offset, since)


def since_of(rule: NodeRunRule, now: float) -> int:
    """The time since when runs of nodes count in a gate that starts *now*, in epoch milliseconds.

    A ``started_after`` from before the first deployment lies long ago, so it is cut.
    """
    if rule.since is None:
        return int(now * 1000)
    return max(epoch_milliseconds("runs_since", rule.since, now), int((now - MAX_RUN_DAYS * 86400.0) * 1000))


def _is_back(text: str) -> bool:
    return _BACK.fullmatch(text) is not None


def _offset(text: str) -> Optional[int]:
    """The zone of an ISO 8601 time; None for other forms."""
    found = None if text.isdigit() or _is_back(text) else _ZONE.fullmatch(text)
    if found is None:
        return None
    minutes = int(found[3] or 0) * 60 + int(found[4] or 0)
    return -minutes if found[2] == "-" else minutes


def _shown(ms: int, offset: Optional[int]) -> str:
    try:
        time = datetime.fromtimestamp(ms // 1000, timezone.utc)
        time = time.astimezone(None if offset is None else timezone(timedelta(minutes=offset)))
    except (ValueError, OverflowError, OSError):
        return f"{ms} ms"
    zone = time.strftime("%z")
    return time.strftime("%Y-%m-%d %H:%M:%S" if time.second else "%Y-%m-%d %H:%M") + f" {zone[:3]}:{zone[3:5]}"
