# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.


"""The options of all gates: their specification, and their values as arguments of Policy."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Mapping, Optional, Tuple

from ..._errors import OptionError
from ..._text import printable
from ..._times import EPOCH_SECONDS, refuse_date
from ..._values import boolean, number, text, whole
from ..kinds import Kind
from ..policy import MIN_INTERVAL, MISSING_FAIL, MISSING_OK, MISSING_WAIT, Policy
from .values import MAX_STATE, Spec, Warn, items

MISSING_CHOICES = (MISSING_FAIL, MISSING_WAIT, MISSING_OK)
RETURN_CHOICES = ("auto", "all", "failing", "none")
# Options of all gates.
GATE: Spec = {
    "wait": {"type": "bool", "default": False},
    "wait_initial_delay": {"type": "float", "default": 0},
    "wait_interval": {"type": "float", "default": 10},
    "wait_timeout": {"type": "float", "default": 600},
    "missing": {"type": "str", "choices": list(MISSING_CHOICES), "default": "fail"},
    "max_consecutive_errors": {"type": "int", "default": 5},
    "progress": {"type": "bool", "default": True},
    "slice_timeout": {"type": "float", "default": 0},
    "resume": {"type": "str"},
    "return_jobs": {"type": "str", "choices": list(RETURN_CHOICES), "default": "auto"},
}


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


def tolerance(params: Mapping[str, Any], given: Mapping[str, Any]) -> Dict[str, Any]:
    """The options that say which failures a gate tolerates and for how long jobs must be ready, as arguments of Policy.

    :param given: what :func:`common` has returned.
    """
    wait, fail, after = given["wait"], params.get("fail_on_exception"), started_after(params)
    return {
        "fatal": wait if fail is None else boolean("fail_on_exception", fail),
        "max_failing": whole("max_failing", params.get("max_failing") or 0),
        "started_after": after if wait else None,
        **durations(params, given),
    }


def started_after(params: Mapping[str, Any]) -> Optional[int]:
    """The option ``started_after``, in epoch milliseconds."""
    after = params.get("started_after")
    found = None if text(after) is None else whole("started_after", after)
    if found is not None and found in EPOCH_SECONDS:
        problem = f"{found} looks like seconds, and every job was started after that; give milliseconds"
        raise OptionError("started_after", f"{problem} ({found}000)")
    if found is not None:
        refuse_date("started_after", found, "epoch milliseconds")
    return found


def slices(params: Mapping[str, Any]) -> Tuple[float, Optional[str]]:
    """The options ``slice_timeout`` and ``resume``."""
    return number("slice_timeout", params.get("slice_timeout") or 0), text(params.get("resume"))


def return_jobs(params: Mapping[str, Any]) -> str:
    """The option ``return_jobs``."""
    value = text(params.get("return_jobs")) or "auto"
    if value not in RETURN_CHOICES:
        raise OptionError("return_jobs", f"must be one of {', '.join(RETURN_CHOICES)}")
    return value


def job_policy(kind: Kind, params: Mapping[str, Any], once: bool, warn: Warn) -> Policy:
    """The gate for jobs without nodes. A final state that wait_for does not name is a failure: the job cannot become ready."""
    given = common(params, once)
    ready = _states_to_wait_for(kind, params, warn)
    return Policy(
        kind=kind,
        ready=ready,
        failing=kind.failing | (kind.ends - ready),
        check_nodes=False,
        **tolerance(params, given),
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
