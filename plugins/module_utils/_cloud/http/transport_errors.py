# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Kind and description of an exception that an exchange ended with.

Nothing of the text of a library is shown, because it can contain a URL.
"""

from __future__ import annotations

from typing import Callable, Optional, Sequence, Tuple, Union

from ..._error_codes import PERMANENT, TRANSIENT
from .body import MAX_BODY, NotJson, TooLarge, Truncated
from .requests_import import requests

Explanation = Tuple[str, str]
_Texts = Sequence[Tuple[str, str]]

# Where a request without an answer ended.
AT_NAME = "name"
AT_PROXY = "proxy"
AT_TLS = "tls"
AT_CONNECTION = "connection"

_NO_ANSWER = "no answer in time"
_NOT_RESOLVED = "the host's name cannot be resolved; check region, cloud and endpoints"

# Classes of urllib3 whose exceptions are raised while a connection is made.
_UNCONNECTED = frozenset(("NewConnectionError", "ConnectTimeoutError", "NameResolutionError"))
# Parts of an exception's repr: the exceptions of adapter.py arrive wrapped in those of two libraries.
_FRAMING: _Texts = (
    ("NotFinal()", "the server sends interim answers only"),
    ("Misframed()", "the headers of the answer contradict each other about its length"),
    ("Surplus()", "more follows the end of the answer, so it is not known which request it belongs to"),
)
# Parts of the text of a TLS error that occur when a connection breaks, or when something else than TLS arrives on it.
_TLS_BREAKS = (
    "EOF",
    "RECORD",
    "WRONG_VERSION_NUMBER",
    "DECRYPTION_FAILED",
    "INTERNAL_ERROR",
    "reset by peer",
    "record layer",
)
_TLS_REASONS: _Texts = (
    ("CERTIFICATE_VERIFY_FAILED", "the server's certificate is not trusted"),
    ("doesn't match", "the server's certificate is for another host"),
    ("CERTIFICATE_REQUIRED", "the server wants a client certificate"),
    ("HANDSHAKE_FAILURE", "the handshake was refused"),
)
_CONNECTION_REASONS: _Texts = (
    ("NameResolution", _NOT_RESOLVED),
    ("getaddrinfo", _NOT_RESOLVED),
    ("Name or service not known", _NOT_RESOLVED),
    ("refused", "the connection was refused"),
    ("timed out", _NO_ANSWER),
)


def explain(error: BaseException) -> Explanation:
    """Kind (PERMANENT or TRANSIENT) and description of an exception."""
    for explanation in (_explain_body(error), _explain_framing(error), _explain_requests(error)):
        if explanation is not None:
            return explanation
    return _explain_other(error)


def broken_at(error: Optional[BaseException]) -> str:
    """Where a request without an answer ended: AT_NAME, AT_PROXY, AT_TLS or AT_CONNECTION.

    :param error: the exception of its exchange; None if it timed out.
    """
    known = requests.exceptions
    if isinstance(error, known.ProxyError):
        return AT_PROXY
    if isinstance(error, known.SSLError):
        return AT_TLS
    is_connection = isinstance(error, known.ConnectionError)
    return AT_NAME if is_connection and _first(_CONNECTION_REASONS, str(error)) == _NOT_RESOLVED else AT_CONNECTION


def is_unconnected(error: BaseException) -> bool:
    """Whether no connection came about, so that nothing of the request was sent."""
    known = requests.exceptions
    if not isinstance(error, (known.ConnectTimeout, known.ConnectionError)):
        return False
    # The library wraps its own exception, which has the one of urllib3 as its reason.
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    names = {kind.__name__ for kind in type(reason).__mro__}
    return isinstance(error, known.ConnectTimeout) or bool(names & _UNCONNECTED)


def _explain_body(error: BaseException) -> Optional[Explanation]:
    """An exception of reading the body."""
    if isinstance(error, TooLarge):
        return TRANSIENT, f"the answer is larger than {MAX_BODY // (1024 * 1024)} MiB"
    if isinstance(error, Truncated):
        return TRANSIENT, "the answer ended before it was complete"
    if isinstance(error, NotJson):
        return TRANSIENT, str(error)
    return None


def _explain_framing(error: BaseException) -> Optional[Explanation]:
    """An exception of reading the head of an answer."""
    description = _first(_FRAMING, repr(error))
    return None if description is None else (TRANSIENT, description)


def _explain_requests(error: BaseException) -> Optional[Explanation]:
    """An exception of the library requests. The order counts: some of these classes are subclasses of later ones."""
    known = requests.exceptions
    unusable = (known.InvalidURL, known.InvalidHeader, known.InvalidSchema, known.InvalidProxyURL)
    table: Sequence[Tuple[Union[type, Tuple[type, ...]], Callable[[str], Explanation]]] = (
        (known.SSLError, _explain_tls),
        (known.ProxyError, lambda dummy: (TRANSIENT, "the proxy cannot be reached or refuses")),
        (known.Timeout, lambda dummy: (TRANSIENT, _NO_ANSWER)),
        (known.ConnectionError, lambda text: (TRANSIENT, _first(_CONNECTION_REASONS, text) or "the connection broke")),
        (unusable, lambda dummy: (PERMANENT, "the request cannot be sent with this URL, proxy or header")),
    )
    return next((explained(str(error)) for classes, explained in table if isinstance(error, classes)), None)


def _explain_tls(text: str) -> Explanation:
    if any(part in text for part in _TLS_BREAKS):
        return TRANSIENT, "TLS broke off"
    reason = _first(_TLS_REASONS, text) or "the handshake did not succeed"
    return PERMANENT, f"TLS failed: {reason}; check ca_path, client_cert and validate_certs"


def _explain_other(error: BaseException) -> Explanation:
    """Any other exception; some of urllib3 are not wrapped by requests."""
    name = type(error).__name__
    if name == "LocationParseError":
        return PERMANENT, "the request cannot be sent to this host; check endpoints"
    if "Timeout" in name:
        return TRANSIENT, _NO_ANSWER
    if isinstance(error, OSError) and not isinstance(error, ConnectionError) and "CA certificate" in str(error):
        return PERMANENT, "the file of ca_path, client_cert or client_key cannot be used"
    return TRANSIENT, f"the connection broke ({name})"


def _first(texts: _Texts, text: str) -> Optional[str]:
    """The description of the first part that *text* contains."""
    return next((description for part, description in texts if part in text), None)
