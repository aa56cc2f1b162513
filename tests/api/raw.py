"""Requests byte by byte, for clients that no library would be."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

WAIT_S = 20.0


@dataclass
class Line:
    """One TCP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *lines: str, body: bytes = b"") -> None:
        """Send a head of these lines, and a body."""
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self.writer.write(head + body)
        await self.writer.drain()

    async def send_bytes(self, data: bytes) -> None:
        """Send anything."""
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        """Read a reply's head: status and fields in lower case."""
        async with asyncio.timeout(WAIT_S):
            text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *fields = text.strip().split("\r\n")
        pairs = (field.split(":", 1) for field in fields)
        return int(status.split()[1]), {k.lower(): v.strip() for k, v in pairs}

    async def reply(self) -> tuple[int, dict[str, str], bytes]:
        """Read a whole reply that names its length."""
        status, fields = await self.head()
        async with asyncio.timeout(WAIT_S):
            body = await self.reader.readexactly(int(fields.get("content-length", "0")))
        return status, fields, body

    async def rest(self) -> bytes:
        """Read until the server closes; a reset is an end too."""
        async with asyncio.timeout(WAIT_S):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


@asynccontextmanager
async def connect(address: tuple[str, int], *, lazy: bool = False) -> AsyncIterator[Line]:
    """Open a connection and close it; a ``lazy`` one takes next to nothing unless asked."""
    sock = socket.socket()
    if lazy:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, address)
    reader, writer = await asyncio.open_connection(sock=sock, limit=1024 if lazy else 2**16)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()
