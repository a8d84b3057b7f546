# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The verdict on all jobs together. Nothing here changes the gate or a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Collection, Dict, List, Optional, Tuple

from ..._errors import RequestError
from .. import messages
from ..policy import MISSING_WAIT, Policy
from ..verdicts import ERROR, FAIL, PASS, PENDING, TIMEOUT, Judgement, Reason, Verdict, code_of, make_reason
from .judge_job import reason_of_job
from .readiness import Readiness, continue_ready, has_old_status, not_stable

if TYPE_CHECKING:
    from ..state.gate_state import Gate

# Codes of jobs that could not be read, so that it is not known how long they have been ready.
UNREAD_CODES = ("denied", "unreadable")

Judgements = Dict[str, Judgement]


def aggregate(gate: "Gate", at: float, since: Optional[float], is_last: bool) -> Tuple[Verdict, Readiness]:
    """The verdict at *at*, and the readiness of the gate once it is given.

    Failure comes first, then an error, then what the gate waits for, then PASS.

    :param since: when the closing observation began, None where it was not read to its end.
    :param is_last: whether no further observation follows.
    """
    readiness = gate.readiness
    if gate.selection.by_name and not gate.settled:
        return Verdict(FAIL, [_too_few_jobs(gate)]), readiness
    judged = _judge_all(gate, at, is_last)
    reasons = _reasons(gate, judged, at)
    ends_now = is_last or not _awaits_others(gate, judged)
    if ends_now and _has_failed(gate.policy, judged, reasons):
        return Verdict(FAIL, reasons), readiness
    error = _ending_error(gate) if ends_now else gate.fatal
    if error is not None:
        return Verdict(ERROR, reasons, error), readiness
    if not _all_ready(gate, judged):
        readiness = readiness.lost()
    elif since is not None and not any(gate.is_stale(job, at, since) for job in gate.jobs.values()):
        readiness, awaited = continue_ready(gate.policy, gate.jobs.values(), readiness, at)
        if awaited is None:
            return Verdict(PASS, reasons), readiness
        reasons.append(awaited)
    elif _shows_stability(gate, reasons):
        reasons.append(not_stable(gate.policy, gate.jobs.values(), readiness, at))
    if is_last:
        reasons += _unreached(gate, judged, at, since)
    verdict = TIMEOUT if is_last else PENDING
    return Verdict(verdict, reasons or [make_reason("still_pending", None, messages.not_together(is_last))]), readiness


def fail_the_gate(policy: Policy, codes: Collection[str]) -> bool:
    """Whether the number of failing jobs fails the gate. A missing job always does.

    :param codes: the code of the first reason of each failing job.
    """
    tolerated = sum(1 for code in codes if code != "job_missing")
    return tolerated > policy.max_failing or tolerated < len(codes)


def permanent_error(gate: "Gate") -> Optional[RequestError]:
    """An error of the gate or of one of its jobs that cannot be overcome by trying again."""
    return gate.fatal or next((job.error for job in gate.jobs.values() if job.has_permanent_error), None)


def _judge_all(gate: "Gate", at: float, is_last: bool) -> Judgements:
    judged = {name: gate.judge(job, at) for name, job in sorted(gate.jobs.items())}
    if is_last and gate.policy.counts_failing:
        # exception_grace ends with the gate.
        for name, (verdict, found) in judged.items():
            if verdict == PENDING and gate.jobs[name].is_failing:
                judged[name] = Judgement(FAIL, found)
    return judged


def _reasons(gate: "Gate", judged: Judgements, at: float) -> List[Reason]:
    reasons = [item for dummy, found in judged.values() for item in found]
    reasons += _general_reasons(gate, at)
    reasons.sort(key=lambda item: (_severity(gate.policy, item), item["job"] or "", item["node"] or ""))
    return reasons


def _severity(policy: Policy, item: Reason) -> int:
    """The place of a reason in the order. A failing state that is waited for to change ranks as a failure."""
    kind = policy.kind
    is_failing = item["code"] == "still_pending" and item["status"] in policy.failing | kind.node_failing
    return kind.severity(kind.failure_code if is_failing else item["code"])


def _general_reasons(gate: "Gate", at: float) -> List[Reason]:
    """The reasons that are not about a single job."""
    error = gate.general_error
    if error is not None:
        return [make_reason(code_of(error), None, messages.general(error, gate.faults), error=error)]
    if gate.settled:
        return []
    if gate.listed:
        return [_too_few_jobs(gate)]
    return [make_reason("still_pending", None, messages.unlisted(gate.list_asked_at, at))]


def _too_few_jobs(gate: "Gate") -> Reason:
    noun = gate.policy.kind.listed_as
    return make_reason("too_few_jobs", None, messages.too_few(gate.selection, gate.found, gate.workspace, noun))


def _has_failed(policy: Policy, judged: Judgements, reasons: List[Reason]) -> bool:
    codes = [found[0]["code"] for verdict, found in judged.values() if verdict == FAIL]
    has_too_few_jobs = policy.missing != MISSING_WAIT and any(item["code"] == "too_few_jobs" for item in reasons)
    return has_too_few_jobs or fail_the_gate(policy, codes)


def _awaits_others(gate: "Gate", judged: Judgements) -> bool:
    """With fails_last: whether jobs are pending for another reason than an error that cannot be overcome."""
    if not gate.policy.fails_last:
        return False
    most = gate.policy.max_errors
    pending = [gate.jobs[name] for name, (verdict, dummy) in judged.items() if verdict == PENDING]
    return any(not job.has_permanent_error and job.errors < most for job in pending)


def _ending_error(gate: "Gate") -> Optional[RequestError]:
    """The error that ends the gate: a permanent one, or one too many in a row."""
    error = permanent_error(gate)
    if error is not None:
        return error
    most = gate.policy.max_errors
    error = next((job.error for job in gate.jobs.values() if job.errors >= most), None)
    return error if error is not None or gate.faults < most else gate.fault_error


def _all_ready(gate: "Gate", judged: Judgements) -> bool:
    is_pending = any(verdict == PENDING for verdict, dummy in judged.values())
    return gate.settled and not is_pending and gate.general_error is None


def _shows_stability(gate: "Gate", reasons: List[Reason]) -> bool:
    """Whether it is worth a reason how long the jobs have been ready, although not all were read again."""
    if gate.readiness.since is None or not gate.policy.stable_for:
        return False
    return not any(item["code"] in UNREAD_CODES for item in reasons)


def _unreached(gate: "Gate", judged: Judgements, at: float, since: Optional[float]) -> List[Reason]:
    """The jobs that were ready and could not be read again in time."""
    since = gate.began if since is None else since
    found = []
    for name, (verdict, dummy) in judged.items():
        job = gate.jobs[name]
        if verdict != PASS or job.error is not None or not gate.is_stale(job, at, since):
            continue
        if job.is_slow:
            message = messages.slow(name, gate.policy.interval)
        else:
            message = messages.unreached(job, at, has_old_status(job, at, gate.max_age))
        found.append(reason_of_job(job, "still_pending", message))
    return found
