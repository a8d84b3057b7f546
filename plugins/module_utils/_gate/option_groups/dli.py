# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.


"""Gates for SQL jobs of DLI: the specification of their options, and the options as a policy and a selection."""

from __future__ import annotations

import time
from typing import Any, List, Mapping, Optional, Tuple

from ..._errors import OptionError
from ..._text import printable
from ..._times import epoch_milliseconds
from ..._values import boolean, number, text, whole
from ..kinds import DLI_KIND
from ..policy import DliQuery, Policy, Selection
from .common import GATE, common
from .values import LONGEST_NAME, Spec, check_line, check_name, items

MAX_TAG_KEY, MAX_TAG_VALUE = 128, 255  # characters, as the service allows
CANCEL_CHOICES = ("timeout", "stalled", "abort")
DLI_SELECTION: Spec = {
    "job_ids": {"type": "list", "elements": "str", "aliases": ["job_id"]},
    "job_tags": {"type": "dict"},
    "queue": {"type": "str"},
    "since": {"type": "str"},
    "newest": {"type": "bool", "default": False},
    "min_jobs": {"type": "int", "default": 1},
}
DLI_GATE: Spec = {
    **GATE,
    "stall_timeout": {"type": "float", "default": 0},
    "min_result_rows": {"type": "int"},
    "max_bad_rows": {"type": "int"},
    "cancel_on": {"type": "list", "elements": "str", "default": []},
}


def dli_selection(params: Mapping[str, Any]) -> Selection:
    """The selected SQL jobs of DLI: job_ids, or those that job_tags, queue and since describe."""
    names = tuple(check_name("job_ids", name) for name in items(params.get("job_ids")))
    query = _dli_query(params)
    filters = [option for option in ("job_tags", "queue", "since") if query.as_dict()[option]]
    if names and filters:
        problem = f"job_ids and {' and '.join(filters)} are given; give either job_ids or the others"
        raise OptionError("job_ids", problem)
    if not names and not filters:
        problem = "no job is selected; give the IDs of DLI jobs, or choose them by job_tags, queue and since"
        raise OptionError("job_ids", problem)
    if query.newest and names:
        raise OptionError(
            "newest", "chooses among jobs that job_tags, queue or since select; leave it out with job_ids"
        )
    least = whole("min_jobs", 1 if params.get("min_jobs") is None else params["min_jobs"], 1)
    if names:
        return Selection(names, least=least)
    return Selection(query=query, least=least)


def _dli_query(params: Mapping[str, Any]) -> DliQuery:
    """The options job_tags, queue, since and newest."""
    since = text(params.get("since"))
    if since is not None:
        epoch_milliseconds("since", since, time.time())
    queue = text(params.get("queue"))
    if queue is not None and len(check_line("queue", queue)) > LONGEST_NAME:
        raise OptionError("queue", f"names have {LONGEST_NAME} characters at most")
    return DliQuery(_job_tags(params.get("job_tags")), queue, since, boolean("newest", params.get("newest") or False))


def _job_tags(value: Any) -> Tuple[Tuple[str, str], ...]:
    """The option ``job_tags``: keys and values, sorted."""
    if value not in (None, "") and not isinstance(value, Mapping):
        raise OptionError("job_tags", "must be a dictionary of keys and values, such as {release: '42'}")
    found: List[Tuple[str, str]] = []
    for key, item in sorted((value or {}).items(), key=lambda pair: str(pair[0])):
        name, content = str(key), "" if item is None else item
        if isinstance(content, (bool, float)) or not isinstance(content, (str, int)):
            problem = f"the value of {printable(key, 40)!r} must be text; put quotes around it"
            raise OptionError("job_tags", problem)
        if found and found[-1][0] == name:
            raise OptionError("job_tags", f"{printable(name, 40)!r} is given twice")
        if not name.strip() or len(name) > MAX_TAG_KEY or len(str(content)) > MAX_TAG_VALUE:
            problem = f"keys have 1 to {MAX_TAG_KEY} characters, and values {MAX_TAG_VALUE} at most"
            raise OptionError("job_tags", problem)
        found.append((check_line("job_tags", name), check_line("job_tags", str(content))))
    return tuple(found)


def dli_policy(params: Mapping[str, Any], once: bool = False) -> Policy:
    """The gate for DLI jobs."""
    stall = number("stall_timeout", params.get("stall_timeout") or 0)
    given = common(params, once)
    return Policy(
        kind=DLI_KIND,
        ready=DLI_KIND.ready,
        failing=DLI_KIND.failing,
        fatal=given["wait"],
        check_nodes=False,
        stall_timeout=stall if given["wait"] else 0.0,
        min_result_rows=_rows("min_result_rows", params),
        max_bad_rows=_rows("max_bad_rows", params),
        **given,
    )


def _rows(option: str, params: Mapping[str, Any]) -> Optional[int]:
    """A limit for a number of rows, None without one."""
    return None if text(params.get(option)) is None else whole(option, params[option])


def cancel_on(params: Mapping[str, Any]) -> Tuple[str, ...]:
    """The option ``cancel_on``, each item once."""
    found = tuple(dict.fromkeys(item.lower() for item in items(params.get("cancel_on"))))
    for item in found:
        if item not in CANCEL_CHOICES:
            problem = f"{printable(item, 40)!r} is not one of {', '.join(CANCEL_CHOICES)}"
            raise OptionError("cancel_on", problem)
    return found
