# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""When observations begin."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from .. import plain_data
from ..judging.readiness import MAX_SPREAD
from ..policy import MIN_INTERVAL
from ..source import Source
from ..state.gate_state import Gate
from ..state.gate_time import GateTime
from ..state.observation import ROTATION, STATUS, Observation
from .plan import Plan

MIN_LEAD = 0.05  # seconds before the deadline at which the last observation begins at the latest

_TESTS = plain_data.tests({"due": float, "is_final": bool, "durations": List[float]})


class Schedule:
    """Plans the next observation, so that the last one ends at the deadline.

    :param uniform: random number between two bounds, for the jitter.
    :ivar due: when the next observation begins.
    :ivar is_final: whether no further observation follows the next one, or the one under way.
    """

    def __init__(
        self,
        gate: Gate,
        plan: Plan,
        source: Source,
        time: GateTime,
        observation: Observation,
        uniform: Callable[[float, float], float],
    ) -> None:
        self._gate, self._plan, self._source, self._time = gate, plan, source, time
        self._observation = observation
        self._uniform = uniform
        self.due = 0.0
        self.is_final = False
        self._durations: List[float] = []  # seconds of the last two observations; a single long one may be an exception

    def observed(self, seconds: float) -> None:
        """End an observation, after the given seconds."""
        self._durations = [*self._durations[-1:], max(0.0, seconds)]

    @property
    def due_after_this(self) -> float:
        """When the observation after the one under way is due, if the deadline does not come first."""
        return self._gate.began + max(MIN_INTERVAL, self._interval)

    @property
    def _interval(self) -> float:
        return self._plan.rotation_interval if self._observation.mode == ROTATION else self._gate.policy.interval

    def plan_next(self) -> None:
        """Set when the next observation begins: after an interval, but so that the last one ends at the deadline."""
        self.due = self._next_due()

    def _next_due(self) -> float:
        began, at = self._gate.began, self._time.at()
        after = began + max(MIN_INTERVAL, self._interval * self._uniform(0.9, 1.0))
        stable_at = self.stable_at
        if stable_at is not None and at < stable_at:
            # Only time is missing.
            after = min(after, max(began + MIN_INTERVAL, stable_at))
        if self._time.deadline is None:
            return after
        latest = self._time.ends_at - self._lead()
        if latest < at:
            # Answers take less time than they used to.
            latest = self._time.ends_at - self._shortest_lead()
        if stable_at is not None and latest < stable_at <= self._time.ends_at - self._source.latency:
            latest = stable_at
        self.is_final = after >= latest
        return max(latest, at, began + MIN_INTERVAL) if self.is_final else after

    @property
    def stable_at(self) -> Optional[float]:
        """When all jobs will have been ready for stable_for; None where time is not all that is missing."""
        return self._gate.readiness.stable_at(self._gate.policy)

    def has_time(self, at: float) -> bool:
        """Whether another observation fits in before the deadline."""
        stable_at = self.stable_at
        if stable_at is not None and at < stable_at <= self._time.ends_at - self._source.latency:
            return True
        return max(at, self._gate.began + MIN_INTERVAL) + self._shortest_lead() < self._time.ends_at

    def _shortest_lead(self) -> float:
        """How long another observation takes at least, by the quicker of the last two; more than the spare time of a planned one."""
        return max(2.2 * self._source.latency, 1.05 * max(MIN_LEAD, min(self._durations, default=0.0)))

    def _lead(self) -> float:
        """How long before the deadline the last observation has to begin in order to be read to its end, closing look included."""
        latency, mode = self._source.latency, self._observation.mode
        paced = self._plan.sweep(len(self._gate.jobs), latency) if mode == STATUS else 0.0
        closing = 0.0
        if self._plan.lists and (paced > MAX_SPREAD or mode != STATUS):
            closing = self._plan.list_seconds(latency)
        return max(MIN_LEAD, 1.2 * min(self._durations, default=0.0), paced + closing) + 2 * latency

    def dump(self) -> Dict[str, Any]:
        """The plan as plain data for the next slice."""
        return {"due": self.due, "is_final": self.is_final, "durations": self._durations}

    def load(self, data: Any) -> None:
        """Continue from such data.

        :raises ValueError: the data is damaged.
        """
        plain_data.check(data, _TESTS)
        self.due, self.is_final, self._durations = data["due"], data["is_final"], data["durations"]
