# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sensors as Airflow runs them, one for each job: ``sensors.py URL JOBS RESULT``, with the emulator's clock moved by hand.

A sensor makes one status call, and another one after the poke interval, until its job is NORMAL. The requests are real, the
waits are skipped. Unknown costs are assumed in the sensors' favour: Airflow takes no time to start them, all of them
may run at once, and they take turns so well that none is ever throttled.
"""

from __future__ import annotations

import heapq
import json
import os
import sys

import requests

from tests.bench.scenarios import LATENCY, POKE, QUOTA, names

TURN = 1.001 / QUOTA
"""Seconds between two requests: a thousandth more than the quota requires, so that rounding does not exceed it."""


def main() -> int:
    """Wait for all jobs; the result contains the second of the emulator's clock at which the last sensor ended."""
    url, jobs, result = sys.argv[1:]
    session = requests.Session()
    session.trust_env = False
    project = os.environ["HW_PROJECT_ID"]
    session.headers.update({"X-Auth-Token": os.environ["HW_AUTH_TOKEN"], "X-Project-Id": project})
    session.headers["Content-Type"] = "application/json"
    pokes = [(0.0, name) for name in names(int(jobs))]
    heapq.heapify(pokes)
    now = free = done = 0.0
    while pokes:
        wanted, name = heapq.heappop(pokes)
        at = max(wanted, free)
        free = at + TURN
        if at > now:
            session.post(f"{url}/_emulator/advance", json={"seconds": at - now}, timeout=60).raise_for_status()
            now = at
        answer = session.get(f"{url}/v1/{project}/jobs/{name}/status", timeout=60)
        if answer.status_code == 200 and answer.json()["status"] == "NORMAL":
            done = at + LATENCY
        else:
            heapq.heappush(pokes, (at + POKE, name))
    with open(result, "w", encoding="utf-8") as out:
        json.dump({"elapsed": done, "verdict": "PASS"}, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
