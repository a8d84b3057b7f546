# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The result of connection_info, read into what each form of its report shows."""

from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.datagate.huaweicloud.plugins.module_utils._doctor.judgement import FAIL
from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable

from ..report_facts import About
from ..template_data import NAME, ReportError, mappings, sentence, text

# A failed check is visible without colours.
WORDS = {FAIL: "FAIL"}


class Check(NamedTuple):
    """One check; *advice* is empty where there is nothing to do."""

    name: str
    result: str
    detail: str
    advice: str


class Finding(NamedTuple):
    """One finding."""

    name: str
    value: str
    detail: str


class Examination(NamedTuple):
    """The whole result."""

    about: About
    verdict: str
    checks: list[Check]
    findings: list[Finding]


def read(result: dict[str, Any], about: About) -> Examination:
    """Read the result of connection_info.

    :param result: plain data.
    :raises ReportError: it is not such a result.
    """
    check(result)
    return Examination(
        about,
        sentence(result.get("msg") or ""),
        [
            Check(_name(item), _word(item.get("result")), _line(item, "detail"), _line(item, "advice"))
            for item in mappings(result["checks"])
        ],
        [
            Finding(_name(item), _line(item, "value"), _line(item, "detail"))
            for item in mappings(result.get("findings"))
        ],
    )


def check(result: dict[str, Any]) -> dict[str, Any]:
    """The result itself, if it is one of connection_info.

    :raises ReportError: it is not.
    """
    if not isinstance(result.get("checks"), list):
        message = text(result.get("msg"))
        problem = f": {printable(message, 300)}" if message else ""
        raise ReportError(f"what is to be reported is no result of connection_info: it has no key checks{problem}")
    return result


def _name(item: dict[str, Any]) -> str:
    return printable(text(item.get("name")) or "", NAME)


def _word(result: Any) -> str:
    word = printable(text(result) or "", NAME)
    return WORDS.get(word, word)


def _line(item: dict[str, Any], key: str) -> str:
    return sentence(text(item.get(key)) or "")
