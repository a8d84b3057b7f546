# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks with AWX's surveys and workflow: answers become extra variables, artifacts become those of later nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.emulator import Emulator, running
from tests.integration.playbook import run
from tests.integration.test_playbooks import Job

from . import rules

VERDICT = "datagate.huaweicloud.gate_verdict"
DATA = rules.ROOT / "playbooks" / "awx"
SCENARIO: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {"name": "job_good"},
        {"name": "job_stopped", "status": "STOPPED"},
        {"name": "job_trap", "nodes": [{"name": "BROKEN", "status": "EXCEPTION", "log_path": "obs://logs/B.job"}]},
    ],
    "dli_jobs": [{"job_id": "dli-good"}],
}


def data(name: str) -> Any:
    return yaml.safe_load((DATA / f"{name}.yml").read_text("utf-8"))


NODES = {node["id"]: node for node in data("workflow")["nodes"]}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


# The switch


@pytest.mark.parametrize(
    ("variables", "code", "words"),
    [
        (
            {"job_gate": {"verdict": "TIMEOUT", "msg": "TIMEOUT after 3 s: x"}},
            0,
            "The verdict of job_gate is TIMEOUT. The gate: TIMEOUT after 3 s: x",
        ),
        (
            {
                "job_gate_after": {"verdict": "FAIL", "msg": "FAIL: x"},
                "gate_verdict_id": "after",
                "gate_verdict_wanted": "",
            },
            2,
            "The verdict of job_gate_after is FAIL, not TIMEOUT. The gate: FAIL: x",
        ),
        (
            {"job_gate": {"verdict": "SKIPPED"}, "gate_verdict_wanted": "pass,\nskipped", "gate_verdict_id": ""},
            0,
            "The verdict of job_gate is SKIPPED. The gate: (no message)",
        ),
        (
            {"job_gate": {"verdict": "PASS"}, "gate_verdict_wanted": ["PASS", "RAIN"]},
            2,
            "there is no verdict RAIN; the verdicts are PASS",
        ),
        (
            {"job_gate": {"verdict": "TIMEOUT"}, "gate_verdict_id": "after"},
            2,
            "There is no artifact job_gate_after, so",
        ),
        ({"job_gate": "TIMEOUT"}, 2, "The variable job_gate is not the artifact of a gate"),
        ({"job_gate": {"verdict": "RAIN"}}, 2, "The variable job_gate is not the artifact of a gate"),
        ({"job_gate": {"verdict": "TIMEOUT"}, "gate_verdict_id": "../x"}, 2, "gate_verdict_id: must be letters"),
    ],
)
def test_gate_verdict_succeeds_for_the_chosen_verdicts(variables: Mapping[str, Any], code: int, words: str) -> None:
    done = run(VERDICT, {}, variables=variables)
    assert done.code == code, done.text
    last = done.records[-1]
    assert words in last.msg
    assert "\n" not in last.msg


# The surveys


@pytest.mark.parametrize(
    ("entry", "answers"),
    [
        ("wait_until_normal", {"job_gate_job_names": "job_good\n"}),
        ("wait_until_stopped", {"job_gate_job_names": "job_stopped"}),
        ("fail_on_exception", {"job_gate_name_contains": "job_", "job_gate_exclude_names": "*_trap"}),
        ("dli_finished", {"job_gate_job_ids": "dli-good"}),
    ],
)
def test_gate_survey_works_with_each_entry_point(
    tmp_path: Path, emulator: Emulator, entry: str, answers: Mapping[str, Any]
) -> None:
    survey = data("survey_gate")
    job = Job(tmp_path, emulator, rules.asked_on_the_page(survey, {"job_gate_entry": entry, **answers}))
    assert job.code == 0, job.text
    assert job.artifacts["job_gate"]["verdict"] in ("PASS", "PENDING")


# The workflow


def node(
    folder: Path, emulator: Emulator, name: str, artifacts: Mapping[str, Any], answers: Mapping[str, Any]
) -> tuple[bool, dict[str, Any]]:
    """Run a node as AWX does: defaults of its survey, its own variables, artifacts, and the answers to the workflow's survey."""
    found = NODES[name]
    (template,) = [item for item in data("job_templates")["job_templates"] if item["name"] == found["template"]]
    survey = rules.asked_without_answers(data(Path(template["survey"]).stem))
    variables = {**survey, **found["variables"], **artifacts, **answers}
    job = Job(folder / name, emulator, variables, f"datagate.huaweicloud.{template['playbook']}")
    return job.code == 0, {**artifacts, **job.artifacts}


@pytest.mark.parametrize(
    ("jobs", "order"),
    [
        pytest.param("job_good", "before deploy after", marks=pytest.mark.slow),
        ("job_stopped", "before deploy after timed_out wait_longer again rollback failed"),
        pytest.param("job_new", "before deploy after timed_out rollback failed", marks=pytest.mark.slow),
        pytest.param("job_trap", "before", marks=pytest.mark.slow),
    ],
)
def test_workflow_follows_the_verdicts(tmp_path: Path, emulator: Emulator, jobs: str, order: str) -> None:
    answers = {
        **rules.asked_without_answers(data("survey_workflow")),
        "job_gate_job_names": jobs,
        "job_gate_wait_timeout": 1,
        "job_gate_stable_for": 0,
    }
    artifacts: dict[str, Any] = {}

    def outcome(name: str) -> bool:
        nonlocal artifacts
        (tmp_path / name).mkdir()
        if name in ("deploy", "rollback", "wait_longer"):
            return True  # other nodes; an approval counts as success
        good, artifacts = node(tmp_path, emulator, name, artifacts, answers)
        return good

    assert rules.workflow_run(data("workflow")["nodes"], outcome) == (order.split(), jobs == "job_good")
