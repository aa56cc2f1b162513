"""The listening side: which port, and the server's life in the engine's loop.

Must not know any dialect and must not install signal handlers: the process does that.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Iterator, Mapping, Sequence

import uvicorn
from starlette.types import ASGIApp

from tui_dl.api.context import ApiContext
from tui_dl.api.dispatch import Dispatcher
from tui_dl.api.facade import Dialect, Facade, Living
from tui_dl.api.origins import HostRule
from tui_dl.api.protocol import guarded
from tui_dl.domain.errors import ErrorCode, StateError

logger = logging.getLogger(__name__)

PORTS_TRIED = 100
BACKLOG = 128
SEND_BUFFER_BYTES = 128 * 1024
STOP_S = 1
WS_FRAME_BYTES = 2 * 1024 * 1024


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: the process has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class ApiServer:
    """One server on one or more ports. ``bind`` it, then ``run`` it in the engine's loop."""

    def __init__(
        self,
        context: ApiContext,
        facades: Mapping[Dialect, Facade],
        host: str = "127.0.0.1",
        port: int = 1700,
        *,
        strict_port: bool = False,
        extra_ports: Sequence[int] = (),
    ) -> None:
        """``strict_port``: exactly this one; else the next free of a hundred."""
        self._context = context
        self._facades = facades
        self._host = host
        self._port = port
        self._strict_port = strict_port
        self._extra_ports = tuple(extra_ports)
        self._sockets: list[socket.socket] = []

    def bind(self) -> str:
        """Take the ports and return ``host:port``. Clients may connect from here on.

        Raises:
            StateError: the address cannot be bound, or no port is free.
        """
        try:
            self._sockets.append(self._first())
            for port in self._extra_ports:
                self._sockets.append(self._one(port))
        except BaseException:  # a cancel too: undone, then raised again
            self.unbind()
            raise
        return self.address

    @property
    def address(self) -> str:
        """``host:port`` for clients; IPv6 in brackets.

        Raises:
            RuntimeError: nothing is bound.
        """
        return f"{self._shown_host()}:{self.ports[0]}"

    @property
    def ports(self) -> tuple[int, ...]:
        """All bound ports, the main one first.

        Raises:
            RuntimeError: nothing is bound.
        """
        if not self._sockets:
            raise RuntimeError("the server is not bound")
        return tuple(int(sock.getsockname()[1]) for sock in self._sockets)

    @property
    def app(self) -> ASGIApp:
        """The application for the bound ports."""
        hosts = HostRule(self._shown_host(), frozenset(self.ports), self._context.allowed_hosts)
        return Dispatcher(self._context, self._facades, hosts)

    async def run(self) -> None:
        """Serve until cancelled, then end streams, finish replies and close the ports."""
        limits = self._context.limits
        config = uvicorn.Config(
            self.app,
            http=guarded(limits),
            ws="websockets-sansio",
            ws_max_size=WS_FRAME_BYTES,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=limits.connections,
            timeout_keep_alive=limits.keep_alive_s,
            timeout_graceful_shutdown=STOP_S,
            h11_max_incomplete_event_size=limits.head_bytes,
        )
        server = _Server(config)
        living = [facade for facade in self._facades.values() if isinstance(facade, Living)]
        for facade in living:
            facade.open()
        task = asyncio.create_task(server.serve(sockets=self._sockets), name="api-server")
        try:
            await asyncio.shield(task)
        finally:
            self._context.events.close()
            self._context.rows.close()
            for facade in living:
                facade.close()
            server.should_exit = True
            await asyncio.wait({task}, timeout=STOP_S + 1)
            for connection in tuple(server.server_state.connections):
                connection.transport.abort()
            self.unbind()

    def unbind(self) -> None:
        """Close the ports. Idempotent."""
        for sock in self._sockets:
            sock.close()
        self._sockets.clear()

    def _first(self) -> socket.socket:
        if self._strict_port:
            return self._one(self._port)
        last = min(65_535, self._port + PORTS_TRIED - 1)
        for port in range(self._port, last + 1):
            with contextlib.suppress(_TakenError):
                return _bind(self._host, port)
        raise StateError(
            f"No port from {self._port} to {last} is free on {self._host}.", code=ErrorCode.BUSY
        )

    def _one(self, port: int) -> socket.socket:
        try:
            return _bind(self._host, port)
        except _TakenError as error:
            raise StateError(
                f"Port {port} on {self._host} is taken by another program.", code=ErrorCode.BUSY
            ) from error

    def _shown_host(self) -> str:
        name = self._host.strip("[]")
        return f"[{name}]" if ":" in name else name


class _TakenError(Exception):
    """Somebody listens there."""


def _bind(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = found[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise StateError(
            f"The API cannot use the address {host}: {error.strerror}.",
            code=ErrorCode.INVALID_OPTION,
        ) from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it: else the kernel keeps megabytes for each client that sleeps.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        sock.setblocking(False)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise _TakenError from error
        raise StateError(
            f"The API cannot listen on {host}:{port}: {error.strerror}.",
            code=ErrorCode.INVALID_OPTION,
        ) from error
    return sock
