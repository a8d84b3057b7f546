# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""ECS agency: the temporary key that the metadata service of a cloud server gives to the programs on it."""

from __future__ import annotations

from typing import Any, Callable, Dict, Generator, Mapping, Tuple

from ...._errors import PERMANENT, TRANSIENT, RequestError
from ..base import Credentials, KeyRequest, Obtaining
from ..key_answer import read_keys

METADATA = "http://169.254.169.254"
KEY_PATH = "/openstack/latest/securitykey"
TOKEN_PATH = "/meta-data/latest/api/token"
TOKEN_SECONDS = "600"


class EcsAgency(Credentials):
    """A temporary key from the metadata service, which is read again when the key has expired. No proxy is used."""

    renewable = True
    is_temporary = True

    def __init__(self, base: str = METADATA) -> None:
        super().__init__("the metadata service of this cloud server")
        self._base = base

    def obtain(self, wall: Callable[[], float]) -> Obtaining:
        dummy, data = yield from self._ask()
        try:
            return read_keys(data).auth(wall)
        except ValueError as problem:
            raise RequestError(
                PERMANENT,
                f"the metadata service gave no access key ({problem}); check that an agency is set for this cloud server",
                service="metadata",
                path=KEY_PATH,
            ) from None

    def _ask(self) -> Generator[KeyRequest, Tuple[Mapping[str, str], Any], Tuple[Mapping[str, str], Any]]:
        """Newer hosts require a token (401 or 403 without one), older ones do not know it."""
        headers: Dict[str, str] = {}
        try:
            dummy, token = yield KeyRequest(
                "metadata", "PUT", self._base + TOKEN_PATH, {"X-Metadata-Token-Ttl-Seconds": TOKEN_SECONDS}
            )
            if isinstance(token, str) and token.strip().isprintable() and token.strip():
                headers["X-Metadata-Token"] = token.strip()
        except RequestError as error:
            if error.status is None and error.kind == TRANSIENT:
                raise RequestError(
                    error.kind,
                    "no metadata service answers; ecs_agency works only on a cloud server",
                    service="metadata",
                    path=TOKEN_PATH,
                ) from None
        answer = yield KeyRequest("metadata", "GET", self._base + KEY_PATH, headers)
        return answer
