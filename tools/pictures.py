# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creates the pictures in docs/pictures: terminal runs of gates, and the report that a gate writes. `make pictures` runs it.

rich draws the terminals and Chromium the report; this file runs the gates against the emulator, with Ansible's default settings.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from tree import BIN, ROOT

sys.path.insert(0, str(ROOT))

from tests.emulator import Emulator, running
from tests.integration.playbook import connection

PICTURES = ROOT / "docs" / "pictures"
SCENARIO = ROOT / "tests" / "emulator" / "scenarios" / "demo.yml"
WIDTH = 110  # columns
INVENTORY = ("-i", "localhost,")  # without an inventory, Ansible prints warnings


# How the gate ends -> variables without the prefix job_gate_, and events of the emulated cloud, each with the seconds from the start of
# the gate's task to it.
GATES = {
    "passes": ("job_names=job_orders_stream stable_for=3 wait_interval=1", {"deploy": 0.0}),
    "fails": (
        "job_names=job_orders_stream,job_sms stable_for=60 wait_interval=1 report_dir=reports",
        {"deploy": 0.0, "break": 8.0},
    ),
}


def record(emulator: Emulator, variables: list[str], events: Mapping[str, float], folder: Path) -> str:
    """Run the gate; returns the command and its output, with colours."""
    (folder / "ansible.cfg").touch()
    command = ["ansible-playbook", *INVENTORY, "datagate.huaweicloud.gate"]
    timers = [threading.Timer(after, emulator.event, (event,)) for event, after in events.items()]
    printed: list[str] = []
    with subprocess.Popen(
        [str(BIN / command[0]), *command[1:], *(item for variable in variables for item in ("-e", variable))],
        cwd=folder,
        env={
            **os.environ,
            # An empty file, for the default settings of Ansible: no ansible.cfg of this machine is read.
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections"),
            "ANSIBLE_FORCE_COLOR": "1",
            **connection(emulator),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            printed.append(line)
            if "TASK [Run the gate]" in line:
                for timer in timers:
                    timer.start()
    for timer in timers:
        timer.join()
    typed = " \\\n".join([f"$ {' '.join(command)}", *(f"  -e {variable}" for variable in variables)])
    text = f"{typed}\n{''.join(printed)}"
    return text.replace(f"{ROOT}/.venv/collections/", "").replace(f"{folder}/", "/home/deploy/")


def draw(text: str, end: str) -> None:
    """Draw a terminal with the text, without the fonts that rich would load from the network."""
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    console.print(Text.from_ansi(re.sub(r"\n{3,}", "\n\n", text.rstrip())), soft_wrap=False)
    plain = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    path, title = PICTURES / f"gate-{end}.svg", f"A gate that {end}"
    console.save_svg(str(path), title=title, code_format=plain, unique_id=path.stem)


def photograph(page_file: Path) -> None:
    """Take a screenshot of the report."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(color_scheme="light", viewport={"width": 1100, "height": 700}, device_scale_factor=1.5)
        page.goto(page_file.as_uri())
        page.screenshot(path=str(PICTURES / "report.png"), full_page=True)
        browser.close()


def main() -> int:
    """Make them all; returns the exit code."""
    if shutil.which("chromium") is None:
        print("pictures: there is no chromium on PATH", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="datagate-pictures-") as name:
        for end, (variables, events) in GATES.items():
            with running(SCENARIO) as emulator:
                text = record(emulator, [f"job_gate_{item}" for item in variables.split()], events, Path(name))
            draw(text, end)
        photograph(Path(name) / "reports" / "gate.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
