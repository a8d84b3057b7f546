# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""One batch job that is run once: which instance the order has made, also where its answer was lost. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, List, Optional

from .._errors import PERMANENT, RequestError
from .._services.factory.instances import IMMEDIATE_TYPES
from .._services.factory.job_actions import UNKNOWN, OrderAnswer
from .._services.readings import Reading
from .ordered_job import Ordered, final

RUN_SECONDS = 30.0  # after an unclear answer, for a run to become visible


@dataclass(eq=False)
class OrderedRun(Ordered):
    """A run of a batch job.

    :ivar known: the IDs of the runs before the order; None where they could not be read.
    :ivar instance_id: the run that the order created, None while it is unknown.
    :ivar error: the error that the order has come to.
    """

    known: Optional[FrozenSet[int]] = None
    instance_id: Optional[int] = None
    error: Optional[RequestError] = None

    def answered(self, answer: OrderAnswer, at: float) -> None:
        super().answered(answer, at)
        self.instance_id = answer.instance_id
        if answer.error is not None and answer.meaning != UNKNOWN:
            self.error = final(answer.error)
        elif self.instance_id is None and self.known is None:
            self.error = self._lost("and the runs before it could not be read")

    def is_sought(self) -> bool:
        """Whether the run of an order with an unclear answer has to be looked for."""
        return self.instance_id is None and self.error is None

    def look_for(self, instances: List[Dict[str, Any]], is_complete: bool, at: float) -> None:
        """Look among the runs of the job for the one that an order with an unclear answer has made.

        :param is_complete: whether these are all runs around that time.
        """
        new = [
            item["instance_id"]
            for item in instances
            if isinstance(item.get("instance_id"), int)
            and item["instance_id"] not in (self.known or ())
            and item.get("instance_type") in (None, *IMMEDIATE_TYPES)
        ]
        if is_complete and len(new) == 1:
            self.instance_id = new[0]
        elif len(new) > 1 or not is_complete:
            self.error = self._lost("and several new runs are visible")
        elif at >= self.answered_at + RUN_SECONDS:
            self.error = self._lost(f"and no new run is visible {RUN_SECONDS:g} s later")

    def see(self, reading: Reading) -> Reading:
        return reading

    def _lost(self, why: str) -> RequestError:
        error = (self.answer and self.answer.error) or RequestError(PERMANENT, "no answer", method="POST")
        summary = (
            f"the answer to run-immediate was not clear ({error.summary.rstrip('. ')}), {why}; it may have been started"
        )
        return final(error, summary, "look at the runs of the job before running it again")
