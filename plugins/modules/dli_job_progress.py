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
  - Reads state and progress of SQL jobs of Data Lake Insight (DLI) and returns a verdict. With O(wait) it is a gate,
    which observes the jobs until all have finished, one has failed, was cancelled or has stalled, or the time limit is
    reached.
  - A job is ready when it is V(FINISHED). V(FAILED) and V(CANCELLED) are final, and with O(wait) they fail the task
    immediately. V(LAUNCHING), V(RUNNING) and V(SCALING) are transitional states.
  - The queue reports the progress of a job, and the service its status. A job is finished only if both say so, which takes
    one more request for each job, once.
  - B(The most important options)
  - O(job_ids) - IDs of the jobs.
  - O(job_tags) - selects jobs by tags instead.
  - O(since) - with O(job_tags), jobs that were started earlier do not count.
  - O(newest) - with O(job_tags), only the newest attempt of each job counts. Default V(false).
  - O(wait) - waits for a verdict, instead of reading once. Default V(false).
  - O(wait_timeout) - time limit of the gate in seconds. Default V(600).
  - O(stall_timeout) - seconds without progress after which a job fails. Default V(0).
  - O(missing) - what to do about a job that does not exist. Default V(fail).
  - O(min_result_rows) - a job with fewer rows in its result fails.
  - O(cancel_on) - when the jobs that have not ended are cancelled.
  - B(Other options)
  - Selection - O(queue), O(min_jobs).
  - Failures - O(max_bad_rows), O(max_consecutive_errors).
  - Timing - O(wait_initial_delay), O(wait_interval).
  - Output and slices - O(progress), O(return_jobs), O(slice_timeout), O(resume).
  - Connection - O(region), O(project_id), O(access_key), O(secret_key) and others. They are usually set in the
    environment, or once in C(module_defaults).
author:
  - datagate contributors (@datagate)
options:
  job_ids:
    description:
      - IDs of the jobs, as a list or as one string with commas. The ID is what DLI returns when the job is submitted.
      - Required, unless O(job_tags), O(queue) or O(since) choose the jobs.
      - An ID is invalid if it is V(.) or V(..), or has a slash, a control character or more than 128 characters.
      - Setting the option under both of its names is an error, even if one of them is in C(module_defaults).
    type: list
    elements: str
    aliases:
      - job_id
  job_tags:
    description:
      - Selects the jobs that have all these tags, instead of O(job_ids). Keys and values are compared exactly.
      - The gate reads the job list, and watches the jobs that it finds in the first observation with at least O(min_jobs)
        jobs. With O(missing=wait) it waits until there are that many.
      - Jobs that were submitted after that are not part of the gate.
    type: dict
    version_added: 2.0.0
  queue:
    description:
      - Selects the jobs that run in this queue, instead of O(job_ids), or among the jobs with O(job_tags).
    type: str
    version_added: 2.0.0
  since:
    description:
      - Jobs that were started earlier do not count (for runs of batch jobs, runs that were planned earlier).
      - Selects jobs instead of O(job_ids), or among the jobs with O(job_tags) or in O(queue).
      - Epoch milliseconds, ISO 8601 with a time zone (V(2026-03-01T02:00:00Z)), or a time before the start of the gate
        (V(12h), with the units V(s), V(m), V(h), V(d), V(w)).
      - The list of DLI holds up to 10,000 jobs, and older jobs with the same tags count as well, failed ones too. So
        combine O(job_tags) with O(since).
    type: str
    version_added: 2.0.0
  newest:
    description:
      - Whether only the newest of the selected jobs with the same tags counts, for example the last attempt of a job that
        is submitted again when it fails.
      - Only used with O(job_tags), O(queue) or O(since).
    type: bool
    default: false
    version_added: 2.0.0
  min_jobs:
    description:
      - Minimum number of selected jobs. With fewer, the gate fails (V(too_few_jobs)), or, with O(missing=wait), waits.
    type: int
    default: 1
    version_added: 2.0.0
  stall_timeout:
    description:
      - Seconds that a job may be V(RUNNING) without any change in its progress, its current sub-job or its tasks
        before it fails as stalled. V(0) means never.
      - The first progress or tasks that are read count as a change, so the time starts with them.
      - Use a value well above the duration of the longest single task.
      - Only used with O(wait=true).
    type: float
    default: 0
  min_result_rows:
    description:
      - A finished job with fewer rows in its result (C(result_count), the rows that an INSERT has written or a query has
        returned) fails (V(too_few_rows)).
      - The number is read from the status of the job once it has finished. If the service returns no number, the job is pending,
        and the reason says so.
    type: int
    version_added: 2.0.0
  max_bad_rows:
    description:
      - A finished job with more bad rows (C(bad_row_count)) fails (V(bad_rows)). V(0) allows none.
      - The service counts bad rows of INSERT jobs only. If it returns no number, the job is pending, and the
        reason says so.
    type: int
    version_added: 2.0.0
  cancel_on:
    description:
      - When the gate cancels the jobs that have not ended. By default it never does, and the jobs go on and are billed,
        whatever the verdict is.
      - V(timeout), if the verdict is RV(verdict=TIMEOUT).
      - V(stalled), if a job has stalled (see O(stall_timeout)).
      - V(abort), if the task is interrupted - by SIGTERM, by SIGINT, or by its C(timeout). Within five seconds, each job
        is cancelled once, and a line names the jobs that were cancelled and those that may still run. This requires that
        the gate runs on the controller, or that the signal reaches the module. If C(ansible-playbook) is killed with
        SIGKILL, a gate on the controller notices this within a second and cancels the jobs as well, with ansible-core 2.19
        and newer. A gate that is killed itself cannot cancel anything - AWX kills the whole container of a cancelled job.
      - Before a job is cancelled, and after the service has rejected it, the state of the job is read. A job that has
        ended meanwhile is left alone.
      - Cancelling can take 30 seconds in addition to O(wait_timeout). In check mode nothing is cancelled.
      - Only used with O(wait=true).
    type: list
    elements: str
    default: []
    version_added: 2.0.0
attributes:
  check_mode:
    description: Can run in check mode and return the expected status without changing anything.
    support: full
    details:
      - The module also reads the jobs in check mode, and cancels nothing. With O(wait=true) it observes once and does not
        wait. RV(verdict=FAIL) and RV(verdict=ERROR) fail the task; other verdicts do not.
  diff_mode:
    description: Shows in diff mode what has changed or would change.
    support: none
    details:
      - RV(cancelled) contains the jobs that O(cancel_on) has cancelled.
  idempotent:
    description: A second run in the same situation makes no further changes.
    support: full
    details:
      - The module only cancels jobs, if O(cancel_on) is set. A cancelled job is not cancelled again.
notes:
  - Only the state determines the verdict. The progress is that of the running sub-job, so it drops when the next sub-job
    starts. A failed sub-job or task does not mean that the job has failed, because DLI may retry it.
  - If DLI responds that the queue is busy or its back end too old (DLI.0999), the module reads the job's status instead,
    which has no progress. It also reads the status if a job has failed and the progress contains no reason. The status
    of a job contains its SQL statement, in C(statement). If this is secret, use C(no_log). O(return_jobs=none) removes it
    from RV(jobs), but not from RV(job) or RV(resume).
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
  - datagate.huaweicloud.attributes.gates
  - datagate.huaweicloud.attributes
  - datagate.huaweicloud.connection
  - datagate.huaweicloud.gate
"""

EXAMPLES = r"""
---
- name: Wait up to ten minutes until a job has finished (credentials, region and project come from the environment)
  datagate.huaweicloud.dli_job_progress:
    job_id: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
    wait: true
  delegate_to: localhost

- name: Wait up to two hours for several jobs, and fail after 15 minutes without progress
  datagate.huaweicloud.dli_job_progress:
    job_ids:
      - 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
      - 2f6a11c0-5d5e-4b0e-9a56-3c1f0e7d8a90
    wait: true
    wait_interval: 15
    wait_timeout: 7200
    stall_timeout: 900
  delegate_to: localhost

- name: Wait for the jobs of a release by their tags, each in its newest attempt
  datagate.huaweicloud.dli_job_progress:
    job_tags:
      release: "42"
    since: 12h
    newest: true
    min_jobs: 3
    missing: wait
    wait: true
    wait_timeout: 7200
  delegate_to: localhost

# If the gate fails, the message contains the reason from the service, for example:
# FAIL after 42 s: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b is FAILED: Table orders_raw not found.
- name: Submit the job again if it has failed
  delegate_to: localhost
  block:
    - name: Wait for the job
      datagate.huaweicloud.dli_job_progress:
        job_id: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
        wait: true
      register: gate
  rescue:
    - name: Fail if it is not known that the job has failed
      ansible.builtin.fail:
        msg: "{{ gate.msg }}"
      when: gate.verdict | default('ERROR') != 'FAIL'

    - name: Submit the job again
      ansible.builtin.command:
        cmd: /opt/pipelines/submit.sh daily_report
      changed_when: true

- name: Read a job without waiting; its state does not fail the task
  datagate.huaweicloud.dli_job_progress:
    job_id: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
  delegate_to: localhost
  register: report

- name: Show its state and progress
  ansible.builtin.debug:
    msg: "{{ report.job.status }}, progress {{ ((report.job.progress or 0) * 100) | round | int }} %"

- name: Observe once in check mode, as with ansible-playbook --check; only FAIL and ERROR fail the task
  datagate.huaweicloud.dli_job_progress:
    job_id: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
    wait: true
  delegate_to: localhost
  check_mode: true

- name: Set the connection once for several tasks, with a key from a vault
  module_defaults:
    group/datagate.huaweicloud.huaweicloud:
      region: cn-north-4
      project_id: 0123456789abcdef0123456789abcdef
      access_key: "{{ vault_access_key }}"
      secret_key: "{{ vault_secret_key }}"
  delegate_to: localhost
  block:
    - name: Wait for a job that was just submitted and may not be visible yet
      datagate.huaweicloud.dli_job_progress:
        job_id: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
        missing: wait
        wait: true
        wait_initial_delay: 5

    - name: Wait until the real-time job that reads its result runs
      datagate.huaweicloud.dataarts_job_status:
        job_name: job_orders_stream
        wait: true

- name: Require rows in the result, allow no bad rows, and cancel the job at the time limit and at an interruption
  datagate.huaweicloud.dli_job_progress:
    job_id: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
    wait: true
    wait_timeout: 7200
    min_result_rows: 1
    max_bad_rows: 0
    cancel_on:
      - timeout
      - abort
  delegate_to: localhost
"""

RETURN = r"""
---
jobs:
  description:
    - The jobs, each with its own verdict, in the order of O(job_ids) or of the job list. O(return_jobs) selects them. Jobs that
      O(missing=ok) ignores are not included.
    - There may be additional fields of the service, with names in snake case.
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid
  contains:
    job_id:
      description: ID of the job.
      type: str
      returned: always
      sample: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
    status:
      description:
        - Last known state of the job, or null if the job does not exist or was never read.
        - It is V(LAUNCHING), V(RUNNING) or V(SCALING), then V(FINISHED), V(FAILED) or V(CANCELLED).
      type: str
      returned: always
      sample: RUNNING
    progress:
      description:
        - Approximate progress of the running sub-job, or of the job at its start and end, from 0 to 1. Null if it is not
          known.
      type: float
      returned: always
      sample: 0.45
    sub_job_id:
      description: ID of the running sub-job, or null if none is running. The first one is 0.
      type: int
      returned: always
      sample: 1
    sub_jobs:
      description:
        - The sub-jobs as reported by Spark while the job runs. Empty before and after.
        - Times such as V(Mon Jul 27 17:24:03 CST 2020) are returned unchanged, because the name of their time zone is
          ambiguous.
      type: list
      elements: dict
      returned: always
      contains:
        id:
          description: ID of the sub-job.
          type: int
          returned: when the service returns it
          sample: 0
        name:
          description: Name of the sub-job.
          type: str
          returned: when the service returns it
          sample: runJob at FileFormatWriter.scala:266
        status:
          description: V(RUNNING), V(SUCCEEDED), V(FAILED) or V(UNKNOWN).
          type: str
          returned: when the service returns it
          sample: RUNNING
        submission_time:
          description: When the sub-job was submitted.
          type: str
          returned: when the service returns it
          sample: Mon Jul 27 17:24:03 CST 2020
        num_tasks:
          description:
            - Number of tasks of the sub-job. There are also counters for tasks and stages in each state.
          type: int
          returned: when the service returns it
          sample: 40
    tasks:
      description:
        - The tasks of all sub-jobs together. Null before the first sub-job. After the end of the job, the last known
          values.
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
          description: Tasks that failed, including those that were retried.
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
      description: Message of the service about the job, mainly the reason for a failure. Often empty.
      type: str
      returned: always
      sample: ""
    # -- written by `make options`: job
    verdict:
      description: Verdict of this job, V(PASS), V(FAIL) or V(PENDING).
      type: str
      returned: always
      choices:
        - PASS
        - FAIL
        - PENDING
      sample: PASS
    reasons:
      description: Reasons for the verdict of this job, with the keys of RV(reasons). Empty for V(PASS).
      type: list
      elements: dict
      returned: always
      sample: []
    restarts:
      description: Number of restarts of the job during the gate, according to its C(start_time).
      type: int
      returned: always
      version_added: 2.0.0
      sample: 0
    read_at:
      description: Time of the last reading of the job, in seconds since the start of the gate. Null if it was not read.
      type: float
      returned: always
      version_added: 2.0.0
      sample: 12.1
    # -- end
    start_time:
      description: When the job was started, in epoch milliseconds.
      type: int
      returned: when the status of the job was read
      sample: 1595841843000
    duration:
      description: Duration of the job, in milliseconds.
      type: int
      returned: when the status of the job was read
      sample: 61000
    job_type:
      description: Type of the job, such as V(QUERY) or V(INSERT).
      type: str
      returned: when the status of the job was read
      sample: QUERY
    queue_name:
      description: Queue that the job runs in.
      type: str
      returned: when the status of the job was read
      sample: reports
    result_count:
      description: Number of rows in the result. Null if the service returns none.
      type: int
      returned: when the status of the job was read
      version_added: 2.0.0
      sample: 120
    bad_row_count:
      description: Number of bad rows of an INSERT job. Null if the service returns none.
      type: int
      returned: when the status of the job was read
      version_added: 2.0.0
      sample: 0
    tags:
      description: The tags of the job, each with C(key) and C(value).
      type: list
      elements: dict
      returned: when the status of the job was read and it has tags
      version_added: 2.0.0
      sample: [{"key": "release", "value": "42"}]
  sample:
    - job_id: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
      message: ""
      progress: 0.45
      read_at: 12.1
      reasons:
        - code: still_pending
          error_code: null
          job: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
          log_path: null
          message: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b is RUNNING
          node: null
          request_id: null
          status: RUNNING
      restarts: 0
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
cancelled:
  description: The IDs of the jobs that were cancelled because of O(cancel_on). C(changed) is true if there are any.
  type: list
  elements: str
  returned: always, except when the options or the credentials are invalid
  sample: []
  version_added: 2.0.0
# -- written by `make options`: gate
verdict:
  description:
    - Verdict for all jobs together.
    - V(PASS), all jobs are ready.
    - V(FAIL), a job has failed, was cancelled, has stalled or does not exist, or too few jobs are selected.
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
  sample: 'FAIL after 42 s: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b is FAILED: Table orders_raw not found.'
reasons:
  description: The reasons why the verdict is not V(PASS), the most severe first. With V(PASS) it only contains ignored jobs.
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid
  contains:
    code:
      description:
        - Code of the reason.
        - V(dli_failed), the job is V(FAILED). The message contains the reason from the service, if there is one.
        - V(dli_cancelled), the job was cancelled.
        - V(stalled), the job is V(RUNNING), but made no progress for O(stall_timeout) seconds.
        - V(too_few_rows), the job has finished with fewer result rows than O(min_result_rows).
        - V(bad_rows), the job has finished with more bad rows than O(max_bad_rows).
        - V(too_few_jobs), O(job_tags), O(queue) and O(since) select fewer jobs than O(min_jobs).
        - V(job_missing), the job does not exist, or disappeared during this gate.
        - V(denied), the credentials were rejected, or a permission is missing (HTTP 401 or 403, or the gateway's codes 0301,
          0303 and 0307).
        - V(unreadable), the job could not be read for another reason.
        - V(unknown_state), the job is in a state that this collection does not know, or has no state.
        - V(still_pending), the job is in a transitional state, or it was not read at all, or its last reading is too old,
          or the service does not return its number of rows.
      type: str
      returned: always
      sample: dli_failed
    job:
      description: ID of the job, or null if the reason concerns all jobs.
      type: str
      returned: always
      sample: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
    node:
      description: Always null, because these jobs have no nodes.
      type: str
      returned: always
      sample: null
    status:
      description: Last known state of the job, or null.
      type: str
      returned: always
      sample: FAILED
    message:
      description: The reason in one sentence.
      type: str
      returned: always
      sample: '85798b38-ae44-48eb-bb90-7cf0dcdafe7b is FAILED: Table orders_raw not found'
    log_path:
      description: Always null, because the service does not return log paths.
      type: str
      returned: always
      sample: null
    error_code:
      description: Error code of the service or its gateway, or null if the reason is not an error.
      type: str
      returned: always
      version_added: 2.0.0
      sample: null
    request_id:
      description: ID of the failed request (header C(X-Request-Id)), or null.
      type: str
      returned: always
      version_added: 2.0.0
      sample: null
  sample:
    - code: dli_failed
      error_code: null
      job: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
      log_path: null
      message: '85798b38-ae44-48eb-bb90-7cf0dcdafe7b is FAILED: Table orders_raw not found'
      node: null
      request_id: null
      status: FAILED
notes:
  description: Facts that do not affect the verdict, with the keys of RV(reasons).
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid
  version_added: 2.0.0
  sample: []
job:
  description:
    - The job, with the same fields as in RV(jobs), if there is exactly one. It does not depend on O(return_jobs).
    - Null if there are several, or none because O(missing=ok) ignores it.
  type: dict
  returned: always, except when the options or the credentials are invalid
by_status:
  description:
    - Number of jobs in each state. It does not depend on O(return_jobs). Jobs that O(missing=ok) ignores are not counted.
    - Jobs that do not exist are counted as V(missing), jobs that were not read yet as V(not read), and jobs without a state
      as V(without a state).
  type: dict
  returned: always, except when the options or the credentials are invalid
  sample:
    RUNNING: 1
elapsed:
  description: Duration of the gate in seconds. With O(resume), since the start of the first slice.
  type: float
  returned: always, except when the options or the credentials are invalid
  sample: 42.17
polls:
  description: Number of observations started in all slices so far.
  type: int
  returned: always, except when the options or the credentials are invalid
  sample: 5
requests:
  description: Number of HTTP requests in all slices so far, including retries and requests for a token or a project ID.
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
      sample: 30.112
    job:
      description: ID of the job.
      type: str
      returned: always
      sample: 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
    node:
      description: Always null, because these jobs have no nodes.
      type: str
      returned: always
      sample: null
    previous:
      description: The previous state, or null for the initial state.
      type: str
      returned: always
      sample: RUNNING
    status:
      description: The new state, or null if the job does not exist or has no state.
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
  description: Number of entries that were dropped from RV(history) because there were more than 1000.
  type: int
  returned: always, except when the options or the credentials are invalid
  sample: 0
resume:
  description: Value for O(resume) of the next slice, to continue the gate. Null unless a slice has ended before there was
    a verdict (see O(slice_timeout)).
  type: str
  returned: always, except when the options or the credentials are invalid
  sample: 3.5d1c0f3a9b7e2468.eJyrVkpUslIqLkksSVWqBQAcWQRn
gate:
  description: Selection, options, connection and credentials of the gate. It contains no secrets.
  type: dict
  returned: always, except when the options or the credentials are invalid
  version_added: 2.0.0
  contains:
    kind:
      description: Kind of the jobs.
      type: str
      sample: DLI job
    entry:
      description: The entry point of the role P(datagate.huaweicloud.job_gate#role). Null if the module is used directly.
      type: str
      sample: null
    selection:
      description: The options that select the jobs, without those that are not set.
      type: dict
      sample:
        job_ids:
          - 85798b38-ae44-48eb-bb90-7cf0dcdafe7b
    wait:
      description: Whether the gate waits.
      type: bool
      sample: true
    wait_for:
      description: The states in which a job is ready.
      type: list
      elements: str
      sample:
        - FINISHED
    fail_states:
      description: The failing states of a job.
      type: list
      elements: str
      sample:
        - CANCELLED
        - FAILED
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
      description: Always null, because DLI has no workspaces.
      type: str
      sample: null
    credentials:
      description: Source of the credentials (C(place)), and the first four characters of the access key (C(key)), or null
        if there is none.
      type: dict
      sample:
        place: the environment
        key: AKNE
# -- end
# -- written by `make options`: errors
option:
  description: The invalid option.
  type: str
  returned: when an option is invalid
  sample: stall_timeout
error_code:
  description: Code of the service or its gateway. Null if the response had none, or if there was no response.
  type: str
  returned: when RV(verdict=ERROR) and the task fails
  sample: DLI.0999
http_status:
  description: HTTP status, or null if there was no response.
  type: int
  returned: when RV(verdict=ERROR) and the task fails
  sample: 400
request_id:
  description: ID of the request (header C(X-Request-Id)), for the vendor's support. Null if the service did not return one.
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
# -- end
# -- written by `make options`: log
request_log:
  description: A line for each request with method, host, path, status, time and request ID, or the reason if there was no
    response.
  type: list
  elements: str
  returned: at the verbosity C(-vvv) with C(async); otherwise the lines are printed
  version_added: 2.0.0
  sample:
    - 'GET dayu-dlf.cn-north-4.myhuaweicloud.com/v1/0123456789abcdef0123456789abcdef/jobs?offset=0: HTTP 200, 87 ms'
# -- end
"""

from typing import Any, Dict

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.options import DLI_GATE, DLI_SELECTION
from ansible_collections.datagate.huaweicloud.plugins.module_utils._module import Invocation, run
from ansible_collections.datagate.huaweicloud.plugins.module_utils._orders.cancelling import Cancelling
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.dli_jobs import DliJobs

ARGUMENTS = {**DLI_SELECTION, **DLI_GATE}
SERVICE = "dli"


def observe(invocation: Invocation) -> Dict[str, Any]:
    policy = options.dli_policy(invocation.params, once=invocation.module.check_mode)
    selection = options.dli_selection(invocation.params)
    when = options.cancel_on(invocation.params)
    session = invocation.connect()
    source = DliJobs(session, selection.query, bool(policy.limited_rows))
    cancelling = Cancelling(when, source.service, session, invocation.note)
    return invocation.observe(policy, selection, source, session, cancelling)


BODY = observe


def main() -> None:
    run(ARGUMENTS, SERVICE, BODY)


if __name__ == "__main__":
    main()
