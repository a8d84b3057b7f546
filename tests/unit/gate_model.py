# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gate has to say of a scripted cloud, worked out a second time, as plainly as possible.

One function, and no code of the collection: where it and the gate differ, one of the two misreads the design.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

GONE = "gone"
FOREVER = 1e9
KNOWN = ("STARTING", "NORMAL", "EXCEPTION", "STOPPING", "STOPPED", "PAUSE", "ABNORMAL", "DISABLE", "OVERLOAD", "INIT")
KNOWN_DLI = ("LAUNCHING", "RUNNING", "SCALING", "FINISHED", "FAILED", "CANCELLED")


class Shown(NamedTuple):
    """What is true of a job from the second *at* on; the state may be GONE or None. Nodes are fields by name."""

    at: float
    state: str | None
    nodes: Mapping[str, Mapping[str, Any]] = {}
    start_time: int | None = None
    progress: float = 0.0


class Fault(NamedTuple):
    """From *start* on and before *end* a call is answered so: busy, denied or broken (an error that cannot mend itself)."""

    start: float
    end: float
    kind: str


class Job(NamedTuple):
    """One job: the truth, and when its status call does not tell it."""

    steps: Sequence[Shown]
    faults: Sequence[Fault] = ()


class Expected(NamedTuple):
    """The result; ``reasons`` are (code, job, node)."""

    verdict: str
    elapsed: float
    polls: int
    failed: bool
    reasons: set[tuple[str, str | None, str | None]]


def bad_reasons(name: str, state: str | None, bad: Sequence[str | None]) -> set[Any]:
    """The reasons of a job in a failing state, or with nodes (by name) in one."""
    code = {"FAILED": "dli_failed", "CANCELLED": "dli_cancelled"}.get(state or "", "job_exception")
    return {("node_exception" if node else code, name, node) for node in bad}


def unknown_nodes(shown: Shown, options: Mapping[str, Any], check_nodes: bool, wait_for: Sequence[str]) -> list[str]:
    """The nodes that count and are in a state that is not known."""
    if not check_nodes or shown.state == "STOPPED":
        return []
    return [
        node
        for node, fields in shown.nodes.items()
        if fields.get("status") is not None
        and fields["status"] not in (*KNOWN, *wait_for)
        and not any(fnmatchcase(node, one) for one in options.get("ignore_nodes", []))
    ]


def expect(
    jobs: Mapping[str, Job],
    options: Mapping[str, Any],
    check_mode: bool = False,
    dli: bool = False,
    list_faults: Sequence[Fault] = (),
    locked_from: float = FOREVER,
) -> Expected:
    """What a gate with *options* says of *jobs* when requests take no time.

    :param list_faults: when the job list cannot be read.
    :param locked_from: since when every request is answered with 401.
    """
    wait = options.get("wait", False)
    once = check_mode or not wait
    starred = options if wait else {}  # what has a meaning only with wait
    interval, deadline = starred.get("wait_interval", 10), starred.get("wait_timeout", 600)
    grace, stable_for = starred.get("exception_grace", 0), starred.get("stable_for", 0)
    started_after, needs_records = starred.get("started_after"), starred.get("require_records", False)
    stall, most_errors = starred.get("stall_timeout", 0), starred.get("max_consecutive_errors", 5)
    most_errors = 1 if once else most_errors
    wait_for = ["FINISHED"] if dli else options.get("wait_for", ["NORMAL"])
    fail_states = ["FAILED", "CANCELLED"] if dli else options.get("fail_states", ["EXCEPTION", "ABNORMAL"])
    check_nodes = options.get("check_nodes", True) and not dli
    missing = options.get("missing", "fail")
    fatal = options.get("fail_on_exception", wait)
    failures_count = fatal or not wait  # a reading says FAIL of a failing state, whether or not the task fails on it

    polls = 0
    now = 0.0 if once else starred.get("wait_initial_delay", 0)
    by_name = options.get("job_names") or options.get("job_ids")
    wanted = None  # the selection, once it is settled
    list_errors = 0
    stable_since = None
    errors: dict[str, int] = {}  # unreadable observations in a row
    said: dict[str, Any] = {}  # job -> its reasons when it was last read
    unreadable: dict[str, Any] = {}  # job -> the reason for that, if the last try to read it failed
    tolerable: dict[str, str] = {}  # job -> "fails", or "grace" while its failing state does not count yet
    failing_for: dict[str, float] = {}  # job -> seconds in a failing state
    failing_at: dict[str, float] = {}  # job -> when it was last seen in one, if that was its last reading
    ready_at: dict[str, float] = {}  # job -> since when it has been ready
    counters: dict[Any, int] = {}  # (job, node, counter) -> from where it is counted
    moved: dict[str, float] = {}  # jobs that wrote or read records -> when that was seen last
    existed: set[str] = set()  # jobs that were seen
    failed_for_good: dict[str, Any] = {}  # job -> the reasons of a failure that stands
    latest_start: dict[str, int] = {}
    restarted_at: dict[str, float] = {}
    finished: set[str] = set()  # DLI jobs in a state that never changes
    running: dict[str, Any] = {}  # DLI job -> (progress, since when)

    while True:
        polls += 1
        last = once or now >= deadline
        reasons: set[Any] = set()
        pending = absent = unread = False
        wrong = False  # ERROR, unless there is a failure

        # The selection.
        excluded = options.get("exclude_names", [])
        if wanted is None:
            listed = [
                name for name, job in jobs.items() if [step for step in job.steps if step.at <= now][-1].state != GONE
            ]
            chosen = by_name or [name for name in listed if options.get("name_contains", "") in name]
            chosen = [name for name in chosen if not any(fnmatchcase(name, one) for one in excluded)]
            fault = [one.kind for one in list_faults if one.start <= now < one.end and not by_name]
            if now >= locked_from and not by_name:
                reasons.add(("denied", None, None))
                return Expected("ERROR", now, polls, True, reasons)
            if fault:
                list_errors += 1
                reasons.add(("denied" if fault[0] == "denied" else "unreadable", None, None))
                pending = True
                wrong = fault[0] != "busy" or list_errors >= most_errors
            else:
                list_errors = 0
                if len(chosen) >= options.get("min_jobs", 1):
                    wanted = chosen
                else:
                    reasons.add(("too_few_jobs", None, None))
                    if missing != "wait" or by_name:
                        return Expected("FAIL", now, polls, True, reasons)
                    pending = True

        names = wanted or []
        if now >= locked_from and not set(names) <= finished:
            # Nothing is read any more; of each job the last that was seen is told.
            reasons.add(("denied", None, None))
            for name in names:
                reasons |= unreadable.get(name, set()) | said.get(name, set())
                if name not in unreadable and name not in said:
                    reasons.add(("still_pending", name, None))
            if last and not once and len(tolerable) > options.get("max_failing", 0):
                return Expected("FAIL", now, polls, True, reasons)
            return Expected("ERROR", now, polls, True, reasons)

        # Each job.
        failed_jobs = 0
        for name in names:
            if name in finished:
                reasons |= said[name]
                continue
            shown = [step for step in jobs[name].steps if step.at <= now][-1]
            fault = [one.kind for one in jobs[name].faults if one.start <= now < one.end]
            if fault:
                # It is not ready, and a failure or absence that was seen before is not gone with it.
                errors[name] = errors.get(name, 0) + 1
                ready_at.pop(name, None)
                unread = True
                wrong = wrong or fault[0] != "busy" or errors[name] >= most_errors
                unreadable[name] = {("denied" if fault[0] == "denied" else "unreadable", name, None)}
                reasons |= unreadable[name]
                if name in tolerable:
                    reasons |= said[name]
                    if tolerable[name] == "fails" or (last and not once):
                        failed_jobs += 1
                    else:
                        pending = True
                else:
                    if said.get(name) == {("job_missing", name, None)}:
                        reasons |= said[name]
                    else:
                        said[name] = set()  # whatever state it was in
                    pending = True
                continue
            errors[name] = 0
            unreadable.pop(name, None)

            if shown.state == GONE:
                said[name] = {("job_missing", name, None)}
                reasons |= said[name]
                if name in failing_at:
                    failing_for[name] = failing_for.get(name, 0) + now - failing_at.pop(name)
                tolerable.pop(name, None)
                ready_at.pop(name, None)
                running.pop(name, None)
                if name in failed_for_good:
                    said[name] = failed_for_good[name]
                    tolerable[name] = "fails"
                    reasons = (reasons - {("job_missing", name, None)}) | said[name]
                    failed_jobs += 1
                elif missing == "fail" or (missing == "ok" and name in existed):
                    absent = True
                elif missing == "wait":
                    pending = True
                continue
            existed.add(name)
            if shown.start_time is not None:
                if name in latest_start and shown.start_time > latest_start[name]:
                    restarted_at[name] = now
                latest_start[name] = max(shown.start_time, latest_start.get(name, 0))

            # Records of running nodes, counted from the first observation or from where a counter fell to.
            for node, fields in shown.nodes.items():
                for counter in ("total_put_records", "total_get_records"):
                    value, key = fields.get(counter), (name, node, counter)
                    if value is None:
                        continue
                    if key in counters and value > counters[key] and fields.get("status") == "NORMAL":
                        moved[name] = now
                    counters[key] = value

            # What is in a failing state: the job (None) and its nodes.
            bad: list[str | None] = [None] if shown.state in fail_states else []
            if check_nodes and shown.state != "STOPPED":
                for node, fields in shown.nodes.items():
                    ignored = any(fnmatchcase(node, one) for one in options.get("ignore_nodes", []))
                    if fields.get("status") in ("EXCEPTION", "ABNORMAL") and not ignored:
                        bad.append(node)
            restarted = started_after is None or (shown.start_time is not None and shown.start_time >= started_after)
            ready = not bad and shown.state in wait_for and restarted

            # A node counts like its job, so they have one account.
            if name in failing_at:
                failing_for[name] = failing_for.get(name, 0) + now - failing_at.pop(name)
            if bad:
                failing_at[name] = now
            if ready:
                ready_at.setdefault(name, now)
                if now - ready_at[name] >= stable_for:
                    failing_for[name] = 0
            else:
                ready_at.pop(name, None)

            # DLI: since when nothing has moved.
            if shown.state != "RUNNING":
                running.pop(name, None)
            elif name not in running or running[name][0] != shown.progress:
                running[name] = (shown.progress, now)
            stalled = stall and name in running and now - running[name][1] >= stall

            tolerable.pop(name, None)
            said[name] = set()
            if bad and fatal and wait and failing_for.get(name, 0) >= grace:
                failed_for_good[name] = bad_reasons(name, shown.state, bad)
            if name in failed_for_good:
                said[name] = failed_for_good[name]
                tolerable[name] = "fails"
                failed_jobs += 1
            elif bad and failures_count:
                said[name] = bad_reasons(name, shown.state, bad)
                if failing_for.get(name, 0) >= grace:
                    tolerable[name] = "fails"
                    failed_jobs += 1
                else:
                    tolerable[name] = "grace"
                    if last and not once:
                        failed_jobs += 1
                    else:
                        pending = True
            elif bad:
                said[name] = {("still_pending", name, node) for node in bad}
                pending = True
            elif stalled:
                said[name].add(("stalled", name, None))
                failed_jobs += 1
            elif shown.state in wait_for and (strange := unknown_nodes(shown, options, check_nodes, wait_for)):
                said[name].add(("unknown_state", name, strange[0]))
                pending = True
            elif ready and needs_records and name not in moved:
                said[name].add(("no_records", name, None))
                pending = True
            elif not ready:
                code = "not_restarted" if shown.state in wait_for else "still_pending"
                known = KNOWN_DLI if dli else KNOWN
                said[name].add((code if shown.state in known else "unknown_state", name, None))
                pending = True
            reasons |= said[name]
            if dli and shown.state in ("FINISHED", "FAILED", "CANCELLED"):
                finished.add(name)

        # The verdict.
        if absent or failed_jobs > options.get("max_failing", 0):
            return Expected("FAIL", now, polls, bool(wait or fatal or absent or unread), reasons)
        if wrong:
            return Expected("ERROR", now, polls, True, reasons)
        if pending:
            stable_since = None
        elif not unread:
            if stable_since is not None and any(at > stable_since for at in restarted_at.values()):
                stable_since = None
            stable_since = now if stable_since is None else stable_since
            idle = [
                name
                for name in names
                if needs_records and stable_for and name in ready_at and name not in failed_for_good
                if moved[name] <= now - stable_for
            ]
            if now - stable_since >= stable_for and not idle:
                return Expected("PASS", now, polls, False, reasons)
            latest = max(restarted_at, key=lambda name: restarted_at[name], default=None)
            if now - stable_since >= stable_for:
                reasons.add(("no_records", idle[0], None))
            elif latest is not None and now - restarted_at[latest] < stable_for:
                reasons.add(("restarted", latest, None))
            else:
                reasons.add(("not_stable", None, None))
        if once:
            return Expected("PENDING", now, polls, False, reasons)
        if last:
            return Expected("TIMEOUT", now, polls, True, reasons)
        following = min(now + interval, deadline)
        if stable_since is not None and now < stable_since + stable_for:
            following = min(following, max(now + 0.1, stable_since + stable_for))
        now = following
