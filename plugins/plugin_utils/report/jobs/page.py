# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A list of jobs as a page."""

from __future__ import annotations

from .. import pages
from ..gate.page import shares
from .data import Listing


def write(listing: Listing) -> str:
    """The page's text."""
    return pages.render("jobs.html.j2", listing=listing, facts=listing.about.facts, shares=shares(listing.states))
