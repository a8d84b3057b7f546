# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The calls of DataArts Factory V1 that act on a job: start, stop and run-immediate.

Each order is one POST, which the session never sends twice. What its answer means is decided here from the status and the code, because
the documents leave open how the service refuses what is already so.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from ..._cloud.calls import Task, malformed
from ..._cloud.scheduling.retry import was_not_taken
from ..._error_codes import ALREADY_RUNNING, BAD_PARAMETER, is_known_code, normalize_code
from ..._errors import RequestError
from .. import answers, normalize
from ..normalize import Unreadable
from .calls import factory_call

# The meaning of an answer to an order.
TAKEN = "taken"  # the service has accepted it
NOT_TAKEN = "not taken"  # the service has not got it, or has refused it for a reason that the state does not change
ALREADY = "already"  # refused, because the job is already running by the service's account
DOUBTFUL = "doubtful"  # refused with a code that may mean that the job is already in the wanted state
UNKNOWN = "unknown"  # no answer, or one that does not show whether the order was carried out

# Statuses of a proxy or of the service for a timeout.
_GIVEN_UP = (408, 499)
_IS_RUNNING = "is running"  # in the message of DLF.3051, in English even where others are Chinese


class OrderAnswer(NamedTuple):
    """How the service has answered an order.

    :ivar meaning: TAKEN, NOT_TAKEN, ALREADY, DOUBTFUL or UNKNOWN.
    :ivar error: the error, None where the order was taken.
    :ivar instance_id: of the run that run-immediate has begun.
    """

    meaning: str
    error: Optional[RequestError] = None
    instance_id: Optional[int] = None

    @property
    def may_have_acted(self) -> bool:
        """Whether the order may have had an effect."""
        return self.meaning in (TAKEN, UNKNOWN)


class JobActions:
    """Acts on jobs of one workspace. Its methods are tasks: a session runs them.

    :param workspace: its ID, or None for the default one.
    """

    def __init__(self, workspace: Optional[str] = None) -> None:
        self.workspace = workspace

    def start(self, name: str, params: Mapping[str, str]) -> Task[OrderAnswer]:
        """Start a real-time job, or the schedule of a batch job.

        :param params: the job's parameters. Without any, no body is sent, which every cloud takes.
        """
        return self._order(name, "start", {"jobParams": _job_params(params)} if params else None)

    def stop(self, name: str) -> Task[OrderAnswer]:
        """Stop a real-time job, or the schedule of a batch job."""
        return self._order(name, "stop", None)

    def run_immediate(
        self, name: str, params: Mapping[str, str], use_execution_user: Optional[bool]
    ) -> Task[OrderAnswer]:
        """Run a batch job once, now."""
        body: Dict[str, Any] = {"jobParams": _job_params(params)} if params else {}
        if use_execution_user is not None:
            body["useExecutionUser"] = "true" if use_execution_user else "false"  # the service takes text
        return self._order(name, "run-immediate", body or None, wants_instance=True)

    def _order(
        self, name: str, verb: str, body: Optional[Dict[str, Any]], wants_instance: bool = False
    ) -> Task[OrderAnswer]:
        call = factory_call(self.workspace, ("jobs", name, verb), key=name, method="POST", body=body, is_order=True)
        (outcome,) = yield [call]
        if isinstance(outcome, RequestError):
            return OrderAnswer(meaning(outcome), outcome)
        try:
            instance_id = _read(outcome.data, outcome.size > 0, wants_instance)
        except Unreadable as problem:
            return OrderAnswer(UNKNOWN, malformed(call, str(problem)))
        return OrderAnswer(TAKEN, instance_id=instance_id)


def meaning(error: RequestError) -> str:
    """The meaning of an error for the order."""
    if was_not_taken(error):
        return NOT_TAKEN
    status, code = error.status, normalize_code(error.error_code)
    if status is None or not 400 <= status < 500 or status in _GIVEN_UP:
        return UNKNOWN
    if code == ALREADY_RUNNING or (code == BAD_PARAMETER and _IS_RUNNING in error.summary.casefold()):
        return ALREADY
    if status == 400 and (code == BAD_PARAMETER or not is_known_code(code)):
        return DOUBTFUL
    return NOT_TAKEN if code or status in (401, 403, 404, 405) else UNKNOWN


def _read(data: Any, has_body: bool, wants_instance: bool) -> Optional[int]:
    """The ID of the instance in an answer, where there must be one.

    :raises Unreadable: the answer is an error, or lacks the ID.
    """
    if data is None and not has_body and not wants_instance:
        return None
    body = answers.check(data)
    if not wants_instance:
        return None
    instance_id = normalize.whole(normalize.renamed(body).get("instance_id"))
    if instance_id is None:
        raise Unreadable("the answer names no instance")
    return instance_id


def _job_params(params: Mapping[str, str]) -> List[Dict[str, str]]:
    """The parameters without their type: the clouds spell its key differently, and need none."""
    return [{"name": name, "value": value} for name, value in params.items()]
