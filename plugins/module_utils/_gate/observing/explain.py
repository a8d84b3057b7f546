# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Reads what makes the message of a verdict clearer: why jobs have failed, and which names are similar to those of missing jobs."""

from __future__ import annotations

from typing import List, Optional, Set

from ..._errors import DatagateError
from .. import messages
from ..source import Source
from ..state.gate_state import Gate
from ..state.gate_time import GateTime
from ..state.job_state import JobState
from ..verdicts import PASS, Reason, Verdict

MAX_FAILURES_EXPLAINED = 10
MAX_MISSING_EXPLAINED = 3
MAX_SHOWN = 10  # up to so many jobs that have passed are returned with their nodes
SECONDS_TO_EXPLAIN = 10.0
# Seconds after a failure until which it may be read.
SECONDS_AFTER_FAILURE_IN_ALL = 1.9


class Explainer:
    """Only a help: a request that fails changes nothing."""

    def __init__(self, gate: Gate, source: Source, time: GateTime) -> None:
        self._gate, self._source, self._time = gate, source, time
        self._explained: Set[Optional[str]] = set()

    def add_causes(self, verdict: Verdict, failed_at: Optional[float]) -> bool:
        """Read why jobs have failed, where the failure came without it.

        :param failed_at: when the gate has failed, None if it has not.
        :returns: whether there is anything new in the jobs.
        """
        kind, jobs = self._gate.policy.kind, self._gate.jobs
        silent = [
            job
            for job in (jobs[item["job"]] for item in verdict.reasons if item["code"] in kind.explained_codes)
            if job.status is not None and not job.status.get("message")
        ][:MAX_FAILURES_EXPLAINED]
        if not silent:
            return False
        try:
            explained = self._source.explain_failures([job.status or {} for job in silent], self._until(failed_at))
        except DatagateError:
            return False
        for job, fields in zip(silent, explained):
            job.status = fields
        return True

    def add_nodes(self, verdict: Verdict) -> None:
        """Read the nodes of the jobs that passed, where only the list was read and the result shows the jobs."""
        jobs = [job for job in self._gate.jobs.values() if job.has_unshown_nodes]
        if verdict.verdict != PASS or not jobs or len(self._gate.jobs) > MAX_SHOWN:
            return
        try:
            found = self._source.add_nodes([(job.name, job.fields) for job in jobs], self._until(None))
        except DatagateError:
            return
        for job, fields in zip(jobs, found):
            job.status = fields

    def has_unexplained(self, verdict: Verdict) -> bool:
        """Whether jobs are missing for which no similar names have been looked up. They count as looked up from then on."""
        names = {item["job"] for item in verdict.reasons if item["code"] == "job_missing"}
        if names <= self._explained or not self._source.lists:
            return False
        self._explained |= names
        return True

    def add_similar_names(self, reasons: List[Reason], failed_at: Optional[float]) -> List[JobState]:
        """Add similar names to the messages about missing jobs.

        :param failed_at: when the gate has failed, None if it has not.
        :returns: the jobs among them that the list shows by now.
        """
        names = [item["job"] for item in reasons if item["code"] == "job_missing"]
        if not names or not self._source.lists:
            return []
        try:
            found = self._source.explain_missing(names[:MAX_MISSING_EXPLAINED], self._until(failed_at))
        except DatagateError:
            return []
        similar = {name: ([item for item in near if item != name], batch) for name, (near, batch) in found.items()}
        self._gate.hints = {
            name: messages.similar_names(*what, self._gate.policy.kind.other_type) for name, what in similar.items()
        }
        for item in reasons:
            if item["code"] == "job_missing":
                item["message"] += self._gate.hints.get(item["job"], "")
        jobs = self._gate.jobs
        return [jobs[name] for name, (near, dummy) in found.items() if name in near and name in jobs]

    def _until(self, failed_at: Optional[float]) -> float:
        """The deadline, on the clock."""
        until = min(self._time.at() + SECONDS_TO_EXPLAIN, self._time.ends_at)
        if failed_at is not None:
            until = min(until, failed_at + SECONDS_AFTER_FAILURE_IN_ALL)
        return self._time.on_clock(until)
