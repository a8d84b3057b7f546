# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's work in the controller's own process, where the task is for the controller anyway.

Packing a module, starting a Python for it and importing everything anew is most of what one reading costs. Nothing differs
for the user: the options go through the same specification, and what is secret is taken out of the result in the same way.
"""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.arguments import CONNECTION, Spec
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.module import Body, execute

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


class LocalHost:
    """Stands for the AnsibleModule that there is none of here."""

    def __init__(self, params: dict[str, Any], check_mode: bool) -> None:
        self.params = params
        self.check_mode = check_mode
        self.no_log_values: set[str] = set()
        self.warnings: list[str] = []

    def warn(self, warning: str) -> None:
        """Keep a warning for the result."""
        self.warnings.append(warning)


def run(arguments: dict[str, Any], spec: Spec, service: str, body: Body, check_mode: bool, name: str) -> dict[str, Any]:
    """Do a module's work; the result is what the module would have returned.

    :param arguments: the task's arguments.
    :param spec: the module's own options.
    :param name: the module's name, for messages.
    """
    whole: Spec = {**CONNECTION, **spec}
    try:
        checked = ArgumentSpecValidator(whole).validate(arguments)
    except Exception as error:  # noqa: BLE001 - Ansible's own check falls over some values, and says nothing useful
        text = f"the options of {name} cannot be read: one of them is of a wrong type ({type(error).__name__})"
        return {"failed": True, "changed": False, "msg": text}
    host = LocalHost(checked.validated_parameters, check_mode)
    for option, what in whole.items():
        if what.get("no_log") and host.params.get(option):
            host.no_log_values.add(str(host.params[option]))
    if checked.error_messages:
        result: dict[str, Any] = {"failed": True, "changed": False, "msg": _first(checked.error_messages, name)}
    else:
        result = execute(host, service, body)
    if host.warnings:
        result["warnings"] = host.warnings
    result = remove_values(result, host.no_log_values)
    told = {
        option: HIDDEN if what.get("no_log") and host.params.get(option) else host.params.get(option)
        for option, what in whole.items()
    }
    result["invocation"] = {"module_args": remove_values(told, host.no_log_values)}
    return result


def _first(messages: list[str], name: str) -> str:
    """The message that a module would have failed with."""
    message = str(messages[0])
    if "Supported parameters include" in message and not message.startswith("Unsupported"):
        return f"Unsupported parameters for ({name}) module: {message}"
    return message
