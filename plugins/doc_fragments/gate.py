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
        task fails unless the verdict is RV(verdict=PASS). In check mode, RV(verdict=PENDING) does not fail it either.
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
      - If an observation takes longer than that, the next one follows at once.
    type: float
    default: 10
  wait_timeout:
    description:
      - Seconds for the whole task, however many jobs there are, retries and pauses that the service asks for
        included. The last observation ends at this time, and the verdict is then RV(verdict=TIMEOUT) unless the jobs
        have passed or failed.
      - V(0) is a single observation, which takes as long as O(request_timeout) and O(retries) allow.
      - Has a meaning only with O(wait=true).
    type: float
    default: 600
  missing:
    description:
      - What to do about a job that does not exist.
      - V(fail) fails the task at once, with and without O(wait).
      - V(wait) waits for the job to appear. Without O(wait) its verdict is V(PENDING).
      - V(ok) leaves the job out and names it in RV(reasons). This is for the first deployment of a new job, where
        there is nothing to stop yet. If none of the jobs exists, the verdict is RV(verdict=PASS).
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
      - Has a meaning only with O(wait=true). A single reading ends at the first error.
    type: int
    default: 5
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
  - Failure comes before everything else. An error with one job does not hide the failure of another, a state that
    nobody knows is neither ready nor failing, and what could not be read never counts as ready.
  - With C(async), nothing else is different. Set its time limit higher than O(wait_timeout).
"""
