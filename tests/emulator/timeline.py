# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timelines: what changes when, in seconds since the start or an event, and how later causes replace earlier ones.

A timeline is a list of entries. Those without an event form the first layer; each firing of an event, and each change
made from outside, is a further layer. A layer takes over from its first entry on: entries of earlier layers at that time or
later for the same keys are void. So a job that a scenario would bring to NORMAL at 60 s stays in
EXCEPTION when an event at 10 s put it there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .section import Section

STATE_KEYS = frozenset({"status", "absent", "start_time", "end_time", "last_update_time"})
"""Keys that belong together: a layer that sets a state also voids the times that belong to later states."""

BEGINNING = float("-inf")
"""Time of values that are valid from the beginning."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `changes` from `at` seconds on, counted from the firing of `after`, or from the start."""

    at: float
    after: str | None
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """Resolved entry: `changes` from `time` (seconds since the start) on."""

    time: float
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Firing:
    """An event that was fired at `time` (seconds since the start)."""

    time: float
    event: str


def read_entry(section: Section, keys: Iterable[str]) -> Entry:
    """Read one entry: `at`, `after`, and any of `keys`. A status without `absent` means that the object exists."""
    at = section.number("at", 0.0)
    after = section.optional_text("after")
    changes = {key: section.any(key) for key in keys if key in section}
    section.done()
    return Entry(at, after, existing(changes))


def existing(changes: dict[str, Any]) -> dict[str, Any]:
    """The changes, with `absent: false` where they give a state and do not mention existence."""
    if "status" in changes and "absent" not in changes:
        changes["absent"] = False
    return changes


def read_timeline(section: Section, key: str, keys: Iterable[str]) -> tuple[Entry, ...]:
    """Read the list of entries under `key`, in any order."""
    names = tuple(keys)
    return tuple(read_entry(item, names) for item in section.sections(key))


def events_of(entries: Iterable[Entry]) -> set[str]:
    """The events that a timeline depends on."""
    return {entry.after for entry in entries if entry.after is not None}


def resolve(entries: Sequence[Entry], causes: Sequence[Firing | Change], shift: float = 0.0) -> list[Change]:
    """All changes in the order of their times.

    `causes` are the firings of events and the changes made from outside, in the order in which they happened. `shift`
    seconds are added to every entry later than its cause. Entries at 0 s without an event hold from the beginning.
    """

    def later(at: float) -> float:
        return at + shift if at > 0 else at

    merged = [Change(later(e.at) if e.at > 0 else BEGINNING, e.changes) for e in entries if e.after is None]
    for cause in causes:
        if isinstance(cause, Change):
            own = [cause]
        else:
            own = [
                Change(cause.time + later(entry.at), entry.changes) for entry in entries if entry.after == cause.event
            ]
        if own:
            begin = min(change.time for change in own)
            keys = _keys(own)
            merged = [_without(change, keys) if change.time >= begin else change for change in merged]
            merged.extend(own)
    return sorted((change for change in merged if change.changes), key=lambda change: change.time)


def _keys(changes: Iterable[Change]) -> frozenset[str]:
    keys = frozenset(key for change in changes for key in change.changes)
    return keys | STATE_KEYS if keys & STATE_KEYS else keys


def _without(change: Change, keys: frozenset[str]) -> Change:
    return Change(change.time, {key: value for key, value in change.changes.items() if key not in keys})
