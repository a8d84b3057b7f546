# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source and the example rulebook in a real ansible-rulebook, which needs Java."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.emulator import SECRET_KEY, Emulator, running

from .playbook import connection, settings

ROOT = Path(__file__).resolve().parent.parent.parent
RULEBOOK = ROOT / "extensions" / "eda" / "rulebooks" / "job_exception.yml"
COMMAND = shutil.which("ansible-rulebook")
HOSTS = {
    "all": {
        "hosts": {
            "localhost": {
                "ansible_connection": "local",
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            }
        }
    }
}
SCENARIO: dict[str, Any] = {
    "jobs": [
        {"name": "job_good"},
        {"name": "job_sms", "nodes": [{"name": "GES", "log_path": "obs://logs/{{ 6 * 7 }}/GES.job"}]},
    ]
}

pytestmark = [
    pytest.mark.skipif(COMMAND is None, reason="ansible-rulebook is not installed"),
    pytest.mark.skipif(shutil.which("java") is None, reason="ansible-rulebook needs Java, and there is none"),
]


class Rulebook:
    """A running ansible-rulebook, and what it has printed so far."""

    def __init__(self, folder: Path, environment: dict[str, str], rulebook: str) -> None:
        (folder / "hosts.yml").write_text(yaml.safe_dump(HOSTS), "utf-8")
        variables = {"watched_jobs": ["job_good", "job_sms"], "on_exception": "datagate.huaweicloud.gate"}
        (folder / "vars.yml").write_text(yaml.safe_dump(variables), "utf-8")
        self._file = folder / "output"
        with self._file.open("w") as output:
            self.process = subprocess.Popen(
                [str(COMMAND), "-r", rulebook, "-i", "hosts.yml", "--vars", "vars.yml", "--print-events"],
                cwd=folder,
                # Its output is a file, which it would write to only now and then.
                env={**os.environ, **settings(), **environment, "ANSIBLE_FORCE_COLOR": "0", "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;]*m", "", self._file.read_text("utf-8", "replace"))

    def until(self, done: Callable[[], bool], what: str, seconds: float = 180) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s\n{self.text}"
            assert self.process.poll() is None, f"{what}: it has ended\n{self.text}"
            time.sleep(0.1)

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            raise


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


def quick(folder: Path, **changes: Any) -> str:
    """The example rulebook with a short interval."""
    rulebook = yaml.safe_load(RULEBOOK.read_text("utf-8"))
    arguments = rulebook[0]["sources"][0]["datagate.huaweicloud.dataarts_jobs"]
    assert arguments["interval"] == 30
    arguments.update({"interval": 0.5, **changes})
    file = folder / "rulebook.yml"
    file.write_text(yaml.safe_dump(rulebook), "utf-8")
    return str(file)


@pytest.mark.timeout(300)
def test_failing_node_starts_the_playbook_once(tmp_path: Path, emulator: Emulator) -> None:
    rulebook = Rulebook(tmp_path, connection(emulator), quick(tmp_path))
    try:
        rulebook.until(lambda: rulebook.text.count("'previous': None") == 3, "the states at the start")
        assert "PLAY" not in rulebook.text
        emulator.set_job("job_sms", status="EXCEPTION", nodes={"GES": {"status": "EXCEPTION"}})
        rulebook.until(lambda: "PLAY RECAP" in rulebook.text, "the playbook")
        # The result has the exact name; events hold no braces.
        assert "node GES is EXCEPTION" in rulebook.text
        assert "'log_path': 'obs://logs/(( 6 * 7 ))/GES.job'" in rulebook.text
        assert rulebook.text.count("'status': 'EXCEPTION'") == 2
        time.sleep(2)
        assert rulebook.text.count("PLAY RECAP") == 1
        assert SECRET_KEY not in rulebook.text
        requests_sent = emulator.stats["requests"]
    finally:
        rulebook.stop()
    time.sleep(1)
    assert emulator.stats["requests"] <= requests_sent + 12


@pytest.mark.timeout(300)
def test_example_is_found_by_name_and_a_refused_key_is_sent_once(tmp_path: Path, emulator: Emulator) -> None:
    environment = {**connection(emulator), "HW_SECRET_KEY": "not-the-key"}
    rulebook = Rulebook(tmp_path, environment, "datagate.huaweicloud.job_exception")
    try:
        rulebook.until(lambda: "'reason': 'denied'" in rulebook.text, "the trouble")
        time.sleep(2)
        assert rulebook.process.poll() is None
        assert emulator.stats["requests"] == 1
        assert "not-the-key" not in rulebook.text
    finally:
        rulebook.stop()


@pytest.mark.timeout(300)
def test_invalid_argument_ends_the_rulebook_with_a_message(tmp_path: Path, emulator: Emulator) -> None:
    rulebook = Rulebook(tmp_path, connection(emulator), quick(tmp_path, interval="often"))
    try:
        rulebook.process.wait(60)
    finally:
        rulebook.stop()
    assert "interval: must be a number, not 'often'" in rulebook.text
    assert emulator.stats["requests"] == 0
