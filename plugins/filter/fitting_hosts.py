# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: fitting_hosts
short_description: Part of this collection's playbooks
version_added: 2.0.0
description:
  - Returns the hosts of a play on localhost that must not end successfully without having run, and fails if C(--limit) or
    C(--skip-tags) would leave out the play. It is not meant for other playbooks, and may change in any version.
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
  skipped:
    description: The tags of C(--skip-tags), which Ansible has in the variable C(ansible_skip_tags).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
---
- name: Do not skip this play silently
  hosts: "{{ ansible_limit | default(none) | datagate.huaweicloud.fitting_hosts(groups.all, ansible_skip_tags) }}"
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
# What --skip-tags must not name: Ansible then skips tasks with the tag always, and the play ends without having done anything.
SKIPPING = ("always", "tagged")


def fitting_hosts(limit: str | None, known: Sequence[str], skipped: Sequence[str]) -> str:
    """The pattern for the ``hosts`` of a play.

    With hosts in the inventory, the play is about the hosts of the limit, and Ansible rejects a limit that matches no host. Without
    any, Ansible would skip the play and end successfully.

    :raises AnsibleFilterError: the play would be skipped.
    """
    tags = [tag for tag in SKIPPING if tag in skipped]
    if tags:
        raise AnsibleFilterError(
            f"--skip-tags {tags[0]}: this playbook would do nothing and succeed. Leave out --skip-tags."
        )
    if not limit:
        return LOCALHOST
    if known:
        return f"all:{LOCALHOST}"
    parts = str(limit).replace(":", ",").split(",")
    if LOCALHOST in parts and not any(part.startswith(("!", "&")) for part in parts):
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
