# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors: the meaning of a code, and the message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.failures.error_bodies import read_error
from ansible_collections.datagate.huaweicloud.plugins.module_utils._error_codes import (
    HINTS,
    SERVICE_CODES,
    classify,
    gateway_number,
    refuses_key,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import (
    DENIED,
    MISSING,
    PERMANENT,
    TRANSIENT,
    OptionError,
    RequestError,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import has_control, printable

DATAARTS = "dataarts"
DLI = "dli"
IAM = "iam"


@pytest.mark.parametrize(
    ("service", "status", "code", "kind"),
    [
        (DATAARTS, 400, "DLF.0100", MISSING),
        (DATAARTS, 400, "DLF.30100", MISSING),
        (DATAARTS, 400, "1001", MISSING),
        (DATAARTS, 400, "DLF.0819", PERMANENT),
        (DATAARTS, 400, "DLF.20819", PERMANENT),
        (DATAARTS, 400, "DLF.3051", PERMANENT),
        (DATAARTS, 400, "DLF.6888", DENIED),
        (DATAARTS, 400, "DLF.9999", TRANSIENT),
        (DATAARTS, 400, None, TRANSIENT),
        (DLI, 400, "DLI.0002", MISSING),
        (DLI, 404, "DLI.0023", MISSING),
        (DLI, 400, "DLI.0999", TRANSIENT),
        (DLI, 401, "DLI.0013", DENIED),
        (DLI, 401, "DLI.0014", DENIED),
        (DLI, 400, "DLF.0100", TRANSIENT),  # not this service's code
        (DATAARTS, 400, "DLI.0002", TRANSIENT),
        (IAM, 400, "1001", TRANSIENT),
        (DATAARTS, 400, " dlf.0100\t", MISSING),
        (DATAARTS, 404, "DLF.30100", MISSING),
        (DATAARTS, 404, "APIGW.0101", PERMANENT),
        (DATAARTS, 400, "APIG.0106", PERMANENT),
        (DLI, 502, "APIC.0201", TRANSIENT),
        (DLI, 504, "APIGW.0201", TRANSIENT),
        (DLI, 401, "APIGW.0301", DENIED),
        (DLI, 401, "APIG.0307", DENIED),
        (DLI, 403, "APIGW.0302", DENIED),
        (DLI, 403, "APIGW.0310", DENIED),
        (DLI, 429, "APIGW.0308", TRANSIENT),
        (DLI, 503, "APIGW.0613", TRANSIENT),
        # HTTP 401 is a refusal with any code.
        (DATAARTS, 401, "DLF.0100", DENIED),
        (DATAARTS, 401, None, DENIED),
        # An unknown code: the status decides.
        (DATAARTS, 403, None, DENIED),
        (DATAARTS, 403, "NEW.1", DENIED),
        (DATAARTS, 404, None, PERMANENT),
        (DATAARTS, 404, "NEW.1", PERMANENT),
        (DATAARTS, 302, None, PERMANENT),
        (DATAARTS, 405, None, PERMANENT),
        (DATAARTS, 414, None, PERMANENT),
        (DATAARTS, 429, None, TRANSIENT),
        (DATAARTS, 500, "1001 ", TRANSIENT),
        (DATAARTS, 502, None, TRANSIENT),
        (DATAARTS, None, None, TRANSIENT),
    ],
)
def test_errors_are_classified_by_service_status_and_code(
    service: str, status: int | None, code: str | None, kind: str
) -> None:
    assert classify(service, status, code) == kind


STATUSES = [None, *range(100, 600)]
MISSING_CODES = [
    (DATAARTS, "DLF.0100"),
    (DATAARTS, "DLF.30100"),
    (DATAARTS, "1001"),
    (DLI, "DLI.0002"),
    (DLI, "DLI.0023"),
]
PREFIXES = ["APIGW", "APIG", "APIC", "apigw"]


def test_codes_count_only_with_a_matching_status() -> None:
    for status in STATUSES:
        check_codes(status)


def check_codes(status: int | None) -> None:
    """Only HTTP 400 and 404 can mean a missing job, and a 5xx answer is never about the job."""
    for service, code in MISSING_CODES:
        kind = classify(service, status, code)
        assert (kind == MISSING) == (status in (400, 404))
        if status in (401, 403):
            assert kind == DENIED
    for service in (DATAARTS, DLI, IAM):
        for prefix in PREFIXES:
            for number in ("0301", "0303", "0307"):
                assert classify(service, status, f"{prefix}.{number}") == DENIED
        assert classify(service, status, "DLF.6888") == DENIED
        for other in ("DLF.0819", "DLF.3051", "APIGW.0101", "APIGW.0302", "DLI.0013", None, "NEW.1"):
            if status is None or status == 429 or status >= 500 or status < 300:
                assert classify(service, status, other) == TRANSIENT


@pytest.mark.parametrize(
    ("status", "code", "refused"),
    [
        (401, None, True),
        (401, "NEW.1", True),
        (401, "APIGW.0303", False),
        (403, None, False),
        (403, "APIGW.0302", False),
        (403, "APIGW.0301", True),
        (400, "apig.0307", True),
        (503, "APIC.0301", True),
        (200, "APIGW.0301", True),
        (400, "DLF.6888", False),
        (429, "APIGW.0308", False),
        (None, None, False),
    ],
)
def test_refused_key_is_detected(status: int | None, code: str | None, refused: bool) -> None:
    assert refuses_key(status, code) == refused
    # A wrong clock also ends the run, but the key is not refused.
    ends = refused or gateway_number(code) == "0303"
    assert RequestError(DENIED, "no", status=status, error_code=code).refused == ends


def test_hints_belong_to_known_codes() -> None:
    known = {code for codes in SERVICE_CODES.values() for code in codes}
    assert {hint for hint in HINTS if not hint.isdigit()} <= known


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("APIGW.0101", "0101"),
        ("APIG.0308", "0308"),
        ("APIC.0613", "0613"),
        ("APIGW.101", None),
        ("APIGW.01011", None),
        (" apigw.0101\n", "0101"),
        ("APIGW.\u0660\u0661\u0660\u0661", None),
        ("DLF.0101", None),
        ("", None),
        (None, None),
    ],
)
def test_gateway_number_of_a_code(code: str | None, number: str | None) -> None:
    assert gateway_number(code) == number


@given(st.text(), st.integers(2, 50))
def test_printable_text_is_one_short_line(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not any(ord(char) < 0x20 or char in "\x7f\u2028\u2029\u202e\u2066" for char in shown)
    if text.isascii() and text.isprintable() and len(text) <= limit:
        assert shown == text


UNSEEN = [
    *map(chr, range(0x20)), "\x7f", *map(chr, range(0x80, 0xA0)), "\u00ad", "\u061c", "\u200b", "\u200c", "\u200d", "\u200e",
    "\u200f", "\u2028", "\u2029", *map(chr, range(0x202A, 0x202F)), "\u2060", *map(chr, range(0x2066, 0x206A)), "\ufeff",
    "\ufff9", "\u115f", "\u3164", "\uffa0", "\u2800", "\u034f", "\ufe0f", "\U000e0041", "\U000e0100", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("char", UNSEEN, ids=lambda char: f"U+{ord(char):04X}")
def test_invisible_characters_are_replaced(char: str) -> None:
    assert printable(f"a{char}b") == "a\ufffdb"
    assert has_control(f"a{char}b")


@pytest.mark.parametrize("text", ["", "job_1", "作业-1", "a b", "é", "ĳ", "日本", "a.b~c"])
def test_visible_characters_are_kept(text: str) -> None:
    assert printable(text) == text
    assert not has_control(text)


def test_printable_accepts_any_value() -> None:
    assert printable(None) == "None"
    assert printable(["a\n"]) == "['a\\n']"
    assert printable("作业 \x1b[31mred") == "作业 \ufffd[31mred"
    assert printable("x" * 300) == "x" * 199 + "\u2026"


def test_message_of_a_request_error() -> None:
    error = RequestError(
        PERMANENT,
        "Workspace does not exists",
        service=DATAARTS,
        host="dayu-dlf.example",
        path="/v1/p/jobs",
        status=400,
        error_code="DLF.0819",
        request_id="r1",
        hint="check workspace",
    )
    assert str(error) == (
        "DLF.0819 (HTTP 400): Workspace does not exists; check workspace [GET dayu-dlf.example/v1/p/jobs, request r1]"
    )
    assert error.extras() == {
        "error_code": "DLF.0819",
        "http_status": 400,
        "request_id": "r1",
        "method": "GET",
        "path": "/v1/p/jobs",
    }


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "broke"),
        ({"status": 502}, "HTTP 502: broke"),
        ({"error_code": "X.1"}, "X.1: broke"),
        ({"path": "/p", "method": "POST"}, "broke [POST /p]"),
        ({"request_id": "r1"}, "broke [request r1]"),
        ({"hint": "try", "path": "/p", "host": "h"}, "broke; try [GET h/p]"),
    ],
)
def test_message_of_an_incomplete_request_error(fields: dict[str, Any], sentence: str) -> None:
    assert str(RequestError(TRANSIENT, "broke", **fields)) == sentence


def test_option_error_names_the_option() -> None:
    error = OptionError("region", "is needed")
    assert (str(error), error.extras()) == ("region: is needed", {"option": "region"})


# -- the body of an error ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        ({"error_code": "DLF.0100", "error_msg": "no job"}, "DLF.0100", "no job"),
        ({"errorCode": "DLF.0100", "errorMsg": "作业不存在"}, "DLF.0100", "作业不存在"),
        ({"code": "X.1", "message": "m"}, "X.1", "m"),
        ({"code": 1001, "message": "m"}, "1001", "m"),
        ({"error": {"code": 401, "message": "m", "title": "Unauthorized"}}, "401", "m"),
        ({"error": {"code": 403, "title": "Forbidden"}}, "403", "Forbidden"),
        ({"error": {"error_code": "X", "error_msg": "m"}, "error_code": "outer"}, "X", "m"),
        ({"error": "text"}, None, ""),
        ({"error_code": "", "errorCode": "X", "error_msg": None, "errorMsg": "m"}, "X", "m"),
        ({"error_code": None, "error_msg": ""}, None, ""),
        ({"error_code": ["X"], "error_msg": {"a": 1}}, None, ""),
        ({"error_msg": "m"}, None, "m"),
        ({"errors": [{"error_code": "DLF.0100", "error_msg": "m"}]}, "DLF.0100", "m"),
        ({"errors": [{"error_code": "A.1"}, {"error_code": "A.1"}]}, "A.1", ""),
        ({"errors": [{"error_code": "DLF.0100"}, {"error_code": "DLF.0819"}]}, None, ""),
        ({"errors": [{"error_code": "DLF.0100"}, {"error_code": "APIGW.0301"}]}, "APIGW.0301", ""),
        ({"errors": []}, None, ""),
        ({"errors": ["text", 1]}, None, ""),
        ([{"error_code": "X", "message": "m"}], "X", "m"),
        ({"error": [{"code": "X", "error_message": "m"}]}, "X", "m"),
        ({"error": {"error": {"code": "X"}}}, "X", ""),
        ({"error_code": "DLF.0100", "errorCode": "DLF.0819"}, None, ""),
        ({"error_code": "dlf.0100 ", "errorCode": "DLF.0100"}, "dlf.0100", ""),
        ({"error_code": "DLF.0100", "code": 400}, "DLF.0100", ""),
        ({"error_code": "DLF.0100", "code": "APIGW.0307"}, "APIGW.0307", ""),
        ({"error_code": " DLF.0100 "}, "DLF.0100", ""),
        ({"error_code": True}, None, ""),
        ({}, None, ""),
        ([], None, ""),
        ("text", None, ""),
        (None, None, ""),
        (5, None, ""),
    ],
)
def test_code_and_message_are_read_from_the_body(data: Any, code: str | None, message: str) -> None:
    assert read_error(data) == (code, message)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["error", "error_code", "errorCode", "code", "error_msg", "message", "title"]), inner
        )
    ),
    max_leaves=6,
)


@given(VALUES)
def test_read_error_accepts_any_json(data: Any) -> None:
    code, message = read_error(data)
    assert code is None or isinstance(code, str)
    assert isinstance(message, str)
    json.dumps([code, message])
