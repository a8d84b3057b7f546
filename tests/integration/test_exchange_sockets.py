# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each request gets the answer to itself, even if a server or a proxy writes bytes between, behind and instead of answers.

The server here writes bytes as a test scripts them, and counts its connections.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.exchange import Answer
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DENIED, TRANSIENT, RequestError
from tests.emulator import REGION
from tests.single_calls import get, run

from .faults.servers import listening

Parts = list[tuple[float, bytes]]
"""The bytes to write, each with the seconds to wait before; empty bytes close the connection."""
Script = Callable[[str], Parts]

LATE = 0.03
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
STOP = (0.0, b"")


def body_of(name: str) -> bytes:
    return json.dumps({"name": name, "status": "NORMAL"}).encode()


def answer(body: bytes, status: str = "200 OK", version: str = "HTTP/1.1", **headers: str) -> bytes:
    """An answer with a Content-Length unless headers say otherwise; an underscore stands for a hyphen."""
    lines = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"{version} {status}\r\n{head}\r\n".encode("latin-1") + body


def chunked(body: bytes, size: int = 7, end: bytes = b"0\r\n\r\n", status: str = "200 OK", **headers: str) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    text = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + end
    return answer(text, status, Content_Length="", Transfer_Encoding="chunked", **headers)


class Server:
    """Answers the status call of a job as a script says. `served` has a job and the number of its connection for each."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._connections = 0
        self.served: list[tuple[str, int]] = []

    def __call__(self, connection: socket.socket) -> None:
        self._connections += 1
        number = self._connections
        stream = connection.makefile("rb")
        while line := stream.readline():
            while stream.readline() not in (b"\r\n", b""):
                pass
            name = line.split()[1].decode().split("/")[-2]
            self.served.append((name, number))
            for seconds, data in self._script(name):
                time.sleep(seconds)
                if not data:
                    return
                connection.sendall(data)


@contextmanager
def session_for(script: Script, **options: Any) -> Iterator[tuple[Session, Server]]:
    server = Server(script)
    with listening(server) as listener:
        params = {
            "endpoints": dict.fromkeys(("dataarts", "dli", "iam"), listener.url),
            "region": REGION,
            "project_id": "p1",
            "auth_token": "the-token-of-this-test",
            "requests_per_second": 0,
            "request_timeout": 10,
            "retries": 0,
            **options,
        }
        session = Session(resolve(params, {}, "dataarts"), Clock())
        try:
            yield session, server
        finally:
            session.close()


def status_of(name: str) -> Call:
    return Call("dataarts", ("v1", "{project_id}", "jobs", name, "status"), key=name)


def ask(session: Session, name: str) -> Answer | RequestError:
    with contextlib.suppress(StopIteration):
        try:
            return get(session, status_of(name))
        except RequestError as error:
            return error
    raise AssertionError("no outcome")


def received(session: Session, name: str) -> str | None:
    """The job that the answer is about, None where there is no answer."""
    outcome = ask(session, name)
    return outcome.data["name"] if isinstance(outcome, Answer) else None


def good(name: str) -> Parts:
    return [(0.0, answer(body_of(name)))]


def about_other(name: str) -> bytes:
    return answer(body_of(f"not-{name}"))


# -- interim answers --------------------------------------------------------------------------------------------------

INTERIM: dict[str, Callable[[str], Parts]] = {
    "in the same packet": lambda name: [(0.0, HINT + answer(body_of(name)))],
    "in a packet of its own": lambda name: [(0.0, HINT), (LATE, answer(body_of(name)))],
    "in halves": lambda name: [(0.0, HINT[:20]), (LATE, HINT[20:] + answer(body_of(name))[:9]),
                               (LATE, answer(body_of(name))[9:])],
    "several": lambda name: [(0.0, HINT * 3 + b"HTTP/1.1 102 Processing\r\n\r\n"), (LATE, HINT), (0.0, answer(body_of(name)))],
    "before chunks": lambda name: [(0.0, HINT), (LATE, chunked(body_of(name)))],
    "100 Continue too": lambda name: [(0.0, b"HTTP/1.1 100 Continue\r\n\r\n" + HINT + answer(body_of(name)))],
    "with a length": lambda name: [(0.0, HINT.replace(b"Link", b"Content-Length: 5\r\nLink") + answer(body_of(name)))],
}  # fmt: skip


@pytest.mark.parametrize("way", INTERIM)
@pytest.mark.parametrize("hinted", ["once", "always"])
def test_interim_answers_are_skipped(way: str, hinted: str) -> None:
    names = [f"job_{number}" for number in range(8)]
    hinting = {"job_2"} if hinted == "once" else set(names)
    with session_for(lambda name: INTERIM[way](name) if name in hinting else good(name)) as (session, server):
        assert [received(session, name) for name in names] == names
        assert {number for dummy, number in server.served} == {1}, (
            "a final answer leaves its connection to the next one"
        )


@pytest.mark.parametrize(
    "parts",
    [
        [(0.0, HINT * 30), (0.0, answer(body_of("job_0")))],
        [(0.0, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), (LATE, answer(body_of("job_0")))],
        [(0.0, HINT), STOP],
        [(0.0, HINT + HINT[:15]), STOP],
    ],
)
def test_interim_answers_without_a_final_answer_are_an_error(parts: Parts) -> None:
    with session_for(lambda name: parts if name == "job_0" else good(name)) as (session, server):
        outcome = ask(session, "job_0")
        assert isinstance(outcome, RequestError)
        assert (outcome.kind, outcome.status) == (TRANSIENT, None)
        assert received(session, "job_1") == "job_1"
        assert server.served == [("job_0", 1), ("job_1", 2)]


def test_interim_answer_alone_is_retried() -> None:
    requests_sent: list[str] = []

    def script(name: str) -> Parts:
        requests_sent.append(name)
        return [(0.0, HINT), STOP] if len(requests_sent) == 1 else good(name)

    with session_for(script, retries=1) as (session, server):
        assert received(session, "job_0") == "job_0"
        assert server.served == [("job_0", 1), ("job_0", 2)]


# -- which answers leave their connection to the next request ---------------------------------------------------------

KEPT: dict[str, Callable[[str], bytes]] = {
    "length": lambda name: answer(body_of(name)),
    "chunks": lambda name: chunked(body_of(name)),
    "chunks with a trailer": lambda name: chunked(body_of(name), end=b"0\r\nX-Sum: 1\r\n\r\n"),
    "400": lambda name: answer(body_of(name), "400 Bad Request"),
    "404 in chunks": lambda name: chunked(body_of(name), status="404 Not Found"),
    "201": lambda name: answer(body_of(name), "201 Created"),
}
CLOSED: dict[str, Callable[[str], Parts]] = {
    "204 and a late answer": lambda name: [
        (0.0, b"HTTP/1.1 204 No Content\r\n\r\n"), (LATE, about_other(name))
    ],
    "205 and a late answer": lambda name: [
        (0.0, answer(b"", "205 Reset Content")), (LATE, about_other(name))
    ],
    "304 and a late answer": lambda name: [(0.0, answer(b"", "304 Not Modified")), (LATE, about_other(name))],
    "206": lambda name: [(0.0, answer(body_of(name), "206 Partial Content")), (LATE, about_other(name))],
    "203": lambda name: [(0.0, answer(body_of(name), "203 Non-Authoritative Information")), (LATE, about_other(name))],
    "302": lambda name: [(0.0, answer(body_of(name), "302 Found", Location="http://127.0.0.1:1/")), (LATE, about_other(name))],
    "500": lambda name: [(0.0, answer(body_of(name), "500 Oops")), (LATE, about_other(name))],
    "503": lambda name: [(0.0, answer(body_of(name), "503 Busy")), (LATE, about_other(name))],
    "408": lambda name: [(0.0, answer(body_of(name), "408 Request Timeout")), (LATE, about_other(name))],
    "two lengths that are the same": lambda name: [
        (0.0, answer(body_of(name), Content_length=str(len(body_of(name))))), (LATE, about_other(name))
    ],
    "one header with the same length twice": lambda name: [
        (0.0, answer(body_of(name), Content_Length=f"{len(body_of(name))}, {len(body_of(name))}")), (LATE, about_other(name))
    ],
    "a length and chunks": lambda name: [
        (0.0, chunked(body_of(name), Content_length="5")), (LATE, about_other(name))
    ],
    "HTTP/1.0 with a length": lambda name: [
        (0.0, answer(body_of(name), version="HTTP/1.0", Connection="keep-alive")), (LATE, about_other(name))
    ],
    "HTTP/1.0 without a length": lambda name: [
        (0.0, answer(body_of(name), version="HTTP/1.0", Content_Length="")), STOP
    ],
    "no length": lambda name: [(0.0, answer(body_of(name), Content_Length="")), STOP],
    "Connection: close": lambda name: [(0.0, answer(body_of(name), Connection="close")), (LATE, about_other(name))],
}  # fmt: skip
BROKEN: dict[str, Callable[[str], Parts]] = {
    "another answer behind it": lambda name: [(0.0, answer(body_of(name)) + about_other(name))],
    "another answer behind its chunks": lambda name: [(0.0, chunked(body_of(name)) + about_other(name))],
    "bytes behind it": lambda name: [(0.0, answer(body_of(name)) + b"\r\n")],
    "two lengths that differ": lambda name: [(0.0, answer(body_of(name), Content_length="5"))],
    "one header with two lengths": lambda name: [(0.0, answer(body_of(name), Content_Length=f"{len(body_of(name))}, 5"))],
    "a length with a sign": lambda name: [(0.0, answer(body_of(name), Content_Length=f"+{len(body_of(name))}"))],
    "a length below zero": lambda name: [(0.0, answer(body_of(name), Content_Length="-1")), STOP],
    "a length in words": lambda name: [(0.0, answer(body_of(name), Content_Length="long")), STOP],
    "an unknown coding": lambda name: [
        (0.0, answer(body_of(name), Transfer_Encoding="gzip, chunked")), STOP
    ],
    "chunks twice": lambda name: [(0.0, chunked(body_of(name), Transfer_encoding="chunked")), STOP],
    "a body that is cut": lambda name: [(0.0, answer(body_of(name))[:-1]), STOP],
    "a head that is cut": lambda name: [(0.0, answer(body_of(name))[:20]), STOP],
    "a head that is cut after a line": lambda name: [(0.0, answer(body_of(name)).partition(b"Content")[0]), STOP],
    "a malformed header": lambda name: [(0.0, answer(body_of(name)).replace(b"Content-L", b"x\r\nContent-L"))],
    "chunks that are cut": lambda name: [(0.0, chunked(body_of(name), end=b"")), STOP],
    "a chunk that is cut": lambda name: [(0.0, chunked(body_of(name))[:-9]), STOP],
    "JSON that goes on behind its length": lambda name: [(0.0, answer(body_of(name) + b", ", Content_Length=str(len(body_of(name)))))],
}  # fmt: skip


@pytest.mark.parametrize("kind", KEPT)
def test_complete_answer_keeps_its_connection(kind: str) -> None:
    with session_for(lambda name: [(0.0, KEPT[kind](name))]) as (session, server):
        for number in range(3):
            outcome = ask(session, f"job_{number}")
            assert isinstance(outcome, Answer) == (not kind.startswith("4"))
        assert server.served == [("job_0", 1), ("job_1", 1), ("job_2", 1)]


@pytest.mark.parametrize("kind", CLOSED)
def test_incomplete_answer_closes_its_connection(kind: str) -> None:
    with session_for(lambda name: CLOSED[kind](name) if name == "job_0" else good(name)) as (session, server):
        first = ask(session, "job_0")
        assert not isinstance(first, Answer) or first.data["name"] == "job_0"
        assert [received(session, name) for name in ("job_1", "job_2")] == ["job_1", "job_2"]
        assert server.served == [("job_0", 1), ("job_1", 2), ("job_2", 2)]


@pytest.mark.parametrize("kind", BROKEN)
def test_incomplete_answer_is_rejected(kind: str) -> None:
    with session_for(lambda name: BROKEN[kind](name) if name == "job_0" else good(name)) as (session, server):
        first = ask(session, "job_0")
        assert isinstance(first, RequestError)
        assert (first.kind, first.status) == (TRANSIENT, None)
        assert [received(session, name) for name in ("job_1", "job_2")] == ["job_1", "job_2"]
        assert server.served == [("job_0", 1), ("job_1", 2), ("job_2", 2)]


def _in_one(kind: str) -> Script:
    return lambda name: [(0.0, KEPT[kind](name))]


ALL: dict[str, Script] = {**INTERIM, **CLOSED, **BROKEN, **{kind: _in_one(kind) for kind in KEPT}}


@given(st.lists(st.sampled_from(sorted(ALL)), min_size=2, max_size=12))
@settings(max_examples=25)
def test_answers_are_never_assigned_to_another_request(kinds: list[str]) -> None:
    with session_for(lambda name: ALL[kinds[int(name[4:])]](name), retries=0) as (session, dummy_server):
        names = [f"job_{number}" for number in range(len(kinds))]
        try:
            outcomes = {call.key: outcome for call, outcome in run(session, [status_of(name) for name in names])}
        except RequestError:
            return  # none of the first requests got an answer
        answers = {name: outcome.data["name"] for name, outcome in outcomes.items() if isinstance(outcome, Answer)}
        assert all(name == about for name, about in answers.items())
        # No complete answer is lost.
        whole = {f"job_{number}" for number, kind in enumerate(kinds) if kind in INTERIM}
        assert whole <= set(answers)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
@pytest.mark.parametrize("kind", ["cut", "two lengths", "cut head", "reset"])
def test_refusal_with_a_broken_answer_is_a_refusal(status: str, kind: str) -> None:
    whole = answer(b'{"error_code": "APIGW.0301"}', status)
    parts = {
        "cut": [(0.0, whole[:-5]), STOP],
        "two lengths": [(0.0, whole.replace(b"Content-L", b"Content-Length: 7\r\nContent-L"))],
        "cut head": [(0.0, whole[:30]), STOP],
        "reset": [(0.0, whole + whole)],
    }[kind]
    with session_for(lambda dummy_name: parts, retries=3) as (session, server):
        outcome = ask(session, "job_0")
        assert isinstance(outcome, RequestError)
        assert (outcome.kind, outcome.status) == (DENIED, int(status[:3]))
        assert len(server.served) == 1


def test_answer_has_its_size() -> None:
    with session_for(lambda name: [(0.0, chunked(body_of(name)))]) as (session, dummy_server):
        assert get(session, status_of("job_0")).size == len(body_of("job_0"))
