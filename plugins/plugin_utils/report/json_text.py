# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A result as JSON: complete, in an order that does not depend on its source."""

from __future__ import annotations

import json
from typing import Any

from .report_facts import About

# What Ansible adds to a registered result, and what is not the gate's.
NOT_IN_REPORT = frozenset(
    ("changed", "exception", "failed_when_result", "failed_when_suppressed_exception", "invocation")
)
# These first, because they are read first; the rest follows by name, and what is long comes last.
FIRST = ("verdict", "msg", "override_reason", "failed", "reasons", "by_status", "total", "elapsed", "polls", "requests")
LAST = ("job", "jobs", "history", "resume")


def write(result: dict[str, Any], about: About) -> str:
    """The file's text. The result's keys are at the top level, and ``about`` beside them.

    :param result: plain data.
    """
    whole = {key: item for key, item in result.items() if key not in NOT_IN_REPORT and not key.startswith("_ansible_")}
    keys = [key for key in FIRST if key in whole]
    keys += sorted(key for key in whole if key not in FIRST and key not in LAST)
    keys += [key for key in LAST if key in whole]
    ordered = {key: _sorted(whole[key]) for key in keys}
    ordered["about"] = about.as_dict()  # with the facts in the author's order
    return json.dumps(ordered, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _sorted(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _sorted(data[key]) for key in sorted(data)}
    return [_sorted(item) for item in data] if isinstance(data, list) else data
