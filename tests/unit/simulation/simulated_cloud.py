# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated cloud: it answers the calls of a gate from the scripts of its jobs, and keeps a log of all requests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests

from .job_scripts import (
    BROKEN,
    FOREIGN,
    GARBAGE,
    HANG,
    INTERIM,
    LIST,
    SLOW,
    THROTTLED,
    UNAUTHORIZED,
    UNAVAILABLE,
    UNSUCCESSFUL,
    Job,
    Trouble,
)
from .request_log import (
    DLI_PROGRESS,
    DLI_STATUS,
    FLINK_DETAIL,
    LISTING,
    OTHER,
    SPARK_BATCH,
    SPARK_LOG,
    STATUS,
    JobContent,
    Log,
    Request,
)
from .virtual_time import EPOCH, Planned, Reply

PROJECT_ID = "0123456789abcdef0123456789abcdef"
DATAARTS = "https://dataarts.test"
DLI = "https://dli.test"
STS = "https://sts.test"

BY_NAME = "name"
BY_UPDATE = "update"
PAGES = "pages"
RECORDS = "records"

# The calls about one job of DLI, with {} for the ID.
DLI_CALLS = {
    f"/v1/{PROJECT_ID}/jobs/{{}}/progress": DLI_PROGRESS,
    f"/v1.0/{PROJECT_ID}/jobs/{{}}/status": DLI_STATUS,
    f"/v1.0/{PROJECT_ID}/streaming/jobs/{{}}": FLINK_DETAIL,
    f"/v2.0/{PROJECT_ID}/batches/{{}}": SPARK_BATCH,
    f"/v2.0/{PROJECT_ID}/batches/{{}}/log": SPARK_LOG,
}
MISSING_CODES = {STATUS: "DLF.0100", FLINK_DETAIL: "DLI.16001"}
READY_STATES = {STATUS: "NORMAL", FLINK_DETAIL: "job_running", SPARK_BATCH: "success"}


@dataclass(frozen=True)
class Habits:
    """How a cloud answers.

    :ivar latency: seconds that an answer takes.
    :ivar wobble: by what part of itself the latency varies from answer to answer.
    :ivar made_at_sending: whether an answer shows the state when its request was sent; else the state when it arrives.
    :ivar order: of the list: BY_NAME, or BY_UPDATE (the latest first, so that a restart moves a job to the front).
    :ivar offset: what the list's offset counts: PAGES or RECORDS.
    :ivar largest_page: jobs on a page at most.
    :ivar list_lag: seconds by which the list is behind the status calls.
    """

    latency: float = 0.1
    wobble: float = 0.0
    made_at_sending: bool = False
    order: str = BY_NAME
    offset: str = PAGES
    largest_page: int = 100
    list_lag: float = 0.0


class SimulatedCloud:
    """Jobs, how the cloud answers, and its faults.

    :ivar log: the requests and answers.
    """

    def __init__(self, jobs: Sequence[Job], troubles: Sequence[Trouble] = (), habits: Habits | None = None) -> None:
        self.jobs = {job.name: job for job in jobs}
        self.troubles = tuple(troubles)
        self.habits = habits or Habits()
        self.log = Log()

    # -- receiving --------------------------------------------------------------------------------------------------

    def receive(self, prepared: Any, sent_at: float, bound: float) -> Planned:
        """Accept a request; times are seconds since the start of the gate."""
        request = self._read(prepared, sent_at, bound)
        self.log.requests.append(request)
        target = LIST if request.kind == LISTING else request.job or ""
        met = [trouble for trouble in self.troubles if trouble.concerns(target, sent_at)]
        slow = sum(trouble.seconds for trouble in met if trouble.kind == SLOW)
        fault = next((trouble for trouble in met if trouble.kind != SLOW), None)
        at: float | None = sent_at + self._latency(request.number) + slow
        if fault is not None and fault.kind == HANG:
            at = None
        elif fault is not None and fault.kind == BROKEN:
            at = sent_at + max(fault.seconds, 0.001)
        moment = sent_at if self.habits.made_at_sending or at is None else at

        def make() -> Reply:
            return self._fail(fault, request, moment) if fault is not None else self._answer(request, moment)

        def seen(seconds: float, given_up: bool) -> None:
            request.completed_at = seconds
            request.given_up = given_up
            request.late = seconds > bound

        return Planned(at, make, seen)

    def _latency(self, number: int) -> float:
        # Pseudo-random, and the same in each run.
        part = (number * 7919 % 101) / 101
        return max(0.001, self.habits.latency * (1 + self.habits.wobble * part))

    def _read(self, prepared: Any, sent_at: float, bound: float) -> Request:
        parts = urlsplit(prepared.url)
        segments = [unquote(segment) for segment in parts.path.split("/")[1:]]
        kind, name = OTHER, None
        if f"{parts.scheme}://{parts.netloc}" == DATAARTS:
            if segments == ["v1", PROJECT_ID, "jobs"]:
                kind = LISTING
            elif len(segments) == 5 and segments[:3] == ["v1", PROJECT_ID, "jobs"] and segments[4] == "status":
                kind, name = STATUS, segments[3]
        else:
            kind, name = _dli_call(segments)
        query = dict(parse_qsl(parts.query))
        number = len(self.log.requests) + 1
        return Request(number, sent_at, prepared.method, parts.path, query, kind, name, bound)

    # -- answering --------------------------------------------------------------------------------------------------

    def _reply(
        self, request: Request, moment: float, status: int, body: Any, headers: Mapping[str, str] | None = None
    ) -> Reply:
        request.status = status
        fixed = {
            "Content-Type": "application/json",
            "Date": formatdate(EPOCH + moment, usegmt=True),
            "X-Request-Id": f"request-{request.number}",
        }
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Reply(status, {**fixed, **(headers or {})}, data)

    def _fail(self, trouble: Trouble, request: Request, moment: float) -> Reply:
        """The answer under a fault. If it has a body, the body shows ready jobs."""
        kind = trouble.kind
        if kind == BROKEN:
            return Reply(0, {}, b"", requests.exceptions.ConnectionError("Connection aborted."))
        if kind == THROTTLED:
            wait = (
                formatdate(EPOCH + moment + trouble.seconds, usegmt=True) if trouble.as_date else f"{trouble.seconds:g}"
            )
            body = {"error_code": "APIGW.0308", "error_msg": "The throttling threshold has been reached."}
            return self._reply(request, moment, 429, body, {"Retry-After": wait})
        if kind == UNAVAILABLE:
            return self._reply(
                request, moment, 503, {"error_code": "APIGW.0613", "error_msg": "The backend service is unavailable."}
            )
        if kind == UNAUTHORIZED:
            return self._reply(
                request,
                moment,
                401,
                {"error_code": "APIGW.0301", "error_msg": "Incorrect IAM authentication information."},
            )
        body = ready_body(request)
        if kind == INTERIM:
            return self._reply(request, moment, 103, body)
        if kind == UNSUCCESSFUL:
            code = {"is_success": "false"} if "is_success" in body else {"error_code": "DLF.0001"}
            return self._reply(request, moment, 200, {**body, **code})
        if kind == FOREIGN and request.kind != LISTING:
            return self._reply(request, moment, 200, ready_body(request, "another"))
        assert kind in (GARBAGE, FOREIGN), kind
        whole = json.dumps(body).encode()
        return self._reply(request, moment, 200, whole[: len(whole) - 3] if request.number % 2 else b"<html>ok</html>")

    def _answer(self, request: Request, moment: float) -> Reply:
        if request.kind == LISTING:
            return self._list(request, moment)
        job = self.jobs.get(request.job or "")
        if request.kind == OTHER:
            return self._reply(request, moment, 404, {"error_code": "APIGW.0101", "error_msg": "API not found."})
        assert request.job is not None
        if job is None or not job.exists(moment):
            request.content = {request.job: JobContent(None)}
            code = MISSING_CODES.get(request.kind, "DLI.0002")
            return self._reply(request, moment, 400, {"error_code": code, "error_msg": "The job does not exist."})
        if request.kind == SPARK_LOG:
            request.content = {}
            return self._reply(request, moment, 200, {"id": job.name, "log": ["the executor was lost"]})
        content = _content(job, moment, request.kind == STATUS)
        request.content = {job.name: content}
        return self._reply(request, moment, 200, body_of(request.kind, job.name, content))

    def _list(self, request: Request, moment: float) -> Reply:
        query = request.query
        if query.get("jobType") != "REAL_TIME":
            jobs: list[Job] = []
        else:
            jobs = self.listed(query.get("jobName", ""), query.get("tags", ""), moment)
        limit = min(int(query.get("limit", "10")), self.habits.largest_page)
        first = int(query.get("offset", "0")) * (1 if self.habits.offset == RECORDS else limit)
        page = jobs[first : first + limit]
        request.content = {job.name: _content(job, moment - self.habits.list_lag, False) for job in page}
        request.total = len(jobs)
        entries = [
            {
                "name": name,
                "jobType": "REAL_TIME",
                "status": content.state,
                "startTime": content.started,
                "lastUpdateTime": 1_700_000_000_000,
            }
            for name, content in request.content.items()
        ]
        return self._reply(request, moment, 200, {"total": len(jobs), "jobs": entries})

    def listed(self, part: str, tags: str, moment: float) -> list[Job]:
        """The jobs that a list shows at a time, in its order."""
        seen = moment - self.habits.list_lag
        wanted = {tag for tag in tags.split(",") if tag}
        jobs = [job for job in self.jobs.values() if job.exists(seen) and part in job.name and wanted <= set(job.tags)]
        if self.habits.order == BY_UPDATE:
            return sorted(jobs, key=lambda job: (-job.last_update(seen), job.name))
        return sorted(jobs, key=lambda job: job.name)


def _content(job: Job, moment: float, nodes: bool) -> JobContent:
    states = {name: line.at(moment) for name, line in job.nodes.items()} if nodes else None
    return JobContent(
        job.states.at(moment), states, job.starts.at(moment), job.tasks.at(moment), job.restarts.at(moment)
    )


def _dli_call(segments: Sequence[str]) -> tuple[str, str | None]:
    """The DLI call of a path, and the job ID in it."""
    for number, segment in enumerate(segments):
        kind = DLI_CALLS.get("/" + "/".join([*segments[:number], "{}", *segments[number + 1 :]]))
        if kind is not None:
            return kind, segment
    return OTHER, None


def body_of(kind: str, name: str, content: JobContent) -> dict[str, Any]:
    """The body of an answer about one job."""
    if kind == STATUS:
        nodes = [{"name": node, "status": state, "type": "Script"} for node, state in (content.nodes or {}).items()]
        return {"name": name, "status": content.state, "startTime": content.started, "nodes": nodes}
    if kind in (SPARK_BATCH, SPARK_LOG):
        return {"id": name, "state": content.state, "log": []}
    if kind == FLINK_DETAIL:
        detail = {
            "job_id": name,
            "status": content.state,
            "start_time": content.started,
            "restart_times": content.restarts,
        }
        return {"is_success": "true", "message": "", "job_detail": detail}
    body: dict[str, Any] = {"is_success": True, "message": "", "job_id": name, "status": content.state}
    if kind == DLI_STATUS:
        return {**body, "message": "finished" if content.state == "FINISHED" else "", "start_time": content.started}
    done, most = content.tasks or (0, 0)
    running = content.state == "RUNNING" and content.tasks is not None
    sub_jobs = [{"id": 0, "status": "RUNNING", "num_tasks": most, "num_completed_tasks": done}] if running else []
    # While a job runs, its tasks show the progress.
    return {
        **body,
        "progress": 1 if content.state == "FINISHED" else 0,
        "sub_jobs": sub_jobs,
        **({"sub_job_id": 0} if running else {}),
    }


def ready_body(request: Request, name: str | None = None) -> dict[str, Any]:
    """The body of an answer that shows ready jobs, independent of their state.

    :param name: the job that the answer is about, instead of the requested one.
    """
    if request.kind == LISTING:
        return {"total": 0, "jobs": []}
    state = READY_STATES.get(request.kind, "FINISHED")
    content = JobContent(state, {"n": state} if request.kind == STATUS else None, 1_700_000_000_000)
    return body_of(request.kind, name or request.job or "", content)
