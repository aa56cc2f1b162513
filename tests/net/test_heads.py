"""Heads on real sockets: slow ones, endless ones, broken ones (H15, H21, H24)."""

from __future__ import annotations

import asyncio

import pytest

from tests.net.scripted import Peer, serving
from tests.net.sinks import fetch
from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.net.client import HttpClient
from tui_dl.net.request import HttpRequest

OK = "HTTP/1.1 200 OK\r\n"


async def refusal(client: HttpClient, head: str | bytes) -> TransferError:
    """Return what the client says to a reply that begins with ``head``."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(head)
        await peer.closed()

    async with serving(script) as server:
        with pytest.raises(TransferError) as caught:
            await client.open(HttpRequest(server.url(), use_netrc=False))
    return caught.value


BROKEN = {
    "length with letters": OK + "Content-Length: 12abc\r\n\r\n",
    "negative length": OK + "Content-Length: -5\r\n\r\n",
    "signed length": OK + "Content-Length: +5\r\n\r\n",
    "conflicting lengths": OK + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "conflicting list": OK + "Content-Length: 5, 6\r\n\r\n",
    "endless length": OK + f"Content-Length: {'9' * 23}\r\n\r\n",
    "length and coding": OK + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "unknown coding": OK + "Transfer-Encoding: gzip, chunked\r\n\r\n",
    "coding twice": OK + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "not HTTP": "ICY 200 OK\r\n\r\n",
    "a greeting": "220 ftp.example ready\r\n",
    "HTTP/2": "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no status": "HTTP/1.1 OK\r\n\r\n",
    "NUL in a field": OK + "X: a\0b\r\n\r\n",
    "a field without colon": OK + "nonsense\r\n\r\n",
    "switching protocols": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "a bomb": OK + "".join(f"X-{n}: {'x' * 1000}\r\n" for n in range(200)),
    "a finished bomb": OK + "X: " + "x" * 66_000 + "\r\n\r\n",
    "a flood of 1xx": "HTTP/1.1 103 Early Hints\r\n\r\n" * 21 + OK + "Content-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_broken_heads_are_refused(client: HttpClient, kind: str) -> None:
    """H15, H21: nothing is repaired, and nothing is read for ever."""
    error = await refusal(client, BROKEN[kind])
    assert error.code is ErrorCode.PROTOCOL
    assert error.message.endswith(".")
    assert len(error.message) < 300


async def test_a_large_buffer_does_not_let_a_bomb_through(client: HttpClient) -> None:
    """A connection that was fast reads 256 kB at once, blank line and all."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.reply(b"x" * 1_000_000)
        await peer.request()
        await peer.send(OK + "X: " + "x" * 70_000 + "\r\nContent-Length: 0\r\n\r\n")
        await peer.closed()

    async with serving(script) as server:
        assert len(await fetch(client, server.url())) == 1_000_000
        with pytest.raises(TransferError) as caught:
            await client.open(HttpRequest(server.url(), use_netrc=False))
        assert caught.value.code is ErrorCode.PROTOCOL
        assert server.connections == 1


@pytest.mark.parametrize(
    "head",
    [
        OK + "Content-Length: 5, 5\r\n\r\n",
        OK + "Content-Length: 5\r\ncontent-length: 5\r\n\r\n",
        OK + "Content-Length: 000005\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        + OK
        + "Content-Length: 5\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\n" * 20 + OK + "Content-Length: 5\r\n\r\n",
        "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\n\n",
        OK + f"X: {'x' * 60_000}\r\nContent-Length: 5\r\n\r\n",
    ],
)
@pytest.mark.parametrize("step", [1_000_000, 7])
async def test_odd_heads_are_understood(client: HttpClient, head: str, step: int) -> None:
    """H24, and equal repeats of H15; whole and in pieces."""

    async def script(peer: Peer) -> None:
        await peer.request()
        wire = head.encode("latin-1") + b"hello"
        size = step if len(wire) < 10_000 else step * 1000
        for at in range(0, len(wire), size):
            await peer.send(wire[at : at + size])
            await asyncio.sleep(0)
        await peer.closed()

    async with serving(script) as server:
        assert await fetch(client, server.url()) == b"hello"


async def test_repeated_fields_keep_their_order_and_bytes(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.reply(
            b"", "X-A: one", "Content-Disposition: attachment; filename=\xfc", "x-a: two"
        )

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(), use_netrc=False))
        await reply.aclose()
        assert reply.headers.get("X-A") == "one"
        assert reply.headers.get_all("x-a") == ["one", "two"]
        assert reply.headers.raw("Content-Disposition") == [b"attachment; filename=\xfc"]
        assert reply.headers.get("absent") is None
        assert ("x-a", "two") in list(reply.headers.items())


@pytest.mark.parametrize("piece", ["", "x", "HTTP/1.1 103 Early Hints\r\n"])
async def test_the_head_has_a_deadline(client: HttpClient, piece: str) -> None:
    """H21: silence and drip never outlast the wall clock."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + "X: " if piece == "x" else piece)
        while piece == "x":
            await peer.send(piece)
            await asyncio.sleep(0.001)
        await peer.closed()

    async with serving(script) as server:
        with pytest.raises(TransferError) as caught:
            await client.open(HttpRequest(server.url(), use_netrc=False, head_timeout_s=0.1))
        assert caught.value.code is ErrorCode.TIMEOUT
        assert f"127.0.0.1:{server.port}" in caught.value.message


async def test_a_connection_that_ends_without_a_word_is_lost(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.close()

    async with serving(script) as server:
        with pytest.raises(TransferError) as caught:
            await client.open(HttpRequest(server.url(), use_netrc=False))
        assert caught.value.code is ErrorCode.CONNECTION_LOST
        assert server.connections == 1, "only a reused connection is tried again"


async def test_a_head_that_is_cut_off_is_truncated(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK + "Content-Le")
        peer.close()

    async with serving(script) as server:
        with pytest.raises(TransferError) as caught:
            await client.open(HttpRequest(server.url(), use_netrc=False))
        assert caught.value.code is ErrorCode.TRUNCATED


async def test_a_failed_head_closes_its_connection(client: HttpClient) -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send("nonsense\r\n\r\n")
        await peer.closed()
        gone.set()

    async with serving(script) as server:
        with pytest.raises(TransferError):
            await client.open(HttpRequest(server.url(), use_netrc=False))
        await gone.wait()


async def test_what_is_sent(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"")

    async with serving(script) as server:
        request = HttpRequest(
            server.url(),
            range_start=10,
            range_end=20,
            if_range='"tag"',
            headers=(("X-Key", "caf\xe9"), ("Accept", "image/png")),
            use_netrc=False,
        )
        for wanted in (request, HttpRequest(server.url(), range_start=5, use_netrc=False)):
            await (await client.open(wanted)).aclose()
        first, second = server.requests
        assert first.line == "GET /file HTTP/1.1"
        assert first.one("host") == f"127.0.0.1:{server.port}"
        assert first.one("accept-encoding") == "identity"  # H10
        assert first.one("range") == "bytes=10-19"
        assert first.one("if-range") == '"tag"'
        assert first.one("x-key") == "caf\xe9"
        assert first.one("accept") == "image/png"
        assert (
            first.one(
                "user-agent",
            )
            is not None
        )
        assert second.one("range") == "bytes=5-"
        assert second.one("accept") == "*/*"
        assert second.one("if-range") is None


@pytest.mark.parametrize(
    "target",
    ["/a%2fb", "/a+b%2B", "/%7euser/~", "/x/%2e%2e/y", "/x/../y", "/a|b", "/?q=a,b&c=%20", "/[x]"],
)
async def test_the_target_travels_untouched(client: HttpClient, target: str) -> None:
    """H39: a rewritten byte breaks a signature."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.reply(b"")

    async with serving(script) as server:
        reply = await client.open(HttpRequest(server.url(target), use_netrc=False))
        await reply.aclose()
        assert [seen.target for seen in server.requests] == [target]
        assert reply.url == server.url(target)
