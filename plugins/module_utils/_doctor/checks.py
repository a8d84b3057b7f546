# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The order of the checks, and which one makes sense only after which others."""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Tuple

from . import connection_checks as connection
from . import service_checks as service
from .evidence import Evidence
from .judgement import FAIL, Judgement, skipped


class Row(NamedTuple):
    """One check.

    :ivar needs: checks before it. If one of them failed, or was left out because of one that failed, it is skipped.
    :ivar judge: a pure function.
    """

    name: str
    needs: Tuple[str, ...]
    judge: Callable[[Evidence], Judgement]


CHECKS = (
    Row("credentials", (), connection.credentials),
    Row("host", ("credentials",), connection.host),
    Row("proxy", ("host",), connection.proxy),
    Row("tls", ("proxy",), connection.tls),
    Row("clock", ("tls",), connection.clock),
    Row("authentication", ("clock",), connection.authentication),
    Row("project", ("authentication",), service.project),
    Row("workspace", ("authentication",), service.workspace),
    Row("list", ("authentication", "workspace"), service.right_to_list),
    Row("status", ("authentication", "workspace"), service.right_to_status),
    Row("dli", ("authentication",), service.dli),
    Row("latency", ("tls",), service.latency),
)


def run(evidence: Evidence) -> List[Dict[str, str]]:
    """All checks in their order, each with ``name``, ``result``, ``detail`` and ``advice``."""
    done = []
    blocked: Dict[str, str] = {}  # check -> the check that failed and makes it pointless
    for row in CHECKS:
        cause = next((blocked[name] for name in row.needs if name in blocked), None)
        judged = skipped(f"{cause} failed") if cause else row.judge(evidence)
        if cause or judged.result == FAIL:
            blocked[row.name] = cause or row.name
        done.append({"name": row.name, **judged._asdict()})
    return done
