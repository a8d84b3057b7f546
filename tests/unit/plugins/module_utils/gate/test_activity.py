# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records and progress: what counts as activity."""

from __future__ import annotations

from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.activity import (
    JobProgress,
    RecordCounters,
)

RUNNING = frozenset(("NORMAL",))


def counters(*steps: tuple[float, str | None, Any]) -> RecordCounters:
    found = RecordCounters()
    for at, status, count in steps:
        found.update({"n": {"status": status, "total_get_records": count}}, at, RUNNING)
    return found


def test_growing_counter_of_a_running_node_is_activity() -> None:
    assert counters((0.0, "NORMAL", 5)).moved_nodes(-1.0) == set()
    assert counters((0.0, "NORMAL", 5), (1.0, "NORMAL", 6)).moved_at == {"n": 1.0}
    assert counters((0.0, None, 5), (1.0, None, 6)).moved_nodes(1.0) == set()
    assert counters((0.0, "NORMAL", 5), (1.0, "STOPPED", 6)).moved_at == {}


def test_counter_that_fell_starts_again() -> None:
    assert counters((0.0, "NORMAL", 5), (1.0, "NORMAL", 2)).moved_at == {}
    assert counters((0.0, "NORMAL", 5), (1.0, "NORMAL", 2), (2.0, "NORMAL", 3)).moved_at == {"n": 2.0}


def test_only_numbers_are_counters() -> None:
    assert not counters((0.0, "NORMAL", True), (1.0, "NORMAL", "7"), (2.0, "NORMAL", None)).are_reported


def progress(*steps: tuple[float, bool, dict[str, Any]]) -> JobProgress:
    found = JobProgress()
    for at, is_progressing, job in steps:
        found.update(job, at, is_progressing)
    return found


def test_stalled_time_counts_only_between_readings() -> None:
    half = {"progress": 0.5}
    assert progress((0.0, True, half), (30.0, True, half)).stalled_for == 30.0
    assert progress((0.0, True, half), (30.0, True, half), (60.0, True, {})).stalled_for == 30.0
    assert progress((0.0, True, half), (30.0, True, {"progress": 0.6}), (40.0, True, half)).stalled_for == 0.0
    assert progress((0.0, True, half), (30.0, True, {**half, "tasks": {"total": 1}})).stalled_for == 0.0


def test_stalled_time_restarts_after_another_state() -> None:
    half = {"progress": 0.5, "tasks": {"total": 4}}
    found = progress((0.0, True, half), (30.0, False, {}), (40.0, True, half), (55.0, True, half))
    assert (found.stalled_for, found.tasks) == (15.0, {"total": 4})
