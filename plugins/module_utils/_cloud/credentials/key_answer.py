# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Temporary keys in the answers of IAM, STS and the metadata service, which spell their fields differently."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Sequence

from ..._clock import http_date
from ..._errors import TRANSIENT, RequestError
from .base import KeyRequest
from .signature import SdkHmacSha256

_CONTAINERS = ("credential", "credentials")
_SPELLINGS: Dict[str, Sequence[str]] = {
    "access key": ("access", "accessKeyId", "access_key_id"),
    "secret key": ("secret", "secretAccessKey", "secret_access_key"),
    "security token": ("securitytoken", "securityToken", "security_token"),
    "expiry": ("expires_at", "expiration"),
}
_ERRORS = ("error", "errors", "error_code", "errorCode", "error_msg", "errorMsg")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


class TemporaryKeys(NamedTuple):
    """A temporary access key.

    :ivar expires_at: when it expires, in seconds since the epoch by the server's clock; None if the answer does not say so.
    """

    access_key: str
    secret_key: str
    security_token: Optional[str]
    expires_at: Optional[float]

    def auth(self, wall: Callable[[], float]) -> SdkHmacSha256:
        """The auth that signs requests with it."""
        return SdkHmacSha256(self.access_key, self.secret_key, self.security_token, wall=wall)


def read_keys(data: Any) -> TemporaryKeys:
    """The temporary key in the decoded body of an answer.

    :raises ValueError: there is none, or it is ambiguous. The text does not quote the answer.
    """
    if not isinstance(data, dict):
        raise ValueError("the answer is not a JSON object")
    if any(data.get(name) for name in _ERRORS):
        raise ValueError("the answer contains an error although its status is a success")
    found = _only(data, "temporary key", _CONTAINERS)
    if not isinstance(found, dict):
        raise ValueError("the answer contains no temporary key")
    fields = {name: _field(found, name) for name in _SPELLINGS}
    access_key, secret_key, expiry = fields["access key"], fields["secret key"], fields["expiry"]
    if access_key is None or secret_key is None:
        raise ValueError("the answer contains no access key or no secret key")
    return TemporaryKeys(access_key, secret_key, fields["security token"], None if expiry is None else _seconds(expiry))


def read_issued_keys(
    request: KeyRequest, headers: Mapping[str, str], data: Any, wall: Callable[[], float]
) -> TemporaryKeys:
    """The temporary key of an answer of IAM or STS: it must have a security token and an expiry.

    :raises RequestError: the answer has none, or the key has expired.
    """
    try:
        keys = read_keys(data)
        if keys.security_token is None:
            raise ValueError("the answer contains no security token")
        if lifetime_of(keys, headers, wall) <= 0:
            raise ValueError("the temporary key in the answer has already expired by the server's clock")
    except ValueError as problem:
        raise unusable(request, str(problem)) from None
    return keys


def lifetime_of(keys: TemporaryKeys, headers: Mapping[str, str], wall: Callable[[], float]) -> float:
    """Seconds for which a key is valid, counted from its answer by the server's clock.

    :param headers: of the answer; ``Date`` is the server's clock. Without it, this host's clock counts.
    :raises ValueError: the answer does not say when it expires.
    """
    if keys.expires_at is None:
        raise ValueError("the answer does not say when the temporary key expires")
    now = http_date(headers.get("Date"))
    return keys.expires_at - (wall() if now is None else now)


def unusable(request: KeyRequest, problem: str) -> RequestError:
    """The error for an answer that has the status of a success and no usable content."""
    path = request.target.partition("?")[0]
    return RequestError(TRANSIENT, problem, service=request.service, method=request.method, path=path, status=200)


def _field(found: Mapping[str, Any], name: str) -> Optional[str]:
    value = _only(found, name, _SPELLINGS[name])
    if value is not None and not (isinstance(value, str) and value.isascii() and value.isprintable()):
        raise ValueError(f"the {name} in the answer is not one line of printable ASCII text")
    return value.strip() or None if isinstance(value, str) else None


def _only(found: Mapping[str, Any], name: str, spellings: Sequence[str]) -> Any:
    """The value of a field, which may be given under several spellings if they agree."""
    values = [found[spelling] for spelling in spellings if found.get(spelling) not in (None, "")]
    if any(value != values[0] for value in values[1:]):
        raise ValueError(f"the answer contains the {name} twice, with different values")
    return values[0] if values else None


def _seconds(text: str) -> float:
    matched = _TIME.fullmatch(text)
    try:
        if matched is None:
            raise ValueError
        zone = "+00:00" if matched[2] in (None, "Z") else matched[2]
        return datetime.fromisoformat(matched[1] + zone).astimezone(timezone.utc).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("the expiry of the temporary key in the answer is not a time") from None
