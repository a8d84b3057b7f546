# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""What the gates' action plugins share: running a gate and printing progress lines.

On the controller the gate runs in this process, without slices, and its observations are printed immediately. A module on
another host cannot print, so its wait is split into slices: each slice is one run of the module, and passes its state to the next
one. A task that does not wait in the foreground is one run, as for any module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib import import_module
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DatagateError, OptionError
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.live import Live, request_lines, show

DEFAULT_TIMEOUT = 600.0
MIN_SLICE = 1.0
MAX_SLICE = 30.0
MODULES = "ansible_collections.datagate.huaweicloud.plugins.modules"
MAX_START = 3.0  # seconds allowed for the start of a slice
# ansible-core 2.19 and newer print the message of a failed task above its result, older versions only within it.
SHOWS_MESSAGE_FIRST = hasattr(AnsibleActionFail, "omit_exception_key")


def one_name_each(arguments: dict[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, with each option under one name only.

    If an option is set under several names, Ansible uses the last alias without an error, so the gate might check other jobs
    than the author expects. An empty value, such as an empty survey answer, does not count.

    :param spec: all options of the module.
    :raises OptionError: an option is set under two names.
    """
    left = dict(arguments)
    for option, what in spec.items():
        names = [name for name in (option, *what.get("aliases", ())) if name in arguments]
        given = [name for name in names if not is_nothing(arguments[name])]
        if len(given) > 1:
            problem = f"means the same as {given[0]}; keep one of the two (one of them may be in module_defaults)"
            raise OptionError(given[1], problem)
        for name in names:
            if name not in (given or names[:1]):
                del left[name]
    return left


def is_nothing(value: Any) -> bool:
    """Whether a value counts as not set: null, blank text, and lists of these."""
    if isinstance(value, (list, tuple)):
        return all(map(is_nothing, value))
    return value is None or value == {} or (isinstance(value, str) and not value.strip())


class GateAction(ActionBase):
    """Runs the module named by ``MODULE``."""

    MODULE = ""
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            result.update(self._gate(self.MODULE, self._task.args, task_vars or {}))
        except DatagateError as error:
            result.update(failed=True, changed=False, msg=str(error), **error.extras())
        if result.get("failed") and "verdict" in result and not SHOWS_MESSAGE_FIRST and not self._is_quiet():
            show(result["msg"])
        return result

    def _gate(self, module: str, arguments: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Run a gate.

        :param module: full name of the gate's module.
        :raises DatagateError: it cannot be run.
        """
        code = import_module(f"{MODULES}.{module.rpartition('.')[2]}")
        # Imported here, so that only a task that runs a gate loads requests.
        from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import CONNECTION

        arguments = one_name_each(arguments, {**CONNECTION, **code.ARGUMENTS})
        live = None
        if self._shows_progress(arguments, code.ARGUMENTS):
            # A run_once gate does not belong to a single host.
            several = len(variables.get("ansible_play_hosts_all") or []) > 1 and not self._task.run_once
            name = str(variables.get("inventory_hostname", "")) if several else ""
            live = Live(name, _seconds(arguments.get("wait_timeout")))
        if self._is_local(variables):
            return self._in_process(module, code, arguments, variables, live)
        if live is not None and "slice_timeout" in code.ARGUMENTS:
            return self._slices(module, arguments, variables, live)
        wrap_async = bool(self._task.async_val) and not self._connection.has_native_async
        return self._module(module, arguments, variables, wrap_async)

    def _is_quiet(self) -> bool:
        return bool(self._task.no_log or self._task.async_val)

    def _shows_progress(self, arguments: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
        """Whether to print progress: the task waits in the foreground, without no_log and without its own slices."""
        if self._task.check_mode or self._is_quiet():
            return False
        if arguments.get("resume") or arguments.get("slice_timeout") not in (None, "", 0, "0"):
            return False
        return _truth(arguments, "wait", spec["wait"]["default"]) and _truth(arguments, "progress", True)

    def _in_process(
        self, module: str, code: Any, arguments: dict[str, Any], variables: dict[str, Any], live: Live | None
    ) -> dict[str, Any]:
        from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process, parent_process

        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        with ExitStack() as during:
            during.enter_context(in_process.working_in(self._loader.get_basedir()))
            during.enter_context(in_process.with_environment(environment))
            during.enter_context(parent_process.ended_with_parent())
            if live is not None:
                during.enter_context(live.heartbeat())
            return in_process.run(
                arguments,
                code.ARGUMENTS,
                code.SERVICE,
                code.BODY,
                bool(self._task.check_mode),
                module,
                None if live is None else live.look,
                self._request_lines(variables),
                None if self._is_quiet() else show,
            )

    def _slices(self, module: str, arguments: dict[str, Any], variables: dict[str, Any], live: Live) -> dict[str, Any]:
        seconds, resume = MIN_SLICE, None
        while True:
            with live.heartbeat():
                result = self._module(module, {**arguments, "slice_timeout": seconds, "resume": resume}, variables)
            resume = result.get("resume")
            seconds = min(2 * seconds, MAX_SLICE)
            if not resume:
                live.ended(result)
                return self._tidy(result)
            live.took(result, seconds + MAX_START)

    def _module(
        self, module: str, arguments: dict[str, Any], variables: dict[str, Any], wrap_async: bool = False
    ) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(
            module_name=module, module_args=arguments, task_vars=variables, wrap_async=wrap_async
        )
        lines = result.pop("request_log", None)
        log = self._request_lines(variables)
        if log is not None:
            for line in lines or []:
                log(line)
        return result

    def _request_lines(self, variables: Mapping[str, Any]) -> Callable[[str], None] | None:
        """Prints lines of the request log, if enabled."""
        return None if self._is_quiet() else request_lines(str(variables.get("inventory_hostname", "")))

    def _is_local(self, variables: dict[str, Any]) -> bool:
        """Whether a module would run as this user and with this Python."""
        if self._task.async_val or self._connection.transport != "local" or self._connection.become is not None:
            return False
        interpreter = variables.get("ansible_python_interpreter")
        return bool(interpreter and self._templar.template(interpreter) == sys.executable)

    @staticmethod
    def _tidy(result: dict[str, Any]) -> dict[str, Any]:
        """Replace the arguments in the result by those of the task."""
        invocation = result.get("invocation") or {}
        if isinstance(invocation.get("module_args"), dict):
            invocation["module_args"].update(slice_timeout=0.0, resume=None)
        return result


def _truth(arguments: Mapping[str, Any], option: str, default: bool) -> bool:
    value = arguments.get(option)
    return default if is_nothing(value) else bool(boolean(value, strict=False))


def _seconds(value: Any) -> float:
    """The time limit for progress lines. Invalid values are rejected later, by the option check."""
    try:
        return DEFAULT_TIMEOUT if is_nothing(value) else float(value)
    except (TypeError, ValueError):
        return 0.0
