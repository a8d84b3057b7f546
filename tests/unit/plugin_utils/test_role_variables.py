# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role's variables that may hold a truth value or a list of names."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.outcome import selection
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.variables import Variables, refused


def read(value: Any) -> Variables:
    return Variables({"job_gate_require_records": value}, lambda name, raw: raw)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *((value, {}) for value in (None, "", " ", [], [""], [None])),
        *((value, {"require_records": True}) for value in (True, "true", "Yes ", 1, "1", [True], ["on"], "true\n")),
        *((value, {"require_records": False}) for value in (False, "false", "no", 0, "0", [False])),
        ("READ_*", {"require_records": ["READ_*"]}),
        ("A, B\nC", {"require_records": ["A", "B", "C"]}),
        ('["A", "B"]', {"require_records": ["A", "B"]}),
        (["A", "", ["B"]], {"require_records": ["A", "B"]}),
        ('"1.10"', {"require_records": ["1.10"]}),
    ],
)
def test_require_records_is_a_boolean_or_a_list_of_names(value: Any, found: dict[str, Any]) -> None:
    given = read(value)
    assert given.problem is None
    assert given.options == found


@pytest.mark.parametrize("value", [5, 1.1, {"a": 1}, ["A", 1.1], "A,"])
def test_invalid_require_records_is_rejected(value: Any) -> None:
    assert "job_gate_require_records" in str(read(value).problem)


def test_since_may_be_a_number() -> None:
    found = Variables({"job_gate_since": 1772323200000}, lambda name, raw: raw)
    assert (found.problem, found.options) == (None, {"since": "1772323200000"})


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"job_tags": {"release": "42"}, "since": "12h", "newest": True},
            "tags release=42, since 12h, only the newest of each",
        ),
        ({"names": ["orders"]}, "orders"),
        ({"batch_ids": ["b-1"]}, "b-1"),
        ({}, "nothing"),
    ],
)
def test_verdict_sentence_names_the_selection(options: dict[str, Any], text: str) -> None:
    assert selection(options) == text


@pytest.mark.parametrize(
    ("option", "problem", "expected"),
    [
        ("stable_for", "must be below wait_timeout", "job_gate_stable_for: must be below job_gate_wait_timeout"),
        # An error of the role itself: the entry point is no variable.
        ("job_gate_entry", "they are main, fail_on_exception", "job_gate_entry: they are main, fail_on_exception"),
    ],
)
def test_error_names_the_variables_of_the_role(option: str, problem: str, expected: str) -> None:
    assert str(refused(OptionError(option, problem))) == expected
