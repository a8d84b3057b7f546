# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which run counts and its verdict, compared with a naive model; the options of gates for runs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.judging.judge_job import Context, judge_job
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.runs.choice import choose, counting
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.runs.options import run_policy, run_rule
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.runs.rule import RunRule, window_of
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.job_state import JobState
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.state.update_job import take_reading
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.factory.instance_answers import instance
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.readings import STATUS, Reading
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.batch_runs import merged

NOW = 1_795_910_400.0  # 2026-11-29T01:00:00Z
HOUR = 3_600_000
JOB = "orders_daily"
STATES = [
    "waiting",
    "running",
    "success",
    "fail",
    "running-exception",
    "pause",
    "manual-stop",
    "freeze",
    "skip",
    "skip-by-depend",
    "waiting-confirm",
    "forceSuccess",
    "ignoreSuccess",
    "manual",
]
TYPES = {"scheduled": 0, "manual": 2, "patch": 5, "sub_job": 6, "once": 7}


# -- the naive model --------------------------------------------------------------------------------------------------


def naive(rows: list[dict[str, Any]], options: dict[str, Any]) -> tuple[str, str | None, int | None]:
    """Verdict, reason code and ID of the run that decides, straight from the description of the options."""
    zone = timezone(timedelta(hours=options["zone"]))
    since = datetime.fromtimestamp(NOW, zone) - timedelta(hours=options["hours"])
    last = datetime.fromtimestamp(NOW, zone)
    found = []
    for row in rows:
        planned = datetime.fromtimestamp(row["planTime"] / 1000, zone)
        named = {number: name for name, number in TYPES.items()}.get(row.get("instanceType", 0))
        if since <= planned <= last and named in options["types"]:
            found.append((row["planTime"], row.get("submitTime", 0), row["instanceId"], row))
    found.sort(key=lambda item: item[:3])
    judgements = [(item[3]["instanceId"], meaning(item[3], options)) for item in found]
    if options["which"] == "latest":
        judgements = judgements[-1:]
    for verdict in ("FAIL", "PENDING"):
        for number, (judged, code) in reversed(judgements):
            if judged == verdict:
                return judged, code, number
    if not judgements or len(found) < options["least"]:
        return "PENDING", "no_run", None
    return "PASS", None, judgements[-1][0]


def meaning(row: dict[str, Any], options: dict[str, Any]) -> tuple[str, str | None]:
    status = row["status"]
    flagged = status == "success" and (row.get("forceSuccess") or row.get("ignoreSuccess"))
    if flagged or status in ("forceSuccess", "ignoreSuccess"):
        return ("PASS", None) if options["forced"] else ("FAIL", "run_forced")
    if status == "success":
        return "PASS", None
    if status in ("skip", "skip-by-depend"):
        return {"ok": ("PASS", None), "fail": ("FAIL", "run_skipped"), "pending": ("PENDING", "still_pending")}[
            options["skipped"]
        ]
    if status in ("fail", "running-exception", "manual-stop"):
        return "FAIL", "run_failed"
    return "PENDING", "unknown_state" if status == "manual" else "still_pending"


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in draw(st.lists(st.integers(1, 60), max_size=7, unique=True)):
        # Few planned times, so that runs share them; some lie after the start of the gate.
        planned = int(NOW * 1000) + draw(st.integers(-30, 3)) * HOUR + draw(st.sampled_from([0, 0, 1, -1]))
        row: dict[str, Any] = {"jobName": JOB, "instanceId": number, "planTime": planned}
        row["status"] = draw(st.one_of(st.sampled_from(["success", "fail", "running"]), st.sampled_from(STATES)))
        if draw(st.booleans()):
            row["submitTime"] = planned + draw(st.integers(0, 3)) * 1000  # a restart submits again
        kind = draw(st.sampled_from([None, 0, 0, 0, 2, 5, 6, 7]))
        if kind is not None:
            row["instanceType"] = kind
        for flag in draw(st.sets(st.sampled_from(["forceSuccess", "ignoreSuccess"]))):
            row[flag] = draw(st.booleans())
        found.append(row)
    return found


CHOICES = st.fixed_dictionaries(
    {
        "zone": st.integers(-11, 12),
        "hours": st.integers(1, 30),
        "types": st.sampled_from([("scheduled", "once"), ("scheduled",), ("manual", "patch"), tuple(TYPES)]),
        "which": st.sampled_from(["latest", "all"]),
        "least": st.integers(1, 3),
        "forced": st.booleans(),
        "skipped": st.sampled_from(["fail", "ok", "pending"]),
    }
)


def judged(found: list[dict[str, Any]], options: dict[str, Any]) -> tuple[str, str | None, int | None]:
    """The same by the code of the gate."""
    since = datetime.fromtimestamp(NOW, timezone(timedelta(hours=options["zone"]))) - timedelta(hours=options["hours"])
    params = {
        "job_names": JOB,
        "since": since.isoformat(),
        "instance_types": list(options["types"]),
        "which": options["which"],
        "min_instances": options["least"],
        "accept_forced": options["forced"],
        "skipped": options["skipped"],
        "wait": True,
    }
    policy = run_policy(params)
    assert policy.runs is not None
    window = window_of(policy.runs, NOW)
    runs = counting([instance(row) for row in found], policy.runs, window, policy.ready)
    chosen = choose(runs, policy.runs, policy, window)
    job = JobState(JOB, policy)
    take_reading(job, Reading(JOB, 0.0, STATUS, job=chosen), 0.0, 0.0)
    verdict, reasons = judge_job(job, 0.0, Context())
    if chosen.get("plan_time"):
        assert window.shown(chosen["plan_time"]) in chosen["run"]
    if reasons:
        assert str(chosen["run"]) in reasons[0]["message"] or reasons[0]["code"] == "unknown_state"
    return verdict, reasons[0]["code"] if reasons else None, chosen["instance_id"]


@settings(max_examples=3 * settings().max_examples)
@given(rows(), CHOICES)
def test_chosen_run_equals_the_model(found: list[dict[str, Any]], options: dict[str, Any]) -> None:
    assert judged(found, options) == naive(found, options)


@pytest.mark.slow
@settings(max_examples=10_000)
@given(rows(), CHOICES)
def test_chosen_run_equals_the_model_for_many_lists(found: list[dict[str, Any]], options: dict[str, Any]) -> None:
    assert judged(found, options) == naive(found, options)


OPTIONS: dict[str, Any] = {
    "zone": 0,
    "hours": 12,
    "types": ("scheduled", "once"),
    "which": "latest",
    "least": 1,
    "forced": False,
    "skipped": "fail",
}
DATED = {"jobName": JOB, "instanceId": 1, "status": "success", "planTime": int(NOW * 1000) - HOUR}


@pytest.mark.parametrize(
    ("runs", "options", "expected"),
    [
        ([{"status": "success"}], {}, ("PENDING", "no_run", None)),
        ([{"status": "success", "planTime": 0, "startTime": None}], {}, ("PENDING", "no_run", None)),
        ([{"status": "forceSuccess"}], {"forced": True}, ("PENDING", "no_run", None)),
        ([DATED, {"status": "success"}], {"which": "all", "least": 2}, ("PENDING", "no_run", None)),
        ([{"status": "fail"}], {}, ("FAIL", "run_failed", 2)),
        ([DATED, {"status": "fail"}], {}, ("FAIL", "run_failed", 2)),
        ([DATED, {"status": "waiting"}], {}, ("PENDING", "still_pending", 2)),
        ([DATED, {"status": "success"}], {}, ("PASS", None, 1)),
    ],
)
def test_a_run_without_any_time_may_be_an_old_one_or_the_latest(runs: Any, options: Any, expected: Any) -> None:
    found = [{"jobName": JOB, "instanceId": 2, **run} for run in runs]
    assert judged(found, {**OPTIONS, **options}) == expected


# -- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("12h", None, "no run since 12 h ago"),
        ("2026-11-28T02:00:00+08:00", None, "no run since 2026-11-28 02:00 +08:00"),
        ("2026-11-28T02:00:30Z", None, "no run since 2026-11-28 02:00:30 +00:00"),
        ("12h", "2026-11-29T03:00+08", "no run since 12 h ago until 2026-11-29 03:00 +08:00"),
    ],
)
def test_a_missing_run_is_explained(since: str, until: str | None, expected: str) -> None:
    policy = run_policy({"job_names": JOB})
    rule = RunRule(since, until)
    assert choose([], rule, policy, window_of(rule, NOW))["run"] == expected


def test_restarted_run_has_the_reason_restarted() -> None:
    policy = run_policy({"job_names": JOB, "wait": True, "exception_grace": 500})
    job = JobState(JOB, policy)
    fields = {"job_name": JOB, "plan_time": 5, "run": "the run", "nodes": [], "message": ""}
    for at, status, start in ((0.0, "fail", 10), (60.0, "running", 20)):
        reading = Reading(JOB, at, STATUS, job={**fields, "status": status, "start_time": start})
        take_reading(job, reading, at, at)
    assert judge_job(job, 240.0, Context()).reasons[0]["message"] == (
        f"{JOB} (the run) is running, restarted 3 min ago"
    )
    later = Reading(JOB, 250.0, STATUS, job={**fields, "status": "running", "start_time": 90, "plan_time": 6})
    take_reading(job, later, 250.0, 250.0)
    assert job.restarts == 1, "another run is no restart"


LISTED = {"instance_id": 7, "status": "success", "start_time": 1000, "message": "", "nodes": []}


@pytest.mark.parametrize(
    ("listed", "one", "expected"),
    [
        ({}, {"status": "running"}, {"status": "running"}),
        ({"status": "forceSuccess"}, {"status": "success"}, {"status": "forceSuccess"}),
        ({"status": "forceSuccess"}, {"status": "fail"}, {"status": "fail"}),
        ({"status": "fail"}, {"status": "success"}, {"status": "fail"}),
        ({"status": "manual-stop"}, {"status": "success"}, {"status": "manual-stop"}),
        ({"status": "fail"}, {"status": "running"}, {"status": "running"}),
        ({"status": "fail"}, {"status": "forceSuccess"}, {"status": "forceSuccess"}),
        ({}, {"status": "ignoreSuccess"}, {"status": "ignoreSuccess"}),
        ({}, {"status": "success", "start_time": 1001}, {"start_time": 1000}),
        ({"start_time": 0}, {"status": "success", "start_time": 1001}, {"start_time": 1001}),
        ({"message": "a"}, {"status": "fail", "message": ""}, {"message": "a"}),
        ({"message": ""}, {"status": "fail", "message": "b"}, {"message": "b"}),
        ({}, {"status": "success", "nodes": [{"name": "n"}]}, {"nodes": [{"name": "n"}], "nodes_of": 7}),
    ],
)
def test_list_and_detail_of_a_run_are_merged(
    listed: dict[str, Any], one: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = merged({**LISTED, **listed}, one)
    assert {key: found[key] for key in expected} == expected


# -- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "option", "word"),
    [
        ({"since": "1760000000"}, "since", "milliseconds"),
        ({"since": "2026-11-28T02:00"}, "since", "zone"),
        ({"since": "yesterday"}, "since", "ISO 8601"),
        ({"since": "40d"}, "since", "31 days"),
        ({"since": "1h", "until": "2h"}, "since", "later than until"),
        ({"until": "soon"}, "until", "ISO 8601"),
        ({"instance_types": "nightly"}, "instance_types", "scheduled"),
        ({"which": "newest"}, "which", "latest, all"),
        ({"skipped": "no"}, "skipped", "fail, ok, pending"),
        ({"min_instances": 0}, "min_instances", "not below 1"),
        ({"instance_ids": ["x"]}, "instance_ids", "whole number"),
        ({"instance_ids": ["1", "2", "3"], "job_names": "a, b"}, "instance_ids", "one ID for each job"),
        ({"instance_ids": ["1"], "job_names": None, "tags": "t"}, "instance_ids", "belongs to job_names"),
        ({"exception_grace": 900, "wait": True, "wait_timeout": 600}, "exception_grace", "do not fit"),
    ],
)
def test_invalid_option_is_named(params: dict[str, Any], option: str, word: str) -> None:
    with pytest.raises(OptionError, match=word) as caught:
        run_policy({"job_names": JOB, **params})
    assert caught.value.option == option


@pytest.mark.parametrize(
    ("names", "ids", "expected"),
    [
        ("a", "7, 8, 7", (("a", (7, 8)),)),
        ("a, b", "7, 8", (("a", (7,)), ("b", (8,)))),
        ("a, b", "", ()),
    ],
)
def test_instance_ids_are_assigned_to_jobs(names: str, ids: str, expected: Any) -> None:
    assert run_rule({"job_names": names, "instance_ids": ids}).ids == expected
