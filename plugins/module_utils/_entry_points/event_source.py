# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The event source without its event loop: arguments, session, and the handling of rejected keys."""

from __future__ import annotations

import os
import queue
import sys
import threading
import traceback
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Set, TypeVar

from .._argument_spec import CONNECTION
from .._clock import Clock
from .._cloud.http.requests_import import IMPORT_ERROR
from .._cloud.options import Connection, resolve
from .._cloud.session import Session
from .._cloud.session_observers import Tell
from .._errors import CredentialsError, DatagateError, OptionError
from .._gate.policy import MIN_INTERVAL
from .._gate.watch import Event, Watch
from .._sources.session_source import SessionSource
from .._suggestion import did_you_mean
from .._text import printable
from .._threads import leave_signals
from .._values import boolean, number
from .watched_jobs import KIND, SPEC, WATCHED, check_arguments, kind_of

OWN = (KIND, "interval", "initial")
ARGUMENTS = (*CONNECTION, *SPEC, *OWN)
# Arguments that ansible-rulebook adds.
FOREIGN = ("eda_feedback_queue",)
DEFAULT_INTERVAL = 30.0

_MAX_SLEEP = 0.2  # seconds after which a waiting thread checks whether to stop
_MAX_STOP = 3.0  # seconds that a running request may still take after stop()

_NO_TEMPLATE = str.maketrans("{}", "()")

T = TypeVar("T")


class Stopped(Exception):
    """stop() was called while a thread was waiting."""


class StoppableClock(Clock):
    """A clock whose sleeps can be ended from another thread."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._ends = 0.0

    def stop(self) -> None:
        """End all current and later sleeps."""
        self._ends = self.now() + _MAX_STOP
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether stop() was called."""
        return self._stop.is_set()

    def _check(self, busy: bool) -> None:
        # Wait a little for a pending response, so that its thread ends as well.
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
            left = _MAX_SLEEP if end is None else min(_MAX_SLEEP, end - self.now())
            found = super().wait(results, left, busy)
            if found is not None or (end is not None and self.now() >= end):
                return found


class Watcher:
    """Turns an event source's arguments into events.

    Methods may be called from different threads, but not at the same time, except :meth:`stop`.

    :param args: arguments by name, of any type that YAML gives.
    :param environ: the environment of the process; the process's own where it is not given.
    :param on_request: is called with a line about each request.
    :param warn: is called with a sentence for the log while events are polled.
    :ivar interval: seconds from one poll's start to the next one's.
    :ivar warnings: sentences for the log.
    :raises OptionError, CredentialsError: an argument is invalid. No request has been sent.
    """

    begin_thread = staticmethod(leave_signals)  # initializer of the polling thread

    def __init__(
        self,
        args: Mapping[str, Any],
        environ: Optional[Mapping[str, str]] = None,
        on_request: Optional[Tell] = None,
        warn: Optional[Tell] = None,
    ) -> None:
        if IMPORT_ERROR is not None:
            raise DatagateError("the Python package requests is missing where ansible-rulebook runs; install it")
        self._environ = os.environ if environ is None else environ
        kind = kind_of(args)
        self._watched = watched = WATCHED[kind]
        self._params = _named(args, watched.aliases)
        check_arguments(kind, self._params)
        chosen = watched.selection(self._params)
        interval = self._params.get("interval")
        self.interval = number("interval", DEFAULT_INTERVAL if interval is None else interval, MIN_INTERVAL)
        initial = self._truth("initial", False)
        self._policy = watched.policy_of_watch(self._params, self.interval)
        connection = resolve(self._params, self._environ, watched.service)
        self.warnings = list(connection.warnings)
        self._on_request, self._warn = on_request, warn
        self._clock = StoppableClock()
        self._refused: FrozenSet[str] = frozenset()  # the secrets of the rejected credentials
        self._used: Set[str] = set()
        self._session: Optional[Session] = None
        self._defects: Set[str] = set()
        source = self._source(connection, chosen)
        self._watch = Watch(
            chosen,
            source,
            self._clock,
            self.interval,
            initial=initial,
            stopping=lambda: self._clock.stopped,
            policy=self._policy,
        )

    def _truth(self, option: str, default: bool) -> bool:
        value = self._params.get(option)
        return default if value is None else boolean(option, value)

    def poll(self) -> List[Event]:
        """The events of one poll; none after a rejection, until there are other credentials. Never raises."""
        try:
            if self._watch.refused is not None and not self._renew():
                return []
            events = self._watch.poll()
            if self._watch.refused is not None:
                self._refused |= self._used
            return [_harmless(event) for event in events]
        except Stopped:
            return []
        except Exception as error:  # noqa: BLE001 - a traceback could show secrets, and watching must continue
            frame = traceback.extract_tb(sys.exc_info()[2])[-1]
            what = f"{type(error).__name__} at {os.path.basename(frame.filename)}:{frame.lineno}"
            if what in self._defects:
                return []
            self._defects.add(what)
            return [{"error": f"This is a defect of the collection, please report it: {what}", "reason": "defect"}]

    def stop(self) -> None:
        """Make a poll that runs in another thread end soon."""
        self._clock.stop()

    def close(self) -> None:
        """Close connections and end threads."""
        if self._session is not None:
            self._session.close()

    # -- credentials ------------------------------------------------------------------------------------------------

    def _source(self, connection: Connection, chosen: Any) -> SessionSource:
        self.close()
        self._used = set()
        self._session = Session(
            connection, self._clock, on_secret=self._learn, on_request=self._on_request, warn=self._warn
        )
        return self._watched.source(self._session, connection.workspace, chosen, self._policy)

    def _learn(self, secret: str) -> None:
        """Called with every secret before a request is sent with it."""
        if secret in self._refused and self._session is not None and not self._session.connection.credentials.secrets:
            # The metadata service still returns the rejected key.
            raise CredentialsError("the access key that was refused is still the only one")
        self._used.add(secret)

    def _renew(self) -> bool:
        """Whether there are other credentials than the rejected ones; if so, they are used from now on.

        A key is locked after more than five failed attempts in a row, so no request is sent to test it. The credentials file
        may have been replaced, and the metadata service may return another key.
        """
        try:
            connection = resolve(self._params, self._environ, self._watched.service)
        except DatagateError:
            return False  # for example, a file that is being written
        secrets = set(connection.credentials.secrets)
        if secrets and secrets <= self._refused:
            return False
        self._watch.use(self._source(connection, self._watch.selection))
        return True


def _harmless(event: Event) -> Event:
    """Text from the cloud that is not a template.

    ansible-rulebook passes events to playbooks as extra variables, which Ansible evaluates as templates. Every template starts
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


def _named(args: Mapping[str, Any], aliases: Mapping[str, str]) -> Dict[str, Any]:
    """The arguments, with aliases replaced by the option names."""
    params: Dict[str, Any] = {}
    for given, value in args.items():
        if given in FOREIGN:
            continue
        name = aliases.get(given, given)
        if name not in ARGUMENTS:
            meant = did_you_mean(given, ARGUMENTS)
            raise OptionError(printable(given, 60), f"is not an argument of the event source dataarts_jobs{meant}")
        if name in params:
            raise OptionError(given, f"means the same as {name}; give one of the two")
        params[name] = value
    return params
