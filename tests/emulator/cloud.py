# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulated cloud without its sockets: from a request to an answer, with the checks in the cloud's order."""

from __future__ import annotations

import time as real_time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .answers import Answer, Errors, answer_json
from .auth import Authenticator, Request, access_key_of
from .clock import Clock
from .constants import STATUS_ERROR
from .dataarts import DataArts
from .dli import Dli
from .dli_clusters import Flink, Spark
from .fault_rules import FaultRule, Faults
from .federation import Federation
from .iam import Iam
from .instances import Instances
from .journal import Journal
from .orders import Acting
from .quota import SlidingWindow
from .routes import Call
from .scenario import Scenario
from .studio import Studio
from .vendor import Oracle
from .world import World


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request: header names in lower case, `query` decoded as a web server does (`+` is a space)."""

    call: Call
    raw_query: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    request_id: str


class Cloud:
    """State and rules of the emulated cloud."""

    def __init__(self, scenario: Scenario, oracle: Oracle | None) -> None:
        self.scenario = scenario
        self.clock = Clock(manual=scenario.clock == "manual")
        self.world = World(scenario, self.clock.epoch_ms)
        self.journal = Journal(scenario.journal_size)
        self.faults = Faults(scenario.faults, scenario.seed)
        self.errors = Errors(scenario)
        self.authenticator = Authenticator(scenario, self.errors, oracle)
        self._window = SlidingWindow()
        self._acting = Acting(scenario.orders, scenario.missing_job_code, self.world, self.errors)
        self.instances = Instances(scenario, self.world, self._acting, self.errors, self.clock.epoch_ms)
        self._dataarts = DataArts(scenario, self.world, self.errors, self._acting, self.instances)
        self._dli = Dli(scenario, self.world, self.errors)
        self._flink = Flink(scenario.dli, self.world, self.errors, self.clock.epoch_ms)
        self._spark = Spark(scenario.dli, self.world, self.errors, self.clock.epoch_ms)
        self._iam = Iam(scenario, self.authenticator, self.clock)
        self._federation = Federation(scenario, self.authenticator, self.errors, self.clock)
        self._studio = Studio(scenario, self.errors)

    def reset(self) -> None:
        """Reset time, events, changes, locks, quotas, counts of the fault rules, and the journal."""
        self.clock.restart()
        self.world.reset()
        self._acting.reset()
        self.instances.reset()
        self.faults.reset()
        self.authenticator.reset()
        self._iam.reset()
        self._federation.reset()
        self._window.reset()
        self.journal.clear()

    def choose_fault(self, incoming: Incoming) -> FaultRule | None:
        """The fault rule that matches this request, if any; events and time steps of rules take effect at once."""
        chosen = self.faults.choose(incoming.call, incoming.query, self.clock.now(), self.world.fired)
        for rule in chosen:
            if rule.advance:
                self.clock.advance(rule.advance)
            if rule.fire is not None:
                self.fire(rule.fire)
        return chosen[-1] if chosen and not chosen[-1].harmless else None

    def fire(self, event: str) -> int:
        """Fire an event now; returns the number of jobs that depend on it. KeyError if the scenario does not name it."""
        faults = {rule.match.after for rule in self.scenario.faults if rule.match.after is not None}
        known = {*self.world.events, *self.instances.events, *faults}
        if event not in known:
            raise KeyError(f"nothing waits for the event {event!r} (known: {', '.join(sorted(known)) or 'none'})")
        return self.world.fire(event, self.clock.now())

    def answer(self, incoming: Incoming, fault: FaultRule | None) -> Answer:
        """The answer to a request, possibly replaced by a fault rule."""
        if fault is not None and fault.replaces:
            if fault.acts:
                self._checked(incoming, 0.0)
            answer = self._faulty(fault, incoming)
        else:
            answer = self._checked(incoming, (fault.clock_skew if fault else None) or 0.0)
            if fault is not None and fault.status is not None:
                answer.status = fault.status
        if fault is not None:
            answer.headers.update(fault.headers)
        answer.headers["X-Request-Id"] = incoming.request_id
        return answer

    def _checked(self, incoming: Incoming, skew: float) -> Answer:
        now = self.clock.now()
        return (
            self._check_host(incoming)
            or self._check_quota(incoming, now)
            or self._check_authentication(incoming, now, skew)
            or self._check_headers(incoming)
            or self._check_project(incoming)
            or self._dispatch(incoming, now)
        )

    def _check_host(self, incoming: Incoming) -> Answer | None:
        call = incoming.call
        wanted = self.scenario.hosts.get(call.service or "")
        host = incoming.headers.get("host", "").rpartition(":")[0] or incoming.headers.get("host", "")
        is_absent = call.service == "sts" and not self.scenario.sts
        if call.name == "unknown" or is_absent or (wanted is not None and host != wanted):
            return self.errors.make("APIGW.0101", request_id=incoming.request_id)
        return None

    def _check_quota(self, incoming: Incoming, now: float) -> Answer | None:
        quota = self.scenario.quota
        service = incoming.call.service or ""
        if service not in quota.services:
            return None
        keys = (
            (f"{service} user {self.authenticator.user_of(incoming.headers)}", quota.per_user),
            (f"{service} call {incoming.call.name}", quota.per_api),
        )
        for key, limit in keys:
            if self._window.full(key, limit, now):
                headers = {} if quota.retry_after is None else {"Retry-After": f"{quota.retry_after:g}"}
                return self.errors.make("APIGW.0308", headers=headers, request_id=incoming.request_id, limit=limit)
        for key, limit in keys:
            if limit > 0:
                self._window.count(key, now)
        return None

    def _check_authentication(self, incoming: Incoming, now: float, skew: float) -> Answer | None:
        if incoming.call.service == "metadata" or incoming.call.name in ("tokens", "id_tokens", "sts_assume_oidc"):
            return None
        if incoming.call.name == "securitytokens" and not {"authorization", "x-auth-token"} & set(incoming.headers):
            return None  # a token in the body
        request = Request(
            method=incoming.call.method,
            raw_path=incoming.call.raw_path,
            raw_query=incoming.raw_query,
            headers=incoming.headers,
            body=incoming.body,
            request_id=incoming.request_id,
        )
        needs_scope = incoming.call.service != "iam"
        return self.authenticator.check(request, now, self.wall_time() + skew, needs_scope=needs_scope)

    def wall_time(self) -> float:
        """The server's Unix time in seconds, by which the dates of signatures are judged: real, plus the skew."""
        return real_time.time() + self.scenario.clock_skew

    def _check_headers(self, incoming: Incoming) -> Answer | None:
        if incoming.call.service not in ("dataarts", "dli"):
            return None
        if "content-type" not in incoming.headers:
            return self.errors.make("APIGW.0106", header="Content-Type", request_id=incoming.request_id)
        if incoming.call.service == "dataarts" and "x-project-id" not in incoming.headers:
            return self.errors.make("DLF.0819")
        return None

    def _check_project(self, incoming: Incoming) -> Answer | None:
        if incoming.call.service not in ("dataarts", "dli", "studio"):
            return None
        known = {self.scenario.project_id, *(project.id for project in self.scenario.projects)}
        named = {incoming.call.project, incoming.headers.get("x-project-id", incoming.call.project)}
        only = self.authenticator.project_of(incoming.headers)
        if not named <= known or len(named) > 1 or only not in (None, *named):
            return self.errors.make("APIGW.0302", request_id=incoming.request_id)
        return None

    def _dispatch(self, incoming: Incoming, now: float) -> Answer:
        call, headers = incoming.call, incoming.headers
        if call.service == "dataarts":
            return self._dispatch_dataarts(incoming, now)
        if call.service == "dli":
            return self._answer_dli(incoming, now)
        match call.name:
            case "tokens":
                return self._iam.tokens(incoming.body, now)
            case "projects":
                return self._iam.projects(incoming.query, self.authenticator.project_of(headers))
            case "securitytokens":
                return self._federation.securitytokens(headers, incoming.body, now)
            case "id_tokens":
                return self._federation.id_tokens(headers, incoming.body, now)
            case "sts_assume":
                return self._federation.assume(headers, incoming.body, now)
            case "sts_assume_oidc":
                return self._federation.assume_with_oidc(incoming.body, now)
            case "instances":
                return self._studio.instances(incoming.query)
            case "workspaces":
                return self._studio.workspaces(call.job or "", incoming.query)
            case "securitykey":
                return self._iam.securitykey(headers, now)
            case "metadata_token":
                return self._iam.metadata_token(headers, now)
        raise AssertionError(f"no such call: {call.name}")

    def _dispatch_dataarts(self, incoming: Incoming, now: float) -> Answer:
        call, headers = incoming.call, incoming.headers
        match call.name:
            case "job_list":
                return self._dataarts.list_jobs(headers, incoming.query, now)
            case "job_status":
                return self._dataarts.job_status(headers, call.job or "", now)
            case "job_start" | "job_stop" | "job_run":
                verb = call.path.rstrip("/").rpartition("/")[2]
                return self._dataarts.order(verb, headers, call.job or "", incoming.body, now)
            case "job_definition":
                return self._dataarts.definition(headers, call.job or "", now)
            case "instance_list":
                return self._dataarts.instances(headers, incoming.query, now)
            case "instance":
                return self._dataarts.instance(headers, call.job or "", call.instance or "", now)
        raise AssertionError(f"no such call: {call.name}")

    def _answer_dli(self, incoming: Incoming, now: float) -> Answer:
        name, job = incoming.call.name, incoming.call.job or ""
        match name:
            case "dli_progress":
                return self._dli.progress(job, now)
            case "dli_status":
                return self._dli.status(job, now)
            case "dli_list":
                return self._dli.list_jobs(incoming.query, now)
            case "dli_cancel":
                return self._dli.cancel(job, now)
            case "flink_list":
                return self._flink.list_jobs(incoming.query, now)
            case "flink_detail":
                return self._flink.detail(job, now)
            case "flink_run" | "flink_stop":
                return self._flink.order(name.removeprefix("flink_"), incoming.body, now)
            case "spark_list":
                return self._spark.list_batches(incoming.query, now)
            case "spark_batch" | "spark_state" | "spark_log" | "spark_cancel":
                return self._spark.answer(name, job, now)
        raise AssertionError(f"no such call: {name}")

    def _faulty(self, fault: FaultRule, incoming: Incoming) -> Answer:
        if fault.redirect is not None:
            return Answer(fault.status or 302, b"", {"Location": fault.redirect})
        if fault.has_json:
            answer = answer_json(fault.json, fault.status or 200)
            answer.error_code = fault.error_code
        elif fault.body is not None:
            body = fault.body.encode(fault.charset)
            answer = Answer(fault.status or 200, body, {"Content-Type": "text/html"}, fault.error_code)
        elif fault.gzip_bomb is not None or fault.body_size is not None:
            answer = Answer(fault.status or 200, b"", {"Content-Type": "application/json"})
        elif fault.hang or fault.reset == "before_headers" or fault.raw is not None:
            answer = Answer(fault.status or 503, b"")
        else:
            code = fault.error_code or STATUS_ERROR.get(fault.status or 0, f"EMULATOR.{fault.status or 400}")
            message = fault.error_msg
            if fault.echo:
                message = " ".join(text for text in (message, *_logged(incoming)) if text)
            answer = self.errors.make(
                code, status=fault.status, message=message, request_id=incoming.request_id, reason="fault"
            )
        if fault.content_type is not None:
            answer.headers["Content-Type"] = fault.content_type
        return answer

    def describe(self) -> dict[str, Any]:
        """The state of the emulator, for the control calls."""
        return {"time": self.clock.now(), "events": self.world.events, "fired": dict(self.world.fired)}

    def claimed_by(self, headers: Mapping[str, str]) -> tuple[str, str | None]:
        """The user and the access key that a request claims, for the journal."""
        return self.authenticator.user_of(headers), access_key_of(headers)


def _logged(incoming: Incoming) -> list[str]:
    """A request as a careless service repeats it in an error: body and headers, secrets first."""
    headers = incoming.headers
    names = sorted(headers, key=lambda name: ("auth" not in name and "token" not in name, len(headers[name])))
    return [incoming.body.decode("utf-8", "replace"), *(f"{name}:{headers[name]}" for name in names)]
