# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests do not wait: one that takes a minute hangs. They run under ansible-test as well."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ANSIBLE_TEST = "ansible_pytest_collections"
"""The plugin that pytest has when ansible-test runs it."""


def pytest_configure(config: pytest.Config) -> None:
    """ansible-test reads no pyproject.toml."""
    if config.pluginmanager.hasplugin(ANSIBLE_TEST):
        config.addinivalue_line("markers", "slow: takes long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each unit test its limit, unless it has one of its own; ansible-test gets none of the slow ones."""
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    for item in ours:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(240))
    if config.pluginmanager.hasplugin(ANSIBLE_TEST):
        slow = [item for item in ours if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
