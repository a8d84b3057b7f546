# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The request log: one line for each request. The only place that makes these lines.

A line never contains a header besides the request's ID, nor a body. Values of a query are masked unless they are known to be
harmless, and so is every known secret, in any form.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Optional
from urllib.parse import parse_qsl, unquote, urlsplit

from ..._clock import Clock
from ..failures.secret_forms import MASK
from .ended_request import EndedRequest
from .line_file import LineFile

MAX_PATH = 400  # characters
MAX_ID = 80
# Parameters with numbers and words of the API. Names, tags and texts are masked.
_SHOWN_PARAMETERS = frozenset(
    (
        "current-page",
        "from",
        "jobType",
        "job-type",
        "job_type",
        "limit",
        "nocatalog",
        "offset",
        "order",
        "page-size",
        "show_detail",
        "size",
        "state",
        "status",
        "type",
    )
)

# scrub(text, limit): the text on one line of at most *limit* characters, without secrets.
Scrub = Callable[[str, int], str]


class RequestLog:
    """Writes the log.

    :param scrub: removes secrets and control characters.
    :param show: is called with each line; None to show none.
    :param file: gets each line as a JSON object; None for no file.
    :param warn: is called once if writing the file failed.
    """

    def __init__(
        self,
        clock: Clock,
        scrub: Scrub,
        show: Optional[Callable[[str], None]] = None,
        file: Optional[LineFile] = None,
        warn: Optional[Callable[[str], None]] = None,
    ) -> None:
        self._clock = clock
        self._scrub = scrub
        self._show = show
        self._file = file
        self._warn = warn

    def ended(self, request: EndedRequest) -> None:
        """Write the line of a request."""
        fields = self._fields(request)
        if self._show is not None:
            self._show(as_line(fields))
        if self._file is None:
            return
        try:
            self._file.append(json.dumps(fields))
        except OSError as error:
            self._file.close()
            self._file = None
            if self._warn is not None:
                self._warn(f"The request log ends early, its file cannot be written: {error.strerror}")

    def _fields(self, request: EndedRequest) -> Dict[str, Any]:
        parts = urlsplit(request.url)
        answer = request.answer
        request_id = answer.headers.get("X-Request-Id") if answer else None
        return {
            "time": round(self._clock.wall(), 3),
            "method": request.call.method,
            "host": self._scrub(parts.netloc.rpartition("@")[2], 253),
            "path": self._scrub(unquote(parts.path), MAX_PATH),
            "query": self._query(parts.query),
            "status": answer.status if answer else None,
            "problem": request.problem,
            "milliseconds": round(request.seconds * 1000),
            "request_id": self._scrub(request_id, MAX_ID) if request_id else None,
        }

    def _query(self, query: str) -> str:
        shown: List[str] = [
            f"{name}={value if name in _SHOWN_PARAMETERS else MASK}"
            for name, value in parse_qsl(query, keep_blank_values=True)
        ]
        return self._scrub("&".join(shown), MAX_PATH)


def as_line(fields: Dict[str, Any]) -> str:
    """A line of the log as people read it."""
    query = f"?{fields['query']}" if fields["query"] else ""
    end = fields["problem"] or f"HTTP {fields['status']}"
    line = f"{fields['method']} {fields['host']}{fields['path']}{query}: {end}, {fields['milliseconds']} ms"
    return f"{line}, request {fields['request_id']}" if fields["request_id"] else line
