# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gates for runs against the emulator: runs of batch jobs, and runs of nodes with a trigger."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._entry_points.event_source import Watcher
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError
from ansible_collections.datagate.huaweicloud.plugins.modules import dataarts_instance_status, dataarts_job_status
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process
from tests.emulator import ACCESS_KEY, PROJECT_ID, REGION, SECRET_KEY, Emulator, running

from .playbook import OWN_PROCESS, Run, connection, gate, play, run, task

NIGHTLY, BROKEN, UNRUN, HELD, FORCED, SKIPPED, MENDED = (
    "nightly",
    "nightly_broken",
    "unrun",
    "held",
    "forced",
    "skipped",
    "mended",
)
NODES = [{"name": "load"}, {"name": "publish"}]
GIVEN = 8_200_001
SCENARIO: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {
            "name": NIGHTLY,
            "type": "BATCH",
            "tags": ["night"],
            "nodes": NODES,
            "runs": [
                {"plan": "now-3600"},
                {"plan": "now-90000", "status": "fail"},
                {"plan": "now+600", "status": "waiting"},
                {"plan": "now-60", "type": 2, "status": "fail", "id": GIVEN},
            ],
        },
        {
            "name": BROKEN,
            "type": "BATCH",
            "nodes": NODES,
            "runs": [
                {"plan": "now-7200"},
                {"plan": "now-3600", "status": "fail", "culprit": "load", "retries": 2, "error": "No table\norders."},
            ],
        },
        {"name": UNRUN, "type": "BATCH", "runs": [{"plan": "now-90000"}]},
        {"name": HELD, "type": "BATCH", "runs": [{"plan": "now-60", "status": "waiting-confirm"}]},
        {"name": FORCED, "type": "BATCH", "runs": [{"plan": "now-60", "force_success": True}]},
        {"name": SKIPPED, "type": "BATCH", "runs": [{"plan": "now-60", "status": "skip-by-depend"}]},
        {"name": "night_{i:02d}", "count": 12, "type": "BATCH", "tags": ["night"], "nodes": NODES, "runs": [{}]},
        {"name": "stream", "nodes": [{"name": "on_file", "trigger": "event"}, {"name": "plain"}]},
    ],
}
SWITCHES: dict[str, dict[str, Any]] = {
    "as documented": {},
    "offset counts records": {"offset_means": "record"},
    "bounds compare the start": {"runs": {"bounds": "start"}},
    "windows of 3 days": {"runs": {"max_days": 3}},
    "pages of 100": {"runs": {"max_limit": 100}},
    "no precise query": {"runs": {"precise": False}},
    "unknown jobs are errors": {"runs": {"unknown_job": "missing"}},
    "oldest first": {"runs": {"order": "oldest"}},
    "declared success is a state": {"runs": {"declared": "state"}},
    "error text by the other call": {"runs": {"error_in": ["one"]}},
    "waiting runs start at 0": {"runs": {"waiting_start": "zero"}},
    "snake_case": {"runs": {"names": "snake"}},
    "times are strings": {"times_as": "string"},
}


def ask(emulator: Emulator, module: Any = dataarts_instance_status, **options: Any) -> dict[str, Any]:
    """Run a module in this process."""
    arguments = {
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "project_id": PROJECT_ID,
        "region": REGION,
        "endpoints": {"dataarts": emulator.url, "iam": emulator.url},
        "requests_per_second": 0,
        "wait_interval": 0.2,
        **options,
    }
    return in_process.run(arguments, module.ARGUMENTS, module.SERVICE, module.BODY, False, module.__name__)


def verdict_and_codes(result: dict[str, Any]) -> tuple[str, list[str]]:
    return result["verdict"], [item["code"] for item in result["reasons"]]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


# -- verdicts, for each behaviour of the cloud that the documents allow------------------------------------------------

VERDICTS: list[tuple[str, dict[str, Any], tuple[str, list[str]]]] = [
    ("succeeded", {"job_names": NIGHTLY}, ("PASS", [])),
    ("failed", {"job_names": BROKEN}, ("FAIL", ["run_failed"])),
    ("yesterday", {"job_names": UNRUN, "wait_timeout": 0}, ("TIMEOUT", ["no_run"])),
    ("yesterday counts", {"job_names": UNRUN, "since": "5d"}, ("PASS", [])),
    ("held", {"job_names": HELD, "wait_timeout": 0}, ("TIMEOUT", ["still_pending"])),
    ("forced", {"job_names": FORCED}, ("FAIL", ["run_forced"])),
    ("accepted", {"job_names": FORCED, "accept_forced": True}, ("PASS", [])),
    ("skipped", {"job_names": SKIPPED}, ("FAIL", ["run_skipped"])),
    ("skipped is fine", {"job_names": SKIPPED, "skipped": "ok"}, ("PASS", [])),
    ("by hand", {"job_names": NIGHTLY, "instance_types": "manual"}, ("FAIL", ["run_failed"])),
    ("all, one of them failed", {"job_names": NIGHTLY, "which": "all", "since": "2d"}, ("FAIL", ["run_failed"])),
    ("no such job", {"job_names": "night"}, ("FAIL", ["job_missing"])),
    ("by the list", {"tags": "night", "min_jobs": 13}, ("PASS", [])),
    ("by the list, one missing", {"job_names": [NIGHTLY, UNRUN, "nope"]}, ("FAIL", ["job_missing"])),
    ("too few", {"name_contains": "nightly_x"}, ("FAIL", ["too_few_jobs"])),
    ("by its ID", {"job_names": NIGHTLY, "instance_ids": [GIVEN]}, ("FAIL", ["run_failed"])),
    ("unknown ID", {"job_names": NIGHTLY, "instance_ids": [1]}, ("FAIL", ["job_missing"])),
]


@pytest.mark.parametrize("switch", SWITCHES)
def test_verdict_does_not_depend_on_undocumented_behaviour(switch: str) -> None:
    with running(SCENARIO, **SWITCHES[switch]) as emulator:
        found = {name: ask(emulator, wait=True, **options) for name, options, dummy in VERDICTS}
    wanted = {name: expected for name, dummy, expected in VERDICTS}
    # The reasons of a failed gate also name what was pending.
    assert {
        name: (verdict_and_codes(item)[0], verdict_and_codes(item)[1][:1]) for name, item in found.items()
    } == wanted
    failed = found["failed"]
    (reason,) = failed["reasons"]
    assert (reason["node"], reason["log_path"]) == ("load", f"obs://dlf-log/{BROKEN}/load.job")
    assert "is fail at node load after 2 retries: No table orders" in failed["msg"]
    assert "the newest since 24 h ago" in failed["msg"]
    job = found["succeeded"]["job"]
    assert job["instance"]["status"] == "success"
    assert [(node["name"], node["status"]) for node in job["nodes"]] == [("load", "success"), ("publish", "success")]
    assert job["run"] in found["succeeded"]["msg"]


def test_messages_explain_pending_runs(emulator: Emulator) -> None:
    held = ask(emulator, job_names=HELD)
    assert held["verdict"] == "PENDING"
    assert "is waiting-confirm and waits for a person" in held["msg"]
    assert "has no run since 24 h ago" in ask(emulator, job_names=UNRUN)["msg"]
    stream = ask(emulator, job_names="stream")
    assert "does not exist as a batch job" in stream["msg"]
    assert "a real-time job has that name" in stream["msg"]
    given = ask(emulator, job_names=NIGHTLY, instance_ids=GIVEN)
    assert f"{NIGHTLY} (the run {GIVEN} planned for " in given["msg"]
    asked_for = ask(emulator, job_names=NIGHTLY, since="12h")["gate"]["selection"]
    assert asked_for == {"job_names": [NIGHTLY], "since": "12h", "until": None, "which": "latest"}


def test_run_that_is_due_during_the_gate_is_ignored() -> None:
    runs = [
        {"plan": "now-60", "status": "running", "timeline": [{"at": 2, "status": "success"}]},
        {"plan": "now+1", "absent": True, "timeline": [{"at": 1, "status": "fail", "absent": False}]},
    ]
    with running({"quota": 0, "jobs": [{"name": NIGHTLY, "type": "BATCH", "runs": runs}]}) as emulator:
        result = ask(emulator, job_names=NIGHTLY, wait=True, wait_timeout=60)
        assert verdict_and_codes(result) == ("PASS", [])
        assert verdict_and_codes(ask(emulator, job_names=NIGHTLY, wait=True)) == ("FAIL", ["run_failed"])


def test_exception_grace_waits_for_a_repaired_run() -> None:
    runs = [{"plan": "now-60", "status": "fail", "id": GIVEN}]
    scenario = {"quota": 0, "jobs": [{"name": MENDED, "type": "BATCH", "nodes": NODES, "runs": runs}]}
    with running(scenario) as emulator:
        timers = [
            threading.Timer(0.7, emulator.set_run, (GIVEN,), {"status": "running"}),
            threading.Timer(2.0, emulator.set_run, (GIVEN,), {"status": "success"}),
        ]
        for timer in timers:
            timer.start()
        result = ask(emulator, job_names=MENDED, wait=True, exception_grace=50, wait_timeout=60)
        assert verdict_and_codes(result) == ("PASS", [])
        assert [item["status"] for item in result["history"] if item["node"] is None] == ["fail", "running", "success"]
        assert result["job"]["restarts"] == 1


def test_a_thousand_jobs_take_few_requests() -> None:
    names = "job_{i:04d}"
    jobs = [
        {"name": names, "count": 1000, "type": "BATCH", "runs": [{"plan": "now-600"}, {"plan": "now-7200"}]},
        {"name": "other_{i}", "count": 150, "type": "BATCH", "runs": [{"plan": "now-600", "status": "fail"}]},
    ]
    with running({"quota": 0, "jobs": jobs}) as emulator:
        chosen = [names.format(i=index) for index in range(1000)]
        result = ask(emulator, job_names=chosen, wait=True, wait_interval=600)
        assert (verdict_and_codes(result), result["by_status"]) == (("PASS", []), {"success": 1000})
        # 2,150 runs are three pages of 1,000. A machine that is so slow that they are old when they are judged reads them once more.
        assert result["requests"] in (3, 6)
        assert verdict_and_codes(ask(emulator, name_contains="job_", wait=True, min_jobs=1000)) == ("PASS", [])


def test_slices_keep_the_window() -> None:
    with running(SCENARIO) as emulator:
        options: dict[str, Any] = {"job_names": HELD, "wait": True, "slice_timeout": 0.3, "since": "1h"}
        first = ask(emulator, **options)
        assert first["verdict"] == "PENDING"
        emulator.set_run(8_100_000 + 8, status="success")
        second = ask(emulator, **options, resume=first["resume"])
        assert verdict_and_codes(second) == ("PASS", [])
        assert second["job"]["run"] == first["job"]["run"]


# -- runs of nodes ----------------------------------------------------------------------------------------------------


def stream(*runs: dict[str, Any], **node: Any) -> dict[str, Any]:
    nodes = [{"name": "on_file", "trigger": "event", "log_path": "obs://node", **node}, {"name": "plain"}]
    return {"name": "stream", "nodes": nodes, "runs": [{"node": "on_file", **item} for item in runs]}


FAILED = {"plan": "now-60", "status": "fail", "error": "File has no rows."}
NODE_RUNS: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, list[str]]]] = [
    ("a failed run", stream(FAILED), {"runs_since": "1h"}, ("FAIL", ["node_run_failed"])),
    ("an earlier one", stream(FAILED), {}, ("PASS", [])),
    ("left out", stream(FAILED), {"runs_since": "1h", "ignore_nodes": "on_*"}, ("PASS", [])),
    ("nodes do not count", stream(FAILED), {"runs_since": "1h", "check_nodes": False}, ("FAIL", ["node_run_failed"])),
    ("enough", stream({}, {}), {"runs_since": "1h", "min_runs": 2}, ("PASS", [])),
    ("too few", stream({}), {"runs_since": "1h", "min_runs": 2, "wait_timeout": 0}, ("TIMEOUT", ["no_run"])),
    ("no trigger", stream(trigger="cron"), {"min_runs": 1, "wait_timeout": 0}, ("TIMEOUT", ["no_run"])),
    ("another job", {**stream(), "name": "streams"}, {"job_names": "streams"}, ("PASS", [])),
    ("does not count", stream(FAILED, last_instance_status="fail"), {"check_runs": False}, ("PASS", [])),
]


@pytest.mark.parametrize(
    ("job", "options", "expected"), [row[1:] for row in NODE_RUNS], ids=[row[0] for row in NODE_RUNS]
)
def test_runs_of_nodes_decide_the_verdict(
    job: dict[str, Any], options: dict[str, Any], expected: tuple[str, list[str]]
) -> None:
    chosen = {"job_names": "stream", "check_runs": True, **options}
    with running({"quota": 0, "jobs": [job]}) as emulator:
        result = ask(emulator, dataarts_job_status, wait=True, **chosen)
    assert verdict_and_codes(result) == expected
    if expected[1] == ["node_run_failed"]:
        (reason,) = result["reasons"]
        assert (reason["node"], reason["status"]) == ("on_file", "fail")
        assert reason["log_path"] == "obs://dlf-log/stream/on_file.job"
        assert "File has no rows" in result["msg"]
    notes = [(item["code"], item["node"], item["log_path"]) for item in result["notes"]]
    is_noted = options.get("check_runs") is False
    assert notes == ([("node_run_failed", "on_file", "obs://node")] if is_noted else [])
    assert ("the last run of node on_file is fail" in result["msg"]) == is_noted


def test_slices_keep_the_start_of_node_runs() -> None:
    options: dict[str, Any] = {"job_names": "stream", "wait": True, "check_runs": True, "min_runs": 1}
    with running({"quota": 0, "jobs": [stream({"plan": "now+1", "absent": True, "id": GIVEN})]}) as emulator:
        first = ask(emulator, dataarts_job_status, **options, slice_timeout=0.3)
        assert verdict_and_codes(first) == ("PENDING", ["no_run"])
        emulator.set_run(GIVEN, absent=False)
        second = ask(emulator, dataarts_job_status, **options, slice_timeout=30, resume=first["resume"])
    assert verdict_and_codes(second) == ("PASS", [])
    (node, plain) = second["job"]["nodes"]
    assert (node["runs"]["succeeded"], node["runs"]["since"]) == (1, first["job"]["nodes"][0]["runs"]["since"])
    assert "runs" not in plain


# -- events -----------------------------------------------------------------------------------------------------------


def test_event_source_reports_runs() -> None:
    runs = [
        {"plan": "now-3600", "id": GIVEN},
        {"plan": "now-60", "id": GIVEN + 1, "absent": True, "status": "success"},
    ]
    scenario = {"quota": 0, "jobs": [{"name": NIGHTLY, "type": "BATCH", "nodes": NODES, "runs": runs}]}
    with running(scenario) as emulator:
        watcher = Watcher({"job_names": NIGHTLY, "kind": "instance", "since": "12h"}, connection(emulator))
        try:
            assert watcher.poll() == []
            emulator.set_run(GIVEN + 1, absent=False)
            (event,) = watcher.poll()
            assert (event["kind"], event["job"], event["instance_id"]) == ("instance", NIGHTLY, GIVEN + 1)
            assert (event["previous"], event["status"]) == ("success", "success")
            emulator.set_run(GIVEN + 1, status="fail", error="No table.")
            (event,) = watcher.poll()
            assert (event["previous"], event["status"], event["reason"]) == ("success", "fail", "run_failed")
            assert event["log_path"] == f"obs://dlf-log/{NIGHTLY}/publish.job"
            assert "No table" in event["message"]
            assert watcher.poll() == []
        finally:
            watcher.close()


@pytest.mark.parametrize(
    ("arguments", "option"),
    [({"kind": "run"}, "kind"), ({"since": "12h"}, "since"), ({"kind": "instance", "since": "now"}, "since")],
)
def test_invalid_argument_of_the_event_source_is_named(arguments: dict[str, Any], option: str) -> None:
    with pytest.raises(OptionError) as caught:
        Watcher({"job_names": NIGHTLY, **arguments}, {})
    assert caught.value.option == option


# -- in playbooks -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def done(emulator: Emulator) -> Run:
    """The module in its own process and in Ansible's, and the role."""
    options = {"job_name": NIGHTLY, "since": "12h", "wait": True}
    variables = {"job_gate_job_names": BROKEN, "job_gate_since": "12h"}
    tasks = [
        task("in a process", "dataarts_instance_status", options, **OWN_PROCESS),
        task("in Ansible's process", "dataarts_instance_status", options),
        task("check mode", "dataarts_instance_status", {**options, "job_name": HELD}, check_mode=True),
        task("invalid", "dataarts_instance_status", {**options, "since": "yesterday"}),
        gate("runs_succeeded", "passing", {**variables, "job_gate_job_names": NIGHTLY}),
        gate("runs_succeeded", "failing", variables, [task("rescued", "ansible.builtin.debug")]),
    ]
    return run([play(tasks)], connection(emulator))


def test_the_module_in_playbooks(done: Run) -> None:
    for name in ("in a process", "in Ansible's process"):
        record = done[name]
        assert (record.status, record["verdict"], record["changed"]) == ("ok", "PASS", False)
        assert "the newest since 12 h ago" in record["msg"]
    assert (done["check mode"].status, done["check mode"]["verdict"]) == ("ok", "PENDING")
    assert done["invalid"].failed
    assert done["invalid"].msg.startswith("since: ")


def test_the_role_in_playbooks(done: Run) -> None:
    assert [item["verdict"] for item in done.gates] == ["PASS", "FAIL"]
    assert done["rescued"].status == "ok"
    assert "is fail at node load after 2 retries" in done.text
