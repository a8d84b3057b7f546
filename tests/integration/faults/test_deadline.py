# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The deadline on the machine's own clock: with any slow call, a gate ends in time and names the missing readings."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.emulator import running

from ..playbook import MAX_SLACK
from .cases import DEADLINE, NETWORK, PLACES
from .servers import listening, swallow
from .stage import Result, connection, work

TIMES = {"wait": True, "wait_timeout": 1.8, "request_timeout": 1, "wait_interval": 0.5, "max_consecutive_errors": 50}
MAX_SECONDS = 1.8 + 1 + MAX_SLACK
"""Seconds: the deadline, one request, and what a busy machine may add."""

Slow = tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]
LONG = {"status": 503, "headers": {"Retry-After": "1000000000"}}
MANY = {"jobs": [{"name": "job_{i}", "count": 300, "tags": ["orders"]}]}
NAMES = [f"job_{number}" for number in range(300)]
SLOW: dict[str, Slow] = {
    # Which call is hit, by what; options and scenario that differ.
    "hang": ("job_status", {"hang": True}, {}, {}),
    "drip": ("job_status", {"drip": 0.3}, {}, {}),
    "drip-headers": ("job_status", {"raw": "HTTP/1.1 2", "drip": 0.5}, {}, {}),
    "hang-list": ("job_list", {"hang": True}, {}, {}),
    "under-way": ("job_status", {"hang": True}, {"request_timeout": 30}, {}),
    "under-way-list": ("job_list", {"hang": True}, {"request_timeout": 30}, {}),
    "under-way-dli": ("dli_progress", {"hang": True}, {"request_timeout": 30}, {}),
    "hang-token": ("tokens", {"hang": True}, {}, {}),
    "hang-project": ("projects", {"hang": True}, {}, {}),
    "hang-dli": ("dli_progress", {"hang": True}, {}, {}),
    "backoff": ("job_status", {"status": 503}, {}, {}),
    "retry-after": ("job_status", LONG, {}, {}),
    # At two requests a second, the last observation after a throttled answer cannot be sent.
    "throttled": ("projects", {**LONG, "status": 429}, {"requests_per_second": 2}, {}),
    "many-jobs": ("job_status", {}, {"job_names": NAMES, "requests_per_second": 5}, MANY),
    "many-pages": ("job_list", {"delay": 0.6}, {"requests_per_second": 2}, MANY),
    "black-hole": ("job_status", {}, {}, {}),
    "name-server": ("job_status", {}, {}, {}),
}


def observed(slow: str) -> Result:
    """The result of a gate under a slow fault."""
    call, fault, options, scenario = SLOW[slow]
    place = PLACES[call]
    with ExitStack() as stack:
        if slow == "name-server":
            url = "http://localhost:1"
        elif slow == "black-hole":
            url = stack.enter_context(listening(swallow)).url
        else:
            rules = [{**fault, "match": {"call": call}}] if fault else []
            url = stack.enter_context(running({"quota": 0, **place.scenario, **scenario, "faults": rules})).url
        began = time.monotonic()
        result = work(connection(url, **{**place.options, **TIMES, **options}), place.dli)
        return {**result, "took": time.monotonic() - began}


@pytest.fixture(scope="module")
def results() -> Iterator[dict[str, Result]]:
    """All results; the gates run concurrently, because they only wait."""
    real = socket.getaddrinfo
    over = threading.Event()

    def resolve(host: Any, *arguments: Any, **more: Any) -> Any:
        if host == "localhost":
            over.wait(60)
        return real(host, *arguments, **more)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(SLOW)) as pool:
        patch.setattr(socket, "getaddrinfo", resolve)
        yield dict(zip(SLOW, pool.map(observed, SLOW), strict=True))
        over.set()


@pytest.mark.parametrize("slow", SLOW)
def test_gate_ends_at_the_deadline(slow: str, results: dict[str, Result]) -> None:
    result = results[slow]
    assert result["took"] < MAX_SECONDS
    assert 1 < result["elapsed"] < MAX_SECONDS
    assert result["failed"]
    assert result["verdict"] != "PASS"


@pytest.mark.parametrize("slow", list(SLOW))
def test_timeout_reports_the_slow_call(slow: str, results: dict[str, Result]) -> None:
    if slow.startswith("many"):
        # There is no fault, only many readings and little time.
        assert results[slow]["verdict"] == "TIMEOUT"
        assert {item["code"] for item in results[slow]["reasons"]} == {"still_pending"}
    elif slow.startswith("under-way"):
        DEADLINE["under-way"].check(results[slow])
    elif slow == "name-server":
        NETWORK["dns-hangs"].check(results[slow])
    else:
        DEADLINE["deadline"].check(results[slow])
