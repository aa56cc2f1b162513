"""The body of one reply on its way from the receive buffer to a sink.

Owns the pump: back-pressure, the account of bytes, and the verdict on how it ended.
Must not interpret what it carries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

from tui_dl.net.connection import Connection, Ending
from tui_dl.net.errors import connection_lost, silence, surplus, transfer_error, truncated
from tui_dl.net.framing import LengthDecoder, decoder_for
from tui_dl.net.head import ReplyHead
from tui_dl.net.reply import BodySink, Feed, Framing, PipeSink

LEAST_PIPED_BYTES = 256 * 1024
"""For less the change to the pipe and back does not pay."""

LAST_BYTES = 64 * 1024
"""The end of a body comes through the buffer, where it shows what follows it (trap H12)."""


class Body:
    """Pumps one body, for one task."""

    def __init__(
        self, connection: Connection, head: ReplyHead, give_back: Callable[[Connection], None]
    ) -> None:
        """``give_back`` takes the connection when it may carry another request."""
        self.head = head
        self.peer = connection.peer
        self.reused = connection.replies > 0
        self.prepared_s = 0.0 if self.reused else connection.prepared_s
        connection.replies += 1
        self._connection = connection
        self._give_back = give_back
        self._decoder = decoder_for(head.plan)
        self._is_over = self._decoder.done
        """Complete, or stopped by the sink: nothing is lent any more."""
        self._is_closed = False
        self._fed_bytes = 0
        self._sink: BodySink | None = None
        self._pipe_sink: PipeSink | None = None
        """The same sink, if it takes pipes and the framing allows it."""
        self._pending: Awaitable[None] | None = None
        """What the sink wants awaited before it takes more."""
        self._lent_end = 0
        """Up to where the buffer is free again once that is done."""
        self._is_awaiting_sink = False
        self._failure: Exception | None = None
        self._idle_timeout_s = 0.0
        self._heard_at_s = 0.0
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def pump(self, sink: BodySink, *, idle_timeout_s: float) -> None:
        """Feed ``sink`` until the body is complete or stopped: see ``Reply.pump``."""
        if self._sink is not None or self._is_closed:
            raise RuntimeError("a body is pumped once, before its reply is closed")
        self._sink = sink
        if isinstance(sink, PipeSink) and isinstance(self._decoder, LengthDecoder):
            self._pipe_sink = sink
        self._idle_timeout_s = idle_timeout_s
        self._heard_at_s = self._loop.time()
        self._watch(idle_timeout_s)
        connection = self._connection
        connection.on_change = self._on_change
        try:
            self._advance(sink)
            while not self._is_over:
                if self._pending is not None:
                    await self._let_sink_finish(self._pending)
                    self._advance(sink)
                else:
                    await self._next_change()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            connection.on_change = None
            connection.undivert()
            if isinstance(self._pending, Coroutine):
                # The sink asked to be awaited, and we were cancelled before: take it back.
                self._pending.close()

    def close(self) -> None:
        """Give the connection back if it is in step, else abort it. Idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._is_in_step():
            self._give_back(self._connection)
        else:
            self._connection.abort()

    def _is_in_step(self) -> bool:
        """Whether the body was consumed to its end and nothing came behind it."""
        connection = self._connection
        if not (self.head.keep_alive and self._is_over and self._decoder.done):
            return False
        connection.release()  # lets stray bytes show that were not decrypted yet
        return connection.is_open and connection.start == connection.end

    async def _let_sink_finish(self, pending: Awaitable[None]) -> None:
        """Wait for the sink; the connection is held and what was lent stays untouched."""
        self._is_awaiting_sink = True
        await pending
        self._is_awaiting_sink = False
        self._pending = None
        self._connection.start = self._lent_end
        self._heard_at_s = self._loop.time()

    async def _next_change(self) -> None:
        """Let bytes in until something needs the pump's own task."""
        self._waiter = self._loop.create_future()
        self._connection.release()  # may announce bytes at once
        await self._waiter
        if self._failure is not None:
            raise self._failure

    def _on_change(self) -> None:
        """Take what arrived, inside the loop's callback."""
        assert self._sink is not None
        self._heard_at_s = self._loop.time()
        if self._failure is None and self._pending is None and not self._is_over:
            try:
                self._advance(self._sink)
            except Exception as error:  # noqa: BLE001 - whatever a sink raises ends the pump
                self._fail(error)
        if self._is_over or self._pending is not None:
            self._wake()
        elif (
            self._pipe_sink is not None
            and self._failure is None
            and self._connection.may_divert
            and self._piped_room(self._pipe_sink) >= LEAST_PIPED_BYTES
        ):
            self._connection.divert(self._on_readable)

    def _piped_room(self, sink: PipeSink) -> int:
        """Return how many bytes may go from the socket to the sink's file past the buffer."""
        assert isinstance(self._decoder, LengthDecoder)
        return min(self._decoder.left - LAST_BYTES, sink.pipe_room)

    def _on_readable(self) -> None:
        """Let bytes go past the buffer, or lead them back to it."""
        assert self._pipe_sink is not None
        assert isinstance(self._decoder, LengthDecoder)
        connection = self._connection
        try:
            room = self._piped_room(self._pipe_sink)
            is_ready = room > 0 and connection.pipe.is_ready()
            moved = connection.fill_pipe(room) if is_ready else 0
        except BlockingIOError:
            return
        except OSError as error:  # the kernel tells of a reset once, and we were told
            self._fail(transfer_error(error, connection.where))
            return
        if not moved:
            self._lead_back()
            return
        self._heard_at_s = self._loop.time()
        self._fed_bytes += moved
        self._decoder.skip(moved)
        try:
            self._pipe_sink.feed_pipe(connection.pipe.way_out, moved)
        except Exception as error:  # noqa: BLE001 - whatever a sink raises ends the pump
            connection.pipe.close()  # what was not taken out is nobody's
            self._fail(error)
            return
        if connection.is_broken:
            self._lead_back()

    def _lead_back(self) -> None:
        """Let bytes come through the buffer; the transport sees how the stream ends by itself."""
        self._connection.undivert()
        self._connection.release()

    def _advance(self, sink: BodySink) -> None:
        """Feed all that the buffer has, or as much as the sink takes.

        Raises:
            TransferError: the framing is broken, or the stream ended before or behind the body.
        """
        connection = self._connection
        while not self._decoder.done:
            if connection.start == connection.end:
                if not connection.is_open:
                    self._judge_ending()
                    break
                return
            first, last, after = self._decoder.take(
                connection.buffer, connection.start, connection.end
            )
            self._refuse_surplus(after)
            if first < last:
                self._fed_bytes += last - first
                answer = sink.feed(connection.view[first:last])
                if answer is Feed.STOP:
                    connection.start = after
                    break
                if not isinstance(answer, Feed):
                    self._pending = answer
                    self._lent_end = after
                    connection.hold()
                    return
            connection.start = after
        self._is_over = True

    def _refuse_surplus(self, after: int) -> None:
        """Doubt a whole reply that goes on behind its Content-Length (trap H12).

        Its last bytes are not fed: where the file ends only another reply can tell. A line
        end or another reply behind the body is a slip of old servers and means nothing; what a
        part of a file is its Content-Range says as well.
        """
        connection = self._connection
        if not self._decoder.done or after == connection.end:
            return
        behind = bytes(connection.view[after : min(connection.end, after + 5)])
        is_slip = behind.startswith((b"\r", b"\n", b"HTTP/"))
        length = self.head.plan.length
        if self.head.status == 200 and length is not None and not is_slip:
            raise surplus(connection.where, length)

    def _judge_ending(self) -> None:
        """Return if the end of the stream is the end of the body, else raise."""
        connection = self._connection
        if connection.ending is Ending.LOST:
            if connection.error is not None:
                raise transfer_error(connection.error, connection.where) from connection.error
            raise connection_lost(connection.where)
        if self.head.plan.framing is Framing.CLOSE and connection.ending is Ending.CLEAN:
            return
        length = self.head.plan.length
        raise truncated(connection.where, None if length is None else length - self._fed_bytes)

    def _watch(self, delay_s: float) -> None:
        self._timer = self._loop.call_later(delay_s, self._check_silence)

    def _check_silence(self) -> None:
        """Fail when nothing came for too long; waiting for the sink does not count."""
        quiet_s = self._loop.time() - self._heard_at_s
        if self._is_awaiting_sink:
            self._watch(self._idle_timeout_s)
        elif quiet_s < self._idle_timeout_s:
            self._watch(self._idle_timeout_s - quiet_s)
        else:
            self._fail(silence(self._connection.where, self._idle_timeout_s))

    def _fail(self, error: Exception) -> None:
        """Let the pump raise ``error``; until it does, nothing more may reach the sink."""
        self._failure = error
        self._connection.hold()
        self._connection.undivert()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
