# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instance calls: the list of runs, and one run with its nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .answers import Answer, Errors, answer_json
from .jobs_model import EpochMs, moment
from .jobs_spec import JobSpec
from .orders import Acting, Run
from .runs_spec import RunSpec
from .scenario import Scenario
from .timeline import Change, Firing, events_of, resolve
from .world import World

DAY_MS: Final = 86_400_000
FIRST_NUMBER: Final = 8_100_000
UNFINISHED: Final = frozenset({"waiting", "running", "pause", "freeze", "waiting-confirm", "running-exception"})
DECLARED: Final = {"force_success": "forceSuccess", "ignore_success": "ignoreSuccess"}


@dataclass(frozen=True, slots=True)
class _Planned:
    """A run of the scenario. `name` is that of its job, or of the sub-job of a node."""

    number: int
    name: str
    job: JobSpec
    spec: RunSpec


class Instances:
    """Runs from the scenario, and those that run-immediate has made."""

    def __init__(self, scenario: Scenario, world: World, acting: Acting, errors: Errors, epoch_ms: EpochMs) -> None:
        self._scenario, self._rules = scenario, scenario.runs
        self._world, self._acting = world, acting
        self._errors, self._epoch_ms = errors, epoch_ms
        self._planned = list(self._plan(scenario))
        self._changes: dict[int, list[Change]] = {}

    @staticmethod
    def _plan(scenario: Scenario) -> Iterator[_Planned]:
        place = 0
        for job in scenario.jobs:
            for spec in job.runs:
                place += 1
                name = job.name if spec.node is None else f"{job.name}_{spec.node}"
                number = FIRST_NUMBER + place if spec.number is None else spec.number
                yield _Planned(number, name, job, spec)

    @property
    def events(self) -> set[str]:
        """The events that a run depends on."""
        return {event for run in self._planned for event in events_of(run.spec.timeline)}

    def reset(self) -> None:
        """Undo every change."""
        self._changes.clear()

    def change(self, number: int, time: float, changes: Mapping[str, Any]) -> None:
        """Change a run of the scenario from `time` seconds on."""
        if number not in {run.number for run in self._planned}:
            raise KeyError(f"there is no run {number}")
        self._changes.setdefault(number, []).append(Change(time, changes))

    # -- calls ------------------------------------------------------------------------------------------------------

    def list(self, query: Mapping[str, str], workspace: str | None, time: float) -> Answer:
        """`GET /v1/{project}/jobs/instances/detail`."""
        bounds = self._bounds(query, time)
        limit, offset = _whole(query.get("limit", "10")), _whole(query.get("offset", "0"))
        rules = self._rules
        if bounds is None or limit is None or offset is None or not 1 <= limit <= rules.max_limit:
            return self._errors.make("DLF.3051")
        name = query.get("jobName", "")
        if name and rules.unknown_job == "missing" and not self._is_known(name, workspace):
            return self._errors.make(self._scenario.missing_job_code)
        found = [fields for fields in self._all(workspace, time) if self._is_meant(fields, query, bounds)]
        found.sort(key=_order(rules.order), reverse=rules.order == "newest")
        begin = offset * limit if self._scenario.offset_means == "page" else offset
        shown = [self._finished(fields, "list") for fields in found[begin : begin + limit]]
        return answer_json({"total": len(found), "instances": shown})

    def one(self, name: str, number: str, workspace: str | None, time: float) -> Answer:
        """`GET /v1/{project}/jobs/{name}/instances/{number}`."""
        for fields in self._all(workspace, time, number):
            if fields["jobName"] == name:
                nodes = fields.pop("nodes")
                return answer_json(self._finished({**fields, "total": len(nodes), "nodes": nodes}, "one"))
        return self._errors.make("DLF.30137")

    def _bounds(self, query: Mapping[str, str], time: float) -> tuple[int, int] | None:
        """The requested window; None if it is refused."""
        end = _whole(query.get("maxPlanTime", str(self._epoch_ms(time))))
        begin = None if end is None else _whole(query.get("minPlanTime", str(end - DAY_MS)))
        if begin is None or end is None or end - begin > self._rules.max_days * DAY_MS:
            return None
        return begin, end

    def _is_known(self, name: str, workspace: str | None) -> bool:
        specs = [job for job in self._scenario.jobs if job.workspace == workspace]
        return any(name in job.name for job in specs) or any(name in run.name for run in self._planned)

    def _is_meant(self, fields: Mapping[str, Any], query: Mapping[str, str], bounds: tuple[int, int]) -> bool:
        rules, name, kind = self._rules, query.get("jobName", ""), query.get("instanceType")
        is_precise = rules.is_precise and query.get("preciseQuery") == "true"
        if not (fields["jobName"] == name if is_precise else name in fields["jobName"]):
            return False
        if kind is not None and str(fields["instanceType"]) != kind:
            return False
        if query.get("status") not in (None, fields["status"]):
            return False
        time = fields["planTime"] if rules.bounds == "plan" else fields.get("startTime", 0)
        return bounds[0] <= time <= bounds[1]

    # -- runs -------------------------------------------------------------------------------------------------------

    def _all(self, workspace: str | None, time: float, number: str | None = None) -> Iterator[dict[str, Any]]:
        """All runs with their nodes, in the newest form; of one number alone where it is given."""
        for run in self._planned:
            if run.job.workspace == workspace and number in (None, str(run.number)):
                fields = self._of_scenario(run, time)
                if fields is not None:
                    yield fields
        for made in self._acting.runs:
            if made.workspace == workspace and number in (None, str(made.number)):
                yield self._of_order(made, time)

    def _of_scenario(self, run: _Planned, time: float) -> dict[str, Any] | None:
        causes: list[Firing | Change] = [Firing(at, event) for event, at in self._world.fired.items()]
        causes += self._changes.get(run.number, [])
        values = dict(run.spec.initial)
        for change in resolve(run.spec.timeline, causes, run.job.shift):
            if change.time <= time:
                values.update(change.changes)
                if change.time > 0 and change.changes.get("status") == "running":
                    values["start_time"] = change.changes.get("start_time", self._epoch_ms(change.time))
        if values.get("absent"):
            return None
        plan = moment(run.spec.plan, 0.0, self._epoch_ms)
        fields = _fields(run.name, run.number, values["status"], plan, run.spec.kind)
        for key, name in DECLARED.items():
            fields[name] = bool(values.get(key, False))
        self._add_times(fields, values, plan)
        if values.get("error"):
            fields["errorMessage"] = values["error"]
        fields["nodes"] = [
            _node(run.job, name, _node_state(name, run, fields["status"]), run.spec.retries)
            for name in _node_names(run)
        ]
        return {key: value for key, value in fields.items() if key not in run.spec.omit}

    def _add_times(self, fields: dict[str, Any], values: Mapping[str, Any], plan: int) -> None:
        status = fields["status"]
        fields["submitTime"] = moment(values.get("submit_time", plan), 0.0, self._epoch_ms)
        start = moment(values.get("start_time", plan + 1000), 0.0, self._epoch_ms)
        if status == "waiting":
            start = 0 if self._rules.waiting_start == "zero" else None
        if start is not None:
            fields["startTime"] = start
        if status not in UNFINISHED and start:
            fields["endTime"] = moment(values.get("end_time", start + 60_000), 0.0, self._epoch_ms)

    def _of_order(self, run: Run, time: float) -> dict[str, Any]:
        age, rules = time - run.began, self._scenario.orders
        began = self._epoch_ms(run.began)
        status = "waiting" if age < rules.waiting else "running" if age < rules.waiting + rules.running else run.end
        fields = _fields(run.spec.name, run.number, status, began, rules.run_type)
        fields["submitTime"] = began
        if status != "waiting":
            fields["startTime"] = began + int(rules.waiting * 1000)
        if status == run.end:
            fields["endTime"] = began + int((rules.waiting + rules.running) * 1000)
        if status == run.end == "fail":
            fields["errorMessage"] = f"Run {run.number} of {run.spec.name} has failed."
        last = run.spec.nodes[-1].name if run.spec.nodes else None
        fields["nodes"] = [
            _node(run.spec, node.name, status if node.name == last or status in UNFINISHED else "success", 0)
            for node in run.spec.nodes
        ]
        return fields

    def _finished(self, fields: dict[str, Any], call: str) -> dict[str, Any]:
        """The fields in the spelling of the cloud."""
        if call == "list":
            fields.pop("nodes", None)
        if call not in self._rules.error_in:
            fields.pop("errorMessage", None)
        if self._rules.declared == "state":
            declared = [name for name in DECLARED.values() if fields.pop(name, False)]
            if declared and fields["status"] == "success":
                fields["status"] = declared[0]
        if self._scenario.times_as == "string":
            fields = {key: str(value) if key.endswith("Time") else value for key, value in fields.items()}
        if self._rules.names == "snake":
            return _snake(fields)
        return fields


def _fields(name: str, number: int, status: str, plan: int, kind: int) -> dict[str, Any]:
    return {
        "jobName": name,
        "jobId": 608_801,
        "jobInstanceName": name,
        "instanceId": number,
        "status": status,
        "planTime": plan,
        "instanceType": kind,
        "forceSuccess": False,
        "ignoreSuccess": False,
        "version": 1,
    }


def _node_names(run: _Planned) -> list[str]:
    return [run.spec.node] if run.spec.node is not None else [node.name for node in run.job.nodes]


def _node_state(name: str, run: _Planned, status: str) -> str:
    """The failed node, by default the last one, has the run's state; later nodes are skipped."""
    names = _node_names(run)
    culprit = names.index(run.spec.culprit) if run.spec.culprit in names else len(names) - 1
    place = names.index(name)
    if status in UNFINISHED - {"running-exception"} or place == culprit:
        return "fail" if status == "running-exception" else status
    return "success" if place < culprit or status == "success" else "skip"


def _node(job: JobSpec, name: str, status: str, retries: int) -> dict[str, Any]:
    return {
        "nodeName": name,
        "status": status,
        "type": "DLISQL",
        "logPath": f"obs://dlf-log/{job.name}/{name}.job",
        "inputRowCount": job.rows if status == "success" else 0,
        "retryTimes": retries if status not in ("success", "skip", "waiting") else 0,
    }


def _order(order: str) -> Any:
    key = "instanceId" if order == "id" else "planTime"
    return lambda fields: (fields.get(key, 0), fields.get("instanceId", 0))


def _snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower(): _snake(item) for key, item in value.items()}
    return [_snake(item) for item in value] if isinstance(value, list) else value


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None
