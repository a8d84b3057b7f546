# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP exchange, done in a thread that may be given up: send, read a bounded body, parse.

Nothing here decides anything: no retry, no pacing, no credentials. The session does that.
"""

from __future__ import annotations

import json
import math
import threading
import zlib
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from ..errors import PERMANENT, TRANSIENT
from .adapter import REFUSALS, NotFinal
from .requests_import import requests

# A page of 100 jobs is some 50 KiB; what is larger than this is no answer to any of our questions. The bound holds for the
# bytes on the wire and again for what they unpack to, so that neither a flood nor a decompression bomb fills the memory.
LARGEST_BODY = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_LONGEST_NUMBER = 40
# What Python makes of an answer can be hundreds of times as large: so many values are a hundred megabytes at most.
_MOST_VALUES = 100_000


class Answer:
    """A usable answer.

    :ivar data: decoded JSON, or text where the caller asked for that.
    :ivar sent_at: when its request was sent, on the session's clock; what it says is not older than that.
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
    """A request on its way, and what came of it: ``outcome`` is an Answer or an exception.

    :ivar bound: when it is given up, on the session's clock.
    :ivar head: status and headers as soon as they are there, whatever becomes of the body.
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
        """Do the exchange; never raises."""
        try:
            self.outcome = self._exchange()
        except BaseException as error:  # noqa: BLE001 - the outcome is looked at in another thread
            self.outcome = error

    def settle(self) -> Union[Answer, BaseException, None]:
        """The outcome; an answer without a body where the status says that the credentials are refused and the rest broke."""
        if not isinstance(self.outcome, Answer) and self.head is not None and self.head[0] in REFUSALS:
            return Answer(self.head[0], self.head[1], None, self.sent_at)
        return self.outcome

    def _exchange(self) -> Answer:
        # The adapter is used rather than Session.send, which reads the whole body of a redirect even when it is not followed.
        # It does not look at ~/.netrc and REQUESTS_CA_BUNDLE either, so neither overrules what the options say.
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
            # Whether the connection serves another request was decided when the head was read (see http_adapter); a body that
            # was not read to its end closes it in any case.
            if complete:
                response.raw.release_conn()
            else:
                response.close()

    def _read(self, response: Any) -> bytes:
        raw = response.raw
        # read() waits for the whole of the amount asked for, read1() for whatever comes next; urllib3 1.26 has only read().
        read = getattr(raw, "read1", None) or raw.read
        chunks: List[bytes] = []
        received = 0
        while not self.given_up.is_set():
            chunk = read(_CHUNK, decode_content=False)
            if not chunk:
                break
            received += len(chunk)
            if received > LARGEST_BODY:
                raise TooLarge
            chunks.append(chunk)
        if self.given_up.is_set():
            raise Truncated
        announced = response.headers.get("Content-Length", "").partition(",")[0].strip()
        chunked = response.headers.get("Transfer-Encoding")
        if not chunked and announced.isascii() and announced.isdigit() and received < int(announced[:18]):
            raise Truncated
        return unpack(b"".join(chunks), response.headers.get("Content-Encoding", ""))


class TooLarge(Exception):
    """The body is larger than LARGEST_BODY."""


class Truncated(Exception):
    """The body ended before its announced length."""


class NotJson(Exception):
    """The body is not the JSON that was expected; ``str()`` says in what way."""


def unpack(body: bytes, encoding: str) -> bytes:
    """Undo gzip or deflate, no further than to LARGEST_BODY bytes.

    :raises TooLarge, Truncated, NotJson: it unpacks to too much, ends early, or is packed in another way.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in ("gzip", "x-gzip", "deflate"):
        raise NotJson(f"unknown Content-Encoding {name[:20]!r}")
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = decompressor.decompress(body, LARGEST_BODY + 1)
    except zlib.error:
        raise NotJson("body is not what its Content-Encoding says") from None
    if len(plain) > LARGEST_BODY:
        raise TooLarge
    if not decompressor.eof:
        raise Truncated
    if decompressor.unused_data:
        raise NotJson("more follows the end of the packed body")
    return plain


def _float(digits: str) -> Optional[float]:
    value = float(digits)
    return value if math.isfinite(value) else None


def _int(digits: str) -> Optional[int]:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


def _object(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    """An object from its members; nobody can say which of two different values under one key is meant."""
    found = dict(pairs)
    if len(found) < len(pairs) and any(found[key] != value for key, value in pairs):
        raise NotJson("body names a key twice, with different values")
    return found


def parse(body: bytes) -> Any:
    """JSON in UTF-8. Numbers that no API sends (NaN, infinite, absurdly long) become None.

    :raises NotJson: it is something else.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > _MOST_VALUES:
        raise NotJson("body holds more values than any answer does")
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_float=_float,
            parse_int=_int,
            parse_constant=lambda dummy: None,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError:
        raise NotJson("body is not UTF-8") from None
    except ValueError:
        start = body[:64].lstrip().lower()
        raise NotJson(
            "body is HTML, not JSON" if start.startswith((b"<!doctype", b"<html")) else "body is not JSON"
        ) from None
    except RecursionError:
        raise NotJson("body is nested too deeply") from None


def explain(error: BaseException) -> Tuple[str, str]:
    """Kind and words for an exception that an exchange ended with; nothing of a library's text, which can hold a URL."""
    if isinstance(error, TooLarge):
        return TRANSIENT, f"the answer is larger than {LARGEST_BODY // (1024 * 1024)} MiB"
    if isinstance(error, Truncated):
        return TRANSIENT, "the answer ended before it was complete"
    if isinstance(error, NotJson):
        return TRANSIENT, str(error)
    for part, words in _FRAMING:
        # Such an error comes wrapped into those of two libraries.
        if part in repr(error):
            return TRANSIENT, words
    if requests is not None:
        known = requests.exceptions
        if isinstance(error, known.SSLError):
            if any(part in str(error) for part in _TLS_BREAKS):
                return TRANSIENT, "TLS broke off"
            return PERMANENT, f"TLS failed: {_tls_reason(error)}; check ca_path, client_cert and validate_certs"
        if isinstance(error, known.ProxyError):
            return TRANSIENT, "the proxy cannot be reached or refuses"
        if isinstance(error, known.Timeout):
            return TRANSIENT, "no answer in time"
        if isinstance(error, known.ConnectionError):
            return TRANSIENT, _connection_reason(error)
        if isinstance(error, (known.InvalidURL, known.InvalidHeader, known.InvalidSchema, known.InvalidProxyURL)):
            return PERMANENT, "the request cannot be sent with this URL, proxy or header"
    name = type(error).__name__
    if name == "LocationParseError":
        return PERMANENT, "the request cannot be sent to this host; check endpoints"
    if "Timeout" in name:
        return TRANSIENT, "no answer in time"
    if isinstance(error, OSError) and not isinstance(error, ConnectionError) and "CA certificate" in str(error):
        return PERMANENT, "the file of ca_path, client_cert or client_key cannot be used"
    return TRANSIENT, f"the connection broke ({name})"


_FRAMING = (
    ("NotFinal()", "the server sends interim answers only"),
    ("Misframed()", "the headers of the answer contradict each other about its length"),
    ("Surplus()", "more follows the end of the answer, so it is not known which request it belongs to"),
)
# What a connection that breaks, or somebody who writes into it, looks like from within TLS.
_UNRESOLVED = "the host's name cannot be resolved; check region, cloud and endpoints"
_TLS_BREAKS = (
    "EOF",
    "RECORD",
    "WRONG_VERSION_NUMBER",
    "DECRYPTION_FAILED",
    "INTERNAL_ERROR",
    "reset by peer",
    "record layer",
)


def _tls_reason(error: BaseException) -> str:
    text = str(error)
    for part, words in (
        ("CERTIFICATE_VERIFY_FAILED", "the server's certificate is not trusted"),
        ("doesn't match", "the server's certificate is for another host"),
        ("CERTIFICATE_REQUIRED", "the server wants a client certificate"),
        ("HANDSHAKE_FAILURE", "the handshake was refused"),
    ):
        if part in text:
            return words
    return "the handshake did not succeed"


def _connection_reason(error: BaseException) -> str:
    text = str(error)
    for part, words in (
        ("NameResolution", _UNRESOLVED),
        ("getaddrinfo", _UNRESOLVED),
        ("Name or service not known", _UNRESOLVED),
        ("refused", "the connection was refused"),
        ("timed out", "no answer in time"),
    ):
        if part in text:
            return words
    return "the connection broke"
