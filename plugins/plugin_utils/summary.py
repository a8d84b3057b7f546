# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate's result in short, fit to be handed to another playbook as a variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud.text import printable
from ansible_collections.datagate.huaweicloud.plugins.module_utils.gate.words import NAMED

from .report.plain import count, duration, mapping, mappings, plain

_NO_TEMPLATE = str.maketrans("{}", "()")


def harmless(text: Any, limit: int) -> str:
    """Text from the cloud that stays text although somebody evaluates it.

    AWX hands artifacts to the next job of a workflow as extra variables, and those are templates for Ansible, whatever
    was marked before. Every template starts with a brace, or with a number sign that redefines the braces.
    """
    clean = printable(text, limit).translate(_NO_TEMPLATE)
    return f"_{clean[1:]}" if clean.startswith("#") else clean


def summary(result: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict and what it rests on, the same keys for every result, in at most some kilobytes.

    What has another type than it should have is passed over.

    :param result: a gate's result; one that was refused or switched off has no more than ``verdict`` and ``msg``.
    """

    def part(key: str) -> Any:
        # Jobs and history may be megabytes, so only what is looked at is made plain.
        return plain(result.get(key))

    reasons = mappings(part("reasons"))
    jobs = dict.fromkeys(str(item["job"]) for item in reasons if item.get("job"))
    reason = part("override_reason")
    polls, requests = part("polls"), part("requests")
    return {
        "verdict": harmless(part("verdict"), 20),
        "failed": bool(part("failed")),
        "msg": harmless(part("msg") or "", 2000),
        "codes": sorted({harmless(item["code"], 40) for item in reasons if item.get("code")}),
        "named_jobs": [harmless(job, 128) for job in list(jobs)[:NAMED]],
        "by_status": {
            harmless(state, 40): count(many) for state, many in list(mapping(part("by_status")).items())[:50]
        },
        "elapsed": duration(part("elapsed")),
        "polls": None if polls is None else count(polls),
        "requests": None if requests is None else count(requests),
        "override_reason": None if reason is None else harmless(reason, 500),
        "finished_at": None if part("finished_at") is None else harmless(part("finished_at"), 40),
        "run": {harmless(key, 40): harmless(item, 80) for key, item in mapping(part("run")).items()},
    }
