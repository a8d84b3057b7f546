# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of the role that its entry points accept."""

from __future__ import annotations

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.entries import ENTRIES, check_options
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.variables import OPTIONS

REAL_TIME = "main, wait_until_normal, wait_until_stopped, fail_on_exception"


@pytest.mark.parametrize(
    ("entry", "option", "others"),
    [
        ("dli_flink_running", "cancel_on", "dli_finished"),
        ("dli_flink_running", "job_tags", "dli_finished"),
        ("dli_finished", "stable_for", f"{REAL_TIME}, runs_succeeded, dli_flink_running, dli_spark_finished"),
        ("dli_finished", "job_names", f"{REAL_TIME}, runs_succeeded"),
        ("runs_succeeded", "check_runs", REAL_TIME),
        ("wait_until_normal", "accept_forced", "runs_succeeded"),
        ("dli_spark_finished", "max_bad_rows", "dli_finished"),
    ],
)
def test_an_option_of_another_entry_point_is_rejected(entry: str, option: str, others: str) -> None:
    with pytest.raises(OptionError) as caught:
        check_options(entry, {"wait_timeout": 60, option: "anything"})
    assert caught.value.option == f"job_gate_{option}"
    assert f"no meaning for the entry point {entry}; it is for {others}." in caught.value.problem


@pytest.mark.parametrize("entry", ENTRIES)
def test_connection_workspace_and_time_limits_are_for_all(entry: str) -> None:
    check_options(entry, ["region", "endpoints", "workspace", "workspace_name", "wait_timeout", "slice_timeout"])


def test_each_option_is_for_some_entry_point() -> None:
    assert [name for name in OPTIONS if not any(entry.accepts(name) for entry in ENTRIES.values())] == []
