# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The promises of a gate, each as a check of a run that has ended.

They are made from the description of the gate and share nothing with its code: options, result and the log of requests go in,
and sentences about broken promises come out. A check that cannot decide is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, pairwise

from .evidence import FAILING, MAX_JITTER, MISSING, PENDING, READY, Reading, Run, target_of
from .job_scripts import BROKEN, DLI_SQL, EVERYTHING, HANG, LIST, SLOW, THROTTLED, Job, Trouble
from .request_log import ABOUT_ONE_JOB, LISTING, SPARK_LOG, Request

MAX_FAIL_DELAY = 2.0
"""Maximum seconds from the reading of a failure to the verdict."""
MAX_UNREAD_TIME = 10.0
"""Maximum seconds without a reading of a job in a long observation."""
MAX_DELAY = 0.35
"""Seconds without an answer: pacing, the time of an answer."""
MAX_BACKOFF = 10.0
MAX_SENTENCES = 3
"""Maximum sentences of each check."""
MAX_UNPROVED = 4
"""Requests that may be under way before the credentials have proved good."""
MIN_PATIENCE = 5.0
"""Seconds without an answer after which the next of them is sent."""

Check = Callable[[Run], Iterator[str]]


def broken_promises(run: Run) -> list[str]:
    """The promises that a run breaks, as sentences."""
    return [f"{check.__name__}: {sentence}" for check in CHECKS for sentence in islice(check(run), MAX_SENTENCES)]


# -- PASS ---------------------------------------------------------------------------------------------------------------


def _support(run: Run, name: str) -> Reading | None:
    """The reading that a job's part of a PASS rests on: the newest by a call, or where nodes do not count, the newest."""
    readings = [reading for reading in run.calls(name) if reading.known_at <= run.ended_at]
    if run.has_list and not run.option("check_nodes"):
        readings += [reading for reading in run.lists(name) if reading.known_at <= run.ended_at]
    late = [item for item in run.late_calls.get(name, []) if run.judge(item.content) == READY]
    return max([*readings, *late], key=lambda reading: reading.sent_at, default=None)


def _left_out(run: Run, name: str) -> bool:
    """Whether ``missing: ok`` leaves a job out: it was never seen."""
    if run.option("missing") != "ok":
        return False
    calls = [reading for reading in run.calls(name) if reading.known_at <= run.ended_at]
    seen = [
        reading
        for reading in [*calls, *run.lists(name)]
        if reading.content.state is not None and run.was_known(reading)
    ]
    return bool(calls) and not seen


def _must_be_ready(run: Run) -> Iterator[tuple[str, Reading | None]]:
    """The jobs that a PASS is about, with the reading behind it; without those that may fail."""
    spare = run.option("max_failing")
    for name in run.selected:
        if _left_out(run, name):
            continue
        reading = _support(run, name)
        if spare and reading is not None and (run.judge(reading.content) == FAILING or _has_failed(run, name)):
            spare -= 1
            continue
        yield name, reading


def _has_failed(run: Run, name: str) -> bool:
    """Whether a failure of a job was read, which stays in spite of later readings."""
    return any(run.was_known(reading) and run.judge(reading.content) == FAILING for reading in run.calls(name))


def pass_rests_on_ready_readings(run: Run) -> Iterator[str]:
    """At PASS the newest reading of each job says that it and its nodes are ready."""
    if run.verdict != "PASS":
        return
    if not run.selected:
        yield "PASS without any job"
    for name, reading in _must_be_ready(run):
        if reading is None:
            yield f"PASS although {name} was never read"
        elif run.judge(reading.content) != READY:
            yield f"PASS although {name} was {reading.content} at {reading.sent_at:.3f}"


def pass_rests_on_young_readings(run: Run) -> Iterator[str]:
    """At PASS no reading is older than wait_interval and one and a half sweeps, except that of a state that never changes again."""
    if run.verdict != "PASS" or not run.option("check_nodes"):
        return
    most = run.option("wait_interval") + 1.5 * run.sweep() + 0.02
    for name, reading in _must_be_ready(run):
        if reading is not None and not run.is_final(reading.content) and run.ended_at - reading.sent_at > most:
            yield f"PASS on a reading of {name} of {run.ended_at - reading.sent_at:.2f} s ago; {most:.2f} s are allowed"


def no_later_reading_says_otherwise(run: Run) -> Iterator[str]:
    """At PASS no later reading that had arrived shows that a job is not ready."""
    if run.verdict != "PASS" or not run.has_list:
        return
    for name, support in _must_be_ready(run):
        if support is None:
            continue
        for reading in run.lists(name):
            if not run.was_known(reading) or run.judge(reading.content) == READY:
                continue
            failing = run.judge(reading.content) == FAILING and reading.sent_at > support.sent_at
            if failing or reading.sent_at >= support.known_at:
                yield f"PASS although a list sent at {reading.sent_at:.3f} says that {name} is {reading.content.state}"


def pass_keeps_stable_for(run: Run) -> Iterator[str]:
    """At PASS every job has been ready for stable_for without a break, and was not restarted meanwhile."""
    needed = run.option("stable_for")
    if run.verdict != "PASS" or not needed:
        return
    for name, support in _must_be_ready(run):
        if support is None:
            continue
        since = None
        newest, count = 0, None
        for reading in sorted([*run.calls(name), *run.lists(name)], key=lambda item: item.sent_at):
            if not run.was_known(reading) and reading is not support:
                continue
            started = reading.content.started or 0
            restarted, newest = bool(newest) and started > newest, max(started, newest)
            restarted = restarted or (
                None not in (count, reading.content.restarts) and count != reading.content.restarts
            )
            count = count if reading.content.restarts is None else reading.content.restarts
            if reading.listed and run.option("check_nodes"):
                since = None if restarted else since  # its nodes were not read
            elif run.judge(reading.content) != READY:
                since = None if not _outranked(run, reading) else since
            elif since is None or restarted:
                since = reading.sent_at
        if since is None or run.ended_at - since < needed - 0.01:
            have = 0.0 if since is None else run.ended_at - since
            yield f"PASS although {name} had been ready for {have:.2f} s of {needed:g} s"


def _outranked(run: Run, reading: Reading) -> bool:
    """Whether a reading by the list may belong to the same observation as one by a call, which counts more."""
    earliest, latest = reading.sent_at - run.option("wait_interval"), reading.known_at + MAX_FAIL_DELAY
    return reading.listed and any(earliest <= call.sent_at <= latest for call in run.calls(reading.job))


def selection_is_whole(run: Run) -> Iterator[str]:
    """A passed gate by name_contains or tags selected each job that existed all the time, and no other."""
    if run.named or run.verdict != "PASS":
        return
    chosen = set(run.selected)
    if len(chosen) < run.option("min_jobs"):
        yield f"PASS on {len(chosen)} jobs; min_jobs is {run.option('min_jobs')}"
    for job in run.facts.jobs:
        moments = [0.0, *(moment for moment in job.changes() if moment <= run.ended_at), run.ended_at]
        always = all(job.exists(moment - run.facts.list_lag) for moment in moments)
        if run.is_meant(job) and always and job.name not in chosen:
            yield f"PASS without {job.name}, which is in the selection"
        if not run.is_meant(job) and job.name in chosen:
            yield f"{job.name} is not in the selection"


# -- FAIL ---------------------------------------------------------------------------------------------------------------


def _counts_as_failure(run: Run, name: str, reading: Reading) -> bool:
    judged = run.judge(reading.content)
    if judged == MISSING:
        seen = [item for item in run.calls(name) if item.content.state is not None and item.known_at < reading.known_at]
        return bool(run.option("missing") == "fail" or (run.option("missing") == "ok" and seen))
    return judged == FAILING and run.fails_at_once


def failure_that_was_read_counts_at_once(run: Run) -> Iterator[str]:
    """A failure that a call about the job showed is FAIL within two seconds, and stays one."""
    failures: dict[str, Reading] = {}
    for name in {*run.by_call} & {*run.selected, *(job.name for job in run.facts.jobs if run.is_meant(job))}:
        found = [
            reading for reading in run.calls(name) if run.was_known(reading) and _counts_as_failure(run, name, reading)
        ]
        if found:
            failures[name] = min(found, key=lambda reading: reading.known_at)
    order = sorted(failures.values(), key=lambda reading: reading.known_at)
    spare = run.option("max_failing")
    if len(order) <= spare:
        return
    reading = order[spare]
    if run.verdict != "FAIL":
        yield f"{run.verdict} although {reading.job} was read as {reading.content} at {reading.known_at:.3f}"
        return
    # The sentence about a missing job names similar ones, which have to be looked up.
    extra = MAX_UNREAD_TIME if run.judge(reading.content) == MISSING else 0.0
    extra += run.log.stopped(reading.known_at, run.ended_at)
    late = run.ended_at - reading.known_at
    if late > MAX_FAIL_DELAY + MAX_DELAY + extra and not (extra and run.is_troubled(LIST)):
        yield f"FAIL {late:.2f} s after {reading.job} was read as {reading.content}"


def listed_failure_is_confirmed_at_once(run: Run) -> Iterator[str]:
    """A failing state that only the list shows is confirmed by a status call within two seconds."""
    if not run.has_list or not run.fails_at_once or run.is_troubled(LIST, EVERYTHING):
        return
    for name in run.selected:
        for reading in run.lists(name):
            if run.judge(reading.content) != FAILING or not run.was_known(reading):
                continue
            # A list of several pages may be read twice before it counts.
            latest = run.log.later(reading.known_at, MAX_FAIL_DELAY + MAX_DELAY + run.list_takes)
            confirmations = [
                request
                for request in run.log.about(name)
                if request.sent_at <= latest
                and (request.sent_at >= reading.sent_at or (request.completed_at or request.bound) >= reading.known_at)
            ]
            if not confirmations and run.ended_at > latest and not _waits(run, name, reading.known_at):
                yield f"the list shows {name} as {reading.content.state} at {reading.known_at:.3f} and no status call follows"


def _waits(run: Run, name: str, moment: float) -> bool:
    """Whether the job's last call before a time failed, so that its next one may be delayed."""
    before = [request for request in run.log.about(name) if request.sent_at <= moment]
    return bool(before) and not before[-1].good


def failure_is_seen_in_time(run: Run) -> Iterator[str]:
    """A job or node that fails and stays so is seen within two sweeps and an interval, even if other requests hang."""
    if not run.fails_at_once or run.option("max_failing"):
        return
    by_list = not run.named
    if run.is_troubled(*([LIST] if by_list else []), EVERYTHING):
        return
    rhythm = max(MAX_UNREAD_TIME, MAX_JITTER * run.option("wait_interval"))
    within = rhythm + 2 * run.slow_sweep() + MAX_FAIL_DELAY + 2 * run.longest_latency + 1.0
    within += run.list_takes + run.facts.list_lag
    start = max(run.option("wait_initial_delay"), run.first_answer)
    for job in run.facts.jobs:
        if not run.is_meant(job) or run.is_troubled(job.name) or not (job.exists(0.0) or run.named):
            continue
        for since, until in _failing_spans(run, job):
            latest = run.log.later(max(since, start), within)
            if until >= latest and run.ended_at > latest:
                yield f"{job.name} fails from {since:.2f} s on, and after {latest:.2f} s there is no verdict"


def _failing_spans(run: Run, job: Job) -> Iterator[tuple[float, float]]:
    since: float | None = None
    for moment in [0.0, *job.changes()]:
        failing = run.truth(job, moment) == FAILING
        if failing and since is None:
            since = moment
        elif not failing and since is not None:
            yield since, moment
            since = None
    if since is not None:
        yield since, float("inf")


def reasons_rest_on_readings(run: Run) -> Iterator[str]:
    """A job that a FAIL blames was read as it says, and an ERROR has something that could not be read."""
    if run.verdict in ("FAIL", "TIMEOUT", "ERROR") and not run.result["reasons"]:
        yield f"{run.verdict} without a reason"
    if run.verdict == "ERROR" and all(request.good for request in run.log.requests):
        yield "ERROR although every request was answered"
    if run.verdict != "FAIL":
        return
    for reason in run.result["reasons"]:
        wanted = {
            "job_exception": FAILING,
            "node_exception": FAILING,
            "dli_failed": FAILING,
            "dli_cancelled": FAILING,
            "job_failed": FAILING,
            "job_missing": MISSING,
        }.get(reason["code"])
        readings = [*run.calls(reason["job"]), *run.late_calls.get(reason["job"], [])] if wanted else []
        if wanted and not any(run.judge(reading.content) == wanted for reading in readings):
            yield f"the reason {reason['code']} blames {reason['job']}, which no status call showed so"


def stall_is_a_stall(run: Run) -> Iterator[str]:
    """A DLI job has stalled once it was RUNNING without any change in its tasks for stall_timeout."""
    if run.verdict != "FAIL":
        return
    for reason in run.result["reasons"]:
        if reason["code"] != "stalled" or run.late_calls.get(reason["job"]):
            continue  # a late answer may have been used or not
        readings = run.calls(reason["job"])
        since = None
        for before, after in zip([None, *readings], readings, strict=False):
            changed = before is None or (before.content.state, before.content.tasks) != (
                after.content.state,
                after.content.tasks,
            )
            if changed:
                since = after.sent_at
        if since is None or run.ended_at - since < run.option("stall_timeout") - MAX_DELAY:
            yield f"{reason['job']} has changed at {since}, and is said to have stalled at {run.ended_at:.3f}"


# -- time ---------------------------------------------------------------------------------------------------------------


def jobs_are_looked_at_often(run: Run) -> Iterator[str]:
    """No job stays unread for longer than an interval, or ten seconds in a long observation, even if other requests hang."""
    # If jobs are read by the list and it does not answer, this check does not apply.
    if run.is_troubled(LIST, EVERYTHING):
        return
    most = (
        max(MAX_UNREAD_TIME, MAX_JITTER * run.option("wait_interval")) + 2 * run.longest_latency + run.list_takes + 1.0
    )
    if any(request.status == 429 for request in run.log.requests):
        # Up to two seconds then lie between two requests.
        most += 3.0 + 2.0 * len(run.selected)
    if not run.has_list:
        most += run.slow_sweep()
    start = max(run.first_answer, run.option("wait_initial_delay"))
    for name in run.selected:
        if run.is_troubled(name):
            continue
        looks = [request for request in run.log.requests if request.job == name or request.kind == LISTING]
        if any(run.is_final(reading.content) for reading in run.calls(name)):
            continue
        last = start
        for sent_at in [*(request.sent_at for request in looks), run.ended_at]:
            if sent_at > run.log.later(last, most):
                yield f"nothing was read about {name} from {last:.2f} to {sent_at:.2f} s"
                break
            last = max(last, sent_at)


def ends_in_time(run: Run) -> Iterator[str]:
    """The gate ends at its deadline at the latest, and TIMEOUT comes at the deadline."""
    deadline = run.option("wait_timeout")
    if not deadline:
        return
    late = run.ended_at - deadline - run.log.stopped(0.0, run.ended_at)
    if late > 0.5:
        yield f"ended {late:.2f} s after the deadline"
    early = deadline - run.ended_at
    most = MAX_JITTER * run.option("wait_interval") + max(run.slow_sweep(), 1.1 * run.longest_latency) + 2.0
    if run.verdict == "TIMEOUT" and early > most and not any(request.status == 429 for request in run.log.requests):
        yield f"TIMEOUT {early:.2f} s before the deadline"


def elapsed_is_what_passed(run: Run) -> Iterator[str]:
    """The result has the real elapsed time and the number of requests sent."""
    if abs(run.result["elapsed"] - run.ended_at) > 0.2:
        yield f"elapsed is {run.result['elapsed']} and {run.ended_at:.3f} s went by"
    if run.result["requests"] != len(run.log.requests):
        yield f"requests is {run.result['requests']} and {len(run.log.requests)} were sent"


def passes_in_time(run: Run) -> Iterator[str]:
    """A gate whose jobs are all ready, with a cloud that answers, passes within two sweeps and two intervals."""
    since = _quiet_since(run)
    if since is None or run.option("max_failing"):
        return
    interval = MAX_JITTER * run.option("wait_interval")
    within = run.option("stable_for") + 2 * run.slow_sweep() + 2 * interval + 5.0
    within += 2 * run.longest_latency + 2 * run.list_takes + run.facts.list_lag
    # What was read before a stop is read again.
    within += sum(interval + run.sweep() for dummy in run.log.stops)
    latest = run.log.later(since, within)
    deadline = run.option("wait_timeout")
    if (deadline and latest > deadline) or _ended_rightly(run):
        return
    if run.verdict != "PASS":
        yield f"{run.verdict} at {run.ended_at:.2f} s although all is ready and answers from {since:.2f} s on"
    elif run.ended_at > latest:
        yield f"PASS at {run.ended_at:.2f} s; all is ready and answers from {since:.2f} s on, so {latest:.2f} s was due"


def _quiet_since(run: Run) -> float | None:
    """The time from which all selected jobs are ready without further faults; None for never."""
    since = float(run.option("wait_initial_delay"))
    meant = [job for job in run.facts.jobs if run.is_meant(job)]
    if not meant or {job.name for job in meant} < set(run.selected):
        return None
    for job in meant:
        if run.truth(job, float("inf")) != READY:
            return None
        moments = job.changes()
        unready = [moment for moment in [0.0, *moments] if run.truth(job, moment) != READY]
        if unready:
            since = max(since, next(moment for moment in moments if moment > unready[-1]))
        if run.option("stable_for"):
            since = max(since, *(line.last_change(float("inf")) for line in (job.starts, job.restarts)))
    for trouble in run.facts.troubles:
        ends = _trouble_over(run, trouble)
        if ends is None:
            return None
        since = max(since, ends)
    # A selection is settled once enough jobs exist; jobs that appear or vanish later are left to the other checks.
    if not run.named and any(not job.exists(0.0) for job in meant):
        return None
    return since


def _trouble_over(run: Run, trouble: Trouble) -> float | None:
    """When the last request that failed was retried; None for never."""
    met = [request for request in run.log.requests if trouble.concerns(target_of(request), request.sent_at)]
    if not met:
        return 0.0
    if trouble.end == float("inf"):
        return None
    if trouble.kind in (HANG, SLOW, BROKEN):
        longest = run.option("request_timeout")
    else:
        longest = trouble.seconds if trouble.kind == THROTTLED else 1.0
    return trouble.end + float(longest) + MAX_BACKOFF


def _ended_rightly(run: Run) -> bool:
    """Whether a FAIL or ERROR has a cause that other checks cover."""
    if run.verdict == "FAIL":
        if run.option("missing") != "wait" and _showed_too_few(run):
            return True
        return any(
            run.judge(reading.content) in (FAILING, MISSING)
            or (run.kind == DLI_SQL and run.judge(reading.content) == PENDING)
            for readings in run.by_call.values()
            for reading in readings
        )
    if run.verdict == "ERROR":
        bad = [request for request in run.log.requests if not request.good]
        return len(bad) >= run.option("max_consecutive_errors") or any(request.status == 401 for request in bad)
    return False


def _showed_too_few(run: Run) -> bool:
    """Whether a list showed fewer jobs of the selection than there have to be."""
    if run.named:
        return False
    meant = {job.name for job in run.facts.jobs if run.is_meant(job)}
    for listing in run.listings:
        shown = {name for page in listing.pages for name in page.content or {}}
        if listing.complete and len(shown & meant) < run.option("min_jobs"):
            return True
    return False


# -- requests -----------------------------------------------------------------------------------------------------------


def requests_are_spaced(run: Run) -> Iterator[str]:
    """No two requests are closer together than the ceiling says."""
    rate = run.option("requests_per_second")
    if not rate:
        return
    for before, after in pairwise(run.log.requests):
        # Each slice is a task of its own.
        in_one_process = not any(before.sent_at < since <= after.sent_at for since, dummy in run.log.stops)
        if in_one_process and after.sent_at - before.sent_at < 1 / rate - 1e-4:
            yield f"requests {before.number} and {after.number} are {after.sent_at - before.sent_at:.4f} s apart"
            return


def credentials_are_tried_with_care(run: Run) -> Iterator[str]:
    """Nothing is sent after a refusal, and at most four requests, five seconds apart, are unanswered before the first answer."""
    requests = run.log.requests
    answered = [item for item in requests if item.completed_at is not None and not item.given_up]
    refused = min((item.completed_at or 0.0 for item in answered if item.status == 401), default=None)
    if refused is not None:
        after = [request for request in requests if request.sent_at > refused + 1e-7]
        if after:
            yield f"{len(after)} requests were sent after HTTP 401 at {refused:.3f}"
    proved = min((item.completed_at for item in requests if _proves(item) and item.completed_at), default=float("inf"))
    early = [request for request in requests if request.sent_at < proved - 1e-7]
    for request in early:
        under_way = [
            item for item in early if item.sent_at <= request.sent_at < min(item.completed_at or item.bound, item.bound)
        ]
        if len(under_way) > MAX_UNPROVED:
            yield f"{len(under_way)} requests were under way before any answer showed that the credentials are good"
            break
    for before, later in pairwise(early):
        unanswered = before.completed_at is None or before.completed_at > later.sent_at
        if unanswered and later.sent_at - before.sent_at < MIN_PATIENCE - 0.01 and later.sent_at < before.bound:
            yield f"request {later.number} was sent {later.sent_at - before.sent_at:.2f} s after one without an answer"


def _proves(request: Request) -> bool:
    return request.status is not None and request.status != 401


def only_known_requests(run: Run) -> Iterator[str]:
    """A gate only reads."""
    for request in run.log.requests:
        if request.method != "GET" or request.kind not in (*ABOUT_ONE_JOB, LISTING, SPARK_LOG):
            yield f"request {request.number} is {request.method} {request.path}"


def logs_are_read_of_failed_batches(run: Run) -> Iterator[str]:
    """The log of a Spark batch is read only once the batch has failed."""
    for request in run.log.requests:
        if request.kind != SPARK_LOG:
            continue
        name = request.job or ""
        readings = [*run.calls(name), *run.late_calls.get(name, [])]
        if not any(item.content.state == "dead" and item.known_at <= request.sent_at + 1e-7 for item in readings):
            yield f"request {request.number} reads the log of {name}, which was not read as dead before"


CHECKS: tuple[Check, ...] = (
    pass_rests_on_ready_readings,
    pass_rests_on_young_readings,
    no_later_reading_says_otherwise,
    pass_keeps_stable_for,
    selection_is_whole,
    failure_that_was_read_counts_at_once,
    listed_failure_is_confirmed_at_once,
    failure_is_seen_in_time,
    reasons_rest_on_readings,
    stall_is_a_stall,
    jobs_are_looked_at_often,
    ends_in_time,
    elapsed_is_what_passed,
    passes_in_time,
    requests_are_spaced,
    credentials_are_tried_with_care,
    only_known_requests,
    logs_are_read_of_failed_batches,
)
