# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Base class of all authentication methods."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ..errors import printable
from ..signature import SdkHmacSha256, TokenAuth

Auth = Union[SdkHmacSha256, TokenAuth]

# fetch(service, method, url or path, headers, json body) -> (headers, decoded body): sends one unauthenticated request. The
# session provides it for methods that request a token or key.
Fetch = Callable[[str, str, str, Mapping[str, str], Any], Tuple[Mapping[str, str], Any]]

MAX_SHOWN = 4  # number of characters of a key's ID, a token or a user's name that messages show


class Credentials:
    """One complete set of credentials from one source.

    :ivar place: the source, for messages: names of options or variables, or a file.
    :ivar what: what the user should check if the credentials are rejected.
    :ivar warnings: sentences for the user.
    :ivar scope: the project of a token, in the format of IAM: ``{"id": ...}`` or ``{"name": ...}``. Set by the session.
    :ivar project_id: the project's ID, if IAM returned it with the token.
    """

    needs_iam = False
    renewable = False
    what = "the access key, its secret and its security token"

    def __init__(self, place: str) -> None:
        self.place = place
        self.warnings: List[str] = []
        self.scope: Dict[str, str] = {}
        self.project_id: Optional[str] = None

    def header_values(self) -> Dict[str, Optional[str]]:
        """Values that are sent in headers, by option name."""
        return {}

    def settings(self) -> Dict[str, str]:
        """project_id and iam_endpoint, if the source contains them."""
        return {}

    @property
    def secrets(self) -> Sequence[str]:
        """The secrets of this set that are known before the first request."""
        return []

    @property
    def identity_parts(self) -> Sequence[str]:
        """All parts of the set, in a fixed order; empty if they must be requested first.

        Two sets are the same credentials only if all parts are equal. With a corrected secret it is another set.
        """
        return self.secrets

    @property
    def _name(self) -> str:
        """The part whose first characters may be shown."""
        return next(iter(self.secrets), "")

    @property
    def key_shown(self) -> str:
        """The first characters of the key's ID, the token or the user's name; empty if they would be half of it or more."""
        return printable(self._name[:MAX_SHOWN], MAX_SHOWN) if len(self._name) >= 2 * MAX_SHOWN else ""

    @property
    def source(self) -> str:
        """The source, for messages: ``AKNE... from the environment (HW_ACCESS_KEY)``."""
        return f"{self.key_shown}... from {self.place}" if self.key_shown else f"from {self.place}"

    def obtain(self, fetch: Fetch, wall: Callable[[], float]) -> Auth:
        """Obtain the object that signs requests. Called at the start and, if ``renewable``, once more after a 401.

        :param fetch: sends one request.
        :param wall: returns seconds since the epoch.
        :raises CredentialsError, RequestError: the token or key cannot be obtained.
        """
        raise NotImplementedError
