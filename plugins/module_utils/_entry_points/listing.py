# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The job list as ``dataarts_job_info`` returns it."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from .._cloud.session import Session
from .._errors import PERMANENT, OptionError, RequestError
from .._gate.options import check_name, items, name_contains, tags
from .._services.factory.jobs import MAX_PAGE_SIZE, DataArts
from .._services.normalize import state
from .._services.readings import BATCH, REAL_TIME
from .._values import text, whole

UNKNOWN = "UNKNOWN"


class Query:
    """Checked options of a listing.

    :raises OptionError: an option is invalid.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        kind = text(params.get("job_type"))
        if kind not in (None, REAL_TIME, BATCH):
            raise OptionError("job_type", f"must be {REAL_TIME} or {BATCH}")
        self.job_types: List[str] = [kind] if kind else [REAL_TIME, BATCH]
        name = text(params.get("name"))
        self.name = None if name is None else check_name("name", name)
        self.part = name_contains(params)
        if self.name is not None and self.part is not None:
            raise OptionError("name_contains", "name is given as well; give one of the two")
        self.tags = tags(params)
        self.statuses = frozenset(state(item) for item in items(params.get("statuses")))
        self.most = whole("max_results", params.get("max_results") or 0)
        size = params.get("page_size")
        self.page_size = whole("page_size", MAX_PAGE_SIZE if size is None else size, 1, MAX_PAGE_SIZE)

    @property
    def filtered(self) -> bool:
        """Whether jobs are filtered here, so that the service's total does not apply."""
        return bool(self.name or self.part or self.statuses)

    def fits(self, job: Mapping[str, Any]) -> bool:
        """Whether a job matches. The service matches parts of names, even for an exact name."""
        name = job["name"] or ""
        if self.name is not None and name != self.name:
            return False
        if self.part is not None and self.part not in name:
            return False
        return not self.statuses or (job["status"] or UNKNOWN) in self.statuses


def read(session: Session, workspace: Optional[str], query: Query) -> Dict[str, Any]:
    """``jobs``, ``total`` and ``by_status``.

    :raises RequestError, CredentialsError: the list cannot be read.
    """
    service = DataArts(workspace)
    jobs: List[Dict[str, Any]] = []
    total = 0
    for kind in query.job_types:
        enough = 0
        if query.most and not query.filtered:
            # At least one job is requested, because the page contains the total.
            enough = max(1, query.most - len(jobs))
        task = service.list(
            kind, name=query.name or query.part, tags=query.tags, page_size=query.page_size, enough=enough, sure=True
        )
        listing = session.complete(task)
        if not listing.complete:
            raise RequestError(
                PERMANENT, "the job list does not end", service="dataarts", path="/v1/{project_id}/jobs", status=200
            )
        found = [job for job in listing.jobs if query.fits(job)]
        jobs.extend(found)
        total += len(found) if query.filtered else max(listing.total, len(found))
    if query.most:
        jobs = jobs[: query.most]
    by_status: Dict[str, int] = {}
    for job in jobs:
        key = job["status"] or UNKNOWN
        by_status[key] = by_status.get(key, 0) + 1
    return {"jobs": jobs, "total": total, "by_status": by_status}
