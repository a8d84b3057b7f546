# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Temporary keys in answers: each spelling, and answers that are rejected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.base import KeyRequest
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.key_answer import (
    TemporaryKeys,
    lifetime_of,
    read_issued_keys,
    read_keys,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import TRANSIENT, RequestError

DATA = Path(__file__).resolve().parents[5] / "data"
NOW = 1772326800.0  # 2026-03-01T01:00:00Z
REQUEST = KeyRequest("sts", "POST", "/v5/agencies/assume")
KEY = {"access": "AK", "secret": "SK", "securitytoken": "ST", "expires_at": "2026-03-01T01:00:00.000000Z"}


@pytest.mark.parametrize(
    ("name", "access_key"),
    [
        ("iam_assume_role_answer", "EXAMPLEACCESSKEY0001"),
        ("sts_assume_answer", "EXAMPLEACCESSKEY0002"),
        ("sts_oidc_answer", "EXAMPLEACCESSKEY0002"),
    ],
)
def test_documented_answers_are_read(name: str, access_key: str) -> None:
    found = read_keys(json.loads((DATA / f"{name}.json").read_text("utf-8")))
    assert found == TemporaryKeys(access_key, "example-secret-not-real", "example-token-not-real", NOW)


@pytest.mark.parametrize("container", ["credential", "credentials"])
@pytest.mark.parametrize("access", ["access", "accessKeyId", "access_key_id"])
@pytest.mark.parametrize("secret", ["secret", "secretAccessKey", "secret_access_key"])
@pytest.mark.parametrize("token", ["securitytoken", "securityToken", "security_token"])
@pytest.mark.parametrize("expiry", ["expires_at", "expiration"])
def test_each_spelling_is_read(container: str, access: str, secret: str, token: str, expiry: str) -> None:
    data = {container: {access: "AK", secret: "SK", token: "ST", expiry: "2026-03-01T01:00:00.000Z"}}
    assert read_keys(data) == TemporaryKeys("AK", "SK", "ST", NOW)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-03-01T01:00:00Z", NOW),
        ("2026-03-01T01:00:00.5Z", NOW),
        ("2026-03-01T01:00:00.123456789Z", NOW),
        ("2026-03-01T09:00:00+08:00", NOW),
        ("2026-03-01T01:00:00", NOW),
        ("2026-03-01 01:00:00", NOW),
    ],
)
def test_expiry_formats_are_read(text: str, seconds: float) -> None:
    assert read_keys({"credential": {**KEY, "expires_at": text}}).expires_at == seconds


HOSTILE: list[tuple[Any, str]] = [
    (None, "not a JSON object"),
    ([], "not a JSON object"),
    ("text", "not a JSON object"),
    ({}, "no temporary key"),
    ({"credential": None}, "no temporary key"),
    ({"credential": "AK"}, "no temporary key"),
    ({"credential": {**KEY, "access": ""}}, "no access key"),
    ({"credential": {**KEY, "secret": None}}, "no secret key"),
    ({"credential": {**KEY, "access": 7}}, "not one line"),
    ({"credential": {**KEY, "secret": "S\nK"}}, "not one line"),
    ({"credential": {**KEY, "securitytoken": ["ST"]}}, "not one line"),
    ({"credential": {**KEY, "securitytoken": "\u4f5c"}}, "not one line"),
    ({"credential": {**KEY, "access_key_id": "OTHER"}}, "access key twice"),
    ({"credential": {**KEY, "secretAccessKey": "OTHER"}}, "secret key twice"),
    ({"credential": {**KEY, "security_token": "OTHER"}}, "security token twice"),
    ({"credential": {**KEY, "expiration": "2027-03-01T01:00:00Z"}}, "expiry twice"),
    ({"credential": KEY, "credentials": {**KEY, "access": "OTHER"}}, "temporary key twice"),
    ({"credential": {**KEY, "expires_at": "tomorrow"}}, "not a time"),
    ({"credential": {**KEY, "expires_at": "2026-02-31T01:00:00Z"}}, "not a time"),
    ({"credential": {**KEY, "expires_at": 1772326800}}, "not one line"),
    ({"credential": KEY, "error_code": "IAM.0001"}, "contains an error"),
    ({"credential": KEY, "error": {"code": 401}}, "contains an error"),
    ({"error_code": "STS5.1001", "error_msg": "no"}, "contains an error"),
]
INCOMPLETE: list[tuple[Any, str]] = [
    ({"credential": {**KEY, "securitytoken": ""}}, "no security token"),
    ({"credential": {**KEY, "expires_at": None}}, "does not say when"),
    ({"credential": {**KEY, "expires_at": "2026-03-01T00:59:59Z"}}, "already expired"),
    ({"credential": KEY}, "already expired"),
]


@pytest.mark.parametrize(("data", "words"), HOSTILE)
def test_invalid_answers_are_rejected_without_the_key(data: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read_keys(data)
    assert not {"AK", "SK", "ST", "OTHER"} & set(str(caught.value).split())


@pytest.mark.parametrize(("data", "words"), [*HOSTILE, *INCOMPLETE])
def test_invalid_issued_keys_are_a_transient_error(data: Any, words: str) -> None:
    with pytest.raises(RequestError, match=words) as caught:
        read_issued_keys(REQUEST, {"Date": "Sun, 01 Mar 2026 01:00:00 GMT"}, data, lambda: 0.0)
    error = caught.value
    assert (error.kind, error.service, error.path, error.status) == (TRANSIENT, "sts", "/v5/agencies/assume", 200)


@pytest.mark.parametrize(
    ("headers", "wall", "seconds"),
    [
        ({"Date": "Sun, 01 Mar 2026 00:50:00 GMT"}, 0.0, 600.0),
        ({"Date": "Sun, 01 Mar 2026 00:50:00 GMT"}, NOW + 9999, 600.0),
        ({"Date": "soon"}, NOW - 60, 60.0),
        ({}, NOW - 60, 60.0),
    ],
)
def test_lifetime_uses_the_clock_of_the_server(headers: dict[str, str], wall: float, seconds: float) -> None:
    assert lifetime_of(TemporaryKeys("AK", "SK", "ST", NOW), headers, lambda: wall) == seconds


def test_identical_spellings_agree() -> None:
    assert read_keys({"credential": {**KEY, "access_key_id": "AK", "accessKeyId": ""}}).access_key == "AK"
