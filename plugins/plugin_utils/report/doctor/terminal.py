# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The result of connection_info as a table for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ..jobs.terminal import columns, fill
from .data import Examination

WIDTH = 74  # what callbacks that write YAML leave of 80 columns before they fold a line
ARROW = "-> "


def lines(examination: Examination) -> list[str]:
    """A row for each check, below it what to do, and then the findings. Lines fit into WIDTH columns unless a word is too long."""
    rows = [("RESULT", "CHECK", "WHAT WAS FOUND")]
    rows += [(check.result, check.name, check.detail) for check in examination.checks]
    advice = ["", *(check.advice for check in examination.checks)]
    first, second = _width(row[0] for row in rows), _width(row[1] for row in rows)
    found: list[str] = []
    for (result, name, detail), what in zip(rows, advice, strict=True):
        head = f"{fill(result, first)}  {fill(name, second)}  "
        found += _wrapped(head, detail)
        found += _wrapped(f"{' ' * columns(head)}{ARROW}", what) if what else []
    if examination.findings:
        width = _width(["FINDING", *(finding.name for finding in examination.findings)])
        found += ["", f"{fill('FINDING', width)}  VALUE"]
        for finding in examination.findings:
            found += _wrapped(f"{fill(finding.name, width)}  ", finding.value)
    return found


def _width(texts: Iterator[str] | list[str]) -> int:
    return max(columns(text) for text in texts)


def _wrapped(head: str, text: str) -> list[str]:
    """A cell with its prefix, on as many lines as it needs."""
    width = max(20, WIDTH - columns(head))
    parts = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"{head if not number else ' ' * columns(head)}{part}".rstrip() for number, part in enumerate(parts)]
