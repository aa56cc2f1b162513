"""A token that is rotated while streams are open, and requests of two origins (traps S3, S6)."""

from __future__ import annotations

import asyncio

import httpx
import pytest
import websockets

from tests.api.raw import connect
from tests.api.serving import Served
from tui_dl.api.tokens import TOKEN_NAME, TokenStore

WAIT_S = 60
STREAMS = ("/events", "/v1/jobs/events", "/tui-dl/events")


async def rest_of(reply: httpx.Response) -> bytes:
    """Read until the server ends the stream."""
    async with asyncio.timeout(WAIT_S):
        return b"".join([piece async for piece in reply.aiter_raw()])


@pytest.mark.parametrize("path", STREAMS)
async def test_streams_of_the_old_token_end_untold(server: Served, path: str) -> None:
    async with server.http.stream("GET", path) as reply:
        assert reply.status_code == 200
        TokenStore.save(server.data_dir / TOKEN_NAME)
        await server.driver.add("http://127.0.0.1:9/after-the-rotation", paused=True)
        assert b"after-the-rotation" not in await rest_of(reply)


async def test_a_socket_of_the_old_token_ends(server: Served) -> None:
    address = f"ws://{server.address}/jsonrpc"
    login = {"Authorization": f"Bearer {server.token}"}
    async with asyncio.timeout(WAIT_S), websockets.connect(address, additional_headers=login) as ws:
        await ws.send('{"id": 1, "method": "system.listMethods"}')
        await ws.recv()
        TokenStore.save(server.data_dir / TOKEN_NAME)
        await server.driver.add("http://127.0.0.1:9/x", paused=True)
        await ws.wait_closed()
        assert ws.close_code == 1008


async def test_the_owners_own_stream_goes_on(server: Served) -> None:
    login = {"Authorization": f"Bearer {server.owner_key}"}
    async with (
        asyncio.timeout(WAIT_S),
        server.http.stream("GET", "/tui-dl/events", headers=login) as reply,
    ):
        TokenStore.save(server.data_dir / TOKEN_NAME)
        await server.driver.add("http://127.0.0.1:9/after-the-rotation", paused=True)
        heard = b""
        async for piece in reply.aiter_raw():
            heard += piece
            if b"after-the-rotation" in heard:
                return
    pytest.fail("the owner's stream ended")


@pytest.mark.parametrize(
    "origins",
    [
        ("http://{address}", "http://evil.test"),
        ("moz-extension://x", "http://evil.test"),
        ("chrome-extension://x, http://evil.test",),
        ("moz-extension://x/../",),
        ("moz-extension://",),
    ],
)
async def test_an_origin_is_one_and_whole(server: Served, origins: tuple[str, ...]) -> None:
    async with connect(server.host_and_port) as line:
        await line.send(
            "GET /list HTTP/1.1",
            f"Host: {server.address}",
            f"Authorization: Bearer {server.token}",
            *(f"Origin: {origin.format(address=server.address)}" for origin in origins),
        )
        status, _, _ = await line.reply()
    assert status == 403
