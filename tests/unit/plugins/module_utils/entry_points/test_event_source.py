# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of the event source, and its behaviour after refused credentials."""

from __future__ import annotations

import json
import queue
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._entry_points import event_source as watching
from ansible_collections.datagate.huaweicloud.plugins.module_utils._entry_points.event_source import (
    StoppableClock,
    Stopped,
    Watcher,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import (
    CredentialsError,
    DatagateError,
    OptionError,
    RequestError,
)

SOURCES = Path(__file__).resolve().parents[5] / "extensions" / "eda" / "plugins" / "event_source"
GIVEN = {"access_key": "ak", "secret_key": "sk", "region": "cn-north-4", "project_id": "p1", "job_names": "a"}


@pytest.mark.parametrize(
    ("args", "option"),
    [
        ({"job_nmes": "a"}, "job_nmes"),
        ({"name": "b"}, "name"),
        ({"job_names": ""}, "job_names"),
        ({"tags": "t"}, "job_names"),
        ({"interval": "soon"}, "interval"),
        ({"interval": 0}, "interval"),
        ({"initial": "perhaps"}, "initial"),
        ({"check_nodes": 3}, "check_nodes"),
        ({"region": "a b"}, "region"),
        ({"retries": -1}, "retries"),
        ({"endpoints": {"dataarts": "http://example.com"}}, "endpoints.dataarts"),
        ({"endpoints": "https://example.com"}, "endpoints"),
    ],
)
def test_invalid_argument_is_named(args: dict[str, Any], option: str) -> None:
    with pytest.raises(OptionError) as caught:
        Watcher({**GIVEN, **args}, {})
    assert caught.value.option == option


# args, option of the error (None: they are valid). The schema says the same.
DLI = [
    ({"kind": "dli_job", "job_ids": "x"}, None),
    ({"kind": "dli_job", "job_id": "x"}, None),
    (
        {"kind": "dli_job", "job_tags": {"release": "42"}, "queue": "q", "since": "12h", "newest": True, "min_jobs": 2},
        None,
    ),
    ({"kind": "dli_job"}, "job_ids"),
    ({"kind": "dli_job", "job_ids": "x", "queue": "q"}, "job_ids"),
    ({"kind": "dli_job", "job_names": "x"}, "job_names"),
    ({"kind": "dli_job", "job_ids": "x", "workspace": "w"}, "workspace"),
    ({"kind": "dli_job", "job_ids": "x", "check_nodes": False}, "check_nodes"),
    ({"kind": "flink_job", "names": "x"}, None),
    ({"kind": "flink_job", "name": "x"}, None),
    ({"kind": "flink_job", "job_ids": "131"}, None),
    ({"kind": "flink_job", "job_ids": "131", "names": "x"}, "job_ids"),
    ({"kind": "flink_job", "names": "x", "since": "1h"}, "since"),
    ({"kind": "spark_batch", "batch_id": "x"}, None),
    ({"kind": "spark_batch"}, "batch_ids"),
    ({"kind": "spark_batch", "batch_ids": "x", "job_ids": "y"}, "job_ids"),
    ({"job_ids": "x", "job_names": "a"}, "job_ids"),
    ({"job_names": "a", "since": "1h"}, "since"),
    ({"kind": "instance", "job_names": "a", "since": "1h"}, None),
    ({"kind": "instance", "job_names": "a", "check_nodes": True}, "check_nodes"),
    ({"kind": "node", "job_names": "a"}, "kind"),
]


@pytest.mark.parametrize(("args", "option"), DLI)
def test_each_kind_accepts_its_own_arguments(args: dict[str, Any], option: str | None) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    given = {name: value for name, value in GIVEN.items() if name != "job_names"} | args
    schema = json.loads((SOURCES / "schemas" / "dataarts_jobs.json").read_text("utf-8"))
    assert jsonschema.Draft202012Validator(schema).is_valid(given) is (option is None)
    if option is None:
        Watcher(given, {}).close()
        return
    with pytest.raises(OptionError) as caught:
        Watcher(given, {})
    assert caught.value.option == option


def test_credentials_come_whole_from_one_place() -> None:
    with pytest.raises(CredentialsError, match="secret_key"):
        Watcher({**GIVEN, "secret_key": ""}, {"HW_SECRET_KEY": "other"})


def test_text_arguments_are_converted() -> None:
    watcher = Watcher({**GIVEN, "interval": "2.5", "initial": "yes", "eda_feedback_queue": object()}, {})
    assert watcher.interval == 2.5
    watcher.close()


def test_missing_requests_library_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "IMPORT_ERROR", "no module")
    with pytest.raises(DatagateError, match="requests is missing"):
        Watcher(GIVEN, {})


class Refusing:
    """Replaces the watch: refused or successful."""

    def __init__(self) -> None:
        self.refused: RequestError | None = None
        self.polls = 0
        self.sources: list[Any] = []
        self.selection = None
        self.denies = True
        self.breaks = False

    def poll(self) -> list[dict[str, Any]]:
        if self.breaks:
            raise ZeroDivisionError("secret")
        self.polls += 1
        if self.denies:
            self.refused = RequestError("denied", "no", status=401)
        return [{"job": "{{ a }}", "error": "#jinja2: {{ b }}", "jobs": ["{% c %}"], "status": None}]

    def use(self, source: Any) -> None:
        self.sources.append(source)
        self.refused = None


def refusing(args: dict[str, Any], environ: dict[str, str]) -> tuple[Watcher, Refusing]:
    watcher, watch = Watcher(args, environ), Refusing()
    watcher._watch = watch  # type: ignore[assignment]
    return watcher, watch


def test_nothing_is_sent_after_a_refusal() -> None:
    watcher, watch = refusing(GIVEN, {})
    assert len(watcher.poll()) == 1
    for dummy in range(5):
        assert watcher.poll() == []
    assert (watch.polls, watch.sources) == (1, [])
    watcher.close()


def test_changed_credentials_file_is_used_after_a_refusal(tmp_path: Path) -> None:
    file = tmp_path / "credentials"

    def write(secret: str) -> None:
        file.write_text(f"[basic]\nak = one\nsk = {secret}\n", "utf-8")
        file.chmod(0o600)

    write("first")
    args = {name: value for name, value in GIVEN.items() if not name.endswith("_key")}
    watcher, watch = refusing({**args, "credentials_file": str(file)}, {})
    watcher.poll()
    file.write_text("half", "utf-8")
    assert watcher.poll() == []
    write("first")
    assert watcher.poll() == []
    write("second")
    watch.denies = False
    assert len(watcher.poll()) == 1
    assert len(watch.sources) == 1
    assert len(watcher.poll()) == 1
    watcher.close()


def test_metadata_service_must_return_another_key_after_a_refusal() -> None:
    args = {name: value for name, value in GIVEN.items() if not name.endswith("_key")}
    watcher, dummy_watch = refusing({**args, "auth_type": "ecs_agency"}, {})
    watcher._learn("one")  # as the session does, before it sends anything with it
    watcher.poll()
    assert len(watcher.poll()) == 1  # sends a request to the metadata service again
    with pytest.raises(CredentialsError, match="still the only one"):
        watcher._learn("one")
    watcher._learn("two")
    watcher.close()


def test_events_contain_no_template() -> None:
    watcher, dummy = refusing(GIVEN, {})
    assert watcher.poll() == [{"job": "(( a ))", "error": "_jinja2: (( b ))", "jobs": ["(% c %)"], "status": None}]
    watcher.close()


def test_exception_is_reported_once_without_its_text() -> None:
    watcher, watch = refusing(GIVEN, {})
    watch.breaks = True
    (event,) = watcher.poll()
    assert event["reason"] == "defect"
    assert "ZeroDivisionError" in event["error"]
    assert "secret" not in event["error"]
    assert watcher.poll() == []
    watcher.close()


def test_stop_interrupts_a_waiting_clock() -> None:
    clock = StoppableClock()
    ended = threading.Event()

    def wait() -> None:
        try:
            clock.wait(queue.SimpleQueue(), 600, False)
        except Stopped:
            ended.set()

    threading.Thread(target=wait, daemon=True).start()
    clock.stop()
    assert ended.wait(30)
    with pytest.raises(Stopped):
        clock.sleep(30)


def test_stopped_clock_still_waits_briefly_for_an_answer() -> None:
    clock = StoppableClock()
    results: queue.SimpleQueue[str] = queue.SimpleQueue()
    clock.stop()
    threading.Timer(0.3, results.put, ["answer"]).start()
    assert clock.wait(results, 30, True) == "answer"


def test_clock_without_a_stop_waits_for_its_time() -> None:
    clock = StoppableClock()
    results: queue.SimpleQueue[str] = queue.SimpleQueue()
    started = time.monotonic()
    assert clock.wait(results, 0.3, True) is None
    assert 0.25 < time.monotonic() - started < 20
    results.put("there")
    assert clock.wait(results, None, True) == "there"
    clock.sleep(0)
