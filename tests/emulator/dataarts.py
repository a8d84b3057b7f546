# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The DataArts Factory calls: job list and real-time status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .answers import Answer, Errors, answer_json
from .instances import Instances
from .jobs_model import JobModel, JobState, NodeState
from .jobs_spec import JobSpec, NodeSpec
from .orders import Acting
from .scenario import Scenario
from .world import World

DEFAULT_LIMIT: Final = 10
STATUS_ONLY: Final = frozenset({"lastModifiyUser"})
"""A job's fields that only the status call sends."""
IN_STATUS: Final = ("startTime", "endTime", "lastUpdateTime", "createUser", "lastModifiyUser")
"""A job's fields that the status call sends, beside its name, status and nodes."""
TIMES: Final = ("createTime", "startTime", "endTime", "lastUpdateTime", "lastInstanceEndTime")


class DataArts:
    """Answers the DataArts calls from the world; authentication and gateway checks are done before."""

    def __init__(self, scenario: Scenario, world: World, errors: Errors, acting: Acting, instances: Instances) -> None:
        self._scenario = scenario
        self._world = world
        self._errors = errors
        self._acting = acting
        self._instances = instances

    def list_jobs(self, headers: Mapping[str, str], query: Mapping[str, str], time: float) -> Answer:
        """`GET /v1/{project}/jobs`."""
        workspace, refusal = self._workspace(headers)
        if refusal is not None:
            return refusal
        kind = query.get("jobType", "BATCH")
        offset, limit = _whole(query.get("offset", "0")), _whole(query.get("limit", str(DEFAULT_LIMIT)))
        if (
            kind not in ("BATCH", "REAL_TIME")
            or offset is None
            or offset < 0
            or limit is None
            or not 1 <= limit <= self._scenario.max_limit
        ):
            return self._errors.make("DLF.3051")
        time -= self._scenario.list_lag
        tags = frozenset(tag.strip() for tag in query.get("tags", "").split(",") if tag.strip())
        models = self._world.jobs(workspace, kind, query.get("jobName", ""), tags, time)
        begin = offset * limit if self._scenario.offset_means == "page" else offset
        jobs = [self._record(model, model.listed(time)) for model in models[begin : begin + limit]]
        return answer_json({"jobs": jobs, "total": len(models)})

    def job_status(self, headers: Mapping[str, str], name: str, time: float) -> Answer:
        """`GET /v1/{project}/jobs/{name}/status`."""
        workspace, refusal = self._workspace(headers)
        if refusal is not None:
            return refusal
        model = self._world.job(name, workspace, time)
        if model is None:
            return self._errors.make(self._scenario.missing_job_code)
        for_batch = self._scenario.batch_status_answer
        if model.spec.type == "BATCH" and for_batch != "batch":
            return self._errors.make(self._scenario.missing_job_code if for_batch == "missing" else for_batch)
        return answer_json(self._status(model, time))

    def order(self, verb: str, headers: Mapping[str, str], name: str, body: bytes, time: float) -> Answer:
        """`POST /v1/{project}/jobs/{name}/{verb}`."""
        workspace, refusal = self._workspace(headers)
        return refusal or self._acting.order(verb, name, workspace, body, time)

    def instances(self, headers: Mapping[str, str], query: Mapping[str, str], time: float) -> Answer:
        """`GET /v1/{project}/jobs/instances/detail`."""
        workspace, refusal = self._workspace(headers)
        return refusal or self._instances.list(query, workspace, time)

    def instance(self, headers: Mapping[str, str], name: str, number: str, time: float) -> Answer:
        """`GET /v1/{project}/jobs/{name}/instances/{number}`."""
        workspace, refusal = self._workspace(headers)
        return refusal or self._instances.one(name, number, workspace, time)

    def definition(self, headers: Mapping[str, str], name: str, time: float) -> Answer:
        """`GET /v1/{project}/jobs/{name}`."""
        workspace, refusal = self._workspace(headers)
        if refusal is not None:
            return refusal
        model = self._world.job(name, workspace, time)
        if model is None:
            return self._errors.make(self._scenario.missing_job_code)
        spec = model.spec
        nodes = [
            {"name": node.name, "type": "DLISQL", "preNodeName": [], **_trigger(node.trigger)} for node in spec.nodes
        ]
        return answer_json({"name": spec.name, "processType": spec.type, "nodes": nodes, "schedule": {"type": "CRON"}})

    def _workspace(self, headers: Mapping[str, str]) -> tuple[str | None, Answer | None]:
        """The requested workspace (None: the default one), or the refusal."""
        default = self._scenario.default_workspace
        wanted = headers.get("workspace")
        if not wanted:
            return None, None if default else self._errors.make("DLF.0819")
        if wanted in self._scenario.denied_workspaces:
            return None, self._errors.make("DLF.6888")
        if wanted == default:
            return None, None
        if wanted not in self._scenario.workspaces:
            return None, self._errors.make("DLF.20819")
        return wanted, None

    def _record(self, model: JobModel, state: JobState) -> dict[str, Any]:
        spec = model.spec
        record: dict[str, Any] = {"name": spec.name, "jobType": spec.type, "status": self._spelt(state.status)}
        record.update((key, value) for key, value in state.fields.items() if key not in STATUS_ONLY)
        return self._finished(record, spec.omit)

    def _status(self, model: JobModel, time: float) -> dict[str, Any]:
        spec, state = model.spec, model.state(time)
        answer: dict[str, Any] = {"name": spec.name, "status": self._spelt(state.status)}
        answer.update((key, state.fields[key]) for key in IN_STATUS if key in state.fields)
        answer.update(self._extra(spec, state))
        if spec.type == "REAL_TIME":
            nodes = model.node_states(time)
            answer["nodes"] = [self._node(node, now, time) for node, now in nodes if not now.absent]
        if "starttime" in self._scenario.spelling and "startTime" in answer:
            answer["starttime"] = answer.pop("startTime")
        return self._finished(answer, spec.omit)

    @staticmethod
    def _extra(spec: JobSpec, state: JobState) -> dict[str, Any]:
        """The fields under `extra` in the scenario, which both calls return."""
        names = set(spec.initial.get("extra") or {})
        for entry in (*spec.timeline, *spec.list_timeline):
            names |= set(entry.changes.get("extra") or {})
        return {name: state.fields[name] for name in names if name in state.fields}

    def _node(self, spec: NodeSpec, state: NodeState, time: float) -> dict[str, Any]:
        node: dict[str, Any] = {"name": spec.name, "status": self._spelt(state.status), **state.fields}
        if state.rate:
            grown = int(state.rate * (time - max(state.since, 0.0)))
            node["totalPutRecords"] += grown
            node["totalGetRecords"] += grown
        if "LastInstanceStatus" in self._scenario.spelling and "lastInstanceStatus" in node:
            node["LastInstanceStatus"] = node.pop("lastInstanceStatus")
        if "nodeType" in self._scenario.spelling and "type" in node:
            node["nodeType"] = node.pop("type")
        return _sorted(node, spec.omit)

    def _finished(self, record: dict[str, Any], omit: frozenset[str]) -> dict[str, Any]:
        if self._scenario.times_as == "string":
            record.update({key: str(record[key]) for key in TIMES if record.get(key) is not None})
        return _sorted(record, omit)

    def _spelt(self, status: str | None) -> str | None:
        return "STARTTING" if status == "STARTING" and "STARTTING" in self._scenario.spelling else status


def _sorted(record: Mapping[str, Any], omit: frozenset[str]) -> dict[str, Any]:
    """The record without what is missing, its names in order as in the cloud's answers."""
    return {key: record[key] for key in sorted(record, key=str.lower) if key not in omit and record[key] is not None}


def _whole(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _trigger(kind: str | None) -> dict[str, Any]:
    if kind is None:
        return {}
    if kind == "cron":
        return {"cronTrigger": {"expression": "0 */5 * * * ?", "concurrent": 1}}
    return {"eventTrigger": {"eventType": "OBS", "channel": "obs://incoming/", "concurrent": 1}}
