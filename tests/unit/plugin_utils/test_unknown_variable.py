# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Misspelt variables of playbooks."""

from __future__ import annotations

import pytest

from ansible_collections.datagate.huaweicloud.plugins.filter.unknown_variable import FilterModule, unknown_variable

KNOWN = ["deploy_stable_for", "deploy_task_file", "deploy_timeout"]
MEANT = "is not a variable of this playbook; did you mean `deploy_stable_for`?"


@pytest.mark.parametrize(
    ("names", "expected", "only_similar"),
    [
        ([], "", ""),
        (KNOWN, "", ""),
        (["deploy_timeout", "deploy_stabel_for"], f"deploy_stabel_for: {MEANT}", f"deploy_stabel_for: {MEANT}"),
        (["deploy_stable"], f"deploy_stable: {MEANT}", f"deploy_stable: {MEANT}"),
        (
            ["user_name"],
            f"user_name: is not a variable of this playbook; the variables are {', '.join(KNOWN)}",
            "",
        ),
    ],
)
def test_first_unknown_variable_is_named(names: list[str], expected: str, only_similar: str) -> None:
    assert unknown_variable(names, KNOWN) == expected
    assert FilterModule().filters()["unknown_variable"](names, KNOWN, True) == only_similar
