# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Calls, their outcomes, and tasks: how a service requests calls without access to the session.

A task is a generator. It yields batches of calls, is sent their outcomes in the same order, and returns its result. The session
sends the calls; a test can answer them without a session.
"""

from __future__ import annotations

from typing import Any, Callable, Generator, Iterable, List, Mapping, Optional, Tuple, TypeVar, Union

from .._errors import TRANSIENT, RequestError
from .credentials.base import Auth
from .credentials.signature import build_path, build_query
from .http.exchange import Answer
from .options import Connection

T = TypeVar("T")

# Both have sent_at: when the request was sent, on the session's clock; None in an error if nothing was sent.
Outcome = Union[Answer, RequestError]


class Call:
    """A request to be sent.

    :param service: dataarts, dli, studio, iam, sts or metadata.
    :param segments: path below the endpoint, decoded; ``{project_id}`` is replaced by the project's ID.
    :param query: name and value pairs, decoded.
    :param headers: headers in addition to those of every call.
    :param key: any value that identifies the call for the caller.
    :param digest: is applied to the decoded body of the answer at once, and its result replaces the body, so that large answers
        do not accumulate. It may raise a RequestError, which is the outcome then.
    :param method: the HTTP method.
    :param body: plain data that is sent as JSON; None for no body.
    :param is_order: whether the request changes something. It is sent again only if the service cannot have taken it, and an answer
        without content (HTTP 204) is a success.
    :ivar signed: whether the request is signed with the key or token of the session.
    :ivar auth: signs a request that is not signed with that of the session; None for no signature.
    :ivar has_alternative: another call can be made instead, so this one is not repeated if no answer comes.
    :ivar url: the whole URL where it is not that of a service's endpoint.
    """

    __slots__ = (
        "auth", "body", "digest", "has_alternative", "headers", "is_order", "key", "method", "query", "segments", "service",
        "signed", "url",
    )  # fmt: skip

    def __init__(
        self,
        service: str,
        segments: Tuple[str, ...],
        query: Iterable[Tuple[str, str]] = (),
        headers: Optional[Mapping[str, str]] = None,
        key: Any = None,
        digest: Optional[Callable[[Any], Any]] = None,
        method: str = "GET",
        body: Any = None,
        is_order: bool = False,
    ) -> None:
        self.service = service
        self.segments = segments
        self.query = list(query)
        self.headers = dict(headers or {})
        self.key = key
        self.digest = digest
        self.method = method
        self.body = body
        self.is_order = is_order
        self.signed = True
        self.auth: Optional[Auth] = None
        self.has_alternative = False
        self.url: Optional[str] = None

    def address(self, connection: Connection, project_id: Optional[str]) -> str:
        """The whole URL."""
        if self.url:
            return self.url
        segments = [project_id or "" if segment == "{project_id}" else segment for segment in self.segments]
        query = f"?{build_query(self.query)}" if self.query else ""
        return connection.endpoints.get(self.service, "") + build_path(segments) + query


Task = Generator[List[Call], List[Outcome], T]


def malformed(call: Call, what: str) -> RequestError:
    """The error for an answer with HTTP 200 and unexpected content."""
    path = "/" + "/".join(call.segments)
    return RequestError(TRANSIENT, what, service=call.service, method=call.method, path=path, status=200)
