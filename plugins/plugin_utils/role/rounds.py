# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""One gate for all hosts of a play: the first host runs the gate, the others take its result.

Ansible runs the tasks of each host in a separate process, so the result is stored in a directory that exists as long as the run.
Hosts take a result while the gate runs or directly after it, and each host takes it once. If a host comes a second time, or after
another host has continued after the gate, the gate is run again.

If the task that runs the gate is stopped, for example by its ``timeout``, the waiting hosts do not run the gate again: their own
tasks are about to be stopped as well, and either all hosts of a play continue after a gate, or none.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = "datagate-gates"


class Unanswered(Exception):
    """The task of the host that runs the gate was stopped before it had a result.

    :ivar gate_host: that host.
    """

    def __init__(self, gate_host: str) -> None:
        super().__init__(gate_host)
        self.gate_host = gate_host


class Round:
    """Shares a result between the hosts that run one task of one play.

    :param folder: a directory of this Ansible run.
    :param key: the identity of the tasks.
    :param host: the current host.
    """

    def __init__(self, folder: str, key: str, host: str) -> None:
        self._base = Path(folder, FOLDER, hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:20])
        self._base.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.host = host
        self._mine = self._base / hashlib.sha256(host.encode("utf-8", "replace")).hexdigest()[:20]

    @contextmanager
    def turn(self) -> Iterator[str | None]:
        """Wait until no other host runs the gate. Returns the path of the result to take, or None if this host must run the gate.

        :raises Unanswered: there is no result, because the task of the host that ran the gate was stopped.
        """
        self._mine.unlink(missing_ok=True)
        awaited = self._state()
        with _locked(self._base):
            state = self._state()
            if state["open"] and self.host not in state["hosts"]:
                self._join(state)
                yield self._got(self._answer(state))
                return
            if state["gate_host"] and self.host not in state["hosts"]:
                self._join(state)
                raise Unanswered(state["gate_host"])
            if awaited["gate_host"] and self.host not in awaited["hosts"] and not self._answer(awaited).exists():
                # The host that ran the gate has already reported its failure, while this one waited.
                raise Unanswered(awaited["gate_host"])
            new_state = {"number": state["number"] + 1, "open": False, "gate_host": self.host, "hosts": [self.host]}
            _write(self._base / "state", new_state)
            yield None

    def keep(self, answer: Mapping[str, Any]) -> str:
        """Store the result for the other hosts, while this host holds the lock. Returns its path."""
        state = self._state()
        path = self._answer(state)
        _write(path, {**answer, "gate_host": self.host})
        _write(self._base / "state", {**state, "open": True, "gate_host": None})
        return self._got(path)

    def own(self) -> str | None:
        """The path of the result of this host, or None if its task was stopped before it had one."""
        return str(read(str(self._mine))["path"]) if self._mine.exists() else None

    def keep_own(self, answer: Mapping[str, Any]) -> str:
        """Store a result for this host only. Returns its path."""
        path = self._mine.with_suffix(".answer")
        _write(path, {**answer, "gate_host": self.host})
        return self._got(path)

    def _join(self, state: dict[str, Any]) -> None:
        state["hosts"].append(self.host)
        _write(self._base / "state", state)

    def _got(self, path: Path) -> str:
        _write(self._mine, {"path": str(path)})
        return str(path)

    def _state(self) -> dict[str, Any]:
        path = self._base / "state"
        return read(str(path)) if path.exists() else {"number": 0, "open": False, "gate_host": None, "hosts": []}

    def _answer(self, state: Mapping[str, Any]) -> Path:
        return self._base / f"{state['number']}.answer"


def read(path: str) -> dict[str, Any]:
    """The data of a stored result."""
    data: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return data


def close(path: str) -> None:
    """Record that a host continues after the gate: hosts that do not have the result yet can no longer take it."""
    with _locked(Path(path).parent):
        state_path = Path(path).with_name("state")
        state = read(str(state_path))
        _write(state_path, {**state, "open": False, "gate_host": None})


class Names:
    """The names of the gates of a play.

    :param folder: a directory of this Ansible run.
    :param play: the identity of the play.
    """

    def __init__(self, folder: str, play: str) -> None:
        self._base = Path(folder, FOLDER)
        self._play = play

    def is_taken(self, name: str, gate: str, batch: str) -> bool:
        """Register the name of a gate.

        :param gate: the identity of its tasks.
        :param batch: its hosts; with ``serial`` the same gate runs for each batch.
        :returns: whether another gate, or the same gate for the same hosts, already has the name.
        """
        with _locked(self._base):
            path = self._base / "names"
            names = read(str(path)) if path.exists() else {}
            before = names.setdefault(self._play, {}).get(name)
            names[self._play][name] = [gate, batch]
            _write(path, names)
        return before is not None and (before[0] != gate or before[1] == batch)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # A signal that ends the task also ends this wait. The system releases the lock when the process ends.
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, data: Mapping[str, Any]) -> None:
    """Write atomically: if the task is stopped, the previous data remain."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(data, stream)
    part.replace(path)
