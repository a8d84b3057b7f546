# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cost of waiting for jobs: this collection compared with other tools, on the emulated cloud.

python -m tests.bench [--quick] [--pairs N] [--minutes M] [--again]
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from . import docs, long_gate, plan, tables
from .clouds import ROOT, BenchError, Clouds
from .measure import Figures
from .pairs import MAX_MODULE_RATIO, MAX_ROLE_RATIO, pairs
from .scenarios import LATENCY, QUOTA
from .targets import Target, targets

PAGE: Final = ROOT / "docs" / "benchmarks.md"
FOLDER: Final = ROOT / "docs" / "benchmarks"
JSON: Final = FOLDER / "results.json"
PLOT: Final = FOLDER / "benchmarks.svg"


def measure(quick: bool, count: int, minutes: float) -> dict[str, Any]:
    """Run all measurements; returns the results as stored in JSON."""
    begun = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="datagate-bench-"))
    clouds = Clouds(folder)
    failed: list[str] = []
    # It only waits, so it runs concurrently with everything else.
    waiting = ThreadPoolExecutor(1)
    try:
        long = waiting.submit(long_gate.measure, clouds, 20.0 if quick else long_gate.SECONDS)
        pair = None
        try:
            plan.progress(f"{count} pairs")
            pair = pairs(clouds, count)
        except BenchError as error:
            failed.append(f"the pairs: {error}")
        left = 60 * minutes - (time.monotonic() - begun)
        figures = plan.measure(plan.quick() if quick else plan.full(), clouds, left, plan.progress)
        waited = None
        try:
            waited = long.result()
        except BenchError as error:
            failed.append(str(error))
    finally:
        waiting.shutdown(wait=False, cancel_futures=True)
        clouds.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "machine": docs.machine(),
        "emulator": {"latency": LATENCY, "requests_per_second_a_user": QUOTA},
        "seconds": round(time.monotonic() - begun),
        "figures": [each.as_dict() for each in figures],
        "pair": pair,
        "long_gate": waited,
        "failed": failed,
    }


def load(kept: dict[str, Any]) -> plan.Results:
    """The figures of a run, with what is computed from them."""
    results = plan.Results(Figures(**each) for each in kept["figures"])
    plan.compute(results)
    return results


def show(results: plan.Results, kept: dict[str, Any], found: list[Target], problems: list[str]) -> None:
    """The results on the screen."""
    for title, group in (
        ("JOBS THAT ARE READY", tables.ready(results)),
        ("JOBS THAT BECOME READY", tables.becoming(results)),
        ("RATIOS", tables.ratios(results)),
    ):
        print(f"\n{title}\n")
        print("\n\n".join(tables.plain(table) for table in group))
    print(f"\n{tables.how_marked()}\n{tables.throttling(results)}")
    if kept["pair"]:
        print("\nONE JOB, ONE TASK\n\n" + tables.plain(tables.pair(kept["pair"])))
        print("\nROLE AGAINST MODULE\n\n" + tables.plain(tables.pair(kept["pair"]["role"])))
    print(f"\n{docs.described(kept['machine'], kept['seconds'])}")
    if problems:
        print("\nPROBLEMS\n\n" + "\n".join(f"  {line}" for line in problems))
    print(f"\nTARGETS\n\n{tables.text_of_targets(found)}")


def write(results: plan.Results, kept: dict[str, Any], found: list[Target], problems: list[str]) -> None:
    """Bring the page up to date.

    :raises BenchError: its markers are invalid.
    """
    parts = {
        "machine": f"{docs.described(kept['machine'], kept['seconds'])}\n\n{tables.how_marked()}",
        "ratios": "\n\n".join(tables.markdown(table, titled=False) for table in tables.ratios(results)),
        "ready": "\n\n".join(tables.markdown(table) for table in tables.ready(results)),
        "becoming": "\n\n".join(tables.markdown(table) for table in tables.becoming(results))
        + f"\n\n{tables.throttling(results)}",
        "pair": _pair(kept),
        "targets": tables.markdown(tables.verdicts(found), titled=False),
        "problems": "\n".join(f"- {line}" for line in problems) or "None.",
    }
    PAGE.write_text(docs.rewritten(PAGE.read_text("utf-8"), parts), "utf-8")


def _pair(kept: dict[str, Any]) -> str:
    if not kept["pair"]:
        return "Not measured."
    table = tables.markdown(tables.pair(kept["pair"]), titled=False)
    role = kept["pair"]["role"]
    second = tables.markdown(tables.pair(role), titled=False)
    return (
        f"{table}\n\nMedian ratio {kept['pair']['ratio']:.2f}, aim at most {MAX_MODULE_RATIO}.\n\n"
        f"{second}\n\nMedian ratio of role to module {role['ratio']:.2f}, aim at most {MAX_ROLE_RATIO}."
    )


def main() -> int:
    """Measure, print, and write the page, the plot and the JSON; 1 when something failed.

    A missed target is reported and is not a failure, because some depend on the machine.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs; writes nothing")
    parser.add_argument("--pairs", type=int, help="pairs of one task on one job (default 10, with --quick 2)")
    parser.add_argument("--minutes", type=float, help="how long it may take (default 14, with --quick 1.4)")
    parser.add_argument(
        "--again", action="store_true", help="measure nothing; write page and plot from the last results"
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *dummy: sys.exit(143))
    pair_count, minutes = (2, 1.4) if arguments.quick else (10, 14.0)
    if arguments.again:
        kept = json.loads(JSON.read_text("utf-8"))
    else:
        kept = measure(arguments.quick, arguments.pairs or pair_count, arguments.minutes or minutes)
    results = load(kept)
    found = targets(results, kept["pair"], kept.get("long_gate"))
    problems = [*kept["failed"], *tables.problems(results)]
    if not arguments.quick:
        FOLDER.mkdir(parents=True, exist_ok=True)
        JSON.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
        try:
            from .plot import draw

            draw(results, PLOT)
        except BenchError as error:
            problems.append(str(error))
        write(results, kept, found, problems)
    show(results, kept, found, problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
