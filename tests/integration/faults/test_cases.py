# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each fault of the table, at each call and point that it names."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.emulator import Emulator, running

from .cases import ONCE, PLACES, WAIT, Case, cases
from .stage import gate


def _params() -> list[Any]:
    found = []
    for case in cases():
        found += [pytest.param(case.key, call, point, id=f"{case.key}-{call}-{point}") for call, point in case.runs()]
    return found


@pytest.mark.parametrize(("key", "call", "point"), _params())
def test_fault_ends_as_the_table_says(key: str, call: str, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Made now: dates in it are relative to the present time.
    (case,) = (case for case in cases() if case.key == key)
    place = PLACES[call]
    rule: dict[str, Any] = {"name": "it", "match": {"call": call, "from": place.points[point]}, **case.action}
    if case.duration == ONCE:
        rule["times"] = 1
    scenario = {"quota": 0, **place.scenario, **case.scenario, "faults": [rule]}
    options: dict[str, Any] = {**WAIT, **place.options, **case.options}
    if point == "closing" and not place.dli:
        options["stable_for"] = 3
    with running(scenario) as emulator:
        result = gate(emulator, monkeypatch, options, dli=place.dli)
        check(case, result, emulator)


def check(case: Case, result: dict[str, Any], emulator: Emulator) -> None:
    """Assert that the gate ended with the verdict and reason in the table, and sent no more requests than allowed."""
    hit = emulator.requests(fault="it")
    assert hit, "the fault was never met"
    assert (result["verdict"], case.reason) == (case.verdict, case.reason), result["msg"]
    codes = [item["code"] for item in result["reasons"]]
    assert codes[:1] == ([case.reason] if case.reason else []), result["reasons"]
    assert set(codes[1:]) <= {case.reason, "still_pending"}, result["reasons"]
    assert case.words in result["msg"], result["msg"]
    if case.hits is not None:
        assert len(hit) <= case.hits, [record.call for record in emulator.journal]
    # The request after one that is hit comes no earlier than the table says, from any thread.
    for before, after in pairwise(emulator.journal):
        if before.fault == "it":
            assert after.time - before.time >= case.gap, (before.time, after.time)
