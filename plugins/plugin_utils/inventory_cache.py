# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Cache keys of job lists: a digest of all options that affect which jobs are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import Connection

ENVIRONMENT = ("HW_", "HUAWEICLOUD_SDK_")  # prefixes of the environment variables of the connection

_SALT = b"datagate.huaweicloud.dataarts_jobs"
# The digest is part of a file name. A slow hash makes guessing passwords expensive; once per inventory it does not matter.
_ITERATIONS = 100_000
_LENGTH = 16  # bytes


def digest(
    connection: Connection,
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    workspaces: Sequence[str | None],
    filters: Mapping[str, Any],
) -> str:
    """A digest of the cloud, the project, the credentials, the workspaces and the filters. It does not reveal secrets.

    All options and environment variables are included, because some of them select jobs without being a credential (an
    agency, a project's name). If they differ in something irrelevant, the list is only read once more.

    :param connection: the connection that results from options and environment; contains credentials from a file.
    :param options: the connection options of the inventory file.
    :param environ: the environment of the process.
    :param workspaces: IDs, None for the default workspace.
    :param filters: the options that select jobs.
    """
    question = [
        options,
        {name: value for name, value in environ.items() if name.startswith(ENVIRONMENT)},
        [type(connection.credentials).__name__, connection.credentials.place, *connection.credentials.secrets],
        [connection.endpoints, connection.region, connection.project_id, connection.project_name],
        list(workspaces),
        filters,
    ]
    text = json.dumps(question, sort_keys=True, default=str).encode("utf-8", "backslashreplace")
    return hashlib.pbkdf2_hmac("sha256", text, _SALT, _ITERATIONS, _LENGTH).hex()
