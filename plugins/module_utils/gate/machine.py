# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict as a pure state machine: readings and times go in, a verdict and its reasons come out.

No clock, no HTTP, no Ansible. What the readings say in which order of jobs makes no difference to the verdict.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from ..cloud.errors import DENIED, PERMANENT, UNREACHED, RequestError
from ..services.readings import Listing, Reading
from . import words
from .history import History
from .policy import ERROR, FAIL, MISSING_FAIL, MISSING_OK, MISSING_WAIT, PASS, PENDING, TIMEOUT, Policy, Selection
from .track import Track

Reason = Dict[str, Any]


class Verdict(NamedTuple):
    """What a gate says.

    :ivar verdict: PASS, FAIL, PENDING, TIMEOUT or ERROR.
    :ivar reasons: what holds it up, the worst first.
    :ivar error: the request error behind an ERROR.
    """

    verdict: str
    reasons: List[Reason]
    error: Optional[RequestError] = None


def reason(code: str, job: Optional[str], message: str, node: Optional[str] = None, **fields: Any) -> Reason:
    """A reason with all of its keys."""
    return {
        "code": code,
        "job": job,
        "node": node,
        "status": fields.get("status"),
        "message": message,
        "log_path": fields.get("log_path"),
    }


# The order in which reasons are told.
SEVERITY = {
    "job_exception": 0,
    "node_exception": 0,
    "dli_failed": 0,
    "dli_cancelled": 0,
    "stalled": 0,
    "job_missing": 1,
    "too_few_jobs": 1,
    "denied": 2,
    "unreadable": 3,
    "unknown_state": 4,
    "still_pending": 5,
    "not_restarted": 5,
    "no_records": 5,
    "not_stable": 6,
}


# A reading of nodes may be so many times as old as reading all of them takes.
SWEEPS = 1.5


class Gate:
    """Judges jobs from what it is shown.

    An observation is ``begin``, any number of ``take``/``take_list``/``fault``, and ``close``. Times are seconds since the
    gate's start.

    :param freshness: seconds that a reading of nodes may be old when the gate passes.
    :ivar calls: status calls that have told something of a job.
    """

    def __init__(self, policy: Policy, selection: Selection, freshness: float) -> None:
        self.policy = policy
        self.selection = selection
        self.freshness = freshness
        self.calls = 0
        self.history = History()
        self.tracks: Dict[str, Track] = {}
        self.settled = False
        self.began = 0.0
        self.polls = 0
        self.fatal: Optional[RequestError] = None  # a fault that cannot mend itself
        self.fault_error: Optional[RequestError] = None  # what kept this observation from reading anybody
        self._fault_before: Optional[RequestError] = None  # that of the observation before
        self.listed = selection.by_name  # whether a selection has been looked up to its end
        self.faults = 0  # observations in a row in which that happened
        self.found = 0  # how many jobs the selection held when it was last looked up
        self.ready_since: Optional[float] = None
        self.workspace: Optional[str] = None
        self.hints: Dict[str, str] = {}  # what to add to the message about a job that does not exist
        self._failing: Dict[str, str] = {}
        if selection.by_name:
            self._settle(selection.choose(selection.names))

    # -- taking in --------------------------------------------------------------------------------------------------

    def begin(self, at: float) -> None:
        """An observation begins."""
        self.began = at
        self.polls += 1
        if self.fault_error is None:
            self.faults = 0
        self._fault_before, self.fault_error = self.fault_error, None

    def take(self, reading: Reading, at: float) -> None:
        """One job's reading. What the deadline cut off says nothing and is passed over."""
        track = self.tracks.get(reading.name)
        if track is None or (reading.error is not None and reading.error.kind == UNREACHED):
            return
        track.take(reading, at, self.began)
        if reading.error is None:
            self.calls += 1
            track.call = self.calls
            self._note(track, at)

    def take_list(self, listing: Listing, readings: Sequence[Reading], at: float, again: bool = True) -> None:
        """A job list. It settles a selection by tags or part of a name; a job that a complete list lacks is in doubt.

        :param again: whether it raises the same doubts that a status call of the same observation has settled.
        """
        if not self.settled:
            self.listed = self.listed or listing.complete
            chosen = self.selection.choose([item.name for item in readings])
            self.found = len(chosen)
            if not listing.complete or self.found < self.selection.least:
                return
            self._settle(chosen)
        shown = set()
        for item in readings:
            track = self.tracks.get(item.name)
            if track is not None and item.name not in shown and not self.left_out(track):
                shown.add(item.name)
                track.take(item, at, self.began, again)
                self._note(track, at)
        if listing.complete:
            for name, track in self.tracks.items():
                if name not in shown and not self.left_out(track):
                    track.absent(at, self.began, again)

    def fault(self, error: RequestError) -> None:
        """What concerns every job could not be had in this observation: credentials, the project, the job list."""
        if error.kind == UNREACHED:
            # What the deadline cut off says nothing; what went wrong before is still all that is known.
            self.fault_error = self.fault_error or self._fault_before
            return
        if error.kind in (DENIED, PERMANENT):
            self.fatal = error
            return
        if self.fault_error is None:
            self.faults += 1
        self.fault_error = error

    def _settle(self, names: Iterable[str]) -> None:
        for name in names:
            self.tracks[name] = Track(name, self.policy)
        self.found = len(self.tracks)
        self.settled = self.found >= self.selection.least

    def _note(self, track: Track, at: float) -> None:
        """Write the history, and keep the account of failing jobs that lets a gate fail at once."""
        self.history.see(at, track.name, None, track.state)
        if track.status_at == at:
            for name, node in track.nodes.items():
                self.history.see(at, track.name, name, node.get("status"))
        verdict, reasons = self.judge(track, at)
        if verdict == FAIL:
            self._failing[track.name] = reasons[0]["code"]
        else:
            self._failing.pop(track.name, None)
        if verdict == PENDING and not track.doubt:
            self.ready_since = None

    # -- over to the next slice -------------------------------------------------------------------------------------

    def resume(self, pause: float, rate: float) -> float:
        """Go on after nobody has looked for *pause* seconds; returns how many of them are more than an ordinary interval.

        What was read before it is as much older as if calls had been made all the time, *rate* of them in a second. What nobody
        has seen counts neither as stable nor as reading.
        """
        self.calls += int(pause * rate)
        unseen = max(0.0, pause - self.policy.interval)
        if self.ready_since is not None:
            self.ready_since += unseen
        for track in self.tracks.values():
            if track.ready_at is not None:
                track.ready_at += unseen
        return unseen

    def dump(self, most_whole: int) -> Dict[str, Any]:
        """Its state as plain data.

        :param most_whole: up to so many jobs are kept with all that was read of them; of more, only those not ready.
        """
        whole = len(self.tracks) <= most_whole
        return {
            "began": self.began,
            "polls": self.polls,
            "calls": self.calls,
            "settled": self.settled,
            "found": self.found,
            "listed": self.listed,
            "ready_since": self.ready_since,
            "faults": self.faults,
            "fault_error": self.fault_error.dump() if self.fault_error else None,
            "history": self.history.dump(),
            "tracks": [[name, track.dump(whole or track.ready_at is None)] for name, track in self.tracks.items()],
        }

    def load(self, data: Dict[str, Any]) -> None:
        """Take over such a state."""
        self.began, self.polls, self.calls = data["began"], data["polls"], data["calls"]
        self.settled, self.found, self.listed = data["settled"], data["found"], data["listed"]
        self.ready_since, self.faults = data["ready_since"], data["faults"]
        self.fault_error = RequestError.load(data["fault_error"])
        self.history.load(data["history"])
        self.tracks = {}
        for name, state in data["tracks"]:
            track = self.tracks[name] = Track(name, self.policy)
            track.load(state)
            verdict, reasons = self.judge(track, track.read_at)
            if verdict == FAIL:
                self._failing[name] = reasons[0]["code"]

    # -- judging ----------------------------------------------------------------------------------------------------

    def left_out(self, track: Track) -> bool:
        """Whether a job is left out because it does not exist and need not."""
        return track.missing and self.policy.missing == MISSING_OK

    @property
    def failed(self) -> bool:
        """Whether what is known now is a FAIL, whatever else comes."""
        return self._too_many(self._failing)

    def _too_many(self, failing: Dict[str, str]) -> bool:
        tolerated = sum(1 for code in failing.values() if code != "job_missing")
        return tolerated > self.policy.max_failing or tolerated < len(failing)

    def judge(self, track: Track, at: float) -> Tuple[str, List[Reason]]:
        """A job's own verdict, PASS, FAIL or PENDING, and why."""
        policy, name = self.policy, track.name
        if track.missing:
            verdict = {MISSING_FAIL: FAIL, MISSING_WAIT: PENDING, MISSING_OK: PASS}[policy.missing]
            message = words.missing(policy, name, self.workspace) + self.hints.get(name, "")
            found = [reason("job_missing", name, message)]
            return verdict, found + self._trouble(track)
        failures, trouble = track.failures(), self._trouble(track)
        if failures and (policy.counts_failing or not trouble):
            return self._judge_failures(track, failures)
        if trouble:
            return PENDING, trouble
        if not track.seen:
            return PENDING, [reason("still_pending", name, words.unread(name))]
        fields = {"status": track.state, "log_path": track.log_path()}
        if track.state not in policy.kind.known:
            return PENDING, [reason("unknown_state", name, words.unknown(name, track.state), **fields)]
        if (
            policy.stall_timeout
            and track.mark_at is not None
            and track.marked_at - track.mark_at >= policy.stall_timeout
        ):
            return FAIL, [reason("stalled", name, words.stalled(name, track.marked_at - track.mark_at), **fields)]
        if track.state not in policy.ready or track.doubt:
            return PENDING, [reason("still_pending", name, words.pending(track, at), **fields)]
        if not track.restarted:
            message = words.not_restarted(name, track.start_time, policy.started_after or 0)
            return PENDING, [reason("not_restarted", name, message, **fields)]
        if policy.needs_nodes and track.status_at < track.state_at:
            return PENDING, [reason("still_pending", name, words.nodes_unread(track), **fields)]
        if policy.require_records and not track.moved:
            return PENDING, [reason("no_records", name, words.no_records(name, track.counters_seen), **fields)]
        return PASS, []

    def _judge_failures(self, track: Track, failures: List[Tuple[Optional[str], str]]) -> Tuple[str, List[Reason]]:
        policy = self.policy
        counts = policy.counts_failing and (not policy.wait or track.failing_for >= policy.exception_grace)
        found = []
        for node, state in failures:
            code = policy.kind.codes.get(state, "job_exception") if node is None else "node_exception"
            found.append(
                reason(
                    code if policy.counts_failing else "still_pending",
                    track.name,
                    words.failing(track, node, state),
                    node=node,
                    status=state,
                    log_path=track.log_path(node),
                )
            )
        return (FAIL if counts else PENDING), found + self._trouble(track)

    def _severity(self, item: Reason) -> int:
        # A failing state that is waited out holds the gate up more than a job on its way.
        failing = (
            item["code"] == "still_pending" and item["status"] in self.policy.failing | self.policy.kind.node_failing
        )
        return SEVERITY["job_exception" if failing else item["code"]]

    def _trouble(self, track: Track) -> List[Reason]:
        if track.error is None or track.error is self.fatal:
            return []
        code = "denied" if track.error.kind == DENIED else "unreadable"
        message = words.unreadable(track.name, track.error, track.errors, track.state if track.seen else None)
        return [reason(code, track.name, message, status=track.state)]

    def verdict(self, at: float, closing: bool, last: bool) -> Verdict:
        """What the gate says at *at*.

        :param closing: the observation was read to its end, so it may make the gate pass.
        :param last: no further observation follows.
        """
        policy = self.policy
        if self.selection.by_name and not self.settled:
            return Verdict(
                FAIL, [reason("too_few_jobs", None, words.too_few(self.selection, self.found, self.workspace))]
            )
        judged = {name: self.judge(track, at) for name, track in sorted(self.tracks.items())}
        if last and policy.counts_failing:
            # The grace ends with the time that there is.
            for name, (verdict, found) in judged.items():
                if verdict == PENDING and self.tracks[name].failing:
                    judged[name] = (FAIL, found)
        reasons = [item for dummy, found in judged.values() for item in found]
        failing = {name: found[0]["code"] for name, (verdict, found) in judged.items() if verdict == FAIL}
        short = not self.settled
        if short and not self.listed and self.fault_error is None and self.fatal is None:
            reasons.append(reason("still_pending", None, words.unlisted()))
        elif short and self.fault_error is None and self.fatal is None:
            reasons.append(reason("too_few_jobs", None, words.too_few(self.selection, self.found, self.workspace)))
        error = self.fatal or next((track.error for track in self.tracks.values() if track.hopeless), None)
        if error is None:
            error = next((track.error for track in self.tracks.values() if track.errors >= policy.max_errors), None)
        if error is None and self.faults >= policy.max_errors:
            error = self.fault_error
        general = self.fatal or self.fault_error
        if general is not None:
            code = "denied" if general.kind == DENIED else "unreadable"
            reasons.append(reason(code, None, words.general(general, self.faults)))
        too_few_fails = policy.missing != MISSING_WAIT and any(item["code"] == "too_few_jobs" for item in reasons)
        reasons.sort(key=lambda item: (self._severity(item), item["job"] or "", item["node"] or ""))
        if too_few_fails or self._too_many(failing):
            return Verdict(FAIL, reasons)
        if error is not None:
            return Verdict(ERROR, reasons, error)
        open_jobs = [name for name, (verdict, dummy) in judged.items() if verdict == PENDING]
        together = closing and not short and not open_jobs and general is None and self._together(at)
        if not together:
            if open_jobs or short or general is not None:
                self.ready_since = None
        else:
            if self.ready_since is None:
                self.ready_since = at
            if not policy.wait or at >= self.ready_since + policy.stable_for:
                return Verdict(PASS, reasons)
            reasons.append(reason("not_stable", None, words.not_stable(at - self.ready_since, policy.stable_for)))
        if not reasons and self.ready_since is not None and policy.stable_for:
            reasons.append(reason("not_stable", None, words.not_stable(at - self.ready_since, policy.stable_for)))
        if not last:
            return Verdict(PENDING, reasons or [reason("still_pending", None, words.not_together(last))])
        for name, (verdict, dummy) in judged.items():
            track = self.tracks[name]
            if verdict == PASS and self._unreached(track, at):
                message = words.unreached(track, at)
                reasons.append(reason("still_pending", name, message, status=track.state, log_path=track.log_path()))
        return Verdict(TIMEOUT, reasons or [reason("still_pending", None, words.not_together(last))])

    def _together(self, at: float) -> bool:
        """Whether every job was read in this observation, and its nodes too or lately enough."""
        return not any(self._unreached(track, at) for track in self.tracks.values())

    def _unreached(self, track: Track, at: float) -> bool:
        """Whether what is known of a job is too old to pass on."""
        if track.final or self.left_out(track):
            return False
        if track.read_at < self.began:
            return True
        return self.policy.needs_nodes and not track.missing and self.too_old(track, at)

    def too_old(self, track: Track, at: float, calls: int = 0) -> bool:
        """Whether a job's nodes have to be read again before the gate may pass at *at*, after so many more *calls*.

        Where answers are slow, or few because others use up the quota, an observation takes as long as it takes, and a gate that
        could not pass then would stop a deployment for nothing. So within one the calls count that were made since.
        """
        if track.status_at >= at - self.freshness:
            return False
        return track.status_at < self.began or self.calls + calls - track.call > SWEEPS * len(self.tracks)

    def tally(self, at: float) -> words.Tally:
        """How many jobs there are, are ready, and are in which state."""
        result = words.Tally()
        for track in self.tracks.values():
            if self.left_out(track):
                continue
            state = "missing" if track.missing else "not read" if not track.seen else track.state or "without a state"
            unread = not track.seen or (self.policy.needs_nodes and track.status_at < track.state_at)
            ready = not track.missing and track.state in self.policy.ready
            result.count(state, self.judge(track, at)[0], unread and not track.missing, ready)
        return result

    def jobs(self, at: float) -> List[Dict[str, Any]]:
        """Every job but those left out, with its fields, its own verdict and the reasons for it, in the selection's order."""
        result = []
        for track in self.tracks.values():
            if self.left_out(track):
                continue
            verdict, reasons = self.judge(track, at)
            read_at = round(max(0.0, track.read_at, track.status_at), 3) if track.seen else None
            result.append({**track.describe(), "verdict": verdict, "reasons": reasons, "read_at": read_at})
        return result
