# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One answer of the cloud from arbitrary bytes, processed from the body to the report.

`python -m tests.fuzz.answers [libFuzzer's options] [folder of inputs]` lets atheris look for bytes that end in an exception, or
make a gate pass that has read no ready job. `make fuzz` does that for some minutes.
"""

from __future__ import annotations

import json
import sys
from typing import Any, NamedTuple
from unittest import mock

import requests
from requests.structures import CaseInsensitiveDict

from ansible_collections.datagate.huaweicloud.plugins.filter.gate_report import gate_report
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http import body
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.observing.loop import Loop
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.result import as_dict, fails
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.dli_jobs import DliJobs
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.real_time_jobs import RealTimeJobs
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.gate.formats import FORMS
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.summary import summary
from tests.clocks import JumpClock

STATUSES = (200, 200, 200, 400, 401, 403, 404, 429, 500, 502, 503, 504, 302, 204)
ENCODINGS = ("", "gzip", "deflate", "br")
GATES = ("names", "tags", "dli")


class Raw:
    """The body, like that of urllib3."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def read1(self, amount: int, decode_content: bool) -> bytes:
        """The next part of it."""
        part, self.body = self.body[:amount], self.body[amount:]
        return part

    def release_conn(self) -> None:
        """Nothing to release."""


class Response:
    """The response of an adapter of requests."""

    def __init__(self, given: Given) -> None:
        self.status_code = given.status
        self.headers = CaseInsensitiveDict({"Content-Encoding": given.encoding} if given.encoding else {})
        self.raw = Raw(given.body)

    def close(self) -> None:
        """Nothing to release."""


class Given(NamedTuple):
    """The meaning of the input bytes."""

    gate: str
    status: int
    encoding: str
    body: bytes


def meaning(data: bytes) -> Given:
    """The first two bytes choose the gate, the HTTP status and the encoding; the rest is the body."""
    first, second = (*data[:2], 0, 0)[:2]
    gate = GATES[first % len(GATES)]
    encoding = ENCODINGS[0 if first < 200 else first % len(ENCODINGS)]
    return Given(gate, STATUSES[second % len(STATUSES)], encoding, data[2:])


def ask(given: Given) -> dict[str, Any]:
    """The result of a gate that gets this answer to each request."""
    dli = given.gate == "dli"
    params = {
        "endpoints": dict.fromkeys(("dataarts", "dli", "iam"), "https://cloud.example"),
        "region": "cn-north-4",
        "project_id": "0123456789abcdef0123456789abcdef",
        "auth_token": "token",
        "requests_per_second": 0,
        "retries": 1,
    }
    selection = {"dli": {"job_ids": ["a"]}, "names": {"job_names": ["a"]}, "tags": {"tags": ["t"]}}[given.gate]
    task = {**selection, "wait": True, "wait_timeout": 30, "max_consecutive_errors": 2}
    clock = JumpClock()
    session = Session(resolve(params, {}, "dli" if dli else "dataarts"), clock)
    adapter = mock.Mock(send=lambda *dummy, **more: Response(given))
    try:
        # Everything except the network is the real code.
        with mock.patch.object(requests.Session, "get_adapter", return_value=adapter):
            if dli:
                policy, chosen = options.dli_policy(task, False), options.dli_selection(task)
                loop = Loop(policy, chosen, DliJobs(session), clock, lambda low, high: high)
            else:
                policy, chosen = options.policy(task, False), options.selection(task)
                loop = Loop(policy, chosen, RealTimeJobs(session, None, chosen), clock, lambda low, high: high)
            outcome = loop.run()
    finally:
        session.close()
    result = as_dict(outcome, "all")
    return {**result, "failed": fails(policy, outcome)}


def one(data: bytes) -> None:
    """Try these bytes.

    :raises Exception: they are a finding.
    """
    given = meaning(data)
    result = ask(given)
    assert result["verdict"] in ("PASS", "FAIL", "TIMEOUT", "ERROR"), result["verdict"]
    assert result["failed"] == (result["verdict"] != "PASS")
    assert "\n" not in result["msg"]
    assert result["msg"].isprintable()
    if result["verdict"] == "PASS":
        received = body.parse(body.unpack(given.body, given.encoding))
        assert given.status == 200, "a pass on an error"
        assert ("FINISHED" if given.gate == "dli" else "NORMAL") in json.dumps(received).upper(), "a pass on nothing"
    json.dumps(result)
    json.dumps(summary(result))
    for form in FORMS:
        gate_report(result, form)


def main() -> None:
    """Let atheris look for findings."""
    import atheris

    atheris.instrument_all()
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
