# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an account's values are replaced in a recording, and that none of them is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.recording import known_fields
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.recording.addresses import (
    anonymous_path,
    anonymous_query,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.recording.anonymizer import Anonymizer
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.recording.gate_record import GateRecord
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.recording.made_up_values import MadeUpValues
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.recording.shared_names import SharedNames

WALL = 1_700_000_000.0  # becomes 2020-01-01T00:00:00Z
PROJECT = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


def anonymizer() -> Anonymizer:
    return Anonymizer(MadeUpValues(SharedNames(None, {"salt": "00" * 32, "boot": None, "wall": WALL})))


@pytest.mark.parametrize(
    ("field", "value", "made"),
    [
        ("name", "orders", "job_1"),
        ("name", "", ""),
        ("owner", "ada", "user_1"),
        ("owner", "ada@customer.example", "user_1@example.com"),
        ("status", "EXCEPTION", "EXCEPTION"),
        ("status", "HIBERNATING", "HIBERNATING"),
        ("status", "broken by customer", "text_1"),
        ("type", "DLI SQL", "DLI SQL"),
        ("type", "ExecuteCloudStream", "ExecuteCloudStream"),
        ("error_code", "DLF.0100", "DLF.0100"),
        ("error_code", "customer 12", "text_1"),
        ("error_msg", "The job orders is running", "The job is running."),
        (
            "error_msg",
            "AK access failed to reach the limit,forbidden: AK",
            "AK access failed to reach the limit, forbidden",
        ),
        ("error_msg", "job orders has no nodes", "text_1"),
        ("logPath", "obs://bucket/orders/load.job", "obs://dir_1/dir_2/dir_3.job"),
        ("path", "/", "/"),
        ("progress", 0.25, 0.25),
        ("totalPutRecords", 123456, 123456),
        ("sub_job_id", 0, 0),
        ("job_id", 50321, 10001),
        ("job_id", "50321", "10001"),
        ("job_id", 7, 7),
        ("job_id", "10001", "10002"),
        ("beginTime", "1700000001234", "1577836801234"),
        ("startTime", 1_700_000_001_234, 1_577_836_801_234),
        ("startTime", "1700000001234", "1577836801234"),
        ("startTime", 0, 0),
        ("expires_at", "2023-11-14T22:13:21.500000Z", "2020-01-01T00:00:01.500000Z"),
        ("submission_time", "Tue Nov 14 22:13:20 CST 2023", "Wed Jan 01 00:00:00 CST 2020"),
        ("is_success", "true", "true"),
        ("enabled", True, True),
        ("securitytoken", "a-real-token", "made-up-secret"),
        ("cpu_cost", "15376", "15376"),
        ("surprise", "customer", "text_1"),
        ("surprise", 21, 21),
        ("surprise", 4915112345678, 1000000000001),
        ("runningData", '{"jobName":"orders","customer-app":"x"}', '{"jobName":"job_1","field_1":"text_1"}'),
        ("statement", "select 1", "text_1"),
    ],
)
def test_fields_are_replaced_by_kind(field: str, value: Any, made: Any) -> None:
    found = anonymizer().field(field, value)
    assert (found, type(found)) == (made, type(made))


def test_ids_keep_their_form_in_each_field() -> None:
    maker = anonymizer()
    made = maker.body({"jobs": [{"name": PROJECT}], "project_id": PROJECT, "log": [PROJECT]})
    assert made["project_id"] == made["jobs"][0]["name"] == made["log"][0] != PROJECT
    assert len(made["project_id"]) == 32
    assert int(made["project_id"], 16)


def test_names_are_recognised_wherever_they_occur() -> None:
    answer = {
        "logPath": "obs://dlf/orders/load/load.job",
        "name": "orders",
        "nodes": [{"name": "load", "status": "NORMAL"}],
        "description": "orders",
    }
    assert anonymizer().body(answer) == {
        "logPath": "obs://dir_1/job_1/node_1/node_1.job",
        "name": "job_1",
        "nodes": [{"name": "node_1", "status": "NORMAL"}],
        "description": "job_1",
    }


def test_a_sub_job_is_named_after_its_job_and_node() -> None:
    maker = anonymizer()
    maker.body({"name": "orders", "nodes": [{"name": "load_all"}]})
    assert maker.body({"instances": [{"jobName": "orders_load_all"}]}) == {"instances": [{"jobName": "job_1_node_1"}]}


def test_keys_that_contain_data_are_replaced() -> None:
    answer = {"jobs": {"orders": "NORMAL", "clicks": "STOPPED"}, "lastFinishTime": 5, "tags": {"team": "alpha"}}
    assert anonymizer().body(answer) == {
        "jobs": {"field_1": "text_1", "field_2": "text_2"},
        "lastFinishTime": 5,
        "tags": {"tag_2": "tag_1"},
    }


def test_an_unknown_state_that_is_a_name_is_replaced() -> None:
    made = anonymizer().body({"jobs": [{"name": "ORDERS", "status": "ORDERS"}, {"name": "NORMAL", "status": "NORMAL"}]})
    assert made == {"jobs": [{"name": "job_1", "status": "job_1"}, {"name": "job_2", "status": "NORMAL"}]}


def test_a_real_name_is_not_used_as_a_made_up_one() -> None:
    made = anonymizer().body({"jobs": [{"name": "job_1"}, {"name": "job_2"}, {"name": "c"}]})
    assert {job["name"] for job in made["jobs"]}.isdisjoint({"job_1", "job_2"})


def test_replaced_name_part_selects_the_same_jobs() -> None:
    maker = anonymizer()
    part = maker.values.part("ders_")
    names = ["orders_1", "orders_22", "clicks", *(f"x{number}" for number in range(12))]
    made = [maker.values.name(name, known_fields.JOB) for name in names]
    assert [part in name for name in made] == ["ders_" in name for name in names]
    assert maker.values.part("ders_") == part


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        (f"https://x/v1/{PROJECT}/jobs/status/status", "/v1/HEX/jobs/job_1/status", []),
        (
            f"https://x/v1/{PROJECT}/jobs?jobType=REAL_TIME&jobName=ord&tags=a,b&offset=0",
            "/v1/HEX/jobs",
            [("jobType", "REAL_TIME"), ("jobName", "part_1_"), ("tags", "tag_1,tag_2"), ("offset", "0")],
        ),
        (
            f"https://x/v1/{PROJECT}/jobs/instances/detail?jobName=ord",
            "/v1/HEX/jobs/instances/detail",
            [("jobName", "part_1_")],
        ),
        (f"https://x/v1/{PROJECT}/jobs/a%2Fb/instances/34801", "/v1/HEX/jobs/job_1/instances/10001", []),
        (f"https://x/v1.0/{PROJECT}/streaming/jobs/131", "/v1.0/HEX/streaming/jobs/101", []),
        ("https://x/v1/customer/jobs", "/v1/project_1/jobs", []),
        ("https://x/v3/projects?name=customer", "/v3/projects", [("name", "job_1")]),
    ],
)
def test_ids_and_names_in_paths_are_replaced(url: str, path: str, query: list[tuple[str, str]]) -> None:
    maker = anonymizer()
    params = {"auth_token": "t", "project_id": PROJECT, "endpoints": {"dataarts": "https://x"}}
    call = Call("dataarts", ())
    found = anonymous_path(url, call, resolve(params, {}, "dataarts"), maker)
    assert found.replace(maker.values.identifier(PROJECT), "HEX") == path
    assert anonymous_query(url, maker) == query


def test_processes_share_replaced_names(tmp_path: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    first = SharedNames.create("0a", environ, Clock())
    second = SharedNames.join("0a", environ)
    assert second is not None
    names = [
        MadeUpValues(shared).name(name, known_fields.JOB)
        for shared, name in ((first, "a"), (second, "b"), (first, "b"), (second, "a"), (first, "c"), (second, "d"))
    ]
    assert names == ["job_1", "job_2", "job_2", "job_1", "job_3", "job_4"]
    assert (first.next_number("run"), second.next_number("run")) == (1, 2)
    assert first.shift_ms == second.shift_ms
    [path] = (tmp_path / "datagate-huaweicloud").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert SharedNames.join("0b", environ) is None
    for shared in (first, second):
        shared.close()


def test_unknown_headers_are_dropped() -> None:
    given_headers = {
        "Content-Type": "application/json;charset=UTF-8",
        "Date": "Tue, 14 Nov 2023 22:13:21 GMT",
        "Retry-After": "7",
        "Server": "customer",
        "X-Subject-Token": "secret",
    }
    assert anonymizer().headers(given_headers) == {
        "Content-Type": "application/json",
        "Date": "Wed, 01 Jan 2020 00:00:01 GMT",
        "Retry-After": "7",
    }


def test_options_of_a_gate_are_replaced() -> None:
    maker = anonymizer()
    maker.body({"name": "orders", "nodes": [{"name": "load_1"}, {"name": "check"}]})
    options = {
        "access_key": "AK",
        "exclude_names": ["x*"],
        "ignore_nodes": ["load_*"],
        "job_names": ["orders"],
        "requests_per_second": 20.0,
        "resume": None,
        "started_after": 1_700_000_000_000,
        "wait": True,
        "wait_for": ["NORMAL"],
    }
    assert GateRecord(maker, ("access_key", "requests_per_second")).options(options) == {
        "exclude_names": ["no_match"],
        "ignore_nodes": ["node_1"],
        "job_names": ["job_1"],
        "requests_per_second": 20.0,
        "started_after": 1_577_836_800_000,
        "wait": True,
        "wait_for": ["NORMAL"],
    }


# -- no value of the account is kept------------------------------------------------------------------------------------

FIELDS = sorted(
    {"name", "status", "surprise", "customerField", "jobs", "nodes", "tags"}
    | {name for names in known_fields._FIELDS.values() for name in names.split()}
)
MARK = "zq"  # no field name, state or made-up value contains it
REAL = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters='"\\'), min_size=1, max_size=12).map(
        lambda text: MARK + text
    ),
    st.from_regex(rf"[a-z/@.: _-]{{0,5}}{MARK}[a-zA-Z0-9/@.: _-]{{0,8}}", fullmatch=True),
)
STATES = (known_fields.STATE, known_fields.TYPE)


def bodies() -> st.SearchStrategy[Any]:
    leaves = st.one_of(REAL, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.one_of(st.sampled_from(FIELDS), REAL), inner, max_size=4),
        ),
        max_leaves=12,
    )


def without_states(data: Any) -> Any:
    """The data without the fields in which unknown words are kept."""
    if isinstance(data, dict):
        kinds = {name: known_fields.FIELD_KINDS.get(known_fields.field_key(name)) for name in data}
        return {name: without_states(item) for name, item in data.items() if kinds[name] not in STATES}
    return [without_states(item) for item in data] if isinstance(data, list) else data


@given(bodies())
def test_any_text_of_an_answer_is_replaced(body: Any) -> None:
    made = json.dumps(anonymizer().body(without_states(body)), ensure_ascii=False)
    assert MARK not in made
    assert anonymizer().body(body) == anonymizer().body(body)


@given(st.binary(max_size=60))
def test_any_body_can_be_recorded(body: bytes) -> None:
    assert set(anonymizer().raw_body(body)) <= {"body", "text"}
