# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of all gates."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of all gates."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - V(true) observes the jobs repeatedly until there is a verdict, for at most O(wait_timeout) seconds. The task
        fails unless the verdict is RV(verdict=PASS) or RV(verdict=PENDING). With V(true), RV(verdict=PENDING) is
        returned only by a slice (see O(slice_timeout)) and in check mode.
      - V(false) reads the jobs once. RV(verdict) is the verdict of a gate at this moment, or RV(verdict=PENDING) if a
        gate would continue to wait. Neither fails the task. The task fails if a job does not exist (see O(missing)),
        if too few jobs are found, and if a job cannot be read.
    type: bool
    default: false
  wait_initial_delay:
    description:
      - Seconds to wait before the first observation. They count towards O(wait_timeout) and must be less than it.
      - Only used with O(wait=true), and not in check mode.
    type: float
    default: 0
  wait_interval:
    description:
      - Seconds from the start of one observation to the start of the next, at least 0.1. Each interval is shortened at
        random by up to a tenth, so that several gates do not send their requests at the same time.
      - If an observation takes longer than that, the next one follows immediately. A hanging request does not delay the
        next observation.
      - A state that lasts less than the time between two observations may not be detected, because the service only
        reports the current state.
    type: float
    default: 10
  wait_timeout:
    description:
      - Time limit in seconds for the whole task, for any number of jobs, including retries and C(Retry-After)
        delays. The last observation is scheduled so that it ends by this time. The verdict is then
        RV(verdict=TIMEOUT), unless the jobs have passed or failed. Jobs that could not be read are named.
      - The time is measured by a monotonic clock, so a change of the system time does not affect the verdict.
      - If the service requests a delay (C(Retry-After)) beyond this time, the module does not wait for it.
      - For a gate in slices (see O(slice_timeout)) this is the time for all slices together, including the time between
        them.
      - V(0) is a single observation, limited only by O(request_timeout) and O(retries).
      - Only used with O(wait=true).
    type: float
    default: 600
  missing:
    description:
      - What to do if a job does not exist.
      - V(fail) fails the task immediately, with and without O(wait).
      - V(wait) waits for the job to appear. Without O(wait) its verdict is V(PENDING).
      - V(ok) ignores the job and names it in RV(reasons), unless the gate has seen it before. Use this for the first
        deployment of a new job, when there is nothing to stop yet. If none of the jobs exists, the verdict is
        RV(verdict=PASS). A job that appears while the gate waits is watched from then on. A job that disappears during
        the gate is a failure.
    type: str
    choices:
      - fail
      - wait
      - ok
    default: fail
  max_consecutive_errors:
    description:
      - Number of consecutive observations in which a job cannot be read, after which the verdict is
        RV(verdict=ERROR). At least 1. A successful reading resets the count. The O(retries) of a request are not
        counted.
      - Permanent errors are RV(verdict=ERROR) immediately - rejected credentials, a missing permission, a wrong host, an
        unknown workspace or project, and a parameter that the service rejects.
      - Only used with O(wait=true). A single reading ends at the first error; if the service does not respond at all, at
        the second job.
    type: int
    default: 5
  progress:
    description:
      - Whether the controller prints progress lines while the task runs - one for each state change (at most ten at a
        time), and at least one per minute.
      - If the output is not a terminal, as in many pipelines, Python buffers it until the next task starts. Set
        C(PYTHONUNBUFFERED=1) in the environment of C(ansible-playbook) to print the lines immediately. AWX does not
        need this.
      - An action plugin with the module's name runs the module in slices that grow from 1 to 30 seconds (see
        O(slice_timeout)). The task returns the result of the last slice, which covers the whole gate.
      - No lines are printed with C(no_log), in check mode, with C(async), and if O(resume) or an O(slice_timeout) other
        than V(0) is set.
      - Only used with O(wait=true).
    type: bool
    default: true
  slice_timeout:
    description:
      - Seconds after which the module returns RV(verdict=PENDING), to split a long gate into several tasks (slices).
        Pass RV(resume) as O(resume) to the next task to continue the gate. V(0) runs the gate to its end.
      - A slice ends earlier if a job or node has changed its state. This is limited, so that a job that changes
        constantly does not cause a new slice every few seconds.
      - A slice ends only between readings, and only after at least one observation, so it may last longer. A gate makes
        progress with slices of any length. If there is a verdict before the end of the slice, the slice returns it, and
        RV(resume) is null.
      - The end of a slice does not fail the task. Make sure that no task that depends on the gate runs after
        RV(verdict=PENDING).
      - Only used with O(wait=true), and not in check mode.
    type: float
    default: 0
  resume:
    description:
      - Value of RV(resume) that the previous slice returned. The gate continues from there. If not set or empty, a new
        gate starts.
      - It contains the elapsed time, the last readings of the jobs, a version, and a digest of the options, but no
        credentials. A changed or truncated value is an error.
      - The options and the endpoints must be the same as in the previous slice; otherwise the task fails. Only
        O(progress), O(slice_timeout), the credentials, and options for HTTP requests, such as O(retries) and O(proxy),
        may differ.
      - The time between two slices counts towards O(wait_timeout). On the same host, without a reboot, it is measured by
        a monotonic clock. Otherwise it is measured by the system time, and all jobs are read again before they count.
        RV(elapsed) is never less than the sum of the slices.
      - Only used with O(wait=true), and not in check mode.
    type: str
  return_jobs:
    description:
      - Which jobs RV(jobs) contains. This does not affect the verdict, which covers all jobs, or RV(job).
      - V(all) returns all of them, V(failing) those whose own verdict is not V(PASS), and V(none) an empty list.
      - V(auto) is V(all) for up to 100 jobs, and V(failing) for more.
    type: str
    choices:
      - auto
      - all
      - failing
      - none
    default: auto
notes:
  - A gate only reads. C(changed) is false, unless an option makes the module cancel jobs and it has done so.
  - V(PASS) means that all jobs were ready B(at the same time), in the last observation. A job that was ready only
    earlier is not ready.
  - Failures take precedence. An error with one job does not hide the failure of another, an unknown state is neither
    ready nor failing, and a job that cannot be read never counts as ready.
  - With O(wait=true), a failure that counts ends the gate within two seconds, even if other requests are pending. A
    later reading does not revoke it.
  - With C(async), no O(progress) lines are printed. Set its time limit higher than O(wait_timeout).
"""
