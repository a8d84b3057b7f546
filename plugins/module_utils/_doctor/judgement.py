# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The result of a check."""

from __future__ import annotations

from typing import NamedTuple

OK = "ok"
WARN = "warn"
FAIL = "fail"
SKIPPED = "skipped"


class Judgement(NamedTuple):
    """What a check has found.

    :ivar result: OK, WARN, FAIL or SKIPPED.
    :ivar detail: what was found, in one sentence.
    :ivar advice: what to do, in one sentence; empty where there is nothing to do.
    """

    result: str
    detail: str
    advice: str = ""


def ok(detail: str) -> Judgement:
    """All is well."""
    return Judgement(OK, detail)


def warn(detail: str, advice: str) -> Judgement:
    """A gate works, but something should be known."""
    return Judgement(WARN, detail, advice)


def fail(detail: str, advice: str) -> Judgement:
    """A gate cannot work."""
    return Judgement(FAIL, detail, advice)


def skipped(detail: str) -> Judgement:
    """It could not be checked, and why."""
    return Judgement(SKIPPED, detail)
