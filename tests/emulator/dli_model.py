# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a DLI job at any time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .jobs_model import EpochMs
from .jobs_spec import DliJobSpec
from .timeline import BEGINNING, Change, Firing, events_of, resolve

FINAL: Final = frozenset({"FINISHED", "FAILED", "CANCELLED"})
WITHOUT_SUB_JOBS: Final = frozenset({"LAUNCHING", *FINAL})
PARALLEL_TASKS: Final = 4
"""Tasks that a sub-job is shown to run at once, when the scenario leaves the counts to the emulator."""


@dataclass(frozen=True, slots=True)
class DliState:
    """A DLI job from `since` seconds on; its progress goes from `progress` at `begin` to `progress_to` at `end`."""

    since: float
    absent: bool
    values: Mapping[str, Any]
    progress: float | None
    progress_to: float | None
    begin: float
    end: float

    def progress_at(self, time: float) -> float | None:
        """Progress (0..1) at `time` seconds, rounded as the cloud's rough estimate is."""
        if self.progress is None or self.progress_to is None:
            return self.progress
        length = self.end - self.begin
        share = 1.0 if length <= 0 else min(1.0, max(0.0, (time - self.begin) / length))
        return round(self.progress + (self.progress_to - self.progress) * share, 4)


class DliJobModel:
    """One DLI job: its plan, its events, and the resulting states."""

    def __init__(self, spec: DliJobSpec, epoch_ms: EpochMs) -> None:
        self.spec = spec
        self.events = events_of(spec.timeline) | {window.after for window in spec.errors if window.after is not None}
        self._epoch_ms = epoch_ms
        self._causes: list[Firing | Change] = []
        self._states: list[DliState] | None = None

    def fire(self, firing: Firing) -> None:
        """Record an event."""
        self._causes.append(firing)
        self._states = None

    def change(self, change: Change) -> None:
        """Record an external change."""
        self._causes.append(change)
        self._states = None

    def reset(self) -> None:
        """Undo every event and change."""
        self._causes.clear()
        self._states = None

    def error_at(self, time: float, call: str) -> str | None:
        """The error code that `call` (`progress` or `status`) answers at `time` seconds, if any."""
        fired = {cause.event: cause.time for cause in self._causes if isinstance(cause, Firing)}
        for window in self.spec.errors:
            begin = 0.0 if window.after is None else fired.get(window.after)
            if begin is not None and call in window.calls and window.begin <= time - begin < window.end:
                return window.code
        return None

    def states(self) -> list[DliState]:
        """All states in the order of their times."""
        if self._states is None:
            self._states = self._compute()
        return self._states

    def state(self, time: float) -> DliState:
        """The state at `time` seconds."""
        states = self.states()
        return states[max(0, bisect_right([state.since for state in states], time) - 1)]

    def _compute(self) -> list[DliState]:
        initial = {"status": "LAUNCHING" if self.spec.timeline else "FINISHED", **self.spec.initial}
        merged: list[tuple[float, dict[str, Any]]] = [(BEGINNING, initial)]
        for change in resolve(self.spec.timeline, self._causes):
            if change.time == merged[-1][0]:
                merged[-1][1].update(change.changes)
            else:
                merged.append((change.time, dict(change.changes)))
        values: dict[str, Any] = {"progress": 0}
        states: list[DliState] = []
        begin = end = 0.0
        for index, (time, given) in enumerate(merged):
            if given.get("status") in WITHOUT_SUB_JOBS:
                reached = states[-1].progress_at(time) if states else 0
                values["progress"] = {"LAUNCHING": 0, "FINISHED": 1}.get(given["status"], reached)
                values.update(sub_jobs=None, sub_job_id=None, progress_to=None)
            if _sets_progress(given):
                values.update(progress_to=None, over=None)
                begin = max(time, 0.0)
            values.update(given)
            if _sets_progress(given):
                following = next((when for when, later in merged[index + 1 :] if _sets_progress(later)), begin)
                end = following if values["over"] is None else begin + float(values["over"])
            states.append(
                DliState(
                    since=time,
                    absent=bool(values.get("absent", False)),
                    values=dict(values),
                    progress=values["progress"],
                    progress_to=values.get("progress_to"),
                    begin=begin,
                    end=end,
                )
            )
        return states

    def times(self, time: float) -> tuple[int, int]:
        """Start (epoch milliseconds) and duration so far (milliseconds) at `time` seconds."""
        present = [state for state in self.states() if not state.absent and state.since <= time]
        begin = max(present[0].since, 0.0) if present else 0.0
        end = time
        for state in present:
            if state.values.get("status") in FINAL:
                end = max(state.since, 0.0)
                break
        return self._epoch_ms(begin), max(0, int((end - begin) * 1000))


def _sets_progress(given: Mapping[str, Any]) -> bool:
    return "progress" in given or "progress_to" in given or given.get("status") in WITHOUT_SUB_JOBS


def sub_jobs(job_id: str, given: Sequence[Mapping[str, Any]], current: Any, progress: float) -> list[dict[str, Any]]:
    """The sub-jobs of a running job in the shape of the API; counts that are not given follow `progress` (0..1)."""
    return [_sub_job(job_id, index, item, current, progress) for index, item in enumerate(given)]


def _sub_job(job_id: str, index: int, given: Mapping[str, Any], current: Any, progress: float) -> dict[str, Any]:
    number = given.get("id", index)
    status = given.get("status", "RUNNING" if current is None or number == current else "SUCCEEDED")
    tasks = given.get("num_tasks", 1)
    done = tasks if status == "SUCCEEDED" else math.floor(tasks * progress) if number == current else 0
    running = status == "RUNNING"
    record: dict[str, Any] = {
        "id": number,
        "name": "runJob at FileFormatWriter.scala:266",
        "submission_time": "Mon Jul 27 17:24:03 CST 2020",
        "stage_ids": [number],
        "job_group": job_id,
        "status": status,
        "num_tasks": tasks,
        "num_active_tasks": min(tasks - done, PARALLEL_TASKS) if running else 0,
        "num_completed_tasks": done,
        "num_skipped_tasks": 0,
        "num_failed_tasks": 0,
        "num_killed_tasks": 0,
        "num_completed_indices": done,
        "num_active_stages": 1 if running else 0,
        "num_completed_stages": 1 if status == "SUCCEEDED" else 0,
        "num_skipped_stages": 0,
        "num_failed_stages": 1 if status == "FAILED" else 0,
    }
    record.update(given)
    return {key: value for key, value in record.items() if value is not None}
