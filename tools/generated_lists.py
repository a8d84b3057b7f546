# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that are generated: states in the documentation and in the AWX survey, and the modules of the action group.

The states are those of plugins/module_utils/_states.py. Part of options.py.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
SURVEY = ROOT / "playbooks" / "awx" / "survey_job_report.yml"
RUNTIME = ROOT / "meta" / "runtime.yml"
MAX_WIDTH = 120


class Item(NamedTuple):
    """An item of a description that lists states of real-time jobs.

    :ivar path: its file, below plugins/.
    :ivar before: the words before the list.
    :ivar after: the words after it.
    :ivar has_failing: whether the failing states are in the list.
    """

    path: str
    before: str
    after: str
    has_failing: bool = True


ITEMS = (
    Item(
        "doc_fragments/real_time_gate.py", "The known states are ", ". They are not case-sensitive.", has_failing=False
    ),
    Item(
        "doc_fragments/real_time_gate.py",
        "Allowed are ",
        ". Another state is an error, because a misspelt state would never fail the gate.",
    ),
    Item("modules/dataarts_job_status.py", "The known states are ", ". New regions may have others."),
    Item(
        "modules/dataarts_job.py",
        "State of the job. Real-time jobs are ",
        ", batch jobs V(SCHEDULING), V(STOPPED) or V(PAUSED).",
    ),
    Item(
        "modules/dataarts_job_info.py",
        "Real-time jobs are ",
        ". Batch jobs are V(SCHEDULING), V(STOPPED) or V(PAUSED). V(UNKNOWN) selects jobs without a state.",
    ),
)


def with_list(text: str, item: Item, states: Iterable[str]) -> str:
    """*text* with the list of *states* in one item of its descriptions."""
    *first, last = (f"V({state})" for state in states)
    sentence = f"{item.before}{', '.join(first)} and {last}{item.after}"
    ends = r"\s+".join(map(re.escape, item.after.split(" ")))

    def wrapped(found: re.Match[str]) -> str:
        indent = found[1]
        return textwrap.fill(sentence, MAX_WIDTH, initial_indent=f"{indent}- ", subsequent_indent=f"{indent}  ")

    changed, count = re.subn(
        rf"^( *)- {re.escape(item.before)}V\((?:(?!^ *- ).)*?{ends}", wrapped, text, flags=re.M | re.S
    )
    if count != 1:
        raise ValueError(f"{item.path} has {count} items that begin with {item.before!r}")
    return changed


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
    modules = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("[!_]*.py"))
    group = "".join(f"    - {name}\n" for name in modules)
    changed, count = re.subn(r"(?<=^  huaweicloud:\n)(    - \w+\n)+", group, runtime, flags=re.M)
    if count != 1:
        raise ValueError(f"{RUNTIME.name} has no action group huaweicloud")
    return changed


def texts() -> dict[Path, str]:
    """The files with their lists as the tables have them."""
    states = import_module("ansible_collections.datagate.huaweicloud.plugins.module_utils._states")
    others = [state for state in states.REAL_TIME_STATES if state not in states.FAILING_STATES]
    found: dict[Path, str] = {
        SURVEY: with_choices(SURVEY.read_text("utf-8"), states),
        RUNTIME: with_modules(RUNTIME.read_text("utf-8")),
    }
    for item in ITEMS:
        path = ROOT / "plugins" / item.path
        text = found.get(path) or path.read_text("utf-8")
        found[path] = with_list(text, item, states.REAL_TIME_STATES if item.has_failing else others)
    return found


def write() -> None:
    """Write the lists."""
    for path, text in texts().items():
        path.write_text(text, "utf-8")


def problems() -> Iterator[str]:
    """The files whose lists are not those of the tables."""
    for path, text in texts().items():
        if path.read_text("utf-8") != text:
            yield f"{path.name} is not what is generated; `make options` writes it"
