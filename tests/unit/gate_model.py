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

ERRORS = ("busy", "denied", "broken", "unauthorized")  # passing; not allowed; another that cannot mend itself; HTTP 401
KNOWN = (
    "STARTING", "NORMAL", "EXCEPTION", "STOPPING", "STOPPED", "PAUSE", "ABNORMAL", "DISABLE", "OVERLOAD", "INIT",
)  # fmt: skip


class Shown(NamedTuple):
    """What the cloud says of a job from some second on. ``state`` may be a state, None, "gone", or one of ERRORS."""

    at: float
    state: str | None
    nodes: Mapping[str, Mapping[str, Any]] = {}
    start_time: int | None = None


class Expected(NamedTuple):
    """The result; ``reasons`` are (code, job, node)."""

    verdict: str
    elapsed: float
    reasons: set[tuple[str, str | None, str | None]]
    failed: bool


def expect(
    scripts: Mapping[str, Sequence[Shown]], names: Sequence[str], check_mode: bool = False, **given: Any
) -> Expected:
    """The verdict on real-time jobs selected by name, every one of them read at the very moment of an observation."""
    wait = given.get("wait", False)
    once = check_mode or not wait
    waited = {
        "exception_grace": 0, "stable_for": 0, "started_after": None, "require_records": False, "wait_initial_delay": 0,
        "wait_interval": 10, "wait_timeout": 600, "max_consecutive_errors": 5,
    }  # fmt: skip
    if wait:
        waited = {key: given.get(key, value) for key, value in waited.items()}
    wait_for = given.get("wait_for", ["NORMAL"])
    fail_states = given.get("fail_states", ["EXCEPTION", "ABNORMAL"])
    missing = given.get("missing", "fail")
    fails_task = given.get("fail_on_exception", wait)
    failing_counts = fails_task or not wait  # a reading without wait says FAIL, though the task may not fail on it

    wanted = [name for name in names if not any(fnmatchcase(name, one) for one in given.get("exclude_names", []))]
    if len(wanted) < given.get("min_jobs", 1):
        return Expected("FAIL", 0, {("too_few_jobs", None, None)}, True)

    deadline = waited["wait_timeout"]
    now = 0 if once else min(waited["wait_initial_delay"], deadline)
    errors = dict.fromkeys(wanted, 0)  # in a row
    failing_for: dict[Any, float] = {}  # (job, node) -> seconds in a failing state
    was_failing: dict[Any, float] = {}  # (job, node) -> when it was last seen so, if it is failing
    ready_since: dict[Any, float] = {}
    counters: dict[Any, float] = {}  # (job, node, counter) -> last seen
    moved: set[str] = set()  # jobs that wrote or read
    stable_since = None

    while True:
        last = once or now >= deadline
        reasons: set[tuple[str, str | None, str | None]] = set()
        failed_jobs, pending, broken, tolerable = [], [], [], []
        in_grace = False
        absent_fails = False
        for name in wanted:
            shown = Shown(0, "gone")
            for step in scripts.get(name, ()):
                if step.at <= now:
                    shown = step
            if shown.state in ERRORS:
                errors[name] += 1
                ready_since.pop(name, None)
                reasons.add(("unreadable" if shown.state in ("busy", "broken") else "denied", name, None))
                pending.append(name)
                if shown.state != "busy" or errors[name] >= waited["max_consecutive_errors"] or once:
                    broken.append(name)
                continue
            errors[name] = 0
            if shown.state == "gone":
                reasons.add(("job_missing", name, None))
                if missing == "fail":
                    failed_jobs.append(name)
                    absent_fails = True
                elif missing == "wait":
                    pending.append(name)
                continue

            # Records: any counter of a running node that grows.
            for node, fields in shown.nodes.items():
                for counter in ("total_put_records", "total_get_records"):
                    value = fields.get(counter)
                    if value is None:
                        continue
                    before = counters.get((name, node, counter))
                    if before is not None and value > before and fields.get("status") == "NORMAL":
                        moved.add(name)
                    counters[name, node, counter] = value

            # What is in a failing state: the job (node None) and its nodes.
            bad = {None} if shown.state in fail_states else set()
            if given.get("check_nodes", True) and shown.state != "STOPPED":
                for node, fields in shown.nodes.items():
                    ignored = any(fnmatchcase(node, one) for one in given.get("ignore_nodes", []))
                    if fields.get("status") in ("EXCEPTION", "ABNORMAL") and not ignored:
                        bad.add(node)
            ready = not bad and shown.state in wait_for
            started = waited["started_after"]
            restarted = started is None or (shown.start_time is not None and shown.start_time >= started)
            ready = ready and restarted
            if ready:
                ready_since.setdefault(name, now)
            else:
                ready_since.pop(name, None)

            counted = False
            for thing in [None, *shown.nodes]:
                key = (name, thing)
                if key in was_failing:
                    failing_for[key] = failing_for.get(key, 0) + now - was_failing[key]
                    del was_failing[key]
                if thing in bad:
                    was_failing[key] = now
                    if failing_counts and (failing_for.get(key, 0) >= waited["exception_grace"] or (last and not once)):
                        counted = True
                elif name in ready_since and now - ready_since[name] >= waited["stable_for"]:
                    failing_for.pop(key, None)
            if counted:
                failed_jobs.append(name)
                reasons.update(("node_exception" if thing else "job_exception", name, thing) for thing in bad)
            elif bad:
                pending.append(name)
                reasons.add(("still_pending", name, None))
            elif not ready:
                pending.append(name)
                if shown.state not in KNOWN:
                    reasons.add(("unknown_state", name, None))
                elif shown.state in wait_for:
                    reasons.add(("not_restarted", name, None))
                else:
                    reasons.add(("still_pending", name, None))
            elif waited["require_records"] and name not in moved:
                pending.append(name)
                reasons.add(("no_records", name, None))

        if len(failed_jobs) > given.get("max_failing", 0):
            return Expected("FAIL", now, reasons, bool(fails_task or check_mode or absent_fails))
        if broken:
            return Expected("ERROR", now, reasons, True)
        if pending:
            stable_since = None
        else:
            if stable_since is None:
                stable_since = now
            if now - stable_since >= waited["stable_for"]:
                return Expected("PASS", now, reasons, False)
            reasons.add(("not_stable", None, None))
        if once:
            return Expected("PENDING", now, reasons, False)
        if last:
            return Expected("TIMEOUT", now, reasons, True)
        following = min(now + waited["wait_interval"], deadline)
        if stable_since is not None:
            following = min(following, stable_since + waited["stable_for"])
        now = following
