# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The only place that imports requests, so that a missing library leads to a clear message instead of a traceback."""

from __future__ import annotations

import traceback
from typing import Any, Optional

__all__ = ["IMPORT_ERROR", "AuthBase", "HTTPAdapter", "requests"]

IMPORT_ERROR: Optional[str] = None
try:
    import requests
    from requests.adapters import HTTPAdapter
    from requests.auth import AuthBase
except ImportError:
    IMPORT_ERROR = traceback.format_exc()
    requests = None  # type: ignore[assignment]
    HTTPAdapter = None  # type: ignore[assignment,misc]

    class AuthBase:  # type: ignore[no-redef]
        """A placeholder where requests is missing, so that its subclasses can still be defined."""

        def __call__(self, r: Any) -> Any:
            raise NotImplementedError
