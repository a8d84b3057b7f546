# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of states, in descriptions and in the AWX survey, and the list of modules in the action group."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from options.documentation import plugin_code
from tree import ROOT

PLUGINS = ROOT / "plugins"
SURVEY = ROOT / "playbooks" / "awx" / "survey_job_report.yml"
RUNTIME = ROOT / "meta" / "runtime.yml"
MAX_WIDTH = 120
# Items of descriptions that list states of real-time jobs: file below plugins/, text before the list, with the failing states.
ITEMS = (
    ("doc_fragments/real_time_gate.py", "The known states are", False),
    ("doc_fragments/real_time_gate.py", "Allowed are", True),
    ("modules/dataarts_job_status.py", "The known states are", True),
    ("modules/dataarts_job.py", "State of the job. Real-time jobs are", True),
    ("modules/dataarts_job_info.py", "Real-time jobs are", True),
)


def with_states(text: str, before: str, states: Iterable[str]) -> str:
    """*text* with a list of *states* in the item that begins with *before*.

    :raises ValueError: it has no such item, or several.
    """
    *first, last = (f"V({state})" for state in states)

    def item(found: re.Match[str]) -> str:
        sentence = " ".join(f"{before} {', '.join(first)} and {last}{found['after']}".split())
        indent = found["indent"]
        return textwrap.fill(sentence, MAX_WIDTH, initial_indent=f"{indent}- ", subsequent_indent=f"{indent}  ")

    return _replaced(
        rf"^(?P<indent> *)- {before} V\(\w+\)(?:(?:,|\s+and)\s+V\(\w+\))*(?P<after>.*(?:\n(?P=indent)  .*)*)",
        item,
        text,
    )


def with_choices(survey: str, states: Any) -> str:
    """The survey with a choice for each state; a new one comes before the last choice."""
    (question,) = [item for item in yaml.safe_load(survey)["spec"] if item["variable"] == "job_report_statuses"]
    old = question["choices"]
    wanted = [*states.REAL_TIME_STATES, *states.BATCH_ONLY, "UNKNOWN"]
    new = [state for state in old if state in wanted]
    new[-1:-1] = [state for state in wanted if state not in old]
    before, after = ("".join(f"      - {state}\n" for state in choices) for choices in (old, new))
    return survey.replace(before, after)


def with_modules(runtime: str) -> str:
    """The action group with each module."""
    names = sorted(path.stem for path in (PLUGINS / "modules").glob("[!_]*.py"))
    group = "  huaweicloud:\n" + "".join(f"    - {name}\n" for name in names)
    return _replaced(r"^  huaweicloud:\n(    - \w+\n)+", lambda dummy: group, runtime)


def _replaced(pattern: str, new: Any, text: str) -> str:
    changed, count = re.subn(pattern, new, text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"{count} places match {pattern!r}, and not one")
    return changed


def texts() -> dict[Path, str]:
    """The files with their lists as the tables have them."""
    states = plugin_code("module_utils._states")
    others = [state for state in states.REAL_TIME_STATES if state not in states.FAILING_STATES]
    found = {SURVEY: with_choices(SURVEY.read_text("utf-8"), states), RUNTIME: with_modules(RUNTIME.read_text("utf-8"))}
    for name, before, has_failing in ITEMS:
        path = PLUGINS / name
        text = found.get(path) or path.read_text("utf-8")
        found[path] = with_states(text, before, states.REAL_TIME_STATES if has_failing else others)
    return found
