# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of the runs, their order and concurrency, and the computed figures."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from . import arithmetic, contenders
from .clouds import Clouds
from .contenders import Contender
from .measure import ARITHMETIC, EXTRAPOLATED, MAX_RUN_TIME, Figures, run, together
from .scenarios import BECOMING, LAST, LATENCY, QUOTA, READY

MAX_LANES: Final = 8
"""Concurrent runs that mostly wait."""
MAX_LANES_AT_QUOTA: Final = 4
"""Concurrent runs that are limited by the quota. With more of them, an emulator that has to wait for a core for a tenth of a second would
see more requests in a second than were sent in one."""
MAX_LANES_COMPUTING: Final = 2
"""Concurrent runs that compute all the time, each with its emulator."""

SMALL: Final = (1, 10, 100)
SIZES: Final = (1, 10, 100, 1000, 10000)
EXTRA: Final = 2000
"""An additional size, for a target."""


class Run(NamedTuple):
    """One planned run; `weight` is its approximate duration, used only for the order."""

    contender: Contender
    jobs: int
    scenario: str
    last: float = 0.0
    virtual: bool = False
    weight: float = 0.0


class Part(NamedTuple):
    """A group of runs, with its concurrency."""

    title: str
    lanes: int
    runs: Sequence[Run]


def full() -> list[Part]:
    """The complete benchmark."""
    tasks = (contenders.JOBS, contenders.NODES, contenders.JOBS_FAST, contenders.NODES_FAST)
    alone: list[Run] = []
    for turn in range(2):
        for jobs in SMALL:
            chosen = [*tasks, contenders.MODULE_JOBS, contenders.MODULE_NODES, contenders.SDK]
            chosen += [contenders.EMPTY] if jobs == 1 else []
            chosen += [contenders.URI] if jobs < 100 or turn else []
            # In alternating order, so that a machine whose speed drifts favours none of them.
            alone += [Run(each, jobs, READY) for each in chosen[:: -1 if turn else 1]]
    listed = {1000: (contenders.JOBS, contenders.JOBS_FAST, contenders.MODULE_JOBS), EXTRA: (contenders.JOBS,)}
    listed[10000] = listed[1000]
    large = [Run(each, jobs, READY) for jobs, chosen in listed.items() for each in chosen]
    large += [Run(contenders.JOBS, jobs, READY) for jobs in listed]
    # A loop that computes all the time would be slowed down by other processes.
    large.append(Run(contenders.URI, 100, BECOMING, LAST[1]))
    paced = [Run(each, 1000, BECOMING, 15.0) for each in (contenders.NODES, contenders.NODES_FAST)]
    paced += [
        Run(each, 1000, READY)
        for each in (contenders.MODULE_NODES, contenders.SDK, contenders.NODES, contenders.NODES_FAST)
    ]
    return [
        Part("ready, one after the other", 1, alone),
        Part("many jobs, one after the other", 1, large),
        Part("held up by the quota", MAX_LANES_AT_QUOTA, paced),
        Part("becoming ready", MAX_LANES, _by_weight(_becoming(SMALL, LAST) + _becoming_large())),
        Part("with the clock that skips the waiting", MAX_LANES_COMPUTING, _virtual(SIZES, 10000)),
    ]


def _becoming(sizes: Sequence[int], moments: Sequence[float]) -> list[Run]:
    middle = moments[len(moments) // 2]
    runs = []
    for jobs in sizes:
        chosen = (contenders.JOBS, contenders.NODES, contenders.SDK, *((contenders.URI,) if jobs < 100 else ()))
        runs += [Run(each, jobs, BECOMING, last, weight=jobs) for each in chosen for last in moments]
        runs += [Run(each, jobs, BECOMING, middle) for each in (contenders.JOBS_FAST, contenders.NODES_FAST)]
    return runs


def _becoming_large() -> list[Run]:
    runs = [Run(contenders.SDK, 1000, BECOMING, 15.0, weight=60)]
    runs += [Run(contenders.JOBS, 1000, BECOMING, last) for last in LAST] + [
        Run(contenders.JOBS_FAST, 1000, BECOMING, 15.0)
    ]
    runs += [Run(each, 10000, BECOMING, 15.0) for each in (contenders.JOBS, contenders.JOBS_FAST)]
    return runs


def _virtual(sizes: Sequence[int], largest: int) -> list[Run]:
    sensors = [Run(contenders.SENSORS, jobs, READY, weight=jobs) for jobs in sizes]
    sensors += [
        Run(contenders.SENSORS, jobs, BECOMING, last, weight=jobs)
        for jobs in sizes
        for last in (LAST if jobs <= 100 else LAST[1:2])
    ]
    gates = [Run(each, largest, READY, virtual=True) for each in (contenders.NODES, contenders.NODES_FAST)]
    gates.append(Run(contenders.NODES_FAST, largest, BECOMING, LAST[1], virtual=True))
    return _by_weight(sensors) + gates


def _by_weight(runs: Iterable[Run]) -> list[Run]:
    """The longest first, so that all lanes end at about the same time."""
    return sorted(runs, key=lambda each: -each.weight)


def quick() -> list[Part]:
    """Small sizes, to check that everything runs."""
    alone = [
        Run(each, jobs, READY)
        for jobs in (1, 10)
        for each in (
            contenders.JOBS,
            contenders.NODES,
            contenders.NODES_FAST,
            contenders.MODULE_JOBS,
            contenders.SDK,
            contenders.URI,
            contenders.EMPTY,
        )
        if each is not contenders.EMPTY or jobs == 1
    ]
    large = [Run(contenders.JOBS, EXTRA, READY), Run(contenders.JOBS, 10000, READY)]
    return [
        Part("ready, one after the other", 1, alone),
        Part("ready, by the list alone", 1, large),
        Part("becoming ready", MAX_LANES, _becoming((1,), LAST[:1])),
        Part("with the clock that skips the waiting", MAX_LANES_COMPUTING, _virtual((1, 10, 100), 1000)),
    ]


def measure(parts: Sequence[Part], clouds: Clouds, seconds: float, say: Callable[[str], None]) -> list[Figures]:
    """Make all runs; equal runs become one. A run that is not made within the time limit is a problem."""
    begun = time.monotonic()
    lock = threading.Lock()
    found: dict[tuple[str, int, str], list[Figures]] = {}

    def one(each: Run) -> None:
        left = begun + seconds - time.monotonic()
        longest = min(MAX_RUN_TIME, left)
        figures = run(clouds, each.contender, each.jobs, each.scenario, each.last, each.virtual, longest)
        with lock:
            found.setdefault((each.contender.key, each.jobs, each.scenario), []).append(figures)
            say(f"{time.monotonic() - begun:5.0f} s  {_line(figures)}")

    for part in parts:
        say(f"{time.monotonic() - begun:5.0f} s  {part.title}: {len(part.runs)} runs, {part.lanes} at once")
        with ThreadPoolExecutor(part.lanes) as pool:
            for future in [pool.submit(one, each) for each in part.runs]:
                future.result()
    return [together(runs) for runs in found.values()]


def _line(figures: Figures) -> str:
    text = f"{figures.contender}, {figures.jobs} jobs, {figures.scenario}: "
    if figures.wall is not None:
        text += f"{figures.wall:.1f} s, {figures.requests:.0f} requests"
    if figures.delay is not None:
        text += f", {figures.delay:.1f} s after the last change"
    return text + (f"  PROBLEM: {figures.problem}" if figures.problem else "")


class Results:
    """Figures by contender, number of jobs and scenario."""

    def __init__(self, figures: Iterable[Figures]) -> None:
        self.all = list(figures)
        self._by_key = {(each.contender, each.jobs, each.scenario): each for each in self.all}

    def get(self, contender: Contender, jobs: int, scenario: str = READY) -> Figures | None:
        """The figures of a contender, or None."""
        return self._by_key.get((contender.key, jobs, scenario))

    def sound(self, contender: Contender, jobs: int, scenario: str = READY) -> Figures | None:
        """The same, None if the run has a problem."""
        found = self.get(contender, jobs, scenario)
        return found if found is not None and found.problem is None else None

    def add(self, figures: Figures) -> None:
        """Add figures."""
        self.all.append(figures)
        self._by_key[figures.contender, figures.jobs, figures.scenario] = figures

    @property
    def sizes(self) -> list[int]:
        """The numbers of jobs, without the extra one."""
        return sorted({each.jobs for each in self.all} - {EXTRA})

    @property
    def start(self) -> float | None:
        """Seconds that Ansible takes to start and end."""
        empty = self.sound(contenders.EMPTY, 1)
        return None if empty is None else empty.wall


def compute(results: Results) -> None:
    """Add the floor, and what is extrapolated from smaller sizes."""
    start = results.start
    for jobs in [*results.sizes, EXTRA]:
        for floor in (contenders.FLOOR_JOBS, contenders.FLOOR_NODES):
            requests = arithmetic.floor_requests(jobs, floor.nodes, QUOTA)
            wall = None if start is None else arithmetic.floor_seconds(requests, QUOTA, LATENCY, start)
            task = arithmetic.floor_seconds(requests, QUOTA, LATENCY, 0.0)
            results.add(Figures(floor.key, jobs, READY, ARITHMETIC, wall=wall, task=task, requests=requests))
    for contender, measured in ((contenders.URI, (10, 100)), (contenders.SDK, (100, 1000))):
        known = [results.sound(contender, jobs) for jobs in measured]
        if None in known:
            continue
        for jobs in results.sizes:
            if jobs > measured[-1]:
                _extrapolate(results, contender, [each for each in known if each is not None], jobs)


def _extrapolate(results: Results, contender: Contender, known: Sequence[Figures], jobs: int) -> None:
    def at(name: str) -> float | None:
        points = {each.jobs: getattr(each, name) for each in known}
        return None if None in points.values() else arithmetic.extrapolate(points, jobs)

    wall, cpu = at("wall"), at("cpu")
    results.add(Figures(contender.key, jobs, READY, EXTRAPOLATED, wall=wall, cpu=cpu, requests=jobs, runs=0))
    if wall is not None and wall > max(LAST):
        # The last job becomes ready early in the loop, so the loop takes as long as with ready jobs.
        last = LAST[1]
        results.add(Figures(contender.key, jobs, BECOMING, EXTRAPOLATED, wall=wall, cpu=cpu, delay=wall - last, runs=0))


def progress(text: str) -> None:
    """A line about the progress."""
    print(text, file=sys.stderr, flush=True)
