# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.gate_action import SHOWS_MESSAGE_FIRST
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.live import show
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role import rounds
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.asking import Asking


class Failed(AnsibleActionFail):
    """The failure of a task whose message is printed once: ansible-core 2.19 and newer would print it twice."""

    omit_exception_key = True


class ActionModule(Asking):
    """Action plugin of the role job_gate. Its tasks run the steps ``ask``, ``keep`` and ``stop``."""

    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        # Not the run method of the gates' action plugins, which would run a module.
        result: dict[str, Any] = ActionBase.run(self, tmp, task_vars)
        variables = task_vars or {}
        step = self._task.args.get("step")
        if step == "stop":
            return self._fail(result, str(self._task.args.get("msg")))
        host = str(variables.get("inventory_hostname", ""))
        meeting = rounds.Round(constants.DEFAULT_LOCAL_TMP, str(self._task._parent._uuid), host)
        path = self._ask(meeting, variables) if step == "ask" else self._keep(meeting, variables)
        answer = rounds.read(path)
        is_gate_host = answer["gate_host"] == host
        result.update(
            verdict=answer["result"]["verdict"],
            msg=answer["message"] if is_gate_host else f"Stopped at the gate, see {answer['gate_host']}",
            answer=path,
            fact=answer["fact"],
            once=self._is_once(),
            stops_all=answer["stops_all"] or self._is_once(),
            on_failure=answer["on_failure"],
            name=answer["name"],
        )
        if is_gate_host and answer["warnings"]:
            result["warnings"] = answer["warnings"]
        if step == "ask" and answer["stops"]:
            # This failure only starts the rescue block. Its step "stop" reports the message of the gate.
            return self._fail({"changed": False}, answer["result"]["verdict"])
        if is_gate_host and answer["stats"] is not None:
            result["ansible_stats"] = {"data": answer["stats"], "per_host": False, "aggregate": False}
        if step == "ask" and not self._is_quiet():
            if is_gate_host:
                show(answer["message"])
            else:
                result["msg"] = f"The gate ran on {answer['gate_host']}: {answer['result']['verdict']}"
        return result

    @staticmethod
    def _fail(result: dict[str, Any], msg: str) -> dict[str, Any]:
        if SHOWS_MESSAGE_FIRST:
            raise Failed(msg)
        return {**result, "failed": True, "msg": msg}
