# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The gate's options: from module parameters to a checked policy and selection. No request is sent here."""

from __future__ import annotations

import re
import time
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Tuple

from .._errors import OptionError
from .._services.normalize import state as known_state
from .._services.readings import FAILING_STATES, REAL_TIME_STATES
from .._text import has_control, printable
from .._times import EPOCH_SECONDS, epoch_milliseconds
from .._values import boolean, is_truth, number, text, whole
from .kinds import DLI_KIND, FLINK_KIND, REAL_TIME_KIND, SPARK_KIND, Kind
from .policy import MIN_INTERVAL, MISSING_FAIL, MISSING_OK, MISSING_WAIT, DliQuery, Policy, Selection
from .runs.rule import MAX_RUN_DAYS, NodeRunRule

LONGEST_NAME = 128
MAX_STATE = 40  # characters; no state of the service is half as long
MISSING_CHOICES = (MISSING_FAIL, MISSING_WAIT, MISSING_OK)
MAX_TAG_KEY, MAX_TAG_VALUE = 128, 255  # characters, as the service allows
CANCEL_CHOICES = ("timeout", "stalled", "abort")
Warn = Callable[[str], None]
RETURN_CHOICES = ("auto", "all", "failing", "none")


def _ignore(warning: str) -> None:
    """Do nothing with a warning."""


def items(value: Any) -> List[str]:
    """A list option's items: trimmed, without empty ones. Surveys send one string with empty parts."""
    if value is None:
        return []
    parts = value if isinstance(value, (list, tuple)) else re.split(r"[,\n]", str(value))
    return [trimmed for trimmed in (str(part).strip() for part in parts if part is not None) if trimmed]


def check_name(option: str, name: str) -> str:
    """A job's name or ID as part of a URL. There is no check against an alphabet: names may be Chinese."""
    if name in (".", ".."):
        raise OptionError(option, f"{name!r} is not a name; it would change the path of the request")
    if "/" in name:
        raise OptionError(option, f"{printable(name, 60)!r} holds a slash; give the name alone, without a folder")
    if has_control(name):
        raise OptionError(option, f"{printable(name, 60)!r} holds a line break or another control character")
    if len(name) > LONGEST_NAME:
        raise OptionError(
            option, f"{printable(name, 60)!r} is {len(name)} characters long; names have {LONGEST_NAME} at most"
        )
    return name


def check_line(option: str, value: str) -> str:
    """Text that goes into a query: on one line."""
    if has_control(value):
        raise OptionError(option, "must not hold line breaks or other control characters")
    return value


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
    """Which real-time jobs are meant: one of job_names, tags and name_contains."""
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


def dli_selection(params: Mapping[str, Any]) -> Selection:
    """Which SQL jobs of DLI are meant: job_ids, or those that job_tags, queue and since describe."""
    names = tuple(check_name("job_ids", name) for name in items(params.get("job_ids")))
    query = _dli_query(params)
    asked = [option for option in ("job_tags", "queue", "since") if query.as_dict()[option]]
    if names and asked:
        problem = f"job_ids and {' and '.join(asked)} are given; give either job_ids or the others"
        raise OptionError("job_ids", problem)
    if not names and not asked:
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


def flink_selection(params: Mapping[str, Any]) -> Selection:
    """Which Flink jobs are meant: one of job_ids and names."""
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
    """Which Spark batches are meant."""
    ids = tuple(check_name("batch_ids", name) for name in items(params.get("batch_ids")))
    if not ids:
        raise OptionError("batch_ids", "no batch is given; give the ID of a Spark batch, or a list of them")
    return Selection(ids)


def cancel_on(params: Mapping[str, Any]) -> Tuple[str, ...]:
    """The option ``cancel_on``, each item once."""
    found = tuple(dict.fromkeys(item.lower() for item in items(params.get("cancel_on"))))
    for item in found:
        if item not in CANCEL_CHOICES:
            problem = f"{printable(item, 40)!r} is not one of {', '.join(CANCEL_CHOICES)}"
            raise OptionError("cancel_on", problem)
    return found


def common(params: Mapping[str, Any], once: bool) -> Dict[str, Any]:
    """The options that both kinds of gates have, as arguments of Policy."""

    def given(option: str, default: float) -> Any:
        return default if params.get(option) is None else params[option]

    wait = boolean("wait", given("wait", False))
    missing = text(params.get("missing")) or MISSING_FAIL
    if missing not in MISSING_CHOICES:
        raise OptionError("missing", f"must be one of {', '.join(MISSING_CHOICES)}")
    delay = number("wait_initial_delay", given("wait_initial_delay", 0))
    interval = number("wait_interval", given("wait_interval", 10), MIN_INTERVAL)
    timeout = number("wait_timeout", given("wait_timeout", 600))
    errors = whole("max_consecutive_errors", given("max_consecutive_errors", 5), 1)
    if wait and timeout and delay >= timeout:
        raise OptionError(
            "wait_initial_delay", f"{delay:g} s leave no time for an observation within a wait_timeout of {timeout:g} s"
        )
    return {
        "wait": wait,
        "once": once,
        "missing": missing,
        # One reading is all there is: what it cannot read is an error, not a try.
        "max_errors": errors if wait and not once else 1,
        "initial_delay": delay,
        "interval": interval,
        "timeout": timeout,
    }


def durations(params: Mapping[str, Any], given: Mapping[str, Any]) -> Dict[str, Any]:
    """The options ``exception_grace`` and ``stable_for``, as arguments of Policy. They have a meaning only for a gate that waits.

    :param given: what :func:`common` has returned.
    """
    found: Dict[str, Any] = {}
    for option in ("exception_grace", "stable_for"):
        seconds = number(option, params.get(option) or 0)
        if given["wait"] and seconds > given["timeout"]:
            raise OptionError(option, f"{seconds:g} s do not fit into a wait_timeout of {given['timeout']:g} s")
        found[option] = seconds if given["wait"] else 0.0
    return found


def policy(params: Mapping[str, Any], once: bool = False, warn: Warn = _ignore) -> Policy:
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
        node_runs=_node_runs(params, _started_after(params)) if wait else None,
        **_tolerance(params, given),
        **given,
    )


def _tolerance(params: Mapping[str, Any], given: Mapping[str, Any]) -> Dict[str, Any]:
    """The options that say which failures a gate tolerates and for how long jobs must be ready, as arguments of Policy.

    :param given: what :func:`common` has returned.
    """
    wait, fail, started_after = given["wait"], params.get("fail_on_exception"), _started_after(params)
    return {
        "fatal": wait if fail is None else boolean("fail_on_exception", fail),
        "max_failing": whole("max_failing", params.get("max_failing") or 0),
        "started_after": started_after if wait else None,
        **durations(params, given),
    }


def _started_after(params: Mapping[str, Any]) -> Optional[int]:
    after = params.get("started_after")
    found = None if text(after) is None else whole("started_after", after)
    if found is not None and found in EPOCH_SECONDS:
        problem = f"{found} looks like seconds, and every job was started after that; give milliseconds"
        raise OptionError("started_after", f"{problem} ({found}000)")
    return found


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


def flink_policy(params: Mapping[str, Any], once: bool = False, warn: Warn = _ignore) -> Policy:
    """The gate for Flink jobs."""
    return _job_policy(FLINK_KIND, params, once, warn)


def spark_policy(params: Mapping[str, Any], once: bool = False, warn: Warn = _ignore) -> Policy:
    """The gate for Spark batches."""
    return _job_policy(SPARK_KIND, params, once, warn)


def _job_policy(kind: Kind, params: Mapping[str, Any], once: bool, warn: Warn) -> Policy:
    """The gate for jobs without nodes. An end that wait_for does not name is a failure: the job does not become ready any more."""
    given = common(params, once)
    ready = _states_to_wait_for(kind, params, warn)
    return Policy(
        kind=kind,
        ready=ready,
        failing=kind.failing | (kind.ends - ready),
        check_nodes=False,
        **_tolerance(params, given),
        **given,
    )


def _states_to_wait_for(kind: Kind, params: Mapping[str, Any], warn: Warn) -> FrozenSet[str]:
    """The option ``wait_for``, without regard to case. An unknown state is taken with a warning."""
    chosen = frozenset(item.lower() for item in items(params.get("wait_for"))) or kind.ready
    for state in sorted(chosen):
        if len(state) > MAX_STATE:
            raise OptionError("wait_for", f"{printable(state, MAX_STATE)!r} is too long for a state")
        if state in kind.failing:
            raise OptionError("wait_for", f"{state} is a failing state; a gate cannot wait for it")
        if state not in kind.known:
            known = ", ".join(sorted(kind.known - kind.failing))
            warn(
                f"wait_for: {printable(state)} is not a state of a {kind.noun} that this version knows ({known}). "
                "Jobs in it count as ready; if it is misspelt, the gate never passes."
            )
    return chosen


def _states(option: str, params: Mapping[str, Any], default: Tuple[str, ...]) -> Tuple[str, ...]:
    """States under the names that readings have, each once; those that no version knows as they were given."""
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


def slices(params: Mapping[str, Any]) -> Tuple[float, Optional[str]]:
    """The options ``slice_timeout`` and ``resume``."""
    return number("slice_timeout", params.get("slice_timeout") or 0), text(params.get("resume"))


def return_jobs(params: Mapping[str, Any]) -> str:
    """The option ``return_jobs``."""
    value = text(params.get("return_jobs")) or "auto"
    if value not in RETURN_CHOICES:
        raise OptionError("return_jobs", f"must be one of {', '.join(RETURN_CHOICES)}")
    return value
