# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator as a replayer: it serves the answers of a recording at their times, with any credentials."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from .answers import Answer, answer_json
from .cloud import Cloud, Incoming
from .fault_rules import FaultRule
from .recording import NO_ANSWER, Exchange, Key, Recording, Replay
from .scenario import load

NOT_RECORDED = "REPLAY.0404"
"""Error code for a request without a recorded answer. It is an error for every client, never a missing job."""
_IDENTITY = ("/v3", "/v5", "/openstack/", "/meta-data/")  # beginnings of the paths of IAM and the metadata service


class ReplayingCloud(Cloud):
    """Serves a recording, whose time begins with the first request.

    Tokens, keys and the project are made up here, because they are not part of a recording.
    """

    def __init__(self, recording: Recording, *, clock: str = "real", latency: float = 0.0) -> None:
        project_id = recording.project_id
        settings: dict[str, Any] = {
            "authentication": False,
            "quota": 0,
            "metadata": True,
            "clock": clock,
            "latency": latency,
        }
        super().__init__(load(settings if project_id is None else {**settings, "project_id": project_id}), None)
        self._recording = recording
        self._begin()
        self._problem = load({"faults": [{"reset": "before_headers"}]}).faults[0]

    def _begin(self) -> None:
        exchanges = self._recording.exchanges
        self._replay = Replay(exchanges, exchanges[0].at if exchanges else 0.0)
        self._began: float | None = None
        self._answers: dict[str, Answer] = {}  # chosen and not sent yet, by request ID

    def reset(self) -> None:
        """Reset; the time starts with the next request."""
        super().reset()
        self._begin()

    def choose_fault(self, incoming: Incoming) -> FaultRule | None:
        """A recorded problem is a connection that breaks, or one that hangs."""
        if self._is_identity(incoming):
            return None
        key: Key = (
            incoming.call.method,
            incoming.call.path,
            frozenset(incoming.query.items()),
            incoming.headers.get("workspace"),
        )
        if self._began is None:
            self._began = self.clock.now()
        found = self._replay.answer(key, self.clock.now() - self._began)
        if found is not None and found.problem is not None:
            hangs = found.problem == NO_ANSWER
            return replace(self._problem, name=found.problem, reset=None if hangs else "before_headers", hang=hangs)
        self._answers[incoming.request_id] = recorded_answer(found, key)
        return None

    def answer(self, incoming: Incoming, fault: FaultRule | None) -> Answer:
        """The recorded answer."""
        if fault is not None:
            answer = Answer(503, b"")
        elif self._is_identity(incoming):
            answer = self._identity(incoming)
        else:
            answer = self._answers.pop(incoming.request_id)
        answer.headers["X-Request-Id"] = incoming.request_id
        return answer

    @staticmethod
    def _is_identity(incoming: Incoming) -> bool:
        return incoming.call.path.startswith(_IDENTITY)

    def _identity(self, incoming: Incoming) -> Answer:
        """Any credentials get a token, a key, and the recording's project under the name asked for."""
        project_id, now = self.scenario.project_id, self.clock.now()
        if incoming.call.name == "projects":
            return answer_json({"projects": [{"id": project_id, "name": incoming.query.get("name", "project")}]})
        if incoming.call.name == "tokens":
            token = self.authenticator.issue_token("replayer", now)
            body = {"token": {"expires_at": "2999-01-01T00:00:00.000000Z", "project": {"id": project_id}}}
            return answer_json(body, 201, {"X-Subject-Token": token.token})
        if incoming.call.name == "unknown":
            return recorded_answer(None, (incoming.call.method, incoming.call.path, frozenset(), None))
        return self._dispatch(incoming, now)


def recorded_answer(found: Exchange | None, key: Key) -> Answer:
    """The answer for a client; an error where nothing was recorded."""
    if found is None:
        message = f"not in the recording: {key[0]} {key[1]} {dict(sorted(key[2]))}"
        answer = answer_json({"error_code": NOT_RECORDED, "error_msg": message}, 404)
        answer.error_code = NOT_RECORDED
        return answer
    # The recorded Date is replaced; that of the server is correct.
    headers = {name: value for name, value in found.headers.items() if name != "Date"}
    code = None
    if (found.status or 0) >= 400:
        try:
            code = json.loads(found.body).get("error_code")
        except (ValueError, AttributeError):
            code = None
    return Answer(found.status or 503, found.body, headers, code)
