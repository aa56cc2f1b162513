"""Which way connections take: addresses by hand, interfaces, IP versions, proxies by host."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from tests.net.scripted import Peer, serving
from tests.net.sinks import fetch
from tests.support.daemon import microsocks, running, tinyproxy
from tests.support.tls import Certificates
from tui_dl.domain.errors import ErrorCode, TransferError, UsageError
from tui_dl.domain.routes import ProxyPlan, Route
from tui_dl.domain.urls import parse_url
from tui_dl.net.client import HttpClient
from tui_dl.net.proxies import ProxyChoice
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsOptions


async def answering(peer: Peer) -> None:
    """Answer every request with the address that it came from."""
    while await peer.request():
        await peer.reply(str(peer.address).encode())


def wanted(url: str, route: Route, proxy: str | None = None) -> HttpRequest:
    return HttpRequest(url, route=route, proxy=proxy, use_netrc=False)


async def test_an_address_by_hand(client: HttpClient, certificates: Certificates) -> None:
    tls = TlsOptions(str(certificates.ca_file))
    async with serving(answering, tls=certificates.wrong_host) as server:
        route = Route(resolve=(f"wrong.example:{server.port}:127.0.0.1",))
        request = replace(wanted(server.url(host="wrong.example"), route), tls=tls)
        assert await fetch(client, request) == b"127.0.0.1"
        assert server.requests[0].one("host") == f"wrong.example:{server.port}"
        with pytest.raises(TransferError) as caught:
            await client.open(replace(request, route=Route()))
        assert caught.value.code is ErrorCode.UNKNOWN_HOST, "what was made by hand is not shared"


async def test_addresses_by_hand_are_judged_too(client: HttpClient) -> None:
    """S12: the metadata service under another name."""
    route = Route(resolve=("a.example:80:169.254.169.254",))
    with pytest.raises(TransferError) as caught:
        await client.open(wanted("http://a.example/", route))
    assert caught.value.code is ErrorCode.FORBIDDEN


async def test_ones_own_address(client: HttpClient) -> None:
    async with serving(answering) as server:
        assert await fetch(client, wanted(server.url(), Route("127.0.0.9"))) == b"127.0.0.9"
        assert await fetch(client, wanted(server.url(), Route())) == b"127.0.0.1"
        assert await fetch(client, wanted(server.url(), Route("127.0.0.9"))) == b"127.0.0.9"
        # As a proxy it tells who asked it.
        asked = wanted("http://a.example/", Route("lo"), server.url("/"))
        assert await fetch(client, asked) == b"127.0.0.1"
        bound = replace(asked, route=Route("127.0.0.9"))
        assert await fetch(client, bound) == b"127.0.0.9"
        with pytest.raises(TransferError):
            await client.open(replace(asked, route=Route("192.0.2.1")))


async def test_ones_own_address_to_a_real_proxy_and_through_its_tunnel(
    client: HttpClient, certificates: Certificates
) -> None:
    route, tls = Route("127.0.0.9"), TlsOptions(str(certificates.ca_file))
    with running("tinyproxy", tinyproxy()) as proxy:
        where = f"http://127.0.0.1:{proxy.port}"
        async with serving(answering) as server:
            assert await fetch(client, wanted(server.url(), route, where)) == b"127.0.0.1"
        async with serving(answering, tls=certificates.good) as server:
            asked = replace(wanted(server.url(host="localhost"), route, where), tls=tls)
            assert await fetch(client, asked) == b"127.0.0.1"
        proxy.stop()
        assert proxy.log().count("): 127.0.0.9") == 2, proxy.log()


async def test_an_interface(client: HttpClient) -> None:
    async with serving(answering) as server:
        assert await fetch(client, wanted(server.url(), Route("lo"))) == b"127.0.0.1"
        with pytest.raises(TransferError, match="no network interface no-such0"):
            await client.open(wanted(server.url(), Route("no-such0")))
        assert len(server.requests) == 1, "whoever names one wants no other"


async def test_an_address_that_is_not_ours(client: HttpClient) -> None:
    async with serving(answering) as server:
        with pytest.raises(TransferError) as caught:
            await client.open(wanted(server.url(), Route("192.0.2.1")))
        assert caught.value.code is ErrorCode.CONNECT_FAILED
        assert server.requests == []


@pytest.mark.parametrize("version", [4, 6])
async def test_one_ip_version(client: HttpClient, version: int) -> None:
    async with serving(answering, host="127.0.0.1" if version == 4 else "::1") as server:
        both = f"two.example:{server.port}:127.0.0.1,::1"
        route = Route(ip_version=version, resolve=(both,))
        own = b"127.0.0.1" if version == 4 else b"::1"
        assert await fetch(client, wanted(server.url(host="two.example"), route)) == own
        other = Route(ip_version=10 - version)
        with pytest.raises(TransferError, match=f"has no IPv{10 - version} address"):
            await client.open(wanted(server.url(), other))


@pytest.mark.parametrize("kind", ["http", "socks5", "socks5h"])
async def test_an_address_of_the_proxy_by_hand(client: HttpClient, kind: str) -> None:
    daemon = (
        running("tinyproxy", tinyproxy()) if kind == "http" else running("microsocks", microsocks())
    )
    async with serving(answering) as server:
        with daemon as proxy:
            route = Route(ip_version=4, resolve=(f"proxy.example:{proxy.port}:127.0.0.1",))
            url = f"{kind}://proxy.example:{proxy.port}"
            assert await fetch(client, wanted(server.url(), route, url)) == b"127.0.0.1"


async def test_a_real_proxy_with_a_login(client: HttpClient, certificates: Certificates) -> None:
    tls = TlsOptions(str(certificates.ca_file))
    with running("tinyproxy", tinyproxy("me", "pw")) as proxy:
        for context in (None, certificates.good):
            async with serving(answering, tls=context) as server:
                right = wanted(server.url(), Route(), f"http://me:pw@127.0.0.1:{proxy.port}")
                assert await fetch(client, replace(right, tls=tls)) == b"127.0.0.1"
                assert server.requests[0].one("proxy-authorization") is None
                refusals = [("", "wants a login"), ("me:s3cret@", "does not accept")]
                # Without a tunnel this proxy answers a wrong login with the origin's 401.
                for login, words in refusals if context else refusals[:1]:
                    wrong = f"http://{login}127.0.0.1:{proxy.port}"
                    with pytest.raises(TransferError) as caught:
                        await client.open(replace(right, tls=tls, proxy=wrong))
                    assert caught.value.code is ErrorCode.PROXY
                    assert not caught.value.retryable
                    assert f"127.0.0.1:{proxy.port} {words}" in caught.value.message
                    assert "s3cret" not in caught.value.message
                assert len(server.requests) == 1


def test_proxies_by_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "env:1")
    monkeypatch.setenv("no_proxy", "no.example,10.0.0.0/8")
    choice = ProxyChoice(use_environment=True)
    plan = ProxyPlan("plain.example,192.168.0.0/16", "*.corp=socks5://c:2 10.1.0.0/16=x:3", "set:4")

    def chosen(url: str, explicit: str | None = None, exceptions: str | None = None) -> str | None:
        return choice.choose(parse_url(url), explicit, plan, exceptions)

    assert chosen("http://a.corp/") == "socks5://c:2"
    assert chosen("http://10.1.2.3/") == "http://x:3"
    assert chosen("http://plain.example/") is None
    assert chosen("http://192.168.1.1/") is None
    assert chosen("http://other.example/") == "http://set:4"
    assert chosen("http://plain.example/", exceptions="other.example") == "http://set:4"
    assert chosen("http://other.example/", "own:5", "other.example") is None
    assert chosen("http://plain.example/", "own:5") == "http://own:5"
    assert chosen("http://a.corp/", "") is None
    only_env = replace(plan, rules="", default=None)
    assert choice.choose(parse_url("http://x.example/"), None, only_env) == "http://env:1"
    assert choice.choose(parse_url("http://no.example/"), None, only_env) is None
    assert choice.choose(parse_url("http://plain.example/"), None, only_env) is None
    with pytest.raises(UsageError):
        choice.choose(parse_url("http://x.example/"), None, replace(plan, rules="nonsense"))


async def test_a_dead_proxys_name(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    for kind in ("http", "socks5h"):
        with pytest.raises(TransferError) as caught:
            await client.open(wanted("http://a.example/", Route(), f"{kind}://dead.example:9"))
        assert caught.value.message == (
            "The proxy cannot be reached: There is no host dead.example:9."
        )
