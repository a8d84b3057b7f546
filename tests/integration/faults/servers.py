# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers for faults that the emulator cannot create: between it and the client, or that only count connections."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Handler = Callable[[socket.socket], None]


def free_port() -> int:
    """A port without a listener."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Listener:
    """A TCP server: each connection goes to a handler in a thread of its own. `connections` counts them."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.connections = 0
        self._open: list[socket.socket] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._socket.accept()[0]
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._handle, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _handle(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self.handler(connection)
        close(connection)

    def cut(self) -> None:
        """Break the connections that are open."""
        for connection in self._open:
            close(connection)
        self._open.clear()

    def stop(self) -> None:
        """Stop listening, and break the connections."""
        # A thread in accept() is woken by a shutdown, not by a close.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)


@contextmanager
def listening(handler: Handler) -> Iterator[Listener]:
    """A TCP server while the block lasts."""
    server = Listener(handler)
    try:
        yield server
    finally:
        server.stop()


def close(connection: socket.socket) -> None:
    """Close a connection that another thread may be reading from."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


# -- handlers ---------------------------------------------------------------------------------------------------------


def swallow(connection: socket.socket) -> None:
    """Read all requests and never answer."""
    while connection.recv(65536):
        pass


def hang_up(connection: socket.socket) -> None:
    """Read the first bytes and close: within TLS, an end in the middle of the handshake."""
    connection.recv(65536)


def reset(connection: socket.socket) -> None:
    """Read the first bytes and break the connection with a RST."""
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def garbage(connection: socket.socket) -> None:
    """Answer with bytes that are neither HTTP nor TLS."""
    connection.recv(65536)
    connection.sendall(b"220 mail.example.com ESMTP\r\n")


def alert(connection: socket.socket) -> None:
    """Refuse the TLS handshake: a fatal alert, internal_error."""
    connection.recv(65536)
    connection.sendall(b"\x15\x03\x03\x00\x02\x02\x50")


class Forward:
    """Forwards all bytes to a port of this machine, and back. `spoil` is the number of answers to damage from now on."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.spoil = 0

    def __call__(self, connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._port)) as behind:
            thread = threading.Thread(target=self._pump, args=(behind, connection, True), daemon=True)
            thread.start()
            self._pump(connection, behind, False)
            thread.join(10)

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answers and self.spoil > 0:
                    self.spoil -= 1
                    sink.sendall(data[: len(data) // 2] + b"neither HTTP nor TLS\r\n" * 50)
                    break
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
