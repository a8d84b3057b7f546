# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection options: from what a door was given and the environment to checked values. No request is sent here."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union
from urllib.parse import urlsplit, urlunsplit

from .credentials.base import Credentials
from .credentials.chain import choose
from .errors import CredentialsError, OptionError, has_control, printable
from .values import unquoted

# Environment names by option, the first that is set wins. Those of credentials are in credentials/chain.py, because
# credentials come whole from one place.
ENVIRONMENT: Dict[str, Tuple[str, ...]] = {
    "region": ("HW_REGION_NAME",),
    "cloud": ("HW_CLOUD",),
    "project_id": ("HW_PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID"),
    "project_name": ("HW_PROJECT_NAME",),
    "ca_path": ("HW_CACERT",),
    "retries": ("HW_MAX_RETRIES",),
    "workspace": ("HW_DATAARTS_WORKSPACE_ID",),
}
INSECURE = "HW_INSECURE"
ENDPOINT_ENVIRONMENT: Dict[str, Tuple[str, ...]] = {
    "dataarts": ("HW_DATAARTS_ENDPOINT",),
    "dli": ("HW_DLI_ENDPOINT",),
    "iam": ("HW_IAM_ENDPOINT", "HW_AUTH_URL"),
}
HOST_PREFIX = {"dataarts": "dayu-dlf", "dli": "dli", "iam": "iam"}
LONGEST = 31 * 86400.0  # seconds; no wait of a deployment is longer, and clocks cannot hold any number
SLOWEST_RATE = 0.001  # requests per second

CLOUD = "myhuaweicloud.com"
EUROPEAN_CLOUD = "myhuaweicloud.eu"  # of the regions whose name starts with EUROPEAN_REGION
EUROPEAN_REGION = "eu-west-1"

_LABELS = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
_HEADER = r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?"
_LOOPBACK = r"(localhost|127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}|::1)"
_TRUE = ("1", "true", "yes", "on", "y", "t")
_FALSE = ("0", "false", "no", "off", "n", "f", "")


@dataclass(eq=False, repr=False)
class Connection:
    """Checked connection options. Has no repr, which would show what is secret.

    :ivar endpoints: base URL by service, without a slash at the end.
    :ivar verify: as requests takes it: a path, True or False.
    :ivar cert: client certificate as requests takes it.
    :ivar proxy: a proxy for everything, or None for what the usual variables say.
    :ivar request_timeout: seconds for one request.
    :ivar retries: tries after the first one.
    :ivar requests_per_second: ceiling, 0 for none.
    :ivar warnings: sentences that the door shows as warnings.
    """

    credentials: Credentials
    endpoints: Dict[str, str]
    project_id: Optional[str]
    project_name: Optional[str]
    region: Optional[str]
    workspace: Optional[str]
    verify: Union[bool, str]
    cert: Union[str, Tuple[str, str], None]
    proxy: Optional[str]
    request_timeout: float
    retries: int
    requests_per_second: float
    warnings: List[str] = field(default_factory=list)

    def target(self, service: str) -> List[Optional[str]]:
        """What of them says which jobs are read; nothing of it is secret."""
        return [self.endpoints[service], self.project_id, self.project_name, self.workspace]


def text(value: Any) -> Optional[str]:
    """A trimmed string, or None for nothing: surveys and unset variables send empty strings."""
    if value is None:
        return None
    trimmed = str(value).strip()
    return trimmed or None


def boolean(option: str, value: Any) -> bool:
    """True or False from what YAML or an environment variable holds."""
    word = _word(value)
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise OptionError(option, "must be true or false")


def is_truth(value: Any) -> bool:
    """Whether a value is a truth value in one of the spellings that Ansible takes for one; empty text is none."""
    return bool(_word(value)) and _word(value) in (*_TRUE, *_FALSE)


def _word(value: Any) -> str:
    """The word for a value that may be a truth value. Ansible takes the numbers 1 and 0, 1.0 and 0.0 included."""
    if isinstance(value, float) and value in (0.0, 1.0):
        value = int(value)
    return str(value).strip().lower()


def number(option: str, value: Any, least: float = 0.0, above: bool = False, most: float = LONGEST) -> float:
    """A number from *least* (with *above*: more than it) to *most*."""
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    except (TypeError, ValueError):
        raise OptionError(option, f"must be a number, not {printable(value, 40)!r}") from None
    if not math.isfinite(result) or result < least or (above and result <= least):
        raise OptionError(option, f"must be a number {'above' if above else 'not below'} {least:g}")
    if result > most:
        raise OptionError(option, f"must be a number of at most {most:,.0f}")
    return result


def whole(option: str, value: Any, least: int = 0, most: Optional[int] = None) -> int:
    """An integer from *least* to *most*."""
    bounds = f"from {least} to {most}" if most is not None else f"not below {least}"
    try:
        result = int(str(value).strip())
    except ValueError:
        raise OptionError(option, f"must be a whole number {bounds}, not {printable(value, 40)!r}") from None
    if result < least or (most is not None and result > most):
        raise OptionError(option, f"must be a whole number {bounds}, not {result}")
    return result


def header(option: str, value: Optional[str]) -> Optional[str]:
    """A value that goes into a header: printable ASCII on one line. The message does not repeat the value."""
    if value is not None and not re.fullmatch(_HEADER, value):
        raise OptionError(option, "must be one line of printable ASCII characters")
    return value


def setting(params: Mapping[str, Any], environ: Mapping[str, str], option: str) -> Tuple[Optional[str], str]:
    """The value of a connection option and the name under which it was found, the option's own or a variable's."""
    value = text(params.get(option))
    if value is not None:
        return value, option
    for name in ENVIRONMENT.get(option, ()):
        value = unquoted(environ.get(name))
        if value is not None:
            return value, f"{option} ({name})"
    return None, option


def _is_host(host: Optional[str]) -> bool:
    """Whether something is a host name or an IP address."""
    if not host or len(host) > 253:
        return False
    if ":" in host:
        return re.fullmatch(r"[0-9A-Fa-f:.]+", host) is not None
    return re.fullmatch(_LABELS, host) is not None and all(len(label) < 64 for label in host.split("."))


def check_endpoint(option: str, value: str) -> str:
    """A base URL without a slash at its end."""
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


def _endpoints(params: Mapping[str, Any], environ: Mapping[str, str]) -> Dict[str, str]:
    given = params.get("endpoints") or {}
    if not isinstance(given, Mapping):
        raise OptionError("endpoints", "must be a dictionary with the keys dataarts, dli and iam")
    unknown = sorted(str(key) for key in given if key not in HOST_PREFIX)
    if unknown:
        raise OptionError("endpoints", f"has no key {printable(unknown[0], 40)!r}; its keys are dataarts, dli and iam")
    found: Dict[str, str] = {}
    for service, names in ENDPOINT_ENVIRONMENT.items():
        value, option = text(given.get(service)), f"endpoints.{service}"
        for name in names:
            if value is None:
                value, option = unquoted(environ.get(name)), f"endpoints.{service} ({name})"
        if value is not None:
            found[service] = check_endpoint(option, value)
    return found


def derive_endpoint(service: str, region: Optional[str], cloud: Optional[str]) -> str:
    """The public cloud's host of a service, from region and cloud."""
    if region is None:
        names = " or ".join(ENVIRONMENT["region"] + ENDPOINT_ENVIRONMENT[service])
        raise OptionError(
            "region", f"is needed to find the host of {service}; set region or endpoints.{service} (or {names})"
        )
    domain = cloud or (EUROPEAN_CLOUD if region.startswith(EUROPEAN_REGION) else CLOUD)
    return f"https://{HOST_PREFIX[service]}.{region}.{domain}"


def _file_option(option: str, value: Optional[str], directory: bool = False) -> Optional[str]:
    if value is None:
        return None
    path = "" if has_control(value) else os.path.expanduser(value)
    if not (os.path.isfile(path) or (directory and os.path.isdir(path))) or not os.access(path, os.R_OK):
        raise OptionError(option, f"cannot read {printable(value)} on the host where the module runs")
    return path


def _proxy(value: Optional[str]) -> Optional[str]:
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        host, dummy = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        raise OptionError("proxy", "must be a URL like http://host:port")
    return value


def _tls(
    params: Mapping[str, Any], environ: Mapping[str, str], warnings: List[str]
) -> Tuple[Union[bool, str], Union[str, Tuple[str, str], None]]:
    validate = True
    if params.get("validate_certs") is not None:
        validate = boolean("validate_certs", params["validate_certs"])
    elif unquoted(environ.get(INSECURE)) is not None:
        validate = not boolean(f"validate_certs ({INSECURE})", unquoted(environ[INSECURE]))
    value, option = setting(params, environ, "ca_path")
    if value is None:
        # The transport reads no variables, so those that requests itself knows are read here.
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            if value is None:
                value, option = unquoted(environ.get(name)), f"ca_path ({name})"
    verify: Union[bool, str] = True
    if not validate:
        verify = False
        warnings.append(
            "validate_certs is false: whoever answers is taken for Huawei Cloud and is sent the credentials."
        )
    elif value is not None:
        verify = _file_option(option, value, directory=True) or True
    cert = _file_option("client_cert", text(params.get("client_cert")))
    key = _file_option("client_key", text(params.get("client_key")))
    if key and not cert:
        raise OptionError("client_key", "needs client_cert beside it")
    return verify, (cert, key) if cert and key else cert


def resolve(params: Mapping[str, Any], environ: Mapping[str, str], service: str) -> Connection:
    """Check the connection options that a door was given.

    :param params: options by name, of any type that YAML gives; None and empty strings count as not given.
    :param environ: the environment of the process.
    :param service: the service that will be called, ``dataarts`` or ``dli``.
    :raises OptionError: an option is invalid.
    :raises CredentialsError: there are no whole credentials in any place.
    """
    warnings: List[str] = []
    region, option = setting(params, environ, "region")
    if region is not None and not re.fullmatch(_LABELS, region):
        raise OptionError(option, f"must be a region's name such as cn-north-4, not {printable(region, 40)!r}")
    cloud, option = setting(params, environ, "cloud")
    if cloud is not None and not re.fullmatch(_LABELS, cloud):
        raise OptionError(option, f"must be a domain such as {CLOUD}, not {printable(cloud, 40)!r}")
    endpoints = _endpoints(params, environ)
    workspace, option = setting(params, environ, "workspace")
    header(option, workspace)
    request_timeout = number(
        "request_timeout", 30 if params.get("request_timeout") is None else params["request_timeout"], above=True
    )
    value, option = setting(params, environ, "retries")
    retries = whole(option, 4 if value is None else value, 0, 100)
    rate = number(
        "requests_per_second", 20 if params.get("requests_per_second") is None else params["requests_per_second"]
    )
    if 0 < rate < SLOWEST_RATE:
        raise OptionError("requests_per_second", f"must be 0 (no ceiling) or at least {SLOWEST_RATE:g}")
    verify, cert = _tls(params, environ, warnings)
    proxy = _proxy(text(params.get("proxy")))
    project_id, option = setting(params, environ, "project_id")
    project_name, option_of_name = setting(params, environ, "project_name")
    if project_name is not None and has_control(project_name):
        raise OptionError(option_of_name, "must be one line of text")

    credentials = choose(params, environ)
    for name, secret in credentials.header_values().items():
        try:
            header(name, secret)
        except OptionError as error:
            raise CredentialsError(f"{error.option} from {credentials.place} {error.problem}") from None
    warnings.extend(credentials.warnings)
    # What the file says about its keys' project belongs to them; it does not go with credentials from elsewhere.
    extras = credentials.settings()
    if project_id is None and extras.get("project_id"):
        project_id, option = extras["project_id"], "project_id in the credentials file"
    if project_id is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", project_id):
        raise OptionError(
            option, f"must be a project's ID (letters, digits, - and _), not {printable(project_id, 40)!r}"
        )
    if "iam" not in endpoints and extras.get("iam_endpoint"):
        endpoints["iam"] = check_endpoint("iam_endpoint in the credentials file", extras["iam_endpoint"])
    if "iam" in endpoints and endpoints["iam"].endswith("/v3"):
        endpoints["iam"] = endpoints["iam"][: -len("/v3")]
    needed = [service]
    if project_id is None or credentials.needs_iam:
        needed.append("iam")
    for name in needed:
        if name not in endpoints:
            endpoints[name] = derive_endpoint(name, region, cloud)
    if project_id is None and project_name is None:
        if region is None:
            raise OptionError(
                "project_id", "is needed where neither region nor project_name says which project to look up"
            )
        project_name = region
    return Connection(
        credentials=credentials,
        endpoints=endpoints,
        project_id=project_id,
        project_name=project_name,
        region=region,
        workspace=workspace,
        verify=verify,
        cert=cert,
        proxy=proxy,
        request_timeout=request_timeout,
        retries=retries,
        requests_per_second=rate,
        warnings=warnings,
    )
