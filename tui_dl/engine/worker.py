"""One connection at work: ask for a claim, have the reply judged, write its bytes.

Must not decide about retries, other workers or the file as a whole: it raises, and
``transfer.py`` decides. No byte is written before the reply was admitted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from enum import Enum
from typing import Protocol

from tui_dl.domain.errors import ErrorCode, ReplyRefusedError, TransferError
from tui_dl.domain.rates import RateMeter
from tui_dl.engine.plan import ENDLESS, Claim
from tui_dl.engine.source import LinkSource
from tui_dl.net.decoding import Decoder
from tui_dl.net.reply import Feed, Framing, PipeSink, Reply


class WorkerState(Enum):
    """What a worker does, in the words of the connections table."""

    CONNECTING = "connecting"
    RECEIVING = "receiving"


class Span(Protocol):
    """Where the body of an admitted reply belongs."""

    @property
    def start(self) -> int:
        """Offset of the body's first byte."""

    @property
    def end(self) -> int | None:
        """Offset behind the body's last byte, ``None`` when only the end will tell."""

    @property
    def coding(self) -> str | None:
        """The coding of the body that has to be undone."""


class Owner(Protocol):
    """What a worker needs of its transfer."""

    def now_s(self) -> float:
        """Return the monotonic time."""

    async def open_reply(self, worker: Worker, claim: Claim) -> Reply:
        """Send the request for a claim."""

    async def admit(self, worker: Worker, reply: Reply) -> Span:
        """Judge a reply; raises when it must not be written."""

    def write_now(self, claim: Claim, data: memoryview) -> bool:
        """Write at the claim's position, or return ``False`` when the disk is slow."""

    async def write_later(self, claim: Claim, data: memoryview) -> None:
        """Write at the claim's position through the pool."""

    @property
    def takes_pipes(self) -> bool:
        """Whether ``write_pipe`` may be called now."""

    def write_pipe(self, claim: Claim, pipe: int, count: int) -> None:
        """Write ``count`` bytes out of a pipe at the claim's position."""

    @property
    def grain_bytes(self) -> int:
        """Bytes to write at once under the limits in force; 0 is no limit."""

    async def pay(self, count: int) -> None:
        """Take ``count`` bytes from the limits and wait until they are due."""

    def extend(self, claim: Claim, up_to: int | None) -> None:
        """Let a claim grow into free bytes right behind it, if there are any."""

    def overlap_of(self, worker: Worker) -> bytes:
        """Return bytes on disk that the reply's first bytes must equal."""

    def follow(self, worker: Worker, claim: Claim) -> Claim | None:
        """Leave a full claim for the next gap that this worker's reply still reaches."""

    def ended(self, claim: Claim) -> None:
        """Take the end of a body of unknown length for the end of the resource."""

    @property
    def idle_timeout_s(self) -> float:
        """Longest silence on a connection."""


class Worker:
    """One task with one connection at a time. ``number`` is stable for the screen."""

    def __init__(self, number: int, owner: Owner, source: LinkSource) -> None:
        self.number = number
        self.source = source
        self.owner = owner
        self.state = WorkerState.CONNECTING
        self.claim: Claim | None = None
        self.meter = RateMeter()
        self.started_s = owner.now_s()
        self.asked_s = self.started_s
        self.last_byte_s = self.started_s
        self.received = 0
        self.received_of_claim = 0
        self.cursor = 0
        self.reply_end: int | None = None
        self.asked_start: int | None = None
        """First byte of the Range header, ``None`` when none was sent."""
        self.asked_end: int | None = None
        self.asked_url = ""
        self.task: asyncio.Task[None] | None = None
        self.is_dropped = False
        self.is_whole = False
        """The reply carries the whole file, wanted or not."""

    @property
    def host(self) -> str:
        """Host and port that it talks to."""
        return self.source.host

    async def fetch(self, claim: Claim, reply: Reply | None = None) -> None:
        """Fill ``claim`` from one reply. Returns at the end of claim or reply.

        A reply that is shorter than asked (a server's own cap) ends normally: the claim
        is then only partly full. ``reply`` is a reply that is open already.

        Raises:
            TransferError: the reply broke; what was written before stays good.
            ReplyRefusedError: the reply must not be written.
        """
        if claim.remaining <= 0:
            return  # another reply has reached so far while this one was not even asked for
        self.claim = claim
        self.received_of_claim = 0
        self.asked_s = self.last_byte_s = self.owner.now_s()
        self.state = WorkerState.CONNECTING
        if reply is None:
            reply = await self.owner.open_reply(self, claim)
            if not reply.reused:
                self.meter = RateMeter()  # what another connection brought says nothing
        try:
            span = await self.owner.admit(self, reply)
            self.state = WorkerState.RECEIVING
            self.cursor, self.reply_end = span.start, span.end
            self.is_whole = self.asked_start is None
            overlap = self.owner.overlap_of(self)
            sink = ClaimSink(self, claim, overlap)
            idle_timeout_s = self.owner.idle_timeout_s
            if span.coding is None:
                await reply.pump(sink, idle_timeout_s=idle_timeout_s)
            else:
                decoding = DecodingSink(sink, span.coding)
                await reply.pump(decoding, idle_timeout_s=idle_timeout_s)
                decoding.finish()
            if overlap and not sink.overlap_is_proven:
                raise TransferError("The connection ended early.", code=ErrorCode.TRUNCATED)
            self._check_span(sink.claim, reply, span)
        finally:
            await reply.aclose()

    def _check_span(self, claim: Claim, reply: Reply, span: Span) -> None:
        """Compare the bytes that came with the bytes that were announced (trap H3)."""
        if claim.end == ENDLESS:
            self.owner.ended(claim)
            return
        expected = claim.end if span.end is None else min(span.end, claim.end)
        if self.is_dropped or self.cursor >= expected or claim.remaining == 0:
            return
        how = "chunked body" if reply.framing is Framing.CHUNKED else "body"
        raise TransferError(
            f"The server ended the {how} {expected - self.cursor} bytes early.",
            code=ErrorCode.TRUNCATED,
        )

    def rate_bps(self, now_s: float) -> float:
        """Return what this connection brings now; 0 while it is silent."""
        return self.meter.rate_bps(now_s)


class ClaimSink(PipeSink):
    """Takes body bytes and writes those that the claim still needs."""

    def __init__(self, worker: Worker, claim: Claim, overlap: bytes) -> None:
        self._worker = worker
        self._owner = worker.owner
        self._claim = claim
        self._overlap = memoryview(overlap)
        self._overlap_left = len(overlap)

    @property
    def claim(self) -> Claim:
        """What is filled now; of a whole reply perhaps another one than at first."""
        return self._claim

    @property
    def overlap_is_proven(self) -> bool:
        """Whether all bytes to be compared came and were equal."""
        return self._overlap_left == 0

    def feed(self, data: memoryview) -> Feed | Awaitable[None]:
        """Write ``data``, which belongs at the worker's cursor."""
        if self._owner.grain_bytes:
            return self._feed_by_grains(data)
        data = self._take_in(data)
        if self._worker.is_dropped:
            return Feed.STOP
        if self._claim.lock.locked() or not self._put(data):
            return self._feed_slowly(data)
        return Feed.GO_ON if self._is_needed else Feed.STOP

    @property
    def pipe_room(self) -> int:
        """How many bytes are certainly needed, each at its place, and may be written now."""
        worker, claim = self._worker, self._claim
        if (
            self._overlap_left
            or worker.is_dropped
            or worker.cursor != claim.position
            or claim.lock.locked()
            or not self._owner.takes_pipes
        ):
            return 0
        end = claim.end if worker.reply_end is None else min(claim.end, worker.reply_end)
        # Not to the very end: what comes there is fed, for then it is seen what to fill next.
        return max(0, end - worker.cursor - 1)

    def feed_pipe(self, pipe: int, count: int) -> None:
        """Write ``count`` bytes of ``pipe`` at the worker's cursor."""
        self._count(count)
        self._owner.write_pipe(self._claim, pipe, count)
        self._worker.cursor += count

    async def _feed_by_grains(self, data: memoryview) -> None:
        """Write ``data`` as fast as the limits allow, in steps too small to be seen.

        Each step is paid before it is written: what is on disk never runs ahead of a limit.
        """
        at = 0
        while at < len(data) and not self._worker.is_dropped and self._is_needed:
            piece = data[at : at + (self._owner.grain_bytes or len(data))]
            at += len(piece)
            await self._owner.pay(len(piece))
            piece = self._take_in(piece)
            if self._claim.lock.locked() or not self._put(piece):
                await self._feed_slowly(piece)
        # What nobody needs any more costs nothing, but the next bytes belong behind it.
        self._worker.cursor += len(data) - at

    def _take_in(self, data: memoryview) -> memoryview:
        """Count ``data`` and return what of it belongs to the reply behind the overlap."""
        worker = self._worker
        self._count(len(data))
        if self._overlap_left:
            data = self._compare(data)
        if worker.reply_end is not None and worker.cursor + len(data) > worker.reply_end:
            data = data[: worker.reply_end - worker.cursor]
        return data

    def _count(self, count: int) -> None:
        """Note that the worker's connection has brought so many bytes."""
        worker = self._worker
        worker.received += count
        worker.received_of_claim += count
        worker.last_byte_s = now_s = self._owner.now_s()
        worker.meter.add(now_s, count)

    def _put(self, data: memoryview) -> bool:
        """Write at once what is needed of ``data``; ``False`` when the disk is slow."""
        while True:
            useful = self._useful(data)
            if len(useful) and not self._owner.write_now(self._claim, useful):
                return False
            if not self._follow():
                self._worker.cursor += len(data)
                return True

    def _follow(self) -> bool:
        """Go on with the next gap of a whole reply, whose bytes come anyway."""
        if not self._worker.is_whole or self._claim.remaining > 0:
            return False
        claim = self._owner.follow(self._worker, self._claim)
        if claim is None:
            return False
        self._claim = claim
        return True

    def _useful(self, data: memoryview) -> memoryview:
        """Return the part of ``data`` that starts at the claim's position, maybe empty."""
        claim, cursor = self._claim, self._worker.cursor
        if cursor + len(data) > claim.end:
            self._owner.extend(claim, self._worker.reply_end)
        begin = claim.position - cursor
        if begin < 0:  # this reply passed the claim's old end: it cannot fill the gap
            return data[:0]
        return data[begin : max(begin, claim.end - cursor)]

    async def _feed_slowly(self, data: memoryview) -> None:
        while True:
            # The claim's lock orders the writes of two workers that race on it.
            async with self._claim.lock:
                useful = self._useful(data)
                if len(useful):
                    await self._owner.write_later(self._claim, useful)
            if not self._follow():
                break
        self._worker.cursor += len(data)

    @property
    def _is_needed(self) -> bool:
        return self._worker.cursor <= self._claim.position < self._claim.end

    def _compare(self, data: memoryview) -> memoryview:
        """Hold the first bytes against what is on disk (trap H8); return the rest."""
        expected = self._overlap[len(self._overlap) - self._overlap_left :]
        count = min(len(data), len(expected))
        if data[:count] != expected[:count]:
            raise ReplyRefusedError(
                "The server's bytes differ from those that are here: the file has changed.",
                code=ErrorCode.RESOURCE_CHANGED,
            )
        self._overlap_left -= count
        self._worker.cursor += count
        return data[count:]


class DecodingSink:
    """Undoes a content coding in front of another sink."""

    def __init__(self, sink: ClaimSink, coding: str) -> None:
        self._sink = sink
        self._decoder = Decoder(coding)

    def feed(self, data: memoryview) -> Feed | Awaitable[None]:
        """Decode ``data`` and pass it on piece by piece."""
        return self._pass_on(self._decoder.feed(data))

    async def _pass_on(self, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            answer = self._sink.feed(memoryview(piece))
            if not isinstance(answer, Feed):
                await answer

    def finish(self) -> None:
        """Check that the coded body is complete."""
        self._decoder.finish()
