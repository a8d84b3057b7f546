# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DLI's Flink jobs and Spark batches: the calls, and what counts as an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import MISSING, PERMANENT, RequestError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.dli.flink_jobs import DliFlink
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.dli.spark_batches import DliSpark
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import Reading
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.driver import Driver

DATA = Path(__file__).resolve().parents[5] / "data"
GONE = RequestError(MISSING, "no job", status=400, error_code="DLI.16001")
BATCH = "2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112"


def example(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text("utf-8"))


def flink(body: Any) -> Reading:
    return Driver(lambda call: body).run(DliFlink().status("50321"))


def detail(**fields: Any) -> dict[str, Any]:
    return {"is_success": "true", "job_detail": {"job_id": 50321, "status": "job_running", **fields}}


def test_vendor_example_of_a_failed_flink_job() -> None:
    job = flink(example("flink_detail_exception")).job
    assert job is not None
    assert (job["job_id"], job["status"], job["restart_times"]) == ("50321", "job_running_exception", 3)
    assert job["message"] == "The job ended with an exception: source topic is missing."
    assert not {"sql_body", "job_config"} & job.keys()


def test_vendor_example_of_a_running_flink_job() -> None:
    job = flink(example("flink_detail_running")).job
    assert job is not None
    assert (job["job_id"], job["status"]) == ("50321", "job_running")


@pytest.mark.parametrize(
    ("fields", "status", "start"),
    [
        ({}, "job_running", None),
        ({"status": " Job_Running "}, "job_running", None),
        ({"status": "job_submiting"}, "job_submitting", None),
        ({"status": "JOB_MELTING"}, "job_melting", None),
        ({"start_time": 0}, "job_running", None),
        ({"start_time": "1772323200000"}, "job_running", 1772323200000),
        ({"job_id": "50321"}, "job_running", None),
        ({"start_time": "soon"}, "job_running", None),
        ({"status": "job_running\u200b"}, "job_running\N{REPLACEMENT CHARACTER}", None),
    ],
)
def test_fields_of_a_flink_job(fields: dict[str, Any], status: str, start: Any) -> None:
    job = flink(detail(**fields)).job
    assert job is not None
    assert (job["status"], job["start_time"]) == (status, start)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (detail(job_id=1), "about another job"),
        (detail(job_id=None), "about another job"),
        (detail(status=None), "names no state"),
        (detail(status=""), "names no state"),
        ({"is_success": "false", "message": "busy"}, "did not succeed: busy"),
        ({"is_success": "true"}, "holds no job"),
        ({"is_success": "TRUE", "job_detail": []}, "holds no job"),
        ({**detail(), "error_code": "DLI.0999"}, "holds an error"),
        (detail(is_success="false"), "did not succeed"),
        (detail(Status="job_submit_fail"), "different values for 'status' and 'Status'"),
        ({**detail(), "jobDetail": {}}, "different values for 'job_detail' and 'jobDetail'"),
        (detail(jobId=1), "different values for 'job_id' and 'jobId'"),
        (detail(job_id=True), "about another job"),
        (detail(job_id=50321.0), "about another job"),
        (detail(status=["job_running"]), "names no state"),
    ],
)
def test_invalid_flink_answer_is_unreadable(body: Any, problem: str) -> None:
    error = flink(body).error
    assert error is not None
    assert problem in str(error)


def names(jobs: list[dict[str, Any]], total: int | None = None) -> Callable[[Any], Any]:
    """Answers list and detail calls."""

    def answer(call: Any) -> Any:
        if call.segments[-1] != "jobs":
            found = [job for job in jobs if str(job["job_id"]) == call.segments[-1]]
            return {"is_success": "true", "job_detail": found[0]} if found else GONE
        query = dict(call.query)
        page = jobs[int(query["offset"]) : int(query["offset"]) + int(query["limit"])]
        return {"is_success": "true", "job_list": {"total_count": len(jobs) if total is None else total, "jobs": page}}

    return answer


def job(number: int, name: str) -> dict[str, Any]:
    return {"job_id": number, "name": name, "status": "job_running"}


def test_names_are_compared_exactly_and_looked_up_once() -> None:
    service = DliFlink()
    driver = Driver(names([job(number, f"orders_{number}") for number in range(150)] + [job(900, "orders")]))
    for dummy in range(2):
        reading = driver.run(service.status_of_name("orders"))
        assert reading.job is not None
        assert (reading.name, reading.job["job_id"]) == ("orders", "900")
    assert [path[-1] for path in driver.paths()] == ["jobs", "jobs", "900", "900"]


def test_a_name_whose_job_was_created_again_is_looked_up_again() -> None:
    service = DliFlink()
    service.ids["orders"] = "7"
    driver = Driver(names([job(8, "orders")]))
    assert (driver.run(service.status_of_name("orders")).job or {})["job_id"] == "8"
    assert [path[-1] for path in driver.paths()] == ["7", "jobs", "8"]


def test_renamed_job_is_looked_up_again() -> None:
    service = DliFlink()
    service.ids["orders"] = "7"
    driver = Driver(names([job(7, "orders_old"), job(8, "orders")]))
    assert (driver.run(service.status_of_name("orders")).job or {})["job_id"] == "8"
    assert [path[-1] for path in driver.paths()] == ["7", "jobs", "8"]
    renamed = Driver(lambda call: names([job(7, "orders" if call.segments[-1] == "jobs" else "orders_old")])(call))
    assert "the list and the job have different names" in str(renamed.run(DliFlink().status_of_name("orders")).error)


def test_restart_times_may_be_text() -> None:
    assert (flink(detail(restart_times="3")).job or {})["restart_times"] == 3


def test_name_that_is_not_in_the_list_is_missing() -> None:
    assert Driver(names([job(8, "orders_2")])).run(DliFlink().status_of_name("orders")).missing


@pytest.mark.parametrize(
    ("jobs", "total", "kind", "problem"),
    [
        ([job(1, "orders"), job(2, "orders")], None, PERMANENT, "2 Flink jobs have the name 'orders'"),
        ([job(1, "orders")], 2, None, "contradicts itself: it holds 1 of 2"),
        ([{"name": "orders"}], None, None, "has no ID"),
        ([{"job_id": "../jobs", "name": "orders"}], None, None, "an ID that is no number, '../jobs'"),
        ([job(1, "orders"), job(1, "orders_2")], 1, None, "two names for the job 1"),
    ],
)
def test_ambiguous_list_is_an_error(jobs: Any, total: Any, kind: Any, problem: str) -> None:
    with pytest.raises(RequestError) as caught:
        Driver(names(jobs, total)).run(DliFlink().status_of_name("orders"))
    assert problem in str(caught.value)
    assert kind in (None, caught.value.kind)


def test_page_beyond_the_total_is_read() -> None:
    jobs = [job(number, "orders" if number == 1 else f"orders_{number}") for number in range(1, 101)]
    pages = {"0": jobs, "100": [job(101, "orders")]}

    def answer(call: Any) -> Any:
        return {"is_success": "true", "job_list": {"total_count": 100, "jobs": pages[dict(call.query)["offset"]]}}

    with pytest.raises(RequestError, match="contradicts itself: it holds 101 of 100 jobs"):
        Driver(answer).run(DliFlink().status_of_name("orders"))


# -- Spark ------------------------------------------------------------------------------------------------------------


def spark(body: Any) -> Reading:
    return Driver(lambda call: body).run(DliSpark().status(BATCH))


def test_vendor_example_of_a_dead_batch() -> None:
    job = spark(example("spark_detail_dead")).job
    assert job is not None
    assert (job["batch_id"], job["status"], job["name"]) == (BATCH, "dead", "orders_spark")
    assert "req_body" not in job
    assert (spark(example("spark_state_capital")).job or {})["status"] == "success"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"id": "other", "state": "running"}, "about another batch"),
        ({"state": "running"}, "about another batch"),
        ({"id": BATCH}, "names no state"),
        ({"id": BATCH, "state": 5}, "names no state"),
        ([], "no JSON object"),
        ({"id": BATCH, "state": "success", "error_code": "DLI.0999"}, "holds an error"),
        ({"id": BATCH, "state": "success", "State": "dead"}, "different values for 'state' and 'State'"),
        ({"id": BATCH, "state": "success", "status": "dead"}, "different values for 'state' and 'status'"),
        ({"id": BATCH, "batch_id": "other", "state": "success"}, "about another batch, 'other'"),
        ({"id": BATCH, "state": "success", "is_success": "false"}, "did not succeed"),
        ({"id": None, "state": "success"}, "about another batch"),
    ],
)
def test_invalid_batch_answer_is_unreadable(body: Any, problem: str) -> None:
    error = spark(body).error
    assert error is not None
    assert problem in str(error)


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ({"log": ["one", "", "two", "three", "four\nfive"]}, "three / four / five"),
        ({"log": []}, "stderr: Exception in thread main / YARN Diagnostics: Application failed"),
        (GONE, "stderr: Exception in thread main / YARN Diagnostics: Application failed"),
        ({"id": "other", "log": ["x"]}, "stderr: Exception in thread main / YARN Diagnostics: Application failed"),
        ({"log": "text"}, "stderr: Exception in thread main / YARN Diagnostics: Application failed"),
        ({"log": ["a\x1b[31m"]}, "a\N{REPLACEMENT CHARACTER}[31m"),
    ],
)
def test_the_reason_of_a_dead_batch_is_the_end_of_its_log(log: Any, message: str) -> None:
    job = spark(example("spark_detail_dead")).job
    assert job is not None
    driver = Driver(lambda call: log)
    assert driver.run(DliSpark().explain(job))["message"] == message
    assert [path[-1] for path in driver.paths()] == ["log"]


def test_log_is_not_read_for_a_successful_batch() -> None:
    driver = Driver(lambda call: GONE)
    assert driver.run(DliSpark().explain({"batch_id": BATCH, "status": "success"}))["status"] == "success"
    assert driver.calls == []
