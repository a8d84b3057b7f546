# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invariants of the verdict, checked on drawn observations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DENIED, TRANSIENT, RequestError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.gate_state import Gate
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.history import History
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.verdicts import Verdict
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import (
    LIST,
    STATUS,
    Listing,
    Reading,
)

NAMES = ("a", "b", "c")
READABLE = ("NORMAL", "STARTING", "STOPPED", "STOPPING", "EXCEPTION", "ABNORMAL", "PAUSE", "odd")
FAILING = ("EXCEPTION", "ABNORMAL")
UNKNOWN = ("odd",)

# The reading of one job in one observation: a state with the state of its node, or missing, or an error.
shown = st.one_of(
    st.tuples(st.sampled_from(READABLE), st.sampled_from((*READABLE, None))),
    st.sampled_from([("missing", None), ("error", None), ("denied", None)]),
)
observation = st.fixed_dictionaries(dict.fromkeys(NAMES, shown))
observations = st.lists(observation, min_size=1, max_size=6)
orders = st.permutations(NAMES)


def make(**params: Any) -> Gate:
    given_options = {"job_names": list(NAMES), "wait": True, **params}
    return Gate(options.policy(given_options), options.selection(given_options))


def reading(name: str, what: tuple[str, Any], at: float) -> Reading:
    state, node = what
    if state == "missing":
        return Reading(name, at, STATUS, missing=True)
    if state == "error":
        return Reading(name, at, STATUS, error=RequestError(TRANSIENT, "busy", status=503))
    if state == "denied":
        return Reading(name, at, STATUS, error=RequestError(DENIED, "no", status=403))
    nodes = [] if node is None else [{"name": "n", "status": node}]
    return Reading(name, at, STATUS, job={"name": name, "status": state, "nodes": nodes})


def play(
    gate: Gate, seen: list[dict[str, tuple[str, Any]]], order: tuple[str, ...], last: bool = False
) -> list[Verdict]:
    """Process the observations in turn; returns the verdict of each."""
    verdicts = []
    for number, observed in enumerate(seen):
        at = 10.0 * number
        gate.begin(at)
        for name in order:
            gate.take(reading(name, observed[name], at), at, at)
        verdicts.append(gate.conclude(at, at, last and number == len(seen) - 1))
        if verdicts[-1].verdict != "PENDING":
            break
    return verdicts


def fails(what: tuple[str, Any]) -> bool:
    state, node = what
    return state in FAILING or state == "missing" or (node in FAILING and state != "STOPPED")


@given(observations, orders)
def test_failure_always_wins(seen: list, order: tuple) -> None:
    verdicts = play(make(), seen, order)
    for observed, verdict in zip(seen, verdicts):
        if any(fails(observed[name]) for name in NAMES):
            assert verdict.verdict == "FAIL"
            break
        assert verdict.verdict != "FAIL"


@given(observations, orders)
def test_passes_only_when_every_job_is_ready_at_once(seen: list, order: tuple) -> None:
    verdicts = play(make(), seen, order)
    for observed, verdict in zip(seen, verdicts):
        together = all(
            observed[name][0] == "NORMAL" and observed[name][1] not in (*FAILING, *UNKNOWN) for name in NAMES
        )
        assert (verdict.verdict == "PASS") is together


@given(observations, orders, orders, st.booleans())
def test_order_of_jobs_does_not_change_the_verdict(seen: list, one: tuple, other: tuple, last: bool) -> None:
    first, second = (play(make(), seen, order, last) for order in (one, other))
    assert [item.verdict for item in first] == [item.verdict for item in second]
    assert [item.reasons for item in first] == [item.reasons for item in second]


@given(observations, orders)
def test_every_verdict_but_pass_has_a_reason_with_all_keys(seen: list, order: tuple) -> None:
    for verdict in play(make(), seen, order, last=True):
        assert verdict.reasons or verdict.verdict == "PASS"
        for reason in verdict.reasons:
            assert list(reason) == [
                "code",
                "job",
                "node",
                "status",
                "message",
                "log_path",
                "error_code",
                "request_id",
            ]
            assert reason["message"]


@given(observations, orders)
def test_failure_takes_precedence_over_error(seen: list, order: tuple) -> None:
    verdicts = play(make(), seen, order)
    for observed, verdict in zip(seen, verdicts):
        denied = any(observed[name][0] == "denied" for name in NAMES)
        failed = any(fails(observed[name]) for name in NAMES)
        assert (verdict.verdict == "ERROR") is (denied and not failed)


@given(observations, orders, st.integers(0, 3))
def test_max_failing_counts_jobs_not_nodes(seen: list, order: tuple, most: int) -> None:
    verdict = play(make(max_failing=most), seen[:1], order)[0]
    observed = seen[0]
    count = sum(1 for name in NAMES if observed[name][0] != "missing" and fails(observed[name]))
    missing = any(observed[name][0] == "missing" for name in NAMES)
    assert (verdict.verdict == "FAIL") is (missing or count > most)


@given(observations, orders, st.booleans(), st.sampled_from([0, 15]))
def test_verdict_does_not_change_the_state(seen: list, order: tuple, last: bool, stable: int) -> None:
    gate = make(stable_for=stable)
    play(gate, seen, order)
    at = 10.0 * len(seen)
    before = json.dumps(gate.dump(100))
    first = gate.verdict(at, at - 10.0, last)
    for job in gate.jobs.values():
        gate.judge(job, at)
    assert gate.verdict(at, at - 10.0, last) == first
    assert json.dumps(gate.dump(100)) == before


@given(observations, orders)
def test_history_contains_each_observed_change(seen: list, order: tuple) -> None:
    gate = make(missing="wait", fail_on_exception=False)
    played = len(play(gate, seen, order))
    for name in NAMES:
        states = [observed[name][0] for observed in seen[:played] if observed[name][0] not in ("error", "denied")]
        expected: list[Any] = []
        for state in (None if state == "missing" else state for state in states):
            if (expected or state is not None) and (not expected or expected[-1] != state):
                expected.append(state)
        entries = [entry for entry in gate.history.entries() if entry["job"] == name and entry["node"] is None]
        assert [entry["status"] for entry in entries] == expected
        assert [entry["previous"] for entry in entries] == [None, *expected[:-1]][: len(expected)]


def listed(gate: Gate, at: float, **states: str) -> None:
    jobs = [{"name": name, "status": state} for name, state in states.items()]
    gate.take_list(Listing(jobs, len(jobs), at, 1, True), [Reading(j["name"], at, LIST, job=j) for j in jobs], at, at)


class TestListAndStatus:
    def test_the_later_reading_wins(self) -> None:
        gate = make(check_nodes=False)
        gate.begin(0)
        for name in NAMES:
            gate.take(reading(name, ("NORMAL", None), 0), 0, 0)
        gate.begin(10)
        listed(gate, 10, a="STARTING", b="NORMAL", c="NORMAL")
        assert gate.jobs["a"].state == "STARTING"
        assert gate.verdict(10, gate.began, False).verdict == "PENDING"

    def test_within_one_observation_the_status_call_wins(self) -> None:
        gate = make(check_nodes=False)
        gate.begin(0)
        listed(gate, 0, a="STARTING", b="NORMAL", c="NORMAL")
        gate.take(reading("a", ("NORMAL", None), 1), 1, 1)
        assert gate.verdict(1, gate.began, False).verdict == "PASS"
        gate = make(check_nodes=False)
        gate.begin(0)
        for name in NAMES:
            gate.take(reading(name, ("NORMAL", None), 0), 0, 0)
        listed(gate, 5, a="STARTING", b="NORMAL", c="NORMAL")
        assert (gate.jobs["a"].state, gate.jobs["a"].claims.is_open) == ("NORMAL", True)
        assert gate.verdict(5, gate.began, False).verdict == "PENDING"
        gate.take(reading("a", ("NORMAL", None), 6), 6, 6)
        assert gate.verdict(6, gate.began, False).verdict == "PASS"

    @pytest.mark.parametrize("states", [{"a": "EXCEPTION"}, {}])
    def test_a_failure_or_an_absence_in_the_list_alone_does_not_count(self, states: dict) -> None:
        gate = make()
        gate.begin(0)
        listed(gate, 0, **{"b": "NORMAL", "c": "NORMAL", **states})
        assert gate.verdict(0, gate.began, False).verdict == "PENDING"
        assert gate.jobs["a"].claims.is_open
        gate.take(reading("a", ("EXCEPTION", None) if states else ("missing", None), 1), 1, 1)
        assert gate.verdict(1, gate.began, False).verdict == "FAIL"

    def test_ready_by_the_list_needs_its_nodes_read(self) -> None:
        gate = make()
        gate.begin(0)
        listed(gate, 0, a="NORMAL", b="NORMAL", c="NORMAL")
        assert [item["message"] for item in gate.verdict(0, gate.began, False).reasons] == [
            f"{name} is NORMAL, its nodes were not read" for name in NAMES
        ]


class TestTheDeadline:
    ERROR = RequestError(TRANSIENT, "busy", status=503)

    def faulty(self) -> Gate:
        """A gate in whose first observation nothing could be read, and whose second one has begun."""
        gate = make(job_names=["a", "b"])
        gate.begin(0.0)
        gate.fault(self.ERROR)
        gate.begin(10.0)
        return gate

    def codes(self, gate: Gate) -> list[tuple[str, str | None]]:
        gate.cut_off()
        verdict = gate.verdict(15.0, None, True)
        assert verdict.verdict == "TIMEOUT"
        return [(item["code"], item["job"]) for item in verdict.reasons]

    def test_earlier_list_error_is_reported(self) -> None:
        assert self.codes(self.faulty())[0] == ("unreadable", None)

    @pytest.mark.parametrize("what", [("STARTING", None), ("error", None)])
    def test_earlier_error_ends_with_a_reading_of_a_job(self, what: tuple[str, Any]) -> None:
        gate = self.faulty()
        gate.take(reading("a", what, 11.0), 11.0, 11.0)
        assert ("unreadable", None) not in self.codes(gate)

    def test_earlier_error_ends_with_a_reading_of_the_list(self) -> None:
        gate = self.faulty()
        listed(gate, 11.0, a="STARTING", b="STARTING")
        assert ("unreadable", None) not in self.codes(gate)

    def test_job_without_further_answers_is_reported_with_its_age(self) -> None:
        gate = make(job_names=["a", "b"])
        gate.begin(0.0)
        gate.take(reading("a", ("STARTING", None), 1.0), 1.0, 1.0)
        gate.take(reading("b", ("NORMAL", None), 1.0), 1.0, 1.0)
        gate.begin(2.0)
        gate.jobs["a"].asked_at = 4.0
        listed(gate, 3.0, a="STARTING", b="STARTING")
        listed(gate, 4.0, a="STARTING", b="NORMAL")
        gate.jobs["b"].asked_at = 6.5
        messages = [item["message"] for item in gate.verdict(7.0, None, False).reasons]
        assert messages == ["a is STARTING (no usable answer for 3.0 s)", "b is NORMAL, its nodes were not read"]

    @pytest.mark.parametrize(
        ("listed_at", "received"),
        [
            (60.0, "a is NORMAL, its nodes were last read 60 s before the end"),
            (None, "a was NORMAL 60 s before the end and was not reached again"),
        ],
    )
    def test_old_node_readings_are_distinguished_from_an_unread_job(
        self, listed_at: float | None, received: str
    ) -> None:
        gate = make(job_names=["a"])
        gate.max_age = 30.0
        gate.begin(0.0)
        gate.take(reading("a", ("NORMAL", "NORMAL"), 1.0), 1.0, 1.0)
        gate.begin(58.0)
        if listed_at is not None:
            listed(gate, listed_at, a="NORMAL")
        verdict = gate.verdict(61.0, None, True)
        assert (verdict.verdict, [item["message"] for item in verdict.reasons]) == ("TIMEOUT", [received])


class TestHistory:
    def test_first_observations_are_dropped_first(self) -> None:
        history = History(most=4)
        for name in NAMES:
            history.see(0, name, None, "STARTING")
        for number, state in enumerate(("NORMAL", "STOPPED", "NORMAL")):
            history.see(number + 1, "a", None, state)
        kept = history.entries()
        assert [(entry["job"], entry["status"]) for entry in kept] == [
            ("c", "STARTING"),
            ("a", "NORMAL"),
            ("a", "STOPPED"),
            ("a", "NORMAL"),
        ]
        assert (history.dropped, history.changes) == (2, 3)

    def test_unchanged_states_are_recorded_once(self) -> None:
        history = History()
        for at in range(5):
            history.see(at, "a", "n", "NORMAL")
        assert len(history.entries()) == 1
