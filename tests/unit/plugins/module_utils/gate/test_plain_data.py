# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dataclasses as plain data and back."""

# The annotations are evaluated, on Python 3.9 as well.
# ruff: noqa: UP006, UP035, UP045

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Tuple

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import TRANSIENT, RequestError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import plain_data


class Step(NamedTuple):
    number: int
    label: Optional[str]


@dataclass
class Inner:
    seen_at: float = 0.0
    names: List[str] = field(default_factory=list)


@dataclass
class Outer:
    inner: Inner = field(default_factory=Inner)
    made_at: Optional[float] = None
    pairs: Dict[Tuple[str, Optional[str]], int] = field(default_factory=dict)
    steps: Deque[Step] = field(default_factory=deque)
    failures: List[Tuple[Optional[str], str]] = field(default_factory=list)
    error: Optional[RequestError] = None
    anything: Any = None
    here: int = field(default=0, metadata=plain_data.NOT_KEPT)


FULL = Outer(
    Inner(7.5, ["a"]), 3.0, {("a", None): 1}, deque([Step(1, None)]), [(None, "x")], None, [1, {"b": None}], here=5
)


def there_and_back(state: Any) -> Any:
    return type(state)(**plain_data.load(type(state), json.loads(json.dumps(plain_data.dump(state)))))


def test_round_trip_keeps_all_persistent_fields() -> None:
    FULL.here = 0
    assert there_and_back(FULL) == FULL
    FULL.here = 5
    assert there_and_back(FULL).here == 0
    found = there_and_back(FULL)
    assert (type(found.steps), type(found.steps[0]), type(found.failures[0])) == (deque, Step, tuple)


def test_round_trip_keeps_an_error() -> None:
    found = there_and_back(Outer(error=RequestError(TRANSIENT, "busy", status=503)))
    assert (found.error.kind, found.error.status) == (TRANSIENT, 503)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("inner", None),
        ("inner", {"seen_at": 1.0}),
        ("inner", {"seen_at": True, "names": []}),
        ("made_at", "3"),
        ("pairs", [["a", None]]),
        ("pairs", [[["a"], 1]]),
        ("steps", [[1, 2]]),
        ("failures", [[None, None]]),
        ("error", "busy"),
        ("here", 1),
    ],
)
def test_invalid_data_is_rejected(key: str, value: Any) -> None:
    data = {**json.loads(json.dumps(plain_data.dump(FULL))), key: value}
    with pytest.raises(ValueError):
        plain_data.load(Outer, data)


def test_latest_time_includes_nested_dataclasses() -> None:
    assert plain_data.latest_time(FULL) == 7.5
    assert plain_data.latest_time(Outer(made_at=9.0)) == 9.0


@pytest.mark.parametrize("hint", [bytes, List[Inner], Dict[str, Inner], Tuple[Inner, int]])
def test_unsupported_annotations_are_rejected(hint: Any) -> None:
    with pytest.raises(NotImplementedError):
        plain_data.tests({"x": hint})
