# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: gate_answer
short_description: Internal part of the role job_gate
version_added: 2.0.0
description:
  - Loads the result of a gate, for the tasks of the role P(datagate.huaweicloud.job_gate#role). It is not meant for playbooks, and
    may change in any version. In playbooks the result is the fact C(job_gate_result).
author:
  - datagate contributors (@datagate)
positional: _input
options:
  _input:
    description: What a task of the role has registered.
    type: dict
    required: true
"""

EXAMPLES = r"""
---
- name: Use the result of a gate
  ansible.builtin.debug:
    msg: "{{ job_gate_result.verdict }}"
"""

RETURN = r"""
_value:
  description: The result of the gate.
  type: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

# Up to ansible-core 2.18, text without this marker is evaluated as a template wherever it is used.
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role import rounds


def gate_answer(registered: Any) -> Any:
    """The result of the gate, as it is set on each host."""
    path = registered.get("answer") if isinstance(registered, Mapping) else None
    if not path:
        raise AnsibleFilterError(
            "The gate was not run for this host, which therefore stops here. If the role has a condition (when) and run_once, "
            "the condition of the first host counts for all of them: remove run_once."
        )
    answer = rounds.read(str(path))
    rounds.close(str(path))
    return wrap_var(answer["result"])


class FilterModule:
    """Entry point for Ansible."""

    def filters(self) -> dict[str, Any]:
        """The filters by name."""
        return {"gate_answer": gate_answer}
