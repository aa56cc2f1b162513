"""One request and its reply on the wire: the verbs that behaviours are written in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from tests.support.body import Body
from tests.support.log import RequestRecord, ServerLog
from tests.support.request import Request
from tests.support.resource import Reply, Resource, honest_reply, resolve

if TYPE_CHECKING:
    from tests.support.connection import Connection

_SLICE_S = 0.02
"""A paced body leaves in pieces worth this much time."""


class ClientLeft(Exception):  # noqa: N818 - an outcome that unwinds a script, not a mistake
    """The client closed the connection; a script need not catch it."""


class Pacer:
    """Spreads bytes evenly over time; one per connection, so keep-alive gains nothing."""

    def __init__(self) -> None:
        self._free_s = 0.0

    async def spend(self, count: int, rate_bps: float) -> None:
        """Wait until ``count`` bytes fit ``rate_bps``.

        Oversleeping up to 0.1 s is caught up; a pause earns nothing.
        """
        now = asyncio.get_running_loop().time()
        if now - self._free_s > 0.1:
            self._free_s = now
        self._free_s += count / rate_bps
        if self._free_s > now:
            await asyncio.sleep(self._free_s - now)


class Exchange:
    """What a behaviour gets. ``reply`` may be changed; sending verbs take over.

    When a behaviour returns without having sent anything, the next one runs, and at the end
    ``reply`` is delivered as it stands.
    """

    def __init__(
        self,
        connection: Connection,
        request: Request,
        resource: Resource,
        record: RequestRecord,
        nth: int,
    ) -> None:
        self._connection = connection
        self.request = request
        self.resource = resource
        self.record = record
        self.nth = nth
        """Number of this request at its path, from 1."""
        self.log: ServerLog = connection.log
        self.reply: Reply = honest_reply(resource, request)
        self.sent = 0
        """Body bytes given to the kernel so far."""
        self.begun = False
        """Something of the reply (an interim reply counts) is on the wire."""
        self.head_is_sent = False
        self.on_end: list[Callable[[], None]] = []
        """Called once when this exchange is over, however it ends."""
        self.ended_by = ""
        """``cut`` or ``reset`` once a verb has ended the connection."""
        self._outcome = ""

    # -- facts --------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """The path as it was asked for."""
        return self.record.path

    @property
    def connection_id(self) -> int:
        """Number of the connection at this server, from 1."""
        return self.record.connection_id

    @property
    def connection_nth(self) -> int:
        """Number of the connection among those that asked for this path, from 1."""
        return self.record.connection_nth

    @property
    def range(self) -> tuple[int, int] | None:
        """The half-open span asked for, cut to the resource; ``None`` without a usable one."""
        return resolve(self.request.range, self.resource.length)

    @property
    def is_over(self) -> bool:
        """The connection was ended by a verb."""
        return bool(self.ended_by)

    def answer_for(self, resource: Resource) -> None:
        """Start the reply again as a correct answer for another resource."""
        self.resource = resource
        self.reply = honest_reply(resource, self.request)

    # -- verbs --------------------------------------------------------------------------------

    async def status(self, status: int, reason: str | None = None) -> None:
        """Set the status of the reply head that is still to be sent."""
        self.reply.status, self.reply.reason = status, reason

    def header(self, name: str, value: str | bytes | None) -> None:
        """Set a header of the reply; ``None`` removes it."""
        if value is None:
            self.reply.drop(name)
        else:
            self.reply.set(name, value)

    async def send_head(self) -> None:
        """Send the status line and headers of ``reply``."""
        reply = self.reply
        if reply.latency_s:
            await asyncio.sleep(reply.latency_s)
        head = encode_head(reply)
        left_bytes = len(head)

        def took(count: int) -> None:
            nonlocal left_bytes
            left_bytes -= count
            if not left_bytes:
                self.head_is_sent = True
                self.log.head_sent(self.record.id, reply.status)

        await self._send_head_bytes(head, took, rate_bps=reply.head_rate_bps)

    async def send_raw(self, data: bytes, *, rate_bps: float = 0) -> None:
        """Send bytes that count as no body."""
        await self._send_head_bytes(data, _ignore, rate_bps=rate_bps)

    async def _send_head_bytes(
        self, data: bytes, took: Callable[[int], None], *, rate_bps: float
    ) -> None:
        self.begun = True
        view = memoryview(data)
        step = len(view) if not rate_bps else max(1, int(rate_bps * _SLICE_S))
        for at in range(0, len(view), max(1, step)):
            piece = view[at : at + step]
            await self._put(piece, took)
            if rate_bps:
                await self._connection.pacer.spend(len(piece), rate_bps)

    async def send_body(self, start: int, end: int, seed: int | None = None) -> None:
        """Send resource bytes ``start..end`` (of another seed when given), with its faults.

        Returns early when a break ended the connection.
        """
        body = self.reply.body if seed is None else Body(seed, end)
        at = start
        for view in body.views(start, end):
            await self._send_paced(view, at)
            at += len(view)
            if self.is_over:
                return
        await self._run_breaks()

    async def send_payload(self, payload: bytes) -> None:
        """Send literal body bytes, with the faults of the reply."""
        await self._send_paced(memoryview(payload), None)
        if not self.is_over:
            await self._run_breaks()

    async def end_chunks(self) -> None:
        """Send the last chunk marker."""
        await self._put(memoryview(b"0\r\n\r\n"))

    async def deliver(self) -> None:
        """Send ``reply`` as it stands: head, body, end of framing."""
        await self.send_head()
        reply = self.reply
        if not reply.has_body:
            return
        if reply.payload is not None:
            await self.send_payload(reply.payload)
        else:
            await self.send_body(reply.start, reply.end)
        if not self.is_over and reply.framing == "chunked" and reply.ends_chunks:
            await self.end_chunks()

    async def cut(self, *, close_notify: bool = True) -> None:
        """End the connection with FIN; without ``close_notify`` a TLS stream is truncated."""
        self.begun, self.ended_by = True, "cut"
        self.finish("cut")
        self._connection.wire.close(close_notify=close_notify)

    async def rst(self) -> None:
        """End the connection with RST, after the peer's kernel has got what was sent."""
        self.begun, self.ended_by = True, "reset"
        await self._connection.wire.flushed()
        self.finish("reset")
        self._connection.wire.reset()

    async def stall(self, seconds: float | None = None) -> None:
        """Send nothing for a time; ``None``: until the client leaves or the server stops."""
        if seconds is None:
            self.begun = True
            await asyncio.Event().wait()
        else:
            await asyncio.sleep(seconds)

    async def drip(self, rate_bps: float) -> None:
        """Send what is left of this reply at ``rate_bps``."""
        self.reply.rate_bps = rate_bps

    # -- the inside ---------------------------------------------------------------------------

    def finish(self, outcome: str) -> str:
        """Put the end on record once, before the client can see it; return what is recorded."""
        if not self._outcome:
            self._outcome = self.ended_by or outcome
            for callback in self.on_end:
                callback()
            self.log.request_finished(self.record.id, self._outcome)
        return self._outcome

    async def _run_breaks(self) -> None:
        reply = self.reply
        while not self.is_over:
            due = next((b for b in reply.breaks if b[0] <= self.sent), None)
            if due is None:
                return
            reply.breaks.remove(due)
            await due[1](self)

    def _room(self, most: int) -> int:
        """Return how many body bytes may leave before the next break."""
        ahead = [position - self.sent for position, _ in self.reply.breaks]
        return min([most, *ahead])

    async def _send_paced(self, view: memoryview, at: int | None) -> None:
        reply = self.reply
        while view:
            for watch in reply.watches:
                await watch(self, self.sent)
            await self._run_breaks()
            if self.is_over:
                return
            step = reply.chunk_bytes
            if reply.rate_bps:
                step = min(step, max(1, int(reply.rate_bps * _SLICE_S)))
            piece = view[: self._room(step)]
            await self._send_piece(piece, at)
            view = view[len(piece) :]
            at = None if at is None else at + len(piece)
            if reply.rate_bps:
                await self._connection.pacer.spend(len(piece), reply.rate_bps)
            else:
                await asyncio.sleep(0)  # a fast client must not starve the other connections

    async def _send_piece(self, piece: memoryview, at: int | None) -> None:
        chunked = self.reply.framing == "chunked"
        if chunked:
            await self._put(memoryview(b"%x\r\n" % len(piece)))
        position = at

        def took(count: int) -> None:
            nonlocal position
            self.sent += count
            self.log.body_sent(self.record.id, count, position)
            position = None if position is None else position + count

        await self._put(piece, took)
        if chunked:
            await self._put(memoryview(b"\r\n"))

    async def _put(self, data: memoryview, took: Callable[[int], None] | None = None) -> None:
        """Send; ``took`` keeps the log level with what a client may have seen."""
        if self.is_over:
            raise RuntimeError(f"a script sends after its {self.ended_by}")
        self.begun = True
        try:
            await self._connection.wire.send(data, took or _ignore, self.log.lock)
        except OSError as problem:
            raise ClientLeft(str(problem)) from problem


def _ignore(count: int) -> None:
    """Bytes that no record counts."""


def encode_head(reply: Reply) -> bytes:
    """Return the bytes of a reply head, with all its lies."""
    first = reply.status_line
    if first is None:
        reason = reply.reason
        if reason is None:
            known = reply.status in HTTPStatus._value2member_map_
            reason = HTTPStatus(reply.status).phrase if known else "Unknown"
        first = f"HTTP/1.1 {reply.status} {reason}".encode("latin-1")
    lines = [first]
    for name, value in reply.headers:
        raw = value if isinstance(value, bytes) else value.encode("latin-1")
        lines.append(name.encode("latin-1") + b": " + raw)
    return reply.line_end.join([*lines, b"", b""])
