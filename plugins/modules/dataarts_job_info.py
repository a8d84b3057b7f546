#!/usr/bin/python
# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: dataarts_job_info
short_description: List jobs of DataArts Factory with their states
version_added: 0.1.0
description:
  - Lists real-time and batch jobs of one workspace of DataArts Factory, with their states and times, and counts them by
    state.
  - The list shows the states of jobs, not those of their nodes. A real-time job can be V(NORMAL) here while one of its
    nodes is in V(EXCEPTION). M(datagate.huaweicloud.dataarts_job_status) checks the nodes.
  - B(The most important options)
  - O(job_type) - real-time or batch jobs.
  - O(name) - the exact name of a job.
  - O(name_contains) - a text in the names.
  - O(tags) - tags of the jobs.
  - O(statuses) - states of the jobs.
  - O(max_results) - number of jobs to return, V(0) for all. Default V(0).
  - B(Other options)
  - Requests - O(page_size).
  - Workspace - O(workspace), or O(workspace_name) with O(dataarts_instance).
  - Connection - O(region), O(project_id), O(access_key), O(secret_key) and others. They are usually set in the
    environment, or once in C(module_defaults).
author:
  - datagate contributors (@datagate)
options:
  job_type:
    description:
      - Type of the jobs to list. If not set, the real-time jobs are listed first and then the batch jobs.
    type: str
    choices:
      - REAL_TIME
      - BATCH
  name:
    description:
      - The exact name of a job. At most one real-time job and one batch job can match.
      - Mutually exclusive with O(name_contains).
    type: str
  name_contains:
    description:
      - List only jobs whose names contain this text. It is case-sensitive.
    type: str
  tags:
    description:
      - List only jobs with these tags. The service defines how several tags are combined.
    type: list
    elements: str
  statuses:
    description:
      - List only jobs in one of these states. If not set, jobs in any state are listed.
      - Real-time jobs are V(STARTING), V(NORMAL), V(EXCEPTION), V(STOPPING), V(STOPPED), V(PAUSE), V(ABNORMAL),
        V(DISABLE), V(OVERLOAD) and V(INIT). Batch jobs are V(SCHEDULING), V(STOPPED) or V(PAUSED). V(UNKNOWN) selects
        jobs without a state.
      - Other states are accepted and are case-sensitive, in case the service has new ones.
    type: list
    elements: str
  max_results:
    description:
      - Maximum number of jobs to return. V(0) returns all.
      - Without O(name), O(name_contains) and O(statuses) it also limits the number of requests.
    type: int
    default: 0
  page_size:
    description:
      - Number of jobs to get in one request, from 1 to 100. It does not affect the result.
    type: int
    default: 100
notes:
  - The module only reads. C(changed) is always false.
seealso:
  - module: datagate.huaweicloud.dataarts_job_status
  - module: datagate.huaweicloud.dli_job_progress
  - name: Viewing a Job List
    description: The vendor's page about the job list of DataArts Factory.
    link: https://support.huaweicloud.com/intl/en-us/api-dataartsstudio/dataartsstudio_02_0086.html
extends_documentation_fragment:
  - datagate.huaweicloud.attributes
  - datagate.huaweicloud.connection
  - datagate.huaweicloud.workspace
"""

EXAMPLES = r"""
---
- name: List all jobs of a workspace (credentials, region and project come from the environment)
  datagate.huaweicloud.dataarts_job_info:
    workspace: 0f6a1c3e5b7d9f2468ace013579bdf24
  delegate_to: localhost
  register: all_jobs

- name: Show the number of jobs in each state
  ansible.builtin.debug:
    msg: "{{ all_jobs.total }} jobs: {{ all_jobs.by_status }}"

- name: List the real-time jobs that have failed or were stopped
  datagate.huaweicloud.dataarts_job_info:
    job_type: REAL_TIME
    statuses:
      - EXCEPTION
      - ABNORMAL
      - STOPPED
  delegate_to: localhost
  register: broken

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ broken.jobs | map(attribute='name') }}"

- name: Check whether a job exists
  datagate.huaweicloud.dataarts_job_info:
    name: job_orders_stream
    job_type: REAL_TIME
  delegate_to: localhost
  register: orders

- name: Show the result
  ansible.builtin.debug:
    msg: "job_orders_stream {{ 'exists' if orders.jobs else 'does not exist yet' }}"

- name: Set the connection once for several tasks, with a key from a vault
  module_defaults:
    group/datagate.huaweicloud.huaweicloud:
      region: cn-north-4
      project_id: 0123456789abcdef0123456789abcdef
      access_key: "{{ vault_access_key }}"
      secret_key: "{{ vault_secret_key }}"
  delegate_to: localhost
  block:
    - name: List the batch jobs with a tag
      datagate.huaweicloud.dataarts_job_info:
        job_type: BATCH
        tags: reports
      register: reports

    - name: List ten jobs whose names contain a text
      datagate.huaweicloud.dataarts_job_info:
        name_contains: orders
        max_results: 10
      register: some_jobs
"""

RETURN = r"""
---
jobs:
  description:
    - The jobs, in the order of the service, without duplicates.
    - The fields are those of the service, with names in snake case. All except C(name), C(status) and C(job_type) may be
      absent, and there may be additional ones. Times are epoch milliseconds.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the job.
      type: str
      returned: always
      sample: job_orders_stream
    job_type:
      description: V(REAL_TIME) or V(BATCH).
      type: str
      returned: always
      sample: REAL_TIME
    status:
      description: State of the job, or null if it has none. See O(statuses) for the states.
      type: str
      returned: always
      sample: NORMAL
    owner:
      description: Owner of the job.
      type: str
      returned: when the service returns it
      sample: ops
    priority:
      description: Priority of the job, from V(0), the highest, to V(2).
      type: int
      returned: when the service returns it
      sample: 0
    path:
      description: Directory of the job.
      type: str
      returned: when the service returns it
      sample: /orders
    single_node_job_flag:
      description: Whether the job consists of a single task.
      type: bool
      returned: when the service returns it
      sample: false
    create_user:
      description: Who created the job.
      type: str
      returned: when the service returns it
      sample: ops
    create_time:
      description: When the job was created.
      type: int
      returned: when the service returns it
      sample: 1680783636000
    start_time:
      description: When the job was started.
      type: int
      returned: when the service returns it
      sample: 1682519407000
    end_time:
      description: When the job was stopped.
      type: int
      returned: when the service returns it
      sample: 1682519400000
    last_update_user:
      description: Who changed the job last.
      type: str
      returned: when the service returns it
      sample: ops
    last_update_time:
      description: When the job was last changed.
      type: int
      returned: when the service returns it
      sample: 1682519407000
    last_instance_status:
      description:
        - Status of the last run of a batch job, in lower case, such as V(waiting), V(running), V(success), V(fail),
          V(running-exception), V(pause) or V(manual-stop). Real-time jobs may have it as well.
      type: str
      returned: when the service returns it
      sample: success
    last_instance_end_time:
      description: When the last run ended.
      type: int
      returned: when the service returns it
      sample: 1682519407000
  sample:
    - create_time: 1680783636000
      create_user: ops
      job_type: REAL_TIME
      last_update_user: ops
      name: job_orders_stream
      owner: ops
      path: /orders
      priority: 0
      single_node_job_flag: false
      start_time: 1682519407000
      status: NORMAL
total:
  description:
    - Number of matching jobs, before O(max_results) is applied.
    - Without O(name), O(name_contains) and O(statuses) it comes from the service, otherwise from reading all jobs.
  type: int
  returned: success
  sample: 3
by_status:
  description:
    - Number of RV(jobs) in each state. Jobs without a state are counted as V(UNKNOWN).
  type: dict
  returned: success
  sample:
    NORMAL: 2
    SCHEDULING: 1
msg:
  description: The error message.
  type: str
  returned: failure
  sample: >-
    DLF.6888 (HTTP 400): No permission; the user lacks the permission for DataArts Factory in this workspace
    [GET dayu-dlf.cn-north-4.myhuaweicloud.com/v1/0123456789abcdef0123456789abcdef/jobs]
# -- written by `make options`: errors
option:
  description: The invalid option.
  type: str
  returned: when an option is invalid
  sample: page_size
error_code:
  description: Code of the service or its gateway. Null if the response had none, or if there was no response.
  type: str
  returned: when a request fails
  sample: DLF.6888
http_status:
  description: HTTP status, or null if there was no response.
  type: int
  returned: when a request fails
  sample: 400
request_id:
  description: ID of the request (header C(X-Request-Id)), for the vendor's support. Null if the service did not return one.
  type: str
  returned: when a request fails
  sample: 7f4c2d5e0b1a4c3d9e8f7a6b5c4d3e2f
method:
  description: HTTP method of the request that failed.
  type: str
  returned: when a request fails
  sample: GET
path:
  description: Path of the request that failed, without its query.
  type: str
  returned: when a request fails
  sample: /v1/0123456789abcdef0123456789abcdef/jobs
# -- end
# -- written by `make options`: log
request_log:
  description: A line for each request with method, host, path, status, time and request ID, or the reason if there was no
    response.
  type: list
  elements: str
  returned: at the verbosity C(-vvv)
  version_added: 2.0.0
  sample:
    - 'GET dayu-dlf.cn-north-4.myhuaweicloud.com/v1/0123456789abcdef0123456789abcdef/jobs?offset=0: HTTP 200, 87 ms'
# -- end
"""

from typing import Any, Dict

from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import LIST, WORKSPACE
from ansible_collections.datagate.huaweicloud.plugins.module_utils._entry_points import listing
from ansible_collections.datagate.huaweicloud.plugins.module_utils._module import Invocation, run

ARGUMENTS = {**WORKSPACE, **LIST}
SERVICE = "dataarts"


def read(invocation: Invocation) -> Dict[str, Any]:
    query = listing.Query(invocation.params)
    session = invocation.connect()
    try:
        return listing.read(session, session.connection.workspace, query)
    finally:
        session.close()


BODY = read


def main() -> None:
    run(ARGUMENTS, SERVICE, BODY)


if __name__ == "__main__":
    main()
