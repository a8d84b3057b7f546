# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands between the event source and the rooms: its arguments, its session, and what to do after a refused key."""

from __future__ import annotations

import os
import queue
import sys
import threading
import traceback
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Set, TypeVar

from ..cloud.clock import Clock
from ..cloud.errors import CredentialsError, DatagateError, OptionError
from ..cloud.http.requests_import import IMPORT_ERROR
from ..cloud.options import Connection, resolve
from ..cloud.session import Session
from ..cloud.text import printable
from ..cloud.threads import leave_signals
from ..cloud.values import boolean, number
from ..gate.options import selection
from ..gate.policy import SHORTEST_INTERVAL
from ..gate.watch import Event, Watch
from .arguments import CONNECTION, SELECTION, WORKSPACE
from .real_time_jobs import RealTimeJobs
from .suggestion import did_you_mean

SERVICE = "dataarts"
OWN = ("interval", "check_nodes", "initial")
ALIASES = {alias: name for name, spec in SELECTION.items() for alias in spec.get("aliases", ())}
ARGUMENTS = (*CONNECTION, *WORKSPACE, *SELECTION, *OWN)
# What ansible-rulebook puts beside the arguments of the rulebook.
FOREIGN = ("eda_feedback_queue",)
INTERVAL = 30.0

_STEP = 0.2  # seconds after which somebody who waits looks whether to stop
_GRACE = 3.0  # seconds that a request under way has left then

_NO_TEMPLATE = str.maketrans("{}", "()")

T = TypeVar("T")


class Stopped(Exception):
    """The watch was told to stop while it was waiting."""


class StoppableClock(Clock):
    """A clock whose waiting can be ended from another thread."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._ends = 0.0

    def stop(self) -> None:
        """Let nobody wait any more."""
        self._ends = self.now() + _GRACE
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def _check(self, busy: bool) -> None:
        # An answer that is about to come is waited for, so that its thread ends as well.
        if self.stopped and (not busy or self.now() >= self._ends):
            raise Stopped

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self._stop.wait(seconds)
        self._check(False)

    def wait(self, results: "queue.SimpleQueue[T]", seconds: Optional[float], busy: bool) -> Optional[T]:
        end = None if seconds is None else self.now() + seconds
        while True:
            self._check(busy)
            left = _STEP if end is None else min(_STEP, end - self.now())
            found = super().wait(results, left, busy)
            if found is not None or (end is not None and self.now() >= end):
                return found


class Watcher:
    """From an event source's arguments to its events.

    Its methods may be called from different threads, but for :meth:`stop` not at the same time.

    :param args: arguments by name, of any type that YAML gives.
    :param environ: the environment of the process; the process's own where it is not given.
    :ivar interval: seconds from one poll's start to the next one's.
    :ivar warnings: sentences for whoever reads the log.
    :raises OptionError, CredentialsError: an argument is unusable. No request has been sent then.
    """

    begin_thread = staticmethod(leave_signals)  # what a thread that polls calls first

    def __init__(self, args: Mapping[str, Any], environ: Optional[Mapping[str, str]] = None) -> None:
        if IMPORT_ERROR is not None:
            raise DatagateError("the Python package requests is missing where ansible-rulebook runs; install it")
        self._environ = os.environ if environ is None else environ
        self._params = _named(args)
        chosen = selection(self._params)
        interval = self._params.get("interval")
        self.interval = number("interval", INTERVAL if interval is None else interval, SHORTEST_INTERVAL)
        check_nodes = self._truth("check_nodes", True)
        initial = self._truth("initial", False)
        connection = resolve(self._params, self._environ, SERVICE)
        self.warnings = list(connection.warnings)
        self._clock = StoppableClock()
        self._refused: FrozenSet[str] = frozenset()  # the secrets of the credentials that were refused
        self._used: Set[str] = set()
        self._session: Optional[Session] = None
        self._defects: Set[str] = set()
        source = self._source(connection, chosen)
        self._watch = Watch(
            chosen, source, self._clock, self.interval, check_nodes, initial, lambda: self._clock.stopped
        )

    def _truth(self, option: str, default: bool) -> bool:
        value = self._params.get(option)
        return default if value is None else boolean(option, value)

    def poll(self) -> List[Event]:
        """The events of one look; none after a refusal, until there are other credentials. Never raises."""
        try:
            if self._watch.refused is not None and not self._renew():
                return []
            events = self._watch.poll()
            if self._watch.refused is not None:
                self._refused |= self._used
            return [_harmless(event) for event in events]
        except Stopped:
            return []
        except Exception as error:  # noqa: BLE001 - a traceback could show what is secret, and watching goes on
            frame = traceback.extract_tb(sys.exc_info()[2])[-1]
            what = f"{type(error).__name__} at {os.path.basename(frame.filename)}:{frame.lineno}"
            if what in self._defects:
                return []
            self._defects.add(what)
            return [{"error": f"This is a defect of the collection, please report it: {what}", "reason": "defect"}]

    def stop(self) -> None:
        """Let a poll that is under way in another thread end soon."""
        self._clock.stop()

    def close(self) -> None:
        """Close connections and let threads end."""
        if self._session is not None:
            self._session.close()

    # -- credentials ------------------------------------------------------------------------------------------------

    def _source(self, connection: Connection, chosen: Any) -> RealTimeJobs:
        self.close()
        self._used = set()
        self._session = Session(connection, self._clock, on_secret=self._learn)
        return RealTimeJobs(self._session, connection.workspace, chosen)

    def _learn(self, secret: str) -> None:
        """Told every secret before anything is sent with it."""
        if secret in self._refused and self._session is not None and not self._session.connection.credentials.secrets:
            # The metadata service still gives the key that was refused.
            raise CredentialsError("the access key that was refused is still the only one")
        self._used.add(secret)

    def _renew(self) -> bool:
        """Whether there are other credentials than those that were refused; if so, they are used from now on.

        A key that is sent wrong more than five times in a row is locked, so nothing is sent in order to find out. A file may
        have been written anew, and the metadata service of a cloud server may have another key.
        """
        try:
            connection = resolve(self._params, self._environ, SERVICE)
        except DatagateError:
            return False  # such as a file that is just being written
        secrets = set(connection.credentials.secrets)
        if secrets and secrets <= self._refused:
            return False
        self._watch.use(self._source(connection, self._watch.selection))
        return True


def _harmless(event: Event) -> Event:
    """Text from the cloud that stays text although somebody evaluates it.

    ansible-rulebook hands events to playbooks as extra variables, and those are templates for Ansible. Every template starts
    with a brace, or with a number sign that redefines the braces.
    """

    def text(value: Any) -> Any:
        if isinstance(value, list):
            return [text(item) for item in value]
        if not isinstance(value, str):
            return value
        clean = value.translate(_NO_TEMPLATE)
        return f"_{clean[1:]}" if clean.startswith("#") else clean

    return {name: text(value) for name, value in event.items()}


def _named(args: Mapping[str, Any]) -> Dict[str, Any]:
    """The arguments under their own names."""
    params: Dict[str, Any] = {}
    for given, value in args.items():
        if given in FOREIGN:
            continue
        name = ALIASES.get(given, given)
        if name not in ARGUMENTS:
            meant = did_you_mean(given, ARGUMENTS)
            raise OptionError(printable(given, 60), f"is not an argument of the event source dataarts_jobs{meant}")
        if name in params:
            raise OptionError(given, f"means the same as {name}; give one of the two")
        params[name] = value
    return params
