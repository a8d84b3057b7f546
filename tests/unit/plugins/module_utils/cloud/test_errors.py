# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors: what a code means, and the sentence that comes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud.errors import (
    DENIED,
    HINTS,
    MISSING,
    PERMANENT,
    SERVICE_CODES,
    TRANSIENT,
    OptionError,
    RequestError,
    classify,
    gateway_number,
    printable,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud.session import read_error

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
        # 401 says it, whatever the code.
        (DATAARTS, 401, "DLF.0100", DENIED),
        (DATAARTS, 401, None, DENIED),
        # No code that anybody knows: the status decides.
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
def test_classify(service: str, status: int | None, code: str | None, kind: str) -> None:
    assert classify(service, status, code) == kind


def test_hints_are_for_codes_that_are_known() -> None:
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
        ("apigw.0101", None),
        ("DLF.0101", None),
        ("", None),
        (None, None),
    ],
)
def test_gateway_number(code: str | None, number: str | None) -> None:
    assert gateway_number(code) == number


@given(st.text(), st.integers(2, 50))
def test_printable(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) <= limit
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not any(ord(char) < 0x20 or char in "\x7f\u2028\u2029\u202e\u2066" for char in shown)
    if text.isascii() and text.isprintable() and len(text) <= limit:
        assert shown == text


def test_printable_takes_anything() -> None:
    assert printable(None) == "None"
    assert printable(["a\n"]) == "['a\\n']"
    assert printable("作业 \x1b[31mred") == "作业 \ufffd[31mred"
    assert printable("x" * 300) == "x" * 199 + "\u2026"


def test_the_sentence_of_a_request_error() -> None:
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
def test_sentences_with_less(fields: dict[str, Any], sentence: str) -> None:
    assert str(RequestError(TRANSIENT, "broke", **fields)) == sentence


def test_option_error() -> None:
    error = OptionError("region", "is needed")
    assert (str(error), error.extras()) == ("region: is needed", {"option": "region"})


# -- what an error's body says ----------------------------------------------------------------------------------------


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
        ({}, None, ""),
        ([], None, ""),
        ("text", None, ""),
        (None, None, ""),
        (5, None, ""),
    ],
)
def test_read_error(data: Any, code: str | None, message: str) -> None:
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
def test_read_error_takes_anything(data: Any) -> None:
    code, message = read_error(data)
    assert code is None or isinstance(code, str)
    assert isinstance(message, str)
    json.dumps([code, message])
