# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of runs is read completely: in windows that the service accepts, under both meanings of offset, and for both meanings of the bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import PERMANENT, RequestError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.factory import (
    instances as instances_module,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.factory.instances import (
    Instances,
    Query,
    windows,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import Listing
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.driver import Driver

DATA = Path(__file__).resolve().parents[5] / "data"
DAY = 86_400_000
NOW = 1_795_910_400_000
JOB = "orders_daily"


class Service:
    """Answers the list call according to the parameters.

    :ivar bounds: the field that the window compares.
    """

    def __init__(
        self,
        runs: list[dict[str, Any]],
        means: str = "pages",
        days: float = 7,
        bounds: str = "planTime",
        most: int = 1000,
    ) -> None:
        self.runs, self.means, self.days, self.bounds, self.most = runs, means, days, bounds, most

    def __call__(self, call: Call) -> Any:
        query = dict(call.query)
        begin, end = int(query["minPlanTime"]), int(query["maxPlanTime"])
        limit, offset = int(query["limit"]), int(query["offset"])
        if end - begin > self.days * DAY or limit > self.most:
            return RequestError(PERMANENT, "invalid", status=400, error_code="DLF.3051")
        found = [
            run
            for run in self.runs
            if query.get("jobName", "") in run["jobName"] and begin <= run.get(self.bounds, 0) <= end
        ]
        found.sort(key=lambda run: -run["planTime"])
        first = offset * limit if self.means == "pages" else offset
        return {"total": len(found), "instances": found[first : first + limit]}


def run_of(number: int, planned: int, name: str = JOB, late: int = 1000) -> dict[str, Any]:
    return {
        "jobName": name,
        "instanceId": number,
        "status": "success",
        "planTime": planned,
        "startTime": planned + late,
    }


def read(service: Any, query: Query, most_pages: int = 0) -> tuple[Listing, Driver]:
    driver = Driver(service)
    listing = driver.run(Instances().list(query, lambda item: item["job_name"] == JOB, most_pages))
    return listing, driver


@settings(max_examples=200)
@given(st.integers(0, 40 * DAY), st.integers(0, 40 * DAY), st.sampled_from([3, 7]))
def test_windows_cover_the_period(begin: int, length: int, days: int) -> None:
    found = windows(begin, begin + length, days)
    assert found[0][0] == begin
    assert found[-1][1] == begin + length
    assert all(0 <= end - start <= days * DAY for start, end in found)
    assert all(before[1] == after[0] for before, after in zip(found, found[1:]))
    assert len(found) <= length // (days * DAY) + 1


@settings(max_examples=100)
@given(
    st.lists(st.integers(-20 * DAY, 0), max_size=30),
    st.sampled_from(["pages", "records"]),
    st.sampled_from([7, 3]),
    st.sampled_from(["planTime", "startTime"]),
    st.sampled_from([1000, 100]),
    st.integers(1, 20),
)
def test_each_run_in_the_period_is_read(
    plans: list[int], means: str, days: float, bounds: str, most: int, span: int
) -> None:
    runs = [run_of(number, NOW + plan) for number, plan in enumerate(plans, 1)]
    runs += [run_of(number + 1000, NOW + plan, JOB + "_old") for number, plan in enumerate(plans, 1)]
    begin = NOW - span * DAY
    listing, driver = read(Service(runs, means, days, bounds, most), Query(begin, NOW, JOB))
    wanted = {number for number, plan in enumerate(plans, 1) if begin <= NOW + plan}
    assert wanted <= {item["instance_id"] for item in listing.jobs} <= set(range(1, len(plans) + 1))
    assert (listing.complete, listing.problem) == (True, None)
    assert driver.sent <= 3 * (span // 3 + 2)


@pytest.mark.parametrize("means", ["pages", "records"])
@pytest.mark.parametrize("count", [999, 1000, 1001, 2500])
def test_all_pages_are_read(count: int, means: str) -> None:
    runs = [run_of(number, NOW - number) for number in range(1, count + 1)]
    listing, driver = read(Service(runs, means), Query(NOW - DAY, NOW))
    assert {item["instance_id"] for item in listing.jobs} == set(range(1, count + 1))
    assert listing.complete
    assert driver.sent <= count // 1000 + 2


def test_long_list_is_incomplete() -> None:
    runs = [run_of(number, NOW - number) for number in range(1, 5001)]
    listing, driver = read(Service(runs), Query(NOW - DAY, NOW), most_pages=2)
    assert not listing.complete
    assert listing.pages > 2
    assert driver.sent == 1


def test_rejected_query_form_is_not_sent_again() -> None:
    service = Service([run_of(1, NOW - 1)], days=3, most=100)
    instances = Instances()
    driver = Driver(service)
    for dummy in range(2):
        driver.run(instances.list(Query(NOW - 5 * DAY, NOW), lambda item: True))
    limits = [(query["limit"], int(query["maxPlanTime"]) - int(query["minPlanTime"])) for query in driver.queries()]
    assert [limit for limit, span in limits] == ["1000", "1000", "100", "100", "100", "100"]
    assert instances.shape == len(instances_module.SHAPES) - 1


def test_error_is_raised_if_each_query_form_is_rejected() -> None:
    with pytest.raises(RequestError, match="invalid"):
        read(Service([], days=1), Query(NOW - 5 * DAY, NOW))


@pytest.mark.parametrize(
    "entry",
    [
        {"jobName": JOB, "status": "success", "planTime": NOW},
        {"instanceId": 7, "status": "success", "planTime": NOW},
        {"jobName": JOB, "instanceId": True, "status": "success", "planTime": NOW},
    ],
    ids=["no ID", "no job", "a truth value"],
)
def test_entry_without_job_or_id_makes_the_list_unreadable(entry: dict[str, Any]) -> None:
    with pytest.raises(RequestError, match="without a job or an ID"):
        read(lambda call: {"total": 1, "instances": [entry]}, Query(NOW - DAY, NOW))


@pytest.mark.parametrize("key", ["planTime", "instanceType"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, 7),
        ("7", 7),
        (7.0, 7),
        (" 7 ", 7),
        (None, None),
        ("", None),
        ("2026-11-29T01:00:00Z", "error"),
        ("scheduled", "error"),
        ("7.0", "error"),
        (True, "error"),
        ([], "error"),
    ],
)
def test_what_decides_whether_a_run_counts_is_a_number(key: str, value: Any, expected: Any) -> None:
    entry = {"jobName": JOB, "instanceId": 7, "status": "success", "planTime": NOW, key: value}

    def found() -> Any:
        (run,) = read(lambda call: {"total": 1, "instances": [entry]}, Query(NOW - DAY, NOW))[0].jobs
        return run[{"planTime": "plan_time", "instanceType": "instance_type"}[key]]

    if expected == "error":
        with pytest.raises(RequestError, match="of an instance is no number"):
            found()
    else:
        assert found() == expected


FLAGS: dict[str, list[Any]] = {
    "declared": [True, "true", "TRUE", " yes ", "on", 1, 1.0, "1"],
    "success": [None, False, "false", "No", "off", 0, 0.0, "0", "", " ", "null"],
    "error": ["perhaps", 2, -1, 0.5, [], {}, [True]],
}


@pytest.mark.parametrize("flag", ["forceSuccess", "ignore_success"])
@pytest.mark.parametrize(("value", "expected"), [(value, key) for key, values in FLAGS.items() for value in values])
def test_a_success_is_declared_or_not(flag: str, value: Any, expected: str) -> None:
    entry = {"jobName": JOB, "instanceId": 7, "status": "success", "planTime": NOW, flag: value}

    def found() -> Any:
        (run,) = read(lambda call: {"total": 1, "instances": [entry]}, Query(NOW - DAY, NOW))[0].jobs
        return run["status"]

    if expected == "error":
        with pytest.raises(RequestError, match="neither true nor false"):
            found()
    else:
        assert found().lower().replace("_", "") == (
            flag.lower().replace("_", "") if expected == "declared" else expected
        )


@pytest.mark.parametrize(
    ("fields", "is_read"),
    [
        ({"status": "success", "errorCode": "DLF.1"}, False),
        ({"status": "success", "is_success": False}, False),
        ({"status": "running", "error_code": "DLF.1"}, False),
        ({"status": "success", "errorCode": "0"}, True),
        ({"status": "success", "errorMessage": "retried"}, True),
        ({"status": "fail", "errorCode": "DLF.1"}, True),
    ],
)
def test_an_error_beside_a_state_that_is_no_failure_is_unreadable(fields: dict[str, Any], is_read: bool) -> None:
    entry = {"jobName": JOB, "instanceId": 7, "planTime": NOW, **fields}

    def found() -> int:
        return len(read(lambda call: {"total": 1, "instances": [entry]}, Query(NOW - DAY, NOW))[0].jobs)

    if is_read:
        assert found() == 1
    else:
        with pytest.raises(RequestError):
            found()


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("instances_list.json", {4711004: "waiting", 4711003: "running", 4711002: "fail", 4711001: "success"}),
        ("instances_list_flags.json", {}),
        ("instances_list_flags_as_states.json", {4711006: "forceSuccess", 4711005: "ignoreSuccess"}),
        ("instances_list_old_form.json", {34801: "success"}),
        ("instances_list_fuzzy_names.json", {4711001: "success"}),
        ("instances_list_empty.json", {}),
        ("instances_v2_list.json", {4711001: "success"}),
    ],
)
def test_documented_answers_are_read(file: str, expected: dict[int, str]) -> None:
    body = json.loads((DATA / file).read_text("utf-8"))
    listing, dummy = read(lambda call: body, Query(NOW - DAY, NOW))
    found = {item["instance_id"]: item["status"] for item in listing.jobs}
    if file == "instances_list_flags.json":
        assert set(found.values()) >= {"forceSuccess", "ignoreSuccess"}
    else:
        assert found == expected


def test_node_runs_are_listed() -> None:
    body = json.loads((DATA / "instances_list_subjob.json").read_text("utf-8"))
    name = "orders_stream_on_file"
    driver = Driver(lambda call: body)
    query = Query(NOW - DAY, NOW, "orders_stream_", kind=6)
    listing = driver.run(Instances().list(query, lambda item: item["job_name"] == name))
    found = {item["instance_id"]: (item["status"], item["instance_type"], item["message"]) for item in listing.jobs}
    assert found == {4712001: ("success", 6, ""), 4712002: ("fail", 6, "File has no rows.")}
    (sent,) = driver.queries()
    assert (sent["jobName"], sent["instanceType"]) == ("orders_stream_", "6")


@pytest.mark.parametrize(
    ("file", "nodes"),
    [
        ("instance_detail_fail.json", [("load", "fail", 2), ("publish", "skip", 0)]),
        # The state of the run counts, not those of its nodes.
        ("instance_detail_fail_nodes_success.json", None),
    ],
)
def test_detail_of_a_run_is_read(file: str, nodes: list[tuple[str, str, int]] | None) -> None:
    body = json.loads((DATA / file).read_text("utf-8"))
    reading = Driver(lambda call: body).run(Instances().one(body["jobName"], body["instanceId"], "key"))
    assert reading.job is not None
    assert reading.job["status"] == "fail"
    found = [(node["name"], node["status"], node.get("retry_times")) for node in reading.job["nodes"]]
    assert found == nodes if nodes is not None else {status for dummy, status, times in found} == {"success"}


@pytest.mark.parametrize("number", [{}, {"instanceId": None}, {"instanceId": 8}, {"instanceId": "x"}], ids=repr)
def test_run_without_its_id_is_unreadable(number: dict[str, Any]) -> None:
    body = {"jobName": JOB, "status": "success", "planTime": NOW, **number}
    reading = Driver(lambda call: body).run(Instances().one(JOB, 7, "key"))
    assert reading.job is None
    assert "about another instance" in str(reading.error)
