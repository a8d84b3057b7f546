# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""What all modules share: options, secrets, warnings and failures.

The code runs in an AnsibleModule, or on the controller in an object with the same interface.
"""

from __future__ import annotations

import base64
import os
import sys
import traceback
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Mapping, NamedTuple, Optional, Protocol, Sequence, Set
from urllib.parse import unquote, urlsplit

from ._argument_spec import CONNECTION, Spec
from ._clock import Clock
from ._cloud.failures.secret_forms import MIN_SECRET, forms
from ._cloud.http.requests_import import IMPORT_ERROR
from ._cloud.options import Connection, resolve
from ._cloud.scheduling.request_sender import Executor
from ._cloud.session import Session
from ._errors import DatagateError
from ._gate import options
from ._gate.observing.loop import Loop
from ._gate.observing.outcome import Outcome
from ._gate.observing.slices import WHOLE, Slices
from ._gate.policy import Policy, Selection
from ._gate.result import AUTO_ALL, as_dict, describe_gate, fails
from ._gate.source import Source
from ._orders.cancelling import Cancelling
from ._values import unquoted

SHOWS_REQUESTS = 3  # the verbosity (-vvv) from which modules log their requests

# The note of an interrupted task if something may have changed.
CHANGES = ("ordering:", "cancelled:", "may still run:")

Body = Callable[["Invocation"], Dict[str, Any]]
OnLook = Callable[[Outcome], None]
Note = Callable[[str], None]


class Host(Protocol):
    """The part of AnsibleModule's interface that is used here."""

    params: Dict[str, Any]
    check_mode: bool
    no_log_values: Set[str]

    def warn(self, warning: str) -> None:
        """Show a warning."""


class Caller(NamedTuple):
    """The context of a module: data and callbacks of its caller.

    :ivar name: the module's name.
    :ivar on_look: is called with the progress of a gate; None if it cannot be displayed.
    :ivar on_request: is called with a line about each request; None below the verbosity for it.
    :ivar note: is called with a line that the user should see at once, even if the module does not end normally.
    """

    name: str
    on_look: Optional[OnLook] = None
    on_request: Optional[Callable[[str], None]] = None
    note: Optional[Note] = None


class Invocation:
    """A running module.

    :ivar params: its options.
    :ivar caller: its name, and the receiver of its progress.
    """

    def __init__(self, module: Host, service: str, caller: Caller) -> None:
        self.module = module
        self.caller = caller
        self.params: Mapping[str, Any] = module.params
        self.service = service
        self._hide_given()
        self._hide_proxy()

    def connect(self) -> Session:
        """Check the connection options and create the session. No request is sent before the first call.

        :raises OptionError, CredentialsError: the options are invalid.
        """
        return self.open(self.connection())

    def connection(self, optional: Sequence[str] = ()) -> Connection:
        """Check the connection options.

        :param optional: see :func:`resolve`.
        :raises OptionError, CredentialsError: the options are invalid.
        """
        connection = resolve(self.params, os.environ, self.service, optional)
        for warning in connection.warnings:
            self.module.warn(warning)
        return connection

    def open(self, connection: Connection, executor: Optional[Executor] = None) -> Session:
        """Create a session. No request is sent before the first call.

        :param executor: runs the exchanges; threads by default.
        """
        return Session(
            connection,
            Clock(),
            on_secret=self.hide,
            executor=executor,
            on_request=self.caller.on_request,
            warn=self.module.warn,
        )

    def hide(self, secret: str) -> None:
        """Mask a secret in all output of the module, also in the encodings in which a service may return it."""
        self.module.no_log_values.update(forms(secret, times=1))

    def _hide_given(self) -> None:
        # Ansible masks the values of no_log options. For values of one or two characters that would mask unrelated output and
        # corrupt the resume text.
        short = {value for value in self.module.no_log_values if len(value) < MIN_SECRET}
        self.module.no_log_values.difference_update(short)
        # Blanks and quotes around a value are removed before it is used, so the bare value is masked as well.
        for name, spec in CONNECTION.items():
            if spec.get("no_log") and self.params.get(name):
                self.hide(unquoted(self.params[name]) or "")

    def _hide_proxy(self) -> None:
        urls = [
            str(self.params.get("proxy") or ""),
            *(value for name, value in os.environ.items() if name.lower().endswith("_proxy")),
        ]
        for url in urls:
            try:
                parts = urlsplit(url.strip())
                user, password = parts.username or "", parts.password
            except ValueError:
                continue
            if password:
                self.hide(password)
                self.hide(unquote(password))
                # The form in the header Proxy-Authorization, which a service may return.
                pair = f"{unquote(user)}:{unquote(password)}"
                self.hide(base64.b64encode(pair.encode("latin-1", "replace")).decode("ascii"))

    def note(self, line: str) -> None:
        """Show a line at once, even if the module does not end normally."""
        if self.caller.note is not None:
            self.caller.note(line)

    def order(self) -> Dict[str, Any]:
        """Order jobs, and wait for the effect. Returns the module's result, with ``failed`` if the task fails."""
        from ._orders.options import order_options
        from ._orders.ordering import Ordering

        checked = order_options(self.params)
        session = self.connect()
        try:
            return Ordering(checked, session, self.module.check_mode, self.caller.on_look, self.note).run()
        finally:
            session.close()

    def observe(
        self,
        policy: Policy,
        selection: Selection,
        source: Source,
        session: Session,
        cancelling: Optional[Cancelling] = None,
    ) -> Dict[str, Any]:
        """Run a gate, or a slice of one. Returns the module's result, with ``failed`` if the task fails.

        :param cancelling: cancels the jobs according to ``cancel_on``.
        """
        return_jobs = options.return_jobs(self.params)
        seconds, text = options.slices(self.params)
        sliced = policy.wait and not policy.once and (seconds > 0 or text is not None)
        slices, asked_for = WHOLE, ""
        if sliced:
            from ._gate import resume

            asked_for = resume.digest(policy, selection, return_jobs, session.connection.target(self.service))
            state = resume.unpack(text, asked_for) if text else None
            slices = Slices(seconds, state, AUTO_ALL if return_jobs == "auto" else sys.maxsize)
        try:
            loop = Loop(policy, selection, source, session.clock, slices=slices, on_look=self.caller.on_look)
            outcome = loop.run() if cancelling is None else cancelling.run(loop)
            cancelled = {} if cancelling is None else cancelling.complete(outcome)
            result = self._result(session, policy, selection, outcome, asked_for, cancelled)
            if session.recorder is not None:
                session.recorder.gate(self.caller.name, self.params, tuple(CONNECTION), result)
            return result
        finally:
            session.close()

    def _result(
        self,
        session: Session,
        policy: Policy,
        selection: Selection,
        outcome: Outcome,
        asked_for: str,
        cancelled: Mapping[str, Any],
    ) -> Dict[str, Any]:
        state_text = None
        if outcome.state is not None:
            from ._gate import resume

            state_text = resume.pack(outcome.state, asked_for, self.module.no_log_values)
        result = {**as_dict(outcome, options.return_jobs(self.params), state_text), **cancelled}
        result["gate"] = describe_gate(policy, selection, session.connection, session.project_id)
        if fails(policy, outcome):
            result["failed"] = True
            if outcome.error is not None:
                result.update(outcome.error.extras())
        return result


def _shown(value: Any) -> Any:
    """A result without terminal control characters and direction marks; line breaks and tabs are kept."""
    if isinstance(value, str):
        if value.isprintable():
            return value
        return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in value)
    if isinstance(value, dict):
        return {_shown(key): _shown(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown(item) for item in value]
    return value


def execute(host: Host, service: str, body: Body, caller: Caller) -> Dict[str, Any]:
    """Run a module. Returns its result, or a failed result whose message is one sentence. Raises only interruptions."""
    if IMPORT_ERROR is not None:
        from ansible.module_utils.basic import missing_required_lib

        return {"failed": True, "changed": False, "msg": missing_required_lib("requests")}
    try:
        result = body(Invocation(host, service, caller))
    except DatagateError as error:
        result = {"failed": True, "msg": str(error), **error.extras()}
    except Exception as error:  # noqa: BLE001 - a traceback could show secrets
        frame = traceback.extract_tb(sys.exc_info()[2])[-1]
        place = f"{os.path.basename(frame.filename)}:{frame.lineno}"
        text = f"This is a defect of the collection, please report it: {type(error).__name__} at {place}"
        result = {"failed": True, "msg": text}
    shown: Dict[str, Any] = _shown(result)
    return {"changed": False, **shown}


class RequestLines:
    """The request log of a module in its own process. Its result is the only way to the controller, and is bounded."""

    MAX_LINES = 5000

    def __init__(self) -> None:
        self._lines: Deque[str] = deque(maxlen=self.MAX_LINES)
        self._count = 0

    def add(self, line: str) -> None:
        """Add a line."""
        self._count += 1
        self._lines.append(line)

    def all(self) -> List[str]:
        """The latest lines, after one that says how many are left out."""
        dropped = self._count - len(self._lines)
        return [*([f"{dropped} earlier requests are left out"] if dropped else []), *self._lines]


def run(spec: Spec, service: str, body: Body) -> None:
    """A module's ``main``.

    :param spec: the module's own options; the connection options are added.
    :param service: the service that it calls.
    :param body: the function that does the work; returns the result.
    """
    from ansible.module_utils.basic import AnsibleModule

    module = AnsibleModule(argument_spec={**CONNECTION, **spec}, supports_check_mode=True)
    lines = RequestLines() if module._verbosity >= SHOWS_REQUESTS else None
    notes: List[str] = []
    caller = Caller(module._name, on_request=lines.add if lines else None, note=notes.append)
    try:
        result = execute(module, service, body, caller)
    except KeyboardInterrupt:
        changed = any(word in line for line in notes for word in CHANGES)
        result = {"failed": True, "changed": changed, "msg": notes[-1] if notes else "interrupted"}
    if lines is not None:
        result["request_log"] = lines.all()
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
