# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A gate's result as a summary for a ticket or a merge request."""

from __future__ import annotations

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.messages import seconds
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.verdicts import (
    ERROR,
    FAIL,
    PASS,
    PENDING,
    TIMEOUT,
)

from ..markdown import NOTHING, code, document, prose, table
from ..timeline import Change, short
from .data import SKIPPED, Gate, Job, Reason

MAX_JOBS = 50
MAX_REASONS = 50
MAX_CHANGES = 20
RUN_HEAD = ("Planned (UTC)", "Began (UTC)", "Took")
MARKS = {
    PASS: "\N{WHITE HEAVY CHECK MARK}",
    FAIL: "\N{CROSS MARK}",
    TIMEOUT: "\N{ALARM CLOCK}",
    ERROR: "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}",
    PENDING: "\N{HOURGLASS WITH FLOWING SAND}",
    SKIPPED: "\N{BLACK RIGHT-POINTING DOUBLE TRIANGLE WITH VERTICAL BAR}\N{VARIATION SELECTOR-16}",
}


def write(gate: Gate) -> str:
    """The file's text."""
    mark = MARKS.get(gate.verdict, MARKS[ERROR])
    verdict = gate.verdict if gate.verdict in MARKS else code(gate.verdict)
    return document(
        [
            [f"## {mark} {verdict}: {prose(gate.about.title)}"],
            [f"> **The gate is switched off:** {code(gate.override_reason)}"] if gate.override_reason else [],
            [code(gate.message)] if gate.message else [],
            _facts(gate),
            *_jobs(gate),
            *_reasons(gate),
            *_notes(gate),
            *_changes(gate),
        ]
    )


def _facts(gate: Gate) -> list[str]:
    rows = [[prose(label), code(value)] for label, value in gate.about.facts]
    if gate.about.finished:
        rows.append(["Finished", gate.about.finished])
    if gate.elapsed is not None:
        rows.append(["Took", seconds(gate.elapsed)])
    if gate.polls is not None:
        rows.append(["Observations", str(gate.polls)])
    if gate.requests is not None:
        rows.append(["Requests", str(gate.requests)])
    if gate.verdicts:
        rows.append(["Jobs by verdict", ", ".join(f"{item.jobs} {item.name}" for item in gate.verdicts)])
    if gate.states:
        rows.append(["Jobs by state", ", ".join(f"{state.jobs} {code(state.name)}" for state in gate.states)])
    return table(["Fact", "Value"], rows) if rows else []


def _jobs(gate: Gate) -> list[list[str]]:
    if not gate.jobs:
        return []
    shown = gate.jobs[:MAX_JOBS]
    work = any(job.work for job in shown)
    runs = any(job.run for job in shown)
    head = ["Verdict", "State", "Job", "Since", *(["Progress"] if work else []), *(RUN_HEAD if runs else [])]
    lines = table(head, [[*_row(job, work), *(_run(job) if runs else [])] for job in shown])
    more = len(gate.jobs) - len(shown) + gate.further
    return [["### Jobs"], lines, [f"and {more} more"] if more else []]


def _row(job: Job, work: bool) -> list[str]:
    verdict = f"{job.verdict}, tolerated" if job.tolerated else job.verdict
    since = NOTHING if job.settled_at is None else short(job.settled_at)
    row = [f"**{verdict}**" if job.verdict != PASS else verdict, code(job.status), code(job.name), since]
    return [*row, (job.work.words if job.work else "") or NOTHING] if work else row


def _run(job: Job) -> list[str]:
    found = ("", "", "") if job.run is None else (job.run.planned, job.run.began, job.run.took)
    return [value or NOTHING for value in found]


def _reasons(gate: Gate) -> list[list[str]]:
    reasons: list[Reason] = [*gate.reasons, *(reason for job in gate.jobs for reason in job.reasons)]
    if not reasons:
        return []
    lines = []
    for reason in reasons[:MAX_REASONS]:
        lines.append(f"- {code(reason.message)} ({code(reason.code)})")
        if reason.log_path:
            lines.append(f"  - Log: {code(reason.log_path)}")
    more = len(reasons) - MAX_REASONS
    return [["### Reasons"], lines, [f"and {more} more"] if more > 0 else []]


def _notes(gate: Gate) -> list[list[str]]:
    return [["### Notes"], [f"- {code(note.message)} ({code(note.code)})" for note in gate.notes]] if gate.notes else []


def _changes(gate: Gate) -> list[list[str]]:
    changes = [change for change in gate.changes if change.previous is not None]
    if not changes:
        return []
    shown = changes[-MAX_CHANGES:]
    title = (
        "### State changes"
        if len(shown) == len(changes)
        else f"### The last {len(shown)} of {len(changes)} state changes"
    )
    return [[title], table(["At", "Job", "Node", "From", "To"], map(_change, shown))]


def _change(change: Change) -> list[str]:
    status = "gone" if change.status is None else code(change.status)
    return [short(change.at), code(change.job), code(change.node or ""), code(change.previous or ""), status]
