# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job list is complete or has a problem: under both meanings of offset, and while it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DENIED, TRANSIENT, RequestError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.factory import pager as pager_module
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.factory.pager import Pager
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import Listing
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.driver import Driver
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.fake_session import (
    PAGES,
    RECORDS,
    JobList,
)

MEANINGS = pytest.mark.parametrize("means", [PAGES, RECORDS])
SURE = pytest.mark.parametrize("sure", [False, True])
READINGS = pager_module.MAX_READINGS


def pager_of(size: int = 100, means: str | None = None) -> Pager:
    pager = Pager(lambda query: Call("dataarts", ("v1", "{project_id}", "jobs"), query), size)
    pager.offset_means = means
    return pager


def names_of(listing: Listing) -> list[str]:
    return [job["name"] for job in listing.jobs]


def some(count: int) -> list[str]:
    return [f"job_{number:05d}" for number in range(count)]


def pages_of(count: int, size: int) -> int:
    """Requests that one reading takes: where the last page is full, one more."""
    return count // size + 1


# -- lists at rest ----------------------------------------------------------------------------------------------------


@MEANINGS
@SURE
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", [1, 3, 50, 100])
@pytest.mark.parametrize("count", [0, 1, 3, 99, 100, 101, 200, 201])
def test_each_job_is_returned_once_in_order(count: int, size: int, means: str, reverse: bool, sure: bool) -> None:
    driver, pager = Driver(JobList(some(count), means), reverse), pager_of(size)
    for dummy in range(2):  # the meaning of offset is known the second time
        before = driver.sent
        listing = driver.run(pager.read(sure=sure))
        assert names_of(listing) == some(count)
        assert (listing.total, listing.complete, listing.problem, listing.strange) == (count, True, None, 0)
        readings = 2 if sure and count > size else 1
        assert driver.sent - before <= readings * pages_of(count, size) + 1
        assert listing.pages <= pages_of(count, size) + 1
    assert max(driver.batches) <= pager_module.MAX_CALLS


@MEANINGS
@pytest.mark.parametrize("size", [1, 7, 100])
def test_ten_thousand_jobs(size: int, means: str) -> None:
    listing = Driver(JobList(some(10_000), means)).run(pager_of(size).read())
    assert listing.complete
    assert names_of(listing) == some(10_000)


@MEANINGS
@SURE
@pytest.mark.parametrize("cap", [1, 2, 10, 50, 99])
@pytest.mark.parametrize("count", [49, 50, 100, 120])
@pytest.mark.parametrize("total", ["true", "missing"])
def test_service_with_smaller_pages_than_requested(cap: int, count: int, total: str, means: str, sure: bool) -> None:
    driver = Driver(JobList(some(count), means, cap=cap, total=total))
    listing = driver.run(pager_of().read(sure=sure))
    assert (names_of(listing), listing.complete) == (some(count), True)


@MEANINGS
@pytest.mark.parametrize("count", [101, 250, 1000, 10_000])
def test_no_more_requests_than_needed(count: int, means: str) -> None:
    driver, pager = Driver(JobList(some(count), means)), pager_of()
    pages = pages_of(count, 100)
    assert driver.run(pager.read()).pages == driver.sent
    assert driver.sent == pages + (means == RECORDS)  # one more to learn what offset means
    before = driver.sent
    assert driver.run(pager.read()).pages == driver.sent - before == pages
    before = driver.sent
    assert driver.run(pager.read(sure=True)).pages == pages
    assert driver.sent - before == 2 * pages


@SURE
@pytest.mark.parametrize("count", [0, 1, 99])
def test_a_list_on_one_page_is_one_request(count: int, sure: bool) -> None:
    driver = Driver(JobList(some(count)))
    driver.run(pager_of().read(sure=sure))
    assert driver.sent == 1


@MEANINGS
@SURE
@settings(max_examples=2 * settings().max_examples)
@given(
    count=st.integers(0, 60),
    size=st.integers(1, 12),
    cap=st.integers(1, 12),
    total=st.sampled_from(["true", "missing"]),
    reverse=st.booleans(),
    known=st.booleans(),
)
def test_list_is_complete(
    means: str, sure: bool, count: int, size: int, cap: int, total: Any, reverse: bool, known: bool
) -> None:
    driver = Driver(JobList(some(count), means, cap=cap, total=total), reverse)
    listing = driver.run(pager_of(size, means if known else None).read(sure=sure))
    assert (names_of(listing), listing.total, listing.complete) == (some(count), count, True)


# -- the total and the pages of a list---------------------------------------------------------------------------------


@MEANINGS
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("total", ["missing", None, "", "many", True, [250], {"a": 1}, "2.5"])
@pytest.mark.parametrize("count", [0, 99, 100, 250])
def test_missing_total_reads_until_an_empty_page(count: int, total: Any, means: str, known: bool) -> None:
    driver = Driver(JobList(some(count), means, total=total))
    listing = driver.run(pager_of(means=means if known else None).read(sure=True))
    assert (names_of(listing), listing.total, listing.complete) == (some(count), count, True)


@MEANINGS
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("count", [100, 200, 250])
@pytest.mark.parametrize("total", [0, 1, 99, 100, 150, 199, 200, 249, 251, 300, 1000, 40_000, -1, -250, "100", 99.0])
def test_total_that_contradicts_the_pages_is_a_problem(total: Any, count: int, means: str, known: bool) -> None:
    """The total never ends the list: a part of a list never counts as complete."""
    if int(total) == count:
        return
    driver, pager = Driver(JobList(some(count), means, total=total)), pager_of(means=means if known else None)
    listing = driver.run(pager.read())
    assert listing.problem is not None
    assert str(int(total)) in listing.problem
    assert names_of(listing) == some(len(listing.jobs))
    assert not listing.complete or len(listing.jobs) == count  # with any total, it was read to its end
    with pytest.raises(RequestError, match=f"tried {READINGS} times: it contradicts itself") as caught:
        driver.run(pager.read(sure=True))
    assert (caught.value.kind, caught.value.status, caught.value.service) == (TRANSIENT, 200, "dataarts")
    assert str(int(total)) in str(caught.value)
    assert driver.sent <= 8 * (pages_of(count, 100) + 20)


@MEANINGS
@pytest.mark.parametrize("cap", [10, 50])
def test_total_of_one_small_page_is_an_error(cap: int, means: str) -> None:
    with pytest.raises(RequestError, match="contradicts itself"):
        Driver(JobList(some(120), means, cap=cap, total=cap)).run(pager_of().read(sure=True))


@SURE
def test_total_above_the_limit_is_an_error(sure: bool) -> None:
    driver = Driver(JobList(some(250), total=100_000))
    with pytest.raises(RequestError, match="claims 100000 jobs"):
        driver.run(pager_of().read(sure=sure))
    assert driver.sent == 1


@MEANINGS
@pytest.mark.parametrize("first", [100, 250])
def test_changed_total_reads_the_list_again(first: int, means: str) -> None:
    """Jobs appeared or vanished; the list is read again."""
    requests = 0

    def respond(call: Call) -> Any:
        nonlocal requests
        requests += 1
        return {**JobList(some(250), means)(call), "total": first if requests == 1 else 250}

    if first != 250:
        listing = Driver(respond).run(pager_of().read())
        assert "total changes from 100 to 250" in str(listing.problem)
        requests = 0
    assert names_of(Driver(respond).run(pager_of().read(sure=True))) == some(250)


@SURE
@pytest.mark.parametrize("total", ["true", "missing"])
def test_repeated_pages_are_an_error(sure: bool, total: str) -> None:
    """The service ignores offset, or a cache answers."""
    names = some(250)
    driver = Driver(lambda call: JobList(names[:100], total=250 if total == "true" else "missing")(page_zero(call)))
    if sure:
        with pytest.raises(RequestError, match="its first two pages overlap in part"):
            driver.run(pager_of().read(sure=True))
    else:
        listing = driver.run(pager_of().read())
        assert not listing.complete
        assert names_of(listing) == some(100)
    assert driver.sent <= 2 * READINGS
    for means in (PAGES, RECORDS):
        listing = driver.run(pager_of(means=means).read())
        assert not listing.complete
        assert listing.problem is not None


def page_zero(call: Call) -> Call:
    query = dict(call.query)
    return Call(call.service, call.segments, [("offset", "0"), ("limit", query["limit"])])


@SURE
def test_page_larger_than_requested_is_an_error(sure: bool) -> None:
    driver = Driver(lambda call: {"total": 50, "jobs": [{"name": name} for name in some(50)]})
    if sure:
        with pytest.raises(RequestError, match="holds 50, more than the 10 asked for"):
            driver.run(pager_of(10).read(sure=True))
    else:
        listing = driver.run(pager_of(10).read())
        assert not listing.complete
        assert names_of(listing) == some(50)


@MEANINGS
def test_short_page_in_the_middle_is_a_problem(means: str) -> None:
    """Without a total nothing else shows that a page lacks a job."""

    def respond(call: Call) -> Any:
        answer = JobList(some(250), means, total="missing")(call)
        answer["jobs"] = [job for job in answer["jobs"] if job["name"] != "job_00150"]
        return answer

    listing = Driver(respond).run(pager_of().read())
    assert "not full" in str(listing.problem)


def test_empty_first_page_with_a_total_is_a_problem() -> None:
    for data in ({"total": 3, "jobs": []}, {"total": 3}, {"total": 3, "jobs": None}):
        driver = Driver(lambda call, data=data: data)  # type: ignore[misc]
        listing = driver.run(pager_of().read())
        assert not listing.complete
        assert "total is 3, and its first page holds 0" in str(listing.problem)
        with pytest.raises(RequestError, match="total is 3"):
            driver.run(pager_of().read(sure=True))


@SURE
@pytest.mark.parametrize("data", [{"jobs": [], "total": 0}, {"total": 0}, {"jobs": None, "total": "0"}, {"jobs": []}])
def test_empty_list_is_complete(data: Any, sure: bool) -> None:
    driver = Driver(lambda call: data)
    listing = driver.run(pager_of().read(sure=sure))
    assert (listing.jobs, listing.total, listing.complete, driver.sent) == ([], 0, True, 1)


@pytest.mark.parametrize(
    "beyond", [{"jobs": [], "total": 100}, {"total": 100}, {"jobs": None, "total": 0}, {"jobs": []}]
)
def test_full_last_page_is_followed_by_one_request(beyond: Any) -> None:
    """After a full page, the next one is requested. Services mark an empty page in different ways."""

    def respond(call: Call) -> Any:
        return JobList(some(100))(call) if dict(call.query)["offset"] == "0" else beyond

    driver = Driver(respond)
    listing = driver.run(pager_of().read(sure=True))
    assert (names_of(listing), listing.complete, driver.sent) == (some(100), True, 2)


@pytest.mark.parametrize(
    "data", [None, [], "text", {}, {"jobs": "x", "total": 1}, {"jobs": {}}, {"jobs": None}, {"error_code": "X"}]
)
@SURE
def test_invalid_list_is_an_error(data: Any, sure: bool) -> None:
    driver = Driver(lambda call: data)
    with pytest.raises(RequestError) as caught:
        driver.run(pager_of().read(sure=sure))
    assert (caught.value.kind, caught.value.status, caught.value.service) == (TRANSIENT, 200, "dataarts")
    assert driver.sent == 1


# -- jobs that come twice ---------------------------------------------------------------------------------------------


def test_later_entry_on_a_page_counts() -> None:
    entries = [
        {"name": name, "status": status} for name, status in zip("abac", ["NORMAL", "NORMAL", "EXCEPTION", "STOPPED"])
    ]
    listing = Driver(lambda call: {"total": 4, "jobs": entries}).run(pager_of().read(sure=True))
    assert [(job["name"], job["status"]) for job in listing.jobs] == [
        ("a", "EXCEPTION"),
        ("b", "NORMAL"),
        ("c", "STOPPED"),
    ]
    assert (listing.total, listing.complete) == (4, True)


@MEANINGS
@pytest.mark.parametrize("reverse", [False, True])
def test_later_entry_on_another_page_counts(means: str, reverse: bool) -> None:
    """A job that failed has moved to the end; what it pushed back over the edge of a page is on none, and that is seen."""
    names = some(250)
    requests = 0

    def respond(call: Call) -> Any:
        nonlocal requests
        requests += 1
        answer = JobList(names if requests == 1 else [*names[1:], names[0]], means)(call)
        for job in answer["jobs"]:
            if requests > 1 and job["name"] == names[0]:
                job["status"] = "EXCEPTION"
        return answer

    listing = Driver(respond, reverse).run(pager_of(means=means).read())
    assert listing.complete  # no page is left, and yet it may lack a job
    assert "on two of its pages" in str(listing.problem)
    assert listing.jobs[0] == {"name": names[0], "status": "EXCEPTION"}
    requests = 0
    listing = Driver(respond, reverse).run(pager_of(means=means).read(sure=True))
    assert sorted(names_of(listing)) == names
    assert {job["name"]: job["status"] for job in listing.jobs}[names[0]] == "EXCEPTION"


@MEANINGS
@pytest.mark.parametrize("total", ["true", "missing"])
def test_name_on_two_pages_is_a_problem(total: Any, means: str) -> None:
    """Names are unique in a workspace, so a list that has one on two pages is never known to be whole."""
    driver = Driver(JobList([*some(150), "job_00003"], means, total=total))
    listing = driver.run(pager_of().read())
    assert set(names_of(listing)) <= set(some(150))
    assert listing.problem is not None
    with pytest.raises(RequestError, match="on two of its pages"):
        driver.run(pager_of().read(sure=True))


# -- limits ------------------------------------------------------------------------------------------------------------


@MEANINGS
@SURE
def test_enough_limits_the_pages(means: str, sure: bool) -> None:
    driver, pager = Driver(JobList(some(1000), means)), pager_of()
    listing = driver.run(pager.read(enough=1, sure=sure))
    assert names_of(listing) == some(100)
    assert (listing.total, driver.sent, listing.complete) == (1000, 1, True)
    listing = driver.run(pager.read(enough=150, sure=sure))
    assert names_of(listing)[:150] == some(150)
    assert driver.sent <= 4
    listing = driver.run(pager.read(enough=5000, sure=sure))
    assert (names_of(listing), listing.complete) == (some(1000), True)


@MEANINGS
@pytest.mark.parametrize("total", ["true", "missing"])
def test_most_pages_limits_the_pages(total: str, means: str) -> None:
    driver = Driver(JobList(some(55), means, total=total))
    listing = driver.run(pager_of(10).read(most_pages=4))
    assert not listing.complete
    assert listing.problem is None
    assert set(names_of(listing)) < set(some(55))
    if total == "true":
        # The error comes before further pages are read, and names the total.
        assert (driver.sent, listing.pages) == (1, 6)
    assert driver.sent <= 6
    listing = driver.run(pager_of(10).read(most_pages=8))
    assert listing.complete
    assert names_of(listing) == some(55)


def endless(call: Call, size: int = 100, text: str = "") -> Any:
    """Each page contains further jobs, without an end."""
    offset = dict(call.query)["offset"]
    return {"jobs": [{"name": f"p{offset}-{number}", "path": text} for number in range(size)]}


@SURE
def test_endless_list_is_an_error(sure: bool) -> None:
    driver = Driver(endless)
    listing = driver.run(pager_of().read(most_pages=50, sure=sure))
    assert driver.sent <= 53
    assert not listing.complete
    with pytest.raises(RequestError, match="does not end") as caught:
        driver.run(pager_of().read(sure=sure))
    assert caught.value.kind == TRANSIENT
    assert driver.sent <= 53 + pager_module.MAX_JOBS // 100 + 2
    driver = Driver(lambda call: endless(call, 1))
    with pytest.raises(RequestError, match="does not end"):
        driver.run(pager_of(1).read(sure=sure))
    assert driver.sent <= pager_module.MAX_PAGES + 2


@pytest.mark.parametrize("total", [None, 40_000])
def test_memory_limit_ends_the_reading(total: int | None) -> None:
    def respond(call: Call) -> Any:
        return {**endless(call, text="x" * 30_000), "total": total}

    driver = Driver(respond)
    with pytest.raises(RequestError, match="takes more than 96 MiB of memory"):
        driver.run(pager_of().read())
    assert driver.sent <= 18


@pytest.mark.parametrize("total", [None, 40_000])
def test_body_size_limit_ends_the_reading(total: int | None) -> None:
    """For example whitespace."""
    driver = Driver(lambda call: {**endless(call), "total": total}, size=lambda data: 3_000_000)
    with pytest.raises(RequestError, match="larger than 24 MiB"):
        driver.run(pager_of().read())
    assert driver.sent <= 9


@pytest.mark.parametrize(
    "entry",
    [lambda: [{}] * 900, lambda: [[]] * 900, lambda: "\U0001f642" * 30_000, lambda: {f"k{n}": 1 for n in range(900)}],
)
def test_body_size_limit_ends_within_a_batch(entry: Callable[[], Any]) -> None:
    """The first pages are small, so many large ones are requested at once."""

    def respond(call: Call) -> Any:
        number = int(dict(call.query)["offset"])
        jobs = [{"name": f"p{number}-{place}"} for place in range(100)]
        if number > 1:
            for job in jobs:
                job["x"] = entry()
        return {"jobs": jobs, "total": 40_000}

    driver = Driver(respond)
    with pytest.raises(RequestError, match="MiB of memory"):
        driver.run(pager_of(means=PAGES).read())
    assert driver.sent <= 40


def test_jobs_of_the_usual_size_fit_into_the_limits() -> None:
    entry = {
        "jobType": "REAL_TIME",
        "status": "NORMAL",
        "createUser": "some_user_name",
        "createTime": 1680783636000,
        "startTime": 1680783636000,
        "lastUpdateUser": "some_user_name",
        "lastUpdateTime": 1680783636000,
        "lastInstanceStatus": "success",
        "lastInstanceEndTime": 1682519407000,
        "owner": "some_user_name",
        "path": "/a/folder/of/jobs",
        "priority": 0,
        "singleNodeJobFlag": False,
    }

    pages = JobList(some(40_000))

    def respond(call: Call) -> Any:
        answer = pages(call)
        return {**answer, "jobs": [{**entry, **job} for job in answer["jobs"]]}

    driver = Driver(respond, size=lambda data: 400 * len(data["jobs"]))
    assert len(driver.run(pager_of().read()).jobs) == 40_000


@pytest.mark.parametrize("nth", [0, 1, 3])
@pytest.mark.parametrize("reverse", [False, True])
@SURE
def test_failed_page_fails_the_list(nth: int, reverse: bool, sure: bool) -> None:
    pages = JobList(some(1000))
    error = RequestError(DENIED, "no", status=403)

    def respond(call: Call) -> Any:
        return error if dict(call.query)["offset"] == str(nth) else pages(call)

    with pytest.raises(RequestError) as caught:
        Driver(respond, reverse).run(pager_of().read(sure=sure))
    assert caught.value is error


# -- lists that change while they are read ----------------------------------------------------------------------------


class Changing:
    """A list that changes arbitrarily before each answer except the first.

    :ivar always: the jobs that existed during the whole reading.
    :ivar ever: the jobs that existed at any time.
    """

    def __init__(self, data: st.DataObject, names: list[str], jobs: JobList, stop: int, shuffled: bool) -> None:
        self.data = data
        self.jobs = jobs
        self.stop = stop
        self.shuffled = shuffled
        self.always = set(names)
        self.ever = set(names)
        self.fresh = 0
        self.changed = False
        jobs.change = self.change

    def change(self, requests: int, names: list[str]) -> None:
        if requests == 0 or requests > self.stop:
            return
        kinds = ["nothing", "insert", "front", "end", "delete", "replace", *(["shuffle"] if self.shuffled else [])]
        for kind in self.data.draw(st.lists(st.sampled_from(kinds), max_size=3)):
            self.changed = self.changed or kind != "nothing"
            if kind in ("delete", "replace") and names:
                self.always.discard(names.pop(self.data.draw(st.integers(0, len(names) - 1))))
            if kind in ("insert", "replace"):
                self.fresh += 1
                names.insert(self.data.draw(st.integers(0, len(names))), f"new_{self.fresh}")
            if kind in ("front", "end") and names:
                # A restart moves a job where the list is sorted by the last change.
                name = names.pop(self.data.draw(st.integers(0, len(names) - 1)))
                names.insert(0 if kind == "front" else len(names), name)
            if kind == "shuffle":
                names[:] = self.data.draw(st.permutations(names))
        self.ever.update(names)


@MEANINGS
@given(
    count=st.integers(0, 24),
    size=st.integers(1, 6),
    cap=st.integers(1, 6),
    known=st.booleans(),
    stop=st.sampled_from([1, 2, 3, 5, 10, 1000]),
    reverse=st.booleans(),
    data=st.data(),
)
def test_permanent_jobs_are_never_missed_in_a_changing_list(
    means: str, count: int, size: int, cap: int, known: bool, stop: int, reverse: bool, data: st.DataObject
) -> None:
    """Any number of other jobs appear, vanish and move."""
    jobs = JobList(some(count), means, cap=cap)
    world = Changing(data, some(count), jobs, stop, shuffled=True)
    driver, pager = Driver(jobs, reverse), pager_of(size, means if known else None)
    try:
        listing = driver.run(pager.read(sure=True))
    except RequestError:
        assert world.changed
        assert stop > 3, "a list that has come to rest is read"
    else:
        found = names_of(listing)
        assert (listing.complete, listing.problem) == (True, None)
        assert len(found) == len(set(found))
        assert world.always <= set(found)
        assert set(found) <= world.ever
    assert driver.sent <= READINGS * 3 * (count + stop + 5)
    # Once it has come to rest, it is read correctly with either meaning of offset.
    jobs.change = None
    assert names_of(driver.run(pager.read(sure=True))) == jobs.names


@MEANINGS
@given(
    count=st.integers(0, 24),
    size=st.integers(1, 6),
    cap=st.integers(1, 6),
    known=st.booleans(),
    total=st.sampled_from(["true", "missing"]),
    data=st.data(),
)
def test_single_reading_of_a_changing_list_reports_missed_jobs(
    means: str, count: int, size: int, cap: int, known: bool, total: str, data: st.DataObject
) -> None:
    """No job is duplicated or invented, the reading ends, and it has a problem if jobs moved between pages."""
    jobs = JobList(some(count), means, cap=cap, total=total)
    world = Changing(data, some(count), jobs, 1000, shuffled=True)
    driver, pager = Driver(jobs), pager_of(size, means if known else None)
    listing = driver.run(pager.read())
    found = names_of(listing)
    assert len(found) == len(set(found))
    assert set(found) <= world.ever
    assert listing.complete or listing.problem
    if not world.changed:
        assert not listing.problem
    if not listing.problem and total == "true":
        assert len(found) == listing.total
    assert driver.sent <= READINGS * 3 * (count + 20)
    jobs.change = None
    driver.run(pager.read())
    assert names_of(driver.run(pager.read())) == jobs.names


@MEANINGS
@given(count=st.integers(0, 40), size=st.integers(3, 8), data=st.data())
def test_moved_jobs_are_found_by_one_reading(means: str, count: int, size: int, data: st.DataObject) -> None:
    """Where jobs only move, as they do when they are restarted, a list without a contradiction holds all of them."""
    jobs = JobList(some(count), means)

    def change(requests: int, names: list[str]) -> None:
        if requests and names:
            names.insert(0, names.pop(data.draw(st.integers(0, len(names) - 1))))

    jobs.change = change
    listing = Driver(jobs).run(pager_of(size, means).read())
    if not listing.problem:
        assert set(names_of(listing)) == set(some(count))


@MEANINGS
@given(count=st.integers(0, 24), size=st.integers(3, 6), known=st.booleans(), stop=st.integers(1, 12), data=st.data())
def test_permanent_jobs_are_never_missed_without_a_total(
    means: str, count: int, size: int, known: bool, stop: int, data: st.DataObject
) -> None:
    jobs = JobList(some(count), means, total="missing")
    world = Changing(data, some(count), jobs, stop, shuffled=False)
    driver, pager = Driver(jobs), pager_of(size, means if known else None)
    try:
        listing = driver.run(pager.read(sure=True))
    except RequestError:
        assert world.changed
    else:
        assert world.always <= set(names_of(listing))
    jobs.change = None
    assert names_of(driver.run(pager.read(sure=True))) == jobs.names


@MEANINGS
@pytest.mark.parametrize("inserted", [1, 2])
@pytest.mark.parametrize("size", [2, 3])
def test_insertions_do_not_set_a_wrong_offset_meaning(means: str, inserted: int, size: int) -> None:
    """Under pages, jobs that come while the second page is asked for can make it look as if offset counted records."""

    def change(requests: int, names: list[str]) -> None:
        if requests == 1:
            names[:0] = [f"new_{number}" for number in range(inserted)]

    jobs = JobList(some(12), means, change=change)
    driver, pager = Driver(jobs), pager_of(size)
    driver.run(pager.read())
    assert pager.offset_means in (None, means)
    listing = driver.run(pager.read())
    assert (names_of(listing), listing.complete) == (jobs.names, True)
    assert pager.offset_means == means


@MEANINGS
def test_wrong_offset_meaning_is_corrected(means: str) -> None:
    """For example a meaning stored for another region or by an older version."""
    driver = Driver(JobList(some(250), means))
    pager = pager_of(means=RECORDS if means == PAGES else PAGES)
    assert driver.run(pager.read()).problem
    assert [pager.offset_means] == [None]
    assert names_of(driver.run(pager.read())) == some(250)
    assert pager.offset_means == means
    pager = pager_of(means=RECORDS if means == PAGES else PAGES)
    assert names_of(driver.run(pager.read(sure=True))) == some(250)


@MEANINGS
def test_deletion_between_pages_hides_no_job(means: str) -> None:
    def change(requests: int, names: list[str]) -> None:
        if requests == 1:
            names.remove("job_00005")

    driver = Driver(JobList(some(250), means, change=change))
    listing = driver.run(pager_of().read(sure=True))
    assert names_of(listing) == [name for name in some(250) if name != "job_00005"]


@MEANINGS
def test_replacement_between_pages_is_found_by_a_second_reading(means: str) -> None:
    """The total stays the same, and no page overlaps another: only a second reading shows it."""

    def change(requests: int, names: list[str]) -> None:
        if requests == 1:
            names.remove("job_00005")
            names.append("new")

    jobs = JobList(some(250), means, change=change)
    driver = Driver(jobs)
    listing = driver.run(pager_of(means=means).read())
    assert "job_00100" not in names_of(listing)
    jobs = JobList(some(250), means, change=change)
    listing = Driver(jobs).run(pager_of(means=means).read(sure=True))
    assert names_of(listing) == jobs.names


def test_permanently_changing_list_is_an_error() -> None:
    def change(requests: int, names: list[str]) -> None:
        if requests % 3 == 0:
            names[:] = [f"job_{requests}_{number}" for number in range(250)]

    driver = Driver(JobList(some(250), change=change))
    with pytest.raises(RequestError, match="shows other jobs each time") as caught:
        driver.run(pager_of(means=PAGES).read(sure=True))
    assert caught.value.kind == TRANSIENT
    assert driver.sent == 3 * READINGS


def test_list_time_is_that_of_its_first_request() -> None:
    """It is as old as the first request of the reading that is returned."""
    driver = Driver(JobList(some(250)))
    assert driver.run(pager_of(means=PAGES).read()).at == 1000.0
    assert driver.run(pager_of(means=PAGES).read(sure=True)).at == 1006.0
