# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request to make, as plain data."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Optional, Tuple

from .options import Connection
from .signature import build_path, build_query


class Call:
    """A request to make.

    :param service: dataarts, dli or iam.
    :param segments: path below the endpoint, decoded; ``{project_id}`` stands for the project's ID.
    :param query: name and value pairs, decoded.
    :param headers: headers besides those that every call has.
    :param key: anything; helps the caller to tell calls apart.
    """

    __slots__ = ("body", "headers", "key", "method", "query", "segments", "service", "signed", "url")

    def __init__(
        self,
        service: str,
        segments: Tuple[str, ...],
        query: Iterable[Tuple[str, str]] = (),
        headers: Optional[Mapping[str, str]] = None,
        key: Any = None,
    ) -> None:
        self.service = service
        self.segments = segments
        self.query = list(query)
        self.headers = dict(headers or {})
        self.key = key
        self.method = "GET"
        self.body: Any = None
        self.signed = True
        self.url: Optional[str] = None

    def address(self, connection: Connection, project_id: Optional[str]) -> str:
        """The whole URL."""
        if self.url:
            return self.url
        segments = [project_id or "" if segment == "{project_id}" else segment for segment in self.segments]
        query = f"?{build_query(self.query)}" if self.query else ""
        return connection.endpoints.get(self.service, "") + build_path(segments) + query
