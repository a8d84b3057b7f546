# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results as tables: in Markdown for the docs, and as plain text for the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from . import contenders
from .arithmetic import ratio
from .contenders import Contender
from .measure import ARITHMETIC, EXTRAPOLATED, VIRTUAL, Figures
from .plan import Results
from .scenarios import BECOMING, READY
from .targets import REACHED, Target

NONE: Final = "–"
MARKS: Final = {EXTRAPOLATED: "≈ {}", VIRTUAL: "{} ᵛ"}
"""The marks of figures that were not measured directly."""


class Table(NamedTuple):
    """A title, the heads of the columns, and the rows."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def number(value: float | None) -> str:
    """Three digits at most, and thousands with commas."""
    if value is None:
        return NONE
    if value < 0.095:
        return f"{value:.2f}" if value else "0"
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"


def count(value: float | None) -> str:
    """A whole number."""
    return NONE if value is None else f"{value:,.0f}"


def _cell(figures: Figures | None, name: str) -> str:
    if figures is None:
        return NONE
    if figures.problem is not None:
        return f"{figures.verdict} ᵛ" if figures.how == VIRTUAL and figures.verdict else "failed"
    value = getattr(figures, name)
    if value is None:
        return NONE
    text = count(value) if name in ("requests", "memory", "throttled") else number(value)
    return MARKS.get(figures.how, "{}").format(text)


def _figures(results: Results, title: str, name: str, scenario: str, chosen: Sequence[Contender]) -> Table:
    rows = []
    for contender in chosen:
        cells = [_cell(results.get(contender, jobs, scenario), name) for jobs in results.sizes]
        if any(cell != NONE for cell in cells):
            rows.append([short(contender), *cells])
    return Table(title, ["", *_heads(results)], rows)


def short(contender: Contender) -> str:
    """Its name in the first column of a table."""
    return (
        contender.label.replace("dataarts_job_status ", "")
        .replace(" (default)", "")
        .partition(", loop")[0]
        .partition(", Python")[0]
    )


def _heads(results: Results) -> list[str]:
    return [size(jobs) for jobs in results.sizes]


def size(jobs: int) -> str:
    """A number of jobs in words."""
    return "1 job" if jobs == 1 else f"{jobs:,} jobs"


OURS: Final = (contenders.JOBS, contenders.JOBS_FAST, contenders.NODES, contenders.NODES_FAST)
MODULES: Final = (contenders.MODULE_JOBS, contenders.MODULE_NODES)
OTHERS: Final = (contenders.URI, contenders.SDK, contenders.SENSORS)
FLOORS: Final = (contenders.FLOOR_JOBS, contenders.FLOOR_NODES)


def ready(results: Results) -> list[Table]:
    """The cost of one observation of ready jobs."""
    all_of_them = (*OURS, *MODULES, contenders.URI, contenders.SDK)
    return [
        _figures(results, "Seconds, the whole command", "wall", READY, (*all_of_them, *FLOORS)),
        _figures(results, "Requests", "requests", READY, (*all_of_them, contenders.SENSORS, *FLOORS)),
        _figures(results, "CPU seconds, all processes", "cpu", READY, all_of_them),
        _figures(results, "Memory, MiB, the largest process", "memory", READY, all_of_them),
    ]


def becoming(results: Results) -> list[Table]:
    """How soon the verdict comes when jobs become ready."""
    everyone = (*OURS, *OTHERS)
    return [
        _figures(results, "Seconds from the last job's being ready to the verdict", "delay", BECOMING, everyone),
        _figures(results, "Requests", "requests", BECOMING, everyone),
        _figures(results, "CPU seconds, all processes", "cpu", BECOMING, everyone),
    ]


def ratios(results: Results) -> list[Table]:
    """Other tools divided by ours, at the default rate limit."""
    tables = []
    for ours, title in ((contenders.NODES, "with nodes"), (contenders.JOBS, "by the list alone")):
        rows = []
        for label, name, other in (
            ("time, ansible.builtin.uri", "wall", contenders.URI),
            ("time, vendor's SDK", "wall", contenders.SDK),
            ("CPU, ansible.builtin.uri", "cpu", contenders.URI),
            ("CPU, vendor's SDK", "cpu", contenders.SDK),
            ("requests, any of them", "requests", contenders.SENSORS),
        ):
            cells = [_ratio(results, other, ours, jobs, name) for jobs in results.sizes]
            if any(cell != NONE for cell in cells):
                rows.append([label, *cells])
        heads = [f"jobs that are ready; dataarts_job_status {title}, {ours.rate:g}/s = 1", *_heads(results)]
        tables.append(Table("How many times as much", heads, rows))
    return tables


def _ratio(results: Results, other: Contender, ours: Contender, jobs: int, name: str) -> str:
    theirs, mine = results.sound(other, jobs), results.sound(ours, jobs)
    if theirs is None or mine is None:
        return NONE
    text = number(ratio(getattr(theirs, name), getattr(mine, name)))
    if text == NONE:
        return NONE
    # Requests are counted in the same way on every clock.
    virtual = VIRTUAL if name != "requests" and mine.how == VIRTUAL else ""
    how = EXTRAPOLATED if EXTRAPOLATED in (theirs.how, mine.how) else virtual
    return MARKS.get(how, "{}").format(text)


def verdicts(found: Sequence[Target]) -> Table:
    """The targets."""
    return Table("Targets", ["target", "", "found"], [[each.what, each.outcome, each.found] for each in found])


def pair(found: dict[str, Any]) -> Table:
    """One job, one task, compared with uri."""
    rows = [
        [name, *(f"{value:.2f}" for value in (min(seconds), _median(seconds), max(seconds)))]
        for name, seconds in {**found["seconds"], "ratio, pair by pair": found["ratios"]}.items()
    ]
    return Table("Seconds, the whole command", ["", "least", "median", "most"], rows)


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def throttling(results: Results) -> str:
    """A sentence about the answers with 429."""
    hit = [each for each in results.all if each.throttled]
    if not hit:
        return "No contender was ever throttled (429)."
    received = ", ".join(
        f"{contenders.BY_KEY[each.contender].label} at {each.jobs:,} jobs {each.throttled:.0f}" for each in hit
    )
    return f"Throttled (429): {received}."


def problems(results: Results) -> list[str]:
    """The problems, one line each."""
    lines = []
    for each in results.all:
        if each.problem:
            kind = "ready" if each.scenario == READY else "becoming ready"
            text = " ".join(each.problem.split())
            lines.append(f"{contenders.BY_KEY[each.contender].label}, {size(each.jobs)}, {kind}: {text}")
    return lines


def markdown(table: Table, titled: bool = True) -> str:
    """A table for the docs."""
    lines = [f"**{table.title}**", ""] if titled else []
    lines.append(f"| {' | '.join(_quiet(head) for head in table.heads)} |")
    lines.append(f"| --- |{' ---: |' * (len(table.heads) - 1)}")
    lines += [f"| {' | '.join(_quiet(cell) for cell in row)} |" for row in table.rows]
    return "\n".join(lines)


def _quiet(cell: str) -> str:
    return cell.replace("dataarts_job_status", "`dataarts_job_status`")


def plain(table: Table) -> str:
    """A table for the screen."""
    rows = [list(table.heads), *(list(row) for row in table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.heads))]
    lines = [table.title]
    for row in rows:
        first, *rest = row
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        lines.append("  " + "  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)


def text_of_targets(found: Sequence[Target]) -> str:
    """The targets for the screen: one line each, the missed ones emphasized."""
    lines = []
    for each in found:
        outcome = each.outcome if each.outcome == REACHED else each.outcome.upper()
        lines.append(f"  {outcome:12}  {each.what}: {each.found}")
    return "\n".join(lines)


def how_marked() -> str:
    """The meaning of the marks."""
    return (
        "≈ extrapolated from smaller sizes; ᵛ measured with a clock that skips the waiting; "
        f"the rows of the floor are {ARITHMETIC}; all else is measured."
    )
