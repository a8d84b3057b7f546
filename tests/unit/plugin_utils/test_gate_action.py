# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A slice that lasts: there is a line at least once a minute, and none once the gate has ended. And options with two names."""

from __future__ import annotations

import queue
import signal
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud.errors import OptionError
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import gate_action, progress

SOON = 30.0  # seconds that a test waits for what is to come at once
SILENCE = "0:00 still waiting for the service to answer; at 0:00: 1 STARTING"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> queue.SimpleQueue[str]:
    """The lines, as they are shown, with minutes of a hundredth of a second."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    monkeypatch.setattr(progress, "MINUTE", 0.01)
    monkeypatch.setattr(gate_action, "Display", lambda: SimpleNamespace(display=lines.put))
    return lines


class Silent(gate_action.GateAction):
    """A gate whose second slice goes on until there have been lines enough."""

    def __init__(self, shown: queue.SimpleQueue[str]) -> None:
        # Ansible's own constructor wants a whole play.
        self._task: Any = SimpleNamespace(args={"wait": True}, run_once=False)
        self.shown = shown
        self.meanwhile: list[str] = []
        self.runs = 0

    def _run(self, arguments: dict[str, Any], variables: dict[str, Any], wrap_async: bool = False) -> dict[str, Any]:
        self.runs += 1
        if self.runs == 1:
            return {"resume": "more", "elapsed": 0.0, "by_status": {"STARTING": 1}}
        if self.runs == 2:
            while self.meanwhile.count(SILENCE) < 2:
                self.meanwhile.append(self.shown.get(timeout=SOON))
            raise_it = arguments.get("raises")
            if raise_it:
                raise RuntimeError(raise_it)
        return {"verdict": "PASS"}


def test_the_lines_come_from_a_thread_that_takes_no_signal() -> None:
    seen: queue.SimpleQueue[set[int]] = queue.SimpleQueue()
    with gate_action.Heartbeat(lambda: 0.0, lambda: seen.put(set(signal.pthread_sigmask(signal.SIG_BLOCK, [])))):
        assert seen.get(timeout=SOON) >= {signal.SIGINT, signal.SIGTERM, signal.SIGALRM}


def beating() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == gate_action.Heartbeat.NAME]


def test_a_silent_service_is_told_every_minute(shown: queue.SimpleQueue[str]) -> None:
    action = Silent(shown)
    assert action._slices({}) == {"verdict": "PASS"}
    assert action.meanwhile.index("0:00 1 STARTING") < action.meanwhile.index(SILENCE)
    assert not beating()


def test_a_slice_that_breaks_ends_the_lines_as_well(shown: queue.SimpleQueue[str]) -> None:
    action = Silent(shown)
    action._task.args["raises"] = "broken"
    with pytest.raises(RuntimeError, match="broken"):
        action._slices({})
    assert not beating()


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
def test_two_names_of_an_option_are_refused(arguments: dict[str, Any], first: str, second: str) -> None:
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
def test_a_name_that_holds_nothing_gives_way(arguments: dict[str, Any], left: dict[str, Any]) -> None:
    before = dict(arguments)
    assert gate_action.one_name_each(arguments, NAMES) == left
    assert arguments == before
