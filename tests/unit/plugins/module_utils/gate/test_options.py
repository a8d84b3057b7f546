# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate's options: a checked policy and selection, or a sentence that names the option."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DatagateError, OptionError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.kinds import DLI_KIND, REAL_TIME_KIND
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.options import (
    check_name,
    dli_policy,
    dli_selection,
    items,
    policy,
    return_jobs,
    selection,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.policy import Policy, Selection


def refused(option: str, build: Any, **params: Any) -> str:
    with pytest.raises(OptionError) as caught:
        build(params)
    assert caught.value.option == option
    return str(caught.value)


# -- lists and names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, []),
        ("", []),
        (" , \n,", []),
        ([], []),
        (["", " ", None], []),
        ("a", ["a"]),
        (" a ,b\nc,, d\r\n", ["a", "b", "c", "d"]),
        ([" a ", "", "b,c"], ["a", "b,c"]),
        (("a", 5), ["a", "5"]),
        (7, ["7"]),
        ("作业 1,作业2", ["作业 1", "作业2"]),
    ],
)
def test_lists_are_split_and_trimmed(value: Any, found: list[str]) -> None:
    assert items(value) == found


@pytest.mark.parametrize("name", ["a", "作业 1~*+(x)", "100%25 x", "...", ".a", "a.", "x" * 128, "-", "a\\b", "a?b#c"])
def test_valid_names_are_accepted(name: str) -> None:
    assert check_name("job_names", name) == name
    assert selection({"job_names": [name]}).names == (name,)
    assert dli_selection({"job_ids": [name]}).names == (name,)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        (".", "path"),
        ("..", "path"),
        ("a/b", "slash"),
        ("/", "slash"),
        ("a\nb", "control"),
        ("a\x00", "control"),
        ("a\x7f", "control"),
        ("a\x85b", "control"),
        ("a\u2028b", "control"),
        ("\ud800", "control"),
        ("x" * 129, "129"),
    ],
)
def test_invalid_names_are_rejected(name: str, word: str) -> None:
    for option, build in (("job_names", selection), ("job_ids", dli_selection)):
        text = refused(option, build, **{option: ["good", name]})
        assert word in text
        assert len(text.splitlines()) == 1
        text.encode("utf-8")


# -- selections -------------------------------------------------------------------------------------------------------


def test_selection_from_options() -> None:
    assert selection({"job_names": ["b", " a ", ""]}) == Selection(names=("b", "a"))
    assert selection({"job_names": "a, b"}) == Selection(names=("a", "b"))
    assert selection({"tags": "t1, t2"}) == Selection(tags=("t1", "t2"))
    assert selection({"name_contains": " sms ", "exclude_names": ["*_old", ""], "min_jobs": "3"}) == Selection(
        name_contains="sms", exclude=("*_old",), least=3
    )
    assert selection({"job_names": "a", "tags": ["", " "], "name_contains": " "}) == Selection(names=("a",))
    assert dli_selection({"job_ids": "a,b"}) == Selection(names=("a", "b"))


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({}, "no job is selected"),
        ({"job_names": [], "tags": [""], "name_contains": " "}, "no job is selected"),
        ({"job_names": ["a"], "tags": ["t"]}, "job_names and tags are given"),
        ({"job_names": ["a"], "name_contains": "b"}, "job_names and name_contains are given"),
        ({"job_names": ["a"], "tags": ["t"], "name_contains": "b"}, "job_names and tags and name_contains are given"),
    ],
)
def test_exactly_one_selection_is_required(params: dict[str, Any], problem: str) -> None:
    assert problem in refused("job_names", selection, **params)


@pytest.mark.parametrize("value", [None, "", [], [" "], ","])
def test_missing_job_ids_are_rejected(value: Any) -> None:
    refused("job_ids", dli_selection, job_ids=value)


def test_other_invalid_selections_are_rejected() -> None:
    refused("tags", selection, tags=["a\nb"])
    refused("tags", selection, tags=["a\0"])
    refused("name_contains", selection, name_contains="a\nb")
    refused("name_contains", selection, name_contains="x" * 129)
    refused("exclude_names", selection, job_names="a", exclude_names=["a\nb"])
    for value in (0, -1, "x", "", 1.5, True):
        refused("min_jobs", selection, job_names="a", min_jobs=value)


# -- policies ---------------------------------------------------------------------------------------------------------


def test_defaults_with_and_without_wait() -> None:
    expected = {
        "kind": REAL_TIME_KIND,
        "ready": frozenset(["NORMAL"]),
        "failing": frozenset(["EXCEPTION", "ABNORMAL"]),
        "check_nodes": True,
        "ignore_nodes": (),
        "max_failing": 0,
        "exception_grace": 0.0,
        "stable_for": 0.0,
        "started_after": None,
        "require_records": False,
        "missing": "fail",
        "initial_delay": 0.0,
        "interval": 10.0,
        "timeout": 600.0,
    }
    assert policy({}) == Policy(**expected, wait=False, fatal=False, max_errors=1)  # type: ignore[arg-type]
    assert policy({"wait": True}) == Policy(**expected, wait=True, fatal=True, max_errors=5)  # type: ignore[arg-type]
    assert policy({"wait": True}, once=True) == Policy(**expected, wait=True, once=True, fatal=True, max_errors=1)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        policy({}).wait = True  # type: ignore[misc]


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize(("given", "fatal"), [(None, None), (True, True), (False, False), ("yes", True), ("no", False)])
def test_fail_on_exception_defaults_to_wait(wait: bool, given: Any, fatal: bool | None) -> None:
    assert policy({"wait": wait, "fail_on_exception": given}).fatal is (wait if fatal is None else fatal)


def test_all_options_are_read() -> None:
    found = policy(
        {
            "wait": "yes",
            "wait_for": "STOPPED, PAUSE",
            "fail_on_exception": False,
            "fail_states": ["EXCEPTION", "", "DISABLE"],
            "check_nodes": False,
            "ignore_nodes": "once_*, n?",
            "max_failing": "2",
            "exception_grace": "30",
            "stable_for": 15,
            "started_after": "1551409465000",
            "require_records": "true",
            "missing": " wait ",
            "wait_initial_delay": 1,
            "wait_interval": "0.1",
            "wait_timeout": 60,
            "max_consecutive_errors": 3,
        }
    )
    assert (found.ready, found.failing) == (frozenset(["STOPPED", "PAUSE"]), frozenset(["EXCEPTION", "DISABLE"]))
    assert (found.wait, found.fatal, found.check_nodes, found.ignore_nodes) == (True, False, False, ("once_*", "n?"))
    assert (found.max_failing, found.exception_grace, found.stable_for) == (2, 30.0, 15.0)
    assert (found.started_after, found.require_records, found.missing) == (1551409465000, True, "wait")
    assert (found.initial_delay, found.interval, found.timeout, found.max_errors) == (1.0, 0.1, 60.0, 3)


def test_wait_options_are_ignored_without_wait() -> None:
    found = policy(
        {
            "stable_for": 700,
            "exception_grace": 700,
            "started_after": 5,
            "require_records": True,
            "max_consecutive_errors": 9,
            "wait_initial_delay": 700,
        }
    )
    assert (found.stable_for, found.exception_grace, found.started_after) == (0.0, 0.0, None)
    assert (found.require_records, found.max_errors) == (False, 1)


@pytest.mark.parametrize("empty", [None, "", [], [""], ","])
def test_empty_lists_count_as_not_given(empty: Any) -> None:
    found = policy({"wait_for": empty, "fail_states": empty, "ignore_nodes": empty})
    assert found.ready == {"NORMAL"}
    assert found.failing == {"EXCEPTION", "ABNORMAL"}
    assert found.ignore_nodes == ()


def test_wait_for_and_fail_states_must_not_overlap() -> None:
    assert policy({"wait_for": ["STOPPED"], "fail_states": ["EXCEPTION", "NORMAL"]}).failing == {"EXCEPTION", "NORMAL"}
    assert "NORMAL is in wait_for as well" in refused("fail_states", policy, fail_states=["NORMAL"])
    assert len(refused("wait_for", policy, wait_for=["x" * 5000])) < 300


@pytest.mark.parametrize("state", ["EXCEPTION", "ABNORMAL", "exception", " Abnormal "])
def test_wait_for_rejects_failing_states(state: str) -> None:
    assert "failing state" in refused("wait_for", policy, wait_for=["NORMAL", state])
    assert "failing state" in refused("wait_for", policy, wait_for=state, fail_states=["STOPPED"])
    assert "in wait_for as well" in refused("fail_states", policy, wait_for=["STOPPED"], fail_states=["stopped"])


@pytest.mark.parametrize("state", ["BROKEN", "EXCEPTON", "FAILED", "RUNNING"])
def test_unknown_state_in_fail_states_is_rejected(state: str) -> None:
    """It may be misspelt, and then the intended state would not fail the gate."""
    assert state in refused("fail_states", policy, fail_states=["EXCEPTION", state])


@pytest.mark.parametrize(
    ("value", "ready", "unknown"),
    [
        ("normal", {"NORMAL"}, []),
        ([" Normal", "STOPPED", "stopped"], {"NORMAL", "STOPPED"}, []),
        ("STARTTING", {"STARTING"}, []),
        (["OVERLOAD", "INIT", "PAUSE", "DISABLE"], {"OVERLOAD", "INIT", "PAUSE", "DISABLE"}, []),
        ("MIGRATING", {"MIGRATING"}, ["MIGRATING"]),
        (["NORMAL", "Migrating"], {"NORMAL", "Migrating"}, ["Migrating"]),
        (["running", "SCHEDULING"], {"RUNNING", "SCHEDULING"}, ["RUNNING", "SCHEDULING"]),
        (["NOMAL", "NOMAL"], {"NOMAL"}, ["NOMAL"]),
        ("\u8fc1\u79fb", {"\u8fc1\u79fb"}, ["\u8fc1\u79fb"]),
    ],
)
def test_unknown_state_in_wait_for_gives_a_warning(value: Any, ready: set[str], unknown: list[str]) -> None:
    warnings: list[str] = []
    assert policy({"wait": True, "wait_for": value}, warn=warnings.append).ready == ready
    assert len(warnings) == len(unknown)
    for state, warning in zip(unknown, warnings):
        assert warning.startswith(f"wait_for: {state} is not a state")
        assert len(warning.splitlines()) == 1


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *(
            (value, (False, ()))
            for value in (None, False, "", " ", [], [""], [None, " "], 0, 0.0, "no", "Off", "0", "F")
        ),
        *((value, (True, ())) for value in (True, 1, 1.0, "yes", " True ", "on", "1", "T", [True], ["true"], "true\n")),
        ("READ_ORDERS", (True, ("READ_ORDERS",))),
        ("READ_*, WRITE_ORDERS", (True, ("READ_*", "WRITE_ORDERS"))),
        ("A\nB\n\n", (True, ("A", "B"))),
        (["A", " B ", "", None, "C,D"], (True, ("A", "B", "C,D"))),
        ("ture", (True, ("ture",))),
        (["on", "off"], (True, ("on", "off"))),
    ],
)
def test_require_records_is_a_boolean_or_a_list_of_names(value: Any, found: Any) -> None:
    made = policy({"wait": True, "require_records": value})
    assert (made.require_records, made.record_nodes) == found
    made = policy({"require_records": value})
    assert (made.require_records, made.record_nodes) == (False, ())


@pytest.mark.parametrize("value", [5, -1, 0.5, {"a": 1}, ["A", 5], ["A", True], [["A"], "B"], [{"a": 1}], ["a\x85b"]])
def test_invalid_require_records_is_rejected(value: Any) -> None:
    refused("require_records", policy, wait=True, require_records=value)


@pytest.mark.parametrize("value", [-1, -0.1, "nan", "inf", math.nan, math.inf, "x", "", [], {}])
@pytest.mark.parametrize("option", ["wait_initial_delay", "wait_interval", "wait_timeout"])
def test_invalid_times_are_rejected(option: str, value: Any) -> None:
    refused(option, policy, wait=True, **{option: value})
    refused(option, dli_policy, wait=True, **{option: value})


@pytest.mark.parametrize("value", [-1, "nan", "inf", math.nan, math.inf, "x", [1]])
def test_invalid_durations_are_rejected(value: Any) -> None:
    refused("stable_for", policy, wait=True, stable_for=value)
    refused("exception_grace", policy, wait=True, exception_grace=value)
    refused("stall_timeout", dli_policy, wait=True, stall_timeout=value)


@pytest.mark.parametrize("interval", [0, 0.05, "0.09"])
def test_short_wait_interval_is_rejected(interval: Any) -> None:
    refused("wait_interval", policy, wait_interval=interval)


def test_durations_beyond_wait_timeout_are_rejected() -> None:
    refused("stable_for", policy, wait=True, stable_for=61, wait_timeout=60)
    refused("exception_grace", policy, wait=True, exception_grace=61, wait_timeout=60)
    refused("wait_initial_delay", policy, wait=True, wait_initial_delay=60, wait_timeout=60)
    refused("wait_initial_delay", dli_policy, wait=True, wait_initial_delay=601)
    found = policy({"wait": True, "stable_for": 60, "exception_grace": 60, "wait_timeout": 60})
    assert (found.stable_for, found.exception_grace) == (60.0, 60.0)
    # wait_timeout 0 is one observation, so no duration can pass.
    refused("stable_for", policy, wait=True, stable_for=1, wait_timeout=0)
    assert policy({"wait": True, "wait_timeout": 0, "wait_initial_delay": 5}).timeout == 0.0


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("max_failing", [-1, "x", 1.5]),
        ("max_consecutive_errors", [0, -1, "x", 1.5, ""]),
        ("started_after", [-1, "yesterday", 1.5, 1795660594, "1795660594", 20260301, "202603010200", 20260301020000]),
        ("wait", ["maybe", 5]),
        ("check_nodes", ["maybe"]),
        ("fail_on_exception", ["maybe"]),
        ("require_records", [5, {"a": 1}]),
        ("missing", ["ignore", "FAIL"]),
        ("ignore_nodes", [["a\nb"]]),
    ],
)
def test_other_invalid_options_are_rejected(option: str, values: list[Any]) -> None:
    for value in values:
        refused(option, policy, **{"wait": True, option: value})


@pytest.mark.parametrize("missing", ["fail", "wait", "ok"])
def test_missing_values_are_read(missing: str) -> None:
    assert policy({"missing": missing}).missing == dli_policy({"missing": missing}).missing == missing


def test_dli_policy_has_the_states_of_dli() -> None:
    found = dli_policy({"wait": True, "stall_timeout": 30})
    assert (found.kind, found.ready, found.failing) == (
        DLI_KIND,
        frozenset(["FINISHED"]),
        frozenset(["FAILED", "CANCELLED"]),
    )
    assert (found.fatal, found.check_nodes, found.stall_timeout) == (True, False, 30.0)
    found = dli_policy({"stall_timeout": 30})
    assert (found.fatal, found.stall_timeout, found.max_errors) == (False, 0.0, 1)


@pytest.mark.parametrize(("value", "found"), [(None, "auto"), ("", "auto"), ("failing", "failing"), (" none ", "none")])
def test_return_jobs_values_are_read(value: Any, found: str) -> None:
    assert return_jobs({"return_jobs": value}) == found


def test_invalid_return_jobs_is_rejected() -> None:
    with pytest.raises(OptionError):
        return_jobs({"return_jobs": "some"})


# -- anything at all --------------------------------------------------------------------------------------------------

TEXT = st.one_of(
    st.text(max_size=10),
    st.sampled_from(["", "NORMAL", "STOPPED", "1", "-1", "0.5", "true", "nan", ".", "a/b", "wait"]),
)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    TEXT,
    st.lists(st.one_of(TEXT, st.none(), st.integers()), max_size=3),
    st.just({"a": 1}),
)
PARAMS = st.dictionaries(
    st.sampled_from(
        [
            "job_names",
            "job_ids",
            "tags",
            "name_contains",
            "exclude_names",
            "min_jobs",
            "wait",
            "wait_for",
            "fail_on_exception",
            "fail_states",
            "check_nodes",
            "ignore_nodes",
            "max_failing",
            "exception_grace",
            "stable_for",
            "started_after",
            "require_records",
            "missing",
            "wait_initial_delay",
            "wait_interval",
            "wait_timeout",
            "max_consecutive_errors",
            "stall_timeout",
            "return_jobs",
        ]
    ),
    ANYTHING,
)


@given(PARAMS, st.booleans(), st.sampled_from([selection, dli_selection, policy, dli_policy, return_jobs]))
def test_any_options_give_a_policy_or_one_sentence(params: dict[str, Any], once: bool, build: Any) -> None:
    found: Any
    try:
        found = build(params, once) if build in (policy, dli_policy) else build(params)
    except DatagateError as error:
        found = str(error)
    if isinstance(found, str) and build is not return_jobs:
        assert len(found.splitlines()) == 1
        found.encode("utf-8")
    elif isinstance(found, Policy):
        assert found.ready
        assert not found.ready & found.failing
        assert found.interval >= 0.1
        assert found.timeout >= 0
        assert math.isfinite(found.timeout + found.interval + found.initial_delay + found.stable_for)
    elif isinstance(found, Selection):
        assert (bool(found.names) + bool(found.tags) + (found.name_contains is not None)) == 1


# function, options, option of the error, part of the problem.
BAD_DLI_OPTIONS = [
    (options.dli_selection, {"job_ids": "a", "job_tags": {"a": "b"}}, "job_ids", "give either job_ids or the others"),
    (options.dli_selection, {"newest": True}, "job_ids", "no job is selected"),
    (options.dli_selection, {"newest": True, "job_ids": "a"}, "newest", "leave it out with job_ids"),
    (options.dli_selection, {"job_tags": "a=b"}, "job_tags", "must be a dictionary"),
    (options.dli_selection, {"job_tags": ["a"]}, "job_tags", "must be a dictionary"),
    (options.dli_selection, {"job_tags": {"a": True}}, "job_tags", "put quotes around it"),
    (options.dli_selection, {"job_tags": {"1": "x", 1: "y"}}, "job_tags", "given twice"),
    (options.dli_selection, {"job_tags": {" ": "x"}}, "job_tags", "1 to 128 characters"),
    (options.dli_selection, {"job_tags": {"a": "b\nc"}}, "job_tags", "line breaks"),
    (options.dli_selection, {"since": "2999-01-01T00:00:00Z"}, "since", "lies in the future"),
    (options.dli_selection, {"since": "yesterday"}, "since", "must be epoch milliseconds"),
    (options.dli_selection, {"since": "1h", "min_jobs": 0}, "min_jobs", "not below 1"),
    (options.dli_policy, {"min_result_rows": "many"}, "min_result_rows", "whole number"),
    (options.dli_policy, {"max_bad_rows": -1}, "max_bad_rows", "not below 0"),
    (options.cancel_on, {"cancel_on": ["never"]}, "cancel_on", "is not one of timeout, stalled, abort"),
    (options.flink_selection, {"job_ids": "0131"}, "job_ids", "without zeros before it"),
    (options.flink_selection, {"job_ids": "orders"}, "job_ids", "names selects by name"),
    (options.flink_selection, {"job_ids": "1", "names": "a"}, "job_ids", "only one"),
    (options.flink_policy, {"wait_for": "job_submit_fail"}, "wait_for", "is a failing state"),
    (options.spark_policy, {"wait_for": "Dead"}, "wait_for", "is a failing state"),
    (options.spark_selection, {"batch_ids": [" "]}, "batch_ids", "no batch is given"),
]


@pytest.mark.parametrize(("make", "params", "option", "problem"), BAD_DLI_OPTIONS)
def test_invalid_dli_options_are_named(make: Any, params: dict[str, Any], option: str, problem: str) -> None:
    with pytest.raises(OptionError) as caught:
        make(params)
    assert caught.value.option == option
    assert problem in caught.value.problem


def test_job_tags_are_not_split_or_trimmed() -> None:
    given = {"job_tags": {"stage,a=b": "\u8ba2\u5355 = 1,2", " a ": 42, "empty": None}}
    query = options.dli_selection(given).query
    assert query is not None
    assert dict(query.tags) == {"stage,a=b": "\u8ba2\u5355 = 1,2", " a ": "42", "empty": ""}
