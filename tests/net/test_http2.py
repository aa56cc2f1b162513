"""HTTP/2 on request: one connection a request, and every way to break off (H23)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.net.scripted import Peer, serving
from tests.net.sinks import IDLE_S, Keep, fetch
from tests.support.h2_server import H2Server, serving_h2
from tests.support.tls import Certificates
from tui_dl.domain.errors import ErrorCode, TransferError, UsageError
from tui_dl.domain.routes import Route
from tui_dl.net import http2_client
from tui_dl.net.client import HttpClient
from tui_dl.net.reply import Framing
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsOptions

BODY = bytes(range(256)) * 2000


def wanted(url: str, certificates: Certificates, **more: int) -> HttpRequest:
    tls = TlsOptions(str(certificates.ca_file))
    return HttpRequest(url, tls=tls, http2=True, use_netrc=False, **more)  # type: ignore[arg-type] # ranges only


async def test_each_request_has_its_connection(
    client: HttpClient, certificates: Certificates
) -> None:
    async with serving_h2(H2Server(BODY), certificates.good) as server:
        request = wanted(server.url, certificates)
        parts = [replace(request, range_start=n, range_end=n + 50_000) for n in range(0, 300, 100)]
        bodies = await asyncio.gather(*(fetch(client, part) for part in parts))
        assert bodies == [BODY[n : n + 50_000] for n in range(0, 300, 100)]
        assert (server.connections, server.together) == (3, 1)
        assert await fetch(client, request) == BODY
        assert server.connections == 3, "connections are kept"
        client.drop_idle()
        assert await fetch(client, request) == BODY
        assert server.connections == 4


async def test_the_head(client: HttpClient, certificates: Certificates) -> None:
    async with serving_h2(H2Server(BODY, has_length=False), certificates.good) as server:
        reply = await client.open(wanted(server.url, certificates, range_start=10))
        assert (reply.status, reply.framing) == (206, Framing.CHUNKED)
        assert (reply.peer, reply.url) == ("127.0.0.1", server.url)
        sink = Keep()
        await reply.pump(sink, idle_timeout_s=IDLE_S)
        await reply.aclose()
        assert sink.data == BODY[10:]


@pytest.mark.parametrize("how", ["goaway", "reset", "short"])
async def test_a_break_in_the_body(
    client: HttpClient, certificates: Certificates, how: str
) -> None:
    async with serving_h2(H2Server(BODY, {1: how}), certificates.good) as server:
        reply = await client.open(wanted(server.url, certificates))
        sink = Keep()
        with pytest.raises(TransferError) as caught:
            await reply.pump(sink, idle_timeout_s=IDLE_S)
        await reply.aclose()
        code = ErrorCode.TRUNCATED if how == "short" else ErrorCode.CONNECTION_LOST
        assert caught.value.code is code
        assert caught.value.retryable
        assert BODY.startswith(sink.data)
        assert await fetch(client, wanted(server.url, certificates)) == BODY
        assert server.connections == 2, "a broken connection is not used again"


@pytest.mark.parametrize("how", ["early", "refused"])
async def test_a_break_in_place_of_the_reply(
    client: HttpClient, certificates: Certificates, how: str
) -> None:
    async with serving_h2(H2Server(BODY, {2: how}), certificates.good) as server:
        request = wanted(server.url, certificates)
        assert await fetch(client, request) == BODY
        assert await fetch(client, request) == BODY, "H22: the idle connection was closing"
        assert server.connections == 2
    async with serving_h2(H2Server(BODY, {1: how}), certificates.good) as server:
        with pytest.raises(TransferError) as caught:
            await client.open(wanted(server.url, certificates))
        assert caught.value.code is ErrorCode.CONNECTION_LOST


async def test_a_reply_that_nobody_reads_to_its_end(
    client: HttpClient, certificates: Certificates
) -> None:
    async with serving_h2(H2Server(BODY), certificates.good) as server:
        reply = await client.open(wanted(server.url, certificates))
        await reply.aclose()
        await reply.aclose()
        assert await fetch(client, wanted(server.url, certificates)) == BODY
        assert server.connections == 2


async def test_a_server_without_it(client: HttpClient, certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.reply(BODY)

    async with serving(script, tls=certificates.good) as server:
        assert await fetch(client, wanted(server.url(), certificates)) == BODY
        plain = replace(wanted(server.url(), certificates), http2=False)
        assert await fetch(client, plain) == BODY
        assert server.requests[0].one("host") == f"127.0.0.1:{server.port}"


async def test_certificates_are_checked_by_name(
    client: HttpClient, certificates: Certificates
) -> None:
    """The connection goes to an address; the name must still be the certificate's."""
    async with serving_h2(H2Server(BODY), certificates.good) as server:
        other = f"https://other.example:{server.port}/"
        route = Route(resolve=(f"other.example:{server.port}:127.0.0.1",))
        assert await fetch(client, wanted(server.url, certificates)) == BODY
        with pytest.raises(TransferError) as caught:
            await client.open(replace(wanted(other, certificates), route=route))
        assert caught.value.code is ErrorCode.TLS
        assert not caught.value.retryable


async def test_a_dead_server_is_named(client: HttpClient, certificates: Certificates) -> None:
    async with serving_h2(H2Server(BODY), certificates.good) as server:
        url = server.url
    with pytest.raises(TransferError) as caught:
        await client.open(wanted(url, certificates))
    assert caught.value.code is ErrorCode.CONNECT_REFUSED
    assert f"localhost:{server.port}" in caught.value.message


async def test_private_addresses_are_judged(client: HttpClient, certificates: Certificates) -> None:
    """S12: before anything is sent there."""
    route = Route(resolve=("a.example:443:169.254.169.254",))
    with pytest.raises(TransferError) as caught:
        await client.open(replace(wanted("https://a.example/", certificates), route=route))
    assert caught.value.code is ErrorCode.FORBIDDEN


async def test_without_the_package(
    client: HttpClient, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http2_client, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"tui-dl\[http2\]"):
        await client.open(wanted("https://localhost/", certificates))
