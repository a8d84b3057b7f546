# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that only a gate for real-time jobs has."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that only a gate for real-time jobs has."""

    DOCUMENTATION = r"""
options:
  wait_for:
    description:
      - States in which a job is ready. One of them is enough, and each job may be in another one.
      - V([NORMAL]) waits until jobs run, V([STOPPED]) until they are drained.
      - Known are V(STARTING), V(NORMAL), V(STOPPING), V(STOPPED), V(PAUSE), V(DISABLE), V(OVERLOAD) and V(INIT). Upper
        and lower case do not matter for these.
      - Any other state is taken with a warning, because new regions have new states. Write it as the service does. Nodes
        in such a state do not hold up their job either. A failing state is refused.
    type: list
    elements: str
    default:
      - NORMAL
  fail_on_exception:
    description:
      - Whether a job or node in a failing state (see O(fail_states), O(check_nodes)) fails the task.
      - If not set, it is the same as O(wait).
      - V(true) with O(wait=true) ends the gate as soon as a failure counts (see O(exception_grace), O(max_failing)).
      - V(true) with O(wait=false) reads once and fails the task if anything is failing. States on the way, such as
        V(STARTING), are fine. This is a health check.
      - V(false) with O(wait=true) waits for a failing job like for any other that is not ready, until
        O(wait_timeout). Its reason is then V(still_pending).
      - V(false) with O(wait=false) only reports. The verdict may be RV(verdict=FAIL), and the task still succeeds.
    type: bool
  fail_states:
    description:
      - States of a job that are failures. The list replaces the default one, so to add V(STOPPED) where nobody may
        stop a job, give V([EXCEPTION, ABNORMAL, STOPPED]).
      - No state may be in O(wait_for) as well.
      - Allowed are V(STARTING), V(NORMAL), V(EXCEPTION), V(STOPPING), V(STOPPED), V(PAUSE), V(ABNORMAL), V(DISABLE),
        V(OVERLOAD) and V(INIT). Another state is an error, because a misspelt one would not fail the gate.
      - This is about jobs. The failing states of a node are always V(EXCEPTION) and V(ABNORMAL).
    type: list
    elements: str
    default:
      - EXCEPTION
      - ABNORMAL
  check_nodes:
    description:
      - Whether a node in the state V(EXCEPTION) or V(ABNORMAL) counts like a failure of its job. A job can be
        V(NORMAL) while one of its nodes is in V(EXCEPTION), so turn this off only where somebody else watches the
        nodes.
      - The nodes of a job that is V(STOPPED) are not looked at, because they keep old states. A V(STOPPED) node in a
        running job is usual for a node that runs once, and counts as nothing.
      - A node in a state that this version does not know is neither ready nor failing. Its job is not ready
        (V(unknown_state)), unless O(wait_for) holds the state or O(ignore_nodes) the node.
      - V(false) saves requests, because the states of jobs alone come from the job list, a hundred at a time.
    type: bool
    default: true
  ignore_nodes:
    description:
      - Names of nodes that O(check_nodes) leaves out, as shell patterns (V(*), V(?), V([abc])). A pattern must fit
        the whole name, and upper and lower case differ.
    type: list
    elements: str
    default: []
  max_failing:
    description:
      - How many jobs may fail before the gate does. It is a number of jobs, not a percentage.
      - A job that has failed counts as failed to the end of the gate, even if it recovers. See O(exception_grace) for jobs
        that recover.
      - The verdict can then be RV(verdict=PASS) although jobs have failed. They stay in RV(reasons), and their own
        verdict is V(FAIL).
      - Jobs that do not exist are not tolerated by this. See O(missing).
    type: int
    default: 0
  exception_grace:
    description:
      - Seconds that a job or one of its nodes may spend in a failing state before it counts as a failure. This is for
        jobs that show V(EXCEPTION) for a while although they recover, and for the moments after a start in which the
        old state is still shown.
      - The time is added up over several spells, until the job has been ready for O(stable_for) seconds. A job that
        keeps falling fails in the end.
      - A job that is still failing at the end of O(wait_timeout) is a failure, however long the grace.
      - It must not be longer than O(wait_timeout). Has a meaning only with O(wait=true).
    type: float
    default: 0
  stable_for:
    description:
      - Seconds that all jobs must stay ready, together and without a break, before the gate passes. One job that
        falls sets the time back to 0. So does a restart (C(start_time) has grown), even if no other state was seen
        meanwhile. The reason is then V(restarted), and RV(jobs[].restarts) counts the restarts.
      - Time in which nothing was read, because the process was stopped or two slices were far apart, does not count.
      - It must not be longer than O(wait_timeout). Has a meaning only with O(wait=true).
    type: float
    default: 0
  started_after:
    description:
      - Epoch milliseconds. A job is ready only if its C(start_time) is not older than this. It keeps the V(NORMAL)
        from before a restart from being taken for the one after it.
      - The time is compared with the cloud's clock. To be independent of your own, read the job before the restart
        and give its C(start_time) plus 1, as in the examples.
      - A job that shows no C(start_time) is not ready.
      - Has a meaning only with O(wait=true).
    type: int
  require_records:
    description:
      - Whether V(NORMAL) is not enough, and each job must also have read or written at least one record since the
        first observation, in a node that runs.
      - V(true) or V(false), or the names of nodes, as a list or as one string with commas. With names, each node that they
        name must have read or written a record. Names are shell patterns (V(*), V(?), V([abc])), and upper and lower case
        differ. Each job must have one of these nodes, and each name must fit a node of one of the jobs.
      - With O(stable_for), records must have moved within that time. Choose it longer than reading the nodes of all jobs
        takes (the number of jobs divided by O(requests_per_second)).
      - If a counter falls, because the node was restarted, it counts from its new value.
      - A job whose nodes report no records at all never gets ready, and the reason says so.
      - Has a meaning only with O(wait=true).
    type: raw
    default: false
"""
