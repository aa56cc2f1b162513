"""httpx's transport for direct HTTP/1.1: own connections, own bodies.

Owns the exchange on pooled connections and the reuse race. Must not follow redirects or
know about credentials. The body of a response is ``response.extensions[BODY]``, a ``Body``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from tui_dl.net.body import Body
from tui_dl.net.connection import Connection
from tui_dl.net.dial import Dialer, WireOptions
from tui_dl.net.errors import connection_lost, no_head
from tui_dl.net.head import Exchange, NoReplyError, ReplyHead
from tui_dl.net.pool import ConnectionPool, PoolKey
from tui_dl.net.quiet_httpx import httpx

BODY = "tui_dl_body"
WIRE = "tui_dl_wire"
"""Extension of a request: its ``WireOptions``."""

_DEFAULT_WIRE = WireOptions()
_PORTS = {"http": 80, "https": 443}


class FastTransport(httpx.AsyncBaseTransport):
    """Sends requests over connections of its own."""

    def __init__(self, pool: ConnectionPool, dialer: Dialer) -> None:
        self._pool = pool
        self._dialer = dialer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request`` and return once the final head is there.

        The target of the request line is ``request.extensions["target"]`` when it is given,
        byte for byte (trap H39). Cancelling closes the connection. The response's headers
        lack Location, for httpx reads each one it sees and fails on those that it dislikes;
        ``Body.head`` has all fields.

        Raises:
            UsageError: the request cannot be written.
            TransferError: no connection, no head in time, or a broken one.
        """
        options = request.extensions.get(WIRE, _DEFAULT_WIRE)
        target = request.extensions.get("target", request.url.raw_path)
        exchange = Exchange(request.method.encode("ascii"), target, request.headers.raw)
        url = request.url
        port = url.port or _PORTS[url.scheme]
        host = url.raw_host.decode("ascii")
        key = PoolKey(url.scheme, host, port, options.tls, options.route, options.proxy)
        connection, head = await self._send(key, exchange, options)
        body = Body(connection, head, lambda done: self._pool.give_back(done, key))
        return httpx.Response(
            head.status,
            headers=[field for field in head.fields if field[0] != b"location"],
            stream=_PumpedStream(body),
            extensions={
                "http_version": b"HTTP/" + head.version,
                "reason_phrase": head.reason,
                BODY: body,
            },
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()
        self._dialer.close()

    async def _send(
        self, key: PoolKey, exchange: Exchange, options: WireOptions
    ) -> tuple[Connection, ReplyHead]:
        """Try an idle connection, else a new one."""
        idle = self._pool.take_idle(key)
        if idle is not None:
            if options.check_peer is not None:
                self._check_reused(idle, options)
            try:
                return idle, await _run(exchange, idle, options)
            except NoReplyError:
                # The server closed it while our request was on its way (trap H22). A GET
                # may be sent again at once (RFC 9112 section 9.3.1).
                idle.abort()
        connection = await self._dial(key, options)
        try:
            return connection, await _run(exchange, connection, options)
        except NoReplyError as error:
            raise connection_lost(connection.where) from error

    async def _dial(self, key: PoolKey, options: WireOptions) -> Connection:
        await self._pool.reserve()
        try:
            connection = await self._dialer.dial(key.scheme, key.host, key.port, options)
        except BaseException:  # whatever it was, the room must come back
            self._pool.cancel_reservation()
            raise
        self._pool.adopt(connection)
        return connection

    def _check_reused(self, connection: Connection, options: WireOptions) -> None:
        """Hold an idle connection to the rules of this request."""
        assert options.check_peer is not None
        try:
            options.check_peer(connection.peer)
        except BaseException:  # a cancel too: undone, then raised again
            connection.abort()
            raise


async def _run(exchange: Exchange, connection: Connection, options: WireOptions) -> ReplyHead:
    """Run the exchange within its time; abort the connection unless it ends well."""
    try:
        async with asyncio.timeout(options.head_timeout_s) as limit:
            return await exchange.run(connection)
    except TimeoutError as error:
        connection.abort()
        if limit.expired():
            raise no_head(connection.where, options.head_timeout_s) from error
        raise
    except BaseException:  # a cancellation too leaves half an exchange behind
        connection.abort()
        raise


class _PumpedStream(httpx.AsyncByteStream):
    """Stands where httpx expects a stream; the bytes go through ``Body.pump`` only."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Refuse.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(f"this body is pumped: see response.extensions[{BODY!r}]")

    async def aclose(self) -> None:
        """Give the connection back, or abort it."""
        self._body.close()
