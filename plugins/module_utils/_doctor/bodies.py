# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Splits bodies of responses without changing names and values, to find undocumented content."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Tuple

from .._cloud.http.exchange import Answer
from .._services import documented
from .._services.answers import job_page
from .._services.normalize import Unreadable, squash
from .._states import BATCH_ONLY, DLI_STATES, REAL_TIME_STATES
from .evidence import BATCH_LIST, DLI_STATUS, LIST, OTHER_PROGRESS, PROGRESS, STATUS, Evidence

Entry = Tuple[str, Dict[str, Any]]
MAX_FIELDS = 500  # of one object: no answer has a tenth of that


class Item(NamedTuple):
    """An object of a body.

    :ivar kind: a description for messages: ``job in the list``.
    :ivar data: the object as the service sent it.
    :ivar fields: the fields that the documents name, with their types.
    :ivar states: the states that it can have.
    """

    kind: str
    data: Mapping[str, Any]
    fields: documented.Fields
    states: Tuple[str, ...]


def entries(answer: Answer) -> List[Entry]:
    """The jobs on a page with their names as the service sent them; none if the page cannot be read."""
    try:
        return [(key, job) for key, job in job_page(answer.data).jobs if job is not None]
    except Unreadable:
        return []


def items(evidence: Evidence) -> Iterator[Item]:
    """All objects of the answers that describe a job, a node or a part of a job."""
    jobs = REAL_TIME_STATES + BATCH_ONLY
    for call in (LIST, BATCH_LIST):
        for data in _parts(evidence, call, "jobs"):
            yield Item("job in the list", data, documented.LISTED_JOB, jobs)
    for data in _bodies(evidence, STATUS):
        yield Item("job status", data, documented.JOB_STATUS, jobs)
    for data in _parts(evidence, STATUS, "nodes"):
        yield Item("node", data, documented.NODE, REAL_TIME_STATES)
    for call in (PROGRESS, OTHER_PROGRESS):
        for data in _bodies(evidence, call):
            yield Item("DLI progress", data, documented.DLI_PROGRESS, DLI_STATES)
        for data in _parts(evidence, call, "sub_jobs"):
            yield Item("DLI sub-job", data, documented.DLI_SUB_JOB, ())
    for data in _bodies(evidence, DLI_STATUS):
        yield Item("DLI status", data, documented.DLI_STATUS, DLI_STATES)


def fields(item: Item) -> Iterator[Tuple[str, Any, str, str]]:
    """The fields of an object: the name and the value as sent, and the documented name and type, both empty if it has none."""
    known = {squash(name): name for name in item.fields}
    known.update((squash(name), right) for name, right in documented.OTHER_NAMES.items() if right in item.fields)
    for name, value in list(item.data.items())[:MAX_FIELDS]:
        right = known.get(squash(name), "")
        yield name, value, right, item.fields.get(right, "")


def type_of(value: Any) -> str:
    """The type of a JSON value, in the words of the tables; empty for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return documented.BOOLEAN
    if isinstance(value, str):
        return documented.TEXT
    if isinstance(value, (int, float)):
        return documented.NUMBER
    return documented.LIST if isinstance(value, list) else documented.OBJECT


def _bodies(evidence: Evidence, call: str) -> List[Mapping[str, Any]]:
    """The body of the answer to a call; none if it is not an object."""
    answer = evidence.answer(call)
    return [answer.data] if answer is not None and isinstance(answer.data, dict) else []


def _parts(evidence: Evidence, call: str, name: str) -> Iterator[Mapping[str, Any]]:
    """The objects in one list of a body, in any spelling of its name."""
    for body in _bodies(evidence, call):
        for key, value in body.items():
            if squash(key) == squash(name) and isinstance(value, list):
                yield from (part for part in value if isinstance(part, dict))
