# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends an answer, complete or broken by a fault rule."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from aiohttp import web

from .answers import Answer
from .fault_rules import FaultRule

CHUNK: Final = 64 * 1024
GRACE: Final = 0.05
"""Seconds between the last bytes sent and a reset, so that the client can read them first."""


async def deliver(
    request: web.BaseRequest, answer: Answer, fault: FaultRule | None, gzip: bool, stopping: asyncio.Event
) -> web.StreamResponse:
    """Send the answer; with a fault, as its rule says."""
    if fault is not None and fault.hang:
        await stopping.wait()
        _reset(request)
        return web.Response(status=503)
    if fault is not None and fault.reset == "before_headers":
        _reset(request)
        return web.Response(status=503)
    if fault is not None and fault.raw is not None:
        await _raw(request, fault.raw.encode("latin-1"), fault.drip, stopping)
        return web.Response(status=503)
    if fault is None or not _streams(fault):
        response = web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        if gzip:
            response.enable_compression()
        if fault is not None and fault.close:
            response.force_close()
        return response
    return await _stream(request, answer, fault)


def _streams(fault: FaultRule) -> bool:
    return (
        fault.reset is not None
        or fault.truncate is not None
        or fault.drip is not None
        or fault.gzip_bomb is not None
        or fault.body_size is not None
    )


async def _stream(request: web.BaseRequest, answer: Answer, fault: FaultRule) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    if fault.close:
        response.force_close()
    if fault.gzip_bomb is not None:
        response.headers["Content-Encoding"] = "gzip"
        await response.prepare(request)
        await response.write(_bomb(fault.gzip_bomb))
    elif fault.body_size is not None:
        await response.prepare(request)
        for size in _sizes(fault.body_size):
            await response.write(b" " * size)
    else:
        await _partial(request, response, answer.body, fault)
    return response


async def _partial(request: web.BaseRequest, response: web.StreamResponse, body: bytes, fault: FaultRule) -> None:
    """Announce the complete body, send the allowed part, then continue or break off."""
    sent = body
    if fault.reset == "after_headers":
        sent = b""
    elif fault.reset == "mid_body":
        sent = body[: max(1, len(body) // 2)]
    elif fault.truncate is not None:
        sent = body[: fault.truncate]
    response.content_length = len(body) if len(sent) < len(body) or fault.truncate is None else fault.truncate + 1
    await response.prepare(request)
    if fault.drip is not None:
        for index in range(len(sent)):
            await response.write(sent[index : index + 1])
            await asyncio.sleep(fault.drip)
    else:
        await response.write(sent)
    if fault.reset is not None:
        await asyncio.sleep(GRACE)
        _reset(request)
    elif response.content_length != len(sent) and request.transport is not None:
        request.transport.close()


async def _raw(request: web.BaseRequest, data: bytes, drip: float | None, stopping: asyncio.Event) -> None:
    """Send bytes that need not be HTTP, one by one if the rule requires it, and close the connection."""
    transport = request.transport
    for piece in [data] if drip is None else [data[index : index + 1] for index in range(len(data))]:
        if transport is None or transport.is_closing() or stopping.is_set():
            break
        transport.write(piece)
        await asyncio.sleep(drip or 0)
    if transport is not None:
        transport.close()


def _reset(request: web.BaseRequest) -> None:
    """Break the TCP connection with a RST."""
    transport = request.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _sizes(total: int) -> Iterator[int]:
    while total > 0:
        yield min(CHUNK, total)
        total -= CHUNK


@lru_cache(maxsize=2)
def _bomb(unpacked: int) -> bytes:
    """A gzip stream that unpacks to so many spaces: a thousandth of that, and kept, because packing takes seconds."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join([packer.compress(b" " * size) for size in _sizes(unpacked)] + [packer.flush()])
