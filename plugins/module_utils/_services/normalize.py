# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Normalises responses: snake_case keys, one name for each variant, states and numbers with the right type.

Every field is optional and every type is checked: an unexpected response must neither crash a gate nor make it pass. Ambiguous
data are rejected.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, Callable, Dict, Iterable, List, Match, Optional, Tuple

from .._states import BATCH_ONLY, DLI_STATES, REAL_TIME_STATES
from .._text import printable
from .readings import BATCH, REAL_TIME

_MAX_DEPTH = 20
_STATE_ALIASES = {"STARTTING": "STARTING", "FINISH": "FINISHED", "CANCELED": "CANCELLED"}
_KNOWN_STATES = frozenset(REAL_TIME_STATES + DLI_STATES + BATCH_ONLY)
_JOB_TYPES = (REAL_TIME, BATCH)
# Whole numbers that some clouds send as text.
_WHOLE = frozenset(
    (
        "start_time",
        "end_time",
        "create_time",
        "last_update_time",
        "last_instance_end_time",
        "priority",
        "buffer_records",
        "job_instance_id",
        "total_get_bytes",
        "total_get_records",
        "total_put_bytes",
        "total_put_records",
        "duration",
        "sub_job_id",
        "instance_id",
        "instance_type",
        "plan_time",
        "submit_time",
        "retry_times",
        "restart_times",
        "update_time",
        "input_row_count",
        "bad_row_count",
        "result_count",
    )
)
# Other fields that are known. A known field is found under every spelling: with capitals, underscores or dashes, or without.
_KNOWN_FIELDS = (
    "create_user",
    "error_code",
    "error_message",
    "flink_job_info",
    "force_success",
    "ignore_success",
    "is_success",
    "job_id",
    "job_name",
    "job_type",
    "jobs",
    "killed_tasks_summary",
    "last_instance_status",
    "last_modify_user",
    "last_update_user",
    "log_path",
    "message",
    "name",
    "node_name",
    "nodes",
    "owner",
    "path",
    "process_type",
    "progress",
    "queue_name",
    "running_data",
    "single_node_job_flag",
    "status",
    "sub_jobs",
    "total",
    "type",
)
_MISSPELT = {"lastmodifiyuser": "lastmodifyuser"}  # by the service
_NODE_TYPE = "nodetype"  # another key for a node's type, beside which "type" counts
# Dictionaries whose keys are data, not names of fields.
_MAPS = frozenset(("killed_tasks_summary",))
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FILLING = re.compile(r"[\s_-]")

# Names of the sums over sub-jobs, and the field that each one adds up.
TASK_FIELDS = {
    "total": "num_tasks",
    "completed": "num_completed_tasks",
    "active": "num_active_tasks",
    "failed": "num_failed_tasks",
    "skipped": "num_skipped_tasks",
    "killed": "num_killed_tasks",
}


class Unreadable(Exception):
    """A response is invalid or ambiguous. ``str()`` is the reason."""


# -- text -------------------------------------------------------------------------------------------------------------

# Control characters, marks that turn the direction, characters of no width, lone surrogates (legal in JSON text, but not in UTF-8).
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BREAKS = "\t\n\x0b\x0c\r\x85\u2028\u2029"


def _harmless(match: Match[str]) -> str:
    return " " if match.group() in _BREAKS else "\N{REPLACEMENT CHARACTER}"


def clean(text: str) -> str:
    """*text* without control and invisible characters: a space replaces line breaks, U+FFFD replaces the others."""
    return text if text.isascii() and text.isprintable() else _UNSAFE.sub(_harmless, text)


def squash(key: Any) -> str:
    """What all spellings of a key have in common: ``Start_time``, ``start-time`` and ``startTime`` are ``starttime``."""
    short = _FILLING.sub("", clean(str(key))).casefold()
    return _MISSPELT.get(short, short)


def snake(key: Any) -> str:
    """``lastInstanceStatus``, ``LastInstanceStatus`` and ``last_instance_status`` are all ``last_instance_status``."""
    text = str(key)
    return _snake_known(text) if len(text) <= MAX_FIELD_LENGTH else _snake(text)


def _snake(text: str) -> str:
    return _BOUNDARY.sub("_", clean(text)).lower()


# Thousands of jobs have the same few fields. What else may be sent is bounded in number and length.
MAX_FIELD_LENGTH = 64
_MAX_FIELDS = 64
_snake_known = lru_cache(maxsize=1024)(_snake)

# -- keys -------------------------------------------------------------------------------------------------------------

_RIGHT = {squash(name): name for name in (*_WHOLE, *_KNOWN_FIELDS)}
_RIGHT[_NODE_TYPE] = "type"


def _names(keys: Tuple[str, ...]) -> Tuple[Tuple[str, ...], bool]:
    """The right names of an object's keys, and whether two of them are the same."""
    squashed = [squash(key) for key in keys]
    names = tuple(_RIGHT.get(short) or snake(key) for short, key in zip(squashed, keys))
    return names, min(len(set(squashed)), len(set(names))) < len(keys)


_names_known = lru_cache(maxsize=128)(_names)


def _names_of(data: Dict[str, Any]) -> Tuple[Tuple[str, ...], bool]:
    keys = tuple(map(str, data))
    if len(keys) <= _MAX_FIELDS and max(map(len, keys), default=0) <= MAX_FIELD_LENGTH:
        return _names_known(keys)
    return _names(keys)


def renamed(data: Dict[str, Any]) -> Dict[str, Any]:
    """An object's values as they came, under the right names of their keys.

    :raises Unreadable: two spellings of one key have different values.
    """
    names, twice = _names_of(data)
    return _one_spelling(data, names) if twice else dict(zip(names, data.values()))


def _one_spelling(data: Dict[str, Any], names: Iterable[str]) -> Dict[str, Any]:
    """An object in which two keys have one name. None beside a value is ignored."""
    received: Dict[str, Tuple[Any, Any]] = {}  # by the squashed key: the key, its value
    result: Dict[str, Any] = {}
    for (key, item), name in zip(data.items(), names):
        short = squash(key)
        if short in received and _comparable(name, item) is not None:
            first, other = received[short]
            if _comparable(name, other) not in (None, _comparable(name, item)):
                raise Unreadable(
                    f"the answer has different values for {printable(first, 40)!r} and {printable(key, 40)!r}"
                )
        if short not in received or received[short][1] is None:
            received[short] = (key, item)
        if result.get(name) is None or (item is not None and short != _NODE_TYPE):
            result[name] = item
    return result


def _comparable(name: str, item: Any) -> Any:
    """A value for comparing two values of a field; None for an empty value."""
    if name == "status" and isinstance(item, str):
        return state(item)
    if name in _WHOLE or name == "total":
        return _number(item)
    if name == "is_success" and item is not None:
        return str(item).strip().casefold()
    return item if isinstance(item, str) else value(item)


# -- values -----------------------------------------------------------------------------------------------------------


def value(data: Any, convert_keys: bool = True, depth: int = 0) -> Any:
    """*data* with snake_case keys at every depth and harmless text."""
    if depth > _MAX_DEPTH:
        return None
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, list):
        return [value(item, convert_keys, depth + 1) for item in data]
    if isinstance(data, dict):
        result: Dict[str, Any] = {}
        for key, item in data.items():
            name = snake(key) if convert_keys else clean(str(key))
            result[name] = value(item, convert_keys and name not in _MAPS, depth + 1)
        return result
    return data


def text(data: Any) -> Optional[str]:
    """Text, or None; numbers become text."""
    if isinstance(data, str):
        return clean(data)
    return str(data) if isinstance(data, (int, float)) and not isinstance(data, bool) else None


def whole(data: Any) -> Optional[int]:
    """A whole number from a number or from text that holds one. A fraction is not cut: 0.9 bad rows are not 0."""
    if isinstance(data, bool) or data is None or (isinstance(data, float) and not data.is_integer()):
        return None
    try:
        return int(data) if isinstance(data, (int, float)) else int(str(data).strip()[:40])
    except ValueError:
        return None


def fraction(data: Any) -> Optional[float]:
    """A number from 0 to 1, cut to these bounds."""
    try:
        number = None if isinstance(data, bool) or data is None else float(str(data).strip()[:40])
    except ValueError:
        return None
    return None if number is None or math.isnan(number) else min(1.0, max(0.0, number))


def state(data: Any) -> Optional[str]:
    """A state under its one right name; an unknown one as it came, none as None."""
    if not isinstance(data, str) or not data.strip():
        return None
    word = clean(data.strip())
    upper = _STATE_ALIASES.get(word.upper(), word.upper())
    return upper if upper in _KNOWN_STATES else word


# -- jobs -------------------------------------------------------------------------------------------------------------


def fields(data: Dict[str, Any], part: str = "", parts: Callable[[Any], Any] = value) -> Dict[str, Any]:
    """All fields under their right names.

    :param part: the field that *parts* converts.
    :raises Unreadable: two spellings of one key have different values.
    """
    names, twice = _names_of(data)
    if twice:
        data = _one_spelling(data, names)
        names = tuple(data)
    result: Dict[str, Any] = {}
    for name, item in zip(names, data.values()):
        kind = type(item)  # what JSON is decoded to; this runs for each field of 10,000 jobs
        if name == part:
            item = parts(item)
        elif kind is str:
            if not (item.isascii() and item.isprintable()):
                item = clean(item)
            if name in _WHOLE:
                item = _number(item)
        elif kind is float:
            item = _number(item) if name in _WHOLE else item
        elif kind is list or kind is dict:
            item = value(item, name not in _MAPS)
        result[name] = item
    return result


def _number(item: Any) -> Any:
    number = whole(item)
    return item if number is None else number


def _state_of(found: Dict[str, Any], what: str) -> Optional[str]:
    """The state among normalised fields, None without one.

    :raises Unreadable: it is not text.
    """
    received = found.get("status")
    if received is not None and not isinstance(received, str):
        raise Unreadable(f"the state of {what} is no text")
    return state(received)


def node(data: Any) -> Dict[str, Any]:
    """A node of a real-time job.

    :raises Unreadable: it is not a job, its name or its state is not text, or two spellings of one key have different values.
    """
    if not isinstance(data, dict):
        raise Unreadable("the answer's nodes cannot be understood")
    result = fields(data)
    name = result.get("name")
    if name is not None and text(name) is None:
        raise Unreadable("the name of a node is no text")
    result["name"] = text(name) or ""
    result["status"] = _state_of(result, "a node")
    result["type"] = text(result.get("type"))
    result["log_path"] = text(result.get("log_path")) or None
    return result


def _nodes(data: Any) -> Optional[List[Dict[str, Any]]]:
    if data is None:
        return None
    if not isinstance(data, list):
        raise Unreadable("the answer's nodes cannot be understood")
    return [node(item) for item in data]


def job(data: Any, name: Optional[str] = None) -> Optional[Dict[str, Any]]:
    """A job from the list, or from the status call, where the nodes come along; None for what is not an object.

    :param name: its name if the answer has none.
    :raises Unreadable: its state is not text, its nodes cannot be understood, or two spellings of one key have different values.
    """
    if not isinstance(data, dict):
        return None
    result = fields(data, "nodes", _nodes)
    result["name"] = text(result.get("name")) or name
    result["status"] = _state_of(result, "a job")
    if "nodes" in result and result["nodes"] is None:
        del result["nodes"]
    kind = result.get("job_type")
    if isinstance(kind, str) and kind.strip().upper() in _JOB_TYPES:
        result["job_type"] = kind.strip().upper()
    return result


def sum_tasks(sub_jobs: Iterable[Dict[str, Any]]) -> Optional[Dict[str, int]]:
    """The tasks of all sub-jobs together; None where no sub-job is seen (a job that has just begun or has ended)."""
    items = list(sub_jobs)
    if not items:
        return None
    return {name: sum(max(0, whole(item.get(key)) or 0) for item in items) for name, key in TASK_FIELDS.items()}


def _sub_jobs(data: Any) -> List[Dict[str, Any]]:
    return [fields(item) for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def progress(data: Dict[str, Any], job_id: str) -> Dict[str, Any]:
    """A DLI job from the progress call or from the status call.

    :raises Unreadable: its state is not text, or two spellings of one key have different values.
    """
    result = fields(data, "sub_jobs", _sub_jobs)
    for name in ("is_success", "nodes"):
        result.pop(name, None)
    result["job_id"] = text(result.get("job_id")) or job_id
    result["status"] = _state_of(result, "a job")
    result["progress"] = fraction(result.get("progress"))
    result["sub_job_id"] = whole(result.get("sub_job_id"))
    result["sub_jobs"] = result.get("sub_jobs") or []
    result["message"] = text(result.get("message")) or ""
    result["tasks"] = sum_tasks(result["sub_jobs"])
    return result
