# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""require_records: which nodes must have moved records, and when."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.tests.unit.gate_world import World, codes, gate


def script(*steps: tuple[float, dict[str, int]]) -> list[Any]:
    """A running job; for each node the records written so far."""
    return [
        (at, "NORMAL", {name: {"status": "NORMAL", "total_put_records": count} for name, count in nodes.items()})
        for at, nodes in steps
    ]


BUSY = script(*((at, {"READ": at, "WRITE": at, "MAIL": 0}) for at in range(0, 200, 5)))
HALF = script(*((at, {"READ": at, "WRITE": 7, "MAIL": 0}) for at in range(0, 200, 5)))
ENDED = script(*((at, {"READ": min(at, 20), "WRITE": min(at, 20)}) for at in range(0, 200, 5)))
LATE = [(0, "STARTING"), *((at, "NORMAL", nodes) for at, state, nodes in BUSY if at >= 45)]


def run(jobs: dict[str, Any], records: Any, **params: Any) -> dict[str, Any]:
    return gate(World(jobs), job_names=list(jobs), wait=True, wait_timeout=100, require_records=records, **params)


@pytest.mark.parametrize(
    ("jobs", "records", "passes"),
    [
        ({"a": BUSY}, True, True),
        ({"a": HALF}, True, True),
        ({"a": BUSY}, ["READ", "WRITE"], True),
        ({"a": HALF}, "READ", True),
        ({"a": HALF}, ["READ", "WRITE"], False),
        ({"a": HALF}, "R*", True),
        ({"a": BUSY}, "*", False),  # MAIL is idle
        ({"a": BUSY}, ["READ", "WRITES"], False),  # no job has a node of that name
        ({"a": BUSY}, "read", False),
        ({"a": BUSY, "b": HALF}, ["READ"], True),
        ({"a": BUSY, "b": HALF}, ["WRITE"], False),
        ({"a": BUSY, "b": script((0, {"X": 1}), (15, {"X": 2}))}, ["READ", "X"], True),  # each job has one of them
        ({"a": BUSY, "b": script((0, {"X": 1}), (15, {"X": 2}))}, ["READ"], False),
    ],
)
def test_nodes_that_must_move_records(jobs: dict[str, Any], records: Any, passes: bool) -> None:
    result = run(jobs, records)
    assert result["verdict"] == ("PASS" if passes else "TIMEOUT")
    assert {code for code, job, node in codes(result)} == (set() if passes else {"no_records"})
    if passes:
        assert result["elapsed"] >= 5  # one observation shows no movement


@pytest.mark.parametrize(
    ("jobs", "records", "message"),
    [
        ({"a": HALF}, "WRITE", "a: node WRITE has neither read nor written a record since the first observation"),
        ({"a": HALF}, "TYPO", "a has no node that require_records names (TYPO)"),
        ({"a": BUSY}, "READ, TYPO", "no job has a node TYPO, which require_records names"),
        ({"a": script((0, {"READ": 1}))}, True, "a has neither read nor written a record since the first observation"),
        ({"a": [(0, "NORMAL", {"n": "NORMAL"})]}, True, "a has no running node that reports records"),
    ],
)
def test_reason_names_the_nodes_without_records(jobs: dict[str, Any], records: Any, message: str) -> None:
    assert message in run(jobs, records)["reasons"][0]["message"]


@pytest.mark.parametrize("records", [True, ["READ"]])
def test_records_must_move_within_stable_for(records: Any) -> None:
    assert run({"a": BUSY}, records, stable_for=30)["verdict"] == "PASS"
    # Records moved for 20 s, and the window reaches back to the beginning.
    assert run({"a": ENDED}, records, stable_for=60)["verdict"] == "PASS"
    # Job b is ready after 45 s, when those of a have not moved for long.
    result = run({"a": ENDED, "b": LATE}, records, stable_for=20)
    assert (result["verdict"], codes(result)) == ("TIMEOUT", [("no_records", "a", None)])
    assert "in the last 20 s" in result["reasons"][0]["message"]


@pytest.mark.parametrize("params", [{}, {"stable_for": 20}])
@pytest.mark.parametrize("records", [True, ["READ", "TYPO"]])
def test_waiting_for_records_keeps_wait_interval(params: dict[str, Any], records: Any) -> None:
    """If only records are missing, the gate does not read more often."""
    result = run({"a": ENDED, "b": LATE}, records, **params)
    assert result["polls"] <= 14
