# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.


"""Gates for real-time jobs: the specification of their options, and the options as a policy and a selection."""

from __future__ import annotations

import time
from typing import Any, Mapping, Optional, Tuple

from ..._errors import OptionError
from ..._services.normalize import state as known_state
from ..._states import FAILING_STATES, REAL_TIME_STATES
from ..._text import printable
from ..._times import epoch_milliseconds
from ..._values import boolean, is_truth, text, whole
from ..kinds import REAL_TIME_KIND
from ..policy import Policy, Selection
from ..runs.rule import MAX_RUN_DAYS, NodeRunRule
from .common import GATE, common, started_after, tolerance
from .values import LONGEST_NAME, MAX_STATE, Spec, Warn, check_line, check_name, ignore, items

SELECTION: Spec = {
    "job_names": {"type": "list", "elements": "str", "aliases": ["job_name", "name"]},
    "tags": {"type": "list", "elements": "str"},
    "name_contains": {"type": "str"},
    "exclude_names": {"type": "list", "elements": "str", "default": []},
    "min_jobs": {"type": "int", "default": 1},
}
# Additional options of gates for real-time jobs. The lists of states have no choices here, because items are trimmed and
# empty items are removed before they are checked.
REAL_TIME_GATE: Spec = {
    **GATE,
    "wait_for": {"type": "list", "elements": "str", "default": ["NORMAL"]},
    "fail_on_exception": {"type": "bool"},
    "fail_states": {"type": "list", "elements": "str", "default": ["EXCEPTION", "ABNORMAL"]},
    "check_nodes": {"type": "bool", "default": True},
    "ignore_nodes": {"type": "list", "elements": "str", "default": []},
    "max_failing": {"type": "int", "default": 0},
    "exception_grace": {"type": "float", "default": 0},
    "stable_for": {"type": "float", "default": 0},
    "started_after": {"type": "int"},
    # A boolean or a list of node names.
    "require_records": {"type": "raw", "default": False},
    "check_runs": {"type": "bool", "default": False},
    "min_runs": {"type": "int", "default": 0},
    "runs_since": {"type": "str"},
}


def tags(params: Mapping[str, Any]) -> Tuple[str, ...]:
    """The option ``tags``."""
    return tuple(check_line("tags", tag) for tag in items(params.get("tags")))


def name_contains(params: Mapping[str, Any]) -> Optional[str]:
    """The option ``name_contains``."""
    value = text(params.get("name_contains"))
    if value is not None and len(check_line("name_contains", value)) > LONGEST_NAME:
        raise OptionError("name_contains", f"names have {LONGEST_NAME} characters at most")
    return value


def selection(params: Mapping[str, Any]) -> Selection:
    """The selected real-time jobs: one of job_names, tags and name_contains."""
    names = tuple(check_name("job_names", name) for name in items(params.get("job_names")))
    chosen_tags, part = tags(params), name_contains(params)
    given = [
        option for option, value in (("job_names", names), ("tags", chosen_tags), ("name_contains", part)) if value
    ]
    if len(given) != 1:
        problem = f"{' and '.join(given)} are given" if given else "no job is selected"
        raise OptionError("job_names", f"{problem}; give one of job_names, tags and name_contains, and only one")
    exclude = tuple(check_line("exclude_names", pattern) for pattern in items(params.get("exclude_names")))
    least = whole("min_jobs", 1 if params.get("min_jobs") is None else params["min_jobs"], 1)
    return Selection(names, chosen_tags, part, exclude, least)


def policy(params: Mapping[str, Any], once: bool = False, warn: Warn = ignore) -> Policy:
    """The gate for real-time jobs.

    :param once: observe once without waiting (check mode).
    :param warn: called with a sentence about each value that is taken although it may be a mistake.
    :raises OptionError: an option is unusable, or two contradict each other.
    """
    given = common(params, once)
    wait = given["wait"]
    ready, failing = _wait_for(params, warn), _fail_states(params)
    both = sorted(set(ready) & set(failing))
    if both:
        raise OptionError("fail_states", f"{both[0]} is in wait_for as well; a state cannot be both ready and failing")
    records, record_nodes = require_records(params.get("require_records"))
    patterns = tuple(check_line("ignore_nodes", pattern) for pattern in items(params.get("ignore_nodes")))
    return Policy(
        kind=REAL_TIME_KIND,
        ready=frozenset(ready),
        failing=frozenset(failing),
        check_nodes=boolean("check_nodes", True if params.get("check_nodes") is None else params["check_nodes"]),
        ignore_nodes=patterns,
        require_records=wait and records,
        record_nodes=record_nodes if wait else (),
        node_runs=_node_runs(params, started_after(params)) if wait else None,
        **tolerance(params, given),
        **given,
    )


def _node_runs(params: Mapping[str, Any], started_after: Optional[int]) -> Optional[NodeRunRule]:
    """The options ``check_runs``, ``min_runs`` and ``runs_since``."""
    least = whole("min_runs", params.get("min_runs") or 0)
    since = text(params.get("runs_since"))
    if not boolean("check_runs", params.get("check_runs") or False):
        for option, is_given in (("min_runs", least > 0), ("runs_since", since is not None)):
            if is_given:
                raise OptionError(option, "has a meaning only with check_runs=true")
        return None
    now = time.time()
    if since is not None and epoch_milliseconds("runs_since", since, now) < (now - MAX_RUN_DAYS * 86400.0) * 1000:
        raise OptionError("runs_since", f"lies more than {MAX_RUN_DAYS} days back; give a later time")
    if since is None and started_after is not None:
        since = str(started_after)
    return NodeRunRule(since, least)


def _states(option: str, params: Mapping[str, Any], default: Tuple[str, ...]) -> Tuple[str, ...]:
    """States under the names that readings have, each once; unknown ones as they were given."""
    chosen = tuple(dict.fromkeys(str(known_state(item)) for item in items(params.get(option)))) or default
    for state in chosen:
        if len(state) > MAX_STATE:
            raise OptionError(option, f"{printable(state, MAX_STATE)!r} is too long for a state")
    return chosen


def _fail_states(params: Mapping[str, Any]) -> Tuple[str, ...]:
    """The option ``fail_states``. An unknown state is refused: a misspelt one would let a failure pass as a job on its way."""
    chosen = _states("fail_states", params, FAILING_STATES)
    for state in chosen:
        if state not in REAL_TIME_STATES:
            raise OptionError("fail_states", f"{printable(state)!r} is not one of {', '.join(REAL_TIME_STATES)}")
    return chosen


def _wait_for(params: Mapping[str, Any], warn: Warn) -> Tuple[str, ...]:
    """The option ``wait_for``. An unknown state is taken with a warning: new clouds invent states, and a misspelt one never passes."""
    chosen = _states("wait_for", params, ("NORMAL",))
    for state in chosen:
        if state in FAILING_STATES:
            raise OptionError("wait_for", f"{state} is a failing state; a gate cannot wait for it")
        if state not in REAL_TIME_STATES:
            known = ", ".join(item for item in REAL_TIME_STATES if item not in FAILING_STATES)
            warn(
                f"wait_for: {printable(state)} is not a state of real-time jobs that this version knows ({known}). "
                "Jobs and nodes in it count as ready; if it is misspelt, the gate never passes."
            )
    return chosen


def require_records(value: Any) -> Tuple[bool, Tuple[str, ...]]:
    """The option ``require_records``: whether records must move, and in which nodes (shell patterns, none for any node).

    A truth value counts as one in every spelling, also as text or as the only item of a list. Everything else names nodes.

    :raises OptionError: it is neither.
    """
    option = "require_records"
    found = [part for part in value if part is not None] if isinstance(value, (list, tuple)) else [value]
    if not [part for part in found if text(part) is not None]:
        return False, ()
    if len(found) == 1 and is_truth(found[0]):
        return boolean(option, found[0]), ()
    for part in found:
        if not isinstance(part, str):
            raise OptionError(option, f"must be true, false or a list of node names, not {printable(part, 40)!r}")
    names = items(value)
    if len(names) == 1 and is_truth(names[0]):
        return boolean(option, names[0]), ()
    return True, tuple(check_line(option, name) for name in names)
