# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signature against the vendor's own signer, on generated requests."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.signature import (
    SIGNED,
    SdkHmacSha256,
    build_path,
    build_query,
    canonical_request,
)
from tests.emulator.auth import decode_query
from tests.emulator.vendor import SignedRequest, load_oracle

AWKWARD = " %~*()+&=;:@?#$!',[]|\"<>\\^`{}-_.作业名é\u00df\U0001f600"
CHARACTERS = st.one_of(st.sampled_from(AWKWARD), st.characters(exclude_categories=["Cs"], exclude_characters="/"))
SEGMENTS = st.text(CHARACTERS, min_size=1, max_size=12).filter(lambda text: text not in (".", ".."))
TEXT = st.text(st.one_of(CHARACTERS, st.just("/")), max_size=12)
NAMES = TEXT.filter(bool)
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)
HOSTS = st.sampled_from(["dayu-dlf.cn-north-4.myhuaweicloud.com", "127.0.0.1:8080", "h:1", "[::1]:18443", "h:443"])
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "X-Project-Id": VALUES,
        "workspace": VALUES,
        "Content-Type": st.just("application/json"),
        "X-Language": st.just("en_us"),
        "User-Agent": VALUES,
    },
)


def sign(
    method: str,
    host: str,
    segments: list[str],
    query: list[tuple[str, str]],
    headers: dict[str, str],
    token: str | None,
    body: bytes,
    secret_key: str,
    moment: float,
) -> requests.PreparedRequest:
    url = f"https://{host}{build_path(segments)}" + (f"?{build_query(query)}" if query else "")
    auth = SdkHmacSha256("AKEXAMPLE0000000001", secret_key, token, wall=lambda: moment)
    return requests.Request(method, url, headers=headers, data=body or None, auth=auth).prepare()


def judge(request: requests.PreparedRequest, secret_key: str) -> None:
    """The prepared request's canonical form and its Authorization are those that the vendor makes of the same bytes."""
    oracle = load_oracle()
    assert oracle is not None
    parts = urlsplit(str(request.url))
    signed = {name.lower(): str(value) for name, value in request.headers.items() if name.lower() in SIGNED}
    body: Any = request.body or b""
    expected = oracle(
        "AKEXAMPLE0000000001",
        secret_key,
        SignedRequest(str(request.method), parts.path, decode_query(parts.query), signed, body),
    )
    canonical, dummy = canonical_request(str(request.method), parts.path, parts.query, signed, body)
    assert canonical == expected.canonical_request
    assert request.headers["Authorization"] == expected.authorization


@settings(max_examples=400)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    host=HOSTS,
    segments=st.lists(SEGMENTS, min_size=1, max_size=5),
    query=st.lists(st.tuples(NAMES, TEXT), max_size=5),
    headers=HEADERS,
    token=st.none() | VALUES,
    body=st.binary(max_size=40),
    secret_key=VALUES,
    moment=st.integers(0, 4_000_000_000).map(float),
)
@example("GET", "h:1", ["作业 1~*+(x)", "100%25"], [("b", ""), ("a", "x y"), ("a", "")], {}, "t==", b"", "s", 0.0)
@example("GET", "h:1", ["v1"], [("\uffff", "1"), ("\U00010000", "2"), ("~", "3")], {}, None, b"", "s", 0.0)
def test_signature_equals_that_of_the_vendor(
    method: str,
    host: str,
    segments: list[str],
    query: list[tuple[str, str]],
    headers: dict[str, str],
    token: str | None,
    body: bytes,
    secret_key: str,
    moment: float,
) -> None:
    judge(sign(method, host, segments, query, headers, token, body, secret_key, moment), secret_key)


@pytest.mark.parametrize("segment", ["a/b", "/", "a%2Fb", "作业/1"])
def test_slash_in_a_segment_is_signed_like_the_vendor(segment: str) -> None:
    judge(sign("GET", "h", ["v1", segment, "status"], [], {}, None, b"", "s", 0.0), "s")
