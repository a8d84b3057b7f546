# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The positions of the segments of a timeline."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.states import Classes
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.timeline import (
    MIN_WIDTH,
    Change,
    segments,
    ticks,
)

CLASSES = Classes()


def lane(*states: tuple[float, str | None, str | None]) -> list[Change]:
    return [Change(at, "a", None, previous, status) for at, previous, status in states]


def test_segments_follow_the_state_changes() -> None:
    found = segments(
        lane((10, None, "STARTING"), (40, "STARTING", "NORMAL"), (90, "NORMAL", "EXCEPTION")), 100, CLASSES, False
    )
    assert [(item.x, item.width, item.kind) for item in found] == [
        (0, 10, "unread"),
        (10, 30, "way"),
        (40, 50, "ready"),
        (90, 10, "failing"),
    ]
    assert [item.title for item in found] == [
        "not read yet, or not there, 0 s to 10 s",
        "STARTING, 10 s to 40 s",
        "NORMAL, 40 s to 90 s",
        "EXCEPTION, 90 s to 100 s",
    ]


def test_last_change_has_a_minimum_width() -> None:
    (first, last) = segments(lane((0, None, "NORMAL"), (600, "NORMAL", "EXCEPTION")), 600, CLASSES, False)
    assert (first.x, first.width) == (0, 100)
    assert (last.x, last.width, last.start, last.end) == (100 - MIN_WIDTH, MIN_WIDTH, 600, 600)


def test_dropped_history_is_hatched() -> None:
    (lost, rest) = segments(lane((50, "STARTING", "NORMAL")), 100, CLASSES, True)
    assert (lost.kind, lost.x, lost.width, rest.kind) == ("dropped", 0, 50, "ready")
    assert lost.title == "beginning not kept, STARTING at the last, 0 s to 50 s"
    assert [item.kind for item in segments([], 100, CLASSES, True)] == ["dropped"]
    assert segments([], 100, CLASSES, False) == []
    assert [item.kind for item in segments(lane((50, None, "NORMAL")), 100, CLASSES, True)] == ["dropped", "ready"]


def test_job_that_vanishes_is_shown_as_gone() -> None:
    (dummy, gone) = segments(lane((0, None, "NORMAL"), (5, "NORMAL", None)), 10, CLASSES, False)
    assert (gone.kind, gone.text) == ("unknown", "gone")


def test_text_is_shown_if_it_fits() -> None:
    (short, middle, long) = segments(
        lane((0, None, "STARTING"), (5, "STARTING", "STOPPING"), (25, "STOPPING", "NORMAL")), 100, CLASSES, False
    )
    assert (short.fits, middle.fits, long.fits) == ("never", "wide", "always")


@given(
    st.lists(st.floats(0, 5000), min_size=1, max_size=12).map(sorted),
    st.floats(0, 5000),
    st.booleans(),
)
def test_segments_stay_within_the_lane(times: list[float], end: float, dropped: bool) -> None:
    changes = [Change(at, "a", None, None if number == 0 else "NORMAL", "STARTING") for number, at in enumerate(times)]
    found = segments(changes, end, CLASSES, dropped)
    assert all(item.x >= 0 and item.x + item.width <= 100.001 for item in found)
    assert all(item.width >= MIN_WIDTH for item in found if item.kind != "unread")
    assert all(before.end == after.start for before, after in itertools.pairwise(found))
    assert found[0].start == 0


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (0.0, ["0 s"]),
        (0.4, ["0 s", "0.1 s", "0.2 s", "0.4 s"]),
        (71.0, ["0 s", "15 s", "30 s", "45 s", "71 s"]),
        (600.0, ["0 s", "2 min", "4 min", "6 min", "10 min"]),
        (290.0, ["0 s", "1 min", "2 min", "4 min 50 s"]),
        (7200.0, ["0 s", "30 min", "60 min", "90 min", "2 h"]),
    ],
)
def test_ticks_are_at_round_times(end: float, expected: list[str]) -> None:
    assert [tick.text for tick in ticks(end)] == expected


@given(st.floats(0, 1e7))
def test_ticks_are_few_and_in_order(end: float) -> None:
    found = ticks(end)
    assert 1 <= len(found) <= 7
    assert all(before.x < after.x for before, after in itertools.pairwise(found))
