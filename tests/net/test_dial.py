"""From names to connections (H26, D17), and the window that a kill may cost."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
import termios
import threading

import pytest

from tests.net.scripted import Peer, serving
from tui_dl.domain.errors import ErrorCode, TransferError
from tui_dl.net.client import HttpClient
from tui_dl.net.dial import Dialer, Resolver, WireOptions, bound_receive_buffer
from tui_dl.net.request import HttpRequest
from tui_dl.net.tls import TlsContexts

Found = list[tuple[int, int, int, str, tuple[str, int]]]


def answer(*addresses: str, port: int) -> Found:
    """Return what getaddrinfo would."""
    return [
        (
            socket.AF_INET6 if ":" in address else socket.AF_INET,
            socket.SOCK_STREAM,
            socket.IPPROTO_TCP,
            "",
            (address, port),
        )
        for address in addresses
    ]


async def waiting(peer: Peer) -> None:
    """Say nothing."""
    await peer.closed()


def two_listeners(first: str, second: str) -> tuple[socket.socket, socket.socket]:
    """Listen on one port of two addresses."""
    while True:
        one = socket.create_server((first, 0), backlog=0)
        try:
            return one, socket.create_server((second, one.getsockname()[1]))
        except OSError:  # the port is somebody's there
            one.close()


async def test_a_dead_first_address_costs_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """H26: the first address swallows everything, as a dead AAAA does."""
    dead, alive = two_listeners("127.0.0.2", "127.0.0.1")
    fillers = [socket.socket() for _ in range(4)]
    with dead, alive:
        port = dead.getsockname()[1]
        for filler in fillers:  # a full backlog lets further SYNs time out
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.2", port))
        found = answer("127.0.0.2", "127.0.0.1", port=port)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        dialer = Dialer(TlsContexts())
        connection = await dialer.dial("http", "two.example", port, WireOptions())
        assert connection.peer == "127.0.0.1"
        connection.abort()
    for filler in fillers:
        filler.close()


async def test_a_refused_connection_names_the_server(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TransferError) as caught:
        await client.open(HttpRequest(f"http://127.0.0.1:{port}/", use_netrc=False))
    assert caught.value.code is ErrorCode.CONNECT_REFUSED
    assert caught.value.retryable
    assert f"127.0.0.1:{port}" in caught.value.message


@pytest.mark.parametrize(
    ("number", "retryable"), [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True)]
)
async def test_unknown_hosts(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch, number: int, retryable: bool
) -> None:
    def fail(*_: object, **__: object) -> Found:
        raise socket.gaierror(number, "")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(TransferError) as caught:
        await client.open(HttpRequest("http://nowhere.example/", use_netrc=False))
    assert caught.value.code is ErrorCode.UNKNOWN_HOST
    assert caught.value.retryable is retryable
    assert "nowhere.example" in caught.value.message


async def test_a_look_up_that_hangs_blocks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """D17: neither the loop, nor other names, nor the default executor."""
    go = threading.Event()
    asked: list[str] = []

    def slow(host: bytes, port: int, **_: object) -> Found:
        asked.append(host.decode())
        if host != b"fast.example":
            go.wait(20)
        return answer("127.0.0.1", port=port)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    resolver = Resolver()
    slow_ones = [asyncio.create_task(resolver.resolve(f"slow{n}.example", 80)) for n in range(10)]
    twice = [asyncio.create_task(resolver.resolve("slow0.example", 80)) for _ in range(3)]
    await asyncio.sleep(0)
    assert await resolver.resolve("fast.example", 80) == answer("127.0.0.1", port=80)
    assert await asyncio.to_thread(lambda: "free") == "free"
    twice[0].cancel()
    go.set()
    await asyncio.gather(*slow_ones, *twice[1:])
    assert sorted(asked) == sorted(["fast.example", *(f"slow{n}.example" for n in range(10))])
    await resolver.resolve("slow0.example", 80)
    assert asked.count("slow0.example") == 1, "remembered for a moment"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "2001:db8::17"])
async def test_an_address_is_asked_of_nobody(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Found:
        raise AssertionError("an address was looked up")

    expected = socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    found = await Resolver().resolve(host, 80)
    assert [(one[0], one[4][:2]) for one in found] == [(one[0], one[4][:2]) for one in expected]


async def test_look_ups_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    asked: list[str] = []

    def look_up(host: bytes, port: int, **_: object) -> Found:
        asked.append(host.decode())
        return answer("127.0.0.1", port=port)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    resolver = Resolver(clock=lambda: now)
    await resolver.resolve("a.example", 80)
    now = 9.9
    await resolver.resolve("a.example", 80)
    assert len(asked) == 1
    now = 10.1
    await resolver.resolve("a.example", 80)
    assert len(asked) == 2


async def test_connecting_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: go.wait(20))
    dialer = Dialer(TlsContexts())
    with pytest.raises(TransferError) as caught:
        await dialer.dial("http", "slow.example", 80, WireOptions(connect_timeout_s=0.05))
    go.set()
    assert caught.value.code is ErrorCode.TIMEOUT
    assert "slow.example:80" in caught.value.message


@pytest.mark.parametrize(
    ("found", "reached"),
    [(["127.0.0.2", "127.0.0.1"], "127.0.0.1"), (["127.0.0.2"], None)],
)
async def test_forbidden_addresses_are_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, found: list[str], reached: str | None
) -> None:
    def check(peer: str) -> None:
        if peer == "127.0.0.2":
            raise TransferError("not there", code=ErrorCode.REDIRECT_REFUSED)

    async with serving(waiting) as server:
        port = server.port
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer(*found, port=port))
        dialer = Dialer(TlsContexts())
        options = WireOptions(check_peer=check)
        if reached is None:
            with pytest.raises(TransferError, match="not there"):
                await dialer.dial("http", "x.example", port, options)
            assert server.connections == 0
        else:
            connection = await dialer.dial("http", "x.example", port, options)
            assert connection.peer == reached
            connection.abort()


async def test_cancelling_a_dial_closes_its_socket(client: HttpClient) -> None:
    accepted: asyncio.Queue[int] = asyncio.Queue()
    gone: asyncio.Queue[int] = asyncio.Queue()

    async def script(peer: Peer) -> None:
        accepted.put_nowait(peer.number)
        await peer.closed()
        gone.put_nowait(peer.number)

    async with serving(script) as server:
        for steps in range(25):
            task = asyncio.create_task(client.open(HttpRequest(server.url(), use_netrc=False)))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        task = asyncio.create_task(client.open(HttpRequest(server.url(), use_netrc=False)))
        await accepted.get()  # one at least gets that far, however slow the machine is
        task.cancel()
        await gone.get()
        while not accepted.empty():
            accepted.get_nowait()
            await gone.get()


@pytest.mark.skipif(sys.platform != "linux", reason="the option is for Linux only")
def test_a_kill_loses_half_a_mebibyte_at_most() -> None:
    """What sits in the kernel when a near server is faster than we are."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    with ours, theirs:
        bound_receive_buffer(ours)
        theirs.settimeout(0.3)
        blob = b"x" * 65536
        for _ in range(2):  # the second time after 64 MiB, when autotuning would have grown
            with pytest.raises(TimeoutError):
                stuff(theirs)
            queued = bytearray(4)
            fcntl.ioctl(ours.fileno(), termios.FIONREAD, queued)
            assert 0 < struct.unpack("i", queued)[0] <= 512 * 1024
            drainer = threading.Thread(target=lambda: drain(ours, 64 << 20))
            drainer.start()
            theirs.settimeout(10)
            left = 64 << 20
            while left > 0:
                left -= theirs.send(blob)
            drainer.join()
            theirs.settimeout(0.3)


def stuff(sock: socket.socket) -> None:
    """Send until nothing more fits."""
    while True:
        sock.send(bytes(65536))


def drain(sock: socket.socket, size: int) -> None:
    """Read ``size`` bytes."""
    while size > 0:
        size -= len(sock.recv(1 << 20))
