# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From jobs to hosts of an inventory: names, groups and variables.

Nobody knows what the cloud calls its jobs, and what Ansible reads as a name it may also take for a pattern or a template. So
names of hosts, groups and variables get a small alphabet, and texts inside variables are marked as what they are: text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

_mark: Callable[[Any], Any] | None = None
_template: Callable[[Any], Any] | None = None
try:
    # From ansible-core 2.19 on, text is text unless it is said to be a template.
    from ansible import template as _core

    _template = _core.trust_as_template
except (ImportError, AttributeError):
    from ansible.utils import unsafe_proxy as _proxy

    _mark = _proxy.wrap_var

PREFIX = "dataarts_"
DEFAULT = "default"  # what the default workspace is called, which has no ID here
UNKNOWN = "UNKNOWN"
DIGITS = 8


def template(text: str) -> Any:
    """Text of ours that Ansible is to evaluate."""
    return _template(text) if _template else text


def plain(value: Any) -> Any:
    """What came from the cloud, so that Ansible never evaluates it.

    Only text that could be a template is marked: a mark changes what ``ansible-inventory --list`` prints, and every template
    has a brace.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if _mark and isinstance(value, str) and ("{" in value or "}" in value):
        return _mark(value)
    return value


def host_name(text: str) -> str:
    """A host's name: letters and digits of any script, ``-``, ``_``, ``.`` and ``@``; anything else becomes ``_``.

    Names of jobs hold nothing else as long as the service keeps to its rules.
    """
    return re.sub(r"[^\w.@-]", "_", text.strip())


def group_name(text: Any) -> str:
    """A group's name: ASCII letters, digits and ``_``, not a digit first."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", str(text))
    return f"_{name}" if name[:1].isdigit() else name


def variables(job: Mapping[str, Any], workspace: str | None) -> dict[str, Any]:
    """A job's fields as host variables."""
    fields = {**job, "workspace": workspace or ""}
    return {PREFIX + re.sub(r"[^a-z0-9_]", "_", str(name).lower()): plain(value) for name, value in fields.items()}


def groups(job: Mapping[str, Any], workspace: str | None) -> list[str]:
    """The groups that every inventory has."""
    words = (
        ("status", str(job.get("status") or UNKNOWN).lower()),
        ("type", str(job.get("job_type") or UNKNOWN).lower()),
        ("workspace", workspace or DEFAULT),
    )
    return [group_name(f"{kind}_{word}") for kind, word in words]


class Wanted(NamedTuple):
    """What a job would like its host to be called, and what tells it from others that would like the same."""

    name: str
    workspace: str | None
    job: str


def settle(wanted: Sequence[Wanted]) -> list[str]:
    """A name of its own for each: as wanted; where that is not enough with the workspace; at last with a digest."""
    names = [host_name(item.name) for item in wanted]
    names = _apart(names, [f"{name}@{host_name(item.workspace or DEFAULT)}" for name, item in zip(names, wanted)])
    return _apart(names, [f"{name}-{_digest(item)}" for name, item in zip(names, wanted)])


def _apart(names: Sequence[str], longer: Iterable[str]) -> list[str]:
    count: dict[str, int] = {}
    for name in names:
        count[name] = count.get(name, 0) + 1
    return [other if count[name] > 1 else name for name, other in zip(names, longer)]


def _digest(item: Wanted) -> str:
    text = f"{item.workspace}\n{item.job}"
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:DIGITS]
