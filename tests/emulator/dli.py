# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The DLI calls: progress and status of an SQL job."""

from __future__ import annotations

from typing import Any

from .answers import Answer, Errors, answer_json
from .dli_model import sub_jobs
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
        values = model.state(time).values
        start, duration = model.times(time)
        answer: dict[str, Any] = {
            "is_success": values.get("is_success", True),
            "message": values.get("message", ""),
            "job_id": job_id,
            "job_type": "QUERY",
            "job_mode": "async",
            "queue_name": "default",
            "owner": "emulator_user",
            "start_time": start,
            "duration": duration,
            "status": values.get("status"),
            "input_row_count": 0,
            "bad_row_count": 0,
            "input_size": 0,
            "result_count": 0,
            "database_name": "default",
            "statement": "SELECT 1",
        }
        answer.update(model.spec.fields)
        answer.update(values.get("extra") or {})
        return answer_json({k: v for k, v in answer.items() if v is not None and k not in model.spec.omit})
