# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""What is still read after a gate has failed."""

from __future__ import annotations

from typing import Optional

from ..source import Source
from ..state.gate_state import Gate
from ..state.gate_time import GateTime
from ..state.observation import ROTATION, Observation
from .open_requests import STUCK_LATENCIES, OpenRequests
from .plan import Plan
from .reads import Reads

# The rest of the observation is still read if that takes no longer than this, because other failing jobs are worth knowing.
SECONDS_AFTER_FAILURE = 1.8
STUCK_AFTER_FAILURE = 1.0  # a request that has been under way for longer is not waited for then
MAX_READS_AFTER_FAILURE = 40


class AfterFailure:
    """Decides when a gate that has failed ends.

    :ivar failed_at: when the gate failed, None before.
    """

    def __init__(
        self,
        gate: Gate,
        plan: Plan,
        source: Source,
        time: GateTime,
        observation: Observation,
        reads: Reads,
        requests: OpenRequests,
    ) -> None:
        self._gate, self._plan, self._source, self._time = gate, plan, source, time
        self._observation, self._reads, self._requests = observation, reads, requests
        self.failed_at: Optional[float] = None

    @property
    def ends_at(self) -> float:
        """When the gate ends at the latest, infinite if it has not failed."""
        return float("inf") if self.failed_at is None else self.failed_at + SECONDS_AFTER_FAILURE

    def is_over(self, at: float) -> bool:
        """Whether the gate has failed, and what is worth reading in addition has been read."""
        if not self._gate.has_failed or not self._gate.policy.wait:
            return False
        if self.failed_at is None:
            self.failed_at = at
            if self._observation.mode == ROTATION:
                self._reads.urge(job for job in self._gate.jobs.values() if job.is_unread)
            self.stop_long_reading()
        # What has been under way for so long already is not waited for.
        hangs_since = at - max(STUCK_AFTER_FAILURE, STUCK_LATENCIES * self._source.latency)
        nothing_left = not self._reads.left and not self._requests.any_since(hangs_since)
        return nothing_left or self._time.is_past(self.ends_at)

    def stop_long_reading(self) -> None:
        """Read nothing more, if the gate has failed and much is left to read."""
        left = self._reads.left
        is_long = self._plan.seconds(left) > SECONDS_AFTER_FAILURE or left > MAX_READS_AFTER_FAILURE
        if self.failed_at is not None and is_long:
            self._reads.stop()
