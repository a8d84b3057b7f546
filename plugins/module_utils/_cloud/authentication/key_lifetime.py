# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""When a temporary key has to be renewed, so that no request is sent with one that has expired."""

from __future__ import annotations

from typing import Optional

MAX_MARGIN = 300.0  # seconds before the end from which on a key is renewed
MARGIN_PART = 4  # this part of a short lifetime
TRIES = 5  # renewals that fit into the margin
_NEVER = float("inf")


class KeyLifetime:
    """The life of the present key. Times are seconds on the session's clock.

    :ivar ends_at: when the key expires; infinite if that is not known.
    """

    def __init__(self) -> None:
        self.ends_at = _NEVER
        self._renew_at = _NEVER
        self._pause = 0.0

    def begin(self, now: float, seconds: Optional[float]) -> None:
        """There is a new key, which is valid for *seconds* from now on; None if that is not known."""
        if seconds is None:
            self.ends_at = self._renew_at = _NEVER
            return
        margin = min(MAX_MARGIN, seconds / MARGIN_PART)
        self.ends_at = now + seconds
        self._renew_at = self.ends_at - margin
        self._pause = margin / TRIES

    def is_due(self, now: float) -> bool:
        """Whether the key should be renewed."""
        return now >= self._renew_at

    def is_over(self, now: float) -> bool:
        """Whether the key has expired."""
        return now >= self.ends_at

    def begin_renewal(self, now: float) -> float:
        """A renewal begins now; returns when it has to end. If it fails, the next one is due then."""
        self._renew_at = min(now + self._pause, self.ends_at)
        return self._renew_at
