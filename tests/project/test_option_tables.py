# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All places that list options agree, and a place that does not is found."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import options  # noqa: E402  (tools is not a package)
from options import awx, documentation, event_source, role  # noqa: E402

SPEC = {"a": {"type": "str"}, "b": {"type": "list", "elements": "str", "default": [1]}}


def test_option_tables_agree() -> None:
    assert options.problems() == []


@pytest.mark.parametrize(
    ("documented", "found"),
    [
        (SPEC, []),
        ({"a": SPEC["a"]}, ["x: b is missing"]),
        ({**SPEC, "c": {}}, ["x: c is not in the table"]),
        ({**SPEC, "a": {"type": "int"}}, ["x: type of a is 'int', and 'str' in the table"]),
        (
            {**SPEC, "b": {"type": "list", "elements": "str"}},
            ["x: default of b is None, and [1] in the table"],
        ),
    ],
    ids=["the same", "missing", "more", "type", "default"],
)
def test_differences_are_reported(documented: dict[str, Any], found: list[str]) -> None:
    assert list(documentation.differences("x", documented, SPEC)) == found


def changed(
    monkeypatch: pytest.MonkeyPatch, folder: Path, place: ModuleType, name: str, old: str, new: str
) -> list[str]:
    """The problems where a file reads *new* instead of *old*."""
    path: Path = getattr(place, name)
    text = path.read_text("utf-8")
    assert old in text
    copy = folder / path.name
    copy.write_text(text.replace(old, new, 1), "utf-8")
    monkeypatch.setattr(place, name, copy)
    return options.problems()


@pytest.mark.parametrize(
    ("place", "name", "old", "new", "word"),
    [
        (event_source, "SCHEMA", '"minimum": 0.1', '"minimum": 0.2', "make options"),
        (role, "ROLE", "job_gate_retries:", "job_gate_retires:", "retries is missing"),
        (role, "ROLE", "If not set, V(600).", "If not set, V(900).", "argument_specs.yml is not what is generated"),
        (
            event_source,
            "SOURCE",
            "type: float\n    default: 20",
            "type: int\n    default: 20",
            "type of requests_per_second is 'int'",
        ),
        (event_source, "SOURCE", "  retries:\n", "  retires:\n", "retries is not documented"),
        (
            event_source,
            "SOURCE",
            "If not set, HW_CLOUD is used.",
            "HW_CLOUD.",
            "dataarts_jobs.py is not what is generated",
        ),
    ],
)
def test_change_in_one_place_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: ModuleType, name: str, old: str, new: str, word: str
) -> None:
    found = changed(monkeypatch, tmp_path, place, name, old, new)
    assert any(word in line for line in found), found


def test_unprotected_secret_in_the_credential_type_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("credential_type_inputs.yml", "credential_type_injectors.yml"):
        (tmp_path / name).write_text((awx.AWX / name).read_text("utf-8"), "utf-8")
    data = yaml.safe_load((tmp_path / "credential_type_inputs.yml").read_text("utf-8"))
    for field in data["fields"]:
        field.pop("secret", None)
    (tmp_path / "credential_type_inputs.yml").write_text(json.dumps(data), "utf-8")
    monkeypatch.setattr(awx, "AWX", tmp_path)
    assert "credential_type_inputs.yml: secret_key is not secret, unlike the option" in options.problems()
