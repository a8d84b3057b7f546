# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random scenarios: jobs start, fail, restart, vanish and appear, the cloud is slow, silent or wrong, and clocks are set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from .evidence import Run
from .job_scripts import (
    BROKEN,
    DLI_SQL,
    EVERYTHING,
    FLINK,
    GARBAGE,
    GONE,
    HANG,
    LIST,
    SLOW,
    SPARK,
    THROTTLED,
    TROUBLES,
    UNAUTHORIZED,
    UNAVAILABLE,
    Job,
    Timeline,
    Trouble,
    constant,
)
from .runner import run_gate
from .simulated_cloud import BY_NAME, BY_UPDATE, PAGES, RECORDS, Habits, SimulatedCloud
from .virtual_time import EPOCH

JITTERS = {"long": lambda low, high: high, "short": lambda low, high: low, "middle": lambda low, high: (low + high) / 2}
STARTED = 1_700_000_000_000


@dataclass(frozen=True)
class Scenario:
    """A gate, its jobs, and the faults."""

    jobs: Sequence[Job]
    options: dict[str, Any]
    troubles: Sequence[Trouble] = ()
    habits: Habits = field(default_factory=Habits)
    steps: Sequence[tuple[float, float]] = ()
    stops: Sequence[tuple[float, float]] = ()
    jitter: str = "long"
    pause: float = 0.0

    def run(self) -> Run:
        """Run the gate to its end."""
        cloud = SimulatedCloud(self.jobs, self.troubles, self.habits)
        uniform = JITTERS[self.jitter]
        return run_gate(cloud, steps=self.steps, stops=self.stops, uniform=uniform, pause=self.pause, **self.options)


def seconds(most: int) -> st.SearchStrategy[float]:
    """A time of up to *most* seconds, in tenths, rarely a whole second."""
    return st.integers(0, most * 10).map(lambda tenths: tenths / 10 + 0.03)


@st.composite
def spans(draw: st.DrawFn, most: int, longest: int) -> tuple[float, float]:
    """From when to when something lasts."""
    since = draw(seconds(most))
    return since, since + draw(st.sampled_from([0.3, 1.0, 4.0, 9.0, 20.0, float(longest)]))


# -- real-time jobs -----------------------------------------------------------------------------------------------------

FAILED = ("EXCEPTION", "ABNORMAL")
ON_THE_WAY = ("STARTING", "STOPPING", "STOPPED", "PAUSE", "INIT", "WARPING")


@st.composite
def state_lines(draw: st.DrawFn, most: int, gone: bool) -> Timeline:
    """States of a job; most of them end up NORMAL."""
    shape = draw(
        st.sampled_from(["ready", "ready", "late", "late", "falls", "dips", "fails"] + (["gone"] if gone else []))
    )
    moment = draw(seconds(most))
    if shape == "ready":
        return constant("NORMAL")
    if shape == "late":
        return Timeline(((0.0, draw(st.sampled_from(ON_THE_WAY))), (moment, "NORMAL")))
    if shape == "falls":
        return Timeline(((0.0, "NORMAL"), (moment, draw(st.sampled_from((*FAILED, "STOPPED"))))))
    until = moment + draw(st.sampled_from([0.4, 2.0, 7.0, 15.0, 40.0]))
    between = {"dips": st.sampled_from(ON_THE_WAY), "fails": st.sampled_from(FAILED), "gone": st.just(GONE)}[shape]
    first = draw(st.sampled_from(["NORMAL", "NORMAL", "STARTING", GONE if gone else "STOPPED"]))
    return Timeline(((0.0, first), (moment, draw(between)), (until, "NORMAL")))


@st.composite
def node_lines(draw: st.DrawFn, most: int) -> Timeline:
    """States of a node; most are NORMAL all the time."""
    shape = draw(st.sampled_from(["ready", "ready", "ready", "stopped", "unknown", "falls", "fails"]))
    moment = draw(seconds(most))
    if shape in ("ready", "stopped"):
        return constant("NORMAL" if shape == "ready" else "STOPPED")
    bad = "WARPING" if shape == "unknown" else draw(st.sampled_from(FAILED))
    changes = [(0.0, "NORMAL"), (moment, bad)]
    if shape != "falls":
        changes.append((moment + draw(st.sampled_from([0.4, 3.0, 12.0, 40.0])), "NORMAL"))
    return Timeline(tuple(changes))


@st.composite
def real_time_jobs(draw: st.DrawFn, name: str, most: int = 60, gone: bool = True) -> Job:
    """A real-time job."""
    states = draw(state_lines(most, gone))
    nodes = {"n1": states if draw(st.booleans()) else constant("NORMAL")}
    if draw(st.booleans()):
        nodes["n2"] = draw(node_lines(most))
    starts = [(0.0, STARTED)]
    for moment in sorted(draw(st.lists(seconds(most), max_size=1))):
        starts.append((moment, int((EPOCH + moment) * 1000)))
    tags = ("t",) if draw(st.integers(0, 3)) else ()
    return Job(name, states, nodes, Timeline(tuple(starts)), tags)


# -- what goes wrong ----------------------------------------------------------------------------------------------------


@st.composite
def troubles(draw: st.DrawFn, targets: Sequence[str], most: int = 60) -> Trouble:
    """A temporary fault."""
    kind = draw(st.sampled_from((*TROUBLES, HANG, SLOW, THROTTLED)))
    since, until = draw(spans(most, 60))
    if draw(st.booleans()):
        since = 0.0
    length = draw(st.sampled_from([0.5, 3.0, 8.0, 14.0, 25.0])) if kind in (SLOW, THROTTLED, BROKEN) else 0.0
    if kind == THROTTLED:
        length = draw(st.sampled_from([1.0, 3.0, 12.0, 30.0, 400.0]))
    return Trouble(draw(st.sampled_from(targets)), kind, since, until, length, draw(st.booleans()))


@st.composite
def brief_outages(draw: st.DrawFn, most: int = 60) -> Trouble:
    """A temporary fault of the whole service."""
    kind = draw(st.sampled_from([HANG, BROKEN, UNAVAILABLE, GARBAGE, THROTTLED, UNAUTHORIZED]))
    since = draw(seconds(most))
    return Trouble(EVERYTHING, kind, since, since + draw(st.sampled_from([0.5, 3.0, 8.0])), 2.0)


@st.composite
def habits(draw: st.DrawFn) -> Habits:
    """How the cloud answers."""
    # Where nothing goes wrong, no answer takes as long as request_timeout.
    latency, wobble = draw(st.sampled_from([(0.02, 2.0), (0.1, 0.0), (0.1, 0.5), (0.1, 2.0), (0.4, 1.0), (1.5, 0.5)]))
    return Habits(
        latency=latency,
        wobble=wobble,
        made_at_sending=draw(st.booleans()),
        order=draw(st.sampled_from([BY_NAME, BY_UPDATE])),
        offset=draw(st.sampled_from([PAGES, RECORDS])),
        largest_page=draw(st.sampled_from([100, 100, 3, 2])),
        list_lag=draw(st.sampled_from([0.0, 0.0, 0.0, 1.0, 4.0])),
    )


WALL_STEPS = st.lists(
    st.tuples(seconds(60), st.sampled_from([-86_400.0, -3600.0, -31.0, -2.0, 1.0, 45.0, 700.0, 1e6])), max_size=3
).map(lambda steps: tuple(sorted(steps)))
STOPS = st.lists(st.tuples(seconds(60), st.sampled_from([0.5, 6.0, 15.0, 70.0])), max_size=1).map(tuple)


@st.composite
def times(draw: st.DrawFn) -> dict[str, Any]:
    """The options about time, and those of the connection."""
    options: dict[str, Any] = {
        "wait_interval": draw(st.sampled_from([1, 2, 5, 10, 10, 25])),
        "wait_timeout": draw(st.sampled_from([30, 63, 120, 120, 250])),
        "request_timeout": draw(st.sampled_from([4, 12, 30, 30])),
        "requests_per_second": draw(st.sampled_from([20, 20, 20, 5, 2, 0])),
        "retries": draw(st.sampled_from([0, 2, 4, 4])),
    }
    if not draw(st.integers(0, 5)):
        options["wait_initial_delay"] = draw(st.sampled_from([3, 20]))
    return options


# -- scenarios ----------------------------------------------------------------------------------------------------------

NAMES = ("job_a", "job_b", "job_c", "job_d", "job_e", "other", "stray", "zjob_z")


@st.composite
def real_time_scenarios(draw: st.DrawFn, by_name: bool) -> Scenario:
    """A gate over a few real-time jobs, by their names or by a part of the name or a tag."""
    options = draw(times())
    names = draw(st.permutations(NAMES))[: draw(st.integers(1, 6))]
    gone = draw(st.booleans())
    jobs = [draw(real_time_jobs(name, gone=gone)) for name in names]
    if by_name:
        options["job_names"] = list(names)
        if gone or not draw(st.integers(0, 9)):
            options["missing"] = draw(st.sampled_from(["ok", "ok", "wait", "fail"]))
    else:
        options.update(draw(st.sampled_from([{"name_contains": "job"}, {"name_contains": "o"}, {"tags": ["t"]}])))
        if draw(st.booleans()):
            options["missing"] = draw(st.sampled_from(["ok", "wait"]))
        if not draw(st.integers(0, 4)):
            options["exclude_names"] = [draw(st.sampled_from(["job_a", "*z*"]))]
    options.update(draw(st.sampled_from(PLAIN + SPECIAL)))
    options["stable_for"] = draw(st.sampled_from([0, 0, 3, 20]))
    targets = [*names, *names, LIST]
    wrong = draw(st.lists(troubles(targets), max_size=3))
    if not draw(st.integers(0, 7)):
        wrong.append(draw(brief_outages()))
    return Scenario(
        jobs, options, wrong, draw(habits()), draw(WALL_STEPS), draw(STOPS), draw(st.sampled_from(sorted(JITTERS)))
    )


PLAIN: list[dict[str, Any]] = [{}] * 6
SPECIAL: list[dict[str, Any]] = [
    {"check_nodes": False},
    {"ignore_nodes": ["n2"]},
    {"fail_on_exception": False},
    {"exception_grace": 12},
    {"max_failing": 1},
]


@st.composite
def dli_lines(draw: st.DrawFn, most: int = 60) -> tuple[Timeline, Timeline]:
    """States and tasks of a DLI job."""
    begins, ends = draw(seconds(most // 2)), draw(seconds(most))
    last = draw(st.sampled_from(["FINISHED", "FINISHED", "FINISHED", "FAILED", "CANCELLED", "RUNNING"]))
    states = Timeline(
        ((0.0, draw(st.sampled_from(["LAUNCHING", "RUNNING"]))), (begins, "RUNNING"), (begins + ends, last))
    )
    tasks: list[tuple[float, Any]] = [(0.0, None)]
    moment = begins
    for done in range(draw(st.integers(0, 4))):
        moment += draw(seconds(30))
        tasks.append((moment, (done * 20, 100)))
    return states, Timeline(tuple(tasks))


@st.composite
def dli_scenarios(draw: st.DrawFn) -> Scenario:
    """A gate over a few DLI jobs."""
    options = draw(times())
    names = list(NAMES[: draw(st.integers(1, 4))])
    jobs = []
    for name in names:
        states, tasks = draw(dli_lines())
        jobs.append(Job(name, states, {}, tasks=tasks, kind=DLI_SQL))
    options["job_ids"] = names
    options["stall_timeout"] = draw(st.sampled_from([0, 0, 20, 35]))
    wrong = draw(st.lists(troubles(names), max_size=2))
    return Scenario(jobs, options, wrong, draw(habits()), draw(WALL_STEPS), draw(STOPS))


# For Flink jobs and Spark batches: a state on the way, the state of a stream that runs, an end, a failure, and what options wait for.
CLUSTER_STATES = {
    FLINK: (
        ("job_submitting", "job_init", "job_idle", "job_savepointing"),
        "job_running",
        "job_finish",
        ("job_running_exception", "job_submit_fail"),
    ),
    SPARK: (("starting", "recovering", "melting"), "running", "success", ("dead",)),
}
CLUSTER_WAITS: dict[str, list[list[str]]] = {
    FLINK: [[], [], ["job_running"], ["job_running"], ["job_finish"]],
    SPARK: [[], [], ["running"], ["running", "success"]],
}
IDS = {FLINK: ("101", "102", "103"), SPARK: ("batch_a", "batch_b", "batch_c")}


@st.composite
def cluster_lines(draw: st.DrawFn, kind: str, most: int = 60) -> Timeline:
    """States of a Flink job or a Spark batch. A batch that has ended stays ended."""
    on_the_way, running, end, failures = CLUSTER_STATES[kind]
    shapes = ["runs", "runs", "late", "late", "ends", "fails", "gone"] + (["recovers", "dips"] if kind == FLINK else [])
    shape = draw(st.sampled_from(shapes))
    moment = draw(seconds(most))
    before, failed = draw(st.sampled_from(on_the_way)), draw(st.sampled_from(failures))
    if shape == "runs":
        return constant(running)
    if shape == "late":
        return Timeline(((0.0, before), (moment, running)))
    if shape in ("recovers", "dips"):
        between = failed if shape == "recovers" else before
        return Timeline(((0.0, running), (moment, between), (moment + draw(seconds(20)), running)))
    last = {"ends": end, "fails": failed, "gone": GONE}[shape]
    return Timeline(((0.0, before), (moment / 2, running), (moment, last)))


@st.composite
def cluster_scenarios(draw: st.DrawFn, kind: str) -> Scenario:
    """A gate over a few Flink jobs or Spark batches."""
    options = draw(times())
    names = list(IDS[kind][: draw(st.integers(1, 3))])
    jobs = []
    for name in names:
        counts = Timeline(((0.0, draw(st.sampled_from([0, 0, 3, None]))),))
        if kind == FLINK and counts.at(0) is not None:
            moments = sorted(set(draw(st.lists(seconds(60), max_size=2))))
            steps = [(moment, counts.at(0) + number) for number, moment in enumerate(moments, 1)]
            counts = Timeline((*counts.changes, *steps))
        starts = constant(STARTED)
        restarts = counts if kind == FLINK else constant(None)
        jobs.append(Job(name, draw(cluster_lines(kind)), {}, starts, restarts=restarts, kind=kind))
    options["job_ids" if kind == FLINK else "batch_ids"] = names
    options["wait_for"] = draw(st.sampled_from(CLUSTER_WAITS[kind]))
    options["stable_for"] = draw(st.sampled_from([0, 0, 3, 20]))
    options["missing"] = draw(st.sampled_from(["fail", "fail", "wait", "ok"]))
    options.update(
        draw(st.sampled_from([{}, {}, {}, {"max_failing": 1}, {"fail_on_exception": False}, {"exception_grace": 12}]))
    )
    wrong = draw(st.lists(troubles(names), max_size=2))
    return Scenario(jobs, options, wrong, draw(habits()), draw(WALL_STEPS), draw(STOPS))


@st.composite
def sliced_scenarios(draw: st.DrawFn) -> Scenario:
    """A gate in slices, each of which is a process with a clock of its own."""
    whole = draw(
        st.one_of(
            real_time_scenarios(by_name=True),
            real_time_scenarios(by_name=False),
            dli_scenarios(),
            cluster_scenarios(FLINK),
        )
    )
    options = {**whole.options, "slice_timeout": draw(st.sampled_from([0.5, 3, 12, 30]))}
    # The time between slices goes by the wall clock, so one that is set changes when the gate ends.
    pause = draw(st.sampled_from([0.2, 4.0, 25.0]))
    return replace(whole, options=options, steps=(), stops=(), pause=pause)


@st.composite
def large_scenarios(draw: st.DrawFn) -> Scenario:
    """A gate over so many jobs that their nodes cannot be read within an interval; one is pending for long."""
    count = draw(st.integers(120, 400))
    names = [f"job_{number:03}" for number in range(count)]
    special = draw(st.permutations(range(count)))[:3]
    pending, falls = names[special[0]], names[special[1]]
    ready_at = draw(st.sampled_from([15.03, 60.03, 150.03]))
    lines = {name: constant("NORMAL") for name in names}
    lines[pending] = Timeline(((0.0, draw(st.sampled_from(["STARTING", "WARPING"]))), (ready_at, "NORMAL")))
    nodes = dict(lines)
    moment = draw(seconds(70))
    change = draw(st.sampled_from(["nothing", "node falls", "job falls", "node fails", "job dips"]))
    if change == "node falls":
        nodes[falls] = Timeline(((0.0, "NORMAL"), (moment, "EXCEPTION")))
    elif change == "node fails":
        nodes[falls] = Timeline(((0.0, "NORMAL"), (moment, "ABNORMAL"), (moment + 9, "NORMAL")))
    elif change == "job falls":
        lines[falls] = Timeline(((0.0, "NORMAL"), (moment, "EXCEPTION")))
    elif change == "job dips":
        lines[falls] = Timeline(((0.0, "NORMAL"), (moment, "STARTING"), (moment + 9, "NORMAL")))
    jobs = [Job(name, lines[name], {"n": nodes[name]}) for name in names]
    options: dict[str, Any] = {
        "wait_interval": draw(st.sampled_from([2, 10, 10])),
        "wait_timeout": draw(st.sampled_from([90, 200])),
        "requests_per_second": draw(st.sampled_from([20, 20, 30, 0])),
        "stable_for": draw(st.sampled_from([0, 0, 15])),
    }
    options.update(draw(st.sampled_from([{"job_names": names}, {"name_contains": "job"}])))
    targets = [names[special[2]], names[special[2]], pending, LIST]
    wrong = draw(st.lists(troubles(targets), max_size=1))
    how = Habits(
        latency=draw(st.sampled_from([0.1, 0.3])),
        made_at_sending=draw(st.booleans()),
        order=draw(st.sampled_from([BY_NAME, BY_UPDATE])),
        offset=draw(st.sampled_from([PAGES, RECORDS])),
    )
    return Scenario(jobs, options, wrong, how, draw(WALL_STEPS), draw(STOPS))
