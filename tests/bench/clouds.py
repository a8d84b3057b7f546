# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Emulators in separate processes, so that their resources are not measured, and their control calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from .scenarios import scenario

ROOT: Final = Path(__file__).resolve().parent.parent.parent
START_TIMEOUT: Final = 60.0
CALL_TIMEOUT: Final = 60.0
FOREIGN: Final = ("ANSIBLE_", "HUAWEICLOUD_", "HW_", "OS_", "PYTHON")
PROXIES: Final = ("all_proxy", "http_proxy", "https_proxy", "no_proxy")


class BenchError(Exception):
    """A part of the benchmark that failed."""


def environment(**more: str) -> dict[str, str]:
    """The caller's environment without variables of another cloud, Ansible, Python or proxy."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN) and name.lower() not in PROXIES
    }
    return {**own, "LC_ALL": "C.UTF-8", **more}


class Cloud:
    """A running emulator."""

    def __init__(self, folder: Path, number: int, content: Mapping[str, Any]) -> None:
        self._log = folder / f"emulator-{number}.log"
        path, ready = folder / f"scenario-{number}.yml", folder / f"url-{number}"
        path.write_text(json.dumps(content), "utf-8")  # JSON is YAML
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.emulator", str(path), "--ready-file", str(ready)],
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise BenchError(f"the emulator did not start: {self._tail()}")
            time.sleep(0.02)
        self.url = ready.read_text("utf-8").strip()

    def _tail(self) -> str:
        return self._log.read_text("utf-8", "replace")[-500:]

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """A control call."""
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{path}", data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=CALL_TIMEOUT) as answer:
                return json.load(answer)
        except OSError as error:
            raise BenchError(f"the emulator does not answer: {error}; {self._tail()}") from error

    def fire(self, name: str) -> tuple[float, float]:
        """Reset and fire an event; returns its time on the wall clock and on the emulator's."""
        self.control("reset")
        before = time.time()
        fired = self.control(f"events/{name}")
        return (before + time.time()) / 2, float(fired["time"])

    def stats(self) -> dict[str, Any]:
        """Counts over the journal."""
        found: dict[str, Any] = self.control("stats", method="GET")
        return found

    def journal(self) -> list[dict[str, Any]]:
        """The requests."""
        found: list[dict[str, Any]] = self.control("journal", method="GET")
        return found


class Clouds:
    """Emulators by number of jobs, each lent to one contender at a time and used again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._idle: dict[str, list[Cloud]] = {}
        self._all: list[Cloud] = []
        self._started = 0

    @contextmanager
    def lend(self, jobs: int, **overrides: Any) -> Iterator[Cloud]:
        """An emulator for one contender."""
        key = json.dumps([jobs, overrides], sort_keys=True)
        with self._lock:
            idle = self._idle.setdefault(key, [])
            cloud = idle.pop() if idle else None
            if cloud is None:
                self._started += 1
            number = self._started
        if cloud is None:
            cloud = Cloud(self._folder, number, scenario(jobs, **overrides))
            with self._lock:
                self._all.append(cloud)
        yield cloud  # a failed one is not used again
        with self._lock:
            self._idle[key].append(cloud)

    def stop(self) -> None:
        """End them all."""
        with self._lock:
            for cloud in self._all:
                cloud.stop()
            self._all.clear()
            self._idle.clear()
