# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator keeps the cloud's rules: each one over real HTTP."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
import yaml

from tests.emulator import (
    ACCESS_KEY,
    AUTH_TOKEN,
    DOMAIN_NAME,
    PROJECT_ID,
    REGION,
    SECRET_KEY,
    USER_NAME,
    USER_PASSWORD,
    Emulator,
    ScenarioError,
    load,
    running,
)
from tests.emulator.client import TIMEOUT, Client, signed_headers
from tests.emulator.vendor import SignedRequest, load_oracle

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
SCENARIOS = ROOT / "tests" / "emulator" / "scenarios"
DLI_JOB = "85798b38-ae44-48eb-bb90-7cf0dcdafe7b"

Start = Callable[..., tuple[Emulator, Client]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start an emulator on a manual clock, and a client for it."""
    with ExitStack() as stack:

        def begin(scenario: dict[str, Any] | None = None, **overrides: Any) -> tuple[Emulator, Client]:
            overrides.setdefault("clock", "manual")
            emulator = stack.enter_context(running(scenario or {}, **overrides))
            return emulator, stack.enter_context(Client(emulator.url, project_id=emulator.project_id))

        yield begin


def example(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def error_of(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error_code"]


def names(response: requests.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [job["name"] for job in response.json()["jobs"]]


# Shapes


def test_job_list_example(start: Start) -> None:
    job = {
        "name": "myJob",
        "type": "BATCH",
        "owner": "test_user",
        "create_user": "test_user",
        "last_update_user": "test_user",
        "create_time": 1680783636000,
        "last_instance_end_time": 1682519407000,
    }
    dummy, client = start({"jobs": [job]})
    assert client.jobs(None).json() == example("job_list")


def test_realtime_status_minimal_example(start: Start) -> None:
    node = {"name": "MRS_Flink_Job_8635", "omit": ["status", "type"]}
    omit = ["startTime", "lastUpdateTime", "createUser", "lastModifiyUser"]
    job = {"name": "job_sms", "nodes": [node], "omit": omit}
    dummy, client = start({"jobs": [job], "spelling": ["LastInstanceStatus"]})
    assert client.status("job_sms").json() == example("realtime_status_minimal")


def test_realtime_status_seven_nodes_example(start: Start) -> None:
    wanted = example("realtime_status_seven_nodes")
    known = {
        "type": "type",
        "status": "status",
        "logPath": "log_path",
        "runningData": "running_data",
        "totalGetBytes": "total_get_bytes",
        "totalGetRecords": "total_get_records",
        "totalPutBytes": "total_put_bytes",
        "totalPutRecords": "total_put_records",
    }
    nodes = [
        {
            "name": node["name"],
            **{known[key]: value for key, value in node.items() if key != "name"},
            "omit": ["speed", "bufferRecords", "jobInstanceId", "lastInstanceStatus"],
        }
        for node in wanted["nodes"]
    ]
    job = {
        "name": "job_sms",
        "start_time": wanted["startTime"],
        "last_update_time": wanted["lastUpdateTime"],
        "nodes": nodes,
        "omit": ["createUser", "lastModifiyUser"],
    }
    dummy, client = start({"jobs": [job]})
    assert client.status("job_sms").json() == wanted


def test_dli_progress_example(start: Start) -> None:
    job = {"job_id": DLI_JOB, "status": "RUNNING", "sub_job_id": 0, "sub_jobs": [{"id": 0}]}
    dummy, client = start({"dli_jobs": [job]})
    assert client.progress(DLI_JOB).json() == example("dli_progress_running")


@pytest.mark.parametrize(
    ("code", "body"), [("DLF.0100", "error_job_missing_0100"), ("DLF.30100", "error_job_missing_30100")]
)
def test_missing_job_examples(start: Start, code: str, body: str) -> None:
    dummy, client = start(missing_job_code=code)
    response = client.status("nobody")
    assert response.status_code == 400
    assert response.json() == example(body)
    assert response.headers["X-Request-Id"]


def test_each_example_is_used() -> None:
    """In the emulator's tests or in those of the code that reads such answers."""
    folder = Path(__file__).parent.parent
    sources = [path.read_text(encoding="utf-8") for path in folder.rglob("test_*.py")]
    unused = [path.stem for path in DATA.glob("*.json") if not any(path.stem in source for source in sources)]
    assert unused == []


def test_old_spellings(start: Start) -> None:
    dummy, client = start({"jobs": [{"name": "j", "status": "STARTING", "nodes": [{"name": "n"}]}]}, spelling="old")
    status = client.status("j").json()
    assert status["status"] == "STARTTING"
    assert "starttime" in status
    assert "startTime" not in status
    node = status["nodes"][0]
    assert node["status"] == "STARTTING"
    assert node["nodeType"] == "DLI SQL"
    assert node["LastInstanceStatus"] == "waiting"
    assert not {"type", "lastInstanceStatus"} & set(node)


def test_missing_fields_null_status_and_extra_fields(start: Start) -> None:
    job = {
        "name": "j",
        "status": None,
        "start_time": None,
        "omit": ["owner"],
        "extra": {"newField": {"a": 1}},
        "nodes": [{"name": "n", "status": None, "omit": ["type"], "extra": {"other": [1]}}],
    }
    dummy, client = start({"jobs": [job]}, times_as="string")
    listed = client.jobs().json()["jobs"][0]
    assert not {"status", "startTime", "owner"} & set(listed)
    assert listed["newField"] == {"a": 1}
    status = client.status("j").json()
    assert not {"status", "startTime"} & set(status)
    assert status["newField"] == {"a": 1}
    assert isinstance(status["lastUpdateTime"], str)
    assert not {"status", "type"} & set(status["nodes"][0])
    assert status["nodes"][0]["other"] == [1]


# The order of the checks, and each check


@pytest.mark.parametrize("path", ["/", "/v2/p/jobs", "/v1/p/jobs/a/b/status", "/v1.0/p/jobs/x/progress", "/v1/p/job"])
def test_unknown_paths(start: Start, path: str) -> None:
    dummy, client = start()
    response = client.get(path)
    assert error_of(response) == (404, "APIGW.0101")
    assert response.headers["X-Request-Id"] == response.json()["request_id"]


def test_wrong_host(start: Start) -> None:
    dummy, client = start({"jobs": [{"name": "j"}]}, hosts={"dataarts": "127.0.0.1", "dli": "dli.example.com"})
    assert client.status("j").status_code == 200
    assert error_of(client.progress("x")) == (404, "APIGW.0101")


def test_path_is_checked_before_quota_and_quota_before_signature(start: Start) -> None:
    dummy, client = start(quota={"per_user": 1})
    client.secret_key = "wrong"
    assert error_of(client.get("/nowhere")) == (404, "APIGW.0101")
    assert error_of(client.status("j")) == (401, "APIGW.0301")
    assert error_of(client.status("j")) == (429, "APIGW.0308")


def test_required_headers(start: Start) -> None:
    dummy, client = start({"jobs": [{"name": "j"}]})
    assert error_of(client.status("j", headers={"Content-Type": None})) == (400, "APIGW.0106")
    response = client.status("j", headers={"X-Project-Id": None})
    assert error_of(response) == (400, "DLF.0819")
    assert response.json()["error_msg"] == "Workspace does not exists"
    assert error_of(client.status("j", headers={"X-Project-Id": "another"})) == (403, "APIGW.0302")


def test_workspaces(start: Start) -> None:
    jobs = [{"name": "same", "status": "NORMAL"}, {"name": "same", "workspace": "ws1", "status": "STOPPED"}]
    emulator, client = start({"jobs": jobs}, workspaces=["ws2"], denied_workspaces=["ws3"])
    assert client.status("same").json()["status"] == "NORMAL"
    assert client.status("same", headers={"workspace": "ws1"}).json()["status"] == "STOPPED"
    assert error_of(client.status("same", headers={"workspace": "ws2"})) == (400, "DLF.0100")
    assert error_of(client.status("same", headers={"workspace": "ws3"})) == (400, "DLF.6888")
    assert error_of(client.status("same", headers={"workspace": "ws4"})) == (400, "DLF.20819")
    emulator.set_job("same", workspace="ws1", status="NORMAL")
    assert client.status("same", headers={"workspace": "ws1"}).json()["status"] == "NORMAL"
    with pytest.raises(KeyError, match="more than one"):
        emulator.set_job("same", status="NORMAL")


def test_missing_default_workspace(start: Start) -> None:
    dummy, client = start({"jobs": [{"name": "j"}]}, default_workspace=False)
    assert error_of(client.jobs()) == (400, "DLF.0819")


def test_default_workspace_by_its_id(start: Start) -> None:
    dummy, client = start({"jobs": [{"name": "j"}]}, default_workspace="ws0")
    assert client.status("j").status_code == client.status("j", headers={"workspace": "ws0"}).status_code == 200


@pytest.mark.parametrize(
    "query", [{"limit": 101}, {"limit": 0}, {"limit": "x"}, {"offset": -1}, {"offset": "x"}, {"jobType": "OTHER"}]
)
def test_bad_parameters(start: Start, query: dict[str, Any]) -> None:
    dummy, client = start()
    response = client.get(f"/v1/{PROJECT_ID}/jobs", query)
    assert response.status_code == 400
    assert response.json() == example("error_invalid_parameter")


def test_max_limit(start: Start) -> None:
    dummy, client = start(max_limit=1000)
    assert client.jobs(limit=1000).status_code == 200


def test_status_of_a_batch_job(start: Start) -> None:
    scenario = {"jobs": [{"name": "b", "type": "BATCH"}]}
    dummy, client = start(scenario)
    assert error_of(client.status("b")) == (400, "DLF.0100")
    dummy, client = start(scenario, batch_status_answer="batch")
    assert client.status("b").json()["status"] == "SCHEDULING"


def test_language_and_keys_of_errors(start: Start) -> None:
    dummy, client = start(language="zh", error_keys=["errorCode", "errorMsg"], missing_job_code="1001")
    assert client.status("j").json() == {"errorCode": "1001", "errorMsg": "作业不存在。"}


# Authentication


def test_signature_vectors() -> None:
    oracle = load_oracle()
    assert oracle is not None
    vectors = [vector for vector in example("signature_vectors") if not vector.get("derived")]
    assert len(vectors) == 6
    for vector in vectors:
        headers = {**vector["headers"], "host": vector["host"], "x-sdk-date": vector["date"]}
        request = SignedRequest(
            method=vector["method"],
            raw_path=vector["uri"].partition("?")[0],
            query=[(name, str(value)) for name, value in vector["query"]],
            headers={name.lower(): value for name, value in headers.items()},
            body=b"",
        )
        expected = oracle(vector["ak"], vector["sk"], request)
        assert expected.authorization == vector["authorization"]
        assert expected.canonical_request == vector["canonical_request"]


@pytest.mark.parametrize("name", ["job_sms", "作业 1~*+(x)", "100%25 x", "a%2Bb", "-_.~"])
def test_signed_names(start: Start, name: str) -> None:
    emulator, client = start({"jobs": [{"name": name}]})
    assert client.status(name).json()["name"] == name
    assert names(client.jobs(jobName=name)) == [name]
    assert emulator.journal[0].job == name


def test_plus_for_a_space_breaks_the_signature(start: Start) -> None:
    dummy, client = start()
    url = f"{client.url}/v1/{PROJECT_ID}/jobs?jobName=a%20b"
    headers = signed_headers("GET", url, client.headers)
    assert client.session.get(url, headers=headers, timeout=TIMEOUT).status_code == 200
    response = client.session.get(url.replace("%20", "+"), headers=headers, timeout=TIMEOUT)
    assert error_of(response) == (401, "APIGW.0301")


def test_bad_signature_echoes_the_canonical_request(start: Start) -> None:
    dummy, client = start()
    client.secret_key = "wrong"
    response = client.status("j", headers={"X-Language": "zh_cn"})
    assert error_of(response) == (401, "APIGW.0301")
    assert "x-language:zh_cn" in response.json()["error_msg"]


def test_date_far_from_the_servers(start: Start) -> None:
    dummy, client = start({"jobs": [{"name": "j"}]})
    assert client.status("j", late=14 * 60).status_code == 200
    assert error_of(client.status("j", late=16 * 60)) == (401, "APIGW.0301")
    assert error_of(client.status("j", late=-16 * 60)) == (401, "APIGW.0301")


def test_clock_skew(start: Start) -> None:
    dummy, client = start({"jobs": [{"name": "j"}]}, clock_skew=3600)
    assert error_of(client.status("j")) == (401, "APIGW.0301")
    assert client.status("j", late=-3600).status_code == 200


def test_unsigned_port(start: Start) -> None:
    dummy, client = start({"jobs": [{"name": "j"}]})
    url = f"{client.url}/v1/{PROJECT_ID}/jobs/j/status"
    headers = signed_headers("GET", url.replace(f":{client.url.rpartition(':')[2]}", ""), client.headers)
    assert error_of(client.session.get(url, headers=headers, timeout=TIMEOUT)) == (401, "APIGW.0301")


def test_missing_and_double_authentication(start: Start) -> None:
    dummy, client = start()
    url = f"{client.url}/v1/{PROJECT_ID}/jobs"
    assert error_of(requests.get(url, headers=client.headers, timeout=TIMEOUT)) == (401, "APIGW.0301")
    both = signed_headers("GET", url, client.headers) | {"X-Auth-Token": AUTH_TOKEN}
    assert error_of(requests.get(url, headers=both, timeout=TIMEOUT)) == (401, "APIGW.0301")


def test_disabled_authentication(start: Start) -> None:
    emulator, client = start(authentication=False)
    url = f"{client.url}/v1/{PROJECT_ID}/jobs"
    assert requests.get(url, headers=client.headers, timeout=TIMEOUT).status_code == 200
    assert emulator.journal[0].user == "anonymous"


def test_lock_after_more_than_five_bad_signatures(start: Start) -> None:
    emulator, client = start({"jobs": [{"name": "j"}]}, quota=0)
    for dummy in range(5):
        client.secret_key = "wrong"
        assert client.status("j").status_code == 401
    client.secret_key = SECRET_KEY
    assert client.status("j").status_code == 200, "five do not lock, and a right one ends the row"
    client.secret_key = "wrong"
    for dummy in range(6):
        assert "locked" not in client.status("j").json()["error_msg"]
    client.secret_key = SECRET_KEY
    response = client.status("j")
    assert error_of(response) == (401, "APIGW.0301")
    assert "locked" in response.json()["error_msg"]
    emulator.advance(299)
    assert client.status("j").status_code == 401
    emulator.advance(1)
    assert client.status("j").status_code == 200


def test_lock_applies_to_one_key(start: Start) -> None:
    keys = [{"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}, {"access_key": "OTHER", "secret_key": "other"}]
    dummy, client = start({"jobs": [{"name": "j"}]}, access_keys=keys, quota=0)
    client.secret_key = "wrong"
    for _number in range(7):
        client.status("j")
    client.access_key, client.secret_key = "OTHER", "other"
    assert client.status("j").status_code == 200


def test_temporary_key(start: Start) -> None:
    key = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "security_token": "tok==", "valid_until": 100}
    emulator, client = start({"jobs": [{"name": "j"}]}, access_keys=[key])
    assert error_of(client.status("j")) == (401, "APIGW.0301")
    assert error_of(client.status("j", headers={"X-Security-Token": "other"})) == (401, "APIGW.0301")
    assert client.status("j", headers={"X-Security-Token": "tok=="}).status_code == 200
    emulator.advance(100)
    assert error_of(client.status("j", headers={"X-Security-Token": "tok=="})) == (401, "APIGW.0301")


def test_security_token_with_a_permanent_key(start: Start) -> None:
    dummy, client = start({"jobs": [{"name": "j"}]})
    assert error_of(client.status("j", headers={"X-Security-Token": "tok=="})) == (401, "APIGW.0301")


def test_tokens(start: Start) -> None:
    emulator, client = start({"jobs": [{"name": "j"}]}, tokens=[{"token": "t1", "valid_until": 10}])
    client.token = "t1"
    assert client.status("j").status_code == 200
    emulator.advance(10)
    assert error_of(client.status("j")) == (401, "APIGW.0307")
    client.token = "t2"
    assert error_of(client.status("j")) == (401, "APIGW.0301")


def password_body(password: str = USER_PASSWORD, **project: str) -> dict[str, Any]:
    user = {"name": USER_NAME, "password": password, "domain": {"name": DOMAIN_NAME}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, "scope": {"project": project}}}


@pytest.mark.parametrize("project", [{"name": REGION}, {"id": PROJECT_ID}])
def test_token_by_password(start: Start, project: dict[str, str]) -> None:
    emulator, client = start({"jobs": [{"name": "j"}]}, token_lifetime=50)
    url = f"{client.url}/v3/auth/tokens?nocatalog=true"
    response = requests.post(url, json=password_body(**project), timeout=TIMEOUT)
    assert response.status_code == 201
    assert response.json()["token"]["project"]["id"] == PROJECT_ID
    client.token = response.headers["X-Subject-Token"]
    assert client.status("j").status_code == 200
    assert emulator.journal[-1].user == USER_NAME
    emulator.advance(50)
    assert error_of(client.status("j")) == (401, "APIGW.0307")


def test_wrong_password(start: Start) -> None:
    dummy, client = start()
    url = f"{client.url}/v3/auth/tokens?nocatalog=true"
    response = requests.post(url, json=password_body("wrong", name=REGION), timeout=TIMEOUT)
    assert response.status_code == 401
    assert set(response.json()["error"]) == {"code", "message", "title"}
    assert requests.post(url, json={}, timeout=TIMEOUT).status_code == 400
    assert requests.post(url, json=password_body(name="mars"), timeout=TIMEOUT).status_code == 401


def test_project_look_up(start: Start) -> None:
    projects = [{"id": "a" * 32, "name": "r1"}, {"id": "b" * 32, "name": "r2"}, {"id": "c" * 32, "name": "r2"}]
    dummy, client = start(projects=projects)
    client.headers = {}
    found = {name: client.get("/v3/projects", {"name": name}).json()["projects"] for name in ("r1", "r2", "r3")}
    assert [project["id"] for project in found["r1"]] == ["a" * 32]
    assert len(found["r2"]) == 2
    assert found["r3"] == []
    dummy, client = start(projects_denied=True)
    assert client.get("/v3/projects", {"name": REGION}).json()["error"]["code"] == 403
    client.secret_key = "wrong"
    assert client.get("/v3/projects", {"name": REGION}).status_code == 401


def test_agency_keys(start: Start) -> None:
    emulator, client = start({"jobs": [{"name": "j"}]}, metadata={"require_token": True, "lifetime": 60})
    url = f"{client.url}/openstack/latest/securitykey"
    assert requests.get(url, timeout=TIMEOUT).status_code == 401
    ttl = {"X-Metadata-Token-Ttl-Seconds": "30"}
    token = requests.put(f"{client.url}/meta-data/latest/api/token", headers=ttl, timeout=TIMEOUT).text
    key = requests.get(url, headers={"X-Metadata-Token": token}, timeout=TIMEOUT).json()["credential"]
    client.access_key, client.secret_key = key["access"], key["secret"]
    client.headers["X-Security-Token"] = key["securitytoken"]
    assert client.status("j").status_code == 200
    assert emulator.journal[-1].user == "agency"
    emulator.advance(30)
    assert requests.get(url, headers={"X-Metadata-Token": token}, timeout=TIMEOUT).status_code == 401
    emulator.advance(30)
    assert client.status("j").status_code == 401


def test_missing_agency(start: Start) -> None:
    dummy, client = start()
    assert requests.get(f"{client.url}/openstack/latest/securitykey", timeout=TIMEOUT).status_code == 404
    assert requests.put(f"{client.url}/meta-data/latest/api/token", timeout=TIMEOUT).status_code == 404


# Quotas


def test_quota_by_user(start: Start) -> None:
    emulator, client = start({"jobs": [{"name": "j"}]}, quota={"per_user": 30, "retry_after": 2})
    assert [client.status("j").status_code for dummy in range(30)] == [200] * 30
    response = client.status("j")
    assert error_of(response) == (429, "APIGW.0308")
    assert response.headers["Retry-After"] == "2"
    client.token, signed = AUTH_TOKEN, client.token
    assert client.status("j").status_code == 429, "the token is the same user's"
    client.token = signed
    emulator.advance(0.999)
    assert client.status("j").status_code == 429
    emulator.advance(0.002)
    assert client.status("j").status_code == 200
    assert emulator.stats["by_error_code"] == {"APIGW.0308": 3}


def test_quota_by_api_and_without_retry_after(start: Start) -> None:
    dummy, client = start(quota={"per_user": 0, "per_api": 2})
    assert [client.status("j").status_code for dummy in range(3)] == [400, 400, 429]
    assert "Retry-After" not in client.status("j").headers
    assert client.jobs().status_code == 200


def test_quota_is_enabled_by_default_and_can_be_disabled(start: Start) -> None:
    dummy, client = start()
    assert sum(client.jobs().status_code == 429 for dummy in range(31)) == 1
    dummy, client = start(quota=0)
    assert {client.jobs().status_code for dummy in range(310)} == {200}


# The list


def test_list_defaults(start: Start) -> None:
    jobs = [{"name": "rt_{i}", "count": 12}, {"name": "b_{i}", "count": 12, "type": "BATCH"}]
    dummy, client = start({"jobs": jobs})
    assert names(client.jobs(None)) == [f"b_{i}" for i in range(10)]
    assert client.jobs(None).json()["total"] == 12
    assert len(names(client.jobs("REAL_TIME", limit=100))) == 12


@pytest.mark.parametrize(("means", "second", "far"), [("page", 100, []), ("record", 1, None)])
def test_both_readings_of_offset(start: Start, means: str, second: int, far: list[str] | None) -> None:
    dummy, client = start({"jobs": [{"name": "j{i:03d}", "count": 250}]}, offset_means=means)
    assert names(client.jobs(limit=100, offset=0))[0] == "j000"
    assert names(client.jobs(limit=100, offset=1))[0] == f"j{second:03d}"
    if means == "page":
        assert len(names(client.jobs(limit=100, offset=2))) == 50
    assert names(client.jobs(limit=100, offset=200)) == (
        far if far is not None else [f"j{i:03d}" for i in range(200, 250)]
    )


def test_fuzzy_name_and_tags(start: Start) -> None:
    jobs = [
        {"name": "orders", "tags": ["a", "b"]},
        {"name": "Orders_2", "tags": ["b"]},
        {"name": "other", "tags": "c"},
    ]
    dummy, client = start({"jobs": jobs})
    assert names(client.jobs(jobName="order")) == ["orders", "Orders_2"]
    assert names(client.jobs(tags="a,c")) == ["orders", "other"]
    assert names(client.jobs(tags="b", jobName="_2")) == ["Orders_2"]
    assert names(client.jobs(jobName="none")) == []
    dummy, client = start({"jobs": jobs}, fuzzy_case_sensitive=True, tags_match="all")
    assert names(client.jobs(jobName="order")) == ["orders"]
    assert names(client.jobs(tags="a,b")) == ["orders"]


def test_list_orders(start: Start) -> None:
    jobs = [{"name": "b"}, {"name": "c"}, {"name": "a"}]
    dummy, client = start({"jobs": jobs}, list_order="name")
    assert names(client.jobs()) == ["a", "b", "c"]
    emulator, client = start({"jobs": jobs}, list_order="last_update")
    assert names(client.jobs()) == ["b", "c", "a"]
    emulator.set_job("a", status="EXCEPTION")
    assert names(client.jobs()) == ["a", "b", "c"]


def test_list_lag(start: Start) -> None:
    job = {"name": "j", "timeline": [{"at": 0, "status": "STARTING"}, {"at": 10, "status": "NORMAL"}]}
    emulator, client = start({"jobs": [job]}, list_lag=3)
    emulator.advance(12)
    assert client.status("j").json()["status"] == "NORMAL"
    assert client.jobs().json()["jobs"][0]["status"] == "STARTING"
    emulator.advance(1)
    assert client.jobs().json()["jobs"][0]["status"] == "NORMAL"


def test_list_and_status_disagree(start: Start) -> None:
    jobs = [
        {"name": "a", "status": "NORMAL", "list_timeline": [{"status": "EXCEPTION"}]},
        {"name": "b", "status": "NORMAL", "list_timeline": [{"absent": True}]},
        {"name": "c", "absent": True, "list_timeline": [{"absent": False, "status": "NORMAL"}]},
    ]
    dummy, client = start({"jobs": jobs})
    assert {job["name"]: job["status"] for job in client.jobs().json()["jobs"]} == {"a": "EXCEPTION", "c": "NORMAL"}
    assert client.status("a").json()["status"] == client.status("b").json()["status"] == "NORMAL"
    assert error_of(client.status("c")) == (400, "DLF.0100")


# Timelines


def test_timeline_over_time(start: Start) -> None:
    timeline = [
        {"at": 0, "absent": True},
        {"at": 2, "status": "STOPPED"},
        {"at": 4, "status": "STARTING"},
        {"at": 6, "status": "NORMAL"},
        {"at": 8, "absent": True},
    ]
    emulator, client = start({"jobs": [{"name": "j", "timeline": timeline}]})
    seen = []
    for dummy in range(5):
        response = client.status("j")
        seen.append(response.json().get("status") or response.json()["error_code"])
        assert client.jobs().json()["total"] == (0 if "DLF" in seen[-1] else 1)
        emulator.advance(2)
    assert seen == ["DLF.0100", "STOPPED", "STARTING", "NORMAL", "DLF.0100"]


def test_start_time_moves_with_a_restart(start: Start) -> None:
    timeline = [
        {"at": 5, "status": "STOPPED"},
        {"at": 7, "status": "STARTING"},
        {"at": 9, "status": "NORMAL"},
        {"at": 11, "status": "EXCEPTION", "start_time": 1234},
        {"at": 13, "status": "NORMAL", "start_time": "now-2"},
    ]
    emulator, client = start({"jobs": [{"name": "j", "timeline": timeline}]})
    zero = emulator.epoch_ms
    assert client.status("j").json()["startTime"] == zero - 3_600_000
    emulator.advance(5)
    stopped = client.status("j").json()
    assert stopped["startTime"] == zero - 3_600_000
    assert stopped["endTime"] == pytest.approx(zero + 5000, abs=1)
    emulator.advance(4)
    assert client.status("j").json()["startTime"] == pytest.approx(zero + 7000, abs=1)
    assert "endTime" not in client.status("j").json()
    emulator.advance(2)
    assert client.status("j").json()["startTime"] == 1234
    emulator.advance(2)
    assert client.status("j").json()["startTime"] == pytest.approx(zero + 11000, abs=1)


def test_events_and_changes_override_the_timeline(start: Start) -> None:
    timeline = [
        {"at": 0, "status": "STARTING"},
        {"at": 60, "status": "NORMAL"},
        {"after": "deploy", "at": 2, "status": "STOPPED"},
        {"after": "deploy", "at": 4, "status": "NORMAL"},
        {"after": "crash", "at": 1, "status": "EXCEPTION"},
    ]
    emulator, client = start({"jobs": [{"name": "j", "timeline": timeline}]})

    def after(seconds: float) -> str:
        emulator.advance(seconds)
        return str(client.status("j").json()["status"])

    assert emulator.event("deploy") == 1
    assert [after(1), after(1), after(2)] == ["STARTING", "STOPPED", "NORMAL"]
    emulator.event("deploy")
    assert after(3) == "STOPPED", "an event may be fired again"
    emulator.event("crash")
    assert after(1) == "EXCEPTION", "the later event wins over the end of the earlier one"
    assert after(100) == "EXCEPTION", "and over the plan"
    emulator.set_job("j", status="PAUSE")
    assert after(0) == "PAUSE"
    emulator.event("crash")
    assert after(1) == "EXCEPTION"
    with pytest.raises(KeyError, match="known: crash, deploy"):
        emulator.event("typo")
    emulator.reset()
    assert after(0) == "STARTING"
    assert after(60) == "NORMAL"


def test_nodes_follow_their_job_or_their_own_timeline(start: Start) -> None:
    job = {
        "name": "j",
        "timeline": [{"at": 5, "status": "STOPPED"}],
        "nodes": [
            {"name": "follows"},
            {"name": "once", "status": "STOPPED"},
            {"name": "breaks", "timeline": [{"after": "break", "status": "EXCEPTION", "log_path": "obs://log"}]},
        ],
    }
    emulator, client = start({"jobs": [job]})

    def states() -> dict[str, str]:
        return {node["name"]: node["status"] for node in client.status("j").json()["nodes"]}

    assert states() == {"follows": "NORMAL", "once": "STOPPED", "breaks": "NORMAL"}
    emulator.event("break")
    assert client.status("j").json()["status"] == "NORMAL"
    assert client.status("j").json()["nodes"][2]["logPath"] == "obs://log"
    emulator.advance(5)
    assert states() == {"follows": "STOPPED", "once": "STOPPED", "breaks": "EXCEPTION"}
    emulator.set_job("j", status="NORMAL", nodes={"breaks": {"status": "follow"}, "once": {"absent": True}})
    assert states() == {"follows": "NORMAL", "breaks": "NORMAL"}
    with pytest.raises(KeyError, match="no node"):
        emulator.set_job("j", nodes={"nobody": {"status": "NORMAL"}})
    with pytest.raises(ScenarioError, match="statuss"):
        emulator.set_job("j", statuss="NORMAL")


def test_record_counters(start: Start) -> None:
    node = {"name": "n", "records_per_second": 10, "total_put_records": 100}
    timeline = [{"at": 10, "status": "STOPPED"}, {"at": 20, "status": "NORMAL"}]
    emulator, client = start({"jobs": [{"name": "j", "timeline": timeline, "nodes": [node]}]})

    def records() -> tuple[int, int, float]:
        found = client.status("j").json()["nodes"][0]
        return found["totalPutRecords"], found["totalGetRecords"], found["speed"]

    assert records() == (100, 0, 10.0)
    emulator.advance(5)
    assert records() == (150, 50, 10.0)
    emulator.advance(10)
    assert records() == (200, 100, 0.0)
    emulator.advance(8)
    assert records() == (30, 30, 10.0), "a restart counts from 0"
    emulator.set_job("j", nodes={"n": {"total_put_records": 7, "records_per_second": 0}})
    emulator.advance(8)
    assert records() == (7, 30, 0.0)


def test_templates_and_stagger(start: Start) -> None:
    job = {
        "name": "job_{i:02d}",
        "count": 3,
        "stagger": 2,
        "tags": ["t{i}"],
        "timeline": [{"at": 0, "status": "STARTING"}, {"at": 1, "status": "NORMAL"}],
    }
    emulator, client = start({"jobs": [job]})
    assert names(client.jobs(tags="t2")) == ["job_02"]
    emulator.advance(3)
    assert [job["status"] for job in client.jobs().json()["jobs"]] == ["NORMAL", "NORMAL", "STARTING"]


# DLI


def test_dli_job_runs_and_its_progress_falls_back(start: Start) -> None:
    emulator, client = start(load_demo())
    assert client.progress(DLI_JOB).json()["status"] == "LAUNCHING"
    assert "sub_jobs" not in client.progress(DLI_JOB).json()
    emulator.advance(4)
    first = client.progress(DLI_JOB).json()
    assert (first["status"], first["sub_job_id"], first["progress"]) == ("RUNNING", 0, 0.75)
    assert first["sub_jobs"][0]["num_completed_tasks"] == 30
    emulator.advance(2)
    second = client.progress(DLI_JOB).json()
    assert (second["sub_job_id"], second["progress"]) == (1, 0.2)
    assert [sub["status"] for sub in second["sub_jobs"]] == ["SUCCEEDED", "RUNNING"]
    emulator.advance(4)
    end = client.progress(DLI_JOB).json()
    assert (end["status"], end["progress"]) == ("FINISHED", 1)
    assert not {"sub_job_id", "sub_jobs"} & set(end)
    status = client.sql_status(DLI_JOB).json()
    assert status["status"] == "FINISHED"
    assert status["duration"] == 10_000
    assert status["start_time"] == pytest.approx(emulator.epoch_ms - 10_000, abs=1)
    assert status["queue_name"] == "reports"
    emulator.event("submit")
    assert client.progress(DLI_JOB).json()["status"] == "LAUNCHING"


def load_demo() -> Any:
    return yaml.safe_load((SCENARIOS / "demo.yml").read_text(encoding="utf-8"))


def test_dli_changes_during_a_ramp(start: Start) -> None:
    job = {"job_id": "x", "status": "RUNNING", "progress": 0, "progress_to": 1, "over": 10}
    emulator, client = start({"dli_jobs": [job]})
    emulator.advance(5)
    emulator.set_dli_job("x", message="half")
    assert client.progress("x").json()["progress"] == 0.5
    emulator.advance(1)
    emulator.set_dli_job("x", status="FAILED", message="DLI.0005: table not found")
    emulator.advance(1)
    answer = client.progress("x").json()
    assert (answer["status"], answer["progress"]) == ("FAILED", 0.6)
    assert client.sql_status("x").json()["message"] == "DLI.0005: table not found"
    emulator.set_dli_job("x", is_success="true", extra={"more": 1}, sub_job_id=0)
    assert (
        client.progress("x").json() | {"is_success": "true", "more": 1, "sub_job_id": 0} == client.progress("x").json()
    )


def test_dli_error_window(start: Start) -> None:
    windows = [{"from": 2, "to": 4}, {"after": "busy", "to": 1}]
    emulator, client = start({"dli_jobs": [{"job_id": "x", "status": "RUNNING", "errors": windows}]})
    assert client.progress("x").status_code == 200
    emulator.advance(2)
    assert error_of(client.progress("x")) == (400, "DLI.0999")
    assert client.sql_status("x").status_code == 200
    emulator.advance(2)
    assert client.progress("x").status_code == 200
    emulator.event("busy")
    assert error_of(client.progress("x")) == (400, "DLI.0999")
    emulator.advance(1)
    assert client.progress("x").status_code == 200


def test_dli_path_and_missing_job(start: Start) -> None:
    scenario = {"dli_jobs": [{"job_id": "x"}]}
    dummy, client = start(scenario)
    assert client.progress("x").status_code == 200
    assert error_of(client.progress("x", "v1.0")) == (404, "APIGW.0101")
    assert error_of(client.progress("y")) == (400, "DLI.0002")
    dummy, client = start(scenario, dli_progress_path="v1.0", dli_missing_code="DLI.0023")
    assert error_of(client.progress("x")) == (404, "APIGW.0101")
    assert client.progress("x", "v1.0").status_code == 200
    assert error_of(client.progress("y", "v1.0")) == (404, "DLI.0023")
    assert error_of(client.sql_status("y")) == (404, "DLI.0023")


# Faults


def with_fault(start: Start, **rule: Any) -> tuple[Emulator, Client]:
    return start({"jobs": [{"name": "j", "nodes": [{"name": "n"}]}, {"name": "k"}], "faults": [rule]}, quota=0)


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({"job": "j"}, [1, 3, 5]),
        ({"job": "j", "nth": [1, 3]}, [1, 5]),
        ({"first": 2}, [1, 2]),
        ({"every": 3}, [3, 6]),
        ({"path": "/jobs/k/"}, [2, 4, 6]),
        ({"service": "dli"}, []),
        ({"call": "job_status", "method": "get"}, [1, 2, 3, 4, 5, 6]),
        ({"from": 2, "until": 4}, [3, 4]),
        ({"query": {"x": 1}}, []),
        ({"chance": 0}, []),
    ],
)
def test_fault_matches(start: Start, match: dict[str, Any], hit: list[int]) -> None:
    emulator, client = with_fault(start, match=match, status=503, headers={"Retry-After": 7}, name="down")
    for number in range(1, 7):
        response = client.status("j" if number % 2 else "k")
        emulator.advance(1)
        assert (response.status_code == 503) == (number in hit), number
        if response.status_code == 503:
            assert response.json()["error_code"] == "APIGW.0613"
            assert response.headers["Retry-After"] == "7"
    assert [record.number for record in emulator.requests(fault="down")] == hit


def test_fault_times_and_order(start: Start) -> None:
    faults = [{"times": 1, "error_code": "APIGW.0308"}, {"times": 2, "error_code": "DLF.6888", "error_msg": "无权限"}]
    dummy, client = start({"jobs": [{"name": "j"}], "faults": faults})
    seen = [client.status("j") for dummy in range(4)]
    assert [response.status_code for response in seen] == [429, 400, 400, 200]
    assert seen[1].json()["error_msg"] == "无权限"


def test_fault_after_an_event_and_rules_that_only_fire_or_move_the_time(start: Start) -> None:
    timeline = [{"after": "crash", "status": "EXCEPTION"}]
    faults = [
        {"match": {"nth": 2}, "advance": 5},
        {"match": {"nth": 3}, "fire": "crash"},
        {"match": {"after": "crash", "from": 1}, "status": 500},
    ]
    emulator, client = start({"jobs": [{"name": "j", "timeline": timeline}], "faults": faults})
    assert client.status("j").json()["status"] == "NORMAL"
    assert client.status("j").json()["status"] == "NORMAL"
    assert emulator.time == 5
    assert client.status("j").json()["status"] == "EXCEPTION"
    emulator.advance(1)
    assert client.status("j").status_code == 500
    assert emulator.journal[1].fault is None


def test_bodies_that_are_not_json(start: Start) -> None:
    dummy, client = with_fault(start, body="<html>Bad Gateway</html>", status=502)
    response = client.status("j")
    assert (response.status_code, response.text) == (502, "<html>Bad Gateway</html>")
    assert response.headers["X-Request-Id"]
    dummy, client = with_fault(start, json={"jobs": None})
    assert client.jobs().json() == {"jobs": None}


def test_redirect(start: Start) -> None:
    dummy, client = with_fault(start, redirect="http://example.com/")
    response = client.status("j")
    assert (response.status_code, response.headers["Location"]) == (302, "http://example.com/")


def test_delay_and_latency(start: Start) -> None:
    emulator, client = with_fault(start, delay=0.05, match={"nth": 1})
    assert client.status("j").elapsed.total_seconds() >= 0.05
    assert (emulator.journal[0].duration or 0) >= 0.05
    emulator, client = start({"latency": 0.05})
    assert client.jobs().elapsed.total_seconds() >= 0.05


@pytest.mark.parametrize("reset", ["before_headers", "after_headers", "mid_body"])
def test_resets(start: Start, reset: str) -> None:
    emulator, client = with_fault(start, reset=reset, times=1)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)) as caught:
        client.status("j")
    assert "reset" in str(caught.value).lower()
    assert client.status("j").status_code == 200
    record = emulator.journal[0]
    assert record.fault == "faults[0]"
    assert record.status == (None if reset == "before_headers" else 200)


def test_truncated_body(start: Start) -> None:
    dummy, client = with_fault(start, truncate=5)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        client.status("j")


def test_charset(start: Start) -> None:
    dummy, client = with_fault(start, body='{"name": "作业"}', charset="gbk", content_type="application/json")
    assert client.status("j").content == '{"name": "作业"}'.encode("gbk")


def test_an_error_that_repeats_the_request(start: Start) -> None:
    dummy, client = with_fault(start, echo=True)
    response = client.status("j", headers={"X-Security-Token": "left-over"})
    assert response.status_code == 400
    assert "x-security-token:left-over" in response.json()["error_msg"]
    assert f"Access={ACCESS_KEY}" in response.json()["error_msg"]
    dummy, client = with_fault(start, echo=True, error_code="DLF.6888", error_msg="No:")
    assert response.json()["error_msg"].count("Access=") == 1
    assert error_of(client.status("j")) == (400, "DLF.6888")
    assert client.status("j").json()["error_msg"].startswith("No: ")


@pytest.mark.parametrize("drip", [None, 0.001])
def test_invalid_http(start: Start, drip: float | None) -> None:
    emulator, client = with_fault(start, raw="220 not HTTP\r\n", drip=drip, times=1)
    with pytest.raises(requests.ConnectionError):
        client.status("j")
    assert client.status("j").status_code == 200
    assert emulator.journal[0].fault == "faults[0]"


def test_slow_bytes(start: Start) -> None:
    dummy, client = with_fault(start, drip=0.0001)
    response = client.status("k")
    assert response.json()["name"] == "k"
    assert response.elapsed.total_seconds() < TIMEOUT


def test_large_bodies(start: Start) -> None:
    dummy, client = with_fault(start, gzip_bomb=5_000_000, match={"job": "j"})
    response = client.status("j", stream=True)
    assert response.headers["Content-Encoding"] == "gzip"
    packed = response.raw.read(decode_content=False)
    assert len(packed) < 50_000
    assert len(client.status("j").content) == 5_000_000
    dummy, client = with_fault(start, body_size=300_000)
    assert len(client.status("j").content) == 300_000


def test_hang(start: Start) -> None:
    emulator, client = with_fault(start, hang=True, times=1)
    with pytest.raises(requests.ReadTimeout):
        client.status("j", timeout=0.5)
    assert client.status("j").status_code == 200
    assert [record.status for record in emulator.journal] == [None, 200]


def test_fault_clock_skew_and_changed_status(start: Start) -> None:
    dummy, client = with_fault(start, clock_skew=3600, times=1)
    refused, fine = client.status("j"), client.status("j")
    assert [refused.status_code, fine.status_code] == [401, 200]
    ahead = parsedate_to_datetime(refused.headers["Date"]) - parsedate_to_datetime(fine.headers["Date"])
    assert 3590 < ahead.total_seconds() < 3610
    dummy, client = with_fault(start, status=203)
    assert client.status("j").json()["name"] == "j"
    assert client.status("j").status_code == 203


def test_gzip(start: Start) -> None:
    dummy, client = start({"jobs": [{"name": "j{i}", "count": 50}]}, gzip=True)
    client.headers["Accept-Encoding"] = "gzip"
    response = client.jobs(limit=100)
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(names(response)) == 50


# The journal and the control calls


def test_journal(start: Start) -> None:
    emulator, client = start({"jobs": [{"name": "a b"}]})
    client.status("a b")
    client.jobs(limit=5, jobName="ü")
    client.get("/nowhere")
    first, second, third = emulator.journal
    assert (first.method, first.call, first.service, first.job, first.status) == (
        "GET",
        "job_status",
        "dataarts",
        "a b",
        200,
    )
    assert (first.path, first.raw_path) == (f"/v1/{PROJECT_ID}/jobs/a b/status", f"/v1/{PROJECT_ID}/jobs/a%20b/status")
    assert (first.user, first.access_key) == (USER_NAME, ACCESS_KEY)
    assert first.headers["x-project-id"] == PROJECT_ID
    assert second.query == {"jobType": "REAL_TIME", "limit": "5", "jobName": "ü"}
    assert (third.call, third.error_code) == ("unknown", "APIGW.0101")
    assert first.at <= second.at <= third.at
    assert len({record.connection for record in emulator.journal}) == 1, "one pooled connection"
    assert {record.in_flight for record in emulator.journal} == {1}
    assert emulator.stats["by_status"] == {"200": 2, "404": 1}
    emulator.clear()
    assert emulator.journal == []


def test_concurrent_requests_are_counted(start: Start) -> None:
    emulator, client = start({"faults": [{"hang": True}]})

    def ask() -> None:
        with contextlib.suppress(requests.ConnectionError):
            client.jobs()

    threads = [threading.Thread(target=ask, daemon=True) for dummy in range(3)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + TIMEOUT
    while emulator.stats["most_in_flight"] < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert emulator.stats["most_in_flight"] == 3
    emulator.stop()
    for thread in threads:
        thread.join(TIMEOUT)


def test_control_calls(start: Start) -> None:
    job = {"name": "j", "timeline": [{"after": "deploy", "at": 1, "status": "STOPPED"}], "nodes": [{"name": "n"}]}
    emulator, client = start({"jobs": [job], "dli_jobs": [{"job_id": "x"}]})
    base = f"{emulator.url}/_emulator/"

    def post(path: str, body: object = None) -> requests.Response:
        return requests.post(base + path, json=body, timeout=TIMEOUT)

    assert post("events/deploy").json() == {"event": "deploy", "jobs": 1, "time": 0.0}
    assert post("advance", {"seconds": 1}).json() == {"time": 1.0}
    assert client.status("j").json()["status"] == "STOPPED"
    assert post("jobs/j", {"status": "NORMAL", "nodes": {"n": {"status": "EXCEPTION"}}}).status_code == 200
    assert client.status("j").json()["nodes"][0]["status"] == "EXCEPTION"
    assert post("dli_jobs/x", {"status": "FAILED"}).status_code == 200
    assert client.progress("x").json()["status"] == "FAILED"
    assert requests.get(base, timeout=TIMEOUT).json() == {"time": 1.0, "events": ["deploy"], "fired": {"deploy": 0.0}}
    journal = requests.get(f"{base}journal", timeout=TIMEOUT).json()
    assert [record["call"] for record in journal] == ["job_status", "job_status", "dli_progress"]
    assert requests.get(f"{base}stats", timeout=TIMEOUT).json()["requests"] == 3
    assert post("events/typo").status_code == post("jobs/nobody").status_code == post("dli_jobs/y").status_code == 404
    assert (
        post("jobs/j", {"stat": 1}).status_code == post("advance").status_code == post("jobs/j", []).status_code == 400
    )
    assert post("nothing").status_code == 404
    assert post("clear").status_code == 200
    assert emulator.journal == []
    assert post("reset").json() == {"time": 0.0}
    assert client.status("j").json()["status"] == "NORMAL"


# Scenarios that cannot be used


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        ({"job": []}, r"job: no such key"),
        ({"jobs": {}}, r"jobs: a list is wanted"),
        ({"jobs": [{}]}, r"jobs\[0\]\.name: a text is wanted, not nothing"),
        ({"jobs": [{"name": "j", "nodes": [{"name": "n", "tpye": "x"}]}]}, r"jobs\[0\]\.nodes\[0\]\.tpye: no such key"),
        ({"jobs": [{"name": "j", "type": "STREAM"}]}, r"jobs\[0\]\.type: one of REAL_TIME, BATCH"),
        ({"jobs": [{"name": "j"}, {"name": "j"}]}, r"jobs\[1\]\.name: there is another job 'j'"),
        ({"jobs": [{"name": "j", "count": 2}]}, r"jobs\[0\]\.name: with `count`"),
        ({"jobs": [{"name": "j", "timeline": [{"at": -1}]}]}, r"timeline\[0\]\.at: 0 or more"),
        ({"jobs": [{"name": "j", "timeline": [{"state": "X"}]}]}, r"timeline\[0\]\.state: no such key"),
        ({"jobs": [{"name": "j", "status": 5}]}, r"jobs\[0\]\.status: a text or null"),
        ({"jobs": [{"name": "j", "start_time": "soon"}]}, r"jobs\[0\]\.start_time: epoch milliseconds"),
        ({"quota": {"per_user": True}}, r"quota\.per_user: a whole number"),
        ({"clock": "fast"}, r"clock: one of real, manual"),
        ({"spelling": "older"}, r"spelling: new, old"),
        ({"faults": [{"match": {"path": "("}}]}, r"faults\[0\]\.match\.path: not a regular expression"),
        ({"faults": [{"reset": "later"}]}, r"faults\[0\]\.reset: one of"),
        ({"faults": [{"charset": "latin-99"}]}, r"faults\[0\]\.charset: no such charset"),
        ({"dli_jobs": [{"job_id": "x", "errors": [{"calls": "list"}]}]}, r"errors\[0\]\.calls: progress or status"),
        ({"access_keys": [{"access_key": "x"}]}, r"access_keys\[0\]\.secret_key: a text is wanted"),
    ],
)
def test_invalid_scenarios_are_rejected(scenario: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        load(scenario)


def test_scenarios_from_text_and_file(tmp_path: Path) -> None:
    assert load("jobs:\n  - name: j\n").jobs[0].name == "j"
    path = tmp_path / "scenario.yml"
    path.write_text("jobs: [{name: j}]", encoding="utf-8")
    assert load(path).jobs == load(str(path)).jobs
    with pytest.raises(ScenarioError, match="cannot be read"):
        load(tmp_path / "none.yml")
    with pytest.raises(ScenarioError, match="not YAML"):
        load("jobs: [\n")
    with pytest.raises(ScenarioError, match="a mapping is wanted"):
        load("- 1\n- 2\n")


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yml")), ids=lambda path: path.stem)
def test_included_scenarios_are_valid(start: Start, path: Path) -> None:
    scenario = load(path)
    assert scenario.jobs


def test_ten_thousand_jobs() -> None:
    with running(SCENARIOS / "many_jobs.yml") as emulator, Client(emulator.url) as client:
        seen = {name for page in range(100) for name in names(client.jobs(limit=100, offset=page))}
        assert len(seen) == 10_000
        assert client.jobs(limit=1, jobName="job_09999").json()["total"] == 1


# The command, and https


def test_command(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    arguments = ["tests/emulator/scenarios/demo.yml", "--ready-file", str(ready), "--latency", "0.01"]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.emulator", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = ready.read_text(encoding="utf-8").strip()
        assert line == f"Emulator ready at {url}\n"
        with Client(url) as client:
            assert client.status("job_orders_stream").json()["status"] == "NORMAL"
            requests.post(f"{url}/_emulator/events/break", timeout=TIMEOUT).raise_for_status()
            nodes = {node["name"]: node for node in client.status("job_sms").json()["nodes"]}
        assert len(nodes) == 7
        assert nodes["DLI_SMS_GES"]["status"] == "EXCEPTION"
        assert nodes["DLI_SMS_GES"]["logPath"].startswith("obs://")
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == 0


def test_command_with_a_bad_scenario(tmp_path: Path) -> None:
    path = tmp_path / "bad.yml"
    path.write_text("jobs: 5", encoding="utf-8")
    command = [sys.executable, "-m", "tests.emulator", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "emulator: jobs: a list is wanted, not int 5\n"


def test_command_without_the_vendors_signer(tmp_path: Path) -> None:
    """It starts, reports what is missing, serves tokens, and answers signatures with HTTP 500."""
    (tmp_path / "huaweicloudsdkcore.py").write_text("raise ModuleNotFoundError('not here')", encoding="utf-8")
    command = [sys.executable, "-m", "tests.emulator", "tests/emulator/scenarios/demo.yml"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().split()[-1]
        with Client(url) as client:
            assert error_of(client.jobs()) == (500, "EMULATOR.0001")
            client.token = AUTH_TOKEN
            assert client.jobs().status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 0
        assert "pip install huaweicloudsdkcore" in process.stderr.read()


def test_https_with_client_certificates(tmp_path: Path) -> None:
    authority = trustme.CA()
    server, person = authority.issue_cert("127.0.0.1"), authority.issue_cert("person@example.com")
    files = {name: str(tmp_path / f"{name}.pem") for name in ("ca", "server", "person")}
    authority.cert_pem.write_to_path(files["ca"])
    server.private_key_and_cert_chain_pem.write_to_path(files["server"])
    person.private_key_and_cert_chain_pem.write_to_path(files["person"])
    with (
        running({"jobs": [{"name": "j"}]}, certfile=files["server"], client_ca=files["ca"]) as emulator,
        Client(emulator.url) as client,
    ):
        assert emulator.url.startswith("https://")
        client.session.verify = files["ca"]
        options = {"verify": files["ca"], "cert": files["person"]}
        assert client.status("j", **options).status_code == 200
        client.session.close()
        with pytest.raises(requests.ConnectionError):
            client.status("j", verify=files["ca"])


def test_exception_in_the_emulator_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*dummy: object) -> None:
        raise RuntimeError("out of order")

    def use() -> None:
        with running() as emulator, Client(emulator.url) as client:
            assert client.jobs().json()["error_code"] == "EMULATOR.0000"
            assert emulator.failures

    monkeypatch.setattr("tests.emulator.dataarts.DataArts.list_jobs", broken)
    with pytest.raises(AssertionError, match="out of order"):
        use()


def test_emulator_as_an_http_proxy(start: Start) -> None:
    """A client with a proxy sends the whole URL; the emulator can be that proxy."""
    emulator, client = start({"jobs": [{"name": "j"}]})
    client.url = "http://dayu-dlf.example.com"
    response = client.status("j", proxies={"http": emulator.url})
    assert response.json()["name"] == "j"
    assert emulator.journal[0].headers["host"] == "dayu-dlf.example.com"


def test_port_is_released_at_the_end() -> None:
    with running() as emulator:
        port = emulator.port
    with socket.create_server(("127.0.0.1", port)):
        pass
