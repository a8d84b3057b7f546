# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control calls under `/_emulator/`: for tests and demonstrations that run in another process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from .answers import Answer, answer_json
from .cloud import Cloud
from .section import ScenarioError

PREFIX: Final = "/_emulator/"


class ControlError(Exception):
    """A control call that failed; `status` is the HTTP status for it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def control(cloud: Cloud, method: str, raw_path: str, body: bytes) -> Answer:
    """Answer a control call; errors have the form `{"error": text}`."""
    parts = [unquote(part) for part in raw_path.removeprefix(PREFIX).strip("/").split("/")]
    try:
        return answer_json(_do(cloud, method, parts, body))
    except ControlError as error:
        return answer_json({"error": str(error)}, error.status)
    except KeyError as error:
        return answer_json({"error": str(error.args[0])}, 404)
    except (ScenarioError, ValueError) as error:
        return answer_json({"error": str(error)}, 400)


def _do(cloud: Cloud, method: str, parts: list[str], body: bytes) -> Any:
    match method, parts:
        case "GET", [""]:
            return cloud.describe()
        case "GET", ["journal"]:
            return [record.as_dict() for record in cloud.journal.records()]
        case "GET", ["stats"]:
            return cloud.journal.stats()
        case "POST", ["events", event]:
            return {"event": event, "jobs": cloud.fire(event), "time": cloud.clock.now()}
        case "POST", ["jobs", name]:
            changes = _mapping(body)
            workspace = changes.pop("workspace", None)
            cloud.world.change_job(name, workspace, cloud.clock.now(), changes)
            return {"job": name, "time": cloud.clock.now()}
        case "POST", ["dli_jobs", job_id]:
            cloud.world.change_dli_job(job_id, cloud.clock.now(), _mapping(body))
            return {"job": job_id, "time": cloud.clock.now()}
        case "POST", ["flink_jobs" | "spark_batches" as kind, job_id]:
            cloud.world.change_cluster_job(kind.partition("_")[0], job_id, cloud.clock.now(), _mapping(body))
            return {"job": job_id, "time": cloud.clock.now()}
        case "POST", ["runs", number]:
            cloud.instances.change(int(number), cloud.clock.now(), _mapping(body))
            return {"run": int(number), "time": cloud.clock.now()}
        case "POST", ["advance"]:
            seconds = _mapping(body).get("seconds")
            if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
                raise ControlError(400, 'a body {"seconds": number} is wanted')
            return {"time": cloud.clock.advance(float(seconds))}
        case "POST", ["clear"]:
            cloud.journal.clear()
            return {"time": cloud.clock.now()}
        case "POST", ["reset"]:
            cloud.reset()
            return {"time": cloud.clock.now()}
    raise ControlError(404, f"no such control call: {method} {PREFIX}{'/'.join(parts)}")


def _mapping(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body) if body else {}
    except ValueError as error:
        raise ControlError(400, f"the body is not JSON: {error}") from error
    if not isinstance(value, Mapping):
        raise ControlError(400, "a JSON object is wanted as the body")
    return dict(value)
