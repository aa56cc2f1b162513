"""A TCP proxy that is a bad network: latency, rate, cuts, resets, silence. Loopback only.

Knows nothing of HTTP. Does not model loss or slow start: delay and rate are exact instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.support.loop_thread import LoopThread
from tests.support.ports import free_port

_PIECE_BYTES = 16384
_WINDOW_S = 0.05
"""How much a full pipe holds beyond its own delay, in time at its rate."""
_WINDOW_BYTES = 4 << 20
"""Most bytes on the way in one direction of one connection without a rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What the link does. Rates are bytes per second towards the client, 0 unlimited.

    ``rtt_s`` is shared by both directions; the handshake costs one more, as on a real link.
    ``cut_after_bytes``/``reset_after_bytes`` count bytes to the client on each connection.
    """

    rtt_s: float = 0
    rate_bps: float = 0
    link_bps: float = 0
    """Shared by all connections."""
    cut_after_bytes: int | None = None
    reset_after_bytes: int | None = None


class _Schedule:
    """Gives each piece its moment on a line of limited rate."""

    def __init__(self) -> None:
        self._free_s = 0.0

    def book(self, count: int, rate_bps: float, now_s: float) -> float:
        """Return when ``count`` bytes have passed."""
        if not rate_bps:
            return now_s
        self._free_s = max(self._free_s, now_s) + count / rate_bps
        return self._free_s


class _Pipe:
    """Bytes on their way in one direction, in order, each due at a time of the loop's clock."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._size = 0
        self._changed = asyncio.Event()

    async def put(self, due_s: float, data: bytes, most_bytes: int) -> None:
        """Add bytes (empty: the end), waiting while the pipe is full."""
        while self._size and self._size + len(data) > most_bytes:
            self._changed.clear()
            await self._changed.wait()
        self._pieces.append((due_s, data))
        self._size += len(data)
        self._changed.set()

    async def get(self) -> bytes:
        """Return the next bytes once they are due."""
        while not self._pieces:
            self._changed.clear()
            await self._changed.wait()
        due_s, data = self._pieces[0]
        delay_s = due_s - asyncio.get_running_loop().time()
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        self._pieces.popleft()
        self._size -= len(data)
        self._changed.set()
        return data


class _Cut(Exception):  # noqa: N818 - unwinds the link's tasks, not a mistake
    """The network ends this connection."""


class _Link:
    """One proxied connection."""

    def __init__(self, proxy: NetProxy, client: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = socket.socket()
        self._server.setblocking(False)
        self._down_bytes = 0
        self._line = _Schedule()
        self.resets = False
        """The end is RST on both sides, not FIN."""

    async def run(self) -> None:
        """Carry bytes both ways until both directions have ended or the network cuts."""
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_connect(self._server, self._proxy.target)
            for sock in (self._client, self._server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            up, down = _Pipe(), _Pipe()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(self._client, up, is_down=False))
                group.create_task(self._write(self._server, up, is_down=False))
                group.create_task(self._read(self._server, down, is_down=True))
                group.create_task(self._write(self._client, down, is_down=True))
        except* _Cut:
            pass  # as the network was told to
        except* OSError:
            self.resets = True  # one side broke: the other one sees it too
        finally:
            # Only here, when no task waits on them: a descriptor closed under the loop's
            # readers could be taken by the next connection.
            self._close()

    def _close(self) -> None:
        for sock in (self._client, self._server):
            if self.resets:
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()

    async def _read(self, sock: socket.socket, pipe: _Pipe, *, is_down: bool) -> None:
        loop = asyncio.get_running_loop()
        network = self._proxy.network
        extra_s = 0.0 if is_down else network.rtt_s  # the first bytes pay for the handshake
        while True:
            data = await loop.sock_recv(sock, _PIECE_BYTES)
            network = self._proxy.network
            now_s = due_s = loop.time()
            if is_down:
                due_s = self._line.book(len(data), network.rate_bps, now_s)
                due_s = max(due_s, self._proxy.line.book(len(data), network.link_bps, now_s))
            due_s += network.rtt_s / 2 + extra_s
            extra_s = 0.0
            await pipe.put(due_s, data, self._window(network))
            if not data:
                return

    @staticmethod
    def _window(network: Network) -> int:
        rate = min(r for r in (network.rate_bps, network.link_bps, 1e12) if r)
        return int(max(2 * _PIECE_BYTES, min(_WINDOW_BYTES, rate * (network.rtt_s + _WINDOW_S))))

    async def _write(self, sock: socket.socket, pipe: _Pipe, *, is_down: bool) -> None:
        loop = asyncio.get_running_loop()
        while data := await pipe.get():
            await self._proxy.flowing.wait()
            limit = self._limit() if is_down else None
            if limit is not None:
                data = data[: limit - self._down_bytes]
            await loop.sock_sendall(sock, data)
            if is_down:
                self._down_bytes += len(data)
                self._proxy.note(len(data))
            if limit is not None and self._down_bytes >= limit:
                self.resets = self._proxy.network.reset_after_bytes is not None
                raise _Cut
        await self._proxy.flowing.wait()
        sock.shutdown(socket.SHUT_WR)

    def _limit(self) -> int | None:
        network = self._proxy.network
        limits = (network.cut_after_bytes, network.reset_after_bytes)
        return min((limit for limit in limits if limit is not None), default=None)


class NetProxy:
    """A proxy on a free loopback port in front of ``target_port``; a context manager.

    ``network`` may be replaced at any time; it counts for bytes that arrive from then on.
    """

    def __init__(self, target_port: int, network: Network = Network()) -> None:
        self.target = ("127.0.0.1", target_port)
        self.network = network
        self.line = _Schedule()
        self.flowing = asyncio.Event()
        self.flowing.set()
        self._accepted = 0
        self._down_bytes = 0
        self._links: dict[asyncio.Task[None], _Link] = {}
        self._listener = self._bind(0)
        self.port: int = self._listener.getsockname()[1]
        self._thread = LoopThread("net-proxy")
        self._thread.call(self._watch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def url(self, path: str, scheme: str = "http") -> str:
        """Return the URL of ``path`` through this proxy."""
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    @property
    def accepted(self) -> int:
        """Connections so far."""
        return self._accepted

    @property
    def bytes_to_clients(self) -> int:
        """Bytes handed to the clients' kernel so far, heads included."""
        return self._down_bytes

    @property
    def open_links(self) -> int:
        """Connections open now."""
        return len(self._links)

    def freeze(self) -> None:
        """Deliver nothing in either direction; connections stay open (half-open link)."""
        self._thread.call(self.flowing.clear)

    def thaw(self) -> None:
        """Deliver again, beginning with what had piled up."""
        self._thread.call(self.flowing.set)

    def drop_all(self, *, reset: bool = True) -> None:
        """End all connections."""

        def drop() -> None:
            for task, link in list(self._links.items()):
                link.resets = reset
                task.cancel()

        self._thread.call(drop)

    def refuse(self) -> None:
        """Refuse new connections; the open ones live on."""
        self._thread.call(self._unwatch)

    def accept(self) -> None:
        """Take connections again at the same port."""

        def again() -> None:
            self._listener = self._bind(self.port)
            self._watch()

        self._thread.call(again)

    def close(self) -> None:
        """End everything; safe to call twice."""
        if self._thread.is_alive:
            self._thread.call(self._unwatch)
            self.drop_all()
        self._thread.close()

    def note(self, count: int) -> None:
        """Count bytes to a client."""
        self._down_bytes += count

    @staticmethod
    def _bind(port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
        listener.setblocking(False)
        return listener

    def _watch(self) -> None:
        self._thread.loop.add_reader(self._listener, self._take)

    def _unwatch(self) -> None:
        if self._listener.fileno() >= 0:
            self._thread.loop.remove_reader(self._listener)
            self._listener.close()

    def _take(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                client, _ = self._listener.accept()
                client.setblocking(False)
                self._accepted += 1
                link = _Link(self, client)
                task = self._thread.loop.create_task(link.run())
                self._links[task] = link
                task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._links.pop(task, None)


def refused_port() -> int:
    """Return a loopback port where nothing listens: a connection is refused at once."""
    return free_port()


@contextlib.contextmanager
def black_hole(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Yield a port where a connection is neither taken nor refused, as behind a dead route.

    Linux drops the handshakes that a full backlog has no room for; ``::1`` works as well.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        listener.bind((host, port))
        listener.listen(0)
        address = listener.getsockname()[:2]
        for _ in range(4):
            filler = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            filler.setblocking(False)
            filler.connect_ex(address)
        yield address[1]
