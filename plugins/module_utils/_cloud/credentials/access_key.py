# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Permanent access key: signs every request."""

from __future__ import annotations

from typing import Callable, Dict, Optional, Sequence

from .base import Auth, Credentials, Fetch
from .signature import SdkHmacSha256


class AccessKey(Credentials):
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

    def obtain(self, fetch: Fetch, wall: Callable[[], float]) -> Auth:
        return SdkHmacSha256(self._access_key, self._secret_key, wall=wall)
