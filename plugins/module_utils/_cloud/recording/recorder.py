# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.


"""Records the answers of the cloud, made anonymous, so that a report becomes a test.

The file has one JSON object a line: the head of the recording, a head for each process, the exchanges, and the gates with their
verdicts. Nothing of a request is recorded but its method, path and query. See tests/recordings/README.md.
"""

from __future__ import annotations

import json
import os
from typing import Any, Callable, Dict, Mapping, Optional, Sequence

from ..._clock import Clock
from ..._version import VERSION
from ..observers.ended_request import GIVEN_UP, EndedRequest
from ..observers.line_file import LineFile
from ..options import Connection
from .addresses import anonymous_path, anonymous_query, anonymous_workspace
from .anonymizer import Anonymizer
from .gate_record import GateRecord
from .made_up_values import MadeUpValues
from .shared_names import EPOCH_MS, SharedNames

FORMAT = "datagate.huaweicloud recording"
FORMAT_VERSION = 1
_MAX_HEAD = 1000  # bytes


class Recorder:
    """Writes a recording.

    :param file: several processes may write it. Each of them is a run, with a number.
    :param warn: is called once if it cannot be continued.
    :raises OptionError: the file holds something else, or a recording that cannot be continued.
    """

    def __init__(
        self, file: LineFile, connection: Connection, clock: Clock, warn: Optional[Callable[[str], None]] = None
    ) -> None:
        self._file: Optional[LineFile] = file
        self._connection = connection
        self._clock = clock
        self._warn = warn
        try:
            self._names = _join(file, clock)
            self._run = self._names.next_number("run")
        except OSError as error:
            raise file.problem(f"the recording cannot be begun ({error.strerror})") from None
        self._anonymizer = Anonymizer(MadeUpValues(self._names))
        self._began = self._names.elapsed(clock) - clock.now()
        self._write({"collection": VERSION})

    def ended(self, request: EndedRequest) -> None:
        """Record an exchange."""
        if self._file is None or request.problem == GIVEN_UP:
            return
        try:
            self._write(self._exchange(request), request.sent_at)
        except Exception as error:  # noqa: BLE001 - a recording must not change the result of a gate
            self._stop(f"defect of the collection, please report it: {type(error).__name__}")

    def gate(
        self, module: str, params: Mapping[str, Any], connection_options: Sequence[str], result: Mapping[str, Any]
    ) -> None:
        """Record the options of a gate, and its result.

        :param module: name of the module.
        :param params: its options.
        :param connection_options: the names of those that are left out.
        """
        if self._file is None:
            return
        try:
            record = GateRecord(self._anonymizer, connection_options)
            gate = {
                "module": module.rpartition(".")[2],
                "options": record.options(params),
                "is_replayable": record.is_replayable(params),
                **record.result(result),
            }
            began_at = self._clock.now() - result["elapsed"]
            self._write({"gate": {**self._asked(), **gate}}, began_at)
        except Exception as error:  # noqa: BLE001 - see ended()
            self._stop(f"defect of the collection, please report it: {type(error).__name__}")

    def close(self) -> None:
        """Release what the processes of the recording share."""
        self._names.close()

    def _asked(self) -> Dict[str, Any]:
        workspace = self._connection.workspace
        return {"workspace": self._anonymizer.values.identifier(workspace) if workspace else None}

    def _exchange(self, request: EndedRequest) -> Dict[str, Any]:
        call, answer = request.call, request.answer
        line: Dict[str, Any] = {
            "seconds": round(request.seconds, 3),
            "service": call.service,
            "method": call.method,
            "path": anonymous_path(request.url, call, self._connection, self._anonymizer),
            "query": anonymous_query(request.url, self._anonymizer),
            "workspace": anonymous_workspace(call, self._anonymizer),
        }
        if answer is None:
            return {**line, "problem": request.problem}
        headers = self._anonymizer.headers(answer.headers)
        return {**line, "status": answer.status, "headers": headers, **self._anonymizer.raw_body(answer.data or b"")}

    def _write(self, line: Mapping[str, Any], at: Optional[float] = None) -> None:
        """
        :param at: seconds on the session's clock; now by default.
        """
        if self._file is None:
            return
        at = self._clock.now() if at is None else at
        text = json.dumps({"run": self._run, "at": round(max(0.0, at + self._began), 3), **line}, ensure_ascii=False)
        try:
            self._file.append(text)
        except OSError as error:
            self._stop(f"the file cannot be written: {error.strerror}")

    def _stop(self, reason: str) -> None:
        self._file = None
        if self._warn is not None:
            self._warn(f"The recording ends early, {reason}")


def _join(file: LineFile, clock: Clock) -> SharedNames:
    """Begin a recording, or continue that of another process of this user.

    :raises OptionError: the file holds something else.
    """
    with file.locked():
        head = file.first_line(_MAX_HEAD)
        if head is None:
            identity = os.urandom(16).hex()
            file.write(json.dumps({"format": FORMAT, "version": FORMAT_VERSION, "id": identity, "epoch": EPOCH_MS}))
            return SharedNames.create(identity, os.environ, clock)
    found = _identity(head)
    if found is None:
        raise file.problem("the file exists and is not a recording of this version")
    names = SharedNames.join(found, os.environ)
    if names is None:
        raise file.problem(
            "the file holds a recording that cannot be continued, which was made elsewhere or a while ago"
        )
    return names


def _identity(head: bytes) -> Optional[str]:
    try:
        found = json.loads(head.decode("utf-8"))
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("version") != FORMAT_VERSION:
        return None
    identity = str(found.get("id"))
    return identity if identity.isalnum() and identity.isascii() else None
