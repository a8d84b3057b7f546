# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Standard output for a program: only one JSON object with the result of each task, at the end of the run."""

from __future__ import annotations

import json
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: whole_json
type: stdout
short_description: Writes the results of all tasks to standard output as one JSON object
description: Keys are the names of the tasks; values are lists of results.
"""


class CallbackModule(CallbackBase):
    """A JSON callback."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "whole_json"

    def __init__(self) -> None:
        super().__init__()
        self._tasks: dict[str, list[Any]] = {}

    def _keep(self, result: Any) -> None:
        # ansible-core 2.19 made these attributes public.
        task = getattr(result, "task", None) or result._task
        returned = getattr(result, "result", None) or result._result
        self._tasks.setdefault(task.get_name(), []).append(returned)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._keep(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._keep(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._display.display(json.dumps(self._tasks, default=str))
