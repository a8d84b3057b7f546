# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A draft inventory that is filled first and then copied into the real one as a whole.

If a source fails, Ansible continues, but keeps what the source has already added. So a source fills a draft, which is copied to
the real inventory only when errors are no longer possible.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ansible.inventory.data import InventoryData


def draft_of(inventory: Any) -> InventoryData:
    """An empty draft for the current source of *inventory*."""
    draft = InventoryData()
    draft.current_source = inventory.current_source
    return draft


def add_host(draft: InventoryData, inventory: Any, host: str) -> None:
    """Add a host to the draft, with the variables of the same host in *inventory*, so that conditions can use them."""
    draft.add_host(host)
    known = inventory.hosts.get(host)
    for name, value in (known.vars if known else {}).items():
        draft.set_variable(host, name, value)


def _relations(data: Any) -> Iterator[tuple[str, str]]:
    """Parent and child of all groups within groups."""
    for name, group in data.groups.items():
        for child in group.child_groups:
            yield name, child.name


def loop_between(draft: InventoryData, inventory: Any) -> list[str]:
    """The groups of a loop that the draft's groups would form with the existing groups."""
    graph: dict[str, set[str]] = {}
    for data in (inventory, draft):
        for parent, child in _relations(data):
            graph.setdefault(parent, set()).add(child)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def copy_into(draft: InventoryData, inventory: Any) -> None:
    """Copy a draft that has no loop, and no host with the name of a group of the draft or of *inventory*."""
    for group in draft.groups:
        inventory.add_group(group)
    for parent, child in _relations(draft):
        inventory.add_child(parent, child)
    for host in draft.hosts.values():
        inventory.add_host(host.name)
        for name, value in host.vars.items():
            inventory.set_variable(host.name, name, value)
    for name, group in draft.groups.items():
        for host in group.hosts:
            inventory.add_child(name, host.name)
