# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests to DataArts Factory, and the readings from their answers. test_pager.py tests how the list is read."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import (
    MISSING,
    TRANSIENT,
    UNREACHED,
    RequestError,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.factory.jobs import DataArts
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import (
    LIST,
    STATUS,
    Listing,
    Reading,
)
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.driver import Driver
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.fake_session import (
    PAGES,
    RECORDS,
    JobList,
)


def some(count: int) -> list[str]:
    return [f"job_{number:05d}" for number in range(count)]


# -- the list ---------------------------------------------------------------------------------------------------------


def test_list_call_has_path_query_and_workspace_header() -> None:
    driver, service = Driver(JobList(["a"])), DataArts("ws1")
    listing = driver.run(service.list())
    assert driver.paths() == [("v1", "{project_id}", "jobs")]
    assert driver.queries() == [{"jobType": "REAL_TIME", "offset": "0", "limit": "100"}]
    assert driver.calls[0].query[0] == ("jobType", "REAL_TIME")
    assert driver.calls[0].headers == {"workspace": "ws1"}
    assert driver.calls[0].service == "dataarts"
    assert listing.at == 1000.0
    driver.run(service.list("BATCH", name="作业 a", tags=["t1", "t2"], page_size=7))
    assert driver.queries()[1] == {
        "jobType": "BATCH",
        "jobName": "作业 a",
        "tags": "t1,t2",
        "offset": "0",
        "limit": "7",
    }


def test_no_workspace_sends_no_header() -> None:
    driver = Driver(JobList([]))
    driver.run(DataArts().list())
    assert driver.calls[0].headers == {}


def test_page_size_is_limited_to_100() -> None:
    driver = Driver(JobList(["a"]))
    driver.run(DataArts().list(page_size=1000))
    assert driver.queries()[0]["limit"] == "100"


@pytest.mark.parametrize("means", [PAGES, RECORDS])
def test_offset_meaning_is_remembered(means: str) -> None:
    driver, service = Driver(JobList(some(5), means)), DataArts()
    driver.run(service.list(page_size=10))
    assert [service.offset_means] == [None]  # one page does not show the meaning
    driver.run(service.list(page_size=2))
    assert service.offset_means == means
    before = driver.sent
    driver.run(service.list(page_size=2))
    assert driver.sent - before == 3
    again = DataArts()
    again.offset_means = means
    before = driver.sent
    assert driver.run(again.list(page_size=2)).complete
    assert driver.sent - before == 3


def test_entry_without_job_type_has_the_requested_type() -> None:
    entries = [{"name": "a", "jobType": "BATCH"}, {"name": "b"}, {"name": "c", "job_type": "real_time"}]
    listing = Driver(lambda call: {"total": 3, "jobs": entries}).run(DataArts().list())
    assert [job["job_type"] for job in listing.jobs] == ["BATCH", "REAL_TIME", "REAL_TIME"]


def test_list_readings_exclude_batch_jobs() -> None:
    """The filter by type is not trusted: a batch job is never selected."""
    service = DataArts()
    entries = [{"name": "a", "status": "NORMAL"}, {"name": "b", "jobType": "BATCH"}, {"name": "c", "status": "STOPPED"}]
    listing = Driver(lambda call: {"total": 3, "jobs": entries}).run(service.list())
    readings = service.readings(listing)
    assert [(reading.name, reading.source, reading.at) for reading in readings] == [
        ("a", LIST, 1000.0),
        ("c", LIST, 1000.0),
    ]
    assert [reading.job and reading.job["status"] for reading in readings] == ["NORMAL", "STOPPED"]


@pytest.mark.parametrize(
    "entry", [None, 5, "x", {"status": "NORMAL"}, {"name": "", "status": "STOPPED"}, {"name": "a\u200b"}], ids=str
)
def test_entry_without_a_name_makes_readings_unreadable(entry: Any) -> None:
    """The entry may be a selected job. The list is still returned, for a module that only shows it."""
    service = DataArts()
    listing = Driver(lambda call: {"total": 2, "jobs": [{"name": "a"}, entry]}).run(service.list())
    assert listing.jobs[0]["name"] == "a"
    assert (listing.total, listing.complete) == (2, True)
    with pytest.raises(RequestError, match="an entry that is no job with a name"):
        service.readings(listing)
    service.readings(Listing(listing.jobs[:1], 1, listing.at, 1, True))


# -- the status -------------------------------------------------------------------------------------------------------


def status(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "status": "NORMAL", "nodes": [{"name": "n", "status": "EXCEPTION"}], **fields}


def read(data: Any, name: str = "a") -> Reading:
    reading = Driver(lambda call: data).run(DataArts().status(name))
    assert (reading.name, reading.source, reading.at) == (name, STATUS, 1000.0)
    assert [reading.job is not None, reading.missing, reading.error is not None].count(True) == 1
    return reading


def test_status_call_outcomes() -> None:
    gone = RequestError(MISSING, "no job", status=400, error_code="DLF.0100")
    broken = RequestError(TRANSIENT, "busy", status=503)
    answers = {"a": status("a"), "b": gone, "c": broken, "作业 1": status("作业 1")}
    driver = Driver(lambda call: answers[call.segments[3]])
    service = DataArts("ws1")
    a, b, c, d = (driver.run(service.status(name)) for name in answers)
    assert driver.paths() == [("v1", "{project_id}", "jobs", name, "status") for name in answers]
    assert all(call.headers == {"workspace": "ws1"} and call.query == [] for call in driver.calls)
    assert a.job == {
        "name": "a",
        "status": "NORMAL",
        "nodes": [{"name": "n", "status": "EXCEPTION", "type": None, "log_path": None}],
    }
    assert (a.name, a.source, a.at, a.missing, a.error) == ("a", STATUS, 1000.0, False, None)
    assert (b.name, b.missing, b.batch, b.job, b.error, b.at) == ("b", True, False, None, None, 1001.0)
    assert (c.name, c.missing, c.job, c.error, c.at) == ("c", False, None, broken, 1002.0)
    assert d.name == "作业 1"


def test_error_before_sending_has_no_time() -> None:
    task = DataArts().status("a")
    next(task)
    with pytest.raises(StopIteration) as caught:
        task.send([RequestError(UNREACHED, "too late")])
    assert caught.value.value.at == 0.0


def test_status_of_another_job_is_unreadable() -> None:
    reading = read(status("another"))
    assert reading.error is not None
    assert (reading.error.kind, reading.error.status) == (TRANSIENT, 200)
    assert "about another job, 'another'" in str(reading.error)


@pytest.mark.parametrize(
    ("data", "state"),
    [({}, None), ({"status": "NEW"}, "NEW"), ({"nodes": []}, None), ({"nodes": None, "status": None}, None)],
)
def test_minimal_answers_are_read(data: Any, state: str | None) -> None:
    assert read({"name": "a", **data}).job == {"name": "a", "status": state, "nodes": []}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "text",
        {},
        {"name": None, "status": "NORMAL"},
        {"status": "NORMAL", "nodes": []},
        {"error_msg": "x"},
        {"name": "a", "nodes": "x"},
        {"name": "a", "nodes": [5]},
        {"name": "a", "status": 5},
        {"name": "a", "status": "NORMAL", "error_code": "DLF.3051"},
        {"name": "a", "status": "NORMAL", "isSuccess": False},
        {"name": "a", "status": "NORMAL", "Status": "EXCEPTION"},
        [{"name": "a", "status": "NORMAL"}],
    ],
)
def test_answers_without_a_job_are_unreadable(data: Any) -> None:
    reading = read(data)
    assert reading.error is not None
    assert (reading.error.kind, reading.error.status) == (TRANSIENT, 200)


@pytest.mark.parametrize(
    "fields",
    [{"jobType": "BATCH"}, {"status": "SCHEDULING"}, {"status": "PAUSED"}, {"job_type": "batch", "status": None}],
)
def test_batch_job_counts_as_missing(fields: Any) -> None:
    reading = read(status("a", **fields))
    assert (reading.missing, reading.batch, reading.job, reading.error) == (True, True, None, None)


# -- similar names of a missing job -----------------------------------------------------------------------------------


def test_similar_names_are_found() -> None:
    lists = {
        "REAL_TIME": JobList(["job_sms", "job_smt", "job_sns", "job_sms_2", "other"]),
        "BATCH": JobList(["job_nightly", "xx_job_nightly_yy"]),
    }
    driver = Driver(lambda call: lists[dict(call.query)["jobType"]](call))
    found = driver.run(DataArts().resembling(["job_sm", "job_nightly", "job_night", "作业"]))
    similar, batch = found["job_sm"]
    assert set(similar) <= {"job_sms", "job_smt", "job_sns", "job_sms_2"}
    assert (len(similar), batch) == (3, False)
    assert found["job_nightly"][1] is True
    assert found["job_night"][1] is False  # the service's filter finds parts of names
    assert found["作业"] == ([], False)
    assert driver.queries()[1]["jobName"] == "job_sm"


def test_similar_names_read_a_limited_number_of_pages() -> None:
    lists = {"REAL_TIME": JobList(some(10_000)), "BATCH": JobList([])}
    driver = Driver(lambda call: lists[dict(call.query)["jobType"]](call))
    driver.run(DataArts().resembling(["job"]))
    assert driver.sent <= 22


def test_similar_names_check_the_job_type() -> None:
    jobs = [{"name": "job_sms", "jobType": "BATCH"}, {"name": "job_smt", "jobType": "REAL_TIME"}]
    driver = Driver(lambda call: {"total": 2, "jobs": jobs})
    found = driver.run(DataArts().resembling(["job_sms", "job_smt"]))
    assert found == {"job_sms": (["job_smt"], True), "job_smt": (["job_smt"], False)}
