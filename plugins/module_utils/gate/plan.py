# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which reads an observation needs, so that a gate over thousands of jobs stays below the ceiling and misses nothing.

The job list gives a hundred jobs for one request, but only their own states; the status call gives one job with its nodes.
"""

from __future__ import annotations

from typing import List, Optional

from .machine import SWEEPS, Gate
from .policy import PENDING, Policy
from .track import Track

# An observation that takes longer reads the list again meanwhile, so that the fall of a job that was read early is seen.
LIST_EVERY = 10.0
# Readings that are spread over more than this many seconds are not yet "together": the list is read once more at the end.
TOGETHER = 1.0
# What the service allows a user in a second; plans are made with it where no lower ceiling is set.
QUOTA = 30.0
# Up to so many jobs it is not worth a request to find out how long the list is.
FEW = 2


class Plan:
    """Chooses between list and status calls.

    :param rate: ceiling in requests per second, 0 for none.
    :param lists: whether there is a list at all (there is none for DLI jobs).
    :ivar pages: how many requests the list took when it was last read, or would have taken; None before.
    :ivar list_took: seconds that the last attempt to read the list took, whatever came of it.
    """

    def __init__(self, policy: Policy, rate: float, lists: bool) -> None:
        self.policy = policy
        self.rate = rate or QUOTA
        self.lists = lists
        self.pages: Optional[int] = None
        self.list_took = 0.0

    def seconds(self, requests: float) -> float:
        """How long the ceiling takes for so many requests."""
        return requests / self.rate

    @property
    def list_every(self) -> float:
        """Seconds from one list to the next in a long observation.

        At most half of the ceiling goes into lists. Where answers are slow, or the list breaks and the status calls do not, a third
        of the time has to be enough for it.
        """
        paced = self.seconds(self.pages or 0)
        return max(LIST_EVERY, 2 * paced, 3 * (self.list_took - paced))

    def sweep(self, jobs: int) -> float:
        """How long the ceiling takes to read so many jobs' nodes, with the lists that are read meanwhile."""
        seconds = self.seconds(jobs)
        if self.lists and seconds > LIST_EVERY:
            seconds /= 1.0 - self.seconds(self.pages or 0) / self.list_every
        return seconds

    def freshness(self, jobs: int) -> float:
        """Seconds that a node reading may be old when the gate passes."""
        return self.policy.interval + SWEEPS * self.seconds(jobs)

    def by_status(self, jobs: int) -> bool:
        """Whether every job is read by its own status call in every observation."""
        if not self.lists:
            return True
        if self.policy.needs_nodes:
            return self.seconds(jobs) <= self.policy.interval
        return jobs <= FEW or (self.pages is not None and self.pages >= jobs)

    def owed(self, gate: Gate, by_status: bool, now: float) -> List[str]:
        """The jobs whose status call is owed in the running observation, those that may end the gate first.

        :param now: seconds since the gate's start.
        """
        first: List[str] = []
        then: List[Track] = []
        waiting: List[Track] = []
        old: List[Track] = []
        for name, track in gate.tracks.items():
            if track.final or gate.left_out(track):
                continue
            if track.error_at >= gate.began and track.status_at < track.error_at:
                if track.to_be_tried_again(gate.began):
                    then.append(track)
                continue
            if track.doubt:
                first.append(name)
            elif track.status_at >= gate.began:
                if track.grace_over(now):
                    then.append(track)
                elif self.policy.needs_nodes and track.state in self.policy.ready:
                    old.append(track)
            elif by_status or track.failing or not track.seen or track.error is not None:
                then.append(track)
            elif track.missing:
                continue
            elif track.state in self.policy.ready:
                if not self.policy.needs_nodes:
                    continue
                if track.status_at < track.state_at or (self.policy.require_records and not track.moved):
                    then.append(track)
                else:
                    old.append(track)
            else:
                waiting.append(track)
        if old and not any(gate.judge(track, now)[0] == PENDING for track in gate.tracks.values()):
            # Old readings of nodes matter only once nothing else keeps the gate from passing.
            then.extend(self._too_old(old, gate, now))
        if (
            self.policy.needs_nodes
            and not by_status
            and self.seconds(len(first) + len(then) + len(waiting)) <= self.policy.interval / 2
        ):
            # Few enough are on their way to see their nodes as well.
            then.extend(waiting)
        then.sort(key=lambda track: (not track.failing, track.status_at))
        return first + [track.name for track in then]

    def _too_old(self, tracks: List[Track], gate: Gate, now: float) -> List[Track]:
        """The fewest of *tracks* whose nodes must be read again, so that no reading is too old when the gate passes.

        The more are read again, the later it passes, and the older the others' readings are by then.
        """
        tracks = sorted(tracks, key=lambda track: track.status_at)
        # What the list at the end takes, and half an interval for answers that are slower than the ceiling.
        spare = self.policy.interval / 2 + self.seconds(self.pages or 0)
        again = 0
        while again < len(tracks) and gate.too_old(tracks[again], now + spare + self.sweep(again), again):
            again += 1
        return tracks[:again]
