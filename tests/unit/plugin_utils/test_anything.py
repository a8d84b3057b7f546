# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any JSON from the services, and any options from a playbook, lead to a result or one clear sentence."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils import _module
from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import CONNECTION
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import Connection
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services import normalize
from ansible_collections.datagate.huaweicloud.plugins.modules import (
    dataarts_job,
    dataarts_job_info,
    dataarts_job_status,
    dli_job_progress,
)
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.fake_session import (
    CountingClock,
    FakeSession,
)

MODULES: dict[str, Any] = {
    "dataarts_job": dataarts_job,
    "dataarts_job_info": dataarts_job_info,
    "dataarts_job_status": dataarts_job_status,
    "dli_job_progress": dli_job_progress,
}
ANSIBLES = ("argument ", "value of ", "Unsupported ")
"""The beginnings of Ansible's own messages, which repeat the given value with its line breaks."""
CENSORED = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""The value to which ansible-core up to 2.18 changes `failed: true` if a secret option is the word True."""
DEFECT = "This is a defect of the collection"
KEY = {"access_key": "an-access-key", "secret_key": "a-secret-key", "region": "cn-north-4", "project_id": "p"}


class SleepingClock(CountingClock):
    """Time moves when code sleeps or reads the clock."""

    def wall(self) -> float:
        return 1_700_000_000.0 + self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)


class AnySession(FakeSession):
    """Answers every call with the same JSON, or in turn with several."""

    answers: tuple[Any, ...] = ()

    def __init__(self, connection: Connection, clock: Any, **callbacks: Any) -> None:
        super().__init__(self._next)
        self.connection = connection
        self.project_id = connection.project_id
        self.clock = SleepingClock()
        assert len(self.answers) > 0

    def _next(self, dummy: Call) -> Any:
        return self.answers[min(self.sent - 1, len(self.answers) - 1)]

    def close(self) -> None:
        pass


def run(name: str, options: Mapping[str, Any], *answers: Any, check_mode: bool = False) -> dict[str, Any]:
    """A module's result, with these answers instead of a cloud."""
    module = MODULES[name]
    with pytest.MonkeyPatch.context() as patch:
        for variable in [item for item in os.environ if item.startswith(("HW_", "HUAWEICLOUD_"))]:
            patch.delenv(variable)
        session = type("Answers", (AnySession,), {"answers": answers})
        patch.setattr(_module, "Session", session)
        result = in_process.run(dict(options), module.ARGUMENTS, module.SERVICE, module.BODY, check_mode, name)
    assert DEFECT not in str(result.get("msg")), result["msg"]
    assert result.get("failed") in (None, True, CENSORED)
    assert "verdict" in result or "jobs" in result or result["failed"]
    if result.get("failed") and not str(result["msg"]).startswith(ANSIBLES):
        assert len(str(result["msg"]).splitlines()) == 1, result["msg"]
    return result


# -- answers ----------------------------------------------------------------------------------------------------------

NAMES = "name Name status Status STATUS type nodes Nodes startTime starttime logPath jobs total is_success message"
MORE_NAMES = "job_id sub_job_id sub_jobs progress num_tasks killed_tasks_summary totalPutRecords error_code jobType"
KEYS = st.sampled_from([*NAMES.split(), *MORE_NAMES.split()])
STATES = "NORMAL EXCEPTION STOPPED STARTTING FINISHED FAILED RUNNING SCHEDULING"
WORDS = [*STATES.split(), "a", "job_sms", "true", "nan", "1e999", "\ud800", "\x00\x1b[2J"]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(WORDS),
    st.text(max_size=4),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=15,
)
NODES = st.lists(st.fixed_dictionaries({}, optional={"name": JSON, "status": JSON, "logPath": JSON}), max_size=3)
JOBS = st.fixed_dictionaries(
    {}, optional={"name": JSON, "status": JSON, "nodes": NODES | JSON, "startTime": JSON, "is_success": JSON}
)
LISTS = st.fixed_dictionaries({"jobs": st.lists(JOBS | JSON, max_size=4)}, optional={"total": JSON})
ANSWERS = JSON | JOBS | LISTS
SELECTIONS: list[tuple[str, dict[str, Any]]] = [
    ("dataarts_job_status", {"job_names": ["a", "job_sms"]}),
    ("dataarts_job_status", {"name_contains": "a"}),
    ("dataarts_job_status", {"tags": "a", "check_nodes": False}),
    ("dataarts_job_status", {"job_names": "a", "require_records": True, "started_after": 5, "stable_for": 1}),
    ("dli_job_progress", {"job_ids": ["a", "b"]}),
    ("dli_job_progress", {"job_ids": "a", "stall_timeout": 2}),
    ("dataarts_job_info", {}),
    ("dataarts_job", {"names": ["a", "job_sms"], "state": "started"}),
    ("dataarts_job", {"names": "a", "state": "restarted"}),
    ("dataarts_job", {"names": "a", "state": "run"}),
]
WAIT = {"wait": True, "wait_timeout": 20, "wait_interval": 3, "max_consecutive_errors": 2}


NODE_KEYS = {"nodes", "Nodes"}


def states(data: Any) -> set[str | None]:
    """All states in an answer, at any depth."""
    if isinstance(data, list):
        return {state for item in data for state in states(item)}
    if not isinstance(data, dict):
        return set()
    found = {state for item in data.values() for state in states(item)}
    return found | {normalize.state(item) for key, item in data.items() if normalize.snake(key) == "status"}


@settings(max_examples=150)
@given(st.sampled_from(SELECTIONS), st.booleans(), st.lists(ANSWERS, min_size=1, max_size=4))
@example(SELECTIONS[1], True, [{"total": 10**9, "jobs": [{"name": "a"}]}])
def test_any_json_answer_gives_a_result_or_one_sentence(
    selection: tuple[str, dict[str, Any]], wait: bool, answers: list[Any]
) -> None:
    name, options = selection
    # The next test is about nodes of DLI jobs.
    assume(name != "dli_job_progress" or not any(isinstance(item, dict) and NODE_KEYS & {*item} for item in answers))
    waiting = WAIT if wait and name != "dataarts_job_info" else {}
    result = run(name, {**KEY, **options, **waiting}, *answers)
    json.dumps(result, ensure_ascii=False, allow_nan=False).encode("utf-8")
    if result.get("verdict") == "PASS":
        ready = {"FINISHED"} if name == "dli_job_progress" else {"NORMAL"}
        assert ready & {state for answer in answers for state in states(answer)}


@pytest.mark.parametrize("nodes", [True, 5, [5], [None]])
def test_nodes_in_a_dli_answer_are_ignored(nodes: Any) -> None:
    result = run("dli_job_progress", {**KEY, "job_ids": "a"}, {"status": "RUNNING", "nodes": nodes})
    assert result["verdict"] == "PENDING"


# -- options ----------------------------------------------------------------------------------------------------------

TEXT = st.text(max_size=8) | st.sampled_from(
    [
        "",
        " ",
        "NORMAL",
        "-1",
        "0.5",
        "1e400",
        "nan",
        "true",
        ".",
        "a/b",
        "\r\nX: y",
        "\ud800",
        "{{ x }}",
        "%s",
        "~",
        "/",
    ]
)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    TEXT,
    st.lists(TEXT | st.none() | st.integers(), max_size=3),
    st.dictionaries(TEXT, TEXT, max_size=2),
    st.sampled_from([b"bytes", ["a", ["b"]], {"dataarts": {}}, {"dataarts": "https://[::1"}]),
)
BASES: dict[str, dict[str, Any]] = {
    "dataarts_job": {**KEY, "names": "a", "state": "stopped", "wait_timeout": 5},
    "dataarts_job_info": KEY,
    "dataarts_job_status": {**KEY, "job_names": "a", "wait": True, "wait_timeout": 5},
    "dli_job_progress": {**KEY, "job_ids": "a", "wait": True, "wait_timeout": 5},
}
ANSWER = {"total": 1, "jobs": [{"name": "a", "status": "NORMAL"}], "name": "a", "status": "NORMAL", "is_success": True}


@settings(max_examples=150)
@given(st.data(), st.sampled_from(list(MODULES)), st.booleans())
def test_any_options_give_a_result_or_one_sentence(data: Any, name: str, check_mode: bool) -> None:
    known = sorted({**CONNECTION, **MODULES[name].ARGUMENTS})
    # Most drawn values are rejected, so few are drawn at once.
    drawn = data.draw(st.dictionaries(st.sampled_from(known), ANYTHING, min_size=1, max_size=3))
    try:
        run(name, {**BASES[name], **drawn}, ANSWER, check_mode=check_mode)
    except (TypeError, OverflowError) as error:
        if "/ansible/module_utils/" not in traceback.extract_tb(error.__traceback__)[-1].filename:
            raise  # the next test is about the others


@pytest.mark.parametrize(
    "options", [{"endpoints": False}, {"endpoints": 5}, {"endpoints": {1: 2}}, {"request_timeout": 10**400}]
)
def test_options_that_make_ansible_raise_fail_the_task(options: dict[str, Any]) -> None:
    assert run("dataarts_job_status", {**BASES["dataarts_job_status"], **options}, ANSWER)["failed"]
