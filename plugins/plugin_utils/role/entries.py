# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The entry points of the role job_gate, and the options that each of them sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import CONNECTION, WORKSPACE
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.gate_action import MODULES
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.variables import PREFIX

COLLECTION = "datagate.huaweicloud"


class Entry(NamedTuple):
    """An entry point.

    :ivar module: the module that it runs.
    :ivar options: the module's options that it sets; the user cannot override them.
    """

    module: str
    options: Mapping[str, Any]

    @property
    def full_name(self) -> str:
        """The fully qualified name of the module."""
        return f"{COLLECTION}.{self.module}"

    @property
    def waits(self) -> bool:
        """Whether it waits until there is a verdict."""
        return bool(self.options["wait"])

    def accepts(self, option: str) -> bool:
        """Whether its module has the option."""
        return option in CONNECTION or option in import_module(f"{MODULES}.{self.module}").ARGUMENTS


_WAIT_UNTIL_NORMAL = Entry("dataarts_job_status", {"wait": True, "wait_for": ["NORMAL"]})

# A new entry point is one row here, one file in roles/job_gate/tasks, and its options in meta/argument_specs.yml.
ENTRIES: Mapping[str, Entry] = {
    "main": _WAIT_UNTIL_NORMAL,
    "wait_until_normal": _WAIT_UNTIL_NORMAL,
    "wait_until_stopped": Entry("dataarts_job_status", {"wait": True, "wait_for": ["STOPPED"]}),
    "fail_on_exception": Entry("dataarts_job_status", {"wait": False, "fail_on_exception": True}),
    "runs_succeeded": Entry("dataarts_instance_status", {"wait": True}),
    "dli_finished": Entry("dli_job_progress", {"wait": True}),
    "dli_flink_running": Entry("dli_flink_job_status", {"wait": True, "wait_for": ["job_running"]}),
    "dli_spark_finished": Entry("dli_spark_job_status", {"wait": True, "wait_for": ["success"]}),
}


def unused(entry_name: str, options: Iterable[str]) -> str:
    """A sentence about the options that only other entry points have, or "" if there are none.

    The gates of a play may share variables, so these are not an error. But a user may expect one to make the gate stricter.
    The workspace is not named, because it is given for all gates together with the connection.
    """
    entry = ENTRIES[entry_name]
    found = [f"{PREFIX}{option}" for option in sorted(options) if option not in WORKSPACE and not entry.accepts(option)]
    return f"Not used by {entry_name}: {', '.join(found)}." if found else ""
