# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as people give them: with blanks around them, and in quotes."""

from __future__ import annotations

from typing import Any, Optional

QUOTES = "\"'"


def unquoted(value: Any) -> Optional[str]:
    """Text without blanks and without a pair of quotes around it; None for nothing.

    Environment files for containers keep the quotes that a shell would take off, and people quote values in INI files.
    """
    text = "" if value is None else str(value).strip()
    while len(text) > 1 and text[0] in QUOTES and text[0] == text[-1]:
        text = text[1:-1].strip()
    return text or None


def is_half_quoted(value: str) -> bool:
    """Whether a quotation mark stands at one end of a value only."""
    return len(value) > 1 and (value[0] in QUOTES) != (value[-1] in QUOTES)
