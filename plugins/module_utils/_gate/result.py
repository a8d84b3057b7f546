# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A gate's outcome as the dictionary that a module returns, and whether the task fails."""

from __future__ import annotations

from typing import Any, Dict, Optional

from .._cloud.options import Connection
from .observing.outcome import Outcome
from .policy import MISSING_FAIL, Policy, Selection
from .summary import describe_jobs, tally
from .verdicts import ERROR, FAIL, PASS, TIMEOUT

AUTO_ALL = 100  # up to this number of jobs, return_jobs auto means all
_UNREAD = frozenset(("unreadable", "denied"))


def fails(policy: Policy, outcome: Outcome) -> bool:
    """Whether the task fails.

    A waiting gate fails on every verdict except PASS and PENDING. A reading fails on a failing state only with fail_on_exception
    and always on missing or unreadable jobs.
    """
    verdict = outcome.verdict.verdict
    if verdict in (ERROR, TIMEOUT):
        return True
    codes = {item["code"] for item in outcome.verdict.reasons}
    if verdict == FAIL:
        absent = "too_few_jobs" in codes or ("job_missing" in codes and policy.missing == MISSING_FAIL)
        if policy.wait or policy.fatal or absent:
            return True
    return not policy.wait and bool(codes & _UNREAD)


def as_dict(outcome: Outcome, return_jobs: str, resume: Optional[str] = None) -> Dict[str, Any]:
    """The result. Its keys are the same for each verdict.

    :param resume: the state for the next slice, as text.
    """
    gate = outcome.gate
    jobs = describe_jobs(gate, outcome.elapsed)
    job = jobs[0] if len(jobs) == 1 else None
    if return_jobs == "auto":
        return_jobs = "all" if len(jobs) <= AUTO_ALL else "failing"
    if return_jobs == "failing":
        jobs = [item for item in jobs if item["verdict"] != PASS]
    elif return_jobs == "none":
        jobs = []
    return {
        "jobs": jobs,
        "job": job,
        "verdict": outcome.verdict.verdict,
        "reasons": outcome.verdict.reasons,
        "notes": list(outcome.verdict.notes),
        "elapsed": outcome.elapsed,
        "polls": gate.polls,
        "requests": outcome.requests,
        "history": gate.history.entries(),
        "history_dropped": gate.history.dropped,
        "by_status": tally(gate, outcome.elapsed).states,
        "resume": resume,
        "msg": outcome.msg,
    }


def describe_gate(
    policy: Policy, selection: Selection, connection: Connection, project_id: Optional[str]
) -> Dict[str, Any]:
    """The key ``gate`` of the result: the selection, the cloud and the credentials. It contains no secret.

    :param project_id: the project's ID, also where it was looked up by name; None where it is not known.
    """
    credentials = connection.credentials
    return {
        "kind": policy.kind.noun,
        "entry": None,
        "selection": {**selection.as_dict(policy.kind), **(policy.runs.as_dict() if policy.runs else {})},
        "wait": policy.wait,
        "wait_for": sorted(policy.ready),
        "fail_states": sorted(policy.failing),
        "timeout": policy.timeout if policy.wait else None,
        "region": connection.region,
        "project_id": project_id,
        "workspace": connection.workspace if policy.kind.has_workspace else None,
        "credentials": {"place": credentials.place, "key": getattr(credentials, "key_shown", None)},
    }
