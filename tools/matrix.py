# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests every supported ansible-core with every Python of this machine, and prints a table of the results.

    python tools/matrix.py                          everything
    python tools/matrix.py --core 2.19 --kind units the unit tests on one ansible-core
    python tools/matrix.py --whole                  all cells, and all unit tests in each, not only those that depend on Ansible

Sessions of nox (noxfile.py) do the work. nox itself fails for a Python that is missing, or succeeds without running anything; this file
plans the sessions, reports what cannot run and why, and fails if a session failed or nothing ran.

Each ansible-core gets `ansible-test sanity`, the demonstration and the unit tests. The oldest and the newest run all sanity tests, and
the unit tests with each Python; those between skip slow sanity tests, and use the oldest and the newest Python. Unit tests of layers
that import nothing of Ansible (tests/project/test_layers.py) run once, with the newest ansible-core on the oldest Python.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from antsibull_nox.ansible import get_ansible_core_info, parse_ansible_core_version

from tree import ROOT, interpreters

KINDS: Final = ("sanity", "demo", "units")
MIN_MODULE_PYTHON: Final = 9  # minor version, as in tests/config.yml
LAYERS_WITHOUT_ANSIBLE: Final = ("cloud", "doctor", "gate", "orders", "services")
WITHOUT_ANSIBLE: Final = (*(f"plugins/module_utils/{name}" for name in LAYERS_WITHOUT_ANSIBLE), "simulation")
"""Folders of tests/unit whose tests do not depend on ansible-core."""
SLOW_SANITY_TESTS: Final = ("compile", "import", "pep8", "pylint")  # their results hardly depend on ansible-core
PASSED, FAILED, NOT_THERE, UNSUPPORTED, LEFT_OUT = "passed", "failed", "not there", "-", "left out"


class Core(NamedTuple):
    """Minor versions of Python for an ansible-core: oldest and newest of controllers, newest of hosts with modules."""

    oldest: int
    newest: int
    newest_target: int


def facts_of(name: str) -> Core:
    """The data of antsibull-nox about a series."""
    info = get_ansible_core_info(parse_ansible_core_version(name))
    numbers = [python.minor for python in info.controller_python_versions]
    return Core(min(numbers), max(numbers), max(python.minor for python in info.remote_python_versions))


# A series is added when it is final, and removed when meta/runtime.yml drops it.
CORES: Final = {name: facts_of(name) for name in ("2.17", "2.18", "2.19", "2.20", "2.21")}


class Cell(NamedTuple):
    """One session; *python* is that of the unit tests, "" for the other kinds."""

    kind: str
    core: str
    python: str = ""

    @property
    def session(self) -> str:
        """The session of nox that runs it."""
        return f"{self.kind}-{self.core}" + (f"-py{self.python}" if self.python else "")

    @property
    def column(self) -> str:
        """Its column in the table of results."""
        return f"py{self.python}" if self.python else self.kind


class Outcome(NamedTuple):
    """The result of a cell, and its seconds (None if it did not run)."""

    state: str
    seconds: float | None = None

    def __str__(self) -> str:
        return self.state if self.seconds is None else f"{self.state} {self.seconds:.0f} s"


def minor(version: str) -> int:
    """The 12 of "3.12"."""
    return int(version.partition(".")[2])


def controller(core: str, there: Iterable[str]) -> str | None:
    """The newest Python of this machine that may run *core*."""
    fit = [python for python in there if CORES[core].oldest <= minor(python) <= CORES[core].newest]
    return max(fit, key=minor, default=None)


def is_whole(core: str, python: str, there: Iterable[str]) -> bool:
    """Whether all unit tests run: with the newest ansible-core, on the oldest Python of this machine."""
    oldest = min(minor(name) for name in there if minor(name) >= MIN_MODULE_PYTHON)
    return core == list(CORES)[-1] and minor(python) == oldest


def skipped_sanity_tests(core: str) -> tuple[str, ...]:
    """The sanity tests that do not run with *core*: slow ones, between the oldest and the newest ansible-core."""
    oldest, *dummy, newest = CORES
    return () if core in (oldest, newest) else SLOW_SANITY_TESTS


def is_left_out(core: str, python: str, there: Iterable[str]) -> bool:
    """Whether other cells stand for this one: a Python between the oldest and the newest, on such an ansible-core."""
    minors = [minor(name) for name in there if MIN_MODULE_PYTHON <= minor(name) <= CORES[core].newest_target]
    return skipped_sanity_tests(core) != () and min(minors) < minor(python) < max(minors)


def plan(
    there: Iterable[str], cores: Iterable[str], kinds: Iterable[str], *, whole: bool = False
) -> dict[Cell, Outcome | None]:
    """Every cell of the table; None for one that can run. Longest first, so that all jobs end at about the same time."""
    there = list(there)
    pythons = [
        f"3.{number}" for number in range(MIN_MODULE_PYTHON, max(core.newest_target for core in CORES.values()) + 1)
    ]
    cells: dict[Cell, Outcome | None] = {}
    for kind in (kind for kind in KINDS if kind in kinds):
        for core in reversed(list(cores)):
            for python in pythons if kind == "units" else [""]:
                outcome: Outcome | None = None
                if python and minor(python) > CORES[core].newest_target:
                    outcome = Outcome(UNSUPPORTED)
                elif controller(core, there) is None or (python and python not in there):
                    outcome = Outcome(NOT_THERE)
                elif python and not whole and is_left_out(core, python, there):
                    outcome = Outcome(LEFT_OUT)
                cells[Cell(kind, core, python)] = outcome
    return cells


def table(outcomes: Mapping[Cell, Outcome]) -> str:
    """The outcomes, a line for each ansible-core."""
    columns = list(dict.fromkeys(cell.column for cell in outcomes))
    rows = [["ansible-core", *columns]]
    for core in CORES:
        found = {cell.column: str(outcome) for cell, outcome in outcomes.items() if cell.core == core}
        if found:
            rows.append([core, *(found[column] for column in columns)])
    widths = [max(map(len, texts)) for texts in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def summary(outcomes: Mapping[Cell, Outcome], there: Iterable[str]) -> tuple[str, int]:
    """The summary, and the exit code."""
    states = [outcome.state for outcome in outcomes.values()]
    notes = {
        NOT_THERE: f"skipped, because this machine has only the Pythons {', '.join(there)}.",
        UNSUPPORTED: "not supported by that ansible-core.",
        LEFT_OUT: "runs with --whole.",
    }
    lines = [table(outcomes), "", *(f'"{state}": {note}' for state, note in notes.items() if state in states)]
    lines += [f"failed: {cell.session}" for cell, outcome in outcomes.items() if outcome.state == FAILED]
    passed, failed, skipped = map(states.count, (PASSED, FAILED, NOT_THERE))
    if not passed and not failed:
        lines.append("Nothing ran.")
    lines.append(f"{passed} passed, {failed} failed, {skipped} skipped")
    return "\n".join(lines), int(failed > 0 or passed == 0)


def read_report(report: Path) -> dict[str, Outcome]:
    """Session -> outcome, from what nox wrote; a session that did not finish has failed."""
    if not report.is_file():
        return {}
    return {
        session["name"]: Outcome(PASSED if session["result"] == "success" else FAILED, session.get("duration"))
        for session in json.loads(report.read_text("utf-8"))["sessions"]
    }


def main(arguments: list[str]) -> int:
    """Plan, run and print the results; returns the exit code."""
    parser = argparse.ArgumentParser(description="Tests every supported ansible-core with every Python.")
    parser.add_argument("--core", action="append", choices=CORES, help="only this one (may be repeated)")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this (may be repeated)")
    parser.add_argument("--whole", action="store_true", help="all cells, and all unit tests in each")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 4), help="sessions at a time")
    wanted = parser.parse_args(arguments)

    started = time.monotonic()
    there = list(interpreters())
    cores = [core for core in CORES if core in (wanted.core or CORES)]
    cells = plan(there, cores, wanted.kind or KINDS, whole=wanted.whole)
    sessions = [cell.session for cell, outcome in cells.items() if outcome is None]
    found: dict[str, Outcome] = {}
    if sessions:
        with tempfile.TemporaryDirectory(prefix="datagate-matrix-") as folder:
            report = Path(folder, "report.json")
            command = [sys.executable, "-m", "nox", "--report", str(report), "--parallel", str(wanted.jobs)]
            command += ["--sessions", *sessions, *(["--", "--whole"] if wanted.whole else [])]
            subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
            found = read_report(report)
    outcomes = {cell: outcome or found.get(cell.session, Outcome(FAILED)) for cell, outcome in cells.items()}
    text, code = summary(outcomes, there)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = used.ru_utime + used.ru_stime
    print(f"\nmatrix: {time.monotonic() - started:.0f} s, {busy:.0f} s of processor time\n\n{text}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
