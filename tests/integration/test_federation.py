# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agencies of other accounts, ID tokens and workspaces by name, against a real server."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DENIED, DatagateError, RequestError
from tests.clocks import LONG, JumpClock
from tests.emulator import (
    ACCESS_KEY,
    AUTH_TOKEN,
    DOMAIN_NAME,
    OTHER_DOMAIN_ID,
    OTHER_DOMAIN_NAME,
    PROJECT_ID,
    REGION,
    SECRET_KEY,
    USER_NAME,
    USER_PASSWORD,
    Emulator,
    running,
)
from tests.single_calls import get

JOB = "job_sms"
OTHER_PROJECT = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
ID_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvOmV4YW1wbGUifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
KEY = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
USER = {"username": USER_NAME, "password": USER_PASSWORD, "domain_name": DOMAIN_NAME}
OIDC = {"idp_id": "ci-provider", "id_token": ID_TOKEN}
BY_NAME = {"assume_role_agency": "gate", "assume_role_domain": OTHER_DOMAIN_NAME}
BY_ID = {"assume_role_agency": "gate", "assume_role_domain_id": OTHER_DOMAIN_ID}
BY_URN = {"assume_role_agency": f"iam::{OTHER_DOMAIN_ID}:agency:gate"}
SCENARIO: dict[str, Any] = {
    "clock": "manual",
    "quota": 0,
    "jobs": [{"name": JOB}],
    "projects": [{"id": PROJECT_ID, "name": REGION}, {"id": OTHER_PROJECT, "name": REGION}],
    "agencies": [{"name": "gate", "project_id": OTHER_PROJECT, "providers": ["ci-provider"]}],
    "identity_providers": [{"id": "ci-provider", "tokens": [ID_TOKEN]}, {"id": "distrusted", "tokens": [ID_TOKEN]}],
}

Start = Callable[..., Emulator]
Connect = Callable[..., Session]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start an emulator with an agency of another account and an identity provider."""
    with ExitStack() as stack:
        yield lambda **overrides: stack.enter_context(running(SCENARIO, **overrides))


@pytest.fixture
def connect() -> Iterator[Connect]:
    """A session for an emulator."""
    with ExitStack() as stack:

        def begin(emulator: Emulator, clock: Clock | None = None, **params: Any) -> Session:
            given = {
                "endpoints": dict.fromkeys(("dataarts", "dli", "iam", "sts"), emulator.url),
                "region": REGION,
                "project_id": OTHER_PROJECT if "assume_role_agency" in params else PROJECT_ID,
                "requests_per_second": 0,
                "request_timeout": LONG,
                **params,
            }
            session = Session(resolve(given, {}, "dataarts"), clock or JumpClock())
            stack.callback(session.close)
            return session

        yield begin


def status_of(name: str = JOB) -> Call:
    return Call("dataarts", ("v1", "{project_id}", "jobs", name, "status"), key=name)


def error_of(session: Session) -> RequestError:
    with pytest.raises(RequestError) as caught:
        get(session, status_of())
    return caught.value


def calls(emulator: Emulator) -> list[tuple[str, int | None]]:
    return [(record.call, record.status) for record in emulator.journal]


# -- methods ----------------------------------------------------------------------------------------------------------

STATUS = ("job_status", 200)
ASSUMED = ("sts_assume", 200)
KEYS = ("securitytokens", 201)
EXCHANGED = [("id_tokens", 201), KEYS]
NO_STS = {"sts": False}
NO_PAGE = {"faults": [{"match": {"service": "sts"}, "status": 404, "body": "<html>Not Found</html>"}]}


@pytest.mark.parametrize(
    ("params", "scenario", "expected"),
    [
        ({**KEY, **BY_NAME}, {}, [KEYS, STATUS]),
        ({**KEY, **BY_ID}, {}, [ASSUMED, STATUS]),
        ({**KEY, **BY_URN}, {}, [ASSUMED, STATUS]),
        ({**KEY, **BY_ID}, NO_STS, [("sts_assume", 404), KEYS, STATUS]),
        ({**KEY, **BY_ID}, NO_PAGE, [("sts_assume", 404), KEYS, STATUS]),
        ({"auth_token": AUTH_TOKEN, **BY_NAME}, {}, [KEYS, STATUS]),
        ({"auth_token": AUTH_TOKEN, **BY_ID}, {}, [KEYS, STATUS]),
        ({**USER, **BY_NAME}, {}, [("tokens", 201), KEYS, STATUS]),
        (OIDC, {}, [*EXCHANGED, STATUS]),
        ({**OIDC, **BY_ID}, {}, [("sts_assume_oidc", 200), STATUS]),
        ({**OIDC, **BY_NAME}, {}, [*EXCHANGED, KEYS, STATUS]),
        ({**OIDC, **BY_ID}, NO_STS, [("sts_assume_oidc", 404), *EXCHANGED, KEYS, STATUS]),
    ],
)
def test_each_method_sends_its_requests(
    start: Start,
    connect: Connect,
    params: dict[str, str],
    scenario: dict[str, Any],
    expected: list[tuple[str, int]],
) -> None:
    emulator = start(**scenario)
    session = connect(emulator, **params)
    for dummy in range(2):
        assert get(session, status_of()).status == 200
    assert calls(emulator) == [*expected, STATUS]
    last = emulator.journal[-1]
    assert last.access_key is not None
    assert last.access_key.startswith("EMULATORTEMPKEY")
    assert "x-security-token" in last.headers


def test_project_is_looked_up_in_the_other_account(start: Start, connect: Connect) -> None:
    emulator = start()
    session = connect(emulator, project_id=None, **KEY, **BY_ID)
    assert get(session, status_of()).status == 200
    assert session.project_id == OTHER_PROJECT
    assert [call for call, dummy in calls(emulator)] == ["sts_assume", "projects", "job_status"]


def test_project_of_the_file_is_ignored_with_an_agency(start: Start, connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text(f"[basic]\nak = {ACCESS_KEY}\nsk = {SECRET_KEY}\nproject_id = {PROJECT_ID}\n", "utf-8")
    path.chmod(0o600)
    session = connect(start(), project_id=None, credentials_file=str(path), **BY_ID)
    assert get(session, status_of()).status == 200
    assert session.project_id == OTHER_PROJECT


@pytest.mark.parametrize("params", [{**KEY, **BY_ID}, {**OIDC, **BY_ID}])
def test_region_without_an_sts_host_uses_iam(
    start: Start, connect: Connect, monkeypatch: pytest.MonkeyPatch, params: dict[str, str]
) -> None:
    resolve_name = socket.getaddrinfo

    def unknown(host: Any, *arguments: Any, **options: Any) -> Any:
        if "sts." in str(host):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve_name(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    emulator = start()
    clock = JumpClock()
    endpoints = {**dict.fromkeys(("dataarts", "iam"), emulator.url), "sts": "https://sts.example.invalid"}
    assert get(connect(emulator, clock, endpoints=endpoints, **params), status_of()).status == 200
    assert clock.time == 1000, "IAM is asked without another try"
    assert KEYS in calls(emulator)


# -- renewal ----------------------------------------------------------------------------------------------------------


def users_of(emulator: Emulator) -> list[str]:
    """The last digit of the key of each status call."""
    return [str(record.access_key)[-1] for record in emulator.requests("job_status")]


@pytest.mark.parametrize("params", [{**KEY, **BY_ID}, {**KEY, **BY_NAME}, OIDC, {**OIDC, **BY_ID}])
def test_a_key_is_renewed_before_it_expires(start: Start, connect: Connect, params: dict[str, str]) -> None:
    emulator, clock = start(key_lifetime=900), JumpClock()
    session = connect(emulator, clock, **params)
    for dummy in range(8):
        assert get(session, status_of()).status == 200
        clock.sleep(300)
        emulator.advance(300)
    # It expires after 900 s, and is renewed from 675 s on. The request that begins it is sent with the old key.
    assert {status for dummy, status in calls(emulator)} <= {200, 201}
    assert len(set(users_of(emulator))) == 3


def test_old_key_is_used_while_renewal_fails(start: Start, connect: Connect) -> None:
    faults = [{"match": {"call": "sts_assume", "from": 1}, "status": 500}]
    emulator, clock = start(key_lifetime=900, faults=faults), JumpClock()
    session = connect(emulator, clock, **KEY, **BY_ID)
    get(session, status_of())
    clock.sleep(700)
    emulator.advance(700)
    for dummy in range(4):
        assert get(session, status_of()).status == 200
        clock.sleep(49)
    assert len(emulator.requests("sts_assume", status=500)) >= 2
    assert set(users_of(emulator)) == {"1"}
    # An expired key is not sent.
    clock.sleep(100)
    assert error_of(session).status == 500
    assert set(users_of(emulator)) == {"1"}
    assert len(emulator.requests("job_status")) == 5


def test_refused_renewal_blocks_the_key_behind_it(start: Start, connect: Connect) -> None:
    faults = [{"match": {"call": "sts_assume", "from": 1}, "status": 401, "error_code": "APIGW.0301"}]
    emulator, clock = start(key_lifetime=900, faults=faults), JumpClock()
    session = connect(emulator, clock, **KEY, **BY_ID)
    get(session, status_of())
    clock.sleep(700)
    emulator.advance(700)
    for dummy in range(6):
        assert get(session, status_of()).status == 200
        clock.sleep(30)
    assert len(emulator.requests("sts_assume", status=401)) == 1
    assert "were refused" in str(error_of(connect(emulator, **KEY)))


@pytest.mark.parametrize("params", [OIDC, {**OIDC, **BY_ID}])
def test_expired_id_token_is_sent_once_more(start: Start, connect: Connect, params: dict[str, str]) -> None:
    """The temporary key is used until it expires. Then the message names the ID token."""
    providers = [{"id": "ci-provider", "tokens": [ID_TOKEN], "valid_until": 300}]
    emulator, clock = start(key_lifetime=900, identity_providers=providers), JumpClock()
    session = connect(emulator, clock, **params)
    get(session, status_of())
    clock.sleep(700)
    emulator.advance(700)
    for dummy in range(4):
        assert get(session, status_of()).status == 200
        clock.sleep(49)
    assert len(emulator.requests(status=401)) == 1
    clock.sleep(100)
    text = str(error_of(session))
    assert "were refused" in text
    assert "ci-p... from the task (idp_id)" in text
    assert "the ID token" in text
    assert len(emulator.requests(status=401)) == 1


def test_http_401_renews_once(start: Start, connect: Connect) -> None:
    emulator = start()
    session = connect(emulator, **KEY, **BY_ID)
    get(session, status_of())
    emulator.advance(3600)  # the token expires on the server only
    assert get(session, status_of()).status == 200
    assert calls(emulator) == [ASSUMED, STATUS, ("job_status", 401), ASSUMED, STATUS]


def test_http_401_after_a_renewal_ends_the_run(start: Start, connect: Connect) -> None:
    emulator = start(faults=[{"match": {"call": "job_status", "from": 1}, "status": 401}])
    session = connect(emulator, **KEY, **BY_ID)
    get(session, status_of())
    emulator.advance(10)
    for dummy in range(3):
        assert (error_of(session).kind, error_of(session).status) == (DENIED, 401)
    assert [call for call, dummy_status in calls(emulator)] == [
        "sts_assume", "job_status", "job_status", "sts_assume", "job_status",
    ]  # fmt: skip
    # Another session with the same agency sends nothing. The key behind it is good.
    assert "were refused" in str(error_of(connect(emulator, **KEY, **BY_ID)))
    assert len(emulator.journal) == 5


def test_id_token_file_is_read_again(start: Start, connect: Connect, tmp_path: Path) -> None:
    file = tmp_path / "id_token"
    file.write_text(f"{ID_TOKEN}\n", "utf-8")
    second = ID_TOKEN.replace("c2ln", "Zm9v")
    providers = [{"id": "ci-provider", "tokens": [ID_TOKEN, second]}]
    emulator, clock = start(identity_providers=providers, key_lifetime=900), JumpClock()
    session = connect(emulator, clock, idp_id="ci-provider", id_token_file=str(file), **BY_ID)
    get(session, status_of())
    for content, total in (("", 1), (second, 2)):
        file.write_text(content, "utf-8")
        clock.sleep(700 if not content else 60)
        for dummy in range(2):
            assert get(session, status_of()).status == 200
        assert len(emulator.requests("sts_assume_oidc")) == total, "a file that is being written is read again later"


def test_renewal_with_the_real_clock(start: Start, connect: Connect) -> None:
    emulator = start(clock="real", key_lifetime=2)
    session = connect(emulator, Clock(), **KEY, **BY_ID)
    end = time.monotonic() + 3.4
    while time.monotonic() < end:
        assert get(session, status_of()).status == 200
        time.sleep(0.02)
    assert len(emulator.requests("sts_assume")) >= 2


def test_a_temporary_key_needs_its_security_token(start: Start, connect: Connect) -> None:
    emulator = start()
    get(connect(emulator, **KEY, **BY_NAME), status_of())
    record = emulator.journal[-1]
    alone = {"access_key": str(record.access_key), "secret_key": "emulatorTempSecret/000000000000000001"}
    error = error_of(connect(emulator, **alone, project_id=OTHER_PROJECT))
    assert (error.status, error.error_code) == (401, "APIGW.0301")
    assert "EMUL... from the task (access_key)" in str(error)


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agency", [BY_ID, BY_NAME])
def test_refused_key_is_remembered_with_and_without_the_agency(
    start: Start, connect: Connect, agency: dict[str, str]
) -> None:
    emulator = start()
    wrong = {**KEY, "secret_key": "a-wrong-secret-key"}
    first = error_of(connect(emulator, **wrong, **agency))
    assert (first.kind, first.status) == (DENIED, 401)
    assert "EMUL... from the task (access_key), agency gate of" in str(first)
    for params in ({**wrong, **agency}, wrong, {**wrong, "assume_role_agency": "x", "assume_role_domain": "y"}):
        error = error_of(connect(emulator, **params))
        assert "were refused" in str(error)
        assert "EMUL... from the task (access_key)" in str(error)
    assert len(emulator.journal) == 1
    assert get(connect(emulator, **KEY, **agency), status_of()).status == 200


def test_locked_key_is_reported_as_locked(start: Start, connect: Connect) -> None:
    message = "AK access failed to reach the limit, forbidden"
    fault = {"match": {"service": "sts"}, "error_code": "APIGW.0301", "error_msg": message}
    text = str(error_of(connect(start(faults=[fault]), **KEY, **BY_ID)))
    assert "is locked" in text
    assert "EMUL... from the task (access_key)" in text


@pytest.mark.parametrize(
    ("params", "status", "words"),
    [
        ({**KEY, **BY_ID, "assume_role_agency": "nothing"}, 403, ["STS5.1001", "EMUL...", "agency nothing", "trust"]),
        ({**KEY, **BY_NAME, "assume_role_agency": "nothing"}, 403, ["IAM.0003", "EMUL...", "agency nothing"]),
        ({**OIDC, **BY_ID, "idp_id": "distrusted"}, 403, ["STS5.1001", "dist... from the task (idp_id)", "trust"]),
        ({**OIDC, "idp_id": "no-such-provider"}, 404, ["IAM.0004", "idp_id"]),
        ({**OIDC, "id_token": "an.outdated.token"}, 401, ["IAM.0001", "ci-p... from the task (idp_id)", "ID token"]),
    ],
)
def test_refusal_names_its_cause(
    start: Start, connect: Connect, params: dict[str, str], status: int, words: list[str]
) -> None:
    emulator = start()
    error = error_of(connect(emulator, **params))
    assert error.status == status
    assert [word for word in words if word not in str(error)] == []
    assert len(emulator.journal) == 1
    # Only a refusal of the credentials themselves is remembered.
    repeated = error_of(connect(emulator, **params))
    assert ("were refused" in str(repeated)) is (status == 401)


@pytest.mark.parametrize("params", [OIDC, {**OIDC, **BY_ID}])
@pytest.mark.parametrize("part", ["all", "payload"])
def test_an_id_token_is_never_shown(start: Start, connect: Connect, params: dict[str, str], part: str) -> None:
    payload = ID_TOKEN.split(".")[1]
    fault: dict[str, Any] = {"echo": True} if part == "all" else {"status": 400, "error_msg": f"bad claims {payload}"}
    emulator = start(faults=[{"match": {"method": "POST"}, **fault}])
    text = str(error_of(connect(emulator, **params)))
    assert payload not in text
    assert "c2lnbmF0dXJl" not in text
    assert "***" in text


# -- workspaces -------------------------------------------------------------------------------------------------------

ONE, TWO, THREE = "a1b2c3d4e5f60718293a4b5c6d7e8f90", "b1b2c3d4e5f60718293a4b5c6d7e8f91", "c" * 32
INSTANCES = [
    {"id": "5" * 32, "name": "etl", "workspaces": [{"id": ONE, "name": "default"}, {"id": TWO, "name": "release"}]},
    {"id": "6" * 32, "name": "old", "status": 4, "workspaces": [{"id": "d" * 32, "name": "frozen"}]},
    {"id": "7" * 32, "name": "lab", "workspaces": [{"id": THREE, "name": "release"}, {"id": "e" * 32, "name": "test"}]},
]
JOBS = [{"name": JOB, "workspace": workspace} for workspace in (ONE, TWO, THREE)]


@pytest.mark.parametrize(
    ("params", "scenario", "workspace"),
    [
        ({"workspace_name": "default"}, {}, ONE),
        ({"workspace_name": "release", "dataarts_instance": "etl"}, {}, TWO),
        ({"workspace_name": "release", "dataarts_instance": "7" * 32}, {}, THREE),
        ({"workspace_name": "release", "dataarts_instance": "7" * 32}, {"instances_denied": True}, THREE),
        ({"workspace_name": "release", "dataarts_instance": "lab"}, {"studio_page": 1}, THREE),
        ({"workspace": "a1b2c3d4-e5f6-0718-293a-4b5c6d7e8f90"}, {}, ONE),
    ],
)
def test_workspace_name_is_looked_up_once(
    start: Start, connect: Connect, params: dict[str, str], scenario: dict[str, Any], workspace: str
) -> None:
    emulator = start(instances=INSTANCES, jobs=JOBS, **scenario)
    session = connect(emulator, **KEY, **params)
    for dummy in range(2):
        call = status_of()
        call.headers.update({"workspace": params["workspace"].replace("-", "")} if "workspace" in params else {})
        assert get(session, call).status == 200
    assert session.connection.workspace == workspace
    assert {record.headers["workspace"] for record in emulator.requests("job_status")} == {workspace}
    assert [call for call, dummy_status in calls(emulator)][-2:] == ["job_status", "job_status"]


@pytest.mark.parametrize(
    ("params", "scenario", "words"),
    [
        ({"workspace_name": "Release"}, {}, ["no workspace is named 'Release'", "default, release, test"]),
        ({"workspace_name": "frozen"}, {}, ["no workspace is named 'frozen'"]),
        ({"workspace_name": "release"}, {}, ["2 workspaces", TWO, THREE, "etl", "lab", "dataarts_instance"]),
        (
            {"workspace_name": "release", "dataarts_instance": "old"},
            {},
            ["no DataArts instance", "'old'", "etl", "lab"],
        ),
        ({"workspace_name": "release"}, {"workspaces_denied": True}, ["DataArtsStudio:workspace:list", "as workspace"]),
        ({"workspace_name": "release"}, {"instances_denied": True}, ["to list DataArts instances", "as workspace"]),
        ({"workspace_name": "release"}, {"instances": []}, ["no DataArts instance that is in force"]),
    ],
)
def test_missing_workspace_is_an_error(
    start: Start, connect: Connect, params: dict[str, str], scenario: dict[str, Any], words: list[str]
) -> None:
    emulator = start(**{"instances": INSTANCES, "jobs": JOBS, **scenario})
    text = str(error_of(connect(emulator, **KEY, **params)))
    assert [word for word in words if word not in text] == []
    assert emulator.requests("job_status") == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"data": {}},
        {"data": [{"id": ONE}]},
        {"data": [{"id": 7, "name": "default"}]},
        {"data": [], "error_code": "DAYU.1"},
        {"data": [{"id": ONE, "name": "default"}], "count": 1, "error_code": "DAYU.1"},
    ],
)
def test_malformed_workspace_list_is_an_error(start: Start, connect: Connect, body: Any) -> None:
    fault = {"match": {"call": "workspaces"}, "json": body, "status": 200}
    emulator = start(instances=INSTANCES, jobs=JOBS, faults=[fault])
    error_of(connect(emulator, **KEY, workspace_name="default"))
    assert emulator.requests("job_status") == []


def test_contradicting_options_are_rejected() -> None:
    for params, words in (
        ({"workspace": ONE, "workspace_name": "default"}, "workspace_name: workspace is given as well"),
        ({"dataarts_instance": "etl"}, "give workspace_name"),
    ):
        with pytest.raises(DatagateError, match=words):
            resolve({**KEY, "region": REGION, "project_id": PROJECT_ID, **params}, {}, "dataarts")
