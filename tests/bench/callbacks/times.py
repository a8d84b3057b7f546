# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes when each task began and ended, and the part of its result that the benchmark uses, one JSON object per line."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: times
type: aggregate
short_description: Writes when tasks begin and end
description: The environment variable DATAGATE_BENCH_TIMES names the file.
"""
TOLD = ("verdict", "elapsed", "requests", "polls")


class CallbackModule(CallbackBase):
    """The watch."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "times"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._begun = 0.0

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._begun = time.time()

    def _write(self, failed: bool, result: Any) -> None:
        ended = time.time()
        # ansible-core 2.19 made this attribute public.
        returned = getattr(result, "result", None) or result._result
        record = {key: returned[key] for key in TOLD if key in returned}
        record.update(begun=self._begun, ended=ended, failed=failed, msg=str(returned.get("msg", ""))[:300])
        with open(os.environ["DATAGATE_BENCH_TIMES"], "a", encoding="utf-8") as out:
            out.write(json.dumps(record) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(False, result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(True, result)
