# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes docs/reliability.md from the table that the fault suite runs (tests/integration/faults/cases.py).

python tools/reliability.py            write it
python tools/reliability.py --check    exit with 1 where it is not up to date

The table is Python that the tests run, so neither Sphinx nor MyST can read it; and the page is to be read in the repository, too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"

if TYPE_CHECKING:
    from tests.integration.faults.cases import Case, Special

HEAD = """\
<!--
Copyright (c) datagate contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

<!-- Made by tools/reliability.py from tests/integration/faults/cases.py. -->

# Reliability: how a gate handles faults

A gate never passes for jobs that it could not read, and it always ends in time. The age of a reading counts from sending its request,
and a reading that is too old is repeated. The service does not report states between two readings of a job.

Each row below is tested with real sockets, for each of the listed calls: the project look-up, the token, the job list, the job status,
and DLI's progress and status. The fault occurs when the jobs are ready and the gate is about to pass; for the job status also in the
first observation and during the wait.

- A fault *once* affects one request, a *lasting* fault affects all later requests.
- The verdicts are those of a waiting gate whose jobs become ready, with default options unless the row says otherwise.
- `ERROR` and `TIMEOUT` never hide a failure: if a failing job was read, the verdict is `FAIL` within two seconds, even if other
  requests are pending.
- Only a complete, final response for the requested job counts. A job counts as missing only with HTTP 400 and 404.
- In all cases the gate ends no later than `wait_timeout` plus one `request_timeout`, its message is one line without a traceback, its
  result contains no secret, and a module uses less than 150 MB of memory.
"""
CODES = "Reason codes and verdicts are explained in `ansible-doc datagate.huaweicloud.dataarts_job_status`.\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    lines += [f"| {' | '.join(_cell(item) for item in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _case(case: Case, everywhere: tuple[str, ...]) -> tuple[str, ...]:
    from tests.integration.faults.cases import PLACES

    calls = "all" if case.calls == everywhere else ", ".join(PLACES[call].title for call in case.calls)
    return (case.fault, case.duration, calls, case.happens, case.verdict, f"`{case.reason}`" if case.reason else "")


def _special(row: Special) -> tuple[str, ...]:
    return (row.fault, row.happens, row.verdict, f"`{row.reason}`" if row.reason else "")


def page() -> str:
    """The text of the page."""
    from tests.integration.faults import cases as table

    parts = [HEAD]
    for title, section in table.SECTIONS.items():
        rows = dict.fromkeys(_case(case, table.ALL) for case in section())
        parts += [f"## {title}\n", _table(("fault", "", "calls", "what happens", "verdict", "reason"), rows)]
    for title, specials in table.SPECIAL_SECTIONS.items():
        shown = [_special(row) for row in specials.values()]
        parts += [f"## {title}\n", _table(("fault", "what happens", "verdict", "reason"), shown)]
    parts.append(CODES)
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is up to date."""
    for folder in (ROOT / ".venv" / "collections", ROOT):
        sys.path.insert(0, str(folder))
    text = page()
    if "--check" in arguments:
        good = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print("up to date" if good else f"{PAGE.relative_to(ROOT)} is not up to date: python tools/reliability.py")
        return 0 if good else 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
