# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Checks that the role's variables have the same values on all hosts of a play, because the gate runs once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.variables import OPTIONS, OTHERS, PREFIX

MAX_COMPARED = 300  # maximum number of hosts whose inventory variables are compared before the gate runs


def check(variables: Mapping[str, Any], evaluate: Callable[[Any], Any]) -> None:
    """Reject inventory variables that differ between the hosts.

    They may differ if a variable of higher precedence overrides them.

    :param variables: all variables of the current host.
    :param evaluate: evaluates the raw value of a variable.
    :raises OptionError: a variable differs.
    """
    hosts = [str(host) for host in variables.get("ansible_play_batch") or []]
    me = str(variables.get("inventory_hostname"))
    hostvars = variables.get("hostvars")
    if len(hosts) < 2 or len(hosts) > MAX_COMPARED or hostvars is None:
        return

    def counts(name: str, value: Any) -> bool:
        """Whether the inventory provides the value of a variable."""
        if name not in variables or value is None:
            return (name in variables) == (value is not None)
        return bool(evaluate(variables[name]) == value)

    first = _of_inventory(hostvars[me])
    for host in hosts:
        other = _of_inventory(hostvars[host])
        for name in sorted(first.keys() | other.keys()):
            if first.get(name) != other.get(name) and counts(name, first.get(name)):
                raise differs(name.removeprefix(PREFIX), me, host)


def differs(name: str, first: str, second: str) -> OptionError:
    """The error for an option that differs between two hosts."""
    variable = "a variable of the role" if name == "problem" else f"{PREFIX}{name}"
    problem = f"differs between {first} and {second}, and the gate runs once for all hosts of a play"
    return OptionError(
        variable, f"{problem}; give all of them the same value, or each group of hosts a play of its own"
    )


def _of_inventory(hostvars: Mapping[str, Any]) -> dict[str, Any]:
    """The role's variables of a host."""
    return {
        name: hostvars[name]
        for name in hostvars
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) in OPTIONS and name.removeprefix(PREFIX) not in OTHERS
    }
