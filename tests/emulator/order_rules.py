# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How orders are executed in a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .section import Section

RUNNING_ANSWERS: Final = ("accept", "DLF.3051", "DLF.30107")
STOPPED_ANSWERS: Final = ("accept", "DLF.3051", "DLF.30999")


@dataclass(frozen=True, slots=True)
class OrderRules:
    """How the cloud executes orders. Durations are in seconds; the README beside this file explains each key."""

    delay: float
    starting: float
    stopping: float
    waiting: float
    running: float
    start_of_running: str
    stop_of_stopped: str
    run_type: int


def read_orders(section: Section) -> OrderRules:
    """The key `orders` of a scenario."""
    item = Section(section.any("orders") or {}, "orders")
    rules = OrderRules(
        delay=item.number("delay", 0.0),
        starting=item.number("starting", 0.5),
        stopping=item.number("stopping", 0.5),
        waiting=item.number("waiting", 0.2),
        running=item.number("running", 0.5),
        start_of_running=item.choice("start_of_running", RUNNING_ANSWERS, "accept"),
        stop_of_stopped=item.choice("stop_of_stopped", STOPPED_ANSWERS, "accept"),
        run_type=item.integer("run_type", 2),
    )
    item.done()
    return rules
