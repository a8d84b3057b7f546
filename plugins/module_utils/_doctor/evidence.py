# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The observations of an examination of the connection: data only. The checks and findings are functions of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Mapping, Optional, Union

from .._cloud.http.exchange import Answer
from .._cloud.options import Connection
from .._error_codes import gateway_number
from .._errors import DatagateError, RequestError
from .._services.dli.sql_jobs import WRONG_PATH

MAX_REQUESTS = 12

# The calls of an examination, in their order.
LIST = "list"  # the first page of real-time jobs
STATUS = "status"  # the status of a real-time job
BATCH_LIST = "batch_list"  # the first page of batch jobs
BATCH_STATUS = "batch_status"  # the status call for a batch job
OFFSET = "offset"  # a page with another offset
LIMIT = "limit"  # a page with a larger limit
PROGRESS = "progress"  # DLI's progress call
OTHER_PROGRESS = "other_progress"  # the same under the other version
DLI_STATUS = "dli_status"  # DLI's status call


@dataclass(frozen=True)
class Observation:
    """One call and its outcome.

    :ivar outcome: the answer or the error.
    :ivar headers: of the last response, empty without one.
    :ivar broken_at: where a request without a response ended, as transport_errors names it; None if there was a response or
        nothing was sent.
    :ivar skew: seconds by which the server's clock is ahead of this host's; None without a Date header.
    :ivar seconds: the time that the last request took.
    """

    outcome: Union[Answer, RequestError, None]
    headers: Mapping[str, str]
    broken_at: Optional[str] = None
    skew: Optional[float] = None
    seconds: float = 0.0


@dataclass
class Evidence:
    """All that is known after an examination.

    :ivar connection: None where the credentials are incomplete; *stop* is the reason then.
    :ivar is_job_named: the task names *job_name*. Otherwise it is the first real-time job of the list.
    :ivar dli_job_id: the DLI job that the task names.
    :ivar dli_question: the ID in the request to DLI: a made-up one if the task names none.
    :ivar probed_type: the type of the jobs whose list was read with another offset and limit.
    :ivar stop: the error that ended the examination because it concerns every request.
    :ivar stopped_at: the call at which it ended.
    :ivar proxy: host and port of the proxy; empty for none.
    """

    connection: Optional[Connection] = None
    job_name: Optional[str] = None
    is_job_named: bool = False
    batch_job: Optional[str] = None
    dli_job_id: Optional[str] = None
    dli_question: Optional[str] = None
    probed_type: Optional[str] = None
    project_id: Optional[str] = None
    seen: Dict[str, Observation] = field(default_factory=dict)
    stop: Optional[DatagateError] = None
    stopped_at: Optional[str] = None
    proxy: str = ""
    requests: int = 0

    @property
    def opened(self) -> Connection:
        """The connection, for checks that run only where the credentials are complete."""
        if self.connection is None:
            raise ValueError("the credentials are incomplete")
        return self.connection

    def answer(self, call: str) -> Optional[Answer]:
        """The answer to a call, None without one."""
        outcome = self.seen[call].outcome if call in self.seen else None
        return outcome if isinstance(outcome, Answer) else None

    def error(self, call: str) -> Optional[RequestError]:
        """The error that a call ended with, None without one."""
        outcome = self.seen[call].outcome if call in self.seen else None
        return outcome if isinstance(outcome, RequestError) else None

    def has_ended(self, call: str) -> bool:
        """Whether the call itself was sent and has an outcome. The error that stops the examination is not an outcome of a call."""
        return call in self.seen and call != self.stopped_at


def is_wrong_path(error: Optional[RequestError]) -> bool:
    """Whether the gateway reports an unknown host or path."""
    return error is not None and gateway_number(error.error_code) == WRONG_PATH
