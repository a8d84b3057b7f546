# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The targets of the benchmark, and whether they were reached."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from . import contenders
from .arithmetic import floor_requests, ratio
from .measure import Figures
from .pairs import MAX_MODULE_RATIO, MAX_ROLE_RATIO
from .plan import EXTRA, Results
from .scenarios import BECOMING, QUOTA

REACHED: Final = "reached"
MISSED: Final = "missed"
UNKNOWN: Final = "not measured"


class Target(NamedTuple):
    """A target and its outcome.

    :ivar outcome: REACHED, MISSED or UNKNOWN.
    :ivar found: the figures behind it.
    """

    what: str
    outcome: str
    found: str


def _target(what: str, value: float | None, bound: float, text: str, least: bool = False) -> Target:
    if value is None:
        return Target(what, UNKNOWN, "")
    good = value >= bound if least else value <= bound
    return Target(what, REACHED if good else MISSED, text.format(value))


def _of(figures: Figures | None, name: str) -> float | None:
    value: float | None = None if figures is None else getattr(figures, name)
    return value


def targets(results: Results, pair: dict[str, Any] | None, long_gate: dict[str, Any] | None = None) -> list[Target]:
    """All targets with their outcomes."""
    found = [*_list_alone(results), *_nodes(results), *_ratios(results), *_delays(results), _throttled(results)]
    found.append(
        _target(
            f"one job, one task: at most {MAX_MODULE_RATIO} of uri's time",
            None if pair is None else pair["ratio"],
            MAX_MODULE_RATIO,
            "{:.2f}",
        )
    )
    found.append(
        _target(
            f"one gate of the role: at most {MAX_ROLE_RATIO} of the module's time",
            None if pair is None else pair["role"]["ratio"],
            MAX_ROLE_RATIO,
            "{:.2f}",
        )
    )
    minutes = 10.0 if long_gate is None else long_gate["seconds"] / 60
    for what in ("token", "connection"):
        value = None if long_gate is None else long_gate[f"{what}s"]
        found.append(_target(f"a gate of the role that waits for {minutes:.2g} minutes: 1 {what}", value, 1, "{:.0f}"))
    return found


def _list_alone(results: Results) -> list[Target]:
    two, ten = results.sound(contenders.JOBS, EXTRA), results.sound(contenders.JOBS, 10000)
    return [
        _target("2,000 jobs by the list: at most 22 requests", _of(two, "requests"), 22, "{:.0f}"),
        _target("2,000 jobs by the list: at most 2.5 s inside the gate", _of(two, "task"), 2.5, "{:.2f} s"),
        _target("10,000 jobs by the list: less than 300 MB", _of(ten, "memory"), 300, "{:.0f} MiB"),
        _target("10,000 jobs by the list: less than 5 s of CPU", _of(ten, "cpu"), 5, "{:.1f} s"),
    ]


def _nodes(results: Results) -> list[Target]:
    ours, floor = results.sound(contenders.NODES_FAST, 1000), results.get(contenders.FLOOR_NODES, 1000)
    requests = ratio(_of(ours, "requests"), float(floor_requests(1000, True, QUOTA)))
    wall = ratio(_of(ours, "wall"), _of(floor, "wall"))
    return [
        _target("1,000 jobs with nodes at 28/s: at most 1.15 x the floor's requests", requests, 1.15, "{:.2f} x"),
        _target("1,000 jobs with nodes at 28/s: at most 1.3 x the floor's time", wall, 1.3, "{:.2f} x"),
    ]


def _ratios(results: Results) -> list[Target]:
    uri = results.sound(contenders.URI, 100)
    found = []
    for ours, bound, how in ((contenders.NODES, 8, "with nodes"), (contenders.JOBS, 25, "by the list")):
        mine = results.sound(ours, 100)
        value = ratio(_of(uri, "wall"), _of(mine, "wall"))
        found.append(
            _target(
                f"100 ready jobs {how}, default ceiling: at least {bound} x faster than uri",
                value,
                bound,
                "{:.1f} x",
                least=True,
            )
        )
    return found


def _delays(results: Results) -> list[Target]:
    found = []
    for jobs in results.sizes:
        what = f"{jobs:,} {'job' if jobs == 1 else 'jobs'}: a verdict within 11 s of the last change, and the remaining readings"
        ran = [each for each in results.all if _ours(each) and each.scenario == BECOMING and each.jobs == jobs]
        if not ran:
            continue
        failed = [each for each in ran if each.problem or each.allowed is None or "latest" not in each.extra]
        if failed:
            text = f"{failed[0].contender}: {failed[0].problem or 'no delay measured'}"
            found.append(Target(what, MISSED, text))
            continue
        worst = max(ran, key=lambda each: each.extra["latest"] - (each.allowed or 0.0))
        good = worst.extra["latest"] <= (worst.allowed or 0.0)
        text = f"{worst.contender}: {worst.extra['latest']:.1f} s of {worst.allowed:.1f} s"
        found.append(Target(what, REACHED if good else MISSED, text))
    return found


def _throttled(results: Results) -> Target:
    what = "no 429 at the default ceiling or at 28/s"
    ran = [each for each in results.all if _ours(each) and each.requests is not None]
    if not ran:
        return Target(what, UNKNOWN, "")
    count = sum(each.throttled or 0 for each in ran)
    busiest = max((each.busiest or 0 for each in ran), default=0)
    text = f"{count:.0f} in {sum(each.runs for each in ran)} runs, at most {busiest:.0f} requests in a second"
    return Target(what, REACHED if not count else MISSED, text)


def _ours(figures: Figures) -> bool:
    return contenders.BY_KEY[figures.contender].ours
