# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection options: their resolved values, and the messages about invalid ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.endpoints import (
    check_endpoint,
    derive_endpoint,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import Connection, resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import (
    CredentialsError,
    DatagateError,
    OptionError,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._values import boolean, number, whole

KEY = {"access_key": "ak", "secret_key": "sk"}
ENOUGH = {**KEY, "region": "cn-north-4", "project_id": "p1"}


@pytest.fixture(autouse=True, scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home folder without a credentials file."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("HOME", str(folder))
        yield folder


def connect(environ: dict[str, str] | None = None, service: str = "dataarts", **params: Any) -> Connection:
    return resolve({**ENOUGH, **params}, environ or {}, service)


def refused(option: str, environ: dict[str, str] | None = None, **params: Any) -> str:
    """The message about a rejected option."""
    with pytest.raises(OptionError) as caught:
        connect(environ, **params)
    assert caught.value.option == option
    assert caught.value.extras() == {"option": option}
    assert str(caught.value).startswith(f"{option}: ")
    return str(caught.value)


def test_default_values() -> None:
    found = connect()
    assert found.endpoints == {"dataarts": "https://dayu-dlf.cn-north-4.myhuaweicloud.com"}
    assert (found.region, found.project_id, found.workspace) == ("cn-north-4", "p1", None)
    assert (found.verify, found.cert, found.proxy) == (True, None, None)
    assert (found.request_timeout, found.retries, found.requests_per_second) == (30.0, 4, 20.0)
    assert found.warnings == []


# -- region, cloud, endpoints -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "cloud", "domain"),
    [
        ("cn-north-4", None, "cn-north-4.myhuaweicloud.com"),
        ("ap-southeast-3", None, "ap-southeast-3.myhuaweicloud.com"),
        ("eu-west-101", None, "eu-west-101.myhuaweicloud.eu"),
        ("eu-west-0", None, "eu-west-0.myhuaweicloud.com"),
        ("eu-de", None, "eu-de.otc.t-systems.com"),
        ("eu-nl", None, "eu-nl.otc.t-systems.com"),
        ("eu-de-1", None, "eu-de-1.myhuaweicloud.com"),
        ("ru-moscow-1", None, "ru-moscow-1.myhuaweicloud.com"),
        ("eu-de", "cloud.example", "eu-de.cloud.example"),
        ("eu-west-101", "cloud.example", "eu-west-101.cloud.example"),
        ("my-region", "private.cloud.example", "my-region.private.cloud.example"),
    ],
)
def test_hosts_are_derived_from_region_and_cloud(region: str, cloud: str | None, domain: str) -> None:
    for service, prefix in (("dataarts", "dayu-dlf"), ("dli", "dli"), ("iam", "iam")):
        assert derive_endpoint(service, region, cloud) == f"https://{prefix}.{domain}"
    found = connect(region=region, cloud=cloud, service="dli", project_id=None)
    assert found.endpoints == {"dli": f"https://dli.{domain}", "iam": f"https://iam.{domain}"}
    assert connect({"HW_REGION_NAME": region, "HW_CLOUD": cloud or ""}, region="").endpoints == {
        "dataarts": f"https://dayu-dlf.{domain}"
    }


def test_options_precede_variables() -> None:
    environ = {
        "HW_REGION_NAME": "env-region",
        "HW_CLOUD": "env.example",
        "HW_PROJECT_ID": "env-project",
        "HUAWEICLOUD_SDK_PROJECT_ID": "sdk-project",
        "HW_PROJECT_NAME": "env-name",
        "HW_MAX_RETRIES": "7",
        "HW_DATAARTS_WORKSPACE_ID": "env-ws",
    }
    given_all = resolve(
        {
            **KEY,
            "region": "task-region",
            "cloud": "task.example",
            "project_id": "task-project",
            "project_name": "task-name",
            "retries": 0,
            "workspace": "task-ws",
        },
        environ,
        "dli",
    )
    assert given_all.endpoints == {"dli": "https://dli.task-region.task.example"}
    assert (given_all.project_id, given_all.project_name) == ("task-project", "task-name")
    assert (given_all.retries, given_all.workspace) == (0, "task-ws")
    from_environment = resolve(KEY, environ, "dli")
    assert from_environment.endpoints == {"dli": "https://dli.env-region.env.example"}
    assert (from_environment.project_id, from_environment.project_name) == ("env-project", "env-name")
    assert (from_environment.retries, from_environment.workspace) == (7, "env-ws")
    assert resolve(KEY, {**environ, "HW_PROJECT_ID": " "}, "dli").project_id == "sdk-project"


@pytest.mark.parametrize("region", ["cn north", "cn-north-4/", "a..b", "-a", "a_b", "作业", "a\nb", "evil.example#"])
def test_invalid_region_and_cloud_are_rejected(region: str) -> None:
    refused("region", region=region)
    refused("cloud", cloud=region)
    refused("region (HW_REGION_NAME)", {"HW_REGION_NAME": region}, region=None)
    refused("cloud (HW_CLOUD)", {"HW_CLOUD": region})


def test_missing_region_and_endpoint_is_rejected() -> None:
    text = refused("region", region=None)
    for name in ("endpoints.dataarts", "HW_REGION_NAME", "HW_DATAARTS_ENDPOINT"):
        assert name in text
    found = connect(region=None, endpoints={"dataarts": "https://d.example"})
    assert found.endpoints == {"dataarts": "https://d.example"}
    # Only the service that is called is needed.
    refused("region", region=None, endpoints={"dli": "https://d.example"})


def test_project_to_look_up() -> None:
    assert connect(project_id=None).project_name == "cn-north-4"
    assert connect(project_id=None, project_name="mine").project_name == "mine"
    endpoints = {"dataarts": "https://d.example", "iam": "https://i.example"}
    refused("project_id", region=None, project_id=None, endpoints=endpoints)
    found = connect(region=None, project_id=None, project_name="mine", endpoints=endpoints)
    assert (found.project_id, found.project_name) == (None, "mine")
    text = refused("region", region=None, project_id=None, endpoints={"dataarts": "https://d.example"})
    assert "endpoints.iam" in text


@pytest.mark.parametrize("project", ["a/b", "..", "p 1", "项目", "p\n1", "x" * 65])
def test_invalid_project_id_is_rejected(project: str) -> None:
    refused("project_id", project_id=project)
    refused("project_id (HW_PROJECT_ID)", {"HW_PROJECT_ID": project}, project_id=None)


def test_endpoints_replace_hosts() -> None:
    found = connect(
        endpoints={"dataarts": " https://proxy.example:8443/base/ ", "dli": None, "iam": ""}, project_id=None
    )
    assert found.endpoints == {
        "dataarts": "https://proxy.example:8443/base",
        "iam": "https://iam.cn-north-4.myhuaweicloud.com",
    }
    environ = {
        "HW_DATAARTS_ENDPOINT": "https://d.example",
        "HW_DLI_ENDPOINT": "https://l.example/",
        "HW_IAM_ENDPOINT": "https://i.example",
        "HW_AUTH_URL": "https://other.example/v3",
    }
    assert connect(environ).endpoints == {
        "dataarts": "https://d.example",
        "dli": "https://l.example",
        "iam": "https://i.example",
    }
    assert connect(environ, endpoints={"dli": "https://task.example"}).endpoints["dli"] == "https://task.example"


@pytest.mark.parametrize("url", ["https://i.example/v3", "https://i.example/v3/", "https://i.example"])
def test_auth_url_with_a_version_is_accepted(url: str) -> None:
    assert connect({"HW_AUTH_URL": url}).endpoints["iam"] == "https://i.example"
    assert connect(endpoints={"iam": url}).endpoints["iam"] == "https://i.example"


def test_unknown_endpoint_is_rejected() -> None:
    assert "'obs'" in refused("endpoints", endpoints={"dli": "https://h", "obs": "https://h"})
    refused("endpoints", endpoints="https://h")
    refused("endpoints", endpoints=["https://h"])


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "http://LOCALHOST:80",
        "http://127.0.0.1:8080/base",
        "http://127.9.8.7",
        "http://[::1]:8080",
        "https://h",
        "https://10.0.0.1:8443",
        "https://[fd00::1]",
    ],
)
def test_valid_endpoints_are_accepted(url: str) -> None:
    assert check_endpoint("o", url) == url
    assert check_endpoint("o", url + "/") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://dayu-dlf.cn-north-4.myhuaweicloud.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://[::2]",
        "http://1270.0.0.1",
        "http://127.300.0.1",
    ],
)
def test_http_is_rejected_except_on_the_loopback_interface(url: str) -> None:
    assert "in the clear" in refused("endpoints.dataarts", endpoints={"dataarts": url})
    assert "in the clear" in refused("endpoints.iam (HW_AUTH_URL)", {"HW_AUTH_URL": url})


@pytest.mark.parametrize(
    "url",
    [
        "h.example",
        "ftp://h",
        "https://",
        "https:///path",
        "//h",
        "https://h:port",
        "https://h:99999",
        "https://[::1",
        "https://a b",
        "https://h/\npath",
        "https://h\u2028h",
        "https://作业.example",
        "https://\U0001f600.example",
        "https://user:q7Zs3cret@h",
        "https://q7Zs3cret@h",
        "http://q7Zs3cret@127.0.0.1",
        "https://h\\@q7Zs3cret",
        "https://h?q7Zs3cret=1",
        "https://h#q7Zs3cret",
        "javascript:alert(1)",
    ],
)
def test_invalid_endpoints_are_rejected_without_secrets(url: str) -> None:
    assert "q7Zs3cret" not in refused("endpoints.dataarts", endpoints={"dataarts": url})
    assert "q7Zs3cret" not in refused("endpoints.dataarts (HW_DATAARTS_ENDPOINT)", {"HW_DATAARTS_ENDPOINT": url})


# -- TLS and proxy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "variable", "verify"),
    [
        (None, None, True),
        (True, None, True),
        (False, None, False),
        ("no", None, False),
        (None, "1", False),
        (None, "true", False),
        (None, "0", True),
        (None, "False", True),
        (None, "", True),
        (True, "1", True),
        (False, "0", False),
    ],
)
def test_validate_certs_from_option_and_variable(option: Any, variable: str | None, verify: bool) -> None:
    found = connect({} if variable is None else {"HW_INSECURE": variable}, validate_certs=option)
    assert found.verify is verify
    assert [warning for warning in found.warnings if "validate_certs" in warning] == found.warnings
    assert bool(found.warnings) is not verify


def test_invalid_validate_certs_is_rejected() -> None:
    refused("validate_certs", validate_certs="maybe")
    refused("validate_certs (HW_INSECURE)", {"HW_INSECURE": "maybe"})


def test_ca_path_from_option_and_variable(tmp_path: Path) -> None:
    bundle, other = tmp_path / "ca.pem", tmp_path / "other.pem"
    for path in (bundle, other):
        path.write_text("", encoding="utf-8")
    assert connect(ca_path=str(bundle)).verify == str(bundle)
    assert connect(ca_path=str(tmp_path)).verify == str(tmp_path)
    assert connect({"HW_CACERT": str(bundle)}).verify == str(bundle)
    assert connect({"HW_CACERT": str(other)}, ca_path=str(bundle)).verify == str(bundle)
    assert connect({"REQUESTS_CA_BUNDLE": str(bundle)}).verify == str(bundle)
    assert connect({"CURL_CA_BUNDLE": str(bundle)}).verify == str(bundle)
    assert connect({"REQUESTS_CA_BUNDLE": str(other), "HW_CACERT": str(bundle)}).verify == str(bundle)
    for environ in ({}, {"REQUESTS_CA_BUNDLE": str(bundle)}, {"HW_CACERT": str(bundle)}):
        assert connect(environ, validate_certs=False).verify is False
        assert connect(environ, validate_certs=False, ca_path=str(other)).verify is False


def test_missing_files_are_rejected(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.pem")
    there = tmp_path / "there.pem"
    there.write_text("", encoding="utf-8")
    assert gone in refused("ca_path", ca_path=gone)
    refused("ca_path (HW_CACERT)", {"HW_CACERT": gone})
    refused("ca_path (REQUESTS_CA_BUNDLE)", {"REQUESTS_CA_BUNDLE": gone})
    refused("client_cert", client_cert=gone)
    refused("client_cert", client_cert=str(tmp_path))
    refused("client_key", client_cert=str(there), client_key=gone)
    refused("ca_path", ca_path="a\0b")
    refused("client_cert", client_cert="~\0")


def test_client_certificate_needs_existing_files(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    for path in (cert, key):
        path.write_text("", encoding="utf-8")
    assert connect(client_cert=str(cert)).cert == str(cert)
    assert connect(client_cert=str(cert), client_key=str(key)).cert == (str(cert), str(key))
    assert "client_cert" in refused("client_key", client_key=str(key))


def test_tilde_is_expanded(home: Path) -> None:
    (home / "ca.pem").write_text("", encoding="utf-8")
    assert connect(ca_path="~/ca.pem").verify == str(home / "ca.pem")


def test_proxy_is_checked() -> None:
    assert connect(proxy=" http://user:pw@proxy.example:3128 ").proxy == "http://user:pw@proxy.example:3128"
    assert connect({"https_proxy": "http://proxy.example"}).proxy is None
    for bad in ("proxy.example:3128", "socks5://h", "http://", "http://h:port", "http://[::1", "http://q7Zs3cret@"):
        assert "q7Zs3cret" not in refused("proxy", proxy=bad)


# -- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", float("nan"), float("inf"), -1, "-0.1", "x", "", [], {}, "1s"])
def test_invalid_numbers_are_rejected(value: Any) -> None:
    refused("requests_per_second", requests_per_second=value)
    refused("request_timeout", request_timeout=value)


@pytest.mark.parametrize("value", [0, "0", 0.0, -0.0])
def test_zero_is_accepted_only_as_a_rate(value: Any) -> None:
    refused("request_timeout", request_timeout=value)
    assert connect(requests_per_second=value).requests_per_second == 0


def test_numeric_text_is_accepted() -> None:
    found = connect(request_timeout="2.5", requests_per_second=" 30 ", retries=" 3 ")
    assert (found.request_timeout, found.requests_per_second, found.retries) == (2.5, 30.0, 3)


@pytest.mark.parametrize("value", [-1, "x", 1.5, "1e3", 101, True, [], "nan", 10**30])
def test_invalid_retries_are_rejected(value: Any) -> None:
    refused("retries", retries=value)
    if isinstance(value, str):
        refused("retries (HW_MAX_RETRIES)", {"HW_MAX_RETRIES": value})


def test_huge_number_is_rejected() -> None:
    """YAML and JSON do not limit whole numbers."""
    with pytest.raises(OptionError):
        number("o", 10**400)
    with pytest.raises(OptionError):
        whole("o", 10**5000)


def test_huge_request_timeout_is_rejected() -> None:
    """Threads and sockets raise OverflowError for times beyond their clocks (about 292 years)."""
    refused("request_timeout", request_timeout=1e12)


def test_tiny_rate_is_rejected() -> None:
    refused("requests_per_second", requests_per_second=1e-12)


@pytest.mark.parametrize("word", ["1", "true", "YES", "on", "y", "T", True])
def test_words_for_true(word: Any) -> None:
    assert boolean("o", word) is True


@pytest.mark.parametrize("word", ["0", "False", "no", "OFF", "n", "f", "", False])
def test_words_for_false(word: Any) -> None:
    assert boolean("o", word) is False


# -- headers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["a\nb", "a\r\nX-Evil: 1", "a\0", "作业", "a\x7f", "a\u2028b", "\u00e9"])
def test_header_values_are_one_line_of_ascii(value: str) -> None:
    refused("workspace", workspace=value)
    refused("workspace (HW_DATAARTS_WORKSPACE_ID)", {"HW_DATAARTS_WORKSPACE_ID": value})
    value = f"q7Zs3cret{value}q7Zs3cret"
    for params in (
        {"access_key": value},
        {"secret_key": value},
        {"security_token": value},
        {"auth_token": value, "access_key": None, "secret_key": None},
    ):
        with pytest.raises(CredentialsError) as caught:
            connect(**params)
        place = "auth_token" if "auth_token" in params else "access_key"
        assert f"{next(iter(params))} from the task ({place}) must be one line" in str(caught.value)
        assert "q7Zs3cret" not in str(caught.value)


def test_user_names_may_contain_any_characters() -> None:
    params = {"username": "用户", "password": "пароль\n", "domain_name": "域"}
    found = resolve({**params, "region": "r", "project_id": "p"}, {}, "dli")
    assert list(found.credentials.secrets) == ["пароль"]
    assert "iam" in found.endpoints


# -- what a credentials file says besides -----------------------------------------------------------------------------


def credentials_file(folder: Path, text: str = "") -> str:
    path = folder / "credentials"
    path.write_text(f"[basic]\nak = file-ak\nsk = file-sk\n{text}", encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def test_file_settings_apply_only_with_its_keys(tmp_path: Path) -> None:
    path = credentials_file(tmp_path, "project_id = file-project\niam_endpoint = https://file.example/v3\n")
    found = resolve({"region": "r", "credentials_file": path}, {}, "dli")
    assert found.project_id == "file-project"
    assert found.endpoints == {"dli": "https://dli.r.myhuaweicloud.com", "iam": "https://file.example"}
    found = resolve(
        {"region": "r", "credentials_file": path, "project_id": "task"}, {"HW_IAM_ENDPOINT": "https://i"}, "dli"
    )
    assert (found.project_id, found.endpoints["iam"]) == ("task", "https://i")
    assert resolve({"region": "r", "credentials_file": path}, {"HW_PROJECT_ID": "env"}, "dli").project_id == "env"
    # Not with keys from another place.
    found = resolve({**KEY, "region": "r", "credentials_file": path}, {}, "dli")
    assert found.project_id is None
    assert found.endpoints["iam"] == "https://iam.r.myhuaweicloud.com"
    environ = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": path, "HW_ACCESS_KEY": "ak", "HW_SECRET_KEY": "sk"}
    assert resolve({"region": "r"}, environ, "dli").project_id is None


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("project_id = a/b\n", "project_id in the credentials file"),
        ("iam_endpoint = http://i.example\n", "iam_endpoint in the credentials file"),
        ("iam_endpoint = nonsense\n", "iam_endpoint in the credentials file"),
    ],
)
def test_file_settings_are_checked(tmp_path: Path, text: str, option: str) -> None:
    path = credentials_file(tmp_path, text)
    with pytest.raises(OptionError) as caught:
        resolve({"region": "r", "credentials_file": path}, {}, "dli")
    assert caught.value.option == option


def test_keys_in_the_file_are_checked_as_headers(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text("[basic]\nak = a\n  q7Zs3cret\nsk = s\n", encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(CredentialsError) as caught:
        connect(access_key=None, secret_key=None, credentials_file=str(path))
    assert f"ak from credentials_file {path} must be one line" in str(caught.value)
    assert "q7Zs3cret" not in str(caught.value)


def test_warnings_of_the_file_are_shown(tmp_path: Path) -> None:
    path = credentials_file(tmp_path)
    Path(path).chmod(0o644)
    found = connect(access_key=None, secret_key=None, credentials_file=path)
    assert len(found.warnings) == 1
    assert "chmod 600" in found.warnings[0]


# -- anything at all --------------------------------------------------------------------------------------------------

SECRET = "q7Zs3cret"
SECRETS = ("access_key", "secret_key", "security_token", "auth_token", "password")
SECRET_VARIABLES = (
    "HW_ACCESS_KEY",
    "HW_SECRET_KEY",
    "HW_SECURITY_TOKEN",
    "HUAWEICLOUD_SDK_AK",
    "HUAWEICLOUD_SDK_SK",
    "HUAWEICLOUD_SDK_SECURITY_TOKEN",
    "HW_AUTH_TOKEN",
    "HW_USER_PASSWORD",
)
OPTIONS = (
    "auth_type",
    "username",
    "domain_name",
    "credentials_file",
    "region",
    "cloud",
    "project_id",
    "project_name",
    "validate_certs",
    "ca_path",
    "client_cert",
    "client_key",
    "proxy",
    "request_timeout",
    "retries",
    "requests_per_second",
    "workspace",
)
VARIABLES = (
    "HW_REGION_NAME",
    "HW_CLOUD",
    "HW_PROJECT_ID",
    "HW_PROJECT_NAME",
    "HW_CACERT",
    "HW_MAX_RETRIES",
    "HW_DATAARTS_WORKSPACE_ID",
    "HW_INSECURE",
    "HW_DATAARTS_ENDPOINT",
    "HW_DLI_ENDPOINT",
    "HW_IAM_ENDPOINT",
    "HW_AUTH_URL",
    "HW_USER_NAME",
    "HW_DOMAIN_NAME",
    "HUAWEICLOUD_SDK_CREDENTIALS_FILE",
    "REQUESTS_CA_BUNDLE",
)
WORDS = st.sampled_from(
    ["", " ", "~", "/", "~/", "a", "cn-north-4", "p1", "auto", "aksk", "token", "true", "1", "-1", "nan", "\0", "\n"]
)
URLS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["https://", "http://", "ftp://", "", "//"]),
    st.sampled_from(["", f"{SECRET}@", f"user:{SECRET}@", f"user:{SECRET}%40@", f"user:{SECRET}"]),
    st.sampled_from(["h.example", "127.0.0.1", "[::1]", "[", "]", "", "h:1", "h:x", "\U0001f600", "h\\"]),
    st.sampled_from(["", "/", "/v3", f"?{SECRET}", f"#{SECRET}", "\r\n", " "]),
)
TEXT = st.one_of(WORDS, st.text(max_size=20))
ANYTHING = st.one_of(
    st.none(), TEXT, TEXT, st.booleans(), st.integers(), st.floats(), st.lists(TEXT, max_size=2), st.just({"a": 1})
)
HIDDEN = st.one_of(
    st.none(), st.just(""), st.just(SECRET), TEXT.map(lambda text: f"{SECRET}{text}{SECRET}"), st.just([SECRET])
)
ENVIRONMENT_TEXT = st.one_of(WORDS, st.text(max_size=20))
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(OPTIONS, ANYTHING),
        **dict.fromkeys(SECRETS, HIDDEN),
        "region": st.one_of(st.just("cn-north-4"), ANYTHING),
        "project_id": st.one_of(st.just("p1"), ANYTHING),
        "proxy": st.one_of(ANYTHING, URLS),
        "endpoints": st.one_of(
            ANYTHING,
            st.dictionaries(st.sampled_from(["dataarts", "dli", "iam"]), st.one_of(URLS, ANYTHING)),
            st.dictionaries(TEXT, URLS, max_size=2),
        ),
    },
)
ENVIRON = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(VARIABLES, ENVIRONMENT_TEXT),
        **dict.fromkeys(SECRET_VARIABLES, HIDDEN.filter(lambda value: isinstance(value, str))),
        "HW_AUTH_URL": URLS,
        "HW_DLI_ENDPOINT": URLS,
    },
)


def attempt(params: dict[str, Any], environ: dict[str, str], service: str) -> Connection | DatagateError:
    try:
        return resolve(params, environ, service)
    except DatagateError as error:
        return error


@settings(max_examples=250)
@given(PARAMS, ENVIRON, st.sampled_from(["dataarts", "dli"]))
@example({**ENOUGH, "ca_path": "~\0"}, {}, "dli")
@example({**ENOUGH, "request_timeout": 10**400}, {}, "dli")
@example({"credentials_file": "\0"}, {}, "dli")
def test_any_options_give_a_connection_or_one_sentence_without_secrets(
    params: dict[str, Any], environ: dict[str, str], service: str
) -> None:
    found = attempt(params, environ, service)
    if isinstance(found, DatagateError):
        assert SECRET not in json.dumps([str(found), found.extras()], ensure_ascii=False)
        assert "\n" not in str(found)
        return
    assert SECRET not in "".join(found.warnings)
    assert {service} <= set(found.endpoints) <= {"dataarts", "dli", "iam"}
    for url in found.endpoints.values():
        assert url.startswith(("https://", "http://127.", "http://[::1]", "http://localhost"))
        assert SECRET not in url
        assert not url.endswith("/")
    assert found.request_timeout > 0
    assert found.requests_per_second >= 0
    assert 0 <= found.retries <= 100
    assert found.project_id or found.project_name


@given(st.dictionaries(st.sampled_from(SECRETS), HIDDEN), ENVIRON)
def test_any_credentials_are_never_shown(params: dict[str, Any], environ: dict[str, str]) -> None:
    """With all other options valid, so that the credentials are checked."""
    found = attempt({"region": "cn-north-4", "project_id": "p1", **params}, environ, "dataarts")
    assert SECRET not in (str(found) if isinstance(found, DatagateError) else "".join(found.warnings))


# -- the hosts of STS and DataArts Studio -----------------------------------------------------------------------------

AGENCY = {"assume_role_agency": "gate", "assume_role_domain_id": "d1"}
NAMED = {"workspace_name": "release"}
ELSEWHERE = "https://elsewhere.example.com"


@pytest.mark.parametrize(
    ("params", "environ", "service", "url"),
    [
        (AGENCY, {}, "sts", "https://sts.cn-north-4.myhuaweicloud.com"),
        ({**AGENCY, "region": "eu-west-101"}, {}, "sts", None),
        ({**AGENCY, "region": "eu-de"}, {}, "sts", None),
        ({**AGENCY, "region": "eu-de", "endpoints": {"sts": ELSEWHERE}}, {}, "sts", ELSEWHERE),
        (AGENCY, {"HW_CLOUD": "cloud.example.com"}, "sts", None),
        ({**AGENCY, "region": "eu-de"}, {}, "iam", "https://iam.eu-de.otc.t-systems.com"),
        (AGENCY, {"HW_STS_ENDPOINT": ELSEWHERE}, "sts", ELSEWHERE),
        ({**AGENCY, "endpoints": {"sts": ELSEWHERE}}, {"HW_STS_ENDPOINT": "https://ignored"}, "sts", ELSEWHERE),
        (NAMED, {}, "studio", "https://dayu.cn-north-4.myhuaweicloud.com"),
        (NAMED, {"HW_CLOUD": "cloud.example.com"}, "studio", "https://dayu.cn-north-4.cloud.example.com"),
        (NAMED, {"HW_DATAARTS_STUDIO_ENDPOINT": ELSEWHERE}, "studio", ELSEWHERE),
        (NAMED, {"HW_DATAARTS_ENDPOINT": ELSEWHERE}, "studio", ELSEWHERE),
        ({**NAMED, "endpoints": {"dataarts": "https://a", "studio": ELSEWHERE}}, {}, "studio", ELSEWHERE),
        ({}, {}, "sts", None),
        ({}, {}, "studio", None),
        ({"assume_role_agency": "gate", "assume_role_domain": "other"}, {}, "sts", None),
    ],
)
def test_hosts_needed_by_some_options_are_derived(
    params: dict[str, Any], environ: dict[str, str], service: str, url: str | None
) -> None:
    options = {"access_key": "ak", "secret_key": "sk", "region": "cn-north-4", "project_id": "p1", **params}
    assert resolve(options, environ, "dataarts").endpoints.get(service) == url


@pytest.mark.parametrize(
    ("params", "option", "advice"),
    [
        ({**NAMED, "region": "eu-de"}, "endpoints.studio", "workspace (its ID) does without it"),
        ({**NAMED, "cloud": "OTC.T-Systems.com"}, "endpoints.studio", "HW_DATAARTS_STUDIO_ENDPOINT"),
        ({"cloud": "hc.sbercloud.ru"}, "endpoints.dataarts", "HW_DATAARTS_ENDPOINT"),
    ],
)
def test_unknown_hosts_must_be_given(params: dict[str, Any], option: str, advice: str) -> None:
    options = {"access_key": "ak", "secret_key": "sk", "region": "cn-north-4", "project_id": "p1", **params}
    with pytest.raises(OptionError) as caught:
        resolve(options, {}, "dataarts")
    assert caught.value.option == option
    assert "is not known" in str(caught.value)
    assert advice in str(caught.value)
    given = resolve({**options, "endpoints": {"dataarts": ELSEWHERE}}, {}, "dataarts")
    assert set(given.endpoints.values()) == {ELSEWHERE}


@pytest.mark.parametrize("url", ["http://sts.example.com", "sts.example.com", "https://user@sts.example.com"])
@pytest.mark.parametrize("service", ["sts", "studio"])
def test_urls_of_sts_and_studio_are_checked(service: str, url: str) -> None:
    options = {"access_key": "ak", "secret_key": "sk", "region": "cn-north-4", "endpoints": {service: url}}
    with pytest.raises(OptionError, match=f"endpoints.{service}"):
        resolve(options, {}, "dataarts")


def test_workspace_name_replaces_the_id_of_the_environment() -> None:
    options = {"access_key": "ak", "secret_key": "sk", "region": "cn-north-4", "project_id": "p1"}
    environ = {"HW_DATAARTS_WORKSPACE_ID": "w1"}
    assert resolve(options, environ, "dataarts").workspace == "w1"
    connection = resolve({**options, **NAMED}, environ, "dataarts")
    assert (connection.workspace, connection.workspace_name) == (None, "release")
    # A gate has the same digest in its next slice, before and after the look-up.
    before = connection.target("dataarts")
    connection.workspace = "w2"
    assert connection.target("dataarts") == before
