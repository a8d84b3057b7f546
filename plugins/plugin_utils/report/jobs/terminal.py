# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A list of jobs as lines for a terminal."""

from __future__ import annotations

import unicodedata

from .data import Listing

WIDTH = 100
_MIN_NAME_WIDTH = 20


def lines(listing: Listing) -> list[str]:
    """Counts by state, then a line for each job, in columns. Lines fit into WIDTH columns unless a word is too long."""
    state_width = max(
        [11, *(columns(state.name) for state in listing.states), *(columns(job.status) for job in listing.jobs)]
    )
    type_width = max([0, *(columns(job.type) for job in listing.jobs)])
    found = [f"{fill(state.name, state_width)}  {state.jobs}" for state in listing.states]
    found.append(f"{fill('shown', state_width)}  {len(listing.jobs)} of {listing.total}")
    notes = [job.run_failed for job in listing.jobs]
    available = max(
        _MIN_NAME_WIDTH, WIDTH - state_width - type_width - 4 - (2 + len("last run: running-exception")) * any(notes)
    )
    name_width = min(available, max([0, *(columns(job.name) for job in listing.jobs)]))
    for job in listing.jobs:
        note = f"last run: {job.run}" if job.run_failed else ""
        name = fill(job.name, name_width) if note else job.name
        found.append(f"{fill(job.status, state_width)}  {fill(job.type, type_width)}  {name}  {note}".rstrip())
    return found


def columns(text: str) -> int:
    """How many columns of a terminal *text* takes: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def fill(text: str, width: int) -> str:
    """*text* with spaces up to *width* columns."""
    return text + " " * (width - columns(text))
