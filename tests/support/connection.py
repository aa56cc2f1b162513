"""Serves one accepted connection: reads heads, runs the script, keeps the records right."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tests.support.exchange import ClientLeft, Exchange, Pacer
from tests.support.log import ServerLog
from tests.support.request import Request, parse_head
from tests.support.wire import Wire

if TYPE_CHECKING:
    from tests.support.server import Routes

_MOST_HEAD_BYTES = 1 << 20


class Connection:
    """One client. A client that closes its sending side counts as gone."""

    def __init__(self, wire: Wire, log: ServerLog, id: int, routes: Routes) -> None:
        self.wire = wire
        self.log = log
        self.id = id
        self.pacer = Pacer()
        self._routes = routes
        self._inbox = bytearray()
        self._arrived = asyncio.Event()
        self._left = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    async def run(self) -> None:
        """Serve until either side ends the connection."""
        ended_by, tls_error = "server", ""
        pump: asyncio.Task[None] | None = None
        try:
            await self.wire.handshake()
            pump = asyncio.create_task(self._pump())
            ended_by = await self._serve_all()
        except OSError as problem:
            ended_by, tls_error = "tls", str(problem)
        finally:
            if pump is not None:
                pump.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await pump
            self.wire.close()
            self.log.connection_closed(self.id, ended_by, tls_error)

    async def _pump(self) -> None:
        """Keep reading, so that a client's end is seen while a reply is stalled."""
        try:
            while data := await self.wire.recv():
                self._inbox += data
                self._arrived.set()
                if len(self._inbox) > _MOST_HEAD_BYTES:
                    self._room.clear()
                await self._room.wait()
        except OSError:
            pass  # a reset by the client is an end like any other
        self._left.set()
        self._arrived.set()

    async def _take(self, count: int) -> bytes:
        taken = bytes(self._inbox[:count])
        del self._inbox[:count]
        self._room.set()
        return taken

    async def _next_request(self) -> Request | None:
        """Return the next request, ``None`` when the client has gone."""
        while (end := self._inbox.find(b"\r\n\r\n")) < 0:
            if self._left.is_set() or len(self._inbox) > _MOST_HEAD_BYTES:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        request = parse_head(await self._take(end + 4))
        left_bytes = request.body_bytes
        while left_bytes and not self._left.is_set():
            if not self._inbox:
                self._arrived.clear()
                await self._arrived.wait()
            left_bytes -= len(await self._take(left_bytes))
        return request

    async def _serve_all(self) -> str:
        while True:
            try:
                request = await self._next_request()
            except ValueError as problem:
                self.log.error(problem)
                return "server"
            if request is None:
                return "client"
            record = self.log.request_started(
                self.id,
                method=request.method,
                target=request.target,
                path=request.path,
                headers=request.headers,
                asked=request.range,
            )
            route = self._routes.find(request.path)
            nth = record.nth - route.numbered_from
            exchange = Exchange(self, request, route.resource, record, nth)
            ended_by = await self._answer(exchange)
            if ended_by:
                return ended_by

    async def _answer(self, exchange: Exchange) -> str:
        """Answer one request; return how the connection ended, empty when it lives on."""
        answering = asyncio.create_task(self._script(exchange))
        leaving = asyncio.create_task(self._left.wait())
        outcome = "server_stopped"
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
            outcome = "client_left"
        finally:
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)
            outcome = exchange.finish(outcome)
        if outcome == "sent":
            if not exchange.reply.closes and exchange.reply.framing != "close":
                return ""
            await asyncio.sleep(exchange.reply.close_delay_s)
            return "server"
        return "client" if outcome == "client_left" else outcome

    async def _script(self, exchange: Exchange) -> None:
        """Run the behaviours; the log knows the end in the same step as the last byte left."""
        try:
            for behaviour in self._routes.find(exchange.path).script:
                await behaviour(exchange)
                if exchange.begun:
                    break
            if not exchange.begun:
                await exchange.deliver()
            exchange.finish("sent")
        except ClientLeft:
            exchange.finish("client_left")
        except Exception as problem:  # noqa: BLE001 - any mistake in a script must reach the test
            self.log.error(problem)
            exchange.finish("error")
