# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulated cloud of the benchmark: jobs that are ready, or that become ready after the start."""

from __future__ import annotations

from typing import Any, Final

LATENCY: Final = 0.05
"""Seconds of each answer."""
QUOTA: Final = 30
"""Requests that a user may make in any one second."""
SPREAD: Final = 8.0
"""Seconds over which the jobs become ready one after the other."""
LAST: Final = (12.0, 15.0, 18.0)
"""When the last job becomes ready, in seconds after the contender's start: several moments, because a look every ten seconds may
come just before one or just after."""
INTERVAL: Final = 10.0
"""Seconds between two readings, for contenders with such a setting."""
LIST_EVERY: Final = 10.0
"""Seconds after which a gate reads the list again in a long observation."""
POKE: Final = 60.0
"""Seconds between two pokes of a sensor: Airflow's default."""

READY: Final = "ready"
BECOMING: Final = "becoming"


def event(last: float) -> str:
    """The name of the event after which the last job becomes ready *last* seconds later."""
    return f"go_{last:g}"


def job_name(number: int) -> str:
    """The name of a job, as the scenario counts them."""
    return f"job_{number:05d}"


def job_number(name: str) -> int:
    """The number in a job's name."""
    return int(name.removeprefix("job_"))


def names(jobs: int) -> list[str]:
    """The names of all jobs."""
    return [job_name(number) for number in range(jobs)]


def scenario(jobs: int, **overrides: Any) -> dict[str, Any]:
    """A cloud with the given number of real-time jobs with two nodes each. All are STARTING until an event is fired."""
    spread = SPREAD if jobs > 1 else 0.0
    timeline: list[dict[str, Any]] = [{"status": "STARTING"}, {"after": READY, "at": 0, "status": "NORMAL"}]
    timeline += [{"after": event(last), "at": last - spread, "status": "NORMAL"} for last in LAST]
    return {
        "latency": LATENCY,
        "quota": {"per_user": QUOTA, "retry_after": 1},
        "jobs": [
            {
                "name": "job_{i:05d}",
                "count": jobs,
                "stagger": spread / max(1, jobs - 1),
                "timeline": timeline,
                "nodes": [{"name": "read", "type": "CS Job"}, {"name": "write", "type": "DLI SQL"}],
            }
        ],
        **overrides,
    }
