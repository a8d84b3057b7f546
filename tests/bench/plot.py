# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plot of the results, as an SVG that suits a light and a dark page."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

from . import contenders
from .clouds import BenchError
from .contenders import Contender
from .measure import EXTRAPOLATED, Figures
from .plan import Results
from .scenarios import BECOMING, READY

INK, QUIET, GRID, CARD = "#1f2328", "#59636e", "#d8dee4", "#ffffff"
DARK: Final = {
    INK: "#e6edf3",
    QUIET: "#9198a1",
    GRID: "#30363d",
    CARD: "#0d1117",
    "#0b5cad": "#58a6ff",
    "#3f8fd6": "#9cc8ff",
    "#b54708": "#f0883e",
    "#7a3fb0": "#c297ff",
    "#1a7f4b": "#56d38a",
}
"""Colours on a light page, and in their place on a dark one."""
FONT: Final = "'Helvetica Neue', Helvetica, Arial, sans-serif"
NOTICE: Final = (
    "<!--\nCopyright (c) datagate contributors\n"
    "GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
    "SPDX-License-Identifier: GPL-3.0-or-later\n\nWritten by make bench.\n-->\n"
)


MIN_SECONDS: Final = 0.1
"""Seconds that are drawn at least: the scale is logarithmic."""
LINE: Final = 0.062
"""Height of a label, as a share of its panel's."""

TITLE: Final = "<title>Time by number of jobs, for each way to wait for them</title>\n"


class Line(NamedTuple):
    """The line of a contender."""

    contender: Contender
    label: str
    colour: str
    dashed: bool = False


LINES: Final = (
    Line(contenders.URI, "uri, loop with until", "#b54708"),
    Line(contenders.SDK, "SDK, Python loop", "#7a3fb0"),
    Line(contenders.SENSORS, "Airflow sensors", "#1a7f4b"),
    Line(contenders.NODES, "this one, with nodes", "#0b5cad"),
    Line(contenders.JOBS, "this one, by the list", "#3f8fd6"),
    Line(contenders.FLOOR_NODES, "floor, with nodes", QUIET, dashed=True),
    Line(contenders.FLOOR_JOBS, "floor, by the list", QUIET, dashed=True),
)


def draw(results: Results, path: Path) -> None:
    """Write the plot.

    :raises BenchError: matplotlib is not installed.
    """
    try:
        matplotlib = import_module("matplotlib")
        figures = import_module("matplotlib.figure")
        import_module("matplotlib.backends.backend_svg")
    except ImportError as error:
        raise BenchError(f"the plot needs matplotlib: {error}") from error
    settings = {
        "svg.fonttype": "none",
        "svg.hashsalt": "datagate",
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": INK,
        "axes.edgecolor": GRID,
        "axes.labelcolor": QUIET,
        "xtick.color": QUIET,
        "ytick.color": QUIET,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
    }
    with matplotlib.rc_context(settings):
        figure = figures.Figure(figsize=(11, 4.7), facecolor=CARD)
        left, right = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.055, right=0.845, top=0.85, bottom=0.17, wspace=0.62)
        _panel(left, results, READY, "wall", "Jobs that are ready: time of the whole command")
        _panel(right, results, BECOMING, "delay", "Jobs that become ready: from the last to the verdict")
        note = (
            "Hollow: extrapolated. This one: dataarts_job_status at its default ceiling of 20 requests a second; a user may make 30. "
            "Airflow: its own time not counted."
        )
        figure.text(0.02, 0.012, note, fontsize=8, color=QUIET)
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None}, facecolor=CARD)
    path.write_text(_themed(path.read_text("utf-8")), "utf-8")


def _panel(axes: Any, results: Results, scenario: str, name: str, title: str) -> None:
    axes.set_facecolor("none")
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=INK, x=-0.06, pad=14)
    ends: list[tuple[float, Line]] = []
    for line in LINES:
        points = [
            (each.jobs, max(MIN_SECONDS, getattr(each, name)), each.how == EXTRAPOLATED)
            for each in _sound(results, line.contender, scenario)
            if getattr(each, name) is not None
        ]
        if scenario == READY and line.contender is contenders.SENSORS:
            continue  # its first poke finds all jobs ready, and Airflow's own time for that is unknown
        if not points:
            continue
        _line(axes, line, points)
        ends.append((points[-1][1], line))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(0.8, 12500)
    axes.set_xticks([1, 10, 100, 1000, 10000], labels=["1", "10", "100", "1,000", "10,000"])
    axes.set_xlabel("jobs", fontsize=9)
    bottom, top = axes.get_ylim()
    marks = [mark for mark in (0.1, 1, 10, 60, 600, 3600, 36000) if bottom * 0.9 <= mark <= top * 1.1]
    words = {0.1: "0.1 s", 1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h", 36000: "10 h"}
    axes.set_yticks(marks, labels=[words[mark] for mark in marks])
    axes.minorticks_off()
    axes.tick_params(length=0, labelsize=9)
    axes.grid(True, axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    _labels(axes, ends)


def _sound(results: Results, contender: Contender, scenario: str) -> list[Figures]:
    found = [results.sound(contender, jobs, scenario) for jobs in results.sizes]
    return [each for each in found if each is not None]


def _line(axes: Any, line: Line, points: Sequence[tuple[int, float, bool]]) -> None:
    measured = [point for point in points if not point[2]]
    guessed = ([measured[-1]] if measured else []) + [point for point in points if point[2]]
    style = (0, (2, 2)) if line.dashed else "solid"
    width = 1.3 if line.dashed else 2.2
    marker = None if line.dashed else "o"
    xs, ys = [point[0] for point in measured], [point[1] for point in measured]
    axes.plot(xs, ys, color=line.colour, linewidth=width, linestyle=style, marker=marker, markersize=5)
    if len(guessed) > 1:
        xs, ys = [point[0] for point in guessed], [point[1] for point in guessed]
        axes.plot(xs, ys, color=line.colour, linewidth=width * 0.7, linestyle=(0, (4, 3)))
        axes.plot(xs[1:], ys[1:], color=line.colour, linestyle="none", marker="o", markersize=5, markerfacecolor=CARD)


def _labels(axes: Any, ends: Sequence[tuple[float, Line]]) -> None:
    """The labels at the right ends of the lines, moved apart if they would overlap."""
    bottom, top = (math.log10(limit) for limit in axes.get_ylim())
    ordered = sorted(ends, key=lambda end: end[0])
    for at, (dummy, line) in zip(
        apart([(math.log10(value) - bottom) / (top - bottom) for value, dummy in ordered], LINE), ordered, strict=True
    ):
        axes.text(1.03, at, line.label, transform=axes.transAxes, va="center", fontsize=9, color=line.colour)


def apart(places: Sequence[float], least: float) -> list[float]:
    """Ascending places, moved as little as needed to be *least* apart."""
    groups: list[list[float]] = []  # each a number of places side by side, and their mean
    for place in places:
        groups.append([1.0, place])
        while len(groups) > 1 and groups[-1][1] - groups[-2][1] < least * (groups[-1][0] + groups[-2][0]) / 2:
            count, mean = groups.pop()
            before = groups[-1]
            before[1] = (before[0] * before[1] + count * mean) / (before[0] + count)
            before[0] += count
    return [mean + least * (number - (count - 1) / 2) for count, mean in groups for number in range(int(count))]


def _themed(svg: str) -> str:
    """The drawing with a style for dark pages; programs that do not support it show the light one."""
    rules = []
    for light, dark in DARK.items():
        for what in ("fill", "stroke"):
            rules.append(f'[style*="{what}: {light}"] {{ {what}: {dark} !important; }}')
    style = (
        "<style>\n"
        f"text {{ font-family: {FONT} !important; }}\n"
        "@media (prefers-color-scheme: dark) {\n" + "\n".join(rules) + "\n}\n</style>\n"
    )
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"(<svg\b[^>]*>)", lambda found: found.group(1) + "\n" + TITLE + style, svg, count=1)
    svg = re.sub(r"<!DOCTYPE.*?>\s*", "", svg, flags=re.DOTALL)
    svg = "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"
    return svg.replace("<svg ", NOTICE + "<svg ", 1)
