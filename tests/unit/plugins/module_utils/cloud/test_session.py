# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The headers that the session reads, and its outcomes at a deadline, without a real request."""

from __future__ import annotations

import math
import queue
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.failures.error_factory import ErrorFactory
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.exchange import Answer, Exchange
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.scheduling.answers import read_answer
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import TRANSIENT, UNREACHED, RequestError
from ansible_collections.datagate.huaweicloud.tests.single_calls import single

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


class Still(Clock):
    """A clock that does not move."""

    def now(self) -> float:
        return 0.0

    def wall(self) -> float:
        return NOW


def failures() -> ErrorFactory:
    params = {"access_key": "the-ak", "secret_key": "the-sk", "region": "cn-north-4", "project_id": "p1"}
    return ErrorFactory(resolve(params, {}, "dataarts"), Still())


def retry_after(value: str) -> float | None:
    return failures()._retry_after(Answer(429, {"Retry-After": value}, None, 0.0))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("2", 2.0),
        (" 120 ", 120.0),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0),
        ("Tuesday, 14-Nov-23 22:13:30 GMT", 10.0),
        ("Tue, 14 Nov 2023 22:13:30 +0000", 10.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("1e9", None),
        ("\u0662", None),
        ("\u00b2", None),
    ],
)
def test_retry_after_values(value: str, seconds: float | None) -> None:
    assert retry_after(value) == seconds


@pytest.mark.parametrize(
    ("status", "age", "is_cached"),
    [
        *((200, age, True) for age in ("1", " 60 ", "99999999999")),
        *((200, age, False) for age in (None, "", "0", "-1", "soon", "\u0662")),
        (404, "60", True),
        (400, "60", True),
        (503, "60", False),
        (401, "60", False),
    ],
)
def test_an_answer_from_a_cache_says_nothing_of_the_present(status: int, age: str | None, is_cached: bool) -> None:
    headers = {} if age is None else {"Age": age}
    body = b'{"error_code": "DLF.0100", "status": "NORMAL"}'
    outcome = read_answer(Answer(status, headers, body, 5.0), Call("dataarts", ("jobs",)), failures())
    if is_cached:
        assert isinstance(outcome, RequestError)
        assert (outcome.kind, outcome.sent_at) == (TRANSIENT, 5.0)
        assert "comes from a cache on the way" in str(outcome)
    else:
        assert "cache" not in str(outcome)


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", 10.0),
        ("Tue, 14 Nov 2023 22:06:28 GMT", 422.0),
        ("Tue, 14 Nov 2023 22:13:40 GMT", 0.0),
        ("", 10.0),
        ("today", 10.0),
    ],
)
def test_retry_after_date_uses_the_clock_of_the_server(date: str, seconds: float) -> None:
    answer = Answer(429, {"Retry-After": "Tue, 14 Nov 2023 22:13:30 GMT", "Date": date}, None, 0.0)
    assert failures()._retry_after(answer) == seconds


def test_retry_after_with_a_huge_number() -> None:
    seconds = retry_after("9" * 400)
    assert seconds is not None
    assert math.isfinite(seconds)
    assert seconds > 1e9


def test_missing_retry_after() -> None:
    assert failures()._retry_after(Answer(429, {}, None, 0.0)) is None


DATES = st.lists(
    st.one_of(
        st.sampled_from(["Tue", ",", "14", "Nov", "2023", "22:13:30", "GMT", "+9999", "-0000", ":", ".", "-", "am"]),
        st.integers(-(10**12), 10**12).map(str),
        st.text(max_size=3),
    ),
    max_size=8,
).map(" ".join)


@given(st.one_of(st.text(max_size=30), DATES))
def test_retry_after_accepts_any_text(value: str) -> None:
    seconds = retry_after(value)
    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))
    failures()._skew(Answer(401, {"Date": value}, None, 0.0))


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", None),
        ("Tue, 14 Nov 2023 22:17:20 GMT", None),
        ("Tue, 14 Nov 2023 23:13:20 GMT", 3600.0),
        ("Tue, 14 Nov 2023 22:03:20 GMT", -600.0),
        ("nonsense", None),
    ],
)
def test_clock_skew_from_the_date_header(date: str, skew: float | None) -> None:
    assert failures()._skew(Answer(401, {"Date": date}, None, 0.0)) == skew


def test_each_secret_is_reported_to_on_secret() -> None:
    received: list[str] = []
    params = {"access_key": "ak", "secret_key": "sk", "security_token": "st", "region": "r", "project_id": "p"}
    Session(resolve(params, {}, "dli"), Still(), on_secret=received.append)
    assert received == ["ak", "sk", "st"]


def test_session_rate_is_the_option() -> None:
    params: dict[str, Any] = {"auth_token": "t", "region": "r", "project_id": "p", "requests_per_second": 7}
    assert Session(resolve(params, {}, "dli"), Still()).rate == 7.0


class Skipping(Clock):
    """A clock that moves when the session waits."""

    time = 1000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)

    def wait(self, results: queue.SimpleQueue[Any], seconds: float | None, busy: bool) -> Any:
        if not results.empty():
            return results.get()
        assert seconds is not None, "a wait without end"
        self.sleep(seconds)
        return None


class Breaking:
    """Runs exchanges: the given number fail at once, later ones never end."""

    def __init__(self, breaks: int) -> None:
        self.breaks = breaks

    def start(self, flight: Exchange, done: queue.SimpleQueue[Exchange]) -> None:
        if self.breaks > 0:
            self.breaks -= 1
            flight.outcome = ConnectionResetError()
            done.put(flight)

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("breaks", "options", "kind", "text"),
    [
        (1, {}, TRANSIENT, "the connection broke"),  # the second request hangs
        (0, {"request_timeout": 2}, TRANSIENT, "no answer in time"),
        (0, {"request_timeout": 30}, UNREACHED, "the deadline came before the answer"),
    ],
)
def test_call_at_its_deadline_ends_with_the_previous_error(
    breaks: int, options: dict[str, Any], kind: str, text: str
) -> None:
    """The call also ends for a caller that waits only until then."""
    params: dict[str, Any] = {"auth_token": "t", "region": "r", "project_id": "p", **options}
    session = Session(resolve(params, {}, "dli"), Skipping(), executor=Breaking(breaks))
    session.begin(single(Call("dli", ("v1", "jobs"))), "it", 1005.0)
    ended = session.next(1005.0)
    assert ended is not None
    assert (ended[0], ended[1].kind) == ("it", kind)
    assert ended[1].summary.startswith(text)
    assert session.next(1005.0) is None


def test_first_call_of_a_session_ends_at_its_deadline() -> None:
    """The first call timed out without an answer, and waits for the outcome of the second."""
    params: dict[str, Any] = {"auth_token": "t", "region": "r", "project_id": "p", "retries": 0, "request_timeout": 2}
    session = Session(resolve({**params, "requests_per_second": 0.6}, {}, "dli"), Skipping(), executor=Breaking(0))
    for key in ("first", "second"):
        session.begin(single(Call("dli", ("v1", "jobs"))), key, 1003.0)
    assert session.next(1002.5) is None
    ended = [session.next(1003.0), session.next(1003.0)]
    assert {key: error.kind for key, error in filter(None, ended)} == {"first": TRANSIENT, "second": UNREACHED}


class RefusesTwoWithoutBody:
    """Gives tokens, and accepts every request but the second and third: their status is 401 and their body never comes."""

    def __init__(self) -> None:
        self.tokens = 0
        self.requests = 0

    def start(self, exchange: Exchange, finished: queue.SimpleQueue[Exchange]) -> None:
        if "/auth/tokens" in exchange.prepared.url:
            self.tokens += 1
            status, headers, body = 201, {"X-Subject-Token": f"made-up-token-{self.tokens}"}, b"{}"
        else:
            self.requests += 1
            status, headers, body = 401 if self.requests in (2, 3) else 200, {}, b"{}"
        exchange.head = (status, headers)
        if status != 401:
            exchange.outcome = Answer(status, headers, body, exchange.sent_at)
            finished.put(exchange)

    def close(self) -> None:
        pass


def test_concurrent_refusals_without_a_body_end_together() -> None:
    """The first refusal renews the token, and the second call ends meanwhile."""
    params: dict[str, Any] = {
        "username": "u",
        "password": "pass-word",
        "domain_name": "d",
        "region": "r",
        "project_id": "p",
    }
    options = {**params, "requests_per_second": 0, "request_timeout": 2}
    executor = RefusesTwoWithoutBody()
    session = Session(resolve(options, {}, "dli"), Skipping(), executor=executor)
    assert isinstance(session.complete(single(Call("dli", ("v1", "jobs")))), Answer)
    outcomes = list(session.complete_all([single(Call("dli", ("v1", "jobs"))) for dummy in range(2)]))
    assert [isinstance(outcome, Answer) for outcome in outcomes] == [True, True]
    assert (executor.tokens, executor.requests) == (2, 5)
