# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A body counts only if it is consistent and about the requested job."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._services import answers
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.normalize import Unreadable

DATA = Path(__file__).resolve().parents[4] / "data"

NODE = {"name": "n", "status": "NORMAL"}
STATUS = {"name": "j", "status": "NORMAL", "nodes": [NODE]}
DLI = {"is_success": True, "message": "", "job_id": "j", "status": "FINISHED"}
PAGE = {"total": 1, "jobs": [{"name": "j", "status": "NORMAL"}]}

# Each kind of answer: its parser, and a valid body.
KINDS: list[Any] = [
    pytest.param(lambda data: answers.real_time_job(data, "j"), STATUS, id="status"),
    pytest.param(lambda data: answers.dli_job(data, "j"), DLI, id="dli"),
    pytest.param(answers.job_page, PAGE, id="list"),
]
Read = Callable[[Any], Any]


def body(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def test_the_examples_are_readable() -> None:
    assert answers.real_time_job(body("realtime_status_minimal"), "job_sms")["nodes"]
    assert len(answers.real_time_job(body("realtime_status_seven_nodes"), "job_sms")["nodes"]) == 7
    assert answers.dli_job(body("dli_progress_running"), "85798b38-ae44-48eb-bb90-7cf0dcdafe7b")["status"] == "RUNNING"
    for name, state in (
        ("bad_rows", "FINISHED"),
        ("failed", "FAILED"),
        ("finish_spelling", "FINISHED"),
        ("finished", "FINISHED"),
    ):
        job = answers.dli_job(body(f"dli_sql_status_{name}"), "7c0d6a3e-1111-4222-8333-9a9b9c9d9e9f")
        assert job["status"] == state
    assert answers.is_batch(answers.real_time_job(body("factory_status_batch_unproven"), "orders_daily"))
    for name in ("factory_error_list_form", "error_job_missing_0100", "error_invalid_parameter"):
        with pytest.raises(Unreadable):
            answers.check(body(name))
    page = answers.job_page(body("job_list"))
    assert [(key, job and job["status"]) for key, job in page.jobs] == [("myJob", "SCHEDULING")]
    assert (page.total, page.strange) == (1, 0)


@pytest.mark.parametrize(("read", "good"), KINDS)
def test_each_kind_accepts_its_body_only(read: Read, good: dict[str, Any]) -> None:
    read(good)
    for data in (None, [], [good], "text", 5, True, ""):
        with pytest.raises(Unreadable, match="no JSON object"):
            read(data)


# -- errors with HTTP 200 ---------------------------------------------------------------------------------------------

CODE_KEYS = [
    "error_code",
    "errorCode",
    "ErrorCode",
    "ERROR_CODE",
    "error-code",
    "errorcode",
    "err_code",
    "errno",
    "code",
]
CODES = ["DLF.3051", "DLI.0999", "APIGW.0301", "1001", 500, 400, 1, -1, "-1", "false alarm", True, ["X"], {"a": "X"}]
NO_CODES: list[Any] = [
    None,
    "",
    " ",
    0,
    "0",
    "000000",
    200,
    "200",
    "success",
    "SUCCESS",
    "ok",
    "OK",
    [],
    {},
    False,
    "null",
]
ERRORS: list[dict[str, Any]] = [
    {"error": "Internal Server Error"},
    {"error": True},
    {"error": {"code": 400, "message": "bad", "title": "Bad Request"}},
    {"error": {"message": "bad"}},
    {"error": {"error_code": "X", "error_msg": "bad"}},
    {"Error": {"errorCode": "X"}},
    {"errors": [{"error_code": "DLF.6201", "error_msg": "The script is missing."}]},
    {"errors": {"error_code": "DLF.6201"}},
    {"errors": ["bad"]},
    {"errors": [{}, None, {"code": "X"}]},
    {"error_msg": "The request parameter is invalid."},
    {"errorMsg": "x", "error_code": ""},
    {"fault": {"faultstring": "x"}},
    {"exception": "java.lang.NullPointerException"},
    {"result": {"error_code": "X"}},
    {"response": {"body": {"errorCode": "X"}}},
    {"details": [{"error_code": "X"}]},
    {"result": {"is_success": False}},
]
NO_ERRORS: list[dict[str, Any]] = [
    {"error": None},
    {"error": ""},
    {"error": False},
    {"error": {}},
    {"error": {"code": "0", "message": "success"}},
    {"error": {"code": "", "message": ""}},
    {"errors": []},
    {"errors": None},
    {"errors": [None, {}, ""]},
    {"error_code": "0", "error_msg": "operation done"},
    {"errorCode": 0, "errorMsg": "ok"},
    {"code": 200, "message": "OK"},
    {"code": "200"},
    {"error_msg": ""},
    {"error_msg": None},
    {"result": {"error_code": None}},
    {"result": {"code": "anything"}},
    {"lastErrorCode": None},
]


@pytest.mark.parametrize(("read", "good"), KINDS)
@pytest.mark.parametrize("key", CODE_KEYS)
def test_error_code_in_a_good_body_is_unreadable(read: Read, good: dict[str, Any], key: str) -> None:
    for code in CODES:
        for data in ({**good, key: code}, {key: code, **good}, {**good, key: code, "error_msg": "x"}):
            with pytest.raises(Unreadable, match="the answer holds an error"):
                read(data)
    for code in NO_CODES:
        assert read({**good, key: code})


@pytest.mark.parametrize(("read", "good"), KINDS)
@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_each_form_of_error_is_unreadable(read: Read, good: dict[str, Any], error: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read({**good, **error})


@pytest.mark.parametrize(("read", "good"), KINDS)
@pytest.mark.parametrize("error", NO_ERRORS, ids=str)
def test_empty_error_fields_are_accepted(read: Read, good: dict[str, Any], error: dict[str, Any]) -> None:
    assert read({**good, **error})


def test_the_error_is_named() -> None:
    for error, words in (
        ({"error_code": "DLF.3051", "error_msg": "invalid"}, "DLF.3051: invalid"),
        ({"error_msg": "invalid", "error_code": "DLF.3051"}, "DLF.3051: invalid"),
        ({"error_msg": "invalid"}, "an error: invalid"),
        ({"error": "Internal Server Error", "message": "no message"}, "an error: no message"),
        ({"error": {"code": "X1", "message": "bad\x9b thing"}}, "X1: bad\ufffd thing"),
        ({"errors": [{}, {"error_code": "DLF.6201", "error_msg": "gone"}]}, "DLF.6201: gone"),
        ({"error": {"a": {"b": "c"}}}, "without a code"),
    ):
        with pytest.raises(Unreadable) as caught:
            answers.check({**STATUS, **error})
        assert words in str(caught.value)
        assert str(caught.value).isprintable()


def test_gateway_message_with_secrets_is_not_shown() -> None:
    received = {"error_msg": "canonicalRequest:GET|x-auth-token:SECRET", "error_code": "APIGW.0301", "request_id": "r"}
    for data in ({**STATUS, **received}, {**STATUS, "error": received}, {**STATUS, "errors": [received]}):
        with pytest.raises(Unreadable) as caught:
            answers.check(data)
        assert "APIGW.0301" in str(caught.value)
        assert "SECRET" not in str(caught.value)


FLAGS = ["is_success", "isSuccess", "IsSuccess", "IS_SUCCESS", "is-success", "success", "Success", "succeeded"]


@pytest.mark.parametrize(("read", "good"), KINDS)
@pytest.mark.parametrize("key", FLAGS)
def test_false_flag_is_unreadable(read: Read, good: dict[str, Any], key: str) -> None:
    bare = {name: item for name, item in good.items() if name != "is_success"}
    bad: list[Any] = [
        False,
        "false",
        "False",
        "FALSE",
        " false ",
        0,
        "0",
        "no",
        None,
        "",
        "fail",
        [],
        {},
        [True],
        -1,
        2,
    ]
    for flag in bad:
        with pytest.raises(Unreadable, match="did not succeed"):
            read({**bare, key: flag})
    for flag in (True, "true", "True", "TRUE", " true ", 1, "1", "yes", "success"):
        assert read({**bare, key: flag})


def test_contradicting_flags_are_unreadable() -> None:
    bad: list[dict[str, Any]] = [
        {"is_success": True, "isSuccess": False},
        {"is_success": True, "success": False},
        {"is_success": None, "isSuccess": False},
        {"is_success": None, "success": None},
    ]
    good: list[dict[str, Any]] = [
        {"is_success": None, "isSuccess": True},
        {"is_success": "true", "isSuccess": True, "success": 1},
    ]
    for flags in bad:
        with pytest.raises(Unreadable):
            answers.dli_job({**DLI, **flags}, "j")
    for flags in good:
        assert answers.dli_job({**{k: v for k, v in DLI.items() if k != "is_success"}, **flags}, "j")


def test_errors_of_the_job_itself_are_accepted() -> None:
    """Errors of a node, a sub-job or a Flink job itself are part of a valid answer."""
    job = answers.real_time_job(
        {
            **STATUS,
            "nodes": [{**NODE, "status": "EXCEPTION", "error_code": "X", "errorMessage": "y"}],
            "flinkJobInfo": {"error_code": "X"},
            "errorMessage": "the node failed",
        },
        "j",
    )
    assert job["nodes"][0]["status"] == "EXCEPTION"
    assert answers.dli_job({**DLI, "sub_jobs": [{"error_code": "X", "is_success": False}]}, "j")


# -- about which job ---------------------------------------------------------------------------------------------------

NAMES = ["name", "Name", "NAME", "job_name", "jobName", "JobName", "job-name"]
OTHERS = ["another", "J", "j ", " j", "j\u200b", "j\n", "", "jj", 1, 0, True, False, [], ["j"], {}, {"name": "j"}]


@pytest.mark.parametrize("key", NAMES)
@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_status_of_another_job_is_unreadable(key: str, other: Any) -> None:
    bare = {name: item for name, item in STATUS.items() if name != "name"}
    assert answers.real_time_job({**bare, key: "j"}, "j")["name"] == "j"
    with pytest.raises(Unreadable, match="about another job"):
        answers.real_time_job({**bare, key: other}, "j")


def test_second_name_must_be_equal() -> None:
    assert answers.real_time_job({**STATUS, "jobName": "j"}, "j")
    assert answers.real_time_job({**STATUS, "jobName": None}, "j")
    assert answers.real_time_job({**STATUS, "name": None, "job_name": "j"}, "j")
    for received in ({"jobName": "k"}, {"Name": "k"}, {"name": "k", "jobName": "j"}, {"job_name": "j", "jobName": "k"}):
        with pytest.raises(Unreadable):
            answers.real_time_job({**STATUS, **received}, "j")


@pytest.mark.parametrize("received", [{}, {"name": None}, {"name": None, "jobName": None}])
def test_status_without_a_name_is_unreadable(received: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="does not name the job"):
        answers.real_time_job({"status": "NORMAL", "nodes": [], **received}, "j")


@pytest.mark.parametrize("received", [{"id": "k"}, {"job_id": None, "id": "k"}, {"job_id": "k", "id": "j"}, {"Id": 5}])
def test_progress_of_another_job_is_unreadable(received: dict[str, Any]) -> None:
    bare = {name: item for name, item in DLI.items() if name != "job_id"}
    assert answers.dli_job(bare, "j")["job_id"] == "j"
    with pytest.raises(Unreadable, match="about another job"):
        answers.dli_job({**bare, **received}, "j")


@pytest.mark.parametrize(
    ("node", "readable"),
    [
        ({"name": "n"}, True),
        ({"status": "EXCEPTION"}, True),
        ({}, False),
        ({"name": None, "status": ""}, False),
        ({"nodeName": "n", "nodeStatus": "EXCEPTION"}, False),
    ],
)
def test_node_without_name_and_state_is_unreadable(node: dict[str, Any], readable: bool) -> None:
    body = {**STATUS, "nodes": [node]}
    if readable:
        assert len(answers.real_time_job(body, "j")["nodes"]) == 1
        return
    with pytest.raises(Unreadable, match="neither a name nor a state"):
        answers.real_time_job(body, "j")


def test_unusual_names_are_read() -> None:
    for name in ("作业 1", "a.b-c_d", "1001", "Größe", "a\u200bb"):
        assert answers.real_time_job({"name": name, "status": "NORMAL"}, name)["name"] == name
    assert answers.real_time_job({"name": 1001, "status": "NORMAL"}, "1001")["name"] == "1001"


@pytest.mark.parametrize(
    ("fields", "batch"),
    [
        ({}, False),
        ({"jobType": "REAL_TIME"}, False),
        ({"jobType": "BATCH"}, True),
        ({"job_type": "batch"}, True),
        ({"JobType": " Batch "}, True),
        ({"processType": "BATCH"}, True),
        ({"status": "SCHEDULING"}, True),
        ({"status": "paused"}, True),
        ({"status": "PAUSE"}, False),
        ({"jobType": "REAL_TIME", "status": "SCHEDULING"}, True),
        ({"jobType": 5}, False),
    ],
)
def test_batch_jobs_are_recognized(fields: dict[str, Any], batch: bool) -> None:
    assert answers.is_batch(answers.real_time_job({**STATUS, **fields}, "j")) is batch


# -- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [{}, {"jobs": "x", "total": 1}, {"jobs": {}}, {"jobs": None}, {"total": "many"}])
def test_invalid_page_is_unreadable(data: Any) -> None:
    with pytest.raises(Unreadable, match="no job list"):
        answers.job_page(data)


@pytest.mark.parametrize(
    ("total", "read"),
    [
        (5, 5),
        ("5", 5),
        (5.0, 5),
        (-1, -1),
        (0, 0),
        (None, None),
        ("", None),
        ("many", None),
        (True, None),
        ([5], None),
        ({}, None),
        ("5.5", None),
    ],
)
def test_total_is_read(total: Any, read: int | None) -> None:
    assert answers.job_page({"jobs": [], "total": total}).total == read
    assert answers.job_page({"Jobs": [], "Total": total}).total == read
    if total is not None:
        with pytest.raises(Unreadable, match="different values"):
            answers.job_page({"jobs": [], "total": total, "Total": 77})


def test_an_empty_page_may_lack_its_list() -> None:
    empty: list[dict[str, Any]] = [{"total": 3}, {"total": 0, "jobs": None}, {"jobs": []}]
    for data in empty:
        assert answers.job_page(data).jobs == []


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "a", "status": "NORMAL", "Status": "EXCEPTION"},
        {"name": "a", "Name": "b"},
        {"name": "a", "jobName": "b"},
        {"name": "a", "startTime": 1, "starttime": 2},
        {"name": "a", "status": 5},
        {"name": "a", "status": ["NORMAL"]},
        {"name": "a", "nodes": "x"},
        {"name": "a", "status": "NORMAL", "error_code": "X"},
        {"name": "a", "status": "NORMAL", "errorCode": 7},
        {"name": "a", "status": "NORMAL", "isSuccess": False},
    ],
    ids=str,
)
def test_invalid_entries_are_unreadable(entry: Any) -> None:
    good = {"name": "g", "status": "NORMAL"}
    for jobs in ([entry], [good, entry], [entry, good]):
        with pytest.raises(Unreadable):
            answers.job_page({"total": len(jobs), "jobs": jobs})


@pytest.mark.parametrize(
    "entry",
    [None, 5, "x", [], {}, {"status": "NORMAL"}, {"name": ""}, {"name": None}, {"name": ["a"]}, {"name": True}],
    ids=str,
)
def test_entries_without_a_name_are_counted(entry: Any) -> None:
    page = answers.job_page({"total": 2, "jobs": [entry, {"name": "a"}]})
    assert (len(page.jobs), page.strange) == (2, 1)
    assert page.jobs[0][0] not in ("", "a")


def test_cleaned_names_stay_distinct() -> None:
    names = ["a", "a\u200b", "a\u200c", "a\ufffd", "a\n", "a ", "a\x9b"]
    page = answers.job_page({"total": len(names), "jobs": [{"name": name} for name in names]})
    assert [key for key, dummy in page.jobs] == names
    assert page.strange == 4
    for dummy, job in page.jobs:
        assert job is not None
        assert not {"\u200b", "\u200c", "\n", "\x9b"} & set(job["name"])


def test_page_weight_grows_with_its_content() -> None:
    """It grows with texts and with the number of values, however they are nested, as the memory does."""

    def weight(item: Any) -> int:
        return answers.job_page({"total": 1, "jobs": [{"name": "a", "x": item}]}).weight

    least = weight(None)
    assert weight("x" * 1000) >= least + 1000
    assert weight(5) == least
    assert weight("\U0001f642" * 1000) >= least + 4000
    assert weight([1] * 1000) >= least + 50_000
    assert weight([{}] * 1000) >= least + 100_000
    assert weight({str(number): {"a": 1} for number in range(1000)}) >= least + 200_000


# -- anything at all --------------------------------------------------------------------------------------------------

KEYS = st.sampled_from(
    [
        "name",
        "jobName",
        "status",
        "Status",
        "nodes",
        "jobs",
        "total",
        "error_code",
        "errors",
        "is_success",
        "job_id",
        "x",
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 300)
    | st.sampled_from(["", "j", "NORMAL", "EXCEPTION", "0", "x", "\x9b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize(("read", "good"), KINDS)
@settings(max_examples=200)
@given(data=JSON, extra=st.dictionaries(KEYS, JSON, max_size=3))
def test_any_body_is_read_or_unreadable(read: Read, good: dict[str, Any], data: Any, extra: dict[str, Any]) -> None:
    for what in (data, {**good, **extra}, {**extra, **good}):
        try:
            read(what)
        except Unreadable:
            continue
        assert isinstance(what, dict)


@given(extra=st.dictionaries(KEYS, JSON, max_size=4))
def test_state_is_that_of_the_body(extra: dict[str, Any]) -> None:
    """No other field changes the state that the body has under one of its spellings."""
    data = {**STATUS, **extra}
    try:
        job = answers.real_time_job(data, "j")
    except Unreadable:
        return
    received = {str(item).strip() for key, item in data.items() if key.lower() == "status" and item not in (None, "")}
    assert received <= {job["status"]}
    assert {data.get("name"), data.get("jobName")} <= {"j", None}
