# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Makes the calls of a gate one after the other, and keeps their outcomes."""

from __future__ import annotations

import os
from typing import Any, List, Mapping, NamedTuple, Optional

from .._clock import http_date
from .._cloud.calls import Call, Outcome, Task
from .._cloud.http.exchange import Answer
from .._cloud.http.proxies import shown_proxy
from .._cloud.http.transport_errors import broken_at
from .._cloud.session import Session
from .._errors import DENIED, DatagateError, OptionError, RequestError
from .._gate.options import check_name
from .._services.dli.sql_jobs import PROGRESS_VERSIONS, Dli
from .._services.factory.jobs import MAX_PAGE_SIZE, DataArts
from .._services.readings import BATCH, REAL_TIME
from .._values import text
from .bodies import Entry, entries
from .evidence import (
    BATCH_LIST,
    BATCH_STATUS,
    DLI_STATUS,
    LIMIT,
    LIST,
    MAX_REQUESTS,
    OFFSET,
    OTHER_PROGRESS,
    PROGRESS,
    STATUS,
    Evidence,
    Observation,
    is_wrong_path,
)
from .exchanges import Exchanges

DLI_PATHS = len(PROGRESS_VERSIONS)
# Requests that a refusal adds where credentials can be renewed: two for the new ones, and the call itself once more.
RENEWAL = 3
DATE_RESOLUTION = 1.0  # seconds: the header Date has no fractions
LARGE_LIMIT = 1000  # the largest one that the vendor's page names
# The gateway adds the headers with the rates only to the answers of such requests.
DEBUG = {"X-Apig-Mode": "debug"}
NO_SUCH_JOB = "00000000-0000-0000-0000-000000000000"


class Questions(NamedTuple):
    """Checked options.

    :ivar job_name: the real-time job to read the status of; None for the first one of the list.
    :ivar dli_job_id: the DLI job to read; None for none.
    """

    job_name: Optional[str]
    dli_job_id: Optional[str]


def questions(params: Mapping[str, Any]) -> Questions:
    """The options of the module, without those of the connection.

    :raises OptionError: one of them is unusable.
    """
    name, job_id = text(params.get("job_name")), text(params.get("dli_job_id"))
    return Questions(name and check_name("job_name", name), job_id and check_name("dli_job_id", job_id))


class Examination:
    """Examines one connection.

    :param session: must not repeat requests, so that each call is one request.
    :param exchanges: the executor of the session.
    """

    def __init__(self, session: Session, exchanges: Exchanges, options: Questions) -> None:
        self._session = session
        self._exchanges = exchanges
        self._dataarts = DataArts(session.connection.workspace)
        self._dli = Dli()
        self._renewal = RENEWAL if session.connection.credentials.renewable else 0
        self._evidence = Evidence(
            connection=session.connection,
            job_name=options.job_name,
            is_job_named=options.job_name is not None,
            dli_job_id=options.dli_job_id,
            proxy=shown_proxy(session.connection.endpoints["dataarts"], session.connection.proxy, os.environ),
        )

    def run(self) -> Evidence:
        """Make the calls."""
        evidence = self._evidence
        real_time = self._page(LIST, REAL_TIME, DEBUG)
        evidence.job_name = evidence.job_name or _first(real_time, REAL_TIME)
        if evidence.job_name and self._may_read_status():
            self._send(STATUS, self._dataarts.status_call(evidence.job_name))
        if evidence.answer(LIST):
            batch = self._page(BATCH_LIST, BATCH)
            evidence.batch_job = _first(batch, BATCH)
            self._probe(REAL_TIME if len(real_time) > 1 or len(batch) < 2 else BATCH)
        self._ask_dli()
        evidence.project_id = self._session.project_id
        evidence.requests = self._session.sent
        return evidence

    # -- DataArts Factory -------------------------------------------------------------------------------------------

    def _page(self, name: str, job_type: str, headers: Optional[Mapping[str, str]] = None) -> List[Entry]:
        """Read the first page of jobs of one type."""
        call = self._dataarts.page_call(job_type, 0, MAX_PAGE_SIZE)
        call.headers.update(headers or {})
        outcome = self._send(name, call)
        return entries(outcome) if isinstance(outcome, Answer) else []

    def _may_read_status(self) -> bool:
        """Whether a status can be read. The rights to list and to read a status are different ones."""
        error = self._evidence.error(LIST)
        return error is None or (error.kind == DENIED and not error.refused)

    def _probe(self, job_type: str) -> None:
        """Determine the behaviour on which the documents disagree."""
        evidence = self._evidence
        evidence.probed_type = job_type
        for_dli = DLI_PATHS + self._renewal
        if evidence.batch_job:
            self._send(BATCH_STATUS, self._dataarts.status_call(evidence.batch_job), for_dli)
        # With two jobs on a page, offset 1 begins at the second job or at the third one.
        self._send(OFFSET, self._dataarts.page_call(job_type, 1, 2), for_dli)
        self._send(LIMIT, self._dataarts.page_call(job_type, 0, LARGE_LIMIT), for_dli)

    # -- DLI --------------------------------------------------------------------------------------------------------

    def _ask_dli(self) -> None:
        evidence, asked_for = self._evidence, self._evidence.dli_job_id or NO_SUCH_JOB
        first = evidence.seen.get(LIST)
        if "dli" not in self._session.connection.endpoints or (first and first.broken_at):
            return
        evidence.dli_question = asked_for
        self._send(PROGRESS, self._dli.progress_call(asked_for, PROGRESS_VERSIONS[0]))
        if is_wrong_path(evidence.error(PROGRESS)):
            self._send(OTHER_PROGRESS, self._dli.progress_call(asked_for, PROGRESS_VERSIONS[1]))
        if evidence.dli_job_id:
            self._send(DLI_STATUS, self._dli.status_call(asked_for), self._renewal)

    # -- sending ----------------------------------------------------------------------------------------------------

    def _send(self, name: str, call: Call, reserved: int = 0) -> Optional[Outcome]:
        """Make one call. Returns None if it is not sent, or if something else than the call itself fails.

        :param reserved: requests that must be left for later calls.
        """
        evidence = self._evidence
        if evidence.stop is not None or self._session.sent + reserved >= MAX_REQUESTS:
            return None
        before = len(self._exchanges.sent)
        outcome: Optional[Outcome] = None
        try:
            (outcome,) = self._session.complete(_single(call))
        except DatagateError as error:
            evidence.stop, evidence.stopped_at = error, name
            outcome = error if isinstance(error, RequestError) else None
        evidence.seen[name] = self._observe(outcome, before)
        return outcome

    def _observe(self, outcome: Optional[Outcome], before: int) -> Observation:
        """The outcome of a call beside what its last exchange shows."""
        if len(self._exchanges.sent) == before:
            return Observation(outcome, {})
        last = self._exchanges.sent[-1]
        seconds = self._session.clock.now() - last.sent_at
        if last.head is None:
            failure = last.outcome if isinstance(last.outcome, BaseException) else None
            return Observation(outcome, {}, broken_at(failure), None, seconds)
        then = http_date(last.head[1].get("Date"))
        skew = None if then is None else then + DATE_RESOLUTION / 2 - self._session.clock.wall()
        return Observation(outcome, last.head[1], None, skew, seconds)


def _single(call: Call) -> Task[List[Outcome]]:
    """A task of one call. Its result is a list, because an error as the result of a task is raised like one of every call."""
    return (yield [call])


def _first(page: List[Entry], job_type: str) -> Optional[str]:
    """The first job of a type whose name can be part of a path. The service's filter is not trusted."""
    for name, job in page:
        try:
            if job.get("job_type") in (None, job_type):
                return check_name("job_name", name)
        except OptionError:
            continue
    return None
