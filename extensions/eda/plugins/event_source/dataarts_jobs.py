# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An event for each change of the state of a real-time job of DataArts Factory, or of one of its nodes."""

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
short_description: Changes of real-time jobs of DataArts Factory
description:
  - Polls real-time jobs of DataArts Factory, and gives an event for each change of the state of a job or of one of its nodes.
  - Trouble of its own is an event with C(error), once and not at every poll, and watching goes on. After a refused access
    key nothing more is asked until there is another one, because further tries would lock it.
  - The options of the connection are those of the modules, the environment variables included;
    C(ansible-doc datagate.huaweicloud.dataarts_job_status) says more about each. Where it speaks of the task, the
    arguments of the event source are meant.
options:
  job_names:
    description:
      - Names of the jobs to watch, as a list or one text. Also called job_name and name.
      - Exactly one of job_names, tags and name_contains is needed.
    type: list
    elements: str
  tags:
    description:
      - Watch the real-time jobs with these tags. Which ones these are is looked up at every poll.
    type: list
    elements: str
  name_contains:
    description:
      - Watch the real-time jobs with this in their names. Which ones these are is looked up at every poll.
    type: str
  exclude_names:
    description:
      - Shell patterns of names that are left out.
    type: list
    elements: str
  min_jobs:
    description:
      - Fewer jobs than this are told as an error.
    type: int
    default: 1
  workspace:
    description:
      - ID of the workspace. If not set, HW_DATAARTS_WORKSPACE_ID is used, or else the default workspace.
    type: str
  interval:
    description:
      - Seconds from one poll to the next, 0.1 or more.
      - Where reading the nodes of all jobs takes longer than this, they are read in turn, those of failing jobs first.
    type: float
    default: 30
  check_nodes:
    description:
      - Whether the states of nodes are read as well. Without them, many jobs take far fewer requests.
    type: bool
    default: true
  initial:
    description:
      - Whether the states that are found at the start are events, too.
    type: bool
    default: false
  auth_type:
    type: str
    choices: [auto, aksk, token, password, ecs_agency]
    default: auto
    description: How to authenticate.
  access_key:
    type: str
    description: Access key ID. HW_ACCESS_KEY or HUAWEICLOUD_SDK_AK.
  secret_key:
    type: str
    description: Secret access key. HW_SECRET_KEY or HUAWEICLOUD_SDK_SK.
  security_token:
    type: str
    description: Token of a temporary access key. HW_SECURITY_TOKEN or HUAWEICLOUD_SDK_SECURITY_TOKEN.
  auth_token:
    type: str
    description: IAM token. HW_AUTH_TOKEN.
  username:
    type: str
    description: Name of an IAM user. HW_USER_NAME.
  password:
    type: str
    description: Password of that user. HW_USER_PASSWORD.
  domain_name:
    type: str
    description: Name of the account of that user. HW_DOMAIN_NAME.
  credentials_file:
    type: path
    description: File with an access key. HUAWEICLOUD_SDK_CREDENTIALS_FILE.
  region:
    type: str
    description: Region. HW_REGION_NAME.
  cloud:
    type: str
    description: Domain of the cloud. HW_CLOUD.
  project_id:
    type: str
    description: ID of the project. HW_PROJECT_ID or HUAWEICLOUD_SDK_PROJECT_ID.
  project_name:
    type: str
    description: Name of the project, where its ID is not given. HW_PROJECT_NAME.
  endpoints:
    type: dict
    description: Base URLs, with the keys dataarts and iam. HW_DATAARTS_ENDPOINT, HW_IAM_ENDPOINT or HW_AUTH_URL.
  validate_certs:
    type: bool
    description: Whether to check the server's certificate. HW_INSECURE, negated.
  ca_path:
    type: path
    description: Certificates of the authorities to trust. HW_CACERT.
  client_cert:
    type: path
    description: Client certificate.
  client_key:
    type: path
    description: Key of the client certificate.
  proxy:
    type: str
    description: Proxy for all requests.
  request_timeout:
    type: float
    default: 30
    description: Seconds for one request.
  retries:
    type: int
    description: Tries after the first one. HW_MAX_RETRIES, or else 4.
  requests_per_second:
    type: float
    default: 20
    description: Most requests in a second, 0 for no limit. The service allows a user 30, over all that this user does.
"""

EXAMPLES = r"""
- name: Watch two jobs, with the credentials in HW_ACCESS_KEY and HW_SECRET_KEY
  datagate.huaweicloud.dataarts_jobs:
    job_names:
      - job_orders_stream
      - job_sms
    region: cn-north-4
    project_id: 0123456789abcdef0123456789abcdef

- name: Watch all jobs with a tag, and say at the start how they are
  datagate.huaweicloud.dataarts_jobs:
    tags: orders
    interval: 60
    initial: true
"""

LOGGER = logging.getLogger("datagate.huaweicloud.dataarts_jobs")


def rooms() -> Any:
    """The collection's rooms that the event source shares with the modules.

    ansible-rulebook runs this file by its path, and nothing says that ``ansible_collections`` can be imported there, or that
    it would be the same copy of the collection. So the folder is loaded as a package of its own, under a name that nobody
    else has; inside, everything is imported relatively.
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
    return importlib.import_module(f"{name}.door.watching")


async def main(queue: Any, args: dict[str, Any]) -> None:
    """Put events on *queue* until cancelled.

    :raises OptionError, CredentialsError: an argument is unusable; the message is a sentence. No request has been sent.
    """
    watcher = rooms().Watcher(args)
    for warning in watcher.warnings:
        LOGGER.warning(warning)
    loop = asyncio.get_running_loop()
    # A thread of its own, rather than one of those that everybody shares: it has ended when this function has.
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
