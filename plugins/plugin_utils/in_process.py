# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Runs a module in the controller's process, if the task is for the controller.

Packing a module, starting Python and importing everything takes most of the time of one reading. The result is the same: the
options are checked by the same specification, and secrets are masked in the same way.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import CONNECTION, Spec
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DatagateError, OptionError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._module import Body, Caller, Note, OnLook, execute
from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable

KINDS = {
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "dict": 'a dictionary such as {"dataarts": "https://host"}',
    "list": "a list",
}
SECONDS = frozenset(
    (
        "wait_initial_delay",
        "wait_interval",
        "wait_timeout",
        "slice_timeout",
        "exception_grace",
        "stable_for",
        "stall_timeout",
        "request_timeout",
    )
)
NEEDED = {
    "state": "is needed; say what to order: started, stopped, restarted, run or restored",
}
_UNFIT = re.compile(r"argument '(?P<option>\w+)' is of type .*\bunable to convert to \w+:", re.DOTALL)
_MISSING = re.compile(r"missing required arguments: (?P<option>\w+)")
_CHOICES = re.compile(r"value of (?P<option>\w+) must be one of: (?P<choices>.*), got: (?P<value>.*)", re.DOTALL)
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


class LocalHost:
    """A replacement for AnsibleModule."""

    def __init__(self, params: dict[str, Any], check_mode: bool) -> None:
        self.params = params
        self.check_mode = check_mode
        self.no_log_values: set[str] = set()
        self.warnings: list[str] = []
        self.deprecations: list[dict[str, Any]] = []

    def warn(self, warning: str) -> None:
        """Store a warning for the result."""
        self.warnings.append(warning)

    def take(self, checked: Any) -> None:
        """Store deprecations and warnings of Ansible's argument check.

        AnsibleModule prints them; no ansible-core version has a public function for that.
        """
        for item in getattr(checked, "_warnings", ()):
            self.warn(f"Both option {item['option']} and its alias {item['alias']} are set.")
        for item in getattr(checked, "_deprecations", ()):
            # All ansible-core versions accept exactly these keys in a result. Some treat None as a missing key.
            names = ("msg", "version", "date", "collection_name")
            self.deprecations.append({name: item[name] for name in names if item.get(name) is not None})


@contextmanager
def working_in(folder: str) -> Iterator[None]:
    """Make relative paths relative to *folder* while the block runs, in options and in the environment.

    An Ansible worker is a separate process with one task, so changing its working directory affects no other task. An abandoned
    request may outlast the block, but its result is not used.

    :param folder: where the local connection would start a module: the directory of the playbook.
    :raises DatagateError: the directory cannot be entered.
    """
    with ExitStack() as after:
        # A file descriptor is kept, because the path may not exist any more. If the directory cannot be entered again, the rest
        # of the task stays here; relative paths would not work there either.
        with suppress(OSError):
            before = os.open(".", getattr(os, "O_PATH", os.O_RDONLY))
            after.callback(os.close, before)
            after.callback(_return, before)
        try:
            os.chdir(folder)
        except OSError as error:
            problem = error.strerror or "error"
            raise DatagateError(f"the playbook's folder {printable(folder)} cannot be worked in: {problem}") from None
        yield


def _return(folder: int) -> None:
    with suppress(OSError):
        os.fchdir(folder)


@contextmanager
def with_environment(changes: Mapping[str, Any]) -> Iterator[None]:
    """Apply the task's ``environment`` while the block runs, as it would be applied to a module."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update({name: str(value) for name, value in changes.items()})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def check(spec: Spec, name: str, arguments: Mapping[str, Any]) -> tuple[LocalHost, OptionError | None]:
    """Check options as AnsibleModule does. Returns the host with the checked options, and the error message or None.

    :raises OptionError: Ansible's own check cannot be applied to them.
    """
    try:
        checked = ArgumentSpecValidator(spec).validate(dict(arguments))
    except Exception as error:  # noqa: BLE001 - Ansible's check fails for some values with a message that does not help
        raise OptionError(name, f"one of them is of a wrong type ({type(error).__name__})") from None
    host = LocalHost(checked.validated_parameters, False)
    host.take(checked)
    problem = None
    if checked.error_messages:
        problem = _explain(str(checked.error_messages[0]), spec, name, arguments)
    return host, problem


def run(
    arguments: dict[str, Any],
    spec: Spec,
    service: str,
    body: Body,
    check_mode: bool,
    name: str,
    on_look: OnLook | None = None,
    on_request: Callable[[str], None] | None = None,
    note: Note | None = None,
) -> dict[str, Any]:
    """Run a module; returns the same result as the module.

    :param arguments: the task's arguments.
    :param spec: the module's own options.
    :param name: the module's name, for messages.
    :param on_look: called while a gate runs, see :class:`Caller`.
    :param on_request: called with a line about each request.
    :param note: called with lines to print at once, see :class:`Caller`.
    """
    whole: Spec = {**CONNECTION, **spec}
    try:
        host, problem = check(whole, name, arguments)
    except OptionError as error:
        return {"failed": True, "changed": False, "msg": f"the options of {name} cannot be read: {error.problem}"}
    host.check_mode = check_mode
    for option, what in whole.items():
        if what.get("no_log") and host.params.get(option):
            host.no_log_values.add(str(host.params[option]))
    if problem is not None:
        result: dict[str, Any] = {"failed": True, "changed": False, "msg": str(problem), **problem.extras()}
    else:
        result = execute(host, service, body, Caller(name, on_look, on_request, note))
    if host.warnings:
        result["warnings"] = host.warnings
    if host.deprecations:
        result["deprecations"] = host.deprecations
    result = remove_values(result, host.no_log_values)
    received = {
        option: HIDDEN if what.get("no_log") and host.params.get(option) else host.params.get(option)
        for option, what in whole.items()
    }
    result["invocation"] = {"module_args": remove_values(received, host.no_log_values)}
    return result


def _explain(message: str, spec: Spec, name: str, arguments: Mapping[str, Any]) -> OptionError:
    """A better message than Ansible's, which shows Python classes instead of values and does not name the option."""
    unfit = _UNFIT.match(message)
    option = unfit["option"] if unfit else ""
    if "dictionary requested" in message and not unfit:
        # Ansible's message does not name a suboption.
        option = next((known for known, what in spec.items() if what["type"] == "dict" and arguments.get(known)), "")
    if option in NEEDED and arguments.get(option) is None:
        return OptionError(option, NEEDED[option])
    if option in spec and option in arguments:
        what = spec[option]
        value = "" if what.get("no_log") else f", not {printable(str(arguments[option]), 40)!r}"
        return OptionError(option, f"must be {_wanted(option, what['type'])}{value}")
    missing = _MISSING.match(message)
    if missing and missing["option"] in NEEDED:
        return OptionError(missing["option"], NEEDED[missing["option"]])
    choices = _CHOICES.match(message)
    if choices:
        return OptionError(choices["option"], f"must be one of {choices['choices']}, not {choices['value']!r}")
    if "Supported parameters include" in message and not message.startswith("Unsupported"):
        message = f"Unsupported parameters for ({name}) module: {message}"
    return _Refused(message)


class _Refused(OptionError):
    """The messages of Ansible's check that do not concern a single option."""

    def __init__(self, message: str) -> None:
        super().__init__("", message)

    def __str__(self) -> str:
        return self.problem

    def extras(self) -> dict[str, Any]:
        return {}


def _wanted(option: str, kind: str) -> str:
    if kind == "float" and option in SECONDS:
        return "seconds, such as 60"
    return KINDS.get(kind, f"of the type {kind}")
