#!/usr/bin/python
# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: dataarts_job_status
short_description: Wait until real-time jobs of DataArts Factory run, and fail when they do not
version_added: 0.1.0
description:
  - Reads real-time jobs of DataArts Factory with their nodes and returns a verdict. With O(wait) it is a gate, which
    observes the jobs until all are ready at the same time, one has failed, or the time limit is reached.
  - The options define when a job is ready. It can be running (V(NORMAL)), stopped, running for some time, restarted, or
    processing records.
  - For batch jobs, see M(datagate.huaweicloud.dataarts_job_info).
author:
  - datagate contributors (@datagate)
options:
  job_names:
    description:
      - Names of the jobs, as a list or as one string with commas.
      - A name is invalid if it is V(.) or V(..), or has a slash, a control character or more than 128 characters.
      - Exactly one of O(job_names), O(tags) and O(name_contains) is required.
      - Setting the option under two of its names is an error, even if one of them is in C(module_defaults).
    type: list
    elements: str
    aliases:
      - job_name
      - name
  tags:
    description:
      - Selects the real-time jobs with these tags. The service defines how several tags are combined.
      - The selection is fixed by the first observation in which the job list was read and contained O(min_jobs) jobs.
        Jobs that are created later are ignored.
    type: list
    elements: str
  name_contains:
    description:
      - Selects the real-time jobs whose names contain this text. It is case-sensitive.
      - The selection is fixed as for O(tags).
    type: str
  exclude_names:
    description:
      - Names of jobs to exclude from the selection, as shell patterns (V(*), V(?), V([abc])). A pattern must match the
        whole name and is case-sensitive.
    type: list
    elements: str
    default: []
  min_jobs:
    description:
      - Minimum number of selected jobs, at least 1, so that a gate for an unused tag does not pass. With fewer jobs the
        gate fails immediately.
      - With O(wait=true) and O(missing=wait), the gate waits for jobs selected by O(tags) or O(name_contains) to appear.
    type: int
    default: 1
attributes:
  action:
    description: Has an action plugin that runs on the controller.
    support: full
    details:
      - It prints the O(progress) lines.
      - A task on the controller (connection V(local), the Python that runs the playbook, without C(become), C(async) and
        C(environment)) runs in Ansible's process, which saves the time to start a module. Options and results are the
        same.
  check_mode:
    details:
      - The module also reads the jobs in check mode. With O(wait=true) it observes once and does not wait.
        RV(verdict=FAIL) and RV(verdict=ERROR) fail the task; other verdicts do not.
notes:
  - If the nodes of all jobs cannot be read within O(wait_interval) at O(requests_per_second) (with the defaults, for more
    than 200 jobs), an observation reads the job list, and the nodes of all jobs are read in turn (a cycle). The failure of
    a node is detected within two cycles and an O(wait_interval). A cycle takes the number of jobs divided by
    O(requests_per_second), in seconds.
  - In a long observation the job list is read again at least every 10 seconds, unless it is so long that this would take
    more than a quarter of O(requests_per_second) (with the default, more than 50 pages of 100 jobs).
  - For V(PASS), no reading of nodes is older than O(wait_interval) and one and a half cycles. If a response took longer
    than O(wait_interval), the request is repeated before the reading counts.
  - If the job list and the status of a job disagree, the later reading counts. A failure or a missing job that only the
    list shows is first confirmed by reading the status of the job.
  - C(running_data) and C(extend_counter) of a node may contain parameters of the job. If these are secret, use
    C(no_log). O(return_jobs=none) removes them from RV(jobs), but not from RV(job) or RV(resume).
seealso:
  - module: datagate.huaweicloud.dataarts_job_info
  - module: datagate.huaweicloud.dli_job_progress
  - name: Viewing Running Status of a Real-Time Job
    description: The vendor's page about the status of a real-time job.
    link: https://support.huaweicloud.com/intl/en-us/api-dataartsstudio/dataartsstudio_02_0093.html
  - name: Viewing a Job List
    description: The vendor's page about the job list of DataArts Factory.
    link: https://support.huaweicloud.com/intl/en-us/api-dataartsstudio/dataartsstudio_02_0086.html
extends_documentation_fragment:
  - datagate.huaweicloud.attributes
  - datagate.huaweicloud.connection
  - datagate.huaweicloud.workspace
  - datagate.huaweicloud.gate
  - datagate.huaweicloud.real_time_gate
"""

EXAMPLES = r"""
---
- name: Wait up to ten minutes until two jobs run (credentials, region and project come from the environment)
  datagate.huaweicloud.dataarts_job_status:
    job_names:
      - job_orders_stream
      - job_sms
    wait: true
  delegate_to: localhost

- name: Fail if a job is failing now, without waiting
  datagate.huaweicloud.dataarts_job_status:
    job_names: job_orders_stream
    fail_on_exception: true
  delegate_to: localhost

- name: Set connection and workspace once for all tasks of a deployment
  module_defaults:
    group/datagate.huaweicloud.huaweicloud:
      region: cn-north-4
      project_id: 0123456789abcdef0123456789abcdef
      access_key: "{{ vault_access_key }}"
      secret_key: "{{ vault_secret_key }}"
    datagate.huaweicloud.dataarts_job_status:
      workspace: 0f6a1c3e5b7d9f2468ace013579bdf24
  delegate_to: localhost
  block:
    - name: Read the job before its restart; before its first deployment it does not exist
      datagate.huaweicloud.dataarts_job_status:
        job_name: job_orders_stream
        missing: ok
      register: before

    - name: Stop the job
      ansible.builtin.command:
        cmd: /opt/pipelines/stop.sh job_orders_stream
      changed_when: true
      when: before.job is not none

    - name: Wait until the job is drained, even if it is in EXCEPTION for a while
      datagate.huaweicloud.dataarts_job_status:
        job_name: job_orders_stream
        wait: true
        wait_for: STOPPED
        fail_on_exception: false
        missing: ok
        wait_timeout: 300

    - name: Deploy and start the job
      ansible.builtin.command:
        cmd: /opt/pipelines/deploy.sh job_orders_stream
      changed_when: true

    - name: Wait until the job has been restarted, runs for 30 seconds and processes records
      datagate.huaweicloud.dataarts_job_status:
        job_name: job_orders_stream
        wait: true
        wait_timeout: 900
        missing: wait
        started_after: "{{ (before.job.start_time | default(0, true)) + 1 }}"
        exception_grace: 20
        stable_for: 30
        require_records: true

- name: Wait until the nodes that read and write process records for two minutes
  datagate.huaweicloud.dataarts_job_status:
    job_name: job_orders_stream
    wait: true
    stable_for: 120
    require_records:
      - READ_*
      - WRITE_ORDERS
  delegate_to: localhost

- name: Wait for all jobs with a tag, at least 40, and tolerate two failures
  datagate.huaweicloud.dataarts_job_status:
    tags: orders
    exclude_names:
      - "*_test"
    min_jobs: 40
    max_failing: 2
    wait: true
    wait_interval: 15
    wait_timeout: 1800
  delegate_to: localhost

- name: Treat a stopped job as failed, and ignore a flaky node
  datagate.huaweicloud.dataarts_job_status:
    job_name: job_sms
    wait: true
    fail_states:
      - EXCEPTION
      - ABNORMAL
      - STOPPED
    ignore_nodes:
      - SEND_MAIL_*
  delegate_to: localhost

- name: Wait and handle the verdict in the next tasks
  datagate.huaweicloud.dataarts_job_status:
    job_name: job_sms
    wait: true
    wait_timeout: 120
  delegate_to: localhost
  register: gate
  failed_when: false

- name: Show the message of the gate
  ansible.builtin.debug:
    msg: "{{ gate.msg }}"

- name: Roll back
  ansible.builtin.command:
    cmd: /opt/pipelines/rollback.sh job_sms
  changed_when: true
  when: gate.verdict | default('ERROR') != 'PASS'

- name: Start a gate of up to two hours, and return after ten minutes or at a state change
  datagate.huaweicloud.dataarts_job_status:
    tags: orders
    wait: true
    wait_timeout: 7200
    slice_timeout: 600
  delegate_to: localhost
  register: first_slice

- name: Show the progress
  ansible.builtin.debug:
    msg: "{{ first_slice.msg }}"

- name: Continue the same gate to its end
  datagate.huaweicloud.dataarts_job_status:
    tags: orders
    wait: true
    wait_timeout: 7200
    resume: "{{ first_slice.resume }}"
  delegate_to: localhost
  when: first_slice.verdict == 'PENDING'

- name: Read a job without waiting
  datagate.huaweicloud.dataarts_job_status:
    job_name: job_sms
  delegate_to: localhost
  register: sms

- name: Show the state of every node
  ansible.builtin.debug:
    msg: "{{ sms.job.nodes | items2dict(key_name='name', value_name='status') }}"
"""

RETURN = r"""
jobs:
  description:
    - The jobs, each with its nodes and its own verdict, in the order of O(job_names) or of the job list.
      O(return_jobs) selects them. Jobs that O(missing=ok) ignores are not included.
    - The fields are those of the service, with names in snake case. All except C(name), C(status), C(nodes), C(restarts),
      C(read_at), C(verdict) and C(reasons) may be absent, and there may be additional ones. If the job list was read, its
      fields are included, as in M(datagate.huaweicloud.dataarts_job_info). Times are epoch milliseconds.
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid
  contains:
    name:
      description: Name of the job.
      type: str
      returned: always
      sample: job_sms
    status:
      description:
        - Last known state of the job, or null if the job does not exist, has no state, or was never read.
        - The known states are V(STARTING), V(NORMAL), V(EXCEPTION), V(STOPPING), V(STOPPED), V(PAUSE), V(ABNORMAL),
          V(DISABLE), V(OVERLOAD) and V(INIT). New regions may have others.
      type: str
      returned: always
      sample: NORMAL
    verdict:
      description: Verdict of this job, V(PASS), V(FAIL) or V(PENDING).
      type: str
      returned: always
      choices:
        - PASS
        - FAIL
        - PENDING
      sample: FAIL
    reasons:
      description: The reasons for the verdict of this job, with the same fields as RV(reasons).
      type: list
      elements: dict
      returned: always
    restarts:
      description:
        - Number of restarts of the job during the gate, according to its C(start_time).
      type: int
      returned: always
      sample: 0
    read_at:
      description: Time of the last reading of the job, in seconds since the start of the gate. Null if it was not read.
      type: float
      returned: always
      sample: 12.1
    start_time:
      description: When the job was started.
      type: int
      returned: when the service returns it
      sample: 1551409465000
    end_time:
      description: When the job was stopped.
      type: int
      returned: when the service returns it
      sample: 1551409400000
    last_update_time:
      description: When the job was last changed.
      type: int
      returned: when the service returns it
      sample: 1551409406000
    create_user:
      description: Who created the job.
      type: str
      returned: when the service returns it
      sample: ops
    last_modify_user:
      description: Who changed the job last.
      type: str
      returned: when the service returns it
      sample: ops
    nodes:
      description:
        - The nodes of the job at their last reading. Empty if they were not read, or if the service returns none.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: Name of the node.
          type: str
          returned: always
          sample: DLI_SMS_GES
        status:
          description: State of the node, one of the states of jobs, or null if it has none.
          type: str
          returned: always
          sample: EXCEPTION
        type:
          description:
            - Type of the node, such as V(DLI SQL), V(CDM Job) or V(MRS Spark), or null if the service does not return it.
              The service may add new types.
          type: str
          returned: always
          sample: DLI SQL
        log_path:
          description: Path of the node's log, or null if the service does not return it.
          type: str
          returned: always
          sample: obs://dlf-log-0123456789abcdef/job_sms/DLI_SMS_GES/DLI_SMS_GES.job
        last_instance_status:
          description:
            - Status of the last run of the node, in lower case, such as V(waiting), V(running), V(success) or V(fail).
          type: str
          returned: when the service returns it
          sample: waiting
        job_instance_id:
          description: ID of the node's run.
          type: int
          returned: when the service returns it
          sample: 0
        speed:
          description: Rate at which the node writes.
          type: float
          returned: when the service returns it
          sample: 118.5
        buffer_records:
          description: Number of records in the node's buffer.
          type: int
          returned: when the service returns it
          sample: 0
        total_get_records:
          description: Number of records that the node has read.
          type: int
          returned: when the service returns it
          sample: 8602
        total_get_bytes:
          description: Number of bytes that the node has read.
          type: int
          returned: when the service returns it
          sample: 0
        total_put_records:
          description: Number of records that the node has written.
          type: int
          returned: when the service returns it
          sample: 8596
        total_put_bytes:
          description: Number of bytes that the node has written.
          type: int
          returned: when the service returns it
          sample: 0
        running_data:
          description: Runtime data of the node, as JSON text. It may contain parameters of the job.
          type: str
          returned: when the service returns it
          sample: '{"streamName":"dis-event"}'
        extend_counter:
          description: Further counters, as JSON text.
          type: str
          returned: when the service returns it
          sample: '{}'
  sample:
    - name: job_sms
      nodes:
        - log_path: obs://dlf-log-0123456789abcdef/job_sms/DLI_SMS_GES/DLI_SMS_GES.job
          name: DLI_SMS_GES
          status: EXCEPTION
          total_get_records: 0
          total_put_records: 0
          type: DLI SQL
      reasons:
        - code: node_exception
          error_code: null
          job: job_sms
          log_path: obs://dlf-log-0123456789abcdef/job_sms/DLI_SMS_GES/DLI_SMS_GES.job
          message: 'job_sms: node DLI_SMS_GES is EXCEPTION'
          node: DLI_SMS_GES
          request_id: null
          status: EXCEPTION
      read_at: 0.1
      restarts: 0
      start_time: 1551409465000
      status: NORMAL
      verdict: FAIL
job:
  description:
    - The job, with the same fields as in RV(jobs), if there is exactly one. It does not depend on O(return_jobs).
    - Null if there are several, or none because O(missing=ok) ignores it.
  type: dict
  returned: always, except when the options or the credentials are invalid
notes:
  description:
    - Notes that do not affect the verdict, with the keys of RV(reasons).
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid
  sample: []
gate:
  description:
    - Selection, options, endpoint data and credentials of the gate. It contains no secrets.
  type: dict
  returned: always, except when the options or the credentials are invalid
  contains:
    kind:
      description: Kind of the jobs.
      type: str
      sample: job
    entry:
      description: The entry point of the role P(datagate.huaweicloud.job_gate#role); null if the module is used directly.
      type: str
      sample: null
    selection:
      description: The options that select the jobs, without those that are not set.
      type: dict
      sample: {"job_names": ["job_sms"]}
    wait:
      description: Whether the gate waits.
      type: bool
      sample: true
    wait_for:
      description: The states in which a job is ready.
      type: list
      elements: str
      sample: [NORMAL]
    fail_states:
      description: The failing states of a job.
      type: list
      elements: str
      sample: [ABNORMAL, EXCEPTION]
    timeout:
      description: Time limit of the gate in seconds, or null if it does not wait.
      type: float
      sample: 600.0
    region:
      description: The region, or null if only endpoints are set.
      type: str
      sample: cn-north-4
    project_id:
      description: ID of the project, or null if it is not known.
      type: str
      sample: 0123456789abcdef0123456789abcdef
    workspace:
      description: ID of the workspace, or null for the default workspace and for DLI.
      type: str
      sample: null
    credentials:
      description: Source of the credentials (C(place)), and the first characters of the access key (C(key)), if there is one.
      type: dict
      sample: {"place": "the environment", "key": "AKNE"}
verdict:
  description:
    - Verdict for all jobs together.
    - V(PASS), all jobs are ready, or no more than O(max_failing) have failed and the others are ready.
    - V(FAIL), a job has failed, does not exist, or too few jobs were found.
    - V(PENDING), no job has failed, but not all jobs are ready. It is returned only by a slice (see O(slice_timeout)), in
      check mode, and without O(wait). It never fails the task.
    - V(TIMEOUT), O(wait_timeout) seconds have passed, and not all jobs are ready.
    - V(ERROR), some jobs could not be read, and no other job has failed.
  type: str
  returned: always, except when the options or the credentials are invalid
  choices:
    - PASS
    - FAIL
    - PENDING
    - TIMEOUT
    - ERROR
  sample: FAIL
msg:
  description:
    - The verdict in one or two sentences, with the jobs that caused it (at most ten), their last states, and the path of
      a log if one is known.
    - If the options or the credentials are invalid, the error message.
  type: str
  returned: always
  sample: >-
    FAIL after 0.1 s: job_sms: node DLI_SMS_GES is EXCEPTION
    (log obs://dlf-log-0123456789abcdef/job_sms/DLI_SMS_GES/DLI_SMS_GES.job).
    0 of 2 jobs ready (1 NORMAL, 1 STARTING).
reasons:
  description:
    - The reasons why the verdict is not V(PASS), the most severe first. With V(PASS) it only contains tolerated failures.
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid
  contains:
    code:
      description:
        - Code of the reason.
        - V(job_exception), the job is in one of O(fail_states).
        - V(node_exception), a node of the job is V(EXCEPTION) or V(ABNORMAL).
        - V(node_run_failed), a run of a node with a trigger has failed since O(runs_since) (see O(check_runs)).
        - V(job_missing), the job does not exist, or disappeared during this gate. The message contains similar names, and
          whether a batch job has that name.
        - V(too_few_jobs), fewer than O(min_jobs) jobs are selected.
        - V(denied), the credentials were rejected, or a permission is missing (HTTP 401 or 403, the error code DLF.6888,
          or the gateway's codes 0301, 0303 and 0307).
        - V(unreadable), the job could not be read for another reason.
        - V(unknown_state), the job or one of its nodes is in a state that this collection does not know, or the job has
          no state.
        - V(still_pending), the job is in a transitional state, or in a failing state with O(fail_on_exception=false), or
          its nodes were not read yet, or it was not read at all, or its last reading is too old.
        - V(not_restarted), the job is ready, but was not started after O(started_after).
        - V(no_run), the job is ready, but a node with a trigger has had fewer than O(min_runs) successful runs.
        - V(no_records), the job is ready, but it, or a node that O(require_records) requires, has read and written no
          records (in the last O(stable_for) seconds, if that is set).
        - V(restarted), the job was restarted, and the time of O(stable_for) started again.
        - V(not_stable), all jobs are ready, but not yet for O(stable_for) seconds.
      type: str
      returned: always
      sample: node_exception
    job:
      description: Name of the job, or null if the reason concerns all jobs.
      type: str
      returned: always
      sample: job_sms
    node:
      description: Name of the node, or null if the reason concerns the job itself.
      type: str
      returned: always
      sample: DLI_SMS_GES
    status:
      description: Last known state of the job or node, or null.
      type: str
      returned: always
      sample: EXCEPTION
    message:
      description: The reason in one sentence.
      type: str
      returned: always
      sample: 'job_sms: node DLI_SMS_GES is EXCEPTION'
    log_path:
      description: Path of the log of the node or of one of the job's nodes, or null if none is known.
      type: str
      returned: always
      sample: obs://dlf-log-0123456789abcdef/job_sms/DLI_SMS_GES/DLI_SMS_GES.job
    error_code:
      description: Error code of the service or its gateway, or null if the reason is not an error.
      type: str
      returned: always
      sample: null
    request_id:
      description: ID of the failed request (header C(X-Request-Id)), or null.
      type: str
      returned: always
      sample: null
  sample:
    - code: node_exception
      error_code: null
      job: job_sms
      log_path: obs://dlf-log-0123456789abcdef/job_sms/DLI_SMS_GES/DLI_SMS_GES.job
      message: 'job_sms: node DLI_SMS_GES is EXCEPTION'
      node: DLI_SMS_GES
      request_id: null
      status: EXCEPTION
elapsed:
  description: Duration of the gate in seconds. With O(resume), since the start of the first slice.
  type: float
  returned: always, except when the options or the credentials are invalid
  sample: 42.17
polls:
  description: Number of observations started, in all slices so far.
  type: int
  returned: always, except when the options or the credentials are invalid
  sample: 5
requests:
  description:
    - Number of HTTP requests, including retries and requests for a token or a project ID, in all slices so far.
  type: int
  returned: always, except when the options or the credentials are invalid
  sample: 14
history:
  description:
    - All detected state changes, oldest first, at most 1000 entries.
    - If there are more, the initial states (with V(null) as C(previous)) are dropped first.
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid
  contains:
    at:
      description: Time of detection, in seconds since the start of the gate.
      type: float
      returned: always
      sample: 10.031
    job:
      description: Name of the job.
      type: str
      returned: always
      sample: job_orders_stream
    node:
      description: Name of the node, or null for the job itself.
      type: str
      returned: always
      sample: null
    previous:
      description: The previous state, or null for the initial state.
      type: str
      returned: always
      sample: STARTING
    status:
      description: The new state, or null if the job does not exist or has no state.
      type: str
      returned: always
      sample: NORMAL
  sample:
    - at: 0.004
      job: job_orders_stream
      node: null
      previous: null
      status: STARTING
    - at: 10.031
      job: job_orders_stream
      node: null
      previous: STARTING
      status: NORMAL
history_dropped:
  description: Number of entries that were dropped from RV(history) because there were more than 1000.
  type: int
  returned: always, except when the options or the credentials are invalid
  sample: 0
by_status:
  description:
    - Number of jobs in each state. It does not depend on O(return_jobs). Jobs that O(missing=ok) ignores are not counted.
    - Jobs that do not exist are counted as V(missing), jobs that were not read yet as V(not read), and jobs without a
      state as V(without a state).
  type: dict
  returned: always, except when the options or the credentials are invalid
  sample:
    NORMAL: 1
    STARTING: 1
resume:
  description:
    - Value for O(resume) of the next slice, to continue the gate. Null unless a slice has ended before there was a
      verdict (see O(slice_timeout)).
  type: str
  returned: always, except when the options or the credentials are invalid
  sample: 3.5d1c0f3a9b7e2468.eJyrVkpUslIqLkksSVWqBQAcWQRn
option:
  description: The invalid option.
  type: str
  returned: when an option is invalid
  sample: started_after
error_code:
  description: Code of the service or its gateway, or null if the response had none or there was no response.
  type: str
  returned: when RV(verdict=ERROR) and the task fails
  sample: DLF.6888
http_status:
  description: HTTP status, or null if there was no response.
  type: int
  returned: when RV(verdict=ERROR) and the task fails
  sample: 400
request_id:
  description:
    - ID of the request (header C(X-Request-Id)), for the vendor's support. Null if the service did not return one.
  type: str
  returned: when RV(verdict=ERROR) and the task fails
  sample: 7f4c2d5e0b1a4c3d9e8f7a6b5c4d3e2f
method:
  description: HTTP method of the request that failed.
  type: str
  returned: when RV(verdict=ERROR) and the task fails
  sample: GET
path:
  description: Path of the request that failed, without its query.
  type: str
  returned: when RV(verdict=ERROR) and the task fails
  sample: /v1/0123456789abcdef0123456789abcdef/jobs/job_sms/status
request_log:
  description:
    - A line for each request with method, host, path, status, time and request ID, or the reason if there was no response.
  type: list
  elements: str
  returned: at the verbosity C(-vvv) with C(async), otherwise the lines are printed
  version_added: 2.0.0
  sample:
    - "GET dayu-dlf.cn-north-4.myhuaweicloud.com/v1/0123456789abcdef0123456789abcdef/jobs?offset=0: HTTP 200, 87 ms"
"""

from typing import Any, Dict

from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import WORKSPACE
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.options import REAL_TIME_GATE, SELECTION
from ansible_collections.datagate.huaweicloud.plugins.module_utils._module import Invocation, run
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.real_time_jobs import RealTimeJobs

ARGUMENTS = {**WORKSPACE, **SELECTION, **REAL_TIME_GATE}
SERVICE = "dataarts"


def observe(invocation: Invocation) -> Dict[str, Any]:
    policy = options.policy(invocation.params, once=invocation.module.check_mode, warn=invocation.module.warn)
    selection = options.selection(invocation.params)
    session = invocation.connect()
    source = RealTimeJobs(session, session.connection.workspace, selection, policy.node_runs)
    return invocation.observe(policy, selection, source, session)


BODY = observe


def main() -> None:
    run(ARGUMENTS, SERVICE, BODY)


if __name__ == "__main__":
    main()
