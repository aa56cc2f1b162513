"""Redirects on real sockets: followed, refused, and never data (H30, H32, S12)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from tests.net.scripted import Peer, serving
from tests.net.sinks import fetch
from tests.support.tls import Certificates
from tui_dl.domain.errors import ErrorCode, TransferError, UsageError
from tui_dl.domain.urls import parse_url
from tui_dl.net.addresses import IPAddress, Scope
from tui_dl.net.client import ClientConfig, HttpClient
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsOptions


async def refusal(client: HttpClient, request: HttpRequest) -> TransferError:
    """Return why ``request`` fails."""
    with pytest.raises(TransferError) as caught:
        await client.open(request)
    return caught.value


@pytest.mark.parametrize(
    ("status", "location", "target"),
    [
        ("301 Moved", "/new", "/new"),
        ("302 Found", "new", "/a/new"),
        ("303 See Other", "?q=1", "/a/b?q=1"),
        ("307 Temporary", "../c%2fd|e", "/c%2fd|e"),
        ("308 Permanent", "//127.0.0.1:{port}/new", "/new"),
        ("302 Found", "http://127.0.0.1:{port}/x?y=%20+#fragment", "/x?y=%20+"),
        ("302 Found", "/caf\xc3\xa9", "/caf%C3%A9"),
    ],
)
async def test_redirects_are_followed(
    client: HttpClient, status: str, location: str, target: str
) -> None:
    async def script(peer: Peer) -> None:
        while seen := await peer.request():
            if seen.target == "/a/b":
                there = location.format(port=port)
                await peer.reply(b"moved", f"Location: {there}", status=status)
            else:
                await peer.reply(b"hello")

    async with serving(script) as server:
        port = server.port
        reply = await client.open(HttpRequest(server.url("/a/b"), use_netrc=False))
        assert await reply.read(100) == b"hello"
        await reply.aclose()
        assert [seen.target for seen in server.requests] == ["/a/b", target]
        assert parse_url(reply.url).target == target
        assert server.connections == 1, "the redirect's small body was read, so it is in step"


async def test_a_large_body_of_a_redirect_is_not_read(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        while seen := await peer.request():
            if seen.target == "/a":
                await peer.send(
                    "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 100000000\r\n\r\n"
                )
            else:
                await peer.reply(b"hello")

    async with serving(script) as server:
        assert await fetch(client, server.url("/a")) == b"hello"
        assert server.connections == 2


async def test_the_range_goes_along(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        while seen := await peer.request():
            if seen.target == "/a":
                await peer.reply(b"", "Location: /b", status="302 Found")
            else:
                await peer.reply(b"hello", status="206 Partial Content")

    async with serving(script) as server:
        wanted = HttpRequest(server.url("/a"), range_start=3, if_range='"x"', use_netrc=False)
        assert await fetch(client, wanted) == b"hello"
        assert [seen.one("range") for seen in server.requests] == ["bytes=3-"] * 2
        assert [seen.one("if-range") for seen in server.requests] == ['"x"'] * 2


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ((), "302 Found", ErrorCode.PROTOCOL),
        (("Location: ",), "302 Found", ErrorCode.REDIRECT_REFUSED),
        (("Location: file:///etc/passwd",), "302 Found", ErrorCode.REDIRECT_REFUSED),
        (("Location: ftp://host/x",), "302 Found", ErrorCode.REDIRECT_REFUSED),
        (("Location: http://[bad/",), "302 Found", ErrorCode.REDIRECT_REFUSED),
        (("Location: http://x\x7f.example/",), "302 Found", ErrorCode.REDIRECT_REFUSED),
        (("Location: http://a:b:c/",), "302 Found", ErrorCode.REDIRECT_REFUSED),
        (("Location: /x",), "300 Multiple Choices", ErrorCode.HTTP_STATUS),
        ((), "304 Not Modified", ErrorCode.HTTP_STATUS),
        (("Location: http://169.254.169.254/latest",), "302 Found", ErrorCode.REDIRECT_REFUSED),
        (("Location: http://[::ffff:169.254.169.254]/",), "302 Found", ErrorCode.REDIRECT_REFUSED),
        (("Location: http://2852039166/",), "302 Found", ErrorCode.REDIRECT_REFUSED),
    ],
)
async def test_a_3xx_is_never_data(
    client: HttpClient, fields: tuple[str, ...], status: str, code: ErrorCode
) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            if status.startswith("304"):
                await peer.send("HTTP/1.1 304 Not Modified\r\n\r\n")
            else:
                await peer.reply(b"<html>moved</html>", *fields, status=status)

    async with serving(script) as server:
        error = await refusal(client, HttpRequest(server.url(), use_netrc=False))
        assert error.code is code
        assert error.message.endswith(".")


@pytest.mark.parametrize("condition", [{"if_none_match": '"x"'}, {"if_modified_since": "now"}])
async def test_304_answers_a_condition(client: HttpClient, condition: dict[str, Any]) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.send('HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 99\r\n\r\n')

    async with serving(script) as server:
        wanted = replace(HttpRequest(server.url(), use_netrc=False), **condition)
        for _ in range(2):
            reply = await client.open(wanted)
            await reply.aclose()
            assert (reply.status, reply.content_length) == (304, 0)
        assert server.connections == 1, "a 304 has no body, whatever its length says"


async def test_a_loop_ends(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"", "Location: /again", status="302 Found")

    async with serving(script) as server:
        wanted = HttpRequest(server.url(), max_redirects=5, use_netrc=False)
        error = await refusal(client, wanted)
        assert error.code is ErrorCode.TOO_MANY_REDIRECTS
        assert not error.retryable
        assert len(server.requests) == 6


async def test_https_does_not_become_http(client: HttpClient, certificates: Certificates) -> None:
    """H32."""

    async def plain(peer: Peer) -> None:
        await peer.request()
        await peer.reply(b"secret")

    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"", f"Location: {target}", status="302 Found")

    tls = TlsOptions(str(certificates.ca_file))
    async with serving(plain) as http, serving(script, tls=certificates.good) as https:
        target = http.url()
        error = await refusal(client, HttpRequest(https.url(), tls=tls, use_netrc=False))
        assert error.code is ErrorCode.REDIRECT_REFUSED
        assert http.connections == 0


async def test_http_may_become_https(client: HttpClient, certificates: Certificates) -> None:
    async def secure(peer: Peer) -> None:
        await peer.request()
        await peer.reply(b"hello")

    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"", f"Location: {target}", status="302 Found")

    tls = TlsOptions(str(certificates.ca_file))
    async with serving(script) as http, serving(secure, tls=certificates.good) as https:
        target = https.url()
        assert await fetch(client, HttpRequest(http.url(), tls=tls, use_netrc=False)) == b"hello"


def pretend(address: IPAddress) -> Scope:
    """Let 127.0.0.2 stand for a public server and 127.0.0.3 for one in the LAN."""
    return {
        ip_address("127.0.0.2"): Scope.PUBLIC,
        ip_address("127.0.0.3"): Scope.PRIVATE,
    }.get(address, Scope.LOOPBACK)


@pytest.fixture
async def pretending() -> AsyncIterator[HttpClient]:
    """A client for which this machine has three scopes."""
    made = HttpClient(ClientConfig(env_proxies=False, classify=pretend))
    yield made
    await made.aclose()


@pytest.mark.parametrize(
    ("from_host", "to_host", "allowed", "ends_well"),
    [
        ("127.0.0.2", "127.0.0.1", False, False),
        ("127.0.0.2", "127.0.0.3", False, False),
        ("127.0.0.2", "localhost", False, False),
        ("127.0.0.3", "127.0.0.1", False, False),
        ("127.0.0.3", "127.0.0.3", False, True),
        ("127.0.0.3", "127.0.0.2", False, True),
        ("127.0.0.1", "127.0.0.1", False, True),
        ("127.0.0.2", "127.0.0.1", True, True),
    ],
)
async def test_redirects_do_not_lead_inward(
    pretending: HttpClient, from_host: str, to_host: str, allowed: bool, ends_well: bool
) -> None:
    """S12: by the address that is really connected to, whatever the name."""

    async def inner(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"hello")

    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"", f"Location: {target}", status="302 Found")

    inner_host = "127.0.0.1" if to_host == "localhost" else to_host
    async with serving(inner, host=inner_host) as second, serving(script, host=from_host) as first:
        target = second.url("/", to_host)
        wanted = HttpRequest(first.url(), private_redirects_allowed=allowed, use_netrc=False)
        if ends_well:
            assert await fetch(pretending, wanted) == b"hello"
        else:
            error = await refusal(pretending, wanted)
            assert error.code is ErrorCode.REDIRECT_REFUSED
            assert not error.retryable
            assert second.connections == 0


async def test_a_kept_connection_is_judged_again(pretending: HttpClient) -> None:
    async def inner(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"hello")

    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"", f"Location: {target}", status="302 Found")

    async with serving(inner) as second, serving(script, host="127.0.0.2") as first:
        target = second.url()
        assert await fetch(pretending, target) == b"hello"
        wanted = HttpRequest(first.url(), private_redirects_allowed=False, use_netrc=False)
        error = await refusal(pretending, wanted)
        assert error.code is ErrorCode.REDIRECT_REFUSED
        assert len(second.requests) == 1


async def test_the_metadata_address_is_never_asked(client: HttpClient) -> None:
    error = await refusal(client, HttpRequest("http://169.254.169.254/", use_netrc=False))
    assert error.code is ErrorCode.FORBIDDEN


@pytest.mark.parametrize("url", ["ftp://host/x", "http://", "nonsense", "http://a:99999/"])
async def test_bad_urls_are_the_callers_mistake(client: HttpClient, url: str) -> None:
    with pytest.raises(UsageError):
        await client.open(HttpRequest(url, use_netrc=False))


async def test_cancelling_inside_a_redirect_closes_its_connection(client: HttpClient) -> None:
    gone = asyncio.Event()
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 5\r\n\r\n")
        asked.set()
        await peer.closed()
        gone.set()

    async with serving(script) as server:
        task = asyncio.create_task(client.open(HttpRequest(server.url(), use_netrc=False)))
        await asked.wait()
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await gone.wait()


@pytest.mark.parametrize(("named_by", "is_refused"), [("8.8.8.8", True), ("127.0.0.9", False)])
async def test_a_link_that_a_server_names_is_a_redirect_by_another_name(
    client: HttpClient, named_by: str, is_refused: bool
) -> None:
    """Trap S12: mirrors in Link fields may not lead nearer either."""

    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(b"hello")

    async with serving(script) as server:
        wanted = HttpRequest(
            server.url(), named_by=named_by, private_redirects_allowed=False, use_netrc=False
        )
        if is_refused:
            error = await refusal(client, wanted)
            assert error.code is ErrorCode.REDIRECT_REFUSED
            assert server.requests == []
        else:
            reply = await client.open(wanted)
            assert await reply.read(100) == b"hello"
            await reply.aclose()
        allowed = await client.open(replace(wanted, private_redirects_allowed=True))
        await allowed.aclose()
