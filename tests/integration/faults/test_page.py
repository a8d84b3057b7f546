# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/reliability.md says what the suite has tested, and every row of the table has a test."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests import reliability

from .cases import SPECIAL_SECTIONS, cases

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


def test_reliability_page_is_up_to_date() -> None:
    command = [sys.executable, "-m", "tests.reliability", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_keys_are_unique() -> None:
    keys = [case.key for case in cases()]
    assert len(set(keys)) == len(keys)


def test_each_special_row_has_a_test() -> None:
    text = "".join(path.read_text("utf-8") for path in HERE.glob("test_*.py"))
    rows = [key for rows in SPECIAL_SECTIONS.values() for key in rows]
    assert [key for key in rows if not re.search(rf'"{key}"', text)] == []


def test_each_promise_names_a_test() -> None:
    for file, function in reliability.PROMISES.values():
        assert f"def {function}(" in (ROOT / file).read_text("utf-8"), (file, function)
    for title, file in reliability.TESTS.items():
        text = (HERE / file).read_text("utf-8")
        assert [key for key in SPECIAL_SECTIONS[title] if f'"{key}"' in text], (title, file)
