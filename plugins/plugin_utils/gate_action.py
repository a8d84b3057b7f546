# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugins share: a waiting gate is run in slices, and what happens is shown meanwhile.

A module cannot print, so the wait is cut: each slice is one run of the module on the host that the task is for, and hands its
state to the next. Whatever is not a wait in the foreground is one run, as with any module. Where the task is for the controller
itself, no module is started at all.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud import threads
from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud.errors import DatagateError, OptionError
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.progress import Progress

FIRST_SLICE = 1.0
LONGEST_SLICE = 30.0
MODULES = "ansible_collections.datagate.huaweicloud.plugins.modules"
START = 3.0  # seconds that the start of a slice may take


class Heartbeat:
    """Shows signs of life, in a thread, while the block runs.

    :param due_in: seconds until the next one is due.
    :param beat: shows it.
    """

    NAME = "datagate-heartbeat"

    def __init__(self, due_in: Callable[[], float], beat: Callable[[], None]) -> None:
        self._due_in = due_in
        self._beat = beat
        self._over = threading.Event()

    def __enter__(self) -> None:
        self._thread = threads.start(self._watch, self.NAME)

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._due_in()):
            self._beat()


def one_name_each(arguments: dict[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, with no option under more than one name.

    Ansible takes the alias, and of several the last one, and a gate must not pass on jobs other than those its author reads.
    What holds nothing, such as the empty answer of a survey, gives way to what does; Ansible would have it the other way.

    :param spec: all options of the module.
    :raises OptionError: an option is given under two names.
    """
    left = dict(arguments)
    for option, what in spec.items():
        names = [name for name in (option, *what.get("aliases", ())) if name in arguments]
        given = [name for name in names if not _is_nothing(arguments[name])]
        if len(given) > 1:
            problem = f"means the same as {given[0]}; keep one of the two (one of them may stand in module_defaults)"
            raise OptionError(given[1], problem)
        for name in names:
            if name not in (given or names[:1]):
                del left[name]
    return left


def _is_nothing(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_nothing, value))
    return value is None or (isinstance(value, str) and not value.strip())


class GateAction(ActionBase):
    """Runs the module named by ``MODULE``."""

    MODULE = ""
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        try:
            if self._shows_progress():
                result.update(self._slices(variables))
            else:
                wrap_async = bool(self._task.async_val) and not self._connection.has_native_async
                result.update(self._run(self._task.args, variables, wrap_async))
        except DatagateError as error:
            result.update(failed=True, changed=False, msg=str(error), **error.extras())
        return result

    def _shows_progress(self) -> bool:
        """Whether this is a wait in the foreground that may be seen and is not cut into slices by its author."""
        arguments = self._task.args
        if self._task.async_val or self._task.check_mode or self._task.no_log:
            return False
        if arguments.get("resume") or arguments.get("slice_timeout") not in (None, "", 0, "0"):
            return False
        return self._truth("wait", False) and self._truth("progress", True)

    def _truth(self, option: str, default: bool) -> bool:
        value = self._task.args.get(option)
        return default if value is None else bool(boolean(value, strict=False))

    def _slices(self, variables: dict[str, Any]) -> dict[str, Any]:
        # A gate that runs once is nobody's in particular.
        several = len(variables.get("ansible_play_hosts_all") or []) > 1 and not self._task.run_once
        progress = Progress(str(variables.get("inventory_hostname", "")) if several else "")
        began = time.monotonic()

        def elapsed() -> float:
            return time.monotonic() - began

        def due_in() -> float:
            return progress.due_in(elapsed())

        def beat() -> None:
            Display().display(progress.silence(elapsed()))

        seconds, resume = FIRST_SLICE, None
        while True:
            arguments = {**self._task.args, "slice_timeout": seconds, "resume": resume}
            with Heartbeat(due_in, beat):
                result = self._run(arguments, variables)
            resume = result.get("resume")
            seconds = min(2 * seconds, LONGEST_SLICE)
            if not resume:
                return self._tidy(result)
            for line in progress.lines(result, seconds + START):
                Display().display(line)

    def _run(self, arguments: dict[str, Any], variables: dict[str, Any], wrap_async: bool = False) -> dict[str, Any]:
        """One run of the module.

        :raises DatagateError: it cannot be run.
        """
        from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.arguments import CONNECTION

        code = import_module(f"{MODULES}.{self.MODULE.rpartition('.')[2]}")
        arguments = one_name_each(arguments, {**CONNECTION, **code.ARGUMENTS})
        if self._is_local(variables):
            from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process

            check_mode = bool(self._task.check_mode)
            with in_process.working_in(self._loader.get_basedir()):
                return in_process.run(arguments, code.ARGUMENTS, code.SERVICE, code.BODY, check_mode, self.MODULE)
        result: dict[str, Any] = self._execute_module(
            module_name=self.MODULE, module_args=arguments, task_vars=variables, wrap_async=wrap_async
        )
        return result

    def _is_local(self, variables: dict[str, Any]) -> bool:
        """Whether a module would run as this user, with this Python and this environment."""
        if self._task.async_val or self._connection.transport != "local" or self._connection.become is not None:
            return False
        if any(self._task.environment or ()):
            return False
        interpreter = variables.get("ansible_python_interpreter")
        return bool(interpreter and self._templar.template(interpreter) == sys.executable)

    @staticmethod
    def _tidy(result: dict[str, Any]) -> dict[str, Any]:
        """The arguments that are told are the author's own."""
        invocation = result.get("invocation") or {}
        if isinstance(invocation.get("module_args"), dict):
            invocation["module_args"].update(slice_timeout=0.0, resume=None)
        return result
