# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""From what an exchange ended with to the outcome of its call: a usable answer, or an error."""

from __future__ import annotations

from typing import Any, Optional, Union

from ..._errors import TRANSIENT, RequestError
from ..calls import Call, Outcome
from ..failures.error_factory import ErrorFactory
from ..http.body import NotJson, parse
from ..http.exchange import Answer
from ..http.transport_errors import explain, is_unconnected

# Statuses with a complete answer; 201 comes with a token. Anything else in 2xx (206, a proxy's 203) is not trusted.
COMPLETE_STATUS = (200, 201)
ABSENCE = (400, 404)  # only these can mean that a job does not exist
NO_CONTENT = 204  # the success of an order, which has no body


def is_success(status: int) -> bool:
    """Whether a status belongs to 2xx."""
    return 200 <= status < 300


def seconds_in_cache(answer: Answer) -> int:
    """How old an answer was when a cache sent it, 0 for one that comes from the service. It shows the jobs as they were."""
    value = (answer.headers.get("Age") or "").strip()
    return int(value[:9]) if value.isascii() and value.isdigit() else 0


def read_answer(answer: Answer, call: Call, errors: ErrorFactory) -> Outcome:
    """The answer with its body decoded, or the error that it stands for."""
    age = 0 if call.is_order else seconds_in_cache(answer)
    if age and (is_success(answer.status) or answer.status in ABSENCE):
        error = errors.make(TRANSIENT, f"the answer comes from a cache on the way and is {age} s old", call, answer)
        error.sent_at = answer.sent_at
        return error
    if not is_success(answer.status):
        error = errors.from_answer(answer, call)
        error.sent_at = answer.sent_at
        return error
    try:
        if call.is_order and answer.status == NO_CONTENT and not answer.data:
            answer.data = None
            return answer
        if answer.status not in COMPLETE_STATUS:
            raise NotJson("the answer is not complete")
        answer.data = _json_or_text(answer.data) if call.service == "metadata" else parse(answer.data)
        if call.digest is not None:
            answer.data = call.digest(answer.data)
        return answer
    except NotJson as problem:
        error = errors.make(TRANSIENT, str(problem), call, answer)
    except RequestError as problem:
        error = problem
    error.sent_at = answer.sent_at
    return error


def error_without_answer(failure: Optional[BaseException], call: Call, errors: ErrorFactory) -> RequestError:
    """The error of an exchange that brought no answer.

    :param failure: the exception of the exchange; None if it timed out.
    """
    kind, summary = (TRANSIENT, "no answer in time") if failure is None else explain(failure)
    return errors.make(kind, summary, call, was_sent=failure is None or not is_unconnected(failure))


def _json_or_text(body: bytes) -> Union[str, Any]:
    """The metadata service answers in JSON or in plain text."""
    try:
        return parse(body)
    except NotJson:
        return body.decode("utf-8", "replace")
