# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The requests for a key or token, as calls of a session, and what follows from their answers for the credentials behind them."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence

from ..._clock import Clock
from ..._errors import RequestError
from ..calls import Call, Outcome, Task
from ..credentials.base import Auth, KeyRequest
from ..failures.error_factory import ErrorFactory
from ..options import Connection
from .credential_admission import CredentialAdmission

ISSUERS = ("iam", "sts")  # the services that issue keys and tokens for credentials


class KeyRequests:
    """Obtains the key or token of one session.

    An agency is requested with another key. That key can be locked by failed signatures as well, so it has its own admission.

    :param errors: makes errors, and keeps secrets out of them.
    :param admission: admits requests with the credentials as a whole.
    """

    def __init__(
        self, connection: Connection, clock: Clock, errors: ErrorFactory, admission: CredentialAdmission
    ) -> None:
        self._connection = connection
        self._credentials = connection.credentials
        self._clock = clock
        self._errors = errors
        self._admission = admission

    def parts(self, auth: Optional[Auth]) -> List[str]:
        """The parts of the credentials. Those that have to be requested are known only by their present key *auth*."""
        return list(self._credentials.identity_parts or (auth.secrets if auth else ()))

    def admit(self, auth: Optional[Auth], deadline: Optional[float]) -> None:
        """Wait for the turn to send with the credentials.

        :raises RequestError: they were refused a short while ago, or there is no turn before the deadline.
        """
        self._admission.admit(self.parts(auth), deadline)

    def obtain(self, deadline: Optional[float], is_renewal: bool = False) -> "Task[Auth]":
        """The task that obtains a key or token.

        :param deadline: until then it may wait for its turn.
        :param is_renewal: there is a key, so the credentials as a whole have not been admitted just now.
        :raises RequestError, CredentialsError: there is none.
        """
        steps = self._credentials.obtain(self._clock.wall)
        answered: Any = None
        problem: Optional[RequestError] = None
        while True:
            try:
                request = steps.send(answered) if problem is None else steps.throw(problem)
            except StopIteration as stop:
                auth: Auth = stop.value
                self._learn(auth.secrets)
                return auth
            answered = problem = None
            try:
                answer = yield from self._send(request, deadline, is_renewal)
            except RequestError as error:
                problem = error
            else:
                answered = (answer.headers, answer.data)

    def _send(self, request: KeyRequest, deadline: Optional[float], is_renewal: bool) -> "Task[Any]":
        self._learn([*self._credentials.secrets, *(request.auth.secrets if request.auth else ())])
        guard = CredentialAdmission(self._connection, self._clock)
        guard.admit(self._guarded(request, is_renewal), deadline)
        try:
            (outcome,) = yield [self._call(request)]
            _record(guard, outcome)
        finally:
            guard.close()
        if isinstance(outcome, RequestError):
            raise outcome
        return outcome

    def _guarded(self, request: KeyRequest, is_renewal: bool) -> Sequence[str]:
        """The parts of the credentials that a request is admitted with for itself; empty if it needs no admission.

        A key that an issuer has just made cannot be locked yet.
        """
        if request.auth is None:
            return self.parts(None) if is_renewal and request.service in ISSUERS else ()
        known = self._credentials.secrets
        is_own = not known or set(request.auth.secrets) <= set(known)
        return request.auth.secrets if is_own else ()

    def _call(self, request: KeyRequest) -> Call:
        call = Call(request.service, (), headers=request.headers)
        call.method, call.body, call.signed = request.method, request.body, False
        call.auth, call.has_alternative = request.auth, request.has_alternative
        is_whole = request.service == "metadata"
        call.url = request.target if is_whole else self._connection.endpoints[request.service] + request.target
        return call

    def _learn(self, secrets: Sequence[str]) -> None:
        for secret in secrets:
            self._errors.learn(secret)


def _record(guard: CredentialAdmission, outcome: Outcome) -> None:
    """Record whether an issuer has accepted a signature; a failing server does not show it."""
    if not isinstance(outcome, RequestError):
        guard.accept()
    elif outcome.refused:
        guard.refuse(outcome)
    elif outcome.status is not None and outcome.status < 500 and outcome.status != 429:
        guard.accept()
