# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/reliability.md from the table that the fault suite runs (tests/integration/faults/cases.py).

python -m tests.reliability            write it
python -m tests.reliability --check    exit with 1 if it is not up to date
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.integration.faults import cases as table
from tests.integration.faults.cases import Case, Special

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"

HEAD = """\
<!--
Copyright (c) datagate contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

<!-- Made by tests/reliability.py from tests/integration/faults/cases.py. -->

# Reliability: how a gate handles faults

A gate never passes on jobs that it could not read, and it always ends in time. This page lists each fault that is tested, what the gate
does about it, and how the gate ends.
"""
PROMISES: dict[str, tuple[str, str]] = {
    "A PASS rests on complete, final answers about the jobs that were asked for, in which all jobs are ready together": (
        "tests/unit/simulation/test_random_gates.py",
        "test_selection_keeps_every_promise",
    ),
    "Once a call has shown a failing job, the verdict is FAIL within two seconds, whatever other requests are pending": (
        "tests/unit/simulation/test_random_gates.py",
        "test_named_jobs_keep_every_promise",
    ),
    "Only HTTP 400 and 404 say that a job does not exist": (
        "tests/unit/plugins/module_utils/cloud/test_errors.py",
        "test_codes_count_only_with_a_matching_status",
    ),
    "The gate ends no later than `wait_timeout` plus one `request_timeout`": (
        "tests/integration/faults/test_deadline.py",
        "test_gate_ends_at_the_deadline",
    ),
    "The message is one line without a traceback": (
        "tests/integration/faults/test_cases.py",
        "test_fault_ends_as_the_table_says",
    ),
    "No output contains a secret": (
        "tests/integration/faults/test_secrets.py",
        "test_secrets_in_options_are_not_shown",
    ),
    "A module uses less than 150 MB of memory, whatever it is sent": (
        "tests/integration/faults/test_modules_alone.py",
        "test_large_answers_use_limited_memory",
    ),
}
"""What holds in all cases, each with the file and the function of its test."""
TABLES = """\
## How to read the tables

The test of each section is named below its title. It uses real sockets. In the first tables, each fault occurs in each of the listed
calls: the project look-up, the token, the job list, the job status, and DLI's progress and status. It occurs when the jobs are ready
and the gate is about to pass; for the job status also in the first observation and during the wait.

A fault *once* affects one request, a *lasting* fault affects all later requests. The verdicts are those of a waiting gate whose jobs
become ready, with default options unless the row says otherwise.
"""
TESTS = {
    "Credentials": "test_credentials.py",
    "Network and TLS": "test_network.py",
    "Jobs that change": "test_changes.py",
    "The deadline": "test_deadline.py",
}
"""The test file of each section of special cases, in tests/integration/faults."""
CODES = "[What a verdict means](guides/verdicts.md) explains verdicts and reason codes.\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    lines += [f"| {' | '.join(_cell(item) for item in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _behaviour(case: Case, everywhere: tuple[str, ...]) -> tuple[str, ...]:
    calls = "all" if case.calls == everywhere else ", ".join(table.PLACES[call].title for call in case.calls)
    return (case.duration, calls, case.happens, case.verdict, f"`{case.reason}`" if case.reason else "")


def _grouped(cases: Iterable[Case], everywhere: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """Rows of the cases. Faults with the same effects share their rows."""
    effects: dict[str, dict[tuple[str, ...], None]] = {}
    for case in cases:
        effects.setdefault(case.fault, {})[_behaviour(case, everywhere)] = None
    faults: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for fault, behaviours in effects.items():
        faults.setdefault(tuple(behaviours), []).append(fault)
    for behaviours_of_group, names in faults.items():
        for number, behaviour in enumerate(behaviours_of_group):
            yield ("; ".join(names) if number == 0 else "the same", *behaviour)


def _special(row: Special) -> tuple[str, ...]:
    return (row.fault, row.happens, row.verdict, f"`{row.reason}`" if row.reason else "")


def _tested(file: str, function: str = "") -> str:
    return f"`{function}` in `{file}`" if function else f"`{file}`"


def page() -> str:
    """The text of the page."""
    promises = [(claim, _tested(*test)) for claim, test in PROMISES.items()]
    parts = [HEAD, "## In all cases\n", _table(("claim", "test"), promises), TABLES]
    folder = "tests/integration/faults"
    for title, section in table.SECTIONS.items():
        rows = _grouped(section(), table.ALL)
        parts += [
            f"## {title}\n",
            f"Tested by {_tested(f'{folder}/test_cases.py', 'test_fault_ends_as_the_table_says')}.\n",
        ]
        parts.append(_table(("fault", "", "calls", "what happens", "verdict", "reason"), rows))
    for title, specials in table.SPECIAL_SECTIONS.items():
        shown = [_special(row) for row in specials.values()]
        parts += [f"## {title}\n", f"Tested by {_tested(f'{folder}/{TESTS[title]}')}.\n"]
        parts.append(_table(("fault", "what happens", "verdict", "reason"), shown))
    parts.append(CODES)
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is up to date; returns the exit code."""
    text = page()
    if "--check" in arguments:
        good = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print("up to date" if good else f"{PAGE.relative_to(ROOT)} is not up to date: python -m tests.reliability")
        return 0 if good else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
