# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A summary of a gate's result, safe to pass to another playbook as a variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.summary import MAX_NAMED_JOBS
from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable

from .report.template_data import count, duration, mapping, mappings, plain

_NO_TEMPLATE = str.maketrans("{}", "()")


def harmless(text: Any, limit: int) -> str:
    """Text from the cloud that is not a template.

    AWX passes artifacts to the next job of a workflow as extra variables, which Ansible evaluates as templates, even if they
    were marked as unsafe. Every template starts with a brace, or with a number sign that redefines the braces.
    """
    clean = printable(text, limit).translate(_NO_TEMPLATE)
    return f"_{clean[1:]}" if clean.startswith("#") else clean


def summary(result: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict and its reasons, with the same keys for every result, in at most a few kilobytes.

    Values of an unexpected type are ignored.

    :param result: a gate's result; for an invalid or disabled gate it only has ``verdict`` and ``msg``.
    """

    def part(key: str) -> Any:
        # Jobs and history may have megabytes, so only the values in use are converted.
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
        "named_jobs": [harmless(job, 128) for job in list(jobs)[:MAX_NAMED_JOBS]],
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
