"""Clients of the port that come and go while a soak runs: readers, stalled ones, askers.

Every one ends on its own; what they read is not judged here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import websockets

from tests.soak.served import Served

PATHS = ("/events", "/v1/jobs/events", "/tui-dl/events")
ASKED = ("/list", "/health", "/history", "/v1/downloads", "/v1/jobs", "/openapi.json")
MOST = 8


@asynccontextmanager
async def coming_and_going(served: Served, draws: random.Random) -> AsyncIterator[None]:
    """Keep some clients busy during the block; all are gone at its end."""
    own = random.Random(draws.random())
    tasks = [asyncio.create_task(_visits(served, own)) for _ in range(own.randint(1, MOST))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _visits(served: Served, draws: random.Random) -> None:
    while True:
        visit = draws.choice([_read, _read, _stall, _ask, _ask, _talk])
        # A killed engine ends its clients; that is the point.
        with contextlib.suppress(OSError, EOFError, TimeoutError, websockets.WebSocketException):
            async with asyncio.timeout(draws.uniform(0.05, 3.0)):
                await visit(served, draws)
        await asyncio.sleep(draws.uniform(0.0, 0.1))


def _head(served: Served, path: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: {served.address}\r\n"
        f"Authorization: Bearer {served.token}\r\n\r\n"
    ).encode()


async def _read(served: Served, draws: random.Random) -> None:
    host, _, port = served.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(_head(served, draws.choice(PATHS)))
        while await reader.read(65536):
            pass
    finally:
        if draws.random() < 0.5:
            writer.transport.abort()
        writer.close()


async def _stall(served: Served, draws: random.Random) -> None:
    host, _, port = served.address.rpartition(":")
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, (host, int(port)))
        await loop.sock_sendall(sock, _head(served, draws.choice(PATHS)))
        await asyncio.sleep(3600)


async def _ask(served: Served, draws: random.Random) -> None:
    host, _, port = served.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for _ in range(draws.randint(1, 20)):
            writer.write(_head(served, draws.choice(ASKED)))
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
            await reader.readexactly(size)
    finally:
        writer.close()


async def _talk(served: Served, draws: random.Random) -> None:
    secret = f"token:{served.token}"
    async with websockets.connect(f"ws://{served.address}/jsonrpc", proxy=None) as line:
        for method in draws.choices(["tellActive", "getGlobalStat", "getVersion"], k=8):
            ask = {"jsonrpc": "2.0", "id": 1, "method": f"aria2.{method}", "params": [secret]}
            await line.send(json.dumps(ask))
            await line.recv()
