# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agencies of other accounts and ID tokens: the options and variables, and the requests for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.base import (
    Credentials,
    KeyRequest,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.chain import choose
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.methods.access_key import (
    AccessKey,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.methods.assumed_agency import (
    AssumedAgency,
    OidcAgency,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.methods.oidc import Oidc
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import (
    TRANSIENT,
    CredentialsError,
    DatagateError,
    OptionError,
    RequestError,
)

DATA = Path(__file__).resolve().parents[5] / "data"
DOMAIN_ID = "99887766554433221100ffeeddccbbaa"
ID_TOKEN = "header.payload.signature"
KEY = {"access_key": "AKIDtask", "secret_key": "task-sk"}
TOKEN = {"auth_token": "task-token"}
USER = {"username": "task-user", "password": "task-pw", "domain_name": "task-domain"}
OIDC = {"idp_id": "ci-provider", "id_token": ID_TOKEN}
BY_NAME = {"assume_role_agency": "gate_reader", "assume_role_domain": "other-account"}
BY_ID = {"assume_role_agency": "gate_reader", "assume_role_domain_id": DOMAIN_ID}
HW_KEY = {"HW_ACCESS_KEY": "AKIDenvironment", "HW_SECRET_KEY": "env-sk"}
HW_TOKEN = {"HW_AUTH_TOKEN": "env-token"}
HW_AGENCY = {"HW_ASSUME_ROLE_AGENCY_NAME": "env_agency", "HW_ASSUME_ROLE_DOMAIN_NAME": "env-account"}
HW_OIDC = {"HW_ASSUME_ROLE_IDP_ID": "env-provider", "HW_ASSUME_ROLE_ID_TOKEN": ID_TOKEN}
PROVIDER_URN = f"iam::{DOMAIN_ID}:oidcProvider:pod-provider"
POD = {
    "HUAWEICLOUD_OIDC_PROVIDER_URN": PROVIDER_URN,
    "HUAWEICLOUD_OIDC_ID_TOKEN": ID_TOKEN,
    "HUAWEICLOUD_OIDC_AGENCY_URN": f"iam::{DOMAIN_ID}:agency:pod_agency",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without a credentials file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def write_keys(home: Path) -> None:
    folder = home / ".huaweicloud"
    folder.mkdir()
    file = folder / "credentials"
    file.write_text("[basic]\nak = AKIDfile\nsk = file-sk\nproject_id = p1\niam_endpoint = https://iam.test\n", "utf-8")
    file.chmod(0o600)


# -- where they come from ---------------------------------------------------------------------------------------------

PLACES: list[tuple[str, dict[str, str], dict[str, str], type[Credentials], str]] = [
    ("both in the task", {**KEY, **BY_NAME}, {}, AssumedAgency, ("the task (access_key), agency gate_reader of "
     "other-account from the task (assume_role_agency)")),
    ("the agency in the task, the key in the environment", BY_ID, HW_KEY, AssumedAgency, ("the environment "
     f"(HW_ACCESS_KEY), agency gate_reader of {DOMAIN_ID} from the task (assume_role_agency)")),
    ("both in the environment", {}, {**HW_KEY, **HW_AGENCY}, AssumedAgency, ("the environment (HW_ACCESS_KEY), "
     "agency env_agency of env-account from the environment (HW_ASSUME_ROLE_AGENCY_NAME)")),
    ("the key in the task", KEY, HW_AGENCY, AccessKey, "the task (access_key)"),
    ("the task's agency wins", BY_NAME, {**HW_KEY, **HW_AGENCY}, AssumedAgency, ("the environment (HW_ACCESS_KEY), "
     "agency gate_reader of other-account from the task (assume_role_agency)")),
    ("an ID token", OIDC, {}, Oidc, "the task (idp_id)"),
    ("an ID token with an agency", {**OIDC, **BY_ID}, {}, OidcAgency, ("the task (idp_id), agency gate_reader of "
     f"{DOMAIN_ID} from the task (assume_role_agency)")),
    ("an ID token in the environment", {}, HW_OIDC, Oidc, "the environment (HW_ASSUME_ROLE_IDP_ID)"),
    ("a key comes before an ID token", {}, {**HW_OIDC, **HW_KEY}, AccessKey, "the environment (HW_ACCESS_KEY)"),
    ("oidc leaves the key out", {"auth_type": "oidc"}, {**HW_OIDC, **HW_KEY}, Oidc,
     "the environment (HW_ASSUME_ROLE_IDP_ID)"),
    ("a pod", {}, POD, OidcAgency, ("the environment (HUAWEICLOUD_OIDC_PROVIDER_URN), agency pod_agency of "
     f"{DOMAIN_ID} from the environment (HUAWEICLOUD_OIDC_AGENCY_URN)")),
    ("a pod's agency is not for a key", {}, {**POD, **HW_KEY}, AccessKey, "the environment (HW_ACCESS_KEY)"),
    ("families are not mixed", {}, {**POD, **HW_OIDC}, Oidc, "the environment (HW_ASSUME_ROLE_IDP_ID)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("params", "environ", "kind", "place"), [row[1:] for row in PLACES], ids=[r[0] for r in PLACES]
)
def test_options_and_variables_choose_the_credentials(
    params: dict[str, str], environ: dict[str, str], kind: type[Credentials], place: str
) -> None:
    found = choose(params, environ)
    assert found.__class__ is kind
    assert found.place == place


def test_agency_of_the_environment_uses_the_file(home: Path) -> None:
    write_keys(home)
    found = choose({}, HW_AGENCY)
    assert found.source.startswith("AKID... from credentials_file")
    assert "agency env_agency of env-account" in found.source
    # The file's project belongs to the file's account only.
    assert found.settings() == {"iam_endpoint": "https://iam.test"}


@pytest.mark.parametrize(
    ("params", "environ", "words"),
    [
        ({**KEY, "assume_role_agency": "a"}, {}, ["the task gives assume_role_agency but not assume_role_domain or"]),
        (
            {**KEY, "assume_role_domain_id": "a"},
            {},
            ["the task gives assume_role_domain_id but not assume_role_agency"],
        ),
        ({**KEY, "assume_role_duration": "900"}, {}, ["but not assume_role_agency and assume_role_domain or"]),
        ({**KEY, **BY_NAME, **BY_ID}, {}, ["assume_role_domain and assume_role_domain_id; give one of the two"]),
        ({}, {**HW_KEY, "HW_ASSUME_ROLE_AGENCY_NAME": "a"}, ["the environment gives", "HW_ASSUME_ROLE_DOMAIN_NAME or"]),
        ({"idp_id": "p"}, {}, ["the task gives idp_id but not id_token or id_token_file"]),
        ({"id_token": ID_TOKEN}, {}, ["the task gives id_token but not idp_id"]),
        ({**OIDC, "id_token_file": "f"}, {}, ["id_token and id_token_file; give one of the two"]),
        ({}, {"HUAWEICLOUD_SDK_IDP_ID": "p"}, ["but not HUAWEICLOUD_SDK_ID_TOKEN_FILE"]),
        ({}, {"HW_ASSUME_ROLE_ID_TOKEN_FILE": "f"}, ["but not HW_ASSUME_ROLE_IDP_ID"]),
        ({"auth_type": "oidc"}, HW_KEY, ["no credentials found for auth_type oidc", "HW_ASSUME_ROLE_IDP_ID"]),
        ({"auth_type": "aksk", **OIDC}, {}, ["auth_type is aksk, but the task gives idp_id and id_token"]),
        (
            {"idp_id": "p", "id_token": "two words"},
            {},
            ["the ID token from the task (idp_id)", "one line of 4 to 20000"],
        ),
        ({"idp_id": "p", "id_token": "x" * 20001}, {}, ["4 to 20000"]),
        ({"idp_id": "a:b", "id_token": ID_TOKEN}, {}, ["idp_id from the task", "oidcProvider"]),
        ({"idp_id": "p", "id_token_file": "/no/such/file"}, {}, ["id_token_file /no/such/file", "cannot be read"]),
        ({"idp_id": "p", "id_token_file": "/"}, {}, ["cannot be read"]),
    ],
)
def test_incomplete_sets_and_invalid_values_are_rejected(
    params: dict[str, str], environ: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(CredentialsError) as caught:
        choose(params, environ)
    text = str(caught.value)
    assert [word for word in words if word not in text] == []
    assert "two words" not in text


@pytest.mark.parametrize(
    ("params", "duration", "problem"),
    [
        ({**KEY, **BY_NAME}, "86400", ""),
        ({**KEY, **BY_NAME}, "86401", "from 900 to 86400"),
        ({**KEY, **BY_NAME}, "899", "from 900 to 86400"),
        ({**KEY, **BY_ID}, "43200", ""),
        ({**KEY, **BY_ID}, "43201", "from 900 to 43200"),
        ({**KEY, **BY_ID}, "an hour", "must be a whole number"),
        ({**KEY, "security_token": "st", **BY_ID}, "3600", ""),
        ({**KEY, "security_token": "st", **BY_ID}, "3601", "from 900 to 3600, not 3601 with a temporary access key"),
        ({**KEY, "security_token": "st", **BY_NAME}, "7200", ""),
        ({**TOKEN, **BY_ID}, "86400", ""),
        ({**USER, **BY_ID}, "86400", ""),
        ({**OIDC, **BY_ID}, "43200", ""),
        ({**OIDC, **BY_ID}, "43201", "from 900 to 43200"),
        ({"auth_type": "ecs_agency", **BY_ID}, "7200", "from 900 to 3600"),
    ],
)
def test_duration_is_checked(params: dict[str, str], duration: str, problem: str) -> None:
    options = {**params, "assume_role_duration": duration}
    if not problem:
        assert choose(options, {}).is_temporary
        return
    with pytest.raises(OptionError, match=problem) as caught:
        choose(options, {})
    assert caught.value.option == "assume_role_duration"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("assume_role_agency", "a\u200bb"),
        ("assume_role_agency", "a:b"),
        ("assume_role_agency", f"iam::{DOMAIN_ID}:agency:a"),
        ("assume_role_domain", "a\nb"),
        ("assume_role_domain_id", "not an ID"),
    ],
)
def test_invalid_agencies_are_rejected(option: str, value: str) -> None:
    other = BY_ID if option == "assume_role_domain_id" else BY_NAME
    with pytest.raises(DatagateError, match=option):
        choose({**KEY, **other, option: value}, {})


# -- what is sent -----------------------------------------------------------------------------------------------------


def data(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text("utf-8"))


BEFORE = {"Date": "Sun, 01 Mar 2026 00:30:00 GMT"}
IAM_KEYS = (BEFORE, data("iam_assume_role_answer"))
STS_KEYS = (BEFORE, data("sts_assume_answer"))
ISSUED = ({**BEFORE, "X-Subject-Token": "issued-token"}, data("iam_id_token_answer"))
NO_HOST = RequestError(TRANSIENT, "the host's name cannot be resolved", service="sts")


def obtain(credentials: Credentials, *answers: Any) -> tuple[Any, list[KeyRequest]]:
    """The auth of the credentials, and the requests for it."""
    steps = credentials.obtain(lambda: 0.0)
    requests: list[KeyRequest] = []
    answer: Any = None
    try:
        for following in (*answers, None):
            requests.append(steps.throw(answer) if isinstance(answer, Exception) else steps.send(answer))
            answer = following
    except StopIteration as stop:
        return stop.value, requests
    raise AssertionError(f"one request too many: {requests[-1]}")


def bodies(requests: list[KeyRequest]) -> list[Any]:
    return [request.body for request in requests]


def test_agency_request_to_iam() -> None:
    found = choose({**KEY, **BY_NAME, "assume_role_duration": "3600"}, {})
    auth, requests = obtain(found, IAM_KEYS)
    wanted = data("iam_assume_role_request")
    wanted["auth"]["identity"]["assume_role"]["session_user"]["name"] = "datagate-huaweicloud"
    assert bodies(requests) == [wanted]
    assert (requests[0].service, requests[0].target) == ("iam", "/v3.0/OS-CREDENTIAL/securitytokens")
    assert requests[0].auth is not None
    assert list(requests[0].auth.secrets) == ["AKIDtask", "task-sk"]
    assert list(auth.secrets) == ["EXAMPLEACCESSKEY0001", "example-secret-not-real", "example-token-not-real"]
    assert found.lifetime == 1800
    assert list(found.services) == ["iam"]


def test_agency_request_to_sts() -> None:
    found = choose({**KEY, **BY_ID}, {})
    dummy, requests = obtain(found, STS_KEYS)
    assert bodies(requests) == [{**data("sts_assume_request"), "agency_session_name": "datagate-huaweicloud"}]
    assert (requests[0].service, requests[0].target, requests[0].has_alternative) == (
        "sts",
        "/v5/agencies/assume",
        True,
    )
    assert list(found.services) == ["sts", "iam"]
    # Without STS, IAM is used.
    dummy, requests = obtain(found, NO_HOST, IAM_KEYS)
    assert [request.service for request in requests] == ["sts", "iam"]
    assert requests[1].body["auth"]["identity"]["assume_role"]["domain_id"] == DOMAIN_ID


@pytest.mark.parametrize(
    ("params", "answers"), [({**KEY, **BY_ID}, [IAM_KEYS]), ({**OIDC, **BY_ID}, [ISSUED, IAM_KEYS, IAM_KEYS])]
)
def test_agency_without_sts_uses_iam(params: dict[str, str], answers: list[Any]) -> None:
    found = choose(params, {})
    found.omit_sts()
    dummy, requests = obtain(found, *answers)
    assert {request.service for request in requests} == set(found.services) == {"iam"}


def test_agency_with_a_password_requests_a_token_of_the_account() -> None:
    found = choose({**USER, **BY_NAME}, {})
    dummy, requests = obtain(found, ISSUED, IAM_KEYS)
    assert requests[0].body["auth"]["scope"] == {"domain": {"name": "task-domain"}}
    assert found.project_id is None


def test_id_token_request_for_a_project() -> None:
    found = choose(OIDC, {})
    found.scope = {"name": "eu-west-101"}
    auth, requests = obtain(found, ISSUED, IAM_KEYS)
    assert requests[0].body == data("iam_id_token_request")
    assert (requests[0].target, requests[0].headers["X-Idp-Id"]) == ("/v3.0/OS-AUTH/id-token/tokens", "ci-provider")
    assert requests[0].auth is None
    wanted = data("iam_token_to_keys_request")
    wanted["auth"]["identity"]["token"]["id"] = "issued-token"
    assert requests[1].body == wanted
    assert found.project_id == "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    assert found.lifetime == 1800
    assert auth.access_key == "EXAMPLEACCESSKEY0001"


def test_id_token_request_with_an_agency() -> None:
    wanted = {**data("sts_oidc_request"), "agency_session_name": "datagate-huaweicloud"}
    found = choose({**OIDC, **BY_ID}, {})
    dummy, requests = obtain(found, STS_KEYS)
    assert bodies(requests) == [wanted]
    assert (requests[0].target, requests[0].auth) == ("/v5/agencies/assume-with-oidc", None)
    # Without STS: a token without a scope, keys of the provider's account, and the agency with them.
    dummy, requests = obtain(found, NO_HOST, ISSUED, IAM_KEYS, IAM_KEYS)
    assert [request.service for request in requests] == ["sts", "iam", "iam", "iam"]
    assert "scope" not in requests[1].body["auth"]
    assert requests[3].auth is not None
    assert "EXAMPLEACCESSKEY0001" in requests[3].auth.secrets


def test_urns_of_a_pod_are_sent() -> None:
    dummy, requests = obtain(choose({}, {**POD, "HUAWEICLOUD_OIDC_DURATION_SECONDS": "7200"}), STS_KEYS)
    assert requests[0].body["provider_urn"] == PROVIDER_URN
    assert requests[0].body["agency_urn"] == POD["HUAWEICLOUD_OIDC_AGENCY_URN"]
    assert requests[0].body["duration_seconds"] == 7200


def test_id_token_file_is_read_for_each_request(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{ID_TOKEN}\n", "utf-8")
    found = choose({"idp_id": "ci-provider", "id_token_file": str(file)}, {})
    first = list(found.identity_parts)
    file.write_text("another.id.token", "utf-8")
    dummy, requests = obtain(found, ISSUED, IAM_KEYS)
    assert requests[0].body["auth"]["id_token"] == {"id": "another.id.token"}
    assert "another.id.token" in found.secrets
    assert first != list(found.identity_parts)


@pytest.mark.parametrize("answer", [({}, {}), (BEFORE, None), (BEFORE, {"credential": {"access": "AK"}})])
def test_answers_without_a_key_are_rejected(answer: Any) -> None:
    for params in ({**KEY, **BY_NAME}, {**KEY, **BY_ID}, OIDC):
        with pytest.raises(RequestError, match="answer"):
            obtain(choose(params, {}), answer)
