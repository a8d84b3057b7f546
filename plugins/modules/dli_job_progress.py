#!/usr/bin/python
# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
"""

EXAMPLES = r"""
"""

RETURN = r"""
"""

from typing import Any, Dict

from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.arguments import DLI_GATE, DLI_SELECTION
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.module import Door, run
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.sources import DliJobs
from ansible_collections.datagate.huaweicloud.plugins.module_utils.gate import options


def observe(door: Door) -> Dict[str, Any]:
    policy = options.dli_policy(door.params, once=door.module.check_mode)
    selection = options.dli_selection(door.params)
    session = door.connect()
    return door.observe(policy, selection, DliJobs(session), session)


def main() -> None:
    run({**DLI_SELECTION, **DLI_GATE}, "dli", observe)


if __name__ == "__main__":
    main()
