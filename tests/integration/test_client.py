# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client against a real server: credentials, retries, the rate limit, the deadline, and error messages.

Waits use a clock that jumps, except in tests of real waits.
"""

from __future__ import annotations

import gc
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from email.utils import formatdate
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
import trustme

from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.base import Credentials
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.methods.ecs_agency import (
    EcsAgency,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.exchange import Answer
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import (
    DENIED,
    MISSING,
    PERMANENT,
    TRANSIENT,
    UNREACHED,
    CredentialsError,
    DatagateError,
    RequestError,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.options import selection
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.source import read_jobs
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.dli.sql_jobs import Dli
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.factory.jobs import DataArts
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.real_time_jobs import RealTimeJobs
from tests.clocks import LONG, JumpClock
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
    running,
)
from tests.single_calls import get, run, single

T = TypeVar("T")
JOB = "job_sms"
KEY = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
USER = {"username": USER_NAME, "password": USER_PASSWORD, "domain_name": DOMAIN_NAME}


Start = Callable[..., Emulator]
Connect = Callable[..., Session]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start an emulator with one job, on a manual clock."""
    with ExitStack() as stack:

        def begin(scenario: dict[str, Any] | None = None, **overrides: Any) -> Emulator:
            options = {"clock": "manual", "quota": 0, "jobs": [{"name": JOB}], **overrides}
            return stack.enter_context(running(scenario or {}, **options))

        yield begin


@pytest.fixture
def connect() -> Iterator[Connect]:
    """A session for an emulator, or for a URL; with a key, a project and no rate limit by default."""
    with ExitStack() as stack:

        def begin(
            server: Emulator | str,
            clock: Clock | None = None,
            credentials: Credentials | None = None,
            environ: dict[str, str] | None = None,
            secrets: list[str] | None = None,
            **params: Any,
        ) -> Session:
            url = server if isinstance(server, str) else server.url
            given: dict[str, Any] = {
                "endpoints": dict.fromkeys(("dataarts", "dli", "iam"), url),
                "region": REGION,
                "project_id": PROJECT_ID,
                "requests_per_second": 0,
                "request_timeout": LONG,
                **params,
            }
            if not {"auth_token", "username", "credentials_file"} & set(params):
                given = {**KEY, **given}
            connection = resolve(given, environ or {}, "dataarts")
            if credentials is not None:
                connection = replace(connection, credentials=credentials)
            session = Session(connection, clock or JumpClock(), None if secrets is None else secrets.append)
            stack.callback(session.close)
            return session

        yield begin


def status_of(name: str = JOB) -> Call:
    return Call("dataarts", ("v1", "{project_id}", "jobs", name, "status"), key=name)


def listing() -> Call:
    return Call("dataarts", ("v1", "{project_id}", "jobs"), [("jobType", "REAL_TIME"), ("jobName", "q7Zs3cret")])


def error_of(session: Session, call: Call | None = None, deadline: float | None = None) -> RequestError:
    with pytest.raises(RequestError) as caught:
        get(session, call or status_of(), deadline)
    return caught.value


def drain(
    session: Session, calls: Iterable[Call], deadline: float | None = None
) -> tuple[dict[str, Any], RequestError | None]:
    """The outcomes by key, and the error that ended the remaining calls."""
    seen: dict[str, Any] = {}
    try:
        for call, outcome in run(session, calls, deadline):
            seen[call.key] = outcome
    except RequestError as error:
        return seen, error
    return seen, None


# -- credentials ------------------------------------------------------------------------------------------------------


def test_access_key(start: Start, connect: Connect) -> None:
    emulator = start()
    answer = get(connect(emulator), status_of())
    assert (answer.status, answer.data["name"]) == (200, JOB)
    (record,) = emulator.journal
    assert record.access_key == ACCESS_KEY
    assert not {"x-auth-token", "x-security-token"} & set(record.headers)


def test_temporary_key(start: Start, connect: Connect) -> None:
    emulator = start(access_keys=[{**KEY, "security_token": "the-security-token=="}])
    get(connect(emulator, security_token="the-security-token=="), status_of())
    (record,) = emulator.journal
    assert record.headers["x-security-token"] == "the-security-token=="
    assert "x-security-token" in record.headers["authorization"]


def test_token(start: Start, connect: Connect) -> None:
    emulator = start()
    get(connect(emulator, auth_token=AUTH_TOKEN), status_of())
    (record,) = emulator.journal
    assert record.headers["x-auth-token"] == AUTH_TOKEN
    assert "authorization" not in record.headers


@pytest.mark.parametrize("project", [PROJECT_ID, None])
def test_password(start: Start, connect: Connect, project: str | None) -> None:
    emulator = start()
    secrets: list[str] = []
    session = connect(emulator, secrets=secrets, project_id=project, **USER)
    for dummy in range(3):
        get(session, status_of())
    # The token's answer names the project, so no look-up is needed.
    assert [record.call for record in emulator.journal] == ["tokens", *["job_status"] * 3]
    token = emulator.journal[1].headers["x-auth-token"]
    assert secrets == [USER_PASSWORD, token]
    assert all(record.headers["x-project-id"] == PROJECT_ID for record in emulator.requests("job_status"))
    assert not any("authorization" in record.headers for record in emulator.journal)


def test_credentials_file(start: Start, connect: Connect, tmp_path: Path) -> None:
    emulator = start(access_keys=[{"access_key": "fileak", "secret_key": "filesk", "security_token": "filest"}])
    path = tmp_path / "credentials"
    path.write_text("[basic]\nak = fileak\nsk = filesk\nsecurity_token = filest\n", encoding="utf-8")
    path.chmod(0o600)
    get(connect(emulator, credentials_file=str(path)), status_of())
    assert [record.access_key for record in emulator.journal] == ["fileak"]


@pytest.mark.parametrize("metadata", [True, {"require_token": True}])
def test_agency(start: Start, connect: Connect, metadata: Any) -> None:
    emulator = start(metadata=metadata)
    secrets: list[str] = []
    session = connect(emulator, credentials=EcsAgency(base=emulator.url), secrets=secrets)
    get(session, status_of())
    get(session, status_of())
    calls = [record.call for record in emulator.journal]
    assert calls == ["metadata_token", "securitykey", "job_status", "job_status"]
    record = emulator.journal[-1]
    assert record.access_key in secrets
    assert record.headers["x-security-token"] in secrets
    assert not any("authorization" in record.headers for record in emulator.requests(service="metadata"))


def test_missing_agency_is_an_error(start: Start, connect: Connect) -> None:
    emulator = start()
    error = error_of(connect(emulator, credentials=EcsAgency(base=emulator.url)))
    assert (error.kind, error.status) == (PERMANENT, 404)
    assert not emulator.requests("job_status")


@pytest.mark.parametrize("answer", [{}, {"credential": None}, {"credential": {"access": "a"}}, "text", []])
def test_agency_without_a_key_is_an_error(start: Start, connect: Connect, answer: Any) -> None:
    emulator = start(metadata=True, faults=[{"match": {"call": "securitykey"}, "status": 200, "json": answer}])
    error = error_of(connect(emulator, credentials=EcsAgency(base=emulator.url)))
    assert error.kind == PERMANENT
    assert "check that an agency is set" in str(error)


def free_port() -> int:
    """A port without a listener."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_missing_metadata_service_is_an_error(start: Start, connect: Connect) -> None:
    emulator = start()
    error = error_of(connect(emulator, credentials=EcsAgency(base=f"http://127.0.0.1:{free_port()}")))
    assert "works only on a cloud server" in str(error)
    assert emulator.journal == []


def test_metadata_service_is_read_without_a_proxy(start: Start, connect: Connect) -> None:
    emulator = start(metadata=True)
    session = connect(
        emulator, credentials=EcsAgency(base=emulator.url), proxy=f"http://127.0.0.1:{free_port()}", retries=0
    )
    assert "proxy" in str(error_of(elsewhere(session)))
    assert [record.call for record in emulator.journal] == ["metadata_token", "securitykey"]


def test_task_key_ignores_environment_tokens(start: Start, connect: Connect) -> None:
    emulator = start()
    get(connect(emulator, environ={"HW_AUTH_TOKEN": "left-over", "HW_SECURITY_TOKEN": "left-over"}), status_of())
    assert [record.status for record in emulator.journal] == [200]


# -- the project ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", [{}, {"auth_token": AUTH_TOKEN}])
def test_project_look_up(start: Start, connect: Connect, auth: dict[str, str]) -> None:
    emulator = start()
    session = connect(emulator, project_id=None, **auth)
    get(session, status_of())
    get(session, status_of())
    first, second, third = emulator.journal
    assert (first.call, first.query) == ("projects", {"name": REGION})
    assert "x-project-id" not in first.headers
    assert second.headers["x-project-id"] == third.headers["x-project-id"] == PROJECT_ID
    assert second.path == f"/v1/{PROJECT_ID}/jobs/{JOB}/status"


def test_project_look_up_by_its_name(start: Start, connect: Connect) -> None:
    emulator = start(projects=[{"id": PROJECT_ID, "name": "项目 a+b"}, {"id": "other", "name": REGION}])
    get(connect(emulator, project_id=None, project_name="项目 a+b"), status_of())
    assert emulator.journal[0].query == {"name": "项目 a+b"}


@pytest.mark.parametrize(
    ("scenario", "kind", "words"),
    [
        ({"projects": [{"id": "p", "name": "other"}]}, PERMANENT, "no project named 'cn-north-4'; give project_id"),
        ({"projects": [{"id": "p", "name": REGION}, {"id": "q", "name": REGION}]}, PERMANENT, "2 projects named"),
        ({"projects_denied": True}, DENIED, "You are not authorized"),
        ({"faults": [{"match": {"call": "projects"}, "status": 200, "json": []}]}, PERMANENT, "no project"),
    ],
)
def test_missing_project_is_an_error(
    start: Start, connect: Connect, scenario: dict[str, Any], kind: str, words: str
) -> None:
    emulator = start(scenario)
    error = error_of(connect(emulator, project_id=None))
    assert error.kind == kind
    assert words in str(error)
    assert error.path == "/v3/projects"
    assert not emulator.requests("job_status")


def test_project_look_up_compares_exact_names(start: Start, connect: Connect) -> None:
    projects = [{"id": "other", "name": f"{REGION}_sub"}, {"id": PROJECT_ID, "name": REGION}, {"name": REGION}, None]
    emulator = start(faults=[{"match": {"call": "projects"}, "status": 200, "json": {"projects": projects}}])
    assert get(connect(emulator, project_id=None), status_of()).status == 200


# -- what is sent -----------------------------------------------------------------------------------------------------


def test_headers_that_are_always_sent(start: Start, connect: Connect) -> None:
    job_id = "85798b38"
    emulator = start(jobs=[{"name": JOB, "workspace": "ws1"}], dli_jobs=[{"job_id": job_id}])
    session = connect(emulator)
    service = DataArts("ws1")
    assert session.complete(service.status(JOB)).job is not None
    assert len(session.complete(service.list()).jobs) == 1
    assert session.complete(Dli().status(job_id)).job is not None
    for record in emulator.journal:
        assert record.headers["x-project-id"] == PROJECT_ID
        assert record.headers["content-type"] == "application/json"
        assert record.headers["x-language"] == "en_us"
        assert record.headers["accept-encoding"] == "identity"
        assert record.headers["user-agent"].startswith("datagate.huaweicloud/")
        assert record.headers.get("workspace") == (None if record.service == "dli" else "ws1")
        signed = record.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        assert set(signed) <= {"content-type", "host", "workspace", "x-project-id", "x-sdk-date"}
        assert {"host", "x-sdk-date", "x-project-id"} <= set(signed)


@pytest.mark.parametrize("name", ["作业 1~*+(x)", "100%25 x", "a%2Bb", "-_.~", "a b", "a?b#c&d=e", "\\", "é;:@,$!'[]"])
def test_names_are_encoded(start: Start, connect: Connect, name: str) -> None:
    emulator = start(jobs=[{"name": name}])
    session, service = connect(emulator), DataArts()
    assert session.complete(service.status(name)).job is not None
    assert [job["name"] for job in session.complete(service.list(name=name, tags=[])).jobs] == [name]
    assert emulator.journal[0].job == name
    assert "+" not in emulator.journal[1].raw_path


def test_connections_are_reused(start: Start, connect: Connect) -> None:
    emulator = start()
    session = connect(emulator)
    for name in (JOB, "nobody", JOB, "nobody", JOB):
        list(run(session, [status_of(name)]))
    assert emulator.stats["connections"] == 1


def test_netrc_is_ignored(start: Start, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password q7Zs3cret\ndefault login x password y\n")
    netrc.chmod(0o600)
    emulator = start()
    get(connect(emulator), status_of())
    get(connect(emulator, auth_token=AUTH_TOKEN), status_of())
    signed, token = emulator.journal
    assert signed.headers["authorization"].startswith("SDK-HMAC-SHA256 ")
    assert "authorization" not in token.headers


# -- redirects, TLS, proxies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["job_status", "tokens", "projects"])
def test_redirects_are_not_followed(start: Start, connect: Connect, call: str) -> None:
    elsewhere = start()
    rule = {"match": {"call": call}, "redirect": f"{elsewhere.url}/v1/{PROJECT_ID}/jobs/{JOB}/status"}
    emulator = start(faults=[rule])
    params_by_call: dict[str, dict[str, Any]] = {"tokens": USER, "projects": {"project_id": None}}
    params = params_by_call.get(call, {})
    error = error_of(connect(emulator, **params))
    assert (error.kind, error.status) == (PERMANENT, 302)
    assert "redirects are not followed" in str(error)
    assert len(emulator.journal) == 1
    assert elsewhere.journal == []


def test_body_of_a_redirect_is_not_read(start: Start, connect: Connect) -> None:
    rule = {"match": {"call": "job_status"}, "redirect": "http://127.0.0.1:1/", "body_size": 50_000_000}
    error = error_of(connect(start(faults=[rule])))
    assert (error.kind, error.status) == (PERMANENT, 302)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files of a certificate authority, of a server and a client that it knows, and of another authority."""
    folder = tmp_path_factory.mktemp("tls")
    ours, other = trustme.CA(), trustme.CA()
    server = ours.issue_cert("127.0.0.1", "localhost")
    client = ours.issue_cert("client@example.com")
    files = {name: str(folder / f"{name}.pem") for name in ("ca", "other", "server", "wrong", "client", "key", "cert")}
    ours.cert_pem.write_to_path(files["ca"])
    other.cert_pem.write_to_path(files["other"])
    server.private_key_and_cert_chain_pem.write_to_path(files["server"])
    ours.issue_cert("elsewhere.example").private_key_and_cert_chain_pem.write_to_path(files["wrong"])
    client.private_key_and_cert_chain_pem.write_to_path(files["client"])
    client.private_key_pem.write_to_path(files["key"])
    client.cert_chain_pems[0].write_to_path(files["cert"])
    return files


# The garbage collector may report the rest of a refused handshake of asyncio's server at any time.
refuses = pytest.mark.filterwarnings("ignore::ResourceWarning")


@contextmanager
def secure(authority: dict[str, str], certificate: str = "server", **options: Any) -> Iterator[Emulator]:
    with running({"jobs": [{"name": JOB}], "quota": 0}, certfile=authority[certificate], **options) as emulator:
        yield emulator
    gc.collect()


@refuses
def test_certificates_are_checked(connect: Connect, authority: dict[str, str]) -> None:
    with secure(authority) as emulator:
        assert get(connect(emulator, ca_path=authority["ca"]), status_of()).status == 200
        other = {"REQUESTS_CA_BUNDLE": authority["other"], "HW_CACERT": authority["ca"]}
        assert get(connect(emulator, environ=other), status_of()).status == 200
        emulator.clear()
        for params in ({}, {"ca_path": authority["other"]}):
            error = error_of(connect(emulator, **params))
            assert error.kind == PERMANENT
            assert "the server's certificate is not trusted" in str(error)
        assert emulator.journal == []


@refuses
def test_certificate_name_is_checked(connect: Connect, authority: dict[str, str]) -> None:
    with secure(authority, "wrong") as emulator:
        error = error_of(connect(emulator, ca_path=authority["ca"]))
        assert error.kind == PERMANENT
        assert "TLS failed" in str(error)
        assert emulator.journal == []


@refuses
@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_variables_do_not_override_validate_certs(
    connect: Connect, authority: dict[str, str], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, authority["other"])
    with secure(authority) as emulator:
        session = connect(emulator, environ={variable: authority["other"]}, validate_certs=False)
        assert get(session, status_of()).status == 200
        # They do not override ca_path either.
        assert get(connect(emulator, ca_path=authority["ca"]), status_of()).status == 200
        assert "not trusted" in str(error_of(connect(emulator, environ={variable: authority["other"]})))


@refuses
def test_validate_certs_false_gives_no_warning_per_request(connect: Connect, authority: dict[str, str]) -> None:
    """validate_certs: false gives one warning, from the module; urllib3's warnings would fill the module's output."""
    with secure(authority) as emulator:
        assert get(connect(emulator, validate_certs=False, retries=0), status_of()).status == 200


@refuses
@pytest.mark.parametrize("parts", [{"client_cert": "client"}, {"client_cert": "cert", "client_key": "key"}])
def test_client_certificate(connect: Connect, authority: dict[str, str], parts: dict[str, str]) -> None:
    files = {option: authority[name] for option, name in parts.items()}
    with secure(authority, client_ca=authority["ca"]) as emulator:
        assert get(connect(emulator, ca_path=authority["ca"], **files), status_of()).status == 200
        error = error_of(connect(emulator, ca_path=authority["ca"], retries=0))
        assert len(emulator.journal) == 1
        assert error.status is None


@refuses
@pytest.mark.parametrize("option", ["ca_path", "client_cert"])
def test_file_without_a_certificate_is_an_error(
    connect: Connect, authority: dict[str, str], tmp_path: Path, option: str
) -> None:
    path = tmp_path / "file.pem"
    path.write_text("q7Zs3cret\n", encoding="utf-8")
    with secure(authority) as emulator:
        error = error_of(connect(emulator, **{"ca_path": authority["ca"], option: str(path)}))
        assert error.kind == PERMANENT
        assert option in str(error)
        assert "q7Zs3cret" not in str(error)


def elsewhere(session: Session) -> Session:
    """The same session for another host, for which options reject http."""
    session.connection.endpoints.update(dict.fromkeys(("dataarts", "dli", "iam"), "http://cloud.example:1"))
    return session


def test_a_proxy_is_used(start: Start, connect: Connect) -> None:
    """The emulator takes a request for any host, as a proxy does."""
    emulator = start()
    get(elsewhere(connect(emulator, proxy=emulator.url)), status_of())
    (record,) = emulator.journal
    assert record.headers["host"] == "cloud.example:1"


def test_proxy_variables_are_used(start: Start, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = start()
    monkeypatch.setenv("http_proxy", f"http://user:q7Zs3cret@127.0.0.1:{free_port()}")
    error = error_of(elsewhere(connect(emulator, retries=0)))
    assert (error.kind, error.status) == (TRANSIENT, None)
    assert "the proxy cannot be reached" in str(error)
    assert "q7Zs3cret" not in str(error)
    monkeypatch.setenv("http_proxy", emulator.url)
    get(elsewhere(connect(emulator)), status_of())
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_requests_use_no_proxy(
    start: Start, connect: Connect, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    emulator, proxy = start(), start()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("no_proxy", "")
    url = f"http://{host}:{emulator.port}"
    for options in ({}, {"proxy": proxy.url}):
        assert get(connect(url, auth_token=AUTH_TOKEN, **options), status_of()).status == 200
    assert (len(emulator.journal), len(proxy.journal)) == (2, 0)


# -- retries ----------------------------------------------------------------------------------------------------------

BROKEN = [
    pytest.param({"status": 429}, 429, id="429"),
    pytest.param({"status": 502}, 502, id="502"),
    pytest.param({"status": 503}, 503, id="503"),
    pytest.param({"status": 504, "body": "<html>gateway</html>"}, 504, id="504"),
    pytest.param({"reset": "before_headers"}, None, id="reset before headers"),
    pytest.param({"reset": "after_headers"}, None, id="reset after headers"),
    pytest.param({"reset": "mid_body"}, None, id="reset in the body"),
    pytest.param({"truncate": 5}, None, id="truncated"),
]


@pytest.mark.parametrize(("fault", "status"), BROKEN)
def test_retries(start: Start, connect: Connect, fault: dict[str, Any], status: int | None) -> None:
    emulator = start(faults=[{"match": {"call": "job_status"}, "times": 3, **fault}])
    clock = JumpClock()
    session = connect(emulator, clock, retries=3)
    assert get(session, status_of()).data["name"] == JOB
    assert session.sent == len(emulator.journal) == 4
    assert clock.time > 1000.0  # not at once
    emulator.reset()
    error = error_of(connect(emulator, retries=2))
    assert (error.kind, error.status) == (TRANSIENT, status)
    assert len(emulator.journal) == 3
    emulator.reset()
    error_of(connect(emulator, retries=0))
    assert len(emulator.journal) == 1


def test_each_retry_is_signed_again(start: Start, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = start(faults=[{"match": {"call": "job_status"}, "times": 2, "status": 503}])
    clock = JumpClock()
    started = time.time()
    monkeypatch.setattr(clock, "wall", lambda: started + clock.time - 1000.0)
    get(connect(emulator, clock), status_of())
    dates = [record.headers["x-sdk-date"] for record in emulator.journal]
    assert len(set(dates)) > 1
    assert emulator.journal[-1].status == 200


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 400}, TRANSIENT),
        ({"error_code": "DLF.0100"}, MISSING),
        ({"error_code": "DLF.3051"}, PERMANENT),
        ({"status": 403}, DENIED),
        ({"error_code": "DLF.6888"}, DENIED),
        ({"status": 404}, PERMANENT),
        ({"status": 500, "body": "oops"}, TRANSIENT),
        ({"status": 200, "body": "<html>login</html>"}, TRANSIENT),
    ],
)
def test_permanent_errors_are_not_retried(start: Start, connect: Connect, fault: dict[str, Any], kind: str) -> None:
    emulator = start(faults=[{"match": {"call": "job_status"}, **fault}])
    assert error_of(connect(emulator)).kind == kind
    assert len(emulator.journal) == 1


def waited(start: Start, connect: Connect, status: int, value: str | None, **params: Any) -> float:
    """Seconds between the first try and the second one."""
    headers = {} if value is None else {"Retry-After": value}
    emulator = start(faults=[{"match": {"call": "job_status", "nth": 1}, "status": status, "headers": headers}])
    clock = JumpClock()
    answer = get(connect(emulator, clock, **params), status_of())
    assert len(emulator.journal) == 2
    return answer.sent_at - 1000.0


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_retry_after_is_honoured(start: Start, connect: Connect, status: int) -> None:
    assert waited(start, connect, status, "7") == 7.0
    assert waited(start, connect, status, "0") == 0.0
    assert 25.0 <= waited(start, connect, status, formatdate(time.time() + 40, usegmt=True)) <= 40.0


def test_http_429_without_retry_after(start: Start, connect: Connect) -> None:
    assert 2.0 <= waited(start, connect, 429, None) <= 5.0
    assert 2.0 <= waited(start, connect, 429, "soon") <= 5.0
    assert 2.0 <= waited(start, connect, 429, "-1") <= 5.0


def test_backoff_grows(start: Start, connect: Connect) -> None:
    emulator = start(faults=[{"match": {"call": "job_status"}, "times": 6, "status": 503}])
    clock = JumpClock()
    answer = get(connect(emulator, clock, retries=6), status_of())
    # 0.5, 1, 2, 4, 8 and 10 s, each between a half and the whole of it.
    assert 12.75 <= answer.sent_at - 1000.0 <= 25.5


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["11", "999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_retry_after_beyond_the_deadline_is_not_awaited(
    start: Start, connect: Connect, status: int, value: str
) -> None:
    emulator = start(faults=[{"match": {"call": "job_status"}, "status": status, "headers": {"Retry-After": value}}])
    clock = JumpClock()
    error = error_of(connect(emulator, clock), deadline=1010.0)
    assert (error.kind, error.status) == (TRANSIENT, status)
    assert error.retry_after is not None
    assert error.retry_after >= 11.0
    assert clock.time < 1010.0
    assert len(emulator.journal) == 1


def test_retry_after_without_a_deadline_is_limited(start: Start, connect: Connect) -> None:
    emulator = start(
        faults=[{"match": {"call": "job_status"}, "status": 429, "headers": {"Retry-After": "1000000000"}}]
    )
    clock = JumpClock()
    assert error_of(connect(emulator, clock)).status == 429
    assert clock.time < 1100.0


def test_throttled_call_delays_the_others_for_a_second(start: Start, connect: Connect) -> None:
    """The call waits for its Retry-After; a gate must not stop reading all other jobs for that long."""
    emulator = start(
        jobs=[{"name": "a"}, {"name": "b"}, {"name": "c"}],
        faults=[{"match": {"job": "a", "nth": 1}, "status": 429, "headers": {"Retry-After": "9"}}],
    )
    clock = JumpClock()
    answers = {call.key: answer for call, answer in run(connect(emulator, clock), map(status_of, "abc"))}
    assert all(isinstance(answer, Answer) for answer in answers.values())
    assert {name: answer.sent_at for name, answer in answers.items()} == {"a": 1009.0, "b": 1001.0, "c": 1001.0}


def test_retries_end_at_the_deadline(start: Start, connect: Connect) -> None:
    emulator = start(faults=[{"match": {"call": "job_status"}, "status": 503}])
    clock = JumpClock()
    error = error_of(connect(emulator, clock, retries=100), deadline=1030.0)
    assert error.kind == TRANSIENT
    assert clock.time <= 1030.0
    assert 3 <= len(emulator.journal) <= 20


# -- 401 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params", [{"secret_key": "wrong"}, {"access_key": "nobody"}, {"auth_token": "wrong"}, {"security_token": "wrong"}]
)
def test_no_second_request_after_a_401(start: Start, connect: Connect, params: dict[str, str]) -> None:
    emulator = start()
    session = connect(emulator, **params)
    seen, error = drain(session, (status_of(f"job_{number}") for number in range(200)))
    assert error is not None
    assert (error.kind, error.status, error.error_code) == (DENIED, 401, "APIGW.0301")
    assert seen == {}, "a refusal concerns every call, so it is no outcome of one"
    for dummy_call in range(5):
        assert error_of(session) is error
    assert len(emulator.journal) == session.sent == 1
    # The message of the gateway repeats headers; it is not shown.
    assert "authentication failed" in str(error)
    assert "canonical" not in str(error)
    assert not any(value in str(error) for value in params.values() if value != "wrong")


def test_wrong_password_is_sent_once(start: Start, connect: Connect) -> None:
    emulator = start()
    session = connect(emulator, **{**USER, "password": "q7Zs3cret"})
    for dummy in range(5):
        error = error_of(session)
        assert (error.kind, error.status, error.path) == (DENIED, 401, "/v3/auth/tokens")
        assert "q7Zs3cret" not in str(error)
    assert [record.call for record in emulator.journal] == ["tokens"]


def test_http_401_drops_all_concurrent_calls(start: Start, connect: Connect) -> None:
    """No call sends a request after it; earlier requests are dropped, because the refusal applies to all calls."""
    emulator = start(
        jobs=[{"name": "job_{i}", "count": 100}],
        faults=[
            {"match": {"job": "job_1"}, "status": 401},
            {"match": {"call": "job_status", "job": "job_?*", "from": 0}, "delay": 0.5},
        ],
    )
    session = connect(emulator)
    seen, error = drain(session, (status_of(f"job_{number}") for number in range(100)))
    assert error is not None
    assert error.status == 401
    assert len(emulator.journal) <= session.sent <= 17  # the first one alone, and one for each worker
    assert isinstance(seen["job_0"], Answer)
    assert "job_1" not in seen
    assert error_of(session) is error
    assert len(emulator.journal) <= 17


def test_expired_key_is_not_sent_again(start: Start, connect: Connect) -> None:
    emulator = start(access_keys=[{**KEY, "valid_until": 100}])
    session = connect(emulator)
    get(session, status_of())
    emulator.advance(100)
    assert error_of(session).kind == DENIED
    assert error_of(session).kind == DENIED
    assert [record.status for record in emulator.journal] == [200, 401]


def test_wrong_clock_is_named(start: Start, connect: Connect) -> None:
    for skew, words in ((3600, "s behind the server's"), (-3600, "s ahead of the server's")):
        text = str(error_of(connect(start(clock_skew=skew))))
        assert "this host's clock is" in text
        assert words in text


REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "access key": ({}, {"secret_key": "a-wrong-secret-key"}, {}),
    "token": ({}, {"auth_token": "a-wrong-token-0815"}, {"auth_token": AUTH_TOKEN}),
    "password": ({}, {**USER, "password": "a-wrong-password"}, USER),
    "project look-up": ({}, {"secret_key": "a-wrong-secret-key", "project_id": None}, {"project_id": None}),
    "403": (
        {"faults": [{"match": {"call": "job_status", "nth": 1}, "status": 403, "error_code": "APIG.0301"}]},
        {},
        {"security_token": None, "auth_token": AUTH_TOKEN},
    ),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_refusal_is_shared_with_other_sessions(start: Start, connect: Connect, kind: str) -> None:
    scenario, wrong, right = REFUSALS[kind]
    emulator = start(scenario)
    first = error_of(connect(emulator, **wrong))
    assert first.sent_at is not None
    for dummy in range(3):
        error = error_of(connect(emulator, **wrong))
        assert (error.kind, error.refused, error.sent_at, error.status) == (DENIED, True, None, first.status)
        assert "were refused" in str(error)
        assert "from the task (" in str(error)
    assert len(emulator.journal) == 1
    assert get(connect(emulator, **right), status_of()).status == 200


@pytest.mark.parametrize("status", [401, 403])
def test_wrong_clock_is_not_remembered(start: Start, connect: Connect, status: int) -> None:
    faults = [{"match": {"call": "job_status", "nth": 1}, "status": status, "error_code": "APIGW.0303"}]
    emulator = start(faults=faults, jobs=[{"name": "job_{i}", "count": 20}])
    session = connect(emulator)
    dummy_seen, error = drain(session, (status_of(f"job_{number}") for number in range(20)))
    assert error is not None
    assert (error.kind, error.refused, len(emulator.journal)) == (DENIED, True, 1)
    assert "clock" in str(error)
    assert error_of(session) is error
    assert get(connect(emulator), status_of("job_0")).status == 200


def test_expired_token_does_not_block_its_user(start: Start, connect: Connect) -> None:
    emulator = start(token_lifetime=100)
    session = connect(emulator, **USER)
    get(session, status_of())
    emulator.advance(100)
    get(session, status_of())
    assert get(connect(emulator, **USER), status_of()).status == 200


def test_refused_key_of_a_replaced_file_is_remembered(start: Start, connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    emulator = start(access_keys=[{**KEY, "valid_until": 100}, {"access_key": "new", "secret_key": "newer"}])
    session = connect(emulator, credentials_file=write_keys(path, ACCESS_KEY, SECRET_KEY))
    get(session, status_of())
    emulator.advance(100)
    write_keys(path, "new", "newer")
    assert get(session, status_of()).status == 200
    assert "were refused" in str(error_of(connect(emulator)))
    assert len(emulator.journal) == 3


# -- renewal ----------------------------------------------------------------------------------------------------------


def test_expired_token_is_renewed_once(start: Start, connect: Connect) -> None:
    emulator = start(token_lifetime=100)
    session = connect(emulator, **USER)
    for dummy in range(3):
        assert get(session, status_of()).status == 200
        assert get(session, status_of()).status == 200
        emulator.advance(100)
    calls = [(record.call, record.status) for record in emulator.journal]
    good = [("job_status", 200), ("job_status", 200)]
    renewed = [("job_status", 401), ("tokens", 201)]
    assert calls == [("tokens", 201), *good, *renewed, *good, *renewed, *good]


def test_useless_renewal_is_not_repeated(start: Start, connect: Connect) -> None:
    emulator = start(faults=[{"match": {"call": "job_status", "from": 100}, "status": 401}])
    session = connect(emulator, **USER)
    get(session, status_of())
    emulator.advance(100)
    assert error_of(session).status == 401
    assert error_of(session).status == 401
    calls = [(record.call, record.status) for record in emulator.journal]
    assert calls == [("tokens", 201), ("job_status", 200), ("job_status", 401), ("tokens", 201), ("job_status", 401)]


def test_token_refused_at_first_use_is_not_renewed(start: Start, connect: Connect) -> None:
    emulator = start(faults=[{"match": {"call": "job_status"}, "status": 401}])
    assert error_of(connect(emulator, **USER)).status == 401
    assert [record.call for record in emulator.journal] == ["tokens", "job_status"]


def test_token_that_expires_under_many_calls_is_renewed_once(start: Start, connect: Connect) -> None:
    emulator = start(jobs=[{"name": "job_{i}", "count": 40}], token_lifetime=100)
    session = connect(emulator, **USER)
    get(session, status_of("job_0"))
    emulator.advance(100)
    answers = [outcome for dummy, outcome in run(session, [status_of(f"job_{number}") for number in range(40)])]
    assert len(answers) == 40
    assert all(isinstance(answer, Answer) for answer in answers)
    assert len(emulator.requests("tokens")) == 2
    # All were sent before the first refusal arrived, or after the renewal.
    assert len(emulator.requests(status=401)) <= 16


def test_changed_password_is_sent_once(start: Start, connect: Connect) -> None:
    emulator = start(token_lifetime=100, faults=[{"match": {"call": "tokens", "from": 100}, "status": 401}])
    session = connect(emulator, **USER)
    get(session, status_of())
    emulator.advance(100)
    for dummy in range(3):
        assert (error_of(session).kind, error_of(session).status) == (DENIED, 401)
    assert [record.call for record in emulator.journal] == ["tokens", "job_status", "job_status", "tokens"]


def test_renewal_without_an_answer_is_retried(start: Start, connect: Connect) -> None:
    """An unavailable token service is not a refusal; the old token is not sent again."""
    emulator = start(
        token_lifetime=100, faults=[{"match": {"call": "tokens", "from": 100, "until": 200}, "status": 503}]
    )
    session = connect(emulator, retries=1, **USER)
    get(session, status_of())
    emulator.advance(100)
    error_of(session)
    emulator.advance(100)
    assert get(session, status_of()).status == 200
    assert [record.status for record in emulator.requests("job_status")] == [200, 401, 200]


def test_agency_key_is_renewed(start: Start, connect: Connect) -> None:
    emulator = start(metadata={"lifetime": 100})
    session = connect(emulator, credentials=EcsAgency(base=emulator.url))
    get(session, status_of())
    emulator.advance(100)
    get(session, status_of())
    assert len(emulator.requests("securitykey")) == 2
    assert len({record.access_key for record in emulator.requests("job_status", status=200)}) == 2


def write_keys(path: Path, access_key: str, secret_key: str) -> str:
    path.write_text(f"[basic]\nak = {access_key}\nsk = {secret_key}\n", encoding="utf-8")
    path.chmod(0o600)
    return str(path)


@pytest.mark.parametrize("renewed", [True, False])
def test_file_is_read_again_when_its_key_has_expired(
    start: Start, connect: Connect, tmp_path: Path, renewed: bool
) -> None:
    path = tmp_path / "credentials"
    emulator = start(access_keys=[{**KEY, "valid_until": 100}, {"access_key": "new", "secret_key": "newer"}])
    session = connect(emulator, credentials_file=write_keys(path, ACCESS_KEY, SECRET_KEY))
    get(session, status_of())
    emulator.advance(100)
    if renewed:
        write_keys(path, "new", "newer")
        assert get(session, status_of()).status == 200
        assert [record.access_key for record in emulator.journal] == [ACCESS_KEY, ACCESS_KEY, "new"]
    else:
        assert error_of(session).kind == DENIED
        assert [record.status for record in emulator.journal] == [200, 401]


def test_deleted_file_with_an_expired_key_is_an_error(start: Start, connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    emulator = start(access_keys=[{**KEY, "valid_until": 100}])
    session = connect(emulator, credentials_file=write_keys(path, ACCESS_KEY, SECRET_KEY))
    get(session, status_of())
    emulator.advance(100)
    path.unlink()
    assert error_of(session).status == 401
    with pytest.raises((RequestError, CredentialsError)):
        get(session, status_of())
    assert len(emulator.journal) == 2


# -- order and pace ---------------------------------------------------------------------------------------------------


def starts(emulator: Emulator) -> list[float]:
    return [record.at for record in emulator.journal]


def test_first_request_is_sent_alone(start: Start, connect: Connect) -> None:
    emulator = start(jobs=[{"name": "job_{i}", "count": 6}], latency=0.2)
    clock = JumpClock()
    session = connect(emulator, clock)
    names = [f"job_{number}" for number in range(6)]
    assert len(list(run(session, map(status_of, names)))) == 6
    first, second, *dummy_rest = starts(emulator)
    assert second - first >= 0.2
    # After a pause the key may have expired: the first request is sent alone again.
    clock.sleep(6.0)
    emulator.clear()
    assert len(list(run(session, map(status_of, names)))) == 6
    first, second, *dummy_rest = starts(emulator)
    assert second - first >= 0.2


def test_token_and_project_are_requested_first(start: Start, connect: Connect) -> None:
    emulator = start(jobs=[{"name": "job_{i}", "count": 6}], latency=0.2)
    session = connect(emulator, project_id=None)
    list(run(session, [status_of(f"job_{number}") for number in range(6)]))
    assert [record.call for record in emulator.journal][:2] == ["projects", "job_status"]
    times = starts(emulator)
    assert times[1] - times[0] >= 0.2


@pytest.mark.parametrize("rate", [5, 20.0, 100])
def test_requests_per_second_spaces_requests_evenly(start: Start, connect: Connect, rate: float) -> None:
    emulator = start(jobs=[{"name": "job_{i}", "count": 30}])
    session = connect(emulator, JumpClock(), requests_per_second=rate)
    sent = sorted(
        outcome.sent_at
        for dummy, outcome in run(session, [status_of(f"job_{number}") for number in range(30)])
        if isinstance(outcome, Answer)
    )
    assert [round(later - earlier, 6) for earlier, later in pairwise(sent)] == [round(1 / rate, 6)] * 29


def test_requests_per_second_applies_to_look_ups_and_retries(start: Start, connect: Connect) -> None:
    emulator = start(
        faults=[{"match": {"call": "job_status", "nth": 1}, "status": 503, "headers": {"Retry-After": "0"}}]
    )
    clock = JumpClock()
    session = connect(emulator, clock, requests_per_second=2, project_id=None, **USER)
    answer = get(session, status_of())
    assert [record.call for record in emulator.journal] == ["tokens", "job_status", "job_status"]
    assert answer.sent_at - 1000.0 >= 1.0


def test_default_requests_per_second_stays_within_the_quota(start: Start, connect: Connect) -> None:
    emulator = start(jobs=[{"name": "job_{i}", "count": 35}], quota=30, clock="real")
    session = connect(emulator, Clock(), requests_per_second=20, retries=0)
    outcomes = [outcome for dummy, outcome in run(session, [status_of(f"job_{number}") for number in range(35)])]
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert emulator.stats["by_status"] == {"200": 35}


def test_sent_counts_each_request(start: Start, connect: Connect) -> None:
    emulator = start(faults=[{"match": {"call": "job_status", "nth": 1}, "status": 503}])
    session = connect(emulator, project_id=None)
    get(session, status_of())
    assert session.sent == len(emulator.journal) == 3


# -- time -------------------------------------------------------------------------------------------------------------

SLOW = [
    pytest.param({"hang": True}, id="hang"),
    pytest.param({"drip": 5.0}, id="drip"),
    pytest.param({"delay": 600.0}, id="delay"),
]


def test_service_without_an_answer_ends_all_calls(start: Start, connect: Connect) -> None:
    emulator = start(jobs=[{"name": "job_{i}", "count": 100}], faults=[{"times": 10, "reset": "before_headers"}])
    session = connect(emulator, retries=2)
    calls = [status_of(f"job_{number}") for number in range(100)]
    seen, error = drain(session, calls)
    assert error is not None
    assert (error.kind, error.status, len(seen)) == (TRANSIENT, None, 0), "it is nothing of a single job"
    # Four calls are sent, and two that ended count for all.
    assert len(emulator.journal) == 4 + 4 + 2
    seen, error = drain(session, calls)
    assert (error, len(seen)) == (None, 100), "it has come back by the next observation"


def test_one_job_without_an_answer_does_not_end_the_others(start: Start, connect: Connect) -> None:
    faults = [{"match": {"job": "job_0"}, "reset": "before_headers"}]
    emulator = start(jobs=[{"name": "job_{i}", "count": 20}], faults=faults)
    session = connect(emulator, retries=1)
    seen, error = drain(session, [status_of(f"job_{number}") for number in range(20)])
    assert error is None
    assert [key for key, outcome in seen.items() if isinstance(outcome, RequestError)] == ["job_0"]


@pytest.mark.parametrize("fault", SLOW)
def test_request_ends_with_its_timeout(start: Start, connect: Connect, fault: dict[str, Any]) -> None:
    emulator = start(faults=[{"match": {"call": "job_status"}, **fault}])
    session = connect(emulator, Clock(), request_timeout=0.3, retries=0)
    started = time.monotonic()
    error = error_of(session)
    assert 0.3 <= time.monotonic() - started < LONG
    assert (error.kind, error.status) == (TRANSIENT, None)
    assert "no answer in time" in str(error)


@pytest.mark.parametrize("fault", SLOW)
def test_nothing_runs_past_the_deadline(start: Start, connect: Connect, fault: dict[str, Any]) -> None:
    emulator = start(jobs=[{"name": "job_{i}", "count": 5}], faults=[{"match": {"job": "job_[1-9]"}, **fault}])
    clock = Clock()
    session = connect(emulator, clock, request_timeout=600)
    started = clock.now()
    outcomes = {
        call.key: outcome for call, outcome in run(session, (status_of(f"job_{n}") for n in range(5)), started + 1.0)
    }
    assert clock.now() - started < LONG
    assert isinstance(outcomes.pop("job_0"), Answer)
    assert outcomes
    assert all(isinstance(outcome, RequestError) and outcome.kind == UNREACHED for outcome in outcomes.values())
    assert "the deadline came before the answer" in str(error_of(session, deadline=started))


def test_past_deadline_sends_nothing(start: Start, connect: Connect) -> None:
    emulator = start()
    clock = JumpClock()
    session = connect(emulator, clock)
    assert error_of(session, deadline=1000.0).kind == UNREACHED
    ((dummy, outcome),) = run(session, [status_of()], 999.0)
    assert isinstance(outcome, RequestError)
    assert outcome.kind == UNREACHED
    assert emulator.journal == []


def test_slow_call_does_not_delay_the_others(start: Start, connect: Connect) -> None:
    emulator = start(jobs=[{"name": "job_{i}", "count": 40}], faults=[{"match": {"job": "job_1"}, "hang": True}])
    session = connect(emulator, Clock(), request_timeout=3, retries=0)
    order = [call.key for call, dummy in run(session, [status_of(f"job_{number}") for number in range(40)])]
    assert len(order) == 40
    assert order[-1] == "job_1"


class CountingClock(Clock):
    """The machine's clock; counts its waits."""

    waits = 0

    def wait(self, results: queue.SimpleQueue[T], seconds: float | None, busy: bool) -> T | None:
        self.waits += 1
        return super().wait(results, seconds, busy)


def test_sendable_call_is_found_while_another_is_running(start: Start, connect: Connect) -> None:
    """Immediately, also if the clock moves between two reads, and without polling it."""
    emulator = start(faults=[{"match": {"job": JOB, "nth": 2}, "delay": 3.0}])
    clock = CountingClock()
    session = connect(emulator, clock, requests_per_second=5)
    get(session, status_of())
    clock.waits = 0
    session.begin(single(status_of()), "second")
    before = clock.now()
    assert session.next(before + LONG, until_free=True) is None
    assert clock.now() - before < 3.0, "it waited for the answer"
    assert session.free_at() <= clock.now()
    assert clock.waits < 10


@pytest.mark.parametrize("rate", [0, 10])
def test_jobs_are_read_in_order_with_slow_answers(start: Start, connect: Connect, rate: float) -> None:
    names = [f"job_{number}" for number in range(8)]
    emulator = start(jobs=[{"name": "job_{i}", "count": 8}], latency=0.3)
    clock = CountingClock()
    session = connect(emulator, clock, requests_per_second=rate)
    source = RealTimeJobs(session, None, selection({"job_names": names}))
    readings = list(read_jobs(source, iter(names), clock.now() + LONG))
    assert sorted(reading.name for reading in readings) == names
    assert all(reading.job for reading in readings)
    assert clock.waits < 100


def test_unresolvable_name_is_an_error(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*dummy_arguments: Any, **dummy_options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    error = error_of(connect("https://nowhere.invalid", retries=1))
    assert (error.kind, error.status, error.host) == (TRANSIENT, None, "nowhere.invalid")
    assert "the host's name cannot be resolved" in str(error)


def test_hanging_name_server_ends_at_the_deadline(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(*dummy_arguments: Any, **dummy_options: Any) -> Any:
        released.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        error = error_of(connect("https://nowhere.invalid", Clock(), request_timeout=0.3, retries=0))
    finally:
        released.set()
    assert "no answer in time" in str(error)


@pytest.mark.parametrize(
    "url", ["https://*.example", "https://.example", "https://a..b", "https://%zz", "https://[v1.a]"]
)
def test_invalid_host_is_an_error(connect: Connect, url: str) -> None:
    """It is refused as an option, or when the request is made."""

    def attempt() -> None:
        get(connect(url), status_of())

    with pytest.raises(DatagateError):
        attempt()


@pytest.mark.parametrize("value", ["a\nb", " a", "作业", "\ud800"])
def test_invalid_header_is_an_error(start: Start, connect: Connect, value: str) -> None:
    emulator = start()
    call = Call("dataarts", ("v1", "{project_id}", "jobs"), headers={"workspace": value})
    assert isinstance(error_of(connect(emulator), call), RequestError)
    assert emulator.journal == []


@pytest.mark.parametrize("name", ["\udcff", "\ud800x", "a\nb", "\0"])
def test_invalid_project_name_is_an_error(start: Start, connect: Connect, name: str) -> None:
    emulator = start()

    def attempt() -> None:
        get(connect(emulator, project_id=None, project_name=name), status_of())

    with pytest.raises(DatagateError):
        attempt()


def test_refused_connection_is_transient(connect: Connect) -> None:
    error = error_of(connect(f"http://127.0.0.1:{free_port()}", retries=1))
    assert (error.kind, error.status) == (TRANSIENT, None)
    assert "the connection was refused" in str(error)


def test_closed_connection_is_replaced(start: Start, connect: Connect) -> None:
    emulator = start(faults=[{"match": {"call": "job_status"}, "close": True}])
    session = connect(emulator)
    for dummy in range(3):
        assert get(session, status_of()).status == 200


# -- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"gzip_bomb": 100_000_000}, {"body_size": 100_000_000}])
def test_large_bodies_are_rejected(start: Start, connect: Connect, fault: dict[str, int]) -> None:
    emulator = start(faults=[{"match": {"call": "job_status"}, **fault}])
    error = error_of(connect(emulator, retries=0))
    assert error.kind == TRANSIENT
    assert "larger than 4 MiB" in str(error)


@pytest.mark.parametrize(
    ("body", "words"),
    [("", "body is not JSON"), ("<!DOCTYPE html>", "body is HTML"), ("[" * 100_000, "body is"), ('{"a":', "body is")],
)
def test_invalid_json_is_transient(start: Start, connect: Connect, body: str, words: str) -> None:
    emulator = start(faults=[{"match": {"call": "job_status"}, "status": 200, "body": body}])
    error = error_of(connect(emulator))
    assert (error.kind, error.status) == (TRANSIENT, 200)
    assert words in str(error)
    assert error.request_id == emulator.journal[0].request_id


def test_compressed_answers_are_not_requested_but_accepted(start: Start, connect: Connect) -> None:
    emulator = start(gzip=True)
    assert get(connect(emulator), status_of()).data["name"] == JOB


def test_sent_at_is_the_time_of_sending(start: Start, connect: Connect) -> None:
    emulator = start(latency=0.3)
    clock = Clock()
    before = clock.now()
    answer = get(connect(emulator, clock), status_of())
    assert before <= answer.sent_at <= clock.now() - 0.3


def test_error_contains_code_status_and_request_id(start: Start, connect: Connect) -> None:
    emulator = start(faults=[{"match": {"call": "job_list"}, "error_code": "DLF.0819", "error_msg": "no workspace"}])
    error = error_of(connect(emulator), listing())
    assert error.extras() == {
        "error_code": "DLF.0819",
        "http_status": 400,
        "request_id": emulator.journal[0].request_id,
        "method": "GET",
        "path": f"/v1/{PROJECT_ID}/jobs",
    }
    assert (error.kind, error.service, error.host) == (PERMANENT, "dataarts", f"127.0.0.1:{emulator.port}")
    text = str(error)
    assert "DLF.0819 (HTTP 400): no workspace; check workspace" in text
    assert "q7Zs3cret" not in text
    assert f"GET 127.0.0.1:{emulator.port}/v1/{PROJECT_ID}/jobs, request " in text


@pytest.mark.parametrize(("language", "message"), [("en", "The job does not exists."), ("zh", "作业不存在。")])
@pytest.mark.parametrize("keys", [["error_code", "error_msg"], ["errorCode", "errorMsg"], ["code", "message"]])
@pytest.mark.parametrize("code", ["DLF.0100", "DLF.30100", "1001"])
def test_missing_job_is_recognized(
    start: Start, connect: Connect, language: str, message: str, keys: list[str], code: str
) -> None:
    emulator = start(language=language, error_keys=keys, missing_job_code=code)
    error = error_of(connect(emulator), status_of("nobody"))
    assert (error.kind, error.error_code, error.summary) == (MISSING, code, message)


@pytest.mark.parametrize("call", [status_of(), listing()])
@pytest.mark.parametrize("fault", [{"status": 503}, {"reset": "before_headers"}, {"status": 200, "body": "x"}])
def test_errors_do_not_show_the_query(start: Start, connect: Connect, call: Call, fault: dict[str, Any]) -> None:
    emulator = start(faults=[{"match": {"service": "dataarts"}, **fault}])
    error = error_of(connect(emulator, retries=0), call)
    assert error.path.endswith("/jobs" if call.query else "/status")
    assert error.method == "GET"
    assert "?" not in str(error)
    assert "q7Zs3cret" not in str(error)


def test_secrets_in_error_messages_are_masked(start: Start, connect: Connect) -> None:
    echo = f"bad {ACCESS_KEY} and {SECRET_KEY}\r\n and \x1b[31mthe-token {'x' * 1000}"
    emulator = start(
        access_keys=[{**KEY, "security_token": "the-token"}],
        faults=[{"match": {"call": "job_status"}, "status": 400, "error_code": "X.1", "error_msg": echo}],
    )
    error = error_of(connect(emulator, security_token="the-token"))
    assert error.summary.startswith("bad *** and ***\ufffd\ufffd and \ufffd[31m*** xxx")
    assert len(error.summary) == 200
    emulator = start(faults=[{"match": {"call": "job_status"}, "status": 400, "json": {"error_msg": AUTH_TOKEN}}])
    assert error_of(connect(emulator, auth_token=AUTH_TOKEN)).summary == "***"


def test_error_without_a_message(start: Start, connect: Connect) -> None:
    emulator = start(faults=[{"match": {"call": "job_status"}, "status": 400, "json": {}}])
    error = error_of(connect(emulator))
    assert (error.summary, error.error_code) == ("the service gives no reason", None)


# -- the services over real HTTP --------------------------------------------------------------------------------------


@pytest.mark.parametrize("means", ["page", "record"])
@pytest.mark.parametrize(("count", "size"), [(0, 100), (1, 100), (100, 100), (101, 100), (250, 100), (30, 7), (5, 1)])
def test_job_lists_are_read(start: Start, connect: Connect, means: str, count: int, size: int) -> None:
    emulator = start(
        jobs=[{"name": "job_{i:04d}", "count": count}] if count else [{"name": "other", "type": "BATCH"}],
        offset_means=means,
    )
    session, service = connect(emulator), DataArts()
    for dummy in range(2):
        listing_ = session.complete(service.list(page_size=size))
        assert [job["name"] for job in listing_.jobs] == [f"job_{number:04d}" for number in range(count)]
        assert (listing_.total, listing_.complete) == (count, True)
    assert {record.status for record in emulator.journal} == {200}


@pytest.mark.parametrize("means", ["page", "record"])
def test_long_job_list_is_read_with_concurrent_requests(start: Start, connect: Connect, means: str) -> None:
    emulator = start(jobs=[{"name": "job_{i:05d}", "count": 10_000}], offset_means=means)
    found = connect(emulator).complete(DataArts().list())
    assert [job["name"] for job in found.jobs] == [f"job_{number:05d}" for number in range(10_000)]
    assert len(emulator.journal) == found.pages <= 102


def test_name_filter_of_the_service_matches_parts(start: Start, connect: Connect) -> None:
    emulator = start(jobs=[{"name": name} for name in ("sms", "job_SMS_1", "other")])
    found = connect(emulator).complete(DataArts().list(name="sms"))
    assert [job["name"] for job in found.jobs] == ["sms", "job_SMS_1"]


def test_denied_workspace_is_an_error(start: Start, connect: Connect) -> None:
    emulator = start(denied_workspaces=["ws3"])
    for workspace, kind in (("ws3", DENIED), ("unknown", PERMANENT)):
        reading = connect(emulator).complete(DataArts(workspace).status(JOB))
        assert reading.error is not None
        assert reading.error.kind == kind


@pytest.mark.parametrize("answer", ["missing", "batch"])
def test_batch_job_counts_as_missing(start: Start, connect: Connect, answer: str) -> None:
    emulator = start(jobs=[{"name": "nightly", "type": "BATCH"}], batch_status_answer=answer)
    reading = connect(emulator).complete(DataArts().status("nightly"))
    assert reading.error is None
    assert reading.missing


@pytest.mark.parametrize("path", ["v1", "v1.0", "both"])
@pytest.mark.parametrize("code", ["DLI.0002", "DLI.0023"])
def test_dli_path_is_found(start: Start, connect: Connect, path: str, code: str) -> None:
    names = [f"id-{number}" for number in range(5)]
    jobs = [{"job_id": name, "status": "RUNNING", "progress": 0.5} for name in names]
    emulator = start(dli_jobs=jobs, dli_progress_path=path, dli_missing_code=code)
    session, service = connect(emulator), Dli()
    for dummy in range(2):
        tasks = [service.status(name) for name in (*names, "none")]
        readings = {reading.name: reading for reading in session.complete_all(tasks)}
        assert readings.pop("none").missing
        assert all(reading.job and reading.job["progress"] == 0.5 for reading in readings.values())
    assert len(emulator.requests(error_code="APIGW.0101")) <= (6 if path == "v1.0" else 0)


def test_dli_busy_queue_and_failed_job(start: Start, connect: Connect) -> None:
    emulator = start(
        dli_jobs=[
            {"job_id": "busy", "status": "RUNNING", "errors": [{"from": 0, "to": 100}]},
            {
                "job_id": "failed",
                "status": "FAILED",
                "omit": ["sub_jobs"],
                "status_fields": {"message": "out of memory", "queue_name": "q1"},
            },
        ]
    )
    session, service = connect(emulator), Dli()
    busy, failed = (reading.job for reading in session.complete_all([service.status("busy"), service.status("failed")]))
    assert busy is not None
    assert failed is not None
    assert busy["status"] == "RUNNING"
    assert failed["status"] == "FAILED"
    # A failure is reported before its reason is read.
    failed = session.complete(service.explain(failed))
    assert (failed["status"], failed["message"], failed["queue_name"]) == ("FAILED", "out of memory", "q1")
    assert [record.call for record in emulator.journal].count("dli_status") == 2
