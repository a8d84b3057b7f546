# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job list as dataarts_job_info returns it: exact where the service is fuzzy."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._entry_points.listing import Query, read
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError, RequestError
from ansible_collections.datagate.huaweicloud.tests.unit.plugins.module_utils.services.fake_session import FakeSession

REAL_TIME = [
    {"name": "job_sms", "status": "NORMAL"},
    {"name": "JOB_SMS", "status": "STOPPED"},
    {"name": "job_sms_2", "status": "EXCEPTION"},
    {"name": "other", "status": "STARTTING"},
    {"name": "silent"},
]
BATCH = [{"name": "job_sms", "status": "SCHEDULING"}, {"name": "nightly", "status": "PAUSED"}]


class Workspace:
    """Jobs of both types behind a filter that finds parts of names in any case, and pages that offset counts."""

    def __init__(self, real_time: list[dict[str, Any]], batch: list[dict[str, Any]]) -> None:
        self.jobs = {"REAL_TIME": real_time, "BATCH": batch}

    def __call__(self, call: Any) -> Any:
        query = dict(call.query)
        part = query.get("jobName", "").lower()
        found = [job for job in self.jobs[query["jobType"]] if part in job["name"].lower()]
        limit = int(query["limit"])
        start = int(query["offset"]) * limit
        return {"total": len(found), "jobs": found[start : start + limit]}


def ask(respond: Any = None, **params: Any) -> tuple[dict[str, Any], FakeSession]:
    session = FakeSession(respond or Workspace(REAL_TIME, BATCH))
    return read(session, "ws1", Query(params)), session  # type: ignore[arg-type]


def names(result: dict[str, Any]) -> list[str]:
    return [job["name"] for job in result["jobs"]]


def refused(option: str, **params: Any) -> str:
    with pytest.raises(OptionError) as caught:
        Query(params)
    assert caught.value.option == option
    return str(caught.value)


# -- options ----------------------------------------------------------------------------------------------------------


def test_default_values() -> None:
    query = Query({})
    assert query.job_types == ["REAL_TIME", "BATCH"]
    assert (query.name, query.part, query.tags, query.statuses) == (None, None, (), frozenset())
    assert (query.most, query.page_size, query.filtered) == (0, 100, False)


def test_empty_values_count_as_not_given() -> None:
    query = Query({"job_type": "", "name": " ", "name_contains": "", "tags": ["", " "], "statuses": ",\n"})
    assert query.job_types == ["REAL_TIME", "BATCH"]
    assert not query.filtered
    assert query.tags == ()


@pytest.mark.parametrize("size", [0, -1, 101, "x", "", 1.5, True])
def test_invalid_page_size_is_rejected(size: Any) -> None:
    refused("page_size", page_size=size)


@pytest.mark.parametrize("most", [-1, "x", 1.5])
def test_invalid_max_results_is_rejected(most: Any) -> None:
    refused("max_results", max_results=most)


@pytest.mark.parametrize("name", ["a/b", ".", "..", "a\nb", "a\0", "\ud800", "x" * 129])
def test_invalid_names_are_rejected(name: str) -> None:
    refused("name", name=name)


def test_other_invalid_options_are_rejected() -> None:
    refused("job_type", job_type="STREAM")
    refused("name_contains", name="a", name_contains="b")
    refused("name_contains", name_contains="a\nb")
    refused("name_contains", name_contains="x" * 129)
    refused("tags", tags=["a\nb"])


# -- results ----------------------------------------------------------------------------------------------------------


def test_no_filter_returns_jobs_of_both_types() -> None:
    result, session = ask()
    assert names(result) == ["job_sms", "JOB_SMS", "job_sms_2", "other", "silent", "job_sms", "nightly"]
    assert [job["job_type"] for job in result["jobs"]] == ["REAL_TIME"] * 5 + ["BATCH"] * 2
    assert result["total"] == 7
    assert result["by_status"] == {
        "NORMAL": 1,
        "STOPPED": 1,
        "EXCEPTION": 1,
        "STARTING": 1,
        "UNKNOWN": 1,
        "SCHEDULING": 1,
        "PAUSED": 1,
    }
    assert all(call.headers == {"workspace": "ws1"} for call in session.calls)
    assert session.sent == 2


@pytest.mark.parametrize(("kind", "count"), [("REAL_TIME", 5), ("BATCH", 2)])
def test_job_type_selects_one_type(kind: str, count: int) -> None:
    result, session = ask(job_type=kind)
    assert (len(result["jobs"]), result["total"]) == (count, count)
    assert [query["jobType"] for query in session.queries()] == [kind]


def test_name_matches_exactly() -> None:
    result, session = ask(name=" job_sms ")
    assert [(job["name"], job["job_type"]) for job in result["jobs"]] == [
        ("job_sms", "REAL_TIME"),
        ("job_sms", "BATCH"),
    ]
    assert (result["total"], result["by_status"]) == (2, {"NORMAL": 1, "SCHEDULING": 1})
    assert all(query["jobName"] == "job_sms" for query in session.queries())


def test_name_contains_is_case_sensitive() -> None:
    result, dummy = ask(name_contains="job_", job_type="REAL_TIME")
    assert names(result) == ["job_sms", "job_sms_2"]
    assert result["total"] == 2


def test_no_match_returns_an_empty_list() -> None:
    result, dummy = ask(name="sms")
    assert result == {"jobs": [], "total": 0, "by_status": {}}


@pytest.mark.parametrize(
    ("statuses", "wanted"),
    [
        (["NORMAL", " EXCEPTION "], ["job_sms", "job_sms_2"]),
        ("normal, stopped", ["job_sms", "JOB_SMS"]),
        (["STARTTING"], ["other"]),
        (["UNKNOWN"], ["silent"]),
        (["NEVER"], []),
        (["", None], ["job_sms", "JOB_SMS", "job_sms_2", "other", "silent"]),
    ],
)
def test_statuses_select_jobs(statuses: Any, wanted: list[str]) -> None:
    result, dummy = ask(statuses=statuses, job_type="REAL_TIME")
    assert names(result) == wanted
    assert result["total"] == len(wanted)


def test_tags_are_filtered_by_the_service() -> None:
    result, session = ask(tags=["t1 ", "", "t2"], job_type="BATCH")
    assert session.queries()[0]["tags"] == "t1,t2"
    assert result["total"] == 2


def many(count: int) -> Workspace:
    return Workspace([{"name": f"r{number:04d}", "status": "NORMAL"} for number in range(count)], BATCH)


def test_paging_stops_at_max_results() -> None:
    result, session = ask(many(1000), max_results=150)
    assert names(result) == [f"r{number:04d}" for number in range(150)]
    assert result["total"] == 1002
    assert session.sent <= 4
    result, session = ask(many(3), max_results=4, page_size=1)
    assert names(result) == ["r0000", "r0001", "r0002", "job_sms"]
    assert result["total"] == 5


def test_local_filter_reads_all_pages() -> None:
    result, dummy = ask(many(1000), max_results=5, statuses=["NORMAL"])
    assert (len(result["jobs"]), result["total"]) == (5, 1000)


@pytest.mark.parametrize("size", [1, 7, 100, "100"])
def test_page_size_is_sent_as_limit(size: Any) -> None:
    result, session = ask(many(50), page_size=size, job_type="REAL_TIME")
    assert len(names(result)) == 50
    assert {query["limit"] for query in session.queries()} == {str(size)}


def test_endless_list_is_an_error() -> None:
    def endless(call: Any) -> Any:
        return {"jobs": [{"name": f"job_{dict(call.query)['offset']}"}]}

    with pytest.raises(RequestError):
        ask(endless, job_type="REAL_TIME")
