# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bodies: unpacking within limits, invalid JSON, and messages for failed exchanges."""

from __future__ import annotations

import contextlib
import gzip
import json
import math
import tracemalloc
import zlib
from typing import Any

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.body import (
    MAX_BODY,
    NotJson,
    TooLarge,
    Truncated,
    parse,
    unpack,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.transport_errors import (
    AT_CONNECTION,
    AT_NAME,
    AT_PROXY,
    AT_TLS,
    broken_at,
    explain,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import PERMANENT, TRANSIENT

BODY = json.dumps({"jobs": [{"name": "作业"}], "total": 1}).encode("utf-8")


# -- unpack -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_uncompressed_body_is_unchanged(encoding: str) -> None:
    assert unpack(BODY, encoding) == BODY


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", " gzip ", "deflate"])
def test_compressed_bodies_are_unpacked(encoding: str) -> None:
    packed = zlib.compress(BODY) if "deflate" in encoding else gzip.compress(BODY)
    assert unpack(packed, encoding) == BODY


@pytest.mark.parametrize("end", [1, 5, 10, -8, -1])
def test_truncated_compressed_body_is_rejected(end: int) -> None:
    with pytest.raises(Truncated):
        unpack(gzip.compress(BODY)[:end], "gzip")


def test_empty_compressed_body_is_rejected() -> None:
    with pytest.raises(Truncated):
        unpack(b"", "gzip")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_body_that_contradicts_its_encoding_is_rejected(encoding: str) -> None:
    with pytest.raises(NotJson, match="not what its Content-Encoding says"):
        unpack(BODY, encoding)


def test_damaged_compressed_body_is_rejected() -> None:
    packed = bytearray(gzip.compress(BODY))
    packed[-6] ^= 0xFF  # its checksum
    with pytest.raises(NotJson):
        unpack(bytes(packed), "gzip")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x" * 1000, "\n"])
def test_unknown_encoding_is_rejected(encoding: str) -> None:
    if not encoding.strip():
        assert unpack(BODY, encoding) == BODY
        return
    with pytest.raises(NotJson, match="unknown Content-Encoding") as caught:
        unpack(BODY, encoding)
    assert len(str(caught.value)) < 60


@pytest.mark.parametrize("size", [MAX_BODY, MAX_BODY + 1])
def test_size_limit_applies_to_the_unpacked_body(size: int) -> None:
    packed = gzip.compress(b" " * size)
    if size > MAX_BODY:
        with pytest.raises(TooLarge):
            unpack(packed, "gzip")
    else:
        assert len(unpack(packed, "gzip")) == size


def test_decompression_bomb_uses_little_memory() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    megabyte = b" " * (1024 * 1024)
    bomb = b"".join(packer.compress(megabyte) for dummy in range(256)) + packer.flush()
    assert len(bomb) < MAX_BODY
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            unpack(bomb, "gzip")
        dummy, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MAX_BODY


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "", "br"]))
def test_unpacking_any_bytes_raises_only_known_errors(body: bytes, encoding: str) -> None:
    with contextlib.suppress(NotJson, TooLarge, Truncated):
        assert isinstance(unpack(body, encoding), bytes)


# -- parse ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"NaN", None),
        (b"[Infinity, -Infinity]", [None, None]),
        (b"1e999", None),
        (b"-1e999", None),
        (b"1e-999", 0.0),
        (b"1.5", 1.5),
        (b"9" * 40, int("9" * 40)),
        (b"9" * 41, None),
        (b"-" + b"9" * 100000, None),
        (b"1" * 5000 + b".5", None),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"名": "作业"}'.encode(), {"名": "作业"}),
        (b'"\\ud800"', "\ud800"),
        (b" \n[1]\r\n", [1]),
        (b'{"a": 1, "a": 1}', {"a": 1}),
        (b"null", None),
    ],
)
def test_valid_json_is_parsed(body: bytes, value: Any) -> None:
    assert parse(body) == value


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "body is not JSON"),
        (b"{", "body is not JSON"),
        (b'{"a": 1} trailing', "body is not JSON"),
        (b"{'a': 1}", "body is not JSON"),
        (b'"\n"', "body is not JSON"),
        (b"\0", "body is not JSON"),
        (b" <!DOCTYPE html><html>", "body is HTML, not JSON"),
        (b"<HTML>", "body is HTML, not JSON"),
        ("作业".encode("gb18030"), "body is not UTF-8"),
        ("[1]".encode("utf-16"), "body is not UTF-8"),
        (b'"\xed\xa0\x80"', "body is not UTF-8"),
    ],
)
def test_invalid_json_is_rejected(body: bytes, problem: str) -> None:
    with pytest.raises(NotJson) as caught:
        parse(body)
    assert str(caught.value) == problem


@pytest.mark.parametrize("body", [b"[" * 100000, b'{"a":' * 100000, b"[" * 100000 + b"]" * 100000])
def test_deeply_nested_json_is_rejected(body: bytes) -> None:
    with pytest.raises(NotJson):
        parse(body)


def finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(finite(item) for item in value.values())
    if isinstance(value, list):
        return all(finite(item) for item in value)
    return not isinstance(value, float) or math.isfinite(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_any_json_is_parsed(value: Any) -> None:
    assert finite(parse(json.dumps(value).encode("ascii")))


@given(st.one_of(st.binary(max_size=30), st.text(alphabet='[]{}":,0123456789eE+-.NaIfintyulrs\\ ', max_size=30)))
def test_parsing_any_body_raises_only_not_json(body: Any) -> None:
    message = "body is "
    try:
        parse(body if isinstance(body, bytes) else body.encode("ascii"))
    except NotJson as error:
        message = str(error)
    assert message.startswith("body is ")


# -- explain ----------------------------------------------------------------------------------------------------------

SECRET = "https://h.example/p?q7Zs3cret"


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (TooLarge(), TRANSIENT, "larger than 4 MiB"),
        (Truncated(), TRANSIENT, "ended before it was complete"),
        (requests.exceptions.ConnectTimeout(SECRET), TRANSIENT, "no answer in time"),
        (requests.exceptions.ReadTimeout(SECRET), TRANSIENT, "no answer in time"),
        (urllib3.exceptions.ReadTimeoutError(None, SECRET, ""), TRANSIENT, "no answer in time"),  # type: ignore[arg-type]
        (TimeoutError(SECRET), TRANSIENT, "no answer in time"),
        (requests.exceptions.SSLError(f"CERTIFICATE_VERIFY_FAILED {SECRET}"), PERMANENT, "is not trusted"),
        (requests.exceptions.SSLError(f"hostname doesn't match {SECRET}"), PERMANENT, "for another host"),
        (requests.exceptions.SSLError(f"CERTIFICATE_REQUIRED {SECRET}"), PERMANENT, "wants a client certificate"),
        (requests.exceptions.SSLError(f"HANDSHAKE_FAILURE {SECRET}"), PERMANENT, "was refused"),
        (requests.exceptions.SSLError(SECRET), PERMANENT, "did not succeed"),
        (requests.exceptions.ProxyError(SECRET), TRANSIENT, "the proxy"),
        (requests.exceptions.ConnectionError(f"NameResolutionError {SECRET}"), TRANSIENT, "cannot be resolved"),
        (requests.exceptions.ConnectionError(f"Connection refused {SECRET}"), TRANSIENT, "was refused"),
        (requests.exceptions.ConnectionError(SECRET), TRANSIENT, "the connection broke"),
        (requests.exceptions.InvalidURL(SECRET), PERMANENT, "cannot be sent"),
        (requests.exceptions.InvalidHeader(SECRET), PERMANENT, "cannot be sent"),
        (urllib3.exceptions.LocationParseError(SECRET), PERMANENT, "cannot be sent"),
        (ConnectionResetError(104, SECRET), TRANSIENT, "the connection broke (ConnectionResetError)"),
        (urllib3.exceptions.ProtocolError(SECRET), TRANSIENT, "the connection broke (ProtocolError)"),
        (OSError(f"Could not find a suitable TLS CA certificate bundle, {SECRET}"), PERMANENT, "ca_path"),
        (ValueError(SECRET), TRANSIENT, "the connection broke (ValueError)"),
        (MemoryError(), TRANSIENT, "the connection broke (MemoryError)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_transport_errors_are_explained_without_the_url(error: BaseException, kind: str, words: str) -> None:
    found_kind, found_words = explain(error)
    assert found_kind == kind
    assert words in found_words
    assert "q7Zs3cret" not in found_words
    assert "h.example" not in found_words


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (None, AT_CONNECTION),
        (requests.exceptions.ConnectionError("Connection refused"), AT_CONNECTION),
        (requests.exceptions.ConnectTimeout("timed out"), AT_CONNECTION),
        (requests.exceptions.ConnectionError("NameResolutionError"), AT_NAME),
        (requests.exceptions.ProxyError("NameResolutionError"), AT_PROXY),
        (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), AT_TLS),
        (ValueError("getaddrinfo"), AT_CONNECTION),
    ],
    ids=str,
)
def test_error_names_the_failed_step(error: BaseException | None, place: str) -> None:
    assert broken_at(error) == place


def test_duplicate_key_is_rejected() -> None:
    with pytest.raises(NotJson, match="names a key twice"):
        parse(b'{"jobs": [{"status": "EXCEPTION", "status": "NORMAL"}]}')
