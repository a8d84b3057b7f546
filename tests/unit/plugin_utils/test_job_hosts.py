# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, groups and variables of the hosts for jobs."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.job_hosts import (
    RESERVED_GROUPS,
    RESERVED_HOSTS,
    Wanted,
    clean,
    group_name,
    groups,
    host_name,
    identity_of,
    settle,
    variables,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("job_orders-1.2", "job_orders-1.2"),
        ("数据同步", "数据同步"),
        (" a b ", "a_b"),
        ("a\nb\x1b[31m", "a_b__31m"),
        ("{{ 7 * 7 }}", "___7___7___"),
        ("all,!web:&db[0]", "all__web__db_0_"),
        ("a[1:3]", "a_1_3_"),
        ("~a.*", "_a._"),
        ("@file", "_file"),
        ("-x", "_x"),
        ("..", "__"),
        ("", ""),
    ],
)
def test_host_name_of_a_text(text: str, name: str) -> None:
    assert host_name(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("status_fine", "status_fine"),
        ("7a", "_7a"),
        ("a-b.c {{", "a_b_c___"),
        (3, "_3"),
        ("_meta", "_meta_"),
        ("ungrouped", "ungrouped_"),
        ("localhost", "localhost_"),
        ("all", "all"),
    ],
)
def test_group_name_of_a_text(text: object, name: str) -> None:
    assert group_name(text) == name


def test_settle_gives_unique_names() -> None:
    wanted = [
        Wanted("a", None, "a"),
        Wanted("a", "ws1", "a"),
        Wanted("b", "ws1", "b"),
        Wanted("ops", "ws1", "c"),
        Wanted("ops", "ws1", "d"),
        Wanted("ops", "ws2", "e"),
    ]
    names = settle(wanted)
    assert names[:3] == ["a@default", "a@ws1", "b"]
    assert names[3].startswith("ops@ws1-")
    assert names[4].startswith("ops@ws1-")
    assert names[5] == "ops@ws2"
    assert len(set(names)) == len(names)
    assert settle(wanted[::-1]) == names[::-1]


TAKEN = {"a": "", "a@default": "", "b": Wanted("b", None, "b").identity}


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (Wanted("b", None, "b"), "b"),
        (Wanted("b", "ws1", "b"), "b@ws1"),
        (Wanted("a", "ws1", "a"), "a@ws1"),
        (Wanted("c", None, "a"), "c"),
    ],
)
def test_settle_avoids_a_taken_name(wanted: Wanted, name: str) -> None:
    assert settle([wanted], TAKEN) == [name]


def test_settle_adds_a_digest_if_the_name_with_workspace_is_taken() -> None:
    (name,) = settle([Wanted("a", None, "a")], TAKEN)
    assert name.startswith("a@default-")


NAMES = st.one_of(
    st.sampled_from(
        ["a", "b", "a@b", "a@default", "all", "localhost", "status_normal", "_meta", "..", "-a", "a b", "a:b"]
    ),
    st.text(max_size=4),
)
JOBS = st.builds(
    Wanted,
    NAMES,
    st.sampled_from([None, "b", "default", "ws-1", "ws_1"]),
    NAMES,
    st.sampled_from(["REAL_TIME", "BATCH"]),
    st.sampled_from(["", "p1", "p2"]),
)


@given(
    st.lists(JOBS, max_size=12, unique_by=lambda item: item.identity),
    st.dictionaries(st.sampled_from(["a", "b", "a@b", "status_normal"]), st.just("")),
)
def test_drawn_names_are_unique_and_not_taken(wanted: list[Wanted], taken: dict[str, str]) -> None:
    names = settle(wanted, {**taken, **dict.fromkeys(RESERVED_HOSTS, "")})
    assert len(set(names)) == len(wanted)
    assert not {*taken, *RESERVED_HOSTS} & set(names)
    assert settle(wanted[::-1], {**taken, **dict.fromkeys(RESERVED_HOSTS, "")}) == names[::-1]


@given(st.text())
def test_host_and_group_names_contain_only_safe_characters(text: str) -> None:
    assert all(char.isalnum() or char in "-_.@" for char in host_name(text))
    assert not host_name(text).startswith(("@", "-"))
    assert all(char.isascii() and (char.isalnum() or char == "_") for char in group_name(text))
    assert group_name(text) not in RESERVED_GROUPS


@given(st.text())
def test_variables_contain_no_control_characters(text: str) -> None:
    found = variables({"name": text, "nodes": [{text: [text]}]}, None, None)
    for part in (found["dataarts_name"], *found["dataarts_nodes"][0], *found["dataarts_nodes"][0].values()):
        for word in part if isinstance(part, list) else [part]:
            assert not {unicodedata.category(char) for char in word} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_clean_replaces_only_control_characters() -> None:
    assert clean("数据\u3000同步 é") == "数据\u3000同步 é"
    assert clean("a\x1b[31m\x9b\u202eb\n") == "a\ufffd[31m\ufffd\ufffdb\ufffd"


def test_groups_of_a_job() -> None:
    assert groups({"status": "EXCEPTION", "job_type": "REAL_TIME"}, "0f-6") == [
        "status_exception",
        "type_real_time",
        "workspace_0f_6",
    ]
    assert groups({"status": None}, None) == ["status_unknown", "type_unknown", "workspace_default"]


def test_variables_of_a_job() -> None:
    found = variables({"name": "a", "Odd key {{": [{"b": "{{ c }}"}], "start_time": 3}, None, "p1")
    assert found == {
        "dataarts_name": "a",
        "dataarts_odd_key___": [{"b": "{{ c }}"}],
        "dataarts_start_time": 3,
        "dataarts_workspace": "",
        "dataarts_project_id": "p1",
    }


@pytest.mark.parametrize("field", ["Name", "NAME", "Workspace", "PROJECT_ID"])
def test_a_known_field_cannot_be_replaced(field: str) -> None:
    for job in ({"name": "a", field: "b"}, {field: "b", "name": "a"}):
        found = variables(job, "ws", "p1")
        assert (found["dataarts_name"], found["dataarts_workspace"], found["dataarts_project_id"]) == ("a", "ws", "p1")


def test_identity_is_read_from_the_variables() -> None:
    found = variables({"name": "a", "job_type": "BATCH"}, "ws", "p1")
    assert identity_of(found) == Wanted("x", "ws", "a", "BATCH", "p1").identity
    assert identity_of({"ansible_host": "a"}) is None
