"""A pump that is cancelled: the client stays usable and lent bytes stay as they are (D16)."""

from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import Awaitable, Coroutine

import pytest

from tests.net.scripted import Peer, serving
from tests.net.sinks import IDLE_S, Keep, StopAt, fetch
from tests.net.test_bodies import until
from tui_dl.net.client import HttpClient
from tui_dl.net.reply import Feed
from tui_dl.net.request import HttpRequest


async def test_cancelling_anywhere_leaves_the_client_usable(client: HttpClient) -> None:
    """D16: cancel at random steps of the loop, then fetch; no byte of another body shows."""

    async def script(peer: Peer) -> None:
        while seen := await peer.request():
            name = seen.target[-1:].encode()
            await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n")
            for _ in range(20):
                await peer.send(name * 10_000)
                await asyncio.sleep(0)

    dice = random.Random(7)
    cancelled = 0
    async with serving(script) as server:
        for round_number in range(60):
            name = "abcdefgh"[round_number % 8]
            task = asyncio.create_task(fetch(client, server.url(f"/{name}")))
            for _ in range(dice.randrange(60)):
                await asyncio.sleep(0)
            task.cancel()
            cancelled += isinstance(
                (await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError
            )
            if round_number % 5 == 0:
                assert await fetch(client, server.url("/z")) == b"z" * 200_000
        assert await fetch(client, server.url("/z")) == b"z" * 200_000
    assert cancelled > 20


async def test_bytes_lent_to_a_cancelled_pump_stay_as_they_are(client: HttpClient) -> None:
    """D16: a thread may still be writing them out."""
    lent: list[memoryview] = []
    fed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n")
        for _ in range(100):
            await peer.send(b"a" * 1000)
        await peer.send(b"b" * 8_900_000)

    class Lend(Keep):
        def feed(self, data: memoryview) -> Awaitable[None]:
            lent.append(data)
            fed.set()
            return until(asyncio.Event())  # never

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        pump = asyncio.create_task(reply.pump(Lend(), idle_timeout_s=IDLE_S))
        await fed.wait()
        copy = bytes(lent[0])
        pump.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pump
        await asyncio.sleep(0.02)
        await reply.aclose()
        other = await client.open(HttpRequest(server.url(), use_netrc=False))
        await other.pump(StopAt(1), idle_timeout_s=IDLE_S)
        await other.aclose()
        assert lent[0] == copy


async def test_what_a_cancelled_pump_never_awaited_is_closed(client: HttpClient) -> None:
    """A sink's coroutine that nobody awaits would be told on the user's terminal."""
    go_on = asyncio.Event()
    made: list[Coroutine[None, None, None]] = []

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
        await go_on.wait()
        await peer.send("b")

    class CancelAtSecond(Keep):
        def feed(self, data: memoryview) -> Feed | Awaitable[None]:
            super().feed(data)
            if self.feeds == 1:
                go_on.set()
                return Feed.GO_ON
            made.append(until(asyncio.Event()))
            pump.cancel()  # inside the callback that fed us: the pump itself does not run
            return made[0]

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        pump = asyncio.create_task(reply.pump(CancelAtSecond(), idle_timeout_s=IDLE_S))
        with pytest.raises(asyncio.CancelledError):
            await pump
        await reply.aclose()
    assert inspect.getcoroutinestate(made[0]) == inspect.CORO_CLOSED
