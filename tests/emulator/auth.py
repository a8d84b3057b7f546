# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authentication: access keys with signatures, tokens, and the lock after too many bad signatures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

from .answers import Answer, Errors
from .scenario import AccessKey, Scenario, Token
from .vendor import MISSING, Oracle, SignedRequest

ALGORITHM: Final = "SDK-HMAC-SHA256"
DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"
MAX_DATE_DIFFERENCE: Final = 15 * 60
"""Seconds that a request's date may differ from the server's clock."""
_AUTHORIZATION: Final = re.compile(
    rf"{ALGORITHM} Access=(?P<access>[^,\s]+), ?SignedHeaders=(?P<names>[^,\s]*), ?"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_ACCESS: Final = re.compile(r"(?:Access|Credential)=([^,/\s]+)")


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of a request that authentication uses: header names in lower case, `raw_query` as sent."""

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    request_id: str


def access_key_of(headers: Mapping[str, str]) -> str | None:
    """The access key that a request names, right or wrong."""
    found = _ACCESS.search(headers.get("authorization", ""))
    return found[1] if found else None


class Authenticator:
    """Checks requests against the scenario's keys and tokens. Times are emulator seconds unless said otherwise."""

    def __init__(self, scenario: Scenario, errors: Errors, oracle: Oracle | None) -> None:
        self._scenario = scenario
        self._errors = errors
        self._oracle = oracle
        self.reset()

    def reset(self) -> None:
        """Forget issued tokens and agency keys, bad signatures and locks."""
        self._keys = {key.access_key: key for key in self._scenario.access_keys}
        self._tokens = {token.token: token for token in self._scenario.tokens}
        self._failures: dict[str, int] = {}
        self._locked_until: dict[str, float] = {}
        self._issued = 0

    def issue_token(self, user: str, now: float, *, is_scoped: bool = True) -> Token:
        """A new token for `user`."""
        self._issued += 1
        token = Token(f"emulator-issued-token-{self._issued:06d}", now + self._scenario.token_lifetime, user, is_scoped)
        self._tokens[token.token] = token
        return token

    def add_key(self, key: AccessKey) -> None:
        """Add a key, replacing one with the same access key."""
        self._keys[key.access_key] = key

    def token(self, text: str, now: float) -> Token | None:
        """The token with this text, if it is valid."""
        token = self._tokens.get(text)
        return None if token is None or (token.valid_until is not None and now >= token.valid_until) else token

    def project_of(self, headers: Mapping[str, str]) -> str | None:
        """The only project that the key of a request may be used for; None for any."""
        key = self._keys.get(access_key_of(headers) or "")
        return key.project_id if key is not None else None

    def locked(self, access_key: str, now: float) -> bool:
        """Whether the access key is locked."""
        return now < self._locked_until.get(access_key, float("-inf"))

    def user_of(self, headers: Mapping[str, str]) -> str:
        """The user that a request names; unknown users are counted separately."""
        if (access_key := access_key_of(headers)) is not None:
            key = self._keys.get(access_key)
            return key.user if key is not None and key.user else access_key
        if (text := headers.get("x-auth-token")) is not None:
            token = self._tokens.get(text)
            return token.user if token is not None and token.user else "a token's user"
        return "anonymous"

    def check(self, request: Request, now: float, wall: float, *, needs_scope: bool = True) -> Answer | None:
        """None if the request is accepted, else the refusal. `wall` is the server's Unix time in seconds."""
        if not self._scenario.authentication:
            return None
        headers = request.headers
        if "authorization" in headers and "x-auth-token" in headers:
            return self._refuse(request, "both Authorization and X-Auth-Token are given")
        if "x-auth-token" in headers:
            return self._check_token(request, now, needs_scope)
        if "authorization" in headers:
            return self._check_signature(request, now, wall)
        return self._refuse(request, "no authentication header")

    def _refuse(self, request: Request, reason: str) -> Answer:
        return self._errors.make("APIGW.0301", reason=reason, request_id=request.request_id)

    def _check_token(self, request: Request, now: float, needs_scope: bool) -> Answer | None:
        token = self._tokens.get(request.headers["x-auth-token"])
        if token is None or (needs_scope and not token.is_scoped):
            return self._refuse(request, "decrypt token fail")
        if token.valid_until is not None and now >= token.valid_until:
            return self._errors.make("APIGW.0307", request_id=request.request_id)
        return None

    def _check_signature(self, request: Request, now: float, wall: float) -> Answer | None:
        if self._oracle is None:
            return self._errors.make("EMULATOR.0001", status=500, message=MISSING)
        found = _AUTHORIZATION.fullmatch(request.headers["authorization"])
        if found is None:
            return self._refuse(request, "Authorization format is incorrect")
        access_key, names = found["access"], found["names"].split(";")
        if self.locked(access_key, now):
            return self._refuse(
                request, f"the access key {access_key} is locked for too many failures, try again later"
            )
        key = self._keys.get(access_key)
        if key is None:
            return self._refuse(request, f"the access key {access_key} does not exist")
        if key.security_token and "x-security-token" not in request.headers:
            return self._refuse(request, f"ak {access_key} not exist")
        if not {"host", "x-sdk-date"} <= set(names):
            return self._refuse(request, "host and x-sdk-date must be signed")
        missing = [name for name in names if name not in request.headers]
        if missing:
            return self._refuse(request, f"signed header {missing[0]} is not in the request")
        try:
            date = datetime.strptime(request.headers["x-sdk-date"], DATE_FORMAT).replace(tzinfo=UTC)
        except ValueError:
            return self._refuse(request, "x-sdk-date is not a date")
        if abs(date.timestamp() - wall) > MAX_DATE_DIFFERENCE:
            return self._refuse(request, "the signature is expired, x-sdk-date is too far from the server's time")
        reason = self._wrong(request, key, names)
        if reason is not None:
            return self._failed(request, access_key, reason, now)
        self._failures.pop(access_key, None)
        if key.valid_until is not None and now >= key.valid_until:
            return self._refuse(request, "the security token is expired")
        return None

    def _wrong(self, request: Request, key: AccessKey, names: list[str]) -> str | None:
        assert self._oracle is not None
        if request.headers.get("x-security-token") != key.security_token:
            return "the security token does not belong to the access key"
        expected = self._oracle(
            key.access_key,
            key.secret_key,
            SignedRequest(
                method=request.method,
                raw_path=request.raw_path,
                query=decode_query(request.raw_query),
                headers={name: request.headers[name] for name in names},
                body=request.body,
            ),
        )
        given = request.headers["authorization"].replace(",", ", ").replace(",  ", ", ")
        if given == expected.authorization:
            return None
        return f"verify aksk signature fail, canonicalRequest:{expected.canonical_request.replace(chr(10), '|')}"

    def _failed(self, request: Request, access_key: str, reason: str, now: float) -> Answer:
        failures = self._failures.get(access_key, 0) + 1
        self._failures[access_key] = failures
        if failures > self._scenario.lock_after > 0:
            self._locked_until[access_key] = now + self._scenario.lock_seconds
            self._failures.pop(access_key)
        return self._refuse(request, reason)


def decode_query(raw: str) -> list[tuple[str, str]]:
    """Names and values of a query as the signature sees them: `%20` is a space, `+` is a plus."""
    pairs = (part.partition("=") for part in raw.split("&") if part)
    return [(unquote(name), unquote(value)) for name, dummy, value in pairs]
