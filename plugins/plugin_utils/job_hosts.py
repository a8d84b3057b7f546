# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Turns jobs into hosts of an inventory: names, groups and variables.

Job names are not trusted. Ansible interprets some names as patterns, templates, file names or groups, so the names of hosts,
groups and variables are limited to a small set of characters, and text from the cloud contains no control characters and
direction marks, and is never a template.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

_mark: Callable[[Any], Any] | None = None
_template: Callable[[Any], Any] | None = None
try:
    # From ansible-core 2.19 on, text is a template only if it is marked as trusted.
    from ansible import template as _core

    _template = _core.trust_as_template
except (ImportError, AttributeError):
    from ansible.utils import unsafe_proxy as _proxy

    _mark = _proxy.wrap_var

PREFIX = "dataarts_"
DEFAULT = "default"  # name of the default workspace, whose ID is not known
UNKNOWN = "UNKNOWN"
DIGITS = (8, 64)  # characters of a digest: normally, and if these are not enough to make names unique

# Control characters, direction marks and other invisible characters, lone surrogates, line and paragraph separators.
_RAW = ("Cc", "Cf", "Cs", "Zl", "Zp")

# Text without quotes, parentheses, braces, bars and number signs: neither a template nor a call.
_INERT = r"[\w .@:/,+=-]*"

# Reserved group names: ansible-inventory stores host variables under ``_meta``, Ansible removes hosts from ``ungrouped`` if they
# are in another group, and plays would use a group ``localhost`` instead of the controller.
RESERVED_GROUPS = frozenset({"_meta", "localhost", "ungrouped"})
# Names with another meaning in Ansible.
RESERVED_HOSTS = frozenset({"all", "ungrouped", "_meta", "localhost", "127.0.0.1", "::1"})


def template(text: str) -> Any:
    """Trusted text that Ansible evaluates as a template."""
    return _template(text) if _template else text


def clean(text: str) -> str:
    """*text* with a replacement character for every control character, direction mark and lone surrogate."""
    if text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in _RAW else char for char in text)


def plain(value: Any) -> Any:
    """Text from the cloud, without control characters and marked so that Ansible never evaluates it.

    ``ansible-inventory --list`` and AWX show marked text as ``{"__ansible_unsafe": ...}``. So text that cannot be a template or
    an expression is not marked.
    """
    if isinstance(value, Mapping):
        return {clean(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, str):
        text = clean(value)
        if _mark:
            return _mark(text) if "{" in text or "}" in text else text
        return template(text) if re.fullmatch(_INERT, text) else text
    return value


def host_name(text: str) -> str:
    """A host name: letters and digits of any script, ``-``, ``_``, ``.`` and ``@``; all other characters become ``_``.

    Valid job names have no other characters. ``@`` and ``-`` are not allowed at the start, because ``--limit`` reads such a name
    as a file or an option, and a name of dots only would be a directory in ``host_vars``.
    """
    name = re.sub(r"[^\w.@-]", "_", text.strip())
    name = re.sub(r"^[@-]", "_", name)
    return "_" * len(name) if name.strip(".") == "" else name


def group_name(text: Any) -> str:
    """A group name: ASCII letters, digits and ``_``, not starting with a digit, and not reserved by Ansible."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", str(text))
    if name in RESERVED_GROUPS:
        return f"{name}_"
    return f"_{name}" if name[:1].isdigit() else name


def variables(job: Mapping[str, Any], workspace: str | None, project: str | None) -> dict[str, Any]:
    """A job's fields as host variables. An unknown field never overrides a known one."""
    fields = {**job, "workspace": workspace or "", "project_id": project or ""}
    named = [
        (PREFIX + re.sub(r"[^a-z0-9_]", "_", str(name).lower()), str(name), value) for name, value in fields.items()
    ]
    named.sort(key=lambda item: item[0] == PREFIX + item[1])
    return {variable: plain(value) for variable, dummy, value in named}


def groups(job: Mapping[str, Any], workspace: str | None) -> list[str]:
    """The default groups of a job."""
    words = (
        ("status", str(job.get("status") or UNKNOWN).lower()),
        ("type", str(job.get("job_type") or UNKNOWN).lower()),
        ("workspace", workspace or DEFAULT),
    )
    return [group_name(f"{kind}_{word}") for kind, word in words]


class Wanted(NamedTuple):
    """The wanted host name of a job, and the identity of the job.

    :ivar source: the cloud and project of the job, as text.
    """

    name: str
    workspace: str | None
    job: str
    job_type: str = ""
    source: str = ""

    @property
    def identity(self) -> str:
        """The identity of the job as text, unique for each job."""
        return "\n".join((self.source, self.workspace or "", self.job_type, self.job))


def identity_of(known: Mapping[str, Any]) -> str | None:
    """The identity of the job of a host with these variables, or None if the host is not a job."""
    if PREFIX + "name" not in known:
        return None
    project, workspace, kind, name = (
        str(known.get(PREFIX + part) or "") for part in ("project_id", "workspace", "job_type", "name")
    )
    return Wanted(name, workspace, name, kind, project).identity


def settle(wanted: Sequence[Wanted], taken: Mapping[str, str] | None = None) -> list[str]:
    """A unique host name for each job: the wanted name, or with the workspace appended, or with a digest appended.

    :param wanted: jobs with different identities.
    :param taken: reserved names, each with the identity of the job that may use it.
    """
    short = [host_name(item.name) for item in wanted]
    longer = [f"{name}@{host_name(item.workspace or DEFAULT)}" for name, item in zip(short, wanted)]
    names = _apart(wanted, short, longer, taken or {})
    with_workspace = names
    for digits in DIGITS:
        longer = [f"{name}-{_digest(item)[:digits]}" for name, item in zip(with_workspace, wanted)]
        names = _apart(wanted, names, longer, taken or {})
    return names


def _apart(
    wanted: Sequence[Wanted], names: Sequence[str], longer: Sequence[str], taken: Mapping[str, str]
) -> list[str]:
    """The longer names for jobs whose name is used twice or reserved."""
    count = Counter(names)
    return [
        other if count[name] > 1 or taken.get(name, item.identity) != item.identity else name
        for item, name, other in zip(wanted, names, longer)
    ]


def _digest(item: Wanted) -> str:
    return hashlib.sha256(item.identity.encode("utf-8", "backslashreplace")).hexdigest()
