"""Clients that misbehave below HTTP: sizes, slowness, floods, smuggling (S13, torture row 63)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.api.raw import connect
from tests.api.serving import Served, served
from tui_dl.api.context import Limits
from tui_dl.api.facade import MIB
from tui_dl.domain.model import AddRequest


def head(server: Served, line: str, *fields: str) -> tuple[str, ...]:
    return (
        f"{line} HTTP/1.1",
        f"Host: {server.address}",
        f"Authorization: Bearer {server.token}",
        *fields,
    )


async def test_a_body_that_says_it_is_too_large_is_not_read(server: Served) -> None:
    async with connect(server.host_and_port) as line:
        await line.send(*head(server, "POST /download", f"Content-Length: {50 * MIB}"))
        status, fields, body = await line.reply()
    assert (status, body) == (413, b"The body is too large.\n")
    assert fields["connection"] == "close"


async def test_fifty_megabytes_are_refused_and_the_refusal_is_heard(server: Served) -> None:
    reply = await server.http.post("/download", content=b"x" * (50 * MIB))
    assert reply.status_code == 413

    async def pieces() -> Any:
        for _ in range(50):
            yield b"x" * MIB

    reply = await server.http.post("/download", content=pieces())
    assert reply.status_code == 413
    assert await server.listed() == []


async def test_a_body_just_within_the_limit_is_read(server: Served) -> None:
    body = json.dumps({"url": "http://127.0.0.1:9/x"}).encode()
    padded = body[:-1] + b" " * (MIB - len(body)) + b"}"
    assert (await server.http.post("/download", content=padded)).status_code == 200
    assert (await server.http.post("/download", content=padded + b" ")).status_code == 413


async def test_ten_thousand_items_and_deep_nesting_end_quickly(server: Served) -> None:
    for body in (
        b'{"downloads":[' + b"{}," * 10_001 + b"{}]}",
        b"[" * 100_000,
        b'{"headers":' * 50_000,
    ):
        reply = await server.http.post("/download/batch", content=body)
        assert reply.status_code == 400


async def test_a_slow_head_is_cut_off(tmp_path: Path) -> None:
    settings = {"limits": Limits(head_s=0.3)}
    async with served(tmp_path, settings) as server, connect(server.host_and_port) as line:
        await line.send_bytes(b"GET /list HTTP/1.1\r\nHost: ")
        assert await line.rest() == b""
        assert (await server.http.get("/health")).status_code == 200


async def test_a_second_slow_head_is_cut_off_too(tmp_path: Path) -> None:
    settings = {"limits": Limits(head_s=0.3)}
    async with served(tmp_path, settings) as server, connect(server.host_and_port) as line:
        await line.send(*head(server, "GET /list"))
        assert (await line.reply())[0] == 200
        await line.send_bytes(b"GET /list HTTP/1.1\r\nHost: ")
        assert await line.rest() == b""


async def test_a_slow_body_is_given_up(tmp_path: Path) -> None:
    settings = {"limits": Limits(body_s=0.3)}
    async with served(tmp_path, settings) as server, connect(server.host_and_port) as line:
        await line.send(*head(server, "POST /download", "Content-Length: 100"), body=b"{")
        status, _, _ = await line.reply()
        assert status == 408
        assert await server.listed() == []


async def test_a_reply_that_nobody_takes_is_cut_off(tmp_path: Path) -> None:
    """S14: below HTTP, for any route."""
    settings = {"limits": Limits(stalled_write_s=0.3)}
    async with served(tmp_path, settings) as server:
        folder, url = str(server.driver.folder), f"http://127.0.0.1:9/{'x' * 900}"
        requests = [AddRequest(f"{url}{n}", folder, paused=True) for n in range(1500)]
        await server.driver.service.add(requests)
        async with connect(server.host_and_port, lazy=True) as line:
            await line.send(*head(server, "GET /list"))
            status, fields = await line.head()
            assert status == 200
            await asyncio.sleep(1.0)  # longer than the server's patience: this is the abuse
            rest = await line.rest()
        assert len(rest) < int(fields["content-length"]), "the whole reply arrived"
        assert len(await server.listed()) == 1500


@pytest.mark.parametrize("size", [1_000_000, 4_000_000])
async def test_a_head_bomb_is_refused(server: Served, size: int) -> None:
    async with connect(server.host_and_port) as line:
        # The server hangs up in the middle: whether its 400 is heard is the network's matter.
        with contextlib.suppress(ConnectionError):
            await line.send(*head(server, "GET /list", f"X-Bomb: {'x' * size}"))
        assert b" 200 " not in await line.rest()
    assert (await server.http.get("/health")).status_code == 200


async def test_connections_are_bounded(tmp_path: Path) -> None:
    """S13: idle ones end by themselves, too many are not taken in."""
    settings = {"limits": Limits(connections=8, head_s=0.5)}
    async with served(tmp_path, settings) as server:
        async with AsyncExitStack() as stack:
            lines = [
                await stack.enter_async_context(connect(server.host_and_port)) for _ in range(40)
            ]
            await asyncio.gather(*(line.rest() for line in lines))
        assert (await server.http.get("/list")).status_code == 200


@pytest.mark.parametrize(
    ("lines", "statuses"),
    [
        (("GET /list HTTP/1.1",), (400,)),
        (("GET /list HTTP/1.0",), (421,)),
        (("GET /list HTTP/1.1", "Host: {host}", "Host: evil.test"), (400,)),
        (("GET http://evil.test/list HTTP/1.1", "Host: {host}"), (400, 401)),
        (("GET * HTTP/1.1", "Host: {host}"), (400, 401)),
        (("CONNECT evil.test:443 HTTP/1.1", "Host: {host}"), (400, 401)),
        (("TRACE /list HTTP/1.1", "Host: {host}"), (401,)),
        (
            ("POST /download HTTP/1.1", "Host: {host}", "Content-Length: 5", "Content-Length: 6"),
            (400,),
        ),
        (("\x16\x03\x01\x02\x00",), (400,)),
    ],
)
async def test_odd_requests(
    server: Served, lines: tuple[str, ...], statuses: tuple[int, ...]
) -> None:
    async with connect(server.host_and_port) as line:
        await line.send(*(text.format(host=server.address) for text in lines))
        status, fields = await line.head()
    assert status in statuses
    assert "server" not in fields, "the software is nobody's business"


async def test_length_and_chunks_together_smuggle_nothing(server: Served) -> None:
    """H15 on our side: what follows the chunks is a request of its own, without a token."""
    async with connect(server.host_and_port) as line:
        await line.send(
            *head(server, "POST /pause", "Content-Length: 4", "Transfer-Encoding: chunked"),
            body=b"0\r\n\r\nPOST /clear-completed HTTP/1.1\r\nHost: x\r\n\r\n",
        )
        statuses = [(await line.reply())[0] for _ in range(2)]
    assert statuses == [400, 421]


async def test_pipelined_requests_are_answered_in_order(server: Served) -> None:
    async with connect(server.host_and_port) as line:
        for path in ("/health", "/list", "/nothing"):
            await line.send(*head(server, f"GET {path}"))
        statuses = [(await line.reply())[0] for _ in range(3)]
    assert statuses == [200, 200, 404]


async def test_a_mistake_of_ours_is_a_plain_500(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S18: no trace, no text of the error."""

    def broken(*args: object) -> None:
        raise RuntimeError("SECRET of the stack")

    monkeypatch.setattr("tui_dl.api.surge.listing.listed", broken)
    reply = await server.http.get("/list")
    assert (reply.status_code, reply.text) == (500, "Internal error\n")
    assert (await server.http.get("/health")).status_code == 200


async def test_the_landing_page_names_the_program_only(server: Served) -> None:
    reply = await server.http.get("/", headers={"authorization": ""})
    assert reply.json() == {"name": "tui-dl"}
    assert (await server.http.post("/")).status_code == 405
