"""A server that speaks HTTP/2 and breaks off on demand: GOAWAY, RST_STREAM, a short body.

Owns the frames. Serves one body with ranges and a strong ETag, over TLS, in the test's loop.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events

STEP = 16 * 1024


@dataclass
class H2Server:
    """What it serves, how it misbehaves, and what it saw."""

    body: bytes
    breaks: dict[int, str] = field(default_factory=dict)
    """Number of a reply, from 1 -> ``goaway``, ``reset``, ``short`` in its middle, ``early`` (a
    GOAWAY in place of it) or ``refused`` (a reset in place of it)."""
    has_length: bool = True
    port: int = 0
    connections: int = 0
    replies: int = 0
    together: int = 0
    """Most requests that one connection carried at a time."""

    @property
    def url(self) -> str:
        """Where the body is."""
        return f"https://localhost:{self.port}/file.bin"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        self.connections += 1
        config = h2.config.H2Configuration(client_side=False)
        wire = h2.connection.H2Connection(config)
        wire.initiate_connection()
        waiting: dict[int, tuple[bytes, str]] = {}
        try:
            while True:
                writer.write(wire.data_to_send())
                await writer.drain()
                data = await reader.read(65536)
                if not data:
                    return
                for event in wire.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        assert event.headers is not None
                        fields = {bytes(k).decode(): bytes(v).decode() for k, v in event.headers}
                        assert event.stream_id is not None
                        self._begin(wire, event.stream_id, fields, waiting)
                        self.together = max(self.together, len(waiting))
                for stream in list(waiting):
                    if self._go_on(wire, stream, waiting):
                        writer.write(wire.data_to_send())
                        await writer.drain()
                        return
        except (ConnectionError, ssl.SSLError):
            return  # the client left
        finally:
            writer.close()

    def _begin(
        self,
        wire: h2.connection.H2Connection,
        stream: int,
        fields: dict[str, str],
        waiting: dict[int, tuple[bytes, str]],
    ) -> None:
        self.replies += 1
        how = self.breaks.get(self.replies, "")
        if how == "refused":
            wire.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
            return
        total = len(self.body)
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", fields.get("range", ""))
        reply = [("etag", '"one"'), ("accept-ranges", "bytes")]
        start, end = 0, total
        if match is None:
            reply.insert(0, (":status", "200"))
        else:
            start, end = int(match[1]), int(match[2]) + 1 if match[2] else total
            reply.insert(0, (":status", "206"))
            reply.append(("content-range", f"bytes {start}-{end - 1}/{total}"))
        if self.has_length:
            reply.append(("content-length", str(end - start)))
        if how != "early":
            wire.send_headers(stream, reply)
        part = self.body[start:end]
        waiting[stream] = (part[: len(part) // 2] if how else part, how)

    def _go_on(
        self,
        wire: h2.connection.H2Connection,
        stream: int,
        waiting: dict[int, tuple[bytes, str]],
    ) -> bool:
        """Send what the window takes; ``True``: the connection ends here."""
        part, how = waiting[stream]
        if how != "early":
            while part and (room := min(wire.local_flow_control_window(stream), STEP)) > 0:
                wire.send_data(stream, part[:room])
                part = part[room:]
            waiting[stream] = (part, how)
            if part:
                return False
        del waiting[stream]
        if how in ("goaway", "early"):
            wire.close_connection(h2.errors.ErrorCodes.NO_ERROR, last_stream_id=0)
            return True
        if how == "reset":
            wire.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        else:
            wire.end_stream(stream)
        return False


@asynccontextmanager
async def serving_h2(server: H2Server, tls: ssl.SSLContext) -> AsyncIterator[H2Server]:
    """Listen with HTTP/2 on offer."""
    tls.set_alpn_protocols(["h2", "http/1.1"])
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        tls.set_alpn_protocols(["http/1.1"])
