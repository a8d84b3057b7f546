# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rate limit: even spacing, no bursts, slower after a throttled answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.scheduling.pacer import Pacer


def send(pacer: Pacer, now: float) -> float:
    """Send as soon as the pacer allows; returns the time."""
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


def test_rate_zero_does_not_limit() -> None:
    pacer = Pacer(0)
    assert [send(pacer, 5.0) for dummy in range(1000)] == [5.0] * 1000


def test_pause_allows_no_burst() -> None:
    pacer = Pacer(10)
    send(pacer, 0.0)
    assert [round(send(pacer, 60.0), 9) for dummy in range(3)] == [60.0, 60.1, 60.2]


def test_throttled_answer_delays_all_requests() -> None:
    pacer = Pacer(10)
    send(pacer, 0.0)
    pacer.throttled(0.0, 3.0)
    assert pacer.at() == 3.0
    pacer.throttled(1.0, 0.5)
    assert pacer.at() == 3.0  # an earlier end does not shorten the wait


def test_throttled_answer_delays_requests_without_a_limit() -> None:
    pacer = Pacer(0)
    pacer.throttled(10.0, 2.0)
    assert send(pacer, 10.0) == 12.0
    assert send(pacer, 12.0) == 12.0


def gap(pacer: Pacer, now: float) -> float:
    sent = send(pacer, now)
    return round(pacer.at() - sent, 9)


def test_throttled_answers_slow_down_and_good_answers_speed_up() -> None:
    pacer = Pacer(10)
    pacer.answered(5.0)
    seen = [gap(pacer, 10.0)]
    for second in range(30):
        pacer.throttled(20.0 + second, 0.0)
        seen.append(gap(pacer, 20.0 + second))
    assert seen[:4] == pytest.approx([0.1, 0.107, 0.11449, 0.1225043])
    assert seen[-4:] == [0.4] * 4
    pacer.answered(74.0)
    assert 0.2 < gap(pacer, 100.0) < 0.4
    for second in range(75, 100):
        pacer.answered(float(second))
    assert gap(pacer, 150.0) == pytest.approx(0.2)
    pacer.answered(10_000.0)
    assert gap(pacer, 10_000.0) == 0.1
    pacer.answered(9_000.0)  # a clock that was set back
    assert gap(pacer, 10_001.0) == 0.1


def test_concurrent_throttled_answers_count_once() -> None:
    pacer = Pacer(10)
    for number in range(16):
        pacer.throttled(number / 20, 1.0)
    assert pacer.at() == 1.75
    assert gap(pacer, 2.0) == pytest.approx(0.107)


@given(st.floats(6.0, 19.0))
def test_remaining_quota_is_used_with_few_refusals(quota: float) -> None:
    """Each refusal costs a second in which nothing is sent."""
    pacer = Pacer(20)
    now, good, refused, allowance = 0.0, 0, 0, 0.0
    while now < 1000.0:
        sent = send(pacer, now)
        allowance = min(quota, allowance + (sent - now) * quota)
        now = sent
        if allowance >= 1.0:
            allowance -= 1.0
            good += 1
            pacer.answered(now)
        else:
            refused += 1
            pacer.throttled(now, 1.0)
    assert good >= 0.7 * quota * 1000.0
    assert refused <= 0.05 * good


def test_occasional_refusals_keep_the_rate_near_the_limit() -> None:
    """One in a hundred, and each costs a second in which nothing is sent."""
    pacer = Pacer(20)
    now = 0.0
    for number in range(1, 20_001):
        now = send(pacer, now)
        if number % 100:
            pacer.answered(now)
        else:
            pacer.throttled(now, 1.0)
    assert 20_000 / (now - 200.0) > 0.9 * 20


STEPS = st.lists(
    st.tuples(st.sampled_from(["send", "throttled", "answered"]), st.floats(0, 3), st.floats(0, 10)), max_size=60
)


@given(st.sampled_from([0.5, 1.0, 20.0, 1000.0]), STEPS)
def test_drawn_requests_never_exceed_the_limit(rate: float, steps: list[tuple[str, float, float]]) -> None:
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
            pacer.answered(now)
    assert all(later - earlier >= 1 / rate - 1e-9 for earlier, later in zip(times, times[1:]))


@pytest.mark.parametrize("rate", [0.1, 1.0, 30.0])
def test_rate_is_the_given_limit(rate: float) -> None:
    assert Pacer(rate).rate == rate
