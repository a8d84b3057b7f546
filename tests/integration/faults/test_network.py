# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of names, connections, TLS and redirects, at the start and during a wait."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
import trustme

from tests.emulator import Emulator, running

from .cases import NETWORK, PLACES, REAL_TIME, WAIT
from .servers import Forward, Handler, alert, garbage, hang_up, listening, reset, swallow
from .stage import JOB, Result, SkippingClock, assert_ends, gate

CHANGE = 4.0
FEW = {"retries": 2, "max_consecutive_errors": 3}


class At(SkippingClock):
    """A clock that calls a function once, in a wait, at the given second of the gate."""

    def __init__(self, emulator: Emulator, seconds: float, action: Callable[[], Any]) -> None:
        super().__init__(emulator)
        self._due: float | None = self.now() + seconds
        self._action = action

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self._due is not None and self.now() >= self._due:
            self._due = None
            self._action()


# -- interim answers --------------------------------------------------------------------------------------------------


def hinting(port: int) -> Handler:
    """Forwards all bytes to a port of this machine, and sends an interim answer before each final one."""

    def handle(connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as behind:
            while request := connection.recv(65536):
                behind.sendall(request)
                answer = behind.recv(65536)
                connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
                connection.sendall(answer)

    return handle


def test_interim_answers_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    with running({"quota": 0, **REAL_TIME}) as emulator, listening(hinting(emulator.port)) as proxy:
        endpoints = dict.fromkeys(("dataarts", "dli", "iam"), proxy.url)
        result = gate(emulator, monkeypatch, {**WAIT, "job_names": JOB, "endpoints": endpoints})
        assert len(emulator.requests("job_status")) > 1
        assert proxy.connections == 1
    NETWORK["early-hints"].check(result)


# -- redirects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("call", PLACES)
def test_redirects_are_not_followed(call: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    place = PLACES[call]
    point = max(place.points.values()) if status == 302 else 0.0
    options = {**WAIT, **place.options, **({} if place.dli else {"stable_for": 3})}
    with listening(swallow) as other:
        rule = {"name": "it", "match": {"call": call, "from": point}, "redirect": f"{other.url}/v1", "status": status}
        with running({"quota": 0, **place.scenario, "faults": [rule]}) as emulator:
            result = gate(emulator, monkeypatch, options, dli=place.dli)
            assert len(emulator.requests(fault="it")) == 1
        assert other.connections == 0, "the other host was talked to"
        # After a renewal of a token, the verdict names the refusal; there is no further request either.
        if call != "tokens" or point == 0.0:
            NETWORK["redirect"].check(result)
        assert result["verdict"] == "ERROR"


# -- names ------------------------------------------------------------------------------------------------------------


class Names:
    """Name resolution that fails a given number of times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fails = 0
        self.calls = 0
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._answer)

    def _answer(self, host: Any, *arguments: Any, **more: Any) -> Any:
        self.calls += 1
        if self.fails > 0:
            self.fails -= 1
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self._real(host, *arguments, **more)


NEW_CONNECTIONS = {"close": True}


@pytest.mark.parametrize("since", [0.0, CHANGE])
@pytest.mark.parametrize(("row", "fails"), [("dns-once", 1), ("dns", 10**6)])
def test_failed_name_resolution(row: str, fails: int, since: float, monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch)
    with running({"quota": 0, **REAL_TIME, "faults": [NEW_CONNECTIONS]}) as emulator:
        clock = At(emulator, since, lambda: setattr(names, "fails", fails))
        if not since:
            names.fails = fails
        result = gate(emulator, monkeypatch, {**WAIT, "job_names": JOB}, clock=clock)
    assert names.calls > 1
    NETWORK[row].check(result)


# -- connections ------------------------------------------------------------------------------------------------------


def test_stopped_service(monkeypatch: pytest.MonkeyPatch) -> None:
    with running({"quota": 0, **REAL_TIME}) as emulator:

        class Gone(At):
            def sleep(self, seconds: float) -> None:
                if self._due is None:
                    self._emulator = None
                super().sleep(seconds)

        clock = Gone(emulator, CHANGE, emulator.stop)
        NETWORK["refused"].check(gate(emulator, monkeypatch, {**WAIT, **FEW, "job_names": JOB}, clock=clock))


def through(
    monkeypatch: pytest.MonkeyPatch, handler: Handler, times: int, emulator: Emulator, scheme: str, **options: Any
) -> tuple[Result, int]:
    """A gate over a forwarding listener whose connections are broken; the next ones get another handler.

    :param times: how many connections get it.
    :return: the result, and how many connections there were.
    """
    with ExitStack() as stack:
        server = stack.enter_context(listening(Forward(emulator.port)))

        def change() -> None:
            left = times
            forward = server.handler

            def then(connection: socket.socket) -> None:
                nonlocal left
                left -= 1
                (handler if left >= 0 else forward)(connection)

            server.handler = then
            server.cut()

        # A port that is not the standard one is signed, and the emulator checks what the client sent.
        url = f"{scheme}://127.0.0.1:{server.port}"
        clock = At(emulator, CHANGE, change)
        result = gate(emulator, monkeypatch, {**WAIT, **FEW, **options, "endpoints": endpoints(url)}, clock=clock)
        return result, server.connections


def endpoints(url: str) -> dict[str, str]:
    return dict.fromkeys(("dataarts", "dli", "iam"), url)


@pytest.mark.parametrize("handler", [hang_up, reset, garbage])
def test_broken_connections(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    with running({"quota": 0, **REAL_TIME}) as emulator:
        passing, connections = through(monkeypatch, handler, 1, emulator, "http", job_names=JOB)
        assert (passing["verdict"], connections >= 3) == ("PASS", True)
        emulator.reset()
        lasting, dummy = through(monkeypatch, handler, 10**6, emulator, "http", job_names=JOB)
        assert (lasting["verdict"], lasting["reasons"][0]["code"]) == ("ERROR", "unreadable")


def test_server_without_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {"request_timeout": 0.4, "retries": 1, "max_consecutive_errors": 2}
    with running({"quota": 0, **REAL_TIME}) as emulator:
        result, dummy = through(monkeypatch, swallow, 10**6, emulator, "http", job_names=JOB, **slow)
    NETWORK["black-hole"].check(result)


# -- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A certificate authority, a certificate of it, and one of another authority."""
    folder = tmp_path_factory.mktemp("tls")
    found = {}
    for name in ("good", "other"):
        authority = trustme.CA()
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / f"{name}.pem"))
        authority.cert_pem.write_to_path(str(folder / f"{name}-ca.pem"))
        found[name] = str(folder / f"{name}.pem")
        found[f"{name}_ca"] = str(folder / f"{name}-ca.pem")
    return found


def test_tls_connection_broken_within_an_answer(certificates: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    with running({"quota": 0, **REAL_TIME}, certfile=certificates["good"]) as emulator:
        forward = Forward(emulator.port)
        with listening(forward) as server:
            clock = At(emulator, CHANGE, lambda: setattr(forward, "spoil", 1))
            options = {**WAIT, "job_names": JOB, "ca_path": certificates["good_ca"]}
            options["endpoints"] = endpoints(f"https://127.0.0.1:{server.port}")
            result = gate(emulator, monkeypatch, options, clock=clock)
            assert forward.spoil == 0
    NETWORK["tls-cut"].check(result)


@pytest.mark.parametrize("handler", [reset, hang_up, garbage])
def test_tls_handshake_broken_once(
    handler: Handler, certificates: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"job_names": JOB, "ca_path": certificates["good_ca"]}
    with running({"quota": 0, **REAL_TIME}, certfile=certificates["good"]) as emulator:
        result, connections = through(monkeypatch, handler, 1, emulator, "https", **options)
        assert connections >= 2
    NETWORK["tls-breaks"].check(result)


@pytest.mark.parametrize("handler", [hang_up, reset, garbage, alert])
def test_tls_handshake_always_broken(
    handler: Handler, certificates: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"job_names": JOB, "ca_path": certificates["good_ca"]}
    with running({"quota": 0, **REAL_TIME}, certfile=certificates["good"]) as emulator:
        result, dummy = through(monkeypatch, handler, 10**6, emulator, "https", **options)
    NETWORK["tls-lasting"].check(result)


def test_changed_certificate_is_rejected(certificates: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"job_names": JOB, "ca_path": certificates["good_ca"]}
    with ExitStack() as stack:
        scenario = {"quota": 0, **REAL_TIME}
        emulator = stack.enter_context(running(scenario, certfile=certificates["good"]))
        impostor = stack.enter_context(running(scenario, certfile=certificates["other"]))
        result, dummy = through(monkeypatch, Forward(impostor.port), 10**6, emulator, "https", **options)
        assert impostor.journal == [], "something was sent to a server that is not trusted"
    NETWORK["tls-untrusted"].check(result)


# -- nothing is left behind -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [{"status": 503}, {"reset": "mid_body"}, {"hang": True}, {"drip": 0.2}])
def test_gate_leaves_no_thread(action: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    options = {**WAIT, "job_names": JOB, "request_timeout": 0.3, "retries": 0, "max_consecutive_errors": 1}
    with running({"quota": 0, **REAL_TIME, "faults": [action]}) as emulator:
        before = set(threading.enumerate())
        gate(emulator, monkeypatch, options)
        assert_ends(before, 2.0)
