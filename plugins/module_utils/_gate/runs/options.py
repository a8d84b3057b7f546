# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The options of a gate for runs of batch jobs: from module parameters to a checked policy. No request is sent here."""

from __future__ import annotations

import time
from typing import Any, Dict, Mapping, Set, Tuple

from ..._errors import OptionError
from ..._states import FORCED_STATES, SKIPPED_STATES
from ..._text import printable
from ..._values import boolean, text, whole
from .. import options
from ..kinds import BATCH_KIND, GIVEN_RUN_KIND
from ..policy import Policy, Selection
from .rule import MAX_RUN_DAYS, RunRule, window_of

LATEST, ALL = "latest", "all"
WHICH_CHOICES = (LATEST, ALL)
SKIPPED_CHOICES = ("fail", "ok", "pending")
# The names of the types of instances, and the numbers that the service gives them.
TYPES: Mapping[str, int] = {"scheduled": 0, "manual": 2, "patch": 5, "sub_job": 6, "once": 7}
DEFAULT_TYPES = ("scheduled", "once")
DEFAULT_SINCE = "24h"
_DAY = 86_400_000  # milliseconds
# Gates for runs of batch jobs. Lists have no choices here for the same reason.
BATCH_GATE: Dict[str, Any] = {
    **options.GATE,
    "fail_on_exception": {"type": "bool"},
    "max_failing": {"type": "int", "default": 0},
    "exception_grace": {"type": "float", "default": 0},
    "stable_for": {"type": "float", "default": 0},
    "since": {"type": "str", "default": DEFAULT_SINCE},
    "until": {"type": "str"},
    "instance_types": {"type": "list", "elements": "str", "default": list(DEFAULT_TYPES)},
    "instance_ids": {"type": "list", "elements": "str"},
    "which": {"type": "str", "choices": list(WHICH_CHOICES), "default": "latest"},
    "min_instances": {"type": "int", "default": 1},
    "accept_forced": {"type": "bool", "default": False},
    "skipped": {"type": "str", "choices": list(SKIPPED_CHOICES), "default": "fail"},
}


def run_policy(params: Mapping[str, Any], once: bool = False) -> Policy:
    """The gate for runs of batch jobs.

    :param once: observe once without waiting (check mode).
    :raises OptionError: an option is unusable, or two contradict each other.
    """
    common = options.common(params, once)
    wait, fail = common["wait"], params.get("fail_on_exception")
    ready, failing = _states(params)
    rule = run_rule(params)
    return Policy(
        kind=GIVEN_RUN_KIND if rule.ids else BATCH_KIND,
        ready=frozenset(ready),
        failing=frozenset(failing),
        fatal=wait if fail is None else boolean("fail_on_exception", fail),
        check_nodes=False,
        max_failing=whole("max_failing", params.get("max_failing") or 0),
        runs=rule,
        **options.durations(params, common),
        **common,
    )


def run_selection(params: Mapping[str, Any]) -> Selection:
    """The selected batch jobs: one of job_names, tags and name_contains."""
    return options.selection(params)


def run_rule(params: Mapping[str, Any]) -> RunRule:
    """Which runs count.

    :raises OptionError: an option is unusable.
    """
    least = params.get("min_instances")
    rule = RunRule(
        since=text(params.get("since")) or DEFAULT_SINCE,
        until=text(params.get("until")),
        types=_types(params),
        ids=tuple(_ids(params).items()),
        has_all=_choice(params, "which", WHICH_CHOICES) == ALL,
        least=whole("min_instances", 1 if least is None else least, 1),
    )
    window = window_of(rule, time.time())
    if window.begin > window.end:
        raise OptionError("since", f"{window.shown(window.begin)} is later than until, {window.shown(window.end)}")
    if window.end - window.begin > MAX_RUN_DAYS * _DAY:
        raise OptionError("since", f"lies more than {MAX_RUN_DAYS} days before until; give a later time")
    return rule


def _states(params: Mapping[str, Any]) -> Tuple[Set[str], Set[str]]:
    """The states in which a job is ready, and those in which it fails."""
    ready, failing = set(BATCH_KIND.ready), set(BATCH_KIND.failing)
    if boolean("accept_forced", params.get("accept_forced") or False):
        ready.update(FORCED_STATES)
        failing.difference_update(FORCED_STATES)
    skipped = _choice(params, "skipped", SKIPPED_CHOICES)
    if skipped != "fail":
        failing.difference_update(SKIPPED_STATES)
    if skipped == "ok":
        ready.update(SKIPPED_STATES)
    return ready, failing


def _types(params: Mapping[str, Any]) -> Tuple[int, ...]:
    chosen = options.items(params.get("instance_types")) or list(DEFAULT_TYPES)
    for item in chosen:
        if item not in TYPES:
            raise OptionError("instance_types", f"{printable(item, 40)!r} is not one of {', '.join(TYPES)}")
    return tuple(sorted({TYPES[item] for item in chosen}))


def _ids(params: Mapping[str, Any]) -> Dict[str, Tuple[int, ...]]:
    """The option ``instance_ids``: all of one job, or one of each job in the order of ``job_names``."""
    option, names = "instance_ids", tuple(dict.fromkeys(options.items(params.get("job_names"))))
    ids = [whole(option, item, 1) for item in options.items(params.get(option))]
    if not ids:
        return {}
    if not names:
        raise OptionError(option, "belongs to job_names; give the names of the jobs whose runs they are")
    if len(names) == 1:
        return {names[0]: tuple(dict.fromkeys(ids))}
    if len(names) != len(ids):
        problem = f"{len(ids)} IDs do not fit {len(names)} job_names"
        raise OptionError(option, f"{problem}; give one ID for each job in the same order, or a single job")
    return {name: (number,) for name, number in zip(names, ids)}


def _choice(params: Mapping[str, Any], option: str, choices: Tuple[str, ...]) -> str:
    value = text(params.get(option)) or choices[0]
    if value not in choices:
        raise OptionError(option, f"must be one of {', '.join(choices)}")
    return value
