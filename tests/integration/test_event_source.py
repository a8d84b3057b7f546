# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source's `main`, as ansible-rulebook runs it: by its path, without Ansible, until it is cancelled."""

from __future__ import annotations

import asyncio
import runpy
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import ACCESS_KEY, SECRET_KEY, Emulator, running

from .playbook import MAX_SLACK

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "dataarts_jobs.py"
SCENARIO: dict[str, Any] = {
    "quota": 30,
    "jobs": [
        {"name": "job_good"},
        {"name": "job_trap", "tags": ["t"], "nodes": [{"name": "N", "log_path": "obs://logs/N.job"}]},
    ],
}
Event = dict[str, Any]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


class Running:
    """A running event source."""

    def __init__(self, emulator: Emulator, queue: asyncio.Queue[Event], task: asyncio.Task[None]) -> None:
        self.emulator = emulator
        self.task = task
        self._queue = queue

    async def event(self, seconds: float = 2 * MAX_SLACK) -> Event:
        return await asyncio.wait_for(self._queue.get(), seconds)

    async def nothing(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        assert self._queue.empty(), self._queue.get_nowait()

    async def first(self) -> None:
        """Wait for the end of the first poll: the next one sends the same requests."""
        while max(Counter(record.raw_path for record in self.emulator.journal).values(), default=0) < 2:
            await asyncio.sleep(0.02)

    async def cancel(self) -> float:
        """Stop it; returns the seconds."""
        started = time.monotonic()
        self.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.task
        return time.monotonic() - started


def threads() -> set[str]:
    """Threads besides the emulator's and those of asyncio."""
    return {thread.name for thread in threading.enumerate()} - {"MainThread", "emulator"}


def watch(emulator: Emulator, body: Callable[[Running], Awaitable[None]], **args: Any) -> None:
    """Run the event source while *body* lasts."""
    given = {
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "project_id": emulator.project_id,
        "endpoints": {"dataarts": emulator.url},
        "job_names": ["job_good", "job_trap"],
        "interval": 0.4,
        "retries": 0,
        **args,
    }

    async def run() -> None:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        main = runpy.run_path(str(SOURCE))["main"]
        here = Running(
            emulator, queue, asyncio.create_task(main(queue, {k: v for k, v in given.items() if v is not None}))
        )
        try:
            await body(here)
        finally:
            if not here.task.done():
                await here.cancel()

    before = threads()
    asyncio.run(run())
    deadline = time.monotonic() + MAX_SLACK
    while threads() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threads() <= before


def test_only_changes_are_reported(emulator: Emulator) -> None:
    async def body(source: Running) -> None:
        await source.first()
        await source.nothing(0.8)
        emulator.set_job("job_trap", nodes={"N": {"status": "EXCEPTION"}})
        assert await source.event() == {
            "job": "job_trap",
            "node": "N",
            "previous": "NORMAL",
            "status": "EXCEPTION",
            "workspace": "",
            "reason": "node_exception",
            "message": "job_trap: node N is EXCEPTION",
            "log_path": "obs://logs/N.job",
        }
        emulator.set_job("job_good", status="STOPPED")
        assert await source.event() == {"job": "job_good", "previous": "NORMAL", "status": "STOPPED", "workspace": ""}
        await source.nothing(0.8)
        assert await source.cancel() < MAX_SLACK

    watch(emulator, body)
    assert emulator.stats["by_status"] == {"200": emulator.stats["requests"]}
    assert emulator.stats["connections"] <= 2


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the signals of threads are looked up in /proc")
def test_threads_block_signals(emulator: Emulator) -> None:
    """Each signal then wakes the event loop, which ends immediately."""
    before = threads()

    async def body(source: Running) -> None:
        await source.first()
        ours = [thread for thread in threading.enumerate() if thread.name in threads() - before]
        assert {thread.name.partition("_0")[0] for thread in ours} == {"dataarts_jobs", "datagate-exchange"}
        for thread in ours:
            status = Path(f"/proc/self/task/{thread.native_id}/status").read_text("utf-8")
            blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
            assert all(blocked >> (number - 1) & 1 for number in (signal.SIGINT, signal.SIGTERM))

    watch(emulator, body)


def test_initial_reports_the_first_states(emulator: Emulator) -> None:
    async def body(source: Running) -> None:
        found = [await source.event() for dummy in range(3)]
        assert {(event["job"], event.get("node"), event["previous"], event["status"]) for event in found} == {
            ("job_good", None, None, "NORMAL"),
            ("job_trap", None, None, "NORMAL"),
            ("job_trap", "N", None, "NORMAL"),
        }
        await source.nothing(0.6)

    watch(emulator, body, initial=True)


def test_tags_without_check_nodes(emulator: Emulator) -> None:
    async def body(source: Running) -> None:
        await source.first()
        emulator.set_job("job_trap", nodes={"N": {"status": "EXCEPTION"}})
        await source.nothing(1)
        emulator.set_job("job_trap", status="PAUSE")
        assert (await source.event())["status"] == "PAUSE"

    watch(emulator, body, job_names=None, tags="t", check_nodes="no", initial="false")
    assert set(emulator.stats["by_call"]) == {"job_list"}


def test_refused_key_is_sent_and_reported_once(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    async def body(source: Running) -> None:
        event = await source.event()
        assert event["reason"] == "denied"
        assert "HTTP 401" in event["error"]
        assert "wrong" not in event["error"]
        await source.nothing(1.5)
        assert not source.task.done()

    watch(emulator, body, secret_key="wrong", interval=0.1)
    assert emulator.stats["requests"] == 1
    assert "HTTP 401" in caplog.text


def test_corrected_key_in_a_file_is_used(emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "credentials"

    def write(secret: str) -> None:
        file.write_text(f"[basic]\nak = {ACCESS_KEY}\nsk = {secret}\n", "utf-8")
        file.chmod(0o600)

    async def body(source: Running) -> None:
        assert (await source.event())["reason"] == "denied"
        await source.nothing(0.6)
        assert emulator.stats["requests"] == 1
        write(SECRET_KEY)
        found = [await source.event() for dummy in range(3)]
        assert {event["job"] for event in found} == {"job_good", "job_trap"}

    write("wrong")
    watch(emulator, body, access_key=None, secret_key=None, credentials_file=str(file), initial=True, interval=0.2)
    assert emulator.stats["by_status"]["401"] == 1


def test_error_is_reported_once_and_the_watch_continues() -> None:
    faults = [{"match": {"after": "storm", "until": 1.2}, "status": 503}]
    with running(SCENARIO, faults=faults) as emulator:

        async def body(source: Running) -> None:
            await source.first()
            emulator.event("storm")
            event = await source.event()
            assert event["reason"] == "unreadable"
            assert "HTTP 503" in event["error"]
            emulator.set_job("job_good", status="STOPPED")
            assert (await source.event())["status"] == "STOPPED"

        watch(emulator, body, interval=0.2)


def test_unreachable_cloud_does_not_end_the_source(emulator: Emulator) -> None:
    async def body(source: Running) -> None:
        event = await source.event()
        assert event["reason"] == "unreadable"
        assert "refused" in event["error"]
        await source.nothing(1)
        assert not source.task.done()

    watch(emulator, body, endpoints={"dataarts": "http://127.0.0.1:9"}, interval=0.2)


@pytest.mark.parametrize("delay", [0.7, 60])
def test_cancellation_stops_at_once_during_a_request(delay: float) -> None:
    with running(SCENARIO, faults=[{"match": {"call": "job_status"}, "delay": delay}]) as emulator:

        async def body(source: Running) -> None:
            while not emulator.stats["requests"]:
                await asyncio.sleep(0.02)
            assert await source.cancel() < 4 + MAX_SLACK

        # The socket's own timeout ends the thread of a request that is given up.
        watch(emulator, body, request_timeout=4 if delay == 60 else 30)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"job_names": None}, "job_names: no job is selected"),
        (
            {"intervall": 3},
            "intervall: is not an argument of the event source dataarts_jobs; did you mean `interval`?",
        ),
        ({"interval": "often"}, "interval: must be a number"),
        ({"secret_key": None}, "access_key but not secret_key"),
        ({"workspace": "a\nb"}, "workspace: must be one line"),
    ],
)
def test_invalid_argument_is_reported_before_any_request(emulator: Emulator, args: dict[str, Any], words: str) -> None:
    async def body(source: Running) -> None:
        with pytest.raises(Exception, match=words) as caught:
            await source.task
        assert SECRET_KEY not in str(caught.value)

    watch(emulator, body, **args)
    assert emulator.stats["requests"] == 0


def test_source_runs_without_ansible(emulator: Emulator) -> None:
    """In a Python that could not import Ansible, nor this collection as one."""
    import subprocess

    code = f"""
import asyncio, runpy, sys
sys.modules["ansible"] = sys.modules["ansible_collections"] = None
queue = asyncio.Queue()
main = runpy.run_path({str(SOURCE)!r})["main"]
again = runpy.run_path({str(SOURCE)!r})["load_watching"]()
args = {{"name": "job_good", "initial": True, "access_key": {ACCESS_KEY!r}, "secret_key": {SECRET_KEY!r},
        "project_id": {emulator.project_id!r}, "endpoints": {{"dataarts": {emulator.url!r}}}}}

async def run():
    task = asyncio.create_task(main(queue, args))
    event = await asyncio.wait_for(queue.get(), 10)
    task.cancel()
    await asyncio.wait([task])
    return event

print(asyncio.run(run()))
print([name for name in sys.modules if name.startswith("ansible") and sys.modules[name]])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert "'status': 'NORMAL'" in first
    assert second == "[]"


DLI_SCENARIO: dict[str, Any] = {
    "dli_jobs": [
        {
            "job_id": "q1",
            "status": "RUNNING",
            "progress": 0.1,
            "status_fields": {"tags": [{"key": "release", "value": "42"}], "start_time": 1_700_000_000_000},
        }
    ],
    "flink_jobs": [{"job_id": 131, "name": "orders_flink", "extra": {"restart_times": 1}}],
    "spark_batches": [{"batch_id": "b1", "name": "nightly", "fields": {"log": ["OutOfMemoryError"]}}],
}


@pytest.mark.parametrize(
    ("kind", "selection", "job", "change", "expected"),
    [
        (
            "dli_job",
            {"job_tags": {"release": "42"}},
            "q1",
            {"status": "FAILED", "message": "no such table"},
            {"reason": "dli_failed", "job_id": "q1", "previous": "RUNNING"},
        ),
        (
            "flink_job",
            {"name": "orders_flink"},
            131,
            {"extra": {"restart_times": 2}},
            {"reason": "restarted", "job_id": "131", "name": "orders_flink", "restart_times": 2},
        ),
        (
            "spark_batch",
            {"batch_id": "b1"},
            "b1",
            {"status": "dead"},
            {"reason": "job_failed", "batch_id": "b1", "log": ["OutOfMemoryError"], "name": "nightly"},
        ),
    ],
)
def test_changes_of_dli_jobs_are_reported(
    kind: str, selection: Event, job: Any, change: Event, expected: Event
) -> None:
    with running(DLI_SCENARIO) as emulator:

        async def body(source: Running) -> None:
            await source.first()
            getattr(emulator, f"set_{kind}")(str(job), **change)
            event = await source.event()
            assert event.items() >= {"kind": kind, **expected}.items()
            await source.nothing(0.6)

        watch(emulator, body, kind=kind, job_names=None, endpoints={"dli": emulator.url}, **selection)
