"""A server that does what a test tells it, byte by byte, on raw sockets of the test's loop.

Unlike the fault server it has no behaviour of its own: a script gets each connection and
says everything. Works on every loop, because it needs nothing but ``sock_recv`` and
``sock_sendall``.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it was on the wire."""

    line: str
    fields: tuple[tuple[str, str], ...]
    """Lower-case names."""

    @property
    def target(self) -> str:
        """The middle of the request line."""
        return self.line.split(" ")[1]

    def all(self, name: str) -> list[str]:
        """Return the values of a field."""
        return [value for key, value in self.fields if key == name]

    def one(self, name: str) -> str | None:
        """Return the value of a field that comes once, or ``None``."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, number: int, log: list[Seen]) -> None:
        self.number = number
        """Of the connection, from 1."""
        self._sock = sock
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._rest = b""

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Shake hands."""
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                self._incoming.write(await self._loop.sock_recv(self._sock, 65536) or _gone())
            else:
                await self._flush()
                return

    @property
    def has_client_certificate(self) -> bool:
        """Whether the client showed a certificate of its own."""
        assert self._tls is not None
        return bool(self._tls.getpeercert(binary_form=True))

    @property
    def address(self) -> str:
        """The client's IP address."""
        return str(self._sock.getpeername()[0])

    async def request(self) -> Seen | None:
        """Read one head; ``None`` when the client closed."""
        while b"\r\n\r\n" not in self._rest:
            data = await self.receive()
            if not data:
                return None
            self._rest += data
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        pairs = (text.partition(": ") for text in fields)
        seen = Seen(line, tuple((name.lower(), value) for name, _, value in pairs))
        self._log.append(seen)
        return seen

    async def receive(self) -> bytes:
        """Read some bytes; nothing means that the client closed or reset."""
        while True:
            if self._tls is not None:
                try:
                    return self._tls.read(65536)
                except ssl.SSLWantReadError:
                    pass
            try:
                data = await self._loop.sock_recv(self._sock, 65536)
            except ConnectionError:
                return b""
            if self._tls is None or not data:
                return data
            self._incoming.write(data)

    async def send(self, data: bytes | str) -> None:
        """Write everything, however long the client takes."""
        raw = data.encode("latin-1") if isinstance(data, str) else data
        if self._tls is None:
            await self._loop.sock_sendall(self._sock, raw)
        else:
            self._tls.write(raw)
            await self._flush()

    async def reply(self, body: bytes = b"", *fields: str, status: str = "200 OK") -> None:
        """Write a reply with a right Content-Length."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
        await self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    async def say_goodbye(self) -> None:
        """Send close_notify."""
        assert self._tls is not None
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        await self._flush()

    def forget_tls(self) -> None:
        """Send what follows as it is."""
        self._tls = None

    async def closed(self) -> None:
        """Wait until the client has closed the connection."""
        while await self.receive():
            pass

    def close(self) -> None:
        """Send FIN. Without ``say_goodbye`` this is a cut for TLS."""
        self._sock.close()

    def reset(self) -> None:
        """Send RST."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._loop.sock_sendall(self._sock, self._outgoing.read())


def _gone() -> bytes:
    raise ConnectionResetError("the client left inside the handshake")


Script = Callable[[Peer], Awaitable[None]]


@dataclass
class Scripted:
    """A server that listens."""

    host: str
    port: int
    scheme: str
    connections: int = 0
    requests: list[Seen] = field(default_factory=list)

    def url(self, target: str = "/file", host: str | None = None) -> str:
        """Return a URL; ``host`` is another name of this machine."""
        return f"{self.scheme}://{host or self.host}:{self.port}{target}"


@asynccontextmanager
async def serving(
    script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Scripted]:
    """Listen and run ``script`` for each connection; failures in it fail the test."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, 0), family=family, backlog=1024)
    listener.setblocking(False)
    name = f"[{host}]" if ":" in host else host
    server = Scripted(name, listener.getsockname()[1], "http" if tls is None else "https")
    tasks: set[asyncio.Task[None]] = set()
    failures: list[BaseException] = []

    async def serve(sock: socket.socket) -> None:
        server.connections += 1
        with sock:
            peer = Peer(sock, server.connections, server.requests)
            try:
                if tls is not None:
                    await peer.start_tls(tls)
                await script(peer)
            except (ConnectionError, ssl.SSLError):
                return  # the client left, as most tests want it to
            except Exception as error:  # noqa: BLE001 - raised below, in the test's own task
                failures.append(error)

    async def accept() -> None:
        while True:
            sock, _ = await loop.sock_accept(listener)
            task = asyncio.create_task(serve(sock))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    accepting = asyncio.create_task(accept())
    try:
        yield server
    finally:
        running = [accepting, *tasks]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        listener.close()
    if failures:
        raise failures[0]
