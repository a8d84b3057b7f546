# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A list of jobs as a summary for a ticket."""

from __future__ import annotations

from ..markdown import code, document, prose, table
from .data import Job, Listing

MAX_JOBS = 200


def write(listing: Listing) -> str:
    """The file's text."""
    shown = listing.jobs[:MAX_JOBS]
    more = len(listing.jobs) - len(shown)
    facts = [[prose(label), code(value)] for label, value in listing.about.facts]
    if listing.about.finished:
        facts.append(["Read", listing.about.finished])
    return document(
        [
            [f"## {prose(listing.about.title)}: {listing.headline}"],
            table(["Fact", "Value"], facts) if facts else [],
            table(["State", "Jobs"], [[code(state.name), str(state.jobs)] for state in listing.states])
            if listing.states
            else [],
            table(["State", "Type", "Job", "Changed by", "Changed (UTC)", "Last run"], map(_row, shown))
            if shown
            else [],
            [f"and {more} more"] if more else [],
        ]
    )


def _row(job: Job) -> list[str]:
    run = code(job.run)
    if job.run_failed:
        run = f"**{run}**"
    return [code(job.status), code(job.type), code(job.name), code(job.changed_by), code(job.changed), run]
