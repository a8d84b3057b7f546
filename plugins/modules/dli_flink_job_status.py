#!/usr/bin/python
# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: dli_flink_job_status
short_description: Wait until Flink jobs of Data Lake Insight run, and fail when they do not
version_added: 2.0.0
description:
  - Reads the state of Flink jobs of Data Lake Insight (DLI) and returns a verdict. With O(wait) it is a gate, which
    observes the jobs until all are ready, one has failed, or the time limit is reached.
  - A job is ready when it is V(job_running), or, for a bounded job, V(job_finish). O(wait_for) narrows this.
  - V(job_submit_fail), V(job_running_exception) and V(job_arrearage_stopped) are failures, and the message contains the
    reason from the service. V(job_init) and V(job_cancel_success) are states of a stopped job, and a gate waits for it
    to be started.
  - B(The most important options)
  - O(names) - names of the jobs.
  - O(job_ids) - IDs of the jobs instead, also of jobs of other users.
  - O(wait) - waits for a verdict, instead of reading once. Default V(false).
  - O(wait_timeout) - time limit of the gate in seconds. Default V(600).
  - O(wait_for) - states in which a job is ready. Default V([job_running, job_finish]).
  - O(stable_for) - seconds that all jobs must stay ready, together. Default V(0).
  - O(exception_grace) - seconds that a job may be failing before it counts. Default V(0).
  - O(started_after) - only a later start of a job counts, in epoch milliseconds.
  - O(missing) - what to do about a job that does not exist. Default V(fail).
  - O(fail_on_exception) - whether a failing job fails the task. Default is the value of O(wait).
  - B(Other options)
  - Failures - O(max_failing), O(max_consecutive_errors).
  - Timing - O(wait_initial_delay), O(wait_interval).
  - Output and slices - O(progress), O(return_jobs), O(slice_timeout), O(resume).
  - Connection - O(region), O(project_id), O(access_key), O(secret_key) and others. They are usually set in the
    environment, or once in C(module_defaults).
author:
  - datagate contributors (@datagate)
options:
  job_ids:
    description:
      - IDs of the jobs, which are numbers, as a list or as one string with commas.
      - Exactly one of O(job_ids) and O(names) is required. A job that is selected by its ID is found even if another user owns it.
    type: list
    elements: str
    aliases:
      - job_id
  names:
    description:
      - Names of the jobs, as a list or as one string with commas. They are exact.
      - The ID of a name is looked up in the job list, which may contain only the jobs of the user whose credentials are
        used. A name that the list does not contain is a missing job (see O(missing)); use O(job_ids) instead.
      - A name that several jobs have is an error.
    type: list
    elements: str
    aliases:
      - name
  wait_for:
    description:
      - States in which a job is ready. A job is ready in any of them. They are not case-sensitive.
      - For a streaming job, use V([job_running]). A job that ends (V(job_finish)) is then a failure.
      - For a bounded job, use V([job_finish]). V([job_cancel_success]) waits until a job is stopped.
      - The known states are V(job_init), V(job_submitting), V(job_running), V(job_downloading), V(job_canceling),
        V(job_cancel_success), V(job_cancel_fail), V(job_savepointing), V(job_arrearage_recovering) and V(job_finish).
        Any other state is accepted with a warning. Failing states are rejected.
    type: list
    elements: str
    default:
      - job_running
      - job_finish
  fail_on_exception:
    description:
      - Whether a failing state fails the task. If not set, it is the same as O(wait).
      - V(true) with O(wait=false) reads once and fails the task if a job is failing.
      - V(false) with O(wait=true) waits for a failing job like for any other that is not ready, until O(wait_timeout).
    type: bool
  max_failing:
    description:
      - Maximum number of failed jobs with which the gate can still pass. They are listed in RV(reasons).
    type: int
    default: 0
  exception_grace:
    description:
      - Seconds that a job may be in a failing state before it counts as a failure. Use this for jobs that restart by
        themselves after an exception (C(restart_when_exception)), which pass through V(job_running_exception).
      - The time accumulates over several failures, until the job has been ready for O(stable_for) seconds.
      - A job that is still failing at the end of O(wait_timeout) is a failure, whatever the grace period.
      - It must not be longer than O(wait_timeout). Only used with O(wait=true).
    type: float
    default: 0
  stable_for:
    description:
      - Seconds that all jobs must stay ready at the same time, without interruption, before the gate passes.
      - A job can be V(job_running) while it restarts again and again. So a restart also resets the time to 0. It is
        detected when C(restart_times) or C(start_time) differs from the previous reading. The reason is then
        V(restarted), and RV(jobs[].restarts) counts the restarts.
      - It must not be longer than O(wait_timeout). Only used with O(wait=true).
    type: float
    default: 0
  started_after:
    description:
      - Epoch milliseconds. A job is ready only if its C(start_time) is not older than this. Use it after a restart, so
        that a V(job_running) from before the restart does not count.
      - A job without a C(start_time) is not ready.
      - Only used with O(wait=true).
    type: int
notes:
  - The state V(job_idle) has no documented meaning. A job in it, or in any other unknown state, is pending
    (V(unknown_state)).
seealso:
  - module: datagate.huaweicloud.dli_job_progress
  - module: datagate.huaweicloud.dli_spark_job_status
  - name: Querying Job Details
    description: The vendor's page about the details of a Flink job.
    link: https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0235.html
extends_documentation_fragment:
  - datagate.huaweicloud.attributes.gates
  - datagate.huaweicloud.attributes
  - datagate.huaweicloud.connection
  - datagate.huaweicloud.gate
"""

EXAMPLES = r"""
---
- name: Wait up to ten minutes until a streaming job runs (credentials, region and project come from the environment)
  datagate.huaweicloud.dli_flink_job_status:
    name: orders_flink
    wait: true
    wait_for: job_running
  delegate_to: localhost

- name: Wait up to 15 minutes until two jobs have run together for two minutes without a restart
  datagate.huaweicloud.dli_flink_job_status:
    names:
      - orders_flink
      - clicks_flink
    wait: true
    wait_for: job_running
    wait_timeout: 900
    stable_for: 120
  delegate_to: localhost

- name: Wait until a bounded job has finished
  datagate.huaweicloud.dli_flink_job_status:
    job_id: 50322
    wait: true
    wait_for: job_finish
    wait_timeout: 7200
  delegate_to: localhost

# If the gate fails, the message contains the reason from the service, for example:
# FAIL after 42 s: orders_flink is job_running_exception: source topic is missing.
- name: Roll back if the job does not run
  delegate_to: localhost
  block:
    - name: Wait until the job runs
      datagate.huaweicloud.dli_flink_job_status:
        name: orders_flink
        wait: true
        wait_for: job_running
      register: gate
  rescue:
    - name: Roll back
      ansible.builtin.command:
        cmd: /opt/pipelines/rollback.sh orders_flink
      changed_when: true

    - name: Fail in any case
      ansible.builtin.fail:
        msg: "Rolled back. {{ gate.msg }}"

- name: Wait until a job is stopped, before a deployment
  datagate.huaweicloud.dli_flink_job_status:
    name: orders_flink
    wait: true
    wait_for: job_cancel_success
  delegate_to: localhost

- name: Fail if a job is failing now, without waiting
  datagate.huaweicloud.dli_flink_job_status:
    name: orders_flink
    fail_on_exception: true
  delegate_to: localhost

- name: Observe once in check mode, as with ansible-playbook --check; only FAIL and ERROR fail the task
  datagate.huaweicloud.dli_flink_job_status:
    name: orders_flink
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
    - name: Read the job before its restart
      datagate.huaweicloud.dli_flink_job_status:
        name: orders_flink
      register: before

    - name: Restart the job
      ansible.builtin.command:
        cmd: /opt/pipelines/restart.sh orders_flink
      changed_when: true

    - name: Wait until the job has been restarted, and tolerate three minutes of exceptions
      datagate.huaweicloud.dli_flink_job_status:
        name: orders_flink
        wait: true
        wait_for: job_running
        started_after: "{{ (before.job.start_time | default(0, true)) + 1 }}"
        exception_grace: 180
        stable_for: 60
        wait_timeout: 900
"""

RETURN = r"""
---
jobs:
  description:
    - The jobs, each with its own verdict, in the order of O(job_ids) or O(names). O(return_jobs) selects them. Jobs that
      O(missing=ok) ignores are not included.
    - The program of a job, its arguments and its settings are not returned, because they may contain secrets.
    - There may be additional fields of the service, with names in snake case.
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid
  contains:
    job_id:
      description: ID of the job. Null if the job was selected by its name and was not found.
      type: str
      returned: always
      sample: "50321"
    name:
      description: Name of the job, or null if it was not read.
      type: str
      returned: always
      sample: orders_flink
    status:
      description:
        - Last known state of the job, in lower case, or null if the job does not exist or was never read.
        - V(job_init) is a job that was never started, V(job_cancel_success) one that was stopped, and V(job_finish) a
          bounded job that is done. V(job_submitting), V(job_downloading), V(job_savepointing), V(job_canceling),
          V(job_cancel_fail) and V(job_arrearage_recovering) are transitional. V(job_submit_fail),
          V(job_running_exception) and V(job_arrearage_stopped) are failures.
      type: str
      returned: always
      sample: job_running
    message:
      description: Description of the state from the service (C(status_desc)), mainly the reason for a failure. Often empty.
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
      description: Number of restarts of the job during the gate, according to its C(restart_times) and C(start_time).
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
    restart_times:
      description: Number of automatic restarts that the service has counted.
      type: int
      returned: when the service returns it
      sample: 3
    start_time:
      description: When the job was started, in epoch milliseconds. Null if it was never started.
      type: int
      returned: when the job was read
      sample: 1772323200000
    queue_name:
      description: Queue that the job runs in.
      type: str
      returned: when the service returns it
      sample: flink_queue
    has_savepoint:
      description: Whether the job has a savepoint.
      type: bool
      returned: when the service returns it
      sample: false
# -- written by `make options`: gate
verdict:
  description:
    - Verdict for all jobs together.
    - V(PASS), all jobs are ready, or no more than O(max_failing) have failed and the others are ready.
    - V(FAIL), a job has failed or does not exist.
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
  sample: 'FAIL after 42 s: orders_flink is job_running_exception: source topic is missing.'
reasons:
  description: The reasons why the verdict is not V(PASS), the most severe first. With V(PASS) it only contains tolerated
    failures and ignored jobs.
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid
  contains:
    code:
      description:
        - Code of the reason.
        - V(job_failed), the job is in a failing state, or has ended in a state that O(wait_for) does not contain. The message
          contains the reason from the service, if there is one.
        - V(job_missing), the job does not exist, or disappeared during this gate.
        - V(denied), the credentials were rejected, or a permission is missing (HTTP 401 or 403, or the gateway's codes 0301,
          0303 and 0307).
        - V(unreadable), the job could not be read for another reason.
        - V(unknown_state), the job is in a state that this collection does not know, or has no state.
        - V(still_pending), the job is in a state that O(wait_for) does not contain, or it was not read at all, or its last
          reading is too old.
        - V(not_restarted), the last start of the job is older than O(started_after).
        - V(restarted), the job was restarted, and the time of O(stable_for) started again.
        - V(not_stable), all are ready, but not yet for O(stable_for) seconds.
      type: str
      returned: always
      sample: job_failed
    job:
      description: The selected ID or name, or null if the reason concerns all jobs.
      type: str
      returned: always
      sample: orders_flink
    node:
      description: Always null, because these jobs have no nodes.
      type: str
      returned: always
      sample: null
    status:
      description: Last known state of the job, or null.
      type: str
      returned: always
      sample: job_running_exception
    message:
      description: The reason in one sentence.
      type: str
      returned: always
      sample: 'orders_flink is job_running_exception: source topic is missing'
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
    - code: job_failed
      error_code: null
      job: orders_flink
      log_path: null
      message: 'orders_flink is job_running_exception: source topic is missing'
      node: null
      request_id: null
      status: job_running_exception
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
    job_running: 1
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
      description: The selected ID or name.
      type: str
      returned: always
      sample: orders_flink
    node:
      description: Always null, because these jobs have no nodes.
      type: str
      returned: always
      sample: null
    previous:
      description: The previous state, or null for the initial state.
      type: str
      returned: always
      sample: job_submitting
    status:
      description: The new state, or null if the job does not exist or has no state.
      type: str
      returned: always
      sample: job_running
  sample:
    - at: 0.004
      job: orders_flink
      node: null
      previous: null
      status: job_submitting
    - at: 30.112
      job: orders_flink
      node: null
      previous: job_submitting
      status: job_running
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
      sample: Flink job
    entry:
      description: The entry point of the role P(datagate.huaweicloud.job_gate#role). Null if the module is used directly.
      type: str
      sample: null
    selection:
      description: The options that select the jobs, without those that are not set.
      type: dict
      sample:
        names:
          - orders_flink
    wait:
      description: Whether the gate waits.
      type: bool
      sample: true
    wait_for:
      description: The states in which a job is ready.
      type: list
      elements: str
      sample:
        - job_finish
        - job_running
    fail_states:
      description: The failing states of a job.
      type: list
      elements: str
      sample:
        - job_arrearage_stopped
        - job_running_exception
        - job_submit_fail
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
  sample: wait_for
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
  sample: /v1.0/0123456789abcdef0123456789abcdef/streaming/jobs/50321
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
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.options import FLINK_GATE, FLINK_SELECTION
from ansible_collections.datagate.huaweicloud.plugins.module_utils._module import Invocation, run
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.flink_jobs import FlinkJobs

ARGUMENTS = {**FLINK_SELECTION, **FLINK_GATE}
SERVICE = "dli"


def observe(invocation: Invocation) -> Dict[str, Any]:
    policy = options.flink_policy(invocation.params, once=invocation.module.check_mode, warn=invocation.module.warn)
    selection = options.flink_selection(invocation.params)
    session = invocation.connect()
    return invocation.observe(policy, selection, FlinkJobs(session, selection.option is not None), session)


BODY = observe


def main() -> None:
    run(ARGUMENTS, SERVICE, BODY)


if __name__ == "__main__":
    main()
