# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The base class of all kinds of credentials."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ..._text import printable
from .signature import SdkHmacSha256, TokenAuth

Auth = Union[SdkHmacSha256, TokenAuth]

# fetch(service, method, url or path, headers, json body) -> (headers, decoded body): sends one request without a signature, for
# those kinds that request a token or key.
Fetch = Callable[[str, str, str, Mapping[str, str], Any], Tuple[Mapping[str, str], Any]]

SHOWN = 4  # characters of an access key, a token or a user name that messages show


class Credentials:
    """One complete set of credentials from one place.

    :ivar place: where they came from, in the user's terms: option or variable names, or a file.
    :ivar what: what to check when they are refused.
    :ivar warnings: sentences for the user.
    :ivar scope: the project that a token is requested for, as IAM expects it: ``{"id": ...}`` or ``{"name": ...}``. The
        authenticator sets it.
    :ivar project_id: the ID of that project, if the answer with the token names it.
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

    def obtain(self, fetch: Fetch, wall: Callable[[], float]) -> Auth:
        """The auth that signs requests from now on. Called at the start and, if ``renewable``, again after a 401.

        :param fetch: sends one request.
        :param wall: gives seconds since the epoch.
        :raises CredentialsError, RequestError: there is none.
        """
        raise NotImplementedError
