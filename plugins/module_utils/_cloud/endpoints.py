# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The base URLs of the services."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Dict, List, Mapping, Optional, Sequence
from urllib.parse import urlsplit, urlunsplit

from .._errors import OptionError
from .._text import printable
from .._values import text
from .environment import ENDPOINT_ENVIRONMENT, ENVIRONMENT, first_set

HOST_PREFIX = {"dataarts": "dayu-dlf", "dli": "dli", "iam": "iam", "studio": "dayu", "sts": "sts"}
_KEYS = "dataarts, dli, iam, studio and sts"

DEFAULT_CLOUD = "myhuaweicloud.com"
# Domain of the regions with a name that the pattern matches from its beginning.
CLOUDS_BY_REGION = ((re.compile("eu-west-1"), "myhuaweicloud.eu"), (re.compile("eu-(de|nl)$"), "otc.t-systems.com"))
# The services whose hosts are published, by domain. The hosts of the others are not derived.
PUBLISHED = {
    DEFAULT_CLOUD: ("dataarts", "dli", "iam", "studio", "sts"),
    "myhuaweicloud.eu": ("dataarts", "dli", "iam", "studio"),
    "otc.t-systems.com": ("dataarts", "dli", "iam"),
    "hc.sbercloud.ru": ("iam",),
}
# Private clouds, which have any other domain, follow the same pattern without STS.
PRIVATE = ("dataarts", "dli", "iam", "studio")

LABELS = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
_LOOPBACK = r"(localhost|127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}|::1)"
_MAX_HOST = 253  # characters
_MAX_LABEL = 63


def configured_endpoints(params: Mapping[str, Any], environ: Mapping[str, str]) -> Dict[str, str]:
    """The base URLs that options or environment variables name, by service.

    :raises OptionError: one of them is not a usable URL, or belongs to an unknown service.
    """
    given = params.get("endpoints") or {}
    if not isinstance(given, Mapping):
        raise OptionError("endpoints", f"must be a dictionary with the keys {_KEYS}")
    unknown = sorted(str(key) for key in given if key not in HOST_PREFIX)
    if unknown:
        raise OptionError("endpoints", f"has no key {printable(unknown[0], 40)!r}; its keys are {_KEYS}")
    found: Dict[str, str] = {}
    for service, names in ENDPOINT_ENVIRONMENT.items():
        value, option = text(given.get(service)), f"endpoints.{service}"
        if value is None:
            value, option = first_set(environ, names, option)
        if value is not None:
            found[service] = check_endpoint(option, value)
    return found


def complete_endpoints(
    endpoints: Dict[str, str], services: Sequence[str], region: Optional[str], cloud: Optional[str]
) -> None:
    """Add the base URLs of *services* that are not configured. One for DataArts Factory holds for the studio as well.

    :raises OptionError: there is no region, or the host of a service is not known.
    """
    if "studio" in services and "dataarts" in endpoints:
        endpoints.setdefault("studio", endpoints["dataarts"])
    for service in services:
        if service not in endpoints:
            endpoints[service] = derive_endpoint(service, region, cloud)


def check_endpoint(option: str, value: str) -> str:
    """A base URL without a slash at its end.

    :raises OptionError: it is not a usable URL.
    """
    try:
        parts = urlsplit(value)
        host, dummy = parts.hostname, parts.port
    except ValueError:
        raise OptionError(option, "is not a URL; give something like https://host or https://host:port/path") from None
    if (
        parts.scheme not in ("https", "http")
        or host is None
        or not _is_host(host)
        or any(char <= " " or char >= "\x7f" for char in value)
    ):
        raise OptionError(option, "must be a URL that starts with https:// and names a host")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise OptionError(
            option, "must hold neither user name, password, query nor fragment; credentials have their own options"
        )
    if parts.scheme == "http" and not re.fullmatch(_LOOPBACK, host, re.IGNORECASE):
        raise OptionError(
            option,
            f"http:// would send credentials in the clear to {host}; use https:// (http:// is for the loopback interface only)",
        )
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def derive_endpoint(service: str, region: Optional[str], cloud: Optional[str]) -> str:
    """The base URL of a service, from region and cloud.

    :raises OptionError: there is no region, or the host of the service is not known.
    """
    if region is None:
        names = " or ".join(ENVIRONMENT["region"] + ENDPOINT_ENVIRONMENT[service])
        raise OptionError(
            "region", f"is needed to find the host of {service}; set region or endpoints.{service} (or {names})"
        )
    domain = _domain(region, cloud)
    if not is_published(service, region, cloud):
        instead = "; for a workspace, workspace (its ID) does without it" if service == "studio" else ""
        raise OptionError(
            f"endpoints.{service}",
            f"is needed, because the host of this service in {domain} is not known; give its base URL "
            f"(or set {' or '.join(ENDPOINT_ENVIRONMENT[service])}){instead}",
        )
    return f"https://{HOST_PREFIX[service]}.{region}.{domain}"


def is_published(service: str, region: Optional[str], cloud: Optional[str]) -> bool:
    """Whether the host of a service can be derived in this cloud. A region that is on no list is like the others."""
    return service in PUBLISHED.get(_domain(region or "", cloud).lower(), PRIVATE)


def _domain(region: str, cloud: Optional[str]) -> str:
    """The domain of the hosts: *cloud* if it is given, otherwise that of the region."""
    found = (domain for pattern, domain in CLOUDS_BY_REGION if pattern.match(region))
    return cloud or next(found, DEFAULT_CLOUD)


def cloud_of(host: str, region: Optional[str]) -> str:
    """Identifies the cloud that a host belongs to. An access key is known to all services and regions of one cloud.

    :param host: host of a service, with its port where it has one.
    :returns: the domain of ``service.region.domain``; the whole host where its name has another form.
    """
    name, colon, port = host.lower().rpartition(":") if not host.endswith("]") else (host.lower(), "", "")
    if not colon:
        name, port = host.lower(), ""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        name = ".".join(_domain_labels(name.split("."), region))
    return f"{name}:{port}" if port else name


def _domain_labels(labels: List[str], region: Optional[str]) -> List[str]:
    """The labels of a host name without those of service and region."""
    if labels[0] in HOST_PREFIX.values() and len(labels) > 2:
        labels = labels[1:]
        if region and labels[0] == region.lower() and len(labels) > 2:
            labels = labels[1:]
    return labels


def _is_host(host: Optional[str]) -> bool:
    """Whether this is a host name or an IP address."""
    if not host or len(host) > _MAX_HOST:
        return False
    if ":" in host:
        return re.fullmatch(r"[0-9A-Fa-f:.]+", host) is not None
    return re.fullmatch(LABELS, host) is not None and all(len(label) <= _MAX_LABEL for label in host.split("."))
