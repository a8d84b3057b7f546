# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate's outcome as the dictionary that a module returns, and whether the task fails."""

from __future__ import annotations

from typing import Any, Dict, Optional

from .loop import Outcome
from .policy import ERROR, FAIL, MISSING_FAIL, PASS, TIMEOUT, Policy

AUTO_ALL = 100  # up to so many jobs are returned whole where return_jobs is auto
_UNREAD = frozenset(("unreadable", "denied"))


def fails(policy: Policy, outcome: Outcome) -> bool:
    """Whether the task fails.

    A waiting gate fails on everything but PASS and PENDING. A reading fails on a failing state only where that was asked
    for, and always on what does not exist or could not be read.
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
    """The result, the same keys whatever the verdict.

    :param resume: what the next slice goes on from, as text.
    """
    gate = outcome.gate
    jobs = gate.jobs(outcome.elapsed)
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
        "elapsed": outcome.elapsed,
        "polls": gate.polls,
        "requests": outcome.requests,
        "history": gate.history.entries(),
        "history_dropped": gate.history.dropped,
        "by_status": gate.tally(outcome.elapsed).states,
        "resume": resume,
        "msg": outcome.msg,
    }
