# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Normalises instances, which are runs of batch jobs and of nodes with a trigger, and checks which instance an answer is about."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from ..._states import FAILED_RUN_STATES, INSTANCE_STATES, SUCCESS
from ..._text import printable
from .. import normalize
from ..answers import Page, check, check_part, weight
from ..normalize import Unreadable

_STATES = {normalize.squash(state): state for state in INSTANCE_STATES}
# A success that an operator or a policy has declared: a flag in some clouds, a state in others. The first one counts.
_DECLARED = (("force_success", "forceSuccess"), ("ignore_success", "ignoreSuccess"))
_TRUE = ("true", "1", "yes", "y", "on")
_FALSE = ("false", "0", "no", "n", "off", "none", "null", "")
_DECIDING = ("plan_time", "instance_type")  # whether a run counts


class InstancePage(NamedTuple):
    """Instances from the list call.

    :ivar instances: in the service's order.
    :ivar is_complete: whether these are all that match.
    """

    instances: List[Dict[str, Any]]
    is_complete: bool


def state(received: Any) -> Optional[str]:
    """A state of an instance or its node under its one right name; an unknown one as it came, none as None."""
    if not isinstance(received, str) or not received.strip():
        return None
    return _STATES.get(normalize.squash(received.strip()), normalize.clean(received.strip()))


def instance(data: Any) -> Dict[str, Any]:
    """An instance with ``job_name``, ``instance_id``, ``status``, ``message`` and ``nodes``.

    :raises Unreadable: it is not a run, its state is not text, its planned time or its type is not a number, it holds an error that
        its state does not explain, or two spellings of one key have different values.
    """
    if not isinstance(data, dict):
        raise Unreadable("the answer holds something else than an instance")
    found = normalize.fields(data, "nodes", _nodes)
    for key in _DECIDING:
        found[key] = _number(found.get(key), key)
    found["job_name"] = normalize.text(found.get("job_name"))
    found["status"] = _state_of(found)
    if found["status"] not in FAILED_RUN_STATES:
        check_part(data)
    found["message"] = normalize.text(found.get("error_message")) or ""
    found["nodes"] = found.get("nodes") or []
    return found


def one_instance(data: Any, job: str, instance_id: int) -> Dict[str, Any]:
    """The instance in the answer of the call for one.

    :raises Unreadable: the body is an error, another instance, or no instance.
    """
    found = instance(check(data))
    if found["job_name"] not in (None, job):
        raise Unreadable(f"the answer is about another job, {printable(found['job_name'])!r}")
    if found.get("instance_id") != instance_id:
        raise Unreadable(f"the answer is about another instance, {printable(str(found.get('instance_id')))}")
    if found["status"] is None:
        raise Unreadable("the answer names no state")
    return {**found, "job_name": job, "instance_id": instance_id}


def instance_page(data: Any, job: str) -> InstancePage:
    """The instances of one job in an answer of the list call. The service's filter by name may be that of a part of it.

    :raises Unreadable: the body is an error, or no list of instances.
    """
    received = normalize.renamed(check(data))
    raw, total = received.get("instances"), normalize.whole(received.get("total"))
    if not isinstance(raw, list):
        raise Unreadable("the answer is no list of instances")
    found = [instance(item) for item in raw]
    return InstancePage([item for item in found if item["job_name"] == job], total is None or len(raw) >= total)


def instance_entries(data: Any, is_wanted: Callable[[Dict[str, Any]], bool]) -> Page:
    """A page of the list of instances, for the pager. The key of an entry is the ID of its instance.

    An entry without a usable ID or job name is strange: it could be any run.

    :param is_wanted: whether an instance is kept.
    :raises Unreadable: the body is an error, or no list of instances.
    """
    received = normalize.renamed(check(data))
    raw, total = received.get("instances"), normalize.whole(received.get("total"))
    if not isinstance(raw, list) and (raw is not None or total != 0):
        raise Unreadable("the answer is no list of instances")
    entries: List[Tuple[str, Optional[Dict[str, Any]]]] = []
    strange = size = 0
    for item in raw or []:
        found = instance(item)
        number = found.get("instance_id")
        is_strange = not isinstance(number, int) or isinstance(number, bool) or not found["job_name"]
        kept = found if not is_strange and is_wanted(found) else None
        strange += is_strange
        size += weight(kept)
        entries.append((f"\0{len(entries)}" if is_strange else str(number), kept))
    return Page(entries, total, strange, size)


def _state_of(found: Dict[str, Any]) -> Optional[str]:
    received = found.get("status")
    if received is not None and not isinstance(received, str):
        raise Unreadable("the state of an instance is no text")
    named = state(received)
    if named == SUCCESS:
        return next((declared for flag, declared in _DECLARED if _is_set(found.get(flag), flag)), named)
    return named


def _number(received: Any, key: str) -> Optional[int]:
    """A number, None without one.

    :raises Unreadable: there is something else.
    """
    if received is None or (isinstance(received, str) and not received.strip()):
        return None
    if isinstance(received, int) and not isinstance(received, bool):
        return received
    raise Unreadable(f"the {key} of an instance is no number, but {printable(received, 40)!r}")


def _is_set(flag: Any, name: str) -> bool:
    """Whether a flag is set.

    :raises Unreadable: it is neither true nor false.
    """
    if isinstance(flag, float) and flag in (0.0, 1.0):
        flag = int(flag)
    word = normalize.text(flag) if not isinstance(flag, bool) else str(flag)
    spelling = (word or "").strip().casefold()
    if (flag is not None and word is None) or spelling not in (*_TRUE, *_FALSE):
        raise Unreadable(f"the flag {name} of an instance is neither true nor false")
    return spelling in _TRUE


def _nodes(data: Any) -> Optional[List[Dict[str, Any]]]:
    if data is None:
        return None
    if not isinstance(data, list):
        raise Unreadable("the answer's nodes cannot be understood")
    return [_node(item) for item in data]


def _node(data: Any) -> Dict[str, Any]:
    if not isinstance(data, dict):
        raise Unreadable("the answer's nodes cannot be understood")
    found = normalize.fields(data)
    found["name"] = normalize.text(_first(found, ("node_name", "name"))) or ""
    found["status"] = _state_of(found)
    found["type"] = normalize.text(found.get("type"))
    found["log_path"] = normalize.text(found.get("log_path")) or None
    return found


def _first(found: Dict[str, Any], names: Tuple[str, ...]) -> Any:
    return next((found[name] for name in names if found.get(name) is not None), None)
