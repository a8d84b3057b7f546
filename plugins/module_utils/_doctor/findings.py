# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The behaviour of this cloud if the documents disagree or are incomplete. Each finding is a pure function of the evidence.

No finding contains a name, an ID, a path, a user or a message, so that all of them can be put into a bug report.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Tuple

from .._cloud.http.exchange import Answer
from .._errors import MISSING, RequestError
from .._services import documented
from .._services.dli.sql_jobs import PROGRESS_VERSIONS
from .._services.factory.jobs import MAX_PAGE_SIZE
from .._services.factory.pager import PAGES, RECORDS
from .._services.normalize import squash, state
from .._text import printable
from . import bodies
from .evidence import (
    BATCH_LIST,
    BATCH_STATUS,
    LIMIT,
    LIST,
    OFFSET,
    OTHER_PROGRESS,
    PROGRESS,
    Evidence,
    is_wrong_path,
)
from .examination import LARGE_LIMIT

UNKNOWN = "unknown"
NONE = "none"
MAX_NAMED = 12  # names in one finding
MAX_NAME = 60  # characters
_RATE = "x-apig-ratelimit"


class Finding(NamedTuple):
    """One finding.

    :ivar value: what was found, short: for a comparison of two clouds.
    :ivar detail: the same as a sentence.
    """

    value: str
    detail: str


def offset_means(evidence: Evidence) -> Finding:
    """Whether ``offset`` counts pages or records."""
    whole, part = evidence.answer(_probed(evidence)), evidence.answer(OFFSET)
    first = [name for name, dummy in bodies.entries(whole)] if whole else []
    if part is None or len(first) < 2:
        return Finding(UNKNOWN, "two jobs of one type are needed to find out what offset counts")
    second = [name for name, dummy in bodies.entries(part)]
    if second[:1] == first[1:2]:
        return Finding(RECORDS, "offset=1 begins at the second job")
    if second[:1] == first[2:3]:
        return Finding(PAGES, "offset=1&limit=2 begins at the third job")
    return Finding(UNKNOWN, "offset=1&limit=2 begins neither at the second job nor at the third one")


def largest_limit(evidence: Evidence) -> Finding:
    """The largest page that the job list takes."""
    answer, error = evidence.answer(LIMIT), evidence.error(LIMIT)
    if answer is None:
        if error is None or error.status != 400:
            return Finding(UNKNOWN, f"limit={LARGE_LIMIT} {_outcome(error)}")
        return Finding(str(MAX_PAGE_SIZE), f"limit={LARGE_LIMIT} {_outcome(error)}; {MAX_PAGE_SIZE} is accepted")
    number, total = len(bodies.entries(answer)), _total(answer.data)
    if number < min(total, LARGE_LIMIT):
        return Finding(str(number), f"limit={LARGE_LIMIT} is accepted, and a page holds {number} of {total} jobs")
    return Finding(str(LARGE_LIMIT), f"limit={LARGE_LIMIT} is accepted; a page holds {number} of {total} jobs")


def progress_path(evidence: Evidence) -> Finding:
    """The version under which DLI's progress call is published."""
    for call, version in zip((PROGRESS, OTHER_PROGRESS), PROGRESS_VERSIONS):
        error = evidence.error(call)
        if evidence.answer(call) is not None or (error is not None and error.kind == MISSING):
            return Finding(f"/{version}", f"the progress call answers under /{version}")
    if is_wrong_path(evidence.error(OTHER_PROGRESS)):
        return Finding(NONE, "the progress call is published neither under /v1 nor under /v1.0")
    return Finding(UNKNOWN, f"the progress call {_outcome(evidence.error(PROGRESS))}")


def batch_status(evidence: Evidence) -> Finding:
    """The answer of the status call for a batch job."""
    answer, error = evidence.answer(BATCH_STATUS), evidence.error(BATCH_STATUS)
    if answer is None:
        if error is None or error.status is None:
            return Finding(UNKNOWN, "/status of a batch job was not read")
        return Finding(_code(error), f"/status of a batch job {_outcome(error)}")
    data: Dict[str, Any] = answer.data if isinstance(answer.data, dict) else {}
    found = {squash(name): value for name, value in data.items()}
    nodes = found.get("nodes")
    number = f"{len(nodes)} nodes" if isinstance(nodes, list) else "no nodes"
    shown = _short(found.get("status"))
    return Finding(f"200 {shown}", f"/status of a batch job answers with {shown} and {number}")


def spellings(evidence: Evidence) -> Finding:
    """Fields and states that are spelt in another way than in the documents."""
    found = [
        f"{_short(name)} for {right} ({item.kind})"
        for item in bodies.items(evidence)
        for name, dummy, right, dummy_type in bodies.fields(item)
        if right and name != right
    ]
    found += [
        f"{_short(received)} for {state(received)} ({kind})"
        for kind, received, dummy in _states(evidence)
        if state(received) != received
    ]
    return _list(evidence, found, "fields and states are spelt in another way than in the documents")


def field_types(evidence: Evidence) -> Finding:
    """Fields whose values have another type than in the documents."""
    found = [
        f"{right} is {bodies.type_of(value)}, not {kind} ({item.kind})"
        for item in bodies.items(evidence)
        for dummy, value, right, kind in bodies.fields(item)
        if right and bodies.type_of(value) not in ("", kind)
    ]
    return _list(evidence, found, "fields have another type than in the documents")


def unknown_states(evidence: Evidence) -> Finding:
    """States that this version does not know."""
    found = [
        f"{_short(received)} ({kind})" for kind, received, known in _states(evidence) if state(received) not in known
    ]
    return _list(evidence, found, "states are unknown to this version")


def unknown_node_types(evidence: Evidence) -> Finding:
    """Types of nodes that this version does not know."""
    found = [
        _short(value)
        for item in bodies.items(evidence)
        if item.fields is documented.NODE
        for dummy, value, right, dummy_type in bodies.fields(item)
        if right == "type" and isinstance(value, str) and value not in documented.NODE_TYPES
    ]
    return _list(evidence, found, "types of nodes are unknown to this version")


def unknown_fields(evidence: Evidence) -> Finding:
    """Fields that this version does not know."""
    found = [
        f"{_short(name)} ({item.kind})"
        for item in bodies.items(evidence)
        for name, dummy, right, dummy_type in bodies.fields(item)
        if not right
    ]
    return _list(evidence, found, "fields are unknown to this version")


def rate_headers(evidence: Evidence) -> Finding:
    """The rate headers of the gateway for a request with ``X-Apig-Mode: debug``."""
    headers = evidence.seen[LIST].headers if LIST in evidence.seen else {}
    found = [f"{_short(name)}: {_short(value)}" for name, value in headers.items() if name.lower().startswith(_RATE)]
    return _list(evidence, found, "rates are named by the gateway")


FINDINGS: Tuple[Tuple[str, Callable[[Evidence], Finding]], ...] = (
    ("offset_means", offset_means),
    ("largest_limit", largest_limit),
    ("progress_path", progress_path),
    ("batch_status", batch_status),
    ("spellings", spellings),
    ("field_types", field_types),
    ("unknown_states", unknown_states),
    ("unknown_node_types", unknown_node_types),
    ("unknown_fields", unknown_fields),
    ("rate_headers", rate_headers),
)


def run(evidence: Evidence) -> List[Dict[str, str]]:
    """All findings in their order, each with ``name``, ``value`` and ``detail``."""
    return [{"name": name, **find(evidence)._asdict()} for name, find in FINDINGS]


# -- parts ------------------------------------------------------------------------------------------------------------


def _probed(evidence: Evidence) -> str:
    """The call that read the first page of the jobs whose list was probed."""
    return BATCH_LIST if evidence.probed_type == "BATCH" else LIST


def _total(data: Any) -> int:
    found = [value for key, value in data.items() if squash(key) == "total"] if isinstance(data, dict) else []
    return found[0] if found and isinstance(found[0], int) and not isinstance(found[0], bool) else 0


def _states(evidence: Evidence) -> Iterator[Tuple[str, str, Tuple[str, ...]]]:
    """What has a state, the state as sent, and the states that are known for it."""
    for item in bodies.items(evidence):
        for name, value in item.data.items():
            if item.states and squash(name) == "status" and isinstance(value, str) and value.strip():
                yield item.kind, value, item.states


def _list(evidence: Evidence, found: Iterable[str], what: str) -> Finding:
    """A finding about several things, each named once.

    :param what: what they have in common, after their number.
    """
    names = list(dict.fromkeys(found))
    if not names:
        was_read = any(isinstance(seen.outcome, Answer) for seen in evidence.seen.values())
        return Finding(NONE, f"no {what}") if was_read else Finding(UNKNOWN, "no answer was read")
    shown = names[:MAX_NAMED]
    if len(names) > MAX_NAMED:
        shown.append(f"and {len(names) - MAX_NAMED} more")
    return Finding("; ".join(shown), f"{len(names)} {what}")


def _short(value: Any) -> str:
    return printable(value, MAX_NAME)


def _code(error: RequestError) -> str:
    return f"{error.status} {error.error_code or ''}".strip()


def _outcome(error: Any) -> str:
    """What became of a call, without the text of the service, which may hold names."""
    if not isinstance(error, RequestError):
        return "was not sent"
    return f"is refused with {_code(error)}" if error.status else "got no answer"
