# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls that act on a DataArts job: start, stop and run-immediate; and the runs that the last one makes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .answers import Answer, Errors, answer_json
from .jobs_model import EpochMs, JobModel
from .jobs_spec import JobSpec
from .order_rules import OrderRules
from .world import World

NO_CONTENT: Final = 204
RUNNING: Final = frozenset({"STARTING", "NORMAL", "OVERLOAD", "SCHEDULING"})
AT_REST: Final = frozenset({"STOPPED", "PAUSED", "PAUSE"})
FIRST_INSTANCE: Final = 4_711_000


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a batch job that run-immediate has made at `began` seconds; it ends in the state `end`."""

    number: int
    spec: JobSpec
    workspace: str | None
    began: float
    end: str


class Acting:
    """Carries out orders on the jobs of the world."""

    def __init__(self, rules: OrderRules, missing_code: str, world: World, errors: Errors, epoch_ms: EpochMs) -> None:
        self._rules = rules
        self._missing_code = missing_code
        self._world = world
        self._errors = errors
        self._epoch_ms = epoch_ms
        self._runs: list[Run] = []

    def reset(self) -> None:
        """Forget all runs."""
        self._runs.clear()

    def order(self, verb: str, name: str, workspace: str | None, body: bytes, time: float) -> Answer:
        """`POST /v1/{project}/jobs/{name}/{verb}`."""
        model = self._world.job(name, workspace, time)
        if model is None:
            return self._errors.make(self._missing_code)
        if not _is_object(body):
            return self._errors.make("DLF.3051")
        code = dict(model.spec.order_errors).get(verb)
        if code is not None:
            return self._errors.make(code)
        if verb == "run-immediate":
            return self._run(model, workspace, time)
        return self._start(model, time) if verb == "start" else self._stop(model, time)

    def _start(self, model: JobModel, time: float) -> Answer:
        rules, spec = self._rules, model.spec
        if model.state(time).status in RUNNING:
            if rules.start_of_running == "accept":
                return Answer(NO_CONTENT, b"")
            return self._errors.make(rules.start_of_running, message=_is_running(spec.name, rules.start_of_running))
        if spec.type == "BATCH":
            path = [(rules.delay, "SCHEDULING")]
        else:
            path = [(rules.delay, "STARTING"), (rules.delay + rules.starting, spec.started_as)]
        self._move(model, f"start_{spec.name}", path, time)
        return Answer(NO_CONTENT, b"")

    def _stop(self, model: JobModel, time: float) -> Answer:
        rules, spec = self._rules, model.spec
        if model.state(time).status in AT_REST and rules.stop_of_stopped != "accept":
            return self._errors.make(rules.stop_of_stopped)
        if model.state(time).status not in AT_REST:
            path = [(rules.delay, "STOPPING"), (rules.delay + rules.stopping, spec.stopped_as)]
            self._move(model, f"stop_{spec.name}", path[-1:] if spec.type == "BATCH" else path, time)
        return Answer(NO_CONTENT, b"")

    def _move(self, model: JobModel, event: str, path: list[tuple[float, str]], time: float) -> None:
        """Let the job go through the states; a scenario that waits for the event says itself what happens."""
        if event in self._world.events:
            self._world.fire(event, time)
            return
        for after, status in path:
            self._world.change_job(model.spec.name, model.spec.workspace, time + after, {"status": status})

    def _run(self, model: JobModel, workspace: str | None, time: float) -> Answer:
        if model.spec.type != "BATCH":
            return self._errors.make("DLF.0136")
        number = FIRST_INSTANCE + len(self._runs) + 1
        self._runs.append(Run(number, model.spec, workspace, time, model.spec.run_as))
        return answer_json({"instanceId": number})

    # -- runs -------------------------------------------------------------------------------------------------------

    def instances(self, query: Mapping[str, str], workspace: str | None, time: float) -> Answer:
        """`GET /v1/{project}/jobs/instances/detail`."""
        limit, offset = int(query.get("limit", 10)), int(query.get("offset", 0))
        begin, end = (int(query.get(key, default)) for key, default in (("minPlanTime", 0), ("maxPlanTime", 1 << 60)))
        if not 1 <= limit <= 1000 or end - begin > 7 * 86_400_000:
            return self._errors.make("DLF.3051")
        found = [
            self._instance(run, time)
            for run in reversed(self._runs)
            if run.workspace == workspace and self._is_meant(run, query) and begin <= self._epoch_ms(run.began) <= end
        ]
        return answer_json({"total": len(found), "instances": found[offset * limit : (offset + 1) * limit]})

    def instance(self, name: str, number: str, workspace: str | None, time: float) -> Answer:
        """`GET /v1/{project}/jobs/{name}/instances/{number}`."""
        for run in self._runs:
            if str(run.number) == number and run.spec.name == name and run.workspace == workspace:
                fields = self._instance(run, time)
                fields.pop("errorMessage", None)
                nodes = [self._node(spec.name, index, run, fields) for index, spec in enumerate(run.spec.nodes)]
                return answer_json({**fields, "total": len(nodes), "nodes": nodes})
        return self._errors.make("DLF.30137")

    @staticmethod
    def _is_meant(run: Run, query: Mapping[str, str]) -> bool:
        name = query.get("jobName", "")
        return run.spec.name == name if query.get("preciseQuery") == "true" else name in run.spec.name

    def _instance(self, run: Run, time: float) -> dict[str, Any]:
        age, rules = time - run.began, self._rules
        began = self._epoch_ms(run.began)
        status = "waiting" if age < rules.waiting else "running" if age < rules.waiting + rules.running else run.end
        fields: dict[str, Any] = {
            "jobName": run.spec.name,
            "instanceId": run.number,
            "status": status,
            "planTime": began,
            "submitTime": began,
            "instanceType": rules.run_type,
            "forceSuccess": False,
            "ignoreSuccess": False,
            "version": 1,
        }
        if status != "waiting":
            fields["startTime"] = began + int(rules.waiting * 1000)
        if status == run.end:
            fields["endTime"] = began + int((rules.waiting + rules.running) * 1000)
        if status == run.end == "fail":
            fields["errorMessage"] = f"Run {run.number} of {run.spec.name} has failed."
        return fields

    @staticmethod
    def _node(name: str, index: int, run: Run, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The last node of a job is the one that fails."""
        is_last = index == len(run.spec.nodes) - 1
        status = fields["status"] if is_last or fields["status"] in ("waiting", "running") else "success"
        return {
            "nodeName": name,
            "status": status,
            "logPath": f"obs://dlf-log/{run.spec.name}/{name}.job",
            "retryTimes": 0,
        }


def _is_running(name: str, code: str) -> str | None:
    return f"The request parameter is invalid. Job {name} is running." if code == "DLF.3051" else None


def _is_object(body: bytes) -> bool:
    try:
        return not body or isinstance(json.loads(body), dict)
    except ValueError:
        return False
