# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The reading of one job at one time."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional

from .._errors import MISSING, RequestError

REAL_TIME = "REAL_TIME"
BATCH = "BATCH"

STATUS = "status"  # read by the call for one job: nodes included
LIST = "list"  # read from the job list: the job's own state only


class Reading(NamedTuple):
    """The result of one call for one job.

    Exactly one of *job*, *missing* and *error* is set.

    :ivar name: the job's name, or a DLI job's ID.
    :ivar at: when the request was sent, on the session's clock: what it says is not older. Of two requests the first one; 0 for an
        error where nothing was sent.
    :ivar source: STATUS or LIST.
    :ivar job: the job, normalised; with ``nodes`` when read by STATUS.
    :ivar batch: with *missing*: there is a job of that name, and it is a batch job.
    :ivar is_old: whether it may show the job as it was before an order, so that it counts neither as ready nor as a failure.
    """

    name: str
    at: float
    source: str
    job: Optional[Dict[str, Any]] = None
    missing: bool = False
    error: Optional[RequestError] = None
    batch: bool = False
    is_old: bool = False


def unread(name: str, source: str, error: RequestError) -> Reading:
    """The reading that a request without an answer comes to: the job is missing, or it could not be read."""
    at = 0.0 if error.sent_at is None else error.sent_at
    if error.kind == MISSING:
        return Reading(name, at, source, missing=True)
    return Reading(name, at, source, error=error)


class Listing(NamedTuple):
    """A job list.

    :ivar jobs: normalised jobs, each name once, in the service's order; of two entries of one job the later one.
    :ivar total: the total of the service, or the number of jobs read without one.
    :ivar at: when its first request was sent, on the session's clock.
    :ivar pages: requests that one reading of the list takes, or would have taken.
    :ivar complete: whether it was read to its end. False if it was abandoned, as too long or contradictory.
    :ivar strange: entries that are not jobs with a usable name.
    :ivar problem: how the list contradicts itself, in words; None where it does not. With it, a job that the list lacks may exist all
        the same, also where it was read to its end: jobs come, go and move while pages are read.
    """

    jobs: List[Dict[str, Any]]
    total: int
    at: float
    pages: int
    complete: bool
    strange: int = 0
    problem: Optional[str] = None
