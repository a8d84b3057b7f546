# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Scans the file of job_gate_on_failure for ``meta`` tasks that would cancel the failure of the gate."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError

# end_role is allowed: it ends only the role that includes the file.
FORGETS = ("clear_host_errors", "end_batch", "end_host", "end_play")
_INCLUDES = ("include_tasks", "import_tasks")
_MAX_DEPTH = 10


def check(variable: str, path: str, load: Callable[[str], Any]) -> None:
    """Reject a file that does not exist, or that would cancel the gate's failure.

    Files that it includes by a fixed name are scanned as well.

    :param load: reads a YAML file.
    :raises OptionError: the file is invalid.
    """
    if not os.path.isfile(path):
        advice = "give the path of a file with tasks, absolute or relative to the playbook"
        raise OptionError(variable, f"there is no file {path}; {advice}")
    for file, meta in _metas(path, load, 0):
        problem = f"{file} holds 'meta: {meta}', after which the play could go on although the gate has failed"
        raise OptionError(variable, f"{problem}; take it out")


def _metas(path: str, load: Callable[[str], Any], depth: int) -> Iterator[tuple[str, str]]:
    try:
        tasks = load(path)
    except Exception:  # noqa: BLE001 - Ansible reports an invalid file when it runs it
        return
    for task in _tasks(tasks):
        for key, value in task.items():
            name = str(key).rpartition(".")[2]
            received = value.get("_raw_params") or value.get("file") if isinstance(value, Mapping) else value
            words = str(received or "").split()
            if name == "meta" and words and words[0] in FORGETS:
                yield path, words[0]
            elif name in _INCLUDES and words and "{{" not in str(received) and depth < _MAX_DEPTH:
                file = os.path.join(os.path.dirname(path), words[0])
                if os.path.isfile(file):
                    yield from _metas(file, load, depth + 1)


def _tasks(data: Any) -> Iterator[Mapping[str, Any]]:
    for task in data if isinstance(data, (list, tuple)) else ():
        if isinstance(task, Mapping):
            yield task
            for part in ("block", "rescue", "always"):
                yield from _tasks(task.get(part))
