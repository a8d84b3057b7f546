# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of gates for real-time jobs."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of gates for real-time jobs."""

    DOCUMENTATION = r"""
options:
  wait_for:
    description:
      - States in which a job is ready. A job is ready in any of them, and the jobs may be in different states.
      - V([NORMAL]) waits until jobs run, V([STOPPED]) until they are drained.
      - The known states are V(STARTING), V(NORMAL), V(STOPPING), V(STOPPED), V(PAUSE), V(DISABLE), V(OVERLOAD) and
        V(INIT). They are not case-sensitive.
      - Any other state is accepted with a warning, because new regions have new states. It is case-sensitive. A node in
        such a state does not keep its job from being ready. Failing states are rejected.
    type: list
    elements: str
    default:
      - NORMAL
  fail_on_exception:
    description:
      - Whether a job or node in a failing state fails the task.
      - O(fail_states) and O(check_nodes) determine what a failing state is. If not set, it is the same as O(wait).
      - V(true) with O(wait=true) ends the gate as soon as a failure counts (see O(exception_grace), O(max_failing)).
      - V(true) with O(wait=false) reads once and fails the task if a job or node is failing. Transitional states, such
        as V(STARTING), pass. This is a health check.
      - V(false) with O(wait=true) waits for a failing job like for any other job that is not ready, until
        O(wait_timeout). Its reason is then V(still_pending).
      - V(false) with O(wait=false) only reports. The verdict may be RV(verdict=FAIL), and the task still succeeds.
    type: bool
  fail_states:
    description:
      - States of a job that are failures. The list replaces the default. For example, if jobs must not be stopped, use
        V([EXCEPTION, ABNORMAL, STOPPED]).
      - A state must not be in O(wait_for) as well.
      - Allowed are V(STARTING), V(NORMAL), V(EXCEPTION), V(STOPPING), V(STOPPED), V(PAUSE), V(ABNORMAL), V(DISABLE),
        V(OVERLOAD) and V(INIT). Another state is an error, because a misspelt state would never fail the gate.
      - This does not apply to nodes. Their failing states are always V(EXCEPTION) and V(ABNORMAL).
    type: list
    elements: str
    default:
      - EXCEPTION
      - ABNORMAL
  check_nodes:
    description:
      - Whether a node in the state V(EXCEPTION) or V(ABNORMAL) counts as a failure of its job. A job can be V(NORMAL)
        while one of its nodes is in V(EXCEPTION), so disable this only if the nodes are monitored elsewhere.
      - The nodes of a V(STOPPED) job are ignored, because they keep old states. A V(STOPPED) node in a running job is
        ignored as well, because this is normal for a node that runs only once.
      - A node in an unknown state is neither ready nor failing. Its job is not ready (V(unknown_state)), unless
        O(wait_for) contains the state or O(ignore_nodes) matches the node.
      - V(false) saves requests, because the job list contains the states of a hundred jobs per request.
    type: bool
    default: true
  ignore_nodes:
    description:
      - Names of nodes that O(check_nodes) ignores, as shell patterns (V(*), V(?), V([abc])). A pattern must match the
        whole name and is case-sensitive.
    type: list
    elements: str
    default: []
  max_failing:
    description:
      - Maximum number of failed jobs with which the gate can still pass. It is a number of jobs, not a percentage.
      - A job that has failed counts as failed until the end of the gate, even if it recovers. See O(exception_grace) for
        jobs that recover.
      - The verdict can then be RV(verdict=PASS) although jobs have failed. They are listed in RV(reasons), and their own
        verdict is V(FAIL).
      - This does not apply to jobs that do not exist. See O(missing).
    type: int
    default: 0
  exception_grace:
    description:
      - Seconds that a job or one of its nodes may be in a failing state before it counts as a failure. Use this for
        jobs that recover from V(EXCEPTION), and for the time after a start in which the service still reports the old
        state.
      - The time accumulates over several failures, until the job has been ready for O(stable_for) seconds. A job that
        keeps failing fails in the end.
      - A job that is still failing at the end of O(wait_timeout) is a failure, regardless of the grace period.
      - It must not be longer than O(wait_timeout). Only used with O(wait=true).
    type: float
    default: 0
  stable_for:
    description:
      - Seconds that all jobs must stay ready at the same time, without interruption, before the gate passes. A job that
        is no longer ready resets the time to 0. So does a restart (C(start_time) has increased), even if no other state
        was detected in between. The reason is then V(restarted), and RV(jobs[].restarts) counts the restarts.
      - Time without readings, because the process was stopped or two slices were far apart, does not count.
      - It must not be longer than O(wait_timeout). Only used with O(wait=true).
    type: float
    default: 0
  started_after:
    description:
      - Epoch milliseconds. A job is ready only if its C(start_time) is not older than this. Use it after a restart, so
        that a V(NORMAL) from before the restart does not count.
      - The C(start_time) comes from the cloud's clock. To be independent of your own clock, read the job before the
        restart and use its C(start_time) plus 1, as in the examples.
      - A job without a C(start_time) is not ready.
      - Only used with O(wait=true).
    type: int
  require_records:
    description:
      - Whether each job must also have read or written at least one record since the first observation, in a running
        node.
      - V(true) or V(false), or node names, as a list or as one string with commas. With names, each matching node must
        have read or written a record. Names are case-sensitive shell patterns (V(*), V(?), V([abc])). Each job must have
        at least one of these nodes, and each name must match a node of at least one job.
      - With O(stable_for), records must have been read or written within that time. It must be longer than the time to
        read the nodes of all jobs (the number of jobs divided by O(requests_per_second)).
      - If a counter decreases, because the node was restarted, it counts from its new value.
      - A job whose nodes do not report records is never ready, and the reason states this.
      - Only used with O(wait=true).
    type: raw
    default: false
  check_runs:
    description:
      - Whether the runs of nodes with a cron or event trigger count. A failed run since O(runs_since) counts as a failure of
        its node (V(node_run_failed)), as for O(check_nodes). O(ignore_nodes) and O(exception_grace) apply to it as well.
      - The state of such a node does not show whether its runs succeed. V(false) only reports a node whose last run has
        failed in RV(notes) and RV(msg), because the service does not say when that was.
      - A node has a trigger if the definition of the job says so, or if the service reports a run of it.
      - This takes one more request for each job in each observation, and one for its definition.
      - Only used with O(wait=true).
    type: bool
    default: false
    version_added: 2.0.0
  min_runs:
    description:
      - Number of successful runs that each node with a trigger must have had since O(runs_since) before the gate passes.
      - A job without such a node is never ready then, and the reason states this.
      - Only used with O(check_runs=true).
    type: int
    default: 0
    version_added: 2.0.0
  runs_since:
    description:
      - Runs of nodes that were planned earlier do not count. If not set, it is O(started_after), or else the start of the
        gate.
      - Epoch milliseconds, ISO 8601 with a time zone (V(2026-03-01T02:00:00+08:00)), or a time back from the start of the
        gate (V(12h)). At most 31 days back.
      - Only used with O(check_runs=true).
    type: str
    version_added: 2.0.0
"""
