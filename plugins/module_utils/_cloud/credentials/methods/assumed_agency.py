# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The agency of another account, which is assumed with other credentials and gives a temporary access key of that account."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Generator, Mapping, NamedTuple, Optional, Sequence, Tuple

from ...._error_codes import gateway_number
from ...._errors import OptionError, RequestError
from ...._text import has_control, printable
from ...._values import whole
from ..base import Auth, Credentials, KeyRequest, Obtaining
from ..credential_sets import OptionSet
from ..key_answer import lifetime_of, read_issued_keys
from .oidc import JSON_UTF8, SECURITY_TOKENS, Oidc

ASSUME = "/v5/agencies/assume"
ASSUME_WITH_OIDC = "/v5/agencies/assume-with-oidc"
SESSION_NAME = "datagate-huaweicloud"
DEFAULT_DURATION = 3600  # seconds
MIN_DURATION = 900
MAX_DURATION_IAM = 86400
MAX_DURATION_STS = 43200
MAX_DURATION_CHAINED = 3600  # STS, called with a temporary key
WRONG_PATH = "0101"
_AGENCY_URN = re.compile(r"iam::([A-Za-z0-9_-]{1,64}):agency:(\S{1,128})")
_DOMAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Agency(NamedTuple):
    """An agency, as options or variables name it.

    :ivar domain_id: ID of the account that it belongs to; empty if only the name is known.
    :ivar duration: seconds for which a key is valid.
    :ivar place: where the options came from.
    """

    name: str
    domain_name: str
    domain_id: str
    duration: int
    place: str

    @property
    def urn(self) -> str:
        """The agency as STS names it."""
        return f"iam::{self.domain_id}:agency:{self.name}"


def read_agency(found: OptionSet, base: Credentials) -> Agency:
    """The agency that a complete set of options names.

    :raises OptionError: a value is not usable.
    """
    name, domain_name, domain_id = (
        found.get(option) for option in ("assume_role_agency", "assume_role_domain", "assume_role_domain_id")
    )
    urn = _AGENCY_URN.fullmatch(name)
    if urn is not None:
        if domain_name or domain_id not in ("", urn[1]):
            raise OptionError(
                found.name("assume_role_agency"), "contains the account's ID; do not give another account"
            )
        domain_id, name = urn[1], urn[2]
    for option, value in (("assume_role_agency", name), ("assume_role_domain", domain_name)):
        if has_control(value) or len(value) > 128:
            raise OptionError(found.name(option), "must be one line of at most 128 characters")
    if ":" in name:
        raise OptionError(found.name("assume_role_agency"), "must be an agency's name, or iam::ACCOUNT_ID:agency:NAME")
    if domain_id and not _DOMAIN_ID.fullmatch(domain_id):
        raise OptionError(
            found.name("assume_role_domain_id"), "must be the ID of an account (letters, digits, - and _), not its name"
        )
    duration = _duration(found, base, bool(domain_id))
    return Agency(name, domain_name, domain_id, duration, f"{found.place} ({found.name('assume_role_agency')})")


def _duration(found: OptionSet, base: Credentials, has_domain_id: bool) -> int:
    most, why = MAX_DURATION_IAM, ""
    if has_domain_id and base.gives_key:
        most = MAX_DURATION_STS
        if base.is_temporary and not isinstance(base, Oidc):
            most, why = MAX_DURATION_CHAINED, " with a temporary access key"
    value = found.get("assume_role_duration")
    if not value:
        return DEFAULT_DURATION
    try:
        return whole("assume_role_duration", value, MIN_DURATION, most)
    except OptionError as error:
        raise OptionError(found.name("assume_role_duration"), f"{error.problem}{why}") from None


class AssumedAgency(Credentials):
    """An agency that is assumed with credentials of any kind.

    With the account's ID and an access key, the request is sent to STS; to IAM in clouds and regions without STS.
    """

    renewable = True
    is_temporary = True

    def __init__(self, base: Credentials, agency: Agency) -> None:
        account = agency.domain_name or agency.domain_id
        super().__init__(
            f"{base.place}, agency {printable(agency.name, 64)} of {printable(account, 64)} from {agency.place}"
        )
        self.warnings = base.warnings
        self.what = base.what
        self._base = base
        self._agency = agency
        self._has_sts = bool(agency.domain_id) and base.gives_key
        self.services = list(dict.fromkeys((*base.services, *(("sts",) if self._has_sts else ()), "iam")))

    def omit_sts(self) -> None:
        self._has_sts = False
        self.services = [name for name in self.services if name != "sts"]

    def header_values(self) -> Dict[str, Optional[str]]:
        return self._base.header_values()

    def settings(self) -> Dict[str, str]:
        # The project in a credentials file is one of the other account.
        return {name: value for name, value in self._base.settings().items() if name != "project_id"}

    @property
    def secrets(self) -> Sequence[str]:
        return self._base.secrets

    @property
    def identity_parts(self) -> Sequence[str]:
        known, agency = self._base.identity_parts, self._agency
        return [*known, "agency", agency.name, agency.domain_id, agency.domain_name] if known else []

    @property
    def key_shown(self) -> str:
        return self._base.key_shown

    def obtain(self, wall: Callable[[], float]) -> Obtaining:
        auth = yield from self._base.obtain(wall)
        if self._has_sts:
            found = yield from self._from_sts(self._signed_request(auth), wall)
            if found is not None:
                return found
        keys = yield from self._from_iam(auth, wall)
        return keys

    def _signed_request(self, auth: Auth) -> KeyRequest:
        return KeyRequest("sts", "POST", ASSUME, body=self._sts_body(), auth=auth, has_alternative=True)

    def _sts_body(self) -> Dict[str, Any]:
        agency = self._agency
        return {
            "agency_urn": agency.urn,
            "agency_session_name": SESSION_NAME,
            "duration_seconds": agency.duration,
        }

    def _from_sts(
        self, request: KeyRequest, wall: Callable[[], float]
    ) -> Generator[KeyRequest, Tuple[Mapping[str, str], Any], Optional[Auth]]:
        """The auth from STS; None if there is no STS."""
        try:
            auth = yield from self._keys(request, wall)
        except RequestError as error:
            if error.status is None and not error.refused:
                return None  # the name is not resolved, or the host does not answer
            if error.status == 404 and (error.error_code is None or gateway_number(error.error_code) == WRONG_PATH):
                self._has_sts = False
                return None
            raise
        return auth

    def _from_iam(self, auth: Auth, wall: Callable[[], float]) -> Obtaining:
        agency = self._agency
        account = {"domain_id": agency.domain_id} if agency.domain_id else {"domain_name": agency.domain_name}
        role = {
            "agency_name": agency.name,
            **account,
            "duration_seconds": agency.duration,
            "session_user": {"name": SESSION_NAME},
        }
        body = {"auth": {"identity": {"methods": ["assume_role"], "assume_role": role}}}
        found = yield from self._keys(KeyRequest("iam", "POST", SECURITY_TOKENS, JSON_UTF8, body, auth), wall)
        return found

    def _keys(self, request: KeyRequest, wall: Callable[[], float]) -> Obtaining:
        try:
            headers, data = yield request
        except RequestError as error:
            raise self.explained(
                error, "the agency", "check the agency's name, its account, and whom it trusts"
            ) from None
        keys = read_issued_keys(request, headers, data, wall)
        self.lifetime = lifetime_of(keys, headers, wall)
        return keys.auth(wall)


class OidcAgency(AssumedAgency):
    """An agency that trusts an identity provider: STS takes the ID token itself. Without STS, IAM takes it in three steps."""

    def __init__(self, base: Oidc, agency: Agency) -> None:
        super().__init__(base, agency)
        self._oidc = base

    def obtain(self, wall: Callable[[], float]) -> Obtaining:
        if self._has_sts:
            found = yield from self._from_sts(self._request_with_token(), wall)
            if found is not None:
                return found
        auth = yield from self._base.obtain(wall)
        keys = yield from self._from_iam(auth, wall)
        return keys

    def _request_with_token(self) -> KeyRequest:
        body = {
            "provider_urn": self._oidc.provider_urn(self._agency.domain_id),
            "id_token": self._oidc.current_token(),
            **self._sts_body(),
        }
        return KeyRequest("sts", "POST", ASSUME_WITH_OIDC, body=body, has_alternative=True)
