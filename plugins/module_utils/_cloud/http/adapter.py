# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A ``requests`` adapter that reads final answers only, and keeps a connection only when the end of the answer is certain.

The standard library mistakes an interim answer (``103 Early Hints``) for the final one and leaves the final one on the
connection, where the next request finds it. From then on each request on that connection gets the answer to the one before. So
interim answers are skipped here, and a connection is kept only after an answer whose end is certain.
"""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any, List, Optional, Tuple

from .requests_import import HTTPAdapter

MAX_INTERIM = 20  # interim answers before the final one
# With these statuses the credentials must not be tried again, even if the rest of the answer is broken.
REFUSALS = (401, 403)
_SWITCHING = 101  # the connection changes to another protocol, so no final answer can follow

# How a body ends. CLOSED: with the connection, so an interrupted body cannot be distinguished from a complete one.
LENGTH, CHUNKED, CLOSED = "length", "chunked", "closed"


class NotFinal(http.client.HTTPException):
    """The server switched the protocol, or sent too many interim answers."""


class Misframed(http.client.HTTPException):
    """The headers contradict each other about where the body ends."""


class Surplus(http.client.HTTPException):
    """More bytes follow the end of the answer, so it is unclear to which request the answer belongs."""


def framing(version: int, lengths: List[str], encodings: List[str]) -> Tuple[str, Optional[int], bool]:
    """How a body ends: its framing, its announced length, and whether the connection can serve another request.

    :param version: 10 or 11, as ``http.client`` gives it.
    :param lengths: values of all headers Content-Length.
    :param encodings: values of all headers Transfer-Encoding.
    :raises Misframed: the headers are unusable, or contradict each other.
    """
    codings = [value.strip().lower() for value in encodings]
    announced = [part.strip() for value in lengths for part in value.split(",")]
    if codings:
        if codings != ["chunked"]:
            raise Misframed
        # RFC 9112 6.3: chunks override a length, and the connection is closed after such an answer.
        return CHUNKED, None, version >= 11 and not announced
    if not announced:
        return CLOSED, None, False
    if len(set(announced)) > 1 or not (announced[0].isascii() and announced[0].isdigit()) or len(announced[0]) > 15:
        raise Misframed
    return LENGTH, int(announced[0]), version >= 11 and len(announced) == 1


def reusable(status: int) -> bool:
    """Whether a connection may serve another request after a complete answer with this status.

    200 and 201 are the normal answers. A 4xx is as final as they are, and frequent: HTTP 400 is the answer for a job that does
    not exist. Anything else is rare or comes from a failing server, so a new connection is the safe choice.
    """
    return status in (200, 201) or (400 <= status < 500 and status != 408)


class _Reader(io.BufferedReader):
    """The bytes of a connection; detects bytes that belong to no answer."""

    connection: Optional[socket.socket] = None  # set when an answer is read from it
    surplus = False
    cut = False  # the connection ended within a line

    def readline(self, size: Optional[int] = -1) -> bytes:
        line = super().readline(size)
        self.cut = self.cut or not line.endswith(b"\n")
        return line

    def look(self) -> bool:
        """Whether bytes have already arrived. Does not wait for any."""
        if self.connection is not None and not self.closed:
            try:
                before = self.connection.gettimeout()
                self.connection.settimeout(0.0)
                try:
                    self.surplus = self.surplus or bool(self.peek(1))
                finally:
                    self.connection.settimeout(before)
            except (OSError, ValueError):
                pass  # no bytes yet, or the connection is closed
        return self.surplus

    def close(self) -> None:
        self.look()
        super().close()


class FinalResponse(http.client.HTTPResponse):
    """A final answer, whose connection is kept only where its end is certain."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self._socket = sock
        self._reader = _Reader(self.fp.detach())
        self.fp = self._reader

    def begin(self) -> None:
        """Read the head of the final answer.

        :raises NotFinal, Misframed: there is no final answer, or the end of its body is unknown.
        """
        if getattr(self, "headers", None) is not None:
            return
        self._reader.connection = self._socket
        super().begin()
        interim = 0
        while self.status < 200:
            interim += 1
            if self.status == _SWITCHING or interim > MAX_INTERIM or self._reader.cut:
                raise NotFinal
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()
        try:
            known = self._frame()
        except Misframed:
            if self.status not in REFUSALS:
                raise
            self.chunked, self.length, known = False, 0, False
            for name in ("Content-Length", "Transfer-Encoding"):
                del self.headers[name]
        if not known or not reusable(self.status):
            self.will_close = True

    def _frame(self) -> bool:
        headers: Any = self.headers
        # The library stops at a malformed header line, and so may miss the header with the length of the body.
        if self._reader.cut or headers.defects:
            raise Misframed
        lengths, encodings = headers.get_all("Content-Length", []), headers.get_all("Transfer-Encoding", [])
        dummy, announced, known = framing(self.version, lengths, encodings)
        if announced is not None and self.length != 0:
            self.length = announced  # the library has no length if the header is sent twice
        return known

    def read(self, amt: Optional[int] = None) -> bytes:
        data = super().read(amt)
        self._check_end()
        return data

    def read1(self, n: int = -1) -> bytes:
        data = super().read1(n)
        self._check_end()
        return data

    def _check_end(self) -> None:
        ended = self.isclosed() or (not self.chunked and self.length == 0)
        if ended and self._reader.look():
            raise Surplus


def _strict(pool: Any) -> Any:
    """The same class of connection pool, with connections whose answers are a FinalResponse."""
    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": FinalResponse})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


def build_adapter(connections: int, size: int) -> Any:
    """The adapter; it makes no retries.

    :param connections: number of hosts whose connections are kept.
    :param size: connections that are kept for each host.
    """

    def prepare(manager: Any) -> Any:
        # Pools for proxies have their own classes, which SOCKS needs.
        classes = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = {scheme: _strict(pool) for scheme, pool in classes.items()}
        return manager

    class Adapter(HTTPAdapter):
        """The adapter."""

        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options)
            prepare(self.poolmanager)

        def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
            known = proxy in self.proxy_manager
            manager = super().proxy_manager_for(proxy, **options)
            return manager if known else prepare(manager)

    return Adapter(pool_connections=connections, pool_maxsize=size, max_retries=0)
