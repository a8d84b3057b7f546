# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From method and path to the requested call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

CALLS: Final = (
    "job_list",
    "job_status",
    "job_start",
    "job_stop",
    "job_run",
    "job_definition",
    "instance_list",
    "instance",
    "dli_progress",
    "dli_status",
    "dli_list",
    "dli_cancel",
    "flink_list",
    "flink_detail",
    "flink_run",
    "flink_stop",
    "spark_list",
    "spark_batch",
    "spark_state",
    "spark_log",
    "spark_cancel",
    "tokens",
    "projects",
    "securitykey",
    "metadata_token",
    "securitytokens",
    "id_tokens",
    "sts_assume",
    "sts_assume_oidc",
    "instances",
    "workspaces",
    "unknown",
)
"""Names of the calls, as the journal and the fault rules have them."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call: `path` is decoded, `raw_path` as sent; `job` is the job's name or ID, decoded; `instance` a run's ID."""

    method: str
    path: str
    raw_path: str
    name: str
    service: str | None = None
    project: str | None = None
    job: str | None = None
    instance: str | None = None


_ROUTES: Final = (
    ("GET", re.compile(r"/(v1)/([^/]+)/jobs/?"), "job_list", "dataarts"),
    ("GET", re.compile(r"/(v1)/([^/]+)/jobs/([^/]+)/status/?"), "job_status", "dataarts"),
    ("POST", re.compile(r"/(v1)/([^/]+)/jobs/([^/]+)/start/?"), "job_start", "dataarts"),
    ("POST", re.compile(r"/(v1)/([^/]+)/jobs/([^/]+)/stop/?"), "job_stop", "dataarts"),
    ("POST", re.compile(r"/(v1)/([^/]+)/jobs/([^/]+)/run-immediate/?"), "job_run", "dataarts"),
    ("GET", re.compile(r"/(v1)/([^/]+)/jobs/instances/detail/?"), "instance_list", "dataarts"),
    ("GET", re.compile(r"/(v1)/([^/]+)/jobs/([^/]+)/instances/([0-9]+)/?"), "instance", "dataarts"),
    ("GET", re.compile(r"/(v1)/([^/]+)/jobs/([^/]+)/?"), "job_definition", "dataarts"),
    ("GET", re.compile(r"/(v1|v1\.0)/([^/]+)/jobs/([^/]+)/progress/?"), "dli_progress", "dli"),
    ("GET", re.compile(r"/(v1\.0)/([^/]+)/jobs/([^/]+)/status/?"), "dli_status", "dli"),
    ("GET", re.compile(r"/(v1\.0)/([^/]+)/jobs/?"), "dli_list", "dli"),
    ("DELETE", re.compile(r"/(v1\.0)/([^/]+)/jobs/([^/]+)/?"), "dli_cancel", "dli"),
    ("GET", re.compile(r"/(v1\.0)/([^/]+)/streaming/jobs/?"), "flink_list", "dli"),
    ("GET", re.compile(r"/(v1\.0)/([^/]+)/streaming/jobs/([0-9]+)/?"), "flink_detail", "dli"),
    ("POST", re.compile(r"/(v1\.0)/([^/]+)/streaming/jobs/run/?"), "flink_run", "dli"),
    ("POST", re.compile(r"/(v1\.0)/([^/]+)/streaming/jobs/stop/?"), "flink_stop", "dli"),
    ("GET", re.compile(r"/(v2\.0)/([^/]+)/batches/?"), "spark_list", "dli"),
    ("GET", re.compile(r"/(v2\.0)/([^/]+)/batches/([^/]+)/state/?"), "spark_state", "dli"),
    ("GET", re.compile(r"/(v2\.0)/([^/]+)/batches/([^/]+)/log/?"), "spark_log", "dli"),
    ("GET", re.compile(r"/(v2\.0)/([^/]+)/batches/([^/]+)/?"), "spark_batch", "dli"),
    ("DELETE", re.compile(r"/(v2\.0)/([^/]+)/batches/([^/]+)/?"), "spark_cancel", "dli"),
    ("POST", re.compile(r"/v3/auth/tokens"), "tokens", "iam"),
    ("GET", re.compile(r"/v3/projects/?"), "projects", "iam"),
    ("POST", re.compile(r"/v3\.0/OS-CREDENTIAL/securitytokens/?"), "securitytokens", "iam"),
    ("POST", re.compile(r"/v3\.0/OS-AUTH/id-token/tokens/?"), "id_tokens", "iam"),
    ("POST", re.compile(r"/v5/agencies/assume/?"), "sts_assume", "sts"),
    ("POST", re.compile(r"/v5/agencies/assume-with-oidc/?"), "sts_assume_oidc", "sts"),
    ("GET", re.compile(r"/(v1)/([^/]+)/instances/?"), "instances", "studio"),
    ("GET", re.compile(r"/(v1)/([^/]+)/workspaces/([^/]+)/?"), "workspaces", "studio"),
    ("GET", re.compile(r"/openstack/latest/securitykey"), "securitykey", "metadata"),
    ("PUT", re.compile(r"/meta-data/latest/api/token"), "metadata_token", "metadata"),
)


def find_call(method: str, raw_path: str, dli_progress_path: str) -> Call:
    """The requested call; its name is `unknown` if the cloud does not publish it.

    `dli_progress_path` says where the DLI progress call is published: `v1`, `v1.0` or `both`.
    """
    for wanted, pattern, name, service in _ROUTES:
        if method == wanted and (found := pattern.fullmatch(raw_path)):
            groups = found.groups()
            if name == "dli_progress" and dli_progress_path not in ("both", groups[0]):
                break
            project = unquote(groups[1]) if len(groups) > 1 else None
            job = unquote(groups[2]) if len(groups) > 2 else None
            instance = groups[3] if len(groups) > 3 else None
            return Call(method, unquote(raw_path), raw_path, name, service, project, job, instance)
    return Call(method, unquote(raw_path), raw_path, "unknown")
