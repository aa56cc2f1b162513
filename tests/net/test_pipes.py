"""Bodies that go from the socket into a file through a pipe, on real sockets and real files."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.net.scripted import Peer, serving
from tests.net.sinks import IDLE_S, fetch
from tests.net.test_bodies import chunked
from tests.support.tls import Certificates
from tui_dl.domain.errors import DiskError, ErrorCode, TransferError
from tui_dl.net import connection
from tui_dl.net.client import HttpClient
from tui_dl.net.reply import Feed, PipeSink
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsOptions

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has splice")

BODY = random.Random(6).randbytes(3 * 1024 * 1024)
ROOMY = 1 << 40


class IntoFile(PipeSink):
    """Appends to a file, from pipes where it may."""

    def __init__(self, path: Path, room: Callable[[], int] = lambda: ROOMY) -> None:
        self.path = path
        self.fed = self.piped = 0
        self.failure: Exception | None = None
        self._came = asyncio.Event()
        self._room = room
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)

    @property
    def data(self) -> bytes:
        """What is in the file."""
        return self.path.read_bytes()

    def feed(self, data: memoryview) -> Feed:
        """Write ``data``."""
        os.pwrite(self._fd, data, self.fed + self.piped)
        self.fed += len(data)
        self._came.set()
        return Feed.GO_ON

    @property
    def pipe_room(self) -> int:
        """Whatever the test wants."""
        return self._room()

    def feed_pipe(self, pipe: int, count: int) -> None:
        """Write what is in ``pipe``, or fail."""
        assert 0 < count <= ROOMY
        if self.failure is not None:
            raise self.failure
        while count:
            moved = os.splice(pipe, self._fd, count, offset_dst=self.fed + self.piped)
            self.piped += moved
            count -= moved
        self._came.set()

    async def until(self, size_bytes: int) -> None:
        """Wait until so many bytes are in the file."""
        while self.fed + self.piped < size_bytes:
            self._came.clear()
            await self._came.wait()

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


@pytest.fixture
def sink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> IntoFile:
    """A sink; and every connection counts as a fast one soon."""
    monkeypatch.setattr(connection, "SMALL_BUFFER_BYTES", 4096)
    return IntoFile(tmp_path / "piped")


async def pump(client: HttpClient, url: str, sink: IntoFile, idle_s: float = IDLE_S) -> None:
    """Fetch ``url`` into ``sink``."""
    reply = await client.open(HttpRequest(url, use_netrc=False))
    try:
        await reply.pump(sink, idle_timeout_s=idle_s)
    finally:
        await reply.aclose()
        sink.close()


async def whole(peer: Peer) -> None:
    """Serve the body as often as it is asked for."""
    while await peer.request():
        await peer.reply(BODY)


async def test_a_body_goes_through_the_pipe_and_the_connection_lives_on(
    client: HttpClient, sink: IntoFile
) -> None:
    async with serving(whole) as server:
        await pump(client, server.url(), sink)
        assert sink.data == BODY
        assert sink.piped > len(BODY) // 2
        assert sink.fed >= 64 * 1024, "the end shows what follows it"
        assert await fetch(client, server.url()) == BODY
        assert server.connections == 1


async def test_a_sink_may_change_its_mind_at_any_byte(
    client: HttpClient, tmp_path: Path, sink: IntoFile
) -> None:
    dice = random.Random(8)
    moody = IntoFile(tmp_path / "moody", lambda: dice.choice((0, 1, 5000, 300_000, ROOMY)))
    async with serving(whole) as server:
        await pump(client, server.url(), moody)
    assert moody.data == BODY
    assert moody.piped > 0
    sink.close()


@pytest.mark.parametrize("how", ["end", "reset"])
async def test_a_cut_in_the_middle_is_told_and_what_came_stays(
    client: HttpClient, sink: IntoFile, how: str
) -> None:
    async def cut(peer: Peer) -> None:
        await peer.request()
        await peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\n\r\n")
        await peer.send(BODY[: len(BODY) // 2])
        await sink.until(len(BODY) // 2)
        peer.close() if how == "end" else peer.reset()

    async with serving(cut) as server:
        with pytest.raises(TransferError) as caught:
            await pump(client, server.url(), sink)
    expected = ErrorCode.TRUNCATED if how == "end" else ErrorCode.CONNECTION_LOST
    assert caught.value.code is expected
    assert sink.piped > 0
    assert sink.data == BODY[: len(BODY) // 2]


async def test_h18_a_reset_right_behind_bytes_is_told_at_once_and_they_stay(
    client: HttpClient, sink: IntoFile
) -> None:
    """uvloop tells of a broken descriptor once, while bytes are still to be read from it."""
    half = len(BODY) // 2

    async def cut(peer: Peer) -> None:
        await peer.request()
        await peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\n\r\n")
        await peer.send(BODY[:half])
        await sink.until(half)
        await peer.send(BODY[half : half + 40_000])  # in one go with the reset
        peer.reset()

    async with serving(cut) as server:
        with pytest.raises(TransferError) as caught:
            await pump(client, server.url(), sink)
    assert caught.value.code is ErrorCode.CONNECTION_LOST
    assert sink.piped > 0
    assert sink.data == BODY[: half + 40_000]


async def test_silence_in_the_middle_is_told(client: HttpClient, sink: IntoFile) -> None:
    async def stall(peer: Peer) -> None:
        await peer.request()
        await peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\n\r\n")
        await peer.send(BODY[:1_000_000])
        await peer.closed()

    async with serving(stall) as server:
        with pytest.raises(TransferError) as caught:
            await pump(client, server.url(), sink, idle_s=0.3)
    assert caught.value.code is ErrorCode.TIMEOUT
    assert sink.piped > 0
    assert sink.data == BODY[:1_000_000]


async def test_h12_bytes_behind_the_body_are_still_seen(client: HttpClient, sink: IntoFile) -> None:
    async def lie(peer: Peer) -> None:
        await peer.request()
        await peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(BODY) - 9}\r\n\r\n")
        await peer.send(BODY)
        await peer.closed()

    async with serving(lie) as server:
        with pytest.raises(TransferError):
            await pump(client, server.url(), sink)
    assert sink.piped > 0
    assert sink.data == BODY[: sink.fed + sink.piped]
    assert len(sink.data) < len(BODY) - 9


async def test_a_sink_that_fails_leaves_nothing_in_the_pipe_for_others(
    client: HttpClient, tmp_path: Path, sink: IntoFile
) -> None:
    sink.failure = DiskError("no room", code=ErrorCode.DISK_FULL)
    async with serving(whole) as server:
        with pytest.raises(DiskError):
            await pump(client, server.url(), sink)
        other = IntoFile(tmp_path / "other")
        await pump(client, server.url(), other)
        assert other.data == BODY
        assert other.piped > 0


async def test_a_sink_that_failed_gets_no_more_whatever_the_loop_does_next(
    client: HttpClient, sink: IntoFile
) -> None:
    """What came next would be written where the bytes belong that it did not take."""
    watched: list[int] = []

    class Failing(IntoFile):
        def feed_pipe(self, pipe: int, count: int) -> None:
            asyncio.get_running_loop().call_soon(lambda: watched.append(twofold_sockets()))
            assert twofold_sockets() == 1
            raise DiskError("no room", code=ErrorCode.DISK_FULL)

    failing = Failing(sink.path)
    async with serving(whole) as server:
        with pytest.raises(DiskError):
            await pump(client, server.url(), failing)
    assert watched == [0], "the socket was still read"
    sink.close()


async def test_a_cancel_in_the_middle_leaves_no_descriptor(sink: IntoFile) -> None:
    gone = asyncio.Event()

    async def stall(peer: Peer) -> None:
        await peer.request()
        await peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\n\r\n")
        await peer.send(BODY[:1_000_000])
        await peer.closed()
        gone.set()

    async with serving(stall) as server:
        client = HttpClient()
        before = open_pipes()
        task = asyncio.create_task(pump(client, server.url(), sink))
        await sink.until(1_000_000)
        assert sink.piped > 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(IDLE_S):
            await gone.wait()
        await client.aclose()
    assert open_pipes() <= before


def open_pipes() -> set[str]:
    """Return the names of the pipes that this process has open."""
    return set(open_files("pipe:"))


def twofold_sockets() -> int:
    """Return how many sockets have a second descriptor."""
    names = open_files("socket:")
    return len(names) - len(set(names))


def open_files(kind: str) -> list[str]:
    """Return the name of each descriptor that this process has of a kind."""
    found: list[str] = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the folder's own descriptor is gone by now
            found.append(str(entry.readlink()))
    return [name for name in found if name.startswith(kind)]


async def test_only_so_many_go_past_their_buffers_for_each_takes_a_descriptor(
    tmp_path: Path, sink: IntoFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred downloads with four connections each had 1,384 descriptors open."""
    go_on = asyncio.Event()

    async def halt(peer: Peer) -> None:
        while await peer.request():
            await peer.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\n\r\n")
            await peer.send(BODY[:1_000_000])
            await go_on.wait()
            await peer.send(BODY[1_000_000:])

    monkeypatch.setattr(connection, "DIVERSIONS", 1)
    client, others = HttpClient(), [IntoFile(tmp_path / name) for name in "ab"]
    async with serving(halt) as server:
        first = asyncio.create_task(pump(client, server.url(), sink))
        await sink.until(1_000_000)
        second = asyncio.create_task(pump(client, server.url(), others[0]))
        await others[0].until(1_000_000)
        assert sink.piped > 0
        assert others[0].piped == 0
        go_on.set()
        await asyncio.gather(first, second)
        await pump(client, server.url(), others[1])
        await client.aclose()
    assert others[1].piped > 0, "what the first one had was not given back"
    assert all(each.data == BODY for each in (sink, *others))


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.EPERM])
async def test_a_kernel_that_splices_no_sockets_costs_nothing_but_speed(
    client: HttpClient, sink: IntoFile, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    calls: list[int] = []

    def refuse(*args: object, **words: object) -> int:
        calls.append(number)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "splice", refuse)
    async with serving(whole) as server:
        await pump(client, server.url(), sink)
    assert (sink.data, sink.piped) == (BODY, 0)
    assert len(calls) == 1, "asked once and for all"


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
async def test_without_a_free_descriptor_it_goes_the_usual_way(
    client: HttpClient, sink: IntoFile, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*args: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pipe2", refuse)
    async with serving(whole) as server:
        await pump(client, server.url(), sink)
    assert (sink.data, sink.piped) == (BODY, 0)


async def test_a_coded_body_is_never_piped(client: HttpClient, sink: IntoFile) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await peer.send(chunked(BODY, 700_000))
        await peer.closed()

    async with serving(script) as server:
        await pump(client, server.url(), sink)
    assert (sink.data, sink.piped) == (BODY, 0)


async def test_ciphertext_is_never_piped(
    client: HttpClient, sink: IntoFile, certificates: Certificates
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.good_chain_file)
    async with serving(whole, tls=context) as server:
        tls = TlsOptions(check=False)
        reply = await client.open(HttpRequest(server.url(), use_netrc=False, tls=tls))
        await reply.pump(sink, idle_timeout_s=IDLE_S)
        await reply.aclose()
    sink.close()
    assert (sink.data, sink.piped) == (BODY, 0)
