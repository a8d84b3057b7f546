# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pairs of one task: one job read with our module and with ``ansible.builtin.uri``, and with the role and with our module.

Run in turn, so that a machine whose speed drifts slows both. The ratio is taken pair by pair, and its median is the figure to quote.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.emulator.constants import PROJECT_ID

from .clouds import BenchError, Clouds, environment
from .contenders import PLAYBOOK, Command, pass_with_role, play, read_with_module, read_with_uri
from .measure import start
from .scenarios import READY, job_name

MAX_MODULE_RATIO: Final = 1.05
"""The target for the ratio of module to uri."""
MAX_ROLE_RATIO: Final = 1.3
"""The target for the ratio of role to module."""


def pairs(clouds: Clouds, count: int) -> dict[str, Any]:
    """The module against ``uri``; with the pair of role and module as ``role``."""
    found = _pair(
        clouds,
        count,
        ("dataarts_job_status", read_with_module),
        ("uri", lambda url: read_with_uri(f"{url}/v1/{PROJECT_ID}/jobs/{job_name(0)}/status")),
    )
    found["role"] = _pair(clouds, count, ("role job_gate", pass_with_role), ("dataarts_job_status", read_with_module))
    return found


def _pair(clouds: Clouds, count: int, *sides: tuple[str, Callable[[str], dict[str, Any]]]) -> dict[str, Any]:
    """Seconds of each run, the two in turn after one warm-up each, and the ratios of the first to the second."""
    with clouds.lend(1, latency=0, quota=0) as cloud, tempfile.TemporaryDirectory(prefix="datagate-bench-") as name:
        folder = Path(name)
        cloud.fire(READY)
        tasks = {title: task(cloud.url) for title, task in sides}
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
    ratios = [first / second for first, second in zip(*seconds.values(), strict=True)]
    return {"seconds": seconds, "ratios": ratios, "ratio": median(ratios)}
