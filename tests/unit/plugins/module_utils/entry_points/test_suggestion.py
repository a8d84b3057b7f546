# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Suggestions for misspelt names."""

from __future__ import annotations

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._suggestion import did_you_mean

KNOWN = {"statuses", "tags", "job_type", "name_contains"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("statsus", "; did you mean `statuses`?"),
        ("status", "; did you mean `statuses`?"),
        ("Job-Type", "; did you mean `job_type`?"),
        ("tag", "; did you mean `tags`?"),
        ("xyz", ""),
        (7, ""),
        (None, ""),
        ("s" * 100_000, ""),
    ],
)
def test_the_most_similar_name_is_suggested(name: object, text: str) -> None:
    assert did_you_mean(name, KNOWN) == text
