# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Temporary keys: agencies by IAM and by STS, ID tokens, and keys from tokens."""

from __future__ import annotations

import json
import time as real_time
from collections.abc import Mapping
from typing import Any

from .answers import Answer, Errors, answer_json
from .auth import Authenticator
from .clock import Clock, iso_date
from .constants import DOMAIN_NAME
from .federation_spec import Agency
from .scenario import AccessKey, Project, Scenario

DEFAULT_DURATION_IAM, MOST_IAM = 900, 86400
DEFAULT_DURATION_STS, MOST_STS, MOST_CHAINED = 3600, 43200, 3600


class Federation:
    """Answers the calls that issue temporary keys. Times are emulator seconds."""

    def __init__(self, scenario: Scenario, authenticator: Authenticator, errors: Errors, clock: Clock) -> None:
        self._scenario = scenario
        self._authenticator = authenticator
        self._errors = errors
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Count the issued keys from 0 again."""
        self._issued = 0

    # -- IAM --------------------------------------------------------------------------------------------------------

    def securitytokens(self, headers: Mapping[str, str], body: bytes, now: float) -> Answer:
        """`POST /v3.0/OS-CREDENTIAL/securitytokens`: from an agency, or from a token."""
        try:
            identity = json.loads(body)["auth"]["identity"]
            (method,) = identity["methods"]
            what = identity.get(method) or {}
            duration = what.get("duration_seconds", DEFAULT_DURATION_IAM)
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._iam("IAM.0011", 400, "The request body is invalid.")
        if not _is_within(duration, MOST_IAM):
            return self._iam("IAM.0011", 400, "The duration_seconds is invalid.")
        if method == "token":
            given = headers.get("x-auth-token") or str(what.get("id"))
            token = self._authenticator.token(given, now)
            if token is None:
                return self._iam("IAM.0001", 401, "The token is invalid.")
            return self._credential(self._key(duration, now, token.user, None), now)
        if method != "assume_role":
            return self._iam("IAM.0011", 400, "The method is not supported.")
        for agency in self._scenario.agencies:
            named = (what.get("agency_name"), what.get("domain_id"), what.get("domain_name"))
            if named in ((agency.name, agency.domain_id, None), (agency.name, None, agency.domain_name)):
                return self._credential(self._key(duration, now, agency.name, agency), now)
        return self._iam("IAM.0003", 403, "You are not authorized to assume the agency.")

    def id_tokens(self, headers: Mapping[str, str], body: bytes, now: float) -> Answer:
        """`POST /v3.0/OS-AUTH/id-token/tokens`: a token for an ID token."""
        try:
            wanted = json.loads(body)["auth"]
            id_token = wanted["id_token"]["id"]
            scope = (wanted.get("scope") or {}).get("project")
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._iam("IAM.0011", 400, "The request body is invalid.")
        refusal = self._check_id_token(headers.get("x-idp-id", ""), id_token, now)
        if refusal is not None:
            return refusal
        project = None if scope is None else self._project(scope)
        if scope is not None and project is None:
            return self._iam("IAM.0001", 401, "The project of the scope was not found.")
        token = self._authenticator.issue_token("federated", now, is_scoped=project is not None)
        domain = {"id": "d0000000000000000000000000000001", "name": DOMAIN_NAME}
        described: dict[str, Any] = {
            "expires_at": iso_date(self._clock.epoch + (token.valid_until or now)),
            "issued_at": iso_date(self._clock.epoch + now),
            "methods": ["mapped"],
            "user": {"id": "u0000000000000000000000000000002", "name": "federated", "domain": domain},
            "roles": [],
            "catalog": [],
        }
        if project is not None:
            described["project"] = {"id": project.id, "name": project.name, "domain": domain}
        return answer_json({"token": described}, 201, {"X-Subject-Token": token.token})

    # -- STS --------------------------------------------------------------------------------------------------------

    def assume(self, headers: Mapping[str, str], body: bytes, now: float) -> Answer:
        """`POST /v5/agencies/assume`."""
        most = MOST_CHAINED if "x-security-token" in headers else MOST_STS
        return self._assumed(_object(body), most, None, now)

    def assume_with_oidc(self, body: bytes, now: float) -> Answer:
        """`POST /v5/agencies/assume-with-oidc`."""
        wanted = _object(body)
        provider = str(wanted.get("provider_urn")).rpartition(":oidcProvider:")[2]
        refusal = self._check_id_token(provider, wanted.get("id_token"), now)
        return refusal or self._assumed(wanted, MOST_STS, provider, now)

    def _assumed(self, wanted: Mapping[str, Any], most: int, provider: str | None, now: float) -> Answer:
        name = wanted.get("agency_session_name")
        duration = wanted.get("duration_seconds", DEFAULT_DURATION_STS)
        if not isinstance(name, str) or not 2 <= len(name) <= 128 or " " in name or not _is_within(duration, most):
            return self._errors.make("STS5.0001", status=400, message="The request parameter is invalid.")
        for agency in self._scenario.agencies:
            if wanted.get("agency_urn") == f"iam::{agency.domain_id}:agency:{agency.name}":
                is_trusted = provider is None or agency.providers is None or provider in agency.providers
                if not is_trusted or duration > agency.max_duration:
                    break
                key = self._key(duration, now, agency.name, agency)
                received = {"audience": "gate", "provider": provider, "subject_from_id_token": "repo:example/app"}
                return answer_json(
                    {
                        **(received if provider else {}),
                        "source_identity": None,
                        "assumed_agency": {
                            "urn": f"sts::{agency.domain_id}:assumed-agency:{agency.name}/{name}",
                            "id": f"aabbccddeeff00112233445566778899:{name}",
                        },
                        "credentials": {
                            "access_key_id": key.access_key,
                            "secret_access_key": key.secret_key,
                            "security_token": key.security_token,
                            "expiration": self._expiry(key, now),
                        },
                    }
                )
        return self._errors.make("STS5.1001", status=403, message="The trust policy does not allow this.")

    # -- parts ------------------------------------------------------------------------------------------------------

    def _key(self, duration: int, now: float, user: str | None, agency: Agency | None) -> AccessKey:
        self._issued += 1
        most = self._scenario.key_lifetime
        key = AccessKey(
            access_key=f"EMULATORTEMPKEY{self._issued:05d}",
            secret_key=f"emulatorTempSecret/0000000000000{self._issued:05d}",
            security_token=f"emulator-temporary-security-token-{self._issued:05d}==",
            valid_until=now + (duration if most is None else min(most, duration)),
            user=user,
            project_id=agency.project_id if agency else None,
        )
        self._authenticator.add_key(key)
        return key

    def _credential(self, key: AccessKey, now: float) -> Answer:
        return answer_json(
            {
                "credential": {
                    "access": key.access_key,
                    "secret": key.secret_key,
                    "securitytoken": key.security_token,
                    "expires_at": self._expiry(key, now),
                }
            },
            201,
        )

    def _expiry(self, key: AccessKey, now: float) -> str:
        """When a key expires by the clock of the header Date, which is the real one even if the emulator's clock is manual."""
        left = (key.valid_until or now) - now
        return iso_date(real_time.time() + self._scenario.clock_skew + left)

    def _check_id_token(self, provider_id: str, id_token: Any, now: float) -> Answer | None:
        provider = next((item for item in self._scenario.identity_providers if item.id == provider_id), None)
        if provider is None:
            return self._iam("IAM.0004", 404, "The identity provider is missing.")
        is_over = provider.valid_until is not None and now >= provider.valid_until
        if id_token not in provider.tokens or is_over:
            return self._iam("IAM.0001", 401, "The ID token is invalid.")
        return None

    def _project(self, scope: Mapping[str, Any]) -> Project | None:
        for project in self._scenario.projects:
            if scope.get("id") == project.id or (scope.get("id") is None and scope.get("name") == project.name):
                return project
        return None

    def _iam(self, code: str, status: int, message: str) -> Answer:
        answer = answer_json({"error_code": code, "error_msg": message}, status)
        answer.error_code = code
        return answer


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    return data if isinstance(data, dict) else {}


def _is_within(duration: Any, most: int) -> bool:
    return isinstance(duration, int) and not isinstance(duration, bool) and 900 <= duration <= most
