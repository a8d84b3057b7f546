# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmark's arithmetic, tables and targets."""

from __future__ import annotations

import pytest

from tests.bench import arithmetic, contenders, docs, plan, tables
from tests.bench.clouds import BenchError
from tests.bench.measure import EXTRAPOLATED, Figures, together
from tests.bench.plot import apart
from tests.bench.scenarios import BECOMING, LAST, READY
from tests.bench.targets import MISSED, REACHED, UNKNOWN, targets


@pytest.mark.parametrize(
    ("jobs", "nodes", "requests"),
    [
        (1, False, 1),
        (100, False, 1),
        (101, False, 2),
        (10000, False, 100),
        (1, True, 1),
        (30, True, 30),
        (31, True, 32),
        (1000, True, 1010),
    ],
)
def test_floor_is_the_fewest_requests(jobs: int, nodes: bool, requests: int) -> None:
    assert arithmetic.floor_requests(jobs, nodes, 30) == requests


def test_floor_seconds_follow_the_quota() -> None:
    assert arithmetic.floor_seconds(1, 30, 0.05, 0.7) == pytest.approx(0.75)
    assert arithmetic.floor_seconds(31, 30, 0.05, 0.0) == pytest.approx(1.05)


def test_repeated_list_readings_take_their_share_of_the_rate() -> None:
    assert arithmetic.paced_seconds(10000, 20.0, 10.0) == pytest.approx(1000.0)
    assert arithmetic.paced_seconds(10000, 28.0, 10.0) == pytest.approx(10000 / 18)
    assert arithmetic.paced_seconds(40000, 20.0, 10.0) == pytest.approx(20000.0)


def test_extrapolation_uses_the_two_largest_sizes() -> None:
    assert arithmetic.extrapolate({1: 50.0, 10: 6.0, 100: 51.0}, 1000) == pytest.approx(501.0)
    with pytest.raises(ValueError):
        arithmetic.extrapolate({1: 1.0}, 10)


def test_median_and_ratio_ignore_missing_values() -> None:
    assert arithmetic.middle([3.0, None, 1.0, 2.0]) == 2.0
    assert arithmetic.middle([None]) is None
    assert arithmetic.ratio(6.0, 2.0) == 3.0
    assert arithmetic.ratio(6.0, None) is None
    assert arithmetic.ratio(6.0, 0.0) is None


def test_missing_readings_are_counted() -> None:
    ready = arithmetic.ready_times(3, 12.0, 8.0)
    assert ready == [4.0, 8.0, 12.0]
    assert arithmetic.ready_times(1, 12.0, 8.0) == [12.0]
    # The first job was read too early, the second in time, the third too late.
    assert arithmetic.count_unread([(0, 3.0), (1, 9.0), (2, 13.0)], ready, 12.0) == 2
    assert arithmetic.allowed_delay(10.0, 40, 20.0) == 13.0


def test_several_runs_become_their_medians() -> None:
    runs = [
        Figures("jobs@20", 1, BECOMING, wall=wall, delay=delay, allowed=11.0, throttled=throttled, verdict="PASS")
        for wall, delay, throttled in ((20.0, 3.0, 0), (22.0, 9.0, 1), (21.0, 5.0, 0))
    ]
    merged = together(runs)
    assert (merged.wall, merged.delay, merged.throttled, merged.runs) == (21.0, 5.0, 1, 3)
    assert merged.extra == {"latest": 9.0, "delays": [3.0, 9.0, 5.0]}
    assert together([*runs, Figures("jobs@20", 1, BECOMING, problem="broken")]).problem == "broken"


def sample() -> plan.Results:
    """A few figures, as if measured."""
    figures = [
        Figures("empty", 1, READY, wall=0.7, verdict="PASS"),
        Figures("uri", 10, READY, wall=6.0, cpu=5.0, requests=10, throttled=0),
        Figures("uri", 100, READY, wall=60.0, cpu=50.0, requests=100, throttled=0),
        Figures("nodes@20", 100, READY, wall=6.0, cpu=1.5, requests=101, throttled=0),
        Figures("jobs@20", 100, READY, wall=1.0, cpu=1.0, requests=1, throttled=0),
        Figures("jobs@20", 1000, READY, wall=1.5, cpu=1.0, requests=10, throttled=0),
    ]
    results = plan.Results(figures)
    plan.compute(results)
    return results


def test_computed_figures_are_marked() -> None:
    results = sample()
    uri = results.get(contenders.URI, 1000)
    assert uri is not None
    assert (uri.how, uri.wall, uri.requests) == (EXTRAPOLATED, 600.0, 1000)
    late = results.get(contenders.URI, 1000, BECOMING)
    assert late is not None
    assert late.delay == 600.0 - LAST[1]
    floor = results.get(contenders.FLOOR_JOBS, 1000)
    assert floor is not None
    assert floor.wall == pytest.approx(0.7 + 9 / 30 + 0.05)
    text = tables.plain(tables.ready(results)[0])
    assert "≈ 600" in text


LONG_GATE = {"seconds": 600.0, "requests": 65, "tokens": 1, "connections": 2}


def test_targets_show_their_figures() -> None:
    found = {each.what: each for each in targets(sample(), {"ratio": 1.2, "role": {"ratio": 1.25}}, LONG_GATE)}
    outcomes = [each.outcome for each in found.values() if "faster than uri" in each.what]
    assert outcomes == [REACHED, REACHED]
    assert found["one job, one task: at most 1.05 of uri's time"].outcome == MISSED
    assert found["one gate of the role: at most 1.3 of the module's time"].outcome == REACHED
    assert found["2,000 jobs by the list: at most 22 requests"].outcome == UNKNOWN
    assert found["a gate of the role that waits for 10 minutes: 1 token"].outcome == REACHED
    assert found["a gate of the role that waits for 10 minutes: 1 connection"].outcome == MISSED
    assert "not measured" in [each.outcome for each in targets(sample(), None) if "10 minutes" in each.what]


def test_failed_runs_are_reported() -> None:
    results = plan.Results([Figures("uri", 10, READY, problem="exit code 2:\n no")])
    assert tables.problems(results) == ["ansible.builtin.uri, loop with until, 10 jobs, ready: exit code 2: no"]
    assert "failed" in tables.plain(tables.ready(results)[0])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.05, "0.05"),
        (0.1, "0.1"),
        (9.94, "9.9"),
        (9.96, "10"),
        (99.6, "100"),
        (5312.2, "5,312"),
    ],
)
def test_numbers_are_rounded(value: float | None, text: str) -> None:
    assert tables.number(value) == text


def test_only_the_text_between_the_markers_is_rewritten() -> None:
    text = "before\n<!-- bench: one -->\nold\n<!-- bench: end -->\nbetween\n<!-- bench: two -->\n<!-- bench: end -->\nafter\n"
    first = docs.rewritten(text, {"one": "1", "two": "2"})
    assert first == (
        "before\n<!-- bench: one -->\n\n1\n\n<!-- bench: end -->\nbetween\n"
        "<!-- bench: two -->\n\n2\n\n<!-- bench: end -->\nafter\n"
    )
    assert docs.rewritten(first, {"one": "1", "two": "2"}) == first
    with pytest.raises(BenchError):
        docs.rewritten(text, {"one": "1"})
    with pytest.raises(BenchError):
        docs.rewritten("<!-- bench: one -->\n", {"one": "1"})


def test_labels_are_moved_apart_as_little_as_needed() -> None:
    assert apart([0.1, 0.5, 0.9], 0.1) == pytest.approx([0.1, 0.5, 0.9])
    assert apart([0.5, 0.5, 0.9], 0.1) == pytest.approx([0.45, 0.55, 0.9])
    assert apart([0.4, 0.5, 0.5, 0.5], 0.1) == pytest.approx([0.325, 0.425, 0.525, 0.625])
