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

from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.arguments import REAL_TIME_GATE, SELECTION, WORKSPACE
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.module import Door, run
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.sources import RealTimeJobs
from ansible_collections.datagate.huaweicloud.plugins.module_utils.gate import options


def observe(door: Door) -> Dict[str, Any]:
    policy = options.policy(door.params, once=door.module.check_mode)
    selection = options.selection(door.params)
    session = door.connect()
    return door.observe(policy, selection, RealTimeJobs(session, session.connection.workspace, selection), session)


def main() -> None:
    run({**WORKSPACE, **SELECTION, **REAL_TIME_GATE}, "dataarts", observe)


if __name__ == "__main__":
    main()
