# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate in slices has the same verdict, time and history as a gate in one piece."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import TRANSIENT, OptionError, RequestError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options, resume
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.observing.outcome import Outcome
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.result import as_dict
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state import job_state
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.job_state import JobState
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.update_job import take_reading
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import LIST, STATUS, Reading
from ansible_collections.datagate.huaweicloud.tests.unit.gate_world import GONE, World, gate, in_slices, slice_of

BUSY = RequestError(TRANSIENT, "busy", status=503)


def step(at: float) -> Any:
    nodes = st.dictionaries(
        st.sampled_from(["n1", "n2"]),
        st.fixed_dictionaries(
            {"status": st.sampled_from(["NORMAL", "STOPPED", "EXCEPTION"]), "total_put_records": st.integers(0, 3)}
        ),
        max_size=2,
    )
    state = st.sampled_from(["STARTING", "NORMAL", "NORMAL", "STOPPED", "EXCEPTION", "odd", GONE, BUSY])
    return st.tuples(st.just(at), state, nodes)


scripts = st.tuples(*(step(at) for at in (0.0, 13.0, 28.0, 44.0)))
conditions = st.fixed_dictionaries(
    {"wait_timeout": st.sampled_from([35.0, 90.0])},
    optional={
        "stable_for": st.sampled_from([5.0, 20.0]),
        "exception_grace": st.sampled_from([15.0, 30.0]),
        "missing": st.sampled_from(["wait", "ok"]),
        "max_failing": st.just(1),
        "require_records": st.just(True),
        "max_consecutive_errors": st.just(2),
        "fail_on_exception": st.just(False),
        "check_nodes": st.just(False),
        "wait_initial_delay": st.just(7.0),
    },
)


@given(
    st.tuples(scripts, scripts), conditions, st.lists(st.sampled_from([0.5, 2.0, 7.0, 30.0]), min_size=1, max_size=5)
)
def test_sliced_gate_equals_one_in_one_piece(drawn: tuple, params: dict, seconds: list) -> None:
    jobs = dict(zip(("a", "b"), drawn))
    given_options = {"job_names": ["a", "b"], "wait": True, "return_jobs": "all", **params}
    whole = gate(World(jobs, latency=0.1), **given_options)
    whole.pop("failed")
    cut, dummy = in_slices(World(jobs, latency=0.1), seconds, **given_options)
    assert cut == whole


def test_sliced_gate_of_many_jobs_equals_one_in_one_piece() -> None:
    names = [f"job{number:04d}" for number in range(600)]
    jobs: dict[str, Any] = {name: [(0, "NORMAL", {"n": "NORMAL"})] for name in names}
    jobs["job0010"] = [(0, "STARTING"), (15, "NORMAL")]
    params: dict[str, Any] = {"job_names": names, "wait": True, "wait_timeout": 300}
    whole = gate(World(jobs, rate=28), **params, return_jobs="all")
    cut, count = in_slices(World(jobs, rate=28), [5.0], **params)
    assert count > 3
    assert (cut["verdict"], cut["elapsed"] <= whole["elapsed"] + 10) == ("PASS", True)
    assert cut["requests"] <= 1.1 * whole["requests"] + 100


def test_closing_observation_is_completed() -> None:
    jobs = {name: [(0, "NORMAL")] for name in "abcd"}
    world = World(jobs, rate=2, list_errors=[(0, 5, BUSY)], list_hangs=30)
    result, dummy = in_slices(world, [1.0], job_names=list(jobs), wait=True, wait_interval=5, wait_timeout=300)
    assert result["verdict"] == "PASS"
    read = [at for at, what in world.calls if what == "list"]
    assert read[-1] > 5, "the list that could not be read proves nothing"


def test_sliced_dli_gate_equals_one_in_one_piece() -> None:
    jobs = {"a": [(0, "LAUNCHING"), (12, "RUNNING", {"_progress": 0.2, "_tasks": {"total": 4}}), (50, "FINISHED")]}
    cut, dummy = in_slices(World(jobs, lists=False), [3.0], dli=True, job_ids=["a"], wait=True)
    assert (cut["verdict"], cut["job"]["tasks"], cut["polls"]) == ("PASS", {"total": 4}, 6)
    stalled = {"a": [(0, "RUNNING", {"_progress": 0.2})]}
    params: dict[str, Any] = {"job_ids": ["a"], "wait": True, "stall_timeout": 35}
    cut, dummy = in_slices(World(stalled, lists=False), [3.0], dli=True, **params)
    assert (cut["verdict"], cut["elapsed"]) == ("FAIL", 40.0)


def test_time_between_slices_counts() -> None:
    world = World({"a": [(0, "STARTING"), (500, "NORMAL")]})
    params = {"job_names": ["a"], "wait": True, "wait_timeout": 100}
    outcome = slice_of(world, 5, None, False, params)
    world.clock.sleep(60)
    outcome = slice_of(world, 5, outcome.state, False, params)
    assert 65 <= outcome.elapsed <= 70
    world.clock.sleep(600)
    outcome = slice_of(world, 5, outcome.state, False, params)
    assert outcome.verdict.verdict == "TIMEOUT"


def test_a_change_ends_a_slice_early() -> None:
    world = World({"a": [(0, "STARTING"), (15, "STOPPED"), (500, "NORMAL")]})
    outcome = slice_of(world, 300, None, False, {"job_names": ["a"], "wait": True})
    assert (outcome.elapsed, outcome.state is None) == (20.0, False)


@pytest.mark.parametrize("flapping", [False, True])
def test_an_hour_costs_at_most_130_slices(flapping: bool) -> None:
    script: list[Any] = [(0, "STARTING")]
    if flapping:
        script = [(number * 10 - 1, ("NORMAL", "STARTING")[number % 2], {"bad": "STARTING"}) for number in range(400)]
    world = World({"a": script, "b": [(0, "STARTING")]})
    grown = [1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
    result, count = in_slices(world, grown, job_names=["a", "b"], wait=True, wait_timeout=3600)
    assert result["verdict"] == "TIMEOUT"
    assert count <= 130


def test_a_slice_does_not_end_before_a_failure_is_reported() -> None:
    jobs: dict[str, Any] = {f"job{number:02d}": [(0, "NORMAL")] for number in range(35)}
    jobs["job00"] = [(0, "EXCEPTION")]
    outcome = slice_of(World(jobs, rate=20), 1.0, None, False, {"job_names": list(jobs), "wait": True})
    assert outcome.verdict.verdict == "FAIL"


def test_a_list_younger_than_the_interval_is_not_read_again() -> None:
    names = [f"job{number:04d}" for number in range(600)]
    world = World({name: [(0, "STARTING"), (45, "NORMAL")] for name in names}, rate=28)
    in_slices(world, [1.0], job_names=names, wait=True, wait_timeout=300, check_nodes=False)
    starts = [at for (at, what), (before, other) in zip(world.calls[1:], world.calls) if at - before > 1]
    assert all(later - earlier >= 9 for earlier, later in zip(starts, starts[1:]))


class TestPause:
    """Nothing is read between two slices: earlier readings keep their age."""

    names = tuple(f"job{number:02}" for number in range(100))

    def run(self, world: World, pause: float, first: float = 2.0, then: float = 30.0, **params: Any) -> Outcome:
        """A slice, a pause, and all slices after it."""
        params = {"job_names": list(world.jobs), "wait": True, "wait_timeout": 3600, **params}
        outcome = slice_of(world, first, None, False, params)
        world.clock.sleep(pause)
        while outcome.state is not None:
            state = resume.unpack(resume.pack(outcome.state, "x"), "x")
            outcome = slice_of(world, then, state, False, params)
        return outcome

    def test_node_failure_during_a_pause_is_detected(self) -> None:
        jobs: dict = {name: [(0, "NORMAL", {"n": "NORMAL"})] for name in self.names}
        jobs["job00"] = [*jobs["job00"], (60, "NORMAL", {"n": "EXCEPTION"})]
        jobs["job01"] = [(0, "STARTING", {"n": "NORMAL"}), (60, "NORMAL", {"n": "NORMAL"})]
        outcome = self.run(World(jobs), 1200)
        assert outcome.verdict.verdict == "FAIL"
        assert outcome.verdict.reasons[0]["job"] == "job00"

    def test_pause_neither_extends_nor_resets_stable_for(self) -> None:
        jobs = {"a": [(0, "NORMAL"), (20, "EXCEPTION"), (1100, "NORMAL")]}
        outcome = self.run(World(jobs), 1200, 15, stable_for=600)
        assert outcome.verdict.verdict == "PASS"
        # 15 s before it, as long as lies between two looks anyway, and the rest after it.
        assert 1215 + 600 - 25 <= outcome.elapsed <= 1215 + 600
        assert self.run(World({"a": [(0, "NORMAL")]}), 60, 15, 90, stable_for=600).elapsed <= 600 + 60

    def test_pause_does_not_advance_the_last_observation(self) -> None:
        jobs: dict = {name: [(0, "NORMAL", {"n": "NORMAL"})] for name in self.names}
        jobs["job99"] = [(0, "STARTING"), (3200, "NORMAL", {"n": "NORMAL"})]
        outcome = self.run(World(jobs), 3000, 2.0)
        assert outcome.verdict.verdict == "PASS"

    def test_short_slices_complete_the_rotation(self) -> None:
        jobs: dict = {f"job{number:04}": [(0, "NORMAL", {"n": "NORMAL"})] for number in range(600)}
        world = World(jobs)
        params = {"job_names": list(jobs), "wait": True, "wait_timeout": 600}
        state = None
        for seconds in (1.0, 2.0, 4.0, 8.0, 16.0, 30.0):
            outcome = slice_of(world, seconds, state, False, params)
            if outcome.state is None:
                break
            state = resume.unpack(resume.pack(outcome.state, "x"), "x")
            world.clock.sleep(3.0)
        assert outcome.verdict.verdict == "PASS"
        assert sum(1 for dummy, what in world.calls if what != "list") <= 640


def values(state: Any) -> dict[str, Any]:
    """The fields of a dataclass, those of the dataclasses in it included."""
    found = {item.name: getattr(state, item.name) for item in fields(state)}
    return {name: values(value) if is_dataclass(value) else value for name, value in found.items()}


def test_all_fields_of_a_job_are_kept_in_resume() -> None:
    """A field of a job that `resume` does not contain would be lost between two slices."""
    policy = options.policy({"job_names": ["a"], "wait": True})
    job = JobState("a", policy)
    take_reading(job, Reading("a", 1.0, LIST, job={"name": "a", "status": "NORMAL"}), 1.0, 0.0)
    take_reading(
        job, Reading("a", 2.0, STATUS, job={"name": "a", "status": "STARTING", "nodes": [{"name": "n"}]}), 2.0, 0.0
    )
    take_reading(job, Reading("a", 3.0, LIST, job={"name": "a", "status": "EXCEPTION"}), 3.0, 0.0)
    other = job_state.load("a", policy, json.loads(json.dumps(job_state.dump(job, True))), 3.0)
    assert job.claims.is_open
    assert values(other) == values(job)


class TestText:
    state = {"a": [1, None, "作业"]}

    def test_unpacked_text_equals_the_state(self) -> None:
        text = resume.pack(self.state, "0123")
        assert text.startswith(f"{resume.VERSION}.0123.")
        assert text.isascii()
        assert resume.unpack(text, "0123") == self.state

    def test_text_contains_no_secret_that_ansible_masks(self) -> None:
        text = resume.pack(self.state, "0123")
        for start in range(7, len(text) - 4, 5):
            secret = text[start : start + 4]
            other = resume.pack(self.state, "0123", [secret])
            assert secret not in other.rpartition(".")[2]
            assert resume.unpack(other, "0123") == self.state
        # If that is impossible, a text is returned anyway.
        assert resume.unpack(resume.pack(self.state, "0123", [""]), "0123") == self.state

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("x", "is not what an earlier slice returned"),
            ("..", "another version"),
            ("3.0123.AAAA", "another version"),
            ("6.9999.AAAA", "other options"),
            ("6.0123.", "damaged"),
            ("6.0123.AAAA", "damaged"),
            ("6.0123.%%%", "damaged"),
            ("6.0123.é", "damaged"),
        ],
    )
    def test_invalid_text_is_rejected(self, text: str, why: str) -> None:
        with pytest.raises(OptionError, match=f"resume.*{why}"):
            resume.unpack(text, "0123")

    def test_decompression_bomb_is_rejected(self) -> None:
        packed = resume.pack({"a": "x" * (resume.MAX_STATE + 1)}, "0")
        with pytest.raises(OptionError, match="damaged"):
            resume.unpack(packed, "0")

    def test_digest_depends_on_every_option(self) -> None:
        base = {"job_names": ["a"], "wait": True}
        policies = [options.policy({**base, **extra}) for extra in ({}, {"stable_for": 1}, {"wait_for": ["STOPPED"]})]
        digests = {resume.digest(policy, options.selection(base)) for policy in policies}
        digests.add(resume.digest(policies[0], options.selection({"job_names": ["b"]})))
        assert len(digests) == 4
        assert resume.digest(policies[0]) == resume.digest(options.policy(json.loads(json.dumps(base))))


CASES = ("by name", "by tags", "no list yet", "dli")


class Case(NamedTuple):
    """A gate whose first slice has ended.

    :ivar state: the state unpacked from its `resume` text.
    """

    dli: bool
    params: dict[str, Any]
    state: Any


@cache
def case(name: str) -> Case:
    """A gate with jobs that are on their way, counted, failing, unreadable or missing."""
    error = RequestError(TRANSIENT, "busy", status=503, retry_after=1.5, request_id="r")
    counted = {"n": {"status": "NORMAL", "total_put_records": 5, "log_path": "obs://a"}}
    jobs: dict[str, Any] = {
        "a": [(0, "STARTING", counted), (8, "NORMAL", counted)],
        "b": [(0, error)],
        "c": [(0, GONE)],
    }
    params: dict[str, Any] = {"wait": True, "missing": "wait", "require_records": True, "exception_grace": 5}
    if name == "dli":
        params, world = (
            {"job_ids": ["a"], "wait": True},
            World({"a": [(0, "RUNNING", {"_tasks": {"total": 4}})]}, lists=False),
        )
    elif name == "by name":
        params["job_names"], world = ["a", "b", "c"], World(jobs)
    else:
        errors = [(0.0, 99.0, error)] if name == "no list yet" else []
        params["tags"], world = ["t"], World({"a": jobs["a"], "b": [(0, "EXCEPTION")]}, list_errors=errors)
    outcome = slice_of(world, 5, None, name == "dli", params)
    assert outcome.state is not None
    return Case(name == "dli", params, resume.unpack(resume.pack(outcome.state, "x"), "x"))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


def paths(state: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values in a state."""
    if isinstance(state, (dict, list)):
        keys = state.keys() if isinstance(state, dict) else range(len(state))
        return [way, *(found for key in keys for found in paths(state[key], (*way, key)))]
    return [way]


def replaced(state: Any, way: tuple[Any, ...], value: Any) -> Any:
    """A copy of a state with another value at one place."""
    if not way:
        return value
    copied = dict(state) if isinstance(state, dict) else list(state)
    copied[way[0]] = replaced(state[way[0]], way[1:], value)
    return copied


def damage(name: str) -> Case:
    """The same gate, with a state of its own that a test may change."""
    found = case(name)
    return found._replace(state=json.loads(json.dumps(found.state)))


def problem_of(found: Case, state: Any) -> str | None:
    """The error of the next slice with a state; None if it is accepted. It neither raises nor passes."""
    names = ["a"] if found.dli else ["a", "b", "c"]
    world = World({name: [(0, "RUNNING" if found.dli else "STARTING")] for name in names}, lists=not found.dli)
    try:
        outcome = slice_of(world, 5, state, found.dli, found.params)
    except OptionError as error:
        return str(error)
    assert outcome.verdict.verdict != "PASS"
    assert json.dumps(as_dict(outcome, "all"))
    return None


DAMAGED = "resume: is damaged; start the gate again"


class TestForeignStates:
    """For any text in the option resume, a gate continues or reports that it is damaged."""

    @pytest.mark.parametrize("name", CASES)
    def test_own_state_is_accepted(self, name: str) -> None:
        assert problem_of(case(name), case(name).state) is None

    @given(st.sampled_from(CASES), st.data())
    def test_replaced_value_is_accepted_or_rejected_as_damaged(self, name: str, data: Any) -> None:
        found = case(name)
        way = data.draw(st.sampled_from([way for way in paths(found.state) if way]))
        assert problem_of(found, replaced(found.state, way, data.draw(JSON))) in (None, DAMAGED)

    @given(st.sampled_from(CASES), st.dictionaries(st.text(max_size=5), JSON))
    def test_foreign_data_is_rejected(self, name: str, state: Any) -> None:
        assert problem_of(case(name), state) == DAMAGED

    @pytest.mark.parametrize("name", CASES)
    def test_missing_or_additional_key_is_rejected(self, name: str) -> None:
        ways = [way for way in paths(case(name).state) if way and isinstance(way[-1], str)]
        fixed = [way for way in ways if not {"listed", "status", "tasks", "last", "moved_at"} & {*way[:-1]}]
        assert len(fixed) > 30
        for way in fixed:
            found = damage(name)
            place = found.state
            for key in way[:-1]:
                place = place[key]
            del place[way[-1]]
            if way[-2:-1] != (2,):  # what is left out of an error is as it is in a new one
                assert problem_of(found, found.state) == DAMAGED, way
            place["more"] = 1
            assert problem_of(found, found.state) == DAMAGED, way

    @pytest.mark.parametrize("name", CASES[:2])
    def test_state_with_fewer_jobs_is_rejected(self, name: str) -> None:
        """With no job left, it would pass."""
        for count in range(len(case(name).state["gate"]["jobs"])):
            found = damage(name)
            del found.state["gate"]["jobs"][count:]
            assert problem_of(found, found.state) == DAMAGED

    @pytest.mark.parametrize("name", ["read_at", "status_at", "listed_at", "ready_at"])
    def test_reading_after_the_end_of_the_slice_is_rejected(self, name: str) -> None:
        found = damage("by name")
        found.state["gate"]["jobs"][0][1][name] = found.state["time"]["elapsed"] + 1
        assert problem_of(found, found.state) == DAMAGED


class TestDamagedText:
    """A text that was changed, truncated or masked is rejected, or has the same content as before."""

    @staticmethod
    def text() -> str:
        return resume.pack(case("by name").state, "0123")

    @staticmethod
    def read(text: str) -> Any:
        try:
            return resume.unpack(text, "0123")
        except OptionError as error:
            return error.option

    @given(st.data())
    def test_truncated_text_is_rejected(self, data: Any) -> None:
        text = self.text()
        assert self.read(text[: data.draw(st.integers(0, len(text) - 1))]) == "resume"

    @given(st.data())
    def test_changed_character_is_rejected_or_harmless(self, data: Any) -> None:
        text = self.text()
        at = data.draw(st.integers(0, len(text) - 1))
        char = data.draw(st.sampled_from("ABab01-_=.* \n\u00e9"))
        assert self.read(text[:at] + char + text[at + 1 :]) in ("resume", case("by name").state)

    @given(st.data())
    def test_masked_text_is_rejected_or_harmless(self, data: Any) -> None:
        text = self.text()
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        middle = data.draw(st.sampled_from(["********", "", "AAAA"]))
        assert self.read(text[:start] + middle + text[end:]) in ("resume", case("by name").state)

    @pytest.mark.parametrize(
        "plain",
        [
            b"",
            b"null",
            b"[]",
            b"1",
            b'"a"',
            b"\xff",
            b"{",
            b"[" * 100_000,
            b'{"a": 1} {}',
            b'{"a": NaN}',
            "{}".encode("utf-16"),
        ],
    )
    def test_other_compressed_data_is_rejected(self, plain: bytes) -> None:
        packed = base64.urlsafe_b64encode(zlib.compress(plain)).decode()
        with pytest.raises(OptionError, match="damaged"):
            resume.unpack(f"{resume.VERSION}.0123.{packed}", "0123")

    @pytest.mark.parametrize("pad", [zlib.compress(b"{}") + b"x", zlib.compress(b"{}")[:-1], b"{}"])
    def test_other_compression_is_rejected(self, pad: bytes) -> None:
        with pytest.raises(OptionError, match="damaged"):
            resume.unpack(f"{resume.VERSION}.0123.{base64.urlsafe_b64encode(pad).decode()}", "0123")
