# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one job's state means: PASS, FAIL or PENDING, and why. Pure functions: nothing here changes a job."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ..cloud.errors import DENIED, RequestError
from . import words
from .policy import FAIL, MISSING_OK, MISSING_WAIT, PASS, PENDING, Policy
from .track import NEVER, Track

Reason = Dict[str, Any]

# The order in which reasons are reported, and at the same time the list of all codes.
SEVERITY = {
    "job_exception": 0,
    "node_exception": 0,
    "dli_failed": 0,
    "dli_cancelled": 0,
    "stalled": 0,
    "job_missing": 1,
    "too_few_jobs": 1,
    "denied": 2,
    "unreadable": 3,
    "unknown_state": 4,
    "still_pending": 5,
    "not_restarted": 5,
    "no_records": 5,
    "restarted": 6,
    "not_stable": 6,
}


class Judgement(NamedTuple):
    """A job's own verdict.

    :ivar verdict: PASS, FAIL or PENDING.
    :ivar reasons: why, the worst first; a job that is left out has one although it passes.
    """

    verdict: str
    reasons: List[Reason]


class Context(NamedTuple):
    """What the judgement of a job needs besides the job.

    :ivar workspace: the workspace that was asked, for messages.
    :ivar hints: what to add to the message about a missing job, by name.
    :ivar fatal: an error that is reported for the whole gate, and so not once more for each job.
    :ivar records_since: records count that have moved since then, in seconds on the gate's clock.
    """

    workspace: Optional[str] = None
    hints: Dict[str, str] = {}
    fatal: Optional[RequestError] = None
    records_since: float = NEVER


def reason(code: str, job: Optional[str], message: str, node: Optional[str] = None, **fields: Any) -> Reason:
    """A reason with all of its keys; ``error`` gives the service's code and the request's ID."""
    error: Optional[RequestError] = fields.get("error")
    return {
        "code": code,
        "job": job,
        "node": node,
        "status": fields.get("status"),
        "message": message,
        "log_path": fields.get("log_path"),
        "error_code": error.error_code if error else None,
        "request_id": error.request_id if error else None,
    }


def severity(item: Reason, policy: Policy) -> int:
    """Its place in the order of reasons. A failing state that is waited out holds the gate up more than a job on its way."""
    failing = item["code"] == "still_pending" and item["status"] in policy.failing | policy.kind.node_failing
    return SEVERITY["job_exception" if failing else item["code"]]


def unreadable_code(error: RequestError) -> str:
    """The reason code of an error."""
    return "denied" if error.kind == DENIED else "unreadable"


def judge(policy: Policy, track: Track, at: float, context: Context) -> Judgement:
    """What a job's state means at *at*.

    The order is that of what beats what: a failure that was read, then what could not be read, then all that is still awaited.
    """
    if track.missing and not track.failed:
        return _judge_missing(policy, track, context)
    trouble = _trouble(track, context)
    failures = track.failed or track.failures()
    if failures and (policy.counts_failing or not trouble):
        return _judge_failures(policy, track, failures, trouble)
    if trouble:
        return Judgement(PENDING, trouble)
    if not track.seen:
        return Judgement(PENDING, [reason("still_pending", track.name, words.unread(track, at))])
    stalled_for = track.marked_at - track.mark_at if track.mark_at is not None else 0.0
    if policy.stall_timeout and stalled_for >= policy.stall_timeout:
        message = words.stalled(track.name, stalled_for)
        return Judgement(FAIL, [_about(track, "stalled", message)])
    pending = _pending(policy, track, at, context)
    return Judgement(PENDING, [pending]) if pending else Judgement(PASS, [])


def _about(track: Track, code: str, message: str) -> Reason:
    return reason(code, track.name, message, status=track.state, log_path=track.log_path())


def _judge_missing(policy: Policy, track: Track, context: Context) -> Judgement:
    """A job that does not exist. One that was seen in this gate, or is a batch job, is never left out."""
    if track.batch:
        message = words.is_batch(track.name)
    elif track.existed and policy.missing == MISSING_OK:
        message = words.vanished(track.name)
    else:
        message = words.missing(policy, track.name, context.workspace) + context.hints.get(track.name, "")
    found = [reason("job_missing", track.name, message)]
    if track.left_out and track.relisted:
        verdict = PENDING
        found = [reason("still_pending", track.name, words.relisted(track.name))]
    elif track.left_out:
        verdict = PASS
    elif policy.missing == MISSING_WAIT and not track.batch:
        verdict = PENDING
    else:
        verdict = FAIL
    return Judgement(verdict, found + _trouble(track, context))


def _judge_failures(
    policy: Policy, track: Track, failures: List[Tuple[Optional[str], str]], trouble: List[Reason]
) -> Judgement:
    counts = policy.counts_failing and (
        not policy.wait or bool(track.failed) or track.failing_for >= policy.exception_grace
    )
    found = []
    for node, state in failures:
        code = policy.kind.codes.get(state, "job_exception") if node is None else "node_exception"
        found.append(
            reason(
                code if policy.counts_failing else "still_pending",
                track.name,
                words.failing(track, node, state),
                node=node,
                status=state,
                log_path=track.log_path(node),
            )
        )
    return Judgement(FAIL if counts else PENDING, found + trouble)


def _pending(policy: Policy, track: Track, at: float, context: Context) -> Optional[Reason]:
    """What a job that can be read and does not fail is waited for; None when it is ready."""
    name = track.name
    if track.state not in policy.kind.known and track.state not in policy.ready:
        return _about(track, "unknown_state", words.unknown(name, track.state))
    if track.state not in policy.ready or track.doubt:
        return _about(track, "still_pending", words.pending(track, at))
    unknown = track.unknown_nodes()
    if unknown:
        node, state = unknown[0]
        message = words.unknown_node(name, node, state)
        return reason("unknown_state", name, message, node=node, status=state, log_path=track.log_path(node))
    if not track.restarted:
        message = words.not_restarted(name, track.start_time, policy.started_after or 0)
        return _about(track, "not_restarted", message)
    if policy.needs_nodes and track.status_at < track.state_at:
        return _about(track, "still_pending", words.nodes_unread(track, at))
    if policy.require_records and not track.has_moved(context.records_since):
        return _about(track, "no_records", words.no_records(track, context.records_since))
    return None


def _trouble(track: Track, context: Context) -> List[Reason]:
    """That the last attempt to read the job failed."""
    error = track.error
    if error is None or error is context.fatal:
        return []
    message = words.unreadable(track.name, error, track.errors, track.state if track.seen else None)
    return [reason(unreadable_code(error), track.name, message, status=track.state, error=error)]
