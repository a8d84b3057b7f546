# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Looks up the ID of a DataArts workspace by its name.

The calls are those of the vendor's page ListManagerWorkSpaces: the DataArts instances of the project, and the workspaces of an
instance. Neither has a filter by name.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..._errors import DENIED, PERMANENT, RequestError
from ..._text import has_control, printable
from ..._values import without_dashes
from ..calls import Call, Task, malformed
from ..failures.error_bodies import read_error
from ..failures.error_factory import ErrorFactory

PAGE_SIZE = 100
MAX_PAGES = 100
IN_FORCE = 2  # status of an instance
MAX_NAMES = 10  # that a message lists
RIGHT_TO_LIST = "DataArtsStudio:workspace:list"
_ID = re.compile(r"[0-9A-Fa-f]{32}")


class Entry(NamedTuple):
    """An instance or a workspace."""

    id: str
    name: str
    status: Any = None


class WorkspaceLookup:
    """Finds the workspace with a name.

    :param name: is compared exactly.
    :param instance: name or ID of the DataArts instance; None for any.
    """

    def __init__(self, name: str, instance: Optional[str], errors: ErrorFactory) -> None:
        self._name = name
        self._instance = instance
        self._errors = errors

    def find(self) -> "Task[str]":
        """The ID of the workspace.

        :raises RequestError: a list cannot be read, or none or more than one workspace has this name.
        """
        instances = yield from self._instances()
        found: List[str] = []
        names: Dict[str, None] = {}
        call = _call("instances")
        for instance in instances:
            call = _call("workspaces", instance.id)
            workspaces = yield from self._pages(call, "data", "id", "name")
            names.update(dict.fromkeys(entry.name for entry in workspaces))
            found += [
                f"{entry.id} (instance {printable(instance.name, 64)})"
                for entry in workspaces
                if entry.name == self._name
            ]
        if len(found) != 1:
            raise self._errors.make(PERMANENT, self._mismatch(found, list(names)), call)
        return found[0].partition(" ")[0]

    def _mismatch(self, found: Sequence[str], names: Sequence[str]) -> str:
        shown = printable(self._name, 64)
        if found:
            return (
                f"{len(found)} workspaces are named {shown!r}: {_listed(found)}; give the ID as workspace, or "
                "dataarts_instance"
            )
        there = f"there are {_listed(names)}" if names else "there is none that this user may see"
        return f"workspace_name: no workspace is named {shown!r}; {there}"

    def _instances(self) -> "Task[List[Entry]]":
        """The instances whose workspaces are searched."""
        call = _call("instances")
        try:
            every = yield from self._pages(call, "commodity_orders", "resource_id", "resource_name")
        except RequestError as error:
            if error.kind == DENIED and not error.refused and self._instance and _ID.fullmatch(self._instance):
                return [Entry(self._instance, self._instance)]  # the list is not needed
            raise
        usable = [entry for entry in every if entry.status == IN_FORCE or str(entry.status) == str(IN_FORCE)]
        chosen = [entry for entry in usable if self._instance in (None, entry.name, without_dashes(entry.id))]
        if self._instance is None and not chosen:
            raise self._errors.make(
                PERMANENT, "workspace_name: the project has no DataArts instance that is in force", call
            )
        if self._instance is not None and len(chosen) != 1:
            what = "no DataArts instance" if not chosen else f"{len(chosen)} DataArts instances"
            names = [f"{printable(entry.name, 64)} ({printable(entry.id, 64)})" for entry in usable]
            raise self._errors.make(
                PERMANENT,
                f"dataarts_instance: {what} in force named {printable(self._instance, 64)!r}; "
                f"there are {_listed(names) if names else 'none'}",
                call,
            )
        return chosen

    def _pages(self, call: Call, key: str, id_key: str, name_key: str) -> "Task[List[Entry]]":
        """All entries of a list. ``count`` alone does not end it: the vendor's page describes it as something else."""
        entries: Dict[str, Entry] = {}
        for dummy in range(MAX_PAGES):
            call.query = [("limit", str(PAGE_SIZE)), ("offset", str(len(entries)))]
            (outcome,) = yield [call]
            if isinstance(outcome, RequestError):
                raise self._explained(outcome, call)
            page, count = _read(call, outcome.data, key, id_key, name_key)
            before = len(entries)
            entries.update((entry.id, entry) for entry in page)
            is_last = count is not None and len(entries) >= count and len(page) < PAGE_SIZE
            if len(entries) == before or is_last:
                return list(entries.values())
        raise self._errors.make(PERMANENT, f"the list of {call.segments[2]} does not end", call)

    @staticmethod
    def _explained(error: RequestError, call: Call) -> RequestError:
        if error.kind == DENIED and not error.refused:
            right = RIGHT_TO_LIST if call.segments[2] == "workspaces" else "to list DataArts instances"
            error.hint = f"workspace_name needs the right {right}; without it, give the ID as workspace"
        return error


def _call(*segments: str) -> Call:
    return Call("studio", ("v1", "{project_id}", *segments))


def _read(call: Call, data: Any, key: str, id_key: str, name_key: str) -> Tuple[List[Entry], Optional[int]]:
    """The entries of a page, and how many there are in total, if the page says so.

    :raises RequestError: the page has another form.
    """
    items = data.get(key) if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise malformed(call, f"the answer has no list {key}")
    if read_error(data)[0] is not None:
        raise malformed(call, "the answer contains an error although its status is a success")
    entries = []
    for item in items:
        found = (item.get(id_key), item.get(name_key)) if isinstance(item, dict) else (None, None)
        if not all(isinstance(value, str) and value for value in found) or has_control(str(found[0])):
            raise malformed(call, f"an entry of {key} has no {id_key} or no {name_key}")
        entries.append(Entry(str(found[0]), str(found[1]), item.get("status")))
    count = data.get("count")
    return entries, count if isinstance(count, int) and not isinstance(count, bool) else None


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(printable(name, 110) for name in sorted(names)[:MAX_NAMES])
    return f"{shown} and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else shown
