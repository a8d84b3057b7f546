# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Validates responses: a body counts only if it is complete, consistent, and about the requested job.

HTTP 200 alone is not enough. A proxy may respond for another job, and a service may put an error into a body that looks like a job.
Each function returns the normalised data of the body, or raises :class:`Unreadable` with the reason.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Tuple

from .._error_codes import gateway_number
from .._states import BATCH_ONLY, REAL_TIME_STATES, STOPPED
from .._text import printable
from . import normalize
from .normalize import Unreadable
from .readings import BATCH

# Keys are compared without capitals, underscores and dashes (normalize.squash).
_CODE_KEYS = frozenset(("errorcode", "errcode", "errno", "code", "retcode", "returncode", "resultcode", "statuscode"))
_MESSAGE_KEYS = frozenset(("errormsg", "errmsg"))
_ERROR_KEYS = frozenset(("error", "errors", "exception", "fault")) | _MESSAGE_KEYS
_SUCCESS_KEYS = frozenset(("issuccess", "issucceed", "issucceeded", "success", "succeed", "succeeded", "successful"))
# The same below the top of an answer, where a key such as "code" can be about anything.
_PLAIN_ERROR_KEYS = frozenset(("errorcode", "errcode", "errno"))
_PLAIN_SUCCESS_KEYS = frozenset(("issuccess", "issucceed", "issucceeded"))
# Parts of an answer that are about jobs: an error code in them is the job's own.
_CONTENT = frozenset(("nodes", "subjobs", "jobs", "instances", "flinkjobinfo", "alarms", "killedtaskssummary"))
# Values of a code without an error.
_NO_ERROR = frozenset(("", "200", "success", "succeeded", "successful", "ok", "none", "null", "false"))
_TRUE = frozenset(("true", "1", "yes", "ok", "success", "succeeded"))
_MAX_DEPTH = 5
_NO_SUCCESS = "the request did not succeed"


# -- success ----------------------------------------------------------------------------------------------------------


def check(data: Any) -> Dict[str, Any]:
    """The body of a response, which must be an object without an error.

    An error code counts in every spelling, unless its value means success: none, 0, 200, "success". A non-empty object or list of
    errors counts as well. A flag such as is_success must be true if it exists.

    :raises Unreadable: the body is not an object, or contains an error.
    """
    if not isinstance(data, dict):
        raise Unreadable("the answer is no JSON object")
    _check_object(data, _CODE_KEYS | _ERROR_KEYS, _SUCCESS_KEYS, 0)
    return data


def check_part(data: Dict[str, Any]) -> None:
    """An object that is a part of a response, such as an entry of a list, must not contain an error of its own.

    :raises Unreadable: it does.
    """
    _check_object(data, _PLAIN_ERROR_KEYS, _PLAIN_SUCCESS_KEYS, _MAX_DEPTH)


def _check_object(data: Dict[str, Any], errors: FrozenSet[str], flags: FrozenSet[str], depth: int) -> None:
    told = []
    keys = [(normalize.squash(key), item) for key, item in data.items() if len(key) <= normalize.MAX_FIELD_LENGTH]
    went_well = any(short in _CODE_KEYS and item not in (None, "") and not _is_error(item, 0) for short, item in keys)
    for short, item in keys:
        if short in errors and _is_error(item, 0) and not (went_well and short in _MESSAGE_KEYS):
            raise Unreadable(f"the answer holds an error: {_words(data) or _words(item) or 'without a code'}")
        if short in flags:
            told.append(item)
        elif isinstance(item, (dict, list)) and short not in _CONTENT and depth < _MAX_DEPTH:
            for part in item if isinstance(item, list) else [item]:
                if isinstance(part, dict):
                    _check_object(part, _PLAIN_ERROR_KEYS, _PLAIN_SUCCESS_KEYS, depth + 1)
    # None next to another value is ignored; None alone does not mean success.
    if not all(_is_true(item) for item in told if item is not None or set(map(type, told)) == {type(None)}):
        reason = normalize.text(data.get("message"))
        raise Unreadable(f"the request did not succeed: {printable(reason)}" if reason else _NO_SUCCESS)


def _is_true(item: Any) -> bool:
    if isinstance(item, str):
        return item.strip().casefold() in _TRUE
    return isinstance(item, (bool, int)) and item == 1


def _is_error(item: Any, depth: int) -> bool:
    """Whether the value of an error key means an error."""
    if item is None or isinstance(item, bool):
        return item is True
    if isinstance(item, (int, float)):
        return item not in (0, 200)
    if isinstance(item, str):
        word = item.strip().casefold()
        return word not in _NO_ERROR and word.strip("0") != ""
    if depth >= _MAX_DEPTH:
        return True
    if isinstance(item, list):
        return any(_is_error(part, depth + 1) for part in item)
    codes = [part for key, part in item.items() if normalize.squash(key) in _CODE_KEYS]
    if any(_is_error(part, depth + 1) for part in codes):
        return True
    if any(part not in (None, "") for part in codes):
        return False  # it means success, with any message
    return any(_is_error(part, depth + 1) for part in item.values())


def _words(item: Any) -> str:
    """Code and message of an error, on one line. The gateway's messages can repeat headers with secrets, so they are left out."""
    if isinstance(item, list):
        return next((_words(part) for part in item if _is_error(part, 0)), "")
    if not isinstance(item, dict):
        return printable(item)
    parts = {normalize.squash(key): part for key, part in item.items()}
    code, message = (
        next((str(parts[key]) for key in keys if isinstance(parts.get(key), (str, int)) and parts[key] != ""), "")
        for keys in (("errorcode", "errcode", "code"), ("errormsg", "errmsg", "message"))
    )
    if gateway_number(code) or not message:
        return printable(code)
    return printable(f"{code}: {message}" if code else message)


# -- real-time jobs ---------------------------------------------------------------------------------------------------


def real_time_job(data: Any, name: str) -> Dict[str, Any]:
    """The job in an answer of the status call, with ``nodes``.

    The vendor's pages have the name in every answer. One without it could be of any job, so it is not taken.

    :param name: the requested job.
    :raises Unreadable: the body is not this job's status.
    """
    check(data)
    _check_name(normalize.renamed(data), name)
    job = normalize.job(data) or {}
    job.setdefault("nodes", [])
    if any(not node["name"] and node["status"] is None for node in job["nodes"]):
        raise Unreadable("a node has neither a name nor a state")
    job["name"] = name
    return job


def _check_name(told: Dict[str, Any], name: str) -> None:
    """Check that an answer is about the requested job.

    :raises Unreadable: it names another one, or none.
    """
    if told.get("name") is None and told.get("job_name") is None:
        raise Unreadable("the answer does not name the job that it is about")
    for key in ("name", "job_name"):
        if told.get(key) is not None and identity(told[key]) != name:
            raise Unreadable(f"the answer is about another job, {printable(told[key])!r}")


def is_batch(job: Dict[str, Any]) -> bool:
    """Whether the status call shows a batch job. Its answer for one is undocumented."""
    kinds = [normalize.text(job.get(key)) or "" for key in ("job_type", "process_type")]
    return BATCH in [kind.strip().upper() for kind in kinds] or job["status"] in BATCH_ONLY


_TRIGGERS = ("eventtrigger", "crontrigger")


def triggered_nodes(data: Any, name: str) -> FrozenSet[str]:
    """The nodes with a trigger in the definition of a job.

    :raises Unreadable: the body is an error, or no definition of this job.
    """
    told = normalize.renamed(check(data))
    _check_name(told, name)
    nodes = told.get("nodes")
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise Unreadable("the answer is no definition of a job with nodes")
    return frozenset(
        normalize.text(node.get("name")) or ""
        for node in nodes
        if any(normalize.squash(key) in _TRIGGERS and item for key, item in node.items())
    )


def is_surely_real_time(job: Dict[str, Any]) -> bool:
    """Whether what the status call shows can only be a real-time job. STOPPED without nodes may be a batch job as well."""
    return bool(job["nodes"]) or (job["status"] in REAL_TIME_STATES and job["status"] != STOPPED)


def identity(item: Any) -> Optional[str]:
    """A name or an ID as it came, since two names may look alike once they are cleaned."""
    return item if isinstance(item, str) else normalize.text(item)


# -- DLI jobs ---------------------------------------------------------------------------------------------------------


def dli_job(data: Any, job_id: str) -> Dict[str, Any]:
    """The job in an answer of DLI's progress call or status call.

    The page says that an answer may lack the ID, so one without it counts as that of the requested job.

    :raises Unreadable: the body is not this job's progress or status.
    """
    check(data)
    received = normalize.renamed(data)
    told = received.get("id") if received.get("job_id") is None else received["job_id"]
    if told is not None and identity(told) != job_id:
        raise Unreadable(f"the answer is about another job, {printable(told)!r}")
    job = normalize.progress(data, job_id)
    if job["status"] is None:
        raise Unreadable("the answer names no state")
    job["job_id"] = job_id
    return job


# -- the job list -----------------------------------------------------------------------------------------------------


class Page(NamedTuple):
    """A page of the job list.

    :ivar jobs: its entries in order: a key that is unique to a job, and the job; None for an entry that is not an object.
    :ivar total: the total on the page; None without a number.
    :ivar strange: entries that are not jobs with a usable name.
    :ivar weight: how many bytes of memory it takes at most, roughly.
    """

    jobs: List[Tuple[str, Optional[Dict[str, Any]]]]
    total: Optional[int]
    strange: int
    weight: int


def job_page(data: Any) -> Page:
    """A page of the job list.

    :raises Unreadable: the body is not a job list, or an entry cannot be understood.
    """
    told = normalize.renamed(check(data))
    raw = told.get("jobs")
    total = normalize.whole(told.get("total"))
    if not isinstance(raw, list) and (raw is not None or total is None):
        raise Unreadable("the answer is no job list")
    jobs: List[Tuple[str, Optional[Dict[str, Any]]]] = []
    strange = size = 0
    for item in raw or []:
        key, job = _entry(item)
        strange += job is None or job["name"] != key
        size += weight(job)
        jobs.append((key, job))
    return Page(jobs, total, strange, size)


def _entry(item: Any) -> Tuple[str, Optional[Dict[str, Any]]]:
    """An entry of the list: its key and its job. The key is the name as it came; a cleaned one may be that of another job.

    :raises Unreadable: it is a job that contains an error, or that has two names.
    """
    job = normalize.job(item)
    if job is None:
        return f"\0{printable(item)}", None
    if "error_code" in job or "is_success" in job:
        check_part(item)
    raw = item.get("name")
    name = identity(normalize.renamed(item).get("name") if raw is None else raw)
    if not name:
        return f"\0{sorted(map(str, job.items()))}", job
    if job.get("job_name") not in (None, job["name"]):
        raise Unreadable(f"an entry of the job list has two names, one of them {printable(name)!r}")
    return name, job


# Bytes that CPython takes for an object, for a member of an object or a list, and for a character at most.
_OBJECT, _MEMBER, _CHARACTER = 120, 110, 4


def weight(item: Any) -> int:
    """How many bytes of memory an object or a list takes at most, its members included."""
    if not isinstance(item, (dict, list)):
        return 0
    size = _OBJECT + _MEMBER * len(item)
    for part in item.values() if isinstance(item, dict) else item:
        kind = type(part)
        if kind is str:
            size += _CHARACTER * len(part)
        elif kind is dict or kind is list:
            size += weight(part)
    return size
