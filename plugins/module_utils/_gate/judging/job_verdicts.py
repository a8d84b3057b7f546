# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The verdict on each job as of its last reading, counted, so that reading it is cheap for ten thousand jobs."""

from __future__ import annotations

from typing import Dict, Iterable, List

from ..policy import Policy
from ..state.job_state import JobState
from ..verdicts import FAIL, PENDING, Judgement
from .judge_job import Context, judge_job


class JobVerdicts:
    """The verdicts on all jobs of a gate.

    :ivar failing: the code of the first reason of each failing job.
    :ivar pending: how many jobs are pending.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._verdicts: Dict[str, str] = {}
        # Jobs that have vanished or stalled: no later reading takes that back.
        self._lasting: Dict[str, Judgement] = {}
        self.failing: Dict[str, str] = {}
        self.pending = 0

    def start(self, names: Iterable[str]) -> None:
        """Count these jobs, of which nothing has been read."""
        self._verdicts = dict.fromkeys(names, PENDING)
        self.pending = len(self._verdicts)

    def judge(self, job: JobState, at: float, context: Context) -> Judgement:
        """The verdict on a job. Nothing is changed."""
        return self._lasting.get(job.name) or judge_job(job, at, context)

    def note(self, job: JobState, at: float, context: Context) -> str:
        """The verdict on a job that has been read. It is counted."""
        verdict, reasons = judgement = self.judge(job, at, context)
        self.count(job.name, judgement)
        if verdict == FAIL and self._policy.wait and not job.lasting_failures:
            self._lasting.setdefault(job.name, Judgement(verdict, reasons))
        return verdict

    def count(self, name: str, judgement: Judgement) -> None:
        """Count a verdict instead of the one before."""
        verdict, reasons = judgement
        self.pending += (verdict == PENDING) - (self._verdicts[name] == PENDING)
        self._verdicts[name] = verdict
        if verdict == FAIL:
            self.failing[name] = reasons[0]["code"]
        else:
            self.failing.pop(name, None)

    def pending_names(self) -> List[str]:
        """The names of the pending jobs."""
        return [name for name, verdict in self._verdicts.items() if verdict == PENDING]
