# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.
"""The run of a batch job that a gate has judged, as reports show it."""

from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.messages import seconds

from ..template_data import SENTENCE, mapping, moment, number, text


class Run(NamedTuple):
    """A run; texts are empty if the service returned none.

    :ivar words: which run it is, in words.
    :ivar planned: the planned time in UTC, and *began* the start.
    :ivar took: how long it took.
    """

    words: str
    planned: str
    began: str
    took: str

    @property
    def line(self) -> str:
        """``planned 2026-11-28 02:00, began 2026-11-28 02:01, took 12 min``."""
        parts = (("planned", self.planned), ("began", self.began), ("took", self.took))
        return ", ".join(f"{label} {value}" for label, value in parts if value)


def read_run(data: dict[str, Any]) -> Run | None:
    """The run of a job; None for kinds of jobs that are not runs, and for a job without a run."""
    if not mapping(data.get("instance")):
        return None
    instance = mapping(data["instance"])
    start, end = (number(instance.get(key)) for key in ("start_time", "end_time"))
    took = seconds((end - start) / 1000) if start and end and 0 < start <= end else ""
    words = (text(data.get("run")) or "")[:SENTENCE]
    return Run(words, moment(instance.get("plan_time")), moment(instance.get("start_time")), took)
