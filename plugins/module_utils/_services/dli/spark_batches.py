# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Data Lake Insight: Spark batches. Source: the vendor's pages dli_02_0126 (one batch) and dli_02_0128 (log)."""

from __future__ import annotations

from typing import Any, Dict, List

from ..._cloud.calls import Call, Task
from ..._errors import RequestError
from ..._text import printable
from .. import answers, normalize
from ..normalize import Unreadable
from ..readings import Reading
from ..status_call import read_status

FAILED = "dead"
MAX_LINES = 10  # of the log that a job keeps
MAX_LINES_IN_MESSAGE = 3
MAX_LINE_LENGTH = 200
_PRIVATE = ("req_body",)  # can hold secrets
# The headings of an empty log.
_HEADINGS = frozenset(("stdout:", "stderr:", "yarn diagnostics:"))


class DliSpark:
    """Reads Spark batches. Its methods are tasks: a session runs them."""

    def status(self, batch_id: str) -> Task[Reading]:
        """Read a batch."""
        return (yield from read_status(self._call(batch_id), batch_id, lambda data: _batch(data, batch_id)))

    def explain(self, job: Dict[str, Any]) -> Task[Dict[str, Any]]:
        """A failed batch with the last lines of its log as the reason.

        The log call is deprecated. Where it does not answer, the lines that came with the batch are used.
        """
        if job.get("status") != FAILED:
            return job
        (outcome,) = yield [self._call(job["batch_id"], "log")]
        lines: List[str] = []
        if not isinstance(outcome, RequestError) and isinstance(outcome.data, dict):
            is_other = normalize.text(outcome.data.get("id")) not in (None, job["batch_id"])
            lines = [] if is_other else _lines(outcome.data.get("log"))
        lines = lines or _lines(job.get("log"))
        received = [line for line in lines if line.lower() not in _HEADINGS]
        message = " / ".join(printable(line, MAX_LINE_LENGTH) for line in received[-MAX_LINES_IN_MESSAGE:])
        return {**job, "log": lines[-MAX_LINES:], "message": message}

    @staticmethod
    def _call(batch_id: str, *parts: str) -> Call:
        return Call("dli", ("v2.0", "{project_id}", "batches", batch_id, *parts), key=batch_id)


def _batch(data: Any, batch_id: str) -> Dict[str, Any]:
    """The batch in an answer.

    :raises Unreadable: the body is not this batch.
    """
    job = normalize.fields(answers.check(data))
    for key in ("id", "batch_id"):
        if normalize.text(job.get(key)) not in ((batch_id,) if key == "id" else (None, batch_id)):
            raise Unreadable(f"the answer is about another batch, {printable(job.get(key))!r}")
    state, other = job.get("state"), job.get("status")
    if not isinstance(state, str) or not state.strip():
        raise Unreadable("the answer names no state")
    if other is not None and str(other).strip().lower() != state.strip().lower():
        raise Unreadable("the answer has different values for 'state' and 'status'")
    for name in (*_PRIVATE, "id", "state"):
        job.pop(name, None)
    return {
        **job,
        "batch_id": batch_id,
        "status": state.strip().lower(),
        "log": _lines(job.get("log"))[-MAX_LINES:],
        "message": "",
    }


def _lines(log: Any) -> List[str]:
    """The lines of a log that hold anything, without control characters."""
    if not isinstance(log, list):
        return []
    lines = [normalize.clean(part).strip() for item in log if isinstance(item, str) for part in item.splitlines()]
    return [line for line in lines if line]
