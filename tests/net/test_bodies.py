"""Bodies on real sockets: framings, truncations, silence, back-pressure, STOP, cancelling."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable

import pytest

from tests.net.scripted import Peer, serving
from tests.net.sinks import IDLE_S, Keep, Slow, StopAt, fetch
from tui_dl.domain.errors import DiskError, ErrorCode, TransferError
from tui_dl.net.client import HttpClient
from tui_dl.net.reply import Feed, Framing
from tui_dl.net.request import HttpRequest

BODY = random.Random(5).randbytes(768_000)
"""Several buffers; no stretch of it looks like another."""


def chunked(body: bytes, *sizes: int) -> bytes:
    """Code ``body`` in chunks of the given sizes; the last one takes the rest."""
    out, at = b"", 0
    for size in (*sizes, len(body)):
        piece = body[at : at + size]
        at += len(piece)
        if piece:
            out += b"%x\r\n%b\r\n" % (len(piece), piece)
    return out + b"0\r\n\r\n"


async def test_a_length_body_arrives_whole(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.reply(BODY)
        await peer.closed()

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        assert (reply.framing, reply.content_length) == (Framing.LENGTH, len(BODY))
        assert (reply.peer, reply.reused, reply.url) == ("127.0.0.1", False, server.url())
        sink = Keep()
        await reply.pump(sink, idle_timeout_s=IDLE_S)
        await reply.aclose()
        assert sink.data == BODY


@pytest.mark.parametrize("sizes", [(), (1,) * 40, (4096,) * 60, (65536, 1, 200_000), (300_000,)])
async def test_a_chunked_body_arrives_whole(client: HttpClient, sizes: tuple[int, ...]) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        coded = chunked(BODY, *sizes)
        await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        dice = random.Random(len(sizes))
        while coded:  # cut anywhere, also inside chunk sizes and line ends
            size = dice.choice((1, 2, 3, 1000, 70_000, 300_000))
            await peer.send(coded[:size])
            coded = coded[size:]
            await asyncio.sleep(0)
        await peer.closed()

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        assert (reply.framing, reply.content_length) == (Framing.CHUNKED, None)
        sink = Keep()
        await reply.pump(sink, idle_timeout_s=IDLE_S)
        await reply.aclose()
        assert sink.data == BODY


async def test_a_body_may_end_with_the_connection(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.0 200 OK\r\n\r\n" + BODY)
        peer.close()

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        assert (reply.framing, reply.content_length) == (Framing.CLOSE, None)
        sink = Keep()
        await reply.pump(sink, idle_timeout_s=IDLE_S)
        await reply.aclose()
        assert sink.data == BODY


@pytest.mark.parametrize("status", ["204 No Content", "200 OK"])
async def test_an_empty_body_is_complete_at_once(client: HttpClient, status: str) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"", status=status)

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        assert (reply.framing, reply.content_length) == (Framing.EMPTY, 0)
        await reply.pump(Keep(), idle_timeout_s=IDLE_S)
        await reply.aclose()
        again = await client.open(HttpRequest(server.url(), use_netrc=False))
        await again.aclose()
        assert again.reused


async def until(event: asyncio.Event) -> None:
    """Wait; nothing comes of it, as a sink's awaitable promises."""
    await event.wait()


HEADS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 400,
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + b"x" * 400,
    "between chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"190\r\n" + b"x" * 400 + b"\r\n",
    "no last line": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"190\r\n" + b"x" * 400 + b"\r\n0\r\n",
}


@pytest.mark.parametrize("kind", HEADS)
async def test_a_cut_is_told_and_the_bytes_before_it_arrive(client: HttpClient, kind: str) -> None:
    """H17: half a file is never a whole one."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEADS[kind])
        peer.close()

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        sink = Keep()
        with pytest.raises(TransferError) as caught:
            await reply.pump(sink, idle_timeout_s=IDLE_S)
        await reply.aclose()
        assert caught.value.code is ErrorCode.TRUNCATED
        assert caught.value.retryable
        assert f"127.0.0.1:{server.port}" in caught.value.message
        assert sink.data == b"x" * 400


@pytest.mark.parametrize("head", [HEADS["length"], HEADS["chunk"], b"HTTP/1.0 200 OK\r\n\r\nxx"])
async def test_a_reset_is_told_in_words(client: HttpClient, head: bytes) -> None:
    """H18: foreign resets have no text; H16: a reset never ends a body well."""
    fed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(head)
        await fed.wait()
        peer.reset()

    class Tell(Keep):
        def feed(self, data: memoryview) -> Feed:
            super().feed(data)
            fed.set()
            return Feed.GO_ON

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        with pytest.raises(TransferError) as caught:
            await reply.pump(Tell(), idle_timeout_s=IDLE_S)
        await reply.aclose()
        assert caught.value.code is ErrorCode.CONNECTION_LOST
        assert caught.value.message.endswith(".")
        assert f"127.0.0.1:{server.port}" in caught.value.message


async def test_silence_ends_the_pump(client: HttpClient) -> None:
    """H19."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEADS["length"])
        await peer.closed()

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        sink = Keep()
        with pytest.raises(TransferError) as caught:
            await reply.pump(sink, idle_timeout_s=0.05)
        await reply.aclose()
        assert caught.value.code is ErrorCode.TIMEOUT
        assert sink.data == b"x" * 400


async def test_a_slow_sink_is_not_the_servers_silence(client: HttpClient) -> None:
    waited = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + "x" * 1000)
        await waited.wait()
        await peer.send("x" * 1000)
        await peer.closed()

    async def wait() -> None:
        await asyncio.sleep(0.2)
        waited.set()

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        sink = Slow(wait)
        await reply.pump(sink, idle_timeout_s=0.1)
        await reply.aclose()
        assert sink.data == b"x" * 2000


async def test_a_waiting_sink_closes_the_servers_window(client: HttpClient) -> None:
    """Back-pressure: what the sink has not taken stays with the server, not in memory."""
    blob = b"y" * 65536
    total = 64 << 20
    sent = 0
    fed = asyncio.Event()
    go = asyncio.Event()

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n")
        while sent < total:
            await peer.send(blob)
            sent += len(blob)
        await peer.closed()

    class Gate(Keep):
        size = 0

        def feed(self, data: memoryview) -> Feed | Awaitable[None]:
            self.size += len(data)
            fed.set()
            return Feed.GO_ON if go.is_set() else until(go)

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        sink = Gate()
        pump = asyncio.create_task(reply.pump(sink, idle_timeout_s=IDLE_S))
        await fed.wait()
        before = -1
        while sent != before:  # until the server is stuck
            before = sent
            await asyncio.sleep(0.1)
        assert sink.size <= 256 * 1024
        assert before <= 16 << 20, "socket buffers of both ends hold a few MiB at most"
        go.set()
        await pump
        await reply.aclose()
        assert sink.size == total


@pytest.mark.parametrize("coded", [False, True])
async def test_lent_bytes_stay_until_the_sink_is_done(client: HttpClient, coded: bool) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        if coded:
            await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            await peer.send(chunked(BODY, *(5000,) * 50))
        else:
            await peer.reply(BODY)
        await peer.closed()

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        sink = Slow(lambda: asyncio.sleep(0.001))  # compares what it was lent
        await reply.pump(sink, idle_timeout_s=IDLE_S)
        await reply.aclose()
        assert sink.data == BODY


async def test_an_error_of_the_sink_ends_the_pump(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(BODY)

    class Full(Keep):
        def feed(self, data: memoryview) -> Feed:
            raise DiskError("full")

    async def fail() -> None:
        raise DiskError("full, found out late")

    async with serving(script) as server:
        for sink in (Full(), Slow(fail)):
            reply = await client.open(HttpRequest(server.url(), use_netrc=False))
            with pytest.raises(DiskError):
                await reply.pump(sink, idle_timeout_s=IDLE_S)
            await reply.aclose()
        assert await fetch(client, server.url()) == BODY
        assert server.connections == 3


async def test_stop_ends_the_pump_and_the_connection(client: HttpClient) -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        await peer.send(b"z" * 1000)
        await peer.closed()
        gone.set()

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        sink = StopAt(10)
        await reply.pump(sink, idle_timeout_s=IDLE_S)
        await reply.aclose()
        await reply.aclose()
        await gone.wait()
        assert sink.feeds == 1


async def test_stop_at_the_very_end_keeps_the_connection(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"z" * 1000)

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        await reply.pump(StopAt(1000), idle_timeout_s=IDLE_S)
        await reply.aclose()
        assert await fetch(client, server.url()) == b"z" * 1000
        assert server.connections == 1


async def test_a_reply_that_nobody_reads_is_dropped(client: HttpClient) -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.reply(b"z" * 1000)
        await peer.closed()
        gone.set()

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        await reply.aclose()
        await gone.wait()
        with pytest.raises(RuntimeError):
            await reply.pump(Keep(), idle_timeout_s=IDLE_S)


async def test_read_returns_a_small_body_or_its_beginning(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"no such file", status="404 Not Found")

    async with serving(script) as server:
        for limit, expected in ((100, b"no such file"), (12, b"no such file"), (7, b"no such")):
            reply = await client.open(HttpRequest(server.url(), use_netrc=False))
            assert (reply.status, reply.reason) == (404, "Not Found")
            assert await reply.read(limit) == expected
            await reply.aclose()
        assert server.connections == 1, "only the last one was left half read"
