# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m tests.demo`: start the emulator, run a deployment with gates against it, and check the gates' verdicts.

The last step checks the connection with the playbook doctor, as a user would on a new account.

Exits with 0 only if each gate had the expected verdict. `--ansible FOLDER` names the folder of the ansible-playbook to run,
for a test of another ansible-core with the emulator of this environment.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.emulator.constants import ACCESS_KEY, PROJECT_ID, REGION, SECRET_KEY

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent
SCENARIO: Final = ROOT / "tests" / "emulator" / "scenarios" / "demo.yml"
FOREIGN: Final = ("ANSIBLE_", "HUAWEICLOUD_", "HW_", "OS_")
PROXIES: Final = ("all_proxy", "http_proxy", "https_proxy")
START_TIMEOUT: Final = 30.0
"""Seconds within which the emulator must listen."""
PLAYBOOK_TIMEOUT: Final = 180.0
"""Maximum seconds of the playbook."""

EXPECTED: Final[dict[str, Any]] = {
    "before": "PASS",
    "after": "PASS",
    "listed": "NORMAL",
    "broken": "FAIL",
    "codes": ["node_exception"],
    "nodes": ["DLI_SMS_GES"],
}
DOCTOR: Final = "datagate.huaweicloud.doctor"
MEANING: Final = {
    "before": "before the deployment",
    "after": "after the deployment",
    "broken": "with a broken node",
}


class DemoError(Exception):
    """The demonstration failed."""


def own_environment() -> dict[str, str]:
    """The environment without variables of another cloud, another Ansible, or a proxy."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN) and name.lower() not in PROXIES
    }


@contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """The emulator in a separate process, which ends with the block; yields its URL."""
    ready, log = folder / "url", folder / "emulator.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.emulator", str(SCENARIO), "--ready-file", str(ready)],
            cwd=ROOT,
            env=own_environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise DemoError(f"the emulator did not start:\n{log.read_text('utf-8', 'replace')}")
            time.sleep(0.05)
        yield ready.read_text("utf-8").strip()
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a running process: with SIGTERM first, so that it can end its children."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def play(playbook: str, variables: Mapping[str, str], url: str, ansible: Path | None) -> None:
    """Run a playbook in the foreground, connected through the environment alone.

    The ansible-playbook of this environment finds the collection by itself; one of another folder gets its path.
    """
    environment = own_environment() | {
        "ANSIBLE_CONFIG": str(HERE / "ansible.cfg"),
        "HW_ACCESS_KEY": ACCESS_KEY,
        "HW_SECRET_KEY": SECRET_KEY,
        "HW_REGION_NAME": REGION,
        "HW_PROJECT_ID": PROJECT_ID,
        "HW_DATAARTS_ENDPOINT": url,
        "HW_DLI_ENDPOINT": url,
    }
    if ansible is not None:
        environment["ANSIBLE_COLLECTIONS_PATH"] = str(ROOT / ".venv" / "collections")
    program = (ansible or Path(sys.executable).parent) / "ansible-playbook"
    command = [str(program), playbook, "-e", json.dumps(variables)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        code = process.wait(PLAYBOOK_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise DemoError(f"{playbook} did not end within {PLAYBOOK_TIMEOUT:.0f} s") from None
    finally:
        end(process)
    if code:
        raise DemoError(f"{playbook} failed (exit code {code}), see above")


def check(verdicts: Path) -> dict[str, Any]:
    """The verdicts that the playbook has written."""
    if not verdicts.is_file():
        raise DemoError("the playbook ended without writing the verdicts")
    found: dict[str, Any] = json.loads(verdicts.read_text("utf-8"))
    wrong = [
        f"{key}: {found.get(key)!r} instead of {value!r}" for key, value in EXPECTED.items() if found.get(key) != value
    ]
    if wrong:
        raise DemoError("a gate did not say what it should have said: " + "; ".join(wrong))
    return found


def run(ansible: Path | None) -> None:
    """The demonstration, with the ansible-playbook of a folder or, without one, of this environment."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="datagate-demo-") as name:
        folder = Path(name)
        verdicts = folder / "verdicts.json"
        with emulator(folder) as url:
            print(f"An emulated cloud runs at {url}, with the real-time jobs job_orders_stream and job_sms.")
            print(f"Now: ansible-playbook {(HERE / 'deploy.yml').relative_to(ROOT)}", flush=True)
            play(str(HERE / "deploy.yml"), {"emulator_url": url, "verdicts_file": str(verdicts)}, url, ansible)
            found = check(verdicts)
            print(f"The last step checks the connection: ansible-playbook {DOCTOR}", flush=True)
            play(DOCTOR, {}, url, ansible)
    print("The gates said:")
    for key, meaning in MEANING.items():
        print(f"  {found[key]}  {meaning}")
    print(f"All went as it should, in {time.monotonic() - started:.0f} s.")


def main() -> int:
    """Run the demonstration; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description="A deployment with gates, emulated.")
    parser.add_argument("--ansible", type=Path, metavar="FOLDER", help="folder of the ansible-playbook to run")
    wanted = parser.parse_args()
    # So that the emulator is ended as well.
    signal.signal(signal.SIGTERM, lambda *dummy: sys.exit(143))
    try:
        run(wanted.ansible)
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
