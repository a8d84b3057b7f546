# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls that act on a DataArts job: start, stop and run-immediate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from .answers import Answer, Errors, answer_json
from .jobs_model import JobModel
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
    """Carries out orders on the jobs of the world.

    :ivar runs: those that run-immediate has made, oldest first.
    """

    def __init__(self, rules: OrderRules, missing_code: str, world: World, errors: Errors) -> None:
        self._rules = rules
        self._missing_code = missing_code
        self._world = world
        self._errors = errors
        self.runs: list[Run] = []

    def reset(self) -> None:
        """Forget all runs."""
        self.runs.clear()

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
        """Change the state of the job step by step; a scenario with a timeline for the event defines the steps itself."""
        if event in self._world.events:
            self._world.fire(event, time)
            return
        for after, status in path:
            self._world.change_job(model.spec.name, model.spec.workspace, time + after, {"status": status})

    def _run(self, model: JobModel, workspace: str | None, time: float) -> Answer:
        if model.spec.type != "BATCH":
            return self._errors.make("DLF.0136")
        number = FIRST_INSTANCE + len(self.runs) + 1
        self.runs.append(Run(number, model.spec, workspace, time, model.spec.run_as))
        return answer_json({"instanceId": number})


def _is_running(name: str, code: str) -> str | None:
    return f"The request parameter is invalid. Job {name} is running." if code == "DLF.3051" else None


def _is_object(body: bytes) -> bool:
    try:
        return not body or isinstance(json.loads(body), dict)
    except ValueError:
        return False
