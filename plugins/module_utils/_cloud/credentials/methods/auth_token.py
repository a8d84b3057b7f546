# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""IAM token that the user provides."""

from __future__ import annotations

from typing import Callable, Dict, Optional, Sequence

from ..base import Auth, Known
from ..signature import TokenAuth


class AuthToken(Known):
    """A token from IAM's header X-Subject-Token."""

    what = "the token, which is for one region and lives 24 hours at most"
    gives_key = False

    def __init__(self, place: str, token: str) -> None:
        super().__init__(place)
        self._token = token

    def header_values(self) -> Dict[str, Optional[str]]:
        return {"auth_token": self._token}

    @property
    def secrets(self) -> Sequence[str]:
        return [self._token]

    def auth(self, wall: Callable[[], float]) -> Auth:
        return TokenAuth(self._token)
