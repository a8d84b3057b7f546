# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The sentences of a gate about its jobs. Names and states come from the cloud, so they are put on one line, without control characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence

from .._errors import RequestError
from .._text import printable

if TYPE_CHECKING:
    from .policy import DliQuery, Selection
    from .state.job_state import JobState

MIN_SILENCE = 1.0  # seconds that a request has been under way before a message mentions it


def seconds(value: float) -> str:
    """A duration as text: ``3.2 s``, ``42 s``, ``12 min 5 s``, ``2 h 3 min``, ``5 days``."""
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


def state_name(text: Any) -> str:
    """A state from the cloud, fit for one line."""
    return printable(text, 40)


def where(workspace: Optional[str]) -> str:
    """The workspace of the requests."""
    return f"workspace {printable(workspace, 64)}" if workspace else "the default workspace"


def missing_real_time_job(job: str, workspace: Optional[str]) -> str:
    """A real-time job that does not exist."""
    text = f"{name(job)} does not exist as a real-time job in {where(workspace)}"
    if any(char in job for char in "*?["):
        text += " (names are exact; name_contains selects by a part of the name)"
    return text


def missing_dli_job(job: str, workspace: Optional[str]) -> str:
    """A DLI job that does not exist."""
    return f"{name(job)} does not exist as a DLI job in this project (submitting a job returns its ID)"


def missing_flink_job(job: str, workspace: Optional[str]) -> str:
    """A Flink job that does not exist, or that the list does not show."""
    if job.isdigit():
        return f"{name(job)} does not exist as a Flink job in this project"
    advice = "the list may show only the jobs of the user whose credentials are used; job_ids finds the others"
    return f"{name(job)} does not exist as the name of a Flink job in this project ({advice})"


def missing_spark_batch(job: str, workspace: Optional[str]) -> str:
    """A Spark batch that does not exist."""
    return f"{name(job)} does not exist as a Spark batch in this project (creating a batch returns its ID)"


def missing_factory_job(job: str, workspace: Optional[str]) -> str:
    """A job that does not exist, neither as a real-time job nor as a batch job."""
    return f"{name(job)} does not exist in {where(workspace)}, neither as a real-time job nor as a batch job"


def missing_batch_job(job: str, workspace: Optional[str]) -> str:
    """A batch job that does not exist."""
    text = f"{name(job)} does not exist as a batch job in {where(workspace)}"
    if any(char in job for char in "*?["):
        text += " (names are exact; name_contains selects by a part of the name)"
    return text


def missing(job: str, noun: str, workspace: Optional[str], has_workspace: bool) -> str:
    """A job, or a run, that the service does not show.

    :param has_workspace: whether it belongs to a workspace, and not to the project.
    """
    return f"{name(job)} does not exist as a {noun} in {where(workspace) if has_workspace else 'this project'}"


def is_batch(job: str) -> str:
    """A batch job instead of a real-time job."""
    return f"{name(job)} is a batch job; this gate is for real-time jobs"


def vanished(job: str) -> str:
    """A job that existed in this gate and was deleted."""
    return f"{name(job)} existed earlier in this gate and does not exist any more"


def listed_but_missing(job: str) -> str:
    """A job that the job list shows although the last status call did not find it."""
    return f"{name(job)} is in the job list, and its last status call said that it does not exist"


def unknown_node_state(job: str, node: str, state: str) -> str:
    """A node in a state that this version does not know."""
    return f"{name(job)}: node {name(node)} is in the unknown state {state_name(state)}"


def unknown_run_state(job: str, node: str, state: str) -> str:
    """A node with a run in a state that this version does not know."""
    return f"{name(job)}: a run of node {name(node)} is in the unknown state {state_name(state)}"


def restarted(job: str, ago: float) -> str:
    """A job that was restarted while it had to stay ready."""
    return f"{name(job)} was restarted {seconds(ago)} ago, so the time of stable_for began again"


def has_restarted(job: "JobState") -> str:
    """A job that was restarted and is in the same state again."""
    return f"{name(job.name)} was restarted and is {state_name(job.state)} again"


def slow(job: str, interval: float) -> str:
    """A job whose answers take so long that they are too old when they come."""
    return f"{name(job)} answers more slowly than wait_interval ({seconds(interval)}), so its last answer is too old; raise wait_interval"


def similar_names(similar: Sequence[str], is_other: bool, other: str) -> str:
    """Similar names of a missing job; to be added to the message about it.

    :param is_other: whether a job of the *other* type has the name.
    """
    hints = [f"a {other} has that name"] if is_other else []
    if similar:
        hints.append(f"similar names: {', '.join(name(item) for item in similar)}")
    return f" ({'; '.join(hints)})" if hints else ""


def silence(asked_at: Optional[float], at: float) -> str:
    """For how long the request under way has had no usable answer; to be added to a message. Empty where it has just begun."""
    waits = asked_at is not None and at - asked_at >= MIN_SILENCE
    return f" (no usable answer for {seconds(at - (asked_at or 0.0))})" if waits else ""


def unread(job: "JobState", at: float) -> str:
    """A job that has not been read yet."""
    return f"{name(job.name)} was not read{silence(job.asked_at, at)}"


def unlisted(asked_at: Optional[float], at: float) -> str:
    """A selection whose job list was not read completely.

    :param asked_at: when the request for the list was begun, None where none is under way.
    """
    return f"the job list was not read to its end{silence(asked_at, at)}"


def not_together(last: bool) -> str:
    """Jobs that were all ready, but not read together."""
    return f"each job was ready, but the observation of all jobs together {'was' if last else 'is'} not finished"


def unknown_state(job: "JobState") -> str:
    """An unknown state, or a missing one."""
    state = job.state
    return f"{run_of(job)} is in the unknown state {state_name(state)}" if state else f"{run_of(job)} shows no state"


def stalled(job: str, since: float) -> str:
    """A DLI job without progress."""
    return f"{name(job)} is RUNNING without any progress for {seconds(since)}"


def pending(job: "JobState", at: float) -> str:
    """A job that is not in a state to wait for, or may have left it."""
    if job.claims.is_open:
        return f"{name(job.name)} was last seen {state_name(job.state)}, and the job list says otherwise"
    if job.run is not None:
        return f"{_pending_run(job, job.run, at)}{silence(job.asked_at, at)}"
    return f"{name(job.name)} is {state_name(job.state)}{silence(job.asked_at, at)}"


def _pending_run(job: "JobState", run: str, at: float) -> str:
    """A job whose run is on its way, or that has none."""
    kind = job.policy.kind
    if job.state in kind.pending_codes:
        return f"{name(job.name)} has {run}"
    text = f"{run_of(job)} is {state_name(job.state)}"
    if job.state in kind.held:
        return f"{text} and waits for a person"
    if job.restarted_at >= 0:
        return f"{text}, restarted {seconds(at - job.restarted_at)} ago"
    return text


def run_of(job: "JobState") -> str:
    """A job with the run that its state is that of."""
    return name(job.name) if job.run is None else f"{name(job.name)} ({printable(job.run, 200)})"


def old(job: "JobState") -> str:
    """A job that may look as it did before an order."""
    shown = f"is {state_name(job.state)}" if job.state else "shows no state"
    return f"{name(job.name)} {shown}; its order is not carried out yet"


def unread_nodes(job: "JobState", at: float) -> str:
    """A job whose nodes have not been read since it got into its state."""
    return f"{name(job.name)} is {state_name(job.state)}, its nodes were not read{silence(job.asked_at, at)}"


def unreached(job: "JobState", at: float, is_status_old: bool) -> str:
    """A job that was ready and that the last observation did not reach in time, or whose nodes were not read often enough.

    :param is_status_old: whether its last status call is too old.
    """
    label, what, waits = name(job.name), state_name(job.state), silence(job.asked_at, at)
    if is_status_old and job.status_at < job.read_at:
        return f"{label} is {what}, its nodes were last read {seconds(at - job.status_at)} before the end{waits}"
    age = seconds(at - max(job.read_at, job.status_at))
    return f"{label} was {what} {age} before the end and was not reached again{waits}"


def not_restarted(job: str, start: Optional[int], after: int) -> str:
    """A job that may show the state from before its restart."""
    if start is None:
        return f"{name(job)} shows no start time, so a restart cannot be seen"
    return f"{name(job)} has not been restarted: its last start was {seconds((after - start) / 1000.0)} before started_after"


def no_records(job: "JobState", since: float) -> str:
    """A job, or nodes of it, that have not moved records.

    :param since: the time since when they should have; NEVER for the first observation.
    """
    label = name(job.name)
    if not job.policy.record_nodes:
        if job.records.are_reported:
            return f"{label} has neither read nor written a record {_records_since(job, since)}"
        return f"{label} has no running node that reports records"
    idle = job.idle_nodes(since)
    if not idle:
        return f"{label} has no node that require_records names ({names(job.policy.record_nodes)})"
    return f"{label}: node {names(idle)} has neither read nor written a record {_records_since(job, since)}"


def _records_since(job: "JobState", since: float) -> str:
    return "since the first observation" if since < 0 else f"in the last {seconds(job.policy.stable_for)}"


def no_such_nodes(patterns: Sequence[str]) -> str:
    """Names in require_records that match no node of any job."""
    return f"no job has a node {names(patterns)}, which require_records names"


def names(found: Sequence[str]) -> str:
    """Up to three names, and how many more there are."""
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(printable(item, 60) for item in found[:3]) + more


def failing(job: "JobState", node: Optional[str], state: str) -> str:
    """A failing job or node, or a failed run of a node."""
    if node is None:
        culprit = job.culprit()
        place = "" if culprit is None else f" at node {name(culprit)}"
        if state in job.policy.kind.ends:
            place = f" and has ended, and wait_for names {names(sorted(job.policy.ready))}"
        return f"{run_of(job)} is {state_name(state)}{place}{_retries(job, culprit)}" + _cause(job)
    run = job.failed_run(node, state)
    if run is None:
        return f"{name(job.name)}: node {name(node)} is {state_name(state)}"
    message = str(run.get("message") or "").strip(". \n")
    text = f"{name(job.name)}: a run of node {name(node)} is {state_name(state)}"
    return f"{text}: {printable(message)}" if message else text


def awaited_runs(job: "JobState", nodes: Sequence[str]) -> str:
    """A job whose nodes with a trigger have not had min_runs successful runs; without *nodes*, it has no such node."""
    if not nodes:
        return f"{name(job.name)} has no node with a trigger, so min_runs cannot be reached"
    least = job.policy.node_runs.least if job.policy.node_runs else 0
    counts = [job.nodes[node]["runs"]["succeeded"] for node in nodes]
    label = f"node {names(nodes)} {'has' if len(nodes) == 1 else 'have'}"
    return f"{name(job.name)}: {label} had {min(counts)} of {least} successful runs since runs_since"


def last_run_failed(job: str, node: str, state: str) -> str:
    """A node whose last run has failed at an unknown time."""
    return f"{name(job)}: the last run of node {name(node)} is {state_name(state)} (check_runs lets runs count)"


def _retries(job: "JobState", node: Optional[str]) -> str:
    times = {} if node is None else job.nodes.get(node, {})
    count = times.get("retry_times")
    if not isinstance(count, int) or count <= 0:
        return ""
    return f" after {count} retr{'y' if count == 1 else 'ies'}"


def _cause(job: "JobState") -> str:
    message = str((job.status or {}).get("message") or "").strip(". \n")
    return f": {printable(message)}" if message else ""


def unreadable(job: str, error: RequestError, times: int, state: Optional[str]) -> str:
    """A job that could not be read."""
    is_reading = error.method == "GET"
    text = f"{name(job)} could not be {'read' if is_reading else 'ordered'}"
    if times > 1 and is_reading:
        text += f" {times} times in a row"
    if state:
        text += f" (last seen {state_name(state)})"
    return f"{text}: {error}"


def general(error: RequestError, times: int) -> str:
    """An error that kept every job from being read, or from being ordered."""
    often = f" {times} times in a row" if times > 1 else ""
    what = "ordered" if error.service == "dataarts" and error.method == "POST" else "read"
    return f"the jobs could not be {what}{often}: {error}"


def too_few(selection: "Selection", found: int, workspace: Optional[str], noun: str) -> str:
    """A selection that holds too few jobs.

    :param noun: what the selection is made of.
    """
    if selection.query is not None:
        return _too_few_dli_jobs(selection.query, found, selection.least)
    if selection.by_name:
        what = "the names given, without those excluded, are"
    elif selection.tags:
        what = f"the tags {printable(', '.join(selection.tags), 100)} select"
    else:
        what = f"the name part {printable(selection.name_contains, 100)} selects"
    jobs = f"no {noun}" if not found else f"{found} {noun}{'s' if found > 1 else ''}"
    return f"{what} {jobs} in {where(workspace)}, and at least {selection.least} must be there"


def _too_few_dli_jobs(query: "DliQuery", found: int, least: int) -> str:
    parts = [f"{option}={value}" for option, value in query.as_dict().items() if option != "job_tags" and value]
    parts += [f"tag {key}={value}" for key, value in query.tags]
    jobs = "no DLI job" if not found else f"{found} DLI job{'s' if found > 1 else ''}"
    verb = "selects" if len(parts) == 1 else "select"
    return f"{printable(', '.join(parts), 300)} {verb} {jobs}, and at least {least} must be there"


def too_few_rows(job: str, rows: int, wanted: int) -> str:
    """A finished job whose result holds too few rows."""
    return f"{name(job)} has finished with {rows} result rows, and min_result_rows is {wanted}"


def bad_rows(job: str, rows: int, allowed: int) -> str:
    """A finished job with too many bad rows."""
    return f"{name(job)} has finished with {rows} bad rows, and max_bad_rows is {allowed}"


def unnamed_rows(job: str, figures: Sequence[str]) -> str:
    """A finished job of which the service does not say how many rows there are."""
    return f"{name(job)} has finished, and the service names no {' and no '.join(figures)} for it"


def not_stable(held: float, wanted: float) -> str:
    """Jobs that are all ready, but not yet for long enough."""
    return f"all ready for {seconds(held)} of {seconds(wanted)}"
