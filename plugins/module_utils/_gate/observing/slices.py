# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""When a slice of a gate ends, and what it hands to the next one."""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional

from .. import plain_data, resume
from ..source import Source
from ..state.gate_state import Gate
from ..state.gate_time import GateTime
from ..state.observation import LIST, ROTATION, STATUS, Observation
from .outcome import Outcomes
from .plan import Plan
from .schedule import Schedule

# How many slices may end early because something has changed: one for so many seconds of the gate, and these in addition.
SECONDS_PER_EARLY_SLICE = 30.0
EARLY_SLICES = 4


_TESTS = plain_data.tests(
    {
        "gate": Dict[str, Any],
        "source": Dict[str, Any],
        "time": Dict[str, Any],
        "schedule": Dict[str, Any],
        "observation": Dict[str, Any],
        "slice": int,
        "requests": int,
        "pages": Optional[int],
    }
)


class Slices(NamedTuple):
    """A gate in slices.

    :ivar seconds: how long this slice may last; 0 for to the end of the gate.
    :ivar state: the data of the slice before, None for the first one.
    :ivar most_whole: up to this number of jobs are passed on with all data of their readings.
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


class SliceState:
    """Writes the state of all parts of the loop as plain data, and reads it in the next slice."""

    def __init__(
        self,
        gate: Gate,
        source: Source,
        time: GateTime,
        plan: Plan,
        schedule: Schedule,
        observation: Observation,
        slice_end: SliceEnd,
        outcomes: Outcomes,
    ) -> None:
        self._gate = gate
        self._source = source
        self._time = time
        self._plan = plan
        self._schedule = schedule
        self._observation = observation
        self._slice = slice_end
        self._outcomes = outcomes

    def dump(self, most_whole: int) -> Dict[str, Any]:
        """The state.

        :param most_whole: up to this number of jobs are written with all data of their readings.
        """
        return {
            "gate": self._gate.dump(most_whole),
            "source": self._source.remember(),
            "time": self._time.dump(),
            "schedule": self._schedule.dump(),
            "observation": plain_data.dump(self._observation),
            "slice": self._slice.number,
            "requests": self._outcomes.requests,
            "pages": self._plan.pages,
        }

    def load(self, state: Dict[str, Any]) -> None:
        """Continue from the state of the slice before.

        :raises OptionError: the data is damaged.
        """
        try:
            plain_data.check(state, _TESTS)
            self._unpack(state)
        except (KeyError, TypeError, ValueError):
            raise resume.damaged() from None

    def _unpack(self, state: Dict[str, Any]) -> None:
        dumped_at, is_age_known = self._time.load(state["time"])
        self._gate.load(state["gate"], dumped_at, is_age_known)
        self._source.recall(state["source"], max(0.0, self._time.slice_began - dumped_at))
        self._schedule.load(state["schedule"])
        self._observation.load(state["observation"])
        self._slice.number = state["slice"] + 1
        self._outcomes.requests_before, self._plan.pages = state["requests"], state["pages"]
        if self._observation.mode not in (STATUS, LIST, ROTATION) or state["slice"] < 1:
            raise ValueError("no mode, or no slice")
