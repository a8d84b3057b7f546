# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Undocumented behaviour of DLI, as switches of a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .section import Section

ENDED_ANSWERS: Final = ("is_success", "DLI.0001", "DLI.0007")


@dataclass(frozen=True, slots=True)
class DliRules:
    """Undocumented behaviour of DLI. Durations are in seconds; the README beside this file explains each key."""

    cancelling: float
    cancel_of_ended: str
    status_spelling: str
    tags_match: str
    list_order: str
    max_pages: int
    flink_name_match: str
    flink_success_as: str
    flink_answer: str
    flink_starting: float
    flink_stopping: float
    flink_restart_times: str
    spark_missing_code: str
    spark_capitals: bool
    spark_log: bool


def read_dli_rules(section: Section) -> DliRules:
    """The key `dli` of a scenario."""
    item = Section(section.any("dli") or {}, "dli")
    rules = DliRules(
        cancelling=item.number("cancelling", 0.0),
        cancel_of_ended=item.choice("cancel_of_ended", ENDED_ANSWERS, "is_success"),
        status_spelling=item.choice("status_spelling", ("new", "old"), "new"),
        tags_match=item.choice("tags_match", ("exact", "substring"), "exact"),
        list_order=item.choice("list_order", ("asked", "newest_first"), "asked"),
        max_pages=item.integer("max_pages", 100, minimum=1),
        flink_name_match=item.choice("flink_name_match", ("exact", "substring"), "exact"),
        flink_success_as=item.choice("flink_success_as", ("text", "boolean"), "text"),
        flink_answer=item.choice("flink_answer", ("list", "object"), "list"),
        flink_starting=item.number("flink_starting", 0.5),
        flink_stopping=item.number("flink_stopping", 0.5),
        flink_restart_times=item.choice("flink_restart_times", ("kept", "reset"), "reset"),
        spark_missing_code=item.text("spark_missing_code", "DLI.0002"),
        spark_capitals=item.flag("spark_capitals", False),
        spark_log=item.flag("spark_log", True),
    )
    item.done()
    return rules
