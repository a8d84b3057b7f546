# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random gates against a simulated cloud: no promise is broken in any case."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.tests.unit.simulation.checks import broken_promises
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.job_scripts import FLINK, SPARK
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.scenarios import (
    Scenario,
    cluster_scenarios,
    dli_scenarios,
    large_scenarios,
    real_time_scenarios,
    sliced_scenarios,
)

SLOW_TO_DRAW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
# Scenarios of hundreds of jobs take too long to be made smaller.
AS_DRAWN = [Phase.explicit, Phase.reuse, Phase.generate]


def hold(scenario: Scenario) -> None:
    """Run a scenario and check each promise."""
    run = scenario.run()
    broken = broken_promises(run)
    if broken:
        note(run.describe())
    assert not broken, "\n".join(broken)


def same_under_a_clock_that_is_set(scenario: Scenario) -> None:
    """Run a scenario with and without its steps of the wall clock, and compare."""
    steps = scenario.steps or ((0.05, 5000.0), (12.0, -90_000.0))
    plain = replace(scenario, steps=()).run()
    other = replace(scenario, steps=steps).run()
    sent = [[(round(item.sent_at, 3), item.path) for item in run.log.requests] for run in (plain, other)]
    assert (plain.verdict, sent[0]) == (other.verdict, sent[1])


@given(real_time_scenarios(by_name=True))
@settings(max_examples=20, suppress_health_check=SLOW_TO_DRAW)
def test_named_jobs_keep_every_promise(scenario: Scenario) -> None:
    hold(scenario)


@given(real_time_scenarios(by_name=False))
@settings(max_examples=20, suppress_health_check=SLOW_TO_DRAW)
def test_selection_keeps_every_promise(scenario: Scenario) -> None:
    hold(scenario)


@given(dli_scenarios())
@settings(max_examples=20, suppress_health_check=SLOW_TO_DRAW)
def test_dli_jobs_keep_every_promise(scenario: Scenario) -> None:
    hold(scenario)


@given(st.one_of(cluster_scenarios(FLINK), cluster_scenarios(FLINK), cluster_scenarios(SPARK)))
@settings(max_examples=40, suppress_health_check=SLOW_TO_DRAW)
def test_flink_jobs_and_spark_batches_keep_every_promise(scenario: Scenario) -> None:
    hold(scenario)


@given(large_scenarios())
@settings(max_examples=2, suppress_health_check=SLOW_TO_DRAW, phases=AS_DRAWN)
def test_many_jobs_keep_every_promise(scenario: Scenario) -> None:
    hold(scenario)


@given(sliced_scenarios())
@settings(max_examples=20, suppress_health_check=SLOW_TO_DRAW)
def test_slices_keep_every_promise(scenario: Scenario) -> None:
    hold(scenario)


@pytest.mark.slow
@given(real_time_scenarios(by_name=True))
@settings(max_examples=4000, suppress_health_check=SLOW_TO_DRAW)
@pytest.mark.timeout(1500)
def test_many_gates_of_named_jobs_keep_every_promise(scenario: Scenario) -> None:
    hold(scenario)


@pytest.mark.slow
@given(real_time_scenarios(by_name=False))
@settings(max_examples=4000, suppress_health_check=SLOW_TO_DRAW)
@pytest.mark.timeout(1500)
def test_many_gates_of_selections_keep_every_promise(scenario: Scenario) -> None:
    hold(scenario)


@pytest.mark.slow
@given(dli_scenarios())
@settings(max_examples=2000, suppress_health_check=SLOW_TO_DRAW)
@pytest.mark.timeout(1500)
def test_many_gates_of_dli_jobs_keep_every_promise(scenario: Scenario) -> None:
    hold(scenario)


@pytest.mark.slow
@given(st.one_of(cluster_scenarios(FLINK), cluster_scenarios(SPARK)))
@settings(max_examples=3000, suppress_health_check=SLOW_TO_DRAW)
@pytest.mark.timeout(1500)
def test_many_gates_of_flink_jobs_and_spark_batches_keep_every_promise(scenario: Scenario) -> None:
    hold(scenario)


@pytest.mark.slow
@given(sliced_scenarios())
@settings(max_examples=2000, suppress_health_check=SLOW_TO_DRAW)
@pytest.mark.timeout(1500)
def test_many_gates_in_slices_keep_every_promise(scenario: Scenario) -> None:
    hold(scenario)


@pytest.mark.slow
@given(large_scenarios())
@settings(max_examples=80, suppress_health_check=SLOW_TO_DRAW, phases=AS_DRAWN)
@pytest.mark.timeout(1500)
def test_many_gates_of_many_jobs_keep_every_promise(scenario: Scenario) -> None:
    hold(scenario)
