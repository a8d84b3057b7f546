# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes of all modules of the collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of all modules of the collection."""

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
    support: none
    details:
      - The module does not change anything.
  idempotent:
    description: A second run in the same situation makes no further changes.
    support: full
    details:
      - The module never changes anything.
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
