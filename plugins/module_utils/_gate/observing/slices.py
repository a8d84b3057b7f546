# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""When a slice of a gate ends."""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional

# How many slices may end early because something has changed: one for so many seconds of the gate, and these in addition.
SECONDS_PER_EARLY_SLICE = 30.0
EARLY_SLICES = 4


class Slices(NamedTuple):
    """A gate in slices.

    :ivar seconds: how long this slice may last; 0 for to the end of the gate.
    :ivar state: the data of the slice before, None for the first one.
    :ivar most_whole: up to so many jobs are handed on with all that was read of them.
    """

    seconds: float = 0.0
    state: Optional[Dict[str, Any]] = None
    most_whole: int = 100


WHOLE = Slices()  # not in slices


class SliceEnd:
    """Decides when the current slice ends: after its time, or early after a change, but never before an observation has ended.

    :ivar number: of the current slice, from 1.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._has_observed = False
        self._is_early = False
        self.number = 1

    def at(self, began: float) -> float:
        """When the slice ends by its time.

        :param began: when it began.
        """
        return began + self._seconds if self._seconds and self._has_observed else float("inf")

    @property
    def is_early(self) -> bool:
        """Whether it ends before its time."""
        return self._is_early

    def observed(self, at: float, has_changed: bool) -> None:
        """An observation has ended.

        Starting a slice costs a second or two, so a job that flaps must not end every slice: over the whole gate there is one
        early end for each half minute, and a few more.

        :param has_changed: whether any state has changed in this slice.
        """
        self._has_observed = True
        if self._seconds and has_changed and self.number <= EARLY_SLICES + at / SECONDS_PER_EARLY_SLICE:
            self._is_early = True
