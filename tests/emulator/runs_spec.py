# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of a scenario as read, and how the cloud shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .section import Section
from .timeline import Entry, read_timeline

RUN_ENTRY: Final = (
    "status",
    "absent",
    "start_time",
    "end_time",
    "submit_time",
    "error",
    "force_success",
    "ignore_success",
)
"""What an entry of a run's timeline may change."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """A run; `node` is the node of a real-time job whose run it is. Times are epoch milliseconds or `now-60`."""

    plan: Any
    kind: int
    number: int | None
    node: str | None
    culprit: str | None
    retries: int
    initial: Mapping[str, Any]
    timeline: tuple[Entry, ...]
    omit: frozenset[str]


@dataclass(frozen=True, slots=True)
class RunRules:
    """How the cloud shows runs; the README beside this file explains each key."""

    bounds: str
    max_days: float
    max_limit: int
    is_precise: bool
    unknown_job: str
    order: str
    declared: str
    error_in: frozenset[str]
    waiting_start: str
    names: str


def read_run_rules(section: Section) -> RunRules:
    """The key `runs` of a scenario."""
    item = Section(section.any("runs") or {}, "runs")
    rules = RunRules(
        bounds=item.choice("bounds", ("plan", "start"), "plan"),
        max_days=item.number("max_days", 7.0),
        max_limit=item.integer("max_limit", 1000, minimum=1),
        is_precise=item.flag("precise", True),
        unknown_job=item.choice("unknown_job", ("empty", "missing"), "empty"),
        order=item.choice("order", ("newest", "oldest", "id"), "newest"),
        declared=item.choice("declared", ("flag", "state"), "flag"),
        error_in=frozenset(item.texts("error_in") or ("list",)),
        waiting_start=item.choice("waiting_start", ("missing", "zero"), "missing"),
        names=item.choice("names", ("camel", "snake"), "camel"),
    )
    item.done()
    return rules


def read_runs(section: Section) -> tuple[RunSpec, ...]:
    """The key `runs` of a job."""
    return tuple(_read_run(item) for item in section.sections("runs"))


def _read_run(section: Section) -> RunSpec:
    node = section.optional_text("node")
    initial = {key: section.any(key) for key in RUN_ENTRY if key in section}
    run = RunSpec(
        plan=section.any("plan", "now-60"),
        kind=section.integer("type", 0 if node is None else 6),
        number=section.optional_integer("id"),
        node=node,
        culprit=section.optional_text("culprit"),
        retries=section.integer("retries", 0),
        initial={"status": "success", **initial},
        timeline=read_timeline(section, "timeline", RUN_ENTRY),
        omit=frozenset(section.texts("omit")),
    )
    section.done()
    return run
