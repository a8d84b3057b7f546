# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's own signer, which checks each signature."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

MISSING = (
    "signatures cannot be checked: the package huaweicloudsdkcore is not installed in this Python "
    "(pip install huaweicloudsdkcore); requests with an access key are answered 500"
)
_import_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The signed parts of a request. `raw_path` as sent, `query` decoded, `headers` only the signed ones, in lower case."""

    method: str
    raw_path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """The right Authorization header, and the canonical request that it was made from."""

    authorization: str
    canonical_request: str


Oracle = Callable[[str, str, SignedRequest], Expected]
"""From access key, secret key and request to the vendor's signature."""


@contextmanager
def other_home() -> Iterator[None]:
    """Point HOME at a temporary folder: the vendor's package writes a file there while it is imported."""
    before = os.environ.get("HOME")
    with _import_lock, tempfile.TemporaryDirectory(prefix="emulator-home-") as home:
        os.environ["HOME"] = home
        try:
            yield
        finally:
            if before is None:
                del os.environ["HOME"]
            else:
                os.environ["HOME"] = before


@cache
def load_oracle() -> Oracle | None:
    """The vendor's signer, or None when its package is not installed; imported once in a process."""
    with other_home():
        try:
            from huaweicloudsdkcore.auth.credentials import BasicCredentials
            from huaweicloudsdkcore.sdk_request import SdkRequest
            from huaweicloudsdkcore.signer.signer import Signer
        except ModuleNotFoundError:
            return None

    class Recording(Signer):
        """Keeps the canonical request, which the gateway's error message echoes."""

        canonical = ""

        def _process_canonical_request(self, request: SdkRequest, signed_headers: list[str]) -> str:
            self.canonical = super()._process_canonical_request(request, signed_headers)
            return self.canonical

    def oracle(access_key: str, secret_key: str, request: SignedRequest) -> Expected:
        signer = Recording(BasicCredentials(access_key, secret_key))
        signed = signer.sign(
            SdkRequest(
                method=request.method,
                schema="http",
                host=request.headers.get("host", ""),
                resource_path=request.raw_path,
                query_params=list(request.query),
                header_params=dict(request.headers),
                body=request.body or None,
            )
        )
        return Expected(signed.header_params["Authorization"], signer.canonical)

    return oracle
