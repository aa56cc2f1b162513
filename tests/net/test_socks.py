"""Through real SOCKS5 proxies (microsocks), and through ones that refuse (H27)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.net.scripted import Peer, serving
from tests.net.sinks import fetch
from tests.support.daemon import microsocks, running
from tests.support.tls import Certificates
from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.net.client import HttpClient
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsOptions

BODY = bytes(range(256)) * 4000


async def answering(peer: Peer) -> None:
    """Answer every request."""
    while await peer.request():
        await peer.reply(BODY, f"X-Connection: {peer.number}")


@pytest.mark.parametrize("kind", ["socks5", "socks5h"])
async def test_http_and_https(client: HttpClient, certificates: Certificates, kind: str) -> None:
    tls = TlsOptions(str(certificates.ca_file))
    with running("microsocks", microsocks("us:er", "p@ss")) as daemon:
        proxy = f"{kind}://us%3Aer:p%40ss@127.0.0.1:{daemon.port}"
        for context in (None, certificates.good):
            async with serving(answering, tls=context) as server:
                url = server.url(host="localhost")
                wanted = HttpRequest(url, proxy=proxy, tls=tls, use_netrc=False)
                for _ in range(2):
                    assert await fetch(client, wanted) == BODY
                assert server.connections == 1, "connections through a proxy are kept"
                direct = HttpRequest(url, proxy="", tls=tls, use_netrc=False)
                assert await fetch(client, direct) == BODY
                assert server.connections == 2, "and never stand in for direct ones"
        seen = server.requests[0]
        assert seen.one("proxy-authorization") is None
        assert seen.one("authorization") is None
        assert seen.target == "/file"


async def test_who_looks_names_up(client: HttpClient) -> None:
    """socks5 sends addresses, socks5h names: a look-up may tell more than the connection."""
    asked: list[bytes] = []
    async with serving(answering) as server, talking(asked, server.port) as port:
        for kind in ("socks5", "socks5h"):
            url = server.url(host="localhost")
            wanted = HttpRequest(url, proxy=f"{kind}://127.0.0.1:{port}", use_netrc=False)
            assert await fetch(client, wanted) == BODY

    assert asked[0][3] in (1, 4)
    assert asked[1][3:5] == bytes([3, 9])
    assert asked[1][5:14] == b"localhost"


@pytest.mark.parametrize(
    ("login", "words"), [("", "wants a login"), ("me:s3cret@", "does not accept the login")]
)
async def test_a_login_that_is_missing_or_wrong(client: HttpClient, login: str, words: str) -> None:
    with running("microsocks", microsocks("me", "right")) as daemon:
        proxy = f"socks5h://{login}127.0.0.1:{daemon.port}"
        with pytest.raises(TransferError) as caught:
            await client.open(HttpRequest("http://a.example/", proxy=proxy, use_netrc=False))
    assert caught.value.code is ErrorCode.PROXY
    assert not caught.value.retryable
    assert f"The proxy 127.0.0.1:{daemon.port} {words}" in caught.value.message
    assert "s3cret" not in caught.value.message


async def test_what_the_proxy_cannot_reach_is_not_its_own_fault(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = listener.getsockname()[1]
    with running("microsocks", microsocks()) as daemon, pytest.raises(TransferError) as caught:
        await client.open(
            HttpRequest(
                f"http://127.0.0.1:{dead}/",
                proxy=f"socks5://127.0.0.1:{daemon.port}",
                use_netrc=False,
            )
        )
    assert caught.value.code is ErrorCode.PROXY
    assert caught.value.retryable
    assert f"127.0.0.1:{daemon.port} gives no connection" in caught.value.message
    assert f"127.0.0.1:{dead}" in caught.value.message


@pytest.mark.parametrize("kind", ["http", "socks5", "socks5h"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_dead_proxy_is_named_as_one(client: HttpClient, kind: str, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    wanted = HttpRequest(
        f"{scheme}://127.0.0.1/", proxy=f"{kind}://me:s3cret@127.0.0.1:{port}", use_netrc=False
    )
    with pytest.raises(TransferError) as caught:
        await client.open(wanted)
    assert caught.value.code is ErrorCode.CONNECT_REFUSED
    assert caught.value.message.startswith(f"The proxy cannot be reached: 127.0.0.1:{port} refused")


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x05\x07", b"\x04\x00", b"\x05\x00\x05\x00\x00"],
)
async def test_something_else_at_the_proxys_port(client: HttpClient, answer: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.send(answer)

    async with serving(script) as other:
        wanted = HttpRequest(
            "http://a.example/", proxy=f"socks5h://127.0.0.1:{other.port}", use_netrc=False
        )
        with pytest.raises(TransferError) as caught:
            await client.open(wanted)
    assert caught.value.code is ErrorCode.PROXY
    assert f"127.0.0.1:{other.port}" in caught.value.message


async def test_a_silent_proxy_is_not_waited_for(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.closed()

    async with serving(script) as other:
        wanted = HttpRequest(
            "http://a.example/",
            proxy=f"socks5h://127.0.0.1:{other.port}",
            connect_timeout_s=0.2,
            use_netrc=False,
        )
        with pytest.raises(TransferError) as caught:
            await client.open(wanted)
    assert caught.value.code is ErrorCode.TIMEOUT
    assert f"a.example:80 through the proxy 127.0.0.1:{other.port}" in caught.value.message


async def test_a_redirect_into_a_private_network_is_refused_here_too(client: HttpClient) -> None:
    """S12: with socks5 the addresses are known, so they are judged."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.reply(b"", "Location: http://169.254.169.254/", status="302 Found")

    async with serving(script) as server:
        with running("microsocks", microsocks()) as daemon:
            proxy = f"socks5://127.0.0.1:{daemon.port}"
            with pytest.raises(TransferError) as caught:
                await client.open(HttpRequest(server.url(), proxy=proxy, use_netrc=False))
    assert caught.value.code is ErrorCode.REDIRECT_REFUSED


@asynccontextmanager
async def talking(asked: list[bytes], port: int) -> AsyncIterator[int]:
    """Run a SOCKS5 proxy that notes each request and connects to ``port`` whatever it says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        methods = (await reader.readexactly(2))[1]
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        asked.append(await reader.read(300))
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x05\x00\x00\x01" + bytes(6))

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()

        up = asyncio.create_task(copy(reader, back))
        try:
            await copy(there, writer)
        except ConnectionError:
            pass  # the client has what it wanted
        finally:
            up.cancel()
            back.close()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
