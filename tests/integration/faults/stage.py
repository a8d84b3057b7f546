# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a gate with a fault: the module's code, in this process, against an emulator, on a clock that skips waits.

A wait for an answer is a real one, so sockets, timeouts and threads behave as in production. A wait without a request (an
interval, a backoff, a Retry-After) is skipped, and the emulator's time moves along, so that a gate of minutes takes
milliseconds and can have realistic options.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils import _module
from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.modules import dataarts_job_status, dli_job_progress
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process
from tests.emulator import (
    ACCESS_KEY,
    AUTH_TOKEN,
    DOMAIN_NAME,
    PROJECT_ID,
    REGION,
    SECRET_KEY,
    USER_NAME,
    USER_PASSWORD,
    Emulator,
)

from ..playbook import MAX_SLACK

T = TypeVar("T")
Result = dict[str, Any]

JOB = "job_sms"
DLI_JOB = "85798b38-ae44-48eb-bb90-7cf0dcdafe7b"
KEY = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
USER = {"username": USER_NAME, "password": USER_PASSWORD, "domain_name": DOMAIN_NAME}
SECRETS = (SECRET_KEY, AUTH_TOKEN, USER_PASSWORD, "emulator-issued-token")
ENDS = "This is a defect of the collection"


class SkippingClock(Clock):
    """The machine's clock, plus the skipped time."""

    def __init__(self, emulator: Emulator | None = None) -> None:
        self.skipped = 0.0
        self._emulator = emulator

    def now(self) -> float:
        return time.monotonic() + self.skipped

    def wall(self) -> float:
        return time.time() + self.skipped

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.skipped += seconds
            if self._emulator is not None:
                self._emulator.advance(seconds)

    def wait(self, results: queue.SimpleQueue[T], seconds: float | None, busy: bool) -> T | None:
        if busy or seconds is None:
            return super().wait(results, seconds, busy)
        self.sleep(seconds)
        return super().wait(results, 0, busy)


def connection(emulator: Emulator | str, **options: Any) -> dict[str, Any]:
    """Connection options that lead to an emulator, or to a URL; an access key unless something else is given."""
    url = emulator if isinstance(emulator, str) else emulator.url
    given: dict[str, Any] = {
        "endpoints": dict.fromkeys(("dataarts", "dli", "iam"), url),
        "region": REGION,
        "project_id": PROJECT_ID,
        **options,
    }
    others = {"access_key", "auth_token", "username", "credentials_file", "auth_type"}
    return given if others & set(given) else {**KEY, **given}


def gate(
    emulator: Emulator | str,
    monkeypatch: pytest.MonkeyPatch,
    options: Mapping[str, Any],
    *,
    dli: bool = False,
    clock: Clock | None = None,
) -> Result:
    """The module's result on a clock that skips waits. Asserts the invariants of each gate."""
    chosen = clock or SkippingClock(None if isinstance(emulator, str) else emulator)
    arguments = connection(emulator, **options)
    began, started = chosen.now(), time.monotonic()
    with monkeypatch.context() as patch:
        patch.setattr(_module, "Clock", lambda: chosen)
        result = work(arguments, dli)
    took = chosen.now() - began
    most = float(arguments["wait_timeout"]) + float(arguments.get("request_timeout", 30))
    assert took <= most + MAX_SLACK, f"{took:.1f} s on the gate's clock: {result['msg']}"
    assert time.monotonic() - started < 60
    return result


def work(arguments: Mapping[str, Any], dli: bool = False) -> Result:
    """The module's result, run like a task for localhost."""
    module: Any = dli_job_progress if dli else dataarts_job_status
    result = in_process.run(dict(arguments), module.ARGUMENTS, module.SERVICE, module.BODY, False, "module")
    check(result)
    return result


def check(result: Mapping[str, Any], secrets: Sequence[str] = SECRETS) -> None:
    """Assert the invariants of each result: a verdict with reasons or one clear sentence, no traceback, no secret, plain JSON."""
    text = json.dumps(result, allow_nan=False)
    msg = result["msg"]
    assert ENDS not in msg, msg
    assert "Traceback" not in text
    assert msg
    assert len(msg.splitlines()) == 1
    assert not [secret for secret in secrets if secret in text], text
    if "verdict" in result:
        verdict, codes = result["verdict"], {item["code"] for item in result["reasons"]}
        assert bool(result.get("failed")) == (verdict in ("FAIL", "TIMEOUT", "ERROR")), msg
        assert verdict == "PASS" or codes, msg
        if verdict == "PASS":
            assert not codes & {"unreadable", "denied", "still_pending", "unknown_state"}, msg
    else:
        assert result["failed"] is True


def assert_ends(before: set[threading.Thread], seconds: float) -> None:
    """Assert that no thread of a session is left after the given seconds."""
    until = time.monotonic() + seconds
    while left := [thread for thread in threading.enumerate() if thread not in before and thread.name != "emulator"]:
        assert time.monotonic() < until, f"threads are left: {left}"
        time.sleep(0.01)
