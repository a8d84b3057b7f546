# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every way to authenticate has in common."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ..signature import SdkHmacSha256, TokenAuth

Auth = Union[SdkHmacSha256, TokenAuth]

# fetch(service, method, url or path, headers, json body) -> (headers, decoded body): one unauthenticated request, lent by
# the session to those methods that have to ask somebody for their token or key.
Fetch = Callable[[str, str, str, Mapping[str, str], Any], Tuple[Mapping[str, str], Any]]


class Credentials:
    """One whole set of credentials from one place.

    :ivar place: where they came from, as a user would name it.
    :ivar warnings: sentences for the user.
    :ivar scope: the project that they are to be good for, as IAM wants it: ``{"id": ...}`` or ``{"name": ...}``. The session
        sets it.
    :ivar project_id: that project's ID, where obtaining something with them has told it.
    """

    needs_iam = False
    renewable = False

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

    def obtain(self, fetch: Fetch, wall: Callable[[], float]) -> Auth:
        """What signs requests from now on. Called once at the start and, where ``renewable``, once more after a 401.

        :param fetch: sends one request.
        :param wall: gives seconds since the epoch.
        :raises CredentialsError, RequestError: it cannot be had.
        """
        raise NotImplementedError
