# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix plans, counts and fails correctly, and no tool reports success if nothing ran."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
HERE = ["3.9", "3.10", "3.12", "3.13"]


@pytest.fixture(scope="module")
def tools() -> Iterator[dict[str, ModuleType]]:
    """The tools by their names; they are programs, not a package."""
    names = ("matrix", "ansible_test", "importer")
    before = list(sys.path)
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        yield {name: import_module(name) for name in names}
    finally:
        sys.path[:] = before
        for name in (*names, "tree", "build"):
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def matrix(tools: dict[str, ModuleType]) -> ModuleType:
    return tools["matrix"]


def test_each_cell_is_planned_or_reported_as_missing(matrix: ModuleType) -> None:
    cells = matrix.plan(HERE, matrix.CORES, matrix.KINDS)
    found = {cell.session: None if outcome is None else outcome.state for cell, outcome in cells.items()}
    assert found["sanity-2.17"] is None
    assert found["demo-2.21"] is None
    assert found["units-2.17-py3.9"] is None
    assert found["units-2.18-py3.11"] == matrix.NOT_THERE
    assert found["units-2.21-py3.14"] == matrix.NOT_THERE
    assert found["units-2.17-py3.13"] == matrix.UNSUPPORTED
    pythons = {cell.python for cell in cells if cell.python}
    assert len(cells) == len(matrix.CORES) * (2 + len(pythons))


def test_middle_cores_run_unit_tests_with_the_oldest_and_newest_python(matrix: ModuleType) -> None:
    cells = matrix.plan(HERE, matrix.CORES, ["units"])
    left_out = [cell.session for cell, outcome in cells.items() if outcome and outcome.state == matrix.LEFT_OUT]
    assert left_out == [f"units-{core}-py{python}" for core in ("2.20", "2.19", "2.18") for python in ("3.10", "3.12")]
    whole = matrix.plan(HERE, matrix.CORES, ["units"], whole=True)
    assert matrix.LEFT_OUT not in {outcome.state for outcome in whole.values() if outcome}


def test_core_without_a_controller_python_cannot_run(matrix: ModuleType) -> None:
    cells = matrix.plan(["3.9", "3.10"], ["2.17", "2.21"], matrix.KINDS)
    run = [cell.session for cell, outcome in cells.items() if outcome is None]
    assert run == ["sanity-2.17", "demo-2.17", "units-2.17-py3.9", "units-2.17-py3.10"]
    assert {outcome.state for cell, outcome in cells.items() if cell.core == "2.21"} == {matrix.NOT_THERE}


@pytest.mark.parametrize(("core", "python"), [("2.17", "3.12"), ("2.18", "3.13"), ("2.21", "3.13")])
def test_controller_uses_the_newest_supported_python(matrix: ModuleType, core: str, python: str) -> None:
    assert matrix.controller(core, HERE) == python


def test_missing_controller_python_is_reported(matrix: ModuleType) -> None:
    assert matrix.controller("2.21", ["3.9", "3.11"]) is None


def test_all_unit_tests_run_on_the_oldest_python(matrix: ModuleType) -> None:
    everything = [(core, python) for core in matrix.CORES for python in HERE]
    whole = [(core, python) for core, python in everything if matrix.is_whole(core, python, HERE)]
    newest = list(matrix.CORES)[-1]
    assert whole == [(newest, "3.9")]


def test_all_sanity_tests_run_with_the_oldest_and_the_newest_core(matrix: ModuleType) -> None:
    assert [core for core in matrix.CORES if not matrix.skipped_sanity_tests(core)] == ["2.17", "2.21"]
    assert "pylint" in matrix.skipped_sanity_tests("2.19")


def test_the_folders_without_ansible_have_tests(matrix: ModuleType) -> None:
    for folder in matrix.WITHOUT_ANSIBLE:
        assert list((ROOT / "tests" / "unit" / folder).rglob("test_*.py")), folder


def test_the_summary_counts_and_ends_with_the_count(matrix: ModuleType) -> None:
    cells = matrix.plan(HERE, ["2.17"], ["sanity", "units"])
    outcomes = {cell: outcome or matrix.Outcome(matrix.PASSED, 2.4) for cell, outcome in cells.items()}
    text, code = matrix.summary(outcomes, HERE)
    assert text.splitlines() == [
        "ansible-core  sanity      py3.9       py3.10      py3.11     py3.12      py3.13  py3.14",
        "2.17          passed 2 s  passed 2 s  passed 2 s  not there  passed 2 s  -       -",
        "",
        '"not there": skipped, because this machine has only the Pythons 3.9, 3.10, 3.12, 3.13.',
        '"-": not supported by that ansible-core.',
        "4 passed, 0 failed, 1 skipped",
    ]
    assert code == 0


def test_one_failure_fails_the_matrix(matrix: ModuleType) -> None:
    outcomes = {
        matrix.Cell("sanity", "2.21"): matrix.Outcome(matrix.PASSED, 1.0),
        matrix.Cell("demo", "2.21"): matrix.Outcome(matrix.FAILED),
    }
    text, code = matrix.summary(outcomes, HERE)
    assert text.splitlines()[-2:] == ["failed: demo-2.21", "1 passed, 1 failed, 0 skipped"]
    assert code == 1


def test_missing_session_is_a_failure(matrix: ModuleType) -> None:
    cells = matrix.plan(["3.9"], ["2.21"], matrix.KINDS)
    text, code = matrix.summary(cells, ["3.9"])
    assert text.splitlines()[-2:] == ["Nothing ran.", "0 passed, 0 failed, 8 skipped"]
    assert code == 1


def test_unfinished_nox_session_is_a_failure(matrix: ModuleType, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    assert matrix.read_report(report) == {}
    sessions = [{"name": name, "result": name, "duration": 1.5} for name in ("success", "failed", "aborted", "skipped")]
    report.write_text(json.dumps({"result": 1, "sessions": sessions}), "utf-8")
    states = {name: outcome.state for name, outcome in matrix.read_report(report).items()}
    assert states == {"success": "passed", "failed": "failed", "aborted": "failed", "skipped": "failed"}


def test_the_table_of_cores_matches_the_metadata(matrix: ModuleType) -> None:
    required = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))["requires_ansible"]
    assert next(iter(matrix.CORES)) == required.removeprefix(">=").removesuffix(".0")
    modules = yaml.safe_load((ROOT / "tests" / "config.yml").read_text("utf-8"))["modules"]["python_requires"]
    assert matrix.minor(modules.removeprefix(">=")) == matrix.MIN_MODULE_PYTHON
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert workflow["jobs"]["matrix"]["strategy"]["matrix"]["core"] == list(matrix.CORES)
    run = (ROOT / "tests" / "requirements" / "run.txt").read_text("utf-8")
    assert set(re.findall(r"^ansible-core==(\d+\.\d+)\.", run, re.MULTILINE)) <= set(matrix.CORES)


def test_unit_run_without_tests_is_a_failure(tools: dict[str, ModuleType], tmp_path: Path) -> None:
    untested = tools["ansible_test"].untested
    assert untested(tmp_path) == 0  # sanity
    (tmp_path / "junit").mkdir()
    some, none = (tmp_path / "junit" / f"python3.{number}-controller-units.xml" for number in (9, 10))
    some.write_text('<testsuites><testsuite tests="3"/></testsuites>', "utf-8")
    assert untested(tmp_path) == 0
    none.write_text('<testsuites><testsuite tests="0"/></testsuites>', "utf-8")
    assert untested(tmp_path) == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["units"], ["units", "--color", "no", "--venv"]),
        (["sanity", "--test", "pep8"], ["sanity", "--color", "no", "--venv", "--test", "pep8"]),
        (["sanity", "--local"], ["sanity", "--color", "no", "--local"]),
        (["units", "--controller=origin:python=3.12"], ["units", "--color", "no", "--controller=origin:python=3.12"]),
    ],
)
def test_ansible_test_makes_its_environments_unless_given(
    tools: dict[str, ModuleType], given: list[str], expected: list[str]
) -> None:
    assert tools["ansible_test"].command_line(given, Path("/bin")) == ["/bin/ansible-test", *expected]


GOOD = "Importing with galaxy-importer\nLoading module_utils cloud.errors\nImporter processing completed successfully\n"


@pytest.mark.parametrize(
    ("output", "count"),
    [
        (GOOD, 0),
        ("", 1),
        (GOOD.replace("Loading", "WARNING: no changelog\nLoading"), 1),
        ("ERROR: broken\n" + GOOD.rpartition("Importer")[0], 2),
    ],
)
def test_a_warning_of_galaxy_importer_is_a_failure(tools: dict[str, ModuleType], output: str, count: int) -> None:
    assert len(tools["importer"].problems(output)) == count
