#!/usr/bin/python
# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: dli_job_progress
short_description: Wait until SQL jobs of Data Lake Insight have finished, and fail when they do not
version_added: 0.1.0
description:
  - Reads state and progress of SQL jobs of Data Lake Insight (DLI) and judges them. With O(wait) it is a gate. It
    observes the jobs until all have finished, until one has failed, was cancelled or hangs, or until the time is
    over.
  - A job is ready when it is V(FINISHED). V(FAILED) and V(CANCELLED) are final, and with O(wait) they fail the task
    at once. In V(LAUNCHING), V(RUNNING) and V(SCALING) a job is on its way.
author:
  - datagate contributors (@datagate)
options:
  job_ids:
    description:
      - IDs of the jobs, as a list or as one string with commas. The ID is what DLI returns when the job is submitted.
      - An ID is refused if it is V(.) or V(..), or has a slash, a control character or more than 128 characters.
      - Giving it under both of its names is an error, even if one of them is in C(module_defaults).
    type: list
    elements: str
    required: true
    aliases:
      - job_id
  stall_timeout:
    description:
      - Seconds that a job may be V(RUNNING) without any change in its progress, its current sub-job or its tasks
        before it fails as stalled. V(0) is never.
      - Set it well above the time that the longest single task takes.
      - Has a meaning only with O(wait=true).
    type: float
    default: 0
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
  - Only the state decides. The progress that DLI shows is the one of the sub-job that runs, so it falls back when the
    next sub-job begins. A failed sub-job or task does not mean that the job has failed, because DLI may try it again.
  - If DLI answers that the queue is busy or its back end too old (DLI.0999), the module asks for the job's status
    instead, which has no progress. It asks for the status also when a job has failed and the progress names no
    reason. The status of a job holds its SQL statement, in C(statement). Where this is secret, use C(no_log).
    O(return_jobs=none) leaves out RV(jobs), but neither RV(job) nor what RV(resume) keeps of them.
seealso:
  - module: datagate.huaweicloud.dataarts_job_status
  - module: datagate.huaweicloud.dataarts_job_info
  - name: Querying the Job Execution Progress
    description: The vendor's page about the progress of a DLI job.
    link: https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0296.html
  - name: Querying Job Status
    description: The vendor's page about the status of a DLI job.
    link: https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0021.html
extends_documentation_fragment:
  - datagate.huaweicloud.attributes
  - datagate.huaweicloud.connection
  - datagate.huaweicloud.gate
"""

EXAMPLES = r"""
---
- name: Wait up to two hours until a job has finished (credentials, region and project come from the environment)
  datagate.huaweicloud.dli_job_progress:
    job_id: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
    wait: true
    wait_timeout: 7200
  delegate_to: localhost

- name: Look once and show how far it is
  datagate.huaweicloud.dli_job_progress:
    job_id: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
  delegate_to: localhost
  register: report

- name: Show it
  ansible.builtin.debug:
    msg: "{{ report.job.status }}, progress {{ ((report.job.progress or 0) * 100) | round | int }} %"

- name: Set the connection once for all tasks
  module_defaults:
    group/datagate.huaweicloud.huaweicloud:
      region: cn-north-4
      project_id: 0123456789abcdef0123456789abcdef
      access_key: "{{ vault_access_key }}"
      secret_key: "{{ vault_secret_key }}"
  delegate_to: localhost
  block:
    - name: Wait for several jobs that were submitted just now, at most a quarter of an hour without any movement
      datagate.huaweicloud.dli_job_progress:
        job_ids: "{{ submitted_job_ids }}"
        wait: true
        wait_initial_delay: 5
        wait_interval: 15
        wait_timeout: 3600
        missing: wait
        stall_timeout: 900

    - name: Go on only when the real-time jobs that read their results run as well
      datagate.huaweicloud.dataarts_job_status:
        tags: reports
        wait: true

- name: Wait, but decide for yourself what to do about it
  datagate.huaweicloud.dli_job_progress:
    job_id: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
    wait: true
  delegate_to: localhost
  register: gate
  failed_when: false

- name: Submit the job again
  ansible.builtin.command:
    cmd: /opt/pipelines/submit.sh daily_report
  changed_when: true
  when: gate.verdict | default('ERROR') == 'FAIL'
"""

RETURN = r"""
jobs:
  description:
    - The jobs, each with its own verdict, in the order of O(job_ids). O(return_jobs) says which. A job that
      O(missing=ok) leaves out is not among them.
    - Further fields of the service may be there, with names in snake case.
  type: list
  elements: dict
  returned: always, except when the options or the credentials cannot be used
  contains:
    job_id:
      description: ID of the job.
      type: str
      returned: always
      sample: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
    status:
      description:
        - State of the job when it was read last, or null if it does not exist or was never read.
        - It is V(LAUNCHING), V(RUNNING) or V(SCALING), then V(FINISHED), V(FAILED) or V(CANCELLED).
      type: str
      returned: always
      sample: RUNNING
    progress:
      description:
        - Rough progress of the sub-job that runs, or of the job at its beginning and end, from 0 to 1. Null if it is
          not known.
      type: float
      returned: always
      sample: 0.45
    sub_job_id:
      description: ID of the sub-job that runs, or null if none does. The first one is 0.
      type: int
      returned: always
      sample: 1
    sub_jobs:
      description:
        - The sub-jobs as Spark describes them, while the job runs. Empty before and after.
        - Times such as V(Mon Jul 27 17:24:03 CST 2020) are passed on as they come, because the name of their time
          zone is ambiguous.
      type: list
      elements: dict
      returned: always
      contains:
        id:
          description: ID of the sub-job.
          type: int
          returned: when the service says so
          sample: 0
        name:
          description: Name of the sub-job.
          type: str
          returned: when the service says so
          sample: runJob at FileFormatWriter.scala:266
        status:
          description: V(RUNNING), V(SUCCEEDED), V(FAILED) or V(UNKNOWN).
          type: str
          returned: when the service says so
          sample: RUNNING
        submission_time:
          description: When the sub-job was submitted.
          type: str
          returned: when the service says so
          sample: Mon Jul 27 17:24:03 CST 2020
        num_tasks:
          description:
            - How many tasks the sub-job has. There are such counters also for tasks and stages in each state.
          type: int
          returned: when the service says so
          sample: 40
    tasks:
      description:
        - The tasks of all sub-jobs together. Null before any sub-job was seen, and the last ones seen when the job
          has ended.
      type: dict
      returned: always
      contains:
        total:
          description: All tasks.
          type: int
          returned: always
          sample: 52
        completed:
          description: Tasks that are done.
          type: int
          returned: always
          sample: 45
        active:
          description: Tasks that run.
          type: int
          returned: always
          sample: 4
        failed:
          description: Tasks that failed, whether or not they were tried again.
          type: int
          returned: always
          sample: 0
        skipped:
          description: Tasks that were not needed.
          type: int
          returned: always
          sample: 3
        killed:
          description: Tasks that were killed.
          type: int
          returned: always
          sample: 0
    message:
      description: What the service says about the job, above all the reason why it failed. Often empty.
      type: str
      returned: always
      sample: ""
    verdict:
      description: What is to be said of this job alone, V(PASS), V(FAIL) or V(PENDING).
      type: str
      returned: always
      choices:
        - PASS
        - FAIL
        - PENDING
      sample: PENDING
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
      description: When the job was started, in epoch milliseconds.
      type: int
      returned: when the status of the job had to be asked for
      sample: 1595841843000
    duration:
      description: How long the job has run, in milliseconds.
      type: int
      returned: when the status of the job had to be asked for
      sample: 61000
    job_type:
      description: What the job does, such as V(QUERY) or V(INSERT).
      type: str
      returned: when the status of the job had to be asked for
      sample: QUERY
    queue_name:
      description: Queue that the job runs in.
      type: str
      returned: when the status of the job had to be asked for
      sample: reports
  sample:
    - job_id: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
      message: ""
      progress: 0.45
      reasons:
        - code: still_pending
          job: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
          log_path: null
          message: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b is RUNNING
          node: null
          status: RUNNING
      status: RUNNING
      sub_job_id: 1
      sub_jobs:
        - id: 0
          num_tasks: 40
          status: SUCCEEDED
        - id: 1
          num_tasks: 12
          status: RUNNING
      tasks:
        active: 4
        completed: 45
        failed: 0
        killed: 0
        skipped: 3
        total: 52
      verdict: PENDING
job:
  description:
    - The job, with the same fields as in RV(jobs), if there is exactly one. It is there whatever O(return_jobs) says.
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
      sample: DLI job
    entry:
      description: The entry point of the role P(datagate.huaweicloud.job_gate#role); null in a task of the module's own.
      type: str
      sample: null
    selection:
      description: The options that select the jobs, as far as they were given.
      type: dict
      sample: {"job_ids": ["85798b38-ae44-48eb-bb90-7cf0dcdafe7b"]}
    wait:
      description: Whether it waits.
      type: bool
      sample: true
    wait_for:
      description: The states in which a job is ready.
      type: list
      elements: str
      sample: [FINISHED]
    fail_states:
      description: The failing states of a job.
      type: list
      elements: str
      sample: [CANCELLED, FAILED]
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
    - V(PASS), all jobs are ready.
    - V(FAIL), a job has failed, or it does not exist.
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
    FAIL after 42 s: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b is FAILED: Table orders_raw not found.
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
        - V(dli_failed), the job is FAILED; the service's own reason is in the message where it gives one.
        - V(dli_cancelled), somebody cancelled the job.
        - V(stalled), the job is RUNNING, and nothing has moved in it for O(stall_timeout) seconds.
        - V(job_missing), the job does not exist.
        - V(denied), the credentials were refused, or a permission is missing (HTTP 401 or 403).
        - V(unreadable), the job could not be read for another reason.
        - V(unknown_state), the job is in a state that this collection does not know, or shows none.
        - V(still_pending), the job is on its way, or it was not read at all.
      type: str
      returned: always
      sample: dli_failed
    job:
      description: ID of the job, or null if the reason concerns all of them.
      type: str
      returned: always
      sample: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
    node:
      description: Always null, because DLI jobs have no nodes.
      type: str
      returned: always
      sample: null
    status:
      description: State of the job when it was read last, or null if none is known.
      type: str
      returned: always
      sample: FAILED
    message:
      description: The reason in one sentence.
      type: str
      returned: always
      sample: '85798b38-ae44-48eb-bb90-7cf0dcdafe7b is FAILED: Table orders_raw not found'
    log_path:
      description: Always null, because the service names no logs.
      type: str
      returned: always
      sample: null
  sample:
    - code: dli_failed
      job: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
      log_path: null
      message: '85798b38-ae44-48eb-bb90-7cf0dcdafe7b is FAILED: Table orders_raw not found'
      node: null
      status: FAILED
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
  sample: 5
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
      description: ID of the job.
      type: str
      returned: always
      sample: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
    node:
      description: Always null, because DLI jobs have no nodes.
      type: str
      returned: always
      sample: null
    previous:
      description: The state before, or null if this is the first one that was seen.
      type: str
      returned: always
      sample: RUNNING
    status:
      description: The new state, or null if the job is gone.
      type: str
      returned: always
      sample: FINISHED
  sample:
    - at: 0.004
      job: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
      node: null
      previous: null
      status: RUNNING
    - at: 30.112
      job: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
      node: null
      previous: RUNNING
      status: FINISHED
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
    RUNNING: 1
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
  sample: stall_timeout
error_code:
  description: Code of the service or its gateway, or null if the answer held none or there was no answer.
  type: str
  returned: when RV(verdict=ERROR) and the task fails
  sample: DLI.0999
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
  sample: /v1/0123456789abcdef0123456789abcdef/jobs/85798b38-ae44-48eb-bb90-7cf0dcdafe7b/progress
"""

from typing import Any, Dict

from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.arguments import DLI_GATE, DLI_SELECTION
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.dli_jobs import DliJobs
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.module import Door, run
from ansible_collections.datagate.huaweicloud.plugins.module_utils.gate import options

ARGUMENTS = {**DLI_SELECTION, **DLI_GATE}
SERVICE = "dli"


def observe(door: Door) -> Dict[str, Any]:
    policy = options.dli_policy(door.params, once=door.module.check_mode)
    selection = options.dli_selection(door.params)
    session = door.connect()
    return door.observe(policy, selection, DliJobs(session), session)


BODY = observe


def main() -> None:
    run(ARGUMENTS, SERVICE, BODY)


if __name__ == "__main__":
    main()
