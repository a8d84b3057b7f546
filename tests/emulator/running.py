# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator in a background thread of the test that uses it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from . import constants
from .cloud import Cloud
from .journal import Record
from .scenario import Scenario, load
from .server import Server, tls_context
from .vendor import MISSING, load_oracle
from .world import FLINK, SPARK

T = TypeVar("T")
START_TIMEOUT = 30.0
"""Seconds within which the server must listen."""


class Emulator:
    """A running emulator. Every method may be called from any thread; times are emulator seconds since the start."""

    access_key = constants.ACCESS_KEY
    secret_key = constants.SECRET_KEY
    auth_token = constants.AUTH_TOKEN

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop, url: str) -> None:
        self.url = url
        """Base URL, without a trailing slash."""
        self._server = server
        self._cloud = server.cloud
        self._loop = loop

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rpartition(":")[2])

    @property
    def scenario(self) -> Scenario:
        """The scenario as read."""
        return self._cloud.scenario

    @property
    def project_id(self) -> str:
        """The scenario's project."""
        return self._cloud.scenario.project_id

    @property
    def time(self) -> float:
        """Emulator seconds since the start."""
        return self._cloud.clock.now()

    @property
    def epoch_ms(self) -> int:
        """The emulator's time as epoch milliseconds, as in the answers."""
        return self._cloud.clock.epoch_ms(self._cloud.clock.now())

    @property
    def journal(self) -> list[Record]:
        """The requests so far, in the order of arrival."""
        return self._do(self._cloud.journal.records)

    @property
    def stats(self) -> dict[str, Any]:
        """Counts over the journal."""
        return self._do(self._cloud.journal.stats)

    @property
    def failures(self) -> list[str]:
        """Tracebacks of the emulator's own exceptions."""
        return list(self._server.failures)

    def requests(self, call: str | None = None, **fields: Any) -> list[Record]:
        """The journal's records of one call (`job_list`, `job_status`, ...) and with these field values."""
        return [
            record
            for record in self.journal
            if (call is None or record.call == call)
            and all(getattr(record, name) == value for name, value in fields.items())
        ]

    def event(self, name: str) -> int:
        """Fire an event; returns the number of jobs that depend on it. KeyError if the scenario does not name it."""
        return self._do(lambda: self._cloud.fire(name))

    def set_job(self, name: str, *, workspace: str | None = None, **changes: Any) -> None:
        """Change a job now, with the names of a timeline's entry; `nodes={name: {...}}` changes its nodes."""
        self._do(lambda: self._cloud.world.change_job(name, workspace, self._cloud.clock.now(), changes))

    def set_dli_job(self, job_id: str, **changes: Any) -> None:
        """Change a DLI job now, with the names of a timeline's entry."""
        self._do(lambda: self._cloud.world.change_dli_job(job_id, self._cloud.clock.now(), changes))

    def set_flink_job(self, job_id: str, **changes: Any) -> None:
        """Change a Flink job now, with the names of a timeline's entry."""
        self._do(lambda: self._cloud.world.change_cluster_job(FLINK, job_id, self._cloud.clock.now(), changes))

    def set_spark_batch(self, batch_id: str, **changes: Any) -> None:
        """Change a Spark batch now, with the names of a timeline's entry."""
        self._do(lambda: self._cloud.world.change_cluster_job(SPARK, batch_id, self._cloud.clock.now(), changes))

    def set_run(self, number: int, **changes: Any) -> None:
        """Change a run of the scenario now."""
        self._do(lambda: self._cloud.instances.change(number, self._cloud.clock.now(), changes))

    def advance(self, seconds: float) -> float:
        """Move the time forward; returns the new time."""
        return self._do(lambda: self._cloud.clock.advance(seconds))

    def stop(self) -> None:
        """Stop serving before the block ends. Hanging requests are aborted."""
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(START_TIMEOUT)

    def clear(self) -> None:
        """Empty the journal; nothing else changes."""
        self._do(self._cloud.journal.clear)

    def reset(self) -> None:
        """Reset time, events, changes, locks, quotas, counts of the fault rules, and the journal."""
        self._do(self._cloud.reset)

    def _do(self, action: Callable[[], T]) -> T:
        """Run `action` in the server's thread."""

        async def run() -> T:
            return action()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(START_TIMEOUT)


@contextmanager
def running(
    scenario: Mapping[str, Any] | str | Path | Scenario | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    certfile: str | Path | None = None,
    keyfile: str | Path | None = None,
    client_ca: str | Path | None = None,
    cloud: Cloud | None = None,
    **overrides: Any,
) -> Iterator[Emulator]:
    """Run an emulator while the block lasts. `overrides` replace top-level keys of the scenario.

    `cloud` is served in the place of a scenario, such as a `ReplayingCloud`.

    Raises ScenarioError for a scenario that cannot be used, and AssertionError at the end if the emulator raised an
    exception.
    """
    if cloud is not None and (scenario is not None or overrides):
        raise ValueError("give a scenario or a cloud, not both")
    read = load({} if scenario is None else scenario, **overrides)
    tls = None if certfile is None else tls_context(certfile, keyfile or certfile, client_ca)
    oracle = load_oracle() if read.authentication and cloud is None else None
    if read.authentication and cloud is None and oracle is None:
        print(f"emulator: {MISSING}", file=sys.stderr, flush=True)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=_run, args=(loop,), name="emulator", daemon=True)
    thread.start()

    async def start() -> tuple[Server, str]:
        server = Server(cloud or Cloud(read, oracle))
        return server, await server.start(host, port, tls)

    try:
        server, url = asyncio.run_coroutine_threadsafe(start(), loop).result(START_TIMEOUT)
        try:
            yield Emulator(server, loop, url)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(START_TIMEOUT)
        assert not server.failures, "the emulator itself failed:\n" + "\n".join(server.failures)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_TIMEOUT)
        loop.close()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.run_until_complete(_end_tasks())


async def _end_tasks() -> None:
    """Cancel what is still running, and let connections that are being closed end: a request may arrive while the server stops."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)
