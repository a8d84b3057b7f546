# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""What happens when the job list and the status call disagree about a job.

A list is read page by page while jobs change, and may lag behind. So a failure, an absence, or another state than the one that a
status call of the same observation has found is only a *claim* of the list: a status call has to confirm it before it counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..policy import NEVER

# Seconds for which a list that repeats a claim that a status call has refuted is taken to lag.
LAG = 30.0
# The same for a claim that the job fails: shorter, so that a failure is found soon. It doubles with each refutation, up to LAG.
LAG_OF_FAILURE = 5.0
MAX_REFUTATIONS = 10
ABSENT = "absent"  # the claim that the job does not exist; states are in capitals


@dataclass(eq=False, repr=False)
class ListClaims:
    """The claims of the job list about one job. Times are seconds on the gate's clock.

    :ivar is_open: whether a claim waits for a status call to confirm or refute it.
    :ivar claim: the last claim: a state, None for no state, or ABSENT. It was made at *claimed_at*.
    :ivar refuted: the last claim that a status call has refuted, at *refuted_at*, for the *refutations*-th time in a row.
    :ivar shows_missing_job: whether the list shows a job of which the last status call said that it does not exist.
    """

    is_open: bool = False
    claim: Optional[str] = None
    claimed_at: float = NEVER
    refuted: Optional[str] = None
    refuted_at: float = NEVER
    refutations: int = 0
    shows_missing_job: bool = False

    def make(self, claim: Optional[str], at: float, began: float, again: bool, is_failure: bool) -> None:
        """The list makes a claim.

        :param began: when the observation that it belongs to began.
        :param again: whether the claim is opened even if it has been refuted a short time ago.
        :param is_failure: whether the claim is a failing state.
        """
        if again or not self._lags(claim, at, began, is_failure):
            self.is_open, self.claim, self.claimed_at = True, claim, at

    def _lags(self, claim: Optional[str], at: float, began: float, is_failure: bool) -> bool:
        if claim != self.refuted:
            return False
        age = at - self.refuted_at
        if is_failure:
            return age < min(LAG, LAG_OF_FAILURE * 2.0 ** (self.refutations - 1))
        return self.refuted_at >= began or age < LAG

    def settle(self, found: Optional[str], at: float) -> None:
        """A status call settles the open claim, unless it was sent before the list.

        :param found: the state that it has found, or ABSENT.
        """
        if not self.is_open or at < self.claimed_at:
            return
        self.is_open = False
        if found != self.claim:
            self.refutations = min(self.refutations + 1, MAX_REFUTATIONS) if self.claim == self.refuted else 1
            self.refuted, self.refuted_at = self.claim, at

    def withdraw(self) -> None:
        """The list shows nothing that has to be confirmed. A claim from an earlier page of a list that was moving is dropped."""
        self.is_open, self.shows_missing_job = False, False
        self.refuted, self.refutations = None, 0

    def claim_existence(self, at: float) -> None:
        """The list shows a job that a status call did not find."""
        self.is_open = self.shows_missing_job = True
        self.claimed_at = at
