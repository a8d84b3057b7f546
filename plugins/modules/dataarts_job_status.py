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
  - Reads real-time jobs of DataArts Factory with their nodes and judges them. With O(wait) it is a gate. It observes
    the jobs until all are ready together, until one has failed, or until the time is over.
  - What ready means is up to you. It can be running (V(NORMAL)), stopped, running for some time, restarted, or
    working on records.
  - Batch jobs have no state of this kind. See M(datagate.huaweicloud.dataarts_job_info) for them.
author:
  - datagate contributors (@datagate)
options:
  job_names:
    description:
      - Names of the jobs, as a list or as one string with commas.
      - A name is refused if it is V(.) or V(..), or has a slash, a control character or more than 128 characters.
      - One of O(job_names), O(tags) and O(name_contains) must be given, and only one.
      - Giving it under two of its names is an error, even if one of them is in C(module_defaults).
    type: list
    elements: str
    aliases:
      - job_name
      - name
  tags:
    description:
      - Selects the real-time jobs with these tags. How several tags are combined is up to the service.
      - The selection is settled by the first observation in which the list could be read and held O(min_jobs) jobs.
        Jobs that are created later do not count.
    type: list
    elements: str
  name_contains:
    description:
      - Selects the real-time jobs whose names contain this text. Upper and lower case differ.
      - The selection is settled like one by O(tags).
    type: str
  exclude_names:
    description:
      - Names of jobs to leave out of the selection, as shell patterns (V(*), V(?), V([abc])). A pattern must fit the
        whole name, and upper and lower case differ.
    type: list
    elements: str
    default: []
  min_jobs:
    description:
      - How many jobs the selection must hold, 1 or more, so that a tag that nobody has set does not pass. Fewer are a
        failure at once, and never ready.
      - With O(wait=true) and O(missing=wait), jobs selected by O(tags) or O(name_contains) are waited for.
    type: int
    default: 1
attributes:
  action:
    description: Has an action plugin, so that a part of it runs on the controller.
    support: full
    details:
      - It shows the lines of O(progress).
      - A task for the controller itself (connection V(local), the Python that runs the playbook, without C(become),
        C(async) and C(environment)) runs in the controller's own process, which saves the start of a module. Options
        and results are the same.
  check_mode:
    details:
      - The module reads in check mode, too. With O(wait=true) it observes once and does not wait. RV(verdict=FAIL)
        and RV(verdict=ERROR) fail the task, and everything else is returned as it is.
notes:
  - Where reading the nodes of all jobs does not fit into O(wait_interval) at O(requests_per_second) (with the
    defaults, for more than 200 jobs), an observation reads the job list and then the nodes of those jobs only that
    the list shows ready or failing. The nodes of jobs in other states are seen later, when these get ready. V(PASS)
    is never given without recent readings of all nodes.
  - When a job list and a reading of a job disagree, the later one counts. A failure or an absence that only the list
    shows is first confirmed by reading the job.
  - C(running_data) and C(extend_counter) of a node may hold parameters of the job. Where these are secret, use
    C(no_log). O(return_jobs=none) leaves out RV(jobs), but neither RV(job) nor what RV(resume) keeps of them.
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

- name: Go on only if nothing is failing now, without waiting
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
    - name: Read the job before its restart; if this is its first deployment, it is not there yet
      datagate.huaweicloud.dataarts_job_status:
        job_name: job_orders_stream
        missing: ok
      register: before

    - name: Stop it
      ansible.builtin.command:
        cmd: /opt/pipelines/stop.sh job_orders_stream
      changed_when: true
      when: before.job is not none

    - name: Wait until it is drained, even if it is in EXCEPTION for a while
      datagate.huaweicloud.dataarts_job_status:
        job_name: job_orders_stream
        wait: true
        wait_for: STOPPED
        fail_on_exception: false
        missing: ok
        wait_timeout: 300

    - name: Deploy and start it
      ansible.builtin.command:
        cmd: /opt/pipelines/deploy.sh job_orders_stream
      changed_when: true

    - name: Wait until it has really been restarted, stays up for half a minute and works on records
      datagate.huaweicloud.dataarts_job_status:
        job_name: job_orders_stream
        wait: true
        wait_timeout: 900
        missing: wait
        started_after: "{{ (before.job.start_time | default(0, true)) + 1 }}"
        exception_grace: 20
        stable_for: 30
        require_records: true

- name: Wait for all jobs with a tag, at least 40 of them, and let two of them fail
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

- name: Treat a job that somebody has stopped like one that has failed, and a flaky node like none
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

- name: Wait, but decide for yourself what to do about it
  datagate.huaweicloud.dataarts_job_status:
    job_name: job_sms
    wait: true
    wait_timeout: 120
  delegate_to: localhost
  register: gate
  failed_when: false

- name: Say what the gate found
  ansible.builtin.debug:
    msg: "{{ gate.msg }}"

- name: Roll back
  ansible.builtin.command:
    cmd: /opt/pipelines/rollback.sh job_sms
  changed_when: true
  when: gate.verdict | default('ERROR') != 'PASS'

- name: Begin a gate of up to two hours, and come back after ten minutes or at a change
  datagate.huaweicloud.dataarts_job_status:
    tags: orders
    wait: true
    wait_timeout: 7200
    slice_timeout: 600
  delegate_to: localhost
  register: first_slice

- name: Tell the others how far it is
  ansible.builtin.debug:
    msg: "{{ first_slice.msg }}"

- name: Go on with the same gate if it is not over yet, now to its end
  datagate.huaweicloud.dataarts_job_status:
    tags: orders
    wait: true
    wait_timeout: 7200
    resume: "{{ first_slice.resume }}"
  delegate_to: localhost
  when: first_slice.verdict == 'PENDING'

- name: Only look, and show the state of every node
  datagate.huaweicloud.dataarts_job_status:
    job_name: job_sms
  delegate_to: localhost
  register: sms

- name: Show it
  ansible.builtin.debug:
    msg: "{{ sms.job.nodes | items2dict(key_name='name', value_name='status') }}"
"""

RETURN = r"""
jobs:
  description:
    - The jobs, each with its nodes and its own verdict, in the order of O(job_names) or of the job list.
      O(return_jobs) says which. A job that O(missing=ok) leaves out is not among them.
    - The fields are those of the service, with names in snake case. Any but C(name), C(status), C(nodes), C(verdict)
      and C(reasons) may be absent, and others may be there. Where the job list was read, its fields are there as
      well, as in M(datagate.huaweicloud.dataarts_job_info). Times are epoch milliseconds.
  type: list
  elements: dict
  returned: always, except when the options or the credentials cannot be used
  contains:
    name:
      description: Name of the job.
      type: str
      returned: always
      sample: job_sms
    status:
      description:
        - State of the job when it was read last, or null if it does not exist, shows no state, or was never read.
        - V(STARTING), V(NORMAL), V(EXCEPTION), V(STOPPING) and V(STOPPED) are those that all regions have. Newer ones
          also have V(PAUSE), V(ABNORMAL), V(DISABLE), V(OVERLOAD) and V(INIT).
      type: str
      returned: always
      sample: NORMAL
    verdict:
      description: What is to be said of this job alone, V(PASS), V(FAIL) or V(PENDING).
      type: str
      returned: always
      choices:
        - PASS
        - FAIL
        - PENDING
      sample: FAIL
    reasons:
      description: The reasons for it. The same fields as in RV(reasons).
      type: list
      elements: dict
      returned: always
    read_at:
      description: Seconds since the start of the gate at which the job was read last, null if it was not read.
      type: float
      returned: always
      sample: 12.1
    start_time:
      description: When the job was started.
      type: int
      returned: when the service says so
      sample: 1551409465000
    end_time:
      description: When the job was stopped.
      type: int
      returned: when the service says so
      sample: 1551409400000
    last_update_time:
      description: When the job was last changed.
      type: int
      returned: when the service says so
      sample: 1551409406000
    create_user:
      description: Who created the job.
      type: str
      returned: when the service says so
      sample: ops
    last_modify_user:
      description: Who changed the job last.
      type: str
      returned: when the service says so
      sample: ops
    nodes:
      description:
        - The nodes of the job when they were read last. Empty if they were not read, or if the service names none.
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
          description: State of the node, one of those that jobs can have, or null if it shows none.
          type: str
          returned: always
          sample: EXCEPTION
        type:
          description:
            - What the node does, such as V(DLI SQL), V(CDM Job) or V(MRS Spark), or null if the service does not say.
              New types come up.
          type: str
          returned: always
          sample: DLI SQL
        log_path:
          description: Where the node writes its log, or null if the service does not say.
          type: str
          returned: always
          sample: obs://dlf-log-0123456789abcdef/job_sms/DLI_SMS_GES/DLI_SMS_GES.job
        last_instance_status:
          description:
            - How the last run of the node went, in lower case, such as V(waiting), V(running), V(success) or V(fail).
          type: str
          returned: when the service says so
          sample: waiting
        job_instance_id:
          description: ID of the node's run.
          type: int
          returned: when the service says so
          sample: 0
        speed:
          description: Rate at which the node writes.
          type: float
          returned: when the service says so
          sample: 118.5
        buffer_records:
          description: How many records wait in the node's buffer.
          type: int
          returned: when the service says so
          sample: 0
        total_get_records:
          description: How many records the node has read.
          type: int
          returned: when the service says so
          sample: 8602
        total_get_bytes:
          description: How many bytes the node has read.
          type: int
          returned: when the service says so
          sample: 0
        total_put_records:
          description: How many records the node has written.
          type: int
          returned: when the service says so
          sample: 8596
        total_put_bytes:
          description: How many bytes the node has written.
          type: int
          returned: when the service says so
          sample: 0
        running_data:
          description: What the node keeps while it runs, as JSON text. It may hold parameters of the job.
          type: str
          returned: when the service says so
          sample: '{"streamName":"dis-event"}'
        extend_counter:
          description: Further counters, as JSON text.
          type: str
          returned: when the service says so
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
          job: job_sms
          log_path: obs://dlf-log-0123456789abcdef/job_sms/DLI_SMS_GES/DLI_SMS_GES.job
          message: 'job_sms: node DLI_SMS_GES is EXCEPTION'
          node: DLI_SMS_GES
          status: EXCEPTION
      start_time: 1551409465000
      status: NORMAL
      verdict: FAIL
job:
  description:
    - The job, with the same fields as in RV(jobs), if the gate is about exactly one. It is there whatever
      O(return_jobs) says.
    - Null if there are several, or none because O(missing=ok) has left it out.
  type: dict
  returned: always, except when the options or the credentials cannot be used
notes:
  description:
    - What did not decide and should be known, with the keys of RV(reasons).
  type: list
  elements: dict
  returned: always, except when the options or the credentials cannot be used
  sample: []
gate:
  description:
    - What was asked, of whom, and with whose key. Nothing of it is secret.
  type: dict
  returned: always, except when the options or the credentials cannot be used
  contains:
    kind:
      description: What the gate is about.
      type: str
      sample: job
    entry:
      description: The entry point of the role P(datagate.huaweicloud.job_gate#role); null in a task of the module's own.
      type: str
      sample: null
    selection:
      description: The options that select the jobs, as far as they were given.
      type: dict
      sample: {"job_names": ["job_sms"]}
    wait:
      description: Whether it waits.
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
      description: Seconds that the gate may take; null where it does not wait.
      type: float
      sample: 600.0
    region:
      description: The region, null where only endpoints were given.
      type: str
      sample: cn-north-4
    project_id:
      description: ID of the project, null where it was not found out.
      type: str
      sample: 0123456789abcdef0123456789abcdef
    workspace:
      description: ID of the workspace, null for the default one and for DLI.
      type: str
      sample: null
    credentials:
      description: Where the credentials came from (C(place)), and the first letters of the access key (C(key)) where there is one.
      type: dict
      sample: {"place": "the environment", "key": "AKNE"}
verdict:
  description:
    - What the gate says about all jobs together.
    - V(PASS), all jobs are ready, or no more than O(max_failing) have failed and the others are ready.
    - V(FAIL), a job has failed, does not exist, or too few jobs were found.
    - V(PENDING), nothing has failed, but not all is ready. It comes only from a slice (see O(slice_timeout)), in check
      mode, or from a reading without O(wait), and never fails the task.
    - V(TIMEOUT), O(wait_timeout) seconds have passed, and not all is ready.
    - V(ERROR), jobs could not be read, and nothing that was read has failed.
  type: str
  returned: always, except when the options or the credentials cannot be used
  choices:
    - PASS
    - FAIL
    - PENDING
    - TIMEOUT
    - ERROR
  sample: FAIL
msg:
  description:
    - The verdict in a sentence or two, with the jobs that are to blame (ten at most), their last states, and the path
      of a log where one is known.
    - If the options or the credentials cannot be used, what is wrong with them.
  type: str
  returned: always
  sample: >-
    FAIL after 0.1 s: job_sms: node DLI_SMS_GES is EXCEPTION
    (log obs://dlf-log-0123456789abcdef/job_sms/DLI_SMS_GES/DLI_SMS_GES.job).
    0 of 2 jobs ready (1 NORMAL, 1 STARTING).
reasons:
  description:
    - What stands against V(PASS), the worst first. With V(PASS) it is empty, except for what was tolerated.
  type: list
  elements: dict
  returned: always, except when the options or the credentials cannot be used
  contains:
    code:
      description:
        - What kind of reason it is.
        - V(job_exception), the job is in one of O(fail_states).
        - V(node_exception), a node of the job is V(EXCEPTION) or V(ABNORMAL).
        - V(job_missing), the job does not exist; the message names similar jobs and says if a batch job has that
          name.
        - V(too_few_jobs), the selection holds fewer than O(min_jobs) jobs.
        - V(denied), the credentials were refused, or a permission is missing (HTTP 401 or 403, or the error code
          DLF.6888).
        - V(unreadable), the job could not be read for another reason.
        - V(unknown_state), the job is in a state that this collection does not know, or shows none.
        - V(still_pending), the job is on its way, or in a failing state that O(fail_on_exception=false) waits out, or
          its nodes were not read yet, or it was not read at all.
        - V(not_restarted), the job is ready, but was not started after O(started_after).
        - V(no_records), the job is ready, but idle (see O(require_records)).
        - V(not_stable), all jobs are ready, but not yet for O(stable_for) seconds.
      type: str
      returned: always
      sample: node_exception
    job:
      description: Name of the job, or null if the reason concerns all of them.
      type: str
      returned: always
      sample: job_sms
    node:
      description: Name of the node, or null if the reason is the job's own.
      type: str
      returned: always
      sample: DLI_SMS_GES
    status:
      description: State of the job or node when it was read last, or null if none is known.
      type: str
      returned: always
      sample: EXCEPTION
    message:
      description: The reason in one sentence.
      type: str
      returned: always
      sample: 'job_sms: node DLI_SMS_GES is EXCEPTION'
    log_path:
      description: Where the node writes its log, or one of the job's nodes, or null if none is known.
      type: str
      returned: always
      sample: obs://dlf-log-0123456789abcdef/job_sms/DLI_SMS_GES/DLI_SMS_GES.job
  sample:
    - code: node_exception
      job: job_sms
      log_path: obs://dlf-log-0123456789abcdef/job_sms/DLI_SMS_GES/DLI_SMS_GES.job
      message: 'job_sms: node DLI_SMS_GES is EXCEPTION'
      node: DLI_SMS_GES
      status: EXCEPTION
elapsed:
  description: Seconds that it took. With O(resume), those since the first slice began.
  type: float
  returned: always, except when the options or the credentials cannot be used
  sample: 42.17
polls:
  description: How many observations were begun, in all slices so far.
  type: int
  returned: always, except when the options or the credentials cannot be used
  sample: 5
requests:
  description:
    - How many HTTP requests were sent, with retries and those for a token or a project's ID, in all slices so far.
  type: int
  returned: always, except when the options or the credentials cannot be used
  sample: 14
history:
  description:
    - Every change of a state that was seen, oldest first, 1000 entries at most.
    - If there are more, the first sightings (with V(null) as C(previous)) are left out first, because they say least.
  type: list
  elements: dict
  returned: always, except when the options or the credentials cannot be used
  contains:
    at:
      description: When it was seen, in seconds since the gate began.
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
      description: The state before, or null if this is the first one that was seen.
      type: str
      returned: always
      sample: STARTING
    status:
      description: The new state, or null if the job is gone or shows none.
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
  description: How many entries RV(history) has lost because there were more than 1000.
  type: int
  returned: always, except when the options or the credentials cannot be used
  sample: 0
by_status:
  description:
    - How many jobs are in which state, whatever O(return_jobs) says. Jobs that O(missing=ok) leaves out are not counted.
    - Jobs that do not exist are counted as V(missing), those that were not read yet as V(not read), and those that show
      no state as V(without a state).
  type: dict
  returned: always, except when the options or the credentials cannot be used
  sample:
    NORMAL: 1
    STARTING: 1
resume:
  description:
    - What O(resume) of the next slice needs in order to go on with the gate. Null unless a slice has ended before there
      was a verdict (see O(slice_timeout)).
  type: str
  returned: always, except when the options or the credentials cannot be used
  sample: 2.5d1c0f3a9b7e2468.eJyrVkpUslIqLkksSVWqBQAcWQRn
option:
  description: The option that cannot be used.
  type: str
  returned: when an option cannot be used
  sample: started_after
error_code:
  description: Code of the service or its gateway, or null if the answer held none or there was no answer.
  type: str
  returned: when RV(verdict=ERROR) and the task fails
  sample: DLF.6888
http_status:
  description: HTTP status, or null if there was no answer.
  type: int
  returned: when RV(verdict=ERROR) and the task fails
  sample: 400
request_id:
  description:
    - What the service calls the request (header C(X-Request-Id)), for the vendor's support. Null if it did not say.
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
"""

from typing import Any, Dict

from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.arguments import (
    REAL_TIME_GATE,
    SELECTION,
    WORKSPACE,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.module import Door, run
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.real_time_jobs import RealTimeJobs
from ansible_collections.datagate.huaweicloud.plugins.module_utils.gate import options

ARGUMENTS = {**WORKSPACE, **SELECTION, **REAL_TIME_GATE}
SERVICE = "dataarts"


def observe(door: Door) -> Dict[str, Any]:
    policy = options.policy(door.params, once=door.module.check_mode)
    selection = options.selection(door.params)
    session = door.connect()
    return door.observe(policy, selection, RealTimeJobs(session, session.connection.workspace, selection), session)


BODY = observe


def main() -> None:
    run(ARGUMENTS, SERVICE, BODY)


if __name__ == "__main__":
    main()
