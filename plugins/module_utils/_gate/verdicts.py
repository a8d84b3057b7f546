# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The verdicts, and the reasons that explain them."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from .._errors import DENIED, RequestError

PASS = "PASS"
FAIL = "FAIL"
PENDING = "PENDING"
TIMEOUT = "TIMEOUT"
ERROR = "ERROR"

Reason = Dict[str, Any]


class Judgement(NamedTuple):
    """The verdict on one job.

    :ivar verdict: PASS, FAIL or PENDING.
    :ivar reasons: why, the most severe first. A job that passes has none, unless it is left out because it does not exist.
    """

    verdict: str
    reasons: List[Reason]


class Verdict(NamedTuple):
    """The verdict on all jobs of a gate.

    :ivar verdict: PASS, FAIL, PENDING, TIMEOUT or ERROR.
    :ivar reasons: why, the most severe first.
    :ivar error: the request error behind an ERROR.
    :ivar notes: facts that did not decide the verdict, but that users should know.
    """

    verdict: str
    reasons: List[Reason]
    error: Optional[RequestError] = None
    notes: Sequence[Reason] = ()


def make_reason(
    code: str,
    job: Optional[str],
    message: str,
    node: Optional[str] = None,
    status: Optional[str] = None,
    log_path: Optional[str] = None,
    error: Optional[RequestError] = None,
) -> Reason:
    """A reason with all the keys that the module documents.

    :param code: one in the table of the kind of job (``kinds.py``).
    :param job: the job's name or ID, None where the reason is about the whole gate.
    :param error: gives the service's error code and the request ID.
    """
    return {
        "code": code,
        "job": job,
        "node": node,
        "status": status,
        "message": message,
        "log_path": log_path,
        "error_code": error.error_code if error else None,
        "request_id": error.request_id if error else None,
    }


def code_of(error: RequestError) -> str:
    """The reason code of a request error."""
    return "denied" if error.kind == DENIED else "unreadable"
