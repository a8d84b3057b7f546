# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each recording in tests/recordings is a test: replayed gates end with the recorded verdict. The examples of the emulator can be recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.emulator import ScenarioError, read_recording
from tests.recordings import gates
from tests.recordings.gates import EXAMPLES, FOLDER, Example

FILES = sorted(FOLDER.glob("*.jsonl"))


def check(path: Path) -> int:
    """Replay the gates of a recording that can be repeated; returns how many."""
    recording = read_recording(path)
    again = [gate for gate in recording.gates if gate.record["is_replayable"]]
    for gate in again:
        assert gates.summary(gates.replay(recording, gate)) == gates.summary(gate.record)
    return len(again)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_each_example_is_among_the_recordings(example: Example) -> None:
    recording = read_recording(FOLDER / f"{example.name}.jsonl")
    assert [gate.record["verdict"] for gate in recording.gates] == [example.verdict]
    assert check(FOLDER / f"{example.name}.jsonl") == 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_recorded_gate_ends_with_the_same_verdict(path: Path) -> None:
    """A recording without a gate, such as that of a module that lists jobs, must only be readable."""
    recording = read_recording(path)
    assert recording.exchanges
    assert recording.project_id
    check(path)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_can_be_recorded_and_replayed(example: Example, tmp_path: Path) -> None:
    path = tmp_path / "recording.jsonl"
    result = gates.record(example, path)
    assert result["verdict"] == example.verdict
    assert path.stat().st_mode & 0o777 == 0o600
    assert check(path) == 1
    recorded = read_recording(path).gates[0].record
    assert (recorded["verdict"], len(recorded["history"])) == (result["verdict"], len(result["history"]))
    text = path.read_text("utf-8")
    names = {name for item in result["history"] for name in (item["job"], item["node"]) if name}
    assert not [name for name in names if f'"{name}"' in text]


def test_name_contains_that_was_added_later_cannot_be_replayed(tmp_path: Path) -> None:
    path = tmp_path / "recording.jsonl"
    gates.record(EXAMPLES[0], path)
    options = {**EXAMPLES[0].options, "name_contains": "_sms"}
    del options["job_names"]
    gates.record(EXAMPLES[0]._replace(options=options), path)
    assert [gate.record["is_replayable"] for gate in read_recording(path).gates] == [True, False]


def test_a_slice_cannot_be_replayed(tmp_path: Path) -> None:
    path = tmp_path / "recording.jsonl"
    options = {**EXAMPLES[0].options, "slice_timeout": 1}
    assert gates.record(EXAMPLES[0]._replace(options=options), path)["verdict"] == "PENDING"
    assert check(path) == 0


def test_second_run_gets_the_same_names(tmp_path: Path) -> None:
    path = tmp_path / "recording.jsonl"
    for dummy in range(2):
        gates.record(EXAMPLES[1], path)
    first, second = read_recording(path).gates
    assert (first.run, second.run) == (1, 2)
    assert gates.summary(first.record) == gates.summary(second.record)
    assert first.at <= second.at
    assert check(path) == 2


def test_truncated_recording_is_read_to_its_last_complete_line(tmp_path: Path) -> None:
    whole = (FOLDER / "demo_deployment.jsonl").read_bytes()
    path = tmp_path / "cut.jsonl"
    path.write_bytes(whole[: whole.rindex(b'"path"')])
    assert len(read_recording(path).exchanges) == len(read_recording(FOLDER / "demo_deployment.jsonl").exchanges) - 1


def test_guide_shows_the_output_of_the_emulator() -> None:
    guide = (FOLDER.parents[1] / "docs" / "guides" / "report_a_problem.md").read_text("utf-8")
    recording = read_recording(FOLDER / "demo_broken_node.jsonl")
    for line in recording.questions():
        assert f"\n  {line.replace(str(recording.project_id), 'PROJECT_ID')}\n" in guide


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not a recording"),
        ("plugin: x\n", "is not a recording"),
        (json.dumps({"format": "datagate.huaweicloud recording", "version": 99}), "is not a recording of this version"),
        (
            json.dumps({"format": "datagate.huaweicloud recording", "version": 1}) + '\n{"path": 1}',
            "a line lacks something",
        ),
    ],
)
def test_invalid_recording_is_rejected(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(ScenarioError, match=problem):
        read_recording(path)
