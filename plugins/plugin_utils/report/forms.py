# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms of a gate's report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import gate, gate_junit, gate_markdown, gate_page, json_text
from .about import About

FORMS: dict[str, Callable[[dict[str, Any], About], Any]] = {
    "json": lambda result, about: json_text.write(gate.check(result), about),
    "xml": lambda result, about: gate_junit.write(gate.read(result, about)),
    "md": lambda result, about: gate_markdown.write(gate.read(result, about)),
    "html": lambda result, about: gate_page.write(gate.read(result, about)),
}
