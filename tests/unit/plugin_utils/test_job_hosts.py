# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, groups and variables of hosts that are jobs."""

from __future__ import annotations

import pytest

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.job_hosts import (
    Wanted,
    group_name,
    groups,
    host_name,
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
    ],
)
def test_names_of_hosts(text: str, name: str) -> None:
    assert host_name(text) == name


@pytest.mark.parametrize(
    ("text", "name"), [("status_fine", "status_fine"), ("7a", "_7a"), ("a-b.c {{", "a_b_c___"), (3, "_3")]
)
def test_names_of_groups(text: object, name: str) -> None:
    assert group_name(text) == name


def test_a_name_of_its_own_for_each() -> None:
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


def test_groups_of_a_job() -> None:
    assert groups({"status": "EXCEPTION", "job_type": "REAL_TIME"}, "0f-6") == [
        "status_exception",
        "type_real_time",
        "workspace_0f_6",
    ]
    assert groups({"status": None}, None) == ["status_unknown", "type_unknown", "workspace_default"]


def test_variables_of_a_job() -> None:
    found = variables({"name": "a", "Odd key {{": [{"b": "{{ c }}"}], "start_time": 3}, None)
    assert found == {
        "dataarts_name": "a",
        "dataarts_odd_key___": [{"b": "{{ c }}"}],
        "dataarts_start_time": 3,
        "dataarts_workspace": "",
    }
