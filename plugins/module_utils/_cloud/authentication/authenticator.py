# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Obtains the key or token that signs requests, and the project's ID; renews expired ones, and stops after a refusal.

More than five failed signatures in a row lock an access key for all its users, so nothing is sent again with credentials that
were refused.
"""

from __future__ import annotations

from typing import Any, Callable, List, Mapping, Optional, Tuple, Union

from ..._clock import Clock
from ..._errors import PERMANENT, TRANSIENT, UNREACHED, CredentialsError, RequestError
from ..._text import printable
from ..calls import Call
from ..credentials.base import Auth
from ..failures.error_factory import ErrorFactory
from ..http.exchange import Answer
from ..options import Connection
from .credential_admission import CredentialAdmission

# exchange_one(call, deadline) -> the answer; raises RequestError. Sends one call while all others wait.
ExchangeOne = Callable[[Call, Optional[float]], Answer]


class Authenticator:
    """The credentials of one session.

    :param connection: checked options.
    :param errors: makes errors, and keeps secrets out of them.
    :param exchange_one: sends one call while all others wait.
    :param admission: admits requests with the credentials.
    :ivar auth: signs requests; None before :meth:`prepare`, and after a renewal without an answer.
    :ivar project_id: the project's ID; None before :meth:`prepare` where it has to be looked up.
    :ivar denied: the refusal after which nothing is sent any more.
    """

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        errors: ErrorFactory,
        exchange_one: ExchangeOne,
        admission: Optional[CredentialAdmission] = None,
    ) -> None:
        self.auth: Optional[Auth] = None
        self.project_id = connection.project_id
        self.denied: Optional[RequestError] = None
        self._connection = connection
        self._credentials = connection.credentials
        self._clock = clock
        self._errors = errors
        self._exchange_one = exchange_one
        self._is_accepted = False  # a service has accepted the present auth
        self._is_renewing = False  # answers to earlier requests still arrive meanwhile
        self._admission = admission or CredentialAdmission(connection, clock)

    @property
    def is_prepared(self) -> bool:
        """Whether signed requests can be sent: the key or token and the project's ID are known."""
        return self.auth is not None and self.project_id is not None

    def close(self) -> None:
        """Let other processes continue that wait for the result of the trial here."""
        self._admission.close()

    def may_send_another(self) -> bool:
        """Whether one more signed request may be sent although none has been answered; see CredentialAdmission."""
        return self._admission.may_send_another()

    def prepare(self, deadline: Optional[float]) -> None:
        """Obtain the key or token and the project's ID, unless they are known.

        :raises RequestError, CredentialsError: that failed, or the credentials were refused before.
        """
        if self.denied:
            raise self.denied
        self._admit(deadline)
        if self.auth is None:
            known = self.project_id
            self._credentials.scope = {"id": known} if known else {"name": self._connection.project_name or ""}
            self.auth = self._obtain(deadline)
            self._admit(deadline)
        if self.project_id is None:
            self._use_project(self._credentials.project_id or self._look_up_project(deadline))

    def accepted(self, auth: Optional[Auth]) -> None:
        """A service has accepted a signature of this auth: it answered with anything but a refusal."""
        if auth is not None and auth is self.auth:
            self._is_accepted = True
            self._admission.accept()

    def _admit(self, deadline: Optional[float]) -> None:
        """Wait for the turn to send with the credentials. Those that have to be requested are known once there is an auth."""
        self._admission.admit(self._parts(), deadline)

    def _parts(self) -> List[str]:
        return list(self._credentials.identity_parts or (self.auth.secrets if self.auth else []))

    def refused(
        self, error: RequestError, auth_used: Optional[Auth], signed: bool, deadline: Optional[float]
    ) -> Union[float, RequestError]:
        """Decide what follows from a refusal.

        :param error: the refusal; its ``refused`` is true.
        :param auth_used: signed the refused request.
        :param signed: False for a request without a signature, such as the one for a token.
        :returns: the time at which to try again with the present auth, or the error that the call ends with.
        """
        if not signed:
            if error.service == "iam":
                self._deny(error)
            return error
        if self.denied is None and (self._is_renewing or self.auth is not auth_used):
            # The request was sent before a renewal, so it is sent again with the new credentials.
            return self._clock.now()
        if self.denied is None and self._credentials.renewable and self._is_accepted:
            self._is_renewing = True
            try:
                return self._renew(error, deadline)
            finally:
                self._is_renewing = False
        return self._deny(error)

    def _deny(self, error: RequestError) -> RequestError:
        if self.denied is None:
            self.denied = error
            self._admission.refuse(error)
        return error

    def _renew(self, error: RequestError, deadline: Optional[float]) -> Union[float, RequestError]:
        """Replace an expired auth. The refusal is the only sign that it has expired."""
        before = set(self.auth.secrets) if self.auth else set()
        parts = self._parts()
        try:
            renewed = self._obtain(deadline)
        except CredentialsError:
            return self._deny(error)
        except RequestError as problem:
            if problem.kind in (TRANSIENT, UNREACHED):
                # The new credentials have not been refused. The expired ones are not used again; the next call requests new ones.
                self.auth, self._is_accepted = None, False
                return problem
            return self._deny(error)
        if set(renewed.secrets) == before:
            return self._deny(error)
        self.auth, self._is_accepted = renewed, False
        if self._parts() != parts:
            self._admission.refuse(error)
        try:
            self._admit(deadline)
        except RequestError as problem:
            self.denied = problem if problem.refused else None
            return problem
        return self._clock.now()

    def _obtain(self, deadline: Optional[float]) -> Auth:
        def fetch(
            service: str, method: str, target: str, headers: Mapping[str, str], body: Any
        ) -> Tuple[Mapping[str, str], Any]:
            call = Call(service, (), headers=headers)
            call.method, call.body, call.signed = method, body, False
            call.url = target if service == "metadata" else self._connection.endpoints[service] + target
            answer = self._exchange_one(call, deadline)
            return answer.headers, answer.data

        auth = self._credentials.obtain(fetch, self._clock.wall)
        for secret in auth.secrets:
            self._errors.learn(secret)
        return auth

    def _use_project(self, project_id: str) -> None:
        self.project_id = self._errors.project_id = project_id

    def _look_up_project(self, deadline: Optional[float]) -> str:
        name = self._connection.project_name or ""
        call = Call("iam", ("v3", "projects"), [("name", name)])
        data = self._exchange_one(call, deadline).data
        projects = data.get("projects") if isinstance(data, dict) else None
        found = [
            str(item["id"])
            for item in (projects if isinstance(projects, list) else [])
            if isinstance(item, dict) and item.get("id") and item.get("name", name) == name
        ]
        if len(found) != 1:
            many = "no project" if not found else f"{len(found)} projects"
            raise self._errors.make(
                PERMANENT, f"{many} named {printable(name, 64)!r}; give project_id (HW_PROJECT_ID)", call
            )
        return found[0]
