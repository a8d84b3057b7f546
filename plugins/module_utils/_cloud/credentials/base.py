# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The base class of all kinds of credentials."""

from __future__ import annotations

from typing import Any, Callable, Dict, Generator, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from ..._errors import DENIED, PERMANENT, RequestError
from ..._text import printable
from .signature import SdkHmacSha256, TokenAuth

Auth = Union[SdkHmacSha256, TokenAuth]


class KeyRequest(NamedTuple):
    """A request for a token or a key, which is not signed with the credentials of the session.

    :ivar service: iam, sts or metadata.
    :ivar target: path with its query; the whole URL for the metadata service.
    :ivar body: sent as JSON.
    :ivar auth: signs the request.
    :ivar has_alternative: another request can be made instead, so this one is not repeated if no answer comes.
    """

    service: str
    method: str
    target: str
    headers: Mapping[str, str] = {}
    body: Any = None
    auth: Optional[Auth] = None
    has_alternative: bool = False


# Yields requests, is sent the headers and the decoded body of each answer, or a RequestError is thrown into it.
Obtaining = Generator[KeyRequest, Tuple[Mapping[str, str], Any], Auth]

SHOWN = 4  # characters of an access key, a token or a user name that messages show


class Credentials:
    """One complete set of credentials from one place.

    :ivar place: where they came from, in the user's terms: option or variable names, or a file.
    :ivar what: what to check when they are refused.
    :ivar warnings: sentences for the user.
    :ivar services: the services that the token or key is requested from.
    :ivar renewable: whether a new key or token can be obtained.
    :ivar is_temporary: whether it is a temporary access key.
    :ivar gives_key: whether requests are signed with an access key, not with a token.
    :ivar scope: the project that a token is requested for, as IAM expects it: ``{"id": ...}`` or ``{"name": ...}``; empty for
        a token of the account. The authenticator sets it.
    :ivar project_id: the ID of that project, if the answer with the token names it.
    :ivar lifetime: seconds for which the obtained key is valid, counted from its answer by the server's clock; None if unknown.
    """

    services: Sequence[str] = ()
    renewable = False
    is_temporary = False
    gives_key = True
    what = "the access key, its secret and its security token"

    def __init__(self, place: str) -> None:
        self.place = place
        self.warnings: List[str] = []
        self.scope: Dict[str, str] = {}
        self.project_id: Optional[str] = None
        self.lifetime: Optional[float] = None

    def header_values(self) -> Dict[str, Optional[str]]:
        """Values that will go into headers, by option name."""
        return {}

    def settings(self) -> Dict[str, str]:
        """project_id and iam_endpoint where the place names them."""
        return {}

    def omit_sts(self) -> None:
        """Request nothing from STS, because its host is not known."""

    @property
    def secrets(self) -> Sequence[str]:
        """The secrets of this set that are known before the first request."""
        return []

    @property
    def identity_parts(self) -> Sequence[str]:
        """All parts of the set in a fixed order; empty if it has to be requested first.

        Two sets are the same credentials only if all parts are equal: a corrected secret makes a different set.
        """
        return self.secrets

    @property
    def _name(self) -> str:
        """The part that messages show the beginning of."""
        return next(iter(self.secrets), "")

    @property
    def key_shown(self) -> str:
        """The first characters of the access key, the token or the user name; empty if they would be half of it."""
        return printable(self._name[:SHOWN], SHOWN) if len(self._name) >= 2 * SHOWN else ""

    @property
    def source(self) -> str:
        """Where they came from, for messages: ``AKNE... from the environment (HW_ACCESS_KEY)``."""
        return f"{self.key_shown}... from {self.place}" if self.key_shown else f"from {self.place}"

    def explained(self, error: RequestError, what: str, hint: str) -> RequestError:
        """An error that names the credentials if a service has denied *what*. If it has refused the credentials, the error does so."""
        if error.kind in (DENIED, PERMANENT) and not error.refused and error.status is not None:
            error.summary = f"{what} was refused ({self.source}): {error.summary}"
            error.hint = error.hint or hint
        return error

    def obtain(self, wall: Callable[[], float]) -> Obtaining:
        """Obtain the auth that signs requests from now on. Called at the start and, if ``renewable``, again for each renewal.

        It is a generator: the caller sends the requests that it yields. Those that need no request yield none.

        :param wall: gives seconds since the epoch.
        :raises CredentialsError, RequestError: there is none.
        """
        raise NotImplementedError


class Known(Credentials):
    """Credentials that sign requests without a request to a service."""

    def auth(self, wall: Callable[[], float]) -> Auth:
        """The auth that signs requests."""
        raise NotImplementedError

    def obtain(self, wall: Callable[[], float]) -> Obtaining:
        yield from ()
        return self.auth(wall)
