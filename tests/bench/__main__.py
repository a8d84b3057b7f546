# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a reading costs, beside what people use without this collection.

python -m tests.bench [--pairs N] [--json FILE]

Two playbooks with one task each, one with ``dataarts_job_status`` and one with ``ansible.builtin.uri`` on the same URL, run in
turn, so that a machine whose speed drifts slows both. The ratio is taken pair by pair and its median is the figure to quote.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.emulator import AUTH_TOKEN, PROJECT_ID, running

TARGET = 1.05
SCENARIO: dict[str, Any] = {
    "quota": 0,
    "jobs": [{"name": "job_a", "status": "NORMAL", "nodes": [{"name": "n", "type": "DLI SQL"}]}],
}


def playbook(task: dict[str, Any]) -> list[dict[str, Any]]:
    """A play with one task on this machine."""
    return [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]


def playbooks(url: str) -> dict[str, list[dict[str, Any]]]:
    """The two playbooks: both read one job's status with a token."""
    headers = {"X-Auth-Token": AUTH_TOKEN, "X-Project-Id": PROJECT_ID, "Content-Type": "application/json"}
    return {
        "dataarts_job_status": playbook(
            {
                "datagate.huaweicloud.dataarts_job_status": {
                    "job_names": "job_a",
                    "auth_token": AUTH_TOKEN,
                    "project_id": PROJECT_ID,
                    "endpoints": {"dataarts": url},
                }
            }
        ),
        "uri": playbook(
            {
                "ansible.builtin.uri": {
                    "url": f"{url}/v1/{PROJECT_ID}/jobs/job_a/status",
                    "headers": headers,
                    "return_content": True,
                }
            }
        ),
    }


def timed(path: Path) -> float:
    """Seconds that one run of a playbook takes, from start to end."""
    started = time.perf_counter()
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(path)]
    environment = {**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{path.name} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def pairs(count: int) -> dict[str, list[float]]:
    """Seconds of each run, the two in turn after one warm-up each."""
    seconds: dict[str, list[float]] = {}
    with running(SCENARIO) as emulator, tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name, content in playbooks(emulator.url).items():
            paths[name] = Path(folder, f"{name}.json")
            paths[name].write_text(json.dumps(content))
            timed(paths[name])
            seconds[name] = []
        for number in range(count):
            order = list(paths) if number % 2 == 0 else list(paths)[::-1]
            for name in order:
                seconds[name].append(timed(paths[name]))
    return seconds


def main() -> int:
    """Measure, print a table, and write the figures as JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What a reading costs beside uri.")
    parser.add_argument("--pairs", type=int, default=15, help="how often each of the two is run (default 15)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    seconds = pairs(arguments.pairs)
    ratios = [ours / theirs for ours, theirs in zip(seconds["dataarts_job_status"], seconds["uri"], strict=True)]
    ratio = statistics.median(seconds["dataarts_job_status"]) / statistics.median(seconds["uri"])
    print(f"One task on one job, {arguments.pairs} pairs, {os.cpu_count()} cores, {platform.python_version()}")
    print(f"{'':22}{'min':>8}{'median':>8}{'max':>8}")
    for name, values in seconds.items():
        print(f"{name:22}{min(values):8.3f}{statistics.median(values):8.3f}{max(values):8.3f}  s")
    print(f"{'pair by pair':22}{min(ratios):8.3f}{statistics.median(ratios):8.3f}{max(ratios):8.3f}")
    print(f"ratio of the medians {ratio:.3f}, aim at most {TARGET}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"seconds": seconds, "ratio": ratio, "ratios": ratios}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
