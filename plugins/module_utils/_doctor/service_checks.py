# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The checks of the services: project, workspace, rights and speed. Each one is a pure function of the evidence."""

from __future__ import annotations

from statistics import median_low
from typing import Optional

from .._error_codes import DENIED, MISSING, NO_PERMISSION, gateway_number, normalize_code
from .._errors import RequestError
from .._services import answers
from .._services.dli.sql_jobs import BUSY
from .._services.normalize import Unreadable
from .._text import printable
from .connection_checks import first_error, is_project_lookup, is_proof, is_workspace_lookup
from .evidence import (
    BATCH_LIST,
    DLI_STATUS,
    LIST,
    MAX_REQUESTS,
    OTHER_PROGRESS,
    PROGRESS,
    STATUS,
    Evidence,
    is_wrong_path,
)
from .judgement import Judgement, fail, ok, skipped, warn

SLOW = 3.0  # seconds; the usual time of an answer is a tenth of that
THROTTLED = 429
_NO_WORKSPACE = ("DLF.0819", "DLF.20819")
_NO_PROJECT = ("0302", "0310")
_BAD_PARAMETER = "DLF.3051"
_REPORT = "report it with the findings, since this version does not know such an answer"
_TRY_AGAIN = "try again in a few minutes; if it stays, check proxy (HTTPS_PROXY) and endpoints"


def project(evidence: Evidence) -> Judgement:
    """The project of the requests."""
    error = first_error(evidence)
    if error is not None and is_project_lookup(error):
        return fail(str(error), "set project_id (HW_PROJECT_ID), or let the user list projects and check project_name")
    if error is not None and gateway_number(error.error_code) in _NO_PROJECT:
        return fail(
            str(error),
            "check that project_id (HW_PROJECT_ID) is a project of this account and region, and the user's rights",
        )
    if error is not None and not is_proof(error):
        return skipped(f"the service did not look at it: {error.summary}")
    named = evidence.opened.project_id is not None
    return ok(f"{evidence.project_id}{'' if named else f', looked up as {evidence.opened.project_name}'}")


def workspace(evidence: Evidence) -> Judgement:
    """The workspace of the requests."""
    error, name = first_error(evidence), evidence.opened.workspace
    shown = f"workspace {printable(name, 64)}" if name else "the default workspace"
    if error is not None and is_workspace_lookup(error):
        return fail(
            str(error),
            "correct workspace_name and dataarts_instance, or set workspace (HW_DATAARTS_WORKSPACE_ID) to the ID of the workspace",
        )
    if evidence.opened.workspace_name:
        shown = f"{shown}, looked up as {printable(evidence.opened.workspace_name, 64)}"
    if not evidence.has_ended(LIST):
        return skipped("the job list was not read")
    if error is not None and normalize_code(error.error_code) in _NO_WORKSPACE:
        return fail(
            f"{shown} does not exist: {error}", "set workspace (HW_DATAARTS_WORKSPACE_ID) to the ID of a workspace"
        )
    if error is not None:
        return skipped(f"{shown}: not known, since the job list cannot be read")
    return ok(shown)


def right_to_list(evidence: Evidence) -> Judgement:
    """Whether the job list can be read."""
    if not evidence.has_ended(LIST):
        return skipped("the job list was not read")
    error = first_error(evidence)
    if error is not None:
        return _no_list(error, "html" in evidence.seen[LIST].headers.get("Content-Type", "").lower())
    real_time, batch = _count(evidence, LIST), _count(evidence, BATCH_LIST)
    if real_time is None:
        return fail("the answer is no job list", _REPORT)
    detail = f"{_jobs(real_time, 'real-time')}, {_jobs(batch, 'batch')}"
    if real_time == 0 and batch == 0:
        return warn(detail, "check workspace (HW_DATAARTS_WORKSPACE_ID) and project_id: a gate needs jobs")
    return ok(detail)


def _no_list(error: RequestError, is_page: bool) -> Judgement:
    """The judgement on a list that was not read, from the first row that applies."""
    code = normalize_code(error.error_code)
    if error.status == THROTTLED:
        return warn(
            str(error),
            "lower requests_per_second, and find what else uses the quota of this user (30 requests a second)",
        )
    if is_page:
        return fail(
            f"an HTML page came in place of an answer: {error}",
            "wait if the cloud is in maintenance; otherwise check proxy (HTTPS_PROXY) and endpoints, since a page is no API",
        )
    if error.kind == DENIED or code == NO_PERMISSION:
        return fail(str(error), "give the user the right to list jobs of DataArts Factory, and a role in the workspace")
    if code == _BAD_PARAMETER:
        return fail(str(error), _REPORT)
    return fail(str(error), _TRY_AGAIN)


def _count(evidence: Evidence, call: str) -> Optional[int]:
    """The total on the first page of the list; None if it was not read."""
    answer = evidence.answer(call)
    if answer is None:
        return None
    try:
        page = answers.job_page(answer.data)
    except Unreadable:
        return None
    return len(page.jobs) if page.total is None else max(page.total, len(page.jobs))


def _jobs(number: Optional[int], kind: str) -> str:
    if number is None:
        return f"{kind} jobs not read"
    return f"{number} {kind} job{'' if number == 1 else 's'}"


def right_to_status(evidence: Evidence) -> Judgement:
    """Whether the status of a real-time job, with its nodes, can be read."""
    name = printable(evidence.job_name, 128)
    answer, error = evidence.answer(STATUS), evidence.error(STATUS)
    if answer is not None:
        return _status(answer.data, evidence.job_name or "")
    if not evidence.has_ended(STATUS) or error is None:
        why = "there is no real-time job to read" if evidence.answer(LIST) else "no job is known; job_name can name one"
        return skipped(why)
    if error.kind == MISSING:
        advice = "check job_name and workspace: it must name a real-time job"
        return (
            warn(f"there is no real-time job {name}: {error}", advice)
            if evidence.is_job_named
            else warn(
                f"the list shows {name}, and its status does not: {error}",
                "run this again, and report it if it stays: " + _REPORT,
            )
        )
    if error.kind == DENIED:
        return fail(str(error), "give the user the right to read the status of real-time jobs of DataArts Factory")
    if error.status == THROTTLED:
        return warn(str(error), "lower requests_per_second")
    return fail(str(error), _TRY_AGAIN)


def _status(data: object, name: str) -> Judgement:
    shown = printable(name, 128)
    try:
        job = answers.real_time_job(data, name)
    except Unreadable as problem:
        return fail(f"{shown}: {problem}", _REPORT)
    if answers.is_batch(job):
        return warn(f"{shown} is a batch job", "name a real-time job in job_name")
    number = len(job["nodes"])
    return ok(f"{shown} is {job['status'] or 'without a state'}, with {number} node{'' if number == 1 else 's'}")


def dli(evidence: Evidence) -> Judgement:
    """Whether DLI can be read. Without dli_job_id no failure: gates for real-time jobs do not need DLI."""
    if evidence.dli_question is None:
        return skipped("not checked, because endpoints.dataarts is set and endpoints.dli (HW_DLI_ENDPOINT) is not")
    call = OTHER_PROGRESS if OTHER_PROGRESS in evidence.seen else PROGRESS
    if call not in evidence.seen:
        reached = evidence.requests >= MAX_REQUESTS
        return skipped(f"the limit of {MAX_REQUESTS} requests was reached" if reached else f"not sent: {evidence.stop}")
    bad = fail if evidence.dli_job_id else warn
    answer, error = evidence.answer(call), evidence.error(call)
    if answer is not None:
        return _dli_job(answer.data, evidence)
    if error is None:
        return bad(str(evidence.stop), "check the credentials and endpoints.dli (HW_DLI_ENDPOINT)")
    if error.kind == MISSING:
        if evidence.dli_job_id is None:
            return ok("the service answers; no job was read, since dli_job_id is not set")
        return warn(str(error), "check that dli_job_id is a job of this project and region")
    if is_wrong_path(error):
        return bad(str(error), "check region, cloud and endpoints.dli (HW_DLI_ENDPOINT)")
    if error.kind == DENIED:
        return bad(str(error), "give the user the right to read DLI jobs; gates for real-time jobs work without it")
    if error.error_code == BUSY:
        return warn(
            str(error),
            "run this again when the queue of dli_job_id is less busy; a gate reads the status call in the meantime",
        )
    return bad(str(error), "try again in a few minutes; if it stays, check endpoints.dli (HW_DLI_ENDPOINT) and proxy")


def _dli_job(data: object, evidence: Evidence) -> Judgement:
    try:
        job = answers.dli_job(data, evidence.dli_question or "")
    except Unreadable as problem:
        return (fail if evidence.dli_job_id else warn)(f"the progress cannot be read: {problem}", _REPORT)
    error = evidence.error(DLI_STATUS)
    if error is not None:
        return warn(
            f"the progress can be read, the status cannot: {error}",
            "give the user the right to read the status of DLI jobs: without it dli_job_progress shows no reason of a failure",
        )
    return ok(f"{printable(job['job_id'], 64)} is {job['status']}")


def latency(evidence: Evidence) -> Judgement:
    """The usual time of an answer, errors included."""
    times = [seen.seconds for seen in evidence.seen.values() if seen.headers]
    if not times:
        return skipped("no request was answered")
    seconds = median_low(times)
    detail = f"an answer takes {seconds:.2g} s"
    if seconds >= SLOW:
        return warn(
            detail,
            "raise wait_interval and wait_timeout, and request_timeout if requests end without an answer; check proxy",
        )
    return ok(detail)
