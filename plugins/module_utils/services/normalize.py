# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the services' spelling to ours: snake_case keys, one right name for each variant, states and numbers as such.

Every field is optional and every type is checked: a gate must not fall over an answer, nor pass because of one.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, Dict, Iterable, List, Optional

from .readings import BATCH_ONLY, DLI_STATES, REAL_TIME_STATES

_DEEPEST = 20
# Variants of a key, as they come out of snake(), and the name under which they are returned.
_RENAMED = {
    "last_modifiy_user": "last_modify_user",
    "starttime": "start_time",
    "endtime": "end_time",
    "node_type": "type",
}
_STATE_ALIASES = {"STARTTING": "STARTING"}
_KNOWN_STATES = frozenset(REAL_TIME_STATES + DLI_STATES + BATCH_ONLY)
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
    )
)
# Dictionaries whose keys are data, not names of fields.
_MAPS = frozenset(("killed_tasks_summary",))
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# Names of the sums over sub-jobs, and the field that each one adds up.
TASK_FIELDS = {
    "total": "num_tasks",
    "completed": "num_completed_tasks",
    "active": "num_active_tasks",
    "failed": "num_failed_tasks",
    "skipped": "num_skipped_tasks",
    "killed": "num_killed_tasks",
}


def snake(key: Any) -> str:
    """``lastInstanceStatus``, ``LastInstanceStatus`` and ``last_instance_status`` are all ``last_instance_status``."""
    text = str(key)
    return _snake_known(text) if len(text) <= _LONGEST_FIELD else _snake(text)


def _snake(text: str) -> str:
    return _BOUNDARY.sub("_", _clean(text)).lower()


# Thousands of jobs have the same few fields. What somebody else might send is bounded in number and length.
_LONGEST_FIELD = 64
_snake_known = lru_cache(maxsize=1024)(_snake)


def _clean(text: str) -> str:
    # Lone surrogates are legal in JSON text and cannot be written as UTF-8 later.
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def value(data: Any, convert_keys: bool = True, depth: int = 0) -> Any:
    """*data* with snake_case keys at every depth and text that can be encoded."""
    if depth > _DEEPEST:
        return None
    if isinstance(data, str):
        return _clean(data)
    if isinstance(data, list):
        return [value(item, convert_keys, depth + 1) for item in data]
    if isinstance(data, dict):
        result: Dict[str, Any] = {}
        for key, item in data.items():
            name = snake(key) if convert_keys else _clean(str(key))
            result[name] = value(item, convert_keys and name not in _MAPS, depth + 1)
        return result
    return data


def text(data: Any) -> Optional[str]:
    """Text, or None; numbers become text."""
    if isinstance(data, str):
        return _clean(data)
    return str(data) if isinstance(data, (int, float)) and not isinstance(data, bool) else None


def whole(data: Any) -> Optional[int]:
    """A whole number from a number or from text that holds one."""
    if isinstance(data, bool) or data is None:
        return None
    try:
        return int(data) if isinstance(data, (int, float)) else int(str(data).strip()[:40])
    except (ValueError, OverflowError):
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
    word = _clean(data.strip())
    upper = _STATE_ALIASES.get(word.upper(), word.upper())
    return upper if upper in _KNOWN_STATES else word


def _fields(data: Dict[str, Any]) -> Dict[str, Any]:
    """All fields under their right names; where two variants come, the right spelling wins, and a value over none."""
    result: Dict[str, Any] = {}
    for key, item in data.items():
        name = snake(key)
        right = _RENAMED.get(name, name)
        if result.get(right) is not None and (right != name or item is None):
            continue
        converted = value(item, name not in _MAPS)
        if right in _WHOLE and isinstance(converted, (str, float)):
            number = whole(converted)
            converted = converted if number is None else number
        result[right] = converted
    return result


def node(data: Any) -> Optional[Dict[str, Any]]:
    """A node of a real-time job; None for what is none."""
    if not isinstance(data, dict):
        return None
    result = _fields(data)
    result["name"] = text(result.get("name")) or ""
    result["status"] = state(result.get("status"))
    result["type"] = text(result.get("type"))
    result["log_path"] = text(result.get("log_path")) or None
    return result


def nodes_readable(data: Dict[str, Any]) -> bool:
    """Whether what a job's answer says of its nodes can be understood: none, or objects whose states are text or missing."""
    for key, nodes in data.items():
        if snake(key) != "nodes" or nodes is None:
            continue
        if not isinstance(nodes, list) or not all(isinstance(item, dict) for item in nodes):
            return False
        states = [item for part in nodes for name, item in part.items() if snake(name) == "status"]
        if not all(item is None or isinstance(item, str) for item in states):
            return False
    return True


def job(data: Any, name: Optional[str] = None) -> Optional[Dict[str, Any]]:
    """A job from the list, or from the status call, where the nodes come along.

    :param name: what it is called where the answer does not say.
    """
    if not isinstance(data, dict):
        return None
    nodes = next((item for key, item in data.items() if snake(key) == "nodes" and isinstance(item, list)), None)
    result = _fields({key: item for key, item in data.items() if snake(key) != "nodes"})
    result["name"] = text(result.get("name")) or name
    result["status"] = state(result.get("status"))
    if nodes is not None:
        result["nodes"] = [item for item in map(node, nodes) if item is not None]
    return result


def sum_tasks(sub_jobs: Iterable[Dict[str, Any]]) -> Optional[Dict[str, int]]:
    """The tasks of all sub-jobs together; None where no sub-job is seen (a job that has just begun or has ended)."""
    items = list(sub_jobs)
    if not items:
        return None
    return {name: sum(max(0, whole(item.get(key)) or 0) for item in items) for name, key in TASK_FIELDS.items()}


def progress(data: Dict[str, Any], job_id: str) -> Dict[str, Any]:
    """A DLI job from the progress call or from the status call."""
    result = _fields({key: item for key, item in data.items() if key != "sub_jobs" and snake(key) != "nodes"})
    result.pop("is_success", None)
    raw = data.get("sub_jobs")
    sub_jobs: List[Dict[str, Any]] = (
        [value(item) for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []
    )
    result["job_id"] = text(result.get("job_id")) or job_id
    result["status"] = state(result.get("status"))
    result["progress"] = fraction(result.get("progress"))
    result["sub_job_id"] = whole(result.get("sub_job_id"))
    result["sub_jobs"] = sub_jobs
    result["message"] = text(result.get("message")) or ""
    result["tasks"] = sum_tasks(sub_jobs)
    return result
