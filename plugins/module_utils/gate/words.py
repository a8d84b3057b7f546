# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences of a gate. Names and states come from the cloud: they are shown on one line, without control characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence

from ..cloud.errors import RequestError
from ..cloud.text import printable

if TYPE_CHECKING:
    from .policy import Policy, Selection
    from .track import Track

NAMED = 10  # how many jobs a message names
SILENT = 1.0  # a request under way for so many seconds is told of


def seconds(value: float) -> str:
    """A duration for people: ``3.2 s``, ``42 s``, ``12 min 5 s``, ``2 h 3 min``, ``5 days``."""
    if value < 10:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def name(text: Any) -> str:
    """A name from the cloud, fit for one line."""
    return printable(text, 128)


def where(workspace: Optional[str]) -> str:
    """Which workspace was asked."""
    return f"workspace {printable(workspace, 64)}" if workspace else "the default workspace"


def missing(policy: "Policy", job: str, workspace: Optional[str]) -> str:
    """A job that does not exist."""
    if policy.kind.final:
        return f"{name(job)} does not exist as a DLI job in this project (submitting a job returns its ID)"
    text = f"{name(job)} does not exist as a real-time job in {where(workspace)}"
    if any(char in job for char in "*?["):
        text += " (names are exact; name_contains selects by a part of the name)"
    return text


def is_batch(job: str) -> str:
    """A batch job where a real-time job is meant."""
    return f"{name(job)} is a batch job; this gate is for real-time jobs"


def vanished(job: str) -> str:
    """A job that existed when the gate began to look, and does not any more."""
    return f"{name(job)} existed earlier in this gate and does not exist any more"


def relisted(job: str) -> str:
    """A job that the list shows and the status call does not know, or not yet."""
    return f"{name(job)} is in the job list, and its last status call said that it does not exist"


def unknown_node(job: str, node: str, state: str) -> str:
    """A node in a state that this version does not know."""
    return f"{name(job)}: node {name(node)} is in the unknown state {printable(state, 40)}"


def restarted(job: str, ago: float) -> str:
    """A job that was started anew while it had to stay ready."""
    return f"{name(job)} was restarted {seconds(ago)} ago, so the time of stable_for began again"


def slow(job: str, interval: float) -> str:
    """A job whose answers take too long to say how it is now."""
    return f"{name(job)} answers more slowly than wait_interval ({seconds(interval)}), so its last answer is too old; raise wait_interval"


def resembles(similar: Sequence[str], batch: bool) -> str:
    """What a missing job's name may have been meant to be, to be put behind the message about it."""
    hints = ["a batch job has that name"] if batch else []
    if similar:
        hints.append(f"similar names: {', '.join(name(item) for item in similar)}")
    return f" ({'; '.join(hints)})" if hints else ""


def silence(asked_at: Optional[float], at: float) -> str:
    """For how long the request under way has had no usable answer, to be put behind the message; empty where it has just begun."""
    waits = asked_at is not None and at - asked_at >= SILENT
    return f" (no usable answer for {seconds(at - (asked_at or 0.0))})" if waits else ""


def unread(track: "Track", at: float) -> str:
    """A job that no observation has reached."""
    return f"{name(track.name)} was not read{silence(track.asked_at, at)}"


def unlisted(asked_at: Optional[float], at: float) -> str:
    """A selection whose job list was not read completely.

    :param asked_at: when the request for the list was begun, None where none is under way.
    """
    return f"the job list was not read to its end{silence(asked_at, at)}"


def not_together(last: bool) -> str:
    """Jobs that were all ready, each when it was read."""
    return f"every job looked ready, but the last look at all of them together {'was' if last else 'is'} not finished"


def unknown(job: str, state: Optional[str]) -> str:
    """A state that this version does not know, or none at all."""
    return f"{name(job)} is in the unknown state {printable(state, 40)}" if state else f"{name(job)} shows no state"


def stalled(job: str, since: float) -> str:
    """A DLI job in which nothing moves."""
    return f"{name(job)} is RUNNING without any progress for {seconds(since)}"


def pending(track: "Track", at: float) -> str:
    """A job on its way."""
    if track.doubt:
        return f"{name(track.name)} was last seen {printable(track.state, 40)}, and the job list says otherwise"
    return f"{name(track.name)} is {printable(track.state, 40)}{silence(track.asked_at, at)}"


def nodes_unread(track: "Track", at: float) -> str:
    """A job whose nodes have not been read since it got into its state."""
    return f"{name(track.name)} is {printable(track.state, 40)}, its nodes were not read{silence(track.asked_at, at)}"


def unreached(track: "Track", at: float, has_old_nodes: bool) -> str:
    """A job that was ready and that the last observation did not reach in time, or whose nodes could not be read often enough.

    :param has_old_nodes: whether the last reading of its nodes is too old.
    """
    job, what, waits = name(track.name), printable(track.state, 40), silence(track.asked_at, at)
    if has_old_nodes and track.status_at < track.read_at:
        return f"{job} is {what}, its nodes were last read {seconds(at - track.status_at)} before the end{waits}"
    age = seconds(at - max(track.read_at, track.status_at))
    return f"{job} was {what} {age} before the end and was not reached again{waits}"


def not_restarted(job: str, start: Optional[int], after: int) -> str:
    """A job that shows the state from before its restart."""
    if start is None:
        return f"{name(job)} shows no start time, so a restart cannot be seen"
    return f"{name(job)} has not been restarted: its last start was {seconds((after - start) / 1000.0)} before started_after"


def no_records(track: "Track", since: float) -> str:
    """A job that runs idle, or some of whose nodes do."""
    job = name(track.name)
    if not track.policy.record_nodes:
        if track.counters_seen:
            return f"{job} has neither read nor written a record {_records_since(track, since)}"
        return f"{job} has no running node that reports records"
    idle = track.idle_nodes(since)
    if not idle:
        return f"{job} has no node that require_records names ({names(track.policy.record_nodes)})"
    return f"{job}: node {names(idle)} has neither read nor written a record {_records_since(track, since)}"


def _records_since(track: "Track", since: float) -> str:
    return "since the first observation" if since < 0 else f"in the last {seconds(track.policy.stable_for)}"


def no_such_nodes(patterns: Sequence[str]) -> str:
    """Names in require_records that no node of any job has."""
    return f"no job has a node {names(patterns)}, which require_records names"


def names(found: Sequence[str]) -> str:
    """Up to three names, and how many more there are."""
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(printable(item, 60) for item in found[:3]) + more


def failing(track: "Track", node: Optional[str], state: str) -> str:
    """A failing job or node."""
    if node is None:
        return f"{name(track.name)} is {printable(state, 40)}" + _cause(track)
    return f"{name(track.name)}: node {name(node)} is {printable(state, 40)}"


def _cause(track: "Track") -> str:
    message = str((track.status or {}).get("message") or "").strip(". \n")
    return f": {printable(message)}" if message else ""


def unreadable(job: str, error: RequestError, times: int, state: Optional[str]) -> str:
    """A job that could not be read."""
    text = f"{name(job)} could not be read"
    if times > 1:
        text += f" {times} times in a row"
    if state:
        text += f" (last seen {printable(state, 40)})"
    return f"{text}: {error}"


def general(error: RequestError, times: int) -> str:
    """What kept every job from being read."""
    often = f" {times} times in a row" if times > 1 else ""
    return f"the jobs could not be read{often}: {error}"


def too_few(selection: "Selection", found: int, workspace: Optional[str]) -> str:
    """A selection that holds too little."""
    if selection.by_name:
        what = "the names given, without those excluded, are"
    elif selection.tags:
        what = f"the tags {printable(', '.join(selection.tags), 100)} select"
    else:
        what = f"the name part {printable(selection.name_contains, 100)} selects"
    jobs = "no real-time job" if not found else f"{found} real-time job{'s' if found > 1 else ''}"
    return f"{what} {jobs} in {where(workspace)}, and at least {selection.least} must be there"


def not_stable(held: float, wanted: float) -> str:
    """All ready, not yet for long enough."""
    return f"all ready for {seconds(held)} of {seconds(wanted)}"


def state(text: Any) -> str:
    """A state from the cloud, fit for one line."""
    return printable(text, 40)


class Tally:
    """How many jobs are selected, how many of them are ready, failing or not read yet, and how many are in each state."""

    def __init__(self) -> None:
        self.total = 0
        self.ready = 0
        self.failing = 0
        self.unread = 0
        self.states: Dict[str, int] = {}
        self._pending: Dict[str, int] = {}

    def count(self, status: str, verdict: str, unread: bool, looks_ready: bool) -> None:
        """Add a job.

        :param unread: whether its state, or that of its nodes, has not been read.
        :param looks_ready: whether its state is one that is waited for.
        """
        self.total += 1
        self.states[status] = self.states.get(status, 0) + 1
        if verdict == "PASS":
            self.ready += 1
        elif verdict == "FAIL":
            self.failing += 1
        elif unread:
            self.unread += 1
        else:
            told = f"{state(status)} but not ready yet" if looks_ready else state(status)
            self._pending[told] = self._pending.get(told, 0) + 1

    def __str__(self) -> str:
        """``1 failing, 2 STARTING, 82 not read yet``: the jobs that are not ready."""
        pending = sorted(self._pending.items(), key=lambda item: (-item[1], item[0]))
        parts = [("failing", self.failing), *pending, ("not read yet", self.unread)]
        return ", ".join(f"{count} {what}" for what, count in parts if count)


def summary(verdict: str, reasons: Sequence[Mapping[str, Any]], tally: Tally, elapsed: float, noun: str) -> str:
    """The gate's sentence: the verdict, the jobs that decided it with state and log, and how many jobs are ready."""
    jobs: Dict[Any, List[Mapping[str, Any]]] = {}
    for item in reasons:
        jobs.setdefault(item["job"], []).append(item)
    told = [_about(items).rstrip(". ") for items in list(jobs.values())[:NAMED]]
    if len(jobs) > NAMED:
        told.append(f"and {len(jobs) - NAMED} more")
    ready = f"{tally.ready} of {tally.total} {noun}{'' if tally.total == 1 else 's'} ready"
    if not tally.total:
        ready = f"no {noun} to wait for"
    if verdict == "PASS":
        return f"PASS after {seconds(elapsed)}: {ready}" + "".join(f"; {text}" for text in told) + "."
    text = f"{verdict} after {seconds(elapsed)}: {'; '.join(told) or 'nothing was read'}."
    if tally.total < 2:
        return text
    return f"{text} {ready} ({tally})." if str(tally) else f"{text} {ready}."


def _about(items: Sequence[Mapping[str, Any]]) -> str:
    """What is said of one job, the nodes behind the first one briefly."""
    nodes = [item for item in items[1:] if item["node"]]
    text = items[0]["message"]
    text += "".join(f", node {name(item['node'])} is {state(item['status'])}" for item in nodes[:3])
    if len(nodes) > 3:
        text += f", {len(nodes) - 3} more nodes"
    log = next((item["log_path"] for item in items if item["log_path"]), None)
    if log:
        text += f" (log {printable(log, 300)})"
    return "; ".join([text, *(item["message"] for item in items[1:] if not item["node"])])
