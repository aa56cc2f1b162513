"""Reuse of connections: when, when not, the race of H22, and the ceiling of H40."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Awaitable, Callable

import pytest

from tests.net.scripted import Peer, serving
from tests.net.sinks import IDLE_S, Keep, fetch
from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.net.client import ClientConfig, HttpClient
from tui_dl.net.dial import Dialer, WireOptions
from tui_dl.net.pool import ConnectionPool, PoolKey, affordable
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import SYSTEM_TLS, TlsContexts


async def answering(peer: Peer) -> None:
    """Answer every request."""
    while await peer.request():
        await peer.reply(b"hello")


async def test_a_finished_connection_is_used_again(client: HttpClient) -> None:
    async with serving(answering) as server:
        for _ in range(5):
            assert await fetch(client, server.url()) == b"hello"
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        await reply.aclose()
        assert reply.reused
        assert server.connections == 1


CLOSERS = {
    "Connection: close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
    "among others": b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "bytes beyond a part": b"HTTP/1.1 206 OK\r\nContent-Length: 5\r\n\r\nhelloXXX",
    "a line end beyond": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello\r\n",
    "bytes behind chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n0\r\n\r\nXXX",
}


@pytest.mark.parametrize("kind", CLOSERS)
async def test_some_connections_are_not_used_again(client: HttpClient, kind: str) -> None:
    """H12: bytes beyond the body are never delivered, and poison the connection."""

    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.send(CLOSERS[kind])

    async with serving(script) as server:
        for _ in range(3):
            assert await fetch(client, server.url()) == b"hello"
        assert server.connections == 3


async def test_a_whole_reply_that_goes_on_behind_its_length_is_doubted(client: HttpClient) -> None:
    """H12: nobody knows whether the length or the body is right."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloXXX")
        await peer.closed()

    async with serving(script) as server:
        with pytest.raises(TransferError, match="declared 5 bytes and sent more"):
            await fetch(client, server.url())


async def test_stray_bytes_on_an_idle_connection_end_it(client: HttpClient) -> None:
    stray = asyncio.Event()
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        if await peer.request():
            await peer.reply(b"hello")
        if peer.number == 1:
            await stray.wait()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nWRONG")
            await peer.closed()
            gone.set()

    async with serving(script) as server:
        assert await fetch(client, server.url()) == b"hello"
        stray.set()
        await gone.wait()
        assert await fetch(client, server.url()) == b"hello"
        assert server.connections == 2


@pytest.mark.parametrize("end", [Peer.close, Peer.reset])
async def test_a_connection_that_died_idle_is_not_used(
    client: HttpClient, end: Callable[[Peer], None]
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.reply(b"hello")
        end(peer)

    async with serving(script) as server:
        for _ in range(3):
            assert await fetch(client, server.url()) == b"hello"
        assert server.connections == 3


@pytest.mark.parametrize("end", [Peer.close, Peer.reset])
async def test_the_reuse_race_is_no_failure(
    client: HttpClient, end: Callable[[Peer], None]
) -> None:
    """H22: the server closes just as our request arrives; we ask again on a new connection."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.reply(b"hello")
        if peer.number == 1:
            await peer.request()  # arrived, and is dropped with the connection
            end(peer)
        else:
            await answering(peer)

    async with serving(script) as server:
        assert await fetch(client, server.url()) == b"hello"
        assert await fetch(client, server.url("/again")) == b"hello"
        assert server.connections == 2
        assert [seen.target for seen in server.requests] == ["/file", "/again", "/again"]


async def test_the_race_is_run_once(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number == 1:
            await peer.reply(b"hello")
            await peer.request()
        peer.close()

    async with serving(script) as server:
        assert await fetch(client, server.url()) == b"hello"
        with pytest.raises(TransferError) as caught:
            await client.open(HttpRequest(server.url(), use_netrc=False))
        assert caught.value.code is ErrorCode.CONNECTION_LOST
        assert server.connections == 2


async def test_a_reused_connection_that_dies_inside_the_reply_has_failed(
    client: HttpClient,
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.reply(b"hello")
        await peer.request()
        await peer.send("HTTP/1.1 2")
        peer.close()

    async with serving(script) as server:
        assert await fetch(client, server.url()) == b"hello"
        with pytest.raises(TransferError) as caught:
            await client.open(HttpRequest(server.url(), use_netrc=False))
        assert caught.value.code is ErrorCode.TRUNCATED
        assert server.connections == 1


async def test_closing_after_each_reply_costs_nothing_but_connections(client: HttpClient) -> None:
    """Torture row 27."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.reply(b"hello")
        await asyncio.sleep(0.002)

    async with serving(script) as server:
        for number in range(30):
            assert await fetch(client, server.url()) == b"hello"
            await asyncio.sleep(0.0005 * (number % 6))


async def test_few_idle_connections_are_kept() -> None:
    client = HttpClient(ClientConfig(env_proxies=False, max_idle_per_origin=2))
    gone: asyncio.Queue[int] = asyncio.Queue()

    async def script(peer: Peer) -> None:
        await answering(peer)
        gone.put_nowait(peer.number)

    async with serving(script) as server:
        replies = [await client.open(HttpRequest(server.url(), use_netrc=False)) for _ in range(5)]
        for reply in replies:
            await reply.pump(Keep(), idle_timeout_s=IDLE_S)
            await reply.aclose()
        assert sorted([await gone.get() for _ in range(3)]) == [3, 4, 5]
        assert await fetch(client, server.url()) == b"hello"
        assert server.connections == 5
        await client.aclose()
        assert sorted([await gone.get() for _ in range(2)]) == [1, 2]


async def test_idle_connections_are_closed_after_a_while() -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.closed()
        gone.set()

    async with serving(script) as server:
        pool = ConnectionPool(max_idle_per_origin=4, max_connections=4, idle_timeout_s=0.01)
        dialer = Dialer(TlsContexts())
        key = PoolKey("http", "127.0.0.1", server.port, SYSTEM_TLS)
        await pool.reserve()
        connection = await dialer.dial("http", key.host, key.port, WireOptions())
        pool.adopt(connection)
        pool.give_back(connection, key)
        await gone.wait()
        assert pool.take_idle(key) is None
        await pool.aclose()


async def test_idle_connections_can_be_dropped(client: HttpClient) -> None:
    """D14: after a suspend nobody knows whether they live."""
    async with serving(answering) as server:
        busy = await client.open(HttpRequest(server.url(), use_netrc=False))
        assert await fetch(client, server.url()) == b"hello"
        client.drop_idle()
        assert await fetch(client, server.url()) == b"hello"
        assert server.connections == 3
        assert await busy.read(10) == b"hello", "only idle ones"
        await busy.aclose()


def test_the_limit_of_open_files_is_a_ceiling() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        assert affordable(64) == 64
        assert affordable(5000) == 768
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        assert affordable(5000) == 128
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_idle_connections_make_room_for_other_hosts() -> None:
    client = HttpClient(ClientConfig(env_proxies=False, max_connections=1))
    async with serving(answering) as first, serving(answering) as second:
        for server in (first, second, first):
            assert await fetch(client, server.url()) == b"hello"
        assert (first.connections, second.connections) == (2, 1)
    await client.aclose()


async def test_who_finds_no_room_waits_in_line() -> None:
    """H40: no time limit, first come first served, and the cancelled leave the line."""
    client = HttpClient(ClientConfig(env_proxies=False, max_connections=1))

    async with serving(answering) as server:
        held = await client.open(HttpRequest(server.url(), use_netrc=False))
        tasks = []
        for number in range(8):
            tasks.append(asyncio.create_task(fetch(client, server.url(f"/{number}"))))
            await asyncio.sleep(0)
        for number in (0, 3, 7):
            tasks[number].cancel()
        await held.aclose()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results].count(asyncio.CancelledError) == 3
        assert [seen.target for seen in server.requests] == ["/file", "/1", "/2", "/4", "/5", "/6"]
    await client.aclose()


async def test_room_that_came_to_a_cancelled_one_is_passed_on() -> None:
    pool = ConnectionPool(max_idle_per_origin=1, max_connections=1)
    await pool.reserve()
    line = [asyncio.create_task(pool.reserve()) for _ in range(2)]
    await asyncio.sleep(0)
    pool.cancel_reservation()
    line[0].cancel()  # it got the room, but has not run yet
    await asyncio.wait(line)
    assert line[0].cancelled()
    assert line[1].done()
    assert not line[1].cancelled()


async def test_300_slow_replies_wait_for_nobody(client: HttpClient) -> None:
    """H40: httpx's own pool gives up after five seconds."""
    heads = 0
    all_there = asyncio.Event()

    async def script(peer: Peer) -> None:
        nonlocal heads
        await peer.request()
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        heads += 1
        if heads == 300:
            all_there.set()
        await all_there.wait()
        await peer.send("hello")
        await peer.closed()

    async with serving(script) as server:
        bodies: list[Awaitable[bytes]] = [fetch(client, server.url()) for _ in range(300)]
        assert await asyncio.gather(*bodies) == [b"hello"] * 300
        assert server.connections == 300


async def test_closing_the_client_ends_what_is_open(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        await peer.closed()

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        pump = asyncio.create_task(reply.pump(Keep(), idle_timeout_s=IDLE_S))
        await asyncio.sleep(0)
        await client.aclose()
        with pytest.raises(TransferError) as caught:
            await pump
        assert caught.value.code is ErrorCode.CONNECTION_LOST
        await reply.aclose()
        await client.aclose()
