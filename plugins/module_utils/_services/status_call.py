# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.


"""Reading one job by one call."""

from __future__ import annotations

from typing import Any, Callable, Dict

from .._cloud.calls import Call, Task, malformed
from .._errors import RequestError
from .normalize import Unreadable
from .readings import STATUS, Reading, unread


def read_status(call: Call, name: str, parse: Callable[[Any], Dict[str, Any]]) -> Task[Reading]:
    """Send a call and read its answer.

    :param name: the name of the reading.
    :param parse: returns the normalized job from the decoded body. It raises Unreadable if the answer is not about this job.
    """
    (outcome,) = yield [call]
    if isinstance(outcome, RequestError):
        return unread(name, STATUS, outcome)
    try:
        return Reading(name, outcome.sent_at, STATUS, job=parse(outcome.data))
    except Unreadable as problem:
        return Reading(name, outcome.sent_at, STATUS, error=malformed(call, str(problem)))
