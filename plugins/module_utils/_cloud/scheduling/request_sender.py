# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Builds, signs and sends the request of a call."""

from __future__ import annotations

import os
import queue
import sys
from typing import Dict, Optional, Protocol

from ..._errors import PERMANENT
from ..._version import VERSION
from ..authentication.authenticator import Authenticator
from ..calls import Call
from ..failures.error_factory import ErrorFactory
from ..http.adapter import build_adapter
from ..http.exchange import Exchange
from ..http.proxies import proxies_for
from ..http.requests_import import requests
from ..options import Connection
from .attempt import Attempt

MIN_TIMEOUT = 0.05  # seconds; sockets take no timeout of zero
MAX_HOSTS = 4  # hosts whose connections are kept


class Executor(Protocol):
    """Runs exchanges; :class:`~.http.worker_threads.WorkerThreads` does so in threads."""

    def start(self, exchange: Exchange, finished: "queue.SimpleQueue[Exchange]") -> None:
        """Begin an exchange; put it into *finished* once it is over."""

    def close(self) -> None:
        """Release what is idle."""


class RequestSender:
    """Sends requests over connections that are kept for the session.

    :param executor: runs the exchanges.
    :param finished: receives each exchange once it is over.
    :param workers: connections kept for each host.
    :ivar sent: requests sent so far.
    """

    def __init__(
        self,
        connection: Connection,
        errors: ErrorFactory,
        authenticator: Authenticator,
        executor: Executor,
        finished: "queue.SimpleQueue[Exchange]",
        workers: int,
    ) -> None:
        self.sent = 0
        self._connection = connection
        self._errors = errors
        self._authenticator = authenticator
        self._executor = executor
        self._finished = finished
        self._http = requests.Session()
        if connection.verify is False:
            # The module warns once; urllib3 would warn for each request.
            requests.packages.urllib3.disable_warnings()  # type: ignore[attr-defined]
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, build_adapter(MAX_HOSTS, workers))
        python = f"python/{sys.version_info[0]}.{sys.version_info[1]}"
        self._agent = f"datagate.huaweicloud/{VERSION} requests/{requests.__version__} {python}"

    def build(self, attempt: Attempt, now: float) -> Exchange:
        """The next exchange of an attempt, signed and counted, to be started by :meth:`start`.

        :raises RequestError: the options do not make a valid request.
        """
        call = attempt.call
        url = call.address(self._connection, self._authenticator.project_id)
        attempt.auth = self._authenticator.auth if call.signed else call.auth
        request = requests.Request(call.method, url, headers=self._headers(call), json=call.body, auth=attempt.auth)
        try:
            prepared = request.prepare()
        except (ValueError, requests.exceptions.RequestException):  # the text of either can contain a secret
            summary = "the request cannot be made of these options; check endpoints, workspace and project_name"
            raise self._errors.make(PERMANENT, summary, call, was_sent=False) from None
        bound = now + self._connection.request_timeout
        if attempt.deadline is not None:
            bound = min(bound, attempt.deadline)
        # The timeout of the socket ends a silent exchange in its thread. The bound ends every exchange for the caller.
        seconds = max(MIN_TIMEOUT, bound - now)
        options = {
            "timeout": (seconds, seconds),
            "verify": self._connection.verify,
            "cert": self._connection.cert,
            "proxies": self._proxies(call, url),
        }
        exchange = Exchange(prepared, options, self._http.get_adapter(url), bound, now)
        if call.is_order:
            attempt.error = None  # the refusal of an earlier request does not apply to this one
        self.sent += 1
        attempt.tries += 1
        attempt.number = self.sent
        return exchange

    def start(self, exchange: Exchange) -> None:
        """Send the request of an exchange."""
        self._executor.start(exchange, self._finished)

    def close(self) -> None:
        """Close the connections."""
        self._executor.close()
        self._http.close()

    def _headers(self, call: Call) -> Dict[str, str]:
        headers = {
            "User-Agent": self._agent,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Cache-Control": "no-cache",
            "Content-Type": "application/json",
            "X-Language": "en_us",
        }
        project_id: Optional[str] = self._authenticator.project_id
        if call.signed and project_id:
            headers["X-Project-Id"] = project_id
        if call.service == "dataarts" and self._connection.workspace_name and self._connection.workspace:
            # The services do not know it: it was looked up when the first call was about to be sent.
            headers["workspace"] = self._connection.workspace
        headers.update(call.headers)
        return headers

    def _proxies(self, call: Call, url: str) -> Dict[str, str]:
        return {} if call.service == "metadata" else proxies_for(url, self._connection.proxy, os.environ)
