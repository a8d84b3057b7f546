# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the pictures of the documentation anew: terminal runs of gates, and the report they write.

python tools/pictures.py

The gates are real ones, against the emulator; what they print is recorded with its colours. The report is photographed in
a Chromium that has to be on PATH. Everything goes to docs/pictures/. rich draws and playwright photographs; what is here is
only which runs and which pages.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import sync_playwright
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.emulator import ACCESS_KEY, REGION, SECRET_KEY, Emulator, running  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
SCENARIO = ROOT / "tests" / "emulator" / "scenarios" / "demo.yml"
WIDTH = 110  # columns
INVENTORY = ("-i", "localhost,")  # without an inventory, Ansible prints warnings


class Recording(NamedTuple):
    """A run of the gate playbook.

    :ivar name: of the picture.
    :ivar variables: extra variables, as they are typed.
    :ivar events: what happens in the emulated cloud, and how many seconds after the start of the playbook.
    """

    name: str
    title: str
    variables: Sequence[str]
    events: Mapping[str, float]


RECORDINGS = (
    Recording(
        "gate-passes",
        "A gate that passes",
        ("job_gate_job_names=job_orders_stream", "job_gate_stable_for=3", "job_gate_wait_interval=1"),
        {"deploy": 0.0},
    ),
    Recording(
        "gate-fails",
        "A gate that fails",
        (
            "job_gate_job_names=job_orders_stream,job_sms",
            "job_gate_stable_for=60",
            "job_gate_wait_interval=1",
            "job_gate_report_dir=reports",
        ),
        {"deploy": 0.0, "break": 9.0},
    ),
)


def record(emulator: Emulator, recording: Recording, folder: Path) -> str:
    """Run it, and give back what it printed, with its colours."""
    (folder / "ansible.cfg").touch()
    arguments = [item for variable in recording.variables for item in ("-e", variable)]
    timers = [threading.Timer(after, emulator.event, (event,)) for event, after in recording.events.items()]
    for timer in timers:
        timer.start()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), *INVENTORY, "datagate.huaweicloud.gate", *arguments],
        cwd=folder,
        env={
            **os.environ,
            # An empty file, for Ansible's defaults: what readers see on their own machines.
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections"),
            "ANSIBLE_FORCE_COLOR": "1",
            "HW_ACCESS_KEY": ACCESS_KEY,
            "HW_SECRET_KEY": SECRET_KEY,
            "HW_REGION_NAME": REGION,
            "HW_PROJECT_ID": emulator.project_id,
            "HW_DATAARTS_ENDPOINT": emulator.url,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    for timer in timers:
        timer.join()
    lines = [f"  -e {variable} \\" for variable in recording.variables]
    lines[-1] = lines[-1].removesuffix(" \\")
    command = "\n".join([f"$ ansible-playbook {' '.join(INVENTORY)} datagate.huaweicloud.gate \\", *lines])
    # The paths of this machine mean nothing to readers.
    return f"{command}\n{done.stdout}".replace(f"{ROOT}/.venv/collections/", "").replace(f"{folder}/", "/home/deploy/")


def draw(text: str, recording: Recording) -> None:
    """The picture of a terminal with the text, without the fonts from elsewhere that rich would fetch."""
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    console.print(Text.from_ansi(re.sub(r"\n{3,}", "\n\n", text.rstrip())), soft_wrap=False)
    plain = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    console.save_svg(
        str(PICTURES / f"{recording.name}.svg"), title=recording.title, code_format=plain, unique_id=recording.name
    )


def photograph(page_file: Path) -> None:
    """The report by day on a desk, and by night on a phone."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for name, scheme, width, height in (("report", "light", 1100, 700), ("report-phone", "dark", 390, 780)):
            page = browser.new_page(
                color_scheme="dark" if scheme == "dark" else "light",
                viewport={"width": width, "height": height},
                device_scale_factor=1.5,
            )
            page.goto(page_file.as_uri())
            page.screenshot(path=str(PICTURES / f"{name}.png"), full_page=name == "report")
        browser.close()


def main() -> int:
    """Make them all; returns the exit code."""
    if shutil.which("chromium") is None:
        print("pictures: there is no chromium on PATH", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="datagate-pictures-") as name:
        for recording in RECORDINGS:
            with running(SCENARIO) as emulator:
                text = record(emulator, recording, Path(name))
            print(f"\n=== {recording.title}\n{text}")
            draw(text, recording)
        photograph(Path(name) / "reports" / "gate.html")
    print(f"\n{time.strftime('%H:%M')}: {', '.join(sorted(path.name for path in PICTURES.iterdir()))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
