# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pair that has been there from the beginning: one job read with our module, and with ``ansible.builtin.uri``.

Run in turn, so that a machine whose speed drifts slows both. The ratio is taken pair by pair, and its median is the figure to quote.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.emulator.constants import PROJECT_ID

from .clouds import BenchError, Clouds, environment
from .contenders import PLAYBOOK, Command, play, read_with_module, read_with_uri
from .measure import start
from .scenarios import READY, job_name

TARGET: Final = 1.05
"""The ratio that is aimed at."""


def pairs(clouds: Clouds, count: int) -> dict[str, Any]:
    """Seconds of each run, the two in turn after one warm-up each, and the ratios."""
    with clouds.lend(1, latency=0, quota=0) as cloud, tempfile.TemporaryDirectory(prefix="datagate-bench-") as name:
        folder = Path(name)
        cloud.fire(READY)
        tasks = {
            "dataarts_job_status": read_with_module(cloud.url),
            "uri": read_with_uri(f"{cloud.url}/v1/{PROJECT_ID}/jobs/{job_name(0)}/status"),
        }
        settings = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
        commands = {}
        for title, task in tasks.items():
            path = folder / f"{title}.yml"
            path.write_text(json.dumps([play(task, {})]), "utf-8")
            commands[title] = Command([PLAYBOOK, str(path)], environment(HOME=name, **settings), folder / "none")
        seconds: dict[str, list[float]] = {title: [] for title in commands}
        for number in range(-1, count):
            for title in list(commands)[:: -1 if number % 2 else 1]:
                used = start(commands[title], folder)
                if used["code"]:
                    raise BenchError(f"{title}: exit code {used['code']}: {used['tail']}")
                if number >= 0:
                    seconds[title].append(used["wall"])
    ratios = [ours / theirs for ours, theirs in zip(seconds["dataarts_job_status"], seconds["uri"], strict=True)]
    return {"seconds": seconds, "ratios": ratios, "ratio": median(ratios)}
