# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The result of connection_info as a page for a ticket or a bug report."""

from __future__ import annotations

from ansible_collections.datagate.huaweicloud.plugins.module_utils._doctor.judgement import OK
from ansible_collections.datagate.huaweicloud.plugins.module_utils._version import VERSION

from ..markdown import NOTHING, code, document, prose, table
from .data import Check, Examination

PRIVATE = "The checks name parts of this account. The findings name none, so you can put them into a public report."


def write(examination: Examination) -> str:
    """The file's text."""
    facts = [["Collection", code(VERSION)]]
    facts += [[prose(label), code(value)] for label, value in examination.about.facts]
    if examination.about.finished:
        facts.append(["Read", examination.about.finished])
    return document(
        [
            [f"## {prose(examination.about.title)}"],
            [code(examination.verdict)],
            table(["Fact", "Value"], facts),
            table(["Result", "Check", "What was found", "What to do"], map(_row, examination.checks)),
            ["### Findings"],
            table(
                ["Finding", "Value", "Detail"],
                ([code(item.name), code(item.value), code(item.detail)] for item in examination.findings),
            ),
            [PRIVATE],
        ]
    )


def _row(check: Check) -> list[str]:
    result = check.result if check.result == OK else f"**{check.result}**"
    return [result, code(check.name), code(check.detail), code(check.advice) if check.advice else NOTHING]
