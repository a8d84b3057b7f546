# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.


"""Gates for Flink jobs and Spark batches of DLI: the specification of their options, and the options as a policy and a selection."""

from __future__ import annotations

from typing import Any, Mapping

from ..._errors import OptionError
from ..._text import printable
from ..kinds import FLINK_KIND, SPARK_KIND
from ..policy import Policy, Selection
from .common import GATE, job_policy
from .values import Spec, Warn, check_name, ignore, items

SPARK_SELECTION: Spec = {
    "batch_ids": {"type": "list", "elements": "str", "aliases": ["batch_id"]},
}
SPARK_GATE: Spec = {
    **GATE,
    "wait_for": {"type": "list", "elements": "str", "default": ["success"]},
    "fail_on_exception": {"type": "bool"},
    "max_failing": {"type": "int", "default": 0},
    "stable_for": {"type": "float", "default": 0},
}
FLINK_SELECTION: Spec = {
    "job_ids": {"type": "list", "elements": "str", "aliases": ["job_id"]},
    "names": {"type": "list", "elements": "str", "aliases": ["name"]},
}
FLINK_GATE: Spec = {
    **SPARK_GATE,
    "wait_for": {"type": "list", "elements": "str", "default": ["job_running", "job_finish"]},
    "exception_grace": {"type": "float", "default": 0},
    "started_after": {"type": "int"},
}


def flink_selection(params: Mapping[str, Any]) -> Selection:
    """The selected Flink jobs: one of job_ids and names."""
    ids = tuple(check_name("job_ids", name) for name in items(params.get("job_ids")))
    names = tuple(check_name("names", name) for name in items(params.get("names")))
    if bool(ids) == bool(names):
        problem = "job_ids and names are given" if ids else "no job is selected"
        raise OptionError("job_ids", f"{problem}; give one of job_ids and names, and only one")
    for job_id in ids:
        if not (job_id.isascii() and job_id.isdigit()) or job_id != (job_id.lstrip("0") or "0"):
            problem = f"{printable(job_id, 60)!r} is no ID of a Flink job, which is a number without zeros before it"
            problem += "; names selects by name"
            raise OptionError("job_ids", problem)
    return Selection(ids or names, option="names" if names else None)


def spark_selection(params: Mapping[str, Any]) -> Selection:
    """The selected Spark batches."""
    ids = tuple(check_name("batch_ids", name) for name in items(params.get("batch_ids")))
    if not ids:
        raise OptionError("batch_ids", "no batch is given; give the ID of a Spark batch, or a list of them")
    return Selection(ids)


def flink_policy(params: Mapping[str, Any], once: bool = False, warn: Warn = ignore) -> Policy:
    """The gate for Flink jobs."""
    return job_policy(FLINK_KIND, params, once, warn)


def spark_policy(params: Mapping[str, Any], once: bool = False, warn: Warn = ignore) -> Policy:
    """The gate for Spark batches."""
    return job_policy(SPARK_KIND, params, once, warn)
