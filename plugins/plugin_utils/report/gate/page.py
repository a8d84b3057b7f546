# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A gate's result as a page: what the templates place, worked out beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.messages import seconds
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.verdicts import FAIL, PASS, PENDING

from .. import pages, states, timeline
from ..timeline import Change, Segment, Tick, short
from .data import LEFT_OUT, SKIPPED, VERDICTS, Gate, Job, Node, State

MAX_CARDS = 60  # jobs of a group with their own card; the others get a line each
MAX_READY_CARDS = 8
MAX_NODES = 60  # of a card
MAX_CHANGES_IN_WORDS = 12  # changes of a job in words
THE_JOB = "the job itself"

LEGEND = (
    (states.READY, states.WORDS[states.READY]),
    (states.ON_ITS_WAY, states.WORDS[states.ON_ITS_WAY]),
    (states.FAILING, states.WORDS[states.FAILING]),
    (states.STOPPED, states.WORDS[states.STOPPED]),
    (states.UNKNOWN, states.WORDS[states.UNKNOWN]),
    (timeline.UNREAD, "not read yet"),
    (timeline.DROPPED, "not kept in the history"),
)


class Lane(NamedTuple):
    """A line of a timeline: a job or a node.

    :ivar kind: the class of its last state.
    :ivar words: the same as the picture, for screen readers; empty where there is no picture.
    """

    name: str
    note: str
    node: bool
    status: str
    kind: str
    segments: list[Segment]
    words: str


class Card(NamedTuple):
    """A job with all its data.

    :ivar changes: its changes in words, newest last.
    :ivar logs: node and log path of those nodes whose path no reason names.
    """

    job: Job
    lanes: list[Lane]
    more_nodes: int
    changes: list[str]
    logs: list[tuple[str, str]]


class Line(NamedTuple):
    """A job in one line, with the lanes of those nodes that have changed."""

    job: Job
    lanes: list[Lane]


class Group(NamedTuple):
    """Jobs of one verdict.

    :ivar name, icon: what the style sheet and the shapes call the verdict.
    """

    name: str
    icon: str
    title: str
    cards: list[Card]
    lines: list[Line]


class Share(NamedTuple):
    """The part of a bar over all jobs that is of one verdict or state; ``x`` and ``width`` are percent."""

    state: State
    x: float
    width: float


def write(gate: Gate) -> str:
    """The page's text."""
    groups = _groups(gate)
    used = {
        segment.kind
        for group in groups
        for lanes in (*(card.lanes for card in group.cards), *(line.lanes for line in group.lines))
        for lane in lanes
        for segment in lane.segments
    }
    drawn: Sequence[Tick] = timeline.ticks(gate.end) if used else []
    return pages.render(
        "gate.html.j2",
        gate=gate,
        tone=gate.verdict.lower() if gate.verdict in VERDICTS else "error",
        took=seconds(gate.elapsed) if gate.elapsed is not None else "",
        message="" if gate.verdict == SKIPPED and gate.override_reason else gate.message,  # it has the same text
        facts=_facts(gate),
        shares=shares(gate.verdicts),
        groups=groups,
        ticks=drawn,
        legend=[(kind, words) for kind, words in LEGEND if kind in used],
    )


def shares(counted: Iterable[State]) -> list[Share]:
    """The positions of the parts of the bar over all jobs."""
    present = [state for state in counted if state.jobs]
    total = sum(state.jobs for state in present)
    found, before = [], 0
    for state in present:
        found.append(Share(state, round(100 * before / total, 3), round(100 * state.jobs / total, 3)))
        before += state.jobs
    return found


def _facts(gate: Gate) -> list[tuple[str, str]]:
    found = list(gate.about.facts)
    if gate.elapsed is not None:
        found.append(("Took", seconds(gate.elapsed)))
    if gate.polls is not None:
        found.append(("Observations", str(gate.polls)))
    if gate.requests is not None:
        found.append(("Requests", str(gate.requests)))
    if gate.states:
        found.append(("Jobs by state", gate.state_words))
    return found


def _groups(gate: Gate) -> list[Group]:
    noun = gate.noun
    found = []
    for verdict, tolerated, name, icon, words, most in (
        (FAIL, False, "fail", "fail", "failing", MAX_CARDS),
        (FAIL, True, "fail", "fail", "failing, tolerated", MAX_CARDS),
        (PENDING, False, "pending", "pending", "not ready", MAX_CARDS),
        (LEFT_OUT, False, "left", "skipped", "left out", MAX_CARDS),
        (PASS, False, "pass", "pass", "ready", MAX_READY_CARDS),
    ):
        jobs = [job for job in gate.jobs if job.verdict == verdict and job.tolerated == tolerated]
        if not jobs:
            continue
        title = f"{len(jobs)} {noun}{'' if len(jobs) == 1 else 's'} {words}"
        if verdict == PASS:
            title += _age(gate, jobs)
        # Ready jobs are shown whole or not at all: a few of them would be an arbitrary choice.
        cards = [] if verdict == PASS and len(jobs) > most else jobs[:most]
        lines = [Line(job, _few(gate, job)) for job in jobs[len(cards) :]]
        found.append(Group(name, icon, title, [_card(gate, job) for job in cards], lines))
    return found


def _age(gate: Gate, jobs: Sequence[Job]) -> str:
    """How old the readings of the ready jobs are where the gate has not passed: nothing was read once it had failed."""
    if not gate.bad or gate.elapsed is None:
        return ""
    oldest = [gate.elapsed - job.read_at for job in jobs if job.read_at is not None]
    if not oldest:
        return " when they were last read"
    return f" when they were last read, up to {seconds(max(0.0, *oldest))} before the end"


def _card(gate: Gate, job: Job) -> Card:
    lanes = [_job_lane(gate, job)._replace(name=THE_JOB), *(_node_lane(gate, node) for node in job.nodes[:MAX_NODES])]
    named_logs = {reason.log_path for reason in job.reasons}
    logs = [(node.name, node.log_path) for node in job.nodes if node.log_path and node.log_path not in named_logs]
    return Card(job, lanes, max(0, len(job.nodes) - MAX_NODES), _changes_in_words(job), logs)


def _few(gate: Gate, job: Job) -> list[Lane]:
    """The job's lane, and those of nodes with other states."""
    nodes = [node for node in job.nodes if any(change.previous is not None for change in node.changes)]
    return [_job_lane(gate, job), *(_node_lane(gate, node) for node in nodes[:MAX_NODES])]


def _job_lane(gate: Gate, job: Job) -> Lane:
    # A job that was never there has left nothing in the history that could have been lost.
    seen = bool(job.status) and not any(reason.code == "job_missing" for reason in job.reasons)
    drawn = timeline.segments(job.changes, gate.end, gate.classes, gate.dropped > 0 and seen)
    return _lane(gate, job.name, "", False, job.status, job.kind, drawn)


def _node_lane(gate: Gate, node: Node) -> Lane:
    drawn = timeline.segments(node.changes, gate.end, gate.classes, gate.dropped > 0)
    return _lane(gate, node.name, node.type, True, node.status, node.kind, drawn)


def _lane(gate: Gate, name: str, note: str, node: bool, status: str, kind: str, drawn: list[Segment]) -> Lane:
    words = f"{name}: {'; '.join(segment.title for segment in drawn)}" if drawn else ""
    return Lane(name, note, node, status, kind, drawn, words)


def _changes_in_words(job: Job) -> list[str]:
    """The job's and its nodes' changes in words, without first observations."""
    every = sorted(
        (change for changes in (job.changes, *(node.changes for node in job.nodes)) for change in changes),
        key=lambda change: change.at,
    )
    changes = [change for change in every if change.previous is not None]
    shown = [_words(change) for change in changes[-MAX_CHANGES_IN_WORDS:]]
    if len(changes) > MAX_CHANGES_IN_WORDS:
        shown.insert(0, f"{len(changes) - MAX_CHANGES_IN_WORDS} changes before")
    return shown


def _words(change: Change) -> str:
    whom = f"node {change.node}: " if change.node is not None else ""
    return f"{short(change.at)}: {whom}{change.previous} \N{RIGHTWARDS ARROW} {change.status or 'gone'}"
