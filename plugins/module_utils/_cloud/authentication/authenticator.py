# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Obtains the key or token that signs requests, and the project's ID; renews expired ones, and stops after a refusal.

More than five failed signatures in a row lock an access key for all its users, so nothing is sent again with credentials that
were refused.
"""

from __future__ import annotations

from typing import Callable, List, Optional, Tuple, TypeVar, Union

from ..._clock import Clock
from ..._errors import TRANSIENT, UNREACHED, CredentialsError, RequestError
from ..calls import Call, Outcome, Task
from ..credentials.base import Auth
from ..failures.error_factory import ErrorFactory
from ..http.exchange import Answer
from ..options import Connection
from .credential_admission import CredentialAdmission
from .key_lifetime import KeyLifetime
from .key_requests import ISSUERS, KeyRequests
from .project_lookup import find_project
from .workspace_lookup import WorkspaceLookup

T = TypeVar("T")

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
    :ivar denied: the refusal after which nothing more is sent.
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
        self._requests = KeyRequests(connection, clock, errors, self._admission)
        self._lifetime = KeyLifetime()

    @property
    def is_prepared(self) -> bool:
        """Whether signed requests can be sent: a valid key or token, the project's ID and the workspace's are known."""
        is_valid = self.auth is not None and not self._lifetime.is_over(self._clock.now())
        return is_valid and self.project_id is not None and not self._needs_workspace

    @property
    def _needs_workspace(self) -> bool:
        return self._connection.workspace_name is not None and self._connection.workspace is None

    def close(self) -> None:
        """Let other processes continue that wait for the result of the trial here."""
        self._admission.close()

    def may_send_another(self) -> bool:
        """Whether one more signed request may be sent although none has been answered; see CredentialAdmission."""
        return self._admission.may_send_another()

    def prepare(self, deadline: Optional[float]) -> None:
        """Obtain the key or token, the project's ID and the workspace's, unless they are known.

        :raises RequestError, CredentialsError: that failed, or the credentials were refused before.
        """
        if self.denied:
            raise self.denied
        self._requests.admit(self.auth, deadline)
        if self.auth is None or self._lifetime.is_over(self._clock.now()):
            known = self.project_id
            self._credentials.scope = {"id": known} if known else {"name": self._connection.project_name or ""}
            self._use(self._obtain(deadline))
            self._requests.admit(self.auth, deadline)
        if self.project_id is None:
            self._use_project(self._credentials.project_id or self._look_up_project(deadline))
        if self._needs_workspace:
            lookup = WorkspaceLookup(
                self._connection.workspace_name or "", self._connection.dataarts_instance, self._errors
            )
            self._connection.workspace = self._run(lookup.find(), deadline)

    # -- renewal before the end -------------------------------------------------------------------------------------

    def begin_renewal(self) -> Optional["Tuple[Task[bool], float]"]:
        """The task that renews the key while other calls continue, and its deadline; None unless a renewal is due.

        The task returns whether there is a new key. Until then, and if it fails, the present key is used as long as it is valid.
        """
        now = self._clock.now()
        if self.denied or not self._lifetime.is_due(now):
            return None
        deadline = self._lifetime.begin_renewal(now)
        return self._renew_ahead(), deadline

    def _renew_ahead(self) -> "Task[bool]":
        before = self.auth
        try:
            # It does not wait for other processes: nothing else is done meanwhile.
            renewed = yield from self._requests.obtain(self._clock.now(), is_renewal=True)
            if self.auth is not before:
                return False
            self._requests.admit(renewed, self._clock.now())
        except (CredentialsError, RequestError):
            return False
        self._use(renewed)
        return True

    # -- answers ----------------------------------------------------------------------------------------------------

    def accepted(self, auth: Optional[Auth]) -> None:
        """A service has accepted a signature of this auth: it answered with anything but a refusal."""
        if auth is not None and auth is self.auth:
            self._is_accepted = True
            self._admission.accept()

    def refused(
        self,
        error: RequestError,
        auth_used: Optional[Auth],
        signed: bool,
        deadline: Optional[float],
        again: bool = False,
    ) -> Union[float, RequestError]:
        """Decide what follows from a refusal.

        :param error: the refusal; its ``refused`` is true.
        :param auth_used: signed the refused request.
        :param signed: False for a request that is not signed with the session's key, such as the one for a token.
        :param again: the call was refused before, with another key. It is no reason for one more renewal.
        :returns: the time at which to try again with the present auth, or the error that the call ends with.
        """
        if not signed:
            return error
        if self.denied is None and (self._is_renewing or self.auth is not auth_used):
            # The request was sent before a renewal, so it is sent again with the new credentials.
            return self._clock.now()
        if self.denied is None and self._credentials.renewable and self._is_accepted and not again:
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
        parts = self._requests.parts(self.auth)
        try:
            renewed = self._obtain(deadline, is_renewal=True)
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
        self._use(renewed)
        if self._requests.parts(self.auth) != parts:
            self._admission.refuse(error)
        try:
            self._requests.admit(self.auth, deadline)
        except RequestError as problem:
            self.denied = problem if problem.refused else None
            return problem
        return self._clock.now()

    # -- parts ------------------------------------------------------------------------------------------------------

    def _obtain(self, deadline: Optional[float], is_renewal: bool = False) -> Auth:
        try:
            return self._run(self._requests.obtain(deadline, is_renewal), deadline)
        except RequestError as error:
            if error.refused and error.service in ISSUERS:
                self._deny(error)
            raise

    def _use(self, auth: Auth) -> None:
        self.auth, self._is_accepted = auth, False
        self._lifetime.begin(self._clock.now(), self._credentials.lifetime)

    def _run(self, task: "Task[T]", deadline: Optional[float]) -> T:
        """The result of a task whose calls are sent while all others wait.

        :raises RequestError, CredentialsError: it ends with that.
        """
        outcomes: Optional[List[Outcome]] = None
        while True:
            try:
                calls = next(task) if outcomes is None else task.send(outcomes)
            except StopIteration as stop:
                result: T = stop.value
                return result
            outcomes = [self._outcome(call, deadline) for call in calls]

    def _outcome(self, call: Call, deadline: Optional[float]) -> Outcome:
        try:
            return self._exchange_one(call, deadline)
        except RequestError as error:
            return error

    def _use_project(self, project_id: str) -> None:
        self.project_id = self._errors.project_id = project_id

    def _look_up_project(self, deadline: Optional[float]) -> str:
        return self._run(find_project(self._connection.project_name or "", self._errors), deadline)
