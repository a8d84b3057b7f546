# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""OpenID Connect: the ID token of a CI job in exchange for a temporary access key, so that no key has to be stored."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Generator, Mapping, Optional, Sequence, Tuple

from ...._errors import CredentialsError, RequestError
from ...._text import has_control, printable
from ...._values import unquoted
from ...text_file import read_text
from ..base import Credentials, KeyRequest, Obtaining
from ..key_answer import lifetime_of, read_issued_keys, unusable
from ..signature import TokenAuth

TOKENS = "/v3.0/OS-AUTH/id-token/tokens"
SECURITY_TOKENS = "/v3.0/OS-CREDENTIAL/securitytokens"
JSON_UTF8 = {"Content-Type": "application/json;charset=utf8"}
DURATION = 3600  # seconds that a temporary key is requested for
MIN_TOKEN, MAX_TOKEN = 4, 20000  # characters
_TOKEN = re.compile(rf"[\x21-\x7e]{{{MIN_TOKEN},{MAX_TOKEN}}}")
_PROVIDER_URN = re.compile(r"iam::([A-Za-z0-9_-]{1,64}):oidcProvider:(\S{1,128})")
_MIN_PART = 16  # characters; a shorter part of a token is not masked for itself


class Oidc(Credentials):
    """An ID token and the identity provider that trusts its issuer. The token's file is read again at each renewal.

    :param idp_id: ID of the identity provider, or its URN ``iam::ACCOUNT:oidcProvider:NAME``.
    :param path: file with the ID token.
    :raises CredentialsError: the ID token cannot be read, or is not one.
    """

    what = "the ID token, which CI systems issue for some minutes only, and the identity provider (idp_id)"
    services = ("iam",)
    renewable = True
    is_temporary = True

    def __init__(self, place: str, idp_id: str, id_token: Optional[str] = None, path: Optional[str] = None) -> None:
        super().__init__(place)
        urn = _PROVIDER_URN.fullmatch(idp_id)
        if urn is None and (has_control(idp_id) or not idp_id.isascii() or ":" in idp_id):
            raise CredentialsError(
                f"idp_id from {place} must be the ID of an identity provider, or iam::ACCOUNT_ID:oidcProvider:NAME"
            )
        self._account, self._idp_id = (urn[1], urn[2]) if urn else ("", idp_id)
        self._path = path
        self._token = self._checked(id_token) if id_token else self._read()

    def _checked(self, text: str) -> str:
        if not _TOKEN.fullmatch(text):
            raise CredentialsError(
                f"the ID token from {self.place} must be one line of {MIN_TOKEN} to {MAX_TOKEN} printable ASCII characters "
                "without spaces"
            )
        return text

    def _read(self) -> str:
        if self._path is None:
            return self._token
        place = f"id_token_file {printable(self._path)} from {self.place}"
        text, dummy = read_text(self._path, place, "an ID token")
        found = unquoted(text)
        if found is None:
            raise CredentialsError(f"{place} is empty")
        return self._checked(found)

    def provider_urn(self, account: str) -> str:
        """The URN of the identity provider; it is in *account* unless it was given as a URN."""
        return f"iam::{self._account or account}:oidcProvider:{self._idp_id}"

    def current_token(self) -> str:
        """The ID token, read again if it comes from a file.

        :raises CredentialsError: the file cannot be read.
        """
        self._token = self._read()
        return self._token

    def header_values(self) -> Dict[str, Optional[str]]:
        return {"idp_id": self._idp_id}

    @property
    def secrets(self) -> Sequence[str]:
        # A service may quote a part of the token. Its first part describes the algorithm only.
        parts = self._token.split(".")[1:]
        return [self._token, *(part for part in parts if len(part) >= _MIN_PART)]

    @property
    def identity_parts(self) -> Sequence[str]:
        return [self._idp_id, self._token]

    @property
    def _name(self) -> str:
        return self._idp_id

    def obtain(self, wall: Callable[[], float]) -> Obtaining:
        token = yield from self._token_of_iam()
        identity = {"methods": ["token"], "token": {"id": token, "duration_seconds": DURATION}}
        request = KeyRequest(
            "iam", "POST", SECURITY_TOKENS, JSON_UTF8, {"auth": {"identity": identity}}, TokenAuth(token)
        )
        headers, data = yield request
        keys = read_issued_keys(request, headers, data, wall)
        self.lifetime = lifetime_of(keys, headers, wall)
        return keys.auth(wall)

    def _token_of_iam(self) -> Generator[KeyRequest, Tuple[Mapping[str, str], Any], str]:
        auth: Dict[str, Any] = {"id_token": {"id": self.current_token()}}
        if self.scope:
            auth["scope"] = {"project": self.scope}
        request = KeyRequest("iam", "POST", TOKENS, {**JSON_UTF8, "X-Idp-Id": self._idp_id}, {"auth": auth})
        try:
            headers, data = yield request
        except RequestError as error:
            hint = "check idp_id, and the rules of the identity provider"
            raise self.explained(error, "the ID token", hint) from None
        token = headers.get("X-Subject-Token")
        if not token:
            raise unusable(request, "the answer holds no X-Subject-Token")
        try:
            named = data["token"]["project"]["id"]
        except (KeyError, TypeError):
            named = None
        self.project_id = named if isinstance(named, str) and named else None
        return token
