# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a service says about one job at one time, and the states that jobs and nodes can be in."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional

from ..cloud.errors import RequestError

# Real-time jobs and their nodes, from the vendor's pages and from newer regions.
REAL_TIME_STATES = (
    "STARTING",
    "NORMAL",
    "EXCEPTION",
    "STOPPING",
    "STOPPED",
    "PAUSE",
    "ABNORMAL",
    "DISABLE",
    "OVERLOAD",
    "INIT",
)
FAILING_STATES = ("EXCEPTION", "ABNORMAL")
BATCH_ONLY = ("SCHEDULING", "PAUSED")  # states that real-time jobs do not have
DLI_STATES = ("LAUNCHING", "RUNNING", "SCALING", "FINISHED", "FAILED", "CANCELLED")

REAL_TIME = "REAL_TIME"
BATCH = "BATCH"

STATUS = "status"  # read by the call for one job: nodes included
LIST = "list"  # read from the job list: the job's own state only


class Reading(NamedTuple):
    """One job as one call showed it.

    Exactly one of *job*, *missing* and *error* says something.

    :ivar name: the job's name, or a DLI job's ID.
    :ivar at: when the request was sent, on the session's clock: what it says is not older.
    :ivar source: STATUS or LIST.
    :ivar job: the job, normalised; with ``nodes`` when read by STATUS.
    """

    name: str
    at: float
    source: str
    job: Optional[Dict[str, Any]] = None
    missing: bool = False
    error: Optional[RequestError] = None


class Listing(NamedTuple):
    """A job list.

    :ivar jobs: normalised jobs, each name once, in the service's order.
    :ivar total: how many the service says there are.
    :ivar at: when its first request was sent, on the session's clock.
    :ivar pages: requests it took, or would have taken.
    :ivar complete: whether all of it was read.
    :ivar strange: entries that are no jobs.
    """

    jobs: List[Dict[str, Any]]
    total: int
    at: float
    pages: int
    complete: bool
    strange: int = 0
