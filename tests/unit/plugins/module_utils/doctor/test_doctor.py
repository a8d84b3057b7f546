# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks and findings as functions of the observations: for any input, each returns a result and none raises."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.exchange import Answer
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import Connection, resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._doctor import checks, findings
from ansible_collections.datagate.huaweicloud.plugins.module_utils._doctor.evidence import (
    BATCH_LIST,
    BATCH_STATUS,
    DLI_STATUS,
    LIMIT,
    LIST,
    OFFSET,
    OTHER_PROGRESS,
    PROGRESS,
    STATUS,
    Evidence,
    Observation,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import (
    DENIED,
    MISSING,
    PERMANENT,
    TRANSIENT,
    UNREACHED,
    CredentialsError,
    RequestError,
)

CALLS = (LIST, STATUS, BATCH_LIST, BATCH_STATUS, OFFSET, LIMIT, PROGRESS, OTHER_PROGRESS, DLI_STATUS)
DATE = {"Date": "Sun, 29 Nov 2026 02:00:00 GMT"}
DEEP: Any = {"jobs": []}
for dummy in range(60):
    DEEP = {"nodes": [DEEP], "x": 1}
BODIES = [
    None,
    [],
    "text",
    5,
    True,
    {},
    {"jobs": 3, "total": "many"},
    {"jobs": [None, 1, "x", [], {}, {"name": None}, {"name": 5, "status": 7}], "total": -1},
    {"Jobs": [{"name": "a", "NAME": "b"}], "total": 10**400},
    {"name": "job", "status": ["NORMAL"], "nodes": {"a": 1}},
    {"name": "job", "status": "\u202eNORMAL\n", "nodes": [[], {"type": 5}, {"nodeType": "\x1b[31m", "x" * 5000: 1}]},
    {"job_id": 5, "status": "", "sub_jobs": [{"killed_tasks_summary": 1}, 2], "is_success": "maybe"},
    {"error_code": "DLF.0001", "error_msg": "no\nway"},
    {f"field{number}": number for number in range(2000)},
    DEEP,
]
ERRORS = [
    RequestError(kind, "no\nway", service=service, path=path, status=status, error_code=code)
    for kind in (DENIED, MISSING, PERMANENT, TRANSIENT, UNREACHED)
    for status, code in (
        (None, None),
        (400, "DLF.0100"),
        (401, None),
        (403, "APIGW.0302"),
        (404, "APIGW.0101"),
        (429, None),
    )
    for service, path in (("dataarts", "/v1"), ("iam", "/v3/projects"), ("iam", "/v3/auth/tokens"), ("metadata", "/"))
]


def connection(**options: Any) -> Connection:
    given = {"access_key": "AKEXAMPLE", "secret_key": "q7Zs3cret", "region": "cn-north-4", "project_id": "p"}
    return resolve({**given, **options}, {}, "dataarts", ("dli",))


def everywhere(observation: Observation, **more: Any) -> Evidence:
    """The same outcome of every call."""
    evidence = Evidence(
        connection=connection(), job_name="job", batch_job="job", dli_question="x", probed_type="REAL_TIME"
    )
    evidence.seen = dict.fromkeys(CALLS, observation)
    for name, value in more.items():
        setattr(evidence, name, value)
    return evidence


def judge(evidence: Evidence) -> dict[str, str]:
    """The results of the checks by name. Asserts the invariants of checks and findings."""
    done, found = checks.run(evidence), findings.run(evidence)
    json.dumps([done, found], allow_nan=False)
    assert all(check["detail"] for check in done)
    assert all(bool(check["advice"]) == (check["result"] in ("warn", "fail")) for check in done), done
    for finding in found:
        assert finding["value"].isprintable()
        assert finding["detail"].isprintable()
        assert len(finding["value"]) < 1500
    return {check["name"]: check["result"] for check in done}


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("dli_job_id", [None, "x"])
def test_any_body_gives_results(body: Any, dli_job_id: str | None) -> None:
    results = judge(everywhere(Observation(Answer(200, DATE, body, 0.0), DATE, None, 0.0), dli_job_id=dli_job_id))
    assert results["credentials"] == results["authentication"] == "ok"
    assert results["status"] in ("fail", "warn")


@pytest.mark.parametrize("is_the_end", [False, True])
@pytest.mark.parametrize("broken_at", [None, "name", "proxy", "tls", "connection"])
def test_any_error_gives_results(broken_at: str | None, is_the_end: bool) -> None:
    for error in ERRORS:
        seen = Observation(error, {} if broken_at or error.status is None else DATE, broken_at, None)
        stop = {"stop": error, "stopped_at": LIST} if is_the_end else {}
        results = judge(everywhere(seen, **stop))
        assert "ok" not in (results["list"], results["status"])
        assert "fail" in results.values() or "warn" in results.values() or error.kind == UNREACHED or is_the_end


def test_error_before_the_first_request_fails_a_check() -> None:
    evidence = everywhere(Observation(None, {}), stop=CredentialsError("no token came"), stopped_at=LIST)
    assert judge(evidence)["authentication"] == "fail"
    assert judge(Evidence(stop=CredentialsError("no credentials found")))["credentials"] == "fail"


@pytest.mark.parametrize(
    ("skew", "error", "result", "advice"),
    [
        (0.0, None, "ok", ""),
        (29.0, None, "ok", ""),
        (412.0, None, "warn", "the clock of this host is 412 s behind: synchronize it (chrony, ntpd)"),
        (-31.0, None, "warn", "the clock of this host is 31 s ahead: synchronize it (chrony, ntpd)"),
        (1200.0, None, "warn", "1200 s behind"),  # a service that accepts it
        (1200.0, "APIGW.0303", "fail", "1200 s behind"),
        (-1200.0, "APIGW.0301", "fail", "1200 s ahead"),  # as old gateways report it
        (412.0, "APIGW.0301", "warn", "412 s behind"),
        (None, "APIGW.0303", "fail", "more than 15 minutes"),
        (None, None, "skipped", ""),
    ],
)
def test_clock_check_compares_with_the_server(skew: float | None, error: str | None, result: str, advice: str) -> None:
    outcome: Any = Answer(200, DATE, {}, 0.0)
    if error:
        outcome = RequestError(DENIED, "authentication failed", status=401, error_code=error)
    found = checks.run(everywhere(Observation(outcome, DATE, None, skew)))
    (check,) = [item for item in found if item["name"] == "clock"]
    assert (check["result"], advice in check["advice"]) == (result, True)


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        ("abcde", "cd", "pages"),
        ("abcde", "bc", "records"),
        ("ab", "", "pages"),
        ("ab", "b", "records"),
        ("abcde", "xy", "unknown"),
        ("abcde", "", "unknown"),
        ("a", "", "unknown"),
        ("", "", "unknown"),
    ],
)
def test_offset_meaning_is_found(first: str, second: str, value: str) -> None:
    evidence = everywhere(Observation(None, {}))
    for call, names in ((LIST, first), (OFFSET, second)):
        body = {"total": len(first), "jobs": [{"name": name} for name in names]}
        evidence.seen[call] = Observation(Answer(200, DATE, body, 0.0), DATE)
    assert dict(findings.FINDINGS)["offset_means"](evidence).value == value
