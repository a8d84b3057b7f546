# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys that several modules return are documented from one table, and a module that differs is found."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import options  # noqa: E402  (tools is not a package)
from options import returned_keys  # noqa: E402

GATES = [name for name, own in returned_keys.table()["modules"].items() if "codes" in own]


def returned(name: str) -> Any:
    text = (ROOT / "plugins" / "modules" / f"{name}.py").read_text("utf-8")
    return yaml.safe_load(text.partition('RETURN = r"""')[2].partition('"""')[0])


@pytest.mark.parametrize("name", GATES)
def test_a_gate_documents_each_common_key_once(name: str) -> None:
    text = (ROOT / "plugins" / "modules" / f"{name}.py").read_text("utf-8").partition('RETURN = r"""')[2]
    groups = returned_keys.table()["groups"]
    for key in {**groups["gate"], **groups["errors"], **groups["log"]}:
        assert text.count(f"\n{key}:\n") == 1, key
    assert set(groups["job"]) <= set(returned(name)["jobs"]["contains"])


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("Duration of the gate in seconds.", "Duration in minutes.", "is not what is generated"),
        ("# -- end\n", "", "a marker is missing"),
        ("# -- written by `make options`: errors\n", "", "a marker is missing"),
    ],
)
def test_different_module_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, old: str, new: str, found: str
) -> None:
    place = options.Place(returned_keys.texts)
    for path in place.texts():
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(returned_keys, "MODULES", tmp_path)
    monkeypatch.setattr(options, "PLACES", (place,))
    assert options.problems() == []
    path = tmp_path / "dli_job_progress.py"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    assert [line for line in options.problems() if line.startswith("dli_job_progress.py") and found in line]
    if found != "a marker is missing":
        options.write()
        assert path.read_text("utf-8") == text


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("the $job is $state", "the batch is dead"),
        ("$count", 3),
        ({"sample": ["$job", {"x": "$nothing"}]}, {"sample": ["batch", {"x": None}]}),
        (True, True),
    ],
)
def test_placeholders_are_replaced(value: Any, wanted: Any) -> None:
    known = {"job": "batch", "state": "dead", "count": 3, "nothing": None}
    assert returned_keys.filled(value, known) == wanted


def test_unknown_placeholder_is_an_error() -> None:
    with pytest.raises(KeyError):
        returned_keys.filled("the $jbo", {"job": "batch"})


def test_each_placeholder_of_a_module_is_used() -> None:
    known = set(returned_keys.WORD.findall(returned_keys.TABLE.read_text("utf-8")))
    table = returned_keys.table()
    for name, own in {**table["modules"], "words": table["words"]}.items():
        assert set(own) - {"codes"} <= known, name
