# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The DLI calls for SQL jobs: list, progress, status and cancel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .answers import Answer, Errors, answer_json
from .dli_model import FINAL, DliJobModel, sub_jobs
from .scenario import Scenario
from .world import World


class Dli:
    """Answers the DLI calls from the world; authentication and gateway checks are done before."""

    def __init__(self, scenario: Scenario, world: World, errors: Errors) -> None:
        self._scenario = scenario
        self._world = world
        self._errors = errors

    def progress(self, job_id: str, time: float) -> Answer:
        """`GET /v1/{project}/jobs/{job_id}/progress`."""
        model = self._world.dli_job(job_id, time)
        if model is None:
            return self._errors.make(self._scenario.dli_missing_code, job=job_id)
        if (code := model.error_at(time, "progress")) is not None:
            return self._errors.make(code, job=job_id)
        state = model.state(time)
        values, progress = state.values, state.progress_at(time)
        answer: dict[str, Any] = {
            "is_success": values.get("is_success", True),
            "message": values.get("message", ""),
            "job_id": job_id,
            "status": values.get("status"),
            "sub_job_id": values.get("sub_job_id"),
            "progress": progress,
        }
        if values.get("sub_jobs") is not None:
            answer["sub_jobs"] = sub_jobs(job_id, values["sub_jobs"], values.get("sub_job_id"), progress or 0.0)
        answer.update(values.get("extra") or {})
        return answer_json({k: v for k, v in answer.items() if v is not None and k not in model.spec.omit})

    def status(self, job_id: str, time: float) -> Answer:
        """`GET /v1.0/{project}/jobs/{job_id}/status`."""
        model = self._world.dli_job(job_id, time)
        if model is None:
            return self._errors.make(self._scenario.dli_missing_code, job=job_id)
        if (code := model.error_at(time, "status")) is not None:
            return self._errors.make(code, job=job_id)
        return answer_json(self._status_fields(model, time))

    def list_jobs(self, query: Mapping[str, str], time: float) -> Answer:
        """`GET /v1.0/{project}/jobs`."""
        size, page = int(query.get("page-size", 50)), int(query.get("current-page", 1))
        if not 1 <= size <= 100 or not 1 <= page <= self._scenario.dli.max_pages:
            return self._errors.make("DLI.0001")
        found = [self._status_fields(model, time) for model in self._world.dli_jobs(time)]
        found = [job for job in found if self._is_meant(job, query)]
        is_ascending = query.get("order") == "start_time_asc" and self._scenario.dli.list_order == "asked"
        found.sort(key=lambda job: job.get("start_time", 0), reverse=not is_ascending)
        for job in found:
            job.pop("is_success")
            if job["status"] in FINAL and "start_time" in job:
                job["end_time"] = job["start_time"] + job["duration"]
        listed = found[(page - 1) * size : page * size]
        return answer_json({"is_success": True, "message": "", "job_count": len(found), "jobs": listed})

    def cancel(self, job_id: str, time: float) -> Answer:
        """`DELETE /v1.0/{project}/jobs/{job_id}`."""
        model = self._world.dli_job(job_id, time)
        if model is None:
            return self._errors.make(self._scenario.dli_missing_code, job=job_id)
        rules = self._scenario.dli
        if model.state(time).values.get("status") in FINAL:
            if rules.cancel_of_ended == "is_success":
                return answer_json({"is_success": False, "message": "The job has ended."})
            return self._errors.make(rules.cancel_of_ended)
        self._world.change_dli_job(job_id, time + rules.cancelling, {"status": "CANCELLED"})
        return answer_json({"is_success": True, "message": ""})

    def _is_meant(self, job: Mapping[str, Any], query: Mapping[str, str]) -> bool:
        start = job.get("start_time", 0)
        if not int(query.get("start", -1)) < start < int(query.get("end", 1 << 60)):
            return False
        if query.get("queue_name", job["queue_name"]) != job["queue_name"]:
            return False
        tags = [f"{tag['key']}={tag['value']}" for tag in job.get("tags") or []]
        wanted = [tag for tag in query.get("tags", "").split(",") if tag]
        if self._scenario.dli.tags_match == "substring":
            return all(tag in ",".join(tags) for tag in wanted)
        return all(tag in tags for tag in wanted)

    def _status_fields(self, model: DliJobModel, time: float) -> dict[str, Any]:
        values = model.state(time).values
        start, duration = model.times(time)
        status = values.get("status")
        if self._scenario.dli.status_spelling == "old":
            status = {"FINISHED": "FINISH", "CANCELLED": "CANCELED"}.get(str(status), status)
        answer: dict[str, Any] = {
            "is_success": values.get("is_success", True),
            "message": values.get("message", ""),
            "job_id": model.spec.job_id,
            "job_type": "QUERY",
            "job_mode": "async",
            "queue_name": "default",
            "owner": "emulator_user",
            "start_time": start,
            "duration": duration,
            "status": status,
            "input_row_count": 0,
            "bad_row_count": 0,
            "input_size": 0,
            "result_count": 0,
            "database_name": "default",
            "statement": "SELECT 1",
        }
        answer.update(model.spec.fields)
        answer.update(values.get("extra") or {})
        return {key: value for key, value in answer.items() if value is not None and key not in model.spec.omit}
