# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what each task returned on each host to a file, one JSON object a line, beside the usual output."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: aggregate
short_description: Writes the results of all tasks to a file
description: The environment variable DATAGATE_RECORD names the file.
"""


class CallbackModule(CallbackBase):
    """The recorder."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, status: str, result: Any, ignored: bool = False) -> None:
        # ansible-core 2.19 made these attributes public.
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        returned = getattr(result, "result", None) or result._result
        record = {
            "task": task.get_name(),
            "host": host.get_name(),
            "status": status,
            "ignored": ignored,
            "result": returned,
        }
        with open(os.environ["DATAGATE_RECORD"], "a", encoding="utf-8") as out:
            out.write(json.dumps(record, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write("failed", result, ignore_errors)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write("unreachable", result)
