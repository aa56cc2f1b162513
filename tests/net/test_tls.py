"""TLS: trust, its refusals in words, and the difference between an end and a cut (H25)."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.net.scripted import Peer, serving
from tests.net.sinks import IDLE_S, Keep, Slow, SlowNowAndThen, fetch
from tests.support.tls import Certificates
from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.net import connection, tls
from tui_dl.net.client import ClientConfig, HttpClient
from tui_dl.net.reply import Feed, Framing
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsLayer, TlsOptions, make_context

BODY = random.Random(1).randbytes(3_000_000)


def request(url: str, certificates: Certificates, *, check: bool = True) -> HttpRequest:
    """Ask with the test authority trusted."""
    tls = TlsOptions(ca_certificate=str(certificates.ca_file), check=check)
    return HttpRequest(url, tls=tls, use_netrc=False)


async def answering(peer: Peer) -> None:
    """Answer every request."""
    while await peer.request():
        await peer.reply(BODY)


async def test_bodies_arrive_and_connections_are_reused(
    client: HttpClient, certificates: Certificates
) -> None:
    async with serving(answering, tls=certificates.good) as server:
        for host in ("127.0.0.1", "localhost", "127.0.0.1", "localhost"):
            assert await fetch(client, request(server.url("/", host), certificates)) == BODY
        assert server.connections == 2


async def test_the_time_to_load_certificates_is_told_apart(
    client: HttpClient, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A near server looked 0.1 s away for it, and got eight connections at once."""

    def slowly(options: TlsOptions) -> ssl.SSLContext:
        time.sleep(0.1)
        return make_context(options)

    monkeypatch.setattr(tls, "make_context", slowly)
    told: list[float] = []
    async with serving(answering, tls=certificates.good) as server:
        for _ in range(2):
            reply = await client.open(request(server.url(), certificates))
            told.append(reply.prepared_s)
            await reply.pump(Keep(), idle_timeout_s=IDLE_S)
            await reply.aclose()
        assert server.connections == 1
    assert told[0] >= 0.1
    assert told[1] == 0.0


def test_a_trailing_dot_is_no_part_of_the_certificates_name(certificates: Certificates) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = certificates.good.wrap_bio(incoming, outgoing, server_side=True)
    client = TlsLayer(make_context(TlsOptions(str(certificates.ca_file))), "localhost.")
    done = client.handshake()
    for _ in range(3):
        incoming.write(client.output())
        with suppress(ssl.SSLWantReadError):
            server.do_handshake()
        client.receive(memoryview(outgoing.read()))
        done = client.handshake()
    assert done


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("wrong_host", "another address"),
        ("expired", "expired"),
        ("self_signed", "self-signed"),
        ("unknown_ca", "does not trust"),
    ],
)
async def test_bad_certificates_are_refused_with_the_reason(
    client: HttpClient, certificates: Certificates, fault: str, words: str
) -> None:
    async with serving(answering, tls=getattr(certificates, fault)) as server:
        with pytest.raises(TransferError) as caught:
            await client.open(request(server.url(), certificates))
        assert caught.value.code is ErrorCode.TLS
        assert not caught.value.retryable
        assert words in caught.value.message
        assert f"127.0.0.1:{server.port}" in caught.value.message
        assert server.requests == [], "nothing was sent"


async def test_an_unchecked_download_does_not_infect_others(
    client: HttpClient, certificates: Certificates
) -> None:
    async with serving(answering, tls=certificates.wrong_host) as server:
        unchecked = request(server.url(), certificates, check=False)
        assert await fetch(client, unchecked) == BODY
        with pytest.raises(TransferError):
            await client.open(request(server.url(), certificates))
        assert await fetch(client, unchecked) == BODY


async def test_without_the_authority_nothing_is_trusted(
    client: HttpClient, certificates: Certificates
) -> None:
    async with serving(answering, tls=certificates.good) as server:
        with pytest.raises(TransferError) as caught:
            await client.open(HttpRequest(server.url(), use_netrc=False))
        assert caught.value.code is ErrorCode.TLS


@pytest.mark.parametrize(("content", "words"), [(None, "no such file"), ("x", "no PEM")])
async def test_a_bad_authority_file_is_named(
    client: HttpClient, tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    async with serving(answering) as server:
        url = server.url().replace("http:", "https:")
        with pytest.raises(TransferError) as caught:
            await client.open(HttpRequest(url, tls=TlsOptions(str(path)), use_netrc=False))
    assert caught.value.code is ErrorCode.TLS
    assert not caught.value.retryable
    assert str(path) in caught.value.message
    assert words in caught.value.message


async def test_https_to_a_plain_server_is_told(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        await peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await peer.closed()

    async with serving(script) as server:
        with pytest.raises(TransferError) as caught:
            await client.open(HttpRequest(server.url().replace("http:", "https:"), use_netrc=False))
        assert caught.value.code is ErrorCode.TLS


@pytest.mark.parametrize("end", [Peer.close, Peer.reset])
async def test_a_server_that_hangs_up_inside_the_handshake(
    client: HttpClient, end: Callable[[Peer], None]
) -> None:
    async def script(peer: Peer) -> None:
        await peer.receive()
        end(peer)

    async with serving(script) as server:
        with pytest.raises(TransferError) as caught:
            await client.open(HttpRequest(server.url().replace("http:", "https:"), use_netrc=False))
        assert caught.value.code is ErrorCode.CONNECTION_LOST


async def test_a_handshake_that_never_ends_meets_the_deadline(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.closed()

    async with serving(script) as server:
        with pytest.raises(TransferError) as caught:
            await client.open(
                HttpRequest(
                    server.url().replace("http:", "https:"),
                    connect_timeout_s=0.1,
                    use_netrc=False,
                )
            )
        assert caught.value.code is ErrorCode.TIMEOUT


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("goodbye", [True, False])
async def test_only_a_goodbye_ends_a_body_without_length(
    client: HttpClient, certificates: Certificates, goodbye: bool, slow: bool
) -> None:
    """RFC 9112 section 9.8: a bare FIN can be anybody's; the bytes before it still arrive."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
        if goodbye:
            await peer.say_goodbye()
        peer.close()

    async with serving(script, tls=certificates.good) as server:
        reply = await client.open(request(server.url(), certificates))
        assert reply.framing is Framing.CLOSE
        sink = Slow(lambda: asyncio.sleep(0.01)) if slow else Keep()
        if goodbye:
            await reply.pump(sink, idle_timeout_s=IDLE_S)
        else:
            with pytest.raises(TransferError) as caught:
                await reply.pump(sink, idle_timeout_s=IDLE_S)
            assert caught.value.code is ErrorCode.TRUNCATED
        await reply.aclose()
        assert sink.data == BODY


@pytest.mark.parametrize("slow", [False, True])
async def test_a_length_needs_no_goodbye(
    client: HttpClient, certificates: Certificates, slow: bool
) -> None:
    """Many servers just close; the length proves the body, also when the sink is slow."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.reply(BODY, "Connection: close")
        peer.close()

    async with serving(script, tls=certificates.good) as server:
        reply = await client.open(request(server.url(), certificates))
        sink = Slow(lambda: asyncio.sleep(0.01)) if slow else Keep()
        await reply.pump(sink, idle_timeout_s=IDLE_S)
        await reply.aclose()
        assert sink.data == BODY


@pytest.mark.parametrize("large_buffers", [0, 64])
@pytest.mark.parametrize("coded", [False, True])
async def test_what_was_decrypted_late_still_arrives(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, coded: bool, large_buffers: int
) -> None:
    """All is here at once and nothing follows: the sink's pauses must not strand the rest."""
    monkeypatch.setattr(connection, "LARGE_BUFFERS", large_buffers)
    client = HttpClient(ClientConfig(env_proxies=False))
    body = BODY[:200_000]

    async def script(peer: Peer) -> None:
        await peer.request()
        if coded:
            chunks = [body[at : at + 10_000] for at in range(0, len(body), 10_000)]
            wire = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
            head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            await peer.send(head + wire + b"0\r\n\r\n")
        else:
            await peer.reply(body)
        await peer.closed()

    async with serving(script, tls=certificates.good) as server:
        reply = await client.open(request(server.url(), certificates))
        sink = (SlowNowAndThen if coded else Slow)(lambda: asyncio.sleep(0.01))
        await reply.pump(sink, idle_timeout_s=5)
        await reply.aclose()
        assert sink.data == body
    await client.aclose()


@pytest.mark.parametrize("end", ["cut", "goodbye", "reset"])
async def test_a_length_body_that_ends_early(
    client: HttpClient, certificates: Certificates, end: str
) -> None:
    fed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + BODY)
        await fed.wait()
        if end == "goodbye":
            await peer.say_goodbye()
        if end == "reset":
            peer.reset()
        else:
            peer.close()

    class Tell(Keep):
        def feed(self, data: memoryview) -> Feed | Awaitable[None]:
            if len(self.data) + len(data) == len(BODY):
                fed.set()
            return super().feed(data)

    async with serving(script, tls=certificates.good) as server:
        reply = await client.open(request(server.url(), certificates))
        sink = Tell()
        with pytest.raises(TransferError) as caught:
            await reply.pump(sink, idle_timeout_s=IDLE_S)
        await reply.aclose()
        expected = ErrorCode.CONNECTION_LOST if end == "reset" else ErrorCode.TRUNCATED
        assert caught.value.code is expected
        assert sink.data == BODY


async def test_a_waiting_sink_closes_the_window_under_tls_too(
    client: HttpClient, certificates: Certificates
) -> None:
    total = 64 << 20
    sent = 0
    fed, go = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n")
        while sent < total:
            await peer.send(b"y" * 65536)
            sent += 65536
        await peer.closed()

    class Gate(Keep):
        size = 0

        def feed(self, data: memoryview) -> Awaitable[None]:
            self.size += len(data)
            fed.set()
            return self.wait()

        async def wait(self) -> None:
            await go.wait()

    async with serving(script, tls=certificates.good) as server:
        reply = await client.open(request(server.url(), certificates))
        sink = Gate()
        pump = asyncio.create_task(reply.pump(sink, idle_timeout_s=IDLE_S))
        await fed.wait()
        before = -1
        while sent != before:
            before = sent
            await asyncio.sleep(0.1)
        assert sink.size <= 256 * 1024
        assert before <= 16 << 20
        go.set()
        await pump
        await reply.aclose()
        assert sink.size == total


async def test_bytes_lent_to_a_cancelled_pump_stay_as_they_are(
    client: HttpClient, certificates: Certificates
) -> None:
    """D16: closing looks for stray bytes, and must not decrypt them over lent ones."""
    lent: list[memoryview] = []
    fed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        head = b"HTTP/1.1 206 OK\r\nContent-Length: 1000\r\n\r\n"
        await peer.send(head + BODY[:200_000])
        await peer.closed()

    class Lend(Keep):
        def feed(self, data: memoryview) -> Awaitable[None]:
            lent.append(data)
            fed.set()
            return self.wait()

        async def wait(self) -> None:
            await asyncio.Event().wait()

    async with serving(script, tls=certificates.good) as server:
        reply = await client.open(request(server.url(), certificates))
        pump = asyncio.create_task(reply.pump(Lend(), idle_timeout_s=IDLE_S))
        await fed.wait()
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
        await reply.aclose()
        assert lent[0] == BODY[:1000]


async def test_broken_records_are_an_error(client: HttpClient, certificates: Certificates) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + BODY)
        peer.forget_tls()
        await peer.send(b"\x17\x03\x03\x00\x20" + b"?" * 32)
        await peer.closed()

    async with serving(script, tls=certificates.good) as server:
        reply = await client.open(request(server.url(), certificates))
        with pytest.raises(TransferError) as caught:
            await reply.pump(Keep(), idle_timeout_s=IDLE_S)
        await reply.aclose()
        assert caught.value.code is ErrorCode.TLS


def test_contexts_speak_http_1_1_and_check_by_default() -> None:
    context = make_context(TlsOptions())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert make_context(TlsOptions(check=False)).verify_mode is ssl.CERT_NONE
