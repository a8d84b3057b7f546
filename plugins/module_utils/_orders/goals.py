# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Which orders bring a job into the wanted state, as a table over states. Pure."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from .._states import RESTING_STATES, RUNNING_STATES

# The goals of a task.
STARTED = "started"
STOPPED = "stopped"
RESTARTED = "restarted"
RUN = "run"
RESTORED = "restored"
GOALS = (STARTED, STOPPED, RESTARTED, RUN, RESTORED)

# What is ordered.
START = "start"
STOP = "stop"
RUN_IMMEDIATE = "run-immediate"

STOPPING = "STOPPING"
_AT_REST, _RUNS, _LEAVES = "at rest", "runs", "leaves"  # any other state: failing, specially paused, unknown
_STEPS = {
    (STARTED, _AT_REST): (START,),
    (STARTED, _RUNS): (),
    (STARTED, _LEAVES): (START,),
    (STOPPED, _AT_REST): (),
    (STOPPED, _RUNS): (STOP,),
    (STOPPED, _LEAVES): (),
    (RESTARTED, _AT_REST): (START,),
    (RESTARTED, _RUNS): (STOP, START),
    (RESTARTED, _LEAVES): (START,),
}
_OTHERWISE = {STARTED: (START,), STOPPED: (STOP,), RESTARTED: (STOP, START)}


def steps(goal: str, state: Optional[str]) -> Tuple[str, ...]:
    """The orders for a job in a state, in turn; none where the state is right already, or on its way.

    A start is sent to a job that is STOPPING only once it has stopped. A job in a failing, unknown or missing state is ordered as well:
    the service knows better whether that is possible.
    """
    if goal == RUN:
        return (RUN_IMMEDIATE,)
    wanted = STARTED if goal == RESTORED else goal
    return _STEPS.get((wanted, _phase(state)), _OTHERWISE[wanted])


def is_reached(order: str, state: Optional[str]) -> bool:
    """Whether a job is in the state that an order leads to, or on its way to it."""
    if order == START:
        return state in RUNNING_STATES
    return order == STOP and (state in RESTING_STATES or state == STOPPING)


def describe(orders: List[Tuple[str, str]]) -> str:
    """Orders, each with the name of its job, as text: ``stop of a, b; start of c``."""
    found: Dict[str, List[str]] = {}
    for order, name in orders:
        found.setdefault(order, []).append(name)
    return "; ".join(f"{order} of {_names(names)}" for order, names in found.items())


MAX_NAMED = 10


def _names(names: List[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def _phase(state: Optional[str]) -> str:
    if state in RESTING_STATES:
        return _AT_REST
    if state in RUNNING_STATES:
        return _RUNS
    return _LEAVES if state == STOPPING else "other"
