# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: unknown_variable
short_description: Part of this collection's playbooks
version_added: 2.0.0
description:
  - Returns an error about the first variable that has the prefix of a playbook, but is not one of its variables. It is not meant for
    other playbooks, and may change in any version.
author:
  - datagate contributors (@datagate)
positional: _input, known, only_similar
options:
  _input:
    description: The names of all variables with the prefix.
    type: list
    elements: str
    required: true
  known:
    description: The names of the variables of the playbook.
    type: list
    elements: str
    required: true
  only_similar:
    description: Accept names that are not similar to a known one, because they may be variables of the tasks that the playbook includes.
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: Check the names of the variables
  ansible.builtin.fail:
    msg: "{{ error }}"
  vars:
    names: "{{ query('ansible.builtin.varnames', '^my_playbook_') }}"
    error: "{{ names | datagate.huaweicloud.unknown_variable(['my_playbook_timeout']) }}"
  when: error | length > 0
"""

RETURN = r"""
_value:
  description: The error, or an empty text.
  type: str
"""

from collections.abc import Sequence
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._suggestion import DEFAULT_SIMILARITY, did_you_mean

HIGH_SIMILARITY = 0.85  # deploy_stable and deploy_stable_for have 0.87


def unknown_variable(names: Sequence[str], known: Sequence[str], only_similar: bool = False) -> str:
    """The error about the first unknown variable; empty without one."""
    for name in sorted(set(names) - set(known)):
        meant = did_you_mean(name, known, HIGH_SIMILARITY if only_similar else DEFAULT_SIMILARITY)
        if meant or not only_similar:
            return f"{name}: is not a variable of this playbook{meant or '; the variables are ' + ', '.join(sorted(known))}"
    return ""


class FilterModule:
    """Entry point for Ansible."""

    def filters(self) -> dict[str, Any]:
        """The filters by name."""
        return {"unknown_variable": unknown_variable}
