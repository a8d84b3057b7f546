# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of the connection, for the possible states of an account, a network and a cloud."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from ansible_collections.datagate.huaweicloud.plugins.module_utils import _module
from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.methods.ecs_agency import (
    EcsAgency,
)
from ansible_collections.datagate.huaweicloud.plugins.modules import connection_info
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process
from tests.emulator import AUTH_TOKEN, OTHER_DOMAIN_NAME, SECRET_KEY, USER_PASSWORD, Emulator, running

from .faults.servers import free_port, listening
from .faults.stage import USER, connection
from .playbook import connection as environment
from .playbook import run

DOCTOR = "datagate.huaweicloud.doctor"
CHECKS = [
    "credentials",
    "host",
    "proxy",
    "tls",
    "clock",
    "authentication",
    "project",
    "workspace",
    "list",
    "status",
    "dli",
    "latency",
]
WRONG = "q7Zs3cretThatIsNotTheRightOne0000000000"
SECRETS = (SECRET_KEY, AUTH_TOKEN, USER_PASSWORD, WRONG, "q7Zs3cret")
DLI_JOB = "85798b38-ae44-48eb-bb90-7cf0dcdafe7b"
ACCOUNT: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {"name": "job_orders", "nodes": [{"name": "READ", "type": "DIS Transfer Task"}]},
        {"name": "job_sms"},
        {"name": "job_nightly", "type": "BATCH"},
    ],
    "dli_jobs": [{"job_id": DLI_JOB, "status": "FINISHED"}],
}
WORKSPACE = "a" * 32
OTHER_PROJECT = "fedcba9876543210fedcba9876543210"
NAMED_WORKSPACE = [{"id": "5" * 32, "name": "etl", "workspaces": [{"id": WORKSPACE, "name": "release"}]}]
OTHER_ACCOUNT = {
    "projects": [{"id": OTHER_PROJECT, "name": "cn-north-4"}],
    "agencies": [{"name": "gate", "project_id": OTHER_PROJECT}],
}
OTHER_AGENCY = {"assume_role_agency": "gate", "assume_role_domain": OTHER_DOMAIN_NAME}
ELSEWHERE = {"dataarts": "https://dayu-dlf.example.com", "dli": "https://dli.example.com"}
# What an advice may name: an option, a variable, or the thing on the machine that is to be changed.
NAMED = re.compile(
    r"HW_[A-Z_]+|HTTPS_PROXY|chrony|\b(access_key|auth_token|ca_path|dli_job_id|endpoints|job_name|proxy|request_timeout"
    r"|requests_per_second|validate_certs|workspace|right to|the findings|password|username|access key)\b"
)


@dataclass
class State:
    """A state of the account or cloud, and the expected checks.

    :ivar cloud: additional settings of the emulator.
    :ivar red: the checks that are not ok, with their results; the skipped ones are left out.
    :ivar advice: regular expression for the advice of the first such check.
    :ivar requests: how many are sent; None for any number up to 12.
    """

    name: str
    cloud: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    red: dict[str, str] = field(default_factory=dict)
    advice: str = ""
    requests: int | None = None
    findings: dict[str, str] = field(default_factory=dict)


def fault(call: str, **action: Any) -> dict[str, Any]:
    """A cloud in which one call fails."""
    return {"faults": [{"match": {"call": call}, **action}]}


HTML = {"body": "<html>Maintenance</html>", "content_type": "text/html"}
LOCKED = {"status": 401, "error_code": "APIGW.0301", "error_msg": "AK access failed to reach the limit, forbidden"}
STRANGE = [
    {
        "name": "job_new",
        "extra": {"governance": {"level": 3}},
        "nodes": [
            {"name": "A", "type": "Quantum SQL", "status": "FROZEN", "extra": {"quantumDepth": 2}},
            {"name": "B", "type": "DLI SQL", "last_instance_status": "success"},
        ],
    },
    {"name": "job_odd", "status": "HIBERNATED"},
    {"name": "job_slow", "status": "STARTING"},
]

STATES = [
    State(
        "well",
        requests=7,
        findings={
            "offset_means": "pages",
            "largest_limit": "100",
            "progress_path": "/v1",
            "batch_status": "400 DLF.0100",
            "spellings": "none",
            "unknown_states": "none",
            "unknown_fields": "none",
            "rate_headers": "none",
        },
    ),
    State("all rights", options={"dli_job_id": DLI_JOB, "job_name": "job_sms"}, requests=8),
    State("password", options={**USER, "project_id": None}, requests=8),
    State("wrong key", options={"secret_key": WRONG}, red={"authentication": "fail"}, advice="access_key", requests=1),
    State(
        "locked key", fault("job_list", **LOCKED), red={"authentication": "fail"}, advice="wait 5 minutes", requests=1
    ),
    State(
        "wrong token", options={"auth_token": WRONG}, red={"authentication": "fail"}, advice="auth_token", requests=1
    ),
    State(
        "wrong password",
        options={**USER, "password": WRONG},
        red={"authentication": "fail"},
        advice="username",
        requests=1,
    ),
    State(
        "half a key",
        options={"secret_key": None, "auth_type": "aksk"},
        red={"credentials": "fail"},
        advice="HW_SECRET_KEY",
        requests=0,
    ),
    State(
        "clock 412 s behind",
        {"clock_skew": 412},
        red={"clock": "warn"},
        advice=r"the clock of this host is 4[01]\d s behind: synchronize it \(chrony, ntpd\)",
        requests=7,
    ),
    State("clock 412 s ahead", {"clock_skew": -412}, red={"clock": "warn"}, advice=r"4[12]\d s ahead"),
    State("clock 20 min off", {"clock_skew": 1200}, red={"clock": "fail"}, advice=r"1[12]\d\d s behind", requests=1),
    State(
        "unknown host",
        options={"endpoints": {"dataarts": "https://nowhere.invalid"}},
        red={"host": "fail"},
        advice="region",
        requests=1,
    ),
    State(
        "connection refused",
        options={"endpoints": {"dataarts": f"http://127.0.0.1:{free_port()}"}},
        red={"host": "fail"},
        advice="firewall",
        requests=1,
    ),
    State(
        "no answer",
        fault("job_list", hang=True),
        options={"request_timeout": 0.3},
        red={"host": "fail"},
        advice="request_timeout",
        requests=1,
    ),
    State(
        "wrong region",
        {"hosts": {"dataarts": "dayu-dlf.eu-west-0.example.com"}},
        red={"host": "fail"},
        advice="region",
    ),
    State(
        "proxy refused",
        options={"endpoints": ELSEWHERE, "proxy": f"http://me:q7Zs3cret@127.0.0.1:{free_port()}"},
        red={"proxy": "fail"},
        advice="HTTPS_PROXY",
        requests=1,
    ),
    State(
        "project unknown",
        options={"project_id": "f" * 32},
        red={"project": "fail", "list": "fail", "dli": "warn"},
        advice="HW_PROJECT_ID",
    ),
    State("no such project", {"projects": []}, {"project_id": None}, {"project": "fail"}, "HW_PROJECT_ID", 1),
    State(
        "no right to projects", {"projects_denied": True}, {"project_id": None}, {"project": "fail"}, "HW_PROJECT_ID", 1
    ),
    State(
        "workspace missing",
        options={"workspace": "none"},
        red={"workspace": "fail"},
        advice="HW_DATAARTS_WORKSPACE_ID",
    ),
    State(
        "workspace by name",
        {"instances": NAMED_WORKSPACE, "jobs": [{"name": "job_sms", "workspace": WORKSPACE}]},
        options={"workspace_name": "release"},
        findings={"progress_path": "/v1"},
    ),
    State(
        "no workspace of that name",
        {"instances": NAMED_WORKSPACE},
        options={"workspace_name": "relase"},
        red={"workspace": "fail"},
        advice="workspace_name",
    ),
    State(
        "no right to list workspaces",
        {"instances": NAMED_WORKSPACE, "workspaces_denied": True},
        options={"workspace_name": "release"},
        red={"workspace": "fail"},
        advice="HW_DATAARTS_WORKSPACE_ID",
    ),
    State(
        "agency of another account",
        OTHER_ACCOUNT,
        options={**OTHER_AGENCY, "project_id": OTHER_PROJECT, "dli_job_id": DLI_JOB},
    ),
    State(
        "an agency that does not trust this account",
        OTHER_ACCOUNT,
        options={**OTHER_AGENCY, "assume_role_agency": "nothing", "project_id": OTHER_PROJECT},
        red={"authentication": "fail"},
        advice="access_key",
    ),
    State("no default workspace", {"default_workspace": False}, red={"workspace": "fail"}, advice="workspace"),
    State(
        "no right to list",
        {"workspaces": ["ws1"], "denied_workspaces": ["ws1"]},
        options={"workspace": "ws1"},
        red={"list": "fail"},
        advice="right to list",
    ),
    State(
        "right to status alone",
        fault("job_list", error_code="DLF.6888"),
        options={"job_name": "job_sms"},
        red={"list": "fail"},
        advice="right to list",
    ),
    State(
        "no right to status", fault("job_status", status=403), red={"status": "fail"}, advice="right to read the status"
    ),
    State("no such job", options={"job_name": "job_none"}, red={"status": "warn"}, advice="job_name"),
    State(
        "a batch job",
        {"batch_status_answer": "batch"},
        {"job_name": "job_nightly"},
        {"status": "warn"},
        "job_name",
        findings={"batch_status": "200 SCHEDULING"},
    ),
    State("DLI denied", fault("dli_progress", status=403), red={"dli": "warn"}, advice="right to read DLI jobs"),
    State(
        "DLI denied, and a job named",
        fault("dli_progress", status=403),
        {"dli_job_id": DLI_JOB},
        {"dli": "fail"},
        "right to read DLI jobs",
    ),
    State("no such DLI job", options={"dli_job_id": "none"}, red={"dli": "warn"}, advice="dli_job_id"),
    State(
        "DLI busy",
        fault("dli_progress", error_code="DLI.0999"),
        {"dli_job_id": DLI_JOB},
        {"dli": "warn"},
        "dli_job_id",
    ),
    State("DLI broken", fault("dli_progress", status=503), {"dli_job_id": DLI_JOB}, {"dli": "fail"}, "HW_DLI_ENDPOINT"),
    State("maintenance", fault("job_list", status=503, **HTML), red={"list": "fail"}, advice="maintenance"),
    State("a page of a proxy", fault("job_list", status=200, **HTML), red={"list": "fail"}, advice="HTTPS_PROXY"),
    State("throttled", fault("job_list", status=429), red={"list": "warn"}, advice="requests_per_second"),
    State("broken", fault("job_list", status=502), red={"list": "fail"}, advice="endpoints"),
    State("small pages only", {"max_limit": 50}, red={"list": "fail"}, advice="the findings"),
    State("no list", fault("job_list", json=["x"], status=200), red={"list": "fail"}, advice="the findings"),
    State("no jobs", {"jobs": []}, red={"list": "warn"}, advice="workspace", findings={"offset_means": "unknown"}),
    State(
        "batch jobs only",
        {"jobs": [{"name": "job_{i}", "count": 3, "type": "BATCH"}], "offset_means": "record"},
        findings={"offset_means": "records", "batch_status": "400 DLF.0100"},
    ),
    State(
        "records, large pages, the other path",
        {"offset_means": "record", "max_limit": 1000, "dli_progress_path": "v1.0", "dli_missing_code": "DLI.0023"},
        findings={"offset_means": "records", "largest_limit": "1000", "progress_path": "/v1.0"},
    ),
    State(
        "an unknown cloud",
        {"jobs": STRANGE, "spelling": "old", "times_as": "string"},
        findings={
            "unknown_states": "HIBERNATED (job in the list); FROZEN (node)",
            "unknown_node_types": "Quantum SQL",
            "unknown_fields": "governance (job in the list); governance (job status); quantumDepth (node)",
            "spellings": "starttime for startTime (job status); LastInstanceStatus for lastInstanceStatus (node); "
            "nodeType for type (node); STARTTING for STARTING (job in the list)",
        },
    ),
    State(
        "rates",
        fault("job_list", headers={"X-Apig-RateLimit-User": "remain:29,limit:30,time:1 second"}),
        findings={"rate_headers": "X-Apig-RateLimit-User: remain:29,limit:30,time:1 second"},
    ),
]


def examine(emulator: Emulator | str, **options: Any) -> dict[str, Any]:
    """The module's result. Asserts the invariants of each state."""
    arguments = connection(emulator, **{"requests_per_second": 0, **options})
    module = connection_info
    result = in_process.run(arguments, module.ARGUMENTS, module.SERVICE, module.BODY, False, "module")
    del result["invocation"]
    text = json.dumps(result, allow_nan=False)
    assert "defect" not in text, text
    assert not [secret for secret in SECRETS if secret in text], text
    if "checks" not in result:
        return result
    assert not result.get("failed"), text
    assert not result["changed"]
    assert [check["name"] for check in result["checks"]] == CHECKS
    for check in result["checks"]:
        assert set(check) == {"name", "result", "detail", "advice"}
        assert check["detail"], check
        assert bool(check["advice"]) == (check["result"] in ("warn", "fail")), check
        assert not check["advice"] or NAMED.search(check["advice"]), check
        assert "\n" not in check["detail"] + check["advice"]
    for finding in result["findings"]:
        assert set(finding) == {"name", "value", "detail"}
        assert not re.search("job_|READ", json.dumps(finding)), "a finding shows no names"
    assert result["requests"] <= 12
    worst = [check["result"] for check in result["checks"]]
    assert result["result"] == next(word for word in ("fail", "warn", "ok") if word in worst)
    return result


def red(result: dict[str, Any]) -> dict[str, str]:
    """The checks that are not ok, without those that were skipped."""
    return {check["name"]: check["result"] for check in result["checks"] if check["result"] in ("warn", "fail")}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_checks_report_the_state_of_an_account(state: State) -> None:
    with running({**ACCOUNT, **state.cloud}) as emulator:
        result = examine(emulator, **state.options)
        journal = emulator.journal
    assert red(result) == state.red
    first = next((check for check in result["checks"] if check["name"] in state.red), {"advice": ""})
    assert re.search(state.advice, first["advice"])
    assert state.requests in (None, result["requests"])
    if "endpoints" not in state.options:
        assert len(journal) == result["requests"]
    found = {finding["name"]: finding["value"] for finding in result["findings"]}
    assert {name: found[name] for name in state.findings} == state.findings
    assert {record.method for record in journal} <= {"GET", "POST"}
    issued: tuple[list[str], ...] = ([], ["/v3/auth/tokens"], ["/v3.0/OS-CREDENTIAL/securitytokens"])
    assert [record.path for record in journal if record.method == "POST"] in issued


def test_field_types_are_found() -> None:
    with running({**ACCOUNT, "times_as": "string"}) as emulator:
        found = {item["name"]: item["value"] for item in examine(emulator)["findings"]}
    assert "startTime is text, not number (job in the list)" in found["field_types"]
    assert "startTime is text, not number (job status)" in found["field_types"]


def test_a_refused_key_is_not_sent_again() -> None:
    with running(ACCOUNT) as emulator:
        examine(emulator, secret_key=WRONG)
        again = examine(emulator, secret_key=WRONG)
        assert len(emulator.journal) == 1
    assert again["requests"] == 0
    assert red(again) == {"authentication": "fail"}
    (check,) = [item for item in again["checks"] if item["name"] == "authentication"]
    assert "refused" in check["detail"]
    assert "nothing is sent with them" in check["advice"]


def test_proxy_that_requires_a_password_is_reported() -> None:
    def refuse(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with listening(refuse) as proxy:
        result = examine("http://unused", endpoints=ELSEWHERE, proxy=proxy.url)
    assert red(result) == {"proxy": "fail"}
    (check,) = [item for item in result["checks"] if item["name"] == "proxy"]
    assert check["detail"].startswith(f"127.0.0.1:{proxy.port}: ")
    assert "its user and password" in check["advice"]
    assert result["requests"] == 1


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def encrypted(tmp_path: Path, authority: trustme.CA) -> Iterator[Emulator]:
    certificate = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.private_key_pem.write_to_path(key)
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(chain, append=number > 0)
    with running(ACCOUNT, certfile=str(chain), keyfile=str(key)) as emulator:
        yield emulator


def test_untrusted_certificate_is_reported(encrypted: Emulator, tmp_path: Path, authority: trustme.CA) -> None:
    result = examine(encrypted)
    assert red(result) == {"tls": "fail"}
    assert result["requests"] == 1
    assert "HW_CACERT" in result["msg"]
    assert red(examine(encrypted, validate_certs=False)) == {"tls": "warn"}
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    assert red(examine(encrypted, ca_path=str(tmp_path / "ca.pem"))) == {}


def test_slow_answers_give_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fast(Clock):
        """A clock on which an answer of 50 ms takes at least 5 seconds."""

        def now(self) -> float:
            return 100 * time.monotonic()

    monkeypatch.setattr(_module, "Clock", Fast)
    with running({**ACCOUNT, "latency": 0.05}) as emulator:
        result = examine(emulator, request_timeout=3000)
    assert red(result) == {"latency": "warn"}


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"job_name": "a/b"}, "job_name"),
        ({"dli_job_id": ".."}, "dli_job_id"),
        ({"endpoints": ELSEWHERE | {"dli": None}, "dli_job_id": "x"}, "dli_job_id"),
        ({"project_id": "no project"}, "project_id"),
        ({"endpoints": {"dataarts": "http://example.com"}}, "endpoints.dataarts"),
    ],
)
def test_invalid_options_fail_the_module(options: dict[str, Any], option: str) -> None:
    with running(ACCOUNT) as emulator:
        result = examine(emulator, **options)
        assert emulator.journal == []
    assert result["failed"] is True
    assert result["option"] == option


def test_dli_host_of_another_cloud_is_not_used() -> None:
    with running(ACCOUNT) as emulator:
        result = examine(emulator, endpoints={"dataarts": emulator.url})
    (check,) = [item for item in result["checks"] if item["name"] == "dli"]
    assert check["result"] == "skipped"
    assert "HW_DLI_ENDPOINT" in check["detail"]


AGENCY = {"auth_type": "ecs_agency", "access_key": None, "secret_key": None, "project_id": None}


@pytest.mark.parametrize(
    ("dli", "results"),
    [({}, {}), ({"status": 401, "error_code": "DLI.0013"}, {"dli": "fail"})],
    ids=["well", "renewed in vain"],
)
def test_agency_leaves_requests_for_the_dli_checks(
    dli: dict[str, Any], results: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud: dict[str, Any] = {**ACCOUNT, "metadata": {"require_token": True}, "dli_progress_path": "v1.0"}
    if dli:
        cloud |= fault("dli_progress", **dli)
    with running(cloud) as emulator:
        monkeypatch.setattr(EcsAgency.__init__, "__defaults__", (emulator.url,))
        result = examine(emulator, **AGENCY, dli_job_id=DLI_JOB)
        assert len(emulator.journal) == result["requests"] <= 12
    assert red(result) == results
    found = {item["name"]: item["value"] for item in result["findings"]}
    assert found["largest_limit"] == "unknown"
    assert found["progress_path"] == ("unknown" if dli else "/v1.0")


def test_recording_contains_no_name(tmp_path: Path) -> None:
    file = tmp_path / "recording.jsonl"
    with running(ACCOUNT) as emulator:
        result = examine(emulator, record=str(file))
    text = file.read_text("utf-8")
    assert result["result"] == "ok"
    assert len([line for line in text.splitlines() if '"path"' in line]) == result["requests"]
    for name in ("job_orders", "job_sms", "READ", AUTH_TOKEN, SECRET_KEY):
        assert name not in text


def test_missing_agency_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(ACCOUNT) as emulator:
        monkeypatch.setattr(EcsAgency.__init__, "__defaults__", (f"http://127.0.0.1:{free_port()}",))
        result = examine(emulator, **AGENCY)
    assert red(result) == {"credentials": "fail"}
    assert "auth_type" in result["msg"]


# -- the playbook -----------------------------------------------------------------------------------------------------


def test_playbook_shows_a_table_and_writes_a_report(tmp_path: Path) -> None:
    variables = {"doctor_report_dir": str(tmp_path / "reports"), "doctor_workspace": "", "doctor_job_name": "job_sms"}
    with running({**ACCOUNT, "clock_skew": 412}) as emulator:
        done = run(DOCTOR, environment(emulator), "--tags", "nothing", variables=variables)
        assert len(emulator.journal) == 7
    assert done.code == 0, done.text
    lines = done["Show the result"]["msg"]
    assert len(lines) < 50
    assert max(map(len, lines)) <= 74
    assert any(line.startswith("ok") and "job_sms is NORMAL" in line for line in lines)
    assert any(re.match(r"warn +clock +it differs by 4[01]\d s", line) for line in lines)
    assert any("-> the clock of this host is 4" in line for line in lines)
    page = (tmp_path / "reports" / "doctor.md").read_text("utf-8")
    assert "| **warn** | `clock` |" in page
    assert "| `offset_means` | `pages` |" in page
    assert SECRET_KEY not in done.text + page


def test_playbook_fails_if_a_gate_could_not_work() -> None:
    with running(ACCOUNT) as emulator:
        done = run(DOCTOR, environment(emulator, HW_SECRET_KEY=WRONG))
        assert len(emulator.journal) == 1
    assert done.code == 2
    assert any(line.startswith("FAIL") for line in done["Show the result"]["msg"])
    assert "authentication" in done["Fail if a gate could not work"].msg
    assert WRONG not in done.text


@pytest.mark.parametrize("arguments", [("--limit", "elsewhere"), ("--skip-tags", "always")])
def test_playbook_with_skipped_tasks_fails(arguments: tuple[str, str]) -> None:
    with running(ACCOUNT) as emulator:
        done = run(DOCTOR, environment(emulator), *arguments)
        assert emulator.journal == []
    assert done.code != 0
    assert arguments[0] in done.text
