# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.


"""The gate's options: from module parameters to a checked policy and selection. No request is sent here.

Each file of option_groups holds the options of one kind of gate: their specification for Ansible next to the code that checks them.
"""

from __future__ import annotations

from .option_groups.common import GATE, MISSING_CHOICES, RETURN_CHOICES, common, durations, return_jobs, slices
from .option_groups.dli import CANCEL_CHOICES, DLI_GATE, DLI_SELECTION, cancel_on, dli_policy, dli_selection
from .option_groups.flink_and_spark import (
    FLINK_GATE,
    FLINK_SELECTION,
    SPARK_GATE,
    SPARK_SELECTION,
    flink_policy,
    flink_selection,
    spark_policy,
    spark_selection,
)
from .option_groups.real_time import REAL_TIME_GATE, SELECTION, name_contains, policy, require_records, selection, tags
from .option_groups.values import LONGEST_NAME, check_line, check_name, items

__all__ = (
    "CANCEL_CHOICES",
    "DLI_GATE",
    "DLI_SELECTION",
    "FLINK_GATE",
    "FLINK_SELECTION",
    "GATE",
    "LONGEST_NAME",
    "MISSING_CHOICES",
    "REAL_TIME_GATE",
    "RETURN_CHOICES",
    "SELECTION",
    "SPARK_GATE",
    "SPARK_SELECTION",
    "cancel_on",
    "check_line",
    "check_name",
    "common",
    "dli_policy",
    "dli_selection",
    "durations",
    "flink_policy",
    "flink_selection",
    "items",
    "name_contains",
    "policy",
    "require_records",
    "return_jobs",
    "selection",
    "slices",
    "spark_policy",
    "spark_selection",
    "tags",
)
