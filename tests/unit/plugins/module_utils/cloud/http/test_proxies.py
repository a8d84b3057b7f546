# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which proxy a request uses. Requests to the loopback interface never use one."""

from __future__ import annotations

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.proxies import (
    is_loopback,
    proxies_for,
    shown_proxy,
)

PROXY = "http://proxy.example:3128"
BOTH = {"http": PROXY, "https": PROXY}
HERE = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "127.0.0.1",
    "127.1.2.3",
    "127.255.255.254",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[0:0::1]",
]
ELSEWHERE = ["cloud.example", "localhost.example", "10.0.0.1", "128.0.0.1", "[fd00::1]", "[::2]", "127.0.0.1.example"]


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, PROXY)


@pytest.mark.parametrize("port", ["", ":8080"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", HERE)
def test_loopback_hosts_use_no_proxy(host: str, scheme: str, port: str) -> None:
    for option in (None, PROXY):
        for environ in ({}, {"no_proxy": ""}, {"NO_PROXY": "cloud.example"}):
            assert proxies_for(f"{scheme}://{host}{port}/v1", option, environ) == {}


@pytest.mark.parametrize("host", ELSEWHERE)
def test_other_hosts_use_the_proxy(host: str) -> None:
    assert not is_loopback(host.strip("[]"))
    assert proxies_for(f"https://{host}/v1", PROXY, {"no_proxy": "*"}) == BOTH
    assert proxies_for(f"https://{host}/v1", None, {})["https"] == PROXY


@pytest.mark.parametrize(
    ("host", "entries", "past"),
    [
        ("[fd00::1]", "fd00::1", True),
        ("[fd00::1]", "[fd00::1]", True),
        ("[fd00::1]", "[fd00::1]:8443", True),
        ("[fd00::1]", "fd00::/8", True),
        ("[fd00::1]", "[fd00::]/8", True),
        ("[fd00::1]", "FD00:0:0::1", True),
        ("[fd00::1]", "fe80::/10, fd00::/8", True),
        ("[fd00::1]", "fe80::/10 fd00::/8", True),
        ("[fd00::1]", "fd00::2", False),
        ("[fd00::1]", "fc00::/16", False),
        ("[fd00::1]", "10.0.0.0/8", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.3:8080", True),
        ("10.1.2.3", "10.1.2.0/30", True),
        ("10.1.2.4", "10.1.2.0/30", False),
        ("10.1.2.3", "::/0", False),
        ("[::ffff:10.1.2.3]", "10.0.0.0/8", True),
        ("cloud.example", "cloud.example", True),
        ("dli.cloud.example", ".cloud.example", True),
        ("dli.cloud.example", "cloud.example", True),
        ("other.example", "cloud.example", False),
        ("cloud.example", "fd00::/8,,/,[,]:,a/b", False),
        ("cloud.example", "*", True),
        ("[fd00::1]", "*", True),
    ],
)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_no_proxy_entries_are_matched(
    host: str, entries: str, past: bool, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, entries)
    found = proxies_for(f"https://{host}:8443/v1", None, {name: entries})
    assert (found == {}) == past
    if not past:
        assert found["https"] == PROXY


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("http://proxy.example:3128", "proxy.example:3128"),
        ("https://me:q7Zs3cret@proxy.example:3128/", "proxy.example:3128"),
        ("me:q7Zs3cret@proxy.example", "proxy.example"),
    ],
)
def test_a_proxy_is_shown_without_its_password(option: str, shown: str) -> None:
    assert shown_proxy("https://cloud.example/v1", option, {}) == shown
    assert shown_proxy("http://localhost/v1", option, {}) == ""


def test_the_proxy_of_the_environment_is_shown() -> None:
    assert shown_proxy("https://cloud.example/v1", None, {}) == "proxy.example:3128"
