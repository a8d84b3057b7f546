# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signature: test vectors of the vendor, and the sent bytes."""

from __future__ import annotations

import json
import time
from calendar import timegm
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.signature import (
    DATE_FORMAT,
    SdkHmacSha256,
    TokenAuth,
    authorization,
    build_path,
    build_query,
    canonical_request,
    encode,
)

DATA = Path(__file__).resolve().parents[5] / "data"
VECTORS = [
    vector
    for vector in json.loads((DATA / "signature_vectors.json").read_text(encoding="utf-8"))
    if not vector.get("derived")
]
# Any text that UTF-8 can encode, often with characters that encoders handle wrongly.
TEXT = st.text(st.one_of(st.sampled_from(" %~*()+/&=;:@?#-_.作业é"), st.characters(exclude_categories=["Cs"])))


def pairs(vector: dict[str, Any]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in vector["query"]]


def headers_of(vector: dict[str, Any]) -> dict[str, str]:
    return {**vector["headers"], "Host": vector["host"], "X-Sdk-Date": vector["date"]}


def prepared(
    url: str, auth: Any, headers: dict[str, str] | None = None, **fields: Any
) -> requests.models.PreparedRequest:
    return requests.Request(fields.pop("method", "GET"), url, headers=headers or {}, auth=auth, **fields).prepare()


def test_all_vectors_are_loaded() -> None:
    assert len(VECTORS) == 6


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["uri"])
def test_vectors_match_the_vendors_signature(vector: dict[str, Any]) -> None:
    canonical, names = canonical_request(
        vector["method"], build_path(vector["segments"]), build_query(pairs(vector)), headers_of(vector), b""
    )
    assert canonical == vector["canonical_request"]
    assert authorization(vector["ak"], vector["sk"], vector["date"], canonical, names) == vector["authorization"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["uri"])
def test_vectors_match_after_requests_prepared_them(vector: dict[str, Any]) -> None:
    """requests produces the same headers, and keeps the order of the query."""
    moment = float(timegm(time.strptime(vector["date"], DATE_FORMAT)))
    query = build_query(pairs(vector))
    url = f"https://{vector['host']}{build_path(vector['segments'])}" + (f"?{query}" if query else "")
    headers = dict(vector["headers"])
    token = headers.pop("X-Security-Token", None)
    request = prepared(url, SdkHmacSha256(vector["ak"], vector["sk"], token, wall=lambda: moment), headers)
    assert request.headers["Authorization"] == vector["authorization"]
    assert request.headers["X-Sdk-Date"] == vector["date"]
    assert request.headers.get("X-Security-Token") == token
    assert request.url == url
    # The vendor's uri has its query sorted; apart from that it is the same.
    path, dummy, vendor_query = vector["uri"].partition("?")
    assert urlsplit(url).path == path
    assert sorted(query.split("&")) == sorted(vendor_query.split("&"))


def test_the_query_is_sorted_by_name_then_value_for_the_signature_only() -> None:
    query = build_query([("b", "2"), ("a", "2"), ("a", "10"), ("B", ""), ("a", "")])
    assert query == "b=2&a=2&a=10&B=&a="
    canonical, dummy = canonical_request("get", "/p", query, {}, b"")
    assert canonical.splitlines()[:3] == ["GET", "/p/", "B=&a=&a=10&a=2&b=2"]


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("az AZ09-_.~", "az%20AZ09-_.~"),
        ("*()+,;:@&=$!'/?#[]", "%2A%28%29%2B%2C%3B%3A%40%26%3D%24%21%27%2F%3F%23%5B%5D"),
        ("100%25", "100%2525"),
        ("作业", "%E4%BD%9C%E4%B8%9A"),
        ("", ""),
    ],
)
def test_encoding_follows_rfc_3986(text: str, encoded: str) -> None:
    assert encode(text) == encoded


def test_slash_in_a_segment_is_encoded() -> None:
    assert build_path(["v1", "a/b", "status"]) == "/v1/a%2Fb/status"


def test_trailing_slash_is_not_doubled() -> None:
    assert canonical_request("GET", "/", "", {}, b"")[0].splitlines()[1] == "/"
    assert canonical_request("GET", "/a/", "", {}, b"")[0].splitlines()[1] == "/a/"


def test_header_names_are_lowered_and_sorted_and_values_trimmed() -> None:
    canonical, names = canonical_request("GET", "/", "", {"X-B": " 2 ", "a": "1", "Host": "h"}, b"")
    assert names == "a;host;x-b"
    assert canonical.splitlines()[3:7] == ["a:1", "host:h", "x-b:2", ""]


def test_the_body_is_signed() -> None:
    auth = SdkHmacSha256("ak", "sk", wall=lambda: 0.0)
    some = prepared("https://h/p", auth, method="POST", data=b"{}")
    same = prepared("https://h/p", auth, method="POST", data="{}")
    other = prepared("https://h/p", auth, method="POST", data=b"[]")
    assert some.headers["Authorization"] == same.headers["Authorization"] != other.headers["Authorization"]


def test_headers_that_proxies_change_are_not_signed() -> None:
    headers = {
        "Accept": "a",
        "Accept-Encoding": "b",
        "User-Agent": "c",
        "X-Language": "en_us",
        "Connection": "close",
        "Content-Type": "application/json",
        "workspace": "ws",
        "X-Project-Id": "p",
    }
    auth = SdkHmacSha256("ak", "sk", "token", wall=lambda: 0.0)
    names = "content-type;host;workspace;x-project-id;x-sdk-date;x-security-token"
    assert f"SignedHeaders={names}," in prepared("https://h/p", auth, headers).headers["Authorization"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://h.example:8443/p", "h.example:8443"),
        ("http://127.0.0.1:80/p", "127.0.0.1:80"),
        ("https://[::1]:8080/p", "[::1]:8080"),
        ("https://h.example", "h.example"),
    ],
)
def test_signed_host_equals_the_sent_host(url: str, host: str) -> None:
    request = prepared(url, SdkHmacSha256("ak", "sk", wall=lambda: 0.0))
    assert request.headers["Host"] == host


def test_signing_again_replaces_all_headers() -> None:
    moments = iter([0.0, 86400.0])
    auth = SdkHmacSha256("ak", "sk", wall=lambda: next(moments))
    request = prepared("https://h/p", auth)
    first = dict(request.headers)
    auth(request)
    assert request.headers["X-Sdk-Date"] == "19700102T000000Z" != first["X-Sdk-Date"]
    assert set(first) == set(request.headers)
    assert request.headers["Authorization"] != first["Authorization"]


def test_token_is_sent_without_a_signature() -> None:
    auth = TokenAuth("the-token")
    request = prepared("https://h/p", auth)
    assert request.headers["X-Auth-Token"] == "the-token"
    assert "Authorization" not in request.headers
    assert auth.secrets == ["the-token"]


def test_signature_lists_its_secrets() -> None:
    assert SdkHmacSha256("ak", "sk").secrets == ["ak", "sk"]
    assert SdkHmacSha256("ak", "sk", "token").secrets == ["ak", "sk", "token"]


@given(TEXT)
def test_encoding_is_ascii_and_reversible(text: str) -> None:
    encoded = encode(text)
    assert unquote(encoded) == text
    assert set(encoded) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~%")


@given(
    st.lists(TEXT.filter(lambda text: text not in ("", ".", "..")), min_size=1, max_size=4),
    st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=4),
)
def test_requests_does_not_change_the_built_url(segments: list[str], query: list[tuple[str, str]]) -> None:
    url = "https://h.example:8443" + build_path(segments) + (f"?{build_query(query)}" if query else "")
    request = prepared(url, SdkHmacSha256("ak", "sk", wall=lambda: 0.0))
    assert request.url == url
    parts = urlsplit(str(request.url))
    assert [unquote(segment) for segment in parts.path.split("/")[1:]] == segments
