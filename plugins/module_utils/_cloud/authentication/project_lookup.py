# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Looks up the project's ID by its name."""

from __future__ import annotations

from ..._errors import PERMANENT, RequestError
from ..._text import printable
from ..calls import Call, Task
from ..failures.error_factory import ErrorFactory


def find_project(name: str, errors: ErrorFactory) -> "Task[str]":
    """The ID of the project with a name.

    :raises RequestError: the list cannot be read, or none or more than one has this name.
    """
    call = Call("iam", ("v3", "projects"), [("name", name)])
    (outcome,) = yield [call]
    if isinstance(outcome, RequestError):
        raise outcome
    data = outcome.data
    projects = data.get("projects") if isinstance(data, dict) else None
    found = [
        str(item["id"])
        for item in (projects if isinstance(projects, list) else [])
        if isinstance(item, dict) and item.get("id") and item.get("name", name) == name
    ]
    if len(found) != 1:
        many = "no project" if not found else f"{len(found)} projects"
        raise errors.make(PERMANENT, f"{many} named {printable(name, 64)!r}; give project_id (HW_PROJECT_ID)", call)
    return found[0]
