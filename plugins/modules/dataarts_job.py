#!/usr/bin/python
# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: dataarts_job
short_description: Start, stop, restart and run jobs of DataArts Factory, and wait for the effect
version_added: 2.0.0
description:
  - Starts, stops and restarts real-time jobs and the schedules of batch jobs, and runs batch jobs once. With O(wait) it
    waits for the effect with the same gate as M(datagate.huaweicloud.dataarts_job_status).
  - A job that is in the right state already, or on its way to it, gets no order.
  - An order is sent once. If its answer is unclear (HTTP 5xx, a broken connection, a time limit), the module reads the
    state of the job instead of sending the order again.
  - B(The most important options)
  - O(names) - names of the jobs.
  - O(state) - what to do, required.
  - O(before) - with O(state=restored), the jobs as they were before.
  - O(wait) - waits for the effect. Default V(true).
  - O(wait_timeout) - time limit of the task in seconds. Default V(600).
  - O(stable_for) - seconds that all jobs must stay in the right state, together. Default V(0).
  - O(missing) - what to do about a job that does not exist. Default V(fail).
  - B(Other options)
  - Orders - O(job_params), O(use_execution_user).
  - Failures and timing - O(check_nodes), O(exception_grace), O(wait_interval).
  - Workspace - O(workspace), or O(workspace_name) with O(dataarts_instance).
  - Connection - O(region), O(project_id), O(access_key), O(secret_key) and others. They are usually set in the
    environment, or once in C(module_defaults).
author:
  - datagate contributors (@datagate)
options:
  names:
    description:
      - Names of the jobs, as a list or as one string with commas. Real-time and batch jobs can be mixed, except for
        O(state=run), which is for batch jobs.
      - A name is invalid if it is V(.) or V(..), or has a slash, a control character or more than 128 characters.
      - Required, except for O(state=restored). There it selects some of the jobs in O(before).
    type: list
    elements: str
    aliases:
      - name
      - job_names
  state:
    description:
      - V(started) starts the jobs that do not run. A real-time job has started when it is V(NORMAL), a batch job when
        it is V(SCHEDULING). A job in V(OVERLOAD) runs and gets no order, and the module waits until it is V(NORMAL).
      - V(stopped) stops the jobs that are not stopped. Jobs have stopped in V(STOPPED), V(PAUSED) and V(PAUSE). Whether a run
        of a batch job continues when its schedule is stopped depends on the service.
      - V(restarted) stops the jobs that run, waits until they have stopped, and starts them. Each job is started as
        soon as it has stopped. A real-time job counts as restarted when its C(start_time) is later than before.
      - V(run) runs batch jobs once, now, whatever their schedules. Each task with V(run) makes new runs.
      - V(restored) starts the jobs in O(before) that ran then (V(NORMAL), V(STARTING), V(OVERLOAD) or V(SCHEDULING)).
        The others are not touched, and RV(left_alone) names them.
      - A job that is V(STOPPING) is started once it has stopped.
    type: str
    required: true
    choices:
      - started
      - stopped
      - restarted
      - run
      - restored
  before:
    description:
      - The jobs with the states that they had before, as a task with O(state=stopped) returns them in RV(before).
      - Required with O(state=restored), and invalid with other states.
    type: list
    elements: dict
  job_params:
    description:
      - Parameters of the job, names with values. Values are sent as text of at most 1024 characters.
      - Only for O(state=started), O(state=restarted) and O(state=run), and the same for all jobs. They have no effect on
        jobs that need no start.
      - If the values are secret, use C(no_log).
    type: dict
  use_execution_user:
    description:
      - Whether a run uses the execution user of the job. If not set, the service decides.
      - Only for O(state=run).
    type: bool
  missing:
    description:
      - What to do about a job that does not exist.
      - V(fail) fails the task, and no order is sent, not even for other jobs.
      - V(ok) ignores the job.
    type: str
    choices:
      - fail
      - ok
    default: fail
  wait:
    description:
      - Wait until the orders have taken effect on all jobs, or one has failed, or the time limit is reached.
      - With V(false) the task ends when the orders have been accepted. A job that has to stop before it can be started,
        and an order with an unclear answer, are waited for in any case.
    type: bool
    default: true
  wait_interval:
    description:
      - Seconds between two observations, at least 0.1.
    type: float
    default: 10
  wait_timeout:
    description:
      - Time limit in seconds for the whole task, above 0. At the time limit the verdict is V(TIMEOUT).
    type: float
    default: 600
  stable_for:
    description:
      - Seconds that all jobs must stay in the right state, at the same time.
    type: float
    default: 0
  check_nodes:
    description:
      - Whether a failing node fails the task like its job. Nodes do not count for O(state=stopped) and O(state=run).
      - After a start, a node that was failing before counts only once it has changed, or after 30 seconds.
    type: bool
    default: true
  exception_grace:
    description:
      - Seconds that a job or node may be in a failing state before it counts.
    type: float
    default: 0
attributes:
  action:
    description: Has an action plugin that runs on the controller.
    support: full
    details:
      - It prints a line before orders are sent, and progress lines while a task on the controller waits.
      - A task on the controller (connection V(local), the Python that runs the playbook, without C(become), C(async) and
        C(environment)) runs in Ansible's process.
  check_mode:
    description: Can run in check mode and return the expected status without changing anything.
    support: full
    details:
      - The module reads the jobs, sends no order and does not wait. The verdict is V(PENDING).
  diff_mode:
    description: Shows in diff mode what has changed or would change.
    support: full
    details:
      - Shows the state of each job before, and the orders.
  idempotent:
    description: A second run in the same situation makes no further changes.
    support: partial
    details:
      - O(state=restarted) and O(state=run) act each time.
  async:
    description: Can be run with the keyword C(async).
    support: full
  action_group:
    description: Options for all modules of the group can be set in one place, with C(module_defaults).
    support: full
    details:
      - In C(module_defaults) the name of the group is C(group/datagate.huaweicloud.huaweicloud).
    membership:
      - datagate.huaweicloud.huaweicloud
notes:
  - Right after an order the service may still show the old state. An old V(EXCEPTION) is not a failure, and an old
    V(NORMAL) is not a restart. A reading counts when the state has changed since the order, or C(start_time) has grown.
    An old failing state counts in any case 30 seconds after the answer to the order.
  - An order is sent again only if it is certain that the service has not taken it. This is so if no connection was
    established, if the gateway throttled the request (HTTP 429 with code 0308), or if it rejected a token that was then
    renewed.
  - If the answer to an order is unclear and the state shows no effect within 30 seconds, the verdict is V(ERROR). If the
    answer to a O(state=run) is lost, the module looks for the run among the runs of the job since then. If it does not
    find exactly one, the verdict is V(ERROR), and the message says that the job may have been started.
  - A refusal because the job is already running is a success if the state agrees.
  - With O(state=restarted), a job that fails ends the task only when no other job is waited for, so that no job stays
    stopped.
  - The orders are printed before they are sent, so that they are known if the task is interrupted.
  - C(running_data) and C(extend_counter) of a node may contain parameters of the job. If these are secret, use C(no_log).
seealso:
  - module: datagate.huaweicloud.dataarts_job_status
  - module: datagate.huaweicloud.dataarts_job_info
  - ref: datagate_guides_deploy
    description: Deploy a streaming job.
  - name: Starting a Job
    description: The vendor's page about the call that starts a job.
    link: https://support.huaweicloud.com/intl/en-us/api-dataartsstudio/dataartsstudio_02_0092.html
  - name: Stopping a Job
    description: The vendor's page about the call that stops a job.
    link: https://support.huaweicloud.com/intl/en-us/api-dataartsstudio/dataartsstudio_02_0064.html
  - name: Executing a Job Immediately
    description: The vendor's page about the call that runs a job once.
    link: https://support.huaweicloud.com/intl/en-us/api-dataartsstudio/dataartsstudio_02_0091.html
extends_documentation_fragment:
  - datagate.huaweicloud.attributes
  - datagate.huaweicloud.connection
  - datagate.huaweicloud.workspace
"""

EXAMPLES = r"""
---
- name: Start a job and wait until it runs (credentials, region and project come from the environment)
  datagate.huaweicloud.dataarts_job:
    name: job_orders_stream
    state: started
  delegate_to: localhost

- name: Start two jobs, and wait up to 15 minutes until they have run together for a minute
  datagate.huaweicloud.dataarts_job:
    names:
      - job_orders_stream
      - job_sms
    state: started
    stable_for: 60
    wait_timeout: 900
  delegate_to: localhost

- name: Deploy while the jobs are stopped, and start those again that ran before
  delegate_to: localhost
  block:
    - name: Stop the jobs
      datagate.huaweicloud.dataarts_job:
        names:
          - job_orders_stream
          - job_sms
        state: stopped
        missing: ok
      register: stopped

    - name: Deploy
      ansible.builtin.command:
        cmd: /opt/pipelines/deploy.sh
      changed_when: true

    - name: Start the jobs that ran before
      datagate.huaweicloud.dataarts_job:
        state: restored
        before: "{{ stopped.before }}"
        stable_for: 60

- name: Restart two jobs that may fail for up to 20 seconds after a start
  datagate.huaweicloud.dataarts_job:
    names: job_orders_stream,job_sms
    state: restarted
    exception_grace: 20
  delegate_to: localhost

- name: Run a batch job for a date, and wait until the run has ended
  datagate.huaweicloud.dataarts_job:
    name: job_nightly
    state: run
    job_params:
      load_date: "2026-03-01"
    wait_timeout: 3600
  delegate_to: localhost

- name: Show which orders would be sent, as with ansible-playbook --check --diff
  datagate.huaweicloud.dataarts_job:
    name: job_orders_stream
    state: stopped
  delegate_to: localhost
  check_mode: true
  diff: true

- name: Order a start without waiting for its effect
  datagate.huaweicloud.dataarts_job:
    name: job_orders_stream
    state: started
    wait: false
  delegate_to: localhost

- name: Set the connection once for several tasks, with a key from a vault
  module_defaults:
    group/datagate.huaweicloud.huaweicloud:
      region: cn-north-4
      project_id: 0123456789abcdef0123456789abcdef
      access_key: "{{ vault_access_key }}"
      secret_key: "{{ vault_secret_key }}"
  delegate_to: localhost
  block:
    - name: Start the job
      datagate.huaweicloud.dataarts_job:
        name: job_orders_stream
        state: started

    - name: Wait until it processes records
      datagate.huaweicloud.dataarts_job_status:
        name: job_orders_stream
        wait: true
        require_records: true
"""

RETURN = r"""
---
changed:
  description: Whether an order may have had an effect. In check mode, whether an order would be sent.
  type: bool
  returned: always
  sample: true
before:
  description: The jobs before any order, without those that do not exist.
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid or a job cannot be read
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
      description: State of the job, or null if the service did not return one.
      type: str
      returned: always
      sample: NORMAL
    start_time:
      description: When the job was started, in epoch milliseconds, or null if the service did not return it.
      type: int
      returned: always
      sample: 1772323201000
left_alone:
  description: With O(state=restored), the jobs in O(before) that did not run then and were not touched.
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid or a job cannot be read
  contains:
    name:
      description: Name of the job.
      type: str
      returned: always
      sample: job_old
    status:
      description: State of the job in O(before).
      type: str
      returned: always
      sample: STOPPED
instances:
  description: With O(state=run), the runs that were made.
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid or a job cannot be read
  contains:
    name:
      description: Name of the job.
      type: str
      returned: always
      sample: job_nightly
    instance_id:
      description: ID of the run.
      type: int
      returned: always
      sample: 4711082
jobs:
  description:
    - The jobs. If the module has waited, with the keys of M(datagate.huaweicloud.dataarts_job_status), and with
      O(state=run) with the RV(jobs[].instance) and its nodes. Otherwise as in RV(before).
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid or a job cannot be read
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
      description:
        - State of the job. Real-time jobs are V(STARTING), V(NORMAL), V(EXCEPTION), V(STOPPING), V(STOPPED), V(PAUSE),
          V(ABNORMAL), V(DISABLE), V(OVERLOAD) and V(INIT), batch jobs V(SCHEDULING), V(STOPPED) or V(PAUSED).
        - With O(state=run) it is the state of the run, V(waiting), V(running), V(success), V(fail),
          V(running-exception), V(manual-stop), V(pause), V(freeze), V(waiting-confirm), V(skip), V(skip-by-depend),
          V(forceSuccess) or V(ignoreSuccess).
      type: str
      returned: always
      sample: NORMAL
    orders:
      description: The orders that may have had an effect, in turn; in check mode, those that would be sent.
      type: list
      elements: str
      returned: always
      sample:
        - stop
        - start
    # -- written by `make options`: job
    verdict:
      description: Verdict of this job, V(PASS), V(FAIL) or V(PENDING).
      type: str
      returned: when the module has waited
      choices:
        - PASS
        - FAIL
        - PENDING
      sample: PASS
    reasons:
      description: Reasons for the verdict of this job, with the keys of RV(reasons). Empty for V(PASS).
      type: list
      elements: dict
      returned: when the module has waited
      sample: []
    restarts:
      description: Number of restarts of the job during the gate, according to its C(start_time).
      type: int
      returned: when the module has waited
      version_added: 2.0.0
      sample: 0
    read_at:
      description: Time of the last reading of the job, in seconds since the start of the gate. Null if it was not read.
      type: float
      returned: when the module has waited
      version_added: 2.0.0
      sample: 12.1
    # -- end
    nodes:
      description: Nodes of the job or run.
      type: list
      elements: dict
      returned: when the module has waited
      sample: []
    instance:
      description: The run, with the fields that the service returns.
      type: dict
      returned: with O(state=run), when the module has waited
      sample:
        job_name: job_nightly
        instance_id: 4711082
        status: success
diff:
  description: The states before, and the orders, by job.
  type: dict
  returned: always, except when the options or the credentials are invalid or a job cannot be read
  sample:
    before:
      job_orders_stream: STOPPED
    after:
      job_orders_stream: start ordered
# -- written by `make options`: gate
verdict:
  description:
    - Verdict for all jobs together.
    - V(PASS), all orders have taken effect.
    - V(FAIL), a job, a node or a run has failed, or a job does not exist.
    - V(PENDING), nothing was ordered, because of check mode.
    - V(TIMEOUT), O(wait_timeout) seconds have passed.
    - V(ERROR), an order was refused, or it is not known whether it was carried out, or a job could not be read.
  type: str
  returned: when the module has waited, when it fails after an order, and in check mode
  choices:
    - PASS
    - FAIL
    - PENDING
    - TIMEOUT
    - ERROR
  sample: FAIL
msg:
  description:
    - The verdict, the jobs that caused it, and the orders.
    - If the options or the credentials are invalid, the error message.
  type: str
  returned: always
  sample: 'FAIL after 12 s: job_orders_stream is EXCEPTION (log obs://dlf-log/job_orders_stream/WRITE_ORDERS.job). Ordered:
    start of job_orders_stream.'
reasons:
  description: The reasons why the verdict is not V(PASS), the most severe first. With V(PASS) it only contains ignored jobs.
  type: list
  elements: dict
  returned: when the module has waited, when it fails after an order, and in check mode
  contains:
    code:
      description:
        - Code of the reason.
        - V(job_exception), the job is V(EXCEPTION) or V(ABNORMAL).
        - V(node_exception), a node of the job is V(EXCEPTION) or V(ABNORMAL).
        - V(run_failed), a run has failed, was cancelled, or waits for an operator after a failure (V(fail), V(manual-stop)
          or V(running-exception)). C(node) and C(log_path) are those of the failed node.
        - V(run_skipped), a run was skipped (V(skip) or V(skip-by-depend)).
        - V(run_forced), the success of a run was declared by an operator or a policy (V(forceSuccess) or V(ignoreSuccess)).
        - V(job_missing), the job does not exist, or disappeared during this gate.
        - V(too_few_jobs), no job is selected.
        - V(denied), the credentials were rejected, or a permission is missing (HTTP 401 or 403, the error code DLF.6888,
          or the gateway's codes 0301, 0303 and 0307).
        - V(unreadable), an order was refused, or its outcome is unclear, or the job could not be read.
        - V(unknown_state), the job or a node is in a state that this collection does not know, or the job has no state.
        - V(still_pending), the job is in a transitional state, or still shows its state from before the order.
        - V(restarted), the job was restarted, and the time of O(stable_for) started again.
        - V(not_stable), all are ready, but not yet for O(stable_for) seconds.
      type: str
      returned: always
      sample: job_exception
    job:
      description: Name of the job, or null if the reason concerns all jobs.
      type: str
      returned: always
      sample: job_orders_stream
    node:
      description: Name of the node, or null if the reason concerns the job itself.
      type: str
      returned: always
      sample: null
    status:
      description: Last known state of the job, node or run, or null.
      type: str
      returned: always
      sample: EXCEPTION
    message:
      description: The reason in one sentence.
      type: str
      returned: always
      sample: job_orders_stream is EXCEPTION
    log_path:
      description: Path of the log of the node or of one of the job's nodes, or null if none is known.
      type: str
      returned: always
      sample: obs://dlf-log/job_orders_stream/WRITE_ORDERS.job
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
    - code: job_exception
      error_code: null
      job: job_orders_stream
      log_path: obs://dlf-log/job_orders_stream/WRITE_ORDERS.job
      message: job_orders_stream is EXCEPTION
      node: null
      request_id: null
      status: EXCEPTION
notes:
  description: Facts that do not affect the verdict, with the keys of RV(reasons).
  type: list
  elements: dict
  returned: when the module has waited, and in check mode
  version_added: 2.0.0
  sample: []
job:
  description:
    - The job, with the same fields as in RV(jobs), if there is exactly one.
    - Null if there are several, or none because O(missing=ok) ignores it.
  type: dict
  returned: when the module has waited
by_status:
  description:
    - Number of jobs in each state. Jobs that O(missing=ok) ignores are not counted.
    - Jobs that do not exist are counted as V(missing), jobs that were not read yet as V(not read), and jobs without a state
      as V(without a state).
  type: dict
  returned: when the module has waited
  sample:
    EXCEPTION: 1
elapsed:
  description: Duration of the gate in seconds.
  type: float
  returned: when the module has waited
  sample: 42.17
polls:
  description: Number of observations started.
  type: int
  returned: when the module has waited
  sample: 5
requests:
  description: Number of HTTP requests, including retries and requests for a token or a project ID.
  type: int
  returned: when the module has waited
  sample: 14
history:
  description:
    - All detected state changes, oldest first, at most 1000 entries.
    - If there are more, the initial states (with V(null) as C(previous)) are dropped first.
  type: list
  elements: dict
  returned: when the module has waited
  contains:
    at:
      description: Time of detection, in seconds since the start of the gate.
      type: float
      returned: always
      sample: 30.112
    job:
      description: Name of the job.
      type: str
      returned: always
      sample: job_orders_stream
    node:
      description: Name of the node, or null for the job or the run itself.
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
    - at: 30.112
      job: job_orders_stream
      node: null
      previous: STARTING
      status: NORMAL
history_dropped:
  description: Number of entries that were dropped from RV(history) because there were more than 1000.
  type: int
  returned: when the module has waited
  sample: 0
resume:
  description: Always null, because this module does not work in slices.
  type: str
  returned: when the module has waited
  sample: null
gate:
  description: Selection, options, connection and credentials of the gate. It contains no secrets.
  type: dict
  returned: when the module has waited
  version_added: 2.0.0
  contains:
    kind:
      description: Kind of the jobs.
      type: str
      sample: job
    entry:
      description: The entry point of the role P(datagate.huaweicloud.job_gate#role). Null if the module is used directly.
      type: str
      sample: null
    selection:
      description: The options that select the jobs, without those that are not set.
      type: dict
      sample:
        names:
          - job_orders_stream
    wait:
      description: Whether the gate waits.
      type: bool
      sample: true
    wait_for:
      description: The states in which a job is ready.
      type: list
      elements: str
      sample:
        - NORMAL
        - SCHEDULING
    fail_states:
      description: The failing states of a job.
      type: list
      elements: str
      sample:
        - ABNORMAL
        - EXCEPTION
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
      description: ID of the workspace, or null for the default workspace.
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
  sample: names
error_code:
  description: Code of the service or its gateway. Null if the response had none, or if there was no response.
  type: str
  returned: when RV(verdict=ERROR) and the task fails
  sample: DLF.30122
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
  sample: POST
path:
  description: Path of the request that failed, without its query.
  type: str
  returned: when RV(verdict=ERROR) and the task fails
  sample: /v1/0123456789abcdef0123456789abcdef/jobs/job_sms/start
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

from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import ORDERS, WORKSPACE
from ansible_collections.datagate.huaweicloud.plugins.module_utils._module import Invocation, run

ARGUMENTS = {**WORKSPACE, **ORDERS}
SERVICE = "dataarts"
BODY = Invocation.order


def main() -> None:
    run(ARGUMENTS, SERVICE, BODY)


if __name__ == "__main__":
    main()
