#!/usr/bin/python
# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: dli_spark_job_status
short_description: Wait until Spark batches of Data Lake Insight have finished, and fail when they do not
version_added: 2.0.0
description:
  - Reads the state of Spark batches of Data Lake Insight (DLI) and returns a verdict. With O(wait) it is a gate, which
    observes the batches until all are ready, one has failed, or the time limit is reached.
  - A batch is ready when it is V(success). V(dead) is a failure, and the message contains the last lines of its log.
  - V(starting), V(running) and V(recovering) are transitional states.
author:
  - datagate contributors (@datagate)
options:
  batch_ids:
    description:
      - IDs of the batches, as a list or as one string with commas. The ID (C(id)) is what DLI returns when the batch is
        created.
      - Required.
    type: list
    elements: str
    aliases:
      - batch_id
  wait_for:
    description:
      - States in which a batch is ready. A batch is ready in any of them. They are not case-sensitive.
      - For a streaming application, use V([running]). A batch that ends (V(success)) is then a failure.
      - The known states are V(starting), V(running), V(recovering) and V(success). Any other state is accepted with a
        warning. The failing state V(dead) is rejected.
    type: list
    elements: str
    default:
      - success
  fail_on_exception:
    description:
      - Whether a failing state fails the task. If not set, it is the same as O(wait).
      - V(true) with O(wait=false) reads once and fails the task if a batch is failing.
      - V(false) with O(wait=true) waits for a failing batch like for any other that is not ready, until O(wait_timeout).
    type: bool
  max_failing:
    description:
      - Maximum number of failed batches with which the gate can still pass. They are listed in RV(reasons).
    type: int
    default: 0
  stable_for:
    description:
      - Seconds that all batches must stay ready at the same time, without interruption, before the gate passes. Use it
        with O(wait_for=[running]).
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
  - A batch that was cancelled, or that DLI gave up because there were no resources for about three hours, is V(dead) as
    well. DLI does not report the difference.
seealso:
  - module: datagate.huaweicloud.dli_job_progress
  - module: datagate.huaweicloud.dli_flink_job_status
  - name: Querying Details of a Batch Processing Job
    description: The vendor's page about a Spark batch.
    link: https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0126.html
extends_documentation_fragment:
  - datagate.huaweicloud.attributes
  - datagate.huaweicloud.connection
  - datagate.huaweicloud.gate
"""

EXAMPLES = r"""
---
- name: Wait up to two hours until a batch has succeeded (credentials, region and project come from the environment)
  datagate.huaweicloud.dli_spark_job_status:
    batch_id: 2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112
    wait: true
    wait_timeout: 7200
  delegate_to: localhost

- name: Wait until a streaming application has run for five minutes
  datagate.huaweicloud.dli_spark_job_status:
    batch_id: 2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112
    wait: true
    wait_for: running
    stable_for: 300
    wait_timeout: 1800
  delegate_to: localhost
"""

RETURN = r"""
---
jobs:
  description:
    - The batches, each with its own verdict, in the order of O(batch_ids). O(return_jobs) selects them. Batches that
      O(missing=ok) ignores are not included.
    - The request that created a batch (C(req_body)) is not returned, because it may contain secrets.
    - There may be additional fields of the service, with names in snake case.
  type: list
  elements: dict
  returned: always, except when the options or the credentials are invalid
  contains:
    batch_id:
      description: ID of the batch.
      type: str
      returned: always
      sample: 2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112
    name:
      description: Name of the batch, or null if it has none or was not read.
      type: str
      returned: always
      sample: orders_spark
    status:
      description:
        - Last known state of the batch, in lower case, or null if the batch does not exist or was never read.
        - It is V(starting), V(running) or V(recovering), then V(success) or V(dead).
      type: str
      returned: always
      sample: success
    message:
      description: The last lines of the log of a failed batch. Otherwise empty.
      type: str
      returned: always
      sample: ""
    log:
      description: The last lines of the log that the service has returned, at most ten.
      type: list
      elements: str
      returned: always
      sample: []
    restarts:
      description: Always V(0), because the service does not report restarts of a batch.
      type: int
      returned: always
      sample: 0
    queue:
      description: Queue that the batch runs in.
      type: str
      returned: when the service returns it
      sample: spark_queue
    app_id:
      description: ID of the Spark application.
      type: str
      returned: when the service returns it
      sample: batch-session-example:31309
    create_time:
      description: When the batch was created, in epoch milliseconds.
      type: int
      returned: when the service returns it
      sample: 1772323200000
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
      description: The reasons for the verdict of this job, with the same fields as RV(reasons).
      type: list
      elements: dict
      returned: always
    read_at:
      description: Time of the last reading of the job, in seconds since the start of the gate. Null if it was not read.
      type: float
      returned: always
      sample: 12.1
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
      sample: Spark job
    entry:
      description: The entry point of the role P(datagate.huaweicloud.job_gate#role); null if the module is used directly.
      type: str
      sample: null
    selection:
      description: The options that select the jobs, without those that are not set.
      type: dict
      sample: {"batch_ids": ["2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112"]}
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
      sample: [dead]
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
    FAIL after 42 s: 2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112 is dead: stderr: Exception in thread main.
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
        - V(job_failed), the batch is V(dead), or has ended in a state that O(wait_for) does not name. The message
          contains the reason from the service, if there is one.
        - V(job_missing), the batch does not exist, or disappeared during this gate.
        - V(denied), the credentials were rejected, or a permission is missing (HTTP 401 or 403, or the gateway's codes
          0301, 0303 and 0307).
        - V(unreadable), the batch could not be read for another reason.
        - V(unknown_state), the batch is in a state that this collection does not know.
        - V(still_pending), the batch is in a state that O(wait_for) does not name, or it was not read at all, or its last
          reading is too old.
        - V(not_stable), all are ready, but not yet for O(stable_for) seconds.
      type: str
      returned: always
      sample: job_failed
    job:
      description: The selected ID or name, or null if the reason concerns all jobs.
      type: str
      returned: always
      sample: 2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112
    node:
      description: Always null, because these jobs have no nodes.
      type: str
      returned: always
      sample: null
    status:
      description: Last known state of the job, or null.
      type: str
      returned: always
      sample: dead
    message:
      description: The reason in one sentence.
      type: str
      returned: always
      sample: '2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112 is dead: stderr: Exception in thread main'
    log_path:
      description: Always null, because the service does not return log paths.
      type: str
      returned: always
      sample: null
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
    - code: job_failed
      error_code: null
      job: 2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112
      log_path: null
      message: '2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112 is dead: stderr: Exception in thread main'
      node: null
      request_id: null
      status: dead
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
      description: The selected ID or name.
      type: str
      returned: always
      sample: 2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112
    node:
      description: Always null, because these jobs have no nodes.
      type: str
      returned: always
      sample: null
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
      job: 2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112
      node: null
      previous: null
      status: running
    - at: 30.112
      job: 2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112
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
  sample: wait_for
error_code:
  description: Code of the service or its gateway, or null if the response had none or there was no response.
  type: str
  returned: when RV(verdict=ERROR) and the task fails
  sample: DLI.0999
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
  sample: /v2.0/0123456789abcdef0123456789abcdef/batches/2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112
"""

from typing import Any, Dict

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.options import SPARK_GATE, SPARK_SELECTION
from ansible_collections.datagate.huaweicloud.plugins.module_utils._module import Invocation, run
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.spark_batches import SparkBatches

ARGUMENTS = {**SPARK_SELECTION, **SPARK_GATE}
SERVICE = "dli"


def observe(invocation: Invocation) -> Dict[str, Any]:
    policy = options.spark_policy(invocation.params, once=invocation.module.check_mode, warn=invocation.module.warn)
    selection = options.spark_selection(invocation.params)
    session = invocation.connect()
    return invocation.observe(policy, selection, SparkBatches(session), session)


BODY = observe


def main() -> None:
    run(ARGUMENTS, SERVICE, BODY)


if __name__ == "__main__":
    main()
