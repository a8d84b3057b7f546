# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cloud that accepts orders, on a virtual clock: it executes them or not, and answers as scripted."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DatagateError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._orders.options import order_options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._orders.ordering import Ordering
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.virtual_time import (
    EPOCH,
    Planned,
    Reply,
    VirtualTime,
)

DATAARTS = "https://dataarts.test"
PROJECT_ID = "0123456789abcdef0123456789abcdef"
LATENCY = 0.1
AT_REST = ("STOPPED", "PAUSED")
_tokens = itertools.count()


@dataclass(frozen=True)
class Told:
    """The answer to an order.

    :ivar acts: whether it is executed.
    :ivar status: HTTP status; 0 for a connection that breaks, -1 for no answer at all, -2 for no connection.
    """

    acts: bool
    status: int
    code: str = ""
    text: str = ""


ANSWERS: dict[str, Told] = {
    "taken": Told(True, 204),
    "taken, 503": Told(True, 503, "APIGW.0613"),
    "503": Told(False, 503, "APIGW.0613"),
    "taken, broken": Told(True, 0),
    "broken": Told(False, 0),
    "taken, silent": Told(True, -1),
    "silent": Told(False, -1),
    "taken, garbled": Told(True, 202),
    "unconnected": Told(False, -2),
    "throttled": Told(False, 429, "APIGW.0308"),
    "429 of a proxy": Told(False, 429),
    "30107": Told(False, 400, "DLF.30107", "The job is already running."),
    "is running": Told(False, 400, "DLF.3051", "The request parameter is invalid. Job a is running."),
    "3051": Told(False, 400, "DLF.3051", "The request parameter is invalid."),
    "unknown code": Told(False, 400, "DLF.39999", "Something."),
    "no nodes": Told(False, 400, "DLF.30122", "The job has no nodes."),
    "denied": Told(False, 403, "APIGW.0302"),
}


@dataclass
class CloudJob:
    """A job. ``moves`` are (seconds, state, start time); the last one that has come counts.

    :ivar lag: seconds for which the old state is shown after an order.
    """

    state: str
    kind: str = "REAL_TIME"
    starts_as: str = "NORMAL"
    stops_as: str = "STOPPED"
    nodes: dict[str, str] = field(default_factory=dict)
    mends_nodes: bool = True
    lag: float = 2.0
    moves: list[tuple[float, str, int]] = field(default_factory=list)
    runs_end_as: str = "success"


class OrderCloud:
    """Jobs, and how orders are answered.

    :param answers: names in ANSWERS for the orders in turn; the last one counts for all that follow.
    :ivar posts: (seconds, job, verb, whether it was carried out) of each POST that reached the cloud.
    """

    def __init__(
        self,
        jobs: Mapping[str, CloudJob],
        answers: Sequence[str] = ("taken",),
        shows_runs: bool = True,
        fault: Callable[[str, float], int] = lambda kind, at: 0,
    ) -> None:
        self.jobs = dict(jobs)
        self._answers = [ANSWERS[name] for name in answers]
        self._shows_runs = shows_runs
        self._fault = fault
        self.posts: list[tuple[float, str, str, bool]] = []
        self.tries = 0
        self.runs: list[tuple[float, str, int]] = []
        for job in self.jobs.values():
            job.moves.insert(0, (-1.0, job.state, 1_000))

    def receive(self, prepared: Any, sent_at: float, bound: float) -> Planned:
        """Accept a request."""
        parts = urlsplit(prepared.url)
        segments = [unquote(segment) for segment in parts.path.split("/")[3:]]
        query = dict(parse_qsl(parts.query))
        if prepared.method == "POST":
            return self._order(segments[1], segments[2], sent_at)
        status = self._fault("status" if segments[-1] == "status" else "other", sent_at)
        if status:
            return _planned(sent_at, status, {"error_code": "APIGW.0613", "error_msg": "no"})
        return self._read(segments, query, sent_at)

    # -- orders -----------------------------------------------------------------------------------------------------

    def _order(self, name: str, verb: str, at: float) -> Planned:
        received = self._answers[min(self.tries, len(self._answers) - 1)]
        self.tries += 1
        if received.status == -2:
            reason = NewConnectionError(None, "refused")  # type: ignore[arg-type]
            error = requests.exceptions.ConnectionError(MaxRetryError(None, "/", reason))  # type: ignore[arg-type]
            return Planned(at + LATENCY, lambda: Reply(0, {}, b"", error), _ignore)
        self.posts.append((at, name, verb, received.acts))
        number = self._carry_out(name, verb, at) if received.acts else 0
        if received.status == -1:
            return Planned(None, lambda: Reply(0, {}, b""), _ignore)
        if received.status == 0:
            broken = requests.exceptions.ConnectionError("Connection aborted.")
            return Planned(at + LATENCY, lambda: Reply(0, {}, b"", broken), _ignore)
        if received.status == 204 and verb == "run-immediate":
            return _planned(at, 200, {"instanceId": number})
        body = {"error_code": received.code, "error_msg": received.text} if received.code else None
        return _planned(at, received.status, body)

    def _carry_out(self, name: str, verb: str, at: float) -> int:
        job = self.jobs[name]
        if verb == "run-immediate":
            number = 100 + len(self.runs)
            self.runs.append((at, name, number))
            return number
        shown = at + job.lag
        job.moves = [move for move in job.moves if move[0] <= shown]
        started = 1_000 + int(at * 1000)
        batch = job.kind == "BATCH"
        if verb == "start":
            if not batch:
                job.moves.append((shown, "STARTING", started))
            job.moves.append((shown + 3, "SCHEDULING" if batch else job.starts_as, started))
            if job.mends_nodes:
                job.nodes = dict.fromkeys(job.nodes, "NORMAL")
        else:
            if not batch:
                job.moves.append((shown, "STOPPING", job.moves[-1][2]))
            job.moves.append((shown + 3, job.stops_as, job.moves[-1][2]))
        return 0

    # -- readings ---------------------------------------------------------------------------------------------------

    def _read(self, segments: list[str], query: dict[str, str], at: float) -> Planned:
        missing = {"error_code": "DLF.0100", "error_msg": "The job does not exist."}
        if segments == ["jobs"]:
            found = [
                {"name": name, "jobType": job.kind, "status": self.state(name, at)[0]}
                for name, job in self.jobs.items()
                if job.kind == query["jobType"] and query.get("jobName", "") in name
            ]
            return _planned(at, 200, {"total": len(found), "jobs": found})
        if segments == ["jobs", "instances", "detail"]:
            runs = [run for run in self.runs if run[1] == query["jobName"]] if self._shows_runs else []
            return _planned(at, 200, {"total": len(runs), "instances": [self._run(run, at) for run in runs]})
        job = self.jobs.get(segments[1])
        if len(segments) == 4:
            run = next(run for run in self.runs if str(run[2]) == segments[3])
            return _planned(at, 200, {**self._run(run, at), "nodes": []})
        if job is None or job.kind == "BATCH":
            return _planned(at, 400, missing)
        state, started = self.state(segments[1], at)
        nodes = [{"name": node, "status": status} for node, status in job.nodes.items()] or [
            {"name": "only", "status": state if state != "EXCEPTION" else "NORMAL"}
        ]
        return _planned(at, 200, {"name": segments[1], "status": state, "startTime": started, "nodes": nodes})

    def state(self, name: str, at: float) -> tuple[str, int]:
        """The state of a job, and its start time."""
        return [move[1:] for move in self.jobs[name].moves if move[0] <= at][-1]

    def _run(self, run: tuple[float, str, int], at: float) -> dict[str, Any]:
        began, name, number = run
        planned = int((EPOCH + began) * 1000)
        status = "running" if at < began + 5 else self.jobs[name].runs_end_as
        return {"jobName": name, "instanceId": number, "status": status, "planTime": planned, "instanceType": 7}


def _planned(at: float, status: int, body: Any) -> Planned:
    data = b"" if body is None else json.dumps(body).encode()
    return Planned(at + LATENCY, lambda: Reply(status, {"Content-Type": "application/json"}, data), _ignore)


def _ignore(seconds: float, given_up: bool) -> None:
    """The event is not recorded."""


def order(cloud: OrderCloud, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """Run the module's body against a cloud."""
    params = {
        "wait_timeout": 120,
        "retries": 2,
        "requests_per_second": 0,
        **options,
        "auth_type": "token",
        "auth_token": f"made-up-order-token-{next(_tokens)}",
        "project_id": PROJECT_ID,
        "region": "cn-north-4",
        "endpoints": {"dataarts": DATAARTS},
    }
    time = VirtualTime(cloud.receive)
    session = Session(resolve(params, {}, "dataarts"), time, executor=time)
    notes: list[str] = []
    try:
        result = Ordering(order_options(params), session, check_mode, None, notes.append).run()
    except DatagateError as error:
        result = {"failed": True, "changed": False, "msg": str(error), **error.extras()}
    finally:
        session.close()
    return {**result, "notes_shown": notes, "seconds": time.seconds}
