# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a temporary key is renewed."""

from __future__ import annotations

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.authentication.key_lifetime import KeyLifetime


@pytest.mark.parametrize(
    ("seconds", "due", "pause"),
    [(86400.0, 86100.0, 60.0), (3600.0, 3300.0, 60.0), (900.0, 675.0, 45.0), (8.0, 6.0, 0.4)],
)
def test_a_key_is_renewed_some_minutes_before_it_expires(seconds: float, due: float, pause: float) -> None:
    life = KeyLifetime()
    life.begin(1000.0, seconds)
    assert not life.is_due(1000.0 + due - 0.01)
    assert life.is_due(1000.0 + due)
    assert life.begin_renewal(1000.0 + due) == pytest.approx(1000.0 + due + pause)
    assert not life.is_due(1000.0 + due + pause - 0.01)
    assert life.is_due(1000.0 + due + pause)
    assert not life.is_over(1000.0 + seconds - 0.01)
    assert life.is_over(1000.0 + seconds)


def test_renewal_deadline_is_the_expiry_of_the_key() -> None:
    life = KeyLifetime()
    life.begin(0.0, 900.0)
    assert life.begin_renewal(890.0) == 900.0


def test_key_without_an_expiry_is_not_renewed() -> None:
    life = KeyLifetime()
    life.begin(0.0, 900.0)
    life.begin(100.0, None)
    assert not life.is_due(1e9)
    assert not life.is_over(1e9)
