# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our gate on a clock that skips the waiting: ``virtual_gate.py URL JOBS RATE TIMEOUT RESULT``.

For gates that last longer than a benchmark may. Options, session, pacing, HTTP, parsing and judging are the task's own.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import requests

from ansible_collections.datagate.huaweicloud.plugins.modules import dataarts_job_status as status
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process
from tests.bench.scenarios import LATENCY, names
from tests.bench.skipping import skipping


def gate(arguments: dict[str, Any]) -> dict[str, Any]:
    """The task's result, in one piece, as the action plugin runs it on the controller."""
    return in_process.run(arguments, status.ARGUMENTS, status.SERVICE, status.BODY, False, "dataarts_job_status")


def main() -> int:
    """Run the gate."""
    url, jobs, rate, timeout, path = sys.argv[1:]
    http = requests.Session()
    http.trust_env = False

    def advance(seconds: float) -> None:
        http.post(f"{url}/_emulator/advance", json={"seconds": seconds}, timeout=60).raise_for_status()

    arguments = {
        "job_names": names(int(jobs)),
        "wait": True,
        "wait_timeout": float(timeout),
        "requests_per_second": float(rate),
        # A signature contains the time, and this clock is ahead of all others.
        "auth_token": os.environ["HW_AUTH_TOKEN"],
    }
    with skipping(advance, LATENCY):
        result = gate(arguments)
    found = {key: result.get(key) for key in ("verdict", "elapsed", "requests", "polls")}
    found["msg"] = str(result.get("msg"))[:300]
    with open(path, "w", encoding="utf-8") as out:
        json.dump(found, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
