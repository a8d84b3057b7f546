# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls for DLI's Flink jobs and Spark batches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from .answers import Answer, Errors, answer_json
from .dli_model import DliJobModel
from .dli_rules import DliRules
from .jobs_model import EpochMs
from .world import FLINK, SPARK, World

UP: Final = frozenset({"job_submitting", "job_running", "job_savepointing"})
SPARK_ENDED: Final = frozenset({"success", "dead"})
# Fields of the list only with show_detail=true.
DETAILS: Final = ("sql_body", "job_config", "entrypoint_args", "execution_graph")


class Flink:
    """Answers the Flink calls from the world."""

    def __init__(self, rules: DliRules, world: World, errors: Errors, epoch_ms: EpochMs) -> None:
        self._rules, self._world, self._errors, self._epoch_ms = rules, world, errors, epoch_ms

    def list_jobs(self, query: Mapping[str, str], time: float) -> Answer:
        """`GET /v1.0/{project}/streaming/jobs`."""
        limit, offset = int(query.get("limit", 10)), int(query.get("offset", 0))
        if not 1 <= limit <= 100 or offset < 0:
            return self._errors.make("DLI.0001")
        found = [self._fields(model, time) for model in self._world.cluster_jobs(FLINK, time)]
        found = [job for job in found if self._is_meant(job, query)]
        if query.get("order", "desc") == "desc":
            found.reverse()
        if query.get("show_detail") != "true":
            found = [{key: value for key, value in job.items() if key not in DETAILS} for job in found]
        listed = {"total_count": len(found), "jobs": found[offset : offset + limit]}
        return answer_json({"is_success": self._success(True), "message": "", "job_list": listed})

    def detail(self, job_id: str, time: float) -> Answer:
        """`GET /v1.0/{project}/streaming/jobs/{job_id}`."""
        model = self._world.cluster_job(FLINK, job_id, time)
        if model is None:
            return self._errors.make("DLI.16001", job=job_id)
        detail = self._fields(model, time)
        return answer_json({"is_success": self._success(True), "message": "", "job_detail": detail})

    def order(self, verb: str, body: bytes, time: float) -> Answer:
        """`POST /v1.0/{project}/streaming/jobs/run` or `/stop`: one element a job, in their order, without their IDs."""
        try:
            given = json.loads(body)
            ids = [str(int(item)) for item in given["job_ids"]]
        except (ValueError, KeyError, TypeError):
            return self._errors.make("DLI.0001")
        answers = []
        for job_id in ids:
            model = self._world.cluster_job(FLINK, job_id, time)
            problem = "The job does not exist." if model is None else self._carry_out(verb, model, given, time)
            answers.append({"is_success": self._success(not problem), "message": problem})
        return answer_json(answers[0] if self._rules.flink_answer == "object" and len(answers) == 1 else answers)

    def _carry_out(self, verb: str, model: DliJobModel, given: Mapping[str, Any], time: float) -> str:
        """Start or stop a job. Returns why it is not, empty if it is."""
        is_up = model.state(time).values.get("status") in UP
        extra = dict(model.state(time).values.get("extra") or {})
        rules, job_id = self._rules, model.spec.job_id
        if verb == "run":
            if is_up:
                return "The job is running."
            extra["start_time"] = self._epoch_ms(time)
            if rules.flink_restart_times == "reset":
                extra["restart_times"] = 0
            path = [(0.0, "job_submitting"), (rules.flink_starting, "job_running")]
        else:
            if not is_up:
                return "The job is not running."
            first = "job_savepointing" if given.get("trigger_savepoint") else "job_canceling"
            if given.get("trigger_savepoint"):
                extra.update(has_savepoint=True, savepoint_path=f"jobs/savepoint/{job_id}/")
            path = [(0.0, first), (rules.flink_stopping, "job_cancel_success")]
        for after, status in path:
            self._world.change_cluster_job(FLINK, job_id, time + after, {"status": status, "extra": extra})
        return ""

    def _success(self, value: bool) -> Any:
        return str(value).lower() if self._rules.flink_success_as == "text" else value

    def _is_meant(self, job: Mapping[str, Any], query: Mapping[str, str]) -> bool:
        name = query.get("name", "")
        fits = name in job["name"] if self._rules.flink_name_match == "substring" or not name else name == job["name"]
        return fits and query.get("status", job["status"]) == job["status"]

    def _fields(self, model: DliJobModel, time: float) -> dict[str, Any]:
        values = model.state(time).values
        job: dict[str, Any] = {
            "job_id": int(model.spec.job_id),
            "name": "",
            "desc": "",
            "user_name": "emulator_user",
            "job_type": "flink_opensource_sql_job",
            "status": values.get("status"),
            "status_desc": values.get("message", ""),
            "create_time": self._epoch_ms(0.0),
            "start_time": self._epoch_ms(0.0),
            "queue_name": "flink_queue",
            "root_id": -1,
            "has_savepoint": False,
            "savepoint_path": "",
            "restart_times": 0,
            "sql_body": "select 'emulator-flink-secret'",
            "job_config": {"restart_when_exception": True, "checkpoint_enabled": True},
        }
        job.update(model.spec.fields)
        job.update(values.get("extra") or {})
        return {key: value for key, value in job.items() if value is not None and key not in model.spec.omit}


class Spark:
    """Answers the calls for Spark batches from the world."""

    def __init__(self, rules: DliRules, world: World, errors: Errors, epoch_ms: EpochMs) -> None:
        self._rules, self._world, self._errors, self._epoch_ms = rules, world, errors, epoch_ms

    def list_batches(self, query: Mapping[str, str], time: float) -> Answer:
        """`GET /v2.0/{project}/batches`."""
        first, size = int(query.get("from", 0)), int(query.get("size", 100))
        found = [self._fields(model, time) for model in self._world.cluster_jobs(SPARK, time)]
        if "job_name" in query:
            found = [batch for batch in found if batch.get("name") == query["job_name"]]
        return answer_json({"from": first, "total": len(found), "sessions": found[first : first + size]})

    def answer(self, what: str, batch_id: str, time: float) -> Answer:
        """`GET` or `DELETE /v2.0/{project}/batches/{batch_id}`, or `GET` of its `/state` or `/log`."""
        model = self._world.cluster_job(SPARK, batch_id, time)
        if model is None:
            return self._errors.make(self._rules.spark_missing_code, job=batch_id)
        batch = self._fields(model, time)
        if what == "spark_state":
            return answer_json({"id": batch_id, "state": batch["state"]})
        if what == "spark_log":
            if not self._rules.spark_log:
                return self._errors.make("APIGW.0101")
            return answer_json({"id": batch_id, "from": 0, "total": len(batch["log"]), "log": batch["log"]})
        if what == "spark_cancel":
            return self._cancel(model, time)
        return answer_json({**batch, "log": batch["log"][-10:]})

    def _cancel(self, model: DliJobModel, time: float) -> Answer:
        if model.state(time).values.get("status") in SPARK_ENDED:
            return self._errors.make("DLI.0001")
        self._world.change_cluster_job(SPARK, model.spec.job_id, time + self._rules.cancelling, {"status": "dead"})
        return answer_json({"msg": "deleted"})

    def _fields(self, model: DliJobModel, time: float) -> dict[str, Any]:
        values = model.state(time).values
        state = str(values.get("status"))
        batch: dict[str, Any] = {
            "id": model.spec.job_id,
            "state": state.capitalize() if self._rules.spark_capitals else state,
            "appId": "batch-session-emulator:1",
            "name": "",
            "owner": "emulator_user",
            "kind": "spark",
            "queue": "spark_queue",
            "cluster_name": "spark_queue",
            "sc_type": "A",
            "log": ["stdout: ", "stderr: ", "YARN Diagnostics: "],
            "create_time": self._epoch_ms(0.0),
            "update_time": self._epoch_ms(time),
            "req_body": '{"args": ["emulator-spark-secret"]}',
        }
        batch.update(model.spec.fields)
        batch.update(values.get("extra") or {})
        return {key: value for key, value in batch.items() if value is not None and key not in model.spec.omit}
