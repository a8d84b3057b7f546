# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Signature SDK-HMAC-SHA256 as a ``requests`` auth class.

An auth class, unlike a header, cannot be overridden by ``~/.netrc``, and gets the URL exactly as it is sent.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Callable, Iterable, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import quote, unquote, urlsplit

from ..http.requests_import import AuthBase, requests

ALGORITHM = "SDK-HMAC-SHA256"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
# Only these headers are signed, because proxies change others.
SIGNED = ("content-type", "host", "workspace", "x-project-id", "x-sdk-date", "x-security-token")


def encode(text: str) -> str:
    """Percent-encode all but the unreserved characters; a space becomes ``%20``."""
    return quote(text, safe="-_.~")


def build_path(segments: Iterable[str]) -> str:
    """``/a/b`` from decoded segments. Each is encoded separately, so a slash within a segment is encoded, too."""
    return "/" + "/".join(encode(segment) for segment in segments)


def build_query(pairs: Iterable[Tuple[str, str]]) -> str:
    """The query string in the given order; the signature requires ``%20`` for spaces, not ``+``."""
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in pairs)


def canonical_request(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Tuple[str, str]:
    """The canonical request and the list of signed header names, ``;`` between them.

    :param path: encoded path as it is sent.
    :param query: encoded query as it is sent, without the question mark.
    :param headers: the headers to sign, names in any case.
    """
    uri = "/".join(encode(segment) for segment in unquote(path).split("/"))
    if not uri.endswith("/"):
        uri += "/"
    pairs: List[Tuple[str, str]] = []
    for item in query.split("&") if query else []:
        name, dummy, value = item.partition("=")
        pairs.append((unquote(name), unquote(value)))
    lowered = sorted((name.lower(), value.strip()) for name, value in headers.items())
    names = ";".join(name for name, dummy in lowered)
    lines = "".join(f"{name}:{value}\n" for name, value in lowered)
    digest = hashlib.sha256(body).hexdigest()
    return "\n".join([method.upper(), uri, build_query(sorted(pairs)), lines, names, digest]), names


def authorization(access_key: str, secret_key: str, date: str, canonical: str, names: str) -> str:
    """The value of the Authorization header for a canonical request."""
    to_sign = f"{ALGORITHM}\n{date}\n{hashlib.sha256(canonical.encode('utf-8')).hexdigest()}"
    signature = hmac.new(secret_key.encode("utf-8"), to_sign.encode("utf-8"), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={signature}"


class SdkHmacSha256(AuthBase):
    """Signs a prepared request with an access key.

    :param security_token: belongs to a temporary key; sent as the header X-Security-Token.
    :param wall: gives seconds since the epoch.
    """

    def __init__(
        self,
        access_key: str,
        secret_key: str,
        security_token: Optional[str] = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.access_key = access_key
        self.security_token = security_token
        self._secret_key = secret_key
        self._wall = wall

    @property
    def secrets(self) -> Sequence[str]:
        """Values that must never be shown."""
        return [secret for secret in (self.access_key, self._secret_key, self.security_token) if secret]

    def __call__(self, r: "requests.PreparedRequest") -> "requests.PreparedRequest":
        url = urlsplit(str(r.url))
        date = time.strftime(DATE_FORMAT, time.gmtime(self._wall()))
        # Set here, so that the signed host is exactly the one that is sent, with its port.
        r.headers["Host"] = url.netloc.rpartition("@")[2]
        r.headers["X-Sdk-Date"] = date
        if self.security_token:
            r.headers["X-Security-Token"] = self.security_token
        body = r.body.encode("utf-8") if isinstance(r.body, str) else bytes(r.body or b"")
        signed = {name: str(value) for name, value in r.headers.items() if name.lower() in SIGNED}
        canonical, names = canonical_request(str(r.method), url.path or "/", url.query, signed, body)
        r.headers["Authorization"] = authorization(self.access_key, self._secret_key, date, canonical, names)
        return r


class TokenAuth(AuthBase):
    """Sends an IAM token instead of a signature."""

    def __init__(self, token: str) -> None:
        self._token = token

    @property
    def secrets(self) -> Sequence[str]:
        """Values that must never be shown."""
        return [self._token]

    def __call__(self, r: "requests.PreparedRequest") -> "requests.PreparedRequest":
        r.headers["X-Auth-Token"] = self._token
        return r
