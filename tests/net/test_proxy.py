"""Requests through a proxy that lives in the test (H27)."""

from __future__ import annotations

import asyncio
import base64
import socket

import pytest

from tests.net.scripted import Peer, Script, Scripted, serving
from tests.net.sinks import IDLE_S, Keep, Slow, StopAt, fetch
from tests.support.tls import Certificates
from tui_dl.domain.errors import ErrorCode, TransferError, UsageError
from tui_dl.domain.urls import parse_url
from tui_dl.net.client import ClientConfig, HttpClient
from tui_dl.net.proxies import ProxyChoice
from tui_dl.net.reply import Framing
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsOptions

BODY = bytes(range(256)) * 4000


def forwarding(origin: Scripted) -> Script:
    """Return the script of a proxy for which every host is ``origin``."""

    async def script(peer: Peer) -> None:
        while seen := await peer.request():
            loop = asyncio.get_running_loop()
            with socket.socket() as sock:
                sock.setblocking(False)
                await loop.sock_connect(sock, (origin.host, origin.port))
                if seen.line.startswith("CONNECT "):
                    await peer.send("HTTP/1.1 200 Connected\r\n\r\n")
                    await tunnel(peer, sock)
                    return
                path = "/" + seen.target.split("/", 3)[3]
                fields = "".join(
                    f"{name}: {value}\r\n"
                    for name, value in seen.fields
                    if not name.startswith("proxy-") and name != "connection"
                )
                head = f"GET {path} HTTP/1.1\r\nConnection: close\r\n{fields}\r\n"
                await loop.sock_sendall(sock, head.encode("latin-1"))
                while data := await loop.sock_recv(sock, 65536):
                    await peer.send(data)
            return

    return script


async def tunnel(peer: Peer, sock: socket.socket) -> None:
    """Pass bytes both ways until one side ends."""
    loop = asyncio.get_running_loop()

    async def up() -> None:
        while data := await peer.receive():
            await loop.sock_sendall(sock, data)

    async def down() -> None:
        while data := await loop.sock_recv(sock, 65536):
            await peer.send(data)

    tasks = [asyncio.create_task(up()), asyncio.create_task(down())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def answering(peer: Peer) -> None:
    """Answer every request."""
    while await peer.request():
        await peer.reply(BODY, "X-Origin: yes")


async def test_http_goes_through_in_absolute_form(client: HttpClient) -> None:
    async with serving(answering) as origin, serving(forwarding(origin)) as proxy:
        wanted = HttpRequest(
            "http://files.example/a%2fb|c?x=1+2",
            proxy=f"http://us%40er:secret@127.0.0.1:{proxy.port}",
            range_start=0,
            use_netrc=False,
        )
        reply = await client.open(wanted)
        assert (reply.framing, reply.content_length) == (Framing.LENGTH, len(BODY))
        assert (reply.status, reply.headers.get("x-origin")) == (200, "yes")
        assert reply.peer == f"127.0.0.1:{proxy.port}"
        assert reply.url == "http://files.example/a%2fb|c?x=1+2"
        sink = Keep()
        await reply.pump(sink, idle_timeout_s=IDLE_S)
        await reply.aclose()
        assert sink.data == BODY
        assert proxy.requests[0].target == "http://files.example/a%2fb|c?x=1+2"  # H39
        login = "Basic " + base64.b64encode(b"us@er:secret").decode()
        assert proxy.requests[0].one("proxy-authorization") == login
        seen = origin.requests[0]
        assert seen.one("proxy-authorization") is None
        assert seen.one("host") == "files.example"
        assert seen.one("range") == "bytes=0-"
        assert seen.one("accept-encoding") == "identity"


async def test_https_goes_through_a_tunnel(client: HttpClient, certificates: Certificates) -> None:
    tls = TlsOptions(str(certificates.ca_file))
    async with (
        serving(answering, tls=certificates.good) as origin,
        serving(forwarding(origin)) as proxy,
    ):
        address = f"127.0.0.1:{proxy.port}"
        wanted = HttpRequest("https://localhost/x", proxy=address, tls=tls, use_netrc=False)
        assert await fetch(client, wanted) == BODY
        assert proxy.requests[0].line == "CONNECT localhost:443 HTTP/1.1"
        assert len(proxy.requests) == 1
        bad = HttpRequest("https://other.example/x", proxy=address, tls=tls, use_netrc=False)
        with pytest.raises(TransferError) as caught:
            await client.open(bad)
        assert caught.value.code is ErrorCode.TLS
        assert not caught.value.retryable


@pytest.mark.parametrize(
    ("status", "retryable"),
    [("407 Proxy Authentication Required", False), ("502 Bad Gateway", True)],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxys_page_is_never_the_file(
    client: HttpClient, status: str, retryable: bool, scheme: str
) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"<html>proxy</html>", status=status)

    async with serving(script) as proxy:
        wanted = HttpRequest(
            f"{scheme}://files.example/", proxy=f"http://127.0.0.1:{proxy.port}", use_netrc=False
        )
        with pytest.raises(TransferError) as caught:
            await client.open(wanted)
        assert caught.value.code is ErrorCode.PROXY
        assert caught.value.retryable is retryable


async def test_a_dead_proxy_is_an_error_in_words(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    wanted = HttpRequest("http://files.example/", proxy=f"127.0.0.1:{port}", use_netrc=False)
    with pytest.raises(TransferError) as caught:
        await client.open(wanted)
    assert caught.value.code is ErrorCode.CONNECT_REFUSED
    assert caught.value.retryable
    assert f"127.0.0.1:{port}" in caught.value.message, "the proxy failed, not files.example"


async def test_proxies_of_unknown_kinds_are_named(client: HttpClient) -> None:
    with pytest.raises(UsageError, match="socks4"):
        await client.open(HttpRequest("http://a.example/", proxy="socks4://127.0.0.1:9"))


@pytest.mark.parametrize("location", ["http://files.example/b", "http://x\x7f.example/"])
async def test_redirects_are_ours_to_judge(client: HttpClient, location: str) -> None:
    """httpx reads each Location by itself, and fails on some."""

    async def script(peer: Peer) -> None:
        while seen := await peer.request():
            if seen.target.endswith("/a"):
                await peer.reply(b"", f"Location: {location}", status="302 Found")
            else:
                await peer.reply(b"hello")

    async with serving(script) as proxy:
        wanted = HttpRequest(
            "http://files.example/a", proxy=f"http://127.0.0.1:{proxy.port}", use_netrc=False
        )
        if location.endswith("/b"):
            assert await fetch(client, wanted) == b"hello"
        else:
            with pytest.raises(TransferError) as caught:
                await client.open(wanted)
            assert caught.value.code is ErrorCode.REDIRECT_REFUSED


@pytest.mark.parametrize("end", ["cut", "silence", "reset"])
async def test_bodies_that_end_badly(client: HttpClient, end: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + "x" * 100)
        await asyncio.sleep(0.02)
        if end == "cut":
            peer.close()
        elif end == "reset":
            peer.reset()
        else:
            await peer.closed()

    async with serving(script) as proxy:
        reply = await client.open(
            HttpRequest(
                "http://files.example/", proxy=f"http://127.0.0.1:{proxy.port}", use_netrc=False
            )
        )
        sink = Keep()
        with pytest.raises(TransferError) as caught:
            await reply.pump(sink, idle_timeout_s=0.2)
        await reply.aclose()
        expected = {"cut": ErrorCode.TRUNCATED, "reset": ErrorCode.CONNECTION_LOST}
        assert caught.value.code is expected.get(end, ErrorCode.TIMEOUT)
        assert sink.data == b"x" * 100


async def test_stop_and_waiting_sinks(client: HttpClient) -> None:
    async with serving(answering) as origin, serving(forwarding(origin)) as proxy:
        wanted = HttpRequest(
            "http://files.example/", proxy=f"http://127.0.0.1:{proxy.port}", use_netrc=False
        )
        for sink in (StopAt(1000), Slow(lambda: asyncio.sleep(0.001))):
            reply = await client.open(wanted)
            await reply.pump(sink, idle_timeout_s=IDLE_S)
            await reply.aclose()
            await reply.aclose()
            assert BODY.startswith(sink.data)
            assert len(sink.data) >= 1000


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any proxy."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a.example/", "http://p:1"),
        ("https://a.example/", "http://s:2"),
        ("http://localhost/", None),
        ("http://127.0.0.1:8080/", None),
        ("http://[::1]/", None),
        ("http://no.example/", None),
        ("http://sub.no.example/", None),
        ("http://notno.example/", "http://p:1"),
        ("http://dot.example/", None),
        ("http://x.dot.example/", None),
        ("http://10.1.2.3/", None),
        ("http://11.1.2.3/", "http://p:1"),
        ("http://port.example:81/", None),
        ("http://port.example/", "http://p:1"),
    ],
)
def test_the_environment_chooses(
    environment: pytest.MonkeyPatch, url: str, expected: str | None
) -> None:
    environment.setenv("http_proxy", "p:1")
    environment.setenv("all_proxy", "http://s:2")
    environment.setenv("no_proxy", "no.example, .dot.example,10.0.0.0/8 ,port.example:81,")
    choice = ProxyChoice(use_environment=True)
    assert choice.choose(parse_url(url), None) == expected
    assert choice.choose(parse_url(url), "q:3") == "http://q:3"
    assert choice.choose(parse_url(url), "") is None
    assert ProxyChoice(use_environment=False).choose(parse_url(url), None) is None


def test_a_star_means_no_proxy_at_all(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("all_proxy", "http://s:2")
    environment.setenv("no_proxy", "*")
    choice = ProxyChoice(use_environment=True)
    assert choice.choose(parse_url("http://a.example/"), None) is None


async def test_the_environment_is_used_by_default(environment: pytest.MonkeyPatch) -> None:
    async with serving(answering) as origin, serving(forwarding(origin)) as proxy:
        environment.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        client = HttpClient(ClientConfig())
        assert await fetch(client, "http://files.example/x") == BODY
        assert await fetch(client, origin.url()) == BODY
        await client.aclose()
        assert len(proxy.requests) == 1
