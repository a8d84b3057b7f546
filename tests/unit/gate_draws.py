# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios drawn by hypothesis: jobs, faults and options of a gate.

Times lie on grids that never meet, so that no verdict depends on the order of two simultaneous changes, nor on the
milliseconds that requests take: observations at halves of a second, changes a fifth after, grace and stalls at quarters, the
deadline a tenth before.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.tests.unit.gate_model import FOREVER, GONE, Fault, Job, Shown

NAMES = ("a", "b", "c", "d")
# States of jobs and nodes over time: transitional, flapping, and arbitrary.
CALM = ("NORMAL", "NORMAL", "NORMAL", "STARTING", "STOPPED")
FLAPPING = ("NORMAL", "NORMAL", "EXCEPTION", "EXCEPTION", "STARTING")
WILD = (*CALM, *CALM, *CALM, "EXCEPTION", "ABNORMAL", "PAUSE", "STOPPING", "OVERLOAD", "MELTING", None, GONE, GONE)
NODE_STATES = (*("NORMAL",) * 6, "STARTING", "STOPPED", "EXCEPTION", "ABNORMAL", "MELTING", None)


class Scenario(NamedTuple):
    """A drawn cloud, and the options of the gate."""

    jobs: dict[str, Job]
    options: dict[str, Any]
    check_mode: bool
    list_faults: tuple[Fault, ...] = ()
    locked_from: float = FOREVER
    latency: float = 0.0


moments = st.sampled_from([0.2, *(second + 0.2 for second in range(4, 60, 4))])


def _fault(start: float, length: float, kind: str) -> Fault:
    return Fault(0.0 if start < 1 else start, start + length, kind)


faults = st.builds(
    _fault,
    moments,
    st.sampled_from([5.0, 12.0, 25.0, 50.0, FOREVER]),
    st.sampled_from(["busy", "busy", "busy", "busy", "denied", "broken"]),
)
few_faults = st.one_of(st.just(()), st.just(()), st.tuples(faults), st.tuples(faults, faults))


def _node(status: Any, put: Any, got: Any) -> dict[str, Any]:
    fields = {"status": status, "total_put_records": put, "total_get_records": got}
    # Whether a node without a state, or in any but NORMAL and STOPPED, runs is unknown.
    with_counters = status in ("NORMAL", "STOPPED", "EXCEPTION")
    return {key: value for key, value in fields.items() if key == "status" or (value is not None and with_counters)}


counts = st.sampled_from([None, 0, 1, 2, 3])
nodes = st.dictionaries(
    st.sampled_from(["n1", "n2"]), st.builds(_node, st.sampled_from(NODE_STATES), counts, counts), max_size=2
)
starts = st.sampled_from([None, 5, 10, 15])
few_nodes = st.one_of(st.just({}), nodes)
real_time_steps = st.one_of(
    st.lists(st.tuples(moments, st.sampled_from(CALM), few_nodes, starts), min_size=1, max_size=5),
    st.lists(st.tuples(moments, st.sampled_from(FLAPPING), few_nodes, starts), min_size=4, max_size=8),
    st.lists(st.tuples(moments, st.sampled_from(WILD), nodes, starts), min_size=1, max_size=6),
)
dli_steps = st.lists(
    st.tuples(
        moments,
        st.sampled_from(
            ["LAUNCHING", "RUNNING", "RUNNING", "RUNNING", "SCALING", "FINISHED", "FAILED", "CANCELLED",
             "MELTING", GONE]
        ),
        st.sampled_from([0.0, 0.5, 0.7]),
    ),
    min_size=1,
    max_size=7,
)  # fmt: skip


cluster_states = {
    "dli_flink": (
        *("job_running",) * 6,
        *("job_init", "job_submitting", "job_running_exception", "job_submit_fail", "job_finish", "job_idle", GONE),
    ),
    "dli_spark": ("starting", "running", "running", "running", "recovering", "success", "dead", "melting", GONE),
}
cluster_waits = {
    "dli_flink": st.sampled_from([["job_running"], ["job_running", "job_finish"], ["job_finish"]]),
    "dli_spark": st.sampled_from([["success"], ["running"], ["running", "success"]]),
}


@st.composite
def cluster_scenarios(draw: Any, kind: str) -> Scenario:
    """A scenario of Flink jobs or Spark batches."""
    is_flink = kind == "dli_flink"
    optional: dict[str, Any] = dict(timing)
    own = ["max_failing", "stable_for", "missing"]
    # A dead batch never changes: a gate that still waits reads nothing, and counts its observations differently.
    own += ["exception_grace", "fail_on_exception"] if is_flink else []
    optional.update({name: conditions[name] for name in own})
    options = {key: draw(optional[key]) for key in sorted(draw(st.sets(st.sampled_from(sorted(optional)), max_size=4)))}
    options.update(wait_for=draw(cluster_waits[kind]), wait=draw(st.sampled_from([True] * 6 + [False])))
    options["wait_timeout"] = draw(st.sampled_from([30.9, 45.9, 60.9]))
    counted = st.sampled_from([0, 0, 1, 2]) if is_flink else st.none()
    names = ("1", "2", "3")[: draw(st.sampled_from([1, 1, 2, 3]))]
    jobs = {}
    for name in names:
        drawn = st.lists(st.tuples(moments, st.sampled_from(cluster_states[kind]), counted), min_size=1, max_size=6)
        steps = [Shown(at, state, restart_times=count) for at, state, count in _in_order(draw(drawn))]
        jobs[name] = Job(steps, draw(few_faults))
    options["job_ids" if is_flink else "batch_ids"] = list(names)
    return Scenario(jobs, options, draw(st.integers(0, 7)) == 7)


def _in_order(drawn: list[Any]) -> list[Any]:
    """Sorted by time, one per moment; the first one starts at 0."""
    ordered = [step for dummy, step in sorted({step[0]: step for step in drawn}.items())]
    return [(0.0, *ordered[0][1:]), *ordered[1:]]


def _once_started(steps: list[Shown]) -> list[Shown]:
    """A start that was reported once is reported from then on: a field that is missing does not undo a restart."""
    received = None
    result = []
    for step in steps:
        received = step.start_time or received
        result.append(step._replace(start_time=received))
    return result


timing = {
    "wait_initial_delay": st.sampled_from([3, 7]),
    "wait_interval": st.sampled_from([3, 7, 10]),
    "max_consecutive_errors": st.sampled_from([1, 2, 3]),
}
conditions = {
    "wait_for": st.sampled_from([["STOPPED"], ["NORMAL", "OVERLOAD"], ["STOPPED", "PAUSE"]]),
    "fail_states": st.sampled_from([["EXCEPTION"], ["PAUSE", "EXCEPTION"], ["EXCEPTION", "ABNORMAL", "STOPPING"]]),
    "fail_on_exception": st.booleans(),
    "check_nodes": st.booleans(),
    "ignore_nodes": st.sampled_from([["n1"], ["n?"], ["N*"]]),
    "max_failing": st.sampled_from([1, 2]),
    "exception_grace": st.sampled_from([8.25, 12.25, 18.25, 27.25]),
    "stable_for": st.sampled_from([4.5, 8.5, 12.5, 20.5]),
    "started_after": st.just(10),
    "require_records": st.just(True),
    "missing": st.sampled_from(["wait", "ok"]),
    "exclude_names": st.sampled_from([["d"], ["[ab]"], ["*"], ["D"]]),
    "min_jobs": st.sampled_from([1, 2, 3]),
}


# Options that interact, drawn together more often than at random.
TOGETHER = [
    set(),
    {"exception_grace"},
    {"exception_grace", "stable_for"},
    {"exception_grace", "started_after"},
    {"exception_grace", "max_failing"},
    {"exception_grace", "max_failing", "stable_for"},
    {"require_records", "stable_for"},
    {"stable_for", "missing"},
    {"min_jobs", "missing", "exclude_names"},
]


@st.composite
def scenarios(draw: Any, dli: bool = False, by_list: bool = False) -> Scenario:
    """A scenario of real-time jobs by name, of DLI jobs, or of real-time jobs that a list must find first."""
    optional: dict[str, Any] = dict(timing)
    if dli:
        optional.update({"missing": conditions["missing"], "stall_timeout": st.sampled_from([5.25, 12.25, 21.25])})
    else:
        optional.update(conditions)
    chosen = draw(st.sets(st.sampled_from(sorted(optional)), max_size=4))
    chosen |= draw(st.sampled_from(TOGETHER if not dli else [set(), {"stall_timeout", "missing"}]))
    options = {key: draw(optional[key]) for key in sorted(chosen)}
    options["wait"] = draw(st.sampled_from([True] * 6 + [False]))
    options["wait_timeout"] = draw(st.sampled_from([30.9, 31.9, 45.9, 60.9, 60.9, 0]))
    if not options["wait_timeout"]:
        for key in ("wait_initial_delay", "exception_grace", "stable_for"):  # they have to fit into it
            options.pop(key, None)
    if set(options.get("wait_for", ())) & set(options.get("fail_states", ())):
        del options["wait_for"]

    names = NAMES[: draw(st.sampled_from([1, 1, 1, 2, 2, 3, 4]))]
    # Without nodes the gate may read the list instead of the jobs, so faults of a single job are left out.
    by_status = options.get("check_nodes", True) or dli or len(names) <= 2
    jobs = {}
    for name in names:
        if dli:
            steps = [Shown(at, state, progress=part) for at, state, part in _in_order(draw(dli_steps))]
        else:
            steps = _once_started([Shown(*step) for step in _in_order(draw(real_time_steps))])
        jobs[name] = Job(steps, draw(few_faults) if by_status else ())
    list_faults: tuple[Fault, ...] = ()
    if by_list:
        # Jobs outside the selection, in the worst state.
        jobs = {f"x_{name}": job for name, job in jobs.items()}
        jobs["other"] = Job([Shown(0.0, "EXCEPTION")])
        if "exclude_names" in options:
            options["exclude_names"] = [f"x_{one}" for one in options["exclude_names"]]
        options["name_contains"] = "x_"
        list_faults = draw(few_faults) if by_status else ()
    else:
        options["job_ids" if dli else "job_names"] = list(names)
    locked_from = FOREVER
    if by_status and draw(st.integers(0, 9)) == 9:
        locked_from = draw(moments)
    # After a list, the jobs that it shows failing or absent are read; the last observation begins early enough for what
    # the previous one took, so there may be no time for these calls at the end.
    latency = draw(st.sampled_from([0.0, 0.002])) if by_status else 0.0
    return Scenario(jobs, options, draw(st.integers(0, 7)) == 7, list_faults, locked_from, latency)
