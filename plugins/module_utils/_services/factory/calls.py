# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""What all calls of DataArts Factory V1 have in common."""

from __future__ import annotations

from typing import Any, Iterable, Optional, Tuple

from ..._cloud.calls import Call


def factory_call(
    workspace: Optional[str],
    segments: Tuple[str, ...],
    query: Iterable[Tuple[str, str]] = (),
    key: Any = None,
    **order: Any,
) -> Call:
    """A call in a workspace.

    :param workspace: its ID, or None for the default one.
    :param segments: path below the project, decoded.
    :param order: ``method``, ``body`` and ``is_order`` of :class:`Call`, for calls that change something.
    """
    headers = {"workspace": workspace} if workspace else {}
    return Call("dataarts", ("v1", "{project_id}", *segments), query, headers, key, **order)
