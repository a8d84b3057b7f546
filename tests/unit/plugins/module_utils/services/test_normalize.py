# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the services' spelling to that of the collection; any answer is accepted or unreadable."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._services import normalize
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.normalize import Unreadable
from ansible_collections.datagate.huaweicloud.plugins.module_utils._states import DLI_STATES, REAL_TIME_STATES

DATA = Path(__file__).resolve().parents[4] / "data"


def body(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


# -- the example bodies -----------------------------------------------------------------------------------------------


def test_documented_job_list() -> None:
    (raw,) = body("job_list")["jobs"]
    assert normalize.job(raw) == {
        "create_time": 1680783636000,
        "create_user": "test_user",
        "job_type": "BATCH",
        "last_instance_end_time": 1682519407000,
        "last_instance_status": "success",
        "last_update_user": "test_user",
        "name": "myJob",
        "owner": "test_user",
        "path": "/",
        "priority": 0,
        "single_node_job_flag": False,
        "status": "SCHEDULING",
    }


def test_documented_minimal_status() -> None:
    assert normalize.job(body("realtime_status_minimal")) == {
        "name": "job_sms",
        "status": "NORMAL",
        "nodes": [
            {
                "buffer_records": 0,
                "job_instance_id": 0,
                "last_instance_status": "waiting",
                "log_path": None,
                "name": "MRS_Flink_Job_8635",
                "speed": 0,
                "status": None,
                "total_get_bytes": 0,
                "total_get_records": 0,
                "total_put_bytes": 0,
                "total_put_records": 0,
                "type": None,
            }
        ],
    }


def test_documented_status_with_seven_nodes() -> None:
    job = normalize.job(body("realtime_status_seven_nodes"))
    assert job is not None
    assert {name: item for name, item in job.items() if name != "nodes"} == {
        "last_update_time": 1551409406000,
        "name": "job_sms",
        "start_time": 1551409465000,
        "status": "NORMAL",
    }
    assert [(node["name"], node["status"], node["type"]) for node in job["nodes"]] == [
        ("CREATE_GES_DIR", "NORMAL", "Create OBS"),
        ("CS_SMS_PROCESS", "NORMAL", "ExecuteCloudStream"),
        ("DELETE_GES_DIR", "STOPPED", "Delete OBS"),
        ("DIS_EVENT", "NORMAL", "ExecuteDISStream"),
        ("DIS_INPUT", "NORMAL", "ExecuteDISStream"),
        ("DLI_SMS_GES", "EXCEPTION", "DLI SQL"),
        ("DLI_SMS_PROCESS", "NORMAL", "DLI SQL"),
    ]
    event = job["nodes"][3]
    assert event["log_path"].startswith("obs://dlf-log-")
    assert event["running_data"] == '{"app":"DLF_job_sms_DLI_SMS_PROCESS","streamName":"dis-event"}'
    assert (event["total_get_records"], event["total_put_records"]) == (8602, 8596)


def test_documented_progress() -> None:
    raw = body("dli_progress_running")
    job = normalize.progress(raw, "other")
    assert job["sub_jobs"] == raw["sub_jobs"]  # its keys are snake_case already
    del job["sub_jobs"]
    assert job == {
        "job_id": "85798b38-ae44-48eb-bb90-7cf0dcdafe7b",
        "message": "",
        "progress": 0.0,
        "status": "RUNNING",
        "sub_job_id": 0,
        "tasks": {"total": 1, "completed": 0, "active": 1, "failed": 0, "skipped": 0, "killed": 0},
    }


# -- variants ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("lastInstanceStatus", "last_instance_status"),
        ("LastInstanceStatus", "last_instance_status"),
        ("last_instance_status", "last_instance_status"),
        ("lastModifiyUser", "last_modifiy_user"),
        ("singleNodeJobFlag", "single_node_job_flag"),
        ("jobID", "job_id"),
        ("DLIJobName", "dli_job_name"),
        ("starttime", "starttime"),
        ("total", "total"),
        ("作业Name", "作业name"),
        ("a-b c", "a-b c"),
        ("", ""),
        (5, "5"),
        ("\ud800a", "\ufffda"),
        ("sta\u200btus", "sta\ufffdtus"),
        ("a\x9bb\nc", "a\ufffdb c"),
    ],
)
def test_keys_become_snake_case(key: Any, name: str) -> None:
    assert normalize.snake(key) == name


def test_key_variants_get_one_name() -> None:
    job = normalize.job(
        {
            "name": "j",
            "status": "STARTTING",
            "starttime": "1551409465000",
            "endtime": "x",
            "lastModifiyUser": "u",
            "nodes": [{"name": "n", "nodeType": "DLI SQL", "LastInstanceStatus": "success", "status": "STARTTING"}],
        }
    )
    assert job == {
        "name": "j",
        "status": "STARTING",
        "start_time": 1551409465000,
        "end_time": "x",
        "last_modify_user": "u",
        "nodes": [
            {"name": "n", "type": "DLI SQL", "last_instance_status": "success", "status": "STARTING", "log_path": None}
        ],
    }


SPELLINGS = [
    ("status", ["status", "Status", "STATUS", "sta_tus", "sta-tus"]),
    ("start_time", ["startTime", "starttime", "start_time", "StartTime", "START_TIME", "start-time", "start time"]),
    ("last_modify_user", ["lastModifyUser", "lastModifiyUser", "LastModifiyUser", "last_modify_user"]),
    (
        "last_instance_status",
        ["lastInstanceStatus", "LastInstanceStatus", "last_instance_status", "lastinstancestatus"],
    ),
    ("name", ["name", "Name", "NAME"]),
    ("job_type", ["jobType", "job_type", "JobType", "jobtype"]),
    ("some_new_key", ["someNewKey", "some_new_key", "SomeNewKey"]),
]


@pytest.mark.parametrize(("right", "spellings"), SPELLINGS)
def test_each_spelling_gets_one_name(right: str, spellings: list[str]) -> None:
    for key in spellings:
        for fields in (normalize.job({key: "X"}), normalize.node({key: "X"})):
            assert fields is not None
            assert fields[right] == "X"


@pytest.mark.parametrize(("right", "spellings"), SPELLINGS)
def test_two_spellings_with_two_values_are_unreadable(right: str, spellings: list[str]) -> None:
    pairs = [(one, other) for one in spellings for other in spellings if one != other]
    for one, other in pairs:
        for make in (
            normalize.job,
            lambda data: normalize.job({"nodes": [data]}),
            lambda data: normalize.progress(data, "i"),
            lambda data: normalize.progress({"sub_jobs": [data]}, "i"),
        ):
            with pytest.raises(Unreadable, match="different values for"):
                make({one: "X", other: "Y"})
            for nothing in ({one: "X", other: None}, {one: None, other: "X"}, {one: "X", other: "X"}):
                assert "X" in str(make(nothing))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("status", "NORMAL"), ("Status", "normal "), True),
        (("status", "STARTTING"), ("Status", "STARTING"), True),
        (("status", ""), ("Status", "NORMAL"), True),
        (("status", "NORMAL"), ("Status", 1), False),
        (("startTime", 5), ("starttime", "5"), True),
        (("startTime", 5), ("starttime", 6), False),
        (("startTime", 5), ("starttime", "x"), False),
        (("name", "a"), ("Name", "a\u200b"), False),
        (("name", "a\u200c"), ("Name", "a\u200b"), False),
        (("nodes", []), ("Nodes", []), True),
        (("nodes", []), ("Nodes", [{"name": "n", "status": "EXCEPTION"}]), False),
        (("nodes", None), ("Nodes", [{"name": "n"}]), True),
        (("jobType", "BATCH"), ("job_type", "REAL_TIME"), False),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_equal_values_under_two_spellings_are_accepted(one: Any, other: Any, same: bool, turned: bool) -> None:
    data = dict([other, one] if turned else [one, other])
    if same:
        job = normalize.job(data)
        assert job is not None
        assert job.get("status") in (None, "NORMAL", "STARTING")
    else:
        with pytest.raises(Unreadable):
            normalize.job(data)


@pytest.mark.parametrize("turned", [False, True])
def test_type_and_node_type_are_two_keys(turned: bool) -> None:
    def type_of(*pairs: tuple[str, Any]) -> Any:
        return normalize.node(dict(reversed(pairs) if turned else pairs))["type"]

    assert type_of(("type", "A"), ("nodeType", "B")) == "A"
    assert type_of(("type", None), ("nodeType", "B")) == "B"
    assert type_of(("nodeType", "B")) == "B"
    with pytest.raises(Unreadable):
        type_of(("nodeType", "A"), ("node_type", "B"))


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        ("NORMAL", "NORMAL"),
        ("normal", "NORMAL"),
        (" EXCEPTION ", "EXCEPTION"),
        ("STARTTING", "STARTING"),
        ("startting", "STARTING"),
        ("Scheduling", "SCHEDULING"),
        ("Somewhat-New", "Somewhat-New"),
        ("新", "新"),
        ("\ud800", "\ufffd"),
        ("FINISH", "FINISHED"),
        ("finish", "FINISHED"),
        ("CANCELED", "CANCELLED"),
        ("FINISHING", "FINISHING"),
        ("NOR\u200bMAL", "NOR\ufffdMAL"),
        ("EXC\nEPTION", "EXC EPTION"),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_states_are_normalized(sent: Any, state: str | None) -> None:
    assert normalize.state(sent) == state
    for job in (
        normalize.job({"status": sent}),
        normalize.node({"status": sent}),
        normalize.progress({"status": sent}, "i"),
    ):
        assert job is not None
        assert job["status"] == state


@pytest.mark.parametrize("sent", [1, 0, True, False, 1.5, [], ["NORMAL"], {}, {"status": "NORMAL"}])
def test_non_text_state_is_unreadable(sent: Any) -> None:
    assert normalize.state(sent) is None
    for make in (normalize.job, normalize.node, lambda data: normalize.progress(data, "i")):
        with pytest.raises(Unreadable, match="is no text"):
            make({"status": sent})


def test_known_states_are_unchanged() -> None:
    for state in REAL_TIME_STATES + DLI_STATES:
        assert normalize.state(state) == normalize.state(state.lower()) == state


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        (5, 5),
        ("5", 5),
        (" 1551409465000 ", 1551409465000),
        ("-3", -3),
        (5.0, 5),
        (5.9, None),
        (0, 0),
        ("5.5", None),
        ("", None),
        ("x", None),
        (True, None),
        (None, None),
        ([], None),
        ({}, None),
        (math.nan, None),
        (math.inf, None),
    ],
)
def test_whole_numbers_are_read(sent: Any, number: int | None) -> None:
    assert normalize.whole(sent) == number


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        (0, 0.0),
        (1, 1.0),
        (0.25, 0.25),
        ("0.25", 0.25),
        (" 1 ", 1.0),
        (-1, 0.0),
        (70, 1.0),
        ("1e999", 1.0),
        ("nan", None),
        (math.nan, None),
        (math.inf, 1.0),
        ("half", None),
        ("", None),
        (None, None),
        (True, None),
        ([], None),
    ],
)
def test_fractions_are_read(sent: Any, number: float | None) -> None:
    assert normalize.fraction(sent) == number


def test_numeric_text_becomes_numbers() -> None:
    job = normalize.job(
        {
            "startTime": "1551409465000",
            "createTime": " 7 ",
            "priority": "0",
            "lastUpdateTime": "yesterday",
            "endTime": None,
            "nodes": [{"totalGetRecords": "165", "totalPutRecords": 12.0, "bufferRecords": "", "speed": "3"}],
        }
    )
    assert job is not None
    assert (job["start_time"], job["create_time"], job["priority"]) == (1551409465000, 7, 0)
    assert (job["last_update_time"], job["end_time"]) == ("yesterday", None)
    node = job["nodes"][0]
    assert (node["total_get_records"], node["total_put_records"], node["buffer_records"]) == (165, 12, "")
    assert node["speed"] == "3"
    progress = normalize.progress({"sub_job_id": "0", "progress": "0.5", "duration": "12"}, "i")
    assert (progress["sub_job_id"], progress["progress"], progress["duration"]) == (0, 0.5, 12)


def test_unknown_keys_are_kept_in_snake_case() -> None:
    raw = {
        "newField": {"innerKey": [{"deepKey": 1}]},
        "nodes": [{"otherKey": [1, None, "a"]}],
        "flinkJobInfo": None,
    }
    job = normalize.job(raw)
    assert job is not None
    assert job["new_field"] == {"inner_key": [{"deep_key": 1}]}
    assert job["nodes"][0]["other_key"] == [1, None, "a"]
    assert job["flink_job_info"] is None


def test_keys_that_are_data_are_unchanged() -> None:
    job = normalize.progress({"sub_jobs": [{"killed_tasks_summary": {"someReason": {"Why": 1}}, "newKey": 2}]}, "i")
    assert job["sub_jobs"] == [{"killed_tasks_summary": {"someReason": {"Why": 1}}, "new_key": 2}]


# -- jobs, nodes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [None, [], "text", 5, True])
def test_invalid_jobs_are_rejected(data: Any) -> None:
    assert normalize.job(data) is None
    with pytest.raises(Unreadable):
        normalize.node(data)


def test_empty_job_has_default_fields() -> None:
    assert normalize.job({}) == {"name": None, "status": None}
    assert normalize.job({}, "j") == {"name": "j", "status": None}
    assert normalize.node({}) == {"name": "", "status": None, "type": None, "log_path": None}


def test_names_are_normalized() -> None:
    assert normalize.job({"name": 1001}) == {"name": "1001", "status": None}
    assert normalize.job({"name": ""}, "j") == {"name": "j", "status": None}
    assert normalize.job({"name": ["x"]}, "j") == {"name": "j", "status": None}
    assert normalize.job({"name": "a\ud800"}) == {"name": "a\ufffd", "status": None}


@pytest.mark.parametrize("key", ["nodes", "Nodes"])
@pytest.mark.parametrize(
    ("nodes", "names"),
    [
        (None, None),
        ([], []),
        ([{"name": None}], [""]),
        ([{"name": "n", "status": "NORMAL"}, {"name": "n", "status": "EXCEPTION"}], ["n", "n"]),
        ([{"name": 5}], ["5"]),
    ],
)
def test_nodes_are_a_list_or_absent(key: str, nodes: Any, names: Any) -> None:
    job = normalize.job({"name": "j", key: nodes})
    assert job is not None
    assert ("nodes" in job) is (names is not None)
    assert [node["name"] for node in job.get("nodes", [])] == (names or [])


@pytest.mark.parametrize("key", ["nodes", "Nodes", "NODES", "no_des"])
@pytest.mark.parametrize(
    "nodes",
    [
        "text",
        5,
        True,
        {},
        {"name": "n"},
        [None],
        ["n"],
        [[]],
        [{"name": "n"}, 5],
        [{"name": "n", "status": 5}],
        [{"name": "n", "Status": []}],
        [{"name": ["n"]}],
        [{"name": "n", "status": "NORMAL", "Status": "EXCEPTION"}],
    ],
)
def test_invalid_nodes_are_unreadable(key: str, nodes: Any) -> None:
    with pytest.raises(Unreadable):
        normalize.job({"name": "j", "status": "NORMAL", key: nodes})


# -- progress ---------------------------------------------------------------------------------------------------------


def test_tasks_are_summed_over_the_sub_jobs() -> None:
    sub_jobs: list[dict[str, Any]] = [
        {"num_tasks": 10, "num_completed_tasks": 4, "num_active_tasks": 6},
        {"num_tasks": "5", "num_completed_tasks": 5, "num_failed_tasks": -1, "num_skipped_tasks": None},
        {"num_tasks": "many", "num_killed_tasks": 2},
    ]
    assert normalize.sum_tasks(sub_jobs) == {
        "total": 15,
        "completed": 9,
        "active": 6,
        "failed": 0,
        "skipped": 0,
        "killed": 2,
    }
    assert normalize.sum_tasks([]) is None


@pytest.mark.parametrize("sub_jobs", [None, "text", {}, [], [None, 5, "x"]])
def test_empty_sub_jobs_have_no_tasks(sub_jobs: Any) -> None:
    job = normalize.progress({"status": "LAUNCHING", "sub_jobs": sub_jobs}, "i")
    assert (job["sub_jobs"], job["tasks"], job["sub_job_id"], job["progress"]) == ([], None, None, None)
    assert (job["job_id"], job["message"]) == ("i", "")


def test_is_success_is_dropped() -> None:
    assert "is_success" not in normalize.progress({"is_success": "true", "isSuccess": True}, "i")


@pytest.mark.parametrize("key", ["sub_jobs", "subJobs", "SubJobs", "sub-jobs"])
def test_each_spelling_of_sub_jobs_is_read(key: str) -> None:
    job = normalize.progress({key: [{"numTasks": 3, "num_completed_tasks": 1}, None]}, "i")
    assert [job["tasks"][name] for name in ("total", "completed")] == [3, 1]
    assert job["sub_jobs"] == [{"num_tasks": 3, "num_completed_tasks": 1}]


# -- text -------------------------------------------------------------------------------------------------------------

HARMFUL = [
    *map(chr, (*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x61C, 0x180E, 0xFEFF)),
    *map(chr, (*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), *range(0xFFF9, 0xFFFC))),
    "\ud800",
    "\udfff",
    "\U000e0041",
]


def test_harmful_characters_are_replaced() -> None:
    for char in HARMFUL:
        dirty = f"a{char}b"
        clean = normalize.clean(dirty)
        assert clean in ("a b", "a\ufffdb")
        assert (clean == "a b") is (char in "\t\n\x0b\x0c\r\x85\u2028\u2029")
        job = normalize.job(
            {"name": dirty, "status": dirty, f"x{dirty}": {dirty: [dirty]}, "nodes": [{"logPath": dirty}]}
        )
        assert char not in json.dumps(job, ensure_ascii=False)
        assert char not in json.dumps(
            normalize.progress({"message": dirty, "sub_jobs": [{dirty: dirty}]}, "i"), ensure_ascii=False
        )


@pytest.mark.parametrize(
    "text", ["", "plain text", "作业-1_a.b", "Größe", "\u3000", "é", "🙂", "עברית", "नमस्ते", "\ufffd"]
)
def test_other_characters_are_kept(text: str) -> None:
    assert normalize.clean(text) == text


# -- anything at all --------------------------------------------------------------------------------------------------

KEYS = st.one_of(
    st.sampled_from(
        [
            "name",
            "Name",
            "status",
            "Status",
            "type",
            "nodeType",
            "jobType",
            "nodes",
            "Nodes",
            "NODES",
            "startTime",
            "starttime",
            "start_time",
            "StartTime",
            "logPath",
            "lastInstanceStatus",
            "LastInstanceStatus",
            "totalPutRecords",
            "total_put_records",
            "runningData",
            "is_success",
            "message",
            "job_id",
            "sub_job_id",
            "sub_jobs",
            "subJobs",
            "progress",
            "num_tasks",
            "num_completed_tasks",
            "killed_tasks_summary",
            "tasks",
        ]
    ),
    st.text(max_size=4),
    st.sampled_from(["\ud800", "a\udfffB"]),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(["NORMAL", "STARTTING", "EXCEPTION", "1551409465000", "true", "1e999", "nan", "\ud800", "x\udc00"]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=8)


def check_plain(value: Any) -> None:
    """The value is valid JSON in UTF-8, and contains no control character."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text.encode("utf-8")
    assert not any("\x7f" <= char <= "\x9f" or char in "\u200b\u202e" for char in text)
    assert "\\u00" not in text.replace("\\\\", "")  # a control character in JSON


def readable(make: Callable[..., Any], *args: Any) -> Any:
    """The normalized data; None for unreadable data. Other exceptions are raised."""
    try:
        return make(*args)
    except Unreadable:
        return None


def check_node(node: Any) -> None:
    assert isinstance(node, dict)
    assert isinstance(node["name"], str)
    for key in ("status", "type", "log_path"):
        assert node[key] is None or isinstance(node[key], str)


@settings(max_examples=150)
@given(st.one_of(JSON, OBJECTS), st.none() | st.text(max_size=3, alphabet="ab"))
@example({"Nodes": "text", "status": "NORMAL"}, None)
@example({"NODES": [{"status": []}], "nodes": [{}]}, None)
def test_any_json_gives_a_valid_job(data: Any, name: str | None) -> None:
    job = readable(normalize.job, data, name)
    check_plain(job)
    if job is None:
        return
    assert job["name"] is None or isinstance(job["name"], str)
    assert job["status"] is None or (isinstance(job["status"], str) and job["status"].strip())
    assert isinstance(job.get("nodes", []), list)
    for node in job.get("nodes", []):
        check_node(node)
    assert normalize.job(json.loads(json.dumps(job)), name) == job  # correct values are unchanged


@settings(max_examples=150)
@given(st.one_of(JSON, OBJECTS))
def test_any_json_gives_a_valid_node(data: Any) -> None:
    node = readable(normalize.node, data)
    check_plain(node)
    if node is not None:
        check_node(node)


@settings(max_examples=150)
@given(OBJECTS)
def test_any_json_gives_a_valid_dli_job(data: Any) -> None:
    job = readable(normalize.progress, data, "the-id")
    check_plain(job)
    if job is None:
        return
    assert isinstance(job["job_id"], str)
    assert isinstance(job["message"], str)
    assert job["status"] is None or isinstance(job["status"], str)
    assert job["progress"] is None or 0.0 <= job["progress"] <= 1.0
    assert job["sub_job_id"] is None or isinstance(job["sub_job_id"], int)
    assert all(isinstance(item, dict) for item in job["sub_jobs"])
    assert (job["tasks"] is None) is (not job["sub_jobs"])
    assert all(isinstance(count, int) and count >= 0 for count in (job["tasks"] or {}).values())


@given(JSON)
def test_any_json_gives_a_plain_value(data: Any) -> None:
    check_plain(normalize.value(data))
    check_plain([normalize.text(data), normalize.whole(data), normalize.fraction(data), normalize.state(data)])


def test_deep_values_are_truncated() -> None:
    data: Any = "bottom"
    for dummy in range(500):
        data = [data]
    assert "bottom" not in json.dumps(normalize.value({"deep": data}))
