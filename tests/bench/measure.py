# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of one contender, and its figures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from . import arithmetic
from .clouds import BenchError, Cloud, Clouds
from .contenders import Command, Contender, command
from .scenarios import BECOMING, INTERVAL, READY, SPREAD, event, job_number

USAGE: Final = Path(__file__).resolve().parent / "programs" / "usage.py"
MAX_RUN_TIME: Final = 600.0
"""Maximum seconds of a run."""

MEASURED: Final = "measured"
VIRTUAL: Final = "virtual clock"
EXTRAPOLATED: Final = "extrapolated"
ARITHMETIC: Final = "arithmetic"


@dataclass
class Figures:
    """The figures of a contender for a number of jobs.

    Unknown figures are None.

    :ivar contender: its key.
    :ivar scenario: READY or BECOMING.
    :ivar how: MEASURED, VIRTUAL, EXTRAPOLATED or ARITHMETIC.
    :ivar wall: seconds from the command's start to its end.
    :ivar task: seconds of the task itself, or inside the gate where that is known.
    :ivar cpu: processor seconds of the command's whole tree of processes.
    :ivar memory: mebibytes, the peak of its largest process.
    :ivar throttled: answers with 429.
    :ivar busiest: the most requests within one second.
    :ivar delay: seconds from the last job's being ready to the verdict.
    :ivar allowed: the longest delay that the targets allow.
    :ivar runs: number of runs behind these medians.
    :ivar problem: the error, if any.
    """

    contender: str
    jobs: int
    scenario: str
    how: str = MEASURED
    wall: float | None = None
    task: float | None = None
    cpu: float | None = None
    memory: float | None = None
    requests: float | None = None
    throttled: float | None = None
    busiest: float | None = None
    delay: float | None = None
    allowed: float | None = None
    verdict: str | None = None
    runs: int = 1
    problem: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def start(what: Command, folder: Path, longest: float = MAX_RUN_TIME) -> dict[str, Any]:
    """Run a command to its end, or for *longest* seconds: what `usage.py` says, and the last lines of its output."""
    result, output = folder / "usage.json", folder / "output.txt"
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(USAGE), str(result), str(output), *what.arguments],
        cwd=folder,
        env=what.environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(longest)
    except subprocess.TimeoutExpired:
        raise BenchError(f"given up after {longest:.0f} s") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if not result.exists():
        raise BenchError("the command could not be started")
    used: dict[str, Any] = json.loads(result.read_text("utf-8"))
    used["tail"] = output.read_text("utf-8", "replace")[-400:] if output.exists() else ""
    return used


def recorded(times: Path) -> dict[str, Any]:
    """The results that the command wrote; an empty mapping without any."""
    lines = times.read_text("utf-8").splitlines() if times.exists() else []
    found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return found


def run(
    clouds: Clouds,
    contender: Contender,
    jobs: int,
    scenario: str,
    last: float = 0.0,
    virtual: bool = False,
    longest: float = MAX_RUN_TIME,
) -> Figures:
    """One run; the figures show a failure.

    :param last: when the last job becomes ready, in seconds after the start (BECOMING only).
    :param virtual: with the clock that skips the waiting.
    :param longest: maximum seconds of the run.
    """
    skips = virtual or contender.kind == "sensors"
    figures = Figures(contender.key, jobs, scenario, VIRTUAL if skips else MEASURED)
    overrides: dict[str, Any] = {"clock": "manual", "latency": 0} if skips else {}
    try:
        if longest <= 0:
            raise BenchError("not run: the time for the benchmark was over")
        with clouds.lend(jobs, **overrides) as cloud, tempfile.TemporaryDirectory(prefix="datagate-bench-") as name:
            folder = Path(name)
            what = command(contender, cloud.url, jobs, folder, virtual)
            wall, time = cloud.fire(READY if scenario == READY else event(last))
            used = start(what, folder, longest)
            result = recorded(what.times)
            _fill(figures, used, result, cloud)
            if scenario == BECOMING:
                done = result.get("elapsed") if skips else result["ended"] - wall if "ended" in result else None
                figures.delay = None if done is None else done - last
                if contender.ours and contender.rate:
                    figures.allowed = _allowed(cloud, contender, jobs, last, time)
            if skips:
                figures.wall = figures.task = result.get("elapsed")
            if contender.kind == "sensors":
                # The resources of its loop are not those of Airflow, which starts a process for each poke.
                figures.cpu = figures.memory = None
    except (BenchError, OSError, ValueError, KeyError) as error:
        figures.problem = f"{type(error).__name__}: {error}" if not isinstance(error, BenchError) else str(error)
    return figures


def _fill(figures: Figures, used: dict[str, Any], result: dict[str, Any], cloud: Cloud) -> None:
    stats = cloud.stats()
    figures.wall, figures.cpu, figures.memory = used["wall"], used["cpu"], used["memory"]
    figures.task = result.get("elapsed")
    if figures.task is None and "ended" in result:
        figures.task = result["ended"] - result["begun"]
    figures.requests = stats["requests"]
    figures.throttled = stats["by_status"].get("429", 0)
    figures.busiest = max(stats["busiest_second"].values(), default=0) if figures.how == MEASURED else None
    figures.verdict = result.get("verdict", "FAIL" if result.get("failed") else "PASS")
    if used["code"] or not result:
        figures.problem = f"exit code {used['code']}: {used['tail']}"
    if figures.verdict != "PASS":
        figures.problem = str(result.get("msg") or figures.verdict).partition(";")[0][:120]


def _allowed(cloud: Cloud, contender: Contender, jobs: int, last: float, time: float) -> float:
    assert contender.rate is not None
    unread = 0
    if contender.nodes:
        calls = [
            (job_number(record["job"]), record["time"] - time)
            for record in cloud.journal()
            if record["call"] == "job_status"
        ]
        unread = arithmetic.count_unread(calls, arithmetic.ready_times(jobs, last, SPREAD), last)
    return arithmetic.allowed_delay(INTERVAL, unread, contender.rate)


def together(runs: list[Figures]) -> Figures:
    """Several equal runs as one: medians, any problem, and the delay closest to the allowed one."""
    first = runs[0]
    known = [each for each in runs if each.problem is None] or runs
    merged = Figures(first.contender, first.jobs, first.scenario, first.how, runs=len(runs))
    for name in ("wall", "task", "cpu", "memory", "requests", "delay"):
        setattr(merged, name, arithmetic.middle(getattr(each, name) for each in known))
    for name in ("throttled", "busiest"):
        setattr(merged, name, max((getattr(each, name) or 0 for each in known), default=None))
    late = [each for each in known if each.delay is not None and each.allowed is not None]
    if late:
        worst = max(late, key=lambda each: (each.delay or 0.0) - (each.allowed or 0.0))
        merged.allowed = worst.allowed
        merged.extra = {"latest": worst.delay, "delays": [each.delay for each in late]}
    merged.verdict = known[0].verdict
    merged.problem = next((each.problem for each in runs if each.problem), None)
    return merged
