# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines that a user sees while a gate waits."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.progress import Progress, clock, gauge


def entry(at: float, job: str, previous: str | None, status: str | None, node: str | None = None) -> dict[str, Any]:
    return {"at": at, "job": job, "node": node, "previous": previous, "status": status}


def result(elapsed: float, history: list[dict[str, Any]], waiting: int = 0, **more: Any) -> dict[str, Any]:
    reasons = [{"code": "still_pending", "job": f"job{number}"} for number in range(waiting)]
    return {"elapsed": elapsed, "history": history, "history_dropped": 0, "reasons": reasons, "by_status": {}, **more}


def test_states_are_shown_first_then_each_change_once() -> None:
    progress = Progress()
    history = [entry(0, "a", None, "STARTING")]
    assert progress.lines(result(1, history, by_status={"STARTING": 1}), 2) == ["0:01 1 STARTING"]
    assert progress.lines(result(3, history, by_status={"STARTING": 1}), 4) == []
    history = [*history, entry(65, "a", "STARTING", "NORMAL", "n"), entry(66, "a", "STARTING", "NORMAL")]
    lines = progress.lines(result(70, history, by_status={"NORMAL": 1}), 4)
    assert lines == ["1:05 a node n: STARTING -> NORMAL", "1:06 a: STARTING -> NORMAL", "1:10 1 NORMAL"]


def test_unchanged_gate_prints_a_line_every_minute() -> None:
    progress = Progress()
    spoken = [0.0]
    for number in range(1, 120):
        at = number * 31.5
        if progress.lines(result(at, [], by_status={"STARTING": 1}), 33):
            spoken.append(at)
    assert max(later - earlier for earlier, later in itertools.pairwise(spoken)) <= 60


def test_silence_during_a_long_slice_is_reported() -> None:
    progress = Progress("db1")
    assert progress.due_in(1) == 59
    assert progress.silence(60.2) == "db1: 1:00 still waiting for the service to answer; nothing read yet"
    assert progress.due_in(61.2) == 59
    assert progress.lines(result(70, [], by_status={"STARTING": 1}), 2) == ["db1: 1:10 1 STARTING"]
    assert progress.lines(result(100, [], by_status={"STARTING": 1}), 2) == []
    assert progress.due_in(125) == 5
    assert progress.due_in(500) == 0
    silent = "db1: 2:10 still waiting for the service to answer; at 1:40: 1 STARTING"
    assert progress.silence(130) == silent


def test_waiting_jobs_are_named_and_counted() -> None:
    line = Progress().lines(result(5, [], 40, by_status={"STARTING": 40, "NORMAL": 2}), 2)[0]
    assert line == "0:05 40 STARTING, 2 NORMAL; waiting for job0, job1, job2, + 37 more"


@pytest.mark.parametrize(
    ("code", "message", "received"),
    [
        ("still_pending", "job_a is STARTING", ""),
        ("node_exception", "job_a: node n is EXCEPTION", " (node n is EXCEPTION)"),
        ("not_restarted", "job_a has not been restarted: its last start", " (has not been restarted: its last start)"),
        ("unreadable", f"job_a could not be read: {'x' * 200}", f" (could not be read: {'x' * 200})"),
        ("unreadable", "job_a could not be read: HTTP 503", " (could not be read: HTTP 503)"),
        ("unreadable", "something else", ""),
    ],
)
def test_single_waiting_job_shows_its_reason(code: str, message: str, received: str) -> None:
    reason = {"code": code, "job": "job_a", "message": message}
    (line,) = Progress().lines({"elapsed": 5.0, "by_status": {"NORMAL": 1}, "reasons": [reason]}, 0)
    assert line == f"0:05 1 NORMAL; waiting for job_a{received}"


def test_further_changes_are_counted() -> None:
    history = [entry(1, f"job{number}", "STARTING", "NORMAL") for number in range(50)]
    lines = Progress().lines(result(2, history), 2)
    assert len(lines) == 12
    assert lines[10] == "0:02 + 40 more changes"


def test_dropped_history_entries_do_not_hide_later_changes() -> None:
    progress = Progress()
    progress.lines(result(1, [entry(0, f"job{number}", None, "STARTING") for number in range(3)]), 2)
    kept = [entry(0, "job2", None, "STARTING"), entry(5, "job0", "STARTING", "NORMAL")]
    lines = progress.lines(result(6, kept, history_dropped=2), 2)
    assert "0:05 job0: STARTING -> NORMAL" in lines


def test_lines_hold_no_control_characters_and_names_are_cut() -> None:
    nasty = "\x1b[31m\n\x9b\u202e\x7f" + "x" * 300
    history = [entry(3, nasty, nasty, nasty, nasty)]
    for line in Progress(nasty).lines(result(5, history, 9, by_status={nasty: 3}), 2):
        assert len(line) <= 200
        assert line.isprintable()


def test_count_of_further_jobs_is_never_truncated() -> None:
    reasons = [{"code": "still_pending", "job": f"{number}{'x' * 100}"} for number in range(300)]
    states = {f"{number}{'S' * 50}": 1 for number in range(300)}
    line = Progress("h" * 100, 600).lines(result(5, [], by_status=states, reasons=reasons), 2)[0]
    assert line.endswith(", + 297 more")
    assert "295 in other states" in line


def test_the_deadline_is_named() -> None:
    assert Progress("", 900).lines(result(5, []), 2) == ["0:05 of 15:00: nothing read yet"]


def test_ended_gate_shows_only_changes() -> None:
    progress = Progress("", 900)
    progress.lines(result(1, [entry(0, "a", None, "NORMAL")], by_status={"NORMAL": 1}), 2)
    history = [entry(0, "a", None, "NORMAL"), entry(4, "a", "NORMAL", "EXCEPTION")]
    assert progress.changes(result(4, history)) == ["0:04 of 15:00: a: NORMAL -> EXCEPTION"]
    assert progress.changes(result(4, history)) == []


def test_the_host_is_named() -> None:
    assert Progress("web1").lines(result(5, []), 2) == ["web1: 0:05 nothing read yet"]


def test_dli_shows_a_bar() -> None:
    job = {"job_id": "d", "progress": 0.45, "sub_job_id": 0, "tasks": {"completed": 90, "total": 200}}
    line = Progress().lines(result(5, [], by_status={"RUNNING": 1}, jobs=[job]), 2)[0]
    assert line == "0:05 1 RUNNING [#########...........]  45 % 90 of 200 tasks, sub-job 0"
    job = {"job_id": "d", "progress": None, "sub_job_id": None, "tasks": None}
    assert Progress().lines(result(5, [], by_status={"LAUNCHING": 1}, jobs=[job]), 2) == ["0:05 1 LAUNCHING"]


def test_stable_time_is_shown_and_does_not_count_as_a_change() -> None:
    progress = Progress()
    lines = [progress.lines(result(at, [], by_status={"NORMAL": 1}, reasons=[stable(at)]), 1) for at in (5, 6, 7)]
    assert lines == [["0:05 1 NORMAL; ready for 5 s of 60 s"], [], []]


def stable(seconds: int) -> dict[str, Any]:
    return {"code": "not_stable", "job": None, "message": f"all ready for {seconds} s of 60 s"}


@pytest.mark.parametrize(("seconds", "text"), [(0.9, "0:00"), (61, "1:01"), (3723, "1:02:03")])
def test_seconds_are_shown_as_a_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(("fraction", "full"), [(0, 0), (0.5, 10), (1, 20)])
def test_gauge_fills_in_proportion(fraction: float, full: int) -> None:
    assert gauge(fraction).count("#") == full
