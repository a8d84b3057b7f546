# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of the role that its entry points accept."""

from __future__ import annotations

import pytest

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.entries import ENTRIES, unused
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.variables import OPTIONS


@pytest.mark.parametrize(
    ("entry", "option"),
    [
        ("dli_flink_running", "cancel_on"),
        ("dli_flink_running", "job_tags"),
        ("dli_finished", "stable_for"),
        ("dli_finished", "job_names"),
        ("runs_succeeded", "check_runs"),
        ("wait_until_normal", "accept_forced"),
        ("dli_spark_finished", "max_bad_rows"),
    ],
)
def test_an_option_of_another_entry_point_is_named(entry: str, option: str) -> None:
    assert unused(entry, ["wait_timeout", option]) == f"Not used by {entry}: job_gate_{option}."


def test_all_unused_options_are_named_in_order() -> None:
    assert unused("dli_finished", ["tags", "job_ids", "exclude_names"]) == (
        "Not used by dli_finished: job_gate_exclude_names, job_gate_tags."
    )


@pytest.mark.parametrize("entry", ENTRIES)
def test_connection_workspace_and_time_limits_are_accepted_by_each_entry_point(entry: str) -> None:
    assert unused(entry, ["region", "endpoints", "workspace", "workspace_name", "wait_timeout", "slice_timeout"]) == ""


def test_each_option_is_accepted_by_an_entry_point() -> None:
    assert [name for name in OPTIONS if not any(entry.accepts(name) for entry in ENTRIES.values())] == []
