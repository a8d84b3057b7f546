# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""If the job list and the status call disagree: which one counts, and for how long a list may lag."""

from __future__ import annotations

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.list_claims import (
    ABSENT,
    LAG,
    LAG_OF_FAILURE,
    ListClaims,
)


def refuted(claim: str, is_failure: bool, times: int = 1) -> ListClaims:
    """A claim that status calls refuted the given number of times, the last time after 100 seconds."""
    claims = ListClaims()
    for dummy in range(times):
        claims.make(claim, 99.0, 90.0, True, is_failure)
        claims.settle("NORMAL", 100.0)
    return claims


def test_a_claim_is_open_until_a_later_status_call() -> None:
    claims = ListClaims()
    claims.make("EXCEPTION", 10.0, 9.0, False, True)
    claims.settle("NORMAL", 9.5)
    assert claims.is_open, "a status call that was sent before the list says nothing about it"
    claims.settle("EXCEPTION", 10.0)
    assert (claims.is_open, claims.refuted) == (False, None)


@pytest.mark.parametrize(
    ("claim", "is_failure", "times", "lag"),
    [
        (ABSENT, False, 1, LAG),
        ("STARTING", False, 3, LAG),
        ("EXCEPTION", True, 1, LAG_OF_FAILURE),
        ("EXCEPTION", True, 2, 2 * LAG_OF_FAILURE),
        ("EXCEPTION", True, 3, 4 * LAG_OF_FAILURE),
        ("EXCEPTION", True, 9, LAG),
    ],
)
def test_a_refuted_claim_is_ignored_while_the_list_may_lag(
    claim: str, is_failure: bool, times: int, lag: float
) -> None:
    for age, is_open in ((lag - 0.1, False), (lag, True)):
        claims = refuted(claim, is_failure, times)
        claims.make(claim, 100.0 + age, 100.0 + age - 0.05, False, is_failure)
        assert claims.is_open is is_open
    claims = refuted(claim, is_failure, times)
    claims.make(claim, 101.0, 90.0, True, is_failure)
    assert claims.is_open, "the closing list repeats every claim"


def test_refuted_claim_is_reopened_within_an_observation_only_for_a_failure() -> None:
    for is_failure in (False, True):
        claims = refuted("STARTING", is_failure)
        claims.make("STARTING", 100.0 + LAG, 90.0, False, is_failure)
        assert claims.is_open is is_failure


def test_different_claim_is_open_at_once() -> None:
    claims = refuted("STARTING", False)
    claims.make("STOPPED", 100.5, 90.0, False, False)
    assert (claims.is_open, claims.claim) == (True, "STOPPED")


def test_agreeing_list_withdraws_the_claim() -> None:
    claims = refuted("EXCEPTION", True, 3)
    claims.claim_existence(101.0)
    claims.withdraw()
    assert (claims.is_open, claims.shows_missing_job, claims.refuted, claims.refutations) == (False, False, None, 0)
