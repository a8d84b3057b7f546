# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The connection options: from the options of a task and the environment to checked values. Sends no request."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union
from urllib.parse import urlsplit

from .._errors import CredentialsError, OptionError
from .._text import has_control, printable
from .._values import boolean, header, number, text, unquoted, whole, without_dashes
from .credentials.base import Credentials
from .credentials.chain import choose
from .endpoints import DEFAULT_CLOUD, LABELS, check_endpoint, complete_endpoints, configured_endpoints, is_published
from .environment import INSECURE, OUTPUT_ENVIRONMENT, first_set, setting

DEFAULT_REQUEST_TIMEOUT = 30  # seconds
DEFAULT_RETRIES = 4
MAX_RETRIES = 100
DEFAULT_RATE = 20  # requests per second
MIN_RATE = 0.001  # requests per second

Verify = Union[bool, str]
ClientCertificate = Union[str, Tuple[str, str], None]


class FileOption(NamedTuple):
    """A file to be written.

    :ivar option: the option or variable that names it, for messages.
    """

    option: str
    path: str


@dataclass(eq=False, repr=False)
class Connection:
    """Checked connection options. It has no repr, because that would show secrets.

    :ivar endpoints: base URL by service, without a slash at the end.
    :ivar workspace: ID of the workspace, None for the default one. If its name is given, the ID is set once it was looked up.
    :ivar workspace_name: name of the workspace, None where the ID or nothing was given.
    :ivar dataarts_instance: name or ID of the DataArts instance with that workspace, None for any.
    :ivar verify: as requests takes it: a path, True or False.
    :ivar cert: client certificate as requests takes it.
    :ivar proxy: a proxy for every request; None for the one that the usual variables name.
    :ivar request_timeout: seconds for one request.
    :ivar retries: how often a request is sent again.
    :ivar requests_per_second: rate limit, 0 for none.
    :ivar warnings: sentences to show as warnings.
    :ivar record: file for a recording of the answers, and the name of its option.
    :ivar request_log: file for the request log, and the name of its option.
    """

    credentials: Credentials
    endpoints: Dict[str, str]
    project_id: Optional[str]
    project_name: Optional[str]
    region: Optional[str]
    workspace: Optional[str]
    workspace_name: Optional[str]
    dataarts_instance: Optional[str]
    verify: Verify
    cert: ClientCertificate
    proxy: Optional[str]
    request_timeout: float
    retries: int
    requests_per_second: float
    warnings: List[str] = field(default_factory=list)
    record: Optional[FileOption] = None
    request_log: Optional[FileOption] = None

    def target(self, service: str) -> List[Optional[str]]:
        """The values that determine which jobs are read; none of them is secret."""
        parts = [self.endpoints[service], self.project_id, self.project_name]
        return [*parts, *([self.workspace_name, self.dataarts_instance] if self.workspace_name else [self.workspace])]


def resolve(
    params: Mapping[str, Any], environ: Mapping[str, str], service: str, optional: Sequence[str] = ()
) -> Connection:
    """Check the connection options.

    :param params: options by name, of any type that YAML gives; None and empty strings count as not given.
    :param environ: the environment of the process.
    :param service: the service that will be called, ``dataarts`` or ``dli``.
    :param optional: services that will be called as well if their hosts are known. Where *service* has an endpoint of its own,
        theirs are not derived: they could belong to another cloud, which must not get the credentials.
    :raises OptionError: an option is unusable.
    :raises CredentialsError: there is no complete set of credentials.
    """
    warnings: List[str] = []
    region = _region(params, environ)
    cloud = _cloud(params, environ)
    endpoints = configured_endpoints(params, environ)
    workspace, workspace_name, instance = _workspace(params, environ)
    request_timeout = _request_timeout(params)
    retries = _retries(params, environ)
    rate = _rate(params)
    verify = _verify(params, environ, warnings)
    cert = _client_certificate(params)
    proxy = _proxy(text(params.get("proxy")))
    project_name = _project_name(params, environ)

    credentials = _credentials(params, environ)
    warnings.extend(credentials.warnings)
    project_id = _project_id(params, environ, credentials)
    _complete_iam(endpoints, credentials)
    if "sts" not in endpoints and not is_published("sts", region, cloud):
        credentials.omit_sts()
    is_derived = service not in endpoints
    complete_endpoints(endpoints, _services(service, credentials, project_id, workspace_name), region, cloud)
    if is_derived:
        complete_endpoints(endpoints, optional, region, cloud)
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
        workspace_name=workspace_name,
        dataarts_instance=instance,
        verify=verify,
        cert=cert,
        proxy=proxy,
        request_timeout=request_timeout,
        retries=retries,
        requests_per_second=rate,
        warnings=warnings,
        record=_output_file(params, environ, "record"),
        request_log=_output_file(params, environ, "request_log"),
    )


def _services(
    service: str, credentials: Credentials, project_id: Optional[str], workspace_name: Optional[str]
) -> List[str]:
    """The services that will be called."""
    names = [service, *credentials.services]
    names += ["iam"] if project_id is None else []
    return names + (["studio"] if workspace_name is not None else [])


def _workspace(
    params: Mapping[str, Any], environ: Mapping[str, str]
) -> Tuple[Optional[str], Optional[str], Optional[str]]:
    """The ID of the workspace, or else its name, and the DataArts instance. A name in the task replaces an ID in the environment."""
    name, instance = text(params.get("workspace_name")), text(params.get("dataarts_instance"))
    if name is not None and text(params.get("workspace")) is not None:
        raise OptionError("workspace_name", "workspace is given as well; give one of the two")
    if instance is not None and name is None:
        raise OptionError("dataarts_instance", "says where workspace_name is looked up; give workspace_name as well")
    for option, value in (("workspace_name", name), ("dataarts_instance", instance)):
        if value is not None and has_control(value):
            raise OptionError(option, "must be one line of text")
    if name is not None:
        return None, name, without_dashes(instance)
    workspace, option = setting(params, environ, "workspace")
    return without_dashes(header(option, workspace)), None, None


def _region(params: Mapping[str, Any], environ: Mapping[str, str]) -> Optional[str]:
    region, option = setting(params, environ, "region")
    if region is not None and not re.fullmatch(LABELS, region):
        raise OptionError(option, f"must be a region's name such as cn-north-4, not {printable(region, 40)!r}")
    return region


def _cloud(params: Mapping[str, Any], environ: Mapping[str, str]) -> Optional[str]:
    cloud, option = setting(params, environ, "cloud")
    if cloud is not None and not re.fullmatch(LABELS, cloud):
        raise OptionError(option, f"must be a domain such as {DEFAULT_CLOUD}, not {printable(cloud, 40)!r}")
    return cloud


def _request_timeout(params: Mapping[str, Any]) -> float:
    value = params.get("request_timeout")
    return number("request_timeout", DEFAULT_REQUEST_TIMEOUT if value is None else value, above=True)


def _retries(params: Mapping[str, Any], environ: Mapping[str, str]) -> int:
    value, option = setting(params, environ, "retries")
    return whole(option, DEFAULT_RETRIES if value is None else value, 0, MAX_RETRIES)


def _rate(params: Mapping[str, Any]) -> float:
    value = params.get("requests_per_second")
    rate = number("requests_per_second", DEFAULT_RATE if value is None else value)
    if 0 < rate < MIN_RATE:
        raise OptionError("requests_per_second", f"must be 0 (no ceiling) or at least {MIN_RATE:g}")
    return rate


def _verify(params: Mapping[str, Any], environ: Mapping[str, str], warnings: List[str]) -> Verify:
    path, option = setting(params, environ, "ca_path")
    if path is None:
        # The transport reads no variables, so the two that requests supports are read here.
        path, option = first_set(environ, ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), "ca_path")
    if not _validate_certs(params, environ):
        warnings.append(
            "validate_certs is false: any server that answers is trusted as Huawei Cloud and receives the credentials."
        )
        return False
    return _readable(option, path, may_be_directory=True) or True


def _validate_certs(params: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    if params.get("validate_certs") is not None:
        return boolean("validate_certs", params["validate_certs"])
    insecure = unquoted(environ.get(INSECURE))
    return insecure is None or not boolean(f"validate_certs ({INSECURE})", insecure)


def _client_certificate(params: Mapping[str, Any]) -> ClientCertificate:
    cert = _readable("client_cert", text(params.get("client_cert")))
    key = _readable("client_key", text(params.get("client_key")))
    if key and not cert:
        raise OptionError("client_key", "needs client_cert beside it")
    return (cert, key) if cert and key else cert


def _readable(option: str, value: Optional[str], may_be_directory: bool = False) -> Optional[str]:
    """The path of a file that can be read."""
    if value is None:
        return None
    path = "" if has_control(value) else os.path.expanduser(value)
    if not (os.path.isfile(path) or (may_be_directory and os.path.isdir(path))) or not os.access(path, os.R_OK):
        raise OptionError(option, f"cannot read {printable(value)} on the host where the module runs")
    return path


def _output_file(params: Mapping[str, Any], environ: Mapping[str, str], name: str) -> Optional[FileOption]:
    """A file that the session writes; it is opened, and so checked, before any request is sent."""
    path = text(params.get(name))
    option = name
    if path is None:
        # There may be no such option, so the message names the variable alone.
        option = OUTPUT_ENVIRONMENT[name]
        path = unquoted(environ.get(option))
    return None if path is None else FileOption(option, os.path.expanduser(path))


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


def _project_name(params: Mapping[str, Any], environ: Mapping[str, str]) -> Optional[str]:
    name, option = setting(params, environ, "project_name")
    if name is not None and has_control(name):
        raise OptionError(option, "must be one line of text")
    return name


def _credentials(params: Mapping[str, Any], environ: Mapping[str, str]) -> Credentials:
    credentials = choose(params, environ)
    for name, secret in credentials.header_values().items():
        try:
            header(name, secret)
        except OptionError as error:
            raise CredentialsError(f"{error.option} from {credentials.place} {error.problem}") from None
    return credentials


def _project_id(params: Mapping[str, Any], environ: Mapping[str, str], credentials: Credentials) -> Optional[str]:
    project_id, option = setting(params, environ, "project_id")
    # A credentials file may name the project of its keys. That does not apply to credentials from another place.
    named = credentials.settings().get("project_id")
    if project_id is None and named:
        project_id, option = named, "project_id in the credentials file"
    if project_id is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", project_id):
        raise OptionError(
            option, f"must be a project's ID (letters, digits, - and _), not {printable(project_id, 40)!r}"
        )
    return project_id


def _complete_iam(endpoints: Dict[str, str], credentials: Credentials) -> None:
    """Add the IAM endpoint that a credentials file names; remove the version, which is part of every path."""
    named = credentials.settings().get("iam_endpoint")
    if "iam" not in endpoints and named:
        endpoints["iam"] = check_endpoint("iam_endpoint in the credentials file", named)
    if endpoints.get("iam", "").endswith("/v3"):
        endpoints["iam"] = endpoints["iam"][: -len("/v3")]
