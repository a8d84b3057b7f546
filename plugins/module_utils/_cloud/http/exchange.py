# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""One HTTP exchange: sends a request and reads the answer up to a limit, in a thread that may be abandoned.

Nothing is decided here: retries, rate limit and credentials are up to the scheduler.
"""

from __future__ import annotations

import threading
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from .adapter import REFUSALS, NotFinal
from .body import MAX_BODY, TooLarge, Truncated, unpack

_CHUNK = 64 * 1024


class Answer:
    """A usable answer.

    :ivar data: the body: bytes at first, then decoded JSON, or text if the caller requested it.
    :ivar sent_at: when its request was sent, on the session's clock; its data is not older than that.
    :ivar size: bytes of the unpacked body, 0 where there is none or it was not read.
    """

    __slots__ = ("data", "headers", "sent_at", "size", "status")

    def __init__(self, status: int, headers: Mapping[str, str], data: Any, sent_at: float, size: int = 0) -> None:
        self.status = status
        self.headers = headers
        self.data = data
        self.sent_at = sent_at
        self.size = size


class Exchange:
    """A request and its result.

    :param prepared: the request, as requests prepares it.
    :param send_options: arguments for the transport: timeout, verify, cert, proxies.
    :param transport: the adapter that sends it.
    :ivar bound: when it times out, on the session's clock.
    :ivar given_up: set when the result is no longer needed.
    :ivar head: status and headers as soon as they have been read, even if the body fails.
    :ivar outcome: an Answer or an exception, once it is over.
    """

    def __init__(
        self, prepared: Any, send_options: Dict[str, Any], transport: Any, bound: float, sent_at: float
    ) -> None:
        self.prepared = prepared
        self.bound = bound
        self.sent_at = sent_at
        self.given_up = threading.Event()
        self.head: Optional[Tuple[int, Mapping[str, str]]] = None
        self.outcome: Union[Answer, BaseException, None] = None
        self._send_options = send_options
        self._transport = transport

    def run(self) -> None:
        """Run the exchange; never raises."""
        try:
            self.outcome = self._exchange()
        except BaseException as error:  # noqa: BLE001 - the outcome is handled in another thread
            self.outcome = error

    def settle(self) -> Union[Answer, BaseException, None]:
        """The outcome. Where the status says that the credentials are refused, a broken body makes no difference: the outcome is an
        answer without a body."""
        if not isinstance(self.outcome, Answer) and self.head is not None and self.head[0] in REFUSALS:
            return Answer(self.head[0], self.head[1], None, self.sent_at)
        return self.outcome

    def _exchange(self) -> Answer:
        # Session.send would read the whole body of a redirect, even one that is not followed, and would let ~/.netrc and
        # REQUESTS_CA_BUNDLE override the options. The adapter does neither.
        response = self._transport.send(self.prepared, stream=True, **self._send_options)
        complete = False
        try:
            status = response.status_code
            headers = response.headers
            if status < 200:
                raise NotFinal
            self.head = (status, headers)
            if 300 <= status < 400:
                return Answer(status, headers, None, self.sent_at)
            body = self._read(response)
            complete = True
            return Answer(status, headers, body, self.sent_at, len(body))
        finally:
            # Whether the connection serves another request was decided with the head (see adapter.py). A body that was not read
            # to its end always closes it.
            if complete:
                response.raw.release_conn()
            else:
                response.close()

    def _read(self, response: Any) -> bytes:
        raw = response.raw
        # read() waits until the requested amount is complete, read1() returns what comes next; urllib3 1.26 has only read().
        read = getattr(raw, "read1", None) or raw.read
        chunks: List[bytes] = []
        received = 0
        while not self.given_up.is_set():
            chunk = read(_CHUNK, decode_content=False)
            if not chunk:
                break
            received += len(chunk)
            if received > MAX_BODY:
                raise TooLarge
            chunks.append(chunk)
        if self.given_up.is_set():
            raise Truncated
        announced = response.headers.get("Content-Length", "").partition(",")[0].strip()
        chunked = response.headers.get("Transfer-Encoding")
        if not chunked and announced.isascii() and announced.isdigit() and received < int(announced[:18]):
            raise Truncated
        return unpack(b"".join(chunks), response.headers.get("Content-Encoding", ""))
