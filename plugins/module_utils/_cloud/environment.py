# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The environment variables of the connection options."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from .._values import text, unquoted

# Variables by option; the first one that is set counts. Those of credentials are in credentials/credential_sets.py, because a set of
# credentials always comes from a single place.
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
OUTPUT_ENVIRONMENT = {"record": "HW_RECORD", "request_log": "HW_REQUEST_LOG"}  # files that a session writes
ENDPOINT_ENVIRONMENT: Dict[str, Tuple[str, ...]] = {
    "dataarts": ("HW_DATAARTS_ENDPOINT",),
    "dli": ("HW_DLI_ENDPOINT",),
    "iam": ("HW_IAM_ENDPOINT", "HW_AUTH_URL"),
    "studio": ("HW_DATAARTS_STUDIO_ENDPOINT",),
    "sts": ("HW_STS_ENDPOINT",),
}


def first_set(environ: Mapping[str, str], names: Sequence[str], option: str) -> Tuple[Optional[str], str]:
    """The value of the first variable that is set, and ``option (VARIABLE)``; None and the option where none is set."""
    for name in names:
        value = unquoted(environ.get(name))
        if value is not None:
            return value, f"{option} ({name})"
    return None, option


def setting(params: Mapping[str, Any], environ: Mapping[str, str], option: str) -> Tuple[Optional[str], str]:
    """The value of a connection option, and the name to show in messages: the option, and the variable if it came from one."""
    value = text(params.get(option))
    if value is not None:
        return value, option
    return first_set(environ, ENVIRONMENT.get(option, ()), option)
