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

from ansible_collections.datagate.huaweicloud.plugins.module_utils.door import listing
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.arguments import LIST, WORKSPACE
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.module import Door, run


def read(door: Door) -> Dict[str, Any]:
    query = listing.Query(door.params)
    session = door.connect()
    return listing.read(session, session.connection.workspace, query)


def main() -> None:
    run({**WORKSPACE, **LIST}, "dataarts", read)


if __name__ == "__main__":
    main()
