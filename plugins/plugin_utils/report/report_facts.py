# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Data that a playbook adds to a report: title, time, and facts such as the region."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable

from .template_data import NAME, ReportError, joined, kind, plain

KEYS = ("title", "finished_at", "facts")
_MOMENT = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)$")


class About(NamedTuple):
    """Checked additions.

    :ivar finished_at: in UTC, None where it was not given.
    :ivar facts: label and value of each, in the author's order, none of them empty.
    """

    title: str
    finished_at: datetime | None
    facts: tuple[tuple[str, str], ...]

    @property
    def finished(self) -> str:
        """When it was finished, for people; empty where that was not given."""
        return self.finished_at.strftime("%Y-%m-%d %H:%M:%S UTC") if self.finished_at else ""

    def as_dict(self) -> dict[str, Any]:
        """The same as data for JSON."""
        moment = self.finished_at.strftime("%Y-%m-%dT%H:%M:%SZ") if self.finished_at else None
        return {"title": self.title, "finished_at": moment, "facts": dict(self.facts)}


def read(data: Any, title: str) -> About:
    """Check what was given.

    :param data: a mapping with any of KEYS, or nothing.
    :param title: the title where none is given.
    :raises ReportError: a key is unknown or a value unusable.
    """
    if data is None or data == "":
        data = {}
    if not isinstance(data, Mapping):
        raise ReportError(f"about must be a mapping with any of {', '.join(KEYS)}, not {kind(data)}")
    given = plain(data)
    unknown = [printable(key, 40) for key in given if key not in KEYS]
    if unknown:
        raise ReportError(f"about has no key {', '.join(unknown)}; it may have {', '.join(KEYS)}")
    facts = given.get("facts") or {}
    if not isinstance(facts, dict):
        raise ReportError(f"the facts in about must be a mapping of label to text, not {kind(facts)}")
    pairs = [(printable(label, NAME), joined(item)) for label, item in facts.items()]
    return About(
        joined(given.get("title"))[:NAME] or title,
        _moment(joined(given.get("finished_at"))),
        tuple((label, item) for label, item in pairs if item),
    )


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    found = _MOMENT.match(text)
    try:
        if found is None:
            raise ValueError(text)
        return datetime.strptime(f"{found[1]}T{found[2]}", "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        raise ReportError(
            f"finished_at in about must be a time in UTC such as 2026-11-23T03:12:45Z, not {printable(text, 40)}"
        ) from None
