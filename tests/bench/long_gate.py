# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens and connections of a gate of the role that waits for ten minutes, with the name and password of a user."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.emulator.constants import DOMAIN_NAME, PROJECT_ID, REGION, USER_NAME, USER_PASSWORD

from .clouds import BenchError, Clouds, environment
from .contenders import PLAYBOOK, Command, play
from .measure import start
from .scenarios import job_name

SECONDS: Final = 600.0


def measure(clouds: Clouds, seconds: float = SECONDS) -> dict[str, Any]:
    """Wait for a job that does not become ready, and count tokens and connections.

    :raises BenchError: the gate did not wait for so long.
    """
    with clouds.lend(1, latency=0, quota=0) as cloud, tempfile.TemporaryDirectory(prefix="datagate-bench-") as name:
        cloud.control("reset")
        task = {
            "ansible.builtin.import_role": {"name": "datagate.huaweicloud.job_gate"},
            "vars": {"job_gate_job_names": [job_name(0)], "job_gate_wait_timeout": seconds},
        }
        path = Path(name, "gate.yml")
        path.write_text(json.dumps([play(task, {})]), "utf-8")
        account = {
            "HW_USER_NAME": USER_NAME,
            "HW_USER_PASSWORD": USER_PASSWORD,
            "HW_DOMAIN_NAME": DOMAIN_NAME,
            "HW_REGION_NAME": REGION,
            "HW_PROJECT_ID": PROJECT_ID,
            "HW_DATAARTS_ENDPOINT": cloud.url,
            "HW_IAM_ENDPOINT": cloud.url,
        }
        command = Command([PLAYBOOK, str(path)], environment(HOME=name, **account), Path(name, "none"))
        used = start(command, Path(name), seconds + 120)
        if used["code"] != 2 or "TIMEOUT after" not in Path(name, "output.txt").read_text("utf-8"):
            raise BenchError(f"the gate of {seconds:.0f} s: exit code {used['code']}: {used['tail']}")
        journal = cloud.journal()
        return {
            "seconds": seconds,
            "requests": len(journal),
            "tokens": sum(record["path"].endswith("/auth/tokens") for record in journal),
            "connections": len({record["connection"] for record in journal}),
        }
