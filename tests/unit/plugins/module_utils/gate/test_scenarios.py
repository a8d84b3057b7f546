# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drawn jobs, faults and options: the gate and a naive model give the same verdict, time and reasons."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import (
    DENIED,
    PERMANENT,
    TRANSIENT,
    RequestError,
)
from ansible_collections.datagate.huaweicloud.tests.unit.gate_draws import Scenario, cluster_scenarios, scenarios
from ansible_collections.datagate.huaweicloud.tests.unit.gate_model import FOREVER, Expected, Fault, Job, Shown, expect
from ansible_collections.datagate.huaweicloud.tests.unit.gate_world import World, codes, gate

ERRORS = {
    "busy": RequestError(TRANSIENT, "busy", status=503),
    "denied": RequestError(DENIED, "no permission", status=400, error_code="DLF.6888"),
    "broken": RequestError(PERMANENT, "Workspace does not exists", status=400, error_code="DLF.0819"),
    "locked": RequestError(DENIED, "authentication failed", status=401, error_code="APIGW.0301"),
}


def script(job: Job, faults: list[Fault]) -> list[Any]:
    """A job as a script of the world; faults become errors."""
    faults = [*job.faults, *faults]
    moments = {0.0, *(step.at for step in job.steps)}
    for fault in faults:
        moments |= {fault.start, fault.end}
    steps: list[Any] = []
    for at in sorted(moments):
        kinds = [fault.kind for fault in faults if fault.start <= at < fault.end]
        if kinds:
            # A lock comes before everything, of other faults the first counts.
            steps.append((at, ERRORS["locked" if "locked" in kinds else kinds[0]]))
        else:
            steps.append((at, *shown([step for step in job.steps if step.at <= at][-1])))
    return steps


def shown(step: Shown) -> tuple[Any, dict[str, Any]]:
    """One step of the world's script."""
    fields: dict[str, Any] = dict(step.nodes)
    fields["_progress"] = step.progress
    if step.start_time is not None:
        fields["_start_time"] = step.start_time
    if step.restart_times is not None:
        fields["_restart_times"] = step.restart_times
    return step.state, fields


def play(scenario: Scenario, dli: bool, kind: str = "") -> Expected:
    """The gate's own result."""
    lock = [Fault(scenario.locked_from, 2 * FOREVER, "locked")]
    world = World(
        {name: script(job, lock) for name, job in scenario.jobs.items()},
        rate=float("inf"),
        latency=scenario.latency,
        lists=not (dli or kind),
        lists_say={name: [(step.at, *shown(step)) for step in job.steps] for name, job in scenario.jobs.items()},
        list_errors=[(one.start, one.end, ERRORS[one.kind]) for one in [*lock, *scenario.list_faults]],
    )
    result = gate(world, scenario.check_mode, dli, kind, **scenario.options)
    if scenario.options["wait"] and scenario.options["wait_timeout"]:
        assert result["elapsed"] <= scenario.options["wait_timeout"]
    reasons = codes(result)
    assert len(set(reasons)) == len(reasons), "a reason twice"
    return Expected(result["verdict"], result["elapsed"], result["polls"], result["failed"], set(reasons))


def nameless(result: Expected) -> Expected:
    """The result without the name of the job that was restarted last: of two in one observation, either may be named."""
    reasons = {(code, None if code == "restarted" else job, node) for code, job, node in result.reasons}
    return result._replace(reasons=reasons)


def agree(scenario: Scenario, dli: bool, kind: str = "") -> None:
    """Assert that gate and model agree."""
    by_list = "name_contains" in scenario.options and not scenario.options.get("check_nodes", True)
    # Without nodes, the list that settles a selection may be sufficient; the model uses status calls.
    assume(not by_list or not any(job.faults for job in scenario.jobs.values()))
    found = play(scenario, dli, kind)
    expected = expect(
        scenario.jobs, scenario.options, scenario.check_mode, dli, scenario.list_faults, scenario.locked_from, kind
    )
    found, expected = nameless(found), nameless(expected)
    # An observation may fall on the very moment at which a fault ends, and sums of floats on either side of it.
    assert abs(found.polls - expected.polls) <= 1
    # Requests take milliseconds, and time is rounded to them.
    assert found._replace(elapsed=expected.elapsed, polls=expected.polls) == expected
    assert abs(found.elapsed - expected.elapsed) < 0.1


@settings(max_examples=6 * settings().max_examples)
@given(scenarios())
def test_real_time_gate_equals_the_model(scenario: Scenario) -> None:
    agree(scenario, False)


@settings(max_examples=4 * settings().max_examples)
@given(scenarios(dli=True))
def test_dli_gate_equals_the_model(scenario: Scenario) -> None:
    agree(scenario, True)


@given(cluster_scenarios("dli_flink"))
def test_flink_gate_equals_the_model(scenario: Scenario) -> None:
    agree(scenario, False, "dli_flink")


@given(cluster_scenarios("dli_spark"))
def test_spark_gate_equals_the_model(scenario: Scenario) -> None:
    agree(scenario, False, "dli_spark")


@settings(max_examples=4 * settings().max_examples)
@given(scenarios(by_list=True))
def test_selection_gate_equals_the_model(scenario: Scenario) -> None:
    agree(scenario, False)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", [{}, {"dli": True}, {"by_list": True}])
@settings(max_examples=200 * settings().max_examples)
@given(st.data())
def test_many_drawn_gates_equal_the_model(kind: dict[str, bool], data: Any) -> None:
    agree(data.draw(scenarios(**kind)), kind.get("dli", False))
