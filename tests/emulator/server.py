# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP server: reads a request, lets the cloud answer it, keeps the journal."""

from __future__ import annotations

import asyncio
import ssl
import sys
import traceback
import uuid
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from .answers import Answer, answer_json
from .cloud import Cloud, Incoming
from .control import PREFIX, control
from .delivery import deliver
from .fault_rules import FaultRule
from .journal import HEADERS, Record
from .routes import find_call


class Server:
    """Serves one cloud on one port. Make, start and stop it in the same event loop."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.failures: list[str] = []
        """Tracebacks of the emulator's own exceptions; each was answered with 500 EMULATOR.0000."""
        self._stopping = asyncio.Event()
        self._runner = web.ServerRunner(
            web.Server(self._handle, access_log=None, keepalive_timeout=75.0, handler_cancellation=True),
            shutdown_timeout=1.0,
        )
        self._in_flight = 0

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> str:
        """Listen; returns the URL (with the port that the system chose when `port` is 0)."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=tls, backlog=1024)
        await site.start()
        bound = self._runner.addresses[0][1]
        return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{bound}"

    async def stop(self) -> None:
        """Stop listening and abort hanging requests."""
        self._stopping.set()
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        target = request.raw_path
        if not target.startswith("/"):
            parts = urlsplit(target)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        raw_path, dummy, raw_query = target.partition("?")
        if raw_path.startswith(PREFIX):
            return _plain(self._guarded_control(request.method, raw_path, body))
        self._in_flight += 1
        try:
            return await self._serve(request, raw_path, raw_query, body)
        finally:
            self._in_flight -= 1

    async def _serve(self, request: web.BaseRequest, raw_path: str, raw_query: str, body: bytes) -> web.StreamResponse:
        cloud = self.cloud
        scenario = cloud.scenario
        headers = {name.lower(): value for name, value in request.headers.items()}
        incoming = Incoming(
            call=find_call(request.method, raw_path, scenario.dli_progress_path),
            raw_query=raw_query,
            query=dict(parse_qsl(raw_query, keep_blank_values=True)),
            headers=headers,
            body=body,
            request_id=uuid.uuid4().hex,
        )
        record = self._note(request, incoming)
        fault = cloud.choose_fault(incoming)
        if fault is not None:
            record.fault = fault.name
        try:
            wait = scenario.latency + (fault.delay if fault else 0.0)
            if wait > 0:
                await asyncio.sleep(wait)
            answer = self._guarded_answer(incoming, fault)
            if not (fault is not None and (fault.hang or fault.reset == "before_headers")):
                record.status, record.error_code = answer.status, answer.error_code
            record.duration = cloud.clock.real() - record.at
            return await deliver(request, answer, fault, scenario.gzip, self._stopping)
        finally:
            record.duration = cloud.clock.real() - record.at

    def _note(self, request: web.BaseRequest, incoming: Incoming) -> Record:
        call, headers = incoming.call, incoming.headers
        user, access_key = self.cloud.claimed_by(headers)
        peer = request.transport.get_extra_info("peername") if request.transport is not None else None
        record = Record(
            number=self.cloud.journal.next_number(),
            at=self.cloud.clock.real(),
            time=self.cloud.clock.now(),
            method=call.method,
            path=call.path,
            raw_path=call.raw_path,
            query=dict(incoming.query),
            service=call.service,
            call=call.name,
            job=call.job,
            user=user,
            access_key=access_key,
            headers={name: headers[name] for name in HEADERS if name in headers},
            connection=f"{peer[0]}:{peer[1]}" if peer else "",
            in_flight=self._in_flight,
            request_id=incoming.request_id,
            # Other bodies contain passwords.
            body=incoming.body.decode("utf-8", "replace") if call.service == "dataarts" else "",
        )
        self.cloud.journal.add(record)
        return record

    def _guarded_answer(self, incoming: Incoming, fault: FaultRule | None) -> Answer:
        try:
            answer = self.cloud.answer(incoming, fault)
            skew = (fault.clock_skew if fault else None) or 0.0
            if self.cloud.scenario.clock_skew or skew:
                answer.headers.setdefault("Date", formatdate(self.cloud.wall_time() + skew, usegmt=True))
            return answer
        except Exception:  # noqa: BLE001 - the test must see every error
            return self._failed()

    def _guarded_control(self, method: str, raw_path: str, body: bytes) -> Answer:
        try:
            return control(self.cloud, method, raw_path, body)
        except Exception:  # noqa: BLE001 - the test must see every error
            return self._failed()

    def _failed(self) -> Answer:
        text = traceback.format_exc()
        self.failures.append(text)
        print(text, file=sys.stderr, flush=True)
        answer = answer_json({"error_code": "EMULATOR.0000", "error_msg": "the emulator itself failed"}, 500)
        answer.error_code = "EMULATOR.0000"
        return answer


def _plain(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def tls_context(certfile: str | Path, keyfile: str | Path, client_ca: str | Path | None) -> ssl.SSLContext:
    """TLS with this certificate; with a client CA, clients must show a certificate of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certfile, keyfile)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context
