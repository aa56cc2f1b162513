"""The fault server: a thread with its own loop that serves resources as its scripts say.

Every test of the engine stands on it. It binds loopback only and never repairs a fault.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.support.connection import Connection
from tests.support.exchange import Exchange
from tests.support.log import ConnectionRecord, RequestRecord, ServerLog
from tests.support.loop_thread import LoopThread
from tests.support.resource import Resource
from tests.support.wire import Wire

Behaviour = Callable[[Exchange], Awaitable[None]]
Script = Behaviour | Sequence[Behaviour] | None


async def _not_found(exchange: Exchange) -> None:
    exchange.reply.status = 404


_MISSING = Resource(
    path="*",
    literal=b"no such resource\n",
    content_type="text/plain",
    etag=None,
    last_modified=None,
    accept_ranges=False,
)


@dataclass(frozen=True, slots=True)
class Route:
    """A resource, what happens to its requests, and how many came before this script."""

    resource: Resource
    script: tuple[Behaviour, ...]
    numbered_from: int = 0


def _as_tuple(script: Script) -> tuple[Behaviour, ...]:
    if script is None:
        return ()
    return (script,) if callable(script) else tuple(script)


class Routes:
    """Which resource answers which path. Reads and writes are single dict operations."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}

    def put(self, route: Route) -> None:
        """Add or replace."""
        self._routes[route.resource.path] = route

    def find(self, path: str) -> Route:
        """Return the exact route, else the longest ``*`` route, else one that says 404."""
        if path in self._routes:
            return self._routes[path]
        prefixes = sorted((p for p in self._routes if p.endswith("*")), key=len, reverse=True)
        for prefix in prefixes:
            if path.startswith(prefix[:-1]):
                return self._routes[prefix]
        return Route(_MISSING, (_not_found,))


class FaultServer:
    """A server that misbehaves on demand; use it as a context manager.

    Listens on 127.0.0.1 and, with ``ipv6``, on ::1 at the same port. ``tls`` is the server
    side's context. ``sndbuf_bytes`` bounds what the kernel takes ahead of the client.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        ipv6: bool = False,
        port: int = 0,
        sndbuf_bytes: int | None = None,
    ) -> None:
        self.log = ServerLog()
        self.port = port
        self._tls = tls
        self._hosts = ("127.0.0.1", "::1") if ipv6 else ("127.0.0.1",)
        self._sndbuf_bytes = sndbuf_bytes
        self._routes = Routes()
        self._listeners: list[socket.socket] = []
        self._connections: dict[asyncio.Task[None], Wire] = {}
        self._listen()
        self._thread = LoopThread("fault-server")
        self._loop = self._thread.loop
        self._thread.call(self._watch_listeners)

    # -- set up -------------------------------------------------------------------------------

    def add(self, resource: Resource, script: Script = None) -> str:
        """Serve ``resource`` under ``script``; return its URL."""
        self._routes.put(Route(resource, _as_tuple(script)))
        return self.url(resource.path)

    def set_script(self, path: str, script: Script, *, restart_count: bool = False) -> None:
        """Change what happens at ``path`` from the next request on.

        ``restart_count``: the next request is number 1 for ``nth`` and ``after``.
        """
        route = self._routes.find(path)
        before = len(self.requests(path)) if restart_count else route.numbered_from
        self._routes.put(Route(route.resource, _as_tuple(script), before))

    def replace(self, resource: Resource) -> None:
        """Put another resource at the same path under the same script, from the next request.

        Replies under way end with the old bytes, as with a file replaced by rename.
        """
        route = self._routes.find(resource.path)
        self._routes.put(Route(resource, route.script, route.numbered_from))

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Return the URL of ``path``; ``host`` may be ``localhost`` or ``::1``."""
        name = f"[{host}]" if ":" in host else host
        return f"{'http' if self._tls is None else 'https'}://{name}:{self.port}{path}"

    # -- look ---------------------------------------------------------------------------------

    def requests(self, path: str | None = None) -> list[RequestRecord]:
        """Return the requests so far, of one path when given."""
        return [r for r in self.log.requests if path in (None, r.path)]

    @property
    def connections(self) -> list[ConnectionRecord]:
        """All connections so far."""
        return self.log.connections

    @property
    def max_open(self) -> int:
        """Most connections open at one time."""
        return self.log.max_open

    def open_connections(self, path: str | None = None) -> int:
        """Return connections open now, of those whose last request was for ``path``."""
        return self.log.open_connections(path)

    def max_in_flight(self, path: str) -> int:
        """Return the most requests for ``path`` that were answered at one time."""
        return self.log.max_in_flight(path)

    def bytes_sent(self, path: str | None = None) -> int:
        """Return body bytes that the kernel accepted, of one path when given."""
        return self.log.bytes_sent(path)

    def wait_for(self, predicate: Callable[[Self], bool], timeout_s: float = 10) -> None:
        """Block until ``predicate(server)`` holds; raises TimeoutError.

        The predicate runs under the log's lock: it may read, not change the server.
        """
        self.log.wait_for(lambda: predicate(self), timeout_s)

    async def until(self, predicate: Callable[[Self], bool], timeout_s: float = 10) -> None:
        """Wait on the caller's loop until ``predicate(server)`` holds; raises TimeoutError."""
        await self.log.until(lambda: predicate(self), timeout_s)

    def wait_idle(self, timeout_s: float = 10) -> None:
        """Block until no request is being answered.

        Statuses and byte counts are never behind what a client has received, but ``outcome``
        and ``finished_s`` may be for a moment: call this between a download and assertions
        about how its requests ended.
        """
        self.log.wait_for(lambda: self.log.is_idle, timeout_s)

    # -- break the link -----------------------------------------------------------------------

    def drop_connections(self, *, reset: bool = True) -> None:
        """End every open connection now, by RST or FIN."""

        def drop() -> None:
            for wire in list(self._connections.values()):
                if reset:
                    wire.reset()
                else:
                    wire.close(close_notify=False)

        self._thread.call(drop)

    def link_down(self, step_s: float = 0.0) -> None:
        """Refuse new connections and reset the open ones, with ``step_s`` one by one. Blocks."""
        self._thread.call(self._close_listeners)
        if step_s:
            for wire in list(self._connections.values()):
                self._thread.call(wire.reset)
                time.sleep(step_s)
        self.drop_connections()

    def link_up(self) -> None:
        """Listen again on the same port."""
        self._thread.call(self._listen_again)

    # -- life ---------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if kind is None:
            self.raise_errors()

    def raise_errors(self) -> None:
        """Raise the mistakes that scripts made, as one group."""
        errors = self.log.errors
        if errors:
            raise BaseExceptionGroup("a script of the fault server failed", errors)

    @property
    def is_alive(self) -> bool:
        """The server's thread runs."""
        return self._thread.is_alive

    def close(self) -> None:
        """End every connection and the thread; safe to call twice.

        Raises:
            RuntimeError: the thread did not end within 10 s.
        """
        if self._thread.is_alive:
            self._thread.call(self._close_listeners)
        self._thread.close()

    # -- inside -------------------------------------------------------------------------------

    def _listen(self) -> None:
        for host in self._hosts:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listener = socket.socket(family, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._sndbuf_bytes is not None:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._sndbuf_bytes)
            listener.bind((host, self.port))
            self.port = listener.getsockname()[1]
            listener.listen(1024)
            listener.setblocking(False)
            self._listeners.append(listener)

    def _listen_again(self) -> None:
        if not self._listeners:
            self._listen()
            self._watch_listeners()

    def _watch_listeners(self) -> None:
        for listener in self._listeners:
            self._loop.add_reader(listener, self._accept, listener)

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            self._loop.remove_reader(listener)
            listener.close()
        self._listeners.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, peer = listener.accept()
            except BlockingIOError:
                return
            except OSError as problem:
                if problem.errno == errno.ECONNABORTED:
                    continue
                raise
            id = self.log.connection_opened((peer[0], peer[1]))
            try:
                wire = Wire(sock, self._tls)
            except OSError:  # gone again before it was looked at
                sock.close()
                self.log.connection_closed(id, "client")
                continue
            connection = Connection(wire, self.log, id, self._routes)
            task = self._loop.create_task(connection.run())
            self._connections[task] = wire
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._connections.pop(task, None)
        if not task.cancelled() and (problem := task.exception()) is not None:
            self.log.error(problem)
