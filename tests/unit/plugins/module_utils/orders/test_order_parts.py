# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of orders as tables: when a request is sent again, what an answer means, options, and instances."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.scheduling.retry import wait_before_retry
from ansible_collections.datagate.huaweicloud.plugins.module_utils._error_codes import classify
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import (
    DENIED,
    TRANSIENT,
    OptionError,
    RequestError,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._orders.goals import RUN_IMMEDIATE, START
from ansible_collections.datagate.huaweicloud.plugins.module_utils._orders.options import order_options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._orders.ordered_job import OrderedJob
from ansible_collections.datagate.huaweicloud.plugins.module_utils._orders.ordered_run import OrderedRun
from ansible_collections.datagate.huaweicloud.plugins.module_utils._orders.orders import Orders
from ansible_collections.datagate.huaweicloud.plugins.module_utils._orders.sources import OrderedRuns
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.factory.instance_answers import (
    instance_page,
    one_instance,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.factory.job_actions import (
    ALREADY,
    DOUBTFUL,
    NOT_TAKEN,
    UNKNOWN,
    JobActions,
    OrderAnswer,
    meaning,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.normalize import Unreadable
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.driver import Driver


def error(status: int | None, code: str = "", text: str = "", was_sent: bool = True) -> RequestError:
    kind = TRANSIENT if status is None else classify("dataarts", status, code)
    return RequestError(kind, text, status=status, error_code=code or None, method="POST", was_sent=was_sent)


@pytest.mark.parametrize(
    ("status", "code", "was_sent", "reading", "order"),
    [
        (429, "APIGW.0308", True, True, True),
        (429, "APIG.0308", True, True, True),
        (429, "", True, True, False),
        (502, "APIGW.0201", True, True, False),
        (503, "APIGW.0613", True, True, False),
        (504, "", True, True, False),
        (None, "", True, True, False),
        (None, "", False, True, True),
        (500, "", True, False, False),
        (400, "DLF.3051", True, False, False),
        (200, "", True, False, False),
    ],
)
def test_retry_of_orders_and_other_requests(
    status: int | None, code: str, was_sent: bool, reading: bool, order: bool
) -> None:
    found = [
        wait_before_retry(error(status, code, was_sent=was_sent), 1, 4, None, lambda low, high: low, is_order)
        is not None
        for is_order in (False, True)
    ]
    assert found == [reading, order]


@pytest.mark.parametrize(
    ("status", "code", "text", "wanted"),
    [
        (400, "DLF.30107", "", ALREADY),
        (400, "DLF.3051", "Job a is running.", ALREADY),
        (400, "DLF.3051", "", DOUBTFUL),
        (400, "DLF.99999", "", DOUBTFUL),
        (400, "", "<html>", DOUBTFUL),
        (400, "DLF.30122", "", NOT_TAKEN),
        (400, "DLF.30111", "", NOT_TAKEN),
        (400, "DLF.0136", "", NOT_TAKEN),
        (400, "DLF.6423", "", NOT_TAKEN),
        (400, "DLF.0100", "", NOT_TAKEN),
        (400, "DLF.6888", "", NOT_TAKEN),
        (400, "APIGW.0106", "", NOT_TAKEN),
        (401, "APIGW.0301", "", NOT_TAKEN),
        (403, "", "", NOT_TAKEN),
        (404, "APIGW.0101", "", NOT_TAKEN),
        (429, "APIGW.0308", "", NOT_TAKEN),
        (429, "", "", UNKNOWN),
        (408, "", "", UNKNOWN),
        (500, "DLF.30107", "", UNKNOWN),
        (503, "", "", UNKNOWN),
        (302, "", "", UNKNOWN),
        (202, "", "", UNKNOWN),
        (None, "", "", UNKNOWN),
    ],
)
def test_meaning_of_an_answer(status: int | None, code: str, text: str, wanted: str) -> None:
    assert meaning(error(status, code, text)) == wanted


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"names": "a"}, "state: must be one of started, stopped, restarted, run, restored"),
        ({"state": "started"}, "names: no job is given"),
        ({"state": "started", "names": "a/b"}, "names: 'a/b' holds a slash"),
        (
            {"state": "started", "names": "a", "before": [{"name": "a"}]},
            "before: has a meaning only with state=restored",
        ),
        ({"state": "restored"}, "before: is needed with state=restored"),
        (
            {"state": "restored", "before": [{"name": "a"}]},
            "before: must be a list of dictionaries with name and status",
        ),
        (
            {
                "state": "restored",
                "before": [{"name": "a", "status": "NORMAL"}, {"name": "a", "status": "STOPPED"}],
            },
            "before: names 'a' twice, once as running and once as not running",
        ),
        ({"state": "restored", "before": [], "names": "a"}, "names: 'a' is not in before"),
        ({"state": "stopped", "names": "a", "job_params": {"x": 1}}, "job_params: has no meaning with state=stopped"),
        ({"state": "run", "names": "a", "job_params": {"x y": 1}}, "job_params: 'x y' is not the name of a parameter"),
        (
            {"state": "run", "names": "a", "job_params": {"x": [1]}},
            "job_params: the value of x must be text or a number",
        ),
        (
            {"state": "run", "names": "a", "job_params": {"x": "s" * 1025}},
            "job_params: the value of x is longer than 1024",
        ),
        ({"state": "started", "names": "a", "use_execution_user": True}, "use_execution_user: has a meaning only"),
        ({"state": "started", "names": "a", "missing": "wait"}, "missing: must be one of fail, ok"),
        ({"state": "started", "names": "a", "wait_timeout": 0}, "wait_timeout: must be above 0"),
        ({"state": "started", "names": "a", "stable_for": 700}, "stable_for: 700 s do not fit into a wait_timeout"),
    ],
)
def test_invalid_options_are_rejected(params: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError) as caught:
        order_options(params)
    assert str(caught.value).startswith(words)
    assert "ssss" not in str(caught.value)


@pytest.mark.parametrize(
    ("received", "state"),
    [
        ({"status": "success"}, "success"),
        ({"status": "SUCCESS"}, "success"),
        ({"status": "success", "forceSuccess": True}, "forceSuccess"),
        ({"status": "success", "ignoreSuccess": "true"}, "ignoreSuccess"),
        ({"status": "forceSuccess"}, "forceSuccess"),
        ({"status": "running-exception"}, "running-exception"),
        ({"status": "runningException"}, "running-exception"),
        ({"status": "manual"}, "manual"),
    ],
)
def test_instance_state_is_read(received: dict[str, Any], state: str) -> None:
    assert one_instance({"instanceId": 7, **received}, "a", 7)["status"] == state
    page = instance_page({"total": 1, "instances": [{"jobName": "a", "instanceId": 7, **received}]}, "a")
    assert [item["status"] for item in page.instances] == [state]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"instanceId": 7},
        {"instanceId": 8, "status": "success"},
        {"jobName": "b", "instanceId": 7, "status": "success"},
        {"instanceId": 7, "status": "success", "error_code": "DLF.1"},
        {"instanceId": 7, "status": 1},
        {"instanceId": 7, "status": "success", "Status": "fail"},
        {"instanceId": 7, "status": "success", "nodes": "none"},
    ],
)
def test_answer_about_another_instance_is_unreadable(body: Any) -> None:
    with pytest.raises(Unreadable):
        one_instance(body, "a", 7)


def test_page_contains_only_this_job_and_its_completeness() -> None:
    entries = [{"jobName": name, "instanceId": 1, "status": "success"} for name in ("a", "ab")]
    page = instance_page({"total": 2, "instances": entries}, "a")
    assert ([item["job_name"] for item in page.instances], page.is_complete) == (["a"], True)
    assert not instance_page({"total": 3, "instances": entries}, "a").is_complete


@pytest.mark.parametrize("step", [0.0, -3 * 3600.0, -40 * 86400.0])
def test_a_clock_that_is_set_back_shows_no_old_run_as_the_new_one(step: float) -> None:
    clock: Any = SimpleNamespace(now=lambda: 1000.0, wall=lambda: 1_795_910_400.0)
    before = 1_795_910_400_000 - 3 * 3_600_000
    old = {"jobName": "nightly", "instanceId": 7, "instanceType": 2, "status": "success", "planTime": before}

    def answer(call: Call) -> Any:
        query = dict(call.query)
        is_shown = int(query["minPlanTime"]) <= before <= int(query["maxPlanTime"])
        return {"total": int(is_shown), "instances": [old] * is_shown}

    run = OrderedRun("nightly", [], known=frozenset())
    run.order = RUN_IMMEDIATE
    run.answered(OrderAnswer(UNKNOWN, error(None)), 1000.0)
    session: Any = SimpleNamespace(clock=clock, rate=0.0, workers=1)
    orders: Any = SimpleNamespace()
    source = OrderedRuns(session, None, orders, {"nightly": run})
    clock.wall = lambda: 1_795_910_400.0 + step
    reading = Driver(answer).run(source.read("nightly"))
    assert (run.instance_id, reading.is_old) == (None, True)


REFUSED = RequestError(DENIED, "refused", service="dataarts", method="POST", status=401, error_code="APIGW.0301")
REFUSED_READING = RequestError(DENIED, "refused", service="dataarts", method="GET", status=401)


@pytest.mark.parametrize(
    ("names", "reason", "acted"),
    [
        (["a"], REFUSED, []),
        (["a"], REFUSED_READING, ["a"]),
        (["a"], error(None), ["a"]),
        (["a"], None, ["a"]),
        (["a", "b"], REFUSED, ["a", "b"]),
    ],
)
def test_an_order_that_was_refused_with_the_key_was_not_carried_out(names: list[str], reason: Any, acted: Any) -> None:
    session: Any = SimpleNamespace(clock=SimpleNamespace(now=lambda: 5.0), begin=lambda *dummy: None)
    orders = Orders(
        session, JobActions(), [OrderedJob(name, [START]) for name in names], {}, None, lambda line: None, 10.0
    )
    orders.send_due()
    orders.abandon(reason)
    assert [name for dummy, name in orders.acted()] == acted
