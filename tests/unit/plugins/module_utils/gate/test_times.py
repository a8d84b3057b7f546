# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Points in time in options."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock, SteadyWall
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._times import epoch_milliseconds

NOW = 1_772_323_200.0  # 2026-03-01T00:00:00Z
MS = 1_772_323_200_000


class SetClock(Clock):
    """A clock whose wall time can be set."""

    passed, step = 0.0, 0

    def now(self) -> float:
        return 5.0 + self.passed

    def wall(self) -> float:
        return NOW + self.passed + self.step


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (MS, MS),
        (str(MS), MS),
        (" 12h ", MS - 12 * 3_600_000),
        ("90s", MS - 90_000),
        ("1.5 H", MS - 5_400_000),
        ("2d", MS - 2 * 86_400_000),
        ("1w", MS - 7 * 86_400_000),
        ("0m", MS),
        ("2026-03-01T00:00:00Z", MS),
        ("2026-03-01T08:00:00+08:00", MS),
        ("2026-03-01 08:00:00+0800", MS),
        ("2026-03-01T00:00Z", MS),
        ("2026-02-28T16:00:00.25-08", MS + 250),
        (str(datetime(2026, 3, 1, tzinfo=timezone.utc)), MS),  # a date, as YAML loads it
        (MS + 60_000, MS + 60_000),  # clocks differ
    ],
)
def test_accepted_forms_of_a_time(given: Any, found: int) -> None:
    assert epoch_milliseconds("since", given, NOW) == found


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("yesterday", "must be epoch milliseconds"),
        ("", "must be epoch milliseconds"),
        ("0", None),
        (MS, None),
        ("1000000000000", None),
        ("12", "12 is a time before 2001, in milliseconds; give epoch milliseconds"),
        (999_999_999_999, "is a time before 2001"),
        (20260301, "20260301 looks like a date, and as a number it means milliseconds"),
        ("202603010200", "looks like a date"),
        ("20260301020000", "looks like a date"),
        ("-5", "must be epoch milliseconds"),
        ("12y", "must be epoch milliseconds"),
        ("2026-13-01T00:00:00Z", "must be epoch milliseconds"),
        ("2026-03-01T00:00:00+99:00", "must be epoch milliseconds"),
        ("2026-03-01T00:00:00", "has no time zone; add Z"),
        ("2026-02-01", "has no time zone; add Z"),
        ("1772323200", "looks like seconds; give milliseconds (1772323200000)"),
        ("2027-01-01T00:00:00Z", "lies in the future"),
        (MS + 600_000, "lies in the future"),
        ("999999999w", "must be epoch milliseconds"),
    ],
)
def test_invalid_times_are_rejected(given: Any, problem: str | None) -> None:
    if problem is None:
        assert epoch_milliseconds("since", given, NOW) == int(given)
        return
    with pytest.raises(OptionError) as caught:
        epoch_milliseconds("since", given, NOW)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, 60), (-10_800, 60), (30, 90), (86_400, 86_460), (3650 * 86_400, 60 + 7 * 86_400)],
)
def test_the_wall_clock_of_a_gate_goes_neither_back_nor_far_ahead(step: int, expected: int) -> None:
    clock = SetClock()
    wall = SteadyWall(clock)
    clock.passed, clock.step = 60.0, step
    assert wall.milliseconds() == MS + expected * 1000


def test_the_next_slice_goes_on_from_the_time_of_the_one_before() -> None:
    clock = SetClock()
    clock.step = -10_800
    wall = SteadyWall(clock)
    wall.not_before(MS + 60_000)
    clock.passed = 10.0
    assert wall.milliseconds() == MS + 70_000
    wall.not_before(MS)
    assert wall.milliseconds() == MS + 70_000
