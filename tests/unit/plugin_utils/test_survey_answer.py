# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Survey answers, as ansible-core passes them."""

from __future__ import annotations

import datetime

import pytest
from ansible import context
from ansible.errors import AnsibleFilterError
from ansible.utils.vars import load_extra_vars

from ansible_collections.datagate.huaweicloud.plugins.filter.survey_answer import FilterModule

survey_answer = FilterModule().filters()["survey_answer"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, ""),
        ("", ""),
        ([], ""),
        (" a b ", "a b"),
        ('"1.10"', "1.10"),
        (["1.10"], "1.10"),
        ("1.10", "1.10"),
        ('"', '"'),
    ],
)
def test_text_answers_are_returned(given: object, text: str) -> None:
    assert survey_answer(given, "v") == text


@pytest.mark.parametrize(
    ("given", "items"),
    [
        (None, []),
        ("", []),
        ("a,\nb\n", ["a", "b"]),
        ("a, b\r\n c", ["a", "b", "c"]),
        ('"0123", a', ["0123", "a"]),
        (["1.10", "a"], ["1.10", "a"]),
        ('["1.10", "a b"]', ["1.10", "a b"]),
    ],
)
def test_list_answers_are_split(given: object, items: list[str]) -> None:
    assert survey_answer(given, "v", "list") == items


@pytest.mark.parametrize("given", [1.1, 0, 83, True, False, datetime.date(2026, 1, 1)])
@pytest.mark.parametrize("kind", ["text", "list"])
def test_values_that_ansible_converted_are_rejected(given: object, kind: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^gate_verdict_id: arrives as .*must be .*text.*double quotes"):
        survey_answer(given, "gate_verdict_id", kind)


@pytest.mark.parametrize(
    ("extra_vars", "is_refused"),
    [
        ((), True),
        (("job_report_tags=0123,",), True),
        (('{"job_report_tags": "0123,"}',), False),
        (('{"job_report_tags": "0123,"}', "job_report_tags=0123,"), True),
        (('{"other": "0123,"}',), True),
    ],
)
def test_list_ending_in_a_comma_is_rejected_only_if_the_command_line_may_have_cut_it(
    monkeypatch: pytest.MonkeyPatch, extra_vars: tuple[str, ...], is_refused: bool
) -> None:
    monkeypatch.setattr(context, "CLIARGS", {"extra_vars": extra_vars})
    monkeypatch.setattr(load_extra_vars, "extra_vars", None, raising=False)
    if is_refused:
        with pytest.raises(AnsibleFilterError, match="job_report_tags: ends in a comma"):
            survey_answer("0123,", "job_report_tags", "list")
    else:
        assert survey_answer("0123,", "job_report_tags", "list") == ["0123"]


def test_list_cut_by_the_command_line_is_rejected() -> None:
    with pytest.raises(AnsibleFilterError, match="job_report_tags: ends in a comma"):
        survey_answer("a,", "job_report_tags", "list")
