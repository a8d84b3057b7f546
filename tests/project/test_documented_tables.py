# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation names every state and every reason code of the tables, and no other ones."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.kinds import COMMON_SEVERITIES, KINDS, Kind
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.metrics import FAMILIES

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    "real_time": "dataarts_job_status",
    "dli": "dli_job_progress",
    "ordered": "dataarts_job",
    "instance": "dataarts_job",
    "dli_flink": "dli_flink_job_status",
    "dli_spark": "dli_spark_job_status",
    "batch_run": "dataarts_instance_status",
    "given_run": "dataarts_instance_status",
}
GUIDES = ROOT / "docs" / "guides"
PAGE = (GUIDES / "verdicts.md").read_text("utf-8")
STATES = frozenset[str]().union(*(kind.known for kind in KINDS))
# Common codes that a kind does not have: its options cannot lead to them.
LACKING = {
    "dli": {"not_restarted", "no_records", "restarted", "not_stable"},
    "dli_flink": {"too_few_jobs", "no_records"},
    "dli_spark": {"too_few_jobs", "no_records", "not_restarted", "restarted"},
    "batch_run": {"not_restarted", "no_records"},
    "given_run": {"not_restarted", "no_records"},
}


def documentation(kind: Kind, part: str) -> Any:
    return yaml.safe_load(
        getattr(import_module(f"ansible_collections.datagate.huaweicloud.plugins.modules.{MODULES[kind.key]}"), part)
    )


def codes(kind: Kind) -> set[str]:
    return set(kind.severities) | set(COMMON_SEVERITIES) - LACKING.get(kind.key, set())


def sections(page: str) -> set[str]:
    """Titles that look like a reason code."""
    return set(re.findall(r"^#+ ([a-z]+_?[a-z_]*)$", page, re.MULTILINE))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_a_module_documents_each_reason_code(kind: Kind) -> None:
    returned = documentation(kind, "RETURN")["reasons"]
    found = set(re.findall(r"V\(([a-z]+(?:_[a-z]+)+|denied|unreadable|restarted|stalled)\), ", str(returned)))
    # A module may have several kinds of jobs.
    kinds = [other for other in KINDS if MODULES[other.key] == MODULES[kind.key]]
    assert found == set().union(*(codes(other) for other in kinds))


def test_the_guide_has_a_section_for_each_reason_code() -> None:
    assert set().union(*(codes(kind) for kind in KINDS)) <= sections(PAGE)


def rows(page: str, first_title: str) -> list[list[str]]:
    """The cells of the tables whose first column has this title."""
    found = []
    for table in re.findall(rf"^\| {re.escape(first_title)} \|.*\n\| --- .*\n((?:\|.*\n)+)", page, re.MULTILINE):
        found += [line.strip("| ").split(" | ") for line in table.splitlines()]
    return found


def parts_of_messages() -> list[str]:
    """What the guide says that messages contain, without verdicts, states, HTTP statuses and placeholders."""
    cells = [cell for cell, *dummy in rows(PAGE, "the message contains")]
    found = [part for cell in cells for part in re.findall(r"`([^`]+)`", cell)]
    is_other = re.compile(r"[A-Z]+|HTTP \d+|option: what is wrong")
    return [part for part in found if not is_other.fullmatch(part) and part.removeprefix("is ") not in STATES]


def test_messages_contain_what_the_guide_says() -> None:
    """The guide leads from parts of messages to the next steps."""
    folders = (ROOT / "plugins" / "module_utils", ROOT / "plugins" / "plugin_utils" / "role")
    code = "\n".join(path.read_text("utf-8") for folder in folders for path in sorted(folder.rglob("*.py")))
    parts = parts_of_messages()
    assert len(parts) > 30
    assert [part for part in parts if part.removeprefix("APIGW.") not in code] == []


def test_the_guide_describes_each_metric_with_its_labels() -> None:
    described = {}
    for names, labels, *dummy in rows((GUIDES / "monitoring.md").read_text("utf-8"), "metric"):
        described.update({name: set(re.findall(r"`(\w+)`", labels)) for name in re.findall(r"`(\w+)`", names)})
    assert described == {family.name: set(family.labels) for family in FAMILIES}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
def test_a_module_documents_each_state(kind: Kind) -> None:
    module = (ROOT / "plugins" / "modules" / f"{MODULES[kind.key]}.py").read_text("utf-8")
    fragment = (ROOT / "plugins" / "doc_fragments" / "real_time_gate.py").read_text("utf-8")
    text = module + fragment if kind.key == "real_time" else module
    assert kind.known <= set(re.findall(r"V\(([A-Za-z_-]+)\)", text))


def test_the_survey_of_the_report_offers_each_state_of_a_real_time_job() -> None:
    survey = yaml.safe_load((ROOT / "playbooks" / "awx" / "survey_job_report.yml").read_text("utf-8"))
    (question,) = [item for item in survey["spec"] if item["variable"].endswith("statuses")]
    assert KINDS[0].known <= set(question["choices"])
