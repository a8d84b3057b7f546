# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of DLI's SQL jobs: complete or an error, and filtered locally."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import TRANSIENT, RequestError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.policy import DliQuery
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.dli.sql_job_list import Wanted, list_jobs
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import Listing
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.dli_jobs import DliJobs
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.driver import Driver
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.fake_session import FakeSession

DATA = Path(__file__).resolve().parents[5] / "data"
ALL = Wanted({})


def job(number: int, start: Any = 1000, queue: str = "q", **tags: str) -> dict[str, Any]:
    listed = [{"key": key, "value": value} for key, value in tags.items()]
    return {"job_id": f"j{number}", "queue_name": queue, "start_time": start, "status": "RUNNING", "tags": listed}


def paged(jobs: Callable[[int], list[dict[str, Any]]]) -> Callable[[Any], Any]:
    """Answers with all jobs, which may differ for each request."""
    sent = [0]

    def answer(call: Any) -> Any:
        query = dict(call.query)
        found, size, page = jobs(sent[0]), int(query["page-size"]), int(query["current-page"])
        sent[0] += 1
        return {"is_success": True, "job_count": len(found), "jobs": found[(page - 1) * size : page * size]}

    return answer


def read(answer: Callable[[Any], Any], wanted: Wanted = ALL) -> tuple[Listing, Driver]:
    driver = Driver(answer)
    return driver.run(list_jobs(wanted)), driver


def ids(listing: Listing) -> list[str]:
    return [item["job_id"] for item in listing.jobs]


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (99, 1), (100, 2), (250, 3)])
def test_all_pages_are_read(count: int, requests: int) -> None:
    jobs = [job(number) for number in range(count)]
    listing, driver = read(paged(lambda sent: jobs))
    assert (len(listing.jobs), listing.complete, len(driver.calls)) == (count, True, requests)


def test_filters_are_sent_and_checked_locally() -> None:
    jobs = [
        job(1, release="42"),
        job(2, release="421"),
        job(3, release="42", env="x"),
        job(4, start=99, release="42"),
        job(5, queue="other", release="42"),
        job(6, start=None, release="42"),
    ]
    wanted = Wanted({"release": "42"}, "q", 1000)
    listing, driver = read(paged(lambda sent: jobs), wanted)
    assert ids(listing) == ["j1", "j3", "j6"]
    (query,) = driver.queries()
    assert (query["start"], query["queue_name"], query["tags"]) == ("999", "q", "release=42")
    assert (query["job-type"], query["order"]) == ("ALL", "start_time_asc")


def test_tags_with_special_characters_are_compared_locally() -> None:
    listing, driver = read(paged(lambda sent: [job(1, a="b=c,d"), job(2, a="b")]), Wanted({"a": "b=c,d"}))
    assert ids(listing) == ["j1"]
    assert "tags" not in driver.queries()[0]


def test_newest_keeps_one_job_per_tag_set() -> None:
    jobs = [
        job(1, 1000, step="load"),
        job(2, 2000, step="load"),
        job(3, 1500, step="clean"),
        job(4, 1000, step="load", env="x"),
        job(5, None, step="clean"),
        job(6, 2000, step="load"),
    ]
    # A job without a start may be the newest one, and two with the same start may both be.
    assert ids(read(paged(lambda sent: jobs), Wanted({}, newest=True))[0]) == ["j2", "j3", "j4", "j5", "j6"]


def test_jobs_submitted_during_the_reading_are_last() -> None:
    listing, driver = read(paged(lambda sent: [job(number) for number in range(150 + sent)]))
    assert (len(listing.jobs), listing.complete, len(driver.calls)) == (151, True, 2)


def test_inconsistent_list_is_read_again() -> None:
    # A service that ignores the order: the new job comes first, and another one moves to the second page.
    listing, driver = read(paged(lambda sent: [job(number) for number in range(-1 if sent else 0, 150)]))
    assert (len(listing.jobs), listing.complete, len(driver.calls)) == (151, True, 4)


CONTRADICTIONS: list[tuple[str, Callable[[int], list[dict[str, Any]]]]] = [
    ("shrinks", lambda sent: [job(number) for number in range(300 - sent)]),
    ("shifts", lambda sent: [job(number) for number in range(-sent, 300)]),
]


@pytest.mark.parametrize(("case", "jobs"), CONTRADICTIONS, ids=[row[0] for row in CONTRADICTIONS])
def test_repeatedly_inconsistent_list_is_incomplete(case: str, jobs: Any) -> None:
    listing, dummy = read(paged(jobs))
    assert not listing.complete
    assert str(listing.problem).startswith("it contradicts itself")


def test_list_with_fewer_jobs_than_its_count_is_incomplete() -> None:
    body = {"is_success": True, "job_count": 3, "jobs": [job(1)]}
    empty = {**body, "jobs": []}
    listing, dummy = read(lambda call: body if dict(call.query)["current-page"] == "1" else empty)
    assert (listing.complete, listing.problem) == (False, "it contradicts itself: it holds 1 of 3 jobs")


@pytest.mark.parametrize(
    ("status", "since", "problem"),
    [
        ("FINISHED", 1000, "j1 has finished and has no start time to compare with since"),
        ("FINISH", 1000, "j1 has finished and has no start time to compare with since"),
        ("FAILED", 1000, None),
        ("LAUNCHING", 1000, None),
        ("running", 1000, None),
        (None, 1000, "j1 may have finished and has no start time to compare with since"),
        ("ARCHIVED", 1000, "j1 may have finished and has no start time to compare with since"),
        ("FINISHED", None, None),
    ],
)
def test_a_finished_job_without_a_start_time_may_be_an_old_one(status: str | None, since: Any, problem: Any) -> None:
    listing, dummy = read(paged(lambda sent: [{**job(1, None), "status": status}]), Wanted({}, since=since))
    assert (listing.problem, listing.complete) == (problem, problem is None)
    assert ids(listing) == ["j1"]


def numbered(first: int, last: int) -> list[dict[str, Any]]:
    return [job(number) for number in range(first, last)]


# pages (jobs, total) -> whether the list is complete.
PAGES = [
    (
        "smaller pages than requested",
        [(numbered(0, 50), 120), (numbered(50, 100), 120), (numbered(100, 120), 120)],
        True,
    ),
    ("one page without a total", [(numbered(0, 50), None)], True),
    ("two pages without a total", [(numbered(0, 100), None), (numbered(101, 150), None)], False),
    ("a total as text", [(numbered(0, 2), "2")], True),
    ("a total below 0", [(numbered(0, 2), -1)], False),
    ("a job that moved to the page before", [(numbered(0, 100), 150), (numbered(101, 150), 150)], False),
]


@pytest.mark.parametrize(("pages", "is_complete"), [row[1:] for row in PAGES], ids=[row[0] for row in PAGES])
def test_a_list_is_complete_only_if_its_pages_prove_it(pages: list[Any], is_complete: bool) -> None:
    def answer(call: Any) -> Any:
        number = int(dict(call.query)["current-page"])
        jobs, total = pages[number - 1] if number <= len(pages) else ([], pages[-1][1])
        return {"is_success": "true", "job_count": total, "jobs": jobs}

    listing, dummy = read(answer)
    assert listing.complete is is_complete


# fields of an entry -> whether it has the tag release 42; None for a list that cannot be read.
ENTRIES = [
    ({"tags": [{"key": "release", "value": 42}]}, True),
    ({"tags": [{"key": "release", "value": "42"}, {"key": "release", "value": "43"}]}, True),
    ({"tags": [{"key": "release", "value": "42"}], "start_time": 0}, True),
    ({"tags": [{"key": "release", "value": "4 2"}]}, False),
    ({"tags": [{"key": "Release", "value": "42"}]}, False),
    ({"tags": [{"key": "release", "value": None}]}, False),
    ({"tags": None}, False),
    ({"tags": {"release": "42"}}, None),
    ({"tags": "release=42"}, None),
    ({"tags": 1}, None),
    ({"tags": [{"key": "release", "value": "42"}], "start_time": " 5 "}, True),
    ({"tags": [{"key": "release", "value": "42"}], "start_time": ""}, True),
    ({"tags": [{"key": "release", "value": "42"}], "start_time": "2026-03-01T00:00:00Z"}, None),
    ({"tags": [{"key": "release", "value": "42"}], "start_time": []}, None),
    ({"tags": True}, None),
    ({"tags": [{"key": "release", "value": "42"}], "Tags": []}, None),
    ({"job_id": "a/b"}, None),
    ({"job_id": ".."}, None),
    ({"job_id": 5}, None),
]


@pytest.mark.parametrize(("fields", "is_chosen"), ENTRIES)
def test_entry_is_selected_by_complete_tags_or_the_list_is_unreadable(fields: Any, is_chosen: bool | None) -> None:
    body = {"is_success": True, "job_count": 1, "jobs": [{**job(1), **fields}]}

    def chosen() -> list[Any]:
        found = Driver(lambda call: body).run(list_jobs(Wanted({"release": "42"}, since=1)))
        return list(found.jobs)

    if is_chosen is None:
        with pytest.raises(RequestError):
            chosen()
    else:
        assert len(chosen()) == is_chosen


@pytest.mark.parametrize("queue", [None, "q", "Q", ""])
@pytest.mark.parametrize("is_named", [True, False])
def test_a_job_without_a_queue_may_be_in_the_one_that_is_asked_for(queue: str | None, is_named: bool) -> None:
    entry = {key: value for key, value in job(2).items() if key != "queue_name"}
    if queue is not None or is_named:
        entry["queue_name"] = queue
    listing, dummy = read(paged(lambda asked: [job(1), entry]), Wanted({}, queue="q"))
    if queue is None:
        assert not listing.complete
        assert "j2 has no queue to compare with queue" in str(listing.problem)
    else:
        assert (listing.complete, ids(listing)) == (True, ["j1", "j2"] if queue == "q" else ["j1"])


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"is_success": False, "message": "busy"}, "did not succeed: busy"),
        ({"is_success": True, "job_count": 1}, "is no list of DLI jobs"),
        ({"is_success": True, "job_count": 1, "jobs": [{"job_id": ""}]}, "has no ID"),
        ({"is_success": True, "job_count": 1, "jobs": ["j1"]}, "has no ID"),
        ({"is_success": True, "job_count": 1, "jobs": [{"job_id": "j1", "tags": ["x"]}]}, "tags of a DLI job"),
    ],
)
def test_invalid_list_is_an_error(body: Any, problem: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(lambda call: body)
    assert problem in str(caught.value)


def test_endless_list_is_an_error() -> None:
    jobs = [job(number) for number in range(10_001)]
    with pytest.raises(RequestError, match="narrow the selection by since"):
        read(paged(lambda sent: jobs))


def test_failed_page_fails_the_list() -> None:
    with pytest.raises(RequestError, match="busy"):
        read(lambda call: RequestError(TRANSIENT, "busy", status=503))


def test_vendor_examples_are_read() -> None:
    body = json.loads((DATA / "dli_sql_list.json").read_text("utf-8"))
    assert len(read(lambda call: body)[0].jobs) == 2
    assert len(read(lambda call: body, Wanted({"release": "42"}))[0].jobs) == 1
    body = json.loads((DATA / "dli_sql_list_fuzzy_tags.json").read_text("utf-8"))
    assert read(lambda call: body, Wanted({"release": "42"}))[0].jobs == []


@pytest.mark.parametrize(
    ("listed", "read_as", "state"),
    [
        ("FAILED", "FINISHED", "FAILED"),
        ("CANCELED", "FINISHED", "CANCELLED"),
        ("failed", "RUNNING", "FAILED"),
        ("FAILED", "CANCELLED", "CANCELLED"),
        ("RUNNING", "FINISHED", "FINISHED"),
        ("FINISHED", "FAILED", "FAILED"),
        (None, "FINISHED", "FINISHED"),
    ],
)
def test_a_failure_that_the_list_shows_is_final(listed: str | None, read_as: str, state: str) -> None:
    session: Any = FakeSession(lambda call: {"is_success": True, "job_id": "j1", "status": read_as})
    source = DliJobs(session, DliQuery(tags=(("release", "42"),)))
    body = {"is_success": True, "job_count": 1, "jobs": [{**job(1, release="42"), "status": listed}]}
    source.listed(read(lambda call: body)[0])
    later = DliJobs(session, DliQuery(tags=(("release", "42"),)))
    later.recall(json.loads(json.dumps(source.remember())), 1.0)
    for asked in (source, later):
        reading = Driver(session.respond).run(asked.read("j1"))
        assert reading.job is not None
        assert reading.job["status"] == state
