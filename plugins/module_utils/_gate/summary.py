# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The sentence with a gate's verdict, and the jobs as the result shows them."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence

from .._text import printable
from .messages import name, run_of, seconds, state_name
from .state.gate_state import Gate
from .verdicts import FAIL, PASS

MAX_NAMED_JOBS = 10  # in a message
MAX_NAMED_RUNS = 3  # with which jobs have passed
MAX_NAMED_NODES = 3  # of a job in a message, after the first


class Tally:
    """How many jobs are selected, how many of them are ready, failing or not read yet, and how many are in each state."""

    def __init__(self) -> None:
        self.total = 0
        self.ready = 0
        self.failing = 0
        self.unread = 0
        self.states: Dict[str, int] = {}
        self._pending: Dict[str, int] = {}

    def count(self, status: str, verdict: str, is_unread: bool, looks_ready: bool) -> None:
        """Add a job.

        :param is_unread: whether its state, or the states of its nodes, have not been read.
        :param looks_ready: whether its state is one to wait for.
        """
        self.total += 1
        self.states[status] = self.states.get(status, 0) + 1
        if verdict == PASS:
            self.ready += 1
        elif verdict == FAIL:
            self.failing += 1
        elif is_unread:
            self.unread += 1
        else:
            label = f"{state_name(status)} but not ready yet" if looks_ready else state_name(status)
            self._pending[label] = self._pending.get(label, 0) + 1

    def __str__(self) -> str:
        """The jobs that are not ready: ``1 failing, 2 STARTING, 82 not read yet``."""
        pending = sorted(self._pending.items(), key=lambda item: (-item[1], item[0]))
        parts = [("failing", self.failing), *pending, ("not read yet", self.unread)]
        return ", ".join(f"{count} {label}" for label, count in parts if count)


def tally(gate: Gate, at: float) -> Tally:
    """The counts of a gate's jobs, without those left out."""
    result = Tally()
    for job in gate.jobs.values():
        if job.is_left_out:
            continue
        state = "missing" if job.is_missing else "not read" if not job.is_known else job.state or "without a state"
        looks_ready = not job.is_missing and job.state in gate.policy.ready
        result.count(state, gate.judge(job, at).verdict, job.is_unread, looks_ready)
    return result


def describe_jobs(gate: Gate, at: float) -> List[Dict[str, Any]]:
    """Every job but those left out, with its verdict and the reasons for it, in the order of the selection."""
    result = []
    for job in gate.jobs.values():
        if job.is_left_out:
            continue
        verdict, reasons = gate.judge(job, at)
        read_at = round(max(0.0, job.read_at, job.status_at), 3) if job.is_known else None
        result.append({**job.describe(), "verdict": verdict, "reasons": reasons, "read_at": read_at})
    return result


def evidence(gate: Gate) -> List[str]:
    """Which runs the jobs have passed with, in words."""
    shown = [run_of(job) for job in gate.jobs.values() if job.run is not None and not job.is_left_out]
    more = [f"and {len(shown) - MAX_NAMED_RUNS} more"] if len(shown) > MAX_NAMED_RUNS else []
    return [*shown[:MAX_NAMED_RUNS], *more]


def summarize_notes(notes: Sequence[Mapping[str, Any]]) -> List[str]:
    """The first note, and how many more there are."""
    if not notes:
        return []
    more = f", and {len(notes) - 1} more" if len(notes) > 1 else ""
    return [f"note: {notes[0]['message']}{more}"]


def summarize(
    verdict: str,
    reasons: Sequence[Mapping[str, Any]],
    counts: Tally,
    elapsed: float,
    noun: str,
    remarks: Sequence[str] = (),
) -> str:
    """The sentence of a gate: the verdict, the jobs that decided it with state and log, and how many jobs are ready.

    :param noun: what a job is called.
    :param remarks: further parts of the sentence of a passing gate.
    """
    jobs: Dict[Any, List[Mapping[str, Any]]] = {}
    for item in reasons:
        jobs.setdefault(item["job"], []).append(item)
    parts = [_about_job(items).rstrip(". ") for items in list(jobs.values())[:MAX_NAMED_JOBS]]
    if len(jobs) > MAX_NAMED_JOBS:
        parts.append(f"and {len(jobs) - MAX_NAMED_JOBS} more")
    ready = f"{counts.ready} of {counts.total} {noun}{'' if counts.total == 1 else 's'} ready"
    if not counts.total:
        ready = f"no {noun} to wait for"
    if verdict == PASS:
        return f"PASS after {seconds(elapsed)}: {ready}" + "".join(f"; {text}" for text in (*parts, *remarks)) + "."
    text = f"{verdict} after {seconds(elapsed)}: {'; '.join(parts) or 'nothing was read'}."
    if counts.total < 2:
        return text
    return f"{text} {ready} ({counts})." if str(counts) else f"{text} {ready}."


def _about_job(items: Sequence[Mapping[str, Any]]) -> str:
    """The reasons about one job. Nodes after the first reason are only named with their states."""
    nodes = [item for item in items[1:] if item["node"]]
    text = items[0]["message"]
    text += "".join(f", node {name(item['node'])} is {state_name(item['status'])}" for item in nodes[:MAX_NAMED_NODES])
    if len(nodes) > MAX_NAMED_NODES:
        text += f", {len(nodes) - MAX_NAMED_NODES} more nodes"
    log = next((item["log_path"] for item in items if item["log_path"]), None)
    if log:
        text += f" (log {printable(log, 300)})"
    return "; ".join([text, *(item["message"] for item in items[1:] if not item["node"])])
