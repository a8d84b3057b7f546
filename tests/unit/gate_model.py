# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The expected result of a gate over a scripted cloud, computed by a second, simple model.

It shares no code with the collection: if its result differs from that of the gate, one of the two contradicts the design.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

GONE = "gone"
FOREVER = 1e9
KNOWN = ("STARTING", "NORMAL", "EXCEPTION", "STOPPING", "STOPPED", "PAUSE", "ABNORMAL", "DISABLE", "OVERLOAD", "INIT")
KNOWN_DLI = ("LAUNCHING", "RUNNING", "SCALING", "FINISHED", "FAILED", "CANCELLED")
# The kinds of jobs without nodes: known states, failing states, and final states that fail unless wait_for names them.
FLINK = (
    ("job_init", "job_submitting", "job_running", "job_running_exception", "job_submit_fail", "job_finish"),
    ("job_running_exception", "job_submit_fail"),
    ("job_finish",),
)
SPARK = (("starting", "running", "recovering", "success", "dead"), ("dead",), ("success",))
CLUSTERS = {"dli_flink": FLINK, "dli_spark": SPARK}


class Shown(NamedTuple):
    """The state of a job from second *at* on; it may be GONE or None. Nodes are fields by name."""

    at: float
    state: str | None
    nodes: Mapping[str, Mapping[str, Any]] = {}
    start_time: int | None = None
    progress: float = 0.0
    restart_times: int | None = None


class Fault(NamedTuple):
    """From *start* on and before *end* a call gets this error: busy, denied or broken (a permanent error)."""

    start: float
    end: float
    kind: str


class Job(NamedTuple):
    """One job: its states, and when its status call fails."""

    steps: Sequence[Shown]
    faults: Sequence[Fault] = ()


class Expected(NamedTuple):
    """The result; ``reasons`` are (code, job, node)."""

    verdict: str
    elapsed: float
    polls: int
    failed: bool
    reasons: set[tuple[str, str | None, str | None]]


class Cloud(NamedTuple):
    """All data that a gate can read."""

    jobs: Mapping[str, Job]
    list_faults: Sequence[Fault]
    locked_from: float


class Ending(NamedTuple):
    """How a gate ends, and whether its task fails."""

    verdict: str
    failed: bool


@dataclass(frozen=True)
class Settings:
    """The options of the gate, with their defaults."""

    dli: bool
    kind: str  # dli_flink, dli_spark or empty
    known: Sequence[str]
    final: Sequence[str]  # states of jobs that are not read again
    wait: bool
    once: bool
    # The selection.
    by_name: Sequence[str]
    name_contains: str
    exclude_names: Sequence[str]
    min_jobs: int
    missing: str
    # Ready and failing states.
    wait_for: Sequence[str]
    fail_states: Sequence[str]
    check_nodes: bool
    ignore_nodes: Sequence[str]
    max_failing: int
    fatal: bool
    failures_count: bool
    started_after: int | None
    needs_records: bool
    # Times and limits.
    delay: float
    interval: float
    deadline: float
    grace: float
    stable_for: float
    stall: float
    most_errors: int


def settings_of(options: Mapping[str, Any], check_mode: bool, dli: bool, kind: str = "") -> Settings:
    """The settings that *options* stand for."""
    wait = options.get("wait", False)
    once = check_mode or not wait
    starred = options if wait else {}  # options that need wait
    fatal = options.get("fail_on_exception", wait)
    wait_for = ["FINISHED"] if dli else options.get("wait_for", ["NORMAL"])
    fail_states = ["FAILED", "CANCELLED"] if dli else options.get("fail_states", ["EXCEPTION", "ABNORMAL"])
    known: tuple[str, ...] = KNOWN_DLI if dli else KNOWN
    final: tuple[str, ...] = ("FINISHED", "FAILED", "CANCELLED") if dli else ()
    if kind:
        known, failing, ends = CLUSTERS[kind]
        fail_states = [*failing, *(state for state in ends if state not in wait_for)]
        final = ("success", "dead") if kind == "dli_spark" and not starred.get("stable_for") else ()
    return Settings(
        dli=dli,
        kind=kind,
        known=known,
        final=final,
        wait=wait,
        once=once,
        by_name=options.get("job_names") or options.get("job_ids") or options.get("batch_ids") or [],
        name_contains=options.get("name_contains", ""),
        exclude_names=options.get("exclude_names", []),
        min_jobs=options.get("min_jobs", 1),
        missing=options.get("missing", "fail"),
        wait_for=wait_for,
        fail_states=fail_states,
        check_nodes=options.get("check_nodes", True) and not dli and not kind,
        ignore_nodes=options.get("ignore_nodes", []),
        max_failing=options.get("max_failing", 0),
        fatal=fatal,
        # The verdict of a reading is FAIL for a failing state, whether or not the task fails.
        failures_count=fatal or not wait,
        started_after=starred.get("started_after"),
        needs_records=starred.get("require_records", False),
        delay=0.0 if once else starred.get("wait_initial_delay", 0),
        interval=starred.get("wait_interval", 10),
        deadline=starred.get("wait_timeout", 600),
        grace=starred.get("exception_grace", 0),
        stable_for=starred.get("stable_for", 0),
        stall=starred.get("stall_timeout", 0),
        most_errors=1 if once else starred.get("max_consecutive_errors", 5),
    )


@dataclass
class JobState:
    """The state of one job, kept between observations."""

    name: str
    tried: bool = False  # whether a reading was attempted
    existed: bool = False  # whether it was read
    finished: bool = False  # a DLI job in a final state
    errors: int = 0  # consecutive unreadable observations
    unreadable: set[Any] = field(default_factory=set)  # the reason, if the last reading failed
    last_reasons: set[Any] = field(default_factory=set)  # its reasons when it was last read
    failing: str = ""  # "fails", or "grace" while its failing state does not count yet
    failed_for_good: set[Any] = field(default_factory=set)  # the reasons of a permanent failure
    failing_for: float = 0  # seconds in a failing state
    failing_at: float | None = None  # when it was last read in one, if that was its last reading
    ready_at: float | None = None  # since when it has been ready
    counters: dict[Any, int] = field(default_factory=dict)  # (node, counter) -> its last value
    moved_at: float | None = None  # when records were last written or read
    latest_start: int | None = None
    restart_times: int | None = None
    running: tuple[float, float] | None = None  # a running DLI job's progress, and since when


@dataclass
class GateState:
    """The state of the gate, kept between observations."""

    wanted: list[JobState] | None = None  # the selection, once it is settled
    list_errors: int = 0
    stable_since: float | None = None
    restarted_at: dict[str, float] = field(default_factory=dict)  # job -> when its last restart was seen


@dataclass
class Observation:
    """The outcome of one observation."""

    now: float
    last: bool  # whether the deadline allows no further one
    reasons: set[Any] = field(default_factory=set)
    failed_jobs: int = 0
    pending: bool = False
    absent: bool = False
    unread: bool = False
    wrong: bool = False  # ERROR, unless there is a failure


def step_at(job: Job, now: float) -> Shown:
    """The state of a job at a time."""
    return [step for step in job.steps if step.at <= now][-1]


def fault_at(faults: Sequence[Fault], now: float) -> str | None:
    """The kind of the first fault at a time, if there is one."""
    return next((one.kind for one in faults if one.start <= now < one.end), None)


def fault_code(kind: str) -> str:
    """The code of the reason that a fault leads to."""
    return "denied" if kind == "denied" else "unreadable"


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns matches a name."""
    return any(fnmatchcase(name, one) for one in patterns)


# The selection.


def chosen_names(settings: Settings, cloud: Cloud, now: float) -> list[str]:
    """The selected jobs, by the given names or by the current list."""
    listed = [name for name, job in cloud.jobs.items() if step_at(job, now).state != GONE]
    chosen = settings.by_name or [name for name in listed if settings.name_contains in name]
    return [name for name in chosen if not matches(name, settings.exclude_names)]


def list_unreadable(settings: Settings, gate: GateState, kind: str, seen: Observation) -> None:
    """The list cannot be read, so there is no selection yet."""
    gate.list_errors += 1
    seen.reasons.add((fault_code(kind), None, None))
    seen.pending = True
    seen.wrong = kind != "busy" or gate.list_errors >= settings.most_errors


def select(settings: Settings, cloud: Cloud, gate: GateState, seen: Observation) -> Ending | None:
    """Settle the selection, if possible; returns the ending if the gate ends."""
    if not settings.by_name:  # only then is the list read
        if seen.now >= cloud.locked_from:
            seen.reasons.add(("denied", None, None))
            return Ending("ERROR", True)
        kind = fault_at(cloud.list_faults, seen.now)
        if kind is not None:
            list_unreadable(settings, gate, kind, seen)
            return None
    gate.list_errors = 0
    chosen = chosen_names(settings, cloud, seen.now)
    if len(chosen) >= settings.min_jobs:
        gate.wanted = [JobState(name) for name in chosen]
        return None
    seen.reasons.add(("too_few_jobs", None, None))
    # The number of names that are given and not excluded never grows.
    if settings.missing != "wait" or settings.by_name:
        return Ending("FAIL", True)
    seen.pending = True
    return None


def locked_out(settings: Settings, jobs: Sequence[JobState], seen: Observation) -> Ending:
    """Nothing more is read; the last state of each job is reported."""
    seen.reasons.add(("denied", None, None))
    for job in jobs:
        seen.reasons |= job.unreadable | job.last_reasons
        if not job.tried:
            seen.reasons.add(("still_pending", job.name, None))
    failing = [job for job in jobs if job.failing]
    if seen.last and not settings.once and len(failing) > settings.max_failing:
        return Ending("FAIL", True)
    return Ending("ERROR", True)


# Unreadable jobs and missing jobs.


def count_failing(settings: Settings, job: JobState, seen: Observation) -> None:
    """Count a failing job; exception_grace does not apply in the last observation of a wait."""
    if job.failing == "fails" or (seen.last and not settings.once):
        seen.failed_jobs += 1
    else:
        seen.pending = True


def job_unreadable(settings: Settings, job: JobState, kind: str, seen: Observation) -> None:
    """The job is not ready, and an earlier failure or absence still counts."""
    job.errors += 1
    job.ready_at = None
    job.unreadable = {(fault_code(kind), job.name, None)}
    seen.unread = True
    seen.wrong = seen.wrong or kind != "busy" or job.errors >= settings.most_errors
    if job.failing:
        count_failing(settings, job, seen)
    else:
        if job.last_reasons != {("job_missing", job.name, None)}:
            job.last_reasons = set()  # in any state
        seen.pending = True
    seen.reasons |= job.unreadable | job.last_reasons


def job_gone(settings: Settings, job: JobState, seen: Observation) -> None:
    """The job does not exist; a permanent failure still counts."""
    add_failing_seconds(job, seen.now)
    job.ready_at = None
    job.running = None
    if job.failed_for_good:
        job.last_reasons = job.failed_for_good
        job.failing = "fails"
        seen.failed_jobs += 1
    else:
        job.last_reasons = {("job_missing", job.name, None)}
        job.failing = ""
        if settings.missing == "fail" or (settings.missing == "ok" and job.existed):
            seen.absent = True
        elif settings.missing == "wait":
            seen.pending = True
    seen.reasons |= job.last_reasons


# The state that is kept of a job that was read.


def note_start(gate: GateState, job: JobState, shown: Shown, now: float) -> None:
    """A later start time is a restart, and so is a changed number of restarts."""
    if shown.restart_times is not None:
        if job.restart_times not in (None, shown.restart_times):
            gate.restarted_at[job.name] = now
        job.restart_times = shown.restart_times
    if shown.start_time is None:
        return
    if job.latest_start is not None and shown.start_time > job.latest_start:
        gate.restarted_at[job.name] = now
    job.latest_start = max(shown.start_time, job.latest_start or 0)


def note_records(job: JobState, shown: Shown, now: float) -> None:
    """Records of running nodes, counted from the first observation or from where a counter fell to."""
    for node, fields in shown.nodes.items():
        for counter in ("total_put_records", "total_get_records"):
            value, key = fields.get(counter), (node, counter)
            if value is None:
                continue
            if value > job.counters.get(key, value) and fields.get("status") == "NORMAL":
                job.moved_at = now
            job.counters[key] = value


def add_failing_seconds(job: JobState, now: float) -> None:
    """A job that was in a failing state when it was last read has been in it until now."""
    if job.failing_at is not None:
        job.failing_for = job.failing_for + now - job.failing_at
    job.failing_at = None


def note_failing_and_ready(settings: Settings, job: JobState, bad: bool, ready: bool, now: float) -> None:
    """The seconds in failing states add up until the job has been ready for long enough."""
    add_failing_seconds(job, now)
    if bad:
        job.failing_at = now
    if not ready:
        job.ready_at = None
        return
    if job.ready_at is None:
        job.ready_at = now
    if now - job.ready_at >= settings.stable_for:
        job.failing_for = 0


def note_progress(job: JobState, shown: Shown, now: float) -> None:
    """Since when a running DLI job has made no progress."""
    if shown.state != "RUNNING":
        job.running = None
    elif job.running is None or job.running[0] != shown.progress:
        job.running = (shown.progress, now)


# The judgement of a job that was read.


def counted_nodes(settings: Settings, shown: Shown) -> dict[str, Any]:
    """The nodes that count, and their states. Those of a stopped job do not."""
    if not settings.check_nodes or shown.state == "STOPPED":
        return {}
    return {
        node: fields.get("status") for node, fields in shown.nodes.items() if not matches(node, settings.ignore_nodes)
    }


def failing_parts(settings: Settings, shown: Shown) -> list[str | None]:
    """The parts in a failing state: the job (None) and its nodes."""
    job: list[str | None] = [None] if shown.state in settings.fail_states else []
    nodes = counted_nodes(settings, shown)
    return job + [node for node, status in nodes.items() if status in ("EXCEPTION", "ABNORMAL")]


def unknown_nodes(settings: Settings, shown: Shown) -> list[str]:
    """The nodes that count and are in an unknown state."""
    known = (None, *KNOWN, *settings.wait_for)
    return [node for node, status in counted_nodes(settings, shown).items() if status not in known]


def is_ready(settings: Settings, shown: Shown) -> bool:
    """Whether a job without a failing part is ready, and was started after started_after."""
    if shown.state not in settings.wait_for:
        return False
    if settings.started_after is None:
        return True
    return shown.start_time is not None and shown.start_time >= settings.started_after


def is_stalled(settings: Settings, job: JobState, now: float) -> bool:
    """Whether a DLI job has stalled."""
    return bool(settings.stall) and job.running is not None and now - job.running[1] >= settings.stall


def bad_reasons(name: str, state: str | None, bad: Sequence[str | None]) -> set[Any]:
    """The reasons of a job in a failing state, or with nodes (by name) in one."""
    code = {"FAILED": "dli_failed", "CANCELLED": "dli_cancelled"}.get(state or "", "job_exception")
    if state in {*FLINK[0], *SPARK[0]}:
        code = "job_failed"
    return {("node_exception" if node else code, name, node) for node in bad}


def pending_reason(settings: Settings, job: JobState, shown: Shown) -> tuple[str, str | None] | None:
    """The reason code and the node that prevent a job without a failing part from passing, if any."""
    ready = is_ready(settings, shown)
    if shown.state in settings.wait_for and (strange := unknown_nodes(settings, shown)):
        return "unknown_state", strange[0]
    if ready and settings.needs_records and job.moved_at is None:
        return "no_records", None
    if ready:
        return None
    if shown.state not in settings.known:
        return "unknown_state", None
    return "not_restarted" if shown.state in settings.wait_for else "still_pending", None


def judge_failing(
    settings: Settings, job: JobState, shown: Shown, bad: Sequence[str | None], seen: Observation
) -> None:
    """A job that is in a failing state, has nodes in one, or has failed permanently."""
    over = job.failing_for >= settings.grace
    if bad and over and settings.fatal and settings.wait:
        job.failed_for_good = bad_reasons(job.name, shown.state, bad)
    if job.failed_for_good:
        job.last_reasons = job.failed_for_good
        job.failing = "fails"
    elif settings.failures_count:
        job.last_reasons = bad_reasons(job.name, shown.state, bad)
        job.failing = "fails" if over else "grace"
    else:
        job.last_reasons = {("still_pending", job.name, node) for node in bad}
        seen.pending = True
    if job.failing:
        count_failing(settings, job, seen)


def judge(settings: Settings, job: JobState, shown: Shown, bad: Sequence[str | None], seen: Observation) -> None:
    """The judgement of a job that was read. Failures take precedence over pending reasons."""
    job.failing = ""
    job.last_reasons = set()
    if bad or job.failed_for_good:
        judge_failing(settings, job, shown, bad, seen)
    elif is_stalled(settings, job, seen.now):
        job.last_reasons = {("stalled", job.name, None)}
        seen.failed_jobs += 1
    elif (reason := pending_reason(settings, job, shown)) is not None:
        code, node = reason
        job.last_reasons = {(code, job.name, node)}
        seen.pending = True
    seen.reasons |= job.last_reasons


def job_read(settings: Settings, gate: GateState, job: JobState, shown: Shown, seen: Observation) -> None:
    """A job that was read and exists."""
    job.existed = True
    note_start(gate, job, shown, seen.now)
    note_records(job, shown, seen.now)
    bad = failing_parts(settings, shown)
    # A node counts like its job, so both share one failing time.
    note_failing_and_ready(settings, job, bool(bad), not bad and is_ready(settings, shown), seen.now)
    note_progress(job, shown, seen.now)
    judge(settings, job, shown, bad, seen)
    if shown.state in settings.final:
        job.finished = True


def observe_job(settings: Settings, cloud: Cloud, gate: GateState, job: JobState, seen: Observation) -> None:
    """Read one job, unless its state never changes."""
    if job.finished:
        seen.reasons |= job.last_reasons
        if job.failing:
            count_failing(settings, job, seen)
        return
    job.tried = True
    kind = fault_at(cloud.jobs[job.name].faults, seen.now)
    if kind is not None:
        job_unreadable(settings, job, kind, seen)
        return
    job.errors = 0
    job.unreadable = set()
    shown = step_at(cloud.jobs[job.name], seen.now)
    if shown.state == GONE:
        job_gone(settings, job, seen)
    else:
        job_read(settings, gate, job, shown, seen)


# The verdict.


def is_idle(settings: Settings, job: JobState, now: float) -> bool:
    """Whether a ready job under require_records has moved no records within stable_for."""
    if not settings.needs_records or not settings.stable_for:
        return False
    if job.ready_at is None or job.failed_for_good:
        return False
    return job.moved_at is None or job.moved_at <= now - settings.stable_for


def is_stable(settings: Settings, gate: GateState, jobs: Sequence[JobState], seen: Observation) -> bool:
    """Whether all jobs have been ready for stable_for; otherwise the reason is added. A restart resets the time."""
    since, restarts = gate.stable_since, gate.restarted_at
    if since is None or any(at > since for at in restarts.values()):
        since = gate.stable_since = seen.now
    long_enough = seen.now - since >= settings.stable_for
    idle = [job.name for job in jobs if is_idle(settings, job, seen.now)]
    latest = max(restarts, key=lambda name: restarts[name], default=None)
    if long_enough and not idle:
        return True
    if long_enough:
        seen.reasons.add(("no_records", idle[0], None))
    elif latest is not None and seen.now - restarts[latest] < settings.stable_for:
        seen.reasons.add(("restarted", latest, None))
    else:
        seen.reasons.add(("not_stable", None, None))
    return False


def verdict(settings: Settings, gate: GateState, jobs: Sequence[JobState], seen: Observation) -> Ending | None:
    """The verdict on all jobs; None while the gate continues."""
    if seen.absent or seen.failed_jobs > settings.max_failing:
        return Ending("FAIL", bool(settings.wait or settings.fatal or seen.absent or seen.unread))
    if seen.wrong:
        return Ending("ERROR", True)
    if seen.pending:
        gate.stable_since = None
    elif not seen.unread and is_stable(settings, gate, jobs, seen):
        return Ending("PASS", False)
    if settings.once:
        return Ending("PENDING", False)
    return Ending("TIMEOUT", True) if seen.last else None


def observe(settings: Settings, cloud: Cloud, gate: GateState, seen: Observation) -> Ending | None:
    """One observation: the selection, each job, the verdict."""
    if gate.wanted is None:
        ending = select(settings, cloud, gate, seen)
        if ending is not None:
            return ending
    jobs = gate.wanted or []
    if seen.now >= cloud.locked_from and not all(job.finished for job in jobs):
        return locked_out(settings, jobs, seen)
    for job in jobs:
        observe_job(settings, cloud, gate, job, seen)
    return verdict(settings, gate, jobs, seen)


def next_time(settings: Settings, gate: GateState, now: float) -> float:
    """When the next observation begins: after the interval, at the deadline, or at the end of stable_for."""
    following = min(now + settings.interval, settings.deadline)
    if gate.stable_since is None or now >= gate.stable_since + settings.stable_for:
        return following
    return min(following, max(now + 0.1, gate.stable_since + settings.stable_for))


def expect(
    jobs: Mapping[str, Job],
    options: Mapping[str, Any],
    check_mode: bool = False,
    dli: bool = False,
    list_faults: Sequence[Fault] = (),
    locked_from: float = FOREVER,
    kind: str = "",
) -> Expected:
    """The result of a gate with *options* over *jobs* if requests take no time.

    :param list_faults: when the job list cannot be read.
    :param kind: dli_flink or dli_spark for jobs of these kinds.
    :param locked_from: second from which each request is answered with 401.
    """
    settings = settings_of(options, check_mode, dli, kind)
    cloud = Cloud(jobs, list_faults, locked_from)
    gate = GateState()
    now, polls = settings.delay, 0
    while True:
        polls += 1
        seen = Observation(now, last=settings.once or now >= settings.deadline)
        ending = observe(settings, cloud, gate, seen)
        if ending is not None:
            return Expected(ending.verdict, now, polls, ending.failed, seen.reasons)
        now = next_time(settings, gate, now)
