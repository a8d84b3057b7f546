# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers before they are sent, and the cloud's error bodies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .constants import ERROR_STATUS, MESSAGES
from .scenario import Scenario


@dataclass(slots=True)
class Answer:
    """Status, body and headers (Content-Type included); `error_code` for the journal."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    error_code: str | None = None


def answer_json(payload: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a JSON body."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})})


class Errors:
    """Makes error answers in the scenario's language and with its key names."""

    def __init__(self, scenario: Scenario) -> None:
        self._language = scenario.language
        self._code_key, self._message_key = scenario.error_keys

    def make(
        self,
        code: str,
        *,
        status: int | None = None,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
        request_id: str | None = None,
        **details: Any,
    ) -> Answer:
        """The error `code`. Only the gateway's errors name the request in their body."""
        if message is None:
            text = MESSAGES[self._language].get(code) or MESSAGES["en"].get(code) or "Error {code}"
            message = text.format_map({"code": code, "reason": "", "header": "", "limit": "", "job": "", **details})
        body = {self._code_key: code, self._message_key: message}
        if request_id is not None and code.startswith("APIG"):
            body["request_id"] = request_id
        answer = answer_json(body, ERROR_STATUS.get(code, 400) if status is None else status, headers)
        answer.error_code = code
        return answer


def iam_error(status: int, title: str, message: str) -> Answer:
    """An error of IAM itself, nested as IAM does."""
    answer = answer_json({"error": {"code": status, "message": message, "title": title}}, status)
    answer.error_code = str(status)
    return answer
