# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials come whole from one place: the task, else the environment, else a file."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.base import Credentials
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.chain import choose
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.methods.access_key import (
    AccessKey,
    TemporaryKey,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.methods.auth_token import (
    AuthToken,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.methods.ecs_agency import (
    EcsAgency,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.methods.file import (
    CredentialsFile,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.methods.password import Password
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import CredentialsError, OptionError

KEY = {"access_key": "task-ak", "secret_key": "task-sk"}
TEMPORARY = {**KEY, "security_token": "task-st"}
TOKEN = {"auth_token": "task-token"}
USER = {"username": "task-user", "password": "task-pw", "domain_name": "task-domain"}
HW_KEY = {"HW_ACCESS_KEY": "env-ak", "HW_SECRET_KEY": "env-sk"}
SDK_KEY = {"HUAWEICLOUD_SDK_AK": "sdk-ak", "HUAWEICLOUD_SDK_SK": "sdk-sk"}
HW_TOKEN = {"HW_AUTH_TOKEN": "env-token"}
HW_USER = {"HW_USER_NAME": "env-user", "HW_USER_PASSWORD": "env-pw", "HW_DOMAIN_NAME": "env-domain"}
FILE = "[basic]\nak = file-ak\nsk = file-sk\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without a credentials file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def write(path: Path, content: str = FILE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)
    return path


def default_file(home: Path, content: str = FILE) -> Path:
    return write(home / ".huaweicloud" / "credentials", content)


def auth_of(credentials: Credentials) -> Any:
    """The headers that these credentials add to a request."""

    return obtain(credentials)


def obtain(credentials: Credentials, *answers: Any, sent: list[Any] | None = None) -> Any:
    """The auth of these credentials; each request for it gets the next of *answers*."""
    steps = credentials.obtain(lambda: 0.0)
    left = list(answers)
    answer: Any = None
    while True:
        try:
            request = steps.throw(answer) if isinstance(answer, Exception) else steps.send(answer)
        except StopIteration as stop:
            return stop.value
        assert left, f"no answer for {request}"
        answer = left.pop(0)
        if sent is not None:
            sent.append(request)


# -- each kind, from each place ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["task", "environment"])
@pytest.mark.parametrize("explicit", [True, False])
@pytest.mark.parametrize(
    ("kind", "params", "environ", "type_", "secrets"),
    [
        ("aksk", KEY, HW_KEY, AccessKey, ["ak", "sk"]),
        ("aksk", TEMPORARY, {**HW_KEY, "HW_SECURITY_TOKEN": "env-st"}, TemporaryKey, ["ak", "sk", "st"]),
        ("token", TOKEN, HW_TOKEN, AuthToken, ["token"]),
        ("password", USER, HW_USER, Password, ["pw"]),
    ],
)
def test_each_credential_type_is_chosen_from_task_and_environment(
    place: str,
    explicit: bool,
    kind: str,
    params: dict[str, str],
    environ: dict[str, str],
    type_: type[Credentials],
    secrets: list[str],
) -> None:
    auth_type = {"auth_type": kind} if explicit else {}
    if place == "task":
        found = choose({**params, **auth_type}, {})
    else:
        found = choose(auth_type, environ)
    assert found.__class__ is type_
    assert found.place.startswith(f"the {place} (")
    assert found.place.endswith(("_key)", "_KEY)", "_AK)", "_token)", "_TOKEN)", "username)", "_NAME)"))
    prefix = "task" if place == "task" else "env"
    assert list(found.secrets) == [f"{prefix}-{secret}" for secret in secrets]
    if type_ is not Password:
        assert list(auth_of(found).secrets) == list(found.secrets)
    assert list(found.services) == (["iam"] if type_ is Password else [])
    assert found.renewable is (type_ is Password)


def test_sdk_variables_are_accepted() -> None:
    assert list(choose({}, SDK_KEY).secrets) == ["sdk-ak", "sdk-sk"]
    found = choose({}, {**SDK_KEY, "HUAWEICLOUD_SDK_SECURITY_TOKEN": "sdk-st"})
    assert found.__class__ is TemporaryKey
    assert found.header_values() == {"access_key": "sdk-ak", "secret_key": "sdk-sk", "security_token": "sdk-st"}


def test_ecs_agency_has_no_secrets() -> None:
    found = choose({"auth_type": "ecs_agency"}, {**HW_KEY, **HW_TOKEN})
    assert found.__class__ is EcsAgency
    assert found.renewable
    assert list(found.secrets) == []


def test_values_are_trimmed() -> None:
    found = choose({"access_key": " ak\n", "secret_key": "\tsk "}, {})
    assert found.header_values() == {"access_key": "ak", "secret_key": "sk"}


def test_password_requests_a_token_for_the_project() -> None:
    found = choose(USER, {})
    assert isinstance(found, Password)
    found.scope = {"id": "p1"}
    sent: list[Any] = []
    auth = obtain(found, ({"X-Subject-Token": "issued"}, {"token": {"project": {"id": "p1"}}}), sent=sent)
    assert list(auth.secrets) == ["issued"]
    assert found.project_id == "p1"
    assert sent == [
        (
            "iam",
            "POST",
            "/v3/auth/tokens?nocatalog=true",
            {},
            {
                "auth": {
                    "identity": {
                        "methods": ["password"],
                        "password": {
                            "user": {"name": "task-user", "password": "task-pw", "domain": {"name": "task-domain"}}
                        },
                    },
                    "scope": {"project": {"id": "p1"}},
                }
            },
            None,
            False,
        )
    ]


@pytest.mark.parametrize("answer", [None, "text", [], {"token": None}, {"token": {"project": []}}])
def test_token_answer_without_a_project(answer: Any) -> None:
    found = choose(USER, {})
    assert isinstance(found, Password)
    obtain(found, ({"X-Subject-Token": "issued"}, answer))
    assert found.project_id is None


# -- whole from one place ---------------------------------------------------------------------------------------------


def test_task_key_is_not_combined_with_an_environment_token() -> None:
    found = choose(KEY, {**HW_TOKEN, "HW_SECURITY_TOKEN": "env-st", "HUAWEICLOUD_SDK_SECURITY_TOKEN": "sdk-st"})
    assert found.__class__ is AccessKey
    assert list(auth_of(found).secrets) == ["task-ak", "task-sk"]


def test_task_precedes_environment_precedes_file(home: Path) -> None:
    default_file(home)
    for params, environ, secret in (
        (USER, {**HW_TOKEN, **HW_KEY}, "task-pw"),
        (KEY, HW_TOKEN, "task-ak"),
        ({}, HW_USER, "env-pw"),
        ({}, SDK_KEY, "sdk-ak"),
        ({}, {}, "file-ak"),
    ):
        assert choose(params, environ).secrets[0] == secret


def test_auto_prefers_token_then_key_then_password() -> None:
    assert (choose({**USER, **KEY, **TOKEN}, {})).__class__ is AuthToken
    assert (choose({**USER, **TEMPORARY}, {})).__class__ is TemporaryKey
    assert (choose({}, {**HW_USER, **SDK_KEY, **HW_TOKEN})).__class__ is AuthToken
    assert (choose({}, {**HW_USER, **SDK_KEY})).__class__ is AccessKey


def test_hw_and_sdk_variables_are_not_combined() -> None:
    found = choose({}, {**HW_KEY, **SDK_KEY, "HUAWEICLOUD_SDK_SECURITY_TOKEN": "sdk-st"})
    assert found.header_values() == {"access_key": "env-ak", "secret_key": "env-sk"}
    # A complete set of one family of variables ignores those of the other.
    assert choose({}, {**HW_KEY, "HUAWEICLOUD_SDK_AK": "sdk-ak"}).secrets[0] == "env-ak"
    with pytest.raises(CredentialsError, match="gives HW_ACCESS_KEY but not HW_SECRET_KEY"):
        choose({}, {"HW_ACCESS_KEY": "env-ak", "HUAWEICLOUD_SDK_SK": "sdk-sk"})
    with pytest.raises(CredentialsError, match="gives HW_SECURITY_TOKEN but not HW_ACCESS_KEY and HW_SECRET_KEY"):
        choose({}, {**SDK_KEY, "HW_SECURITY_TOKEN": "env-st"})


def test_auth_type_ignores_other_types() -> None:
    assert (choose({"auth_type": "password"}, {**HW_TOKEN, **HW_KEY, **HW_USER})).__class__ is Password
    assert (choose({"auth_type": "aksk"}, {**HW_TOKEN, **HW_KEY, **HW_USER})).__class__ is AccessKey
    assert (choose({"auth_type": "token"}, {"HW_ACCESS_KEY": "half", **HW_TOKEN})).__class__ is AuthToken


# -- half sets --------------------------------------------------------------------------------------------------------


def subsets(options: dict[str, str], optional: tuple[str, ...] = ()) -> list[tuple[dict[str, str], list[str]]]:
    """Each incomplete part of a set of options, with the missing names."""
    found = []
    for size in range(1, len(options)):
        for names in itertools.combinations(options, size):
            missing = [name for name in options if name not in names and name not in optional]
            if missing:
                found.append(({name: options[name] for name in names}, missing))
    return found


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        *subsets(TEMPORARY, ("security_token",)),
        *(item for item in subsets(USER) if list(item[0]) != ["domain_name"]),
    ],
)
def test_incomplete_set_in_the_task_is_an_error(given: dict[str, str], missing: list[str]) -> None:
    with pytest.raises(CredentialsError) as caught:
        choose(given, {**HW_KEY, **HW_TOKEN, **HW_USER})
    text = str(caught.value)
    assert text.startswith("the task gives ")
    assert f"but not {' and '.join(missing)};" in text
    assert not any(value in text for value in given.values())


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        *subsets({**HW_KEY, "HW_SECURITY_TOKEN": "env-st"}, ("HW_SECURITY_TOKEN",)),
        *subsets({**SDK_KEY, "HUAWEICLOUD_SDK_SECURITY_TOKEN": "t"}, ("HUAWEICLOUD_SDK_SECURITY_TOKEN",)),
        *(item for item in subsets(HW_USER) if list(item[0]) != ["HW_DOMAIN_NAME"]),
    ],
)
def test_incomplete_set_in_the_environment_is_an_error(given: dict[str, str], missing: list[str], home: Path) -> None:
    default_file(home)
    with pytest.raises(CredentialsError) as caught:
        choose({}, given)
    assert str(caught.value).startswith("the environment gives ")
    assert f"but not {' and '.join(missing)};" in str(caught.value)


def test_incomplete_set_beside_a_complete_one_is_an_error() -> None:
    with pytest.raises(CredentialsError, match="gives access_key but not secret_key"):
        choose({**TOKEN, "access_key": "task-ak"}, {})
    with pytest.raises(CredentialsError, match="gives HW_USER_NAME but not HW_USER_PASSWORD and HW_DOMAIN_NAME"):
        choose({}, {**HW_KEY, "HW_USER_NAME": "env-user"})


def test_domain_name_alone_is_not_a_credential() -> None:
    assert choose({"domain_name": "task-domain"}, HW_KEY).place == "the environment (HW_ACCESS_KEY)"
    assert choose({**KEY, "domain_name": "task-domain"}, {}).place == "the task (access_key)"
    assert (choose({}, {**SDK_KEY, "HW_DOMAIN_NAME": "env-domain"})).__class__ is AccessKey
    # It is read only from the place of the user name and password.
    with pytest.raises(CredentialsError, match="gives HW_USER_NAME and HW_USER_PASSWORD but not HW_DOMAIN_NAME"):
        choose({"domain_name": "task-domain"}, {"HW_USER_NAME": "u", "HW_USER_PASSWORD": "p"})


@pytest.mark.parametrize("empty", ["", "  ", "\n", None])
def test_empty_strings_count_as_not_given(empty: Any) -> None:
    nothing = dict.fromkeys([*TEMPORARY, *TOKEN, *USER, "auth_type", "credentials_file"], empty)
    assert choose(nothing, HW_KEY).place == "the environment (HW_ACCESS_KEY)"
    assert (choose({**nothing, **KEY}, {})).__class__ is AccessKey
    empty_text = empty or ""
    silent = dict.fromkeys([*HW_TOKEN, *HW_USER, "HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"], empty_text)
    assert choose({}, {**silent, **SDK_KEY}).secrets[0] == "sdk-ak"
    with pytest.raises(CredentialsError, match="gives secret_key but not access_key"):
        choose({**nothing, "secret_key": "sk"}, {})


# -- nothing found ----------------------------------------------------------------------------------------------------


def test_missing_credentials_name_the_usual_options() -> None:
    with pytest.raises(CredentialsError) as caught:
        choose({}, {"HW_DOMAIN_NAME": "d", "PATH": "/bin"})
    assert str(caught.value) == (
        "no credentials found; give access_key and secret_key (HW_ACCESS_KEY and HW_SECRET_KEY) or auth_token (HW_AUTH_TOKEN); "
        "for a user, a file or an agency see the guide Environment variables of this collection"
    )


def test_missing_credentials_of_an_auth_type_name_its_options() -> None:
    with pytest.raises(CredentialsError) as caught:
        choose({"auth_type": "token"}, {**HW_KEY, **HW_USER})
    text = str(caught.value)
    assert "auth_token" in text
    assert "HW_AUTH_TOKEN" in text
    assert not any(name in text for name in ("access_key", "HW_ACCESS_KEY", "HW_USER_NAME", ".huaweicloud"))
    with pytest.raises(CredentialsError, match=r"~/\.huaweicloud/credentials"):
        choose({"auth_type": "aksk"}, {})


# -- quotes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quoted", ["'{}'", '"{}"', ' "{}" ', "\"'{}'\"", '"  {} "', " {}\n"])
def test_surrounding_quotes_are_removed(quoted: str) -> None:
    def around(values: dict[str, str]) -> dict[str, str]:
        return {name: quoted.format(value) for name, value in values.items()}

    for plain in (KEY, TEMPORARY, TOKEN, USER):
        assert choose(around(plain), {}).identity_parts == choose(plain, {}).identity_parts
    for plain in (HW_KEY, SDK_KEY, HW_TOKEN, HW_USER):
        assert choose({}, around(plain)).identity_parts == choose({}, plain).identity_parts


@pytest.mark.parametrize("value", ['""', "''", '" "', "\"''\""])
def test_empty_quotes_count_as_not_given(value: str) -> None:
    with pytest.raises(CredentialsError, match="gives access_key but not secret_key"):
        choose({**KEY, "secret_key": value}, {})


@pytest.mark.parametrize("value", ['"half-a-value', "half-a-value'", "'half-a-value\""])
def test_unbalanced_quotes_are_rejected(value: str) -> None:
    if value[0] in "'\"" and value[-1] in "'\"":
        assert choose({**KEY, "secret_key": value}, {}).secrets[1] == value
        return
    for params, environ in (({**KEY, "secret_key": value}, {}), ({}, {**HW_KEY, "HW_ACCESS_KEY": value})):
        with pytest.raises(CredentialsError, match="quotation mark at one end only") as caught:
            choose(params, environ)
        assert "half-a-value" not in str(caught.value)
    assert choose({**USER, "password": value}, {}).secrets == [value]


# -- what messages show of credentials --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "shown", "source"),
    [
        ({"access_key": "AKNE0123456789", "secret_key": "s"}, "AKNE", "AKNE... from the task (access_key)"),
        ({"access_key": "AKNE012", "secret_key": "s"}, "", "from the task (access_key)"),
        ({"auth_token": "MIIabcdefgh"}, "MIIa", "MIIa... from the task (auth_token)"),
        ({**USER, "username": "operator"}, "oper", "oper... from the task (username)"),
        ({**USER, "username": "op"}, "", "from the task (username)"),
    ],
)
def test_shown_key_and_source(params: dict[str, str], shown: str, source: str) -> None:
    found = choose(params, {})
    assert (found.key_shown, found.source) == (shown, source)


# -- contradictions ---------------------------------------------------------------------------------------------------


def test_unknown_auth_type_is_rejected() -> None:
    with pytest.raises(OptionError) as caught:
        choose({"auth_type": "kerberos", **KEY}, {})
    assert caught.value.option == "auth_type"
    assert "auto, aksk, token, password, ecs_agency" in str(caught.value)


@pytest.mark.parametrize(
    ("auth_type", "params", "named"),
    [
        ("token", KEY, "access_key and secret_key"),
        ("token", {"username": "u"}, "username"),
        ("aksk", TOKEN, "auth_token"),
        ("aksk", {"password": "p"}, "password"),
        ("password", TEMPORARY, "access_key and secret_key and security_token"),
        ("ecs_agency", TOKEN, "auth_token"),
        ("ecs_agency", {"security_token": "s"}, "security_token"),
    ],
)
def test_auth_type_that_contradicts_the_task_is_an_error(auth_type: str, params: dict[str, str], named: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        choose({"auth_type": auth_type, **params}, {**HW_KEY, **HW_TOKEN, **HW_USER})
    assert f"auth_type is {auth_type}, but the task gives {named};" in str(caught.value)


def test_auth_type_chooses_among_complete_sets() -> None:
    everything = {**KEY, **TOKEN, **USER}
    assert (choose({**everything, "auth_type": "aksk"}, {})).__class__ is AccessKey
    assert (choose({**everything, "auth_type": "token"}, {})).__class__ is AuthToken
    assert (choose({**everything, "auth_type": "password"}, {})).__class__ is Password


@pytest.mark.parametrize("auth_type", ["token", "password", "ecs_agency"])
def test_credentials_file_contradicts_other_auth_types(auth_type: str, tmp_path: Path) -> None:
    path = write(tmp_path / "mine")
    with pytest.raises(OptionError) as caught:
        choose({"auth_type": auth_type, "credentials_file": str(path)}, {**HW_TOKEN, **HW_USER})
    assert caught.value.option == "credentials_file"


# -- files ------------------------------------------------------------------------------------------------------------


def test_file_of_the_task_precedes_the_environment(tmp_path: Path) -> None:
    path = write(tmp_path / "mine")
    found = choose({"credentials_file": str(path)}, {**HW_TOKEN, **HW_KEY})
    assert found.__class__ is CredentialsFile
    assert found.place == f"credentials_file {path}"
    assert list(auth_of(found).secrets) == ["file-ak", "file-sk"]
    assert choose({"credentials_file": str(path), "auth_type": "aksk"}, HW_KEY).place == f"credentials_file {path}"
    assert choose({"credentials_file": str(path), **TOKEN}, {}).place == "the task (auth_token)"


def test_unusable_file_of_the_task_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="cannot be read"):
        choose({"credentials_file": str(tmp_path / "none")}, {**HW_TOKEN, **HW_KEY})


def test_file_of_the_environment_replaces_the_default_file(tmp_path: Path, home: Path) -> None:
    default_file(home, "[basic]\nak = default-ak\nsk = default-sk\n")
    environ = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(write(tmp_path / "mine"))}
    assert choose({}, environ).secrets[0] == "file-ak"
    assert choose({}, {**environ, **HW_KEY}).secrets[0] == "env-ak"
    assert "HUAWEICLOUD_SDK_CREDENTIALS_FILE" in choose({}, environ).place
    environ["HUAWEICLOUD_SDK_CREDENTIALS_FILE"] = str(tmp_path / "none")
    with pytest.raises(CredentialsError, match=r"HUAWEICLOUD_SDK_CREDENTIALS_FILE.*cannot be read"):
        choose({}, environ)


def test_tilde_is_expanded(home: Path) -> None:
    write(home / "mine")
    assert choose({"credentials_file": "~/mine"}, {}).secrets[0] == "file-ak"
    assert choose({}, {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": "~/mine"}).secrets[0] == "file-ak"


def test_broken_link_as_default_file_is_an_error(home: Path) -> None:
    (home / ".huaweicloud").mkdir()
    (home / ".huaweicloud" / "credentials").symlink_to(home / "gone")
    with pytest.raises(CredentialsError, match="cannot be read: No such file"):
        choose({}, {})


@pytest.mark.parametrize("auth_type", ["token", "password"])
def test_auth_type_without_a_file_form_ignores_the_file(auth_type: str, home: Path) -> None:
    default_file(home)
    with pytest.raises(CredentialsError, match="no credentials found"):
        choose({"auth_type": auth_type}, {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(home / "gone")})


@pytest.mark.parametrize("path", ["a\0b", "~\0", "\ud800", "x" * 5000])
def test_invalid_path_cannot_be_read(path: str) -> None:
    with pytest.raises(CredentialsError, match="cannot be read"):
        choose({"credentials_file": path}, {})
