# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes of all modules of the collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of all modules of the collection, and of gates."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and return the expected status without changing anything.
    support: full
    details:
      - The module only reads, so it does the same with and without check mode.
  diff_mode:
    description: Shows in diff mode what has changed or would change.
    support: N/A
    details:
      - The module does not change anything.
  idempotent:
    description: A second run in the same situation makes no further changes.
    support: full
    details:
      - The module does not change anything.
  async:
    description: Can be run with the keyword C(async).
    support: full
  action_group:
    description: Options for all modules of the group can be set in one place, with C(module_defaults).
    support: full
    details:
      - In C(module_defaults) the name of the group is C(group/datagate.huaweicloud.huaweicloud).
    membership:
      - datagate.huaweicloud.huaweicloud
"""

    # Gates list this fragment before the other one: the attributes of the first one take precedence.
    GATES = r"""
options: {}
attributes:
  action:
    description: Has an action plugin that runs on the controller.
    support: full
    details:
      - It prints the O(progress) lines.
      - A task on the controller (connection V(local), the Python that runs the playbook, without C(become), C(async) and
        C(environment)) runs in Ansible's process, which saves the time to start a module. Options and results are the
        same.
  check_mode:
    description: Can run in check mode and return the expected status without changing anything.
    support: full
    details:
      - The module also reads the jobs in check mode. With O(wait=true) it observes once and does not wait.
        RV(verdict=FAIL) and RV(verdict=ERROR) fail the task; other verdicts do not.
"""
