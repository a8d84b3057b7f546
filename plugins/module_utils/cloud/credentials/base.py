# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every way to authenticate has in common."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ..errors import printable
from .signature import SdkHmacSha256, TokenAuth

Auth = Union[SdkHmacSha256, TokenAuth]

# fetch(service, method, url or path, headers, json body) -> (headers, decoded body): one unauthenticated request, lent by
# the session to those methods that request a token or key.
Fetch = Callable[[str, str, str, Mapping[str, str], Any], Tuple[Mapping[str, str], Any]]

SHOWN = 4  # characters of a key's ID, a token or a user's name that messages show


class Credentials:
    """One whole set of credentials from one place.

    :ivar place: where they came from, as a user would name it: option or variable names, or a file.
    :ivar what: what to check when they are refused.
    :ivar warnings: sentences for the user.
    :ivar scope: the project that they are to be good for, as IAM wants it: ``{"id": ...}`` or ``{"name": ...}``. The session
        sets it.
    :ivar project_id: that project's ID, where obtaining something with them has told it.
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
        """Values that will go into headers, by option name."""
        return {}

    def settings(self) -> Dict[str, str]:
        """project_id and iam_endpoint where the place names them."""
        return {}

    @property
    def secrets(self) -> Sequence[str]:
        """What is secret in this set and known before the first request."""
        return []

    @property
    def identity_parts(self) -> Sequence[str]:
        """All parts of the set, in an order that is always the same; empty where it has to be requested first.

        Two sets are the same credentials only when all parts are equal: a mended secret makes another set.
        """
        return self.secrets

    @property
    def _name(self) -> str:
        """The part whose beginning may be shown."""
        return next(iter(self.secrets), "")

    @property
    def key_shown(self) -> str:
        """The first letters of the key's ID, the token or the user's name; empty where they would be half of it."""
        return printable(self._name[:SHOWN], SHOWN) if len(self._name) >= 2 * SHOWN else ""

    @property
    def source(self) -> str:
        """Where they came from, for messages: ``AKNE... from the environment (HW_ACCESS_KEY)``."""
        return f"{self.key_shown}... from {self.place}" if self.key_shown else f"from {self.place}"

    def obtain(self, fetch: Fetch, wall: Callable[[], float]) -> Auth:
        """What signs requests from now on. Called once at the start and, where ``renewable``, once more after a 401.

        :param fetch: sends one request.
        :param wall: gives seconds since the epoch.
        :raises CredentialsError, RequestError: that is not possible.
        """
        raise NotImplementedError
