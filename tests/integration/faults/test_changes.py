# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs that are renamed, deleted and created again under a waiting gate, and gates whose readings fail at random."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator import running

from .cases import CHANGES, DLI_JOB, NODES, WAIT
from .stage import gate

CHANGE = 4.0
STARTS = {"at": 0, "status": "STARTING"}
OLD = {"name": "job_sms", "tags": ["orders"], "timeline": [STARTS, {"at": CHANGE, "absent": True}]}
NEW = {"name": "job_smt", "tags": ["orders"], "absent": True, "timeline": [{"at": CHANGE, "absent": False}]}
ANEW = {**OLD, "timeline": [*OLD["timeline"], {"at": 8, "absent": False, "status": "NORMAL"}]}
BROKEN = {"name": "job_broken", "nodes": [{"name": "READ", "timeline": [{"at": 2, "status": "EXCEPTION"}]}]}
OTHER = {"name": "job_other", "timeline": [STARTS]}

SCENES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]] = {
    "renamed": ([OLD, NEW], {"job_names": "job_sms"}, []),
    "renamed-tags": ([OLD, NEW], {"tags": "orders"}, []),
    "deleted-waited-for": ([OLD], {"job_names": "job_sms", "missing": "wait", "wait_timeout": 20}, []),
    "comes-back": ([ANEW], {"job_names": "job_sms", "missing": "wait"}, []),
    "fails-behind": (
        [BROKEN, OTHER],
        {"job_names": ["job_broken", "job_other"]},
        [{"match": {"job": "job_other"}, "status": 500}],
    ),
}


@pytest.mark.parametrize("row", SCENES)
def test_changed_jobs_end_the_gate_as_the_table_says(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, options, faults = SCENES[row]
    with running({"quota": 0, "jobs": jobs, "faults": faults}) as emulator:
        CHANGES[row].check(gate(emulator, monkeypatch, {**WAIT, **options}))


# Every way in which a request can fail without any wait for an answer. Together they hit half of all requests.
WAYS: list[dict[str, Any]] = [
    {"status": 500},
    {"status": 503},
    {"status": 429, "headers": {"Retry-After": "1"}},
    {"reset": "before_headers"},
    {"truncate": 3},
    {"raw": ""},
    {"body": "<html>"},
    {"json": []},
    {"json": {"name": None}},
    {"error_code": "DLF.9999"},
]
HALF = [{**way, "match": {"chance": 0.067}} for way in WAYS]
KINDS: dict[str, dict[str, Any]] = {
    "status": {"job_names": ["job_broken", "job_other"]},
    "list": {"name_contains": "job_"},
    "list-alone": {"name_contains": "job_", "check_nodes": False},
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_failing_job_never_passes_among_random_faults(kind: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With any readings: a gate does not pass a node in EXCEPTION, nor a job that is not ready."""
    broken = {"name": "job_broken", "nodes": [{"name": "READ", "status": "EXCEPTION"}, *NODES[1:]]}
    scenario = {"quota": 0, "jobs": [broken, OTHER], "faults": HALF, "seed": seed}
    if kind == "list-alone":
        scenario["jobs"] = [{"name": "job_broken", "status": "STOPPED"}, OTHER]
    options = {**WAIT, **KINDS[kind], "max_consecutive_errors": 50, "wait_timeout": 40}
    with running(scenario) as emulator:
        result = gate(emulator, monkeypatch, options)
    if kind == "list-alone":
        assert result["verdict"] == "TIMEOUT"
    else:
        CHANGES["unread-failure"].check(result)


@pytest.mark.parametrize("seed", range(4))
def test_failed_dli_job_fails_among_random_faults(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [{"job_id": DLI_JOB, "status": "FAILED", "message": "Table not found"}]
    options = {**WAIT, "job_ids": DLI_JOB, "max_consecutive_errors": 50}
    with running({"quota": 0, "dli_jobs": jobs, "faults": HALF, "seed": seed}) as emulator:
        result = gate(emulator, monkeypatch, options, dli=True)
    assert (result["verdict"], result["reasons"][0]["code"]) == ("FAIL", "dli_failed")


@pytest.mark.parametrize("seed", range(4))
def test_ready_jobs_pass_among_random_faults(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same faults do not prevent a correct PASS."""
    timeline = [STARTS, {"at": CHANGE, "status": "NORMAL"}]
    jobs = [{"name": "job_{i}", "count": 5, "timeline": timeline, "nodes": NODES}]
    options = {**WAIT, "name_contains": "job_", "max_consecutive_errors": 50}
    with running({"quota": 0, "jobs": jobs, "faults": HALF, "seed": seed}) as emulator:
        result = gate(emulator, monkeypatch, options)
    assert result["verdict"] == "PASS"
    assert len(result["jobs"]) == 5
