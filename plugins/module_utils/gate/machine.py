# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict as a state machine: readings and times go in, a verdict and its reasons come out.

No clock, no HTTP, no Ansible. The order of the jobs in the readings makes no difference to the verdict.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from ..cloud.errors import DENIED, PERMANENT, UNREACHED, RequestError
from ..services.readings import Listing, Reading
from . import memory, words
from .history import History
from .judge import Context, Judgement, Reason, judge, reason, severity, unreadable_code
from .policy import ERROR, FAIL, MISSING_WAIT, PASS, PENDING, TIMEOUT, Policy, Selection, matches
from .track import NEVER, Track

# Of a dumped gate.
_SHAPE: Dict[str, Any] = {
    "began": float,
    "seen_at": float,
    "polls": int,
    "settled": bool,
    "found": int,
    "listed": bool,
    "ready_since": Optional[float],
    "faults": int,
    "fault_error": Optional[List[Any]],
    "answered": bool,
    "history": Dict[str, Any],
    "tracks": List[Tuple[str, Dict[str, Any]]],
}


# Codes of jobs that could not be read: such a job says nothing of how long it has been ready.
UNREAD = ("denied", "unreadable")


class Verdict(NamedTuple):
    """What a gate says.

    :ivar verdict: PASS, FAIL, PENDING, TIMEOUT or ERROR.
    :ivar reasons: what holds it up, the worst first.
    :ivar error: the request error behind an ERROR.
    """

    verdict: str
    reasons: List[Reason]
    error: Optional[RequestError] = None


class Gate:
    """Takes readings and judges all jobs together. Times are seconds since the gate's start.

    :ivar tracks: the jobs by name, in the selection's order.
    :ivar settled: whether the selection is known and has as many jobs as it must have.
    :ivar began: when the observation under way began.
    :ivar fatal: an error of the whole gate that cannot mend itself.
    :ivar fault_error: what kept the observation under way from reading any job.
    :ivar ready_since: since when all jobs have been seen ready, None while they are not.
    :ivar max_age: seconds that a reading of nodes may be old when the gate passes; the loop sets it.
    """

    def __init__(self, policy: Policy, selection: Selection) -> None:
        self.policy = policy
        self.selection = selection
        self.max_age = policy.interval
        self.history = History()
        self.tracks: Dict[str, Track] = {}
        self.settled = False
        self.began = 0.0
        self.seen_at = 0.0  # when an answer was taken last; later by the time that was taken off since then
        self.polls = 0
        self.fatal: Optional[RequestError] = None
        self.fault_error: Optional[RequestError] = None
        self._fault_before: Optional[RequestError] = None  # of an observation before, until something was read
        self._answered = False  # anything was read in the observation
        self.list_asked_at: Optional[float] = None  # when the list under way was begun
        self.listed = selection.by_name  # whether the selection has been looked up to its end
        self.faults = 0  # observations in a row that could read no job
        self.found = 0  # how many jobs the selection held when it was last looked up
        self.ready_since: Optional[float] = None
        self.awaits_records = False  # all jobs have been ready for long enough, and only records are missing
        self.workspace: Optional[str] = None
        self.hints: Dict[str, str] = {}  # what to add to the message about a missing job, by name
        self._judged: Dict[str, str] = {}  # each job's own verdict
        self._failing: Dict[str, str] = {}  # code of the first reason of each failing job
        self._fallen: Dict[
            str, Judgement
        ] = {}  # of jobs that have vanished or stalled: that stands, whatever is read later
        self._open = 0  # jobs whose own verdict is PENDING
        if selection.by_name:
            self._settle(selection.choose(selection.names))

    # -- taking in --------------------------------------------------------------------------------------------------

    def begin(self, at: float, list_owed: bool = False) -> None:
        """An observation begins.

        :param list_owed: the one before ended while its list was neither read nor given up.
        """
        gap = at - self.seen_at - self.policy.interval
        if self.polls and gap > 0:
            self._skip(gap)
            self.seen_at += gap  # each second is taken off once, however many observations stay without an answer
        self.began = at
        self.polls += 1
        if self.fault_error is None and self._answered and not list_owed:
            self.faults = 0
            self._fault_before = None
        # An observation without any answer, because of requests that hang, neither counts nor ends a row of errors.
        self._fault_before, self.fault_error = self.fault_error or self._fault_before, None
        self._answered = False

    def _skip(self, seconds: float) -> None:
        """For so long nothing was read (a process that was stopped, a pause between slices): the time counts neither as
        stable nor as ready."""
        if self.ready_since is not None:
            self.ready_since += seconds
        for track in self.tracks.values():
            if track.ready_at is not None:
                track.ready_at += seconds

    def take(self, reading: Reading, at: float, now: float) -> None:
        """One job's reading.

        :param at: when its request was sent.
        :param now: when its answer was taken.
        """
        self.seen_at = max(self.seen_at, now)
        track = self.tracks.get(reading.name)
        if track is None:
            return
        if reading.error is not None and reading.error.kind == UNREACHED:
            return  # the deadline came first: that says nothing of the job
        self._answered = True
        track.asked_at = self._fault_before = None
        if reading.error is None:
            is_slow = self.policy.wait and now - at > self.policy.interval
            track.slow, track.was_slow = is_slow and not track.was_slow, is_slow
        track.take(reading, at, self.began)
        self.note(track, at)

    def take_list(
        self, listing: Listing, readings: Sequence[Reading], at: float, now: float, again: bool = True
    ) -> None:
        """A job list. It settles a selection by tags or part of a name; a job that a complete list lacks is in doubt.

        :param at: when its first request was sent.
        :param now: when its last answer was taken.
        :param again: whether it raises the same doubts that a status call of the same observation has settled.
        """
        self.fault_error = self._fault_before = None
        self._answered = True
        self.seen_at = max(self.seen_at, now)
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
            if track is not None:
                shown.add(item.name)
                track.take(item, at, self.began, again)
                self.note(track, at)
        if listing.complete:
            for name, track in self.tracks.items():
                if name not in shown:
                    track.absent(at, self.began, again)
                    self.note(track, at)

    def take_partial_list(self, readings: Sequence[Reading], at: float) -> None:
        """A part of the job list, or one that contradicts itself: the failures that it shows are in doubt, and nothing else of it counts."""
        for item in readings:
            track = self.tracks.get(item.name)
            state = (item.job or {}).get("status")
            if track is not None and state in self.policy.failing and state != track.state:
                track.take(item, at, self.began)
                self.note(track, at)

    def fault(self, error: RequestError) -> None:
        """What concerns every job could not be read in this observation: credentials, the project, the job list."""
        if error.kind == UNREACHED:
            self.cut_off()
            return
        if error.kind in (DENIED, PERMANENT):
            self.fatal = error
            return
        if self.fault_error is None:
            self.faults += 1
        self.fault_error = error
        self.ready_since = None

    def cut_off(self) -> None:
        """The deadline ends the observation. Where it has read nothing, what went wrong before is still all that is known."""
        self.fault_error = self.fault_error or self._fault_before

    def _settle(self, names: Iterable[str]) -> None:
        for name in names:
            self.tracks[name] = Track(name, self.policy)
            self._judged[name] = PENDING
        self._open = len(self._judged)
        self.found = len(self.tracks)
        self.settled = self.found >= self.selection.least

    def note(self, track: Track, at: float) -> None:
        """Write the history, and keep the account of what the jobs' own verdicts are."""
        if track.error is None or track.error_at < track.read_at:
            self.history.see(at, track.name, None, track.state)
            if track.status_at == at:
                for name, node in track.nodes.items():
                    self.history.see(at, track.name, name, node.get("status"))
        verdict, reasons = self.judge(track, at)
        self._open += (verdict == PENDING) - (self._judged[track.name] == PENDING)
        self._judged[track.name] = verdict
        if verdict == FAIL:
            self._failing[track.name] = reasons[0]["code"]
            if self.policy.wait and not track.failed:
                self._fallen.setdefault(track.name, Judgement(verdict, reasons))
        else:
            self._failing.pop(track.name, None)
        if self.ready_since is not None:
            fell = verdict == PENDING and not track.doubt
            # A job that was left out, because it did not exist, has become one that has to be ready with the others.
            joined = not track.failed and track.ready_at is not None and track.ready_at > self.ready_since
            if fell or joined or track.restarted_at > self.ready_since:
                self.ready_since = None

    # -- over to the next slice -------------------------------------------------------------------------------------

    def dump(self, most_whole: int) -> Dict[str, Any]:
        """Its state as plain data.

        :param most_whole: up to so many jobs are kept with all that was read of them; of more, only those not ready.
        """
        whole = len(self.tracks) <= most_whole
        return {
            "began": self.began,
            "seen_at": self.seen_at,
            "polls": self.polls,
            "settled": self.settled,
            "found": self.found,
            "listed": self.listed,
            "ready_since": self.ready_since,
            "faults": self.faults,
            "fault_error": self.fault_error.dump() if self.fault_error else None,
            "answered": self._answered,
            "history": self.history.dump(),
            "tracks": [[name, track.dump(whole or track.ready_at is None)] for name, track in self.tracks.items()],
        }

    def load(self, data: Dict[str, Any], latest: float, is_age_known: bool) -> None:
        """Take over such a state.

        :param latest: when it was dumped.
        :param is_age_known: whether the time since it was dumped is known; if not, all jobs are read again before they count.
        :raises KeyError, TypeError, ValueError: it is not one.
        """
        memory.check(data, memory.tests(_SHAPE))
        self.began, self.seen_at, self.polls = data["began"], data["seen_at"], data["polls"]
        self.settled, self.found, self.listed = data["settled"], data["found"], data["listed"]
        self.ready_since, self.faults, self._answered = data["ready_since"], data["faults"], data["answered"]
        self.fault_error = RequestError.load(data["fault_error"])
        self.history.load(data["history"])
        self.tracks, self._judged, self._open = {}, {}, 0
        for name, state in data["tracks"]:
            track = self.tracks[name] = Track(name, self.policy)
            track.load(state, latest)
            verdict, reasons = self.judge(track, track.read_at)
            self._judged[name] = verdict
            self._open += verdict == PENDING
            if verdict == FAIL:
                self._failing[name] = reasons[0]["code"]
            if not is_age_known:
                track.forget_age()
        self._check_selection()

    def _check_selection(self) -> None:
        """See that the jobs taken over are those that the gate is about; a gate over fewer of them would pass.

        :raises ValueError: they are not.
        """
        chosen = self.selection.choose(self.selection.names) if self.selection.by_name else tuple(self.tracks)
        is_settled = bool(self.tracks) and self.found == len(self.tracks) >= self.selection.least
        if tuple(self.tracks) != chosen or self.settled != is_settled:
            raise ValueError("other jobs")

    # -- asking -----------------------------------------------------------------------------------------------------

    @property
    def failed(self) -> bool:
        """Whether what is known now is a FAIL, whatever else is read."""
        return self._too_many(self._failing)

    @property
    def looks_ready(self) -> bool:
        """Whether each job's own verdict is PASS, as far as it was read, but for failures that are tolerated."""
        return self.settled and not self._open and not self.failed

    def pending(self) -> List[Track]:
        """The jobs whose own verdict is PENDING."""
        return [track for name, track in self.tracks.items() if self._judged[name] == PENDING]

    @property
    def hopeless_error(self) -> Optional[RequestError]:
        """An error that cannot mend itself, of the gate or of one of its jobs."""
        return self.fatal or next((track.error for track in self.tracks.values() if track.hopeless), None)

    def _too_many(self, failing: Dict[str, str]) -> bool:
        tolerated = sum(1 for code in failing.values() if code != "job_missing")
        return tolerated > self.policy.max_failing or tolerated < len(failing)

    def judge(self, track: Track, at: float) -> Judgement:
        """A job's own verdict, PASS, FAIL or PENDING, and why."""
        fallen = self._fallen.get(track.name)
        if fallen is not None:
            return fallen
        return judge(self.policy, track, at, Context(self.workspace, self.hints, self.fatal))

    def is_unread(self, track: Track) -> bool:
        """Whether a job, or its nodes since it got into its state, have not been read yet."""
        return not track.missing and (not track.seen or (self.policy.needs_nodes and track.status_at < track.state_at))

    def is_stale(self, track: Track, at: float, since: float) -> bool:
        """Whether what is known of a job is too old for a PASS at *at*.

        :param since: when the closing observation began: each job must have been read since then.
        """
        if track.final:
            return False
        if track.read_at < since or track.slow:
            return True
        return self._has_old_nodes(track, at)

    def _has_old_nodes(self, track: Track, at: float) -> bool:
        return self.policy.needs_nodes and not track.missing and track.status_at < at - self.max_age

    # -- the verdict ------------------------------------------------------------------------------------------------

    def verdict(self, at: float, since: Optional[float], last: bool) -> Verdict:
        """What the gate says at *at*. Failure beats everything else, then an error; PASS is the last thing that is asked.

        :param since: when the closing observation began, None where it was not read to its end.
        :param last: no further observation follows.
        """
        policy = self.policy
        if self.selection.by_name and not self.settled:
            return Verdict(FAIL, [self._too_few()])
        judged = {name: self.judge(track, at) for name, track in sorted(self.tracks.items())}
        if last and policy.counts_failing:
            # The grace ends with the time that there is.
            for name, (verdict, found) in judged.items():
                if verdict == PENDING and self.tracks[name].failing:
                    judged[name] = Judgement(FAIL, found)
        reasons = [item for dummy, found in judged.values() for item in found]
        reasons += self._general_reasons(at)
        reasons.sort(key=lambda item: (severity(item, policy), item["job"] or "", item["node"] or ""))
        failing = {name: found[0]["code"] for name, (verdict, found) in judged.items() if verdict == FAIL}
        too_few_fails = policy.missing != MISSING_WAIT and any(item["code"] == "too_few_jobs" for item in reasons)
        if too_few_fails or self._too_many(failing):
            return Verdict(FAIL, reasons)
        error = self._error()
        if error is not None:
            return Verdict(ERROR, reasons, error)
        open_jobs = any(verdict == PENDING for verdict, dummy in judged.values())
        if open_jobs or not self.settled or self._general_error() is not None:
            self.ready_since = None
        elif since is not None and not any(self.is_stale(track, at, since) for track in self.tracks.values()):
            waited_for = self._ready(at)
            if waited_for is None:
                return Verdict(PASS, reasons)
            reasons.append(waited_for)
        elif self.ready_since is not None and policy.stable_for and not any(item["code"] in UNREAD for item in reasons):
            reasons.append(self._not_stable(at))
        return self._undecided(at, since, last, judged, reasons)

    def _ready(self, at: float) -> Optional[Reason]:
        """All jobs are ready together at *at*. What is still waited for, None where that is all."""
        policy = self.policy
        if self.ready_since is None:
            self.ready_since = at
        if policy.wait and at < self.ready_since + policy.stable_for:
            return self._not_stable(at)
        idle = self._idle(at) if policy.require_records else None
        self.awaits_records = idle is not None
        return idle

    def _idle(self, at: float) -> Optional[Reason]:
        """Nodes that require_records names and no job has, and a job that has moved no record within stable_for."""
        policy = self.policy
        tracks = [track for track in self.tracks.values() if not (track.missing or track.failing or track.failed)]
        absent = [
            pattern
            for pattern in policy.record_nodes
            if not any(matches(name, (pattern,)) for track in tracks for name in track.nodes)
        ]
        if absent and tracks:
            return reason("no_records", None, words.no_such_nodes(absent))
        since = at - policy.stable_for
        idle = next((track for track in tracks if policy.stable_for and not track.has_moved(since)), None)
        if idle is None:
            return None
        return reason(
            "no_records", idle.name, words.no_records(idle, since), status=idle.state, log_path=idle.log_path()
        )

    def _not_stable(self, at: float) -> Reason:
        since = at if self.ready_since is None else self.ready_since
        restarted = max(self.tracks.values(), key=lambda track: track.restarted_at, default=None)
        if (
            restarted is not None
            and restarted.restarted_at > NEVER
            and at - restarted.restarted_at < self.policy.stable_for
        ):
            message = words.restarted(restarted.name, at - restarted.restarted_at)
            return reason("restarted", restarted.name, message, status=restarted.state)
        return reason("not_stable", None, words.not_stable(at - since, self.policy.stable_for))

    def _undecided(
        self, at: float, since: Optional[float], last: bool, judged: Dict[str, Judgement], reasons: List[Reason]
    ) -> Verdict:
        """PENDING, or at the end TIMEOUT with the jobs that were ready but could not be reached again."""
        if not last:
            return Verdict(PENDING, reasons or [reason("still_pending", None, words.not_together(last))])
        since = self.began if since is None else since
        for name, (verdict, dummy) in judged.items():
            track = self.tracks[name]
            if verdict == PASS and track.error is None and self.is_stale(track, at, since):
                message = words.unreached(track, at, self._has_old_nodes(track, at))
                if track.slow:
                    message = words.slow(name, self.policy.interval)
                reasons.append(reason("still_pending", name, message, status=track.state, log_path=track.log_path()))
        return Verdict(TIMEOUT, reasons or [reason("still_pending", None, words.not_together(last))])

    def _general_error(self) -> Optional[RequestError]:
        return self.fatal or self.fault_error

    def _general_reasons(self, at: float) -> List[Reason]:
        """Reasons that are about no single job."""
        general = self._general_error()
        if general is not None:
            return [reason(unreadable_code(general), None, words.general(general, self.faults), error=general)]
        if self.settled:
            return []
        return [
            self._too_few() if self.listed else reason("still_pending", None, words.unlisted(self.list_asked_at, at))
        ]

    def _too_few(self) -> Reason:
        return reason("too_few_jobs", None, words.too_few(self.selection, self.found, self.workspace))

    def _error(self) -> Optional[RequestError]:
        """The error that ends the gate: one that cannot mend itself, or one too many in a row."""
        if self.hopeless_error is not None:
            return self.hopeless_error
        most = self.policy.max_errors
        error = next((track.error for track in self.tracks.values() if track.errors >= most), None)
        return error if error is not None or self.faults < most else self.fault_error

    # -- the result -------------------------------------------------------------------------------------------------

    def tally(self, at: float) -> words.Tally:
        """How many jobs there are, are ready, and are in which state."""
        result = words.Tally()
        for track in self.tracks.values():
            if track.left_out:
                continue
            state = "missing" if track.missing else "not read" if not track.seen else track.state or "without a state"
            looks_ready = not track.missing and track.state in self.policy.ready
            result.count(state, self.judge(track, at).verdict, self.is_unread(track), looks_ready)
        return result

    def jobs(self, at: float) -> List[Dict[str, Any]]:
        """Every job but those left out, with its fields, its own verdict and the reasons for it, in the selection's order."""
        result = []
        for track in self.tracks.values():
            if track.left_out:
                continue
            verdict, reasons = self.judge(track, at)
            read_at = round(max(0.0, track.read_at, track.status_at), 3) if track.seen else None
            result.append({**track.describe(), "verdict": verdict, "reasons": reasons, "read_at": read_at})
        return result
