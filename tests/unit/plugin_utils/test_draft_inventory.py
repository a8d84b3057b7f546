# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The draft of an inventory, and how it is copied into the real one."""

from __future__ import annotations

from ansible.inventory.data import InventoryData

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.draft_inventory import (
    add_host,
    copy_into,
    draft_of,
    loop_between,
)


def real() -> InventoryData:
    inventory = InventoryData()
    inventory.current_source = "/a/jobs"
    for group in ("child", "parent"):
        inventory.add_group(group)
    inventory.add_child("parent", "child")
    inventory.add_host("known", "child")
    inventory.set_variable("known", "colour", "red")
    return inventory


def test_copy_adds_groups_hosts_and_variables() -> None:
    inventory = real()
    draft = draft_of(inventory)
    for host in ("known", "new"):
        add_host(draft, inventory, host)
        draft.set_variable(host, "dataarts_name", host)
    draft.add_group("jobs")
    draft.add_group("all_jobs")
    draft.add_child("all_jobs", "jobs")
    draft.add_child("jobs", "known")
    draft.add_child("jobs", "new")
    assert draft.hosts["known"].vars["colour"] == "red"
    assert loop_between(draft, inventory) == []
    copy_into(draft, inventory)
    inventory.reconcile_inventory()
    assert [host.name for host in inventory.groups["all_jobs"].get_hosts()] == ["known", "new"]
    assert inventory.hosts["known"].vars["colour"] == "red"
    assert inventory.hosts["new"].vars["dataarts_name"] == "new"
    assert inventory.hosts["new"].vars["inventory_file"] == "/a/jobs"
    assert inventory.groups["ungrouped"].get_hosts() == []


def test_group_loop_is_rejected_before_copying() -> None:
    inventory = real()
    draft = draft_of(inventory)
    for group in ("child", "middle", "parent"):
        draft.add_group(group)
    draft.add_child("child", "middle")
    draft.add_child("middle", "parent")
    assert set(loop_between(draft, inventory)) == {"child", "middle", "parent"}
