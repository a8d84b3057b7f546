# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ceiling: even spacing, no bursts, slower after a throttled answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud.pacer import Pacer


def send(pacer: Pacer, now: float) -> float:
    """Send as soon as the pacer allows; returns when that was."""
    sent = max(now, pacer.at())
    pacer.take(sent)
    return sent


def test_requests_are_spaced_evenly() -> None:
    pacer = Pacer(20)
    times = []
    now = 100.0
    for dummy in range(100):
        now = send(pacer, now)
        times.append(now)
    assert times[0] == 100.0
    assert [round(later - earlier, 9) for earlier, later in zip(times, times[1:])] == [0.05] * 99


def test_no_ceiling() -> None:
    pacer = Pacer(0)
    assert [send(pacer, 5.0) for dummy in range(1000)] == [5.0] * 1000


def test_a_pause_saves_nothing_up() -> None:
    pacer = Pacer(10)
    send(pacer, 0.0)
    assert [round(send(pacer, 60.0), 9) for dummy in range(3)] == [60.0, 60.1, 60.2]


def test_throttled_holds_everybody_back() -> None:
    pacer = Pacer(10)
    send(pacer, 0.0)
    pacer.throttled(0.0, 3.0)
    assert pacer.at() == 3.0
    pacer.throttled(1.0, 0.5)
    assert pacer.at() == 3.0  # an earlier end does not shorten the wait


def test_throttled_without_a_ceiling_holds_back_as_well() -> None:
    pacer = Pacer(0)
    pacer.throttled(10.0, 2.0)
    assert send(pacer, 10.0) == 12.0
    assert send(pacer, 12.0) == 12.0


def gap(pacer: Pacer, now: float) -> float:
    sent = send(pacer, now)
    return round(pacer.at() - sent, 9)


def test_throttled_slows_down_and_good_answers_speed_up_again() -> None:
    pacer = Pacer(10)
    seen = [gap(pacer, 0.0)]
    for dummy in range(5):
        pacer.throttled(0.0, 0.0)
        seen.append(gap(pacer, 1000.0))
    assert seen == [0.1, 0.2, 0.4, 0.8, 0.8, 0.8]
    pacer.answered()
    assert 0.1 < gap(pacer, 2000.0) < 0.8
    for dummy in range(30):
        pacer.answered()
    assert gap(pacer, 3000.0) == 0.1
    pacer.answered()
    assert gap(pacer, 4000.0) == 0.1


STEPS = st.lists(
    st.tuples(st.sampled_from(["send", "throttled", "answered"]), st.floats(0, 3), st.floats(0, 10)), max_size=60
)


@given(st.sampled_from([0.5, 1.0, 20.0, 1000.0]), STEPS)
def test_never_more_than_the_ceiling(rate: float, steps: list[tuple[str, float, float]]) -> None:
    pacer = Pacer(rate)
    now, times, silent_until = 0.0, [], 0.0
    for what, later, wait in steps:
        now += later
        if what == "send":
            now = send(pacer, now)
            assert now >= silent_until
            times.append(now)
        elif what == "throttled":
            pacer.throttled(now, wait)
            silent_until = max(silent_until, now + wait)
        else:
            pacer.answered()
    assert all(later - earlier >= 1 / rate - 1e-9 for earlier, later in zip(times, times[1:]))


@pytest.mark.parametrize("rate", [0.1, 1.0, 30.0])
def test_rate(rate: float) -> None:
    assert Pacer(rate).rate == rate
