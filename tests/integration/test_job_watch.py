# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook job_watch against the emulator, and what examples/monitoring makes of its metrics."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.normalize import TASK_FIELDS
from ansible_collections.datagate.huaweicloud.plugins.module_utils._states import DLI_STATES, REAL_TIME_STATES
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.exposition import (
    COUNTER,
    Family,
    Sample,
    exposition,
)
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.metrics import FAMILIES, SERVICES
from tests.emulator import Emulator, load, running

from .playbook import Run, connection, hosts, play, run

WATCH = "datagate.huaweicloud.job_watch"
ROOT = Path(__file__).resolve().parent.parent.parent
PLAYBOOKS = ROOT / "playbooks"
EXAMPLE = ROOT / "examples" / "monitoring"
PIPE = "{{ lookup('ansible.builtin.pipe', 'touch pwned') }}"
LOOKUP = "{{ lookup('ansible.builtin.env', 'HOME') }}"

SCENARIO: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {"name": "job_orders_stream", "tags": ["orders"], "nodes": [{"name": "WRITE_ORDERS", "total_put_records": 70}]},
        {"name": "job_sms", "nodes": [{"name": "DLI_SMS_GES", "status": "EXCEPTION", "log_path": f"obs://{PIPE}"}]},
        {"name": PIPE, "status": "STOPPED", "nodes": [{"name": PIPE}, {"name": '"\\{}'}]},
        {"name": "job_nightly", "type": "BATCH"},
        {"name": "job_far", "workspace": "ws2"},
    ],
    "dli_jobs": [{"job_id": "dli-1", "status": "RUNNING", "progress": 0.25, "sub_jobs": [{"id": 0, "num_tasks": 40}]}],
    "flink_jobs": [{"job_id": 131, "name": "orders_flink", "extra": {"restart_times": 2}}],
    "spark_batches": [{"batch_id": "batch-1", "status": "dead"}],
    "faults": [
        {"name": "denied", "match": {"call": "job_list", "after": "deny"}, "error_code": "DLF.6888"},
        {
            "name": "denied",
            "match": {"call": "job_status", "job": "job_sms", "after": "half"},
            "error_code": "DLF.6888",
        },
        {"name": "broken", "match": {"service": "dli", "after": "dli"}, "status": 400, "error_code": "DLI.0999"},
        {"name": "once", "match": {"call": "job_status", "after": "once", "first": 1}, "status": 404, "body": "x"},
    ],
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


@pytest.fixture
def emulator(cloud: Emulator) -> Emulator:
    cloud.reset()
    return cloud


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "datagate.prom"


def watch(emulator: Emulator, target: Path, /, *arguments: str, inventory: str | None = None, **variables: Any) -> Run:
    """Run the playbook; variables come without their prefix."""
    given = {"job_watch_file": str(target), **{f"job_watch_{name}": value for name, value in variables.items()}}
    return run(WATCH, connection(emulator), *arguments, variables=given, inventory=inventory)


def series(file: Path) -> list[tuple[str, dict[str, str], float]]:
    """What Prometheus' own library reads in the file: name, labels and value of each sample, each once."""
    found = [
        (sample.name, dict(sample.labels), sample.value)
        for family in text_string_to_metric_families(file.read_text("utf-8"))
        for sample in family.samples
    ]
    keys = [(name, tuple(sorted(labels.items()))) for name, labels, dummy in found]
    assert len(set(keys)) == len(keys)
    return found


def values(file: Path, metric: str, label: str) -> dict[str, float]:
    """The samples of one metric by one of their labels."""
    return {labels[label]: value for name, labels, value in series(file) if name == metric}


def states(file: Path, metric: str, label: str) -> dict[str, str]:
    """The state of each job or node: the one that is 1."""
    return {labels[label]: labels["state"] for name, labels, value in series(file) if name == metric and value == 1}


def refused(done: Run) -> str:
    """The message about rejected variables."""
    assert done.code == 2, done.text
    return next(record.msg for record in done.records if record.failed)


# -- content ----------------------------------------------------------------------------------------------------------


def test_no_selection_reads_all_real_time_jobs(emulator: Emulator, file: Path) -> None:
    emulator.clear()
    done = watch(emulator, file, exclude_names="", tags="", workspace="", job_ids=[])
    assert done.code == 0, done.text
    assert values(file, "datagate_up", "workspace") == {"default": 1.0}
    assert states(file, "datagate_job_state", "job_name") == {
        "job_orders_stream": "NORMAL",
        "job_sms": "NORMAL",
        PIPE: "STOPPED",
    }
    assert values(file, "datagate_job_failing", "job_name") == {"job_orders_stream": 0.0, "job_sms": 1.0, PIPE: 0.0}
    assert values(file, "datagate_job_ready", "job_name") == {"job_orders_stream": 1.0, "job_sms": 0.0, PIPE: 0.0}
    assert states(file, "datagate_node_state", "node")["DLI_SMS_GES"] == "EXCEPTION"
    assert values(file, "datagate_node_records_written_total", "node")["WRITE_ORDERS"] == 70.0
    assert [record.call for record in emulator.journal] == ["job_list", *["job_status"] * 3]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [found.name for found in file.parent.iterdir()] == [file.name]
    # A job in EXCEPTION is a valid measurement.
    assert "job_sms: node DLI_SMS_GES is EXCEPTION" in done["Show the result of the reading"].msg


def test_text_of_the_cloud_is_never_evaluated(emulator: Emulator, file: Path) -> None:
    emulator.set_job("job_sms", status=LOOKUP)
    done = watch(emulator, file)
    assert done.code == 0, done.text
    assert states(file, "datagate_node_state", "node")[PIPE] == "STOPPED"
    assert states(file, "datagate_job_state", "job_name") == {
        "job_orders_stream": "NORMAL",
        "job_sms": LOOKUP,
        PIPE: "STOPPED",
    }
    assert f"obs://{PIPE}" in done["Show the result of the reading"].msg
    assert not list(file.parent.rglob("pwned"))


@pytest.mark.parametrize(
    ("variables", "jobs"),
    [
        ({"job_names": "job_sms,\n job_orders_stream\n", "check_nodes": "no"}, {"job_sms", "job_orders_stream"}),
        ({"name_contains": "job_", "exclude_names": "*sms"}, {"job_orders_stream"}),
        ({"workspace": "ws2"}, {"job_far"}),
    ],
)
def test_selection_chooses_the_jobs(emulator: Emulator, file: Path, variables: dict[str, Any], jobs: set[str]) -> None:
    done = watch(emulator, file, **variables)
    assert done.code == 0, done.text
    assert set(values(file, "datagate_job_ready", "job_name")) == jobs
    assert set(values(file, "datagate_up", "workspace")) == {variables.get("workspace", "default")}
    nodes = "datagate_node_state" in file.read_text("utf-8")
    assert nodes == (variables.get("check_nodes") != "no" and "workspace" not in variables)
    if not nodes and "job_sms" in jobs:
        # Unused data does not fail the job.
        assert values(file, "datagate_job_failing", "job_name") == dict.fromkeys(jobs, 0.0)


def test_job_ids_alone_read_only_dli(emulator: Emulator, file: Path) -> None:
    emulator.clear()
    assert watch(emulator, file, job_ids="dli-1").code == 0
    assert {record.service for record in emulator.journal} == {"dli"}
    assert values(file, "datagate_up", "service") == {"dli": 1.0}
    assert states(file, "datagate_dli_job_state", "job_id") == {"dli-1": "RUNNING"}
    assert values(file, "datagate_dli_job_progress_ratio", "job_id") == {"dli-1": 0.25}
    assert values(file, "datagate_dli_job_tasks", "kind")["total"] == 40.0
    others = {"job_names": "job_sms", "flink_names": "orders_flink", "spark_batch_ids": "batch-1, gone"}
    assert watch(emulator, file, job_ids="dli-1", **others).code == 0
    assert values(file, "datagate_up", "service") == dict.fromkeys(("dataarts", "dli", "dli_flink", "dli_spark"), 1.0)
    assert states(file, "datagate_flink_job_state", "job_name") == {"orders_flink": "job_running"}
    assert values(file, "datagate_flink_job_restarts", "job_id") == {"131": 2.0}
    assert states(file, "datagate_spark_batch_state", "batch_id") == {"batch-1": "dead"}
    assert values(file, "datagate_jobs_missing", "service")["dli_spark"] == 1.0


def test_vanished_job_is_removed_from_the_file(emulator: Emulator, file: Path) -> None:
    file.write_text('datagate_job_failing{job_name="job_sms"} 0\n', "utf-8")
    emulator.set_job("job_sms", absent=True)
    done = watch(emulator, file, job_names="job_sms,job_orders_stream")
    assert done.code == 0, done.text
    assert "job_sms" not in file.read_text("utf-8")
    assert values(file, "datagate_jobs_missing", "service") == {"dataarts": 1.0}
    assert "job_sms does not exist" in done["Show the result of the reading"].msg


@pytest.mark.slow
def test_workspace_without_real_time_jobs_succeeds(emulator: Emulator, file: Path) -> None:
    for name in ("job_sms", "job_orders_stream", PIPE):
        emulator.set_job(name, absent=True)
    done = watch(emulator, file)
    assert done.code == 0, done.text
    assert values(file, "datagate_up", "service") == {"dataarts": 1.0}
    assert "datagate_job_state" not in file.read_text("utf-8")
    assert done["Show the result of the reading"].msg == "No real-time job in the workspace."


@pytest.mark.slow
def test_file_is_written_on_another_host(emulator: Emulator, file: Path) -> None:
    inventory = hosts("monitor", ansible_connection="local", ansible_python_interpreter="{{ ansible_playbook_python }}")
    done = watch(emulator, file, inventory=inventory, file_host="monitor", job_names="job_sms")
    assert done.code == 0, done.text
    assert values(file, "datagate_job_failing", "job_name") == {"job_sms": 1.0}


def test_nothing_is_written_in_check_mode(emulator: Emulator, file: Path) -> None:
    emulator.clear()
    done = watch(emulator, file, "--check", job_names="job_sms")
    assert done.code == 0, done.text
    assert not list(file.parent.iterdir())
    assert [record.call for record in emulator.journal] == ["job_status"]


IN_MOVED_TO = 0x80
IN_CREATE = 0x100
IN_WRITES = 0x02 | 0x08 | IN_CREATE  # modified, closed after writing, created


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="watches a folder with inotify, which Linux has")
@pytest.mark.slow
def test_file_is_replaced_atomically(emulator: Emulator, file: Path) -> None:
    # Ansible's own temporary files on another file system, so that copy cannot rename them.
    other = Path("/dev/shm")
    apart = other.is_dir() and other.stat().st_dev != file.parent.stat().st_dev
    libc = ctypes.CDLL(None)
    watcher = libc.inotify_init1(os.O_NONBLOCK)
    try:
        assert libc.inotify_add_watch(watcher, os.fsencode(file.parent), IN_WRITES | IN_MOVED_TO) > 0
        with tempfile.TemporaryDirectory(dir=other if apart else None) as temporary:
            environment = {**connection(emulator), "ANSIBLE_REMOTE_TMP": temporary}
            done = run(WATCH, environment, variables={"job_watch_file": str(file), "job_watch_job_names": "job_sms"})
        assert done.code == 0, done.text
        seen, events = os.read(watcher, 1 << 16), []
    finally:
        os.close(watcher)
    while seen:
        dummy, mask, dummy, length = struct.unpack_from("iIII", seen)
        events.append((seen[16 : 16 + length].rstrip(b"\0").decode(), mask))
        seen = seen[16 + length :]
    # The collector reads every file that ends in .prom, hidden files included.
    assert [event for event in events if event[0].endswith(".prom")] == [(file.name, IN_MOVED_TO)]
    assert not apart or any(mask & IN_CREATE for dummy, mask in events)


def test_readings_start_at_fixed_times(emulator: Emulator, file: Path) -> None:
    emulator.clear()
    done = watch(emulator, file, job_names="job_sms", rounds="3", interval="2")
    assert done.code == 0, done.text
    assert len(emulator.journal) == 3
    began = float(done["Record the start time"]["ansible_facts"]["__job_watch_began"])
    times = [record["ansible_facts"]["__job_watch_read_at"] for record in done.all("Record the start of the reading")]
    for number, moment in enumerate(times):
        assert float(moment) >= began + 2 * number
    assert values(file, "datagate_last_reading_timestamp_seconds", "service") == {"dataarts": float(times[-1])}


def turned_back() -> str:
    """A time zone whose clocks were turned back from summer time half an hour ago, so that this hour is there twice.

    See tzset(3): hours, and day and time of both changes in local time, days counted from 0.
    """
    now = datetime.now(UTC)
    begin, end = (
        f"{moment.timetuple().tm_yday - 1}/{moment:%H:%M:%S}"
        for moment in (now - timedelta(days=30), now + timedelta(minutes=30))
    )
    return f"STD0DST-1,{begin},{end}"


@pytest.mark.parametrize("zone", [pytest.param("Asia/Shanghai", marks=pytest.mark.slow), "turned back"])
def test_time_of_a_reading_is_independent_of_the_time_zone(emulator: Emulator, file: Path, zone: str) -> None:
    begin = time.time()
    variables = {"job_watch_file": str(file), "job_watch_job_names": "job_sms"}
    zone = turned_back() if zone == "turned back" else zone
    done = run(WATCH, connection(emulator, TZ=zone), variables=variables)
    assert done.code == 0, done.text
    (moment,) = values(file, "datagate_last_reading_timestamp_seconds", "service").values()
    assert begin - 1 <= moment <= time.time() + 1


# -- failed readings --------------------------------------------------------------------------------------------------


def test_failed_reading_removes_the_states(emulator: Emulator, file: Path) -> None:
    file.write_text('datagate_job_state{job_name="job_sms",state="NORMAL"} 1\n', "utf-8")
    emulator.event("deny")
    emulator.clear()
    done = watch(emulator, file, rounds=3, interval=1)
    assert done.code == 2
    assert "DLF.6888" in done["Fail on an error that another reading cannot fix"].msg
    assert values(file, "datagate_up", "service") == {"dataarts": 0.0}
    assert {sample[0] for sample in series(file)} == {"datagate_up", "datagate_last_reading_timestamp_seconds"}
    # A denied reading is not repeated: an access key that is refused again and again is locked.
    assert len(emulator.journal) == 1


@pytest.mark.slow
def test_soft_fail_reports_without_failing(emulator: Emulator, file: Path) -> None:
    emulator.event("deny")
    done = watch(emulator, file, soft_fail="yes", rounds=3, interval=1)
    assert done.code == 0, done.text
    assert values(file, "datagate_up", "service") == {"dataarts": 0.0}
    assert "DLF.6888" in done["Show the result of the reading"].msg


@pytest.mark.slow
def test_partial_reading_writes_the_jobs_that_were_read(emulator: Emulator, file: Path) -> None:
    emulator.event("half")
    done = watch(emulator, file, job_names="job_orders_stream,job_sms")
    assert done.code == 2
    assert "DLF.6888" in done["Fail on an error that another reading cannot fix"].msg
    assert values(file, "datagate_up", "service") == {"dataarts": 0.0}
    assert "job_sms" not in file.read_text("utf-8")


def test_failed_service_does_not_hide_another(emulator: Emulator, file: Path) -> None:
    emulator.event("dli")
    done = watch(emulator, file, job_names="job_sms", job_ids="dli-1")
    assert done.code == 2
    assert values(file, "datagate_up", "service") == {"dataarts": 1.0, "dli": 0.0}
    assert values(file, "datagate_job_failing", "job_name") == {"job_sms": 1.0}
    assert "datagate_dli_" not in file.read_text("utf-8")


def test_readings_continue_after_a_failed_one(emulator: Emulator, file: Path) -> None:
    emulator.event("once")
    done = watch(emulator, file, job_names="job_sms", rounds=2, interval=1)
    assert done.code == 2
    assert done["Fail if a reading failed"].msg == "1 of 2 readings failed, not the last one; see above."
    assert values(file, "datagate_up", "service") == {"dataarts": 1.0}


def test_empty_selection_is_a_failed_reading(emulator: Emulator, file: Path) -> None:
    done = watch(emulator, file, tags="nobody")
    assert done.code == 2
    assert values(file, "datagate_up", "service") == {"dataarts": 0.0}


def test_missing_credentials_are_a_failed_reading(emulator: Emulator, file: Path) -> None:
    environment = {**connection(emulator), "HW_SECRET_KEY": ""}
    done = run(WATCH, environment, variables={"job_watch_file": str(file), "job_watch_rounds": 5})
    assert done.code == 2
    assert "HW_SECRET_KEY" in done["Fail on an error that another reading cannot fix"].msg
    assert values(file, "datagate_up", "service") == {"dataarts": 0.0}
    # The next reading would fail in the same way.
    assert len(done.all("Show the result of the reading")) == 1


# -- variables --------------------------------------------------------------------------------------------------------


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"file": ""}, "job_watch_file: is required"),
    ({"file": [" "]}, "job_watch_file: is required"),
    ({"file": "datagate.txt"}, "job_watch_file: must end in .prom"),
    ({"file": "folder/.prom"}, "job_watch_file: must end in .prom"),
    ({"file_host": "nobody", "file": "/x/y.prom"}, "job_watch_file_host: there is no host nobody"),
    ({"file_host": "nobody", "file": "y.prom"}, "job_watch_file: must be absolute"),
    ({"job_names": "a", "tags": "b"}, "job_watch_job_names and job_watch_tags: give only one of them"),
    ({"name_contains": "a", "tags": "b"}, "job_watch_tags and job_watch_name_contains: give only one of them"),
    ({"job_ids": "a", "exclude_names": "b"}, "job_watch_exclude_names: excludes real-time jobs"),
    ({"job_names": "a,b/c"}, "job_watch_job_names: contains an invalid job name"),
    ({"job_names": ["a" * 129]}, "job_watch_job_names: contains an invalid job name"),
    ({"job_names": ["a\tb"]}, "job_watch_job_names: contains an invalid job name"),
    ({"job_names": "a,.."}, "job_watch_job_names: contains an invalid job name"),
    ({"job_ids": ["a", "."]}, "job_watch_job_ids: contains an invalid job ID"),
    ({"flink_names": "a", "flink_job_ids": "1"}, "job_watch_flink_names and job_watch_flink_job_ids: give only one"),
    ({"flink_names": "a/b"}, "job_watch_flink_names: contains an invalid job name"),
    ({"flink_job_ids": "1, x"}, "job_watch_flink_job_ids: contains an invalid job ID; IDs of Flink jobs are numbers"),
    ({"spark_batch_ids": [".."]}, "job_watch_spark_batch_ids: contains an invalid batch ID"),
    ({"name_contains": "a" * 129}, "job_watch_name_contains: "),
    ({"name_contains": "a\nb"}, "job_watch_name_contains: "),
    ({"rounds": "0"}, "job_watch_rounds: must be a whole number from 1 to 100"),
    ({"rounds": "101"}, "job_watch_rounds: must be"),
    ({"rounds": "many"}, "job_watch_rounds: must be"),
    ({"interval": "0.5"}, "job_watch_interval: must be a whole number of seconds from 1 to 86400"),
    ({"interval": 86401}, "job_watch_interval: must be"),
    ({"check_nodes": "maybe"}, "job_watch_check_nodes: must be true or false"),
    ({"soft_fail": "maybe"}, "job_watch_soft_fail: must be true or false"),
]
RIGHT: list[dict[str, Any]] = [
    {},
    {"job_names": "a, b\n", "tags": "", "name_contains": None, "job_ids": []},
    {"job_names": ["\u8ba2\u5355", "a" * 128, "a.b", "a b"], "exclude_names": "*_test", "job_ids": "x,y"},
    {"rounds": 100, "interval": "86400", "check_nodes": False, "soft_fail": "Yes"},
    {"rounds": "", "interval": "", "check_nodes": "", "soft_fail": "", "file_host": ""},
]


def test_each_invalid_variable_has_its_message(file: Path) -> None:
    (watching,) = yaml.safe_load((PLAYBOOKS / "job_watch.yml").read_text("utf-8"))
    wanted = [*WRONG, *((variables, "") for variables in RIGHT)]
    names = sorted({"file", *(name for variables, dummy in wanted for name in variables)})
    cases = {
        "name": "Cases",
        "ansible.builtin.debug": {"msg": "{{ __job_watch_problem }}"},
        # One task for all: Ansible compiles the templates once. Null counts as not set.
        "vars": {f"job_watch_{name}": f"{{{{ case.{name} | default(none) }}}}" for name in names},
        "loop": [{"file": str(file), **variables} for variables, dummy in wanted],
        "loop_control": {"loop_var": "case"},
    }
    done = run([play([cases], vars=watching["vars"])], {})
    assert done.code == 0, done.text
    for (variables, words), result in zip(wanted, done["Cases"]["results"], strict=True):
        assert result["msg"].startswith(words) if words else not result["msg"], (variables, result["msg"])


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"job_names": "a,b/c", "job_ids": "dli-1"}, "job_watch_job_names: contains an invalid job name"),
        ({"file": "nowhere/datagate.prom"}, "job_watch_file: there is no directory "),
    ],
)
def test_invalid_variables_are_rejected_before_any_request(
    emulator: Emulator, file: Path, variables: dict[str, Any], words: str
) -> None:
    emulator.clear()
    assert refused(watch(emulator, file, **variables)).startswith(words)
    assert emulator.journal == []
    assert not file.exists()


@pytest.mark.slow
def test_directory_as_file_is_rejected(emulator: Emulator, file: Path) -> None:
    file.mkdir()
    assert refused(watch(emulator, file)) == f"job_watch_file: {file} is a directory"


def test_batch_job_names_read_the_last_runs(tmp_path: Path) -> None:
    file = tmp_path / "datagate.prom"
    runs = [{"plan": "now-100"}, {"plan": "now-50", "status": "fail"}]
    with running({"jobs": [{"name": "nightly", "type": "BATCH", "runs": runs}]}) as emulator:
        assert watch(emulator, file, batch_job_names="nightly").code == 0
        assert not emulator.requests("job_list")
    states = values(file, "datagate_run_state", "state")
    assert [name for name, value in states.items() if value] == ["fail"]
    assert 50 <= values(file, "datagate_run_age_seconds", "job_name")["nightly"] < 50 + 60


# -- examples/monitoring ----------------------------------------------------------------------------------------------

BY_NAME: dict[str, Family] = {family.name: family for family in FAMILIES}
FUNCTIONS = frozenset(["sum", "min", "max", "count", "rate", "increase", "changes", "absent", "time", "min_over_time"])
WORDS = frozenset(["by", "on", "or", "and", "unless"])
MACROS = {"workspace": "$workspace", "job_name": "$job"}
KNOWN = {
    "service": frozenset(SERVICES),
    "kind": frozenset(TASK_FIELDS),
    "state": frozenset((*REAL_TIME_STATES, *DLI_STATES)),
}
TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<string>"[^"\\]*")|(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)|(?P<duration>\[\d+[smhd]\])"""
    r"""|(?P<number>\d+(?:[.]\d+)?)|(?P<match>=~|!~|!=|==|=|>|<)|(?P<sign>[-+*/(){},])"""
)


def tokens(expression: str) -> list[tuple[str, str]]:
    """Kind and text of each token; other text is an error in the expression."""
    found, at = [], 0
    while at < len(expression):
        token = TOKEN.match(expression, at)
        assert token is not None, f"no token at {expression[at : at + 20]!r}"
        at = token.end()
        if token.lastgroup != "space":
            found.append((str(token.lastgroup), token.group()))
    return found


def labels_of(parts: list[tuple[str, str]], at: int, close: str) -> tuple[list[tuple[str, str, str]], int]:
    """Labels between brackets, with matcher and value where there are any, and where the closing bracket is."""
    found = []
    while parts[at][1] != close:
        assert parts[at][0] == "name", parts[at]
        name, matcher, value = parts[at][1], "", ""
        at += 1
        if close == "}":
            (kind, matcher), (string, value) = parts[at], parts[at + 1]
            assert (kind, string) == ("match", "string"), parts[at : at + 2]
            at += 2
        found.append((name, matcher, value.strip('"')))
        if parts[at][1] == ",":
            at += 1
    return found, at


def check(expression: str, macros: bool) -> set[str]:
    """The metrics of an expression. Asserts that metrics, labels and states exist."""
    parts = [*tokens(expression), ("end", "")]
    metrics: set[str] = set()
    grouped: list[str] = []
    at = 0
    while parts[at][0] != "end":
        kind, text = parts[at]
        if kind == "name" and text in ("by", "on"):
            assert parts[at + 1][1] == "(", expression
            labels, at = labels_of(parts, at + 2, ")")
            grouped += [name for name, dummy, dummy in labels]
        elif kind == "name" and text in FUNCTIONS:
            assert parts[at + 1][1] in ("(", "by"), expression
        elif kind == "name" and text not in WORDS:
            assert text in BY_NAME, f"{text} is no metric: {expression}"
            metrics.add(text)
            family = BY_NAME[text]
            if parts[at + 1][1] == "{":
                labels, at = labels_of(parts, at + 2, "}")
                for name, matcher, value in labels:
                    assert name in family.labels, f"{family.name} has no label {name}: {expression}"
                    if value.startswith("$"):
                        assert macros, expression
                        assert (matcher, value) == ("=~", MACROS[name]), expression
                    elif name in KNOWN:
                        assert set(value.split("|")) <= KNOWN[name], f"{name} is never {value}: {expression}"
            if parts[at + 1][0] == "duration":
                at += 1
        at += 1
    together = set().union(*(BY_NAME[name].labels for name in metrics)) if metrics else set()
    assert set(grouped) <= together, f"{set(grouped) - together} are labels of no metric: {expression}"
    for name in re.findall(r"(?:rate|increase)\((\w+)", expression):
        assert BY_NAME[name].type == COUNTER, expression
    assert metrics, f"no metric: {expression}"
    return metrics


@pytest.mark.parametrize(
    "wrong",
    [
        "datagate_job_status == 1",
        'datagate_up{job_name="x"}',
        'datagate_job_state{state="RUNING"}',
        "sum by (node) (datagate_job_failing)",
        "rate(datagate_job_failing[5m])",
        "sum_of(datagate_job_failing)",
        'datagate_job_failing{job_name=~"$workspace"}',
        "datagate_job_failing ; 1",
        "vector(1)",
    ],
)
def test_invalid_expression_is_detected(wrong: str) -> None:
    with pytest.raises(AssertionError):
        check(wrong, macros=True)


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    found = json.loads((EXAMPLE / "grafana-dashboard.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def test_panels_use_existing_metrics(dashboard: dict[str, Any]) -> None:
    used: set[str] = set()
    for panel in dashboard["panels"]:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        for target in panel["targets"]:
            used |= check(target["expr"], macros=True)
            for name in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                assert any(name in BY_NAME[metric].labels for metric in used), panel["title"]
    assert len({panel["title"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    # The dashboard does not need all metrics; bytes and the start time are for ad hoc queries.
    assert {"datagate_up", "datagate_job_failing", "datagate_job_state", "datagate_node_state"} <= used


def test_panels_do_not_overlap(dashboard: dict[str, Any]) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24, panel["title"]
        assert min(place["y"], place["h"] - 1) >= 0, panel["title"]
        for column in range(place["x"], place["x"] + place["w"]):
            for row in range(place["y"], place["y"] + place["h"]):
                assert (column, row) not in taken, f"{panel['title']} covers {taken[column, row]}"
                taken[column, row] = panel["title"]


def test_dashboard_variables_are_defined(dashboard: dict[str, Any]) -> None:
    assert dashboard["schemaVersion"] >= 38  # Grafana 10
    found = {item["name"]: item for item in dashboard["templating"]["list"]}
    assert list(found) == ["datasource", "workspace", "job"]
    assert (found["datasource"]["type"], found["datasource"]["query"]) == ("datasource", "prometheus")
    for name, label in (("workspace", "workspace"), ("job", "job_name")):
        label_query = re.fullmatch(r"label_values\((.+), (\w+)\)", found[name]["query"]["query"])
        assert label_query is not None
        (metric,) = check(label_query[1], macros=True)
        assert label_query[2] == label
        assert label in BY_NAME[metric].labels
        assert found[name]["includeAll"]
    text = json.dumps(dashboard["panels"])
    assert set(re.findall(r"\$\{?(\w+)", text)) == set(found)


def test_state_timeline_names_each_state(dashboard: dict[str, Any]) -> None:
    (panel,) = [panel for panel in dashboard["panels"] if panel["type"] == "state-timeline"]
    (target,), (mapping,) = panel["targets"], panel["fieldConfig"]["defaults"]["mappings"]
    shown = {number: item["text"] for number, item in mapping["options"].items()}
    coded = dict(re.findall(r'(\d+) \* datagate_job_state\{[^}]*state="(\w+)"\}', target["expr"]))
    assert set(coded.values()) == set(REAL_TIME_STATES)
    (rest,) = re.findall(r'(\d+) \* datagate_job_state\{[^}]*state!~"([A-Z|]+)"\}', target["expr"])
    assert set(rest[1].split("|")) == set(REAL_TIME_STATES)
    assert shown == {**coded, rest[0]: "another state"}


def test_alerts_use_existing_metrics() -> None:
    (group,) = yaml.safe_load((EXAMPLE / "alerts.yml").read_text("utf-8"))["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(set(names)) == len(names)
    for rule in group["rules"]:
        metrics = check(rule["expr"], macros=False)
        assert rule["labels"]["severity"] in ("critical", "warning")
        have = set().union(*(BY_NAME[name].labels for name in metrics))
        assert set(rule["annotations"]) == {"summary", "description"}
        for text in rule["annotations"].values():
            assert set(re.findall(r"\$labels[.](\w+)", text)) <= have, rule["alert"]
    tested = yaml.safe_load((EXAMPLE / "alerts_test.yml").read_text("utf-8"))["tests"]
    fired = {item["alertname"] for test in tested for item in test["alert_rule_test"] if item.get("exp_alerts")}
    assert fired == set(names)


PROMTOOL = shutil.which("promtool")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool (Prometheus) is not installed")
@pytest.mark.parametrize(
    "command",
    [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml"), ("check", "config", "prometheus.yml")],
)
def test_promtool_accepts_the_rules(command: tuple[str, ...]) -> None:
    done = subprocess.run([str(PROMTOOL), *command], cwd=EXAMPLE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="promtool (Prometheus) is not installed")
def test_promtool_accepts_the_metrics() -> None:
    odd = '\u8ba2\u5355 "\\{}\n'
    text = exposition(FAMILIES, [Sample(family, (odd,) * len(family.labels), 1e10) for family in FAMILIES])
    done = subprocess.run(
        [str(PROMTOOL), "check", "metrics"], input=text, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_scenario_has_the_described_effect(tmp_path: Path) -> None:
    file = tmp_path / "datagate.prom"
    with running(load(EXAMPLE / "scenario.yml")) as emulator:
        emulator.event("break")
        assert watch(emulator, file).code == 0
        assert values(file, "datagate_job_failing", "job_name") == {"job_orders_stream": 0.0, "job_sms": 1.0}
        emulator.event("mend")
        emulator.event("stop")
        assert watch(emulator, file).code == 0
        assert states(file, "datagate_job_state", "job_name") == {"job_orders_stream": "STOPPED", "job_sms": "NORMAL"}
        emulator.event("start")
        assert watch(emulator, file).code == 0
        assert states(file, "datagate_job_state", "job_name")["job_orders_stream"] == "STARTING"
        emulator.event("deny")
        assert watch(emulator, file).code == 2
        assert values(file, "datagate_up", "service") == {"dataarts": 0.0}
