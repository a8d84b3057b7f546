# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: fitting_hosts
short_description: Part of this collection's playbooks
version_added: 1.1.0
description:
  - Returns the hosts of a play on localhost that must not end without having run, because C(--limit) leaves out localhost. It is not
    meant for other playbooks, and may change in any version.
author:
  - datagate contributors (@datagate)
positional: _input
options:
  _input:
    description: The pattern of C(--limit), which Ansible has in the variable C(ansible_limit); null without one.
    type: str
    required: true
  known:
    description: The hosts of the inventory.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
---
- name: A play that runs under any limit
  hosts: "{{ ansible_limit | default(none) | datagate.huaweicloud.fitting_hosts(groups.all) }}"
  tasks: []
"""

RETURN = r"""
_value:
  description: A pattern of hosts.
  type: str
"""

from collections.abc import Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

LOCALHOST = "localhost"


def fitting_hosts(limit: str | None, known: Sequence[str]) -> str:
    """The pattern for the ``hosts`` of a play.

    With an inventory, the play is about the hosts of the limit, and a limit that fits no host is refused by Ansible. Without one
    Ansible would pass the play over in silence.
    """
    if not limit:
        return LOCALHOST
    if known:
        return f"all:{LOCALHOST}"
    if LOCALHOST in str(limit).replace(":", ",").split(","):
        return LOCALHOST
    raise AnsibleFilterError(
        f"--limit {limit}: this playbook runs on localhost, and without an inventory there are no other hosts. "
        "Leave out --limit, or name localhost in it."
    )


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Any]:
        """Name -> function."""
        return {"fitting_hosts": fitting_hosts}
