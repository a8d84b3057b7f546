# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which cached job list is used for which options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.inventory_cache import digest

SECRET = "secretsecret"
OPTIONS = {"region": "cn-north-4", "project_id": "p1", "access_key": "ak", "secret_key": SECRET}
PASSWORD = {
    "region": "cn-north-4",
    "project_id": "p1",
    "username": "u",
    "password": SECRET,
    "domain_name": "d",
    "endpoints": {"iam": "https://iam.example.com"},
}


def made(
    options: dict[str, Any],
    environ: dict[str, str] | None = None,
    workspaces: tuple[str | None, ...] = (None,),
    **filters: Any,
) -> str:
    environ = environ or {}
    return digest(resolve(options, environ, "dataarts"), options, environ, workspaces, filters)


def test_same_options_have_the_same_digest() -> None:
    assert made(OPTIONS, {"PATH": "a"}) == made(OPTIONS, {"PATH": "b"})
    assert made(PASSWORD) == made(dict(reversed(PASSWORD.items())))


@pytest.mark.parametrize(
    "other",
    [
        {"region": "cn-north-1"},
        {"cloud": "example.com"},
        {"project_id": "p2"},
        {"project_id": None, "project_name": "p1"},
        {"access_key": "other"},
        {"secret_key": "other"},
        {"security_token": "token"},
        {"endpoints": {"dataarts": "https://example.com"}},
        {"access_key": None, "secret_key": None, "auth_token": "token"},
        {"access_key": None, "secret_key": None, "auth_type": "ecs_agency"},
        {**PASSWORD, "access_key": None, "secret_key": None},
    ],
)
def test_digest_depends_on_the_account_and_endpoint(other: dict[str, Any]) -> None:
    assert made({**OPTIONS, **other}) != made(OPTIONS)


@pytest.mark.parametrize("name", ["username", "password", "domain_name"])
def test_digest_depends_on_the_user(name: str) -> None:
    assert made({**PASSWORD, name: "other"}) != made(PASSWORD)


def test_digest_depends_on_the_environment() -> None:
    options = {"project_id": "p1"}
    environ = {"HW_REGION_NAME": "cn-north-4", "HW_ACCESS_KEY": "ak", "HW_SECRET_KEY": SECRET}
    for name in environ:
        assert made(options, {**environ, name: "cn-north-1"}) != made(options, environ)
    agency = {"HW_ASSUME_ROLE_AGENCY_NAME": "agency", "HW_ASSUME_ROLE_DOMAIN_NAME": "account"}
    assert made(options, {**environ, **agency}) != made(options, environ)
    assert made(options, {**environ, **agency}) != made(
        options, {**environ, **agency, "HW_ASSUME_ROLE_AGENCY_NAME": "b"}
    )


def test_digest_depends_on_the_key_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    options = {"region": "cn-north-4", "project_id": "p1", "credentials_file": str(file)}
    found = set()
    for key in ("one", "two"):
        file.write_text(f"[basic]\nak = {key}\nsk = secret\n", "utf-8")
        file.chmod(0o600)
        found.add(made(options))
    assert len(found) == 2


def test_digest_depends_on_the_selection() -> None:
    found = [
        made(OPTIONS),
        made(OPTIONS, workspaces=("ws-1",)),
        made(OPTIONS, workspaces=("ws-1", "ws-2")),
        made(OPTIONS, statuses=["EXCEPTION"]),
        made(OPTIONS, tags=["EXCEPTION"]),
        made(OPTIONS, name_contains="a"),
    ]
    assert len(set(found)) == len(found)


def test_digest_is_a_short_file_name() -> None:
    assert set(made(OPTIONS)) <= set("0123456789abcdef")
    assert len(made(OPTIONS)) == 32
