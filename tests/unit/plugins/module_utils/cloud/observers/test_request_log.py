# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of the request log, and the file that several processes append to."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.exchange import Answer, Exchange
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.observers.ended_request import (
    EndedRequest,
    report,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.observers.line_file import LineFile
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.observers.request_log import RequestLog
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._module import RequestLines
from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable

URL = "https://user:pw@dli.example.com:8443/v1/p1/jobs"
OPTIONS = {"auth_token": "t", "project_id": "p1", "region": "cn-north-4"}


def line(url: str, answer: Answer | None, problem: str | None = None) -> str:
    lines: list[str] = []
    request = EndedRequest(Call("dli", ()), url, 5.0, 0.0871, answer, problem)
    RequestLog(Clock(), printable, lines.append).ended(request)
    return lines[0]


@pytest.mark.parametrize(
    ("query", "answer", "problem", "wanted"),
    [
        ("", Answer(200, {"X-Request-Id": "7f"}, b"body", 0.0), None, ": HTTP 200, 87 ms, request 7f"),
        ("", Answer(503, {"X-Secret": "s"}, b"body", 0.0), None, ": HTTP 503, 87 ms"),
        ("", None, "the connection broke", ": the connection broke, 87 ms"),
        ("?offset=0&limit=100", None, "x", "?offset=0&limit=100: x, 87 ms"),
        ("?jobName=secret&token=t&jobType=BATCH", None, "x", "?jobName=***&token=***&jobType=BATCH: x, 87 ms"),
        ("/a%0Ab%1b%5B0m%20c", None, "x", "/a\ufffdb\ufffd[0m c: x, 87 ms"),
        (
            "",
            Answer(200, {"X-Request-Id": "7f\r\nFAKE"}, b"", 0.0),
            None,
            ": HTTP 200, 87 ms, request 7f\ufffd\ufffdFAKE",
        ),
    ],
)
def test_line_contains_method_host_path_and_outcome(
    query: str, answer: Answer | None, problem: str | None, wanted: str
) -> None:
    assert line(URL + query, answer, problem) == f"GET dli.example.com:8443/v1/p1/jobs{wanted}"


def test_a_module_returns_the_latest_lines() -> None:
    lines = RequestLines()
    for number in range(RequestLines.MAX_LINES + 2):
        lines.add(str(number))
    assert lines.all()[:2] == ["2 earlier requests are left out", "2"]
    assert len(lines.all()) == RequestLines.MAX_LINES + 1


def ended(outcome: Any, given_up: bool = False) -> EndedRequest:
    prepared = requests.Request("GET", "http://127.0.0.1/").prepare()
    exchange = Exchange(prepared, {}, None, 30.0, 10.0)
    exchange.outcome = outcome
    found: list[EndedRequest] = []

    class Collector:
        def ended(self, request: EndedRequest) -> None:
            found.append(request)

    report([Collector()], Call("dli", ()), exchange, 12.5, given_up)
    return found[0]


@pytest.mark.parametrize(
    ("outcome", "given_up", "problem"),
    [
        (None, False, "no answer in time"),
        (None, True, "given up"),
        (requests.exceptions.ConnectionError("refused"), False, "the connection was refused"),
        (Answer(200, {}, b"{}", 10.0), False, None),
    ],
)
def test_outcome_of_a_request_is_recorded(outcome: Any, given_up: bool, problem: str | None) -> None:
    request = ended(outcome, given_up)
    assert (request.problem, request.seconds) == (problem, 2.5)
    assert (request.answer is None) == (problem is not None)


def test_file_has_one_json_object_per_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text('{"cut": ', "utf-8")
    log = RequestLog(Clock(), printable, None, LineFile("x", str(path)))
    for dummy in range(2):
        log.ended(EndedRequest(Call("dli", ()), URL, 0.0, 1.0, None, "broken"))
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == '{"cut": '
    assert [json.loads(text)["problem"] for text in lines[1:]] == ["broken", "broken"]


@pytest.mark.parametrize(("content", "mode"), [(None, 0o600), ("", 0o600), ("mine", 0o644)])
def test_new_file_is_private(content: str | None, mode: int, tmp_path: Path) -> None:
    path = tmp_path / "log"
    if content is not None:
        path.write_text(content, "utf-8")
        path.chmod(0o644)
    LineFile("x", str(path)).close()
    assert path.stat().st_mode & 0o777 == mode


def test_a_full_disk_ends_the_log_with_one_warning() -> None:
    warnings: list[str] = []

    class Full(LineFile):
        def __init__(self) -> None:
            self._handle = None

        def append(self, line: str) -> None:
            raise OSError(28, "No space left on device")

    log = RequestLog(Clock(), printable, None, Full(), warnings.append)
    for dummy in range(2):
        log.ended(EndedRequest(Call("dli", ()), URL, 0.0, 1.0, None, "broken"))
    assert warnings == ["The request log ends early, its file cannot be written: No space left on device"]


@pytest.mark.parametrize("variable", ["HW_RECORD", "HW_REQUEST_LOG"])
@pytest.mark.parametrize(
    ("name", "problem"),
    [("none/file", "cannot be written (No such file or directory)"), (".", "cannot be written (Is a directory)")],
)
def test_unwritable_file_is_rejected_before_any_request(variable: str, name: str, problem: str, tmp_path: Path) -> None:
    connection = resolve(OPTIONS, {variable: str(tmp_path / name)}, "dli")
    with pytest.raises(OptionError) as raised:
        Session(connection)
    assert raised.value.option == variable
    assert problem in str(raised.value)
    assert "name a new file in an existing directory" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("plugin: x\n", "is not a recording of this version"),
        (json.dumps({"format": "datagate.huaweicloud recording", "version": 1, "id": "00ff"}), "cannot be continued"),
    ],
)
def test_another_kind_of_file_is_not_overwritten(content: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(content, "utf-8")
    with pytest.raises(OptionError, match=problem):
        Session(resolve({**OPTIONS, "record": str(path)}, {}, "dli"))
    assert path.read_text("utf-8") == content


def test_named_pipe_is_rejected(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OptionError, match="is not a file"):
        Session(resolve({**OPTIONS, "record": str(tmp_path / "pipe")}, {}, "dli"))
