# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The checks of the connection: from the credentials to the signature. Each one is a pure function of the evidence."""

from __future__ import annotations

from typing import Optional
from urllib.parse import urlsplit

from .._cloud.http.proxies import is_loopback
from .._cloud.http.transport_errors import AT_CONNECTION, AT_NAME, AT_PROXY, AT_TLS
from .._error_codes import CLOCK, TRANSIENT, gateway_number
from .._errors import CredentialsError, RequestError
from .evidence import LIST, Evidence, is_wrong_path
from .judgement import Judgement, fail, ok, skipped, warn

MAX_SKEW = 900.0  # seconds that the date of a signature may differ by
NOTED_SKEW = (
    30.0  # seconds from which the difference is worth a warning: started_after is compared with the server's times
)
SYNCHRONIZE = "synchronize it (chrony, ntpd)"
_NOTHING_SENT = "nothing was sent"
_PROXY_OPTION = "proxy (or HTTPS_PROXY and NO_PROXY)"


def first_error(evidence: Evidence) -> Optional[RequestError]:
    """The error of the first request, None where it was answered."""
    return evidence.error(LIST)


def credentials(evidence: Evidence) -> Judgement:
    """Where the credentials came from."""
    if evidence.connection is None:
        return fail(
            str(evidence.stop),
            "set access_key and secret_key (HW_ACCESS_KEY and HW_SECRET_KEY), or another complete set of credentials",
        )
    error = first_error(evidence)
    if error is not None and error.service == "metadata":
        return fail(
            str(error), "assign an agency to this cloud server, or set access_key and secret_key in place of auth_type"
        )
    found = evidence.connection.credentials
    return ok(found.source)


def host(evidence: Evidence) -> Judgement:
    """Whether the host can be found and reached, and is the right one."""
    error, name = first_error(evidence), _host_name(evidence)
    at = evidence.seen[LIST].broken_at if LIST in evidence.seen else None
    if at == AT_NAME:
        return fail(
            f"the name {name} cannot be resolved", "check region, cloud and endpoints, and the name server of this host"
        )
    if at == AT_CONNECTION and error is not None:
        return fail(
            f"{name}: {error.summary}",
            f"let a firewall pass {name}, set {_PROXY_OPTION} if the network needs one, or raise request_timeout",
        )
    if is_wrong_path(error):
        return fail(f"{error}", "check region, cloud and endpoints: this host has no such API")
    if at == AT_PROXY:
        return skipped("the proxy does not lead to it")
    return ok(f"{name} answers") if at or evidence.seen[LIST].headers else skipped(_NOTHING_SENT)


def proxy(evidence: Evidence) -> Judgement:
    """The proxy between this host and the service."""
    error = first_error(evidence)
    if error is not None and evidence.seen[LIST].broken_at == AT_PROXY:
        return fail(
            f"{evidence.proxy or 'proxy'}: {error.summary}",
            f"check {_PROXY_OPTION}: its address, its user and password, and that it lets {error.host} pass",
        )
    if evidence.proxy and not evidence.seen[LIST].headers:
        return skipped(f"nothing came through {evidence.proxy} yet")
    return ok(f"requests go through {evidence.proxy}" if evidence.proxy else "no proxy is used")


def tls(evidence: Evidence) -> Judgement:
    """Encryption, and trust in the certificate of the server."""
    error = first_error(evidence)
    if error is not None and evidence.seen[LIST].broken_at == AT_TLS:
        return fail(
            error.summary,
            "name the file with the certificate authority in ca_path (HW_CACERT); a proxy that inspects TLS has one of its own",
        )
    if not evidence.seen[LIST].headers:
        return skipped(_NOTHING_SENT)
    url = urlsplit(evidence.opened.endpoints["dataarts"])
    if url.scheme == "http" and is_loopback(url.hostname):
        return ok("not used on the loopback interface")
    if evidence.opened.verify is False:
        return warn(
            "certificates are not checked, so any server can take the credentials",
            "set validate_certs to true (unset HW_INSECURE), and name the certificate authority in ca_path (HW_CACERT)",
        )
    return ok("the certificate of the server is trusted")


def clock(evidence: Evidence) -> Judgement:
    """The clock of this host against that of the server."""
    skew, error = evidence.seen[LIST].skew, first_error(evidence)
    is_refused_date = error is not None and gateway_number(error.error_code) == CLOCK
    if skew is None:
        if is_refused_date:
            return fail(
                "the service refuses the date of the signature",
                f"the clock of this host is more than 15 minutes off: {SYNCHRONIZE}",
            )
        return skipped("no answer with a date came")
    detail = f"it differs by {abs(skew):.0f} s from the server's"
    advice = f"the clock of this host is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead'}: {SYNCHRONIZE}"
    if is_refused_date or (abs(skew) >= MAX_SKEW and error is not None and error.refused):
        return fail(f"{detail}, and the service accepts 15 minutes", advice)
    if abs(skew) >= NOTED_SKEW:
        return warn(f"{detail}; a gate stops working at 15 minutes", advice)
    return ok(detail)


def authentication(evidence: Evidence) -> Judgement:
    """Whether the service accepts the signature or the token."""
    found, error = evidence.opened.credentials, first_error(evidence)
    stop = evidence.stop if evidence.stopped_at == LIST else None
    if isinstance(stop, CredentialsError):
        return fail(str(stop), f"check {found.what} in {found.place}")
    if error is not None and error.refused:
        if error.locked or not evidence.seen[LIST].headers:
            return fail(error.summary, f"{error.hint or 'wait five minutes'} ({found.place})")
        return fail(
            str(error), f"correct {found.what} in {found.place}; nothing more is sent with them for five minutes"
        )
    if stop is not None and error is not None and error.service in ("iam", "sts") and not is_project_lookup(error):
        option = f"endpoints.{error.service} (HW_{error.service.upper()}_ENDPOINT)"
        return fail(str(error), f"check {found.what} in {found.place}, and {option}")
    if error is not None and not is_proof(error):
        return skipped(f"the service did not look at them: {error.summary}")
    return ok("the service accepts the credentials")


def is_project_lookup(error: RequestError) -> bool:
    """Whether an error is that of the call that looks up the project."""
    return error.service == "iam" and error.path.endswith("/v3/projects")


def is_workspace_lookup(error: RequestError) -> bool:
    """Whether an error is that of the calls that look up the workspace by its name."""
    return error.service == "studio"


def is_proof(error: RequestError) -> bool:
    """Whether an error shows that the credentials were accepted: the service itself has answered about its data."""
    if is_wrong_path(error) or error.kind == TRANSIENT or error.refused:
        return False
    return error.status is not None or is_workspace_lookup(error)


def _host_name(evidence: Evidence) -> str:
    error = first_error(evidence)
    if error is not None and error.host:
        return error.host
    return urlsplit(evidence.opened.endpoints["dataarts"]).netloc
