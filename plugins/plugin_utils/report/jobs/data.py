# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A list of jobs, read into what each form of its report shows."""

from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable

from .. import states
from ..gate.data import State
from ..report_facts import About
from ..template_data import NAME, STATE, ReportError, count, mapping, mappings, moment, text

NO_STATE = "UNKNOWN"  # as the module counts jobs that show no state
# Final states of runs that need attention.
_BAD_RUNS = frozenset(("fail", "failed", "running-exception", "exception", "abnormal"))


class Job(NamedTuple):
    """A job of the list; texts are empty if the service returned none.

    :ivar kind: the class of its state.
    :ivar changed_by: the user of the last change, or else the owner.
    :ivar changed: when it was last changed, in UTC.
    :ivar run: how its last run went, and ``run_end`` when that ended.
    :ivar run_failed: whether that run needs attention.
    """

    name: str
    type: str
    status: str
    kind: str
    changed_by: str
    changed: str
    run: str
    run_end: str
    run_failed: bool


class Listing(NamedTuple):
    """A list of jobs.

    :ivar jobs: the failing states first, in a state by name.
    :ivar total: how many there are, listed or not.
    """

    about: About
    jobs: list[Job]
    states: list[State]
    total: int

    @property
    def headline(self) -> str:
        """``12 jobs, 1 failing``; ``10 of 12 jobs`` where not all are listed."""
        many = f"{len(self.jobs)} of {self.total}" if len(self.jobs) < self.total else str(self.total)
        failing = sum(job.kind == states.FAILING for job in self.jobs)
        return f"{many} job{'' if self.total == 1 else 's'}" + (f", {failing} failing" if failing else "")


def read(result: dict[str, Any], about: About) -> Listing:
    """Read the result of dataarts_job_info.

    :param result: plain data.
    :raises ReportError: it is not such a result.
    """
    check(result)
    classes = states.Classes()
    jobs = [_job(item, classes) for item in mappings(result["jobs"])]
    jobs.sort(key=lambda job: (states.ORDER[job.kind], job.status, job.name))
    tally = {name: count(many) for name, many in mapping(result.get("by_status")).items()}
    if not tally:
        for job in jobs:
            tally[job.status] = tally.get(job.status, 0) + 1
    counts = [State(printable(name, STATE), many, classes.of(name)) for name, many in tally.items()]
    counts.sort(key=lambda state: (states.ORDER[state.kind], -state.jobs, state.name))
    return Listing(about, jobs, counts, max(count(result.get("total")), len(jobs)))


def check(result: dict[str, Any]) -> dict[str, Any]:
    """The result itself, if it is a list of jobs.

    :raises ReportError: it is not.
    """
    if not isinstance(result.get("jobs"), list):
        message = text(result.get("msg"))
        problem = f": {printable(message, 300)}" if message else ""
        raise ReportError(f"what is to be reported is no list of jobs: it has no key jobs{problem}")
    return result


def _job(data: dict[str, Any], classes: states.Classes) -> Job:
    state = text(data.get("status")) or NO_STATE
    changed_by = next(
        (text(data[key]) for key in ("last_modify_user", "last_update_user", "owner") if text(data.get(key))), None
    )
    run = text(data.get("last_instance_status")) or ""
    return Job(
        name=printable(text(data.get("name")) or "", NAME),
        type=printable(text(data.get("job_type")) or "", STATE),
        status=printable(state, STATE),
        kind=classes.of(state),
        changed_by=printable(changed_by or "", NAME),
        changed=moment(data.get("last_update_time")),
        run=printable(run, STATE),
        run_end=moment(data.get("last_instance_end_time")),
        run_failed=run.lower() in _BAD_RUNS,
    )
