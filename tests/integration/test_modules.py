# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules in real playbooks, against the emulator. Each fixture is one playbook; the tests look at what it returned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.emulator import ACCESS_KEY, SECRET_KEY, Emulator, running

from .playbook import MAX_SLACK, OWN_PROCESS, Run, connection, play, run, task

GROUP = "group/datagate.huaweicloud.huaweicloud"
# A task for the controller runs in the controller's process; one that sets an environment needs a process of its own.
RESULT = {
    "changed",
    "elapsed",
    "history",
    "history_dropped",
    "job",
    "jobs",
    "gate",
    "msg",
    "notes",
    "polls",
    "reasons",
    "by_status",
    "resume",
    "requests",
    "verdict",
}
REASON = {"code", "error_code", "job", "log_path", "message", "node", "request_id", "status"}
LOG = "obs://logs/BROKEN.job"
NO_ENVIRONMENT = {"HW_ACCESS_KEY": "", "HW_SECRET_KEY": "", "HW_PROJECT_ID": "", "HW_REGION_NAME": ""}

FINISHED, FAILED, CANCELLED = "dli-finished", "dli-failed", "dli-cancelled"
SOON, ENDLESS = "dli-soon", "dli-endless"


def soon(first: str, event: str, /, **after: Any) -> dict[str, Any]:
    """A job that changes half a second after its first status call."""
    return {"status": first, "timeline": [{"after": event, "at": 0.5, **after}]}


def first_asked(job: str, call: str = "job_status") -> dict[str, Any]:
    """The rule that fires the event with the name of the job at its first status call."""
    return {"match": {"call": call, "job": job, "first": 1}, "fire": job}


SCENARIO: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {"name": "job_good", "tags": ["good"], "nodes": [{"name": "RUN"}, {"name": "ONCE", "status": "STOPPED"}]},
        {"name": "作业_一", "tags": ["good"]},
        {
            "name": "job_trap",
            "nodes": [{"name": "FINE"}, {"name": "BROKEN", "status": "EXCEPTION", "log_path": LOG}],
        },
        {"name": "job_broken", "status": "EXCEPTION"},
        {"name": "job_slow", "status": "STARTING"},
        {"name": "job_stopped", "status": "STOPPED", "nodes": [{"name": "OLD", "status": "EXCEPTION"}]},
        {"name": "job_late", **soon("STARTING", "job_late", status="NORMAL")},
        {"name": "job_drain", **soon("NORMAL", "job_drain", status="STOPPED")},
        {"name": "job_mends", **soon("EXCEPTION", "job_mends", status="NORMAL")},
        {"name": "job_new", "absent": True, "timeline": [{"after": "job_new", "at": 0.5, "absent": False}]},
        {"name": "job_nightly", "type": "BATCH"},
        {"name": "job_elsewhere", "workspace": "ws1"},
    ],
    "dli_jobs": [
        {"job_id": FINISHED, "status": "FINISHED"},
        {"job_id": FAILED, "status": "FAILED", "message": "Table not found"},
        {"job_id": CANCELLED, "status": "CANCELLED"},
        {
            "job_id": SOON,
            "status": "RUNNING",
            "progress": 0.25,
            "sub_job_id": 0,
            "sub_jobs": [{"id": 0, "num_tasks": 8}],
            "timeline": [{"after": SOON, "at": 0.5, "status": "FINISHED"}],
        },
        {"job_id": ENDLESS, "status": "LAUNCHING"},
    ],
    "faults": [
        *(first_asked(job) for job in ("job_late", "job_drain", "job_mends", "job_new")),
        first_asked(SOON, "dli_progress"),
    ],
}

WAIT = {"wait": True, "wait_interval": 0.3, "wait_timeout": 20}
SHORT = {**WAIT, "wait_timeout": 1}


@dataclass
class Scene:
    """A playbook that has run, and the cloud that it ran against."""

    run: Run
    emulator: Emulator

    def __getitem__(self, name: str) -> Any:
        return self.run[name]

    def codes(self, name: str) -> list[str]:
        """The codes of the reasons that a task gave."""
        return [reason["code"] for reason in self.run[name]["reasons"]]


def status(title: str, names: Any = None, /, **options: Any) -> dict[str, Any]:
    """A task on real-time jobs; `keywords` are those of the task."""
    keywords = options.pop("keywords", {})
    if names is not None:
        options["job_names"] = names
    return task(title, "dataarts_job_status", options, **keywords)


def dli(title: str, ids: Any, /, **options: Any) -> dict[str, Any]:
    """A task on DLI jobs."""
    keywords = options.pop("keywords", {})
    return task(title, "dli_job_progress", {"job_ids": ids, **options}, **keywords)


def info(title: str, /, **options: Any) -> dict[str, Any]:
    """A task that lists jobs."""
    keywords = options.pop("keywords", {})
    return task(title, "dataarts_job_info", options, **keywords)


CHECK = {"keywords": {"check_mode": True}}
TASKS = [
    status("one string", "job_good"),
    status("text with commas", "job_good, ,作业_一,"),
    status("list", ["job_good", "作业_一"]),
    status("alias", job_name="job_good"),
    status("tags", tags="good"),
    status("part of the name", name_contains="good", exclude_names=["*bad*"]),
    status("too few", name_contains="good", min_jobs=2),
    status(
        "empty strings",
        "job_good",
        tags="",
        name_contains="",
        exclude_names="",
        workspace="",
        region="",
        cloud="",
        wait_for="",
        fail_states="",
        ignore_nodes="",
        access_key="",
        secret_key="",
        credentials_file="",
        proxy="",
        ca_path="",
    ),
    status("trap read", "job_trap"),
    status("trap health check", "job_trap", fail_on_exception=True),
    status("trap waited for", ["job_trap", "job_slow"], **WAIT),
    status("trap with its node ignored", "job_trap", ignore_nodes=["BRO*"], **WAIT),
    status("trap without nodes", "job_trap", check_nodes=False, **WAIT),
    status("stopped node", "job_good", **WAIT),
    status("missing", "job_goodd"),
    status("missing waited for", "job_new", missing="wait", **WAIT),
    status("missing pending", "job_gone", missing="wait"),
    status("missing is ok", ["job_good", "job_gone"], missing="ok", **WAIT),
    status("missing is a batch job", "job_nightly"),
    status("missing in a workspace", "job_good", workspace="ws1"),
    status("in a workspace", "job_elsewhere", workspace="ws1"),
    status("late", "job_late", **WAIT),
    status("drain", "job_drain", wait_for=["STOPPED"], **WAIT),
    status("stopped with an old node", "job_stopped", wait_for="STOPPED", **WAIT),
    status("mends", "job_mends", fail_on_exception=False, **WAIT),
    status("waited out", "job_broken", fail_on_exception=False, **SHORT),
    status("timeout", ["job_slow", "job_good"], **SHORT),
    status("state of a new cloud", "job_good", wait_for=["RUNNING"]),
    status("one tolerated", ["job_good", "job_broken"], max_failing=1, **WAIT),
    status("check mode pending", "job_slow", **WAIT, **CHECK),
    status("check mode failing", "job_trap", **WAIT, **CHECK),
    status("return none", ["job_good", "job_slow"], return_jobs="none"),
    status("return failing", ["job_good", "job_slow"], return_jobs="failing"),
    dli("dli finished", FINISHED, **WAIT),
    dli("dli failed", [FAILED, ENDLESS], **WAIT),
    dli("dli cancelled", CANCELLED, **WAIT),
    dli("dli failed read", FAILED),
    dli("dli running", SOON),
    dli("dli waited for", SOON, **WAIT),
    dli("dli timeout", ENDLESS, **SHORT),
    dli("dli missing", "dli-none"),
    dli("dli check mode", ENDLESS, **WAIT, **CHECK),
    info("info all"),
    info("info real time", job_type="REAL_TIME", statuses=["EXCEPTION", "STARTING"]),
    info("info name", name="job_good"),
    info("info some", max_results=2, page_size=1),
    info("info check mode", job_type="BATCH", keywords={"check_mode": True}),
    info("info empty strings", name="", tags="", statuses="", workspace="", job_type="BATCH"),
]


@pytest.fixture(scope="module", params=["in process", pytest.param("as a module", marks=pytest.mark.slow)])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Most of what the modules do, with the connection in the environment, and then in module_defaults."""
    with running(SCENARIO) as emulator:
        given = {
            "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY,
            "project_id": emulator.project_id,
            "endpoints": {"dataarts": emulator.url, "dli": emulator.url},
        }
        defaults = [
            status("defaults: status", "job_good"),
            dli("defaults: dli", FINISHED),
            info("defaults: info", name="job_good"),
        ]
        plays = [
            play(TASKS, **(OWN_PROCESS if request.param == "as a module" else {})),
            play(defaults, environment=NO_ENVIRONMENT, module_defaults={GROUP: given}),
            play([status("nothing", "job_good")], environment=NO_ENVIRONMENT),
        ]
        yield Scene(run(plays, connection(emulator)), emulator)


def test_unknown_state_in_wait_for_gives_a_warning(scene: Scene) -> None:
    """New clouds add states, so it is not an error; a possible typing error gives a warning."""
    result = scene["state of a new cloud"]
    assert not result.failed
    assert result["verdict"] == "PENDING"
    assert "RUNNING" in "".join(result["warnings"])


def test_playbook_ran_to_its_end(scene: Scene) -> None:
    assert scene.run.code == 0, scene.run.text
    assert len(scene.run.records) == len(TASKS) + 4
    assert not [record.task for record in scene.run.records if "defect of the collection" in record.msg]
    assert not [record.task for record in scene.run.records if record.result.get("changed")]


@pytest.mark.parametrize("name", [item["name"] for item in TASKS if not item["name"].startswith("info")])
def test_a_gate_returns_the_same_keys_with_each_verdict(scene: Scene, name: str) -> None:
    result = scene[name].result
    assert set(result) >= RESULT
    assert result["verdict"] in ("PASS", "FAIL", "PENDING", "TIMEOUT", "ERROR")
    assert result["msg"].startswith(result["verdict"])
    assert all(set(reason) == REASON for reason in result["reasons"])
    assert result["polls"] >= 1
    assert result["requests"] >= 1


@pytest.mark.parametrize(
    ("name", "jobs"),
    [
        ("one string", ["job_good"]),
        ("alias", ["job_good"]),
        ("text with commas", ["job_good", "作业_一"]),
        ("list", ["job_good", "作业_一"]),
        ("tags", ["job_good", "作业_一"]),
        ("part of the name", ["job_good"]),
        ("empty strings", ["job_good"]),
        ("in a workspace", ["job_elsewhere"]),
        ("defaults: status", ["job_good"]),
    ],
)
def test_selection_returns_the_jobs(scene: Scene, name: str, jobs: list[str]) -> None:
    result = scene[name]
    assert not result.failed
    assert result["verdict"] == "PASS"
    assert [job["name"] for job in result["jobs"]] == jobs
    assert (result["job"] is None) == (len(jobs) > 1)


def test_selection_with_too_few_jobs_fails(scene: Scene) -> None:
    assert scene["too few"].failed
    assert scene.codes("too few") == ["too_few_jobs"]
    assert "default workspace" in scene["too few"].msg


def test_job_has_its_nodes(scene: Scene) -> None:
    job = scene["one string"]["job"]
    assert (job["name"], job["status"], job["verdict"]) == ("job_good", "NORMAL", "PASS")
    assert isinstance(job["start_time"], int)
    assert [(node["name"], node["status"]) for node in job["nodes"]] == [("RUN", "NORMAL"), ("ONCE", "STOPPED")]


def test_a_normal_job_with_a_failing_node_fails(scene: Scene) -> None:
    read = scene["trap read"]
    assert not read.failed, "without wait and fail_on_exception it is only reported"
    assert read["verdict"] == "FAIL"
    assert read["job"]["status"] == "NORMAL"
    for name in ("trap health check", "trap waited for", "check mode failing"):
        assert scene[name].failed
        assert scene[name]["verdict"] == "FAIL"
        reason = scene[name]["reasons"][0]
        assert (reason["code"], reason["job"], reason["node"]) == ("node_exception", "job_trap", "BROKEN")
        assert (reason["status"], reason["log_path"]) == ("EXCEPTION", LOG)
        assert all(text in scene[name].msg for text in ("job_trap", "BROKEN", "EXCEPTION", LOG))


def test_waiting_gate_fails_at_once(scene: Scene) -> None:
    assert scene["trap waited for"]["polls"] == 1
    assert scene["trap waited for"]["elapsed"] < WAIT["wait_timeout"]


@pytest.mark.parametrize(
    "name",
    [
        "trap with its node ignored",
        "trap without nodes",
        "stopped node",
        "missing waited for",
        "missing is ok",
        "late",
        "drain",
        "stopped with an old node",
        "mends",
        "one tolerated",
        "dli finished",
        "dli waited for",
        "defaults: dli",
    ],
)
def test_gate_passes(scene: Scene, name: str) -> None:
    assert not scene[name].failed, scene[name].msg
    assert scene[name]["verdict"] == "PASS"


def test_a_missing_job_is_explained(scene: Scene) -> None:
    assert all(scene[name].failed for name in ("missing", "missing is a batch job", "missing in a workspace"))
    assert scene.codes("missing") == ["job_missing"]
    assert "job_goodd" in scene["missing"].msg
    assert "similar names: job_good" in scene["missing"].msg
    assert "default workspace" in scene["missing"].msg
    assert "a batch job has that name" in scene["missing is a batch job"].msg
    assert "workspace ws1" in scene["missing in a workspace"].msg


def test_a_missing_job_can_be_waited_for_or_left_out(scene: Scene) -> None:
    assert scene["missing waited for"]["polls"] > 1
    assert not scene["missing pending"].failed
    assert scene["missing pending"]["verdict"] == "PENDING"
    assert scene.codes("missing is ok") == ["job_missing"]
    assert [job["name"] for job in scene["missing is ok"]["jobs"]] == ["job_good"]
    assert "job_gone" in scene["missing is ok"].msg


def test_the_history_reports_how_a_job_became_ready(scene: Scene) -> None:
    changes = [(item["previous"], item["status"]) for item in scene["late"]["history"] if item["node"] is None]
    assert changes == [(None, "STARTING"), ("STARTING", "NORMAL")]
    assert scene["late"]["elapsed"] >= 0.4
    drained = [(item["previous"], item["status"]) for item in scene["drain"]["history"] if item["node"] is None]
    assert drained == [(None, "NORMAL"), ("NORMAL", "STOPPED")]


def test_timeout_fails_the_gate(scene: Scene) -> None:
    for name in ("timeout", "waited out", "dli timeout"):
        assert scene[name].failed
        assert scene[name]["verdict"] == "TIMEOUT"
        assert 0.8 <= scene[name]["elapsed"] < 1 + MAX_SLACK
        assert scene[name]["polls"] > 1
        assert "still_pending" in scene.codes(name)
    assert "job_slow is STARTING" in scene["timeout"].msg
    assert "1 of 2 jobs ready" in scene["timeout"].msg


def test_check_mode_reads_once_without_waiting(scene: Scene) -> None:
    for name in ("check mode pending", "dli check mode"):
        assert not scene[name].failed
        assert scene[name]["verdict"] == "PENDING"
        assert scene[name]["polls"] == 1
        assert scene[name]["elapsed"] < WAIT["wait_timeout"]


def test_return_jobs_limits_the_jobs(scene: Scene) -> None:
    assert scene["return none"]["jobs"] == []
    assert [job["name"] for job in scene["return failing"]["jobs"]] == ["job_slow"]


def test_dli_jobs_finish_or_fail(scene: Scene) -> None:
    assert scene["dli finished"]["job"]["status"] == "FINISHED"
    assert scene["dli finished"]["job"]["progress"] == 1
    assert scene["dli failed"].failed
    assert scene.codes("dli failed")[0] == "dli_failed"
    assert "Table not found" in scene["dli failed"].msg
    assert scene["dli failed"]["elapsed"] < WAIT["wait_timeout"]
    assert scene["dli cancelled"].failed
    assert scene.codes("dli cancelled") == ["dli_cancelled"]
    assert not scene["dli failed read"].failed
    assert scene["dli failed read"]["verdict"] == "FAIL"
    running_job = scene["dli running"]["job"]
    assert (running_job["status"], running_job["progress"], running_job["sub_job_id"]) == ("RUNNING", 0.25, 0)
    assert running_job["tasks"]["total"] == 8
    assert scene["dli missing"].failed
    assert scene.codes("dli missing") == ["job_missing"]


def test_job_list_is_returned(scene: Scene) -> None:
    everything = scene["info all"]
    assert everything["total"] == len(everything["jobs"]) == 11
    assert everything["by_status"]["EXCEPTION"] == 1
    assert sum(everything["by_status"].values()) == 11
    names = [job["name"] for job in scene["info real time"]["jobs"]]
    assert sorted(names) == ["job_broken", "job_slow"]
    assert [job["name"] for job in scene["info name"]["jobs"]] == ["job_good"]
    assert len(scene["info some"]["jobs"]) == 2
    assert scene["info some"]["total"] == 11
    for name in ("info check mode", "info empty strings"):
        assert [job["name"] for job in scene[name]["jobs"]] == ["job_nightly"]
    assert not any(scene[item["name"]].failed for item in TASKS if item["name"].startswith("info"))


def test_module_defaults_apply_to_each_module(scene: Scene) -> None:
    assert not any(record.failed for record in scene.run.records if record.task.startswith("defaults"))


OWN: dict[str, tuple[bool, str | None]] = {
    "trap waited for": (True, "FAIL"),
    "late": (False, "PASS"),
    "timeout": (True, "TIMEOUT"),
    "check mode pending": (False, "PENDING"),
    "dli failed": (True, "FAIL"),
    "info some": (False, None),
}
"""Whether a task fails, and the verdict, for modules in their own process; the code is the same."""


def test_modules_run_in_their_own_processes() -> None:
    with running(SCENARIO) as emulator:
        ran = run([play([item for item in TASKS if item["name"] in OWN], **OWN_PROCESS)], connection(emulator))
    assert {item.task: (item.failed, item.result.get("verdict")) for item in ran.records} == OWN
    assert set(ran["late"].result) >= RESULT
    assert len(ran["info some"]["jobs"]) == 2


def test_missing_credentials_name_the_usual_options(scene: Scene) -> None:
    assert scene["nothing"].failed
    for name in ("access_key", "HW_ACCESS_KEY", "auth_token", "HW_AUTH_TOKEN", "the guide Environment variables"):
        assert name in scene["nothing"].msg


def test_no_secret_is_shown(scene: Scene) -> None:
    assert SECRET_KEY not in scene.run.text
    assert not [record.task for record in scene.run.records if SECRET_KEY in str(record.result)]


# -- bad input --------------------------------------------------------------------------------------------------------

LONG = "x" * 129
ELSEWHERE = "http://cloud.example.com"
# Name of the task, option that its message must name, and the task.
BAD: list[tuple[str, dict[str, Any]]] = [
    ("job_names", status("slash in a name", "folder/job")),
    ("job_names", status("dot as a name", ".")),
    ("job_names", status("two dots as a name", ["job_good", ".."])),
    ("job_names", status("control character in a name", ["job\x07"])),
    ("job_names", status("line break in a name", ["job\nother"])),
    ("job_names", status("long name", LONG)),
    ("job_names", status("no selection")),
    ("job_names", status("empty selection", "", tags=[], name_contains="")),
    ("job_names", status("two selections", "job_good", tags="good")),
    ("job_names", status("option and alias", "job_good", name="job_trap")),
    ("job_names", status("option and alias of a wait", "job_good", job_name="job_trap", **WAIT)),
    ("job_name", status("two aliases", job_name="job_good", name="job_trap")),
    ("workspace", status("line break in the workspace", "job_good", workspace="ws\n1")),
    ("tags", status("line break in a tag", tags=["one\ntwo"])),
    ("name_contains", status("line break in a part of a name", name_contains="one\ntwo")),
    ("endpoints.dataarts", status("http off loopback", "job_good", endpoints={"dataarts": ELSEWHERE})),
    ("endpoints", status("no URL", "job_good", endpoints={"dataarts": "cloud.example.com"})),
    ("secret_key", status("half an access key", "job_good", access_key="HALFKEY")),
    ("credentials_file", status("no credentials file", "job_good", credentials_file="/nowhere/credentials")),
    ("credentials_file", status("folder as credentials file", "job_good", credentials_file="/")),
    ("wait_timeout", status("negative timeout", "job_good", wait=True, wait_timeout=-1)),
    ("wait_interval", status("negative interval", "job_good", wait=True, wait_interval=-1)),
    ("wait_interval", status("no interval", "job_good", wait=True, wait_interval=0)),
    ("wait_initial_delay", status("negative delay", "job_good", wait=True, wait_initial_delay=-0.5)),
    ("stable_for", status("longer than there is time", "job_good", wait=True, stable_for=601)),
    ("request_timeout", status("no time for a request", "job_good", request_timeout=0)),
    ("requests_per_second", status("negative rate", "job_good", requests_per_second=-1)),
    ("retries", status("negative retries", "job_good", retries=-1)),
    ("max_consecutive_errors", status("no errors allowed", "job_good", max_consecutive_errors=0)),
    ("min_jobs", status("no jobs needed", "job_good", min_jobs=0)),
    ("max_failing", status("negative tolerance", "job_good", max_failing=-1)),
    ("wait_for", status("failing state waited for", "job_good", wait_for=["EXCEPTION"])),
    ("fail_states", status("both ready and failing", "job_good", fail_states=["NORMAL"])),
    ("missing", status("unknown word", "job_good", missing="never")),
    ("region", status("no region", "job_good", region="cn north")),
    ("page_size", info("page of nothing", page_size=0)),
    ("page_size", info("page too large", page_size=101)),
    ("max_results", info("negative results", max_results=-1)),
    ("job_type", info("unknown type", job_type="STREAM")),
    ("name", info("slash in the name", name="folder/job")),
    ("tags", info("line break in a tag of the list", tags=["one\ntwo"])),
    ("job_ids", dli("slash in an ID", "a/b")),
    ("job_ids", dli("empty ID", "")),
    ("job_ids", dli("two dots as an ID", "..")),
    ("job_ids", dli("long ID", LONG)),
    ("job_ids", dli("option and alias of DLI", FINISHED, job_id=FAILED)),
    ("stall_timeout", dli("negative stall", FINISHED, stall_timeout=-1)),
    ("wait_timeout", dli("negative timeout of DLI", FINISHED, wait_timeout=-1)),
    ("endpoints.dli", dli("http off loopback for DLI", FINISHED, endpoints={"dli": ELSEWHERE})),
]


@pytest.fixture(scope="module")
def refused() -> Iterator[Scene]:
    """All invalid options in one playbook. Each fifth one is also passed to a module in its own process, which runs the same code."""
    with running(SCENARIO) as emulator:
        plays = [play([item for dummy, item in BAD]), play([item for dummy, item in BAD[::5]], **OWN_PROCESS)]
        yield Scene(run(plays, connection(emulator)), emulator)


@pytest.mark.parametrize(("option", "name"), [(option, item["name"]) for option, item in BAD])
def test_invalid_option_is_named(refused: Scene, option: str, name: str) -> None:
    for result in refused.run.all(name):
        assert result.failed
        assert option in result.msg
        assert "defect of the collection" not in result.msg
        assert "verdict" not in result.result
        assert "\n" not in result.msg


def test_each_invalid_option_was_tested(refused: Scene) -> None:
    assert [len(refused.run.all(item["name"])) for dummy, item in BAD] == [
        1 if number % 5 else 2 for number in range(len(BAD))
    ]


def test_invalid_options_send_nothing(refused: Scene) -> None:
    assert refused.emulator.journal == []


# -- one name for an option -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("process", ["in process", pytest.param("as a module", marks=pytest.mark.slow)])
def test_option_and_alias_together_are_rejected(process: str) -> None:
    again = [
        status("alias in the defaults", "job_good"),
        status("in the background", "job_good", keywords={"async": 60, "poll": 1}),
        status("alias again", name="job_good"),
        status("empty alias", "job_good", name=""),
    ]
    alone = [
        status("null beside", "job_good", name=None, job_name="{{ omit }}"),
        status("empty option", "", name="job_good", **WAIT),
    ]
    own: dict[str, Any] = OWN_PROCESS if process == "as a module" else {}
    defaults = {"datagate.huaweicloud.dataarts_job_status": {"name": "job_trap"}}
    plays = [play(again, module_defaults=defaults, **own), play(alone, **own)]
    with running(SCENARIO) as emulator:
        ran = run(plays, connection(emulator))
        requests_sent = emulator.requests("job_status", job="job_trap")
    for name in ("alias in the defaults", "in the background"):
        assert ran[name].failed
        assert ran[name]["option"] == "name"
        assert ran[name].msg.startswith("name: means the same as job_names; keep one of the two")
    for name in ("alias again", "empty alias", "null beside", "empty option"):
        assert ran[name]["verdict"] == "PASS", ran[name].msg
        assert ran[name]["job"]["name"] == "job_good"
        assert not ran[name].result.get("warnings")
    assert requests_sent == []


# -- relative paths ---------------------------------------------------------------------------------------------------


def test_relative_paths_start_at_the_playbook(tmp_path: Path) -> None:
    """For any working directory, and in both kinds of processes."""
    authority, folder = trustme.CA(), tmp_path / "project"
    folder.mkdir()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    client = authority.issue_cert("gate@example.com")
    client.cert_chain_pems[0].write_to_path(str(folder / "client.pem"))
    client.private_key_pem.write_to_path(str(folder / "client.key"))
    (folder / "credentials").write_text(f"[basic]\nak = {ACCESS_KEY}\nsk = {SECRET_KEY}\n", "utf-8")
    (folder / "credentials").chmod(0o600)
    cert = {"client_cert": "client.pem", "client_key": "client.key"}
    options = {**cert, "credentials_file": "credentials", "ca_path": "ca.pem"}
    module = {"keywords": OWN_PROCESS}
    by_options = [
        status("options in process", "job_good", **options),
        status("options of a wait", "job_good", **options, **WAIT),
        status("options of a module", "job_good", **options, **module),
    ]
    by_variables = [
        status("variables in process", "job_good", **cert),
        status("variables of a module", "job_good", **cert, **module),
    ]
    variables = {"HW_CACERT": "ca.pem", "HUAWEICLOUD_SDK_CREDENTIALS_FILE": "credentials"}
    scenario = {"quota": 0, "jobs": [{"name": "job_good"}]}
    with running(scenario, certfile=tmp_path / "server.pem", client_ca=folder / "ca.pem") as emulator:
        given = connection(emulator, HW_ACCESS_KEY="", HW_SECRET_KEY="")
        for tasks, environment in ((by_options, given), (by_variables, {**given, **variables})):
            (folder / "site.yml").write_text(json.dumps([play(tasks)]), "utf-8")
            ran = run(str(folder / "site.yml"), environment)
            assert {item.task: item.result.get("verdict") for item in ran.records} == {
                item["name"]: "PASS" for item in tasks
            }, ran.text


# -- errors -----------------------------------------------------------------------------------------------------------

TROUBLE: dict[str, Any] = {
    "quota": 0,
    "jobs": [{"name": name} for name in ("job_good", "job_down", "job_denied", "job_once", "job_lost")],
    "dli_jobs": [{"job_id": "dli-down", "status": "RUNNING"}],
    "faults": [
        {"match": {"job": "job_down"}, "status": 503},
        {"match": {"job": "dli-down"}, "status": 503},
        {"match": {"job": "job_denied"}, "error_code": "DLF.6888"},
        {"match": {"job": "job_once", "first": 1}, "status": 503, "headers": {"Retry-After": 0}},
        {"match": {"job": "job_lost"}, "status": 404, "error_code": "APIGW.0101"},
    ],
}
QUICK = {**WAIT, "retries": 0, "max_consecutive_errors": 3}


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A cloud with faulty answers, and refused credentials."""
    folder: Path = tmp_path_factory.mktemp("credentials")
    (folder / "credentials").write_text(f"[basic]\nak = {ACCESS_KEY}\nsk = {SECRET_KEY}\n", "utf-8")
    with running(TROUBLE) as emulator:
        tasks = [
            status("unreadable", ["job_good", "job_down"], **QUICK),
            status("unreadable once", "job_down", retries=0),
            dli("dli unreadable", "dli-down", **QUICK),
            status("denied", ["job_denied", "job_good"], **QUICK),
            status("wrong path", "job_lost", **QUICK),
            status("unknown workspace", "job_good", workspace="nowhere", **QUICK),
            status("retried", "job_once", **WAIT),
            status(
                "bad signature",
                [f"job_{number}" for number in range(30)],
                access_key="WRONGKEY",
                secret_key="wrong-secret-key",
                **WAIT,
            ),
            status(
                "credentials file",
                "job_good",
                credentials_file=str(folder / "credentials"),
                keywords={"environment": {"HW_ACCESS_KEY": "", "HW_SECRET_KEY": ""}},
            ),
            # A token in the environment must not be combined with the task's key.
            status("key of the task", "job_good", access_key=ACCESS_KEY, secret_key=SECRET_KEY),
        ]
        environment = connection(emulator, HW_SECURITY_TOKEN="", HW_AUTH_TOKEN="")
        tasks[-1]["environment"] = {"HW_AUTH_TOKEN": "left-over", "HW_SECURITY_TOKEN": "left-over-too"}
        yield Scene(run([play(tasks)], environment), emulator)


def test_unreadable_job_is_an_error_after_max_consecutive_errors(troubled: Scene) -> None:
    result = troubled["unreadable"]
    assert result.failed
    assert result["verdict"] == "ERROR"
    assert troubled.codes("unreadable") == ["unreadable"]
    assert (result["polls"], result["http_status"], result["error_code"]) == (3, 503, "APIGW.0613")
    assert "job_down" in result.msg
    assert "3 times in a row" in result.msg
    assert troubled["dli unreadable"]["verdict"] == "ERROR"
    assert troubled["dli unreadable"]["polls"] == 3
    # Three of the gate, one of the single reading.
    assert len(troubled.emulator.requests("job_status", job="job_down")) == 4


def test_a_single_reading_that_fails_is_an_error(troubled: Scene) -> None:
    assert troubled["unreadable once"].failed
    assert troubled["unreadable once"]["verdict"] == "ERROR"


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("denied", "denied", "DLF.6888"),
        ("wrong path", "unreadable", "APIGW.0101"),
        ("unknown workspace", "unreadable", "workspace"),
    ],
)
def test_a_permanent_error_ends_the_gate_at_once(troubled: Scene, name: str, code: str, text: str) -> None:
    result = troubled[name]
    assert result.failed
    assert (result["verdict"], result["polls"]) == ("ERROR", 1)
    assert code in troubled.codes(name)
    assert text in result.msg


def test_a_single_failure_is_retried(troubled: Scene) -> None:
    assert troubled["retried"]["verdict"] == "PASS"
    assert troubled["retried"]["requests"] == 2


def test_a_bad_signature_is_sent_once(troubled: Scene) -> None:
    result = troubled["bad signature"]
    assert result.failed
    assert result["verdict"] == "ERROR"
    assert troubled.codes("bad signature")[0] == "denied"
    assert result["requests"] == 1
    sent = [record for record in troubled.emulator.journal if record.access_key == "WRONGKEY"]
    assert [record.status for record in sent] == [401]


def test_credentials_come_whole_from_one_place(troubled: Scene) -> None:
    assert troubled["credentials file"]["verdict"] == "PASS"
    assert troubled["key of the task"]["verdict"] == "PASS"
    last = troubled.emulator.journal[-1]
    assert last.access_key == ACCESS_KEY
    assert "x-auth-token" not in last.headers
    assert "x-security-token" not in last.headers


def test_no_secret_is_shown_in_errors(troubled: Scene) -> None:
    for secret in (SECRET_KEY, "wrong-secret-key", "left-over"):
        assert secret not in troubled.run.text
