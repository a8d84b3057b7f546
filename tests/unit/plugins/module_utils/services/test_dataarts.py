# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job list is whole under both meanings of offset, and a status is one reading whatever is answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud.errors import (
    DENIED,
    MISSING,
    TRANSIENT,
    UNREACHED,
    RequestError,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils.services.dataarts import DataArts
from ansible_collections.datagate.huaweicloud.plugins.module_utils.services.readings import LIST, STATUS, Listing
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.fake_session import (
    PAGES,
    RECORDS,
    FakeSession,
    JobList,
)

MEANINGS = pytest.mark.parametrize("means", [PAGES, RECORDS])


def service_of(respond: Any, reverse: bool = False, workspace: str | None = None) -> tuple[DataArts, FakeSession]:
    session = FakeSession(respond, reverse)
    return DataArts(session, workspace), session  # type: ignore[arg-type]


def names_of(listing: Listing) -> list[str]:
    return [job["name"] for job in listing.jobs]


def some(count: int) -> list[str]:
    return [f"job_{number:05d}" for number in range(count)]


# -- the list ---------------------------------------------------------------------------------------------------------


def test_what_is_asked() -> None:
    service, session = service_of(JobList(["a"]), workspace="ws1")
    listing = service.list()
    assert session.asked() == [("v1", "{project_id}", "jobs")]
    assert session.queries() == [{"jobType": "REAL_TIME", "offset": "0", "limit": "100"}]
    assert session.calls[0].query[0] == ("jobType", "REAL_TIME")
    assert session.calls[0].headers == {"workspace": "ws1"}
    assert session.calls[0].service == "dataarts"
    assert listing.at == 1000.0
    service.list("BATCH", name="作业 a", tags=["t1", "t2"], page_size=7)
    assert session.queries()[1] == {
        "jobType": "BATCH",
        "jobName": "作业 a",
        "tags": "t1,t2",
        "offset": "0",
        "limit": "7",
    }


def test_no_workspace_no_header() -> None:
    service, session = service_of(JobList([]))
    service.list()
    assert session.calls[0].headers == {}


@MEANINGS
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 99, 100])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 99, 100, 101, 199, 200, 201, 1000])
def test_every_job_once_in_order(count: int, size: int, means: str, reverse: bool) -> None:
    service, session = service_of(JobList(some(count), means), reverse)
    for again in (False, True):  # the second time it is known what offset means
        listing = service.list(page_size=size)
        assert names_of(listing) == some(count), again
        assert (listing.total, listing.complete, listing.at <= session.clock.now()) == (count, True, True)


@MEANINGS
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 50, 100])
def test_ten_thousand_jobs(size: int, means: str) -> None:
    count = 10_000
    service, dummy = service_of(JobList(some(count), means))
    listing = service.list(page_size=size)
    assert listing.complete
    assert names_of(listing) == some(count)


@MEANINGS
@pytest.mark.parametrize("total", ["missing", None, "", -1, "250", 250.0, 0, 1, 100, 251, 300, 100_000, True, [250]])
def test_totals_that_say_little_or_lie(total: Any, means: str) -> None:
    """No total, or one that is too large, takes nothing away; one that is too small ends the reading, no earlier."""
    service, dummy = service_of(JobList(some(250), means, total=total))
    found = names_of(service.list())
    if total in (0, 1, 100) and total is not True:
        assert found == some(len(found))
        assert len(found) >= 100
    else:
        assert found == some(250)


@MEANINGS
@pytest.mark.parametrize("cap", [1, 10, 99])
@pytest.mark.parametrize("total", ["true", "missing"])
def test_a_service_that_holds_less_on_a_page_than_asked_for(cap: int, total: str, means: str) -> None:
    service, dummy = service_of(JobList(some(120), means, cap=cap, total=total))
    assert names_of(service.list()) == some(120)


@MEANINGS
@pytest.mark.parametrize("total", ["true", "missing", 500])
def test_duplicates_are_removed(total: Any, means: str) -> None:
    names = ["a", "a", *some(150), "a", *some(150)]
    service, dummy = service_of(JobList(names, means, total=total))
    assert names_of(service.list()) == ["a", *some(150)]


@MEANINGS
@settings(max_examples=200)
@given(
    count=st.integers(0, 60),
    size=st.integers(1, 12),
    cap=st.integers(1, 12),
    total=st.sampled_from(["true", "missing", 0, 5, 1000]),
    reverse=st.booleans(),
)
def test_the_list_is_whole(means: str, count: int, size: int, cap: int, total: Any, reverse: bool) -> None:
    service, session = service_of(JobList(some(count), means, cap=cap, total=total), reverse)
    if total == 0 and count == 0:
        total = "true"
    found = names_of(service.list(page_size=size))
    if total in (0, 5):
        assert found == some(len(found))
        assert len(found) >= min(total, count)
    else:
        assert found == some(count)
    pages = -(-max(count, total if isinstance(total, int) else 0) // max(1, min(size, cap)))
    assert session.sent <= pages + 3


@MEANINGS
@pytest.mark.parametrize("count", [101, 250, 1000])
def test_no_more_requests_than_needed(count: int, means: str) -> None:
    service, session = service_of(JobList(some(count), means))
    pages = -(-count // 100)
    assert service.list().pages == session.sent
    assert session.sent <= pages + 1  # one more to learn what offset means
    before = session.sent
    assert service.list().pages == session.sent - before == pages


@MEANINGS
def test_what_offset_means_is_remembered(means: str) -> None:
    service, dummy = service_of(JobList(some(5), means))
    assert service.offset_means is None
    service.list(page_size=10)
    assert service.offset_means is None  # one page tells nothing
    service.list(page_size=2)
    assert service.offset_means == means


@MEANINGS
@settings(max_examples=200)
@given(
    count=st.integers(0, 50),
    size=st.integers(3, 12),
    inserted=st.sets(st.integers(0, 20)),
    total=st.sampled_from(["true", "missing"]),
    data=st.data(),
)
def test_jobs_that_come_while_the_list_is_read(
    means: str, count: int, size: int, inserted: set[int], total: str, data: st.DataObject
) -> None:
    """A new job pushes the others on: nobody is lost, and nobody comes twice."""

    def change(number: int, names: list[str]) -> None:
        if number in inserted:
            names.insert(data.draw(st.integers(0, len(names))), f"new_{number}")

    service, session = service_of(JobList(some(count), means, total=total, change=change))
    found = names_of(service.list(page_size=size))
    assert len(found) == len(set(found))
    assert set(some(count)) <= set(found)
    assert session.sent <= count + 25


@MEANINGS
@settings(max_examples=200)
@given(
    count=st.integers(0, 50),
    size=st.integers(1, 12),
    total=st.sampled_from(["true", "missing", 7]),
    reverse=st.booleans(),
    seed=st.randoms(use_true_random=False),
)
def test_a_list_that_changes_at_will(means: str, count: int, size: int, total: Any, reverse: bool, seed: Any) -> None:
    """Nobody comes twice, nobody is made up, and it ends."""
    ever = set(some(count))

    def change(number: int, names: list[str]) -> None:
        for dummy in range(seed.randint(0, 3)):
            if names and seed.random() < 0.5:
                names.pop(seed.randrange(len(names)))
            else:
                names.insert(seed.randint(0, len(names)), f"new_{number}_{len(names)}")
        seed.shuffle(names)
        ever.update(names)

    service, session = service_of(JobList(some(count), means, total=total, change=change), reverse)
    found = names_of(service.list(page_size=size))
    assert len(found) == len(set(found))
    assert set(found) <= ever
    assert session.sent < 400


@MEANINGS
def test_enough(means: str) -> None:
    service, session = service_of(JobList(some(1000), means))
    listing = service.list(enough=1)
    assert names_of(listing) == some(100)
    assert (listing.total, session.sent) == (1000, 1)
    listing = service.list(enough=150)
    assert names_of(listing)[:150] == some(150)
    assert session.sent <= 4
    assert len(service.list(enough=5000).jobs) == 1000


@MEANINGS
@pytest.mark.parametrize("total", ["true", "missing"])
def test_a_bound_of_pages(total: str, means: str) -> None:
    service, session = service_of(JobList(some(50), means, total=total))
    listing = service.list(page_size=10, most_pages=4)
    assert not listing.complete
    assert set(names_of(listing)) < set(some(50))
    if total == "true":
        # It is known before anything else is read, and how much it would have been.
        assert (session.sent, listing.pages) == (1, 5)
    assert session.sent <= 6
    listing = service.list(page_size=10, most_pages=6)
    assert listing.complete
    assert names_of(listing) == some(50)


@pytest.mark.parametrize("means", [PAGES, RECORDS])
def test_a_job_that_moves_to_the_front_is_not_missed_where_that_matters(means: str) -> None:
    """The list is sorted by the last change, and the last job is restarted when the first page has been answered."""

    def change(requests: int, names: list[str]) -> None:
        if requests == 1:
            names.insert(0, names.pop())

    service, dummy = service_of(JobList(some(250), means, change=change))
    assert len(service.list().jobs) == 249
    service, dummy = service_of(JobList(some(250), means, change=change))
    assert sorted(names_of(service.list(sure=True))) == some(250)


def test_a_total_that_is_never_reached_costs_one_more_reading() -> None:
    service, session = service_of(JobList(some(250), total=300))
    service.list()
    before = session.sent
    listing = service.list(sure=True)
    assert (names_of(listing), listing.complete) == (some(250), True)
    assert session.sent <= 3 * before


def test_a_list_that_never_shows_the_same_is_told() -> None:
    def change(requests: int, names: list[str]) -> None:
        names[:] = [f"job_{requests}_{number}" for number in range(5)]

    service, session = service_of(JobList(some(5), total=9, change=change))
    with pytest.raises(RequestError, match="shows other jobs each time") as caught:
        service.list(sure=True)
    assert caught.value.kind == TRANSIENT
    assert session.sent < 20


def test_a_service_that_never_ends() -> None:
    """Each page brings a new job, for ever; and it is not said that this is all."""

    def respond(call: Any) -> Any:
        return {"jobs": [{"name": f"job_{dict(call.query)['offset']}"}]}

    service, session = service_of(respond)
    listing = service.list(most_pages=50)
    assert session.sent <= 53
    assert not listing.complete
    service, session = service_of(respond)
    listing = service.list()
    assert session.sent < 200_000
    assert not listing.complete


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "text",
        {},
        {"jobs": "x", "total": 1},
        {"jobs": {}},
        {"jobs": None, "total": 3},
        {"total": 3},
        {"jobs": None},
        {"error_code": "X"},
    ],
)
def test_answers_that_are_no_list(data: Any) -> None:
    service, dummy = service_of(lambda call: data)
    with pytest.raises(RequestError) as caught:
        service.list()
    assert (caught.value.kind, caught.value.status, caught.value.service) == (TRANSIENT, 200, "dataarts")
    assert "no job list" in str(caught.value)


@pytest.mark.parametrize("data", [{"jobs": [], "total": 0}, {"total": 0}, {"jobs": None, "total": "0"}, {"jobs": []}])
def test_empty_lists(data: Any) -> None:
    service, session = service_of(lambda call: data)
    listing = service.list()
    assert (listing.jobs, listing.total, listing.complete, session.sent) == ([], 0, True, 1)


def test_entries_that_are_no_jobs_and_jobs_without_a_name() -> None:
    jobs = [None, 5, "x", {"status": "NORMAL"}, {"name": "", "status": "STOPPED"}, {"name": "a", "jobType": "BATCH"}]
    service, dummy = service_of(lambda call: {"jobs": jobs, "total": 6})
    listing = service.list()
    assert [(job["name"], job["status"]) for job in listing.jobs] == [(None, "NORMAL"), (None, "STOPPED"), ("a", None)]
    assert [job["job_type"] for job in listing.jobs] == ["REAL_TIME", "REAL_TIME", "BATCH"]
    # A gate must not be settled on a list that may hold one job more than it can tell apart.
    with pytest.raises(RequestError, match="an entry that is no job with a name"):
        service.readings(listing)
    clean = Listing(listing.jobs[2:], 1, listing.at, 1, True)
    assert [(reading.name, reading.source, reading.at) for reading in service.readings(clean)] == [
        ("a", LIST, listing.at)
    ]


@pytest.mark.parametrize("nth", [0, 1, 3])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_page_that_cannot_be_read(nth: int, reverse: bool) -> None:
    pages = JobList(some(1000))
    error = RequestError(DENIED, "no", status=403)

    def respond(call: Any) -> Any:
        return error if dict(call.query)["offset"] == str(nth) else pages(call)

    service, dummy = service_of(respond, reverse)
    with pytest.raises(RequestError) as caught:
        service.list()
    assert caught.value is error


@pytest.mark.parametrize("seconds", [0, 1, 2, 5])
def test_a_deadline_within_the_list(seconds: int) -> None:
    service, session = service_of(JobList(some(1000)))
    with pytest.raises(RequestError) as caught:
        service.list(deadline=1000.0 + seconds)
    assert caught.value.kind == UNREACHED
    assert session.sent == seconds


# -- the status -------------------------------------------------------------------------------------------------------


def status(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "status": "NORMAL", "nodes": [{"name": "n", "status": "EXCEPTION"}], **fields}


def test_statuses() -> None:
    gone = RequestError(MISSING, "no job", status=400, error_code="DLF.0100")
    broken = RequestError(TRANSIENT, "busy", status=503)
    answers = {"a": status("a"), "b": gone, "c": broken, "作业 1": status("作业 1")}
    service, session = service_of(lambda call: answers[call.segments[3]], workspace="ws1")
    readings = list(service.statuses(answers))
    assert session.asked() == [("v1", "{project_id}", "jobs", name, "status") for name in answers]
    assert all(call.headers == {"workspace": "ws1"} and call.query == [] for call in session.calls)
    a, b, c, d = readings
    assert a.job == {
        "name": "a",
        "status": "NORMAL",
        "nodes": [{"name": "n", "status": "EXCEPTION", "type": None, "log_path": None}],
    }
    assert (a.name, a.source, a.at, a.missing, a.error) == ("a", STATUS, 1000.0, False, None)
    assert (b.name, b.missing, b.job, b.error) == ("b", True, None, None)
    assert (c.name, c.missing, c.job, c.error) == ("c", False, None, broken)
    assert d.name == "作业 1"


def test_names_are_taken_one_by_one() -> None:
    taken: list[str] = []

    def names() -> Any:
        for name in some(100):
            taken.append(name)
            yield name

    service, dummy = service_of(lambda call: status(call.segments[3]))
    readings = service.statuses(names(), deadline=1003.0)
    assert [reading.name for reading in readings] == some(3)
    assert taken == some(3)


def test_the_name_asked_for_is_the_jobs_name() -> None:
    service, dummy = service_of(lambda call: status("another"))
    (reading,) = service.statuses(["a"])
    assert reading.job is not None
    assert reading.job["name"] == "a"


@pytest.mark.parametrize(
    ("data", "state"),
    [({"name": "a"}, None), ({"status": "NEW"}, "NEW"), ({"nodes": []}, None), ({"nodes": [], "status": 5}, None)],
)
def test_answers_that_say_little(data: Any, state: str | None) -> None:
    service, dummy = service_of(lambda call: data)
    (reading,) = service.statuses(["a"])
    assert reading.job == {"name": "a", "status": state, "nodes": []}


@pytest.mark.parametrize("data", [None, [], "text", {}, {"name": None}, {"error_msg": "x"}, {"nodes": "x"}])
def test_answers_that_describe_no_job(data: Any) -> None:
    service, dummy = service_of(lambda call: data)
    (reading,) = service.statuses(["a"])
    assert (reading.job, reading.missing) == (None, False)
    assert reading.error is not None
    assert (reading.error.kind, reading.error.status) == (TRANSIENT, 200)


def test_a_batch_job_is_no_real_time_job() -> None:
    service, dummy = service_of(lambda call: status("a", jobType="BATCH", status="SCHEDULING"))
    (reading,) = service.statuses(["a"])
    assert (reading.missing, reading.job, reading.error) == (True, None, None)


# -- what a missing job's name may have been meant to be --------------------------------------------------------------


def test_resembling() -> None:
    lists = {
        "REAL_TIME": JobList(["job_sms", "job_smt", "job_sns", "job_sms_2", "other"]),
        "BATCH": JobList(["job_nightly", "xx_job_nightly_yy"]),
    }
    service, session = service_of(lambda call: lists[dict(call.query)["jobType"]](call))
    found = service.resembling(["job_sm", "job_nightly", "job_night", "作业"])
    similar, batch = found["job_sm"]
    assert set(similar) <= {"job_sms", "job_smt", "job_sns", "job_sms_2"}
    assert (len(similar), batch) == (3, False)
    assert found["job_nightly"][1] is True
    assert found["job_night"][1] is False  # the service's filter finds parts of names
    assert found["作业"] == ([], False)
    assert session.queries()[1]["jobName"] == "job_sm"
