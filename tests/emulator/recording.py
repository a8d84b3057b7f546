# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recordings: reading them, and the recorded answer to a request at a given time. No sockets here."""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from .section import ScenarioError

FORMAT: Final = "datagate.huaweicloud recording"
VERSION: Final = 1
NO_ANSWER: Final = "no answer in time"
"""The problem of a request that timed out; any other problem is a broken connection."""
_PASSING: Final = (429, 500, 502, 503, 504)

Key = tuple[str, str, frozenset[tuple[str, str]], str | None]
"""Method, decoded path, query, workspace."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A recorded answer, or the problem in its place. `at` is seconds since the recording began."""

    run: int
    at: float
    service: str
    key: Key
    status: int | None
    headers: Mapping[str, str]
    body: bytes
    problem: str | None

    @property
    def is_passing(self) -> bool:
        """Whether it contains no job, so that a client repeats the request."""
        return self.problem is not None or self.status in _PASSING


@dataclass(frozen=True, slots=True)
class Gate:
    """A recorded gate: its module, its options with replaced names, and its result."""

    run: int
    at: float
    record: Mapping[str, Any]

    @property
    def options(self) -> dict[str, Any]:
        """The options for a replay."""
        return dict(self.record["options"])


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole file. `epoch` is the time in seconds at which it says that it began."""

    exchanges: tuple[Exchange, ...]
    gates: tuple[Gate, ...]
    epoch: float

    @property
    def project_id(self) -> str | None:
        """The made-up project ID of the requests."""
        paths = (exchange.key[1].split("/") for exchange in self.exchanges if exchange.service in ("dataarts", "dli"))
        return next((parts[2] for parts in paths if len(parts) > 2), None)

    @property
    def workspaces(self) -> list[str]:
        """The made-up workspaces of the requests, without the default one."""
        return sorted({exchange.key[3] for exchange in self.exchanges if exchange.key[3] is not None})

    @property
    def names(self) -> list[str]:
        """Names and IDs of the jobs that were read one by one."""
        paths = [exchange.key[1].split("/") for exchange in self.exchanges]
        return sorted({parts[4] for parts in paths if len(parts) == 6 and parts[3] == "jobs"})

    def questions(self) -> list[str]:
        """The requests that a client must send, one line each."""
        lines = [f"project_id: {self.project_id}"]
        lines += [f"workspace: {workspace}" for workspace in self.workspaces]
        for gate in self.gates:
            chosen = ("job_names", "job_ids", "tags", "name_contains", "names", "batch_ids")
            selected = ", ".join(f"{name} {gate.options[name]}" for name in chosen if name in gate.options)
            lines.append(f"{gate.record['module']}: {selected}, was {gate.record['verdict']}")
        if not self.gates and self.names:
            lines.append(f"jobs: {', '.join(self.names)}")
        return lines


def read_recording(path: str | Path) -> Recording:
    """Read a file. A line that a killed process has not finished is left out."""
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from error
    records = [record for line in lines if isinstance(record := _parse(line), dict)]
    if not records or records[0].get("format") != FORMAT or records[0].get("version") != VERSION:
        raise ScenarioError(f"{path}: is not a recording of this version")
    try:
        exchanges = [_exchange(record) for record in records if "path" in record]
        gates = [Gate(record["run"], record["at"], record["gate"]) for record in records if "gate" in record]
        epoch = records[0]["epoch"] / 1000
    except (KeyError, TypeError, ValueError) as error:
        raise ScenarioError(f"{path}: a line lacks something or is of another form: {error!r}") from error
    return Recording(tuple(sorted(exchanges, key=lambda exchange: exchange.at)), tuple(gates), epoch)


def _parse(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _exchange(record: Mapping[str, Any]) -> Exchange:
    body = record.get("text", "").encode()
    if "body" in record:
        body = json.dumps(record["body"], ensure_ascii=False).encode()
    query = frozenset((name, value) for name, value in record["query"])
    return Exchange(
        run=record["run"],
        at=record["at"],
        service=record["service"],
        key=(record["method"], unquote(record["path"]), query, record["workspace"]),
        status=record.get("status"),
        headers=record.get("headers", {}),
        body=body,
        problem=record.get("problem"),
    )


class Replay:
    """The recorded answers by time: the current one is the latest whose request was earlier, or else the first one.

    An answer without a job (throttled, unavailable, a broken connection) is given once: the request that follows it gets
    the next answer, however early it comes, because the recorded client repeated it as well.
    """

    def __init__(self, exchanges: Iterable[Exchange], start: float = 0.0) -> None:
        self._start = start
        self._answers: dict[Key, list[Exchange]] = {}
        for exchange in exchanges:
            self._answers.setdefault(exchange.key, []).append(exchange)
        self._given: dict[Key, int] = {}

    def answer(self, key: Key, seconds: float) -> Exchange | None:
        """The answer to a request, `seconds` after the start; None for one that was not recorded."""
        answers = self._answers.get(key)
        if answers is None:
            return None
        times = [exchange.at for exchange in answers]
        place = max(0, bisect.bisect_right(times, self._start + seconds) - 1)
        given = self._given.get(key)
        if given is not None and place <= given and answers[given].is_passing:
            place = min(given + 1, len(answers) - 1)
        elif given is not None:
            place = max(place, given)
        self._given[key] = place
        return answers[place]
