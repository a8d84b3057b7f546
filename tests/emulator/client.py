# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small signing client for the emulator's own tests and for demonstrations.

It is written from the description of the signature alone: it uses neither the vendor's signer, which checks it here, nor the
collection's. It signs any bytes, right or wrong, and never retries.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests

from . import constants

TIMEOUT = 10.0
"""Seconds for one request."""


def encoded(text: str) -> str:
    """Percent-encoded, all but letters, digits and `-_.~`."""
    return quote(text, safe="-_.~")


def signed_headers(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    access_key: str = constants.ACCESS_KEY,
    secret_key: str = constants.SECRET_KEY,
    late: float = 0.0,
) -> dict[str, str]:
    """The headers with X-Sdk-Date and Authorization; every header given is signed. `late` seconds go from the date."""
    parts = urlsplit(url)
    date = (datetime.now(UTC) - timedelta(seconds=late)).strftime("%Y%m%dT%H%M%SZ")
    sent = {**headers, "X-Sdk-Date": date}
    lower = {name.lower(): value.strip() for name, value in sent.items()}
    lower.setdefault("host", parts.netloc)
    names = ";".join(sorted(lower))
    path = "/".join(encoded(unquote(segment)) for segment in parts.path.split("/"))
    pairs = sorted((unquote(n), unquote(v)) for n, dummy, v in (p.partition("=") for p in parts.query.split("&") if p))
    canonical = "\n".join(
        (
            method,
            path if path.endswith("/") else path + "/",
            "&".join(f"{encoded(name)}={encoded(value)}" for name, value in pairs),
            "".join(f"{name}:{lower[name]}\n" for name in sorted(lower)),
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    to_sign = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    sent["Authorization"] = f"SDK-HMAC-SHA256 Access={access_key}, SignedHeaders={names}, Signature={signature}"
    return sent


class Client:
    """Signed requests to one emulator, or with a token when `token` is given; one pooled session."""

    def __init__(
        self,
        url: str,
        *,
        project_id: str = constants.PROJECT_ID,
        access_key: str = constants.ACCESS_KEY,
        secret_key: str = constants.SECRET_KEY,
        security_token: str | None = None,
        token: str | None = None,
        workspace: str | None = None,
    ) -> None:
        self.url = url
        self.project_id = project_id
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token
        self.headers = {"X-Project-Id": project_id, "Content-Type": "application/json", "X-Language": "en_us"}
        if security_token is not None:
            self.headers["X-Security-Token"] = security_token
        if workspace is not None:
            self.headers["workspace"] = workspace
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.session.close()

    def get(
        self,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str | None] | None = None,
        late: float = 0.0,
        **options: Any,
    ) -> requests.Response:
        """GET a path (already encoded). A header given as None is left out; `options` go to `requests`."""
        url = self.url + path
        if query:
            url += "?" + "&".join(f"{encoded(key)}={encoded(str(value))}" for key, value in query.items())
        chosen = {**self.headers, **(headers or {})}
        sent = {name: value for name, value in chosen.items() if value is not None}
        if self.token is not None:
            sent["X-Auth-Token"] = self.token
        else:
            sent = signed_headers("GET", url, sent, access_key=self.access_key, secret_key=self.secret_key, late=late)
        prepared = requests.Request("GET", url, headers=sent).prepare()
        return self.session.send(prepared, timeout=options.pop("timeout", TIMEOUT), allow_redirects=False, **options)

    def post(self, path: str, body: bytes = b"") -> requests.Response:
        """POST to a path (already encoded), signed."""
        url = self.url + path
        sent = signed_headers("POST", url, self.headers, body, access_key=self.access_key, secret_key=self.secret_key)
        prepared = requests.Request("POST", url, headers=sent, data=body or None).prepare()
        return self.session.send(prepared, timeout=TIMEOUT, allow_redirects=False)

    def order(self, name: str, verb: str, body: bytes = b"") -> requests.Response:
        """`start`, `stop` or `run-immediate` of a job."""
        return self.post(f"/v1/{self.project_id}/jobs/{encoded(name)}/{verb}", body)

    def jobs(self, job_type: str | None = "REAL_TIME", **query: Any) -> requests.Response:
        """The job list."""
        if job_type is not None:
            query = {"jobType": job_type, **query}
        return self.get(f"/v1/{self.project_id}/jobs", query)

    def status(self, name: str, **options: Any) -> requests.Response:
        """A real-time job's status."""
        return self.get(f"/v1/{self.project_id}/jobs/{encoded(name)}/status", **options)

    def progress(self, job_id: str, version: str = "v1") -> requests.Response:
        """A DLI job's progress."""
        return self.get(f"/{version}/{self.project_id}/jobs/{job_id}/progress")

    def sql_status(self, job_id: str) -> requests.Response:
        """A DLI job's status."""
        return self.get(f"/v1.0/{self.project_id}/jobs/{job_id}/status")
