"""The bad network delays, throttles, cuts and goes silent as told."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from tests.support.fault_server import FaultServer, Resource, body_bytes
from tests.support.netproxy import NetProxy, Network, black_hole, refused_port
from tests.support_tests.raw_client import RawReply, parse, read_to_end, request_head

FILE = Resource(path="/f", size=300_000)


def ask_through(proxy: NetProxy) -> RawReply:
    """Fetch the file through the proxy on a new connection."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as sock:
        sock.sendall(request_head("/f", "Connection: close"))
        return parse(*read_to_end(sock))


def wait(predicate: Callable[[], bool]) -> None:
    """Wait for something in the proxy's thread, which offers no event."""
    deadline = time.monotonic() + 10
    while not predicate():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_bytes_pass_unchanged(fault_server: FaultServer) -> None:
    fault_server.add(FILE)
    with NetProxy(fault_server.port) as proxy:
        assert proxy.url("/f") == f"http://127.0.0.1:{proxy.port}/f"
        reply = ask_through(proxy)
        assert (reply.body, reply.ended) == (body_bytes(1, 0, 300_000), "fin")
        wait(lambda: proxy.open_links == 0)
        assert proxy.accepted == 1
        assert proxy.bytes_to_clients > 300_000


@pytest.mark.parametrize(
    ("network", "least_s"),
    [
        # The handshake and the request cost a round trip each.
        (Network(rtt_s=0.1), 0.2),
        (Network(rate_bps=1_000_000), 0.3),
        (Network(link_bps=1_000_000), 0.3),
        (Network(rate_bps=1_500_000, link_bps=50_000_000, rtt_s=0.05), 0.3),
    ],
)
def test_delay_and_rate_are_never_less_than_told(
    fault_server: FaultServer, network: Network, least_s: float
) -> None:
    fault_server.add(FILE)
    with NetProxy(fault_server.port, network) as proxy:
        before = time.monotonic()
        assert ask_through(proxy).body == body_bytes(1, 0, 300_000)
        assert time.monotonic() - before >= least_s * 0.99


def test_the_link_is_shared(fault_server: FaultServer) -> None:
    fault_server.add(FILE)
    with NetProxy(fault_server.port, Network(link_bps=2_000_000)) as proxy:
        before = time.monotonic()
        socks = [socket.create_connection(("127.0.0.1", proxy.port), timeout=10) for _ in range(2)]
        for sock in socks:
            sock.sendall(request_head("/f", "Connection: close"))
        for sock in socks:
            assert parse(*read_to_end(sock)).body == body_bytes(1, 0, 300_000)
            sock.close()
        assert time.monotonic() - before >= 0.297


@pytest.mark.parametrize(
    ("network", "ended"),
    [
        (Network(cut_after_bytes=100_000), "fin"),
        (Network(reset_after_bytes=100_000), "reset"),
        (Network(cut_after_bytes=100_000, rtt_s=0.02, rate_bps=5_000_000), "fin"),
    ],
)
def test_connections_end_at_the_byte(
    fault_server: FaultServer, network: Network, ended: str
) -> None:
    fault_server.add(FILE)
    with NetProxy(fault_server.port, network) as proxy:
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as sock:
                sock.sendall(request_head("/f"))
                data, how = read_to_end(sock)
            assert (len(data), how) == (100_000, ended)
        fault_server.wait_for(lambda s: s.open_connections() == 0)


def test_a_frozen_link_is_silent_but_open(fault_server: FaultServer) -> None:
    fault_server.add(FILE)
    with NetProxy(fault_server.port) as proxy:
        proxy.freeze()
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.2) as sock:
            sock.sendall(request_head("/f", "Connection: close"))
            with pytest.raises(TimeoutError):
                sock.recv(1)
            assert fault_server.requests() == []
            proxy.thaw()
            sock.settimeout(10)
            assert parse(*read_to_end(sock)).body == body_bytes(1, 0, 300_000)


def test_refusing_and_taking_again(fault_server: FaultServer) -> None:
    fault_server.add(FILE)
    with NetProxy(fault_server.port) as proxy:
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            ask_through(proxy)
        proxy.accept()
        assert len(ask_through(proxy).body) == 300_000


@pytest.mark.parametrize(("reset", "ended"), [(True, "reset"), (False, "fin")])
def test_dropping_all(fault_server: FaultServer, reset: bool, ended: str) -> None:
    fault_server.add(Resource(path="/f", size=1 << 40))
    with NetProxy(fault_server.port) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as sock:
            sock.sendall(request_head("/f"))
            assert sock.recv(1)
            proxy.drop_all(reset=reset)
            assert read_to_end(sock)[1] == ended
        wait(lambda: proxy.open_links == 0)
    fault_server.wait_for(lambda s: s.open_connections() == 0)


def touch(port: int) -> None:
    """Connect and read: the reset may come in either step."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        assert sock.recv(1) is None


def test_a_dead_target_resets() -> None:
    with NetProxy(refused_port()) as proxy, pytest.raises(ConnectionResetError):
        touch(proxy.port)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_black_hole_neither_takes_nor_refuses(host: str) -> None:
    with black_hole(host) as port, pytest.raises(TimeoutError):
        socket.create_connection((host, port), timeout=0.3)


def test_a_refused_port_refuses() -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", refused_port()), timeout=5)
