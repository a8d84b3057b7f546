# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Long slices print a line at least once a minute, and none after the end of the gate. Options with two names."""

from __future__ import annotations

import queue
import signal
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import gate_action, live, progress

SOON = 30.0  # seconds that a test waits for an immediate event
SILENCE = "0:00 of 10:00: still waiting for the service to answer; at 0:00: 1 STARTING"
MODULE = "datagate.huaweicloud.dataarts_job_status"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> queue.SimpleQueue[str]:
    """The shown lines, with minutes shortened to a hundredth of a second."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    monkeypatch.setattr(progress, "MINUTE", 0.01)
    monkeypatch.setattr(live, "show", lines.put)
    return lines


class Silent(gate_action.GateAction):
    """A gate on another host whose second slice lasts until enough lines were shown."""

    def __init__(self, shown: queue.SimpleQueue[str]) -> None:
        # Ansible's own constructor needs a complete play.
        self._task: Any = SimpleNamespace(args={}, run_once=False, check_mode=False, no_log=False, async_val=0)
        self.shown = shown
        self.meanwhile: list[str] = []
        self.runs = 0

    def _is_local(self, variables: dict[str, Any]) -> bool:
        return False

    def _module(
        self, module: str, arguments: dict[str, Any], variables: dict[str, Any], wrap_async: bool = False
    ) -> dict[str, Any]:
        self.runs += 1
        if self.runs == 1:
            return {"resume": "more", "elapsed": 0.0, "by_status": {"STARTING": 1}}
        while self.meanwhile.count(SILENCE) < 2:
            self.meanwhile.append(self.shown.get(timeout=SOON))
        if "tags" in arguments:
            raise RuntimeError("broken")
        history = [{"at": 61.0, "job": "a", "node": None, "previous": "STARTING", "status": "EXCEPTION"}]
        return {"verdict": "FAIL", "history": history}


def test_heartbeat_thread_blocks_signals() -> None:
    seen: queue.SimpleQueue[set[int]] = queue.SimpleQueue()
    with live.Heartbeat(lambda: 0.0, lambda: seen.put(set(signal.pthread_sigmask(signal.SIG_BLOCK, [])))):
        assert seen.get(timeout=SOON) >= {signal.SIGINT, signal.SIGTERM, signal.SIGALRM}


def beating() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == live.Heartbeat.NAME]


def test_silent_service_is_reported_every_minute_and_the_deciding_change_is_shown(
    shown: queue.SimpleQueue[str],
) -> None:
    action = Silent(shown)
    assert action._gate(MODULE, {"job_names": "a", "wait": True}, {})["verdict"] == "FAIL"
    assert action.meanwhile.index("0:00 of 10:00: 1 STARTING") < action.meanwhile.index(SILENCE)
    rest = []
    while not shown.empty():
        rest.append(shown.get())
    assert rest[-1] == "1:01 of 10:00: a: STARTING -> EXCEPTION"
    assert not beating()


def test_exception_in_a_slice_stops_the_heartbeat(shown: queue.SimpleQueue[str]) -> None:
    action = Silent(shown)
    with pytest.raises(RuntimeError, match="broken"):
        action._gate(MODULE, {"tags": "a", "wait": True}, {})
    assert not beating()


@pytest.mark.parametrize(
    ("callback", "on_stderr"),
    [("default", False), ("json", True), ("ansible.posix.json", True), ("ansible.posix.jsonl", True), ("yaml", False)],
)
def test_lines_are_written_to_stderr_with_a_machine_readable_callback(
    monkeypatch: pytest.MonkeyPatch, callback: str, on_stderr: bool
) -> None:
    calls: list[tuple[str, bool]] = []
    display = SimpleNamespace(display=lambda text, stderr: calls.append((text, stderr)))
    monkeypatch.setattr(live, "Display", lambda: display)
    monkeypatch.setattr(live.constants, "DEFAULT_STDOUT_CALLBACK", callback)
    live.show("a\x9bb")
    assert calls == [("a\N{REPLACEMENT CHARACTER}b", on_stderr)]


# -- options with two names -------------------------------------------------------------------------------------------

NAMES = {"names": {"type": "list", "aliases": ["name", "called"]}, "other": {"type": "str"}}


@pytest.mark.parametrize(
    ("arguments", "first", "second"),
    [
        ({"names": ["a"], "name": "b"}, "names", "name"),
        ({"name": "b", "names": ["a"]}, "names", "name"),
        ({"called": "c", "name": "b"}, "name", "called"),
        ({"names": "", "called": "c", "name": 0}, "name", "called"),
        ({"names": ["a"], "name": ["a"]}, "names", "name"),
    ],
)
def test_option_under_two_names_is_rejected(arguments: dict[str, Any], first: str, second: str) -> None:
    with pytest.raises(OptionError) as caught:
        gate_action.one_name_each(arguments, NAMES)
    assert str(caught.value).startswith(f"{second}: means the same as {first}; keep one of the two")
    assert caught.value.extras() == {"option": second}


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        ({"names": ["a"], "other": "b"}, {"names": ["a"], "other": "b"}),
        ({"name": "a"}, {"name": "a"}),
        ({"name": ""}, {"name": ""}),
        ({"names": ["a"], "name": None}, {"names": ["a"]}),
        ({"names": ["a"], "name": " ", "called": ["", None]}, {"names": ["a"]}),
        ({"names": [], "name": "a"}, {"name": "a"}),
        ({"names": "", "name": None}, {"names": ""}),
        ({"unknown": 1}, {"unknown": 1}),
    ],
)
def test_empty_alias_is_dropped(arguments: dict[str, Any], left: dict[str, Any]) -> None:
    before = dict(arguments)
    assert gate_action.one_name_each(arguments, NAMES) == left
    assert arguments == before
