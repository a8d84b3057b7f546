# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From jobs to hosts of an inventory: names, groups and variables.

The service's rules for names of jobs are not relied on. Ansible reads some names as patterns, templates, file names or groups,
so the names of hosts, groups and variables get a small alphabet, and text from the cloud stays text: no control characters and
direction marks, and never a template.
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
    # From ansible-core 2.19 on, text is text unless it is said to be a template.
    from ansible import template as _core

    _template = _core.trust_as_template
except (ImportError, AttributeError):
    from ansible.utils import unsafe_proxy as _proxy

    _mark = _proxy.wrap_var

PREFIX = "dataarts_"
DEFAULT = "default"  # what the default workspace is called, which has no ID here
UNKNOWN = "UNKNOWN"
DIGITS = (8, 64)  # of a digest: as a rule, and where that many do not tell two names apart

# Control characters, direction marks and other invisible characters, lone surrogates, line and paragraph separators.
_RAW = ("Cc", "Cf", "Cs", "Zl", "Zp")

# Text without quotes, parentheses, braces, bars and number signs: neither a template nor a call.
_INERT = r"[\w .@:/,+=-]*"

# Groups that cannot be made: ansible-inventory keeps host variables under ``_meta``, Ansible takes hosts out of ``ungrouped``
# that are in another group, and a group ``localhost`` would stand for the controller in plays.
RESERVED_GROUPS = frozenset({"_meta", "localhost", "ungrouped"})
# Names that Ansible gives to something else than a job.
RESERVED_HOSTS = frozenset({"all", "ungrouped", "_meta", "localhost", "127.0.0.1", "::1"})


def template(text: str) -> Any:
    """Text of ours that Ansible is to evaluate."""
    return _template(text) if _template else text


def clean(text: str) -> str:
    """*text* with a replacement character for every control character, direction mark and lone surrogate."""
    if text.isprintable():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in _RAW else char for char in text)


def plain(value: Any) -> Any:
    """What came from the cloud, so that Ansible never evaluates it and a terminal never obeys it.

    Ansible's two kinds of text show in ``ansible-inventory --list`` and in AWX: text that must not be evaluated becomes
    ``{"__ansible_unsafe": ...}`` there. So text that cannot be a template, nor an expression that does anything, is left plain.
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
    """A host's name: letters and digits of any script, ``-``, ``_``, ``.`` and ``@``; anything else becomes ``_``.

    Names of jobs hold nothing else as long as the service keeps to its rules. ``@`` and ``-`` do not come first, since
    ``--limit`` reads such a name as a file or an option, and a name of dots only would be a folder in ``host_vars``.
    """
    name = re.sub(r"[^\w.@-]", "_", text.strip())
    name = re.sub(r"^[@-]", "_", name)
    return "_" * len(name) if name.strip(".") == "" else name


def group_name(text: Any) -> str:
    """A group's name: ASCII letters, digits and ``_``, not a digit first, and none of Ansible's own."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", str(text))
    if name in RESERVED_GROUPS:
        return f"{name}_"
    return f"_{name}" if name[:1].isdigit() else name


def variables(job: Mapping[str, Any], workspace: str | None, project: str | None) -> dict[str, Any]:
    """A job's fields as host variables. A field that the service invents never takes the place of one that is known."""
    fields = {**job, "workspace": workspace or "", "project_id": project or ""}
    named = [
        (PREFIX + re.sub(r"[^a-z0-9_]", "_", str(name).lower()), str(name), value) for name, value in fields.items()
    ]
    named.sort(key=lambda item: item[0] == PREFIX + item[1])
    return {variable: plain(value) for variable, dummy, value in named}


def groups(job: Mapping[str, Any], workspace: str | None) -> list[str]:
    """The groups that every inventory has."""
    words = (
        ("status", str(job.get("status") or UNKNOWN).lower()),
        ("type", str(job.get("job_type") or UNKNOWN).lower()),
        ("workspace", workspace or DEFAULT),
    )
    return [group_name(f"{kind}_{word}") for kind, word in words]


class Wanted(NamedTuple):
    """What a job would like its host to be called, and what tells the job from all others.

    :ivar source: the cloud and project that the job is in, as text.
    """

    name: str
    workspace: str | None
    job: str
    job_type: str = ""
    source: str = ""

    @property
    def identity(self) -> str:
        """The job as one text; two jobs never have the same."""
        return "\n".join((self.source, self.workspace or "", self.job_type, self.job))


def identity_of(known: Mapping[str, Any]) -> str | None:
    """The identity of the job that a host with these variables is, None where it is no job."""
    if PREFIX + "name" not in known:
        return None
    project, workspace, kind, name = (
        str(known.get(PREFIX + part) or "") for part in ("project_id", "workspace", "job_type", "name")
    )
    return Wanted(name, workspace, name, kind, project).identity


def settle(wanted: Sequence[Wanted], taken: Mapping[str, str] | None = None) -> list[str]:
    """A name of its own for each: as wanted; where that is not enough with the workspace; at last with a digest.

    :param wanted: jobs that differ in their identity.
    :param taken: names that no host may have but that of the job with this identity.
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
    """The longer name for those that have the same name as another one, or one that is taken."""
    count = Counter(names)
    return [
        other if count[name] > 1 or taken.get(name, item.identity) != item.identity else name
        for item, name, other in zip(wanted, names, longer)
    ]


def _digest(item: Wanted) -> str:
    return hashlib.sha256(item.identity.encode("utf-8", "backslashreplace")).hexdigest()
