# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs gates of recordings, and gates to be recorded, on clocks that do not wait."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import requests

from ansible_collections.datagate.huaweicloud.plugins.module_utils import _module
from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.virtual_time import (
    Planned,
    Receive,
    Reply,
    VirtualTime,
)
from tests.clocks import CloudClock
from tests.emulator import ACCESS_KEY, REGION, SECRET_KEY, running
from tests.emulator.recording import NO_ANSWER, Exchange, Gate, Key, Recording, Replay
from tests.emulator.replay import recorded_answer

FOLDER = Path(__file__).resolve().parent
SCENARIOS = FOLDER.parent / "emulator" / "scenarios"
MODULES = "ansible_collections.datagate.huaweicloud.plugins.modules"
LATENCY = 0.001
"""Seconds until the answer to a request on the virtual clock."""


class Example(NamedTuple):
    """A gate on a scenario of the emulator. The event happens before the gate begins."""

    name: str
    scenario: str
    module: str
    options: dict[str, Any]
    verdict: str
    event: str | None = None


_WAIT = {"wait": True, "wait_timeout": 120}
_STREAMS = ["job_orders_stream", "job_sms"]
EXAMPLES = (
    Example("demo_deployment", "demo", "dataarts_job_status", {**_WAIT, "job_names": _STREAMS}, "PASS", "deploy"),
    Example("demo_broken_node", "demo", "dataarts_job_status", {**_WAIT, "tags": ["sms"]}, "FAIL", "break"),
    Example(
        "demo_missing", "demo", "dataarts_job_status", {**_WAIT, "job_names": ["job_sms", "job_of_nobody"]}, "FAIL"
    ),
    Example(
        "demo_dli_job", "demo", "dli_job_progress", {**_WAIT, "job_ids": "85798b38-ae44-48eb-bb90-7cf0dcdafe7b"}, "PASS"
    ),
    Example("many_jobs", "many_jobs", "dataarts_job_status", {**_WAIT, "name_contains": "job_0777"}, "PASS"),
    Example(
        "rough_restart",
        "rough",
        "dataarts_job_status",
        {**_WAIT, "job_names": ["job_restarting", "job_001", "job_002"], "stable_for": 15},
        "PASS",
    ),
)


def record(example: Example, path: Path) -> dict[str, Any]:
    """Run an example on the emulator, and record it. Returns the module's result."""
    with (
        pytest.MonkeyPatch.context() as patch,
        running(SCENARIOS / f"{example.scenario}.yml", clock="manual", latency=0) as emulator,
    ):
        patch.setenv("HW_RECORD", str(path))
        if example.event is not None:
            emulator.event(example.event)
        options = {**example.options, "project_id": emulator.project_id}
        with _clock(lambda: CloudClock(emulator)):
            return _run(example.module, options, emulator.url)


def replay(recording: Recording, gate: Gate) -> dict[str, Any]:
    """Run a recorded gate again. Returns the module's result, with replaced names."""
    own = [exchange for exchange in recording.exchanges if exchange.run == gate.run]
    time = RecordedTime(_receiver(Replay(own, gate.at)), recording.epoch + gate.at)
    options = {**gate.options, "project_id": recording.project_id, "workspace": gate.record["workspace"]}
    if not gate.record["workspace"]:
        del options["workspace"]
    with _clock(lambda: time, executor=time):
        return _run(str(gate.record["module"]), options, "http://127.0.0.1:9")


class RecordedTime(VirtualTime):
    """A virtual clock whose wall clock shows the time of the recording, for options such as `since: 12h`."""

    def __init__(self, receive: Receive, began: float) -> None:
        super().__init__(receive)
        self._began = began

    def wall(self) -> float:
        return self._began + self.seconds


@contextmanager
def _clock(make: Callable[[], Clock], **session: Any) -> Iterator[None]:
    """Let modules use another clock, and the same jitter each time, while the block runs."""
    before = random.getstate()
    random.seed(1)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_module, "Clock", make)
            patch.setattr(_module, "Session", lambda *values, **others: Session(*values, **{**others, **session}))
            yield
    finally:
        random.setstate(before)


def _run(module: str, options: Mapping[str, Any], url: str) -> dict[str, Any]:
    code = import_module(f"{MODULES}.{module}")
    connection = {
        "endpoints": dict.fromkeys(("dataarts", "dli", "iam"), url),
        "region": REGION,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
    }
    return in_process.run({**connection, **options}, code.ARGUMENTS, code.SERVICE, code.BODY, False, module)


def _receiver(recorded: Replay) -> Receive:
    def receive(prepared: Any, sent_at: float, bound: float) -> Planned:
        parts = urlsplit(prepared.url)
        query = frozenset(parse_qsl(parts.query, keep_blank_values=True))
        key: Key = (prepared.method, unquote(parts.path), query, prepared.headers.get("workspace"))
        found = recorded.answer(key, sent_at)
        hangs = found is not None and found.problem == NO_ANSWER
        return Planned(None if hangs else sent_at + LATENCY, lambda: _reply(found, key), lambda at, given_up: None)

    return receive


def _reply(found: Exchange | None, key: Key) -> Reply:
    if found is not None and found.problem is not None:
        return Reply(0, {}, b"", requests.exceptions.ConnectionError(found.problem))
    answer = recorded_answer(found, key)
    return Reply(answer.status, answer.headers, answer.body)


def summary(result: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a result that a replay must repeat: the verdict, the reasons and the changes of each job and node in their order."""
    changes: dict[tuple[Any, Any], list[Any]] = {}
    for change in result["history"]:
        changes.setdefault((change["job"], change["node"]), []).append((change["previous"], change["status"]))
    return {
        "verdict": result["verdict"],
        "reasons": sorted((item["code"], str(item["job"]), str(item["node"])) for item in result["reasons"]),
        "changes": changes,
    }
