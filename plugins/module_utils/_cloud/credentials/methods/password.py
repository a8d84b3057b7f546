# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""IAM user and password: used to request a token, and a new one when it expires (after 24 hours)."""

from __future__ import annotations

from typing import Any, Callable, Dict, Sequence

from ...._errors import PERMANENT, RequestError
from ..base import Credentials, KeyRequest, Obtaining
from ..signature import TokenAuth

PATH = "/v3/auth/tokens?nocatalog=true"


class Password(Credentials):
    """User name, password and the account's (domain's) name."""

    what = "the user's name, its password and the account's name (domain_name)"
    services = ("iam",)
    renewable = True
    gives_key = False

    def __init__(self, place: str, username: str, password: str, domain_name: str) -> None:
        super().__init__(place)
        self._username = username
        self._password = password
        self._domain_name = domain_name

    @property
    def secrets(self) -> Sequence[str]:
        return [self._password]

    @property
    def identity_parts(self) -> Sequence[str]:
        return [self._username, self._password, self._domain_name]

    @property
    def _name(self) -> str:
        return self._username

    def obtain(self, wall: Callable[[], float]) -> Obtaining:
        domain = {"name": self._domain_name}
        user = {"name": self._username, "password": self._password, "domain": domain}
        identity: Dict[str, Any] = {"methods": ["password"], "password": {"user": user}}
        scope = {"project": self.scope} if self.scope else {"domain": domain}
        body = {"auth": {"identity": identity, "scope": scope}}
        headers, answer = yield KeyRequest("iam", "POST", PATH, body=body)
        token = headers.get("X-Subject-Token")
        if not token:
            raise RequestError(
                PERMANENT, "the answer holds no X-Subject-Token", service="iam", method="POST", path="/v3/auth/tokens"
            )
        # The answer names the project of the token, so that no look-up is needed.
        try:
            named = answer["token"]["project"]["id"]
        except (KeyError, TypeError):
            named = None
        self.project_id = named if isinstance(named, str) and named else None
        return TokenAuth(token)
