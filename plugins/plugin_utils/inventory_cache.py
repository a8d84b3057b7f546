# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which cached job list belongs to which question: by a digest of everything that decides which jobs are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud.options import Connection

ENVIRONMENT = ("HW_", "HUAWEICLOUD_SDK_")  # how the variables begin that the connection is read from

_SALT = b"datagate.huaweicloud.dataarts_jobs"
# The digest becomes a file name. Passwords can be guessed, so each guess must cost something; once per inventory it is nothing.
_ITERATIONS = 100_000
_LENGTH = 16  # bytes


def digest(
    connection: Connection,
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    workspaces: Sequence[str | None],
    filters: Mapping[str, Any],
) -> str:
    """A digest of the cloud, the project, the credentials, the workspaces and the filters; no secret can be read from it.

    Options and environment count as a whole, since some of them say whose jobs are read without being a credential (an
    agency, a project's name). Where they differ in something that changes nothing, the list is read once more.

    :param connection: what the options and the environment came to; holds the credentials that a file gives.
    :param options: the connection options as given.
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
