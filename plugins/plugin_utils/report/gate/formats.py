# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The formats of a gate's report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import json_text
from ..report_facts import About
from . import data, junit, markdown_summary, page

FORMS: dict[str, Callable[[dict[str, Any], About], Any]] = {
    "json": lambda result, about: json_text.write(data.check(result), about),
    "xml": lambda result, about: junit.write(data.read(result, about)),
    "md": lambda result, about: markdown_summary.write(data.read(result, about)),
    "html": lambda result, about: page.write(data.read(result, about)),
}
