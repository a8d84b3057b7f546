# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Which requests an observation needs, so that a gate over thousands of jobs stays below the ceiling and misses nothing.

The job list gives a hundred jobs for one request, but only their own states; the status call gives one job with its nodes.
"""

from __future__ import annotations

from typing import Optional

from ..policy import Policy
from ..state.observation import LIST, ROTATION, STATUS

# An observation that takes longer reads the list again meanwhile, so that the fall of a job that was read early is seen.
MAX_LIST_INTERVAL = 10.0
# At most this part of the rate limit is used for lists. With more, nodes would be read too seldom for any gate over thousands of jobs.
MAX_LIST_SHARE = 0.25
# A node reading behind a PASS may be older than wait_interval by so many times the time in which all nodes can be read.
MAX_SWEEPS = 1.5
# What the service allows a user in a second; plans are made with it where no lower ceiling is set.
QUOTA = 30.0
# Up to this number of jobs, a request for the length of the list is not worthwhile.
FEW = 2
# A list of more pages than this part of the jobs is no cheaper than the status calls.
MAX_PAGES_PER_JOB = 0.25


class Plan:
    """Chooses between list and status calls.

    :param rate: ceiling in requests per second, 0 for none.
    :param workers: requests that can be under way at once.
    :param lists: whether there is a list at all (there is none for DLI jobs).
    :param cost: how many requests it takes to read one job without the list.
    :ivar pages: how many requests the list took when it was last read, or would have taken; None before.
    """

    def __init__(self, policy: Policy, rate: float, workers: int, lists: bool, cost: int = 1) -> None:
        self.policy = policy
        self.rate = rate or QUOTA
        self.workers = workers
        self.lists = lists
        self.cost = cost
        self.pages: Optional[int] = None

    def seconds(self, requests: float) -> float:
        """Seconds for the given number of requests at the rate limit."""
        return requests / self.rate

    def sweep(self, jobs: int, latency: float) -> float:
        """How long it takes to read all nodes, at the ceiling and at the usual time of an answer."""
        return max(self.seconds(jobs * self.cost), -(-jobs // self.workers) * latency * self.cost)

    def max_age(self, jobs: int, latency: float) -> float:
        """Seconds that a node reading may be old when the gate passes."""
        return self.policy.interval + MAX_SWEEPS * self.sweep(jobs, latency)

    def is_list_too_slow(self, jobs: int, latency: float) -> bool:
        """Whether nodes are read too seldom for a PASS beside lists, while status calls alone are quick enough."""
        if not self.policy.needs_nodes:
            return False
        most = self.max_age(jobs, latency)
        sweep = self.sweep(jobs, latency) / (1.0 - MAX_LIST_SHARE)
        return sweep + self.list_seconds(latency) > most >= self.seconds((jobs - 1) * self.cost) + latency * self.cost

    def look_interval(self, requests: int) -> float:
        """Seconds from one reading of all jobs to the next in a long observation, for the given number of requests."""
        return max(MAX_LIST_INTERVAL, self.seconds(requests) / MAX_LIST_SHARE)

    @property
    def rotation_interval(self) -> float:
        """Seconds from one observation to the next in a rotation."""
        shortest = min(self.policy.interval, MAX_LIST_INTERVAL)
        return max(shortest, self.seconds(self.pages or 0) / MAX_LIST_SHARE)

    def list_seconds(self, latency: float) -> float:
        """How long a list takes: two pages one after the other, then the others side by side."""
        pages = self.pages or 1
        return self.seconds(pages) + (2 + pages / self.workers) * latency

    def mode(self, jobs: int, once: bool) -> str:
        """How the given number of jobs is read.

        :param once: there is one observation only, so that nothing can go round.
        """
        if not self.lists:
            return STATUS
        if self.policy.needs_nodes:
            fits = once or jobs <= FEW or self.seconds(jobs * self.cost) <= self.policy.interval
            return STATUS if fits or (self.pages or 0) > self.max_pages(jobs) else ROTATION
        return STATUS if jobs <= FEW or (self.pages or 0) > self.max_pages(jobs) else LIST

    def max_pages(self, jobs: int) -> int:
        """The longest list that is cheaper than the status calls."""
        return max(1, int(jobs * MAX_PAGES_PER_JOB) if self.policy.needs_nodes else jobs - 1)
