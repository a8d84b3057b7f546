# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Access keys, which sign every request: a permanent one, or a temporary one with its security token."""

from __future__ import annotations

from typing import Callable, Dict, Optional, Sequence

from ..base import Auth, Known
from ..signature import SdkHmacSha256


class AccessKey(Known):
    """Access key and secret key."""

    def __init__(self, place: str, access_key: str, secret_key: str) -> None:
        super().__init__(place)
        self._access_key = access_key
        self._secret_key = secret_key

    def header_values(self) -> Dict[str, Optional[str]]:
        return {"access_key": self._access_key, "secret_key": self._secret_key}

    @property
    def secrets(self) -> Sequence[str]:
        return [self._access_key, self._secret_key]

    def auth(self, wall: Callable[[], float]) -> Auth:
        return SdkHmacSha256(self._access_key, self._secret_key, wall=wall)


class TemporaryKey(AccessKey):
    """Access key, secret key and security token."""

    is_temporary = True

    def __init__(self, place: str, access_key: str, secret_key: str, security_token: str) -> None:
        super().__init__(place, access_key, secret_key)
        self._security_token = security_token

    def header_values(self) -> Dict[str, Optional[str]]:
        return {**super().header_values(), "security_token": self._security_token}

    @property
    def secrets(self) -> Sequence[str]:
        return [*super().secrets, self._security_token]

    def auth(self, wall: Callable[[], float]) -> Auth:
        return SdkHmacSha256(self._access_key, self._secret_key, self._security_token, wall=wall)
