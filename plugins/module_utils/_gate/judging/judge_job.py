# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The verdict on one job: PASS, FAIL or PENDING, and why. Nothing here changes a job."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional

from ..._errors import RequestError
from .. import messages
from ..policy import MISSING_OK, MISSING_WAIT, NEVER
from ..state.job_state import Failure, JobState
from ..verdicts import FAIL, PASS, PENDING, Judgement, Reason, code_of, make_reason


class Context(NamedTuple):
    """The data for the verdict on a job, without the job itself.

    :ivar workspace: the workspace of the requests, for messages.
    :ivar hints: what to add to the message about a missing job, by name.
    :ivar fatal: an error that is reported once for the whole gate, and so not for each job.
    """

    workspace: Optional[str] = None
    hints: Dict[str, str] = {}
    fatal: Optional[RequestError] = None


def judge_job(job: JobState, at: float, context: Context) -> Judgement:
    """The verdict on a job at *at*. A failure that was read comes first, then an error, then what the job is waited for."""
    if job.is_missing and not job.lasting_failures:
        return _judge_missing(job, context)
    errors = _errors(job, context)
    failures = job.lasting_failures or job.failures()
    if failures and (job.policy.counts_failing or not errors):
        return _judge_failures(job, failures, errors)
    if errors:
        return Judgement(PENDING, errors)
    if not job.is_known:
        return Judgement(PENDING, [make_reason("still_pending", job.name, messages.unread(job, at))])
    stalled_for = job.progress.stalled_for
    if job.policy.stall_timeout and stalled_for >= job.policy.stall_timeout:
        return Judgement(FAIL, [reason_of_job(job, "stalled", messages.stalled(job.name, stalled_for))])
    awaited = _awaited_state(job, at) or _awaited_reading(job, at)
    return Judgement(PENDING, [awaited]) if awaited else _judge_rows(job)


def reason_of_job(job: JobState, code: str, message: str) -> Reason:
    """A reason about the job as a whole."""
    return make_reason(code, job.name, message, status=job.state, log_path=job.log_path())


def _judge_missing(job: JobState, context: Context) -> Judgement:
    """A job that does not exist. One that has existed in this gate, or is a batch job, is never left out."""
    policy = job.policy
    if job.is_batch:
        message = messages.is_batch(job.name)
    elif job.has_existed and policy.missing == MISSING_OK:
        message = messages.vanished(job.name)
    else:
        message = policy.kind.missing_message(job.name, context.workspace) + context.hints.get(job.name, "")
    reason = make_reason("job_missing", job.name, message)
    if job.is_left_out and job.claims.shows_missing_job:
        verdict, reason = PENDING, make_reason("still_pending", job.name, messages.listed_but_missing(job.name))
    elif job.is_left_out:
        verdict = PASS
    elif policy.missing == MISSING_WAIT and not job.is_batch:
        verdict = PENDING
    else:
        verdict = FAIL
    return Judgement(verdict, [reason, *_errors(job, context)])


def _judge_failures(job: JobState, failures: List[Failure], errors: List[Reason]) -> Judgement:
    policy = job.policy
    is_grace_over = bool(job.lasting_failures) or job.failing_for >= policy.exception_grace
    counts = policy.counts_failing and (not policy.wait or is_grace_over)
    found = []
    for node, state in failures:
        code = policy.kind.code_of(state) if node is None else policy.kind.node_code(state)
        blamed = job.culprit() if node is None else node
        run = job.failed_run(node, state)
        found.append(
            make_reason(
                code if policy.counts_failing else "still_pending",
                job.name,
                messages.failing(job, node, state),
                node=blamed,
                status=state,
                log_path=job.log_path(blamed) if run is None else run.get("log_path"),
            )
        )
    return Judgement(FAIL if counts else PENDING, found + errors)


def _judge_rows(job: JobState) -> Judgement:
    """The verdict on a ready job by its numbers of rows. A number that the service does not name is not taken for 0."""
    policy = job.policy
    if policy.min_result_rows is None and policy.max_bad_rows is None:
        return Judgement(PASS, [])
    found: List[Reason] = []
    good, bad = job.rows("result_count"), job.rows("bad_row_count")
    if policy.min_result_rows is not None and good is not None and good < policy.min_result_rows:
        message = messages.too_few_rows(job.name, good, policy.min_result_rows)
        found.append(reason_of_job(job, "too_few_rows", message))
    if policy.max_bad_rows is not None and bad is not None and bad > policy.max_bad_rows:
        found.append(reason_of_job(job, "bad_rows", messages.bad_rows(job.name, bad, policy.max_bad_rows)))
    if found:
        return Judgement(FAIL, found)
    unnamed = job.unnamed_rows()
    if unnamed:
        return Judgement(PENDING, [reason_of_job(job, "still_pending", messages.unnamed_rows(job.name, unnamed))])
    return Judgement(PASS, [])


def _awaited_state(job: JobState, at: float) -> Optional[Reason]:
    """What a job in its present state is waited for; None where that state is one to wait for and no node is in an unknown one."""
    policy = job.policy
    if job.is_old:
        return reason_of_job(job, "still_pending", messages.old(job))
    if job.state not in policy.ready:
        if job.state not in policy.kind.known:
            return reason_of_job(job, "unknown_state", messages.unknown_state(job))
        return reason_of_job(job, policy.kind.pending_code(job.state), messages.pending(job, at))
    if job.claims.is_open:
        return reason_of_job(job, "still_pending", messages.pending(job, at))
    for node, state in job.unknown_nodes():
        message = messages.unknown_node_state(job.name, node, state)
        return make_reason("unknown_state", job.name, message, node=node, status=state, log_path=job.log_path(node))
    for node, state in job.unknown_runs():
        message = messages.unknown_run_state(job.name, node, state)
        return make_reason("unknown_state", job.name, message, node=node, status=state, log_path=job.log_path(node))
    return None


def _awaited_reading(job: JobState, at: float) -> Optional[Reason]:
    """The missing condition of a job in a state of wait_for; None if it is ready."""
    policy = job.policy
    if not job.is_started_late_enough:
        message = messages.not_restarted(job.name, job.start_time, policy.started_after or 0)
        return reason_of_job(job, "not_restarted", message)
    if job.has_unread_nodes:
        return reason_of_job(job, "still_pending", messages.unread_nodes(job, at))
    awaited = job.awaited_runs()
    if awaited is not None and (awaited or not job.triggered_nodes()):
        return reason_of_job(job, "no_run", messages.awaited_runs(job, awaited))
    if policy.require_records and not job.has_moved_records(NEVER):
        return reason_of_job(job, "no_records", messages.no_records(job, NEVER))
    return None


def _errors(job: JobState, context: Context) -> List[Reason]:
    """That the last attempt to read the job failed."""
    error = job.error
    if error is None or error is context.fatal:
        return []
    message = messages.unreadable(job.name, error, job.errors, job.state if job.is_known else None)
    return [make_reason(code_of(error), job.name, message, status=job.state, error=error)]
