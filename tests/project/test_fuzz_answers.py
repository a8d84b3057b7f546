# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functions that atheris fuzzes, with real answers in which a few bytes are changed."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzz.answers import STATUSES, ask, meaning, one

DATA = Path(__file__).resolve().parent.parent / "data"
BODIES = [path.read_bytes() for path in sorted(DATA.glob("*.json")) if "signature" not in path.name]
READY = json.dumps({"name": "a", "status": "NORMAL", "nodes": []}).encode()
NO_CONTENT = bytes([0, STATUSES.index(204)]) + READY


@st.composite
def changed(draw: st.DrawFn) -> bytes:
    """A real answer with parts replaced, removed or duplicated."""
    body = draw(st.sampled_from([*BODIES, READY]))
    for _number in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 40)))
        body = body[:start] + draw(st.one_of(st.binary(max_size=8), st.just(body[start:end] * 2))) + body[end:]
    return draw(st.binary(min_size=2, max_size=2)) + body


@settings(max_examples=3 * settings().max_examples)
@example(NO_CONTENT)
@given(changed())
def test_changed_answers_raise_only_known_errors(data: bytes) -> None:
    one(data)


@settings(max_examples=2 * settings().max_examples)
@given(st.binary(max_size=200))
def test_changed_bytes_raise_only_known_errors(data: bytes) -> None:
    one(data)


@pytest.mark.parametrize("encoding", [b"\x00", bytes([201])])
def test_unchanged_answers_pass(encoding: bytes) -> None:
    data = encoding + b"\x00" + (READY if encoding == b"\x00" else gzip.compress(READY))
    assert meaning(data).gate == "names"
    assert ask(meaning(data))["verdict"] == "PASS"
    one(data)
