# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that every gate has."""

from __future__ import annotations


class ModuleDocFragment:
    """Options that every gate has."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - V(true) observes the jobs again and again until there is a verdict, for O(wait_timeout) seconds at most. The
        task fails unless the verdict is RV(verdict=PASS). RV(verdict=PENDING) does not fail it either. With V(true) it
        comes only from a slice (see O(slice_timeout)) and in check mode.
      - V(false) reads once. RV(verdict) is what a gate would say at this moment, and RV(verdict=PENDING) where it
        would go on waiting. Neither fails the task. It fails if a job does not exist (see O(missing)), if too few
        jobs were found, and if a job could not be read.
    type: bool
    default: false
  wait_initial_delay:
    description:
      - Seconds to wait before the first observation. They are part of O(wait_timeout) and must be fewer.
      - Has a meaning only with O(wait=true), and not in check mode.
    type: float
    default: 0
  wait_interval:
    description:
      - Seconds from the beginning of one observation to the beginning of the next, 0.1 or more. Each interval is
        shortened at random by up to a tenth, so that many gates do not ask in step.
      - If an observation takes longer than that, the next one follows at once. A request that hangs does not hold up the
        next observation.
      - A state that comes and goes between two observations is not seen, because the service tells only how a job is now.
    type: float
    default: 10
  wait_timeout:
    description:
      - Seconds for the whole task, however many jobs there are, retries and pauses that the service asks for
        included. The last observation is planned so that it ends by this time with all that it has to read. The verdict
        is then RV(verdict=TIMEOUT) unless the jobs have passed or failed. Jobs that it could not reach are named.
      - The time is taken from a monotonic clock, so a step of the system's time does not change the verdict.
      - If the service asks for a pause (C(Retry-After)) beyond this time, the module does not wait for it.
      - A gate in slices (see O(slice_timeout)) has this time for all of them together, the time between them included.
      - V(0) is a single observation, which takes as long as O(request_timeout) and O(retries) allow.
      - Has a meaning only with O(wait=true).
    type: float
    default: 600
  missing:
    description:
      - What to do about a job that does not exist.
      - V(fail) fails the task at once, with and without O(wait).
      - V(wait) waits for the job to appear. Without O(wait) its verdict is V(PENDING).
      - V(ok) leaves the job out and names it in RV(reasons), only as long as the gate has never seen it. This is for the
        first deployment of a new job, where there is nothing to stop yet. If none of the jobs exists, the verdict is
        RV(verdict=PASS). A job that appears while the gate waits is watched like the others from then on. One that
        existed during the gate and does not any more is a failure.
    type: str
    choices:
      - fail
      - wait
      - ok
    default: fail
  max_consecutive_errors:
    description:
      - How many observations in a row may fail to read a job before the verdict is RV(verdict=ERROR), 1 or more. One
        that succeeds sets the count back to 0. The O(retries) of a single request are not counted here.
      - What cannot mend itself is RV(verdict=ERROR) at once. This is so for refused credentials, a missing
        permission, a wrong host, an unknown workspace or project, and a parameter that the service refuses.
      - Has a meaning only with O(wait=true). A single reading ends at the first error; where the service answers nobody, with the second job.
    type: int
    default: 5
  progress:
    description:
      - Whether the controller shows how far the gate has come while the task runs. It shows a line for each change (for
        ten of them, if there are more at a time), and at least one a minute.
      - Where the output is no terminal, as in many pipelines, Ansible keeps what it has to show back until the next task
        begins. With C(PYTHONUNBUFFERED=1) in the environment of C(ansible-playbook) the lines come at once. AWX does not
        need that.
      - This is done by an action plugin with the module's name, which runs the module in slices that grow from 1 to 30
        seconds (see O(slice_timeout)). The task returns what the last of them says, which is about the whole gate.
      - There are no lines with C(no_log), in check mode, with C(async), and where O(resume) or an O(slice_timeout)
        other than V(0) is given.
      - Has a meaning only with O(wait=true).
    type: bool
    default: true
  slice_timeout:
    description:
      - Seconds after which the module returns RV(verdict=PENDING), so that a long gate can be passed in several tasks.
        The next one goes on from there if it is given RV(resume) as O(resume). V(0) is no slice, but the gate to its
        end.
      - A slice ends earlier when a job or node has changed its state. This is limited, so that a job that changes all
        the time does not start a slice every few seconds.
      - A slice ends only between readings, and never before it has finished one observation, so it may last longer. A gate
        gets on with slices of any length. If there is a verdict before its end, it returns this one, and RV(resume) is
        null.
      - The end of a slice does not fail the task, so see that nothing goes on with RV(verdict=PENDING) that must wait
        for the gate.
      - Has a meaning only with O(wait=true), and not in check mode.
    type: float
    default: 0
  resume:
    description:
      - What the slice before returned as RV(resume). The gate goes on from there. If not set or empty, it begins anew.
      - It carries the time that has passed, what was read of the jobs, a version, and a digest of the options, but no
        credentials. A text that was changed or cut is an error.
      - The options must be the same as in the slice before, and so must the place that is asked. Anything else is an
        error. Only O(progress), O(slice_timeout), the credentials, and those options may differ that say how a
        request is made, such as O(retries) and O(proxy).
      - The time between two slices counts, so O(wait_timeout) bounds the whole gate. On the same host, without a restart
        of the system, it comes from a clock that no time setting changes. Otherwise it comes from the system's time, and
        all jobs are read again before they count. RV(elapsed) is never less than the sum of the slices.
      - Has a meaning only with O(wait=true), and not in check mode.
    type: str
  return_jobs:
    description:
      - Which jobs RV(jobs) holds. The verdict is about all of them in any case, and RV(job) does not depend on this.
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
  - The module only reads. C(changed) is always false.
  - V(PASS) means that all jobs were ready B(together), in the same closing observation. A job that was ready earlier
    and is not any more is not ready.
  - Failure comes before everything else. An error with one job does not hide the failure of another, an unknown state
    is neither ready nor failing, and what could not be read never counts as ready.
  - With O(wait=true), a failure that counts ends the gate within two seconds, whatever other requests wait for. No
    later reading takes it back.
  - With C(async), only the lines of O(progress) are missing. Set its time limit higher than O(wait_timeout).
"""
