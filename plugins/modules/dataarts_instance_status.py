#!/usr/bin/python
# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: dataarts_instance_status
short_description: Wait until runs of batch jobs of DataArts Factory have succeeded, and fail when they have not
version_added: 2.0.0
description:
  - Reads runs (instances) of batch jobs of DataArts Factory and returns a verdict. With O(wait) it is a gate, which observes
    the jobs until the run that counts has succeeded for each of them, one has failed, or the time limit is reached.
  - A job is ready when its run is V(success). V(fail), V(running-exception) and V(manual-stop) fail the gate. V(waiting) and
    V(running) are transitional states. V(pause), V(freeze) and V(waiting-confirm) are waited for as well, and the message
    says that a person has to act.
  - Which run counts is decided by its planned time, see O(since), O(until) and O(which). Every verdict names it.
author:
  - datagate contributors (@datagate)
options:
  job_names:
    description:
      - Names of the batch jobs, as a list or as one string with commas.
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
      - Selects the batch jobs with these tags. The service defines how several tags are combined.
      - The selection is fixed by the first observation in which the job list was read and contained O(min_jobs) jobs.
    type: list
    elements: str
  name_contains:
    description:
      - Selects the batch jobs whose names contain this text. It is case-sensitive.
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
      - Minimum number of selected jobs, at least 1. With fewer jobs the gate fails immediately.
      - With O(wait=true) and O(missing=wait), the gate waits for jobs selected by O(tags) or O(name_contains) to appear.
    type: int
    default: 1
  since:
    description:
      - Runs that were planned earlier do not count, so that the run of yesterday does not satisfy the gate of today.
      - Epoch milliseconds, ISO 8601 with a time zone (V(2026-03-01T02:00:00+08:00)), or a time back from the start of the
        gate (V(12h); V(s), V(m), V(h), V(d), V(w)). At most 31 days before O(until).
      - Set it to a time shortly before the run that you mean was planned. With the default, a gate for a daily job that
        starts before the run of the day is planned passes with the run of the day before.
    type: str
    default: 24h
  until:
    description:
      - Runs that are planned later do not count. The forms are those of O(since).
      - If not set, it is the start of the gate, so that a run that falls due while the gate waits does not replace the one
        that is waited for.
    type: str
  instance_types:
    description:
      - Types of runs that count - V(scheduled), V(once), V(manual), V(patch) (patch data) and V(sub_job).
      - A run for which the service reports no type counts as V(scheduled).
    type: list
    elements: str
    default:
      - scheduled
      - once
  instance_ids:
    description:
      - IDs of the runs that count, as M(datagate.huaweicloud.dataarts_job) returns them with C(state=run).
        O(since), O(until), O(instance_types) and O(which) do not matter then.
      - Either the runs of a single job in O(job_names), or one run for each job in the same order.
    type: list
    elements: str
  which:
    description:
      - V(latest) is the run with the greatest planned time of each job.
      - V(all) is every run of each job. All of them must have succeeded.
    type: str
    choices:
      - latest
      - all
    default: latest
  min_instances:
    description:
      - Minimum number of runs of each job that count, at least 1. With fewer runs the job is not ready (V(no_run)).
    type: int
    default: 1
  accept_forced:
    description:
      - Whether a success that a person has forced, or that ignores a failed node, counts as success. Otherwise it fails
        the gate (V(run_forced)).
    type: bool
    default: false
  skipped:
    description:
      - What to do about a run that was skipped because of a dependency or condition - V(fail) fails the gate
        (V(run_skipped)), V(ok) counts it as success, and V(pending) waits for another one.
    type: str
    choices:
      - fail
      - ok
      - pending
    default: fail
  fail_on_exception:
    description:
      - Whether a failed run fails the task. If not set, it is the same as O(wait).
      - V(true) with O(wait=false) reads once and fails the task if a run has failed.
      - V(false) with O(wait=true) waits for a failed run to be restarted, until O(wait_timeout).
    type: bool
  max_failing:
    description:
      - Maximum number of jobs with a failed run with which the gate can still pass. They are listed in RV(reasons).
    type: int
    default: 0
  exception_grace:
    description:
      - Seconds that a run may have failed before it counts as a failure, so that a person can restart it. The time
        accumulates over several failures.
      - A run that has not succeeded at the end of O(wait_timeout) is a failure if it is failing then.
      - It must not be longer than O(wait_timeout). Only used with O(wait=true).
    type: float
    default: 0
  stable_for:
    description:
      - Seconds that all runs must stay successful, without a restart, before the gate passes.
      - It must not be longer than O(wait_timeout). Only used with O(wait=true).
    type: float
    default: 0
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
  - The state of the run decides. Its nodes only explain it, because the service may show a failed run whose nodes have all
    succeeded.
  - More than two jobs are read by the list of runs of the workspace, if that takes fewer requests than one for each job.
    A failure that only the list shows is first confirmed by reading the runs of the job. The nodes of runs that have
    succeeded are read for up to 10 jobs.
  - The list is read in windows of 7 days, or of 3 days where the service refuses 7.
  - A dry run, and a run on a day without work in its calendar, are V(success) for the service, although nothing was done.
  - Some clouds may find a waiting run only after it has started. Set O(since) to a time after the run before it, so that
    the earlier run does not count.
seealso:
  - module: datagate.huaweicloud.dataarts_job
  - module: datagate.huaweicloud.dataarts_job_status
  - module: datagate.huaweicloud.dataarts_job_info
  - name: Viewing a Job Instance List
    description: The vendor's page about the list of job instances.
    link: https://support.huaweicloud.com/intl/en-us/api-dataartsstudio/dataartsstudio_02_0094.html
extends_documentation_fragment:
  - datagate.huaweicloud.attributes
  - datagate.huaweicloud.connection
  - datagate.huaweicloud.workspace
  - datagate.huaweicloud.gate
"""

EXAMPLES = r"""
---
- name: Wait up to two hours until the run of last night has succeeded (credentials and region come from the environment)
  datagate.huaweicloud.dataarts_instance_status:
    job_name: orders_daily
    since: 12h
    wait: true
    wait_interval: 30
    wait_timeout: 7200
  delegate_to: localhost

- name: Read all runs since midnight of all nightly jobs, without waiting
  datagate.huaweicloud.dataarts_instance_status:
    tags: nightly
    min_jobs: 12
    since: "2026-11-28T00:00:00+08:00"
    which: all
  delegate_to: localhost
  register: report

- name: Give a person an hour to restart a failed run, and accept a forced success
  datagate.huaweicloud.dataarts_instance_status:
    job_names:
      - orders_daily
      - stock_daily
    since: 12h
    exception_grace: 3600
    accept_forced: true
    wait: true
    wait_timeout: 10800
  delegate_to: localhost

- name: Run a job now
  datagate.huaweicloud.dataarts_job:
    name: orders_daily
    state: run
    wait: false
  delegate_to: localhost
  register: order

- name: Wait for this very run
  datagate.huaweicloud.dataarts_instance_status:
    job_name: orders_daily
    instance_ids: "{{ order.instances | map(attribute='instance_id') }}"
    wait: true
  delegate_to: localhost
"""

RETURN = r"""
---
jobs:
  description:
    - The jobs, each with its own verdict, in the order of the selection. O(return_jobs) selects them. Jobs that
      O(missing=ok) ignores are not included.
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid
  contains:
    name:
      description: Name of the job.
      type: str
      returned: always
      sample: orders_daily
    status:
      description:
        - State of the run that counts, V(no-run) if there is none, or null if the job does not exist or was never read.
        - The states of the service are V(waiting), V(running), V(success), V(fail), V(running-exception), V(pause),
          V(manual-stop), V(freeze), V(skip), V(skip-by-depend) and V(waiting-confirm). A success that was declared by a
          person or a policy is V(forceSuccess) or V(ignoreSuccess).
      type: str
      returned: always
      sample: success
    run:
      description: Which run counts, in words. Null if the job was never read.
      type: str
      returned: always
      sample: the run planned for 2026-11-28 02:00 +08:00, the newest since 12 h ago
    instance:
      description:
        - The run that decides - the latest one, or with O(which=all) a failed one, else one that is not ready, else the
          latest. Null if there is none. There may be additional fields of the service, with names in snake case.
      type: dict
      returned: always
      contains:
        instance_id:
          description: ID of the run.
          type: int
          returned: always
          sample: 4711002
        status:
          description: State of the run.
          type: str
          returned: always
          sample: success
        plan_time:
          description: Planned time, in epoch milliseconds.
          type: int
          returned: when the service returns it
          sample: 1795802400000
        submit_time:
          description: Time of submission, in epoch milliseconds.
          type: int
          returned: when the service returns it
          sample: 1795802400500
        start_time:
          description: Start, in epoch milliseconds.
          type: int
          returned: when the service returns it
          sample: 1795802401000
        end_time:
          description: End, in epoch milliseconds.
          type: int
          returned: when the service returns it
          sample: 1795802461000
        instance_type:
          description: V(0) scheduled, V(2) manual, V(5) patch data, V(6) sub-job, V(7) once.
          type: int
          returned: when the service returns it
          sample: 0
        message:
          description: Error text of the run, or an empty string.
          type: str
          returned: always
          sample: ""
    nodes:
      description:
        - The nodes of this run. Empty if they were not read.
      type: list
      elements: dict
      returned: always
      contains:
        name:
          description: Name of the node.
          type: str
          returned: always
          sample: load
        status:
          description: State of the node in this run.
          type: str
          returned: always
          sample: success
        type:
          description: Type of the node, or null.
          type: str
          returned: always
          sample: DLISQL
        retry_times:
          description: Number of retries so far.
          type: int
          returned: when the service returns it
          sample: 0
        log_path:
          description: Path of the log, or null.
          type: str
          returned: always
          sample: obs://dlf-log/orders_daily/load.job
    instances:
      description: All runs that count, the latest first, with the fields of RV(jobs[].instance).
      type: list
      elements: dict
      returned: always
    restarts:
      description: Number of restarts of the run that were detected in this gate.
      type: int
      returned: always
      sample: 0
    verdict:
      description: V(PASS), V(FAIL) or V(PENDING).
      type: str
      returned: always
      sample: PASS
    reasons:
      description: Reasons for the verdict, with the keys of RV(reasons). Empty for V(PASS).
      type: list
      elements: dict
      returned: always
    read_at:
      description: When the job was read last, in seconds since the start of the gate. Null if it was never read.
      type: float
      returned: always
      sample: 0.214
  sample:
    - name: orders_daily
      status: success
      run: the run planned for 2026-11-28 02:00 +08:00, the newest since 12 h ago
      instance:
        instance_id: 4711002
        status: success
        plan_time: 1795802400000
        start_time: 1795802401000
        end_time: 1795802461000
        instance_type: 0
        message: ""
      nodes:
        - name: load
          status: success
          type: DLISQL
          retry_times: 0
          log_path: obs://dlf-log/orders_daily/load.job
      instances: []
      restarts: 0
      verdict: PASS
      reasons: []
      read_at: 0.214
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
      sample: run
    entry:
      description: The entry point of the role P(datagate.huaweicloud.job_gate#role); null if the module is used directly.
      type: str
      sample: null
    selection:
      description: The options that select the jobs, without those that are not set.
      type: dict
      sample: {"job_names": ["orders_daily"], "since": "12h", "which": "latest"}
    wait:
      description: Whether the gate waits.
      type: bool
      sample: true
    wait_for:
      description: The states in which a job is ready.
      type: list
      elements: str
      sample: [success]
    fail_states:
      description: The failing states of a job.
      type: list
      elements: str
      sample: [fail, forceSuccess, ignoreSuccess, manual-stop, running-exception, skip, skip-by-depend]
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
      description: Source of the credentials (C(place)), and the first characters of the access key (C(key)), if there is one.
      type: dict
      sample: {"place": "the environment", "key": "AKNE"}
verdict:
  description:
    - Verdict for all jobs together.
    - V(PASS), all jobs are ready.
    - V(FAIL), a job has failed, or it does not exist.
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
    FAIL after 0.4 s: orders_daily (the run planned for 2026-11-28 02:00 +08:00, the newest since 12 h ago) is fail at node load
    after 2 retries: Table orders_raw not found (log obs://dlf-log/orders_daily/load.job).
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
        - V(run_failed), the run has failed, was stopped, or waits for an operator after the failure of a node. The message
          contains the failed node, its number of retries, and the error text, as far as the service returns them.
        - V(run_skipped), the run was skipped (see O(skipped)).
        - V(run_forced), the success of the run was declared (see O(accept_forced)).
        - V(no_run), no run counts yet, or fewer than O(min_instances).
        - V(job_missing), the job does not exist, or disappeared during this gate.
        - V(denied), the credentials were rejected, or a permission is missing (HTTP 401 or 403, or the gateway's codes
          0301, 0303 and 0307).
        - V(unreadable), the job could not be read for another reason.
        - V(unknown_state), the job is in a state that this collection does not know, or has no state.
        - V(still_pending), the run is in a transitional state, or it was not read at all, or its last reading is too old.
        - V(too_few_jobs), the selection contains fewer than O(min_jobs) jobs.
        - V(restarted), the run was restarted during O(stable_for).
        - V(not_stable), all runs have succeeded, but not for O(stable_for) seconds.
      type: str
      returned: always
      sample: run_failed
    job:
      description: Name of the job, or null if the reason concerns all jobs.
      type: str
      returned: always
      sample: orders_daily
    node:
      description: The node that failed, or null.
      type: str
      returned: always
      sample: load
    status:
      description: Last known state of the run, or null.
      type: str
      returned: always
      sample: fail
    message:
      description: The reason in one sentence.
      type: str
      returned: always
      sample: 'orders_daily (the run planned for 2026-11-28 02:00 +08:00, the newest since 12 h ago) is fail at node load: Table orders_raw not found'
    log_path:
      description: Path of the log of the node that failed, or null.
      type: str
      returned: always
      sample: obs://dlf-log/orders_daily/load.job
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
    - code: run_failed
      error_code: null
      job: orders_daily
      log_path: obs://dlf-log/orders_daily/load.job
      message: 'orders_daily (the run planned for 2026-11-28 02:00 +08:00, the newest since 12 h ago) is fail at node load: Table orders_raw not found'
      node: load
      request_id: null
      status: fail
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
  sample: 5
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
      sample: orders_daily
    node:
      description: The node that failed, or null.
      type: str
      returned: always
      sample: load
    previous:
      description: The previous state, or null for the initial state.
      type: str
      returned: always
      sample: running
    status:
      description: The new state, or null if the job does not exist.
      type: str
      returned: always
      sample: success
  sample:
    - at: 0.004
      job: orders_daily
      node: null
      previous: null
      status: running
    - at: 30.112
      job: orders_daily
      node: null
      previous: running
      status: success
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
    running: 1
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
  sample: since
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
  sample: /v1/0123456789abcdef0123456789abcdef/jobs/instances/detail
"""

from typing import Any, Dict

from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import WORKSPACE
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.options import SELECTION
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.runs.options import (
    BATCH_GATE,
    run_policy,
    run_selection,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._module import Invocation, run
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.batch_runs import BatchRuns

ARGUMENTS = {**WORKSPACE, **SELECTION, **BATCH_GATE}
SERVICE = "dataarts"


def observe(invocation: Invocation) -> Dict[str, Any]:
    policy = run_policy(invocation.params, once=invocation.module.check_mode)
    selection = run_selection(invocation.params)
    session = invocation.connect()
    return invocation.observe(
        policy, selection, BatchRuns(session, session.connection.workspace, selection, policy), session
    )


BODY = observe


def main() -> None:
    run(ARGUMENTS, SERVICE, BODY)


if __name__ == "__main__":
    main()
