# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The observers of a session: the request log and the recording, if enabled."""

from __future__ import annotations

from typing import Any, Callable, List, Optional

from .._clock import Clock
from .observers.ended_request import Observer
from .observers.line_file import LineFile
from .observers.request_log import RequestLog, Scrub
from .options import Connection

Tell = Callable[[str], None]


class SessionObservers:
    """Opens the files of the observers.

    :param scrub: removes secrets and control characters from a text.
    :param on_request: is called with each line of the request log; None for no lines.
    :param warn: is called with a sentence if one of them cannot be continued.
    :raises OptionError: a file cannot be written.
    :ivar all: the observers.
    :ivar recorder: the recording; None where nothing is recorded.
    """

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        scrub: Scrub,
        on_request: Optional[Tell] = None,
        warn: Optional[Tell] = None,
    ) -> None:
        self.all: List[Observer] = []
        self.recorder: Any = None
        self._files: List[LineFile] = []
        if on_request is not None or connection.request_log is not None:
            named = connection.request_log
            file = None if named is None else self._open(LineFile(named.option, named.path))
            self.all.append(RequestLog(clock, scrub, on_request, file, warn))
        if connection.record is not None:
            # Imported here, so that only a session that records loads it.
            from .recording.recorder import Recorder

            recorder = Recorder(self._open(LineFile(*connection.record)), connection, clock, warn)
            self.recorder = recorder
            self.all.append(recorder)

    def _open(self, file: LineFile) -> LineFile:
        self._files.append(file)
        return file

    def close(self) -> None:
        """Close the files."""
        if self.recorder is not None:
            self.recorder.close()
        for file in self._files:
            file.close()
