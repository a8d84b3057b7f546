# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Emits an event for each state change of a job of DataArts Factory or DLI, or of a node of a real-time job."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import importlib.util
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

DOCUMENTATION = r"""
---
short_description: Changes of jobs of DataArts Factory and DLI
description:
  - Polls real-time jobs of DataArts Factory, and emits an event for each state change of a job or of one of its nodes. With
    kind it polls runs of batch jobs, or jobs of Data Lake Insight (DLI), instead.
  - If the jobs cannot be read, it emits an event with C(error), once and not at every poll, and continues to watch. After an
    access key is rejected, it sends no more requests until the key is replaced, because further attempts would lock the key.
  - The connection options, including the environment variables, are those of the modules; see
    C(ansible-doc datagate.huaweicloud.dataarts_job_status). In their descriptions, the task means the arguments of the event
    source.
options:
  job_names:
    description:
      - Names of the jobs to watch, as a list or as one string. Aliases are job_name and name.
      - Exactly one of job_names, tags and name_contains is required, unless kind names jobs of DLI.
    type: list
    elements: str
  tags:
    description:
      - Watch the real-time jobs with these tags. They are looked up at every poll.
    type: list
    elements: str
  name_contains:
    description:
      - Watch the real-time jobs whose names contain this text. They are looked up at every poll.
    type: str
  exclude_names:
    description:
      - Shell patterns of names to exclude.
    type: list
    elements: str
  min_jobs:
    description:
      - Minimum number of jobs. Fewer jobs are reported as an error.
    type: int
    default: 1
  job_ids:
    description:
      - IDs of the SQL jobs (kind dli_job) or Flink jobs (kind flink_job) to watch, as a list or as one string. An alias is
        job_id.
    type: list
    elements: str
  job_tags:
    description:
      - Only with kind set to dli_job, instead of job_ids. Watch the SQL jobs that have all these tags. They are looked up at
        every poll. Keys and values are compared exactly.
      - At least one of job_ids, job_tags, queue and since is required with kind dli_job.
    type: dict
  queue:
    description:
      - Only with kind set to dli_job, instead of job_ids. Watch the SQL jobs in this queue.
    type: str
  newest:
    description:
      - Only with job_tags, queue or since and kind dli_job. Whether to watch only the newest of the jobs with the same tags.
    type: bool
    default: false
  names:
    description:
      - Only with kind set to flink_job, instead of job_ids. Exact names of the Flink jobs to watch. With this kind, name is
        an alias of it.
    type: list
    elements: str
  batch_ids:
    description:
      - Only with kind set to spark_batch, where it is required. IDs of the Spark batches to watch. An alias is batch_id.
    type: list
    elements: str
  workspace:
    description:
      - ID of the workspace. If not set, HW_DATAARTS_WORKSPACE_ID is used, or else the default workspace.
    type: str
  workspace_name:
    description:
      - Name of the workspace, instead of workspace. Its ID is looked up, which requires a permission.
    type: str
  dataarts_instance:
    description:
      - Name or ID of the DataArts instance that contains workspace_name, if workspaces of several instances have this name.
    type: str
  interval:
    description:
      - Seconds from one poll to the next, at least 0.1.
      - If reading the nodes of all jobs takes longer than this, they are read in turn, those of failing jobs first.
    type: float
    default: 30
  check_nodes:
    description:
      - Whether to read the states of nodes as well. Without nodes, many jobs need far fewer requests.
    type: bool
    default: true
  initial:
    description:
      - Whether to emit events for the initial states as well.
    type: bool
    default: false
  kind:
    description:
      - What to watch. job watches real-time jobs and their nodes. instance watches the last runs of batch jobs, and the
        selection is then about batch jobs. Their events have kind, instance_id, plan_time and run as well, and a new run is
        an event even if it is in the same state as the one before.
      - dli_job watches SQL jobs of DLI, flink_job Flink jobs, and spark_batch Spark batches. Their events have kind as well,
        and where the service names them job_id, batch_id, name, queue_name and queue. A restart of a Flink job is an event
        even if the job is in the same state as before. A job in a final state is not read again.
    type: str
    choices: [job, instance, dli_job, flink_job, spark_batch]
    default: job
  since:
    description:
      - Only with kind set to instance or dli_job. Runs planned earlier, or SQL jobs started earlier, do not count. Epoch
        milliseconds, ISO 8601 with a time zone, or a time back from each poll such as 12h.
      - If not set, 24h is used for runs.
    type: str
  # -- written by `make options`
  auth_type:
    type: str
    choices: [auto, aksk, token, password, ecs_agency, oidc]
    default: auto
    description:
      - >-
        How to authenticate.
  access_key:
    type: str
    description:
      - >-
        Access key ID (AK).
      - >-
        If not set, HW_ACCESS_KEY or HUAWEICLOUD_SDK_AK is used.
  secret_key:
    type: str
    description:
      - >-
        Secret access key (SK) of access_key.
      - >-
        If not set, HW_SECRET_KEY or HUAWEICLOUD_SDK_SK is used.
  security_token:
    type: str
    description:
      - >-
        Security token of a temporary access_key.
      - >-
        If not set, HW_SECURITY_TOKEN or HUAWEICLOUD_SDK_SECURITY_TOKEN is used.
  auth_token:
    type: str
    description:
      - >-
        IAM token for the project, as IAM returns it in the header X-Subject-Token.
      - >-
        If not set, HW_AUTH_TOKEN is used.
  username:
    type: str
    description:
      - >-
        Name of an IAM user.
      - >-
        If not set, HW_USER_NAME is used.
  password:
    type: str
    description:
      - >-
        Password of username.
      - >-
        If not set, HW_USER_PASSWORD is used.
  domain_name:
    type: str
    description:
      - >-
        Name of the account (IAM calls it domain) of username.
      - >-
        If not set, HW_DOMAIN_NAME is used.
  credentials_file:
    type: path
    description:
      - >-
        File with an access key, in the format of the vendor's SDK.
      - >-
        If not set, HUAWEICLOUD_SDK_CREDENTIALS_FILE is used.
  idp_id:
    type: str
    description:
      - >-
        ID of the identity provider in IAM that trusts the issuer of the ID token, or its URN
        iam::ACCOUNT_ID:oidcProvider:NAME.
      - >-
        If not set, HW_ASSUME_ROLE_IDP_ID or HUAWEICLOUD_SDK_IDP_ID or HUAWEICLOUD_OIDC_PROVIDER_URN is used.
  id_token:
    type: str
    description:
      - >-
        ID token (a JWT) that the CI system has issued for the job.
      - >-
        If not set, HW_ASSUME_ROLE_ID_TOKEN or HUAWEICLOUD_OIDC_ID_TOKEN is used.
  id_token_file:
    type: path
    description:
      - >-
        File with the ID token, on the host where the module runs.
      - >-
        If not set, HW_ASSUME_ROLE_ID_TOKEN_FILE or HUAWEICLOUD_SDK_ID_TOKEN_FILE or HUAWEICLOUD_OIDC_TOKEN_FILE is
        used.
  assume_role_agency:
    type: str
    description:
      - >-
        Name of an agency of another account that is assumed with the credentials, or its URN
        iam::ACCOUNT_ID:agency:NAME.
      - >-
        If not set, HUAWEICLOUD_OIDC_AGENCY_URN or HW_ASSUME_ROLE_AGENCY_NAME is used.
  assume_role_domain:
    type: str
    description:
      - >-
        Name of the account (IAM calls it domain) that assume_role_agency belongs to.
      - >-
        If not set, HW_ASSUME_ROLE_DOMAIN_NAME is used.
  assume_role_domain_id:
    type: str
    description:
      - >-
        ID of the account that assume_role_agency belongs to.
      - >-
        If not set, HW_ASSUME_ROLE_DOMAIN_ID is used.
  assume_role_duration:
    type: int
    description:
      - >-
        Seconds for which a temporary access key of assume_role_agency is valid, from 900 to 86400.
      - >-
        If not set, HW_ASSUME_ROLE_DURATION, or else 3600 is used.
  region:
    type: str
    description:
      - >-
        Region, such as cn-north-4 or eu-west-101.
      - >-
        If not set, HW_REGION_NAME is used.
  cloud:
    type: str
    description:
      - >-
        Domain of the cloud, the last part of its host names.
      - >-
        If not set, HW_CLOUD is used.
  project_id:
    type: str
    description:
      - >-
        ID of the project that the jobs belong to.
      - >-
        If not set, HW_PROJECT_ID or HUAWEICLOUD_SDK_PROJECT_ID is used.
  project_name:
    type: str
    description:
      - >-
        Name of the project.
      - >-
        If not set, HW_PROJECT_NAME is used.
  endpoints:
    type: dict
    description:
      - >-
        Base URLs that replace those derived from region and cloud, for private clouds, gateways or tests.
      - >-
        If not set, HW_DATAARTS_ENDPOINT, HW_DLI_ENDPOINT, HW_IAM_ENDPOINT (or else HW_AUTH_URL),
        HW_DATAARTS_STUDIO_ENDPOINT or HW_STS_ENDPOINT is used.
  validate_certs:
    type: bool
    description:
      - >-
        Whether to verify the server's TLS certificate.
      - >-
        If not set, the negation of HW_INSECURE is used.
  ca_path:
    type: path
    description:
      - >-
        File (or directory created by c_rehash) with the CA certificates to trust instead of the default ones, on the
        host where the module runs.
      - >-
        If not set, HW_CACERT is used.
  client_cert:
    type: path
    description:
      - >-
        File with a client certificate (PEM) for servers that require one, on the host where the module runs.
  client_key:
    type: path
    description:
      - >-
        File with the private key of client_cert, if it is not in that file.
  proxy:
    type: str
    description:
      - >-
        Proxy for all requests.
      - >-
        If not set, the proxy of the environment is used.
  request_timeout:
    type: float
    default: 30
    description:
      - >-
        Time limit in seconds for one request, from sending it until the whole response is received.
  retries:
    type: int
    description:
      - >-
        Maximum number of retries of a request, from 0 to 100.
      - >-
        If not set, HW_MAX_RETRIES, or else 4 is used.
  requests_per_second:
    type: float
    default: 20
    description:
      - >-
        Maximum number of requests per second that this task sends, evenly spaced.
  # -- end
"""

EXAMPLES = r"""
- name: Watch two jobs, with the credentials in HW_ACCESS_KEY and HW_SECRET_KEY
  datagate.huaweicloud.dataarts_jobs:
    job_names:
      - job_orders_stream
      - job_sms
    region: cn-north-4
    project_id: 0123456789abcdef0123456789abcdef

- name: Watch all jobs with a tag, and emit their initial states
  datagate.huaweicloud.dataarts_jobs:
    tags: orders
    interval: 60
    initial: true

- name: Watch a Flink job, restarts included
  datagate.huaweicloud.dataarts_jobs:
    kind: flink_job
    names: orders_flink

- name: Watch all SQL jobs of a release that were started in the last twelve hours
  datagate.huaweicloud.dataarts_jobs:
    kind: dli_job
    job_tags:
      release: "42"
    since: 12h
"""

LOGGER = logging.getLogger("datagate.huaweicloud.dataarts_jobs")


def load_watching() -> Any:
    """Import the module ``_entry_points.event_source``, which the event source shares with the modules of the collection.

    ansible-rulebook runs this file by its path. ``ansible_collections`` may not be importable there, or may be another copy of
    the collection. So the directory ``module_utils`` is loaded as a separate package with a unique name. The files in it use
    relative imports.
    """
    folder = Path(__file__).resolve().parents[4] / "plugins" / "module_utils"
    name = f"datagate_huaweicloud_{hashlib.sha256(str(folder).encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if spec is None or spec.loader is None or not folder.is_dir():
            raise ImportError("the event source dataarts_jobs works only inside the collection datagate.huaweicloud")
        package = importlib.util.module_from_spec(spec)
        sys.modules[name] = package
        spec.loader.exec_module(package)
    return importlib.import_module(f"{name}._entry_points.event_source")


async def main(queue: Any, args: dict[str, Any]) -> None:
    """Put events on *queue* until cancelled.

    :raises OptionError, CredentialsError: an argument is invalid. The message is a full sentence. No request has been sent.
    """
    on_request = LOGGER.debug if LOGGER.isEnabledFor(logging.DEBUG) else None
    watcher = load_watching().Watcher(args, on_request=on_request, warn=LOGGER.warning)
    for warning in watcher.warnings:
        LOGGER.warning(warning)
    loop = asyncio.get_running_loop()
    # Not the loop's default executor: this thread ends when the function returns.
    pool = ThreadPoolExecutor(1, "dataarts_jobs", initializer=watcher.begin_thread)
    polling: asyncio.Future[Any] | None = None
    try:
        while True:
            began = loop.time()
            polling = loop.run_in_executor(pool, watcher.poll)
            for event in await asyncio.shield(polling):
                if "error" in event:
                    LOGGER.error(event["error"])
                await queue.put(event)
            await asyncio.sleep(max(0.0, began + watcher.interval - loop.time()))
    finally:
        watcher.stop()
        if polling is not None and not polling.done():
            await asyncio.wait([polling])
        watcher.close()
        pool.shutdown()
