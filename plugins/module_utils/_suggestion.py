# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Suggestions for misspelt names."""

from __future__ import annotations

from typing import Any, Iterable

DEFAULT_SIMILARITY = 0.6  # from 0 to 1


def did_you_mean(name: Any, known: Iterable[str], similarity: float = DEFAULT_SIMILARITY) -> str:
    """Text to append to a message that *name* is unknown: the most similar of the *known* names, or empty text.

    :param similarity: the least similarity of a name, from 0 to 1.
    """
    from difflib import get_close_matches

    word = str(name).strip().lower().replace("-", "_")
    found = get_close_matches(word[:60], sorted(known), 1, similarity)
    return f"; did you mean `{found[0]}`?" if found else ""
