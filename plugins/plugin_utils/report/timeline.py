# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Computes the bars of a timeline: from the history to percentages of the width, without markup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.messages import seconds

from .states import Classes

UNREAD = "unread"  # before the first reading
DROPPED = "dropped"  # the history no longer contains it

MIN_WIDTH = 1.0  # percent: a failure in the very last moment must be seen
MAX_STEPS = 5
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_NARROW_BAR, _WIDE_BAR = 240.0, 480.0  # pixels that a bar has on a phone and elsewhere, at least
_LETTER, _MARGIN = 7.2, 10.0  # pixels


class Change(NamedTuple):
    """A state that a job or node got into.

    :ivar at: seconds since the gate's start.
    :ivar previous: the state before; None for the first observation.
    :ivar status: None if the job is gone or shows no state.
    """

    at: float
    job: str
    node: str | None
    previous: str | None
    status: str | None


class Segment(NamedTuple):
    """A stretch of one state.

    :ivar x, width: percent of the bar.
    :ivar kind: a class of states, UNREAD or DROPPED.
    :ivar text: its text.
    :ivar fits: ``always``, ``wide`` (not on a phone) or ``never``: whether the text fits.
    :ivar title: the same in words, with its times.
    """

    x: float
    width: float
    start: float
    end: float
    kind: str
    text: str
    fits: str
    title: str


class Tick(NamedTuple):
    """A mark of the time axis; ``anchor`` is start, middle or end."""

    x: float
    text: str
    anchor: str


def segments(changes: Sequence[Change], end: float, classes: Classes, dropped: bool) -> list[Segment]:
    """The stretches of one job or node from 0 to *end* seconds, each where the one before ends.

    A state held so briefly that its stretch is narrower than MIN_WIDTH is drawn that wide, so it may cover the rim of its
    neighbour; its times stay exact.

    :param changes: those of this job or node, oldest first.
    :param dropped: whether the history has lost entries: then what was before the first one is not known.
    """
    end = max(end, changes[-1].at if changes else 0.0)
    if end <= 0:
        end = 1.0
    if not changes:
        return [_segment(0.0, end, end, DROPPED, "", "state not kept in the history")] if dropped else []
    found = []
    first = changes[0]
    if first.at > 0:
        if first.previous is not None:
            found.append(_segment(0.0, first.at, end, DROPPED, "", f"beginning not kept, {first.previous} at the last"))
        elif dropped:
            found.append(_segment(0.0, first.at, end, DROPPED, "", "not kept in the history"))
        else:
            found.append(_segment(0.0, first.at, end, UNREAD, "", "not read yet, or not there"))
    for number, change in enumerate(changes):
        until = changes[number + 1].at if number + 1 < len(changes) else end
        word = change.status if change.status is not None else "gone"
        found.append(_segment(change.at, until, end, classes.of(change.status), word, word))
    return found


def _segment(start: float, until: float, end: float, kind: str, text: str, words: str) -> Segment:
    x, width = 100 * start / end, 100 * max(0.0, until - start) / end
    if width < MIN_WIDTH and kind != UNREAD:
        width = MIN_WIDTH
        x = min(x, 100 - width)
    needed = len(text) * _LETTER + _MARGIN
    fits = "never"
    if text and needed <= _WIDE_BAR * width / 100:
        fits = "always" if needed <= _NARROW_BAR * width / 100 else "wide"
    title = f"{words}, {short(start)} to {short(until)}"
    return Segment(round(x, 3), round(width, 3), start, until, kind, text, fits, title)


def ticks(end: float) -> list[Tick]:
    """Marks from 0 to *end* seconds at round times, none so near the end that its text would run into the last one's."""
    if end <= 0:
        return [Tick(0.0, "0 s", "start")]
    step = next((step for step in _STEPS if end / step <= MAX_STEPS), 86400.0 * (1 + int(end / 86400 / MAX_STEPS)))
    last = short(end)
    found = [Tick(0.0, "0 s", "start")]
    number = 1
    while number * step < end:
        text = f"{number} min" if step == 60 else short(number * step)
        x = 100 * number * step / end
        taken = (len(last) + len(text) / 2) * _LETTER + _MARGIN
        if (100 - x) / 100 * _NARROW_BAR >= taken:
            found.append(Tick(round(x, 3), text, "middle"))
        number += 1
    return [*found, Tick(100.0, last, "end")]


def short(value: float) -> str:
    """A readable duration without insignificant fractions: ``0 s``, ``0.3 s``, ``12 s``, ``5 min``."""
    text = seconds(value)
    return text.replace(".0 s", " s")
