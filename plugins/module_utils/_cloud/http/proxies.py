# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Chooses the proxy for a request."""

from __future__ import annotations

import ipaddress
from typing import Dict, Iterator, Mapping, Optional, Union
from urllib.parse import urlsplit

from ..._values import unquoted
from .requests_import import requests

_Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


def is_loopback(host: Optional[str]) -> bool:
    """Whether a host is this machine itself, for which plain HTTP is allowed."""
    name = (host or "").lower().rstrip(".")
    address = _address(name)
    return name == "localhost" or (address is not None and address.is_loopback)


def proxies_for(url: str, option: Optional[str], environ: Mapping[str, str]) -> Dict[str, str]:
    """Proxies by scheme, as ``requests`` takes them; empty for none.

    A request to the loopback interface never uses a proxy: it may be unencrypted and contain a token.

    :param option: the proxy that the task names; it overrides the variables, NO_PROXY included.
    :param environ: the environment of the process.
    """
    host = urlsplit(url).hostname
    if is_loopback(host):
        return {}
    if option:
        return {"http": option, "https": option}
    address = _address(host or "")
    if address is not None and any(_covers(entry, address) for entry in _entries(environ)):
        return {}
    return dict(requests.utils.get_environ_proxies(url, no_proxy=None))


def shown_proxy(url: str, option: Optional[str], environ: Mapping[str, str]) -> str:
    """Host and port of the proxy of a request to *url*, without user and password; empty for none."""
    proxies = proxies_for(url, option, environ)
    parts = urlsplit(url)
    names = (f"{parts.scheme}://{parts.hostname}", parts.scheme, f"all://{parts.hostname}", "all")
    proxy = next((proxies[name] for name in names if proxies.get(name)), "")
    return proxy.rpartition("://")[2].rpartition("@")[2].partition("/")[0]


def _entries(environ: Mapping[str, str]) -> Iterator[str]:
    text = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    for entry in text.replace(",", " ").split():
        yield unquoted(entry) or ""


def _covers(entry: str, address: _Address) -> bool:
    """Whether an entry of NO_PROXY is this address or a network that contains it; ``requests`` does not support IPv6 networks.

    Forms: ``fd00::1``, ``[fd00::1]``, ``[fd00::1]:8080``, ``fd00::/8``, ``[fd00::]/8``, and those of IPv4.
    """
    text = entry.strip()
    if text.startswith("["):
        inner, dummy, rest = text[1:].partition("]")
        text = inner + (rest if rest.startswith("/") else "")
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return any(found.version == network.version and found in network for found in _same(address))


def _same(address: _Address) -> Iterator[_Address]:
    """An address, and the IPv4 address that is mapped into it."""
    yield address
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        yield mapped


def _address(host: str) -> Optional[_Address]:
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
