# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Orders over a real session on a virtual clock: state before x order x answer x state after, and single cases."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .order_cloud import ANSWERS, CloudJob, OrderCloud, order

# -- the table --------------------------------------------------------------------------------------------------------

# Goal and state before -> the orders that are needed.
NEEDED: dict[tuple[str, str], list[str]] = {
    ("started", "STOPPED"): ["start"],
    ("started", "STARTING"): [],
    ("started", "NORMAL"): [],
    ("started", "EXCEPTION"): ["start"],
    ("started", "STOPPING"): ["start"],
    ("stopped", "STOPPED"): [],
    ("stopped", "STARTING"): ["stop"],
    ("stopped", "NORMAL"): ["stop"],
    ("stopped", "EXCEPTION"): ["stop"],
    ("stopped", "STOPPING"): [],
    ("restarted", "STOPPED"): ["start"],
    ("restarted", "STARTING"): ["stop", "start"],
    ("restarted", "NORMAL"): ["stop", "start"],
    ("restarted", "EXCEPTION"): ["stop", "start"],
    ("restarted", "STOPPING"): ["start"],
}
# Answer -> verdict where the job ends well, verdict where it ends in EXCEPTION, changed, requests for an order (with two retries).
# After an order that was not carried out, a second order is not sent.
OUTCOMES: dict[str, tuple[str, str, bool, int]] = {
    "taken": ("PASS", "FAIL", True, 1),
    "taken, 503": ("PASS", "FAIL", True, 1),
    "taken, broken": ("PASS", "FAIL", True, 1),
    "taken, silent": ("PASS", "FAIL", True, 1),
    "taken, garbled": ("PASS", "FAIL", True, 1),
    # The module must assume that it had an effect.
    "503": ("ERROR", "ERROR", True, 1),
    "broken": ("ERROR", "ERROR", True, 1),
    "silent": ("ERROR", "ERROR", True, 1),
    "429 of a proxy": ("ERROR", "ERROR", True, 1),
    # It had no effect.
    "unconnected": ("ERROR", "ERROR", False, 3),
    "throttled": ("ERROR", "ERROR", False, 3),
    "30107": ("ERROR", "ERROR", False, 1),
    "is running": ("ERROR", "ERROR", False, 1),
    "3051": ("ERROR", "ERROR", False, 1),
    "unknown code": ("ERROR", "ERROR", False, 1),
    "no nodes": ("ERROR", "ERROR", False, 1),
    "denied": ("ERROR", "ERROR", False, 1),
}
# A job that was EXCEPTION before and after an unclear stop shows no sign of the order.
NO_SIGN = {name for name in OUTCOMES if name.startswith("taken, ")}
MOVING = {"STARTING": "NORMAL", "STOPPING": "STOPPED"}


def expected(goal: str, before: str, answer: str, is_good: bool) -> tuple[str, bool, int]:
    needed = NEEDED[goal, before]
    if not needed:
        return "PASS", False, 0
    good, bad, changed, tries = OUTCOMES[answer]
    verdict = good if is_good else bad
    if (goal, before) == ("stopped", "EXCEPTION") and not is_good and answer in NO_SIGN:
        verdict = "ERROR"
    return verdict, changed, len(needed) if answer.startswith("taken") else tries


@pytest.mark.parametrize(("goal", "before"), NEEDED)
def test_each_answer_gives_the_expected_outcome(goal: str, before: str) -> None:
    assert set(OUTCOMES) == set(ANSWERS)
    found, wanted = {}, {}
    for answer in ANSWERS:
        for is_good in (True, False):
            job = CloudJob(before)
            if before in MOVING:
                job.moves = [(3.0, MOVING[before], 1_000)]
            if not is_good:
                job.starts_as = "EXCEPTION"
                job.stops_as = "EXCEPTION" if goal == "stopped" else "STOPPED"
            cloud = OrderCloud({"a": job}, [answer])
            result = order(cloud, names="a", state=goal)
            found[answer, is_good] = result["verdict"], result["changed"], cloud.tries
            wanted[answer, is_good] = expected(goal, before, answer, is_good)
            assert result.get("failed", False) == (result["verdict"] != "PASS")
            assert result["before"] == [{"name": "a", "job_type": "REAL_TIME", "status": before, "start_time": 1_000}]
    assert found == wanted


# -- old states -------------------------------------------------------------------------------------------------------


def test_old_exception_counts_only_after_a_delay() -> None:
    late = CloudJob("EXCEPTION", lag=25)
    assert order(OrderCloud({"a": late}), names="a", state="started", wait_interval=1)["verdict"] == "PASS"
    never = order(OrderCloud({"a": CloudJob("EXCEPTION", lag=90)}), names="a", state="started", wait_interval=1)
    assert never["verdict"] == "FAIL"
    assert 30 < never["seconds"] < 34


def test_failed_start_between_readings_is_detected_by_start_time() -> None:
    job = CloudJob("EXCEPTION", starts_as="EXCEPTION", lag=0.5)
    result = order(OrderCloud({"a": job}), names="a", state="started", wait_interval=8)
    assert result["verdict"] == "FAIL"
    assert result["seconds"] < 10


def test_old_node_state_counts_only_after_a_delay() -> None:
    def attempt(**fields: Any) -> dict[str, Any]:
        job = CloudJob("STOPPED", nodes={"n": "EXCEPTION"}, **fields)
        return order(OrderCloud({"a": job}), names="a", state="started", wait_interval=1)

    assert attempt(mends_nodes=True)["verdict"] == "PASS"
    broken = attempt(mends_nodes=False)
    assert (broken["verdict"], broken["reasons"][0]["code"]) == ("FAIL", "node_exception")
    assert 30 < broken["seconds"] < 34


def test_job_with_a_failing_node_can_be_stopped() -> None:
    job = CloudJob("NORMAL", nodes={"n": "EXCEPTION"}, mends_nodes=False)
    assert order(OrderCloud({"a": job}), names="a", state="stopped")["verdict"] == "PASS"


def test_a_restart_needs_a_later_start() -> None:
    job = CloudJob("NORMAL")
    cloud = OrderCloud({"a": job})
    carry_out = cloud._carry_out

    def keep_the_start(name: str, verb: str, at: float) -> int:
        number = carry_out(name, verb, at)
        job.moves = [(time, state, 1_000) for time, state, dummy in job.moves]
        return number

    cloud._carry_out = keep_the_start  # type: ignore[method-assign]
    result = order(cloud, names="a", state="restarted", wait_timeout=60)
    assert (result["verdict"], result["jobs"][0]["status"]) == ("TIMEOUT", "NORMAL")


@pytest.mark.parametrize("answer", ["30107", "is running", "3051", "unknown code"])
def test_refused_order_succeeds_if_the_state_is_right(answer: str) -> None:
    # Another user has started it since it was read.
    job = CloudJob("STOPPED", moves=[(0.12, "NORMAL", 2_000)])
    cloud = OrderCloud({"a": job}, [answer])
    result = order(cloud, names="a", state="started")
    assert (result["verdict"], result["changed"], cloud.tries) == ("PASS", False, 1)


# -- several jobs -----------------------------------------------------------------------------------------------------


def test_failing_job_does_not_leave_others_stopped() -> None:
    jobs = {"bad": CloudJob("STOPPED", starts_as="EXCEPTION", lag=0), "good": CloudJob("NORMAL", lag=20)}
    cloud = OrderCloud(jobs)
    result = order(cloud, names="bad,good", state="restarted")
    assert result["verdict"] == "FAIL"
    assert [(name, verb) for dummy, name, verb, dummy2 in cloud.posts] == [
        ("bad", "start"),
        ("good", "stop"),
        ("good", "start"),
    ]
    assert {job["name"]: job["status"] for job in result["jobs"]} == {"bad": "EXCEPTION", "good": "NORMAL"}


def test_a_refused_order_does_not_leave_others_stopped() -> None:
    cloud = OrderCloud({"bad": CloudJob("STOPPED"), "good": CloudJob("NORMAL")}, ["no nodes", "taken"])
    result = order(cloud, names="bad,good", state="restarted")
    assert result["verdict"] == "ERROR"
    assert result["error_code"] == "DLF.30122"
    assert "bad could not be ordered: DLF.30122 (HTTP 400): The job has no nodes; add a node" in result["msg"]
    assert [verb for dummy, name, verb, dummy2 in cloud.posts if name == "good"] == ["stop", "start"]


def test_timeout_names_the_starts_that_were_not_sent() -> None:
    cloud = OrderCloud({"a": CloudJob("NORMAL", lag=50)})
    result = order(cloud, names="a", state="restarted", wait_timeout=20)
    assert result["verdict"] == "TIMEOUT"
    assert result["msg"].endswith("Ordered: stop of a. Not ordered any more: start of a.")


def test_nothing_is_ordered_with_a_missing_job() -> None:
    cloud = OrderCloud({"a": CloudJob("NORMAL")})
    result = order(cloud, names="gone,a", state="stopped")
    assert (result["verdict"], result["changed"], cloud.tries) == ("FAIL", False, 0)
    assert [reason["code"] for reason in result["reasons"]] == ["job_missing"]
    assert order(cloud, names="gone,a", state="stopped", missing="ok")["verdict"] == "PASS"


def test_orders_keep_to_the_rate_limit() -> None:
    cloud = OrderCloud({f"a{number}": CloudJob("STOPPED") for number in range(6)})
    order(cloud, names=",".join(cloud.jobs), state="started", requests_per_second=2)
    times = [post[0] for post in cloud.posts]
    assert len(times) == 6
    assert all(later - earlier >= 0.49 for earlier, later in zip(times, times[1:]))


# -- batch jobs -------------------------------------------------------------------------------------------------------


def batch(state: str = "SCHEDULING", **fields: Any) -> CloudJob:
    return CloudJob(state, kind="BATCH", **fields)


@pytest.mark.parametrize(
    ("goal", "before", "orders"),
    [
        ("started", "STOPPED", ["start"]),
        ("started", "PAUSED", ["start"]),
        ("started", "SCHEDULING", []),
        ("stopped", "SCHEDULING", ["stop"]),
        ("stopped", "PAUSED", []),
        ("restarted", "SCHEDULING", ["stop", "start"]),
    ],
)
def test_orders_for_batch_jobs(goal: str, before: str, orders: list[str]) -> None:
    cloud = OrderCloud({"a": batch(before)})
    result = order(cloud, names="a", state=goal)
    assert (result["verdict"], [post[2] for post in cloud.posts]) == ("PASS", orders)
    assert result["before"][0]["job_type"] == "BATCH"


@pytest.mark.parametrize(
    ("answer", "shows_runs", "end", "verdict", "changed"),
    [
        ("taken", True, "success", "PASS", True),
        ("taken", False, "fail", "FAIL", True),
        ("taken", True, "manual-stop", "FAIL", True),
        ("taken", True, "forceSuccess", "FAIL", True),
        ("taken, 503", True, "success", "PASS", True),
        ("taken, broken", True, "fail", "FAIL", True),
        ("taken, silent", True, "success", "PASS", True),
        ("taken, garbled", True, "success", "PASS", True),
        ("taken, broken", False, "success", "ERROR", True),
        ("503", True, "success", "ERROR", True),
        ("no nodes", True, "success", "ERROR", False),
        ("30107", True, "success", "ERROR", False),
        ("unconnected", True, "success", "ERROR", False),
    ],
)
def test_outcome_of_a_run(answer: str, shows_runs: bool, end: str, verdict: str, changed: bool) -> None:
    cloud = OrderCloud({"a": batch(runs_end_as=end)}, [answer], shows_runs)
    cloud.runs.append((-60.0, "a", 7))  # an earlier one, which is not this one
    result = order(cloud, names="a", state="run")
    assert (result["verdict"], result["changed"]) == (verdict, changed)
    assert len(cloud.posts) <= 1
    if verdict in ("PASS", "FAIL"):
        assert result["instances"] == [{"name": "a", "instance_id": 101}]
        assert result["jobs"][0]["instance"]["instance_id"] == 101
    if verdict == "ERROR" and changed:
        assert "may have been started" in result["msg"]


def test_two_new_runs_after_a_lost_answer_are_ambiguous() -> None:
    cloud = OrderCloud({"a": batch()}, ["taken, broken"])
    carry_out = cloud._carry_out

    def twice(name: str, verb: str, at: float) -> int:
        carry_out(name, verb, at)
        return carry_out(name, verb, at)

    cloud._carry_out = twice  # type: ignore[method-assign]
    result = order(cloud, names="a", state="run")
    assert result["verdict"] == "ERROR"
    assert "several new runs are visible; it may have been started" in result["msg"]


def test_real_time_job_cannot_be_run() -> None:
    cloud = OrderCloud({"a": CloudJob("NORMAL")})
    result = order(cloud, names="a", state="run")
    assert result["msg"].startswith("names: a is a real-time job, and only batch jobs can be run once")
    assert cloud.tries == 0


# -- without waiting, check mode --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "before", "answer", "orders", "verdict"),
    [
        ("started", "STOPPED", "taken", ["start"], None),
        ("started", "STOPPED", "taken, 503", ["start"], "PASS"),
        ("started", "STOPPED", "503", ["start"], "ERROR"),
        ("started", "STOPPED", "no nodes", ["start"], "ERROR"),
        ("restarted", "NORMAL", "taken", ["stop", "start"], "PASS"),
        ("stopped", "STOPPED", "taken", [], None),
    ],
)
def test_wait_false_returns_after_the_order(
    goal: str, before: str, answer: str, orders: list[str], verdict: str | None
) -> None:
    cloud = OrderCloud({"a": CloudJob(before)}, [answer])
    result = order(cloud, names="a", state=goal, wait=False)
    assert (result.get("verdict"), [post[2] for post in cloud.posts]) == (verdict, orders)


@pytest.mark.parametrize(("goal", "before"), NEEDED)
def test_check_mode_orders_nothing(goal: str, before: str) -> None:
    cloud = OrderCloud({"a": CloudJob(before), "b": batch()})
    result = order(cloud, True, names="a,b", state=goal)
    assert (result["verdict"], cloud.tries) == ("PENDING", 0)
    orders = result["jobs"][0]["orders"]
    assert orders == NEEDED[goal, before]
    assert result["changed"] == bool(orders or result["jobs"][1]["orders"])
    assert result["diff"]["before"]["a"] == before


# -- restored ---------------------------------------------------------------------------------------------------------


def test_restored_starts_what_ran_before_and_names_the_others() -> None:
    states = {"n": "NORMAL", "s": "STARTING", "o": "OVERLOAD", "x": "STOPPED", "e": "EXCEPTION"}
    cloud = OrderCloud({name: CloudJob("STOPPED") for name in states} | {"b": batch("STOPPED")})
    before = [{"name": name, "job_type": "REAL_TIME", "status": state} for name, state in states.items()]
    result = order(cloud, state="restored", before=[*before, {"name": "b", "status": "SCHEDULING"}])
    assert result["verdict"] == "PASS"
    assert sorted(post[1] for post in cloud.posts) == ["b", "n", "o", "s"]
    assert result["left_alone"] == [{"name": "x", "status": "STOPPED"}, {"name": "e", "status": "EXCEPTION"}]
    assert "Left alone, because they did not run before: x (STOPPED), e (EXCEPTION)." in result["msg"]


def test_restored_without_running_jobs_changes_nothing() -> None:
    cloud = OrderCloud({"x": CloudJob("STOPPED")})
    result = order(cloud, state="restored", before=[{"name": "x", "status": "STOPPED"}])
    assert (result["verdict"], result["changed"], cloud.tries) == ("PASS", False, 0)


# -- any combination of faults------------------------------------------------------------------------------------------

UNCLEAR = {
    name for name, received in ANSWERS.items() if received.status in (0, -1, 202, 503) or name == "429 of a proxy"
}
READY = {"started": {"NORMAL", "SCHEDULING"}, "stopped": {"STOPPED", "PAUSED"}, "restarted": {"NORMAL", "SCHEDULING"}}


@settings(max_examples=80, deadline=None)
@given(
    goal=st.sampled_from(["started", "stopped", "restarted", "run"]),
    states=st.lists(
        st.sampled_from(["STOPPED", "NORMAL", "EXCEPTION", "STOPPING", "STARTING"]), min_size=1, max_size=3
    ),
    answers=st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=5),
    ends=st.sampled_from(["NORMAL", "EXCEPTION"]),
    lag=st.sampled_from([0.0, 2.0, 40.0]),
    faults=st.tuples(st.floats(0, 30), st.floats(0, 20)),
    wait=st.booleans(),
    check_mode=st.booleans(),
)
def test_no_order_is_carried_out_twice(
    goal: str,
    states: list[str],
    answers: list[str],
    ends: str,
    lag: float,
    faults: tuple[float, float],
    wait: bool,
    check_mode: bool,
) -> None:
    began, length = faults
    kind = "BATCH" if goal == "run" else "REAL_TIME"
    jobs = {
        f"job{number}": CloudJob("SCHEDULING" if goal == "run" else state, kind, ends, lag=lag)
        for number, state in enumerate(states)
    }
    for job in jobs.values():
        if job.state in MOVING:
            job.moves = [(3.0, MOVING[job.state], 1_000)]
    cloud = OrderCloud(jobs, answers, fault=lambda kind, at: 503 if began <= at < began + length else 0)
    result = order(cloud, check_mode, names=list(jobs), state=goal, wait=wait, wait_interval=1)
    for name in jobs:
        for verb in ("start", "stop", "run-immediate"):
            sent = [post for post in cloud.posts if post[1:3] == (name, verb)]
            assert sum(post[3] for post in sent) <= 1
    # After an unclear answer there is no further request for the same order.
    received = [answers[min(number, len(answers) - 1)] for number in range(cloud.tries)]
    reached = [name for name in received if ANSWERS[name].status != -2]
    for number, (dummy, name, verb, dummy2) in enumerate(cloud.posts):
        if reached[number] in UNCLEAR:
            assert all(post[1:3] != (name, verb) for post in cloud.posts[number + 1 :])
    assert len(str(result["msg"]).splitlines()) == 1
    if check_mode:
        assert cloud.tries == 0
    if any(post[3] for post in cloud.posts):
        assert result["changed"]
    if result.get("verdict") == "PASS" and wait and goal != "run":
        assert all(cloud.state(name, result["seconds"])[0] in READY[goal] for name in jobs)
