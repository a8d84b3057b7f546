# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which bytes of a connection are the answer to a request, and whether the connection may serve another request.

The standard library takes an interim answer (``103 Early Hints``) for the final one and leaves the final one on the
connection, where the next request finds it. Every later answer on that connection is then the one before. So interim answers
are skipped here, and a connection is kept only after an answer whose end is known beyond doubt.
"""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any, List, Optional, Tuple

from .requests_import import HTTPAdapter

MAX_INTERIM = 20  # interim answers before the final one; a server that sends more never comes to the point
# The status alone says that the credentials must not be tried again, whatever the rest of the answer looks like.
REFUSALS = (401, 403)
_SWITCHING = 101  # the connection speaks another protocol from here on, so nothing final can follow

# Framings of a body. CLOSED: it ends where the server closes the connection, so a cut cannot be told from an end.
LENGTH, CHUNKED, CLOSED = "length", "chunked", "closed"


class NotFinal(http.client.HTTPException):
    """The server switched the protocol, or sent one interim answer after the other."""


class Misframed(http.client.HTTPException):
    """The headers contradict each other about where the body ends."""


class Surplus(http.client.HTTPException):
    """More bytes follow the end of the answer, so it is unclear to which request the answer belongs."""


def framing(version: int, lengths: List[str], encodings: List[str]) -> Tuple[str, Optional[int], bool]:
    """How a body ends: its framing, its announced length, and whether the connection is good for another request.

    :param version: 10 or 11, as ``http.client`` gives it.
    :param lengths: values of all headers Content-Length.
    :param encodings: values of all headers Transfer-Encoding.
    :raises Misframed: the headers are no use, or contradict each other.
    """
    codings = [value.strip().lower() for value in encodings]
    announced = [part.strip() for value in lengths for part in value.split(",")]
    if codings:
        if codings != ["chunked"]:
            raise Misframed
        # RFC 9112 6.3: chunks overrule a length, and the connection is closed after such an answer.
        return CHUNKED, None, version >= 11 and not announced
    if not announced:
        return CLOSED, None, False
    if len(set(announced)) > 1 or not (announced[0].isascii() and announced[0].isdigit()) or len(announced[0]) > 15:
        raise Misframed
    return LENGTH, int(announced[0]), version >= 11 and len(announced) == 1


def reusable(status: int) -> bool:
    """Whether a connection may serve another request after a whole answer with this status.

    200 and 201 are the answers that are asked for. A 4xx is as final as they are, and often: a job that does not exist is told
    by HTTP 400. Anything else is rare or comes from a server in trouble; a new connection costs less than a doubt.
    """
    return status in (200, 201) or (400 <= status < 500 and status != 408)


class _Reader(io.BufferedReader):
    """A connection's bytes; can tell whether some are there that belong to no answer."""

    connection: Optional[socket.socket] = None  # set once an answer is read from it
    surplus = False
    cut = False  # the connection ended within a line

    def readline(self, size: Optional[int] = -1) -> bytes:
        line = super().readline(size)
        self.cut = self.cut or not line.endswith(b"\n")
        return line

    def look(self) -> bool:
        """Whether bytes are there already. Does not wait for any."""
        if self.connection is not None and not self.closed:
            try:
                before = self.connection.gettimeout()
                self.connection.settimeout(0.0)
                try:
                    self.surplus = self.surplus or bool(self.peek(1))
                finally:
                    self.connection.settimeout(before)
            except (OSError, ValueError):
                pass  # nothing there yet, or the connection has gone
        return self.surplus

    def close(self) -> None:
        self.look()
        super().close()


class FinalResponse(http.client.HTTPResponse):
    """An answer that is final, and whose connection is kept only where its end is known."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self._socket = sock
        self._reader = _Reader(self.fp.detach())
        self.fp = self._reader

    def begin(self) -> None:
        """Read the head of the final answer.

        :raises NotFinal, Misframed: there is none, or it is unknown where its body ends.
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
        # The library ends the headers at a line that is none, and so may miss the one that says how long the body is.
        if self._reader.cut or headers.defects:
            raise Misframed
        lengths, encodings = headers.get_all("Content-Length", []), headers.get_all("Transfer-Encoding", [])
        dummy, announced, known = framing(self.version, lengths, encodings)
        if announced is not None and self.length != 0:
            self.length = announced  # where the same length is announced twice, the library knows none
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
    """The same class of connection pools, but with connections whose answers are a FinalResponse."""
    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": FinalResponse})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


def build_adapter(connections: int, size: int) -> Any:
    """A ``requests`` adapter that makes no retries and reads final answers only.

    :param connections: hosts whose connections are kept.
    :param size: connections kept for each of them.
    """

    def prepare(manager: Any) -> Any:
        # Pools for proxies have classes of their own, which are kept: SOCKS needs them.
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
