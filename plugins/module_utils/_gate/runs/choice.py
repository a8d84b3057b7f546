# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Which run of a job counts, and its state. Pure functions over normalised instances."""

from __future__ import annotations

from typing import Any, Collection, Dict, List, Optional, Tuple

from ..._states import NO_RUN
from ..policy import Policy
from .rule import RunRule, RunWindow

Instance = Dict[str, Any]
_MISSING, _LATEST = float("-inf"), float("inf")


def planned_at(instance: Instance) -> Optional[int]:
    """The planned time in epoch milliseconds; where the service gives none, when the run was submitted or began."""
    for name in ("plan_time", "submit_time", "start_time"):
        time = instance.get(name)
        if isinstance(time, int) and time > 0:
            return time
    return None


def rank(instance: Instance) -> Tuple[float, float, float]:
    """The place of a run in the order of time: planned, then submitted, then by its ID. A run without any time may be the latest."""
    planned = planned_at(instance)
    submitted, number = instance.get("submit_time"), instance.get("instance_id")
    return (
        _LATEST if planned is None else planned,
        submitted if isinstance(submitted, int) else _MISSING,
        number if isinstance(number, int) else _MISSING,
    )


def counting(
    instances: Collection[Instance], rule: RunRule, window: RunWindow, ready: Collection[str]
) -> List[Instance]:
    """The runs that count, the latest first. A run without a type counts as a scheduled one.

    :param ready: the states in which a run is ready.
    """
    found = [item for item in instances if _counts(item, rule, window, ready)]
    return sorted(found, key=rank, reverse=True)


def _counts(instance: Instance, rule: RunRule, window: RunWindow, ready: Collection[str]) -> bool:
    planned = planned_at(instance)
    kind = instance.get("instance_type")
    if (0 if kind is None else kind) not in rule.types:
        return False
    if planned is None:
        # It may be any run: one that has failed may be the latest, and one that has succeeded may be an old one.
        return instance["status"] not in ready
    return window.begin <= planned <= window.end


def choose(runs: List[Instance], rule: RunRule, policy: Policy, window: RunWindow) -> Instance:
    """The run that decides, with ``run``, the words for it; without one, the state NO_RUN.

    Of all runs a failing one decides, then one that is not ready, then the latest.

    :param runs: those that count, the latest first.
    """
    if rule.has_all or rule.ids:
        chosen = _worst(runs, policy)
    else:
        chosen = runs[0] if runs else None
    if chosen is None or (len(runs) < rule.least and chosen["status"] in policy.ready):
        return {
            "status": NO_RUN,
            "instance_id": None,
            "nodes": [],
            "run": _none(len(runs), rule, window),
            "instances": runs,
        }
    return {**chosen, "run": _words(chosen, len(runs), rule, window), "instances": runs}


def _worst(runs: List[Instance], policy: Policy) -> Optional[Instance]:
    failing = [item for item in runs if item["status"] in policy.failing]
    waiting = [item for item in runs if item["status"] not in policy.ready]
    return next(iter(failing or waiting or runs), None)


def _words(chosen: Instance, count: int, rule: RunRule, window: RunWindow) -> str:
    """Which run it is: ``the run planned for 2026-11-28 02:00 +08:00, the newest since 12 h ago``."""
    planned = planned_at(chosen)
    when = "without a planned time" if planned is None else f"planned for {window.shown(planned)}"
    if rule.ids:
        return f"the run {chosen.get('instance_id')} {when}"
    if rule.has_all:
        return f"the run {when}, one of {count} since {window.since}"
    return f"the run {when}, the newest since {window.since}"


def _none(count: int, rule: RunRule, window: RunWindow) -> str:
    until = "" if rule.until is None else f" until {window.shown(window.end)}"
    if count:
        return f"{count} of {rule.least} runs since {window.since}{until}"
    return f"no run since {window.since}{until}"
