# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The observation under way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

from .. import plain_data
from ..plain_data import NOT_KEPT
from ..policy import NEVER

# How the jobs of an observation are read.
STATUS = "status"  # each job by its own status call
LIST = "list"  # all jobs by the list
# All jobs by the list. Status calls go round, because one for each job does not fit into an interval.
ROTATION = "rotation"


@dataclass(eq=False, repr=False)
class Observation:
    """The observation under way, or the last one. Times are seconds of the gate.

    :ivar mode: how the jobs are read: STATUS, LIST or ROTATION.
    :ivar list_owed: whether it cannot end without a list.
    :ivar list_tried_at: when a list, or a look by status calls in its place, was begun last.
    :ivar list_ended_at: when a list ended last; NEVER if it was too old for a PASS.
    :ivar is_open: whether it is under way.
    :ivar closing_at: when the closing look began, None before.
    :ivar ages_checked_at: when the ages of all readings were checked last.
    """

    mode: str = STATUS
    list_owed: bool = False
    list_tried_at: float = NEVER
    list_ended_at: float = field(default=NEVER, metadata=NOT_KEPT)
    is_open: bool = field(default=False, metadata=NOT_KEPT)
    closing_at: Optional[float] = field(default=None, metadata=NOT_KEPT)
    ages_checked_at: float = field(default=NEVER, metadata=NOT_KEPT)

    def load(self, data: Any) -> None:
        """Continue from the kept fields of another slice.

        :raises TypeError, ValueError: the data is damaged.
        """
        for name, value in plain_data.load(Observation, data).items():
            setattr(self, name, value)
