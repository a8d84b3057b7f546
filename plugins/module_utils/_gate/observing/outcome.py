# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The outcome of a gate or of a slice."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional

from ..._errors import RequestError
from ..judging.notes import find_notes
from ..kinds import ABSENCE, READ_ERROR
from ..policy import NEVER
from ..source import Source
from ..state.gate_state import Gate
from ..state.gate_time import GateTime
from ..summary import evidence, summarize, summarize_notes, tally
from ..verdicts import ERROR, FAIL, PASS, PENDING, Verdict

LOOK_INTERVAL = 1.0  # seconds from one call of on_look to the next, unless an observation or the gate ends
# The least severe reasons that the message names; jobs on their way are no part of why a gate failed.
_NAMED_SEVERITY = {FAIL: ABSENCE, ERROR: READ_ERROR}


class Outcome(NamedTuple):
    """How a gate ended, or how far its slice has come.

    :ivar elapsed: seconds.
    :ivar state: the data for the next slice, None where there is none.
    """

    verdict: Verdict
    gate: Gate
    elapsed: float
    requests: int
    msg: str
    state: Optional[Dict[str, Any]]

    @property
    def error(self) -> Optional[RequestError]:
        """The request error behind an ERROR, for its fields."""
        return self.verdict.error


OnLook = Callable[[Outcome], None]


class Outcomes:
    """Makes outcomes, and shows them to the caller.

    :param on_look: is called after each observation, at changes, and before the end.
    :ivar requests_before: the requests of earlier slices.
    """

    def __init__(self, gate: Gate, source: Source, time: GateTime, on_look: Optional[OnLook]) -> None:
        self._gate, self._source, self._time = gate, source, time
        self._on_look = on_look
        self._shown_at = NEVER
        self.requests_before = 0
        self._changes_shown = gate.history.changes

    @property
    def requests(self) -> int:
        """The requests of all slices."""
        return self.requests_before + self._source.requests

    def start(self) -> None:
        """Show only later changes."""
        self._changes_shown = self._gate.history.changes

    def make(self, verdict: Verdict, state: Optional[Dict[str, Any]] = None) -> Outcome:
        """The outcome of a gate with this verdict now."""
        at, kind = self._time.at(), self._gate.policy.kind
        severity = _NAMED_SEVERITY.get(verdict.verdict, 9)
        named = [item for item in verdict.reasons if kind.severity(item["code"]) <= severity]
        remarks: List[str] = []
        if verdict.verdict == PASS:
            verdict = verdict._replace(notes=find_notes(self._gate.policy, self._gate.jobs.values()))
            remarks = [*evidence(self._gate), *summarize_notes(verdict.notes)]
        counts = tally(self._gate, at)
        msg = summarize(verdict.verdict, named or verdict.reasons, counts, at, kind.noun, remarks)
        return Outcome(verdict, self._gate, round(at, 3), self.requests, msg, state)

    def so_far(self, state: Optional[Dict[str, Any]] = None) -> Outcome:
        """The outcome if the gate continues to wait: PENDING, with the reasons of this moment."""
        return self.make(Verdict(PENDING, self._gate.verdict(self._time.at(), None, False).reasons), state)

    def show(self, outcome: Outcome) -> None:
        """Show an outcome."""
        if self._on_look is not None:
            self._on_look(outcome)

    def look(self, at: float, force: bool = False) -> None:
        """Show how far the gate is, if something has changed."""
        changes = self._gate.history.changes
        is_due = changes != self._changes_shown and at - self._shown_at >= LOOK_INTERVAL
        if self._on_look is not None and (force or is_due):
            self._shown_at, self._changes_shown = at, changes
            self._on_look(self.so_far())
