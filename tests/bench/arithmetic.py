# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Figures that are computed and not measured: the floor, extrapolations, ratios, and how late a verdict may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

PAGE = 100
"""Jobs on a page of the list."""
MAX_SPREAD = 1.0
"""Maximum seconds between readings that count as one observation."""


def pages(jobs: int) -> int:
    """Requests for the list of the given number of jobs."""
    return -(-jobs // PAGE)


def floor_requests(jobs: int, nodes: bool, quota: float) -> int:
    """The fewest requests that can show all jobs ready together.

    Without nodes that is the list. With nodes it is a status call for each job, and the list besides where those calls
    cannot be sent within a second, because only the list then shows all jobs at about the same time.
    """
    if not nodes:
        return pages(jobs)
    return jobs if jobs / quota <= MAX_SPREAD else jobs + pages(jobs)


def floor_seconds(requests: int, quota: float, latency: float, start: float) -> float:
    """Seconds for the given number of requests, evenly spaced at the quota, plus *start*, the time before the first."""
    return start + (requests - 1) / quota + latency


def paced_seconds(jobs: int, rate: float, list_every: float) -> float:
    """Seconds for a status call for each job at a rate limit that repeated readings of the list share.

    :param list_every: seconds from one reading of the list to the next.
    """
    return jobs / max(rate / 10, rate - pages(jobs) / list_every)


def extrapolate(points: Mapping[int, float], at: int) -> float:
    """The value at *at* on the straight line through the two largest of *points* (jobs -> value)."""
    if len(points) < 2:
        raise ValueError("a line needs two points")
    first, second = sorted(points)[-2:]
    slope = (points[second] - points[first]) / (second - first)
    return points[second] + slope * (at - second)


def middle(values: Iterable[float | None]) -> float | None:
    """The median of the measured values; None without any."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def ratio(theirs: float | None, ours: float | None) -> float | None:
    """*theirs* divided by *ours*; None if either is unknown."""
    return None if theirs is None or not ours else theirs / ours


def ready_times(jobs: int, last: float, spread: float) -> list[float]:
    """When each job becomes ready, in seconds: evenly over *spread* seconds, the last one at *last*."""
    if jobs == 1:
        return [last]
    return [last - spread + spread * number / (jobs - 1) for number in range(jobs)]


def count_unread(readings: Sequence[tuple[int, float]], ready: Sequence[float], last: float) -> int:
    """The number of jobs whose nodes were not read between the job's becoming ready and *last*.

    :param readings: number of the job and seconds of each status call, on the clock of *ready*.
    :param ready: when each job became ready.
    """
    seen = {job for job, at in readings if ready[job] <= at <= last}
    return len(ready) - len(seen)


def allowed_delay(interval: float, unread: int, rate: float) -> float:
    """Maximum seconds from the last change to the verdict."""
    return interval + 1.0 + unread / rate
