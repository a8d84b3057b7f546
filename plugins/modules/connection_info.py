#!/usr/bin/python
# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: connection_info
short_description: Check the connection to DataArts Factory and DLI
version_added: 2.0.0
description:
  - Makes the calls of a gate one after the other and reports each step from the credentials to the permissions, with
    advice. Use it as the first task on a new account, and before you report a bug.
  - It also reports what the cloud does where the vendor's documents disagree.
  - The module fails only if an option is invalid. A check that fails is a result.
  - B(The most important options)
  - O(job_name) - a real-time job whose status is read.
  - O(dli_job_id) - a DLI job whose status is read.
  - O(record) - a file for a bug report, without secrets and names.
  - B(Other options)
  - Workspace - O(workspace), or O(workspace_name) with O(dataarts_instance).
  - Connection - O(region), O(project_id), O(access_key), O(secret_key) and others. They are usually set in the
    environment, or once in C(module_defaults).
author:
  - datagate contributors (@datagate)
options:
  job_name:
    description:
      - The real-time job whose status is read. If not set, it is the first real-time job of the list.
    type: str
  dli_job_id:
    description:
      - ID of a DLI job to read.
      - Where O(endpoints.dataarts) is set, O(endpoints.dli) is needed as well.
      - If not set, DLI is asked about a job that does not exist. If DLI cannot be read then, the result of the check V(dli) is
        V(warn) and not V(fail), because gates for DataArts jobs do not need DLI.
    type: str
  record:
    description:
      - File to which the answers are appended for a bug report, without secrets and with made-up names, IDs, paths, users, texts
        and times. The emulator of this collection can replay it.
      - The environment variable E(HW_RECORD) does the same for all modules of this collection.
    type: path
notes:
  - The module only reads. C(changed) is always false.
  - It sends at most 12 requests, and a single one if the credentials are refused. Credentials that were refused less than five
    minutes ago are not sent at all.
  - Each check shows one response, so no request is repeated and O(retries) has no effect here.
seealso:
  - module: datagate.huaweicloud.dataarts_job_info
  - module: datagate.huaweicloud.dataarts_job_status
extends_documentation_fragment:
  - datagate.huaweicloud.attributes
  - datagate.huaweicloud.connection
  - datagate.huaweicloud.workspace
"""

EXAMPLES = r"""
---
- name: Check the connection (credentials, region and project come from the environment)
  datagate.huaweicloud.connection_info:
  delegate_to: localhost
  register: found

- name: Show what to do
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.detail }}. {{ item.advice }}"
  loop: "{{ found.checks | selectattr('result', 'in', ['fail', 'warn']) }}"
  loop_control:
    label: "{{ item.name }}"

- name: Stop if a gate cannot work
  ansible.builtin.assert:
    that: found.result != 'fail'
    fail_msg: "{{ found.msg }}"

- name: Check the permissions for two jobs in a workspace
  datagate.huaweicloud.connection_info:
    workspace: 0f6a1c3e5b7d9f2468ace013579bdf24
    job_name: job_orders_stream
    dli_job_id: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
  delegate_to: localhost

- name: Record what a bug report needs
  datagate.huaweicloud.connection_info:
    record: ./recording.jsonl
  delegate_to: localhost
"""

RETURN = r"""
---
result:
  description:
    - The worst result of the checks. With V(fail) a gate cannot work.
  type: str
  returned: success
  sample: warn
checks:
  description:
    - The checks, in the order in which they depend on each other.
    - Their names are V(credentials), V(host), V(proxy), V(tls), V(clock), V(authentication), V(project), V(workspace),
      V(list) (the right to list jobs), V(status) (the right to read the status of a real-time job), V(dli) and V(latency).
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the check.
      type: str
      sample: clock
    result:
      description: >-
        V(ok), V(warn) (a gate works, but something should be known), V(fail) (a gate cannot work) or V(skipped) (it could
        not be checked).
      type: str
      sample: warn
    detail:
      description: What was found, or why the check was skipped.
      type: str
      sample: it differs by 412 s from the server's; a gate stops working at 15 minutes
    advice:
      description: What to do. Empty for V(ok) and V(skipped).
      type: str
      sample: "the clock of this host is 412 s behind: synchronize it (chrony, ntpd)"
findings:
  description:
    - What this cloud does where the vendor's documents disagree or say nothing. It holds no name of a job, no ID, no path, no
      user and no message, so you can put it into a bug report.
    - V(offset_means) is V(pages), V(records) or V(unknown). V(largest_limit) is the largest page of the job list.
      V(progress_path) is the version under which the progress of a DLI job is published. V(batch_status) is what the status
      call says about a batch job.
    - V(spellings), V(field_types), V(unknown_states), V(unknown_node_types) and V(unknown_fields) list what differs from the
      documents in the answers that were read. V(rate_headers) are the rates that the gateway names.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the finding.
      type: str
      sample: offset_means
    value:
      description: What was found.
      type: str
      sample: pages
    detail:
      description: The same as a sentence.
      type: str
      sample: offset=1&limit=2 begins at the third job
requests:
  description: Number of HTTP requests that were sent.
  type: int
  returned: success
  sample: 8
msg:
  description: The result with the advice of the worst checks, or the error message.
  type: str
  returned: always
  sample: A gate can work, as 8 requests show.
option:
  description: The invalid option.
  type: str
  returned: when an option is invalid
  sample: job_name
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

from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import CONNECTION_INFO, WORKSPACE
from ansible_collections.datagate.huaweicloud.plugins.module_utils._entry_points import connection_info
from ansible_collections.datagate.huaweicloud.plugins.module_utils._module import Invocation, run

ARGUMENTS = {**WORKSPACE, **CONNECTION_INFO}
SERVICE = "dataarts"


def read(invocation: Invocation) -> Dict[str, Any]:
    return connection_info.read(invocation)


BODY = read


def main() -> None:
    run(ARGUMENTS, SERVICE, BODY)


if __name__ == "__main__":
    main()
